/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to do with a page that a remote node misses on often: a pure function of its counters and
 * state. It knows no machine and serves simulated and host NUMA alike.
 *
 * After Verghese, Devine, Gupta, Rosenblum, "Operating System Support for Improving Data Locality
 * on CC-NUMA Compute Servers", ASPLOS 1996: hot? - shared by others? - written? - moved too often?
 */
#ifndef VMM_POLICY_H
#define VMM_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#define POLICY_MAX_NODES 64

/* Counts are of sampled misses in one reset interval. */
struct policy_parameters {
	bool migrate, replicate;
	uint16_t threshold;  /* misses of one node that make a page hot */
	uint16_t sharing;    /* misses of another node from which on the page is shared */
	uint16_t write;	     /* writes beyond which a page is not replicated */
	uint16_t move_limit; /* migrations, and collapses, of one page in an interval */
	uint16_t split; /* hot pages of a large page in an interval from which on it is split */
};

/*
 * Good values. Those of that paper, as recalled, are 128, 32, 1, 1, 100 ms: made for a move that
 * cost IRIX some 450 us. Here it costs an eighth, so that a page is moved at half the misses; and
 * within a quarter of the time, so that what was written once is read-only the sooner. The split
 * threshold is three eighths of a block of 512 KiB: IRIX had no large pages.
 */
#define POLICY_THRESHOLD   64
#define POLICY_SHARING	   16
#define POLICY_WRITE	   1
#define POLICY_MOVE_LIMIT  1
#define POLICY_SPLIT	   48
#define POLICY_INTERVAL_MS 25

struct policy_page {
	unsigned nodes;		/* 1..POLICY_MAX_NODES */
	const uint16_t *misses; /* by node */
	uint16_t writes;	/* of all nodes */
	unsigned hot;		/* the node that the page became hot for */
	uint64_t copies;	/* nodes that have the page or a replica, a bit each; not empty */
	uint16_t migrations;	/* in this interval */
	uint16_t collapses;	/* likewise */
	bool large;		/* part of a large page, which a move would split */
	uint16_t asked;		/* hot pages of it in this interval, with this one */
	bool frozen;		/* its replicas were written too soon to make new ones */
	bool recent;		/* migrated lately, in this interval or before */
	bool loaded;		/* its node serves far more misses than the hot one */
	bool tight;		/* the nodes that would get replicas are short of memory */
	bool busy;		/* a device is at work on it */
};

enum policy_action {
	POLICY_NONE,	  /* nothing is called for */
	POLICY_LEAVE,	  /* hot, but must or may not be moved */
	POLICY_MIGRATE,	  /* to decision.to */
	POLICY_REPLICATE, /* onto decision.nodes */
	POLICY_COLLAPSE,  /* the replicas are given up */
	POLICY_REMAP,	  /* the hot node has a copy but uses another one */
	POLICY_FETCH,	  /* not of policy_decide(): a node has got what was decided before */
	POLICY_ACTIONS,
};

enum policy_reason {
	POLICY_COLD,	      /* none: below the threshold */
	POLICY_LOCAL,	      /* none: the only copy is where it is used */
	POLICY_BUSY,	      /* leave: a device is at work on it */
	POLICY_WRITE_SHARED,  /* leave: several nodes use it and it is, or was lately, written */
	POLICY_MOVE_LIMITED,  /* leave: moved often enough in this interval */
	POLICY_MEMORY_TIGHT,  /* leave: no memory for replicas; collapse: memory has run out */
	POLICY_LARGE_PAGE,    /* leave: its large page has too few hot pages to be split */
	POLICY_MIGRATE_OFF,   /* leave: used by one node, and migration is off */
	POLICY_REPLICATE_OFF, /* leave: read by several nodes, and replication is off */
	POLICY_ONE_NODE,      /* migrate: used by one node */
	POLICY_MOST_USED,     /* migrate: shared, not to be replicated, used most by the hot node */
	POLICY_HOME_LOADED,   /* migrate: likewise, and its node has too much to serve */
	POLICY_READ_SHARED,   /* replicate: read by several nodes */
	POLICY_READ_ONLY,     /* replicate: read by one node, and migration is off */
	POLICY_WRITTEN,	      /* collapse: a page with replicas that is written */
	POLICY_HAS_COPY,      /* remap */
	POLICY_MIGRATED,      /* fetch */
	POLICY_REPLICATED,    /* fetch */
	POLICY_WHOLE, /* not of policy_decide(): migrate, fetch: the large page as a whole */
	POLICY_REASONS,
};

struct policy_decision {
	enum policy_action action;
	enum policy_reason reason;
	unsigned to;	/* POLICY_MIGRATE: the node */
	uint64_t nodes; /* POLICY_REPLICATE: nodes that get a copy, a bit each */
};

struct policy_decision policy_decide(const struct policy_parameters *parameters,
				     const struct policy_page *page);

extern const char *const policy_action_names[POLICY_ACTIONS];
extern const char *const policy_reason_names[POLICY_REASONS];

#endif
