/* SPDX-License-Identifier: GPL-2.0 */
/* A space without a process: slots, pages and counters work, nothing is mapped. */
#ifndef DISCO_KUNIT_FIXTURE_H
#define DISCO_KUNIT_FIXTURE_H

#include <kunit/test.h>

#include "../disco.h"

#define TEST_SLOTS 1024

struct disco_space *test_space_new(struct kunit *test, u32 flags, u32 ring);
int test_init(struct kunit *test);
void test_exit(struct kunit *test);

/* A chunk of one entry; its status. */
int run_one(struct disco_space *space, u32 slot, int op, int node, u64 arg);
/* Fills a slot's page with a value, and looks whether it has only that. */
void fill_slot(struct disco_space *space, u32 slot, u64 value);
bool slot_has(struct disco_space *space, u32 slot, u64 value);
bool page_has(struct page *page, u64 value);

extern struct kunit_suite disco_slot_suite, disco_remap_suite, disco_count_suite, disco_ring_suite,
	disco_abi_suite, disco_fail_suite;

#endif
