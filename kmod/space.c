// SPDX-License-Identifier: GPL-2.0
/* The life of a space, and where things are in its file. */
#include <linux/nodemask.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "disco.h"

static DEFINE_MUTEX(all_lock);
static LIST_HEAD(all_spaces);
static u32 last_id;

void disco_for_each_space(void (*fn)(struct disco_space *space, void *data), void *data)
{
	struct disco_space *space;

	mutex_lock(&all_lock);
	list_for_each_entry(space, &all_spaces, all)
		fn(space, data);
	mutex_unlock(&all_lock);
}

int disco_check_create(const struct disco_space_create *arg)
{
	unsigned int view;

	if (arg->flags & ~(DISCO_SPACE_STRICT | DISCO_SPACE_LONGTERM))
		return -EINVAL;
	if (memchr_inv(arg->reserved, 0, sizeof(arg->reserved)))
		return -EINVAL;
	if (!arg->slots || arg->slots > DISCO_MAX_SLOTS)
		return -EINVAL;
	if (!arg->views || arg->views > DISCO_MAX_VIEWS)
		return -EINVAL;
	if (arg->ring_entries > 65536 || (arg->ring_entries & (arg->ring_entries - 1)))
		return -EINVAL;
	for (view = 0; view < arg->views; view++)
		if (!disco_node_ok(arg->view_node[view]))
			return -EINVAL;
	for (; view < DISCO_MAX_VIEWS; view++)
		if (arg->view_node[view])
			return -EINVAL;
	return 0;
}

static unsigned long counters_pages(const struct disco_space *space)
{
	return DIV_ROUND_UP(space->slots * space->views * sizeof(u32), PAGE_SIZE);
}

void disco_space_layout(const struct disco_space *space, struct disco_space_create *arg)
{
	u64 page = (u64)space->views * space->stride;

	arg->view_stride = (u64)space->stride << PAGE_SHIFT;
	arg->window_offset = page << PAGE_SHIFT;
	arg->window_size = (u64)DISCO_WINDOW_PAGES << PAGE_SHIFT;
	page += DISCO_WINDOW_PAGES;
	arg->counters_offset = page << PAGE_SHIFT;
	arg->counters_size = (u64)counters_pages(space) << PAGE_SHIFT;
	page += counters_pages(space);
	arg->ring_offset = page << PAGE_SHIFT;
	arg->ring_size = disco_ring_bytes(space);
}

static void init_locks(struct disco_space *space)
{
	int i;

	init_rwsem(&space->lock);
	mutex_init(&space->batch);
	mutex_init(&space->window_lock);
	for (i = 0; i < DISCO_SLOT_LOCKS; i++)
		mutex_init(&space->slot_lock[i]);
	spin_lock_init(&space->share_lock);
	disco_counts_init(space);
}

static int allocate(struct disco_space *space, u32 ring_entries)
{
	size_t bytes = space->slots * sizeof(*space->slot);
	int ret;

	ret = disco_charge(DIV_ROUND_UP(bytes, PAGE_SIZE));
	if (ret)
		return ret;
	space->metadata_pages = DIV_ROUND_UP(bytes, PAGE_SIZE);
	space->slot = __vmalloc(bytes, GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
	space->chunk = kvzalloc(sizeof(*space->chunk), GFP_KERNEL_ACCOUNT);
	if (!space->slot || !space->chunk)
		return -ENOMEM;
	space->chunk->need = kcalloc(nr_node_ids, sizeof(*space->chunk->need), GFP_KERNEL_ACCOUNT);
	if (!space->chunk->need)
		return -ENOMEM;
	ret = disco_pool_init(space);
	if (ret)
		return ret;
	return disco_ring_init(space, ring_entries);
}

/* What disco_space_free() frees after the pages, and what a failed disco_space_new() has. */
static void deallocate(struct disco_space *space)
{
	disco_ring_exit(space);
	disco_pool_exit(space);
	if (space->chunk)
		kfree(space->chunk->need);
	kvfree(space->chunk);
	vfree(space->slot);
	disco_uncharge(space->metadata_pages);
	if (space->mm)
		mmdrop(space->mm);
	kvfree(space);
}

struct disco_space *disco_space_new(const struct disco_space_create *arg, struct mm_struct *mm,
				    struct address_space *mapping)
{
	struct disco_space *space = kvzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);
	unsigned int view;
	int ret;

	if (!space)
		return ERR_PTR(-ENOMEM);
	space->slots = arg->slots;
	space->views = arg->views;
	space->stride = arg->slots;
	space->flags = arg->flags;
	space->mapping = mapping;
	space->owner = task_tgid_nr(current);
	for (view = 0; view < arg->views; view++)
		space->view[view].node = arg->view_node[view];
	init_locks(space);
	ret = allocate(space, arg->ring_entries);
	if (ret) {
		deallocate(space);
		return ERR_PTR(ret);
	}
	if (mm) {
		mmgrab(mm);
		space->mm = mm;
	}
	mutex_lock(&all_lock);
	space->id = ++last_id;
	list_add_tail(&space->all, &all_spaces);
	mutex_unlock(&all_lock);
	disco_count(DISCO_STAT_SPACES, 1);
	return space;
}

void disco_space_free(struct disco_space *space)
{
	unsigned long slot;

	mutex_lock(&all_lock);
	list_del(&space->all);
	mutex_unlock(&all_lock);
	disco_counts_exit(space);
	for (slot = 0; slot < space->slots; slot++) {
		disco_slot_empty(space, &space->slot[slot]);
		if (!(slot & 1023))
			cond_resched();
	}
	deallocate(space);
}
