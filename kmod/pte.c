// SPDX-License-Identifier: GPL-2.0
/*
 * Page table entries of the views, and the TLB flush.
 *
 * No function that flushes the TLB of a range of pages is exported to modules, and each call of one
 * that zaps entries flushes once. So the entries of a batch are taken out one by one without a flush,
 * and then two pages of the flush window, far apart, are entered and zapped: the kernel answers with
 * one flush of the whole address space. Secondary TLBs (KVM, shared virtual addressing) hear only of
 * the window: an address space with such users, and one without a window, gets its entries zapped by
 * the kernel, one flush a view.
 *
 * The mapcount, the reference and the figures of each page are kept as the kernel's own rmap code
 * keeps them for a page of a file: munmap, madvise and exit drop what is entered here.
 */
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mmu_notifier.h>

#include "compat.h"
#include "disco.h"

/* Slots that are not to be touched but lie between two that are: up to so many are passed over. */
#define GAP 8

static struct page *window_page;

/* A walk over slots of one view; the callbacks run under the page table's lock and must not sleep. */
struct walk {
	struct disco_space *space;
	struct vm_area_struct *vma;
	struct disco_touch *touch;
	unsigned int view;
	unsigned long first; /* slot of the first entry */
	unsigned long start; /* its address */
	long rss;
};

static void page_add(struct page *page)
{
	get_page(page);
	if (atomic_inc_and_test(&page->_mapcount))
		disco_stat_mapped(page, 1);
}

static void page_remove(struct page *page)
{
	if (atomic_add_negative(-1, &page->_mapcount))
		disco_stat_mapped(page, -1);
	put_page(page);
}

/* The slot to be touched that this entry belongs to, or NULL: it lies in a gap. */
static struct disco_touch *next_touch(struct walk *walk, unsigned long addr)
{
	struct disco_touch *touch = walk->touch;

	if (walk->first + ((addr - walk->start) >> PAGE_SHIFT) != touch->slot)
		return NULL;
	walk->touch++;
	return touch;
}

static int take_out(pte_t *ptep, unsigned long addr, void *data)
{
	struct walk *walk = data;
	struct disco_touch *touch = next_touch(walk, addr);
	pte_t pte = *ptep;

	if (!touch || !pte_present(pte))
		return 0;
	pte = ptep_get_and_clear(walk->space->mm, addr, ptep);
	touch->present |= 1ull << walk->view;
	if (pte_young(pte))
		touch->young |= 1ull << walk->view;
	page_remove(pte_page(pte));
	walk->rss--;
	return 0;
}

static pte_t make_pte(struct walk *walk, struct disco_slot *slot, bool young)
{
	struct page *page = disco_slot_page(slot, walk->view);
	pte_t pte = pfn_pte(page_to_pfn(page), walk->vma->vm_page_prot);

	if (disco_slot_exclusive(slot) && (walk->vma->vm_flags & VM_WRITE))
		pte = disco_pte_mkwrite(pte_mkdirty(pte));
	return young ? pte_mkyoung(pte) : pte_mkold(pte);
}

static void enter(struct walk *walk, pte_t *ptep, unsigned long addr, struct disco_slot *slot,
		  bool young)
{
	page_add(disco_slot_page(slot, walk->view));
	smp_wmb(); /* the content of the page before the entry */
	set_pte_at(walk->space->mm, addr, ptep, make_pte(walk, slot, young));
	slot->mapped |= 1ull << walk->view;
	walk->rss++;
}

static int put_back(pte_t *ptep, unsigned long addr, void *data)
{
	struct walk *walk = data;
	struct disco_touch *touch = next_touch(walk, addr);
	u64 bit = 1ull << walk->view;
	struct disco_slot *slot;

	if (!touch || !(touch->present & bit) || !pte_none(*ptep))
		return 0;
	slot = &walk->space->slot[touch->slot];
	if (slot->page)
		enter(walk, ptep, addr, slot, touch->young & bit);
	return 0;
}

