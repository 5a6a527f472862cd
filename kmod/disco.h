/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside the module.
 *
 * Locks, outer to inner: counts.lock; space->batch (one batch at a time); mmap_lock of the owner;
 * space->lock (read: a fault or a scan; write: a batch, mmap and munmap of views);
 * space->slot_lock[] (faults on one slot); space->window_lock; page table locks; share_lock, pool and
 * ring locks.
 *
 * Pages: the space holds one reference to each page of its slots. A page table entry of a view holds
 * another and counts in the page's mapcount, as any mapping does, so that munmap and exit need no
 * help from the module. page_private is the number of slots that share the page.
 */
#ifndef DISCO_H
#define DISCO_H

#include <linux/atomic.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "uapi/disco.h"

#define DISCO_CHUNK      512 /* entries that share a flush: bounds how long faults wait */
#define DISCO_MAX_BATCH  65536
#define DISCO_MAX_SLOTS  (1ul << 26)
#define DISCO_SLOT_LOCKS 64
/*
 * The two pages of the flush window that are mapped and zapped lie on both sides of a page table's
 * whole range: 514 pages, far more than tlb_single_page_flush_ceiling, and nothing between them that
 * zapping would have to look at. So every zap is one flush of the whole address space.
 */
#define DISCO_WINDOW_PAGES 1536

/**
 * struct disco_slot - a slot
 * @page: its page or NULL
 * @replica: by view: the copy this view uses, or NULL for @page; NULL: not replicated
 * @mapped: bit v: view v may have a page table entry; a clear bit means it has none
 * @mark: what the chunk now at work does with it: 0, DISCO_MARK_SOURCE, DISCO_MARK_TARGET
 */
struct disco_slot {
	struct page *page;
	struct page **replica;
	u64 mapped;
	u32 mark;
};

#define DISCO_MARK_SOURCE 1
#define DISCO_MARK_TARGET 2

/**
 * struct disco_view - a view
 * @vma: its mapping or NULL; valid only if disco_live_views() said so
 * @start: address of slot @first, for the PMU's handler
 * @first: first slot mapped
 * @pages: number of slots mapped, 0 without a mapping
 * @node: where its pages are wanted
 */
struct disco_view {
	struct vm_area_struct *vma;
	unsigned long start;
	unsigned long first;
	unsigned long pages;
	int node;
};

/* Pages of a node kept for reuse; their content is whatever it was. */
struct disco_pool {
	spinlock_t lock;
	unsigned int count;
	struct list_head pages;
};

/**
 * struct disco_touch - a slot whose page table entries are taken out during a chunk
 * @slot: the slot
 * @present: bit v: view v had an entry, to be entered again
 * @young: bit v: it was accessed
 */
struct disco_touch {
	u32 slot;
	u64 present;
	u64 young;
};

/* One DISCO_REMAP at work; one a space, under space->batch. */
struct disco_chunk {
	struct disco_remap_entry entry[DISCO_CHUNK];
	struct disco_touch touch[2 * DISCO_CHUNK];
	bool planned[DISCO_CHUNK];
	unsigned int touched;
	unsigned int *need; /* by node: pages the entries may take */
};

struct disco_ring_state {
	spinlock_t lock;
	struct disco_ring *ring;
	u32 mask;
	u32 head;
	u64 lost;
	struct eventfd_ctx *eventfd;
	wait_queue_head_t wait;
};

struct disco_pmu;

struct disco_counts {
	struct mutex lock;
	atomic_t *live;
	u32 *snapshot;
	u32 sources;
	u32 threshold;
	u32 period_ms;
	u32 budget_us;
	u32 hint_slots;
	unsigned long scan_cursor;
	unsigned long hint_cursor;
	atomic64_t scans, scanned, scan_ns, hints, samples, samples_lost, fed;
	struct delayed_work work;
	struct disco_pmu *pmu;
};

