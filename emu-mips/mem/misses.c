// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Second-level misses by page and node. Each owner of pages has a table of chunks, which are made
 * when one of their pages is first missed on.
 */
#include "emu/misses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "code_misses.h"

#define CHUNK_PAGES 256

struct chunk {
	uint64_t mapped_at[CHUNK_PAGES];
	struct page_misses misses[]; /* [node][page]: those of one node are near each other */
};

struct page_table {
	struct chunk **chunk;
	size_t chunks;
};

struct misses {
	unsigned nodes;
	int operation;
	struct page_table table[MISS_OWNERS][MISSES_MAX_GUESTS];
	struct code_table *code;		    /* NULL: not counted */
	struct page_misses lost[MACHINE_MAX_NODES]; /* found no memory */
};

int misses_create(struct machine *machine)
{
	struct misses *misses = calloc(1, sizeof(*misses));

	machine->misses = misses;
	if (!misses)
		return -ENOMEM;
	misses->nodes = machine->config.nodes;
	misses->operation = -1;
	if (machine->config.profile)
		misses->code = code_table_create();
	return machine->config.profile && !misses->code ? -ENOMEM : 0;
}

static void free_table(struct page_table *table)
{
	for (size_t n = 0; n < table->chunks; n++)
		free(table->chunk[n]);
	free(table->chunk);
}

void misses_destroy(struct machine *machine)
{
	struct misses *misses = machine->misses;

	if (!misses)
		return;
	for (unsigned owner = 0; owner < MISS_OWNERS; owner++)
		for (unsigned guest = 0; guest < MISSES_MAX_GUESTS; guest++)
			free_table(&misses->table[owner][guest]);
	code_table_destroy(misses->code);
	free(misses);
	machine->misses = NULL;
}

static bool more_chunks(struct page_table *table, size_t number)
{
	size_t chunks = table->chunks ? table->chunks : 64;
	struct chunk **grown;

	while (chunks <= number)
		chunks *= 2;
	grown = realloc(table->chunk, chunks * sizeof(struct chunk *));
	if (!grown)
		return false;
	for (size_t n = table->chunks; n < chunks; n++)
		grown[n] = NULL;
	table->chunk = grown;
	table->chunks = chunks;
	return true;
}

static struct chunk *make_chunk(struct misses *misses, struct page_table *table, size_t number)
{
	if (number >= table->chunks && !more_chunks(table, number))
		return NULL;
	if (!table->chunk[number])
		table->chunk[number] =
			calloc(1, sizeof(struct chunk) +
					  CHUNK_PAGES * misses->nodes * sizeof(struct page_misses));
	return table->chunk[number];
}

static void ask_address(struct machine *machine, uint64_t offset, uint64_t *mapped_at)
{
	uint64_t address = machine->page_owners->mapped_at(machine, offset);

	if (address)
		*mapped_at = address;
}

static struct page_misses *count_page(struct machine *machine, const struct miss_page *page,
				      unsigned node, uint64_t offset)
{
	struct misses *misses = machine->misses;
	struct page_table *table = &misses->table[page->owner][page->guest];
	size_t number = page->number / CHUNK_PAGES, at = page->number % CHUNK_PAGES;
	struct chunk *chunk = number < table->chunks ? table->chunk[number] : NULL;
	struct page_misses *counts;

	if (!chunk)
		chunk = make_chunk(misses, table, number);
	if (!chunk)
		return &misses->lost[node];
	counts = &chunk->misses[node * CHUNK_PAGES + at];
	if (machine->page_owners && !counts->until_address--)
		ask_address(machine, offset, &chunk->mapped_at[at]);
	return counts;
}

void misses_count(struct machine *machine, unsigned number, uint64_t offset, bool write,
		  const struct ccnuma_result *result)
{
	const struct cpu *cpu = machine->cpu[number];
	struct misses *misses = machine->misses;
	struct miss_page page = {.number = (uint32_t)(offset / MIPS_PAGE_SIZE)};
	struct page_misses *counts;

	if (result->level <= LEVEL_L2) {
		if (misses->code && result->cycles)
			code_table_count(misses->code, cpu, misses->operation, NULL, result);
		return;
	}
	if (machine->page_owners)
		page = machine->page_owners->owner(machine, offset);
	if (misses->code)
		code_table_count(misses->code, cpu, misses->operation, &page, result);
	counts = count_page(machine, &page, cpu->node, offset);
	counts->cycles += result->cycles;
	counts->cause[result->cause]++;
	counts->remote += result->remote;
	counts->writes += write;
	counts->home = (uint8_t)result->home;
}

void misses_set_operation(struct machine *machine, int operation)
{
	if (machine->misses)
		machine->misses->operation = operation;
}

static bool missed(const struct page_misses *node, unsigned nodes)
{
	for (unsigned n = 0; n < nodes; n++)
		for (unsigned cause = 0; cause < CAUSES; cause++)
			if (node[n].cause[cause])
				return true;
	return false;
}

static void collect(const struct misses *misses, const struct chunk *chunk, size_t at,
		    struct page_misses *node)
{
	for (unsigned n = 0; n < misses->nodes; n++)
		node[n] = chunk->misses[n * CHUNK_PAGES + at];
}

static void visit_table(const struct misses *misses, struct missed_page *page,
			void (*visit)(void *opaque, const struct missed_page *page), void *opaque)
{
	const struct page_table *table = &misses->table[page->page.owner][page->page.guest];

	for (size_t n = 0; n < table->chunks; n++) {
		const struct chunk *chunk = table->chunk[n];

		for (size_t at = 0; chunk && at < CHUNK_PAGES; at++) {
			collect(misses, chunk, at, page->node);
			page->page.number = (uint32_t)(n * CHUNK_PAGES + at);
			page->mapped_at = chunk->mapped_at[at];
			if (missed(page->node, misses->nodes))
				visit(opaque, page);
		}
	}
}

void misses_visit_pages(const struct machine *machine,
			void (*visit)(void *opaque, const struct missed_page *page), void *opaque)
{
	const struct misses *misses = machine->misses;
	struct missed_page page;

	for (unsigned owner = 0; misses && owner < MISS_OWNERS; owner++)
		for (unsigned guest = 0; guest < MISSES_MAX_GUESTS; guest++) {
			page = (struct missed_page){
				.page = {.owner = (enum miss_owner)owner, .guest = guest}};
			visit_table(misses, &page, visit, opaque);
		}
	page = (struct missed_page){.page = {.owner = MISS_OF_MACHINE, .number = UINT32_MAX}};
	if (misses && missed(misses->lost, misses->nodes)) {
		memcpy(page.node, misses->lost, sizeof(misses->lost));
		visit(opaque, &page);
	}
}

void misses_visit_code(const struct machine *machine,
		       void (*visit)(void *opaque, const struct code_misses *code), void *opaque)
{
	if (machine->misses && machine->misses->code)
		code_table_visit(machine->misses->code, visit, opaque);
}

void misses_visit_page_code(const struct machine *machine, const struct miss_page *page,
			    void (*visit)(void *opaque, const struct code_misses *code,
					  uint64_t cycles),
			    void *opaque)
{
	if (machine->misses && machine->misses->code)
		code_table_visit_page(machine->misses->code, page, visit, opaque);
}
