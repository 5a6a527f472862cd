/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy, exhaustively: every combination of parameters and of a page's state around the
 * thresholds, against the rules stated one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vmm/policy.h"

#define NODES	  3
#define THRESHOLD 8
#define SHARING	  2
#define WRITE	  1
#define LIMIT	  2
#define SPLIT	  3

/* Calls @check for every case; each value is around a threshold. */
static unsigned each_case(void (*check)(const struct policy_parameters *parameters,
					const struct policy_page *page,
					const struct policy_decision *decision))
{
	static const uint16_t counts[] = {0, SHARING - 1, SHARING, THRESHOLD - 1, THRESHOLD, 65535};
	static const uint16_t writes[] = {0, WRITE, WRITE + 1, 65535};
	static const uint16_t moves[] = {0, LIMIT - 1, LIMIT, 65535};
#define CASES (6 * 6 * 6 * 4 * 4 * 4 * 7 * NODES * 512)
	unsigned cases = 0;

	for (unsigned i = 0; i < CASES; i++) {
		uint16_t misses[NODES];
		struct policy_parameters parameters = {.threshold = THRESHOLD,
						       .sharing = SHARING,
						       .write = WRITE,
						       .move_limit = LIMIT,
						       .split = SPLIT};
		struct policy_page page = {.nodes = NODES, .misses = misses};
		struct policy_decision decision;
		unsigned rest = i;

		for (unsigned n = 0; n < NODES; n++, rest /= 6)
			misses[n] = counts[rest % 6];
		page.writes = writes[rest % 4];
		page.migrations = moves[rest / 4 % 4];
		page.collapses = moves[rest / 16 % 4];
		page.copies = rest / 64 % 7 + 1;
		page.hot = rest / 448 % NODES;
		rest /= 448 * NODES;
		page.tight = rest & 1;
		page.busy = rest & 2;
		parameters.migrate = rest & 4;
		parameters.replicate = rest & 8;
		page.large = rest & 16;
		page.asked = rest & 32 ? SPLIT : SPLIT - 1;
		page.frozen = rest & 64;
		page.loaded = rest & 128;
		page.recent = rest & 256;
		decision = policy_decide(&parameters, &page);
		check(&parameters, &page, &decision);
		cases++;
	}
	return cases;
}

static unsigned others(const struct policy_page *page)
{
	unsigned count = 0;

	for (unsigned n = 0; n < NODES; n++)
		count += n != page->hot && page->misses[n] >= SHARING;
	return count;
}

static bool replicated(const struct policy_page *page)
{
	return page->copies & (page->copies - 1);
}

static bool is_top(const struct policy_page *page)
{
	for (unsigned n = 0; n < NODES; n++)
		if (page->misses[n] > page->misses[page->hot])
			return false;
	return true;
}

/* ---- what must never be ---- */

static void check_never(const struct policy_parameters *parameters, const struct policy_page *page,
			const struct policy_decision *decision)
{
	uint64_t hot = UINT64_C(1) << page->hot;

	assert_in_range(decision->action, 0, POLICY_ACTIONS - 1);
	assert_in_range(decision->reason, 0, POLICY_REASONS - 1);
	if (page->misses[page->hot] < THRESHOLD || page->copies == hot)
		assert_int_equal(decision->action, POLICY_NONE);
	if (page->busy)
		assert_true(decision->action == POLICY_NONE || decision->action == POLICY_LEAVE);
	if (page->migrations >= LIMIT)
		assert_int_not_equal(decision->action, POLICY_MIGRATE);
	if (page->large && page->asked < SPLIT)
		assert_true(decision->action != POLICY_MIGRATE &&
			    decision->action != POLICY_REPLICATE);
	if (page->collapses >= LIMIT)
		assert_int_not_equal(decision->action, POLICY_REPLICATE);
	if (decision->action == POLICY_MIGRATE) {
		assert_true(parameters->migrate);
		assert_int_equal(decision->to, page->hot);
		if (others(page))
			assert_true(
				(page->frozen || page->writes > WRITE || !parameters->replicate) &&
				is_top(page));
		assert_false(replicated(page));
		assert_int_equal(page->copies & hot, 0);
	}
	if (decision->action == POLICY_REPLICATE) {
		assert_true(parameters->replicate);
		assert_true(page->writes <= WRITE && !page->frozen);
		assert_false(page->tight);
		assert_true(decision->nodes & hot);
		assert_int_equal(decision->nodes & page->copies, 0);
		for (unsigned n = 0; n < NODES; n++)
			if (decision->nodes >> n & 1)
				assert_true(page->misses[n] >= SHARING);
		assert_int_equal(decision->nodes >> NODES, 0);
	}
	if (decision->action == POLICY_COLLAPSE)
		assert_true(replicated(page) && page->writes > WRITE);
	if (decision->action == POLICY_REMAP)
		assert_true((page->copies & hot) && replicated(page));
}

