// SPDX-License-Identifier: GPL-2.0-or-later
/* Each operation, one after the other: content, node, sharing, statuses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "guest.h"

#define SLOTS 1024

static void fill(struct space *space, uint64_t slot, uint64_t value)
{
	int i;

	for (i = 0; i < 512; i += 73)
		*word(space, 0, slot, i) = value + i;
}

static bool holds(struct space *space, unsigned int view, uint64_t slot, uint64_t value)
{
	int i;

	for (i = 0; i < 512; i += 73)
		if (*word(space, view, slot, i) != value + i)
			return false;
	return true;
}

static bool all_views_hold(struct space *space, uint64_t slot, uint64_t value)
{
	unsigned int view;

	for (view = 0; view < space->views; view++)
		if (!holds(space, view, slot, value))
			return false;
	return true;
}

static bool all_zero(struct space *space, uint64_t slot)
{
	int i;

	for (i = 0; i < 512; i++)
		if (*word(space, 0, slot, i))
			return false;
	return true;
}

static void first_touch(struct space *space)
{
	unsigned int view;
	bool good = true;

	for (view = 0; view < space->views; view++) {
		*word(space, view, 900 + view, 0) = 1;
		good &= node_of((void *)word(space, view, 900 + view, 0)) == (int)view;
		good &= query_one(space, 900 + view).node == view;
	}
	check(good, "a first touch allocates on the view's node");
	check(all_zero(space, 910), "an untouched slot reads as zero");
}

static void migrate(struct space *space)
{
	unsigned int node;

	fill(space, 1, 1000);
	for (node = 0; node < space->views; node++) {
		int ret = remap_one(space, 1, DISCO_OP_MIGRATE, node, 0);

		check(!ret && query_one(space, 1).node == node && all_views_hold(space, 1, 1000) &&
			      node_of((void *)word(space, 0, 1, 0)) == (int)node,
		      "migrate to node %u: content, query and move_pages agree", node);
	}
	check(!remap_one(space, 1, DISCO_OP_MIGRATE, space->views - 1, 0) && space->flushes == 0,
	      "migrate to where it is costs no flush");
	check(!remap_one(space, 2, DISCO_OP_MIGRATE, 1, 0) && query_one(space, 2).node == 1 &&
		      all_zero(space, 2),
	      "migrate of an empty slot gives a zeroed page there");
}

static void replicate(struct space *space)
{
	struct disco_query_entry query;
	unsigned int view;
	bool local = true;

	fill(space, 3, 3000);
	remap_one(space, 3, DISCO_OP_MIGRATE, 0, 0);
	check(!remap_one(space, 3, DISCO_OP_REPLICATE, 0, (1ull << space->views) - 1),
	      "replicate on all nodes");
	query = query_one(space, 3);
	check((query.flags & DISCO_SLOT_REPLICATED) && query.replicas == ((1ull << space->views) - 2),
	      "query shows the copies");
	for (view = 0; view < space->views; view++)
		local &= holds(space, view, 3, 3000) &&
			 node_of((void *)word(space, view, 3, 0)) == (int)view;
	check(local, "each view reads its own node's copy");
	*word(space, 1, 3, 0) = 4711;
	query = query_one(space, 3);
	check(!(query.flags & DISCO_SLOT_REPLICATED) && query.node == 1,
	      "a write collapses the copies to the writer's");
	check(*word(space, 0, 3, 0) == 4711 && *word(space, 2, 3, 0) == 4711 &&
		      *word(space, 2, 3, 73) == 3073,
	      "every view sees the write");
	remap_one(space, 3, DISCO_OP_REPLICATE, 0, 0xf);
	check(!remap_one(space, 3, DISCO_OP_COLLAPSE, 2, 0) && query_one(space, 3).node == 2 &&
		      *word(space, 3, 3, 0) == 4711,
	      "collapse keeps the copy on the node named");
	remap_one(space, 3, DISCO_OP_REPLICATE, 0, 0xf);
	check(!remap_one(space, 3, DISCO_OP_MIGRATE, 3, 0) && query_one(space, 3).node == 3 &&
		      *word(space, 1, 3, 73) == 3073,
	      "migrate of a replicated slot leaves one page");
	check(remap_one(space, 4, DISCO_OP_REPLICATE, 0, 1) == -ENODATA, "replicate of an empty slot");
}

static void share(struct space *space, bool window)
{
	struct disco_remap_entry entry[20];
	int i;
	bool good = true;

	fill(space, 10, 5000);
	for (i = 0; i < 20; i++)
		entry[i] = (struct disco_remap_entry){ .slot = 11 + i, .op = DISCO_OP_SHARE, .arg = 10 };
	check(!remap(space, entry, 20) && (!window || space->flushes <= 1), "20 slots share a page");
	for (i = 0; i < 20; i++)
		good &= !entry[i].status && all_views_hold(space, 11 + i, 5000);
	check(good && query_one(space, 10).sharers == 21, "they all show its content");
	*word(space, 1, 12, 0) = 1;
	check(*word(space, 0, 12, 0) == 1 && holds(space, 0, 10, 5000) && holds(space, 2, 13, 5000) &&
		      query_one(space, 10).sharers == 20,
	      "a write takes one slot out");
	check(remap_one(space, 13, DISCO_OP_MIGRATE, 1, 0) == -EMLINK &&
		      remap_one(space, 13, DISCO_OP_REPLICATE, 0, 3) == -EMLINK,
	      "a shared slot does not migrate or replicate");
	check(!remap_one(space, 13, DISCO_OP_BREAK, 2, 0) && query_one(space, 13).node == 2 &&
		      query_one(space, 13).sharers == 1 && holds(space, 0, 13, 5000),
	      "break gives a page of its own on the node named");
	*word(space, 0, 10, 0) = 77;
	check(holds(space, 0, 14, 5000) && *word(space, 3, 10, 0) == 77,
	      "a write to the original leaves the others");
	check(remap_one(space, 800, DISCO_OP_SHARE, 0, 801) == -ENODATA, "share with an empty slot");
	check(remap_one(space, 10, DISCO_OP_SHARE, 0, 10) == -EINVAL, "share with itself");
}

static void empty(struct space *space)
{
	long long before;

	fill(space, 30, 1);
	remap_one(space, 30, DISCO_OP_MIGRATE, 2, 0);
	check(!remap_one(space, 30, DISCO_OP_ZERO, 0, 0) && all_zero(space, 30) &&
		      query_one(space, 30).node == 2,
	      "zero clears and keeps the page");
	fill(space, 30, 9);
	remap_one(space, 31, DISCO_OP_SHARE, 0, 30);
	check(!remap_one(space, 31, DISCO_OP_ZERO, 0, 0) && all_zero(space, 31) &&
		      holds(space, 1, 30, 9),
	      "zero of a shared slot leaves the other");
	before = query_one(space, 30).flags;
	check(before && !remap_one(space, 30, DISCO_OP_RELEASE, 0, 0) && !query_one(space, 30).flags,
	      "release gives the page back");
	check(all_zero(space, 30), "a released slot reads as zero");
}

static void order(struct space *space)
{
	struct disco_remap_entry entry[] = {
		{ .slot = 40, .op = DISCO_OP_MIGRATE, .node = 1 },
		{ .slot = 41, .op = DISCO_OP_SHARE, .arg = 40 },
		{ .slot = 40, .op = DISCO_OP_RELEASE },
		{ .slot = 41, .op = DISCO_OP_MIGRATE, .node = 2 },
		{ .slot = 9999, .op = DISCO_OP_ZERO },
		{ .slot = 42, .op = 99 },
		{ .slot = 42, .op = DISCO_OP_MIGRATE, .node = 200 },
		{ .slot = 42, .op = DISCO_OP_ZERO, .reserved = 1 },
		{ .slot = 42, .op = DISCO_OP_ZERO, .arg = 1 },
		{ .slot = 42, .op = DISCO_OP_REPLICATE, .arg = 1ull << 63 },
	};
	int i;
	bool good;

	fill(space, 40, 40);
	check(!remap(space, entry, 10), "a batch with bad entries is done");
	good = !entry[0].status && !entry[1].status && !entry[2].status && !entry[3].status;
	check(good && query_one(space, 41).node == 2 && holds(space, 0, 41, 40) &&
		      !query_one(space, 40).flags,
	      "entries take effect in their order");
	for (i = 4, good = true; i < 10; i++)
		good &= entry[i].status == -EINVAL;
	check(good, "bad entries get EINVAL each");
}

static void batches(struct space *space, bool window)
{
	static struct disco_remap_entry entry[SLOTS];
	static const int sizes[] = { 1, 2, 16, 255, 512 };
	unsigned int i, n, step;
	bool good = true, one = true;

	for (i = 0; i < SLOTS; i++) {
		remap_one(space, i, DISCO_OP_RELEASE, 0, 0);
		fill(space, i, i * 1000);
		holds(space, 1, i, 0);
	}
	for (n = 0; n < 5; n++) {
		for (step = 1; step <= 2; step++) {
			for (i = 0; i < (unsigned int)sizes[n]; i++)
				entry[i] = (struct disco_remap_entry){ .slot = i * step,
								       .op = DISCO_OP_MIGRATE,
								       .node = (n + step) % 2 + 1 };
			good &= !remap(space, entry, sizes[n]);
			one &= space->flushes <= 1;
			for (i = 0; i < SLOTS; i += 7)
				good &= all_views_hold(space, i, i * 1000);
		}
	}
	check(good, "batches of 1 to 512, dense and scattered, keep the content");
	if (window)
		check(one, "each costs one flush");
}

void test_ops(long arg)
{
	struct space space;
	int window;

	(void)arg;
	for (window = 1; window >= 0; window--) {
		say("# %s the flush window\n", window ? "with" : "without");
		space_open(&space, SLOTS, 4, DISCO_SPACE_STRICT, 0);
		space_map(&space, window);
		first_touch(&space);
		migrate(&space);
		replicate(&space);
		share(&space, window);
		empty(&space);
		order(&space);
		batches(&space, window);
		space_close(&space);
	}
}
