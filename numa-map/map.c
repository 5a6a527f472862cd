/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which host node each simulated node lives on. */
#include "nmap/topology.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(char *error, const char *what, const char *text, unsigned a, unsigned b)
{
	char head[80];

	snprintf(head, sizeof(head), what, a, b);
	snprintf(error, NMAP_TEXT, "node map \"%.40s\": %s", text, head);
	return -EINVAL;
}

/* Index of the kernel's node @number, or -1. */
static int find_host(const struct nmap_topology *topology, unsigned long number)
{
	for (unsigned i = 0; i < topology->nodes; i++) {
		if ((unsigned long)topology->node[i].host_node == number)
			return (int)i;
	}
	return -1;
}

/* A number or a range at *text, which is moved behind it. */
static bool parse_range(const char **text, unsigned long *first, unsigned long *last)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	*first = *last = strtoul(*text, &end, 10);
	if (*end == '-') {
		if (!isdigit((unsigned char)end[1]))
			return false;
		*last = strtoul(end + 1, &end, 10);
	}
	*text = end;
	return *first <= *last;
}

static int map_list(const struct nmap_topology *topology, const char *text, struct nmap_map *map,
		    char *error)
{
	const char *at = text;
	unsigned count = 0;

	for (;;) {
		unsigned long first, last;

		if (!parse_range(&at, &first, &last))
			return fail(error, "expected auto, one-to-one or a list like 0,0,1 or 0-3",
				    text, 0, 0);
		for (unsigned long number = first; number <= last; number++) {
			int host = find_host(topology, number);

			if (host < 0)
				return fail(error, "the host has no node %u", text,
					    (unsigned)number, 0);
			if (count == map->nodes)
				return fail(error, "more than %u nodes", text, map->nodes, 0);
			map->host[count++] = (uint8_t)host;
		}
		if (*at == '\0')
			break;
		if (*at++ != ',')
			return fail(error, "expected a comma between node numbers", text, 0, 0);
	}
	if (count != map->nodes)
		return fail(error, "%u nodes listed, the machine has %u", text, count, map->nodes);
	return 0;
}

static bool is_folded(const struct nmap_map *map)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i < map->nodes; i++) {
		uint64_t bit = UINT64_C(1) << map->host[i];

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

int nmap_map_nodes(const struct nmap_topology *topology, unsigned nodes, const char *text,
		   struct nmap_map *map, char *error)
{
	bool automatic = !text || !strcmp(text, "auto");

	memset(map, 0, sizeof(*map));
	map->nodes = nodes;
	if (nodes == 0 || nodes > NMAP_MAX_NODES)
		return fail(error, "%u nodes, allowed are 1 to %u", text ? text : "auto", nodes,
			    NMAP_MAX_NODES);
	if (automatic || !strcmp(text, "one-to-one")) {
		if (!automatic && nodes > topology->nodes)
			return fail(error, "%u nodes, but the host has %u", text, nodes,
				    topology->nodes);
		for (unsigned i = 0; i < nodes; i++)
			map->host[i] = (uint8_t)(i % topology->nodes);
	} else {
		int status = map_list(topology, text, map, error);

		if (status)
			return status;
	}
	map->folded = is_folded(map);
	return 0;
}
