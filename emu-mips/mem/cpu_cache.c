/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cpu_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
}

static struct cache_line *set_of(const struct cpu_cache *cache, uint64_t pa)
{
	size_t set = (pa >> cache->line_shift) & (cache->sets - 1);

	return &cache->lines[set * cache->geometry.ways];
}

struct cache_line *cpu_cache_find(const struct cpu_cache *cache, uint64_t pa)
{
	struct cache_line *line = set_of(cache, pa);
	uint64_t tag = cpu_cache_line_of(cache, pa);

	for (unsigned way = 0; way < cache->geometry.ways; way++, line++) {
		if (line->tag == tag && line->state != LINE_INVALID)
			return line;
	}
	return NULL;
}

void cpu_cache_use(struct cpu_cache *cache, struct cache_line *line)
{
	if (cache->geometry.replacement == REPLACE_LRU)
		line->order = ++cache->clock;
}

/* xorshift64: random, and the same in every run. */
static uint64_t next_random(struct cpu_cache *cache)
{
	cache->random ^= cache->random << 13;
	cache->random ^= cache->random >> 7;
	cache->random ^= cache->random << 17;
	return cache->random;
}

struct cache_line *cpu_cache_victim(struct cpu_cache *cache, uint64_t pa)
{
	struct cache_line *set = set_of(cache, pa), *oldest = set;

	for (unsigned way = 0; way < cache->geometry.ways; way++) {
		if (set[way].state == LINE_INVALID)
			return &set[way];
		if (set[way].order < oldest->order)
			oldest = &set[way];
	}
	if (cache->geometry.replacement == REPLACE_RANDOM && cache->geometry.ways > 1)
		return &set[next_random(cache) % cache->geometry.ways];
	return oldest;
}

void cpu_cache_fill(struct cpu_cache *cache, struct cache_line *place, uint64_t pa,
		    enum line_state state)
{
	place->tag = cpu_cache_line_of(cache, pa);
	place->state = state;
	place->order = ++cache->clock;
}
