// SPDX-License-Identifier: GPL-2.0
/*
 * DISCO_REMAP. A batch is done in chunks of up to 512 entries, each with one TLB flush: the slots
 * are taken out of the page tables, the TLBs are flushed, pages are copied and exchanged, and the
 * slots are entered again. A thread that touches one of them meanwhile waits in the fault handler.
 */
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "disco.h"
#include "trace.h"

static struct disco_slot *source_of(struct disco_space *space, const struct disco_remap_entry *entry)
{
	return entry->op == DISCO_OP_SHARE ? &space->slot[entry->arg] : NULL;
}

/* An entry whose slots this chunk changes already has to wait for the next one. */
static bool conflicts(struct disco_space *space, const struct disco_remap_entry *entry)
{
	struct disco_slot *source = source_of(space, entry);

	return space->slot[entry->slot].mark || (source && source->mark == DISCO_MARK_TARGET);
}

static void touch(struct disco_space *space, unsigned long number, u32 mark)
{
	struct disco_chunk *chunk = space->chunk;

	space->slot[number].mark = mark;
	chunk->touch[chunk->touched++] = (struct disco_touch){ .slot = number };
}

/* Which entries have something to do, until one conflicts; returns how many were looked at. */
static unsigned int plan(struct disco_space *space, unsigned int count)
{
	struct disco_chunk *chunk = space->chunk;
	unsigned int i;

	chunk->touched = 0;
	for (i = 0; i < count; i++) {
		struct disco_remap_entry *entry = &chunk->entry[i];
		struct disco_slot *source;
		int ret;

		chunk->planned[i] = false;
		entry->status = disco_op_check(space, entry);
		if (entry->status)
			continue;
		entry->slot = array_index_nospec(entry->slot, space->slots);
		if (conflicts(space, entry))
			break;
		ret = disco_op_plan(space, entry);
		if (ret <= 0) {
			entry->status = ret;
			continue;
		}
		chunk->planned[i] = true;
		touch(space, entry->slot, DISCO_MARK_TARGET);
		source = source_of(space, entry);
		if (source && !source->mark)
			touch(space, entry->arg, DISCO_MARK_SOURCE);
	}
	return i;
}

static void count_status(int status)
{
	if (!status)
		return;
	disco_count(DISCO_STAT_FAILED, 1);
	if (status == -EBUSY)
		disco_count(DISCO_STAT_BUSY, 1);
}

unsigned int disco_chunk_run(struct disco_space *space, unsigned int count, u32 *flushes)
{
	struct disco_chunk *chunk = space->chunk;
	unsigned int i;

	down_write(&space->lock);
	count = plan(space, count);
	*flushes += disco_unmap(space, chunk->touch, chunk->touched);
	for (i = 0; i < count; i++) {
		if (chunk->planned[i])
			chunk->entry[i].status = disco_op_apply(space, &chunk->entry[i]);
		count_status(chunk->entry[i].status);
	}
	disco_map(space, chunk->touch, chunk->touched);
	for (i = 0; i < chunk->touched; i++)
		space->slot[chunk->touch[i].slot].mark = 0;
	up_write(&space->lock);
	disco_count(DISCO_STAT_ENTRIES, count);
	return count;
}

/* Pages for the chunk, before any lock is held that faults wait for. */
static void fill_pools(struct disco_space *space, unsigned int count)
{
	struct disco_chunk *chunk = space->chunk;
	unsigned int i, node;

	memset(chunk->need, 0, nr_node_ids * sizeof(*chunk->need));
	for (i = 0; i < count; i++) {
		const struct disco_remap_entry *entry = &chunk->entry[i];

		if (entry->op == DISCO_OP_REPLICATE) {
			for (node = 0; node < min(nr_node_ids, 64u); node++)
				chunk->need[node] += entry->arg >> node & 1;
		} else if ((entry->op == DISCO_OP_MIGRATE || entry->op == DISCO_OP_BREAK) &&
			   entry->node < nr_node_ids) {
			chunk->need[array_index_nospec(entry->node, nr_node_ids)]++;
		}
	}
	for (node = 0; node < nr_node_ids; node++)
		if (chunk->need[node] && disco_node_ok(node))
			disco_pool_fill(space, node, chunk->need[node]);
}

static int run_locked(struct disco_space *space, unsigned int *count, u32 *flushes)
{
	fill_pools(space, *count);
	if (mmap_read_lock_killable(space->mm))
		return -EINTR;
	*count = disco_chunk_run(space, *count, flushes);
	mmap_read_unlock(space->mm);
	return 0;
}

static int run_chunk(struct disco_space *space, struct disco_remap *arg)
{
	struct disco_remap_entry __user *entries = u64_to_user_ptr(arg->entries);
	struct disco_remap_entry *entry = space->chunk->entry;
	unsigned int count = min_t(unsigned int, arg->count - arg->done, DISCO_CHUNK);
	int ret;

	if (copy_from_user(entry, entries + arg->done, count * sizeof(*entry)))
		return -EFAULT;
	ret = run_locked(space, &count, &arg->flushes);
	if (ret)
		return ret;
	if (copy_to_user(entries + arg->done, entry, count * sizeof(*entry)))
		return -EFAULT;
	arg->done += count;
	return 0;
}

static int run_batch(struct disco_space *space, struct disco_remap *arg)
{
	int ret = 0;

	while (!ret && arg->done < arg->count) {
		if (signal_pending(current))
			return -ERESTARTSYS;
		ret = run_chunk(space, arg);
		cond_resched();
	}
	return ret;
}

static bool remap_ok(const struct disco_remap *arg)
{
	return !arg->flags && !arg->reserved0 && !memchr_inv(arg->reserved, 0, sizeof(arg->reserved)) &&
	       arg->count <= DISCO_MAX_BATCH && arg->done <= arg->count;
}

/* A call cut short by a signal is restarted with the same structure and goes on where it was. */
long disco_remap_ioctl(struct disco_space *space, void __user *uarg)
{
	struct disco_remap arg;
	u64 start = ktime_get_ns();
	int ret, out;

	ret = disco_copy_in(&arg, sizeof(arg), sizeof(arg), uarg);
	if (ret)
		return ret;
	if (!remap_ok(&arg))
		return -EINVAL;
	if (mutex_lock_killable(&space->batch))
		return -EINTR;
	ret = run_batch(space, &arg);
	mutex_unlock(&space->batch);
	disco_count(DISCO_STAT_BATCHES, 1);
	trace_disco_remap(space->id, arg.count, arg.done, arg.flushes, ktime_get_ns() - start);
	out = disco_copy_out(uarg, &arg, sizeof(arg));
	return out ? out : ret;
}
