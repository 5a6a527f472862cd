/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's NUMA topology, the mapping of simulated nodes onto it, and binding of threads and
 * memory. A host without NUMA (or without libnuma's system calls) is one node with everything on
 * it, and says so in `why`.
 */
#ifndef NMAP_TOPOLOGY_H
#define NMAP_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NMAP_MAX_NODES 64
#define NMAP_MAX_CPUS  1024
#define NMAP_TEXT      160

struct nmap_node {
	int host_node;		     /* the kernel's number */
	uint64_t memory;	     /* bytes */
	uint64_t free_memory;	     /* bytes when read */
	unsigned cpus;		     /* CPUs of this node that this process may use */
	uint16_t cpu[NMAP_MAX_CPUS]; /* their numbers, ascending */
};

struct nmap_topology {
	unsigned nodes; /* nodes that have memory this process may use, 1..NMAP_MAX_NODES */
	struct nmap_node node[NMAP_MAX_NODES];
	uint8_t distance[NMAP_MAX_NODES][NMAP_MAX_NODES]; /* SLIT: 10 is local */
	bool numa;					  /* the kernel has NUMA system calls */
	bool balancing;	     /* automatic NUMA balancing is on (it would move our pages) */
	char why[NMAP_TEXT]; /* why numa is false; empty otherwise */
};

/* Reads the topology of the host. Never fails: what cannot be read is as on a one-node host. */
void nmap_topology_read(struct nmap_topology *topology);

/* Which host node (an index into topology->node) each simulated node lives on. */
struct nmap_map {
	unsigned nodes; /* simulated nodes */
	uint8_t host[NMAP_MAX_NODES];
	bool folded; /* several simulated nodes share a host node */
};

/*
 * Maps @nodes simulated nodes. @text: NULL or "auto": one to one while host nodes last, then folded
 * round and round; "one-to-one": the same, but an error where host nodes are fewer; or a list of
 * kernel node numbers, one a simulated node, with ranges: "0,0,1,1" or "0-3". Returns 0 or -EINVAL
 * with one sentence in @error (NMAP_TEXT bytes).
 */
int nmap_map_nodes(const struct nmap_topology *topology, unsigned nodes, const char *text,
		   struct nmap_map *map, char *error);

/* Binds the calling thread to the CPUs of host node index @host. 0 or a negative errno. */
int nmap_bind_thread(const struct nmap_topology *topology, unsigned host);

/* Binds [address, address + length), page-aligned, to host node index @host; pages already there
 * elsewhere are moved. Does nothing on a host without NUMA. 0 or a negative errno. */
int nmap_bind_memory(const struct nmap_topology *topology, void *address, size_t length,
		     unsigned host);

/* The kernel's node of the page at @address: >= 0, or a negative errno (-ENOENT: not present). */
int nmap_node_of(const void *address);

#endif
