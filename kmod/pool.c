// SPDX-License-Identifier: GPL-2.0
/*
 * Pages: from the system, charged to the caller's memory cgroup and counted against max_pages, and a
 * small pool per space and node, so that a batch that moves pages to and fro allocates nothing.
 */
#include <linux/highmem.h>
#include <linux/nodemask.h>
#include <linux/slab.h>

#include "disco.h"

static atomic_long_t used_pages;

#ifdef DISCO_KUNIT
int disco_fail_after = -1;

static bool fail_now(void)
{
	return disco_fail_after >= 0 && disco_fail_after-- == 0 && (++disco_fail_after, true);
}
#else
static bool fail_now(void)
{
	return false;
}
#endif

bool disco_node_ok(unsigned int node)
{
	return node < nr_node_ids && node_state(node, N_MEMORY);
}

int disco_charge(unsigned long pages)
{
	if (atomic_long_add_return(pages, &used_pages) > READ_ONCE(disco_max_pages)) {
		atomic_long_sub(pages, &used_pages);
		return -ENOMEM;
	}
	return 0;
}

void disco_uncharge(unsigned long pages)
{
	atomic_long_sub(pages, &used_pages);
}

unsigned long disco_used_pages(void)
{
	return atomic_long_read(&used_pages);
}

static struct page *page_new(struct disco_space *space, int node, bool only_there, bool hard)
{
	gfp_t gfp = GFP_HIGHUSER | __GFP_ACCOUNT | __GFP_NOWARN;
	struct page *page;

	if (disco_charge(1))
		return NULL;
	gfp |= hard ? __GFP_RETRY_MAYFAIL : __GFP_NORETRY;
	if (only_there)
		gfp |= __GFP_THISNODE;
	page = alloc_pages_node(node, gfp, 0);
	if (!page) {
		disco_uncharge(1);
		return NULL;
	}
	set_page_private(page, 1);
	atomic_long_inc(&space->pages);
	return page;
}

static void page_free(struct disco_space *space, struct page *page)
{
	set_page_private(page, 0);
	put_page(page);
	atomic_long_dec(&space->pages);
	disco_uncharge(1);
}

static struct page *pool_pop(struct disco_pool *pool)
{
	struct page *page = NULL;

	spin_lock(&pool->lock);
	if (pool->count) {
		page = list_first_entry(&pool->pages, struct page, lru);
		list_del(&page->lru);
		pool->count--;
	}
	spin_unlock(&pool->lock);
	return page;
}

static bool pool_push(struct disco_pool *pool, struct page *page)
{
	bool room;

	spin_lock(&pool->lock);
	room = pool->count < READ_ONCE(disco_pool_pages);
	if (room) {
		list_add(&page->lru, &pool->pages);
		pool->count++;
	}
	spin_unlock(&pool->lock);
	return room;
}

struct page *disco_page_get(struct disco_space *space, int node, unsigned int how)
{
	bool strict = space->flags & DISCO_SPACE_STRICT;
	struct page *page;

	if (fail_now())
		return NULL;
	page = pool_pop(&space->pool[node]);
	if (!page)
		page = page_new(space, node, strict, how & DISCO_PAGE_HARD);
	if (!page) {
		/* Spare pages of other nodes count against the limits too. */
		disco_pool_drain(space);
		page = page_new(space, node, strict, how & DISCO_PAGE_HARD);
	}
	if (!page)
		return NULL;
	set_page_private(page, 1);
	if (how & DISCO_PAGE_ZERO)
		clear_highpage(page);
	return page;
}

void disco_page_put(struct disco_space *space, struct page *page)
{
	/* A page that someone else still holds is not ours to use again. */
	if (page_ref_count(page) == 1 && pool_push(&space->pool[page_to_nid(page)], page))
		return;
	page_free(space, page);
}

void disco_pool_fill(struct disco_space *space, int node, unsigned int want)
{
	struct disco_pool *pool = &space->pool[node];

	want = min(want, READ_ONCE(disco_pool_pages));
	while (READ_ONCE(pool->count) < want) {
		struct page *page = page_new(space, node, true, false);

		if (!page)
			return;
		if (!pool_push(pool, page)) {
			page_free(space, page);
			return;
		}
	}
}

void disco_pool_drain(struct disco_space *space)
{
	struct page *page;
	int node;

	for (node = 0; node < nr_node_ids; node++)
		while ((page = pool_pop(&space->pool[node])))
			page_free(space, page);
}

int disco_pool_init(struct disco_space *space)
{
	int node;

	space->pool = kcalloc(nr_node_ids, sizeof(*space->pool), GFP_KERNEL_ACCOUNT);
	if (!space->pool)
		return -ENOMEM;
	for (node = 0; node < nr_node_ids; node++) {
		spin_lock_init(&space->pool[node].lock);
		INIT_LIST_HEAD(&space->pool[node].pages);
	}
	return 0;
}

void disco_pool_exit(struct disco_space *space)
{
	if (!space->pool)
		return;
	disco_pool_drain(space);
	kfree(space->pool);
}
