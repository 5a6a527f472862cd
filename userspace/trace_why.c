// SPDX-License-Identifier: GPL-2.0-or-later
/* `disco trace --why`: what was decided about a page, when, from which counters, and at what cost.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disco.h"
#include "trace.h"

#define PAGE_SHIFT  12
#define PAGES_SHOWN 16
#define ANY_VM	    (~0u)

/* What is asked about. */
struct question {
	enum { BY_MACHINE_PAGE, BY_PHYSICAL, BY_VIRTUAL } kind;
	uint64_t first, last; /* pages; BY_VIRTUAL: pairs of pages */
	unsigned vm;
};

static bool concerns(const struct question *question, const struct trace_event *event)
{
	uint64_t page = event->address >> PAGE_SHIFT;

	if (question->vm != ANY_VM && question->vm != event->vm)
		return false;
	if (question->kind == BY_MACHINE_PAGE)
		page = event->machine_page;
	if (question->kind == BY_VIRTUAL)
		page = event->virtual_pair >> (PAGE_SHIFT + 1);
	return page >= question->first && page <= question->last;
}

static void ask_addresses(struct question *question, uint64_t va, uint64_t size)
{
	uint64_t first, last;

	if (trace_unmapped(va, &first) && trace_unmapped(va + size - 1, &last)) {
		question->kind = BY_PHYSICAL;
	} else if (va >> 32) {
		question->kind = BY_VIRTUAL;
		first = va >> 1;
		last = (va + size - 1) >> 1;
	} else {
		question->kind = BY_PHYSICAL;
		first = va;
		last = va + size - 1;
	}
	question->first = first >> PAGE_SHIFT;
	question->last = last >> PAGE_SHIFT;
}

static bool ask_symbol(const struct trace *trace, struct question *question, const char *name)
{
	for (unsigned vm = 0; vm < TRACE_MAX_VMS; vm++) {
		const struct symbol *symbol;

		if (question->vm != ANY_VM && question->vm != vm)
			continue;
		symbol = symbols_by_name(&trace->symbols[vm], name);
		if (!symbol)
			continue;
		ask_addresses(question, symbol->address, symbol->size ? symbol->size : 1);
		return true;
	}
	return false;
}

static int ask(const struct trace *trace, const char *what, struct question *question)
{
	const char *colon = strchr(what, ':');
	uint64_t value = 0;

	if (!strncmp(what, "machine:", 8) || !strncmp(what, "ppn:", 4)) {
		if (!parse_number(colon + 1, UINT64_MAX, &value))
			return complain(DISCO_USAGE, "--why %s: a page number is needed", what);
		question->kind = *what == 'm' ? BY_MACHINE_PAGE : BY_PHYSICAL;
		question->first = question->last = value;
	} else if (!strncmp(what, "0x", 2)) {
		if (!parse_number(what, UINT64_MAX, &value))
			return complain(DISCO_USAGE, "--why %s: not an address", what);
		ask_addresses(question, value, 1);
	} else if (!ask_symbol(trace, question, what)) {
		return complain(DISCO_USAGE,
				"--why %s: no such symbol (0xADDRESS, ppn:N and machine:N are "
				"possible; --symbols names a file of symbols)",
				what);
	}
	return DISCO_OK;
}

/* ---- the story ---- */

static void nodes_text(uint64_t nodes, char *text, size_t size)
{
	size_t length = 0;

	*text = '\0';
	for (; nodes && length + 4 < size; nodes &= nodes - 1)
		length += (size_t)snprintf(text + length, size - length, "%s%d", length ? "," : "",
					   __builtin_ctzll(nodes));
}

static void misses_text(const struct trace_event *event, char *text, size_t size)
{
	size_t length = 0;

	snprintf(text, size, "-");
	for (unsigned n = 0; n < POLICY_MAX_NODES && length + 12 < size; n++)
		if (event->misses[n])
			length += (size_t)snprintf(text + length, size - length, "%s%u:%u",
						   length ? " " : "", n, event->misses[n]);
}

/* Why, in words. */
static void explain(const struct trace_event *event, char *text, size_t size)
{
	static const char *const because[POLICY_REASONS] = {
		[POLICY_COLD] = "its counters had been reset in the meantime",
		[POLICY_LOCAL] = "it was there already",
		[POLICY_BUSY] = "a device was at work on it",
		[POLICY_WRITE_SHARED] = "several nodes use it and it is written",
		[POLICY_MOVE_LIMITED] = "it was moved often enough in this interval",
		[POLICY_MEMORY_TIGHT] = "memory was short",
		[POLICY_LARGE_PAGE] = "its large page has too few hot pages to be split",
		[POLICY_MIGRATE_OFF] = "one node uses it, and migration is off",
		[POLICY_REPLICATE_OFF] = "several nodes read it, and replication is off",
		[POLICY_ONE_NODE] = "one node uses it",
		[POLICY_READ_SHARED] = "several nodes read it",
		[POLICY_READ_ONLY] = "one node reads it, and migration is off",
		[POLICY_WRITTEN] = "it was written",
		[POLICY_HAS_COPY] = "that node has a copy and did not use it",
		[POLICY_MIGRATED] = "it was used there: migrated",
		[POLICY_MOST_USED] =
			"several nodes use it, that one most, and copies are of no use",
		[POLICY_HOME_LOADED] =
			"several nodes use it, it is written, and its node has too much to serve",
		[POLICY_WHOLE] = "most of its large page is used there: moved as a whole",
		[POLICY_REPLICATED] = "it was used there: replicated",
	};

	snprintf(text, size, "%s", because[event->reason]);
}

