/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set-associative cache: tags and MESI states, no data. */
#ifndef MEM_CPU_CACHE_H
#define MEM_CPU_CACHE_H

#include <stddef.h>

#include "emu/ccnuma.h"

enum line_state {
	LINE_INVALID,
	LINE_SHARED,
	LINE_EXCLUSIVE,
	LINE_MODIFIED,
};

struct cache_line {
	uint32_t number; /* pa / line size; meaningful unless invalid */
	uint8_t state;	 /* enum line_state */
	uint8_t above;	 /* second level: HELD_BY_* of first levels that may have lines of it */
};

#define HELD_BY_L1I 1u
#define HELD_BY_L1D 2u

struct cpu_cache {
	struct cache_geometry geometry;
	uint32_t sets;
	unsigned line_shift;
	uint64_t random;
	struct cache_line *lines; /* [set * ways + way]; a set's latest used or filled first */
	uint8_t *rights;	  /* first levels: enum line_right of each line of memory, or NULL:
				     accesses must be asked about one by one */
	size_t rights_size;
};

/* 0, or -EINVAL or -ENOMEM with a sentence naming the cache @name. */
int cpu_cache_create(struct cpu_cache *cache, const struct cache_geometry *geometry,
		     const char *name, uint64_t seed, struct error *error);
void cpu_cache_destroy(struct cpu_cache *cache);

/* Keeps cache->rights for @memory bytes from now on; 0 or -ENOMEM. */
int cpu_cache_keep_rights(struct cpu_cache *cache, uint64_t memory);

static inline struct cache_line *cpu_cache_set(const struct cpu_cache *cache, uint64_t pa)
{
	return &cache->lines[((pa >> cache->line_shift) & (cache->sets - 1)) *
			     cache->geometry.ways];
}

/* pa of @line's first byte. */
static inline uint64_t cpu_cache_line_pa(const struct cpu_cache *cache,
					 const struct cache_line *line)
{
	return (uint64_t)line->number << cache->line_shift;
}

/* The line of @pa, or NULL when it is not there. Does not count as a use. The pointer is good until
 * the next use or filling of its set. */
static inline struct cache_line *cpu_cache_find(const struct cpu_cache *cache, uint64_t pa)
{
	struct cache_line *line = cpu_cache_set(cache, pa);
	uint32_t number = (uint32_t)(pa >> cache->line_shift);

	/* The host cannot foresee which of two it is: no branch. */
	if (cache->geometry.ways == 2) {
		line += line[1].number == number && line[1].state != LINE_INVALID;
		return line->number == number && line->state != LINE_INVALID ? line : NULL;
	}
	for (unsigned way = 0; way < cache->geometry.ways; way++, line++) {
		if (line->number == number && line->state != LINE_INVALID)
			return line;
	}
	return NULL;
}

uint64_t cpu_cache_random(struct cpu_cache *cache);

/* @line comes first in the set that begins at @set; those before it move back by one. */
static inline struct cache_line *cpu_cache_to_front(struct cache_line *set, struct cache_line *line)
{
	struct cache_line kept = *line;

	if (line == set + 1) { /* as often as not, of two ways */
		*line = *set;
		*set = kept;
		return set;
	}
	for (; line > set; line--)
		*line = line[-1];
	*set = kept;
	return set;
}

/* Counts a use of @line, that of @pa, for the replacement; returns where it is then. */
static inline struct cache_line *cpu_cache_use(const struct cpu_cache *cache,
					       struct cache_line *line, uint64_t pa)
{
	if (cache->geometry.replacement != REPLACE_LRU)
		return line;
	return cpu_cache_to_front(cpu_cache_set(cache, pa), line);
}

/* The place where the line of @pa is to be put: an invalid one, or the one to replace. */
static inline struct cache_line *cpu_cache_victim(struct cpu_cache *cache, uint64_t pa)
{
	struct cache_line *set = cpu_cache_set(cache, pa);
	unsigned ways = cache->geometry.ways;

	for (unsigned way = 0; way < ways; way++) {
		if (set[way].state == LINE_INVALID)
			return &set[way];
	}
	if (cache->geometry.replacement == REPLACE_RANDOM && ways > 1)
		return &set[cpu_cache_random(cache) % ways];
	return &set[ways - 1];
}

/* Puts the line of @pa at @place; returns where it is then. */
static inline struct cache_line *cpu_cache_fill(const struct cpu_cache *cache,
						struct cache_line *place, uint64_t pa,
						enum line_state state)
{
	place->number = (uint32_t)(pa >> cache->line_shift);
	place->state = (uint8_t)state;
	place->above = 0;
	return cpu_cache_to_front(cpu_cache_set(cache, pa), place);
}

#endif
