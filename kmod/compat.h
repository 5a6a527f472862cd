/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between the kernels the module builds for; conftest.sh finds out. */
#ifndef DISCO_COMPAT_H
#define DISCO_COMPAT_H

#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/percpu_counter.h>
#include <linux/vmstat.h>

#ifndef DISCO_HAS_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

static inline void disco_zap(struct vm_area_struct *vma, unsigned long addr, unsigned long size)
{
#ifdef DISCO_HAS_ZAP_SPECIAL
	zap_special_vma_range(vma, addr, size);
#else
	zap_vma_ptes(vma, addr, size);
#endif
}

static inline void disco_eventfd_signal(struct eventfd_ctx *ctx)
{
#ifdef DISCO_HAS_EVENTFD_COUNTLESS
	eventfd_signal(ctx);
#else
	eventfd_signal(ctx, 1);
#endif
}

static inline pte_t disco_pte_mkwrite(pte_t pte)
{
#ifdef DISCO_HAS_MKWRITE_NOVMA
	return pte_mkwrite_novma(pte);
#else
	return pte_mkwrite(pte);
#endif
}

/* add_mm_counter() without its tracepoint, whose function is not exported. */
static inline void disco_add_rss(struct mm_struct *mm, long pages)
{
#ifdef DISCO_HAS_RSS_PERCPU
	percpu_counter_add(&mm->rss_stat[MM_FILEPAGES], pages);
#else
	atomic_long_add(pages, &mm->rss_stat.count[MM_FILEPAGES]);
#endif
}

/* What the kernel's rmap code does when the first mapping of a file page comes or the last goes. */
static inline void disco_stat_mapped(struct page *page, int change)
{
	lruvec_stat_mod_folio(page_folio(page), NR_FILE_MAPPED, change);
}

/* Do two pages count in the same figures: those of one node and one memory cgroup? */
static inline bool disco_same_stat(struct page *a, struct page *b)
{
	if (page_to_nid(a) != page_to_nid(b))
		return false;
#ifdef CONFIG_MEMCG
	return page_folio(a)->memcg_data == page_folio(b)->memcg_data;
#else
	return true;
#endif
}

#endif
