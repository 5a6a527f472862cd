// SPDX-License-Identifier: GPL-2.0-or-later
/* From a machine file's nanoseconds to the memory model's cycles. */
#include <string.h>

#include "machine_file.h"

#define NS_PER_US 1000

static uint32_t cycles(const struct machine_file *file, uint64_t ns)
{
	return (uint32_t)((ns * file->config.cpu.clock_mhz + NS_PER_US / 2) / NS_PER_US);
}

static struct cache_geometry geometry(const struct cache_shape *cache)
{
	return (struct cache_geometry){
		.size = (uint32_t)cache->size,
		.ways = (uint32_t)cache->ways,
		.line = (uint32_t)cache->line,
		.hit_cycles = (uint32_t)cache->hit_cycles,
		.replacement = (enum cache_replacement)cache->replacement,
	};
}

void machine_file_ccnuma(const struct machine_file *file, struct ccnuma_config *config)
{
	const struct memory_shape *memory = &file->memory;

	memset(config, 0, sizeof(*config));
	config->l1i = geometry(&memory->l1i);
	config->l1d = geometry(&memory->l1d);
	config->l2 = geometry(&memory->l2);
	for (unsigned from = 0; from < file->config.nodes; from++) {
		for (unsigned to = 0; to < file->config.nodes; to++)
			config->miss_cycles[from][to] =
				cycles(file, machine_file_latency(file, from, to));
	}
	config->dirty_cycles = cycles(file, memory->dirty_ns);
	config->upgrade_cycles = cycles(file, memory->upgrade_ns);
	config->directory_cycles = cycles(file, memory->directory_ns);
	config->interleaved = memory->interleaved;
	config->seed = file->config.seed;
}
