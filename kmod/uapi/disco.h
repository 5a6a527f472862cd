/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The interface of /dev/disco: spaces of page slots, views of them, batched remapping and counters
 * of accesses.
 *
 * A space is an open file of /dev/disco after DISCO_SPACE_CREATE. It has slots, numbered from zero;
 * a slot holds one page of memory, or none yet. A view is one mapping of all the slots, meant for
 * the threads of one node: mmap() of the file at offset view * view_stride. The same slot shows the
 * same content in every view; the page behind it may be a different one in each (a replica).
 *
 * A space belongs to the process (the address space) that created it: calls and mappings from
 * another one fail with EPERM. It ends when the file and all its mappings are gone.
 *
 * Every structure begins with its size, as the caller knows it. A larger structure than the
 * kernel's is accepted if the unknown part is zero (E2BIG otherwise); a smaller one, from an older
 * header, if it reaches the end of version 1. Reserved fields and unknown flags must be zero
 * (EINVAL). All fields have the same layout for 32-bit and 64-bit callers.
 */
#ifndef _UAPI_DISCO_H
#define _UAPI_DISCO_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define DISCO_ABI_VERSION 1
#define DISCO_MAX_VIEWS   64
#define DISCO_MAX_NODE    1023
#define DISCO_NODE_ANY    0xffff /* no node in particular */

#define DISCO_IOC_TYPE     0xDC
#define DISCO_INFO         _IO(DISCO_IOC_TYPE, 0)
#define DISCO_SPACE_CREATE _IO(DISCO_IOC_TYPE, 1)
#define DISCO_REMAP        _IO(DISCO_IOC_TYPE, 2)
#define DISCO_QUERY        _IO(DISCO_IOC_TYPE, 3)
#define DISCO_COUNT_CONFIG _IO(DISCO_IOC_TYPE, 4)
#define DISCO_COUNT_READ   _IO(DISCO_IOC_TYPE, 5)
#define DISCO_COUNT_FEED   _IO(DISCO_IOC_TYPE, 6)

/* disco_info.capabilities */
#define DISCO_CAP_REMAP      (1ull << 0) /* all operations of enum disco_op */
#define DISCO_CAP_ONE_FLUSH  (1ull << 1) /* one TLB flush a batch with the flush window mapped */
#define DISCO_CAP_LONGTERM   (1ull << 2) /* DISCO_SPACE_LONGTERM can be registered with io_uring */
#define DISCO_CAP_COUNT_SCAN (1ull << 8)
#define DISCO_CAP_COUNT_HINT (1ull << 9)
#define DISCO_CAP_COUNT_PMU  (1ull << 10) /* and the caller may: CAP_PERFMON */
#define DISCO_CAP_COUNT_FEED (1ull << 11)

/**
 * struct disco_info - DISCO_INFO: what this kernel and module can do; on any open of the device
 * @size: in: sizeof(struct disco_info)
 * @flags: in: 0
 * @version: DISCO_ABI_VERSION of the module
 * @page_size: bytes in a slot
 * @capabilities: DISCO_CAP_*
 * @max_slots: slots a space can have
 * @max_batch: most entries of one DISCO_REMAP, DISCO_QUERY or DISCO_COUNT_FEED
 * @max_views: views a space can have
 * @max_pages: pages all spaces together may hold (module parameter max_pages)
 * @used_pages: pages they hold now
 * @nodes: bit n: node n (0 to 63) is online and has memory
 */
struct disco_info {
	__u32 size;
	__u32 flags;
	__u32 version;
	__u32 page_size;
	__u64 capabilities;
	__u64 max_slots;
	__u32 max_batch;
	__u32 max_views;
	__u64 max_pages;
	__u64 used_pages;
	__u64 nodes;
	__u64 reserved[4];
};

/* disco_space_create.flags */
#define DISCO_SPACE_STRICT   (1u << 0) /* a page comes from the node asked for, or not at all */
#define DISCO_SPACE_LONGTERM (1u << 1) /* may be pinned for long; no replicate and no share */

/**
 * struct disco_space_create - DISCO_SPACE_CREATE: makes an open file a space
 * @size: in: sizeof(struct disco_space_create)
 * @flags: in: DISCO_SPACE_*
 * @slots: in: number of slots, 1 to max_slots
 * @views: in: number of views, 1 to DISCO_MAX_VIEWS
 * @ring_entries: in: places in the ring of hot slots, a power of two up to 65536, or 0 for no ring
 * @view_node: in: the node of each view: its first touches and replicas are allocated there
 * @view_stride: out: view v is at mmap offset v * view_stride
 * @window_offset: out: mmap offset of the flush window
 * @window_size: out: its size. Map it whole, PROT_READ and MAP_SHARED, and leave it alone: with it
 *	a batch costs one TLB flush, without it one for each view
 * @counters_offset: out: mmap offset of the snapshot: __u32 counter[slot * views + view], read-only,
 *	to be mapped after the first DISCO_COUNT_CONFIG
 * @counters_size: out: its size in bytes
 * @ring_offset: out: mmap offset of struct disco_ring
 * @ring_size: out: its size in bytes, 0 without a ring
 */
