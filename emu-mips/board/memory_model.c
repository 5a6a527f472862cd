/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Switching between the memory models `none` and `ccnuma`. What belongs to the machine stays over a
 * switch: configuration, node controllers, and what was counted; caches and directory do not, so
 * that `ccnuma` starts cold each time.
 */
#include <errno.h>
#include <stdlib.h>

#include "emu/ccnuma.h"
#include "emu/machine.h"
#include "emu/mem.h"
#include "emu/misses.h"

void machine_dma(struct machine *machine, uint64_t pa, uint64_t length, bool write)
{
	const uint8_t *host = ram_pointer(machine, pa);

	if (write)
		ram_will_write(machine, pa, length);
	if (!machine->ccnuma || !host)
		return;
	ccnuma_dma(machine->ccnuma, (uint64_t)(host - machine->ram), length, write);
	if (write)
		machine_break_links(machine, NULL, pa, length);
}

static uint64_t linked_offset(const struct cpu *cpu)
{
	const uint8_t *host = ram_pointer(cpu->machine, cpu->linked_address);

	return host ? (uint64_t)(host - cpu->machine->ram) : UINT64_MAX;
}

void machine_end_link(struct cpu *cpu)
{
	const struct machine *machine = cpu->machine;

	if (cpu->linked == LINK_UNCACHED)
		return;
	if (cpu->linked && machine->ccnuma && linked_offset(cpu) != UINT64_MAX &&
	    ccnuma_holds(machine->ccnuma, cpu->number, linked_offset(cpu)))
		return;
	cpu->linked = LINK_NONE;
}

void machine_link_uncached(struct cpu *cpu)
{
	uint64_t offset = linked_offset(cpu);

	if (offset == UINT64_MAX)
		return;
	cpu->linked = LINK_UNCACHED;
	cpu->machine->uncached_links = true;
	ccnuma_dma(cpu->machine->ccnuma, offset, 1, false);
}

void machine_break_links(struct machine *machine, const struct cpu *writer, uint64_t pa,
			 uint64_t length)
{
	bool left = false;

	if (!machine->uncached_links)
		return;
	for (unsigned n = 0; n < machine->config.cpus; n++) {
		struct cpu *cpu = machine->cpu[n];
		uint64_t linked = cpu->linked_address & ~(uint64_t)7;

		if (cpu != writer && cpu->linked == LINK_UNCACHED && linked < pa + length &&
		    pa < linked + 8)
			cpu->linked = LINK_NONE;
		left |= cpu->linked == LINK_UNCACHED;
	}
	machine->uncached_links = left;
}

static void line_lost(void *opaque, unsigned cpu, uint64_t offset, unsigned length)
{
	const struct machine *machine = opaque;
	struct cpu *loser = machine->cpu[cpu];

	if (loser->linked == LINK_CACHED && linked_offset(loser) - offset < length)
		loser->linked = LINK_NONE;
}

struct memory_model {
	struct ccnuma_config config;
	struct ccnuma_stats before[MACHINE_MAX_CPUS]; /* counted by models that are gone */
	uint64_t cycles_before, since;		      /* machine->now when it was switched on */
	unsigned switches;
};

_Static_assert(sizeof(struct ccnuma_stats) % sizeof(uint64_t) == 0, "all of it is counters");

static void add_stats(struct ccnuma_stats *sum, const struct ccnuma_stats *stats)
{
	const uint64_t *from = (const uint64_t *)stats;
	uint64_t *to = (uint64_t *)sum;

	for (size_t n = 0; n < sizeof(*sum) / sizeof(*to); n++)
		to[n] += from[n];
}

/* ---- what was counted ---- */

bool machine_has_ccnuma(const struct machine *machine)
{
	return machine->memory_model != NULL;
}

struct ccnuma_stats machine_memory_stats(const struct machine *machine, unsigned cpu)
{
	static const struct ccnuma_stats none;
	struct ccnuma_stats stats =
		machine->memory_model ? machine->memory_model->before[cpu] : none;

	if (machine->ccnuma)
		add_stats(&stats, ccnuma_stats(machine->ccnuma, cpu));
	return stats;
}

uint64_t machine_modelled_cycles(const struct machine *machine)
{
	const struct memory_model *model = machine->memory_model;

	if (!model)
		return 0;
	return model->cycles_before + (machine->ccnuma ? machine->now - model->since : 0);
}

unsigned machine_home(const struct machine *machine, uint64_t offset)
{
	const struct memory_model *model = machine->memory_model;

	if (!model)
		return 0;
	if (model->config.interleaved)
		return (unsigned)(offset / MIPS_PAGE_SIZE % machine->config.nodes);
	return (unsigned)(offset / (machine->config.memory / machine->config.nodes));
}

unsigned machine_model_switches(const struct machine *machine)
{
	return machine->memory_model ? machine->memory_model->switches : 0;
}

/* ---- switching ---- */

