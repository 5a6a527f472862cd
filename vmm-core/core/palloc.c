/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine pages: a buddy allocator a node. A page that has never been used is zero (the monitor
 * clears memory before the first VM starts); what a VM gives back is cleared when it is given out.
 */
#include "vm.h"

static void list_add(struct vmm *vmm, struct node_memory *node, uint32_t mpn, unsigned order,
		     bool zeroed)
{
	struct page *page = &vmm->page[mpn];

	page->state = PAGE_FREE_HEAD;
	page->order = order;
	page->zeroed = zeroed;
	page->previous = MPN_NONE;
	page->ppn = node->list[order];
	if (page->ppn != MPN_NONE)
		vmm->page[page->ppn].previous = mpn;
	node->list[order] = mpn;
}

static void list_remove(struct vmm *vmm, struct node_memory *node, uint32_t mpn)
{
	struct page *page = &vmm->page[mpn];

	if (page->previous == MPN_NONE)
		node->list[page->order] = page->ppn;
	else
		vmm->page[page->previous].ppn = page->ppn;
	if (page->ppn != MPN_NONE)
		vmm->page[page->ppn].previous = page->previous;
	page->state = PAGE_FREE;
}

/* Frees [mpn, mpn + 2^order), joined with its buddies. */
static void put(struct vmm *vmm, struct node_memory *node, uint32_t mpn, unsigned order,
		bool zeroed)
{
	uint32_t end = node->start.value + node->pages;

	for (; order < MAX_ORDER; order++) {
		uint32_t buddy = mpn ^ (UINT32_C(1) << order);
		struct page *page = &vmm->page[buddy];

		if (buddy < node->start.value || buddy + (UINT32_C(1) << order) > end)
			break;
		if (page->state != PAGE_FREE_HEAD || page->order != order)
			break;
		list_remove(vmm, node, buddy);
		zeroed = zeroed && page->zeroed;
		if (buddy < mpn)
			mpn = buddy;
	}
	list_add(vmm, node, mpn, order, zeroed);
}

void palloc_init(struct vmm *vmm)
{
	for (unsigned n = 0; n < vmm->config.nodes; n++) {
		struct node_memory *node = &vmm->node[n];
		uint32_t mpn, end;

		node->start = vmm->config.node_start[n];
		node->pages = vmm->config.node_pages[n];
		for (unsigned order = 0; order <= MAX_ORDER; order++)
			node->list[order] = MPN_NONE;
		mpn = node->start.value;
		end = mpn + node->pages;
		while (mpn < end) {
			unsigned order = MAX_ORDER;

			while (order && ((mpn & ((UINT32_C(1) << order) - 1)) ||
					 mpn + (UINT32_C(1) << order) > end))
				order--;
			for (uint32_t i = 0; i < UINT32_C(1) << order; i++)
				vmm->page[mpn + i].state = PAGE_FREE;
			put(vmm, node, mpn, order, true);
			mpn += UINT32_C(1) << order;
		}
		node->free = node->pages;
	}
}

unsigned palloc_node_of(const struct vmm *vmm, struct mpn mpn)
{
	for (unsigned n = 0; n < vmm->config.nodes; n++)
		if (mpn.value - vmm->node[n].start.value < vmm->node[n].pages)
			return n;
	return 0;
}

static struct mpn get_from(struct vmm *vmm, struct node_memory *node, unsigned order, bool zero)
{
	unsigned have = order;
	uint32_t mpn;
	bool zeroed;

	while (have <= MAX_ORDER && node->list[have] == MPN_NONE)
		have++;
	if (have > MAX_ORDER)
		return (struct mpn){MPN_NONE};
	mpn = node->list[have];
	zeroed = vmm->page[mpn].zeroed;
	list_remove(vmm, node, mpn);
	while (have > order) {
		have--;
		list_add(vmm, node, mpn + (UINT32_C(1) << have), have, zeroed);
	}
	node->free -= UINT32_C(1) << order;
	if (!zeroed && zero)
		hal_page_zero((struct mpn){mpn}, 1u << order);
	return (struct mpn){mpn};
}

struct mpn palloc_get(struct vmm *vmm, unsigned node, unsigned order)
{
	struct mpn mpn = {MPN_NONE};

	/* The nodes in order of number from the wanted one on. */
	for (unsigned i = 0; i < vmm->config.nodes && mpn.value == MPN_NONE; i++)
		mpn = get_from(vmm, &vmm->node[(node + i) % vmm->config.nodes], order, true);
	return mpn;
}

struct mpn palloc_get_on(struct vmm *vmm, unsigned node)
{
	return get_from(vmm, &vmm->node[node], 0, false);
}

void palloc_put(struct vmm *vmm, struct mpn mpn, unsigned order)
{
	struct node_memory *node = &vmm->node[palloc_node_of(vmm, mpn)];

	for (uint32_t i = 0; i < UINT32_C(1) << order; i++)
		vmm->page[mpn.value + i].state = PAGE_FREE;
	node->free += UINT32_C(1) << order;
	put(vmm, node, mpn.value, order, false);
}