struct disco_space_create {
	__u32 size;
	__u32 flags;
	__u64 slots;
	__u32 views;
	__u32 ring_entries;
	__u16 view_node[DISCO_MAX_VIEWS];
	__u64 view_stride;
	__u64 window_offset;
	__u64 window_size;
	__u64 counters_offset;
	__u64 counters_size;
	__u64 ring_offset;
	__u64 ring_size;
	__u64 reserved[4];
};

/*
 * What DISCO_REMAP does to a slot. Statuses of an entry besides 0:
 * EINVAL (slot, node, operation or argument out of range), ENOMEM (no memory on the node, or a
 * limit), EBUSY (the page is pinned by a device or in use by the kernel now: nothing was done),
 * EMLINK (the slot shares its page: break it first), EOPNOTSUPP (not in a longterm space),
 * ENODATA (replicate, collapse, break or share with an empty slot).
 */
enum disco_op {
	/* One page on @node, all views on it. An empty slot gets a zeroed page there. */
	DISCO_OP_MIGRATE = 1,
	/* Read-only copies for the views of the nodes whose bits are set in @arg. */
	DISCO_OP_REPLICATE = 2,
	/* One page again: the copy on @node if there is one, else the original. */
	DISCO_OP_COLLAPSE = 3,
	/* The slot drops its page and shares that of slot @arg copy-on-write. */
	DISCO_OP_SHARE = 4,
	/* A slot that shares gets a page of its own on @node (DISCO_NODE_ANY: where it was). */
	DISCO_OP_BREAK = 5,
	/* The content becomes zero; the page stays. */
	DISCO_OP_ZERO = 6,
	/* The page goes back; the slot is empty and reads as zero at the next touch. */
	DISCO_OP_RELEASE = 7,
};

/**
 * struct disco_remap_entry - one slot of a batch
 * @slot: the slot
 * @op: enum disco_op
 * @node: the node, for MIGRATE, COLLAPSE, BREAK; 0 or DISCO_NODE_ANY otherwise
 * @arg: REPLICATE: set of nodes; SHARE: the other slot; 0 otherwise
 * @status: out: 0 or a negative errno
 * @reserved: 0
 */
struct disco_remap_entry {
	__u32 slot;
	__u16 op;
	__u16 node;
	__u64 arg;
	__s32 status;
	__u32 reserved;
};

/**
 * struct disco_remap - DISCO_REMAP: a batch
 * @size: in: sizeof(struct disco_remap)
 * @flags: in: 0
 * @entries: in: address of an array of struct disco_remap_entry
 * @count: in: its length, up to max_batch
 * @done: in and out: entries finished. Start with 0; after EINTR call again with the same structure
 * @flushes: in and out: increased by the TLB flushes of the call
 *
 * Entries take effect in their order. Up to 512 of them share one TLB flush; an entry on a slot that
 * the same flush has changed already begins a new one. Ascending slots are fastest.
 */
struct disco_remap {
	__u32 size;
	__u32 flags;
	__u64 entries;
	__u32 count;
	__u32 done;
	__u32 flushes;
	__u32 reserved0;
	__u64 reserved[2];
};

/* disco_query_entry.flags */
#define DISCO_SLOT_PRESENT    (1u << 0)
#define DISCO_SLOT_REPLICATED (1u << 1)
#define DISCO_SLOT_SHARED     (1u << 2)

/**
 * struct disco_query_entry - state of a slot
 * @slot: in: the slot
 * @flags: out: DISCO_SLOT_*
 * @node: out: node of its page (of the original, if replicated), DISCO_NODE_ANY if empty
 * @replicas: out: bit v: view v has a copy of its own
 * @status: out: 0 or -EINVAL
 * @sharers: out: number of slots on this page
 */
struct disco_query_entry {
	__u32 slot;
	__u16 flags;
	__u16 node;
	__u64 replicas;
	__s32 status;
	__u32 sharers;
};

/**
 * struct disco_query - DISCO_QUERY
 * @size: in: sizeof(struct disco_query)
 * @flags: in: 0
 * @entries: in: address of an array of struct disco_query_entry
 * @count: in: its length, up to max_batch
 * @reserved: 0
 */
struct disco_query {
	__u32 size;
	__u32 flags;
	__u64 entries;
	__u32 count;
	__u32 reserved0;
	__u64 reserved[2];
};