/* Links, which the two models end at different events, and what an engine derived. */
static void model_changed(struct machine *machine)
{
	const struct engine_ops *engine = machine->engine;

	for (unsigned n = 0; n < machine->config.cpus; n++)
		machine->cpu[n]->linked = LINK_NONE;
	if (engine->memory_model_changed)
		engine->memory_model_changed(machine);
}

static struct line_view line_view(const struct cpu *cpu, const struct ccnuma *ccnuma, bool fetch)
{
	static const uint8_t never[1]; /* shifted out of every address: no line has a right */
	struct line_view view = {0};
	unsigned shift;

	if (!ccnuma)
		return view;
	view.rights = ccnuma_rights(ccnuma, cpu->number, fetch, &shift);
	view.shift = (uint8_t)shift;
	view.base = (uintptr_t)view.rights - ((uintptr_t)cpu->machine->ram >> shift);
	if (!view.rights) {
		view.base = (uintptr_t)never;
		view.shift = 63;
	}
	return view;
}

/* What the engines look at before they ask @ccnuma (NULL: `none`). Uncached pages are in the
 * software TLB in `none` only. */
static void set_lines(struct cpu *cpu, const struct ccnuma *ccnuma)
{
	cpu->data_lines = line_view(cpu, ccnuma, false);
	cpu->fetch_lines = line_view(cpu, ccnuma, true);
	softtlb_flush_all(cpu);
}

static void switch_off(struct machine *machine)
{
	struct memory_model *model = machine->memory_model;

	for (unsigned n = 0; n < machine->config.cpus; n++) {
		set_lines(machine->cpu[n], NULL);
		add_stats(&model->before[n], ccnuma_stats(machine->ccnuma, n));
	}
	model->cycles_before += machine->now - model->since;
	ccnuma_destroy(machine->ccnuma);
	machine->ccnuma = NULL;
	model_changed(machine);
}

static void answered(void *opaque, unsigned cpu, uint64_t offset, bool write,
		     const struct ccnuma_result *result)
{
	misses_count(opaque, cpu, offset, write, result);
}

static int switch_on(struct machine *machine, struct error *error)
{
	const struct ccnuma_observer observer = {.line_lost = line_lost,
						 .miss = nodes_miss,
						 .answered = answered,
						 .misses_only = !machine->config.profile,
						 .opaque = machine};
	struct memory_model *model = machine->memory_model;

	machine->ccnuma = ccnuma_create(&model->config, &observer, error);
	if (!machine->ccnuma)
		return -EINVAL;
	model->since = machine->now;
	for (unsigned n = 0; n < machine->config.cpus; n++)
		set_lines(machine->cpu[n], machine->ccnuma);
	model_changed(machine);
	return 0;
}

int machine_set_memory_model(struct machine *machine, bool ccnuma, struct error *error)
{
	int result = 0;

	if (!machine->memory_model)
		return ccnuma ? error_set(error, -EINVAL, "the machine has no model ccnuma") : 0;
	if (ccnuma == (machine->ccnuma != NULL))
		return 0;
	if (ccnuma)
		result = switch_on(machine, error);
	else
		switch_off(machine);
	machine->memory_model->switches++;
	return result;
}

static void remove_ccnuma(struct machine *machine)
{
	if (machine->ccnuma)
		switch_off(machine);
	nodes_destroy(machine);
	misses_destroy(machine);
	free(machine->memory_model);
	machine->memory_model = NULL;
}

int machine_configure_ccnuma(struct machine *machine, const struct ccnuma_config *config,
			     struct error *error)
{
	struct ccnuma_config *filled;
	struct ccnuma *check;

	remove_ccnuma(machine);
	machine->memory_model = calloc(1, sizeof(*machine->memory_model));
	if (!machine->memory_model) {
		error_set(error, -ENOMEM, "out of memory for the memory model");
		return -ENOMEM;
	}
	filled = &machine->memory_model->config;
	*filled = *config;
	filled->cpus = machine->config.cpus;
	filled->nodes = machine->config.nodes;
	filled->memory = machine->config.memory;
	for (unsigned n = 0; n < filled->cpus; n++)
		filled->node_of[n] = (uint8_t)machine->cpu[n]->node;
	check = ccnuma_create(filled, NULL, error);
	if (!check) {
		remove_ccnuma(machine);
		return -EINVAL;
	}
	ccnuma_destroy(check);
	if (!nodes_create(machine, filled) && !misses_create(machine))
		return 0;
	remove_ccnuma(machine);
	error_set(error, -ENOMEM, "out of memory for counting misses");
	return -ENOMEM;
}

int machine_use_ccnuma(struct machine *machine, const struct ccnuma_config *config,
		       struct error *error)
{
	int result;

	if (!config) {
		remove_ccnuma(machine);
		return 0;
	}
	result = machine_configure_ccnuma(machine, config, error);
	return result ? result : switch_on(machine, error);
}
