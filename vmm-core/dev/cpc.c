/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cluster Power Controller: starts and stops cores. Power states change at once. */
#include "dev/cm.h"

#define CPC_CORE_LOCAL	0x2000
#define CPC_CORE_OTHER	0x4000
#define CPC_CORE_SIZE	0x2000

#define CPC_C_CMD	0x00
#define CPC_C_STAT_CONF 0x08
#define CPC_C_OTHER	0x10

enum cpc_command {
	CPC_CLOCK_OFF = 1,
	CPC_POWER_DOWN = 2,
	CPC_POWER_UP = 3,
	CPC_RESET = 4,
};

#define STAT_POWER_UP_EVENT (UINT32_C(1) << 23)
#define STAT_SEQUENCE_SHIFT 19

static struct cm_core *selected_core(struct cm *cm, unsigned cpu, uint64_t offset, unsigned *number)
{
	*number = cpu;
	if (offset >= CPC_CORE_OTHER)
		*number = cm->core[cpu].cpc_other >> 16 & 0xff;
	return *number < cm->cpus ? &cm->core[*number] : NULL;
}

static void command(struct cm *cm, struct cm_core *core, unsigned number, uint32_t value)
{
	switch (value & 0xf) {
	case CPC_CLOCK_OFF:
	case CPC_POWER_DOWN:
		core->state = CPC_D0;
		core->coherence = 0;
		cm->board.stop(cm->board.opaque, number);
		break;
	case CPC_POWER_UP:
		if (core->state == CPC_U6)
			break;
		/* fall through */
	case CPC_RESET:
		core->state = CPC_U6;
		core->coherence = 0;
		cm->board.start(cm->board.opaque, number, core->reset_base);
		break;
	}
}

static uint32_t word_read(struct cm *cm, unsigned cpu, uint64_t offset)
{
	unsigned number;
	const struct cm_core *core;

	if (offset < CPC_CORE_LOCAL || offset >= CPC_CORE_OTHER + CPC_CORE_SIZE)
		return 0;
	core = selected_core(cm, cpu, offset, &number);
	if (!core)
		return 0;
	switch (offset & (CPC_CORE_SIZE - 1)) {
	case CPC_C_STAT_CONF:
		return (uint32_t)core->state << STAT_SEQUENCE_SHIFT |
		       (core->state == CPC_U6 ? STAT_POWER_UP_EVENT : 0);
	case CPC_C_OTHER:
		return core->cpc_other;
	}
	return 0;
}

bool cpc_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value)
{
	struct cm *cm = opaque;

	if (size < 4 || cpu >= cm->cpus)
		return false;
	*value = word_read(cm, cpu, offset);
	if (size == 8)
		*value |= (uint64_t)word_read(cm, cpu, offset + 4) << 32;
	return true;
}

bool cpc_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	struct cm *cm = opaque;
	struct cm_core *core;
	unsigned number;

	if (size < 4 || cpu >= cm->cpus)
		return false;
	if (offset < CPC_CORE_LOCAL || offset >= CPC_CORE_OTHER + CPC_CORE_SIZE)
		return true;
	core = selected_core(cm, cpu, offset, &number);
	if (!core)
		return true;
	switch (offset & (CPC_CORE_SIZE - 1)) {
	case CPC_C_CMD:
		command(cm, core, number, (uint32_t)value);
		break;
	case CPC_C_OTHER:
		core->cpc_other = (uint32_t)value & 0x00ff0000;
		break;
	}
	return true;
}
