/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's node controllers: there when it has memory model `ccnuma`, on or off. */
#include <errno.h>
#include <stdlib.h>

#include "dev/address_map.h"
#include "dev/node_controller.h"
#include "emu/ccnuma.h"
#include "emu/machine.h"
#include "emu/mem.h"

struct node {
	struct machine *machine;
	struct node_controller controller;
	struct mmio_region region;
	void *counters;
	bool level;
};

struct nodes {
	bool interleaved;
	uint32_t pages; /* of each node */
	struct node node[MACHINE_MAX_NODES];
};

static uint64_t now(void *opaque)
{
	return machine_time(opaque);
}

static void set_irq(void *opaque, unsigned number, bool level)
{
	struct machine *machine = opaque;
	struct node *node = &machine->nodes->node[number];

	if (node->level == level)
		return;
	node->level = level;
	if (machine->node_interrupt)
		machine->node_interrupt(machine, number, level);
}

static uint64_t cpus_of(const struct machine *machine, unsigned node)
{
	uint64_t cpus = 0;

	for (unsigned n = 0; n < machine->config.cpus; n++)
		cpus |= (uint64_t)(machine->cpu[n]->node == node) << n;
	return cpus;
}

static int create_node(struct machine *machine, unsigned number, const struct ccnuma_config *ccnuma)
{
	struct nodes *nodes = machine->nodes;
	struct node *node = &nodes->node[number];
	const struct node_controller_config config = {
		.node = number,
		.nodes = machine->config.nodes,
		.pages = nodes->pages,
		.first = ccnuma->interleaved ? number : number * nodes->pages,
		.stride = ccnuma->interleaved ? machine->config.nodes : 1,
		.cpus = cpus_of(machine, number),
		.latency = ccnuma->miss_cycles[number],
		.now = now,
		.opaque = machine,
		.irq = {set_irq, machine, number},
	};

	node->machine = machine;
	node->counters = calloc(1, node_controller_memory(machine->config.nodes, nodes->pages));
	if (!node->counters)
		return -ENOMEM;
	node_controller_init(&node->controller, &config, node->counters);
	node->region = (struct mmio_region){"node",
					    MAP_NODE_BASE + number * MAP_NODE_STRIDE,
					    MIPS_PAGE_SIZE,
					    node_controller_read,
					    node_controller_write,
					    &node->controller};
	return physmap_add(machine, &node->region);
}

int nodes_create(struct machine *machine, const struct ccnuma_config *ccnuma)
{
	machine->nodes = calloc(1, sizeof(*machine->nodes));
	if (!machine->nodes)
		return -ENOMEM;
	machine->nodes->interleaved = ccnuma->interleaved;
	machine->nodes->pages =
		(uint32_t)((machine->config.memory >> MIPS_PAGE_SHIFT) / machine->config.nodes);
	for (unsigned n = 0; n < machine->config.nodes; n++)
		if (create_node(machine, n, ccnuma))
			return -ENOMEM;
	return 0;
}

void nodes_destroy(struct machine *machine)
{
	if (!machine->nodes)
		return;
	for (unsigned n = 0; n < machine->config.nodes; n++) {
		if (machine->nodes->node[n].region.name)
			physmap_remove(machine, &machine->nodes->node[n].region);
		free(machine->nodes->node[n].counters);
	}
	free(machine->nodes);
	machine->nodes = NULL;
}

void nodes_miss(void *opaque, unsigned cpu, uint64_t offset, unsigned home, bool write)
{
	struct machine *machine = opaque;
	struct nodes *nodes = machine->nodes;
	uint32_t page = (uint32_t)(offset >> MIPS_PAGE_SHIFT);

	if (machine->on_miss)
		machine->on_miss(machine->on_miss_opaque, cpu, offset, home, write);
	page = nodes->interleaved ? page / machine->config.nodes : page - home * nodes->pages;
	node_controller_miss(&nodes->node[home].controller, page, machine->cpu[cpu]->node, write);
}
