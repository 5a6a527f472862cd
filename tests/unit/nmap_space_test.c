/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spaces on the memfd back end, with four views whatever the host has: what each operation does to
 * content and state, and that no write is lost while pages move under writing threads.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nmap/space.h"

#define SLOTS  64
#define VIEWS  4
#define PAGE   4096
#define ROUNDS 4000

static struct nmap_space *make_space(void)
{
	static struct nmap_topology topology;
	struct nmap_space *space = NULL;
	char error[NMAP_TEXT] = "";

	nmap_topology_read(&topology);
	for (unsigned node = topology.nodes; node < VIEWS; node++)
		topology.node[node].host_node = (int)node + 100;
	topology.nodes = VIEWS;
	assert_int_equal(nmap_space_create(&topology, SLOTS, NMAP_MEMFD, &space, error), 0);
	assert_int_equal(nmap_space_views(space), VIEWS);
	return space;
}

static unsigned char *page_of(struct nmap_space *space, unsigned view, uint32_t slot)
{
	return (unsigned char *)nmap_space_view(space, view) + (size_t)slot * PAGE;
}

static uint16_t first_node;

static int apply(struct nmap_space *space, uint32_t slot, unsigned op, unsigned node, uint64_t arg)
{
	struct disco_remap_entry entry = {
		.slot = slot, .op = (uint16_t)op, .node = (uint16_t)node, .arg = arg, .status = 1};

	assert_int_equal(nmap_space_remap(space, &entry, 1, NULL), 0);
	return entry.status;
}

static struct disco_query_entry query(struct nmap_space *space, uint32_t slot)
{
	struct disco_query_entry entry = {.slot = slot};

	assert_int_equal(nmap_space_query(space, &entry, 1), 0);
	return entry;
}

static void expect_content(struct nmap_space *space, uint32_t slot, unsigned char value)
{
	for (unsigned view = 0; view < VIEWS; view++) {
		for (unsigned i = 0; i < PAGE; i += 64)
			assert_int_equal(page_of(space, view, slot)[i], value);
	}
}

static void test_views_show_the_same(void **state)
{
	struct nmap_space *space = make_space();

	(void)state;
	for (unsigned view = 0; view < VIEWS; view++) {
		memset(page_of(space, view, view), (int)view + 1, PAGE);
		expect_content(space, view, (unsigned char)(view + 1));
	}
	assert_int_equal(query(space, 0).flags, DISCO_SLOT_PRESENT);
	assert_int_equal(query(space, 9).flags, 0);
	assert_int_equal(query(space, 9).node, DISCO_NODE_ANY);
	assert_int_equal(query(space, SLOTS).status, -EINVAL);
	nmap_space_destroy(space);
}

static void test_migrate_keeps_content(void **state)
{
	struct nmap_space *space = make_space();

	(void)state;
	memset(page_of(space, 0, 5), 42, PAGE);
	for (unsigned node = 101; node < 104; node++) {
		assert_int_equal(apply(space, 5, DISCO_OP_MIGRATE, node, 0), 0);
		expect_content(space, 5, 42);
	}
	assert_int_equal(apply(space, 5, DISCO_OP_MIGRATE, 99, 0), -EINVAL);
	assert_int_equal(apply(space, SLOTS, DISCO_OP_MIGRATE, first_node, 0), -EINVAL);
	assert_int_equal(apply(space, 5, 0, first_node, 0), -EINVAL);
	assert_int_equal(apply(space, 5, 8, first_node, 0), -EINVAL);
	nmap_space_destroy(space);
}

static void test_share_and_break(void **state)
{
	struct nmap_space *space = make_space();

	(void)state;
	memset(page_of(space, 0, 1), 11, PAGE);
	memset(page_of(space, 0, 2), 22, PAGE);
	assert_int_equal(apply(space, 2, DISCO_OP_SHARE, 0, 1), 0);
	expect_content(space, 2, 11);
	assert_int_equal(query(space, 2).sharers, 2);
	assert_int_equal(query(space, 1).flags, DISCO_SLOT_PRESENT | DISCO_SLOT_SHARED);
	assert_int_equal(apply(space, 1, DISCO_OP_MIGRATE, 101, 0), -EMLINK);
	assert_int_equal(apply(space, 1, DISCO_OP_ZERO, 0, 0), -EMLINK);

	page_of(space, 3, 2)[0] = 33; /* the write breaks it */
	assert_int_equal(page_of(space, 0, 2)[0], 33);
	expect_content(space, 1, 11);
	assert_int_equal(query(space, 1).sharers, 1);

	assert_int_equal(apply(space, 3, DISCO_OP_SHARE, 0, 1), 0);
	assert_int_equal(apply(space, 3, DISCO_OP_BREAK, DISCO_NODE_ANY, 0), 0);
	assert_int_equal(query(space, 3).sharers, 1);
	page_of(space, 0, 1)[0] = 12; /* the last sharer writes */
	assert_int_equal(page_of(space, 0, 3)[0], 11);

	assert_int_equal(apply(space, 4, DISCO_OP_SHARE, 0, 4), -EINVAL);
	assert_int_equal(apply(space, 4, DISCO_OP_SHARE, 0, SLOTS), -EINVAL);
	assert_int_equal(apply(space, 4, DISCO_OP_SHARE, 0, 40), -ENODATA);
	assert_int_equal(apply(space, 40, DISCO_OP_BREAK, DISCO_NODE_ANY, 0), -ENODATA);
	nmap_space_destroy(space);
}

