// SPDX-License-Identifier: GPL-2.0-or-later
/* `disco trace`: what became of hot pages, from the file that `disco run --trace` wrote. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disco.h"
#include "trace.h"

#define TOP_PAGES 10

enum option_key {
	KEY_WHY = 'w',
	KEY_VM = 0x100,
	KEY_SYMBOLS,
};

struct trace_options {
	const char *file, *why, *vm, *symbols;
	int error;
};

static const struct argp_option options[] = {
	{"why", KEY_WHY, "PAGE", 0,
	 "the story of one page: 0xADDRESS (physical or virtual), ppn:N (physical page), machine:N "
	 "(machine page), or a SYMBOL",
	 0},
	{"vm", KEY_VM, "NAME", 0, "of that VM only", 0},
	{"symbols", KEY_SYMBOLS, "FILE", 0,
	 "names of addresses: ELF file or System.map (default: the VMs' kernels)", 0},
	{0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct trace_options *input = state->input;

	switch (key) {
	case KEY_WHY:
		input->why = value;
		return 0;
	case KEY_VM:
		input->vm = value;
		return 0;
	case KEY_SYMBOLS:
		input->symbols = value;
		return 0;
	case ARGP_KEY_ARG:
		input->file = value;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- the summary ---- */

struct row {
	uint64_t count, cycles;
};

static void print_actions(const struct trace *trace)
{
	struct row rows[POLICY_ACTIONS][POLICY_REASONS];

	memset(rows, 0, sizeof(rows));
	for (size_t i = 0; i < trace->count; i++) {
		struct row *row = &rows[trace->event[i].action][trace->event[i].reason];

		row->count++;
		row->cycles += trace->event[i].cycles;
	}
	printf("%-10s %-14s %10s %10s %12s\n", "action", "reason", "decisions", "mean us",
	       "in all ms");
	for (unsigned action = 0; action < POLICY_ACTIONS; action++)
		for (unsigned reason = 0; reason < POLICY_REASONS; reason++) {
			const struct row *row = &rows[action][reason];
			double us = (double)row->cycles / trace->mhz;

			if (row->count)
				printf("%-10s %-14s %10" PRIu64 " %10.1f %12.3f\n",
				       policy_action_names[action], policy_reason_names[reason],
				       row->count, us / (double)row->count, us / 1e3);
		}
}

/* Migrations from node to node. */
static void print_matrix(const struct trace *trace)
{
	static uint64_t moves[POLICY_MAX_NODES][POLICY_MAX_NODES];
	unsigned nodes = trace->nodes < POLICY_MAX_NODES ? trace->nodes : POLICY_MAX_NODES;
	uint64_t sum = 0;

	memset(moves, 0, sizeof(moves));
	for (size_t i = 0; i < trace->count; i++) {
		const struct trace_event *event = &trace->event[i];

		if (event->reason != POLICY_MIGRATED || !event->to)
			continue;
		moves[event->home][__builtin_ctzll(event->to)]++;
		sum++;
	}
	if (!sum || nodes > 16)
		return;
	printf("\nMigrations\n%-8s", "from\\to");
	for (unsigned to = 0; to < nodes; to++)
		printf(" %6u", to);
	for (unsigned from = 0; from < nodes; from++) {
		printf("\n%-8u", from);
		for (unsigned to = 0; to < nodes; to++)
			printf(" %6" PRIu64, moves[from][to]);
	}
	putchar('\n');
}

static int by_page(const void *a, const void *b)
{
	const struct trace_event *x = a, *y = b;

	if (x->vm != y->vm)
		return x->vm < y->vm ? -1 : 1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->cycle < y->cycle ? -1 : x->cycle > y->cycle;
}

struct page {
	const struct trace_event *event;
	uint64_t count, cycles;
};

static int by_count(const void *a, const void *b)
{
	const struct page *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return by_page(x->event, y->event);
}

static void print_top(const struct trace *trace, struct page *page, size_t pages)
{
	char name[96];

	qsort(page, pages, sizeof(*page), by_count);
	printf("\n%zu pages; most often decided about:\n%-10s %-12s %10s %12s  %s\n", pages, "VM",
	       "address", "decisions", "in all us", "holds");
	for (size_t n = 0; n < pages && n < TOP_PAGES; n++) {
		trace_name_page(trace, page[n].event, name, sizeof(name));
		printf("%-10s 0x%-10" PRIx64 " %10" PRIu64 " %12.1f  %s\n",
		       trace_vm_name(trace, page[n].event->vm), page[n].event->address,
		       page[n].count, (double)page[n].cycles / trace->mhz, name);
	}
}

static int print_pages(const struct trace *trace)
{
	struct trace_event *sorted = malloc((trace->count + 1) * sizeof(*sorted));
	struct page *page = malloc((trace->count + 1) * sizeof(*page));
	size_t pages = 0;

	if (!sorted || !page) {
		free(sorted);
		free(page);
		return complain(DISCO_FAILED, "out of memory");
	}
	for (size_t i = 0; i < trace->count; i++)
		sorted[i] = trace->event[i];
	qsort(sorted, trace->count, sizeof(*sorted), by_page);
	for (size_t i = 0; i < trace->count; i++) {
		if (!pages || page[pages - 1].event->vm != sorted[i].vm ||
		    page[pages - 1].event->address != sorted[i].address)
			page[pages++] = (struct page){.event = &sorted[i]};
		page[pages - 1].count++;
		page[pages - 1].cycles += sorted[i].cycles;
	}
	if (pages)
		print_top(trace, page, pages);
	free(sorted);
	free(page);
	return DISCO_OK;
}

static int summary(const struct trace *trace)
{
	printf("Machine %s, policy %s: %zu decisions", trace->machine, trace->policy, trace->count);
	if (trace->count)
		printf(" from %.3f to %.3f ms", (double)trace->event[0].cycle / trace->mhz / 1e3,
		       (double)trace->event[trace->count - 1].cycle / trace->mhz / 1e3);
	printf("\n\n");
	print_actions(trace);
	print_matrix(trace);
	return print_pages(trace);
}

int command_trace(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "FILE",
		.doc = "Shows what `disco run --trace FILE` decided about pages, and why.\v"
		       "  disco trace FILE                    a table of all decisions\n"
		       "  disco trace FILE --why 0x1100000    the story of a page\n"
		       "  disco trace FILE --why main --vm vm1\n",
	};
	static struct trace trace;
	struct trace_options input = {0};
	int status = parse_options(&argp, "trace", argc, argv, 1, &input, &input.error);

	if (status)
		return status < 0 ? DISCO_OK : status;
	if (!input.file)
		return complain(DISCO_USAGE, "trace: the file of a trace is needed (disco run "
					     "--trace FILE)");
	status = trace_read(&trace, input.file, input.symbols);
	if (!status)
		status = input.why ? trace_why(&trace, input.why, input.vm) : summary(&trace);
	trace_free(&trace);
	return status;
}
