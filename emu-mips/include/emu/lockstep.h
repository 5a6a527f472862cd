/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lock-step: two processes run the same machine from the same start, the leader with the
 * translator, the follower with the interpreter. The leader runs in slices and publishes the whole
 * state of the CPU after each in a ring of shared memory; the follower runs to the same cycle and
 * compares. At the end they compare memory. The machine's inputs must be the same in both, so
 * nothing may be typed at it.
 */
#ifndef EMU_LOCKSTEP_H
#define EMU_LOCKSTEP_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/machine.h"

/* Leader: slices of random length, so the comparison falls anywhere; or one block at a time. */
extern const struct engine_ops lockstep_engine;
extern const struct engine_ops lockstep_blocks_engine;
extern const struct engine_ops lockstep_follower_engine;

/* Makes the ring, in memory that a fork() shares. To be called before it. 0 or -ENOMEM. */
int lockstep_create(struct error *error);

/* What differed, or NULL; and how many slices and instructions were compared. */
const char *lockstep_difference(void);
void lockstep_counts(uint64_t *slices, uint64_t *instructions);

#endif
