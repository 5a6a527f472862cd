/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LL and SC between CPUs on several host threads.
 *
 * Each line of 64 bytes of RAM has a version, which every successful SC to it moves on by two; odd
 * means that an SC is under way. LL notes version and value. SC takes the version from what LL saw
 * to odd (if another SC has been there it fails), stores by compare-and-exchange with the value (if
 * a plain store has changed it, it fails), and gives the line its new version. So an SC fails after
 * any other SC to the line, as on hardware (no ABA among LL/SC users, which is what lock-free lists
 * rely on), and after a plain store that left another value. What hardware sees and this does not:
 * plain stores that change the word and change it back within one quantum, at whose end every link
 * ends.
 *
 * Lines share versions by a hash: an SC may then fail for another line's sake, which the
 * architecture allows; it is retried, and some SC has succeeded meanwhile.
 *
 * Order: SYNC is a full fence. Its lighter forms need nothing on x86-64.
 */
#ifndef EMU_LINK_H
#define EMU_LINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/machine.h"

#define LINK_LINES 4096
#define LINK_LINE  64 /* bytes of RAM, and of the table: neighbours do not disturb each other */

struct link_line {
	_Alignas(LINK_LINE) _Atomic uint64_t version;
};

/* Makes machine->links; 0 or -ENOMEM. */
int link_create(struct machine *machine);
void link_destroy(struct machine *machine);

/* In memory model `ccnuma` CPUs run one after the other, and the caches tell of lost lines. */
static inline bool link_in_use(const struct machine *machine)
{
	return machine->links && !machine->ccnuma;
}

/* Offset in bytes into machine->links of the line at host address @host. */
static inline size_t link_offset(uintptr_t host)
{
	return host & (LINK_LINES - 1) * (size_t)LINK_LINE;
}

/* What LL of @size (4, 8) bytes at @pa, which is RAM, reads; fills linked_value and linked_version.
 */
uint64_t link_load(struct cpu *cpu, uint64_t pa, unsigned size);

/* SC of the low @size bytes of @value at @pa, RAM, to which @cpu is linked; whether it did. */
bool link_store(struct cpu *cpu, uint64_t pa, unsigned size, uint64_t value);

#endif
