// SPDX-License-Identifier: GPL-2.0
/* Memory runs out at every point of a batch: what was done is reported, nothing is lost. */
#include "fixture.h"

#define SLOTS 40

static void setup(struct disco_space *space)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		run_one(space, i, DISCO_OP_MIGRATE, space->view[0].node, 0);
		fill_slot(space, i, 100 + i);
	}
}

static void restore(struct disco_space *space)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		run_one(space, i, DISCO_OP_RELEASE, 0, 0);
}

/* Runs the entries with the n-th page failing, for each n until none fails. */
static void fail_each(struct kunit *test, void (*make)(struct disco_space *, struct disco_remap_entry *, int))
{
	struct disco_space *space = test->priv;
	struct disco_remap_entry *entry = space->chunk->entry;
	int n, i, failed;

	for (n = 0; n < 200; n++) {
		u32 flushes = 0;

		setup(space);
		for (i = 0; i < SLOTS / 2; i++)
			make(space, &entry[i], i);
		disco_fail_after = n;
		KUNIT_ASSERT_EQ(test, disco_chunk_run(space, SLOTS / 2, &flushes), (u32)SLOTS / 2);
		disco_fail_after = -1;
		for (i = 0, failed = 0; i < SLOTS / 2; i++) {
			KUNIT_EXPECT_TRUE(test, entry[i].status == 0 || entry[i].status == -ENOMEM);
			failed += entry[i].status != 0;
		}
		for (i = 0; i < SLOTS; i++)
			KUNIT_EXPECT_TRUE(test, slot_has(space, i, 100 + i) ||
							(i >= SLOTS / 2 && slot_has(space, i, 80 + i)));
		restore(space);
		if (!failed)
			break;
	}
	KUNIT_EXPECT_GT(test, n, 5);
	KUNIT_EXPECT_LT(test, n, 200);
}

static void make_migrate(struct disco_space *space, struct disco_remap_entry *entry, int i)
{
	*entry = (struct disco_remap_entry){ .slot = i, .op = DISCO_OP_MIGRATE,
					     .node = space->view[1].node };
}

static void make_replicate(struct disco_space *space, struct disco_remap_entry *entry, int i)
{
	*entry = (struct disco_remap_entry){ .slot = i, .op = DISCO_OP_REPLICATE,
					     .arg = 1ull << space->view[1].node | 1ull << space->view[2].node };
}

static void make_break(struct disco_space *space, struct disco_remap_entry *entry, int i)
{
	struct disco_remap_entry first = space->chunk->entry[0];

	run_one(space, i + SLOTS / 2, DISCO_OP_SHARE, 0, i);
	space->chunk->entry[0] = first;
	*entry = (struct disco_remap_entry){ .slot = i, .op = DISCO_OP_BREAK, .node = DISCO_NODE_ANY };
}

static void migrate_fails(struct kunit *test)
{
	fail_each(test, make_migrate);
}

static void replicate_fails(struct kunit *test)
{
	fail_each(test, make_replicate);
}

static void break_fails(struct kunit *test)
{
	fail_each(test, make_break);
}

static void space_fails_at_the_limit(struct kunit *test)
{
	struct disco_space_create arg = { .slots = 1 << 20, .views = 1, .view_node[0] = first_memory_node };
	unsigned long used = disco_used_pages();

	disco_max_pages = used + 10;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(disco_space_new(&arg, NULL, NULL)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, disco_used_pages(), used);
}

static void counters_fail_at_the_limit(struct kunit *test)
{
	struct disco_space *space = test->priv;
	unsigned long used = disco_used_pages();

	disco_max_pages = used + 1;
	KUNIT_EXPECT_EQ(test, disco_counts_alloc(space), -ENOMEM);
	KUNIT_EXPECT_EQ(test, disco_used_pages(), used);
	KUNIT_EXPECT_NULL(test, space->counts.live);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(migrate_fails),	      KUNIT_CASE(replicate_fails), KUNIT_CASE(break_fails),
	KUNIT_CASE(space_fails_at_the_limit), KUNIT_CASE(counters_fail_at_the_limit), {}
};

struct kunit_suite disco_fail_suite = {
	.name = "disco-fail", .init = test_init, .exit = test_exit, .test_cases = cases,
};
