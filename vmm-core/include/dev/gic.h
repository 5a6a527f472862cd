/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MIPS Global Interrupt Controller: shared interrupts (devices, and IPIs through WEDGE), local
 * interrupts (compare timer, watchdog, software), a 64-bit counter, and the user-mode page with
 * that counter. Source: MIPS Global Interrupt Controller chapter of MD00582 (interAptiv), and
 * Linux's irq-mips-gic.c for what is used.
 *
 * The counter counts CPU cycles. It never goes back between two reads by different CPUs, though
 * CPUs run at slightly different times within a quantum.
 */
#ifndef DEV_GIC_H
#define DEV_GIC_H

#include <stdatomic.h>

#include "dev/device.h"

#define GIC_MAX_CPUS   64
#define GIC_MAX_SHARED 256
#define GIC_WORDS      (GIC_MAX_SHARED / 32)
#define GIC_PINS       6
#define GIC_NO_TIMER   UINT64_MAX

enum gic_local {
	GIC_LOCAL_WD,
	GIC_LOCAL_COMPARE,
	GIC_LOCAL_TIMER,
	GIC_LOCAL_PERFCTR,
	GIC_LOCAL_SWINT0,
	GIC_LOCAL_SWINT1,
	GIC_LOCAL_FDC,
	GIC_LOCALS,
};

/* What the GIC needs of its board. */
struct gic_board {
	/* Level of interrupt pin @pin (0..5; Cause.IP bit pin + 2) of @cpu. */
	void (*set_pin)(void *opaque, unsigned cpu, unsigned pin, bool level);
	/* Time in cycles as @cpu sees it now. */
	uint64_t (*now)(void *opaque, unsigned cpu);
	/* gic_timer() of @cpu is to be called at @cycle (GIC_NO_TIMER: not at all). */
	void (*set_timer)(void *opaque, unsigned cpu, uint64_t cycle);
	void *opaque;
};

struct gic_cpu {
	uint32_t ctl, other;
	uint32_t local_pending, local_mask;
	uint32_t local_map[GIC_LOCALS];
	uint64_t compare;
	uint64_t watchdog_config, watchdog_initial;
	uint8_t pins; /* levels now driven */
};

struct gic {
	struct gic_board board;
	unsigned cpus, shared;
	uint32_t polarity[GIC_WORDS], trigger[GIC_WORDS], dual[GIC_WORDS];
	uint32_t mask[GIC_WORDS], line[GIC_WORDS], latched[GIC_WORDS];
	uint32_t map_pin[GIC_MAX_SHARED];
	uint64_t map_vp[GIC_MAX_SHARED];
	bool counter_stopped;
	uint64_t counter_offset;       /* counter = cycles + offset, or the value when stopped */
	_Atomic uint64_t counter_last; /* highest value read */
	struct gic_cpu cpu[GIC_MAX_CPUS];
};

/* @cpus 1..GIC_MAX_CPUS, @shared a multiple of 8, 8..GIC_MAX_SHARED. */
void gic_init(struct gic *gic, const struct gic_board *board, unsigned cpus, unsigned shared);
bool gic_read(void *gic, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value);
bool gic_write(void *gic, unsigned cpu, uint64_t offset, unsigned size, uint64_t value);

/* The counter's two halves in the register block, the low one first. What is to be added to the
 * time for its value; false: it is stopped. */
#define GIC_COUNTER 0x10
bool gic_counter_offset(const struct gic *gic, uint64_t *offset);

/* A device_local: the counter and the CPU's own local registers; of the shared ones reads only,
 * since writes to them are not local. */
bool gic_local(void *gic, unsigned cpu, uint64_t offset, unsigned size, bool write);

/* Level of shared interrupt source @number; the signature of irq_line.set. */
void gic_set_shared(void *gic, unsigned number, bool level);

/* The time given to set_timer() has come. */
void gic_timer(struct gic *gic, unsigned cpu);

#endif
