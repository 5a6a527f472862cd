/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Misses by instruction, for profiles; see emu/misses.h. */
#ifndef MEM_CODE_MISSES_H
#define MEM_CODE_MISSES_H

#include "emu/misses.h"

struct code_table;

/* NULL: no memory. */
struct code_table *code_table_create(void);
void code_table_destroy(struct code_table *table);

/* @cpu waited for @result, at its pc, or in @operation of the monitor (-1: none); @page: of the
 * data, NULL if it was a second-level hit. */
void code_table_count(struct code_table *table, const struct cpu *cpu, int operation,
		      const struct miss_page *page, const struct ccnuma_result *result);

void code_table_visit(const struct code_table *table,
		      void (*visit)(void *opaque, const struct code_misses *code), void *opaque);
void code_table_visit_page(const struct code_table *table, const struct miss_page *page,
			   void (*visit)(void *opaque, const struct code_misses *code,
					 uint64_t cycles),
			   void *opaque);

#endif
