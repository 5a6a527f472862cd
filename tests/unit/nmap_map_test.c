/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mapping of simulated nodes to host nodes, and the host topology this machine reports. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "nmap/topology.h"

/* Four nodes whose kernel numbers have a gap: 0, 1, 4, 5. */
static void four_nodes(struct nmap_topology *topology)
{
	static const int numbers[] = {0, 1, 4, 5};

	memset(topology, 0, sizeof(*topology));
	topology->numa = true;
	topology->nodes = 4;
	for (unsigned i = 0; i < 4; i++)
		topology->node[i].host_node = numbers[i];
}

static void expect_map(unsigned nodes, const char *text, const uint8_t *host, bool folded)
{
	static struct nmap_topology topology;
	struct nmap_map map;
	char error[NMAP_TEXT] = "";

	four_nodes(&topology);
	assert_int_equal(nmap_map_nodes(&topology, nodes, text, &map, error), 0);
	assert_int_equal(map.nodes, nodes);
	assert_memory_equal(map.host, host, nodes);
	assert_int_equal(map.folded, folded);
}

static void expect_error(unsigned nodes, const char *text, const char *sentence)
{
	static struct nmap_topology topology;
	struct nmap_map map;
	char error[NMAP_TEXT] = "";

	four_nodes(&topology);
	assert_int_equal(nmap_map_nodes(&topology, nodes, text, &map, error), -EINVAL);
	assert_non_null(strstr(error, sentence));
}

static void test_automatic(void **state)
{
	(void)state;
	expect_map(4, NULL, (uint8_t[]){0, 1, 2, 3}, false);
	expect_map(2, "auto", (uint8_t[]){0, 1}, false);
	expect_map(6, "auto", (uint8_t[]){0, 1, 2, 3, 0, 1}, true);
	expect_map(3, "one-to-one", (uint8_t[]){0, 1, 2}, false);
}

static void test_list(void **state)
{
	(void)state;
	expect_map(4, "5,4,1,0", (uint8_t[]){3, 2, 1, 0}, false);
	expect_map(4, "0-1,4-5", (uint8_t[]){0, 1, 2, 3}, false);
	expect_map(3, "4,4,0", (uint8_t[]){2, 2, 0}, true);
}

static void test_errors(void **state)
{
	(void)state;
	expect_error(0, "auto", "allowed are 1 to 64");
	expect_error(65, "auto", "allowed are 1 to 64");
	expect_error(5, "one-to-one", "the host has 4");
	expect_error(2, "0,3", "no node 3");
	expect_error(2, "0", "1 nodes listed, the machine has 2");
	expect_error(2, "0,1,4", "more than 2 nodes");
	expect_error(2, "0;1", "comma");
	expect_error(2, "5-4", "expected auto");
	expect_error(2, "", "expected auto");
	expect_error(2, "0-", "expected auto");
}

static void test_this_host(void **state)
{
	static struct nmap_topology topology;
	unsigned cpus = 0;

	(void)state;
	nmap_topology_read(&topology);
	assert_in_range(topology.nodes, 1, NMAP_MAX_NODES);
	for (unsigned i = 0; i < topology.nodes; i++) {
		assert_true(topology.node[i].memory > 0);
		assert_true(topology.node[i].free_memory <= topology.node[i].memory);
		assert_int_equal(topology.distance[i][i], 10);
		cpus += topology.node[i].cpus;
	}
	assert_true(cpus > 0);
	assert_int_equal(topology.numa, topology.why[0] == '\0');
}

static void test_bind(void **state)
{
	static struct nmap_topology topology;
	size_t length = 16 * 4096;
	unsigned char *memory =
		mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(memory, MAP_FAILED);
	nmap_topology_read(&topology);
	for (unsigned host = 0; host < topology.nodes; host++) {
		assert_int_equal(nmap_bind_thread(&topology, host), 0);
		assert_int_equal(nmap_bind_memory(&topology, memory, length, host), 0);
		memset(memory, (int)host + 1, length);
		if (topology.numa)
			assert_int_equal(nmap_node_of(memory), topology.node[host].host_node);
	}
	assert_int_equal(nmap_bind_thread(&topology, topology.nodes), -EINVAL);
	assert_int_equal(nmap_bind_memory(&topology, memory, length, topology.nodes), -EINVAL);
	munmap(memory, length);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_automatic), cmocka_unit_test(test_list),
		cmocka_unit_test(test_errors),	  cmocka_unit_test(test_this_host),
		cmocka_unit_test(test_bind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
