/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MIPS Coherence Manager 2.5 (Global Configuration Registers) and Cluster Power Controller: how
 * software finds the cores, their reset vectors, and starts and stops them. One core a CPU, one
 * virtual processor a core. Source: MD00582 chapters CM2 and CPC; Linux asm/mips-cm.h, mips-cpc.h.
 */
#ifndef DEV_CM_H
#define DEV_CM_H

#include "dev/device.h"

#define CM_MAX_CPUS 64

enum cpc_state {
	CPC_D0 = 0, /* powered down */
	CPC_U6 = 7, /* running */
};

struct cm_board {
	/* Starts @cpu from reset at @vector (a KSEG1 address), or stops it. */
	void (*start)(void *opaque, unsigned cpu, uint64_t vector);
	void (*stop)(void *opaque, unsigned cpu);
	/* The GCR block moved to @base: the region and every CPU's CP0 CMGCRBase follow. */
	void (*moved)(void *opaque, uint64_t base);
	void *opaque;
};

struct cm_core {
	uint32_t coherence, reset_base, reset_ext_base;
	uint32_t cm_other; /* core selected for the GCR "other" block */
	uint32_t cpc_other;
	enum cpc_state state;
};

struct cm {
	struct cm_board board;
	unsigned cpus;
	uint64_t base, gic_base, cpc_base, l2_only_sync;
	uint32_t access;
	uint64_t region_base[4], region_mask[4];
	struct cm_core core[CM_MAX_CPUS];
};

/* CPU 0 runs, the others are powered down. */
void cm_init(struct cm *cm, const struct cm_board *board, unsigned cpus, uint64_t base);

bool gcr_read(void *cm, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value);
bool gcr_write(void *cm, unsigned cpu, uint64_t offset, unsigned size, uint64_t value);
bool cpc_read(void *cm, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value);
bool cpc_write(void *cm, unsigned cpu, uint64_t offset, unsigned size, uint64_t value);

#endif
