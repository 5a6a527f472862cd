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
#include "code_names.h"

#define BLOCKS_SHOWN   20
#define WORDS_SHOWN    16
#define NAME_SIZE      200
#define BLOCKS_COUNTED 2000 /* for host instructions per guest instruction */

struct profile {
	struct translator_block *blocks;
	size_t count, room;
	uint64_t executed; /* guest instructions, as if every block ran to its end */
	FILE *map;
	csh mips, x86;
	bool host; /* show host code too */
	const struct code_names *symbols;
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
	char name[NAME_SIZE];

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
	code_names_name(profile->symbols, block->va, block->code, name, sizeof(name));
	if (profile->map)
		fprintf(profile->map, "%" PRIxPTR " %zx guest_%" PRIx64 "%s%s\n",
			(uintptr_t)block->host, block->host_size, block->va, *name ? "_" : "",
			name);
}

static void disassemble(csh handle, const void *code, size_t size, uint64_t address)
{
	cs_insn *insn;
	size_t count = cs_disasm(handle, code, size, address, 0, &insn);

	for (size_t n = 0; n < count; n++)
		fprintf(stderr, "      %016" PRIx64 "  %-8s %s\n", insn[n].address,
			insn[n].mnemonic, insn[n].op_str);
	if (count)
		cs_free(insn, count);
}

static void show_code(const struct profile *profile, const struct translator_block *block)
{
	unsigned words = block->words < WORDS_SHOWN ? block->words : WORDS_SHOWN;

	if (profile->host)
		words = block->words;
	disassemble(profile->mips, block->code, words * 4, block->va);
	if (block->length > words)
		fprintf(stderr, "      ... %u more\n", block->length - words);
	if (profile->host) {
		fprintf(stderr, "      host:\n");
		disassemble(profile->x86, block->host, block->host_hot, (uintptr_t)block->host);
	}
}

/* Host instructions executed for each guest instruction, by the hottest blocks' code. */
static void show_expansion(const struct profile *profile)
{
	double guest = 0, host = 0;

	for (size_t n = 0; n < profile->count && n < BLOCKS_COUNTED; n++) {
		const struct translator_block *block = &profile->blocks[n];
		cs_insn *insn;
		size_t count = cs_disasm(profile->x86, block->host, block->host_hot, 0, 0, &insn);

		guest += (double)weight(block);
		host += (double)block->executions * (double)count;
		if (count)
			cs_free(insn, count);
	}
	if (guest > 0)
		fprintf(stderr,
			"about %.2f host instructions a guest instruction, in the blocks that did "
			"%.0f%% of them\n",
			host / guest, 100 * guest / (double)profile->executed);
}

static void show(const struct profile *profile)
{
	static const char modes[] = "ksu";

	for (size_t n = 0; n < profile->count && n < BLOCKS_SHOWN; n++) {
		const struct translator_block *block = &profile->blocks[n];

		char name[NAME_SIZE];

		if (!block->executions)
			break;
		code_names_name(profile->symbols, block->va, block->code, name, sizeof(name));
		fprintf(stderr,
			"%6.2f%%  %c %016" PRIx64 "  entered %" PRIu64
			" times, %u instructions, %zu host bytes  %s\n",
			100.0 * (double)weight(block) / (double)profile->executed,
			modes[block->mode], block->va, block->executions, block->length,
			block->host_size, name);
		show_code(profile, block);
	}
}

static void show_totals(const struct machine *machine, double seconds)
{
	struct translator_totals totals;

	translator_get_totals(machine, &totals);
	if (!totals.instructions)
		return;
	fprintf(stderr,
		"translated %" PRIu64 " blocks, %" PRIu64 " instructions, %.1f host bytes each, in "
		"%.3f s (%.0f%% of the run); %" PRIu64 " instructions interpreted, %" PRIu64
		" evictions\n",
		totals.blocks, totals.instructions,
		(double)totals.host_bytes / (double)totals.instructions,
		(double)totals.nanoseconds / 1e9,
		seconds > 0 ? (double)totals.nanoseconds / 1e7 / seconds : 0, totals.interpreted,
		totals.evictions);
}

int profile_report(const struct machine *machine, const struct code_names *symbols, bool host,
		   double seconds)
{
	struct profile profile = {.host = host, .symbols = symbols};
	char path[64];

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	profile.map = fopen(path, "w");
	translator_visit(machine, collect, &profile);
	if (!profile.map || fclose(profile.map) != 0)
		return complain(DISCO_FAILED, "cannot write %s", path);
	if (profile.count)
		qsort(profile.blocks, profile.count, sizeof(profile.blocks[0]), by_weight);
	show_totals(machine, seconds);
	if (cs_open(CS_ARCH_MIPS, CS_MODE_MIPS64 | CS_MODE_LITTLE_ENDIAN, &profile.mips) ==
	    CS_ERR_OK) {
		if (cs_open(CS_ARCH_X86, CS_MODE_64, &profile.x86) == CS_ERR_OK) {
			show_expansion(&profile);
			show(&profile);
			cs_close(&profile.x86);
		}
		cs_close(&profile.mips);
	}
	free(profile.blocks);
	return DISCO_OK;
}
