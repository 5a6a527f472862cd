/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the parts of the library. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdarg.h>

#include "dev/address_map.h"
#include "mips/arch.h"
#include "splash.h"

/* Where all of physical memory is seen cached, and the device hole uncached, less the physical
 * address: the linker scripts say. */
extern const uint64_t memory_window, device_window;

static inline void *memory_at(uint64_t pa)
{
	return (void *)(memory_window + pa);
}

static inline volatile uint32_t *device(uint64_t pa)
{
	return (volatile uint32_t *)(device_window + pa);
}

static inline void memory_barrier(void)
{
	__asm__ volatile("sync" ::: "memory");
}

/* Says to the processor that this is a spin loop (MIPS64 r2: PAUSE). */
static inline void spin_hint(void)
{
	__asm__ volatile("sll $0, $0, 5" ::: "memory");
}

/* print(), without its lock. */
void print_list(const char *format, va_list *arguments);

/* ---- device tree: devicetree.c ---- */

struct memory_range {
	uint64_t base, size;
};

struct boot_info {
	const char *command_line;
	uint64_t clock; /* Hz */
	struct memory_range memory[4];
	unsigned ranges;
	uint32_t virtio_slots;		   /* those with a device */
	uint64_t tree_end;		   /* pa */
	struct memory_range shared_window; /* no size: there is none */
};
/* Reads the tree at @tree_pa; false when it is none. */
bool devicetree_read(uint64_t tree_pa, struct boot_info *info);

/* ---- start-up ---- */

extern struct boot_info boot_info;
extern uint64_t cpu_stack[MAX_CPUS]; /* top, for entry.S */
extern const uint64_t is_mapped;     /* linked in mapped segments? */
extern uint64_t mapped_pairs;	     /* pairs of 256 MiB that entry.S maps in xsseg */
void secondary_start(void);	     /* in entry.S, at the reset vector */
void map_memory(void);		     /* in entry.S: writes the TLB entries of mapped_pairs */
void splash_start(uint64_t tree);
void splash_secondary(unsigned cpu);
void splash_exception(uint64_t cause, uint64_t epc, uint64_t badvaddr, uint64_t ra);
void memory_setup(void);
void options_setup(char *command_line);
void set_threads(unsigned long count);

#endif
