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

static struct page *window_page;

/* A walk over slots of one view; the callbacks run under the page table's lock and must not sleep. */
struct walk {
	struct disco_space *space;
	struct disco_view *view;
	struct vm_area_struct *vma;
	struct disco_touch *touch;
	unsigned int next; /* touches done so far */
	unsigned int count;
	unsigned int number; /* of the view */
	unsigned long slot; /* of a fault */
	long rss;
	/*
	 * Pages mapped less pages unmapped that the kernel's figures do not show yet, all of the node and
	 * the memory cgroup of stat_page: told one by one they would cost as much as all the rest.
	 */
	struct page *stat_page;
	long stat;
};

static void stat_flush(struct walk *walk)
{
	if (walk->stat)
		disco_stat_mapped(walk->stat_page, walk->stat);
	walk->stat = 0;
}

static void stat_add(struct walk *walk, struct page *page, int change)
{
	if (!walk->stat_page || !disco_same_stat(walk->stat_page, page)) {
		stat_flush(walk);
		walk->stat_page = page;
	}
	walk->stat += change;
}

static void page_add(struct walk *walk, struct page *page)
{
	get_page(page);
	if (atomic_inc_and_test(&page->_mapcount))
		stat_add(walk, page, 1);
}

/* The slot holds a reference still, so the page stays until the figures are told. */
static void page_remove(struct walk *walk, struct page *page)
{
	if (atomic_add_negative(-1, &page->_mapcount))
		stat_add(walk, page, -1);
	put_page(page);
}

static unsigned long slot_address(const struct disco_view *view, unsigned long slot)
{
	return view->start + ((slot - view->first) << PAGE_SHIFT);
}

static bool slot_in_view(const struct disco_view *view, unsigned long slot)
{
	return slot >= view->first && slot - view->first < view->pages;
}

typedef void (*walk_fn)(struct walk *walk, struct disco_touch *touch, pte_t *ptep, unsigned long addr);

/*
 * Called for one entry, with the lock of its page table held: does all the touches from the next one
 * on that lie in the same table. So scattered slots cost hardly more than adjacent ones.
 */
static __always_inline int whole_table(pte_t *ptep, unsigned long addr, struct walk *walk, walk_fn fn)
{
	pte_t *table = ptep - pte_index(addr);

	for (; walk->next < walk->count; walk->next++) {
		struct disco_touch *touch = &walk->touch[walk->next];
		unsigned long at = slot_address(walk->view, touch->slot);

		if (!slot_in_view(walk->view, touch->slot))
			continue;
		if ((at ^ addr) & PMD_MASK)
			break;
		fn(walk, touch, table + pte_index(at), at);
	}
	return 0;
}

static __always_inline void take_out(struct walk *walk, struct disco_touch *touch, pte_t *ptep,
				     unsigned long addr)
{
	pte_t pte = *ptep;

	if (!pte_present(pte))
		return;
	pte = ptep_get_and_clear(walk->space->mm, addr, ptep);
	touch->present |= 1ull << walk->number;
	if (pte_young(pte))
		touch->young |= 1ull << walk->number;
	page_remove(walk, pte_page(pte));
	walk->rss--;
}

static int take_out_table(pte_t *ptep, unsigned long addr, void *walk)
{
	return whole_table(ptep, addr, walk, take_out);
}

static pte_t make_pte(struct walk *walk, struct disco_slot *slot, bool young)
{
	struct page *page = disco_slot_page(slot, walk->number);
	pte_t pte = pfn_pte(page_to_pfn(page), walk->vma->vm_page_prot);

	if (disco_slot_exclusive(slot) && (walk->vma->vm_flags & VM_WRITE))
		pte = disco_pte_mkwrite(pte_mkdirty(pte));
	return young ? pte_mkyoung(pte) : pte_mkold(pte);
}

static void enter(struct walk *walk, pte_t *ptep, unsigned long addr, struct disco_slot *slot,
		  bool young)
{
	page_add(walk, disco_slot_page(slot, walk->number));
	smp_wmb(); /* the content of the page before the entry */
	set_pte_at(walk->space->mm, addr, ptep, make_pte(walk, slot, young));
	slot->mapped |= 1ull << walk->number;
	walk->rss++;
}

static __always_inline void put_back(struct walk *walk, struct disco_touch *touch, pte_t *ptep,
				     unsigned long addr)
{
	struct disco_slot *slot = &walk->space->slot[touch->slot];
	u64 bit = 1ull << walk->number;

	if ((touch->present & bit) && slot->page && pte_none(*ptep))
		enter(walk, ptep, addr, slot, touch->young & bit);
}

static int put_back_table(pte_t *ptep, unsigned long addr, void *walk)
{
	return whole_table(ptep, addr, walk, put_back);
}

/* A fault: the entry is missing, or there and to become writable. */
static int enter_one(pte_t *ptep, unsigned long addr, void *data)
{
	struct walk *walk = data;
	struct disco_slot *slot = &walk->space->slot[walk->slot];

	if (pte_none(*ptep))
		enter(walk, ptep, addr, slot, true);
	else if (pte_present(*ptep) && !pte_write(*ptep))
		set_pte_at(walk->space->mm, addr, ptep, make_pte(walk, slot, true));
	return 0;
}

static u64 slot_mapped(struct disco_space *space, struct disco_touch *touch)
{
	return space->slot[touch->slot].mapped;
}

static u64 touch_present(struct disco_space *space, struct disco_touch *touch)
{
	return touch->present;
}

/* Calls @fn for a slot in each page table of the view that has one of the slots wanted. */
static long walk_view(struct disco_space *space, unsigned int number, struct disco_touch *touch,
		      unsigned int count, u64 (*wanted)(struct disco_space *, struct disco_touch *),
		      pte_fn_t fn)
{
	struct disco_view *view = &space->view[number];
	struct walk walk = {
		.space = space, .view = view, .vma = view->vma, .number = number, .touch = touch, .count = count,
	};

	while (walk.next < count) {
		struct disco_touch *first = &touch[walk.next];

		if (!(wanted(space, first) & (1ull << number)) || !slot_in_view(view, first->slot) ||
		    apply_to_page_range(space->mm, slot_address(view, first->slot), PAGE_SIZE, fn, &walk))
			walk.next++;
	}
	stat_flush(&walk);
	return walk.rss;
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
				rss += walk_view(space, view, touch, count, slot_mapped, take_out_table);
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
			rss += walk_view(space, view, touch, count, touch_present, put_back_table);
	disco_add_rss(space->mm, rss);
}

int disco_map_one(struct disco_space *space, unsigned int number, unsigned long slot)
{
	struct disco_view *view = &space->view[number];
	struct walk walk = {
		.space = space, .view = view, .vma = view->vma, .number = number, .slot = slot,
	};
	int ret;

	if (!view->vma || !slot_in_view(view, slot))
		return -EFAULT;
	ret = apply_to_page_range(space->mm, slot_address(view, slot), PAGE_SIZE, enter_one, &walk);
	stat_flush(&walk);
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
