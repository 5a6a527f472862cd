/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ccNUMA memory model against a plain reference: caches as lists in order of use, coherence by
 * looking into everybody's cache. Both get the same random traces; every access must be served from
 * the same level, for the same cause.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emu/ccnuma.h"

#define MEMORY	  (UINT64_C(1) << 20)
#define MAX_WAYS  4
#define MAX_SETS  64
#define LINES	  (MEMORY / 64)
#define TEST_CPUS 8

/* ---- the reference ---- */

struct list_cache {
	unsigned sets, ways, line;
	uint64_t tag[MAX_SETS][MAX_WAYS]; /* most recent first */
	unsigned used[MAX_SETS];
};

struct reference {
	struct list_cache l1i[TEST_CPUS], l1d[TEST_CPUS], l2[TEST_CPUS];
	char state[TEST_CPUS][LINES]; /* 'I', 'S', 'E', 'M' */
	bool touched[TEST_CPUS][LINES], taken[TEST_CPUS][LINES];
	uint64_t last_write[LINES];
};

static unsigned list_set(const struct list_cache *cache, uint64_t pa)
{
	return (unsigned)(pa / cache->line % cache->sets);
}

static int list_find(const struct list_cache *cache, uint64_t pa)
{
	unsigned set = list_set(cache, pa);

	for (unsigned i = 0; i < cache->used[set]; i++) {
		if (cache->tag[set][i] == pa / cache->line)
			return (int)i;
	}
	return -1;
}

static void list_remove(struct list_cache *cache, uint64_t pa)
{
	unsigned set = list_set(cache, pa);
	int at = list_find(cache, pa);

	if (at < 0)
		return;
	memmove(&cache->tag[set][at], &cache->tag[set][at + 1],
		(cache->used[set] - (unsigned)at - 1) * sizeof(uint64_t));
	cache->used[set]--;
}

/* Puts it in front; returns the tag pushed out, or -1. */
static int64_t list_front(struct list_cache *cache, uint64_t pa)
{
	unsigned set = list_set(cache, pa);
	int64_t out = -1;

	list_remove(cache, pa);
	if (cache->used[set] == cache->ways)
		out = (int64_t)cache->tag[set][--cache->used[set]];
	memmove(&cache->tag[set][1], &cache->tag[set][0], cache->used[set] * sizeof(uint64_t));
	cache->tag[set][0] = pa / cache->line;
	cache->used[set]++;
	return out;
}

static void reference_drop(struct reference *reference, unsigned cpu, uint64_t pa)
{
	struct list_cache *l2 = &reference->l2[cpu];
	uint64_t base = pa / l2->line * l2->line;

	list_remove(l2, pa);
	reference->state[cpu][pa / l2->line] = 'I';
	for (unsigned offset = 0; offset < l2->line; offset += 16) {
		list_remove(&reference->l1i[cpu], base + offset);
		list_remove(&reference->l1d[cpu], base + offset);
	}
}

static bool reference_invalidate(struct reference *reference, unsigned cpus, unsigned cpu,
				 uint64_t pa)
{
	uint64_t line = pa / reference->l2[0].line;
	bool dirty = false;

	for (unsigned other = 0; other < cpus; other++) {
		if (other == cpu || reference->state[other][line] == 'I')
			continue;
		dirty |= reference->state[other][line] == 'M';
		reference->taken[other][line] = true;
		reference_drop(reference, other, pa);
	}
	reference->last_write[line] = pa / 8;
	return dirty;
}

