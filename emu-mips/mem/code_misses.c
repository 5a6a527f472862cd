// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Misses by instruction, and by instruction and page: two hash tables of open addressing that
 * double when they are three quarters full. What finds no memory is not lost: it counts for an
 * instruction at address 0. The second table has a limit, beyond which new pairs are left out.
 */
#include "code_misses.h"

#include <stdlib.h>

#include "emu/mem.h"

#define FIRST_PLACES 4096
#define MOST_PAIRS   (1u << 22)

/* A page, and the number of an instruction in the order of first counting. */
struct pair {
	uint64_t page; /* page_key() + 1; 0: free */
	uint64_t cycles;
	uint32_t code;
};

struct code_table {
	struct code_misses *code; /* in order of first counting; [0]: what found no memory */
	uint32_t count, room;
	uint32_t *place; /* 0: free */
	uint32_t places;
	struct pair *pair;
	uint32_t pairs, pair_places;
};

struct code_table *code_table_create(void)
{
	struct code_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->code = calloc(FIRST_PLACES, sizeof(*table->code));
	table->place = calloc(FIRST_PLACES, sizeof(*table->place));
	table->pair = calloc(FIRST_PLACES, sizeof(*table->pair));
	table->room = table->places = table->pair_places = FIRST_PLACES;
	table->count = 1;
	if (table->code && table->place && table->pair) {
		table->code[0].guest = -1;
		return table;
	}
	code_table_destroy(table);
	return NULL;
}

void code_table_destroy(struct code_table *table)
{
	if (!table)
		return;
	free(table->code);
	free(table->place);
	free(table->pair);
	free(table);
}

uint64_t page_hash(const void *page)
{
	const uint64_t *words = page;
	uint64_t hash = 0;

	for (size_t n = 0; n < MIPS_PAGE_SIZE / sizeof(*words); n++)
		hash = (hash ^ words[n]) * UINT64_C(0x9e3779b97f4a7c15);
	return hash;
}

