/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random programs for the comparison of engines: a whole small system in RAM, from a seed. */
#ifndef LOCKSTEP_GENERATOR_H
#define LOCKSTEP_GENERATOR_H

#include <stdint.h>

#include "emu/machine.h"

/* What programs use: everything else of RAM stays zero, except where they go astray. */
#define LOCKSTEP_MEMORY	    (UINT64_C(64) << 20)
#define LOCKSTEP_CODE_PA    UINT64_C(0x100000)
#define LOCKSTEP_CODE_WORDS 1536u
#define LOCKSTEP_DATA_PA    UINT64_C(0x200000)
#define LOCKSTEP_DATA_SIZE  UINT64_C(0x100000)

/* A small random number generator; the state is never zero. */
struct lockstep_random {
	uint64_t state;
};
uint64_t lockstep_random(struct lockstep_random *random);
/* 0 .. @bound - 1 */
unsigned lockstep_below(struct lockstep_random *random, unsigned bound);

/* Puts the program of @seed into @machine: exception vectors, code, data, and the state of
 * its CPUs: kernel, supervisor, 64-bit or 32-bit user mode, FR 0 or 1, registers, TLB, timer. */
void lockstep_generate(struct machine *machine, uint64_t seed);

#endif
