// SPDX-License-Identifier: GPL-2.0
/* Counters of accesses: one 32-bit counter a slot and view, saturating. */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "disco.h"
#include "trace.h"

#define ALL_SOURCES \
	(DISCO_COUNT_SCAN | DISCO_COUNT_HINT | DISCO_COUNT_PMU | DISCO_COUNT_FEED_ALLOWED)

static unsigned long table_pages(const struct disco_space *space)
{
	return DIV_ROUND_UP(space->slots * space->views * sizeof(u32), PAGE_SIZE);
}

void disco_counts_init(struct disco_space *space)
{
	mutex_init(&space->counts.lock);
	INIT_DELAYED_WORK(&space->counts.work, disco_scan_work);
}

int disco_counts_alloc(struct disco_space *space)
{
	unsigned long pages = table_pages(space);
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;
	struct disco_counts *counts = &space->counts;
	atomic_t *live;
	u32 *snapshot;

	if (counts->live)
		return 0;
	if (disco_charge(2 * pages))
		return -ENOMEM;
	live = __vmalloc(pages << PAGE_SHIFT, gfp);
	snapshot = __vmalloc(pages << PAGE_SHIFT, gfp);
	if (!live || !snapshot) {
		vfree(live);
		vfree(snapshot);
		disco_uncharge(2 * pages);
		return -ENOMEM;
	}
	/* Readers that see the tables see them zeroed. */
	smp_store_release(&counts->snapshot, snapshot);
	/* The same for disco_count_access(). */
	smp_store_release(&counts->live, live);
	return 0;
}

static void stop(struct disco_space *space)
{
	WRITE_ONCE(space->counts.sources, 0);
	cancel_delayed_work_sync(&space->counts.work);
	disco_pmu_stop(space);
}

void disco_counts_exit(struct disco_space *space)
{
	stop(space);
	if (!space->counts.live)
		return;
	vfree(space->counts.live);
	vfree(space->counts.snapshot);
	disco_uncharge(2 * table_pages(space));
}

static void report(struct disco_space *space, unsigned long slot, unsigned int view, u32 count,
		   u16 source)
{
	struct disco_ring_entry entry = {
		.slot = slot,
		.view = view,
		.source = source,
		.count = count,
		.time_ns = ktime_get_mono_fast_ns(),
	};

	disco_ring_push(space, &entry);
	trace_disco_hot(space->id, slot, view, source, count);
}

void disco_count_access(struct disco_space *space, unsigned long slot, unsigned int view, u32 n,
			u16 source)
{
	atomic_t *live = smp_load_acquire(&space->counts.live); /* disco_counts_alloc() */
	u32 threshold = READ_ONCE(space->counts.threshold);
	u32 old, sum;
	int seen;

	if (!live || !n)
		return;
	live += slot * space->views + view;
	seen = atomic_read(live);
	do {
		old = seen;
		sum = old + n < old ? U32_MAX : old + n;
	} while (!atomic_try_cmpxchg(live, &seen, sum));
	if (threshold && old < threshold && sum >= threshold)
		report(space, slot, view, sum, source);
}