/* Sources of counts: disco_count_config.sources */
#define DISCO_COUNT_SCAN (1u << 0) /* accessed bits of every view, read each period */
#define DISCO_COUNT_HINT (1u << 1) /* some slots are unmapped each period; the fault counts */
#define DISCO_COUNT_PMU  (1u << 2) /* sampled data addresses of the processor (CAP_PERFMON) */
#define DISCO_COUNT_FEED_ALLOWED (1u << 3) /* DISCO_COUNT_FEED adds to the counters */

/**
 * struct disco_count_config - DISCO_COUNT_CONFIG: what is counted from now on
 * @size: in: sizeof(struct disco_count_config)
 * @flags: in: 0
 * @sources: in: DISCO_COUNT_SCAN and so on; 0 stops counting
 * @period_ms: in: period of SCAN and HINT, 10 to 60000
 * @budget_us: in: most time of a period spent on scanning, 10 to period; what is left over goes on
 *	in the next period where it stopped
 * @hint_slots: in: slots unmapped in each period by HINT, up to max_batch
 * @threshold: in: a counter reaching it puts its slot into the ring, once until it is reset; 0: never
 * @eventfd: in: signalled when the ring gets an entry, or -1
 * @pmu_type: in: perf_event_attr.type for PMU
 * @pmu_config: in: perf_event_attr.config
 * @pmu_config1: in: perf_event_attr.config1
 * @pmu_period: in: events a sample, 1 or more
 */
struct disco_count_config {
	__u32 size;
	__u32 flags;
	__u32 sources;
	__u32 period_ms;
	__u32 budget_us;
	__u32 hint_slots;
	__u32 threshold;
	__s32 eventfd;
	__u32 pmu_type;
	__u32 reserved0;
	__u64 pmu_config;
	__u64 pmu_config1;
	__u64 pmu_period;
	__u64 reserved[4];
};

/* disco_count_read.flags */
#define DISCO_COUNT_RESET (1u << 0) /* set the live counters of the range to zero, atomically */

/**
 * struct disco_count_read - DISCO_COUNT_READ: copies live counters to the mapped snapshot
 * @size: in: sizeof(struct disco_count_read)
 * @flags: in: DISCO_COUNT_RESET or 0
 * @first: in: first slot
 * @slots: in: number of slots
 * @scans: out: complete scans of all slots since the space was made
 * @scanned: out: page table entries read by SCAN
 * @scan_ns: out: time spent by SCAN and HINT
 * @hints: out: faults counted by HINT
 * @samples: out: samples of PMU, in a view
 * @samples_lost: out: samples lost
 * @fed: out: counts fed
 * @ring_lost: out: hot slots that found the ring full
 */
struct disco_count_read {
	__u32 size;
	__u32 flags;
	__u64 first;
	__u64 slots;
	__u64 scans;
	__u64 scanned;
	__u64 scan_ns;
	__u64 hints;
	__u64 samples;
	__u64 samples_lost;
	__u64 fed;
	__u64 ring_lost;
	__u64 reserved[4];
};

/**
 * struct disco_feed_entry - accesses seen by the caller
 * @slot: the slot
 * @view: the view
 * @reserved: 0
 * @count: how many, added with saturation
 */
struct disco_feed_entry {
	__u32 slot;
	__u16 view;
	__u16 reserved;
	__u32 count;
};

/**
 * struct disco_count_feed - DISCO_COUNT_FEED
 * @size: in: sizeof(struct disco_count_feed)
 * @flags: in: 0
 * @entries: in: address of an array of struct disco_feed_entry; one bad entry: EINVAL, none taken
 * @count: in: its length, up to max_batch
 * @reserved: 0
 */
struct disco_count_feed {
	__u32 size;
	__u32 flags;
	__u64 entries;
	__u32 count;
	__u32 reserved0;
	__u64 reserved[2];
};

/**
 * struct disco_ring_entry - a hot slot
 * @slot: the slot
 * @view: the view whose counter reached the threshold
 * @source: the source that made it so, a DISCO_COUNT_* bit
 * @count: the counter
 * @reserved: 0
 * @time_ns: CLOCK_MONOTONIC
 */
struct disco_ring_entry {
	__u32 slot;
	__u16 view;
	__u16 source;
	__u32 count;
	__u32 reserved;
	__u64 time_ns;
};

/**
 * struct disco_ring - mapped at ring_offset, one writer (the kernel) and one reader
 * @head: entries written so far, by the kernel; load with acquire order
 * @tail: entries read so far, by the user; store with release order
 * @mask: places - 1
 * @lost: entries that found no place
 * @entries: entry n is at n & mask
 */
struct disco_ring {
	__u32 head;
	__u32 tail;
	__u32 mask;
	__u32 reserved0;
	__u64 lost;
	__u64 reserved[5];
	struct disco_ring_entry entries[];
};

#endif
