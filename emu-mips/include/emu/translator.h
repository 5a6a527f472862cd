/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the translator tells about the code it made, for profiles. */
#ifndef EMU_TRANSLATOR_H
#define EMU_TRANSLATOR_H

#include <stddef.h>
#include <stdint.h>

#include "emu/machine.h"

/* A translated superblock. It starts with @words guest instructions at @code, in one page. */
struct translator_block {
	uint64_t va;
	uint64_t executions; /* times entered; counted with machine_config.profile only */
	unsigned length;     /* guest instructions in all */
	unsigned words;
	const uint32_t *code;
	uint64_t page_hash; /* user mode: page_hash() of their page, as it was; else 0 */
	const void *host;   /* the host code that executes; NULL: the block is gone */
	size_t host_size;
	size_t host_hot; /* of these, bytes before the code of exits and slow paths */
	enum cpu_mode mode;
	int guest; /* cpu->guest when it was translated */
};

/* All since the start, evicted blocks too. */
struct translator_totals {
	uint64_t blocks, instructions, host_bytes;
	uint64_t interpreted; /* instructions left to the interpreter */
	uint64_t evictions;   /* regions of the code cache used again */
	uint64_t nanoseconds; /* host time spent translating */
};

/* Calls @visit for every block now in the code cache, and with machine_config.profile for those
 * that were (of their guest instructions, some are kept); nothing when @machine has another engine.
 */
void translator_visit(const struct machine *machine,
		      void (*visit)(void *opaque, const struct translator_block *block),
		      void *opaque);
void translator_get_totals(const struct machine *machine, struct translator_totals *totals);

#endif