static void print_event(const struct trace *trace, const struct trace_event *event)
{
	char action[64], to[48], copies[48], misses[80], why[80];

	nodes_text(event->to, to, sizeof(to));
	nodes_text(event->copies, copies, sizeof(copies));
	misses_text(event, misses, sizeof(misses));
	explain(event, why, sizeof(why));
	snprintf(action, sizeof(action), "%s%s%s", policy_action_names[event->action],
		 *to ? " to " : "", to);
	printf("%12.3f  %-7s %4u  %-24s %6u  %-18s %8.1f  %s\n",
	       (double)event->cycle / trace->mhz / 1e3, copies, event->hot, misses, event->writes,
	       action, (double)event->cycles / trace->mhz, why);
}

struct sums {
	unsigned moves, replicas, collapses, left;
	double us;
};

static void add_event(struct sums *sums, const struct trace *trace, const struct trace_event *event)
{
	sums->moves += event->reason == POLICY_MIGRATED;
	sums->replicas += event->reason == POLICY_REPLICATED;
	sums->collapses += event->action == POLICY_COLLAPSE;
	sums->left += event->action == POLICY_LEAVE || event->action == POLICY_NONE;
	sums->us += (double)event->cycles / trace->mhz;
}

static bool same_page(const struct trace_event *a, const struct trace_event *b)
{
	return a->vm == b->vm && a->address == b->address;
}

static void print_page(const struct trace *trace, size_t from, const struct question *question)
{
	const struct trace_event *first = &trace->event[from];
	struct sums sums = {0};
	char name[96];

	trace_name_page(trace, first, name, sizeof(name));
	printf("VM %s, physical page 0x%" PRIx64 " (address 0x%" PRIx64 ")",
	       trace_vm_name(trace, first->vm), first->address >> PAGE_SHIFT, first->address);
	if (first->virtual_pair)
		printf(", mapped at 0x%" PRIx64, first->virtual_pair);
	printf("%s%s\n", *name ? ", holds " : "", name);
	printf("%12s  %-7s %4s  %-24s %6s  %-18s %8s  %s\n", "ms", "on", "hot", "misses by node",
	       "writes", "action", "us", "because");
	for (size_t i = from; i < trace->count; i++) {
		if (!same_page(&trace->event[i], first))
			continue;
		if (question->kind == BY_MACHINE_PAGE && !concerns(question, &trace->event[i]))
			continue;
		print_event(trace, &trace->event[i]);
		add_event(&sums, trace, &trace->event[i]);
	}
	printf("In all: %u migrations, %u replicas made, %u collapses, left alone %u times; %.1f "
	       "us\n\n",
	       sums.moves, sums.replicas, sums.collapses, sums.left, sums.us);
}

static bool seen_before(const struct trace *trace, size_t at, const struct question *question)
{
	for (size_t i = 0; i < at; i++)
		if (same_page(&trace->event[i], &trace->event[at]) &&
		    concerns(question, &trace->event[i]))
			return true;
	return false;
}

int trace_why(const struct trace *trace, const char *what, const char *vm)
{
	struct question question = {.vm = ANY_VM};
	unsigned pages = 0;
	int status;

	for (unsigned n = 0; vm && n < trace->vms; n++)
		if (!strcmp(trace->vm[n], vm))
			question.vm = n;
	if (vm && question.vm == ANY_VM)
		return complain(DISCO_USAGE, "--vm %s: the trace has no such VM", vm);
	status = ask(trace, what, &question);
	if (status)
		return status;
	for (size_t i = 0; i < trace->count; i++) {
		if (!concerns(&question, &trace->event[i]) || seen_before(trace, i, &question))
			continue;
		if (pages++ < PAGES_SHOWN)
			print_page(trace, i, &question);
	}
	if (pages > PAGES_SHOWN)
		printf("... and %u pages more\n", pages - PAGES_SHOWN);
	if (!pages)
		printf("%s: no page of it ever became hot: no node missed on it often enough in an "
		       "interval, or only its own\n",
		       what);
	return DISCO_OK;
}
