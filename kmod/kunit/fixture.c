// SPDX-License-Identifier: GPL-2.0
#include <linux/highmem.h>
#include <linux/nodemask.h>

#include "fixture.h"

/* Four views on the nodes there are. */
struct disco_space *test_space_new(struct kunit *test, u32 flags, u32 ring)
{
	struct disco_space_create arg = {
		.size = sizeof(arg), .slots = TEST_SLOTS, .views = 4, .flags = flags, .ring_entries = ring,
	};
	struct disco_space *space;
	int view, node = first_memory_node;

	for (view = 0; view < 4; view++) {
		arg.view_node[view] = node;
		node = next_node_in(node, node_states[N_MEMORY]);
	}
	space = disco_space_new(&arg, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(space));
	return space;
}

/* Each test begins and ends with no page in use. */
int test_init(struct kunit *test)
{
	disco_fail_after = -1;
	disco_max_pages = totalram_pages() / 2;
	disco_pool_pages = 4096;
	KUNIT_ASSERT_EQ(test, disco_used_pages(), 0ul);
	test->priv = test_space_new(test, 0, 16);
	return 0;
}

void test_exit(struct kunit *test)
{
	disco_fail_after = -1;
	disco_space_free(test->priv);
	KUNIT_EXPECT_EQ(test, disco_used_pages(), 0ul);
}

int run_one(struct disco_space *space, u32 slot, int op, int node, u64 arg)
{
	u32 flushes = 0;

	space->chunk->entry[0] = (struct disco_remap_entry){
		.slot = slot, .op = op, .node = node, .arg = arg,
	};
	if (disco_chunk_run(space, 1, &flushes) != 1)
		return -EIO;
	return space->chunk->entry[0].status;
}

void fill_slot(struct disco_space *space, u32 slot, u64 value)
{
	u64 *words = kmap_local_page(space->slot[slot].page);
	int i;

	for (i = 0; i < PAGE_SIZE / sizeof(u64); i++)
		words[i] = value;
	kunmap_local(words);
}

bool page_has(struct page *page, u64 value)
{
	u64 *words = kmap_local_page(page);
	bool good = true;
	int i;

	for (i = 0; i < PAGE_SIZE / sizeof(u64); i++)
		good &= words[i] == value;
	kunmap_local(words);
	return good;
}

bool slot_has(struct disco_space *space, u32 slot, u64 value)
{
	return space->slot[slot].page && page_has(space->slot[slot].page, value);
}
