/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a page's counters to an action; see vmm/policy.h. */
#include "vmm/policy.h"

const char *const policy_action_names[POLICY_ACTIONS] = {
	[POLICY_NONE] = "none",		[POLICY_LEAVE] = "leave",
	[POLICY_MIGRATE] = "migrate",	[POLICY_REPLICATE] = "replicate",
	[POLICY_COLLAPSE] = "collapse", [POLICY_REMAP] = "remap",
	[POLICY_FETCH] = "fetch",
};

const char *const policy_reason_names[POLICY_REASONS] = {
	[POLICY_COLD] = "cold",
	[POLICY_LOCAL] = "local",
	[POLICY_BUSY] = "busy",
	[POLICY_WRITE_SHARED] = "write-shared",
	[POLICY_MOVE_LIMITED] = "move-limit",
	[POLICY_MEMORY_TIGHT] = "memory-tight",
	[POLICY_LARGE_PAGE] = "large-page",
	[POLICY_MIGRATE_OFF] = "migrate-off",
	[POLICY_REPLICATE_OFF] = "replicate-off",
	[POLICY_ONE_NODE] = "one-node",
	[POLICY_MOST_USED] = "most-used",
	[POLICY_HOME_LOADED] = "home-loaded",
	[POLICY_READ_SHARED] = "read-shared",
	[POLICY_READ_ONLY] = "read-only",
	[POLICY_WRITTEN] = "written",
	[POLICY_HAS_COPY] = "has-copy",
	[POLICY_MIGRATED] = "migrated",
	[POLICY_REPLICATED] = "replicated",
	[POLICY_WHOLE] = "whole",
};

static struct policy_decision decision(enum policy_action action, enum policy_reason reason)
{
	return (struct policy_decision){.action = action, .reason = reason};
}

/* The nodes that use the page enough to be worth a copy; the hot one is among them. */
static uint64_t users(const struct policy_parameters *parameters, const struct policy_page *page)
{
	uint64_t nodes = UINT64_C(1) << page->hot;

	for (unsigned n = 0; n < page->nodes; n++)
		if (page->misses[n] >= parameters->sharing)
			nodes |= UINT64_C(1) << n;
	return nodes;
}

/* A page that is written now and then, and so replicated in vain, is found out by its collapses. */
static struct policy_decision replicate(const struct policy_parameters *parameters,
					const struct policy_page *page, uint64_t nodes,
					enum policy_reason reason)
{
	struct policy_decision result = decision(POLICY_REPLICATE, reason);

	if (page->collapses >= parameters->move_limit)
		return decision(POLICY_LEAVE, POLICY_MOVE_LIMITED);
	if (page->tight)
		return decision(POLICY_LEAVE, POLICY_MEMORY_TIGHT);
	result.nodes = nodes & ~page->copies;
	return result;
}

/* Used by the hot node alone. */
static struct policy_decision decide_alone(const struct policy_parameters *parameters,
					   const struct policy_page *page, bool written)
{
	struct policy_decision result = decision(POLICY_MIGRATE, POLICY_ONE_NODE);

	if (!parameters->migrate) {
		if (parameters->replicate && !written)
			return replicate(parameters, page, UINT64_C(1) << page->hot,
					 POLICY_READ_ONLY);
		return decision(POLICY_LEAVE, POLICY_MIGRATE_OFF);
	}
	if (page->migrations >= parameters->move_limit)
		return decision(POLICY_LEAVE, POLICY_MOVE_LIMITED);
	result.to = page->hot;
	return result;
}

/* Whether no node uses the page more than the hot one. */
static bool most_used(const struct policy_page *page)
{
	for (unsigned n = 0; n < page->nodes; n++)
		if (page->misses[n] > page->misses[page->hot])
			return false;
	return true;
}

/* Used by several nodes, and not to be replicated: one place may be better than another. */
static struct policy_decision decide_shared(const struct policy_parameters *parameters,
					    const struct policy_page *page,
					    enum policy_reason leave)
{
	struct policy_decision result = decision(POLICY_MIGRATE, POLICY_MOST_USED);
	unsigned at_home = page->misses[__builtin_ctzll(page->copies)];
	unsigned hot = page->misses[page->hot];

	if ((page->copies & (page->copies - 1)) || !parameters->migrate || !most_used(page))
		return decision(POLICY_LEAVE, leave);
	if (hot < 2 * at_home + parameters->threshold / 2) {
		result.reason = POLICY_HOME_LOADED;
		if (!page->loaded || page->frozen || 2 * hot < at_home)
			return decision(POLICY_LEAVE, leave);
	}
	if (page->recent || page->migrations >= parameters->move_limit)
		return decision(POLICY_LEAVE, POLICY_MOVE_LIMITED);
	result.to = page->hot;
	return result;
}

static struct policy_decision decide(const struct policy_parameters *parameters,
				     const struct policy_page *page)
{
	uint64_t hot = UINT64_C(1) << page->hot, using = users(parameters, page);
	bool replicated = (page->copies & (page->copies - 1)) != 0;
	bool written = page->writes > parameters->write;

	if (page->misses[page->hot] < parameters->threshold)
		return decision(POLICY_NONE, POLICY_COLD);
	if (page->copies == hot)
		return decision(POLICY_NONE, POLICY_LOCAL);
	if (page->busy)
		return decision(POLICY_LEAVE, POLICY_BUSY);
	if (replicated && written)
		return decision(POLICY_COLLAPSE, POLICY_WRITTEN);
	if (page->copies & hot)
		return decision(POLICY_REMAP, POLICY_HAS_COPY);
	written |= page->frozen;
	/* A page with replicas has been found to be shared. */
	if (!replicated && using == hot)
		return decide_alone(parameters, page, written);
	if (written)
		return decide_shared(parameters, page, POLICY_WRITE_SHARED);
	if (!parameters->replicate)
		return decide_shared(parameters, page, POLICY_REPLICATE_OFF);
	return replicate(parameters, page, using, POLICY_READ_SHARED);
}

/* A split costs TLB misses for as long as the memory is used: one hot page does not pay for it. */
struct policy_decision policy_decide(const struct policy_parameters *parameters,
				     const struct policy_page *page)
{
	struct policy_decision result = decide(parameters, page);

	if (page->large && page->asked < parameters->split &&
	    (result.action == POLICY_MIGRATE || result.action == POLICY_REPLICATE))
		return decision(POLICY_LEAVE, POLICY_LARGE_PAGE);
	return result;
}