int disco_check_count_config(const struct disco_count_config *arg)
{
	if (arg->flags || arg->reserved0 || memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		return -EINVAL;
	if (arg->sources & ~ALL_SOURCES)
		return -EINVAL;
	if (arg->sources & (DISCO_COUNT_SCAN | DISCO_COUNT_HINT)) {
		if (arg->period_ms < 10 || arg->period_ms > 60000)
			return -EINVAL;
		if (arg->budget_us < 10 || arg->budget_us > arg->period_ms * 1000)
			return -EINVAL;
	}
	if ((arg->sources & DISCO_COUNT_HINT) && (!arg->hint_slots || arg->hint_slots > DISCO_MAX_BATCH))
		return -EINVAL;
	if ((arg->sources & DISCO_COUNT_PMU) && !arg->pmu_period)
		return -EINVAL;
	return arg->eventfd < -1 ? -EINVAL : 0;
}

static void set_eventfd(struct disco_space *space, struct eventfd_ctx *eventfd)
{
	struct eventfd_ctx *old;
	unsigned long flags;

	spin_lock_irqsave(&space->ring.lock, flags);
	old = space->ring.eventfd;
	space->ring.eventfd = eventfd;
	spin_unlock_irqrestore(&space->ring.lock, flags);
	if (old)
		eventfd_ctx_put(old);
}

static void start(struct disco_space *space, const struct disco_count_config *arg)
{
	struct disco_counts *counts = &space->counts;

	counts->period_ms = arg->period_ms;
	counts->budget_us = arg->budget_us;
	counts->hint_slots = arg->hint_slots;
	WRITE_ONCE(counts->threshold, arg->threshold);
	WRITE_ONCE(counts->sources, arg->sources);
	if (arg->sources & (DISCO_COUNT_SCAN | DISCO_COUNT_HINT))
		queue_delayed_work(system_unbound_wq, &counts->work, msecs_to_jiffies(arg->period_ms));
}

int disco_counts_config(struct disco_space *space, const struct disco_count_config *arg)
{
	struct eventfd_ctx *eventfd = NULL;
	int ret;

	if (arg->eventfd >= 0) {
		eventfd = eventfd_ctx_fdget(arg->eventfd);
		if (IS_ERR(eventfd))
			return PTR_ERR(eventfd);
	}
	mutex_lock(&space->counts.lock);
	stop(space);
	ret = disco_counts_alloc(space);
	if (!ret && (arg->sources & DISCO_COUNT_PMU))
		ret = disco_pmu_start(space, arg);
	if (!ret) {
		set_eventfd(space, eventfd);
		eventfd = NULL;
		start(space, arg);
	}
	mutex_unlock(&space->counts.lock);
	if (eventfd)
		eventfd_ctx_put(eventfd);
	return ret;
}

long disco_count_config_ioctl(struct disco_space *space, void __user *uarg)
{
	struct disco_count_config arg;
	int ret;

	ret = disco_copy_in(&arg, sizeof(arg), sizeof(arg), uarg);
	if (!ret)
		ret = disco_check_count_config(&arg);
	if (ret)
		return ret;
	if ((arg.sources & DISCO_COUNT_PMU) && !perfmon_capable())
		return -EPERM;
	return disco_counts_config(space, &arg);
}

void disco_counts_read(struct disco_space *space, struct disco_count_read *arg)
{
	struct disco_counts *counts = &space->counts;
	unsigned long i, first = arg->first * space->views, end = first + arg->slots * space->views;

	mutex_lock(&counts->lock);
	for (i = first; i < end; i++) {
		u32 value = arg->flags & DISCO_COUNT_RESET ? atomic_xchg(&counts->live[i], 0) :
							     atomic_read(&counts->live[i]);

		WRITE_ONCE(counts->snapshot[i], value);
		if (!(i & 4095))
			cond_resched();
	}
	mutex_unlock(&counts->lock);
	arg->scans = atomic64_read(&counts->scans);
	arg->scanned = atomic64_read(&counts->scanned);
	arg->scan_ns = atomic64_read(&counts->scan_ns);
	arg->hints = atomic64_read(&counts->hints);
	arg->samples = atomic64_read(&counts->samples);
	arg->samples_lost = atomic64_read(&counts->samples_lost);
	arg->fed = atomic64_read(&counts->fed);
	arg->ring_lost = READ_ONCE(space->ring.lost);
}

long disco_count_read_ioctl(struct disco_space *space, void __user *uarg)
{
	struct disco_count_read arg;
	int ret;

	ret = disco_copy_in(&arg, sizeof(arg), sizeof(arg), uarg);
	if (ret)
		return ret;
	if ((arg.flags & ~DISCO_COUNT_RESET) || memchr_inv(arg.reserved, 0, sizeof(arg.reserved)))
		return -EINVAL;
	if (arg.first > space->slots || arg.slots > space->slots - arg.first)
		return -EINVAL;
	if (!smp_load_acquire(&space->counts.live)) /* disco_counts_alloc() */
		return -ENODATA;
	disco_counts_read(space, &arg);
	return disco_copy_out(uarg, &arg, sizeof(arg));
}

static bool feed_ok(const struct disco_space *space, const struct disco_feed_entry *entry, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (entry[i].slot >= space->slots || entry[i].view >= space->views || entry[i].reserved)
			return false;
	return true;
}

static int feed(struct disco_space *space, u64 entries, u32 count)
{
	struct disco_feed_entry *entry;
	u64 sum = 0;
	u32 i;

	entry = vmemdup_user(u64_to_user_ptr(entries), array_size(count, sizeof(*entry)));
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	if (!feed_ok(space, entry, count)) {
		kvfree(entry);
		return -EINVAL;
	}
	for (i = 0; i < count; i++) {
		disco_count_access(space, entry[i].slot, entry[i].view, entry[i].count,
				   DISCO_COUNT_FEED_ALLOWED);
		sum += entry[i].count;
	}
	atomic64_add(sum, &space->counts.fed);
	kvfree(entry);
	return 0;
}

long disco_count_feed_ioctl(struct disco_space *space, void __user *uarg)
{
	struct disco_count_feed arg;
	int ret;

	ret = disco_copy_in(&arg, sizeof(arg), sizeof(arg), uarg);
	if (ret)
		return ret;
	if (arg.flags || arg.reserved0 || memchr_inv(arg.reserved, 0, sizeof(arg.reserved)) ||
	    arg.count > DISCO_MAX_BATCH)
		return -EINVAL;
	if (!(READ_ONCE(space->counts.sources) & DISCO_COUNT_FEED_ALLOWED))
		return -ENODATA;
	return arg.count ? feed(space, arg.entries, arg.count) : 0;
}
