// SPDX-License-Identifier: GPL-2.0-or-later
/* The blocks of the code cache, for profiles; see emu/translator.h. */
#include <stdlib.h>
#include <string.h>

#include "emu/misses.h"
#include "emu/translator.h"
#include "jit.h"

#define WORDS_KEPT 16

struct retired {
	struct translator_block block;
	uint32_t code[WORDS_KEPT];
};

static struct translator_block describe(const struct block *block)
{
	uint64_t offset = block->va % MIPS_PAGE_SIZE;
	unsigned room = (unsigned)((MIPS_PAGE_SIZE - offset) / 4);
	enum cpu_mode mode = (enum cpu_mode)(block->key & KEY_MODE);

	return (struct translator_block){
		.va = block->va,
		.executions = block->executions,
		.length = block->length,
		.words = block->length < room ? block->length : room,
		.code = (const uint32_t *)(const void *)(block->host_page + offset),
		.page_hash = mode == MODE_USER ? page_hash(block->host_page) : 0,
		.host = block->checked_entry,
		.host_size = block->code_size,
		.host_hot = block->hot_size,
		.mode = mode,
		.guest = block->guest,
	};
}

void profile_retire(struct translator *jit, const struct block *block)
{
	struct retired *retired;

	if (!block->executions)
		return;
	if (jit->retired_count == jit->retired_room) {
		size_t room = jit->retired_room ? jit->retired_room * 2 : 1024;

		retired = realloc(jit->retired, room * sizeof(*retired));
		if (!retired)
			return;
		jit->retired = retired;
		jit->retired_room = room;
	}
	retired = &jit->retired[jit->retired_count++];
	retired->block = describe(block);
	retired->block.host = NULL;
	if (retired->block.words > WORDS_KEPT)
		retired->block.words = WORDS_KEPT;
	memcpy(retired->code, retired->block.code, 4 * (size_t)retired->block.words);
}

static void visit_cache(const struct translator *jit,
			void (*visit)(void *opaque, const struct translator_block *block),
			void *opaque)
{
	for (size_t n = 0; n < jit->retired_count; n++) {
		struct translator_block block = jit->retired[n].block;

		block.code = jit->retired[n].code;
		visit(opaque, &block);
	}
	for (unsigned n = 0; n < CODE_REGIONS; n++) {
		const struct block *block = jit->cache.regions[n].blocks;

		for (; block; block = block->region_next) {
			struct translator_block out;

			if (block->dead || !block->length)
				continue;
			out = describe(block);
			visit(opaque, &out);
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
