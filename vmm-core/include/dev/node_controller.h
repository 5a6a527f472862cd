/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Node controller: one a node of the machine, at MAP_NODE_BASE + node * MAP_NODE_STRIDE. It counts
 * second-level cache misses to its node's pages, by page and by the node that missed, as MAGIC of
 * Stanford FLASH did, and reports pages that a remote node misses on often. Our own device.
 *
 * Registers are 64 bits wide; an access of 4 bytes reaches the low half. Others than these read as
 * a bus error.
 *
 *	0x000 ID	r	"DISCONC1"
 *	0x008 NODE	r	number of this node
 *	0x010 NODES	r	nodes of the machine
 *	0x018 PAGES	r	pages of this node's memory, of 4 KiB
 *	0x020 FIRST	r	machine page number (RAM counted densely from zero) of its first
 *page 0x028 STRIDE	r	distance of its pages: 1, or NODES when memory is interleaved 0x030
 *CPUS	r	CPUs of this node, a bit each
 *	0x038 CONTROL	rw	bit 0: count; bit 1: interrupt while the FIFO is not empty
 *	0x040 THRESHOLD	rw	counted misses of a remote node that make a page hot, 1..32767
 *	0x048 SAMPLING	rw	one miss of so many is counted, 1..65535
 *	0x050 INTERVAL	rw	cycles after which a page's counters fade; 0: never
 *	0x058 HOT	r	takes a hot page from the FIFO: bit 63 set, bits 47..32 the node
 *that missed, bits 31..0 the page in this node; 0: the FIFO is empty
 *	0x060 OVERFLOW	rw	hot pages that found the FIFO full; a write sets it
 *	0x068 SELECT	rw	page in this node that WRITES, COUNT and RESET are about
 *	0x070 WRITES	r	counted misses on it that were writes
 *	0x078 RESET	w	0: the selected page's counters, and it may become hot again; 1: all
 *	0x080 LOCAL	r	misses (all, not sampled) of this node on its own pages
 *	0x088 REMOTE	r	of other nodes on this one's pages
 *	0x200 + 8 n COUNTS r	COUNT of nodes 4 n to 4 n + 3, 16 bits each, the first lowest
 *	0x400 + 8 n COUNT r	counted misses of node n on the selected page, at most 32767
 *	0x800 + 8 n LATENCY r	cycles of a clean miss of this node on memory of node n
 *
 * A page becomes hot once an interval for each node; one that finds the FIFO full does at the
 * node's next miss. At the end of an interval COUNTs of other nodes are divided by four, and are
 *half of THRESHOLD at most, so that a page gets hot by steady use too; the node's own and WRITES
 *start from zero. Writing INTERVAL resets all counters.
 */
#ifndef DEV_NODE_CONTROLLER_H
#define DEV_NODE_CONTROLLER_H

#include "dev/device.h"

#define NODE_ID		    0x000
#define NODE_NODE	    0x008
#define NODE_NODES	    0x010
#define NODE_PAGES	    0x018
#define NODE_FIRST	    0x020
#define NODE_STRIDE	    0x028
#define NODE_CPUS	    0x030
#define NODE_CONTROL	    0x038
#define NODE_THRESHOLD	    0x040
#define NODE_SAMPLING	    0x048
#define NODE_INTERVAL	    0x050
#define NODE_HOT	    0x058
#define NODE_OVERFLOW	    0x060
#define NODE_SELECT	    0x068
#define NODE_WRITES	    0x070
#define NODE_RESET	    0x078
#define NODE_LOCAL	    0x080
#define NODE_REMOTE	    0x088
#define NODE_COUNTS(n)	    (0x200u + 8u * (n))
#define NODE_COUNT(n)	    (0x400u + 8u * (n))
#define NODE_LATENCY(n)	    (0x800u + 8u * (n))

#define NODE_ID_VALUE	    UINT64_C(0x31434e4f43534944)
#define NODE_CONTROL_COUNT  1u
#define NODE_CONTROL_IRQ    2u
#define NODE_HOT_VALID	    (UINT64_C(1) << 63)
#define NODE_HOT_NODE_SHIFT 32
#define NODE_FIFO	    64
#define NODE_MAX	    64

struct node_controller_config {
	unsigned node, nodes; /* 1..NODE_MAX nodes */
	uint32_t pages, first, stride;
	uint64_t cpus;
	const uint32_t *latency; /* nodes of them */
	uint64_t (*now)(void *opaque);
	void *opaque;
	struct irq_line irq;
};

struct node_controller {
	struct node_controller_config config;
	uint32_t control;
	uint16_t threshold, sampling;
	uint16_t skipped; /* misses since the last one counted */
	uint64_t interval;
	uint32_t selected;
	uint64_t local, remote, overflow;
	uint64_t fifo[NODE_FIFO];
	unsigned fifo_first, fifo_length;
	uint16_t *counters; /* pages * (nodes + 2): interval, writes, nodes */
};

/* Bytes of counters a controller wants; @memory of node_controller_init(): as many, zeroed, 2-byte
 * aligned, the caller's. */
size_t node_controller_memory(unsigned nodes, uint32_t pages);
void node_controller_init(struct node_controller *controller,
			  const struct node_controller_config *config, void *memory);

/* CPUs of @from missed on @page of this node, once. */
void node_controller_miss(struct node_controller *controller, uint32_t page, unsigned from,
			  bool write);

bool node_controller_read(void *controller, unsigned cpu, uint64_t offset, unsigned size,
			  uint64_t *value);
bool node_controller_write(void *controller, unsigned cpu, uint64_t offset, unsigned size,
			   uint64_t value);

#endif
