/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where second-level misses happened (memory model `ccnuma`): counted for each page of RAM, and
 * with machine_config.profile for each instruction that stalled. Counts stay over switches of the
 * model.
 */
#ifndef EMU_MISSES_H
#define EMU_MISSES_H

#include "emu/ccnuma.h"
#include "emu/machine.h"

/* Misses and upgrades on a page. */
struct page_misses {
	uint64_t cycles; /* stalled */
	uint32_t local, remote;
	uint32_t cause[CAUSES];
	uint32_t writes;
};

struct hot_page {
	uint64_t pa;
	unsigned home;
	struct page_misses misses;
};

/* Misses, upgrades and first-level misses served by the second level, of an instruction. */
struct code_misses {
	uint64_t pc;
	uint64_t cycles;
	uint64_t count, remote; /* second-level misses and upgrades */
	uint8_t mode;		/* enum cpu_mode */
};

/* 0 or -ENOMEM; freed by misses_destroy(). machine->misses. */
int misses_create(struct machine *machine);
void misses_destroy(struct machine *machine);

/* @cpu, at its pc, waited for @result on RAM at @offset. */
void misses_count(struct machine *machine, unsigned cpu, uint64_t offset, bool write,
		  const struct ccnuma_result *result);

/* Fills @pages with those on which most cycles were lost, most first; returns how many. */
unsigned misses_hot_pages(const struct machine *machine, struct hot_page *pages, unsigned most);

/* Calls @visit for every instruction counted. */
void misses_visit_code(const struct machine *machine,
		       void (*visit)(void *opaque, const struct code_misses *code), void *opaque);

#endif
