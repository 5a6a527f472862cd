/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Switching between the memory models `none` and `ccnuma`. */
#include <errno.h>

#include "emu/ccnuma.h"
#include "emu/machine.h"
#include "emu/mem.h"

void machine_dma(struct machine *machine, uint64_t pa, uint64_t length, bool write)
{
	const uint8_t *host = ram_pointer(machine, pa);

	if (write)
		ram_will_write(machine, pa, length);
	if (machine->ccnuma && host)
		ccnuma_dma(machine->ccnuma, (uint64_t)(host - machine->ram), length, write);
}

static uint64_t linked_offset(const struct cpu *cpu)
{
	const uint8_t *host = ram_pointer(cpu->machine, cpu->linked_address);

	return host ? (uint64_t)(host - cpu->machine->ram) : UINT64_MAX;
}

void machine_end_link(struct cpu *cpu)
{
	const struct machine *machine = cpu->machine;

	if (cpu->linked && machine->ccnuma && linked_offset(cpu) != UINT64_MAX &&
	    ccnuma_holds(machine->ccnuma, cpu->number, linked_offset(cpu)))
		return;
	cpu->linked = false;
}

static void line_lost(void *opaque, unsigned cpu, uint64_t offset, unsigned length, bool all)
{
	const struct machine *machine = opaque;
	struct cpu *loser = machine->cpu[cpu];

	line_map_drop(loser, offset, length, all);
	if (all && loser->linked && linked_offset(loser) - offset < length)
		loser->linked = false;
}

static void leave_ccnuma(struct machine *machine)
{
	for (unsigned n = 0; n < machine->config.cpus; n++) {
		if (!machine->cpu[n])
			continue;
		softtlb_set_granule(machine->cpu[n], MIPS_PAGE_SIZE);
		line_map_destroy(machine->cpu[n]);
	}
	nodes_destroy(machine);
	ccnuma_destroy(machine->ccnuma);
	machine->ccnuma = NULL;
}

/* The entries of the software TLB serve fetches and data: the shorter of the two lines. */
static uint64_t granule(const struct ccnuma_config *config)
{
	return config->l1i.line < config->l1d.line ? config->l1i.line : config->l1d.line;
}

static int make_line_maps(struct machine *machine, uint64_t bytes)
{
	for (unsigned n = 0; n < machine->config.cpus; n++) {
		if (line_map_create(machine->cpu[n]))
			return -ENOMEM;
		softtlb_set_granule(machine->cpu[n], bytes);
	}
	return 0;
}

int machine_use_ccnuma(struct machine *machine, const struct ccnuma_config *config,
		       struct error *error)
{
	const struct ccnuma_observer observer = {
		.line_lost = line_lost, .miss = nodes_miss, .opaque = machine};
	struct ccnuma_config filled;

	if (machine->ccnuma)
		leave_ccnuma(machine);
	if (!config)
		return 0;
	if (!machine->engine->ccnuma)
		return error_set(error, -ENOTSUP,
				 "engine %s does not have memory model ccnuma; interpreter does",
				 machine->engine->name);
	filled = *config;
	filled.cpus = machine->config.cpus;
	filled.nodes = machine->config.nodes;
	filled.memory = machine->config.memory;
	for (unsigned n = 0; n < filled.cpus; n++)
		filled.node_of[n] = (uint8_t)machine->cpu[n]->node;
	machine->ccnuma = ccnuma_create(&filled, &observer, error);
	if (!machine->ccnuma)
		return -EINVAL;
	if (make_line_maps(machine, granule(&filled)) || nodes_create(machine, &filled)) {
		leave_ccnuma(machine);
		return error_set(error, -ENOMEM, "out of memory for the memory model");
	}
	return 0;
}