/* A fault: the entry is missing, or there and to become writable. */
static int enter_one(pte_t *ptep, unsigned long addr, void *data)
{
	struct walk *walk = data;
	struct disco_slot *slot = &walk->space->slot[walk->first];

	if (pte_none(*ptep))
		enter(walk, ptep, addr, slot, true);
	else if (pte_present(*ptep) && !pte_write(*ptep))
		set_pte_at(walk->space->mm, addr, ptep, make_pte(walk, slot, true));
	return 0;
}

static unsigned long slot_address(const struct disco_view *view, unsigned long slot)
{
	return view->start + ((slot - view->first) << PAGE_SHIFT);
}

static bool slot_in_view(const struct disco_view *view, unsigned long slot)
{
	return slot >= view->first && slot - view->first < view->pages;
}

/* Calls @fn for the entries of the slots in one view, in as few walks as their order allows. */
static long walk_view(struct disco_space *space, unsigned int number, struct disco_touch *touch,
		      unsigned int count, u64 (*wanted)(struct disco_space *, struct disco_touch *),
		      pte_fn_t fn)
{
	struct disco_view *view = &space->view[number];
	struct walk walk = { .space = space, .view = number, .vma = view->vma };
	u64 bit = 1ull << number;
	unsigned int i, last;

	for (i = 0; i < count; i = last + 1) {
		last = i;
		if (!(wanted(space, &touch[i]) & bit) || !slot_in_view(view, touch[i].slot))
			continue;
		while (last + 1 < count && touch[last + 1].slot > touch[last].slot &&
		       touch[last + 1].slot - touch[last].slot <= GAP &&
		       slot_in_view(view, touch[last + 1].slot))
			last++;
		walk.touch = &touch[i];
		walk.first = touch[i].slot;
		walk.start = slot_address(view, walk.first);
		apply_to_page_range(space->mm, walk.start,
				    (unsigned long)(touch[last].slot - walk.first + 1) << PAGE_SHIFT, fn,
				    &walk);
	}
	return walk.rss;
}

static u64 slot_mapped(struct disco_space *space, struct disco_touch *touch)
{
	return space->slot[touch->slot].mapped;
}

static u64 touch_present(struct disco_space *space, struct disco_touch *touch)
{
	return touch->present;
}

static int arm(pte_t *ptep, unsigned long addr, void *data)
{
	set_pte_at(data, addr, ptep, pte_mkspecial(pfn_pte(page_to_pfn(window_page), PAGE_READONLY)));
	return 0;
}

/* The last page of one page table and the first of the next but one. */
static unsigned long window_low(const struct vm_area_struct *vma)
{
	return ALIGN(vma->vm_start + PAGE_SIZE, PMD_SIZE) - PAGE_SIZE;
}

static unsigned long window_high(const struct vm_area_struct *vma)
{
	return window_low(vma) + PAGE_SIZE + PMD_SIZE;
}

static bool window_usable(struct disco_space *space)
{
	struct vm_area_struct *vma = space->window;

	return vma && find_vma(space->mm, vma->vm_start) == vma && !mm_has_notifiers(space->mm);
}

/* May need memory, the first time: so before anything else is done. */
bool disco_window_arm(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;

	return !apply_to_page_range(mm, window_low(vma), PAGE_SIZE, arm, mm) &&
	       !apply_to_page_range(mm, window_high(vma), PAGE_SIZE, arm, mm);
}

static void window_zap(struct disco_space *space)
{
#ifndef DISCO_NO_FLUSH
	struct vm_area_struct *vma = space->window;

	disco_zap(vma, window_low(vma), window_high(vma) + PAGE_SIZE - window_low(vma));
#endif
	disco_count(DISCO_STAT_FLUSHES, 1);
}

bool disco_flush(struct disco_space *space)
{
	bool done;

	mutex_lock(&space->window_lock);
	done = window_usable(space) && disco_window_arm(space->window);
	if (done)
		window_zap(space);
	mutex_unlock(&space->window_lock);
	return done;
}

static u64 any_mapped(struct disco_space *space, struct disco_touch *touch, unsigned int count)
{
	unsigned int i;
	u64 mapped = 0;

	for (i = 0; i < count; i++)
		mapped |= slot_mapped(space, &touch[i]);
	return mapped;
}

