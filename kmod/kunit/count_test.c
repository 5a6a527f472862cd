// SPDX-License-Identifier: GPL-2.0
/* Counters: sums, saturation, reset, thresholds, the checks of their configuration. */
#include "fixture.h"

static void counts_add_up(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_count_read arg = { .slots = TEST_SLOTS };

	disco_count_access(space, 3, 2, 5, 0); /* before there are counters: no effect */
	KUNIT_ASSERT_EQ(test, disco_counts_alloc(space), 0);
	disco_count_access(space, 3, 2, 5, 0);
	disco_count_access(space, 3, 2, 6, 0);
	disco_count_access(space, 3, 1, 1, 0);
	disco_counts_read(space, &arg);
	KUNIT_EXPECT_EQ(test, space->counts.snapshot[3 * 4 + 2], 11u);
	KUNIT_EXPECT_EQ(test, space->counts.snapshot[3 * 4 + 1], 1u);
	KUNIT_EXPECT_EQ(test, space->counts.snapshot[3 * 4], 0u);
}

static void counts_saturate(struct kunit *test)
{
	struct disco_space *space = test->priv;

	KUNIT_ASSERT_EQ(test, disco_counts_alloc(space), 0);
	disco_count_access(space, 0, 0, U32_MAX - 1, 0);
	disco_count_access(space, 0, 0, 5, 0);
	KUNIT_EXPECT_EQ(test, (u32)atomic_read(&space->counts.live[0]), U32_MAX);
}

static void reset_only_the_range(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_count_read arg = { .flags = DISCO_COUNT_RESET, .first = 10, .slots = 5 };

	KUNIT_ASSERT_EQ(test, disco_counts_alloc(space), 0);
	disco_count_access(space, 9, 0, 1, 0);
	disco_count_access(space, 10, 0, 2, 0);
	disco_count_access(space, 15, 0, 3, 0);
	disco_counts_read(space, &arg);
	KUNIT_EXPECT_EQ(test, space->counts.snapshot[40], 2u);
	KUNIT_EXPECT_EQ(test, atomic_read(&space->counts.live[40]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&space->counts.live[36]), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&space->counts.live[60]), 3);
	KUNIT_EXPECT_EQ(test, space->counts.snapshot[36], 0u);
}

static void thresholds_fire_once(struct kunit *test)
{
	struct disco_space *space = test->priv;

	KUNIT_ASSERT_EQ(test, disco_counts_alloc(space), 0);
	space->counts.threshold = 10;
	disco_count_access(space, 5, 3, 9, 1);
	KUNIT_EXPECT_EQ(test, space->ring.head, 0u);
	disco_count_access(space, 5, 3, 4, 2);
	disco_count_access(space, 5, 3, 100, 1);
	KUNIT_EXPECT_EQ(test, space->ring.head, 1u);
	KUNIT_EXPECT_EQ(test, space->ring.ring->entries[0].slot, 5u);
	KUNIT_EXPECT_EQ(test, (int)space->ring.ring->entries[0].view, 3);
	KUNIT_EXPECT_EQ(test, space->ring.ring->entries[0].count, 13u);
	KUNIT_EXPECT_EQ(test, (int)space->ring.ring->entries[0].source, 2);
}

static void configurations_are_checked(struct kunit *test)
{
	struct disco_count_config good = { .sources = DISCO_COUNT_SCAN, .period_ms = 10, .budget_us = 10,
					   .eventfd = -1 };
	struct disco_count_config bad;

	KUNIT_EXPECT_EQ(test, disco_check_count_config(&good), 0);
	bad = good;
	bad.period_ms = 9;
	KUNIT_EXPECT_EQ(test, disco_check_count_config(&bad), -EINVAL);
	bad = good;
	bad.budget_us = 10001;
	KUNIT_EXPECT_EQ(test, disco_check_count_config(&bad), -EINVAL);
	bad = good;
	bad.sources = DISCO_COUNT_HINT;
	KUNIT_EXPECT_EQ(test, disco_check_count_config(&bad), -EINVAL);
	bad = good;
	bad.sources = DISCO_COUNT_PMU;
	KUNIT_EXPECT_EQ(test, disco_check_count_config(&bad), -EINVAL);
	bad = good;
	bad.reserved[3] = 1;
	KUNIT_EXPECT_EQ(test, disco_check_count_config(&bad), -EINVAL);
	bad = good;
	bad.eventfd = -2;
	KUNIT_EXPECT_EQ(test, disco_check_count_config(&bad), -EINVAL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(counts_add_up),	  KUNIT_CASE(counts_saturate),
	KUNIT_CASE(reset_only_the_range), KUNIT_CASE(thresholds_fire_once),
	KUNIT_CASE(configurations_are_checked), {}
};

struct kunit_suite disco_count_suite = {
	.name = "disco-count", .init = test_init, .exit = test_exit, .test_cases = cases,
};
