// SPDX-License-Identifier: GPL-2.0
/* The mappings of a space and their faults. */
#include <linux/fs.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "disco.h"
#include "trace.h"

static struct disco_space *vma_space(const struct vm_area_struct *vma)
{
	return ((struct disco_file *)vma->vm_file->private_data)->space;
}

static bool vma_is_live(struct disco_space *space, struct vm_area_struct *vma, unsigned long start)
{
	return vma && find_vma(space->mm, start) == vma;
}

u64 disco_live_views(struct disco_space *space)
{
	unsigned int view;
	u64 live = 0;

	for (view = 0; view < space->views; view++) {
		struct disco_view *v = &space->view[view];

		if (v->pages && vma_is_live(space, v->vma, v->start))
			live |= 1ull << view;
	}
	return live;
}

/* The slot has no page yet: a zeroed one, near the view that touches it first. */
static int populate(struct disco_space *space, struct disco_slot *slot, unsigned int view)
{
	slot->page = disco_page_get(space, space->view[view].node,
				    DISCO_PAGE_ZERO | DISCO_PAGE_HARD);
	return slot->page ? 0 : -ENOMEM;
}

/* The copy that stays when @view writes: one that a device reads just now, else the writer's own. */
static struct page *copy_to_keep(const struct disco_space *space, const struct disco_slot *slot,
				 unsigned int view)
{
	unsigned int other;

	if (page_ref_count(slot->page) != 1)
		return slot->page;
	for (other = 0; other < space->views; other++)
		if (slot->replica[other] && page_ref_count(slot->replica[other]) != 1)
			return slot->replica[other];
	return disco_slot_page(slot, view);
}

/* Makes a slot fit to be written by @view. */
static int make_writable(struct disco_space *space, unsigned long number, unsigned int view)
{
	struct disco_slot *slot = &space->slot[number];
	struct disco_touch touch = { .slot = number };
	int ret = 0;

	if (disco_slot_exclusive(slot))
		return 0;
	disco_unmap(space, &touch, 1);
	if (slot->replica) {
		disco_slot_collapse(space, slot, copy_to_keep(space, slot, view));
		disco_count(DISCO_STAT_COLLAPSES, 1);
	}
	if (disco_sharers(slot->page) > 1) {
		ret = disco_slot_break(space, slot, space->view[view].node, DISCO_PAGE_HARD);
		disco_count(DISCO_STAT_BREAKS, 1);
	}
	disco_map(space, &touch, 1);
	return ret;
}

/*
 * A fault, or the first write to a page that was mapped read-only. The mmap lock is held: without
 * map_pages the kernel does not call fault and page_mkwrite under the lock of the mapping alone.
 */
static vm_fault_t fault(struct vm_fault *vmf, bool write)
{
	struct disco_space *space = vma_space(vmf->vma);
	unsigned int view = vmf->pgoff / space->stride;
	unsigned long number = vmf->pgoff % space->stride;
	struct disco_slot *slot = &space->slot[number];
	struct mutex *lock = &space->slot_lock[number % DISCO_SLOT_LOCKS];
	int ret = 0;

	down_read(&space->lock);
	mutex_lock(lock);
	if (space->view[view].vma != vmf->vma)
		ret = -EPERM; /* a child's, after madvise(MADV_DOFORK) */
	else if (!slot->page)
		ret = populate(space, slot, view);
	if (!ret && write)
		ret = make_writable(space, number, view);
	if (!ret)
		ret = disco_map_one(space, view, number);
	mutex_unlock(lock);
	up_read(&space->lock);
	disco_count(DISCO_STAT_FAULTS, 1);
	trace_disco_fault(space->id, number, view, write, ret);
	return ret ? VM_FAULT_SIGBUS : VM_FAULT_NOPAGE;
}

static vm_fault_t view_fault(struct vm_fault *vmf)
{
	struct disco_space *space = vma_space(vmf->vma);
	unsigned long slot = vmf->pgoff % space->stride;
	unsigned int view = vmf->pgoff / space->stride;

	if (READ_ONCE(space->counts.sources) & DISCO_COUNT_HINT) {
		atomic64_inc(&space->counts.hints);
		disco_count_access(space, slot, view, 1, DISCO_COUNT_HINT);
	}
	return fault(vmf, vmf->flags & FAULT_FLAG_WRITE);
}

static vm_fault_t view_mkwrite(struct vm_fault *vmf)
{
	return fault(vmf, true);
}

/* mremap has made a second mapping for a moment: only the registered one counts. */
static void view_close(struct vm_area_struct *vma)
{
	struct disco_space *space = vma_space(vma);
	struct disco_view *view = &space->view[vma->vm_pgoff / space->stride];

	down_write(&space->lock);
	if (view->vma == vma) {
		view->vma = NULL;
		WRITE_ONCE(view->pages, 0);
	}
	up_write(&space->lock);
}

