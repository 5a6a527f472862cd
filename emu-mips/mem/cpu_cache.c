/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cpu_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static bool power_of_two(uint64_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

static int check(const struct cache_geometry *geometry, const char *name, struct error *error)
{
	if (!power_of_two(geometry->line) || geometry->line < 16 || geometry->line > 512)
		return error_set(error, -EINVAL,
				 "%s: line of %u bytes; allowed are powers of two from 16 to 512",
				 name, geometry->line);
	if (geometry->ways == 0 || geometry->ways > 32)
		return error_set(error, -EINVAL, "%s: %u ways; allowed are 1 to 32", name,
				 geometry->ways);
	if (geometry->size % (geometry->ways * geometry->line) ||
	    !power_of_two(geometry->size / (geometry->ways * geometry->line)))
		return error_set(error, -EINVAL,
				 "%s: size of %u bytes is not %u ways of a power of two of lines",
				 name, geometry->size, geometry->ways);
	if (geometry->replacement >= REPLACEMENTS)
		return error_set(error, -EINVAL, "%s: unknown replacement", name);
	return 0;
}

int cpu_cache_create(struct cpu_cache *cache, const struct cache_geometry *geometry,
		     const char *name, uint64_t seed, struct error *error)
{
	int status = check(geometry, name, error);

	if (status)
		return status;
	memset(cache, 0, sizeof(*cache));
	cache->geometry = *geometry;
	cache->sets = geometry->size / (geometry->ways * geometry->line);
	cache->line_shift = (unsigned)__builtin_ctz(geometry->line);
	cache->random = seed | 1;
	cache->lines = calloc((size_t)cache->sets * geometry->ways, sizeof(*cache->lines));
	return cache->lines ? 0 : error_set(error, -ENOMEM, "%s: out of memory", name);
}

void cpu_cache_destroy(struct cpu_cache *cache)
{
	free(cache->lines);
	cache->lines = NULL;
	if (cache->rights)
		munmap(cache->rights, cache->rights_size);
	cache->rights = NULL;
}

int cpu_cache_keep_rights(struct cpu_cache *cache, uint64_t memory)
{
	void *rights;

	cache->rights_size = memory >> cache->line_shift;
	rights = mmap(NULL, cache->rights_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cache->rights = rights == MAP_FAILED ? NULL : rights;
	return cache->rights ? 0 : -ENOMEM;
}

/* xorshift64: random, and the same in every run. */
uint64_t cpu_cache_random(struct cpu_cache *cache)
{
	cache->random ^= cache->random << 13;
	cache->random ^= cache->random >> 7;
	cache->random ^= cache->random << 17;
	return cache->random;
}
