// SPDX-License-Identifier: GPL-2.0
/* What a slot holds: one page, shared with other slots or not, or an original and copies. */
#include <linux/highmem.h>
#include <linux/slab.h>

#include "disco.h"

/* References besides the space's own and those of page table entries. */
static bool page_busy(const struct page *page)
{
	int mapped = atomic_read(&page->_mapcount) + 1;

	if (disco_sharers(page) == 1)
		return mapped || page_ref_count(page) != 1;
	return page_ref_count(page) != 1 + mapped;
}

bool disco_slot_busy(const struct disco_space *space, const struct disco_slot *slot)
{
	unsigned int view;

	/* Pairs with the page pinning of get_user_pages: reference first, then entry seen again. */
	smp_mb();
	if (slot->page && page_busy(slot->page))
		return true;
	if (!slot->replica)
		return false;
	for (view = 0; view < space->views; view++)
		if (slot->replica[view] && page_busy(slot->replica[view]))
			return true;
	return false;
}

void disco_slot_share(struct disco_space *space, struct disco_slot *slot, struct page *page)
{
	spin_lock(&space->share_lock);
	set_page_private(page, page_private(page) + 1);
	spin_unlock(&space->share_lock);
	slot->page = page;
}

void disco_slot_drop(struct disco_space *space, struct disco_slot *slot)
{
	struct page *page = slot->page;
	unsigned long left;

	slot->page = NULL;
	if (!page)
		return;
	spin_lock(&space->share_lock);
	left = page_private(page) - 1;
	set_page_private(page, left);
	spin_unlock(&space->share_lock);
	if (!left)
		disco_page_put(space, page);
}

/* Views on the same node use the same copy: each is given back once. */
void disco_slot_collapse(struct disco_space *space, struct disco_slot *slot, struct page *keep)
{
	struct page **replica = slot->replica;
	unsigned int view, other;

	if (!replica)
		return;
	slot->replica = NULL;
	if (keep != slot->page) {
		disco_page_put(space, slot->page);
		slot->page = keep;
	}
	for (view = 0; view < space->views; view++) {
		struct page *page = replica[view];

		if (!page)
			continue;
		for (other = view; other < space->views; other++)
			if (replica[other] == page)
				replica[other] = NULL;
		if (page != keep)
			disco_page_put(space, page);
	}
	kfree(replica);
}

struct page *disco_slot_copy_on(const struct disco_space *space, const struct disco_slot *slot,
				int node)
{
	unsigned int view;

	if (slot->page && page_to_nid(slot->page) == node)
		return slot->page;
	for (view = 0; slot->replica && view < space->views; view++)
		if (slot->replica[view] && page_to_nid(slot->replica[view]) == node)
			return slot->replica[view];
	return NULL;
}

int disco_slot_break(struct disco_space *space, struct disco_slot *slot, int node, unsigned int how)
{
	struct page *old = slot->page, *page;

	page = disco_page_get(space, node, how);
	if (!page)
		return -ENOMEM;
	copy_highpage(page, old);
	disco_count(DISCO_STAT_COPIES, 1);
	disco_slot_drop(space, slot);
	slot->page = page;
	return 0;
}

void disco_slot_empty(struct disco_space *space, struct disco_slot *slot)
{
	disco_slot_collapse(space, slot, slot->page);
	disco_slot_drop(space, slot);
}
