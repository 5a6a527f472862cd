/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's own memory references, in memory model `ccnuma`: what it executes and touches goes
 * through the CPU's caches as the guest's references do, and costs their misses on top of the
 * instructions that charge.def counts.
 *
 * The monitor's memory is what it keeps of each node for itself, behind the pages it gives out:
 * its text, an area for each CPU of the node (stack, pcpu, the vCPU's state) and what is shared by
 * the machine (pmap, memmap). Disco has a copy of the text on every node and each CPU's area on its
 * own; with placement `remote` all of it is on node 0, as in a monitor that does not know of nodes.
 * What is shared by the machine is on node 0 either way.
 *
 * Simplified: an operation executes its own piece of the text from start to end, and touches as
 * many words as charge.def says in its own piece of the CPU's area, so the areas are as large as
 * all operations together. Loops are one passage of their text; the pages they are about are the
 * HAL's business (hal_page_copy()).
 */
#include "emu/misses.h"
#include "monitor/native.h"

#define STEP	   32 /* bytes: no more than a first-level line */
#define TEXT_BYTES (32 * 1024)
#define AREA_BYTES (16 * 1024)
#define LOOP_TEXT  64 /* instructions */
#define MOST_DATA  1024

enum where {
	OF_THE_CPU,
	OF_THE_MACHINE, /* pmap, memmap and the like */
	LOOP,		/* over memory that is not the monitor's */
};

static const struct {
	uint16_t instructions, references;
} table[CHARGES] = {
#define CHARGE(name, count, data) [CHARGE_##name] = {count, data},
#include "vmm/charge.def"
#undef CHARGE
};

static enum where where(enum charge operation)
{
	switch (operation) {
	case CHARGE_PAGE_FAULT:
	case CHARGE_SHOOTDOWN:
	case CHARGE_HOT_PAGE:
	case CHARGE_PAGE_MOVE:
		return OF_THE_MACHINE;
	case CHARGE_PAGE_ZERO:
	case CHARGE_PAGE_COPY:
	case CHARGE_TLB_FLUSH:
	case CHARGE_L2TLB_FLUSH:
		return LOOP;
	default:
		return OF_THE_CPU;
	}
}

/* Where the pieces of an operation are in text and area. */
struct piece {
	unsigned text, text_bytes, data, data_bytes;
};

static const struct piece *piece_of(enum charge operation)
{
	static struct piece pieces[CHARGES];
	unsigned text = 0, data = 0;

	if (pieces[0].text_bytes)
		return &pieces[operation];
	for (unsigned i = 0; i < CHARGES; i++) {
		bool loop = where((enum charge)i) == LOOP;
		unsigned code = table[i].instructions, bytes = 8u * table[i].references;

		if (loop && code > LOOP_TEXT)
			code = LOOP_TEXT;
		if (loop)
			bytes = 0;
		pieces[i] = (struct piece){text % TEXT_BYTES, 4 * code, data % AREA_BYTES,
					   bytes < MOST_DATA ? bytes : MOST_DATA};
		text += (4 * code + STEP - 1) / STEP * STEP;
		data += (pieces[i].data_bytes + STEP - 1) / STEP * STEP;
	}
	return &pieces[operation];
}

/* Offset in RAM of the memory that the monitor keeps on @node. */
static uint64_t reserved_of(const struct monitor *monitor, unsigned node)
{
	const struct machine_config *config = &monitor->machine->config;
	uint64_t pages = (config->memory >> MIPS_PAGE_SHIFT) / config->nodes;

	return ((node + 1) * pages - pages / MONITOR_SHARE) << MIPS_PAGE_SHIFT;
}

static void touch(struct cpu *cpu, uint64_t at, unsigned bytes, enum access access)
{
	struct ccnuma *ccnuma = cpu->machine->ccnuma;

	for (unsigned offset = 0; offset < bytes; offset += STEP)
		cpu->cycles +=
			ccnuma_access(ccnuma, cpu->number, at + offset, access, cpu->cycles).cycles;
}

void native_references(struct monitor *monitor, struct cpu *cpu, enum charge operation)
{
	const struct machine_config *config = &monitor->machine->config;
	const struct piece *piece = piece_of(operation);
	uint64_t before = cpu->cycles, room, text, area;
	unsigned node = monitor->options.monitor_remote ? 0 : cpu->node;
	unsigned each = config->cpus > config->nodes ? config->cpus / config->nodes : 1;
	unsigned slot = monitor->options.monitor_remote ? cpu->number : cpu->number % each;

	text = reserved_of(monitor, node);
	room = (((config->memory >> MIPS_PAGE_SHIFT) / config->nodes) / MONITOR_SHARE)
	       << MIPS_PAGE_SHIFT;
	/* A machine too small for it. */
	if (TEXT_BYTES + (slot + 2) * AREA_BYTES > room)
		return;
	area = text + TEXT_BYTES + (slot + 1) * AREA_BYTES;
	if (where(operation) == OF_THE_MACHINE)
		area = reserved_of(monitor, 0) + TEXT_BYTES;
	misses_set_operation(cpu->machine, (int)operation);
	touch(cpu, text + piece->text, piece->text_bytes, ACCESS_FETCH);
	/* One in three is a store. */
	touch(cpu, area + piece->data, piece->data_bytes / 3, ACCESS_WRITE);
	touch(cpu, area + piece->data + piece->data_bytes / 3, piece->data_bytes * 2 / 3,
	      ACCESS_READ);
	misses_set_operation(cpu->machine, -1);
	monitor->stats.reference_cycles += cpu->cycles - before;
}
