// SPDX-License-Identifier: GPL-2.0
/* Batches: every operation, their order, chunks that end at a conflict. */
#include "fixture.h"

static void migrate_moves_content(struct kunit *test)
{
	struct disco_space *space = test->priv;
	int view;

	KUNIT_EXPECT_EQ(test, run_one(space, 1, DISCO_OP_MIGRATE, space->view[0].node, 0), 0);
	KUNIT_EXPECT_TRUE(test, slot_has(space, 1, 0));
	fill_slot(space, 1, 42);
	for (view = 1; view < 4; view++) {
		KUNIT_EXPECT_EQ(test, run_one(space, 1, DISCO_OP_MIGRATE, space->view[view].node, 0), 0);
		KUNIT_EXPECT_EQ(test, page_to_nid(space->slot[1].page), space->view[view].node);
		KUNIT_EXPECT_TRUE(test, slot_has(space, 1, 42));
	}
	KUNIT_EXPECT_EQ(test, disco_sharers(space->slot[1].page), 1ul);
}

static u64 all_nodes(struct disco_space *space)
{
	int view;
	u64 nodes = 0;

	for (view = 0; view < space->views; view++)
		nodes |= 1ull << space->view[view].node;
	return nodes;
}

static void replicate_copies(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_slot *slot = &space->slot[2];
	int view;

	run_one(space, 2, DISCO_OP_MIGRATE, space->view[0].node, 0);
	fill_slot(space, 2, 7);
	KUNIT_EXPECT_EQ(test, run_one(space, 2, DISCO_OP_REPLICATE, 0, all_nodes(space)), 0);
	for (view = 0; view < 4; view++) {
		KUNIT_EXPECT_EQ(test, page_to_nid(disco_slot_page(slot, view)), space->view[view].node);
		KUNIT_EXPECT_TRUE(test, page_has(disco_slot_page(slot, view), 7));
	}
	KUNIT_EXPECT_FALSE(test, disco_slot_exclusive(slot));
}

static void replicate_at_home_is_nothing(struct kunit *test)
{
	struct disco_space *space = test->priv;

	run_one(space, 2, DISCO_OP_MIGRATE, space->view[0].node, 0);
	KUNIT_EXPECT_EQ(test, run_one(space, 2, DISCO_OP_REPLICATE, 0, 1ull << space->view[0].node), 0);
	KUNIT_EXPECT_NULL(test, space->slot[2].replica);
}

static void collapse_keeps_one(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_slot *slot = &space->slot[3];
	long before;

	run_one(space, 3, DISCO_OP_MIGRATE, space->view[0].node, 0);
	fill_slot(space, 3, 9);
	disco_pool_pages = 0;
	disco_pool_drain(space);
	before = atomic_long_read(&space->pages);
	run_one(space, 3, DISCO_OP_REPLICATE, 0, all_nodes(space));
	KUNIT_EXPECT_EQ(test, run_one(space, 3, DISCO_OP_COLLAPSE, space->view[3].node, 0), 0);
	KUNIT_EXPECT_EQ(test, page_to_nid(slot->page), space->view[3].node);
	KUNIT_EXPECT_TRUE(test, disco_slot_exclusive(slot) && slot_has(space, 3, 9));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&space->pages), before);
}

static void share_and_break(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_slot *slot = space->slot;

	run_one(space, 4, DISCO_OP_MIGRATE, space->view[0].node, 0);
	fill_slot(space, 4, 11);
	KUNIT_EXPECT_EQ(test, run_one(space, 5, DISCO_OP_SHARE, 0, 4), 0);
	KUNIT_EXPECT_PTR_EQ(test, slot[4].page, slot[5].page);
	KUNIT_EXPECT_EQ(test, run_one(space, 5, DISCO_OP_MIGRATE, space->view[1].node, 0), -EMLINK);
	KUNIT_EXPECT_EQ(test, run_one(space, 5, DISCO_OP_REPLICATE, 0, all_nodes(space)), -EMLINK);
	KUNIT_EXPECT_EQ(test, run_one(space, 5, DISCO_OP_BREAK, space->view[1].node, 0), 0);
	KUNIT_EXPECT_PTR_NE(test, slot[4].page, slot[5].page);
	KUNIT_EXPECT_TRUE(test, slot_has(space, 5, 11));
	KUNIT_EXPECT_TRUE(test, disco_slot_exclusive(&slot[4]) && disco_slot_exclusive(&slot[5]));
}

static void zero_and_release(struct kunit *test)
{
	struct disco_space *space = test->priv;

	run_one(space, 6, DISCO_OP_MIGRATE, space->view[0].node, 0);
	fill_slot(space, 6, 13);
	run_one(space, 7, DISCO_OP_SHARE, 0, 6);
	KUNIT_EXPECT_EQ(test, run_one(space, 7, DISCO_OP_ZERO, 0, 0), 0);
	KUNIT_EXPECT_TRUE(test, slot_has(space, 7, 0) && slot_has(space, 6, 13));
	KUNIT_EXPECT_EQ(test, run_one(space, 6, DISCO_OP_ZERO, 0, 0), 0);
	KUNIT_EXPECT_TRUE(test, slot_has(space, 6, 0));
	KUNIT_EXPECT_EQ(test, run_one(space, 6, DISCO_OP_RELEASE, 0, 0), 0);
	KUNIT_EXPECT_NULL(test, space->slot[6].page);
	KUNIT_EXPECT_EQ(test, run_one(space, 6, DISCO_OP_RELEASE, 0, 0), 0);
}

