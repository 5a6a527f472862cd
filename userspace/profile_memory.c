// SPDX-License-Identifier: GPL-2.0-or-later
/* Where memory model `ccnuma` made a run wait. */
#include "profile_memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "boot.h"
#include "emu/misses.h"
#include "symbols.h"

#define PAGES_SHOWN 16
#define CODE_SHOWN  20

/* What was lost in one function, or at one instruction without a name. */
struct place {
	const struct symbol *symbol;
	struct code_misses misses;
};

struct places {
	const struct symbols *symbols;
	struct place *place;
	size_t count, room;
	uint64_t cycles;
};

static void add(void *opaque, const struct code_misses *code)
{
	struct places *places = opaque;
	struct place *place;

	places->cycles += code->cycles;
	if (places->count == places->room) {
		size_t room = places->room ? places->room * 2 : 1024;
		void *grown = realloc(places->place, room * sizeof(*places->place));

		if (!grown)
			return;
		places->place = grown;
		places->room = room;
	}
	place = &places->place[places->count++];
	*place = (struct place){.misses = *code};
	if (code->mode != MODE_USER)
		place->symbol = symbols_at(places->symbols, code->pc);
	if (place->symbol)
		place->misses.pc = place->symbol->address;
}

static int by_pc(const void *a, const void *b)
{
	const struct code_misses *x = &((const struct place *)a)->misses;
	const struct code_misses *y = &((const struct place *)b)->misses;

	if (x->mode != y->mode)
		return x->mode < y->mode ? -1 : 1;
	if (x->pc == y->pc)
		return 0;
	return x->pc < y->pc ? -1 : 1;
}

static int by_cycles(const void *a, const void *b)
{
	const struct code_misses *x = &((const struct place *)a)->misses;
	const struct code_misses *y = &((const struct place *)b)->misses;

	if (x->cycles == y->cycles)
		return by_pc(a, b);
	return x->cycles < y->cycles ? 1 : -1;
}

/* Instructions of one function become one place. */
static void merge(struct places *places)
{
	size_t kept = 0;

	qsort(places->place, places->count, sizeof(*places->place), by_pc);
	for (size_t n = 1; n < places->count; n++) {
		const struct place *from = &places->place[n];
		struct place *to = &places->place[kept];

		if (by_pc(from, to) != 0) {
			places->place[++kept] = *from;
			continue;
		}
		to->misses.cycles += from->misses.cycles;
		to->misses.count += from->misses.count;
		to->misses.remote += from->misses.remote;
	}
	places->count = kept + 1;
	qsort(places->place, places->count, sizeof(*places->place), by_cycles);
}

static void show_code(const struct places *places)
{
	static const char modes[] = "ksu";

	fprintf(stderr, "%7s %14s %12s %12s  function or instruction\n", "stall", "cycles",
		"L2 misses", "remote");
	for (size_t n = 0; n < places->count && n < CODE_SHOWN; n++) {
		const struct place *place = &places->place[n];

		fprintf(stderr, "%6.2f%% %14" PRIu64 " %12" PRIu64 " %12" PRIu64 "  %c ",
			100.0 * (double)place->misses.cycles / (double)places->cycles,
			place->misses.cycles, place->misses.count, place->misses.remote,
			modes[place->misses.mode]);
		if (place->symbol)
			fprintf(stderr, "%s\n", place->symbol->name);
		else
			fprintf(stderr, "%016" PRIx64 "\n", place->misses.pc);
	}
}

static void show_pages(const struct machine *machine)
{
	struct hot_page pages[PAGES_SHOWN];
	unsigned count = misses_hot_pages(machine, pages, PAGES_SHOWN);

	if (!count)
		return;
	fprintf(stderr, "%12s %4s %14s %10s %10s", "page", "home", "stall cycles", "local",
		"remote");
	for (unsigned cause = 0; cause < CAUSES; cause++)
		fprintf(stderr, " %13s", report_cause_names[cause]);
	fputc('\n', stderr);
	for (unsigned n = 0; n < count; n++) {
		const struct page_misses *misses = &pages[n].misses;

		fprintf(stderr, "%12" PRIx64 " %4u %14" PRIu64 " %10u %10u", pages[n].pa,
			pages[n].home, misses->cycles, misses->local, misses->remote);
		for (unsigned cause = 0; cause < CAUSES; cause++)
			fprintf(stderr, " %13u", misses->cause[cause]);
		fputc('\n', stderr);
	}
}

void profile_memory(const struct machine *machine, const char *kernel)
{
	struct symbols symbols = {0};
	struct places places = {.symbols = &symbols};

	if (!machine_has_ccnuma(machine))
		return;
	if (kernel)
		symbols_read(&symbols, kernel);
	misses_visit_code(machine, add, &places);
	if (places.count) {
		merge(&places);
		show_code(&places);
	}
	show_pages(machine);
	free(places.place);
	symbols_free(&symbols);
}

static void put(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

json_t *hot_pages_json(const struct machine *machine)
{
	struct hot_page pages[PAGES_SHOWN];
	unsigned count = misses_hot_pages(machine, pages, PAGES_SHOWN);
	json_t *array = json_array();

	for (unsigned n = 0; n < count; n++) {
		const struct page_misses *misses = &pages[n].misses;
		json_t *page = json_object(), *causes = json_object();

		for (unsigned cause = 0; cause < CAUSES; cause++)
			put(causes, report_cause_names[cause], misses->cause[cause]);
		put(page, "physical_address", pages[n].pa);
		put(page, "home", pages[n].home);
		put(page, "stall_cycles", misses->cycles);
		put(page, "local_misses", misses->local);
		put(page, "remote_misses", misses->remote);
		put(page, "writes", misses->writes);
		json_object_set_new(page, "causes", causes);
		json_array_append_new(array, page);
	}
	return array;
}