static struct ccnuma_result reference_miss(struct reference *reference,
					   const struct ccnuma_config *config, unsigned cpu,
					   uint64_t pa, bool write)
{
	uint64_t line = pa / config->l2.line;
	unsigned home = (unsigned)(pa / (config->memory / config->nodes));
	struct ccnuma_result result = {.cause = CAUSE_COLD};
	bool dirty = false, shared = false;
	int64_t out;

	if (reference->touched[cpu][line])
		result.cause = CAUSE_CAPACITY;
	if (reference->touched[cpu][line] && reference->taken[cpu][line])
		result.cause = reference->last_write[line] == pa / 8 ? CAUSE_TRUE_SHARING
								     : CAUSE_FALSE_SHARING;
	result.level = home == config->node_of[cpu] ? LEVEL_LOCAL : LEVEL_REMOTE_CLEAN;
	if (write)
		dirty = reference_invalidate(reference, config->cpus, cpu, pa);
	for (unsigned other = 0; !write && other < config->cpus; other++) {
		if (reference->state[other][line] == 'I')
			continue;
		dirty |= reference->state[other][line] == 'M';
		reference->state[other][line] = 'S';
		shared = true;
	}
	if (dirty)
		result.level = LEVEL_REMOTE_DIRTY;
	out = list_front(&reference->l2[cpu], pa);
	if (out >= 0)
		reference_drop(reference, cpu, (uint64_t)out * config->l2.line);
	reference->state[cpu][line] = write ? 'M' : shared ? 'S' : 'E';
	reference->touched[cpu][line] = true;
	reference->taken[cpu][line] = false;
	return result;
}

static struct ccnuma_result reference_access(struct reference *reference,
					     const struct ccnuma_config *config, unsigned cpu,
					     uint64_t pa, enum access access)
{
	struct list_cache *l1 =
		access == ACCESS_FETCH ? &reference->l1i[cpu] : &reference->l1d[cpu];
	uint64_t line = pa / config->l2.line;
	bool write = access == ACCESS_WRITE, in_l1 = list_find(l1, pa) >= 0;
	struct ccnuma_result result = {.level = in_l1 ? LEVEL_L1 : LEVEL_L2};

	if (list_find(&reference->l2[cpu], pa) < 0) {
		result = reference_miss(reference, config, cpu, pa, write);
	} else {
		if (!in_l1)
			list_front(&reference->l2[cpu], pa);
		if (write && reference->state[cpu][line] == 'S') {
			reference_invalidate(reference, config->cpus, cpu, pa);
			result.level = LEVEL_UPGRADE;
			result.cause = CAUSE_UPGRADE;
		}
		if (write)
			reference->state[cpu][line] = 'M';
	}
	list_front(l1, pa);
	return result;
}

/* ---- comparison ---- */

static struct ccnuma_config small_config(unsigned cpus, unsigned nodes)
{
	struct ccnuma_config config = {
		.cpus = cpus,
		.nodes = nodes,
		.l1i = {.size = 1024, .ways = 2, .line = 64, .replacement = REPLACE_LRU},
		.l1d = {.size = 1024, .ways = 2, .line = 32, .replacement = REPLACE_LRU},
		.l2 = {.size = 8192, .ways = 4, .line = 128, .hit_cycles = 10},
		.dirty_cycles = 60,
		.upgrade_cycles = 60,
		.directory_cycles = 20,
		.memory = MEMORY,
		.seed = 1,
	};

	for (unsigned cpu = 0; cpu < cpus; cpu++)
		config.node_of[cpu] = (uint8_t)(cpu * nodes / cpus);
	for (unsigned from = 0; from < nodes; from++) {
		for (unsigned to = 0; to < nodes; to++)
			config.miss_cycles[from][to] = from == to ? 60 : 180;
	}
	return config;
}

static void shape_list(struct list_cache *cache, const struct cache_geometry *geometry)
{
	cache->ways = geometry->ways;
	cache->line = geometry->line;
	cache->sets = geometry->size / (geometry->ways * geometry->line);
}

static struct reference *make_reference(const struct ccnuma_config *config)
{
	struct reference *reference = calloc(1, sizeof(*reference));

	assert_non_null(reference);
	memset(reference->state, 'I', sizeof(reference->state));
	for (unsigned cpu = 0; cpu < config->cpus; cpu++) {
		shape_list(&reference->l1i[cpu], &config->l1i);
		shape_list(&reference->l1d[cpu], &config->l1d);
		shape_list(&reference->l2[cpu], &config->l2);
	}
	return reference;
}

static bool has_right(const struct ccnuma *ccnuma, unsigned cpu, uint64_t pa, enum access access)
{
	unsigned shift;
	const uint8_t *rights = ccnuma_rights(ccnuma, cpu, access == ACCESS_FETCH, &shift);

	return rights && rights[pa >> shift] >= (access == ACCESS_WRITE ? RIGHT_WRITE : RIGHT_READ);
}

