/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set-associative cache: tags and MESI states, no data. */
#ifndef MEM_CPU_CACHE_H
#define MEM_CPU_CACHE_H

#include "emu/ccnuma.h"

enum line_state {
	LINE_INVALID,
	LINE_SHARED,
	LINE_EXCLUSIVE,
	LINE_MODIFIED,
};

struct cache_line {
	uint64_t tag;	/* pa of the line's first byte; meaningful unless invalid */
	uint64_t order; /* when it was last used (LRU) or filled (FIFO) */
	enum line_state state;
};

struct cpu_cache {
	struct cache_geometry geometry;
	uint32_t sets;
	unsigned line_shift;
	uint64_t clock; /* counts uses */
	uint64_t random;
	struct cache_line *lines; /* [set * ways + way] */
};

/* 0, or -EINVAL or -ENOMEM with a sentence naming the cache @name. */
int cpu_cache_create(struct cpu_cache *cache, const struct cache_geometry *geometry,
		     const char *name, uint64_t seed, struct error *error);
void cpu_cache_destroy(struct cpu_cache *cache);

static inline uint64_t cpu_cache_line_of(const struct cpu_cache *cache, uint64_t pa)
{
	return pa & ~(uint64_t)(cache->geometry.line - 1);
}

/* The line of @pa, or NULL when it is not there. Does not count as a use. */
struct cache_line *cpu_cache_find(const struct cpu_cache *cache, uint64_t pa);

/* Counts a use of @line for the replacement. */
void cpu_cache_use(struct cpu_cache *cache, struct cache_line *line);

/* The place where the line of @pa is to be put: an invalid one, or the one to replace. */
struct cache_line *cpu_cache_victim(struct cpu_cache *cache, uint64_t pa);

/* Puts the line of @pa at @place. */
void cpu_cache_fill(struct cpu_cache *cache, struct cache_line *place, uint64_t pa,
		    enum line_state state);

#endif