static void recycled_pages_are_cleared(struct kunit *test)
{
	struct disco_space *space = test->priv;

	run_one(space, 8, DISCO_OP_MIGRATE, space->view[0].node, 0);
	fill_slot(space, 8, 17);
	run_one(space, 8, DISCO_OP_RELEASE, 0, 0);
	run_one(space, 9, DISCO_OP_MIGRATE, space->view[0].node, 0);
	KUNIT_EXPECT_TRUE(test, slot_has(space, 9, 0));
}

static void held_pages_stay(struct kunit *test)
{
	static const int ops[] = { DISCO_OP_MIGRATE, DISCO_OP_ZERO, DISCO_OP_RELEASE };
	struct disco_space *space = test->priv;
	struct page *page;
	int i;

	run_one(space, 10, DISCO_OP_MIGRATE, space->view[0].node, 0);
	page = space->slot[10].page;
	get_page(page);
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		KUNIT_EXPECT_EQ(test, run_one(space, 10, ops[i], i ? 0 : space->view[1].node, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, run_one(space, 10, DISCO_OP_REPLICATE, 0, all_nodes(space)), -EBUSY);
	KUNIT_EXPECT_EQ(test, run_one(space, 11, DISCO_OP_SHARE, 0, 10), -EBUSY);
	KUNIT_EXPECT_PTR_EQ(test, space->slot[10].page, page);
	put_page(page);
}

static void empty_slots_have_no_data(struct kunit *test)
{
	struct disco_space *space = test->priv;

	KUNIT_EXPECT_EQ(test, run_one(space, 20, DISCO_OP_REPLICATE, 0, all_nodes(space)), -ENODATA);
	KUNIT_EXPECT_EQ(test, run_one(space, 20, DISCO_OP_COLLAPSE, DISCO_NODE_ANY, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, run_one(space, 20, DISCO_OP_BREAK, DISCO_NODE_ANY, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, run_one(space, 20, DISCO_OP_SHARE, 0, 21), -ENODATA);
}

static void conflicts_end_a_chunk(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_remap_entry *entry = space->chunk->entry;
	u32 flushes = 0;
	int i;

	run_one(space, 30, DISCO_OP_MIGRATE, space->view[0].node, 0);
	for (i = 0; i < 4; i++)
		entry[i] = (struct disco_remap_entry){ .slot = 31 + i, .op = DISCO_OP_SHARE, .arg = 30 };
	entry[3].slot = 31; /* again */
	entry[3].op = DISCO_OP_RELEASE;
	entry[3].arg = 0;
	KUNIT_EXPECT_EQ(test, disco_chunk_run(space, 4, &flushes), 3u);
	KUNIT_EXPECT_EQ(test, disco_sharers(space->slot[30].page), 4ul);
	for (i = 0; i < 40; i++)
		KUNIT_EXPECT_EQ(test, space->slot[i].mark, 0u);
	entry[0] = (struct disco_remap_entry){ .slot = 30, .op = DISCO_OP_RELEASE };
	entry[1] = (struct disco_remap_entry){ .slot = 40, .op = DISCO_OP_SHARE, .arg = 30 };
	KUNIT_EXPECT_EQ(test, disco_chunk_run(space, 2, &flushes), 1u);
}

static void full_chunk(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_remap_entry *entry = space->chunk->entry;
	u32 flushes = 0;
	int i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < DISCO_CHUNK; i++)
			entry[i] = (struct disco_remap_entry){ .slot = i, .op = DISCO_OP_MIGRATE,
							       .node = space->view[round].node };
		KUNIT_EXPECT_EQ(test, disco_chunk_run(space, DISCO_CHUNK, &flushes), (u32)DISCO_CHUNK);
		for (i = 0; i < DISCO_CHUNK; i++) {
			KUNIT_EXPECT_EQ(test, entry[i].status, 0);
			KUNIT_EXPECT_EQ(test, page_to_nid(space->slot[i].page), space->view[round].node);
		}
	}
	KUNIT_EXPECT_EQ(test, flushes, 0u); /* nothing is mapped */
}

static struct kunit_case cases[] = {
	KUNIT_CASE(migrate_moves_content),	  KUNIT_CASE(replicate_copies),
	KUNIT_CASE(replicate_at_home_is_nothing), KUNIT_CASE(collapse_keeps_one),
	KUNIT_CASE(share_and_break),		  KUNIT_CASE(zero_and_release),
	KUNIT_CASE(recycled_pages_are_cleared),	  KUNIT_CASE(held_pages_stay),
	KUNIT_CASE(empty_slots_have_no_data),	  KUNIT_CASE(conflicts_end_a_chunk),
	KUNIT_CASE(full_chunk),			  {}
};

struct kunit_suite disco_remap_suite = {
	.name = "disco-remap", .init = test_init, .exit = test_exit, .test_cases = cases,
};
