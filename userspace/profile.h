/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `disco boot --profile` and `disco run --profile`. */
#ifndef PROFILE_H
#define PROFILE_H

#include <capstone/capstone.h>
#include <jansson.h>
#include <stdio.h>

#include "emu/machine.h"
#include "emu/translator.h"
#include "profile_lines.h"

/* Names longer than this are cut. */
#define PROFILE_NAME 200

struct profile {
	const struct machine *machine;
	const struct guest_names *names;
	struct translator_block *block; /* hottest first */
	size_t blocks, room;
	uint64_t executed;		/* guest instructions, as if every block ran to its end */
	struct profile_lines functions; /* by instructions */
	struct profile_lines stalls;	/* by cycles waited for memory */
	uint64_t stalled;
	uint64_t monitor_cycles; /* that the monitor's own work took; 0: none */
};

/* Collects what @machine counted, with names by @names; both stay as long as the profile. */
void profile_collect(struct profile *profile, const struct machine *machine,
		     const struct guest_names *names, uint64_t monitor_cycles);
void profile_free(struct profile *profile);

/* Writes it to @out: translation (the run took @seconds), functions, the hottest blocks with their
 * disassembly (with @host, of the host code too), where memory was waited for, and pages. Writes
 * the map of translated code for perf to /tmp/perf-PID.map. DISCO_OK, or DISCO_FAILED after
 * complaining. */
int profile_text(const struct profile *profile, bool host, double seconds, FILE *out);
json_t *profile_json(const struct profile *profile);

/* profile_blocks.c */
uint64_t profile_block_weight(const struct translator_block *block); /* instructions */
void profile_block_name(const struct profile *profile, const struct translator_block *block,
			bool offset, char *text, size_t size);
void profile_blocks_text(const struct profile *profile, bool host, double seconds, FILE *out);
json_t *profile_blocks_json(const struct profile *profile);
int profile_write_map(const struct profile *profile);

#endif