struct disco_space {
	struct list_head all;
	struct mm_struct *mm; /* the owner's, held with mmgrab(); NULL in unit tests */
	struct address_space *mapping;
	u32 flags;
	u32 id;
	pid_t owner;
	unsigned long slots;
	unsigned long stride; /* pages between views in the file */
	unsigned int views;
	struct disco_slot *slot;
	struct disco_view view[DISCO_MAX_VIEWS];
	struct disco_pool *pool; /* by node */
	struct rw_semaphore lock;
	struct mutex batch;
	struct mutex slot_lock[DISCO_SLOT_LOCKS];
	struct mutex window_lock;
	spinlock_t share_lock;
	struct vm_area_struct *window;
	struct disco_chunk *chunk;
	atomic_long_t pages;
	unsigned long metadata_pages;
	struct disco_counts counts;
	struct disco_ring_state ring;
};

/* An open file of the device; space is NULL until DISCO_SPACE_CREATE. */
struct disco_file {
	struct inode *inode;
	struct disco_space *space;
};

/* Figures of /sys/kernel/debug/disco/stats. */
enum disco_stat {
	DISCO_STAT_BATCHES,
	DISCO_STAT_ENTRIES,
	DISCO_STAT_FAILED,
	DISCO_STAT_BUSY,
	DISCO_STAT_FLUSHES,
	DISCO_STAT_FALLBACKS,
	DISCO_STAT_FAULTS,
	DISCO_STAT_COLLAPSES,
	DISCO_STAT_BREAKS,
	DISCO_STAT_COPIES,
	DISCO_STAT_SCANS,
	DISCO_STAT_SPACES,
	DISCO_STATS,
};

extern atomic64_t disco_stats[DISCO_STATS];

static inline void disco_count(enum disco_stat what, long n)
{
	atomic64_add(n, &disco_stats[what]);
}

/* main.c: module parameters */
extern unsigned long disco_max_pages;
extern unsigned int disco_pool_pages;

/* ---- space.c: life of a space ---- */

/**
 * disco_space_new() - makes a space
 * @arg: checked with disco_check_create()
 * @mm: its owner, or NULL in unit tests
 * @mapping: of its own inode, or NULL in unit tests
 *
 * Return: the space, or an error pointer: -ENOMEM (memory, or the limit max_pages).
 */
struct disco_space *disco_space_new(const struct disco_space_create *arg, struct mm_struct *mm,
				    struct address_space *mapping);
/* Gives everything back. No mapping of the space may be left. */
void disco_space_free(struct disco_space *space);
/* Fills in the offsets and sizes of @arg that the caller needs for mmap. */
void disco_space_layout(const struct disco_space *space, struct disco_space_create *arg);
/* 0, or -EINVAL for a number out of range, a node without memory, an unknown flag. */
int disco_check_create(const struct disco_space_create *arg);
/* Calls @fn for every space there is, under a lock. */
void disco_for_each_space(void (*fn)(struct disco_space *space, void *data), void *data);

/* ---- pool.c: pages ---- */

#define DISCO_PAGE_ZERO 1 /* its content is zero, else anything */
#define DISCO_PAGE_HARD 2 /* a fault, which has no second chance: reclaim memory again and again */

/* True if pages can be had from this node. */
bool disco_node_ok(unsigned int node);
/**
 * disco_page_get() - a page for a slot
 * @space: whose limits and pool apply
 * @node: wanted; in a strict space nowhere else
 * @how: DISCO_PAGE_*
 *
 * May sleep. Return: a page with one sharer, or NULL.
 */
