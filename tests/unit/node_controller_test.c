/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The node controller, through its registers: alone, and on the bare board under the memory model.
 */
#include <stdlib.h>

#include "board_machine.h"

#include "dev/node_controller.h"
#include "emu/ccnuma.h"

#define NODES 4
#define PAGES 256
#define OWN   1

static struct node_controller controller;
static uint16_t counters[PAGES * (NODES + 8)];
static uint64_t cycle;
static bool irq;

static uint64_t now(void *opaque)
{
	(void)opaque;
	return cycle;
}

static void set(void *opaque, unsigned number, bool level)
{
	(void)opaque;
	(void)number;
	irq = level;
}

static uint64_t get(uint64_t offset)
{
	uint64_t value;

	assert_true(node_controller_read(&controller, 0, offset, 8, &value));
	return value;
}

static void put(uint64_t offset, uint64_t value)
{
	assert_true(node_controller_write(&controller, 0, offset, 8, value));
}

static void miss(uint32_t page, unsigned from, bool write, unsigned times)
{
	while (times--)
		node_controller_miss(&controller, page, from, write);
}

static uint64_t count(uint32_t page, unsigned node)
{
	put(NODE_SELECT, page);
	return get(NODE_COUNT(node));
}

static int setup(void **state)
{
	static const uint32_t latency[NODES] = {180, 60, 180, 240};
	const struct node_controller_config config = {
		.node = OWN,
		.nodes = NODES,
		.pages = PAGES,
		.first = PAGES,
		.stride = 1,
		.cpus = 0xc,
		.latency = latency,
		.now = now,
		.irq = {.set = set},
	};

	(void)state;
	cycle = 0;
	irq = false;
	memset(counters, 0, sizeof(counters));
	assert_true(node_controller_memory(NODES, PAGES) <= sizeof(counters));
	node_controller_init(&controller, &config, counters);
	put(NODE_CONTROL, NODE_CONTROL_COUNT | NODE_CONTROL_IRQ);
	put(NODE_THRESHOLD, 10);
	return 0;
}

static void topology(void **state)
{
	(void)state;
	assert_int_equal(get(NODE_ID), NODE_ID_VALUE);
	assert_int_equal(get(NODE_NODE), OWN);
	assert_int_equal(get(NODE_NODES), NODES);
	assert_int_equal(get(NODE_PAGES), PAGES);
	assert_int_equal(get(NODE_FIRST), PAGES);
	assert_int_equal(get(NODE_CPUS), 0xc);
	assert_int_equal(get(NODE_LATENCY(0)), 180);
	assert_int_equal(get(NODE_LATENCY(3)), 240);
}

static void counts_by_page_and_node(void **state)
{
	(void)state;
	miss(7, 2, false, 5);
	miss(7, 3, true, 3);
	miss(8, 2, true, 1);
	miss(7, OWN, false, 2);
	assert_int_equal(count(7, 2), 5);
	assert_int_equal(count(7, 3), 3);
	assert_int_equal(count(7, OWN), 2);
	assert_int_equal(count(7, 0), 0);
	assert_int_equal(get(NODE_WRITES), 3);
	assert_int_equal(count(8, 2), 1);
	assert_int_equal(get(NODE_LOCAL), 2);
	assert_int_equal(get(NODE_REMOTE), 9);
	put(NODE_CONTROL, 0);
	miss(7, 2, false, 5);
	assert_int_equal(count(7, 2), 5);
}

static void saturates(void **state)
{
	(void)state;
	miss(0, 0, true, 70000);
	assert_int_equal(count(0, 0), 32767);
	assert_int_equal(get(NODE_WRITES), 65535);
}

