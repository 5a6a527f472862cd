/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other CPUs, started through the Coherence Manager and the Cluster Power Controller. On Malta
 * there are none.
 */
#ifndef SMP_H
#define SMP_H

#include <stdbool.h>
#include <stdint.h>

#define SMP_MAX 64

/* What a CPU found when it started, and its last interrupt. */
struct smp_cpu {
	uint64_t status, cause, ebase, cmgcrbase;
	volatile uint64_t interrupts, interrupt_cause;
};
extern struct smp_cpu smp_cpu[SMP_MAX];

unsigned smp_cpus(void);

/* Starts @cpu (1 .. smp_cpus() - 1), which is not running, in @function on a stack of its own, in
 * kernel mode with interrupts off. When the function returns, the CPU waits for ever. An exception
 * or interrupt there only counts and turns interrupts off. False when it does not come up. */
bool smp_start(unsigned cpu, void (*function)(unsigned cpu));

/* Raises and clears the inter-processor interrupt of @cpu (GIC source @cpu, pin 0: Cause.IP2). */
void smp_interrupt_setup(unsigned cpu);
void smp_interrupt(unsigned cpu, bool raise);

/* Spins until *@word is @value; false after some hundred million reads. */
bool smp_wait(volatile uint64_t *word, uint64_t value);

#endif