static void compare(unsigned cpus, unsigned nodes, unsigned spread, unsigned count)
{
	struct ccnuma_config config = small_config(cpus, nodes);
	struct reference *reference = make_reference(&config);
	struct ccnuma *ccnuma = ccnuma_create(&config, NULL, NULL);
	uint64_t levels[LEVELS] = {0}, now = 0;
	unsigned seed = cpus * 100 + spread, rights = 0;

	assert_non_null(ccnuma);
	for (unsigned i = 0; i < count; i++) {
		unsigned cpu = (unsigned)rand_r(&seed) % cpus;
		enum access access = (enum access)(rand_r(&seed) % 3);
		uint64_t pa = (uint64_t)rand_r(&seed) % spread / 4 * 4 * 8 % MEMORY;
		struct ccnuma_result expected =
			reference_access(reference, &config, cpu, pa, access);
		struct ccnuma_result got;

		/* What may be done without asking hits, and changes nothing: asking is optional. */
		if (has_right(ccnuma, cpu, pa, access)) {
			assert_int_equal(expected.level, LEVEL_L1);
			rights++;
			if (rand_r(&seed) & 1)
				continue;
		}
		got = ccnuma_access(ccnuma, cpu, pa, access, now);

		assert_int_equal(got.level, expected.level);
		if (got.level > LEVEL_L2)
			assert_int_equal(got.cause, expected.cause);
		levels[got.level]++;
		now += 1 + got.cycles;
	}
	assert_true(ccnuma_consistent(ccnuma));
	assert_true(rights > 0);
	for (enum ccnuma_level level = LEVEL_L1; level <= LEVEL_LOCAL; level++)
		assert_true(levels[level] > 0);
	if (cpus > 1)
		assert_true(levels[LEVEL_REMOTE_DIRTY] > 0 && levels[LEVEL_UPGRADE] > 0);
	ccnuma_destroy(ccnuma);
	free(reference);
}

static void test_one_cpu(void **state)
{
	(void)state;
	compare(1, 1, 2000, 200000);
	compare(1, 1, 20000, 200000);
}

static void test_several_cpus(void **state)
{
	(void)state;
	compare(2, 2, 1000, 200000);
	compare(4, 2, 4000, 200000);
	compare(8, 8, 800, 300000);
	compare(8, 4, 30000, 300000);
}

/* ---- figures ---- */

static void test_latencies(void **state)
{
	struct ccnuma_config config = small_config(2, 2);
	struct ccnuma *ccnuma = ccnuma_create(&config, NULL, NULL);
	uint64_t remote = MEMORY / 2;

	(void)state;
	assert_int_equal(ccnuma_access(ccnuma, 0, 0, ACCESS_READ, 0).cycles, 60);
	assert_int_equal(ccnuma_access(ccnuma, 0, 8, ACCESS_READ, 100).cycles, 0);
	assert_int_equal(ccnuma_access(ccnuma, 0, 64, ACCESS_READ, 200).cycles, 10);
	assert_int_equal(ccnuma_access(ccnuma, 0, remote, ACCESS_READ, 300).cycles, 180);
	assert_int_equal(ccnuma_access(ccnuma, 1, remote, ACCESS_READ, 1000).cycles, 60);
	assert_int_equal(ccnuma_access(ccnuma, 0, remote, ACCESS_WRITE, 2000).cycles, 180);
	assert_int_equal(ccnuma_access(ccnuma, 1, remote, ACCESS_READ, 3000).cycles, 120);
	assert_int_equal(ccnuma_stats(ccnuma, 0)->remote_misses, 2);
	assert_int_equal(ccnuma_stats(ccnuma, 0)->local_misses, 1);
	ccnuma_destroy(ccnuma);
}

static void test_contention(void **state)
{
	struct ccnuma_config config = small_config(8, 8);
	struct ccnuma *ccnuma = ccnuma_create(&config, NULL, NULL);

	(void)state;
	for (unsigned cpu = 0; cpu < 8; cpu++) {
		struct ccnuma_result result = ccnuma_access(ccnuma, cpu, cpu * 128, ACCESS_READ, 0);

		assert_int_equal(result.cycles, (cpu ? 180 : 60) + cpu * 20);
	}
	assert_int_equal(ccnuma_stats(ccnuma, 7)->queue_cycles, 140);
	ccnuma_destroy(ccnuma);
}

