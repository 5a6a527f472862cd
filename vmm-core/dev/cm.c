/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coherence Manager: Global Configuration Registers. */
#include "dev/cm.h"

#define GCR_CONFIG	 0x000
#define GCR_BASE	 0x008
#define GCR_ACCESS	 0x020
#define GCR_REV		 0x030
#define GCR_L2_ONLY_SYNC 0x070
#define GCR_GIC_BASE	 0x080
#define GCR_CPC_BASE	 0x088
#define GCR_REGIONS	 0x090
#define GCR_REGIONS_END	 0x0d0
#define GCR_GIC_STATUS	 0x0d0
#define GCR_CPC_STATUS	 0x0f0
#define GCR_CORE_LOCAL	 0x2000
#define GCR_CORE_OTHER	 0x4000
#define GCR_CORE_SIZE	 0x2000

/* Within a core block */
#define GCR_C_COHERENCE	 0x008
#define GCR_C_CONFIG	 0x010
#define GCR_C_OTHER	 0x018
#define GCR_C_RESET_BASE 0x020
#define GCR_C_ID	 0x028
#define GCR_C_RESET_EXT	 0x030

#define CM_REV_2_5	 0x700
#define GCR_BASE_ADDRESS UINT64_C(0xffffffff8000)
#define GCR_BASE_LOW	 UINT64_C(0xff)
#define STATUS_EXISTS	 1

/* The core that an access to block @offset means, or NULL when no such core exists. */
static struct cm_core *selected_core(struct cm *cm, unsigned cpu, uint64_t offset, unsigned *number)
{
	*number = cpu;
	if (offset >= GCR_CORE_OTHER)
		*number = cm->core[cpu].cm_other >> 16;
	return *number < cm->cpus ? &cm->core[*number] : NULL;
}

static uint32_t core_read(struct cm *cm, unsigned cpu, uint64_t offset)
{
	unsigned number;
	const struct cm_core *core = selected_core(cm, cpu, offset, &number);

	if (!core)
		return 0;
	switch (offset & (GCR_CORE_SIZE - 1)) {
	case GCR_C_COHERENCE:
		return core->coherence;
	case GCR_C_OTHER:
		return core->cm_other;
	case GCR_C_RESET_BASE:
		return core->reset_base;
	case GCR_C_ID:
		return number;
	case GCR_C_RESET_EXT:
		return core->reset_ext_base;
	}
	return 0; /* GCR_C_CONFIG: one virtual processor a core */
}

static void core_write(struct cm *cm, unsigned cpu, uint64_t offset, uint32_t value)
{
	unsigned number;
	struct cm_core *core = selected_core(cm, cpu, offset, &number);

	if (!core)
		return;
	switch (offset & (GCR_CORE_SIZE - 1)) {
	case GCR_C_COHERENCE:
		core->coherence = value & 0xff;
		break;
	case GCR_C_OTHER:
		core->cm_other = value & 0xffff0000;
		break;
	case GCR_C_RESET_BASE:
		core->reset_base = value & 0xfffff000;
		break;
	case GCR_C_RESET_EXT:
		core->reset_ext_base = value;
		break;
	}
}

/* The 64-bit register that holds word @offset of the global block, and its writable bits. */
static uint64_t *global_register(struct cm *cm, uint64_t offset, uint64_t *mask)
{
	static const uint64_t enable_and_base = UINT64_C(0xffffffff8001);

	*mask = enable_and_base;
	switch (offset & ~UINT64_C(7)) {
	case GCR_BASE:
		*mask = GCR_BASE_ADDRESS | GCR_BASE_LOW;
		return &cm->base;
	case GCR_L2_ONLY_SYNC:
		*mask = UINT64_C(0xfffffffff001);
		return &cm->l2_only_sync;
	case GCR_GIC_BASE:
		return &cm->gic_base;
	case GCR_CPC_BASE:
		return &cm->cpc_base;
	}
	if (offset < GCR_REGIONS || offset >= GCR_REGIONS_END)
		return NULL;
	*mask = UINT64_MAX;
	return (offset & 8 ? cm->region_mask : cm->region_base) + (offset - GCR_REGIONS) / 16;
}

static uint32_t global_read(struct cm *cm, uint64_t offset)
{
	uint64_t mask, *reg = global_register(cm, offset, &mask);

	if (reg)
		return (uint32_t)(*reg >> (offset & 4) * 8);
	switch (offset) {
	case GCR_CONFIG:
		return cm->cpus - 1;
	case GCR_ACCESS:
		return cm->access;
	case GCR_REV:
		return CM_REV_2_5;
	case GCR_GIC_STATUS:
	case GCR_CPC_STATUS:
		return STATUS_EXISTS;
	}
	return 0;
}

static void global_write(struct cm *cm, uint64_t offset, uint32_t value)
{
	uint64_t mask, before, *reg = global_register(cm, offset, &mask);
	unsigned shift = (offset & 4) * 8;

	if (offset == GCR_ACCESS)
		cm->access = value;
	if (!reg)
		return;
	before = *reg;
	mask &= UINT64_C(0xffffffff) << shift;
	*reg = (before & ~mask) | ((uint64_t)value << shift & mask);
	if (reg == &cm->base && ((*reg ^ before) & GCR_BASE_ADDRESS))
		cm->board.moved(cm->board.opaque, *reg & GCR_BASE_ADDRESS);
}

bool gcr_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value)
{
	struct cm *cm = opaque;

	if (size < 4 || size > 8 || cpu >= cm->cpus)
		return false;
	*value = 0;
	for (unsigned word = 0; word < 2 && 4 * word < size; word++) {
		uint64_t at = offset + 4 * word;
		uint32_t part = 0;

		if (at < GCR_CORE_LOCAL)
			part = global_read(cm, at);
		else if (at < GCR_CORE_OTHER + GCR_CORE_SIZE)
			part = core_read(cm, cpu, at);
		*value |= (uint64_t)part << 32 * word;
	}
	return true;
}

bool gcr_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	struct cm *cm = opaque;

	if (size < 4 || cpu >= cm->cpus)
		return false;
	for (unsigned word = 0; word < size / 4; word++) {
		uint64_t at = offset + 4 * word;
		uint32_t part = (uint32_t)(value >> 32 * word);

		if (at < GCR_CORE_LOCAL)
			global_write(cm, at, part);
		else if (at < GCR_CORE_OTHER + GCR_CORE_SIZE)
			core_write(cm, cpu, at, part);
	}
	return true;
}

void cm_init(struct cm *cm, const struct cm_board *board, unsigned cpus, uint64_t base)
{
	*cm = (struct cm){.board = *board, .cpus = cpus, .base = base, .access = UINT32_MAX};
	for (unsigned n = 0; n < cpus; n++) {
		cm->core[n].reset_base = 0xbfc00000;
		cm->core[n].state = n ? CPC_D0 : CPC_U6;
	}
}
