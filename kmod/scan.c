// SPDX-License-Identifier: GPL-2.0
/*
 * The periodic sources of counts. SCAN reads and clears the accessed bits of each view: with a view a
 * node that tells which node uses a page, without a fault. HINT unmaps some slots in turn, and the
 * fault that follows counts. Both stop when the period's budget is spent and go on from there.
 */
#include <linux/bitmap.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>

#include "disco.h"

#define BLOCK 512 /* slots looked at under the locks at a time */

static void count_block(struct disco_space *space, unsigned int view, unsigned long first,
			const unsigned long *young)
{
	unsigned int i;

	for_each_set_bit(i, young, BLOCK)
		disco_count_access(space, first + i, view, 1, DISCO_COUNT_SCAN);
}

/* Scans the block at the cursor; returns whether a bit was cleared. */
static bool scan_block(struct disco_space *space, unsigned int view, unsigned long first)
{
	DECLARE_BITMAP(young, BLOCK);
	unsigned int read = 0;

	bitmap_zero(young, BLOCK);
	down_read(&space->lock);
	if (disco_live_views(space) & (1ull << view))
		read = disco_scan(space, view, first, min(space->slots - first, (unsigned long)BLOCK),
				  young);
	up_read(&space->lock);
	atomic64_add(read, &space->counts.scanned);
	count_block(space, view, first, young);
	return !bitmap_empty(young, BLOCK);
}

static unsigned long blocks_of(const struct disco_space *space)
{
	return DIV_ROUND_UP(space->slots, BLOCK);
}

/* TLBs still hold what was accessed: without a flush hot pages would look cold from now on. */
static void scan(struct disco_space *space, ktime_t end)
{
	struct disco_counts *counts = &space->counts;
	unsigned long all = space->views * blocks_of(space), left = all;
	bool cleared = false;

	while (left-- && ktime_before(ktime_get(), end)) {
		unsigned long view = counts->scan_cursor / blocks_of(space);
		unsigned long block = counts->scan_cursor % blocks_of(space);

		mmap_read_lock(space->mm);
		cleared |= scan_block(space, view, block * BLOCK);
		mmap_read_unlock(space->mm);
		if (++counts->scan_cursor == all) {
			counts->scan_cursor = 0;
			atomic64_inc(&counts->scans);
			disco_count(DISCO_STAT_SCANS, 1);
		}
		cond_resched();
	}
	if (!cleared)
		return;
	mmap_read_lock(space->mm);
	down_read(&space->lock);
	disco_flush(space);
	up_read(&space->lock);
	mmap_read_unlock(space->mm);
}

/* The next slots from the cursor that are mapped anywhere. */
static unsigned int choose(struct disco_space *space, unsigned int want)
{
	struct disco_chunk *chunk = space->chunk;
	unsigned long left = space->slots;
	unsigned int count = 0;

	while (left-- && count < want) {
		unsigned long slot = space->counts.hint_cursor;

		space->counts.hint_cursor = slot + 1 == space->slots ? 0 : slot + 1;
		if (space->slot[slot].mapped)
			chunk->touch[count++] = (struct disco_touch){ .slot = slot };
		if (!(left & 0xffff) && count)
			break; /* a large, mostly empty space: the rest next time */
	}
	return count;
}

static void hint(struct disco_space *space, ktime_t end)
{
	unsigned int left = space->counts.hint_slots, count;

	do {
		mutex_lock(&space->batch);
		mmap_read_lock(space->mm);
		down_write(&space->lock);
		count = choose(space, min_t(unsigned int, left, DISCO_CHUNK));
		disco_unmap(space, space->chunk->touch, count);
		up_write(&space->lock);
		mmap_read_unlock(space->mm);
		mutex_unlock(&space->batch);
		left -= count;
		cond_resched();
	} while (left && count && ktime_before(ktime_get(), end));
}

void disco_scan_work(struct work_struct *work)
{
	struct disco_counts *counts = container_of(work, struct disco_counts, work.work);
	struct disco_space *space = container_of(counts, struct disco_space, counts);
	u32 sources = READ_ONCE(counts->sources);
	ktime_t begin = ktime_get(), end = ktime_add_us(begin, counts->budget_us);

	if (!mmget_not_zero(space->mm))
		return;
	if (sources & DISCO_COUNT_SCAN)
		scan(space, end);
	if ((sources & DISCO_COUNT_HINT) && ktime_before(ktime_get(), end))
		hint(space, end);
	mmput_async(space->mm);
	atomic64_add(ktime_to_ns(ktime_sub(ktime_get(), begin)), &counts->scan_ns);
	if (READ_ONCE(counts->sources) & (DISCO_COUNT_SCAN | DISCO_COUNT_HINT))
		queue_delayed_work(system_unbound_wq, &counts->work, msecs_to_jiffies(counts->period_ms));
}
