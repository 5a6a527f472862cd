// SPDX-License-Identifier: GPL-2.0-or-later
/* The profile of a run on the translator: its hottest blocks, and the map that perf reads. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <capstone/capstone.h>

#include "disco.h"
#include "emu/translator.h"
#include "profile.h"

#define BLOCKS_SHOWN 20
#define WORDS_SHOWN  16

struct profile {
	struct translator_block *blocks;
	size_t count, room;
	uint64_t executed; /* guest instructions, as if every block ran to its end */
	FILE *map;
};

static uint64_t weight(const struct translator_block *block)
{
	return block->executions * block->length;
}

static int by_weight(const void *a, const void *b)
{
	uint64_t x = weight(a), y = weight(b);

	return x < y ? 1 : x > y ? -1 : 0;
}

static void collect(void *opaque, const struct translator_block *block)
{
	struct profile *profile = opaque;

	if (profile->count == profile->room) {
		size_t room = profile->room ? profile->room * 2 : 4096;
		void *grown = realloc(profile->blocks, room * sizeof(*block));

		if (!grown)
			return;
		profile->blocks = grown;
		profile->room = room;
	}
	profile->blocks[profile->count++] = *block;
	profile->executed += weight(block);
	if (profile->map)
		fprintf(profile->map, "%" PRIxPTR " %zx guest_%" PRIx64 "\n",
			(uintptr_t)block->host, block->host_size, block->va);
}

static void disassemble(csh handle, const struct translator_block *block)
{
	unsigned words = block->words < WORDS_SHOWN ? block->words : WORDS_SHOWN;
	cs_insn *insn;
	size_t count =
		cs_disasm(handle, (const uint8_t *)block->code, words * 4, block->va, 0, &insn);

	for (size_t n = 0; n < count; n++)
		fprintf(stderr, "      %016" PRIx64 "  %-8s %s\n", insn[n].address,
			insn[n].mnemonic, insn[n].op_str);
	if (count)
		cs_free(insn, count);
	if (block->length > words)
		fprintf(stderr, "      ... %u more\n", block->length - words);
}

static void show(const struct profile *profile)
{
	static const char modes[] = "ksu";
	csh handle;

	if (cs_open(CS_ARCH_MIPS, CS_MODE_MIPS64 | CS_MODE_LITTLE_ENDIAN, &handle) != CS_ERR_OK)
		return;
	for (size_t n = 0; n < profile->count && n < BLOCKS_SHOWN; n++) {
		const struct translator_block *block = &profile->blocks[n];

		if (!block->executions)
			break;
		fprintf(stderr,
			"%6.2f%%  %c %016" PRIx64 "  entered %" PRIu64
			" times, %u instructions, %zu host bytes\n",
			100.0 * (double)weight(block) / (double)profile->executed,
			modes[block->mode], block->va, block->executions, block->length,
			block->host_size);
		disassemble(handle, block);
	}
	cs_close(&handle);
}

static void show_totals(const struct machine *machine)
{
	struct translator_totals totals;

	translator_get_totals(machine, &totals);
	if (!totals.instructions)
		return;
	fprintf(stderr,
		"translated %" PRIu64 " blocks, %" PRIu64 " instructions, %.1f host bytes each, in "
		"%.3f s; %" PRIu64 " instructions interpreted, %" PRIu64 " evictions\n",
		totals.blocks, totals.instructions,
		(double)totals.host_bytes / (double)totals.instructions,
		(double)totals.nanoseconds / 1e9, totals.interpreted, totals.evictions);
}

int profile_report(const struct machine *machine)
{
	struct profile profile = {0};
	char path[64];

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	profile.map = fopen(path, "w");
	translator_visit(machine, collect, &profile);
	if (!profile.map || fclose(profile.map) != 0)
		return complain(DISCO_FAILED, "cannot write %s", path);
	if (profile.count)
		qsort(profile.blocks, profile.count, sizeof(profile.blocks[0]), by_weight);
	show_totals(machine);
	show(&profile);
	free(profile.blocks);
	return DISCO_OK;
}