struct page *disco_page_get(struct disco_space *space, int node, unsigned int how);
/* Drops the space's reference: back to the pool, or to the system. Not in any slot any more. */
void disco_page_put(struct disco_space *space, struct page *page);
/* Makes the pool of @node hold @want pages if it can; may sleep. */
void disco_pool_fill(struct disco_space *space, int node, unsigned int want);
void disco_pool_drain(struct disco_space *space);
int disco_pool_init(struct disco_space *space);
void disco_pool_exit(struct disco_space *space);
/* Counts @pages of tables against max_pages; -ENOMEM beyond it. */
int disco_charge(unsigned long pages);
void disco_uncharge(unsigned long pages);
unsigned long disco_used_pages(void);
#ifdef DISCO_KUNIT
/* After that many successes each disco_page_get() fails; negative: never. */
extern int disco_fail_after;
#endif

/* ---- slot.c: what a slot holds ---- */

/* The page that @view uses. */
static inline struct page *disco_slot_page(const struct disco_slot *slot, unsigned int view)
{
	return slot->replica && slot->replica[view] ? slot->replica[view] : slot->page;
}

/* Number of slots on a page. */
static inline unsigned long disco_sharers(const struct page *page)
{
	return page_private(page);
}

/* One page, this slot's alone: it may be written. */
static inline bool disco_slot_exclusive(const struct disco_slot *slot)
{
	return slot->page && !slot->replica && disco_sharers(slot->page) == 1;
}

/**
 * disco_slot_busy() - does someone besides the space use the slot's pages?
 * @space: its space
 * @slot: a slot without page table entries (after disco_unmap)
 *
 * A device, another part of the kernel, or a mapping that munmap is taking away just now.
 */
bool disco_slot_busy(const struct disco_space *space, const struct disco_slot *slot);
/* Adds or drops the slot's share of its page; the last share gives the page back. */
void disco_slot_share(struct disco_space *space, struct disco_slot *slot, struct page *page);
void disco_slot_drop(struct disco_space *space, struct disco_slot *slot);
/* Back to one page: @keep, which is the original or one of the copies. */
void disco_slot_collapse(struct disco_space *space, struct disco_slot *slot, struct page *keep);
/* The slot's copy on @node, or NULL. */
struct page *disco_slot_copy_on(const struct disco_space *space, const struct disco_slot *slot,
				int node);
/* A page of its own for a slot that shares, on @node, got as DISCO_PAGE_* say; 0 or -ENOMEM. */
int disco_slot_break(struct disco_space *space, struct disco_slot *slot, int node, unsigned int how);
/* Everything a slot holds goes. */
void disco_slot_empty(struct disco_space *space, struct disco_slot *slot);

/* ---- views.c: mappings and faults ---- */
int disco_mmap(struct disco_space *space, struct vm_area_struct *vma);
/**
 * disco_live_views() - the views that are mapped now
 * @space: its lock held
 *
 * munmap() takes page tables away with the mmap lock held only for reading, when the mapping has
 * left the tree already: a view is live only if the tree has it. Return: a set of views.
 */
u64 disco_live_views(struct disco_space *space);

/* ---- pte.c: page table entries ---- */

/**
 * disco_unmap() - takes the entries of slots out of all views and flushes the TLBs once
 * @space: mmap_lock held for reading; lock held for writing, or for reading and the slot's lock
 * @touch: the slots, ascending for speed; present and young are filled in
 * @count: how many
 *
 * Return: TLB flushes done (more than one without the flush window).
 */
unsigned int disco_unmap(struct disco_space *space, struct disco_touch *touch, unsigned int count);
/* Enters slots again in the views where they were present; needs no flush. */
void disco_map(struct disco_space *space, struct disco_touch *touch, unsigned int count);
/* Enters one slot in one view; 0 or -ENOMEM. */
int disco_map_one(struct disco_space *space, unsigned int view, unsigned long slot);
/**
 * disco_scan() - reads and clears the accessed bits of a range of slots in a view
 * @space: mmap_lock held for reading, lock held
 * @view: a live view
 * @first: first slot
 * @count: number of slots
 * @young: bit map of @count bits: set for slots accessed since the last scan
 *
 * Return: entries read.
 */
