/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Binding of threads and memory to host nodes. */
#include "nmap/topology.h"

#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <sched.h>

int nmap_bind_thread(const struct nmap_topology *topology, unsigned host)
{
	const struct nmap_node *node;
	cpu_set_t set;

	if (host >= topology->nodes)
		return -EINVAL;
	node = &topology->node[host];
	if (node->cpus == 0) /* memory-only node: any CPU will do */
		return 0;
	CPU_ZERO(&set);
	for (unsigned i = 0; i < node->cpus; i++)
		CPU_SET(node->cpu[i], &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

int nmap_bind_memory(const struct nmap_topology *topology, void *address, size_t length,
		     unsigned host)
{
	struct bitmask *mask;
	int status;

	if (host >= topology->nodes)
		return -EINVAL;
	if (!topology->numa)
		return 0;
	mask = numa_allocate_nodemask();
	if (!mask)
		return -ENOMEM;
	numa_bitmask_setbit(mask, (unsigned)topology->node[host].host_node);
	status = mbind(address, length, MPOL_BIND, mask->maskp, mask->size + 1, MPOL_MF_MOVE);
	status = status ? -errno : 0;
	numa_bitmask_free(mask);
	return status;
}

int nmap_node_of(const void *address)
{
	void *page = (void *)(uintptr_t)address;
	int status = -1;

	if (move_pages(0, 1, &page, NULL, &status, 0))
		return -errno;
	return status;
}