static void never(void **state)
{
	(void)state;
	assert_int_equal(each_case(check_never), CASES);
}

/* ---- what must always be ---- */

static enum policy_action expected(const struct policy_parameters *parameters,
				   const struct policy_page *page, enum policy_reason *reason)
{
	uint64_t hot = UINT64_C(1) << page->hot;
	bool written = page->writes > WRITE, alone = !others(page) && !replicated(page);
	bool frozen = written || page->frozen, stays = replicated(page) || !parameters->migrate;
	bool shared = !alone && (frozen || !parameters->replicate);
	enum policy_reason leave = frozen ? POLICY_WRITE_SHARED : POLICY_REPLICATE_OFF;
	unsigned most = page->misses[page->hot];
	unsigned there = page->misses[__builtin_ctzll(page->copies)];
	const struct {
		bool when;
		enum policy_action action;
		enum policy_reason reason;
	} rules[] = {
		{page->misses[page->hot] < THRESHOLD, POLICY_NONE, POLICY_COLD},
		{page->copies == hot, POLICY_NONE, POLICY_LOCAL},
		{page->busy, POLICY_LEAVE, POLICY_BUSY},
		{replicated(page) && written, POLICY_COLLAPSE, POLICY_WRITTEN},
		{page->copies & hot, POLICY_REMAP, POLICY_HAS_COPY},
		{alone && parameters->migrate && page->migrations >= LIMIT, POLICY_LEAVE,
		 POLICY_MOVE_LIMITED},
		{alone && parameters->migrate, POLICY_MIGRATE, POLICY_ONE_NODE},
		{alone && (frozen || !parameters->replicate), POLICY_LEAVE, POLICY_MIGRATE_OFF},
		{shared && (stays || !is_top(page)), POLICY_LEAVE, leave},
		{shared && most < 2 * there + THRESHOLD / 2 &&
			 (!page->loaded || page->frozen || 2 * most < there),
		 POLICY_LEAVE, leave},
		{shared && (page->recent || page->migrations >= LIMIT), POLICY_LEAVE,
		 POLICY_MOVE_LIMITED},
		{shared && most >= 2 * there + THRESHOLD / 2, POLICY_MIGRATE, POLICY_MOST_USED},
		{shared, POLICY_MIGRATE, POLICY_HOME_LOADED},
		{page->collapses >= LIMIT, POLICY_LEAVE, POLICY_MOVE_LIMITED},
		{page->tight, POLICY_LEAVE, POLICY_MEMORY_TIGHT},
		{alone, POLICY_REPLICATE, POLICY_READ_ONLY},
		{true, POLICY_REPLICATE, POLICY_READ_SHARED},
	};
	unsigned n = 0;

	while (!rules[n].when)
		n++;
	*reason = rules[n].reason;
	if (page->large && page->asked < SPLIT &&
	    (rules[n].action == POLICY_MIGRATE || rules[n].action == POLICY_REPLICATE)) {
		*reason = POLICY_LARGE_PAGE;
		return POLICY_LEAVE;
	}
	return rules[n].action;
}

static bool seen[POLICY_REASONS];

static void check_always(const struct policy_parameters *parameters, const struct policy_page *page,
			 const struct policy_decision *decision)
{
	enum policy_reason reason;

	assert_int_equal(decision->action, expected(parameters, page, &reason));
	assert_int_equal(decision->reason, reason);
	seen[reason] = true;
}

static void always(void **state)
{
	(void)state;
	each_case(check_always);
	for (unsigned n = 0; n < POLICY_MIGRATED; n++)
		assert_true(seen[n]);
}

static void names(void **state)
{
	(void)state;
	for (unsigned n = 0; n < POLICY_ACTIONS; n++)
		assert_non_null(policy_action_names[n]);
	for (unsigned n = 0; n < POLICY_REASONS; n++)
		assert_non_null(policy_reason_names[n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never),
		cmocka_unit_test(always),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
