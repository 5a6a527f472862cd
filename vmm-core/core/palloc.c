/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine pages: a buddy allocator a node. A page that has never been used is zero (the monitor
 * clears memory before the first VM starts); what a VM gives back is cleared when it is given out.
 */
#include "vm.h"

/* Pages whose numbers agree in the low bits fall into the same sets of a cache: the lowest 8, for
 * caches of up to 1 MiB a way. A guest that spreads its physical pages over the sets is to find its
 * machine pages spread likewise, also after a move. */
#define PAGE_COLOURS  256
#define ANY_COLOUR    MPN_NONE
#define COLOUR_SEARCH 16 /* blocks of one size that are looked at */

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

/* Whether a block of 2^order pages at @mpn has the page, or smaller block, of @colour. */
static bool has_colour(uint32_t mpn, unsigned order, uint32_t colour)
{
	return colour == ANY_COLOUR ||
	       !((mpn ^ colour) & (PAGE_COLOURS - 1) & ~((UINT32_C(1) << order) - 1));
}

/* A free block of at least 2^*order pages with @colour, or else any; its order in *order. */
static uint32_t find(const struct vmm *vmm, const struct node_memory *node, unsigned *order,
		     uint32_t colour)
{
	unsigned any = MAX_ORDER + 1;

	for (unsigned have = *order; have <= MAX_ORDER; have++) {
		uint32_t mpn = node->list[have];

		if (mpn != MPN_NONE && any > MAX_ORDER)
			any = have;
		for (unsigned n = 0; mpn != MPN_NONE && n < COLOUR_SEARCH; n++) {
			if (has_colour(mpn, have, colour)) {
				*order = have;
				return mpn;
			}
			mpn = vmm->page[mpn].ppn;
		}
	}
	*order = any;
	return any <= MAX_ORDER ? node->list[any] : MPN_NONE;
}

static struct mpn get_from(struct vmm *vmm, struct node_memory *node, unsigned order,
			   uint32_t colour, bool zero)
{
	unsigned have = order;
	uint32_t mpn = find(vmm, node, &have, colour);
	bool zeroed;

	if (mpn == MPN_NONE)
		return (struct mpn){MPN_NONE};
	zeroed = vmm->page[mpn].zeroed;
	list_remove(vmm, node, mpn);
	while (have > order) {
		uint32_t half = UINT32_C(1) << --have;
		bool upper = colour != ANY_COLOUR && half < PAGE_COLOURS && (colour & half);

		list_add(vmm, node, upper ? mpn : mpn + half, have, zeroed);
		mpn += upper ? half : 0;
	}
	node->free -= UINT32_C(1) << order;
	if (!zeroed && zero)
		hal_page_zero((struct mpn){mpn}, 1u << order);
	return (struct mpn){mpn};
}

struct mpn palloc_get_like(struct vmm *vmm, unsigned node, unsigned order, uint32_t colour)
{
	struct mpn mpn = {MPN_NONE};

	/* The nodes in order of number from the wanted one on. */
	for (unsigned i = 0; i < vmm->config.nodes && mpn.value == MPN_NONE; i++)
		mpn = get_from(vmm, &vmm->node[(node + i) % vmm->config.nodes], order, colour,
			       true);
	return mpn;
}

struct mpn palloc_get(struct vmm *vmm, unsigned node, unsigned order)
{
	return palloc_get_like(vmm, node, order, ANY_COLOUR);
}

bool palloc_take(struct vmm *vmm, struct mpn mpn)
{
	struct node_memory *node = &vmm->node[palloc_node_of(vmm, mpn)];
	uint32_t head = mpn.value;
	unsigned order = 0;
	bool zeroed;

	while (order <= MAX_ORDER &&
	       (vmm->page[head].state != PAGE_FREE_HEAD || vmm->page[head].order != order))
		head = mpn.value & ~((UINT32_C(2) << order++) - 1);
	if (order > MAX_ORDER)
		return false;
	zeroed = vmm->page[head].zeroed;
	list_remove(vmm, node, head);
	while (order--) { /* the halves without it stay free */
		uint32_t upper = head + (UINT32_C(1) << order);

		list_add(vmm, node, mpn.value < upper ? upper : head, order, zeroed);
		if (mpn.value >= upper)
			head = upper;
	}
	node->free--;
	if (!zeroed)
		hal_page_zero(mpn, 1);
	return true;
}

struct mpn palloc_get_on(struct vmm *vmm, unsigned node)
{
	return palloc_get_on_like(vmm, node, ANY_COLOUR);
}

struct mpn palloc_get_on_like(struct vmm *vmm, unsigned node, uint32_t colour)
{
	return get_from(vmm, &vmm->node[node], 0, colour, false);
}

struct mpn palloc_get_block_on(struct vmm *vmm, unsigned node, unsigned order, uint32_t colour)
{
	return get_from(vmm, &vmm->node[node], order, colour, false);
}

void palloc_put(struct vmm *vmm, struct mpn mpn, unsigned order)
{
	struct node_memory *node = &vmm->node[palloc_node_of(vmm, mpn)];

	for (uint32_t i = 0; i < UINT32_C(1) << order; i++)
		vmm->page[mpn.value + i].state = PAGE_FREE;
	node->free += UINT32_C(1) << order;
	put(vmm, node, mpn.value, order, false);
}