static int refuse_split(struct vm_area_struct *vma, unsigned long addr)
{
	return -EINVAL;
}

static int refuse_move(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct view_ops = {
	.close = view_close,
	.may_split = refuse_split,
	.mremap = refuse_move,
	.fault = view_fault,
	.page_mkwrite = view_mkwrite,
};

/*
 * With page_mkwrite the kernel refuses to pin for long, as the file system might want to write the
 * page back. Spaces that are to be pinned do without, and so without pages mapped read-only.
 */
static const struct vm_operations_struct longterm_view_ops = {
	.close = view_close,
	.may_split = refuse_split,
	.mremap = refuse_move,
	.fault = view_fault,
};

static int map_view(struct disco_space *space, struct vm_area_struct *vma)
{
	struct disco_view *view = &space->view[vma->vm_pgoff / space->stride];
	unsigned long first = vma->vm_pgoff % space->stride;
	int ret = -EBUSY;

	if (vma_pages(vma) > space->slots - first)
		return -EINVAL;
	down_write(&space->lock);
	if (!view->vma) {
		vm_flags_set(vma, VM_MIXEDMAP | VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
		vm_flags_clear(vma, VM_MAYEXEC);
		vma->vm_ops = space->flags & DISCO_SPACE_LONGTERM ? &longterm_view_ops : &view_ops;
		view->vma = vma;
		view->start = vma->vm_start;
		view->first = first;
		smp_wmb(); /* the PMU's handler reads pages first */
		WRITE_ONCE(view->pages, vma_pages(vma));
		ret = 0;
	}
	up_write(&space->lock);
	return ret;
}

static void window_close(struct vm_area_struct *vma)
{
	struct disco_space *space = vma_space(vma);

	mutex_lock(&space->window_lock);
	if (space->window == vma)
		space->window = NULL;
	mutex_unlock(&space->window_lock);
}

static vm_fault_t window_fault(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct window_ops = {
	.close = window_close,
	.may_split = refuse_split,
	.mremap = refuse_move,
	.fault = window_fault,
};

static int map_window(struct disco_space *space, struct vm_area_struct *vma)
{
	int ret = -EBUSY;

	if (vma_pages(vma) != DISCO_WINDOW_PAGES || (vma->vm_flags & (VM_WRITE | VM_EXEC)))
		return -EINVAL;
	mutex_lock(&space->window_lock);
	if (!space->window) {
		vm_flags_set(vma, VM_PFNMAP | VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
		vm_flags_clear(vma, VM_MAYWRITE | VM_MAYEXEC);
		vma->vm_ops = &window_ops;
		ret = disco_window_arm(vma) ? 0 : -ENOMEM;
		space->window = ret ? NULL : vma;
	}
	mutex_unlock(&space->window_lock);
	return ret;
}

/* The counters' snapshot or the ring: memory of the kernel's, entered at once. */
static int map_array(struct vm_area_struct *vma, void *array, unsigned long first,
		     unsigned long pages, bool writable)
{
	unsigned long addr = vma->vm_start;
	int ret = 0;

	if (!array)
		return -ENODATA;
	if (first + vma_pages(vma) > pages || (!writable && (vma->vm_flags & VM_WRITE)))
		return -EINVAL;
	vm_flags_set(vma, VM_MIXEDMAP | VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	vm_flags_clear(vma, VM_MAYEXEC | (writable ? 0 : VM_MAYWRITE));
	for (; addr < vma->vm_end && !ret; addr += PAGE_SIZE, first++)
		ret = vm_insert_page(vma, addr, vmalloc_to_page(array + first * PAGE_SIZE));
	return ret;
}

static int map_table(struct disco_space *space, struct vm_area_struct *vma,
		     const struct disco_space_create *layout)
{
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;

	if (offset >= layout->ring_offset)
		return map_array(vma, space->ring.ring, (offset - layout->ring_offset) >> PAGE_SHIFT,
				 layout->ring_size >> PAGE_SHIFT, true);
	return map_array(vma, READ_ONCE(space->counts.snapshot),
			 (offset - layout->counters_offset) >> PAGE_SHIFT,
			 layout->counters_size >> PAGE_SHIFT, false);
}

int disco_mmap(struct disco_space *space, struct vm_area_struct *vma)
{
	struct disco_space_create layout;
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;

	disco_space_layout(space, &layout);
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (offset < layout.window_offset)
		return map_view(space, vma);
	if (offset == layout.window_offset)
		return map_window(space, vma);
	if (offset >= layout.counters_offset && offset < layout.ring_offset + layout.ring_size)
		return map_table(space, vma, &layout);
	return -EINVAL;
}
