/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine files: the shape of a simulated machine, in libconfig syntax. docs/machine-files.md
 * describes the keys; machine_file.c holds them as a table with their ranges.
 */
#ifndef MACHINE_FILE_H
#define MACHINE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/ccnuma.h"
#include "emu/machine.h"

struct cache_shape {
	uint64_t size; /* bytes; 0: no such cache */
	uint64_t ways;
	uint64_t line;	      /* bytes */
	uint64_t hit_cycles;  /* beyond the one cycle of the instruction */
	uint64_t replacement; /* enum cache_replacement */
};

enum topology {
	TOPOLOGY_UNIFORM, /* all nodes one hop apart */
	TOPOLOGY_RING,
	TOPOLOGY_MESH,	    /* two-dimensional, as square as the number of nodes allows */
	TOPOLOGY_HYPERCUBE, /* the number of nodes is a power of two */
	TOPOLOGIES,
};

/* What memory model `ccnuma` is to use. Times in nanoseconds without contention. */
struct memory_shape {
	struct cache_shape l1i, l1d, l2;
	uint64_t topology;	/* enum topology */
	uint64_t local_ns;	/* L2 miss served by the node's own memory */
	uint64_t remote_ns;	/* by memory one hop away */
	uint64_t hop_ns;	/* for each hop beyond the first */
	uint64_t dirty_ns;	/* added when a third node's cache holds the line dirty */
	uint64_t upgrade_ns;	/* write to a shared line, home local; plus the distance */
	uint64_t directory_ns;	/* occupancy of directory and memory by one request */
	uint64_t link_ns;	/* occupancy of a link by one line */
	uint64_t hot_threshold; /* misses of a node on a page that make it hot */
	bool interleaved;	/* pages go round the nodes; else each has one range */
};

struct machine_file {
	struct machine_config config;
	char description[128];
	uint64_t cpus_per_node;
	uint64_t memory_per_node;
	struct memory_shape memory;
};

/*
 * Reads the machine file @name: a path, or the name of one of those that come with the program.
 * Complains with file and line about everything that is wrong, and returns false.
 */
bool machine_file_read(const char *name, struct machine_file *file);

/* Hops between nodes @a and @b (0 when equal). */
unsigned machine_file_hops(const struct machine_file *file, unsigned a, unsigned b);

/* Nodes in a row of a mesh of @nodes. */
unsigned machine_file_mesh_width(unsigned nodes);

/* Latency of a clean miss from node @a to memory of node @b, in nanoseconds. */
uint64_t machine_file_latency(const struct machine_file *file, unsigned a, unsigned b);

/* The configuration of memory model `ccnuma` that @file describes, in cycles of its clock; cpus,
 * nodes and memory are left to the machine. */
void machine_file_ccnuma(const struct machine_file *file, struct ccnuma_config *config);

extern const char *const replacement_names[REPLACEMENTS + 1];
extern const char *const topology_names[TOPOLOGIES + 1];

#endif
