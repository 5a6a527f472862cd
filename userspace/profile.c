// SPDX-License-Identifier: GPL-2.0-or-later
/* The profile of a run: what executed, and what waited for memory, by function. */
#include "profile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "disco.h"
#include "hot_pages.h"

#define LINES_SHOWN   20
#define LINES_IN_JSON 300

/* ---- collecting ---- */

/* Blocks that were translated again after they had gone, with the same code. */
static int by_code(const void *a, const void *b)
{
	const struct translator_block *x = a, *y = b;

	if (x->guest != y->guest)
		return x->guest < y->guest ? -1 : 1;
	if (x->mode != y->mode)
		return x->mode < y->mode ? -1 : 1;
	if (x->va != y->va)
		return x->va < y->va ? -1 : 1;
	if (x->length != y->length)
		return x->length < y->length ? -1 : 1;
	if (x->page_hash != y->page_hash)
		return x->page_hash < y->page_hash ? -1 : 1;
	return memcmp(x->code, y->code, 4 * (size_t)(x->words < y->words ? x->words : y->words));
}

static int by_weight(const void *a, const void *b)
{
	uint64_t x = profile_block_weight(a), y = profile_block_weight(b);

	if (x != y)
		return x < y ? 1 : -1;
	return by_code(a, b);
}

static void add_block(void *opaque, const struct translator_block *block)
{
	struct profile *profile = opaque;
	char name[PROFILE_NAME];
	struct profile_line line = {
		.guest = block->guest, .mode = "ksu"[block->mode], .name = name};

	if (profile->blocks == profile->room) {
		size_t room = profile->room ? profile->room * 2 : 4096;
		void *grown = realloc(profile->block, room * sizeof(*block));

		if (!grown)
			return;
		profile->block = grown;
		profile->room = room;
	}
	profile->block[profile->blocks++] = *block;
	line.instructions = profile_block_weight(block);
	profile->executed += line.instructions;
	if (!line.instructions)
		return;
	profile_block_name(profile, block, false, name, sizeof(name));
	if (!*name)
		snprintf(name, sizeof(name), "0x%" PRIx64, block->va);
	profile_lines_add(&profile->functions, &line);
}

static void merge_blocks(struct profile *profile)
{
	size_t kept = 0;

	if (!profile->blocks)
		return;
	qsort(profile->block, profile->blocks, sizeof(*profile->block), by_code);
	for (size_t n = 1; n < profile->blocks; n++) {
		struct translator_block *to = &profile->block[kept], *from = &profile->block[n];

		if (by_code(to, from) != 0) {
			profile->block[++kept] = *from;
			continue;
		}
		from->executions += to->executions;
		if (to->host) {
			to->executions = from->executions;
			continue;
		}
		*to = *from;
	}
	profile->blocks = kept + 1;
	qsort(profile->block, profile->blocks, sizeof(*profile->block), by_weight);
}

static void add_stall(void *opaque, const struct code_misses *code)
{
	struct profile *profile = opaque;
	char name[PROFILE_NAME];
	struct profile_line line = profile_line_of(profile->names, code, name, sizeof(name));

	line.cycles = code->cycles;
	line.remote = code->remote;
	for (unsigned cause = 0; cause < CAUSES; cause++)
		line.cause[cause] = code->cause[cause];
	profile->stalled += code->cycles;
	profile_lines_add(&profile->stalls, &line);
}

void profile_collect(struct profile *profile, const struct machine *machine,
		     const struct guest_names *names, uint64_t monitor_cycles)
{
	*profile = (struct profile){
		.machine = machine, .names = names, .monitor_cycles = monitor_cycles};
	translator_visit(machine, add_block, profile);
	merge_blocks(profile);
	misses_visit_code(machine, add_stall, profile);
	profile_lines_merge(&profile->functions);
	profile_lines_merge(&profile->stalls);
}

void profile_free(struct profile *profile)
{
	free(profile->block);
	profile_lines_free(&profile->functions);
	profile_lines_free(&profile->stalls);
}

