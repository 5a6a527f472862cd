// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Second-level misses by page and by instruction. Pages are a table over all of RAM, mapped and
 * zero until used. Instructions are a hash table that does not grow: when the place of one is full
 * it is not counted, which takes more hot instructions than any profile shows.
 */
#include "emu/misses.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "emu/mem.h"

#define CODE_PLACES (1u << 17)
#define CODE_PROBES 16

struct misses {
	struct page_misses *page;
	uint64_t pages;
	struct code_misses *code; /* NULL: not counted */
};

static void *map_lazily(uint64_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int misses_create(struct machine *machine)
{
	struct misses *misses = calloc(1, sizeof(*misses));

	machine->misses = misses;
	if (!misses)
		return -ENOMEM;
	misses->pages = machine->config.memory / MIPS_PAGE_SIZE;
	misses->page = map_lazily(misses->pages * sizeof(*misses->page));
	if (machine->config.profile)
		misses->code = calloc(CODE_PLACES, sizeof(*misses->code));
	return !misses->page || (machine->config.profile && !misses->code) ? -ENOMEM : 0;
}

void misses_destroy(struct machine *machine)
{
	struct misses *misses = machine->misses;

	if (!misses)
		return;
	if (misses->page)
		munmap(misses->page, misses->pages * sizeof(*misses->page));
	free(misses->code);
	free(misses);
	machine->misses = NULL;
}

static void count_code(struct misses *misses, const struct cpu *cpu,
		       const struct ccnuma_result *result)
{
	uint64_t hash = (cpu->pc >> 2) * UINT64_C(0x9e3779b97f4a7c15) >> 40;

	for (unsigned probe = 0; probe < CODE_PROBES; probe++) {
		struct code_misses *code = &misses->code[(hash + probe) % CODE_PLACES];

		if (!code->cycles) {
			code->pc = cpu->pc;
			code->mode = cpu->mode;
		} else if (code->pc != cpu->pc || code->mode != cpu->mode) {
			continue;
		}
		code->cycles += result->cycles;
		code->count += result->level > LEVEL_L2;
		code->remote +=
			result->level == LEVEL_REMOTE_CLEAN || result->level == LEVEL_REMOTE_DIRTY;
		return;
	}
}

void misses_count(struct machine *machine, unsigned cpu, uint64_t offset, bool write,
		  const struct ccnuma_result *result)
{
	struct misses *misses = machine->misses;
	struct page_misses *page;

	if (misses->code && result->cycles)
		count_code(misses, machine->cpu[cpu], result);
	if (result->level <= LEVEL_L2)
		return;
	page = &misses->page[offset / MIPS_PAGE_SIZE];
	if (ccnuma_home(machine->ccnuma, offset) == machine->cpu[cpu]->node)
		page->local++;
	else
		page->remote++;
	page->cycles += result->cycles;
	page->cause[result->cause]++;
	page->writes += write;
}

unsigned misses_hot_pages(const struct machine *machine, struct hot_page *pages, unsigned most)
{
	const struct misses *misses = machine->misses;
	unsigned count = 0;

	for (uint64_t n = 0; misses && n < misses->pages; n++) {
		const struct page_misses *page = &misses->page[n];
		unsigned at = count;

		if (!page->cycles ||
		    (count == most && page->cycles <= pages[most - 1].misses.cycles))
			continue;
		if (count < most)
			count++;
		else
			at--;
		for (; at > 0 && pages[at - 1].misses.cycles < page->cycles; at--)
			pages[at] = pages[at - 1];
		pages[at] = (struct hot_page){.pa = ram_address(n * MIPS_PAGE_SIZE),
					      .home = machine_home(machine, n * MIPS_PAGE_SIZE),
					      .misses = *page};
	}
	return count;
}

void misses_visit_code(const struct machine *machine,
		       void (*visit)(void *opaque, const struct code_misses *code), void *opaque)
{
	const struct misses *misses = machine->misses;

	for (unsigned n = 0; misses && misses->code && n < CODE_PLACES; n++) {
		if (misses->code[n].cycles)
			visit(opaque, &misses->code[n]);
	}
}