static void hot_once_at_the_threshold(void **state)
{
	(void)state;
	miss(9, 2, false, 9);
	assert_false(irq);
	assert_int_equal(get(NODE_HOT), 0);
	miss(9, 2, false, 1);
	assert_true(irq);
	miss(9, 2, false, 50);
	miss(9, 3, false, 10);
	assert_int_equal(get(NODE_HOT), NODE_HOT_VALID | UINT64_C(2) << NODE_HOT_NODE_SHIFT | 9);
	assert_true(irq);
	assert_int_equal(get(NODE_HOT), NODE_HOT_VALID | UINT64_C(3) << NODE_HOT_NODE_SHIFT | 9);
	assert_false(irq);
	assert_int_equal(get(NODE_HOT), 0);
	put(NODE_SELECT, 9);
	put(NODE_RESET, 0);
	miss(9, 2, false, 10);
	assert_true(irq);
}

static void own_misses_are_never_hot(void **state)
{
	(void)state;
	miss(9, OWN, false, 1000);
	assert_false(irq);
	assert_int_equal(get(NODE_HOT), 0);
}

static void fifo_overflows(void **state)
{
	(void)state;
	for (uint32_t page = 0; page < NODE_FIFO + 5; page++)
		miss(page, 0, false, 10);
	assert_int_equal(get(NODE_OVERFLOW), 5);
	for (uint32_t page = 0; page < NODE_FIFO; page++)
		assert_int_equal(get(NODE_HOT) & UINT32_MAX, page);
	assert_int_equal(get(NODE_HOT), 0);
	/* at its next miss it is reported after all, and once */
	miss(NODE_FIFO, 0, false, 5);
	assert_int_equal(get(NODE_HOT) & UINT32_MAX, NODE_FIFO);
	assert_int_equal(get(NODE_HOT), 0);
	put(NODE_OVERFLOW, 0);
	assert_int_equal(get(NODE_OVERFLOW), 0);
}

static void samples(void **state)
{
	(void)state;
	put(NODE_SAMPLING, 10);
	miss(3, 0, false, 95);
	assert_int_equal(count(3, 0), 9);
	miss(3, 0, false, 5);
	assert_int_equal(count(3, 0), 10);
	assert_true(irq);
	assert_int_equal(get(NODE_REMOTE), 100);
}

static void counts_fade(void **state)
{
	(void)state;
	put(NODE_INTERVAL, 1000);
	miss(3, 0, true, 9);
	miss(3, OWN, true, 9);
	cycle = 999;
	assert_int_equal(count(3, 0), 9);
	cycle = 1000;
	assert_int_equal(count(3, 0), 2);
	assert_int_equal(count(3, OWN), 0);
	assert_int_equal(get(NODE_WRITES), 0);
	miss(3, 0, false, 7);
	assert_false(irq);
	miss(3, 0, false, 1);
	assert_true(irq);
	assert_int_equal(get(NODE_HOT) & UINT32_MAX, 3);
	/* far above the threshold: hot once an interval all the same */
	miss(3, 0, false, 90);
	assert_false(irq);
	cycle = 2000;
	assert_int_equal(count(3, 0), 5);
	miss(3, 0, false, 4);
	assert_false(irq);
	miss(3, 0, false, 1);
	assert_true(irq);
	get(NODE_HOT);
	miss(3, 0, false, 90);
	assert_false(irq);
	cycle = 30000;
	assert_int_equal(count(3, 0), 0);
}

static void counts_of_four_nodes(void **state)
{
	(void)state;
	miss(3, 0, true, 5);
	miss(3, NODES - 1, false, 7);
	assert_int_equal(count(3, 0), 5);
	assert_int_equal(get(NODE_COUNTS(0)) & 0xffff, 5);
	assert_int_equal(get(NODE_COUNTS((NODES - 1) / 4)) >> 16 * ((NODES - 1) % 4), 7);
}

static void resets_all(void **state)
{
	(void)state;
	miss(3, 0, true, 5);
	miss(4, 2, false, 5);
	put(NODE_RESET, 1);
	assert_int_equal(count(3, 0), 0);
	assert_int_equal(count(4, 2), 0);
}

