// SPDX-License-Identifier: GPL-2.0
/* Slots, pages and pools. */
#include "fixture.h"

static void pages_come_from_their_node(struct kunit *test)
{
	struct disco_space *space = test->priv;
	int node;

	for_each_node_state(node, N_MEMORY) {
		struct page *page = disco_page_get(space, node, DISCO_PAGE_ZERO);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
		KUNIT_EXPECT_EQ(test, page_to_nid(page), node);
		KUNIT_EXPECT_EQ(test, disco_sharers(page), 1ul);
		KUNIT_EXPECT_TRUE(test, page_has(page, 0));
		disco_page_put(space, page);
	}
}

static void pool_gives_pages_again(struct kunit *test)
{
	struct disco_space *space = test->priv;
	int node = first_memory_node;
	struct page *page = disco_page_get(space, node, 0), *again;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	disco_page_put(space, page);
	KUNIT_EXPECT_EQ(test, space->pool[node].count, 1u);
	again = disco_page_get(space, node, 0);
	KUNIT_EXPECT_PTR_EQ(test, page, again);
	disco_page_put(space, again);
}

static void pool_keeps_no_held_page(struct kunit *test)
{
	struct disco_space *space = test->priv;
	int node = first_memory_node;
	struct page *page = disco_page_get(space, node, 0);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	get_page(page);
	disco_page_put(space, page);
	KUNIT_EXPECT_EQ(test, space->pool[node].count, 0u);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	put_page(page);
}

static void pool_is_bounded(struct kunit *test)
{
	struct disco_space *space = test->priv;
	int node = first_memory_node;

	disco_pool_pages = 10;
	disco_pool_fill(space, node, 500);
	KUNIT_EXPECT_EQ(test, space->pool[node].count, 10u);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&space->pages), 10l);
	disco_pool_drain(space);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&space->pages), 0l);
}

static void sharing_counts(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_slot *slot = space->slot;

	slot[0].page = disco_page_get(space, first_memory_node, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, slot[0].page);
	KUNIT_EXPECT_TRUE(test, disco_slot_exclusive(&slot[0]));
	disco_slot_share(space, &slot[1], slot[0].page);
	KUNIT_EXPECT_EQ(test, disco_sharers(slot[0].page), 2ul);
	KUNIT_EXPECT_FALSE(test, disco_slot_exclusive(&slot[0]));
	disco_slot_drop(space, &slot[0]);
	KUNIT_EXPECT_NULL(test, slot[0].page);
	KUNIT_EXPECT_TRUE(test, disco_slot_exclusive(&slot[1]));
}

static void held_pages_are_busy(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_slot *slot = space->slot;

	slot->page = disco_page_get(space, first_memory_node, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, slot->page);
	KUNIT_EXPECT_FALSE(test, disco_slot_busy(space, slot));
	get_page(slot->page);
	KUNIT_EXPECT_TRUE(test, disco_slot_busy(space, slot));
	put_page(slot->page);
	KUNIT_EXPECT_FALSE(test, disco_slot_busy(space, slot));
}

static void limit_holds(struct kunit *test)
{
	struct disco_space *space = test->priv;
	unsigned long used = disco_used_pages();

	disco_max_pages = used + 3;
	disco_pool_fill(space, first_memory_node, 100);
	KUNIT_EXPECT_EQ(test, disco_used_pages(), used + 3);
	KUNIT_EXPECT_EQ(test, disco_charge(1), -ENOMEM);
	KUNIT_EXPECT_EQ(test, disco_used_pages(), used + 3);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(pages_come_from_their_node), KUNIT_CASE(pool_gives_pages_again),
	KUNIT_CASE(pool_keeps_no_held_page),	KUNIT_CASE(pool_is_bounded),
	KUNIT_CASE(sharing_counts),		KUNIT_CASE(held_pages_are_busy),
	KUNIT_CASE(limit_holds),		{}
};

struct kunit_suite disco_slot_suite = {
	.name = "disco-slot", .init = test_init, .exit = test_exit, .test_cases = cases,
};
