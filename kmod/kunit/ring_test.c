// SPDX-License-Identifier: GPL-2.0
/* The ring: order, wrap-around, loss, a reader that lies, no ring. */
#include "fixture.h"

static void push(struct disco_space *space, u32 slot)
{
	struct disco_ring_entry entry = { .slot = slot };

	disco_ring_push(space, &entry);
}

static void order_is_kept(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_ring *ring = space->ring.ring;
	u32 i;

	KUNIT_EXPECT_FALSE(test, disco_ring_has(space));
	for (i = 0; i < 100; i++) {
		push(space, i);
		KUNIT_EXPECT_TRUE(test, disco_ring_has(space));
		KUNIT_EXPECT_EQ(test, ring->head, i + 1);
		KUNIT_EXPECT_EQ(test, ring->entries[i & ring->mask].slot, i);
		ring->tail++;
	}
	KUNIT_EXPECT_EQ(test, space->ring.lost, 0ull);
}

static void full_ring_loses(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_ring *ring = space->ring.ring;
	u32 i;

	for (i = 0; i < 20; i++)
		push(space, i);
	KUNIT_EXPECT_EQ(test, ring->head, 16u);
	KUNIT_EXPECT_EQ(test, ring->lost, 4ull);
	KUNIT_EXPECT_EQ(test, ring->entries[0].slot, 0u);
	KUNIT_EXPECT_EQ(test, ring->entries[15].slot, 15u);
}

static void head_wraps(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_ring *ring = space->ring.ring;

	space->ring.head = ring->head = ring->tail = U32_MAX;
	push(space, 1);
	push(space, 2);
	KUNIT_EXPECT_EQ(test, ring->head, 1u);
	KUNIT_EXPECT_EQ(test, ring->entries[15].slot, 1u);
	KUNIT_EXPECT_EQ(test, ring->entries[0].slot, 2u);
}

static void lies_of_the_reader(struct kunit *test)
{
	struct disco_space *space = test->priv;
	struct disco_ring *ring = space->ring.ring;
	u32 i;

	ring->tail = 12345;
	ring->head = 999;
	ring->mask = 0xffffffff;
	for (i = 0; i < 64; i++)
		push(space, i);
	KUNIT_EXPECT_LE(test, space->ring.head, 16u);
	KUNIT_EXPECT_EQ(test, space->ring.head + space->ring.lost, 64ull);
}

static void without_a_ring(struct kunit *test)
{
	struct disco_space *space = test_space_new(test, 0, 0);

	KUNIT_EXPECT_EQ(test, disco_ring_bytes(space), (size_t)0);
	push(space, 1);
	disco_space_free(space);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(order_is_kept),	KUNIT_CASE(full_ring_loses), KUNIT_CASE(head_wraps),
	KUNIT_CASE(lies_of_the_reader), KUNIT_CASE(without_a_ring),  {}
};

struct kunit_suite disco_ring_suite = {
	.name = "disco-ring", .init = test_init, .exit = test_exit, .test_cases = cases,
};
