// SPDX-License-Identifier: GPL-2.0-or-later
/* `disco host`: the host's nodes, and what a host NUMA run can use here. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disco.h"
#include "nmap/space.h"
#include "nmap/topology.h"

struct host_options {
	bool json;
	uint64_t nodes; /* simulated nodes to map; 0: none asked for */
	const char *map;
	int error;
};

enum { OPTION_NODES = 256, OPTION_MAP };

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0, "One JSON object on standard output", 0},
	{"nodes", OPTION_NODES, "N", 0, "Show where N simulated nodes would live (1 to 64)", 0},
	{"map", OPTION_MAP, "MAP", 0,
	 "How to map them: auto (default), one-to-one, or host nodes in order, like 0,0,1,1 or 0-3",
	 0},
	{0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct host_options *host = state->input;

	switch (key) {
	case 'j':
		host->json = true;
		return 0;
	case OPTION_NODES:
		if (parse_number(value, NMAP_MAX_NODES, &host->nodes) && host->nodes > 0)
			return 0;
		host->error = complain(DISCO_USAGE, "--nodes %s: allowed are 1 to %d", value,
				       NMAP_MAX_NODES);
		return EINVAL;
	case OPTION_MAP:
		host->map = value;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* "0-3,8" for the CPUs of @node. */
static void format_cpus(const struct nmap_node *node, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "none");
	for (unsigned i = 0; i < node->cpus && used < size;) {
		unsigned last = i;

		while (last + 1 < node->cpus && node->cpu[last + 1] == node->cpu[last] + 1)
			last++;
		used += (size_t)snprintf(text + used, size - used, last > i ? "%s%u-%u" : "%s%u",
					 i ? "," : "", node->cpu[i], node->cpu[last]);
		i = last + 1;
	}
}

static void print_nodes(const struct nmap_topology *topology)
{
	printf("%-6s %10s %10s  %s\n", "node", "memory", "free", "CPUs");
	for (unsigned i = 0; i < topology->nodes; i++) {
		const struct nmap_node *node = &topology->node[i];
		char memory[32], free_memory[32], cpus[256];

		format_size(node->memory >> 20 << 20, memory, sizeof(memory));
		format_size(node->free_memory >> 20 << 20, free_memory, sizeof(free_memory));
		format_cpus(node, cpus, sizeof(cpus));
		printf("%-6d %10s %10s  %s\n", node->host_node, memory, free_memory, cpus);
	}
}

static void print_distances(const struct nmap_topology *topology)
{
	printf("\ndistance (10 is local)\n%-6s", "");
	for (unsigned to = 0; to < topology->nodes; to++)
		printf(" %4d", topology->node[to].host_node);
	for (unsigned from = 0; from < topology->nodes; from++) {
		printf("\n%-6d", topology->node[from].host_node);
		for (unsigned to = 0; to < topology->nodes; to++)
			printf(" %4u", topology->distance[from][to]);
	}
	printf("\n");
}

static void print_host(const struct nmap_topology *topology, const struct nmap_map *map)
{
	static const char *const words[] = {"no", "yes"};

	print_nodes(topology);
	print_distances(topology);
	printf("\n%-22s %s%s%s\n", "NUMA system calls", words[topology->numa],
	       topology->numa ? "" : ": ", topology->why);
	printf("%-22s %s%s\n", "NUMA balancing", words[topology->balancing],
	       topology->balancing ? ": it moves pages on its own; set kernel.numa_balancing=0"
				   : "");
	for (int kind = NMAP_MODULE; kind < NMAP_BACKENDS; kind++) {
		struct nmap_capabilities able;
		char label[32];

		nmap_capabilities_read((enum nmap_backend_kind)kind, &able);
		snprintf(label, sizeof(label), "back end %s", able.name);
		printf("%-22s %s%s%s\n", label, words[able.usable], able.why[0] ? ": " : "",
		       able.why);
	}
	if (!map->nodes)
		return;
	printf("\nsimulated node -> host node%s\n", map->folded ? " (folded)" : "");
	for (unsigned i = 0; i < map->nodes; i++)
		printf("  %2u -> %d\n", i, topology->node[map->host[i]].host_node);
}

static json_t *json_node(const struct nmap_topology *topology, unsigned index)
{
	const struct nmap_node *node = &topology->node[index];
	json_t *cpus = json_array(), *distance = json_array();

	for (unsigned i = 0; i < node->cpus; i++)
		json_array_append_new(cpus, json_integer(node->cpu[i]));
	for (unsigned to = 0; to < topology->nodes; to++)
		json_array_append_new(distance, json_integer(topology->distance[index][to]));
	return json_pack("{s:i, s:I, s:I, s:o, s:o}", "node", node->host_node, "memory_bytes",
			 (json_int_t)node->memory, "free_bytes", (json_int_t)node->free_memory,
			 "cpus", cpus, "distance", distance);
}

static json_t *json_backends(void)
{
	json_t *backends = json_array();

	for (int kind = NMAP_MODULE; kind < NMAP_BACKENDS; kind++) {
		struct nmap_capabilities able;

		nmap_capabilities_read((enum nmap_backend_kind)kind, &able);
		json_array_append_new(backends,
				      json_pack("{s:s, s:b, s:b, s:b, s:I, s:s}", "name", able.name,
						"usable", able.usable, "one_flush", able.one_flush,
						"counters", able.counters, "max_slots",
						(json_int_t)able.max_slots, "why", able.why));
	}
	return backends;
}

static int print_json(const struct nmap_topology *topology, const struct nmap_map *map)
{
	json_t *nodes = json_array(), *mapped = json_array(), *root;
	int status;

	for (unsigned i = 0; i < topology->nodes; i++)
		json_array_append_new(nodes, json_node(topology, i));
	for (unsigned i = 0; i < map->nodes; i++)
		json_array_append_new(mapped, json_integer(topology->node[map->host[i]].host_node));
	root = json_pack("{s:s, s:b, s:s, s:b, s:o, s:o, s:o}", "schema", "disco-host-1", "numa",
			 topology->numa, "why", topology->why, "numa_balancing",
			 topology->balancing, "nodes", nodes, "backends", json_backends(), "map",
			 mapped);
	if (!root)
		return complain(DISCO_FAILED, "out of memory");
	status = json_dumpf(root, stdout, JSON_INDENT(2));
	json_decref(root);
	if (status || printf("\n") < 0 || fflush(stdout))
		return complain(DISCO_FAILED, "cannot write the JSON to standard output");
	return DISCO_OK;
}

int command_host(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Shows the host's NUMA nodes, and what a host NUMA run can use here.",
	};
	static struct nmap_topology topology;
	struct host_options host = {0};
	struct nmap_map map = {0};
	char error[NMAP_TEXT];
	int status = parse_options(&argp, "host", argc, argv, 0, &host, &host.error);

	if (status)
		return status < 0 ? DISCO_OK : status;
	nmap_topology_read(&topology);
	if (host.map && !host.nodes)
		return complain(DISCO_USAGE, "--map needs --nodes");
	if (host.nodes && nmap_map_nodes(&topology, (unsigned)host.nodes, host.map, &map, error))
		return complain(DISCO_USAGE, "%s", error);
	if (host.json)
		return print_json(&topology, &map);
	print_host(&topology, &map);
	return DISCO_OK;
}
