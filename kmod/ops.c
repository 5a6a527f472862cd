// SPDX-License-Identifier: GPL-2.0
/*
 * What each operation of a batch does to slots that are out of the page tables: no thread can read
 * or write them meanwhile. A slot whose page someone else holds is left as it is.
 */
#include <linux/highmem.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "disco.h"

static void copy(struct page *to, struct page *from)
{
	copy_highpage(to, from);
	disco_count(DISCO_STAT_COPIES, 1);
}

static int migrate(struct disco_space *space, struct disco_slot *slot,
		   const struct disco_remap_entry *entry)
{
	struct page *old = slot->page, *page;

	if (!old) {
		slot->page = disco_page_get(space, entry->node, DISCO_PAGE_ZERO);
		return slot->page ? 0 : -ENOMEM;
	}
	if (disco_sharers(old) > 1)
		return -EMLINK;
	if (disco_slot_busy(space, slot))
		return -EBUSY;
	page = disco_slot_copy_on(space, slot, entry->node);
	if (page) {
		disco_slot_collapse(space, slot, page);
		return 0;
	}
	page = disco_page_get(space, entry->node, 0);
	if (!page)
		return -ENOMEM;
	copy(page, old);
	disco_slot_collapse(space, slot, old);
	disco_page_put(space, old);
	slot->page = page;
	return 0;
}

static bool node_in(u64 nodes, int node)
{
	return node < 64 && (nodes & (1ull << node));
}

/* The copies made before memory ran out stay: they are good ones. */
static int make_copies(struct disco_space *space, struct disco_slot *slot, u64 nodes)
{
	unsigned int view;

	for (view = 0; view < space->views; view++) {
		int node = space->view[view].node;
		struct page *page;

		if (!node_in(nodes, node) || page_to_nid(slot->page) == node || slot->replica[view])
			continue;
		page = disco_slot_copy_on(space, slot, node);
		if (!page) {
			page = disco_page_get(space, node, 0);
			if (!page)
				return -ENOMEM;
			copy(page, slot->page);
		}
		slot->replica[view] = page;
	}
	return 0;
}

static int replicate(struct disco_space *space, struct disco_slot *slot,
		     const struct disco_remap_entry *entry)
{
	bool first = !slot->replica;
	int ret;

	if (disco_sharers(slot->page) > 1)
		return -EMLINK;
	if (disco_slot_busy(space, slot))
		return -EBUSY;
	if (first)
		slot->replica = kcalloc(space->views, sizeof(*slot->replica),
					GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!slot->replica)
		return -ENOMEM;
	ret = make_copies(space, slot, entry->arg);
	if (first && !memchr_inv(slot->replica, 0, space->views * sizeof(*slot->replica)))
		disco_slot_collapse(space, slot, slot->page);
	return ret;
}

static int collapse(struct disco_space *space, struct disco_slot *slot,
		    const struct disco_remap_entry *entry)
{
	struct page *keep = NULL;

	if (disco_slot_busy(space, slot))
		return -EBUSY;
	if (entry->node != DISCO_NODE_ANY)
		keep = disco_slot_copy_on(space, slot, entry->node);
	disco_slot_collapse(space, slot, keep ? keep : slot->page);
	return 0;
}

static int share(struct disco_space *space, struct disco_slot *slot,
		 const struct disco_remap_entry *entry)
{
	struct disco_slot *source = &space->slot[entry->arg];

	if (disco_slot_busy(space, slot) || disco_slot_busy(space, source))
		return -EBUSY;
	disco_slot_collapse(space, source, source->page);
	disco_slot_empty(space, slot);
	disco_slot_share(space, slot, source->page);
	return 0;
}

static int break_share(struct disco_space *space, struct disco_slot *slot,
		       const struct disco_remap_entry *entry)
{
	int node = entry->node == DISCO_NODE_ANY ? page_to_nid(slot->page) : entry->node;

	if (disco_sharers(slot->page) == 1)
		return 0;
	return disco_slot_break(space, slot, node, 0);
}

static int zero(struct disco_space *space, struct disco_slot *slot,
		const struct disco_remap_entry *entry)
{
	struct page *page;

	if (disco_sharers(slot->page) > 1) {
		page = disco_page_get(space, page_to_nid(slot->page), DISCO_PAGE_ZERO);
		if (!page)
			return -ENOMEM;
		disco_slot_drop(space, slot);
		slot->page = page;
		return 0;
	}
	if (disco_slot_busy(space, slot))
		return -EBUSY;
	disco_slot_collapse(space, slot, slot->page);
	clear_highpage(slot->page);
	return 0;
}

