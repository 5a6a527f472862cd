/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory model `ccnuma`: what an access costs on a cache-coherent NUMA machine, and where it was
 * served from. Each CPU has split first-level caches and a unified second-level one that includes
 * them; a directory at the home node of each line keeps the second-level caches coherent (MESI,
 * full bit vector). Data stay in the machine's RAM: the model keeps tags and states only.
 *
 * Costs are in CPU cycles, on top of the one cycle of the instruction. A request that goes to the
 * directory waits while the directory (with the memory behind it) is occupied by earlier ones.
 *
 * All functions are deterministic; a CPU's accesses are made on the thread that runs the machine.
 */
#ifndef EMU_CCNUMA_H
#define EMU_CCNUMA_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/cpu.h"
#include "emu/error.h"

#define CCNUMA_MAX_CPUS	 64
#define CCNUMA_MAX_NODES 64

enum cache_replacement {
	REPLACE_LRU,
	REPLACE_FIFO,
	REPLACE_RANDOM,
	REPLACEMENTS,
};

struct cache_geometry {
	uint32_t size; /* bytes, ways * line * a power of two */
	uint32_t ways; /* 1..32 */
	uint32_t line; /* bytes, a power of two, 16..512 */
	uint32_t hit_cycles;
	enum cache_replacement replacement;
};

struct ccnuma_config {
	unsigned cpus, nodes;
	uint8_t node_of[CCNUMA_MAX_CPUS]; /* node of each CPU */
	struct cache_geometry l1i, l1d, l2;
	uint32_t miss_cycles[CCNUMA_MAX_NODES][CCNUMA_MAX_NODES]; /* clean miss: node, home */
	uint32_t dirty_cycles;	   /* added when a third cache holds the line modified */
	uint32_t upgrade_cycles;   /* write to a shared line whose home is local; a remote home adds
				      the difference of its miss to a local one */
	uint32_t directory_cycles; /* occupancy of the home by one request */
	uint64_t memory;	   /* bytes of RAM in all */
	bool interleaved;	   /* pages go round the nodes; else each node has one range */
	uint64_t seed;		   /* of random replacement */
};

/* Where an access was served, and why it missed. */
enum ccnuma_level {
	LEVEL_L1,
	LEVEL_L2,
	LEVEL_LOCAL, /* memory of the own node */
	LEVEL_REMOTE_CLEAN,
	LEVEL_REMOTE_DIRTY, /* another CPU's cache, by way of the home */
	LEVEL_UPGRADE,	    /* the line was there, the right to write was not */
	LEVELS,
};

enum ccnuma_cause {
	CAUSE_COLD,	     /* this CPU's first use of the line */
	CAUSE_CAPACITY,	     /* or conflict: it was replaced here */
	CAUSE_TRUE_SHARING,  /* invalidated by a write to the 8 bytes now used */
	CAUSE_FALSE_SHARING, /* invalidated by a write to others of the line */
	CAUSE_UPGRADE,
	CAUSES,
};

/* Counters of one CPU. */
struct ccnuma_stats {
	uint64_t accesses[3]; /* by enum access; only those the model was asked about: no
				 first-level hits, but first writes to lines held exclusive, and
				 with LRU those that change the order in a set */
	uint64_t level[3][LEVELS];
	uint64_t cause[CAUSES];		      /* second-level misses and upgrades */
	uint64_t local_misses, remote_misses; /* by the home's node */
	uint64_t stall_cycles[LEVELS];
	uint64_t queue_cycles;	/* of them, waiting for an occupied directory */
	uint64_t invalidations; /* lines taken away by others */
	uint64_t writebacks;
	uint64_t uncached, uncached_cycles;
};

struct ccnuma_result {
	uint32_t cycles;
	uint8_t level; /* enum ccnuma_level */
	/* Meaningful above LEVEL_L2. */
	uint8_t cause; /* enum ccnuma_cause */
	uint8_t home;  /* node */
	bool remote;   /* it is not the CPU's */
};

/*
 * What a CPU may do with a line of memory without asking the model: the access hits in the first
 * level and changes nothing. Compared by size: what may be written may be read.
 */
enum line_right {
	RIGHT_NONE,
	RIGHT_READ,
	RIGHT_WRITE,
};

/* What the owner hears of. @pa: of the line. */
struct ccnuma_observer {
	/* @cpu's caches lost a line of second-level size. */
	void (*line_lost)(void *opaque, unsigned cpu, uint64_t pa, unsigned length);
	/* A second-level miss of @cpu's node on the page of @pa was served by @home. */
	void (*miss)(void *opaque, unsigned cpu, uint64_t pa, unsigned home, bool write);
	/* @cpu was told @result, which may cost cycles; with misses_only, one above LEVEL_L2. */
	void (*answered)(void *opaque, unsigned cpu, uint64_t pa, bool write,
			 const struct ccnuma_result *result);
	bool misses_only;
	void *opaque;
};

struct ccnuma;

/* Checks @config and builds the model; NULL with @error set when something is out of range. */
struct ccnuma *ccnuma_create(const struct ccnuma_config *config,
			     const struct ccnuma_observer *observer, struct error *error);
void ccnuma_destroy(struct ccnuma *ccnuma);

/*
 * The rights of @cpu, fetching or by data accesses: a byte (enum line_right) for each line of RAM
 * of 1 << *@shift bytes, good as long as the model. Accesses with the right need not be asked
 * about: they change nothing. With LRU only the line used last in its set has one. NULL: every
 * access must be asked about, because hits cost cycles.
 */
const uint8_t *ccnuma_rights(const struct ccnuma *ccnuma, unsigned cpu, bool fetch,
			     unsigned *shift);

/* Access of @cpu to @pa (RAM offset, not crossing a first-level line) at its cycle @now. */
struct ccnuma_result ccnuma_access(struct ccnuma *ccnuma, unsigned cpu, uint64_t pa,
				   enum access access, uint64_t now);

/* An uncached access of @cpu to @pa at its cycle @now: its cycles. */
uint32_t ccnuma_uncached(struct ccnuma *ccnuma, unsigned cpu, uint64_t pa, uint64_t now);

/* A device reads or writes the range: caches are made clean, or lose it. Costs nobody a cycle. */
void ccnuma_dma(struct ccnuma *ccnuma, uint64_t pa, uint64_t length, bool write);

/* Whether @cpu's caches have the line of @pa. */
bool ccnuma_holds(const struct ccnuma *ccnuma, unsigned cpu, uint64_t pa);

/* The home node of @pa. */
unsigned ccnuma_home(const struct ccnuma *ccnuma, uint64_t pa);

const struct ccnuma_stats *ccnuma_stats(const struct ccnuma *ccnuma, unsigned cpu);
void ccnuma_stats_reset(struct ccnuma *ccnuma);

/* Whether the directory and the caches agree (tests): every cached line is listed with its state,
 * every listed sharer has it, first levels are included in second ones. */
bool ccnuma_consistent(const struct ccnuma *ccnuma);

#endif