static void test_zero_and_release(void **state)
{
	struct nmap_space *space = make_space();

	(void)state;
	memset(page_of(space, 1, 7), 77, PAGE);
	assert_int_equal(apply(space, 7, DISCO_OP_ZERO, 0, 0), 0);
	expect_content(space, 7, 0);
	memset(page_of(space, 1, 7), 78, PAGE);
	assert_int_equal(apply(space, 7, DISCO_OP_RELEASE, 0, 0), 0);
	assert_int_equal(query(space, 7).flags, 0);
	expect_content(space, 7, 0);
	assert_int_equal(apply(space, 8, DISCO_OP_COLLAPSE, DISCO_NODE_ANY, 0), -ENODATA);
	nmap_space_destroy(space);
}

/* Replicas need nodes below 64: the first view's node is the page's, so use a set of all. */
static void test_write_collapses_replica(void **state)
{
	static struct nmap_topology topology;
	struct nmap_space *space = NULL;
	char error[NMAP_TEXT] = "";
	struct disco_query_entry entry;

	(void)state;
	nmap_topology_read(&topology);
	for (unsigned node = topology.nodes; node < VIEWS; node++)
		topology.node[node].host_node = 60 + (int)node;
	topology.nodes = VIEWS;
	assert_int_equal(nmap_space_create(&topology, SLOTS, NMAP_MEMFD, &space, error), 0);
	memset(page_of(space, 0, 3), 9, PAGE);
	assert_int_equal(apply(space, 3, DISCO_OP_REPLICATE, 0, ~UINT64_C(0)), 0);
	entry = query(space, 3);
	assert_true(entry.flags & DISCO_SLOT_REPLICATED);
	assert_true(entry.replicas != 0);
	expect_content(space, 3, 9);
	page_of(space, 2, 3)[0] = 10;
	assert_int_equal(query(space, 3).replicas, 0);
	for (unsigned view = 0; view < VIEWS; view++)
		assert_int_equal(page_of(space, view, 3)[0], 10);
	assert_int_equal(apply(space, 3, DISCO_OP_REPLICATE, 0, ~UINT64_C(0)), 0);
	assert_int_equal(apply(space, 3, DISCO_OP_COLLAPSE, 63, 0), 0);
	assert_int_equal(query(space, 3).replicas, 0);
	assert_int_equal(page_of(space, 0, 3)[0], 10);
	nmap_space_destroy(space);
}

struct writer {
	struct nmap_space *space;
	unsigned view;
	atomic_bool *stop;
	uint64_t written[SLOTS];
};

/* Counts up in its own word of each slot, and checks that the words of all only grow. */
static void *write_words(void *opaque)
{
	struct writer *writer = opaque;
	uint64_t last[SLOTS][VIEWS] = {{0}};

	while (!atomic_load(writer->stop)) {
		for (uint32_t slot = 0; slot < SLOTS; slot++) {
			volatile uint64_t *word =
				(void *)page_of(writer->space, writer->view, slot);

			if (word[writer->view] != writer->written[slot])
				return "a write was lost";
			word[writer->view] = ++writer->written[slot];
			for (unsigned view = 0; view < VIEWS; view++) {
				uint64_t now = word[view];

				if (now < last[slot][view])
					return "a read was stale";
				last[slot][view] = now;
			}
		}
	}
	return NULL;
}

static void test_no_lost_write(void **state)
{
	static struct writer writers[VIEWS];
	struct nmap_space *space = make_space();
	pthread_t thread[VIEWS];
	atomic_bool stop = false;
	unsigned seed = 1;

	(void)state;
	for (unsigned view = 0; view < VIEWS; view++) {
		writers[view] = (struct writer){.space = space, .view = view, .stop = &stop};
		assert_int_equal(pthread_create(&thread[view], NULL, write_words, &writers[view]),
				 0);
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		static const unsigned op[] = {DISCO_OP_MIGRATE, DISCO_OP_REPLICATE,
					      DISCO_OP_COLLAPSE, DISCO_OP_BREAK};
		uint32_t slot = (uint32_t)rand_r(&seed) % SLOTS;
		unsigned which = op[rand_r(&seed) % 4];
		unsigned node = 101 + (unsigned)rand_r(&seed) % 3;
		uint64_t arg = which == DISCO_OP_REPLICATE ? ~UINT64_C(0) : 0;
		int status = apply(space, slot, which, node, arg);

		assert_true(status == 0 || status == -ENODATA);
	}
	atomic_store(&stop, true);
	for (unsigned view = 0; view < VIEWS; view++) {
		void *verdict = NULL;

		pthread_join(thread[view], &verdict);
		assert_null(verdict);
	}
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		for (unsigned view = 0; view < VIEWS; view++)
			assert_int_equal(((uint64_t *)page_of(space, 0, slot))[view],
					 writers[view].written[slot]);
	}
	nmap_space_destroy(space);
}

static void test_bad_sizes(void **state)
{
	static struct nmap_topology topology;
	struct nmap_space *space;
	char error[NMAP_TEXT] = "";

	(void)state;
	nmap_topology_read(&topology);
	assert_int_equal(nmap_space_create(&topology, 0, NMAP_MEMFD, &space, error), -EINVAL);
	assert_non_null(strstr(error, "allowed are 1 to"));
	assert_int_equal(nmap_space_create(&topology, UINT32_MAX, NMAP_MEMFD, &space, error),
			 -EINVAL);
}

int main(void)
{
	static struct nmap_topology topology;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_views_show_the_same),
		cmocka_unit_test(test_migrate_keeps_content),
		cmocka_unit_test(test_share_and_break),
		cmocka_unit_test(test_zero_and_release),
		cmocka_unit_test(test_write_collapses_replica),
		cmocka_unit_test(test_no_lost_write),
		cmocka_unit_test(test_bad_sizes),
	};

	nmap_topology_read(&topology);
	first_node = (uint16_t)topology.node[0].host_node;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