static int release(struct disco_space *space, struct disco_slot *slot,
		   const struct disco_remap_entry *entry)
{
	if (disco_sharers(slot->page) == 1 && disco_slot_busy(space, slot))
		return -EBUSY;
	disco_slot_empty(space, slot);
	return 0;
}

#define TAKES_NODE    1 /* entry->node is a node */
#define TAKES_ANY     2 /* or DISCO_NODE_ANY */
#define TAKES_NODES   4 /* entry->arg is a set of nodes */
#define TAKES_SLOT    8 /* entry->arg is a slot */
#define NEEDS_PAGE    16 /* -ENODATA if the slot is empty */
#define NOT_LONGTERM  32 /* would map pages read-only */

static const struct op {
	int (*apply)(struct disco_space *space, struct disco_slot *slot,
		     const struct disco_remap_entry *entry);
	unsigned int flags;
} ops[] = {
	[DISCO_OP_MIGRATE] = { migrate, TAKES_NODE },
	[DISCO_OP_REPLICATE] = { replicate, TAKES_NODES | NEEDS_PAGE | NOT_LONGTERM },
	[DISCO_OP_COLLAPSE] = { collapse, TAKES_NODE | TAKES_ANY | NEEDS_PAGE },
	[DISCO_OP_SHARE] = { share, TAKES_SLOT | NOT_LONGTERM },
	[DISCO_OP_BREAK] = { break_share, TAKES_NODE | TAKES_ANY | NEEDS_PAGE },
	[DISCO_OP_ZERO] = { zero, 0 },
	[DISCO_OP_RELEASE] = { release, 0 },
};

static bool node_ok(const struct disco_remap_entry *entry, unsigned int flags)
{
	if (!(flags & TAKES_NODE))
		return entry->node == 0 || entry->node == DISCO_NODE_ANY;
	return disco_node_ok(entry->node) || ((flags & TAKES_ANY) && entry->node == DISCO_NODE_ANY);
}

static bool arg_ok(const struct disco_space *space, const struct disco_remap_entry *entry,
		   unsigned int flags)
{
	unsigned int node;

	if (flags & TAKES_SLOT)
		return entry->arg < space->slots && entry->arg != entry->slot;
	if (!(flags & TAKES_NODES))
		return !entry->arg;
	for (node = 0; node < 64; node++)
		if (node_in(entry->arg, node) && !disco_node_ok(node))
			return false;
	return entry->arg;
}

int disco_op_check(const struct disco_space *space, const struct disco_remap_entry *entry)
{
	const struct op *op;

	if (!entry->op || entry->op >= ARRAY_SIZE(ops) || entry->slot >= space->slots || entry->reserved)
		return -EINVAL;
	op = &ops[array_index_nospec(entry->op, ARRAY_SIZE(ops))];
	if (!node_ok(entry, op->flags) || !arg_ok(space, entry, op->flags))
		return -EINVAL;
	if ((op->flags & NOT_LONGTERM) && (space->flags & DISCO_SPACE_LONGTERM))
		return -EOPNOTSUPP;
	return 0;
}

static bool has_copies(const struct disco_space *space, const struct disco_slot *slot, u64 nodes)
{
	unsigned int view;

	for (view = 0; view < space->views; view++) {
		int node = space->view[view].node;

		if (node_in(nodes, node) && page_to_nid(disco_slot_page(slot, view)) != node)
			return false;
	}
	return true;
}

/* Only what the slot itself tells: who else shares its page may change earlier in the chunk. */
static bool nothing_to_do(const struct disco_space *space, const struct disco_slot *slot,
			  const struct disco_remap_entry *entry)
{
	switch (entry->op) {
	case DISCO_OP_MIGRATE:
		return disco_slot_exclusive(slot) && page_to_nid(slot->page) == entry->node;
	case DISCO_OP_REPLICATE:
		return disco_sharers(slot->page) == 1 && has_copies(space, slot, entry->arg);
	case DISCO_OP_COLLAPSE:
		return !slot->replica;
	case DISCO_OP_SHARE:
		return slot->page == space->slot[entry->arg].page;
	case DISCO_OP_BREAK:
		return disco_sharers(slot->page) == 1;
	default:
		return !slot->page;
	}
}

int disco_op_plan(struct disco_space *space, const struct disco_remap_entry *entry)
{
	const struct disco_slot *slot = &space->slot[entry->slot];

	if ((ops[entry->op].flags & NEEDS_PAGE) && !slot->page)
		return -ENODATA;
	if (entry->op == DISCO_OP_SHARE && !space->slot[entry->arg].page)
		return -ENODATA;
	return nothing_to_do(space, slot, entry) ? 0 : 1;
}

int disco_op_apply(struct disco_space *space, struct disco_remap_entry *entry)
{
	return ops[entry->op].apply(space, &space->slot[entry->slot], entry);
}
