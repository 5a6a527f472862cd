// SPDX-License-Identifier: GPL-2.0
/* DISCO_QUERY: where slots are. */
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "disco.h"

void disco_query_slot(struct disco_space *space, struct disco_query_entry *entry)
{
	const struct disco_slot *slot;
	unsigned int view;

	entry->flags = 0;
	entry->node = DISCO_NODE_ANY;
	entry->replicas = 0;
	entry->sharers = 0;
	entry->status = entry->slot < space->slots ? 0 : -EINVAL;
	if (entry->status)
		return;
	slot = &space->slot[array_index_nospec(entry->slot, space->slots)];
	if (!slot->page)
		return;
	entry->flags = DISCO_SLOT_PRESENT;
	entry->node = page_to_nid(slot->page);
	entry->sharers = disco_sharers(slot->page);
	if (entry->sharers > 1)
		entry->flags |= DISCO_SLOT_SHARED;
	if (slot->replica)
		entry->flags |= DISCO_SLOT_REPLICATED;
	for (view = 0; slot->replica && view < space->views; view++)
		if (slot->replica[view])
			entry->replicas |= 1ull << view;
}

/* The slots are locked against faults one chunk after the other, not all at once. */
static int query_chunk(struct disco_space *space, struct disco_query_entry __user *entries, u32 count)
{
	struct disco_query_entry entry[32];
	u32 i;

	if (copy_from_user(entry, entries, count * sizeof(*entry)))
		return -EFAULT;
	down_write(&space->lock);
	for (i = 0; i < count; i++)
		disco_query_slot(space, &entry[i]);
	up_write(&space->lock);
	return copy_to_user(entries, entry, count * sizeof(*entry)) ? -EFAULT : 0;
}

long disco_query_ioctl(struct disco_space *space, void __user *uarg)
{
	struct disco_query_entry __user *entries;
	struct disco_query arg;
	u32 done, count;
	int ret;

	ret = disco_copy_in(&arg, sizeof(arg), sizeof(arg), uarg);
	if (ret)
		return ret;
	if (arg.flags || arg.reserved0 || memchr_inv(arg.reserved, 0, sizeof(arg.reserved)) ||
	    arg.count > DISCO_MAX_BATCH)
		return -EINVAL;
	entries = u64_to_user_ptr(arg.entries);
	for (done = 0; !ret && done < arg.count; done += count) {
		count = min_t(u32, arg.count - done, 32);
		ret = query_chunk(space, entries + done, count);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}