/* ---- text ---- */

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_functions(const struct profile *profile, FILE *out)
{
	uint64_t instructions = 0;
	char owner[64];

	if (!profile->functions.count)
		return;
	for (unsigned n = 0; n < profile->machine->config.cpus; n++)
		instructions += profile->machine->cpu[n]->instructions;
	fprintf(out,
		"\n%7s %15s  function (by translated blocks, which did %.0f%% of the "
		"instructions)\n",
		"share", "instructions", percent(profile->executed, instructions));
	for (size_t n = 0; n < profile->functions.count && n < LINES_SHOWN; n++) {
		const struct profile_line *line = &profile->functions.line[n];

		fprintf(out, "%6.2f%% %15" PRIu64 "  %s %s\n",
			percent(line->instructions, profile->executed), line->instructions,
			profile_line_owner(profile->names, line, owner, sizeof(owner)), line->name);
	}
	if (profile->monitor_cycles)
		fprintf(out, "beside them, the monitor worked for %" PRIu64 " cycles\n",
			profile->monitor_cycles);
}

static void print_stalls(const struct profile *profile, FILE *out)
{
	char owner[64];

	if (!profile->stalls.count)
		return;
	fprintf(out, "\n%7s %14s %10s %10s", "stall", "cycles", "local", "remote");
	for (unsigned cause = 0; cause < CAUSES; cause++)
		fprintf(out, " %13s", report_cause_names[cause]);
	fprintf(out, "  function or instruction%s\n",
		profile->names->vms ? " (m: operation of the monitor)" : "");
	for (size_t n = 0; n < profile->stalls.count && n < LINES_SHOWN; n++) {
		const struct profile_line *line = &profile->stalls.line[n];

		fprintf(out, "%6.2f%% %14" PRIu64 " %10" PRIu64 " %10" PRIu64,
			percent(line->cycles, profile->stalled), line->cycles,
			report_misses(line->cause) - line->remote, line->remote);
		for (unsigned cause = 0; cause < CAUSES; cause++)
			fprintf(out, " %13" PRIu64, line->cause[cause]);
		fprintf(out, "  %s %s\n",
			profile_line_owner(profile->names, line, owner, sizeof(owner)), line->name);
	}
}

int profile_text(const struct profile *profile, bool host, double seconds, FILE *out)
{
	int status = profile_write_map(profile);

	if (profile->functions.lost || profile->stalls.lost)
		complain(0, "out of memory: the profile is not complete");
	profile_blocks_text(profile, host, seconds, out);
	print_functions(profile, out);
	print_stalls(profile, out);
	hot_pages_text(profile->machine, profile->names, out);
	return status;
}

/* ---- JSON ---- */

static void put_instructions(json_t *object, const struct profile_line *line)
{
	report_put(object, "instructions", line->instructions);
}

static void put_stalls(json_t *object, const struct profile_line *line)
{
	report_put_misses(object, line->cycles, line->cause, line->remote, NULL);
}

/* The first lines, and the others as one. */
static json_t *lines_json(const struct profile *profile, const struct profile_lines *lines,
			  void (*put_counts)(json_t *object, const struct profile_line *line))
{
	struct profile_line rest = {0};
	json_t *array = json_array(), *object;

	for (size_t n = 0; n < lines->count; n++) {
		const struct profile_line *line = &lines->line[n];

		if (n >= LINES_IN_JSON) {
			rest.instructions += line->instructions;
			rest.cycles += line->cycles;
			rest.remote += line->remote;
			for (unsigned cause = 0; cause < CAUSES; cause++)
				rest.cause[cause] += line->cause[cause];
			continue;
		}
		object = profile_line_json(profile->names, line);
		put_counts(object, line);
		json_array_append_new(array, object);
	}
	if (lines->count > LINES_IN_JSON) {
		object = json_object();
		report_put(object, "others", lines->count - LINES_IN_JSON);
		put_counts(object, &rest);
		json_array_append_new(array, object);
	}
	return array;
}

json_t *profile_json(const struct profile *profile)
{
	json_t *object = json_object();

	report_put(object, "instructions", profile->executed);
	json_object_set_new(object, "functions",
			    lines_json(profile, &profile->functions, put_instructions));
	json_object_set_new(object, "blocks", profile_blocks_json(profile));
	json_object_set_new(object, "stalls", lines_json(profile, &profile->stalls, put_stalls));
	if (profile->names->vms)
		report_put(object, "monitor_cycles", profile->monitor_cycles);
	return object;
}
