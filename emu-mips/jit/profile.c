// SPDX-License-Identifier: GPL-2.0-or-later
/* The blocks of the code cache, for profiles; see emu/translator.h. */
#include "emu/translator.h"
#include "jit.h"

static void visit_block(const struct block *block,
			void (*visit)(void *opaque, const struct translator_block *block),
			void *opaque)
{
	uint64_t offset = block->va % MIPS_PAGE_SIZE;
	unsigned room = (unsigned)((MIPS_PAGE_SIZE - offset) / 4);
	struct translator_block out = {
		.va = block->va,
		.executions = block->executions,
		.length = block->length,
		.words = block->length < room ? block->length : room,
		.code = (const uint32_t *)(const void *)(block->host_page + offset),
		.host = block->checked_entry,
		.host_size = block->code_size,
		.host_hot = block->hot_size,
		.mode = (enum cpu_mode)(block->key & KEY_MODE),
	};

	visit(opaque, &out);
}

static void visit_cache(const struct translator *jit,
			void (*visit)(void *opaque, const struct translator_block *block),
			void *opaque)
{
	for (unsigned n = 0; n < CODE_REGIONS; n++) {
		const struct block *block = jit->cache.regions[n].blocks;

		for (; block; block = block->region_next) {
			if (!block->dead && block->length)
				visit_block(block, visit, opaque);
		}
	}
}

void translator_visit(const struct machine *machine,
		      void (*visit)(void *opaque, const struct translator_block *block),
		      void *opaque)
{
	const struct translators *all = machine->engine_data;

	for (unsigned n = 0; machine->engine == &translator_engine && n < all->count; n++)
		visit_cache(all->of[n], visit, opaque);
}

void translator_get_totals(const struct machine *machine, struct translator_totals *totals)
{
	const struct translators *all = machine->engine_data;

	*totals = (struct translator_totals){0};
	for (unsigned n = 0; machine->engine == &translator_engine && n < all->count; n++) {
		const struct jit_stats *stats = &all->of[n]->stats;

		totals->blocks += stats->blocks;
		totals->instructions += stats->instructions;
		totals->host_bytes += stats->host_bytes;
		totals->interpreted += stats->interpreted;
		totals->evictions += stats->evictions;
		totals->nanoseconds += stats->translate_ns;
	}
}
