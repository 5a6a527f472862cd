// SPDX-License-Identifier: GPL-2.0
/* The interface: sizes and offsets that must never change, and the checks of arguments. */
#include "fixture.h"

static void layout_is_fixed(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, sizeof(struct disco_info), (size_t)96);
	KUNIT_EXPECT_EQ(test, sizeof(struct disco_space_create), (size_t)240);
	KUNIT_EXPECT_EQ(test, sizeof(struct disco_remap_entry), (size_t)24);
	KUNIT_EXPECT_EQ(test, sizeof(struct disco_remap), (size_t)48);
	KUNIT_EXPECT_EQ(test, sizeof(struct disco_query_entry), (size_t)24);
	KUNIT_EXPECT_EQ(test, sizeof(struct disco_query), (size_t)40);
	KUNIT_EXPECT_EQ(test, sizeof(struct disco_count_config), (size_t)96);
	KUNIT_EXPECT_EQ(test, sizeof(struct disco_count_read), (size_t)120);
	KUNIT_EXPECT_EQ(test, sizeof(struct disco_feed_entry), (size_t)12);
	KUNIT_EXPECT_EQ(test, sizeof(struct disco_ring_entry), (size_t)24);
	KUNIT_EXPECT_EQ(test, offsetof(struct disco_ring, entries), (size_t)64);
	KUNIT_EXPECT_EQ(test, (u32)DISCO_REMAP, 0xdc02u);
}

static void parts_of_the_file_do_not_overlap(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_space_create arg;

	disco_space_layout(space, &arg);
	KUNIT_EXPECT_EQ(test, arg.view_stride, (u64)TEST_SLOTS << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, arg.window_offset, 4 * arg.view_stride);
	KUNIT_EXPECT_EQ(test, arg.counters_offset, arg.window_offset + arg.window_size);
	KUNIT_EXPECT_EQ(test, arg.ring_offset, arg.counters_offset + arg.counters_size);
	KUNIT_EXPECT_EQ(test, arg.counters_size, (u64)TEST_SLOTS * 4 * 4);
	KUNIT_EXPECT_EQ(test, arg.ring_size, (u64)PAGE_SIZE);
}

static void entries_are_checked(struct kunit *test)
{
	static const struct disco_remap_entry bad[] = {
		{ .slot = TEST_SLOTS, .op = DISCO_OP_ZERO },
		{ .op = 0 },
		{ .op = DISCO_OP_RELEASE + 1 },
		{ .op = 0xffff },
		{ .op = DISCO_OP_ZERO, .reserved = 1 },
		{ .op = DISCO_OP_ZERO, .arg = 1 },
		{ .op = DISCO_OP_ZERO, .node = 1 },
		{ .op = DISCO_OP_MIGRATE, .node = DISCO_NODE_ANY },
		{ .op = DISCO_OP_MIGRATE, .node = 1000 },
		{ .op = DISCO_OP_REPLICATE, .arg = 0 },
		{ .op = DISCO_OP_REPLICATE, .arg = 1ull << 63 },
		{ .op = DISCO_OP_SHARE, .arg = TEST_SLOTS },
		{ .op = DISCO_OP_SHARE, .arg = 1ull << 32 },
		{ .op = DISCO_OP_SHARE, .arg = 0 },
	};
	struct disco_remap_entry good = { .op = DISCO_OP_BREAK, .node = DISCO_NODE_ANY };
	struct disco_space *space = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, disco_op_check(space, &bad[i]), -EINVAL, "entry %d", i);
	KUNIT_EXPECT_EQ(test, disco_op_check(space, &good), 0);
}

static void longterm_refuses_read_only_pages(struct kunit *test)
{
	struct disco_space *space = test_space_new(test, DISCO_SPACE_LONGTERM, 0);
	struct disco_remap_entry share = { .slot = 1, .op = DISCO_OP_SHARE, .arg = 2 };
	struct disco_remap_entry copy = { .op = DISCO_OP_REPLICATE, .arg = 1ull << first_memory_node };

	KUNIT_EXPECT_EQ(test, disco_op_check(space, &share), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, disco_op_check(space, &copy), -EOPNOTSUPP);
	disco_space_free(space);
}

static void spaces_are_checked(struct kunit *test)
{
	struct disco_space_create good = { .slots = 1, .views = 1, .view_node[0] = first_memory_node };
	struct disco_space_create bad;

	KUNIT_EXPECT_EQ(test, disco_check_create(&good), 0);
	bad = good;
	bad.slots = DISCO_MAX_SLOTS + 1;
	KUNIT_EXPECT_EQ(test, disco_check_create(&bad), -EINVAL);
	bad = good;
	bad.views = 65;
	KUNIT_EXPECT_EQ(test, disco_check_create(&bad), -EINVAL);
	bad = good;
	bad.flags = 4;
	KUNIT_EXPECT_EQ(test, disco_check_create(&bad), -EINVAL);
	bad = good;
	bad.ring_entries = 131072;
	KUNIT_EXPECT_EQ(test, disco_check_create(&bad), -EINVAL);
	bad = good;
	bad.view_node[0] = 1023;
	KUNIT_EXPECT_EQ(test, disco_check_create(&bad), -EINVAL);
}

static void query_tells_the_state(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_query_entry entry = { .slot = 5 };

	disco_query_slot(space, &entry);
	KUNIT_EXPECT_EQ(test, (int)entry.flags, 0);
	KUNIT_EXPECT_EQ(test, (int)entry.node, DISCO_NODE_ANY);
	run_one(space, 5, DISCO_OP_MIGRATE, space->view[1].node, 0);
	run_one(space, 6, DISCO_OP_SHARE, 0, 5);
	disco_query_slot(space, &entry);
	KUNIT_EXPECT_EQ(test, (int)entry.flags, DISCO_SLOT_PRESENT | DISCO_SLOT_SHARED);
	KUNIT_EXPECT_EQ(test, (int)entry.node, space->view[1].node);
	KUNIT_EXPECT_EQ(test, entry.sharers, 2u);
	entry.slot = TEST_SLOTS;
	disco_query_slot(space, &entry);
	KUNIT_EXPECT_EQ(test, entry.status, -EINVAL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(layout_is_fixed),	 KUNIT_CASE(parts_of_the_file_do_not_overlap),
	KUNIT_CASE(entries_are_checked), KUNIT_CASE(longterm_refuses_read_only_pages),
	KUNIT_CASE(spaces_are_checked),	 KUNIT_CASE(query_tells_the_state),
	{}
};

struct kunit_suite disco_abi_suite = {
	.name = "disco-abi", .init = test_init, .exit = test_exit, .test_cases = cases,
};