static void refuses(void **state)
{
	uint64_t value;

	(void)state;
	assert_false(node_controller_read(&controller, 0, NODE_NODE, 2, &value));
	assert_false(node_controller_read(&controller, 0, NODE_NODE + 4, 4, &value));
	assert_false(node_controller_read(&controller, 0, NODE_COUNT(NODES), 8, &value));
	assert_false(node_controller_read(&controller, 0, NODE_COUNTS((NODES + 3) / 4), 8, &value));
	assert_false(node_controller_read(&controller, 0, NODE_LATENCY(NODES), 8, &value));
	assert_false(node_controller_read(&controller, 0, 0xff8, 8, &value));
	assert_false(node_controller_write(&controller, 0, NODE_NODE, 8, 0));
	put(NODE_SELECT, PAGES); /* not there: stays */
	assert_int_equal(get(NODE_SELECT), 0);
	put(NODE_THRESHOLD, 0);
	assert_int_equal(get(NODE_THRESHOLD), 1);
	put(NODE_SAMPLING, 1 << 20);
	assert_int_equal(get(NODE_SAMPLING), 65535);
}

/* Misses of the model reach the home's controller, its interrupt the GIC's line. */
static void on_the_board(void **state)
{
	const struct cache_geometry l1 = {.size = 4096, .ways = 1, .line = 32};
	const struct ccnuma_config ccnuma = {
		.l1i = l1,
		.l1d = l1,
		.l2 = {.size = 16384, .ways = 1, .line = 128},
		.miss_cycles = {{60, 180}, {180, 60}},
	};
	const uint64_t registers = MAP_NODE_BASE + MAP_NODE_STRIDE, home = UINT64_C(32) << 20;
	const uint64_t pending = MAP_GIC_BASE + 0x480;
	struct machine_config config = test_config(2);
	struct board_config board = {0};
	struct machine *machine;
	struct error error;

	(void)state;
	config.nodes = 2;
	machine = machine_create(&config, &interpreter_engine, &error);
	assert_non_null(machine);
	assert_int_equal(board_create(machine, &board, &error), 0);
	assert_int_equal(machine_use_ccnuma(machine, &ccnuma, &error), 0);
	assert_int_equal(test_read(machine, registers + NODE_NODE), 1);
	test_write(machine, registers + NODE_CONTROL, NODE_CONTROL_COUNT | NODE_CONTROL_IRQ);
	test_write(machine, registers + NODE_THRESHOLD, 64);
	/* 32 lines of page 5 of node 1 by CPU 0, twice, with another page in their place between */
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < 64; i++)
			ccnuma_access(machine->ccnuma, 0,
				      home + 0x5000 + i % 32 * 128 + i / 32 * 0x4000, ACCESS_READ,
				      0);
	test_write(machine, registers + NODE_SELECT, 5);
	assert_int_equal(test_read(machine, registers + NODE_COUNT(0)), 64);
	assert_int_equal(test_read(machine, registers + NODE_COUNT(1)), 0);
	assert_int_equal(test_read(machine, pending + IRQ_NODE / 32 * 4) >> IRQ_NODE % 32 & 1, 1);
	assert_int_equal(test_read(machine, registers + NODE_HOT), 5);
	assert_int_equal(test_read(machine, registers + NODE_HOT), 9);
	assert_int_equal(test_read(machine, registers + NODE_HOT), 0);
	assert_int_equal(test_read(machine, pending + IRQ_NODE / 32 * 4) >> IRQ_NODE % 32 & 1, 0);
	assert_int_equal(machine_use_ccnuma(machine, NULL, &error), 0);
	machine_destroy(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(topology, setup),
		cmocka_unit_test_setup(counts_by_page_and_node, setup),
		cmocka_unit_test_setup(saturates, setup),
		cmocka_unit_test_setup(hot_once_at_the_threshold, setup),
		cmocka_unit_test_setup(own_misses_are_never_hot, setup),
		cmocka_unit_test_setup(fifo_overflows, setup),
		cmocka_unit_test_setup(samples, setup),
		cmocka_unit_test_setup(counts_fade, setup),
		cmocka_unit_test_setup(counts_of_four_nodes, setup),
		cmocka_unit_test_setup(resets_all, setup),
		cmocka_unit_test_setup(refuses, setup),
		cmocka_unit_test(on_the_board),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
