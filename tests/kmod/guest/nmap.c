// SPDX-License-Identifier: GPL-2.0-or-later
/* numa-map on real nodes: the same operations on the module and on memfd, pages where they say. */
#include <string.h>

#include "guest.h"
#include "nmap/space.h"
#include "nmap/topology.h"

#define SLOTS 64

static struct nmap_topology topology;

static int apply(struct nmap_space *space, uint32_t slot, int op, int node, uint64_t arg)
{
	struct disco_remap_entry entry = {.slot = slot, .op = (uint16_t)op, .node = (uint16_t)node, .arg = arg};
	int status = nmap_space_remap(space, &entry, 1, NULL);

	return status ? status : entry.status;
}

static unsigned char *page_of(struct nmap_space *space, unsigned int view, uint32_t slot)
{
	return (unsigned char *)nmap_space_view(space, view) + slot * PAGE;
}

static bool all_views_show(struct nmap_space *space, uint32_t slot, unsigned char value)
{
	for (unsigned int view = 0; view < nmap_space_views(space); view++)
		if (page_of(space, view, slot)[7] != value)
			return false;
	return true;
}

static void moves(struct nmap_space *space, const char *name)
{
	for (unsigned int node = 0; node < topology.nodes; node++) {
		int number = topology.node[node].host_node;
		struct disco_query_entry entry = {.slot = node};

		memset(page_of(space, 0, node), (int)node + 1, PAGE);
		check(apply(space, node, DISCO_OP_MIGRATE, number, 0) == 0, "%s: migrate to %d", name, number);
		check(all_views_show(space, node, (unsigned char)(node + 1)), "%s: content on %d", name, number);
		nmap_space_query(space, &entry, 1);
		check(entry.node == number, "%s: query says %d", name, number);
		check(nmap_node_of(page_of(space, 0, node)) == number, "%s: the kernel says %d", name, number);
	}
}

static void copies(struct nmap_space *space, const char *name)
{
	struct disco_query_entry entry = {.slot = 20};

	memset(page_of(space, 0, 20), 5, PAGE);
	check(apply(space, 20, DISCO_OP_MIGRATE, 0, 0) == 0, "%s: home", name);
	check(apply(space, 20, DISCO_OP_REPLICATE, 0, 0xe) == 0, "%s: replicate", name);
	check(all_views_show(space, 20, 5), "%s: replicas", name);
	for (int node = 1; node < 4; node++)
		check(nmap_node_of(page_of(space, (unsigned int)node, 20)) == node, "%s: replica on %d", name, node);
	nmap_space_query(space, &entry, 1);
	check(entry.replicas == 0xe, "%s: query says replicas", name);
	page_of(space, 2, 20)[7] = 6;
	check(all_views_show(space, 20, 6), "%s: a write collapses", name);
	memset(page_of(space, 0, 21), 8, PAGE);
	check(apply(space, 22, DISCO_OP_SHARE, 0, 21) == 0, "%s: share", name);
	page_of(space, 1, 22)[7] = 9;
	check(all_views_show(space, 21, 8) && all_views_show(space, 22, 9), "%s: a write breaks", name);
	check(apply(space, 21, DISCO_OP_ZERO, 0, 0) == 0 && all_views_show(space, 21, 0), "%s: zero", name);
	check(apply(space, 22, DISCO_OP_RELEASE, 0, 0) == 0 && all_views_show(space, 22, 0), "%s: release", name);
}

void test_nmap(long arg)
{
	(void)arg;
	nmap_topology_read(&topology);
	check(topology.numa && topology.nodes == 4, "numa-map: four nodes (%u seen)", topology.nodes);
	for (int kind = NMAP_MODULE; kind < NMAP_BACKENDS; kind++) {
		struct nmap_space *space = NULL;
		struct nmap_capabilities able;
		char error[NMAP_TEXT] = "";

		nmap_capabilities_read((enum nmap_backend_kind)kind, &able);
		check(able.usable, "%s: usable %s", able.name, able.usable ? "" : able.why);
		if (!check(nmap_space_create(&topology, SLOTS, (enum nmap_backend_kind)kind, &space, error) == 0,
			   "%s: create %s", able.name, error))
			continue;
		moves(space, able.name);
		copies(space, able.name);
		nmap_space_destroy(space);
	}
}
