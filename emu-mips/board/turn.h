/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The turns of CPUs in a quantum: one after the other (machine.c), or on host threads (threads.c).
 */
#ifndef BOARD_TURN_H
#define BOARD_TURN_H

#include "emu/machine.h"

/* ---- machine.c ---- */

/* Runs @cpu to @end, or until the machine stops, or (CPUs on several threads) @cpu wants to be
 * alone. @executed counts instructions to the limit on them; NULL: not looked at. */
void turn_run(struct cpu *cpu, uint64_t end, uint64_t *executed);

/* The same as the only CPU that runs, to the end of its turn. */
void turn_run_alone(struct cpu *cpu, uint64_t end, uint64_t *executed);

/* ---- threads.c ---- */

struct threads;

/* Starts the host threads; 0 or a negative errno with @error set. */
int threads_create(struct machine *machine, struct error *error);
void threads_destroy(struct machine *machine);

/* The quantum in which CPUs run together, in cycles: longer the longer none has been alone. */
uint64_t threads_quantum(const struct machine *machine);

/* Whether it pays to run CPUs together up to @end: those of two threads have something to do, and
 * lately the host had processors for them. */
bool threads_pay(struct machine *machine, uint64_t end);

/* Runs the CPUs together as far as that pays, and leaves the rest up to @end to turns. */
void threads_run(struct machine *machine, uint64_t end);

#endif