static uint32_t mix(uint64_t value)
{
	return (uint32_t)(value * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* ---- instructions ---- */

static bool same_code(const struct code_misses *a, const struct code_misses *b)
{
	return a->pc == b->pc && a->code == b->code && a->guest == b->guest && a->mode == b->mode &&
	       a->monitor == b->monitor;
}

static uint32_t hash_code(const struct code_misses *code)
{
	return mix(code->pc >> 2 ^ code->code << 20 ^ (uint64_t)(uint16_t)code->guest << 48 ^
		   (uint64_t)code->mode << 40 ^ (uint64_t)code->monitor << 44);
}

/* The place of @code, or the free one where it belongs. */
static uint32_t find_code(const struct code_table *table, const struct code_misses *code)
{
	uint32_t at = hash_code(code) & (table->places - 1);

	while (table->place[at] && !same_code(&table->code[table->place[at]], code))
		at = (at + 1) & (table->places - 1);
	return at;
}

static bool more_code(struct code_table *table)
{
	uint32_t room = table->room * 2, places = table->places * 2;
	struct code_misses *code = realloc(table->code, room * sizeof(*code));
	uint32_t *place;

	if (!code)
		return false;
	table->code = code;
	table->room = room;
	if (table->places > room + room / 3)
		return true;
	place = calloc(places, sizeof(*place));
	if (!place)
		return false;
	free(table->place);
	table->place = place;
	table->places = places;
	for (uint32_t n = 1; n < table->count; n++)
		table->place[find_code(table, &table->code[n])] = n;
	return true;
}

/* The page with the instruction at @cpu's pc, in RAM; NULL: somewhere else. */
static const uint8_t *code_page(const struct cpu *cpu)
{
	enum mips_exception code;
	struct translation where;
	bool refill;

	if (!cpu_translate(cpu, cpu->pc, ACCESS_FETCH, (enum cpu_mode)cpu->mode, &where, &code,
			   &refill))
		return NULL;
	return ram_pointer(cpu->machine, where.pa & ~(MIPS_PAGE_SIZE - 1));
}

static uint32_t number_of(struct code_table *table, const struct cpu *cpu, int operation)
{
	const uint8_t *page = NULL;
	struct code_misses key = {
		.pc = cpu->pc, .mode = cpu->mode, .guest = cpu->guest, .monitor = operation >= 0};
	uint32_t at;

	if (key.monitor)
		key.pc = (uint64_t)operation;
	else if (key.mode == MODE_USER)
		page = code_page(cpu);
	if (page)
		key.code = (uint64_t)(page - cpu->machine->ram) / MIPS_PAGE_SIZE;
	at = find_code(table, &key);
	if (table->place[at])
		return table->place[at];
	if (table->count >= table->places - table->places / 4 || table->count == table->room) {
		if (!more_code(table))
			return 0;
		at = find_code(table, &key);
	}
	if (page)
		key.hash = page_hash(page);
	table->place[at] = table->count;
	table->code[table->count] = key;
	return table->count++;
}

/* ---- pairs ---- */

static uint64_t page_key(const struct miss_page *page)
{
	return ((uint64_t)page->owner << 48 | (uint64_t)page->guest << 40 | page->number) + 1;
}

static struct pair *find_pair(struct pair *pair, uint32_t places, uint64_t page, uint32_t code)
{
	uint32_t at = mix(page << 20 ^ code) & (places - 1);

	while (pair[at].page && (pair[at].page != page || pair[at].code != code))
		at = (at + 1) & (places - 1);
	return &pair[at];
}

static void more_pairs(struct code_table *table)
{
	uint32_t places = table->pair_places * 2;
	struct pair *pair = places > MOST_PAIRS ? NULL : calloc(places, sizeof(*pair));

	if (!pair)
		return;
	for (uint32_t n = 0; n < table->pair_places; n++) {
		const struct pair *from = &table->pair[n];

		if (from->page)
			*find_pair(pair, places, from->page, from->code) = *from;
	}
	free(table->pair);
	table->pair = pair;
	table->pair_places = places;
}

static void count_pair(struct code_table *table, const struct miss_page *page, uint32_t code,
		       uint32_t cycles)
{
	uint64_t key = page_key(page);
	struct pair *pair;

	if (table->pairs >= table->pair_places - table->pair_places / 4)
		more_pairs(table);
	pair = find_pair(table->pair, table->pair_places, key, code);
	if (!pair->page) {
		if (table->pairs >= table->pair_places - table->pair_places / 4)
			return;
		table->pairs++;
		*pair = (struct pair){.page = key, .code = code};
	}
	pair->cycles += cycles;
}

/* ---- both ---- */

void code_table_count(struct code_table *table, const struct cpu *cpu, int operation,
		      const struct miss_page *page, const struct ccnuma_result *result)
{
	uint32_t number = number_of(table, cpu, operation);
	struct code_misses *code = &table->code[number];

	code->cycles += result->cycles;
	if (!page)
		return;
	code->cause[result->cause]++;
	code->remote += result->remote;
	count_pair(table, page, number, result->cycles);
}

void code_table_visit(const struct code_table *table,
		      void (*visit)(void *opaque, const struct code_misses *code), void *opaque)
{
	for (uint32_t n = table->code[0].cycles ? 0 : 1; n < table->count; n++)
		visit(opaque, &table->code[n]);
}

void code_table_visit_page(const struct code_table *table, const struct miss_page *page,
			   void (*visit)(void *opaque, const struct code_misses *code,
					 uint64_t cycles),
			   void *opaque)
{
	uint64_t key = page_key(page);

	for (uint32_t n = 0; n < table->pair_places; n++) {
		if (table->pair[n].page == key)
			visit(opaque, &table->code[table->pair[n].code], table->pair[n].cycles);
	}
}