/* The kernel takes the entries out, from the first slot to the last of each run, view by view. */
static unsigned int zap_views(struct disco_space *space, struct disco_touch *touch,
			      unsigned int count, u64 views)
{
	unsigned int view, i, last, flushes = 0;

	for (view = 0; view < space->views; view++) {
		if (!(views & (1ull << view)))
			continue;
		for (i = 0; i < count; i = last + 1) {
			for (last = i; last + 1 < count && touch[last + 1].slot == touch[last].slot + 1;)
				last++;
			unmap_mapping_pages(space->mapping, view * space->stride + touch[i].slot,
					    last - i + 1, false);
			flushes++;
		}
	}
	disco_count(DISCO_STAT_FALLBACKS, flushes);
	return flushes;
}

unsigned int disco_unmap(struct disco_space *space, struct disco_touch *touch, unsigned int count)
{
	u64 views = any_mapped(space, touch, count);
	unsigned int view, i, flushes = 0;
	long rss = 0;

	if (!views)
		return 0;
	views &= disco_live_views(space);
	mutex_lock(&space->window_lock);
	if (window_usable(space) && disco_window_arm(space->window)) {
		for (view = 0; view < space->views; view++)
			if (views & (1ull << view))
				rss += walk_view(space, view, touch, count, slot_mapped, take_out);
		window_zap(space);
		flushes = 1;
	}
	mutex_unlock(&space->window_lock);
	if (!flushes)
		flushes = zap_views(space, touch, count, views);
	disco_add_rss(space->mm, rss);
	for (i = 0; i < count; i++)
		space->slot[touch[i].slot].mapped = 0;
	return flushes;
}

void disco_map(struct disco_space *space, struct disco_touch *touch, unsigned int count)
{
	u64 present = 0, live;
	unsigned int view, i;
	long rss = 0;

	for (i = 0; i < count; i++)
		present |= touch[i].present;
	if (!present)
		return;
	live = disco_live_views(space);
	for (view = 0; view < space->views; view++)
		if (present & live & (1ull << view))
			rss += walk_view(space, view, touch, count, touch_present, put_back);
	disco_add_rss(space->mm, rss);
}

int disco_map_one(struct disco_space *space, unsigned int number, unsigned long slot)
{
	struct disco_view *view = &space->view[number];
	struct walk walk = { .space = space, .view = number, .vma = view->vma, .first = slot };
	int ret;

	if (!view->vma || !slot_in_view(view, slot))
		return -EFAULT;
	ret = apply_to_page_range(space->mm, slot_address(view, slot), PAGE_SIZE, enter_one, &walk);
	disco_add_rss(space->mm, walk.rss);
	return ret;
}

struct scan {
	unsigned long start;
	unsigned long *young;
	unsigned int read;
};

static int scan_one(pte_t *ptep, unsigned long addr, void *data)
{
	struct scan *scan = data;

	if (!pte_present(*ptep))
		return 0;
	scan->read++;
	if (pte_young(*ptep) && test_and_clear_bit(_PAGE_BIT_ACCESSED, (unsigned long *)&ptep->pte))
		__set_bit((addr - scan->start) >> PAGE_SHIFT, scan->young);
	return 0;
}

/* Only from the first to the last slot that may be mapped: walking makes page tables. */
unsigned int disco_scan(struct disco_space *space, unsigned int number, unsigned long first,
			unsigned long count, unsigned long *young)
{
	struct disco_view *view = &space->view[number];
	struct scan scan = { .young = young };
	unsigned long low = ULONG_MAX, high = 0, slot;

	for (slot = first; slot < first + count; slot++) {
		if (!(space->slot[slot].mapped & (1ull << number)) || !slot_in_view(view, slot))
			continue;
		low = min(low, slot);
		high = slot;
	}
	if (low == ULONG_MAX)
		return 0;
	scan.start = slot_address(view, first);
	apply_to_page_range(space->mm, slot_address(view, low), (high - low + 1) << PAGE_SHIFT, scan_one,
			    &scan);
	return scan.read;
}

int disco_pte_init(void)
{
	window_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	return window_page ? 0 : -ENOMEM;
}

void disco_pte_exit(void)
{
	__free_page(window_page);
}