unsigned int disco_scan(struct disco_space *space, unsigned int view, unsigned long first,
			unsigned long count, unsigned long *young);
/* Enters the pages of the flush window that the next flush zaps; false if there is no memory. */
bool disco_window_arm(struct vm_area_struct *vma);
/* One flush of the whole address space through the window; false if that is not possible. */
bool disco_flush(struct disco_space *space);
int disco_pte_init(void);
void disco_pte_exit(void);

/* ---- ops.c, remap.c: batches ---- */

/* Does one entry whose slots are out of the page tables; a status. */
int disco_op_apply(struct disco_space *space, struct disco_remap_entry *entry);
/* What an entry needs: 1: the slots out of the page tables, 0: nothing more to do, or an errno. */
int disco_op_plan(struct disco_space *space, const struct disco_remap_entry *entry);
/* Checks that need no lock; 0 or a negative errno. */
int disco_op_check(const struct disco_space *space, const struct disco_remap_entry *entry);
/**
 * disco_chunk_run() - does entries of space->chunk that can share a flush
 * @space: batch held; mmap_lock of the owner held for reading, if there is one
 * @count: entries there
 * @flushes: increased by the TLB flushes done
 *
 * Return: entries finished, from the first on; at least one.
 */
unsigned int disco_chunk_run(struct disco_space *space, unsigned int count, u32 *flushes);
long disco_remap_ioctl(struct disco_space *space, void __user *arg);

/* ---- query.c ---- */
void disco_query_slot(struct disco_space *space, struct disco_query_entry *entry);
long disco_query_ioctl(struct disco_space *space, void __user *arg);

/* ---- count.c, scan.c, pmu.c, ring.c: counters ---- */

/* Adds @n accesses of @slot from @view, saturating; any context. No effect before configuration. */
void disco_count_access(struct disco_space *space, unsigned long slot, unsigned int view, u32 n,
			u16 source);
int disco_counts_alloc(struct disco_space *space);
void disco_counts_init(struct disco_space *space);
void disco_counts_exit(struct disco_space *space);
/* 0 or a negative errno, in the order of the fields. */
int disco_check_count_config(const struct disco_count_config *arg);
int disco_counts_config(struct disco_space *space, const struct disco_count_config *arg);
void disco_counts_read(struct disco_space *space, struct disco_count_read *arg);
long disco_count_config_ioctl(struct disco_space *space, void __user *arg);
long disco_count_read_ioctl(struct disco_space *space, void __user *arg);
long disco_count_feed_ioctl(struct disco_space *space, void __user *arg);

void disco_scan_work(struct work_struct *work);

int disco_pmu_start(struct disco_space *space, const struct disco_count_config *arg);
void disco_pmu_stop(struct disco_space *space);

int disco_ring_init(struct disco_space *space, u32 entries);
void disco_ring_exit(struct disco_space *space);
/* Puts an entry into the ring and wakes who waits; any context. Without a place it counts as lost. */
void disco_ring_push(struct disco_space *space, const struct disco_ring_entry *entry);
bool disco_ring_has(struct disco_space *space);
size_t disco_ring_bytes(const struct disco_space *space);

/* ---- ioctl.c ---- */

/**
 * disco_copy_in() - copies a versioned structure from the caller
 * @to: the kernel's structure
 * @size: its size
 * @least: what the caller's must have at least: the size in version 1
 * @from: the caller's, beginning with its size
 *
 * Return: 0, -EFAULT, -EINVAL (too small) or -E2BIG (an unknown part is not zero).
 */
int disco_copy_in(void *to, size_t size, size_t least, const void __user *from);
/* Copies it back, as much of it as the caller knows; to->size must be as it came in. */
int disco_copy_out(void __user *to, const void *from, size_t size);
long disco_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* ---- device.c, stats.c ---- */
int disco_device_init(void);
void disco_device_exit(void);
void disco_stats_init(void);
void disco_stats_exit(void);

#endif