/* A CPU that runs its quantum later is not delayed by what others did later in theirs, but a home
 * never serves two requests at once. */
static void test_contention_across_quanta(void **state)
{
	struct ccnuma_config config = small_config(8, 8);
	struct ccnuma *ccnuma = ccnuma_create(&config, NULL, NULL);
	uint64_t line = 0;

	(void)state;
	for (unsigned n = 0; n < 5; n++)
		assert_int_equal(
			ccnuma_access(ccnuma, 0, line++ * 128, ACCESS_READ, n * 200).cycles, 60);
	for (unsigned n = 0; n < 5; n++)
		assert_int_equal(
			ccnuma_access(ccnuma, 1, line++ * 128, ACCESS_READ, n * 200 + 100).cycles,
			180);
	assert_int_equal(ccnuma_stats(ccnuma, 1)->queue_cycles, 0);
	/* CPU 2 asks when CPU 0 did: 20 cycles later it is its turn */
	assert_int_equal(ccnuma_access(ccnuma, 2, line++ * 128, ACCESS_READ, 200).cycles, 200);
	/* 100 requests at once take 100 times 20 cycles */
	for (unsigned n = 0; n < 100; n++)
		assert_int_equal(ccnuma_access(ccnuma, 3, line++ * 128, ACCESS_READ, 100000).cycles,
				 180 + n * 20);
	ccnuma_destroy(ccnuma);
	config.directory_cycles = 0;
	ccnuma = ccnuma_create(&config, NULL, NULL);
	for (unsigned cpu = 0; cpu < 8; cpu++)
		assert_int_equal(
			ccnuma_access(ccnuma, cpu, cpu * 128, ACCESS_READ, 1000 - cpu * 100).cycles,
			cpu ? 180 : 60);
	ccnuma_destroy(ccnuma);
}

static void test_dma(void **state)
{
	struct ccnuma_config config = small_config(2, 2);
	struct ccnuma *ccnuma = ccnuma_create(&config, NULL, NULL);

	(void)state;
	ccnuma_access(ccnuma, 0, 0, ACCESS_WRITE, 0);
	ccnuma_dma(ccnuma, 0, 512, false);
	assert_int_equal(ccnuma_access(ccnuma, 0, 0, ACCESS_READ, 100).level, LEVEL_L1);
	assert_int_equal(ccnuma_access(ccnuma, 0, 0, ACCESS_WRITE, 200).level, LEVEL_UPGRADE);
	ccnuma_dma(ccnuma, 0, 512, true);
	assert_int_equal(ccnuma_access(ccnuma, 0, 0, ACCESS_READ, 300).level, LEVEL_LOCAL);
	assert_true(ccnuma_consistent(ccnuma));
	ccnuma_destroy(ccnuma);
}

static void expect_refused(const struct ccnuma_config *config, const char *sentence)
{
	struct error error = {""};

	assert_null(ccnuma_create(config, NULL, &error));
	assert_non_null(strstr(error.text, sentence));
}

static void test_bad_configurations(void **state)
{
	struct ccnuma_config config = small_config(2, 2);

	(void)state;
	config.l1d.line = 48;
	expect_refused(&config, "l1d: line of 48 bytes");
	config = small_config(2, 2);
	config.l2.ways = 3;
	expect_refused(&config, "l2: size of 8192 bytes is not 3 ways");
	config = small_config(2, 2);
	config.l2.line = 32;
	expect_refused(&config, "shorter than a first-level");
	config = small_config(2, 2);
	config.cpus = 65;
	expect_refused(&config, "65 CPUs; allowed are 1 to 64");
	config = small_config(2, 2);
	config.memory += 4096;
	expect_refused(&config, "whole number of pages");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_cpu),
		cmocka_unit_test(test_several_cpus),
		cmocka_unit_test(test_latencies),
		cmocka_unit_test(test_contention),
		cmocka_unit_test(test_contention_across_quanta),
		cmocka_unit_test(test_dma),
		cmocka_unit_test(test_bad_configurations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
