/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the host's NUMA topology through libnuma. */
#include "nmap/topology.h"

#include <errno.h>
#include <numa.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOCAL_DISTANCE 10

static void read_cpus(struct nmap_node *node, const struct bitmask *of_node)
{
	_Static_assert(NMAP_MAX_CPUS <= CPU_SETSIZE, "cpu_set_t holds every CPU number");
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		CPU_ZERO(&allowed);
	for (unsigned cpu = 0; cpu < NMAP_MAX_CPUS; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		if (!of_node || numa_bitmask_isbitset(of_node, cpu))
			node->cpu[node->cpus++] = (uint16_t)cpu;
	}
}

static bool read_balancing(void)
{
	FILE *file = fopen("/proc/sys/kernel/numa_balancing", "re");
	int value = 0;

	if (!file)
		return false;
	if (fscanf(file, "%d", &value) != 1)
		value = 0;
	fclose(file);
	return value != 0;
}

static void one_node(struct nmap_topology *topology, const char *why)
{
	struct nmap_node *node = &topology->node[0];
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	topology->nodes = 1;
	topology->distance[0][0] = LOCAL_DISTANCE;
	snprintf(topology->why, sizeof(topology->why), "%s", why);
	node->host_node = 0;
	node->memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * page;
	node->free_memory = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * page;
	read_cpus(node, NULL);
}

static void read_node(struct nmap_topology *topology, int host_node)
{
	struct nmap_node *node = &topology->node[topology->nodes];
	struct bitmask *cpus;
	long long free_memory = 0;
	long long memory = numa_node_size64(host_node, &free_memory);

	if (memory <= 0)
		return;
	node->host_node = host_node;
	node->memory = (uint64_t)memory;
	node->free_memory = free_memory > 0 ? (uint64_t)free_memory : 0;
	cpus = numa_allocate_cpumask();
	if (cpus && !numa_node_to_cpus(host_node, cpus))
		read_cpus(node, cpus);
	numa_bitmask_free(cpus);
	topology->nodes++;
}

static void read_distances(struct nmap_topology *topology)
{
	for (unsigned from = 0; from < topology->nodes; from++) {
		for (unsigned to = 0; to < topology->nodes; to++) {
			int distance = numa_distance(topology->node[from].host_node,
						     topology->node[to].host_node);

			if (distance <= 0) /* the firmware does not say */
				distance = from == to ? LOCAL_DISTANCE : 2 * LOCAL_DISTANCE;
			topology->distance[from][to] = (uint8_t)distance;
		}
	}
}

void nmap_topology_read(struct nmap_topology *topology)
{
	struct bitmask *allowed;

	memset(topology, 0, sizeof(*topology));
	if (numa_available() < 0) {
		one_node(topology, "the kernel has no NUMA system calls (CONFIG_NUMA)");
		return;
	}
	topology->numa = true;
	topology->balancing = read_balancing();
	allowed = numa_get_mems_allowed();
	for (int node = 0; node <= numa_max_node() && topology->nodes < NMAP_MAX_NODES; node++) {
		if (!allowed || numa_bitmask_isbitset(allowed, (unsigned)node))
			read_node(topology, node);
	}
	numa_bitmask_free(allowed);
	if (topology->nodes == 0) {
		topology->numa = false;
		one_node(topology, "no node with memory that this process may use");
		return;
	}
	read_distances(topology);
}
