// SPDX-License-Identifier: GPL-2.0-or-later
/* The hottest translated blocks of a profile, and the map that perf reads. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "disco.h"
#include "profile.h"

#define BLOCKS_SHOWN   20
#define WORDS_SHOWN    16
#define BLOCKS_COUNTED 2000 /* for host instructions per guest instruction */

static const char modes[] = "ksu";

struct disassembler {
	csh mips, x86;
	bool host; /* show host code too */
	FILE *out;
};

uint64_t profile_block_weight(const struct translator_block *block)
{
	return block->executions * block->length;
}

void profile_block_name(const struct profile *profile, const struct translator_block *block,
			bool offset, char *text, size_t size)
{
	const struct code_names *names = guest_names_code(profile->names, block->guest);
	struct code_name name;

	text[0] = '\0';
	if (code_names_find(names, block->va, block->page_hash, &name))
		code_name_write(&name, offset, text, size);
}

static const char *owner(const struct profile *profile, const struct translator_block *block,
			 char *text, size_t size)
{
	const struct profile_line line = {.guest = block->guest, .mode = modes[block->mode]};

	return profile_line_owner(profile->names, &line, text, size);
}

int profile_write_map(const struct profile *profile)
{
	char path[64], name[PROFILE_NAME];
	FILE *map;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	map = fopen(path, "w");
	for (size_t n = 0; map && n < profile->blocks; n++) {
		const struct translator_block *block = &profile->block[n];

		if (!block->host)
			continue;
		profile_block_name(profile, block, true, name, sizeof(name));
		fprintf(map, "%" PRIxPTR " %zx guest_", (uintptr_t)block->host, block->host_size);
		if (profile->names->vms && block->guest >= 0)
			fprintf(map, "%s_", profile->names->vm[block->guest]);
		fprintf(map, "%" PRIx64 "%s%s\n", block->va, *name ? "_" : "", name);
	}
	if (!map || fclose(map) != 0)
		return complain(DISCO_FAILED, "cannot write %s", path);
	return DISCO_OK;
}

static void disassemble(const struct disassembler *how, csh handle, const void *code, size_t size,
			uint64_t address)
{
	cs_insn *insn;
	size_t count = cs_disasm(handle, code, size, address, 0, &insn);

	for (size_t n = 0; n < count; n++)
		fprintf(how->out, "      %016" PRIx64 "  %-8s %s\n", insn[n].address,
			insn[n].mnemonic, insn[n].op_str);
	if (count)
		cs_free(insn, count);
}

static void show_code(const struct disassembler *how, const struct translator_block *block)
{
	unsigned words = block->words < WORDS_SHOWN ? block->words : WORDS_SHOWN;

	if (how->host)
		words = block->words; /* of blocks that are gone, only so many were kept */
	disassemble(how, how->mips, block->code, words * 4, block->va);
	if (block->length > words)
		fprintf(how->out, "      ... %u more\n", block->length - words);
	if (how->host && block->host) {
		fprintf(how->out, "      host:\n");
		disassemble(how, how->x86, block->host, block->host_hot, (uintptr_t)block->host);
	}
}

/* Host instructions executed for each guest instruction, by the hottest blocks' code. */
static void show_expansion(const struct profile *profile, const struct disassembler *how)
{
	double guest = 0, host = 0;

	for (size_t n = 0; n < profile->blocks && n < BLOCKS_COUNTED; n++) {
		const struct translator_block *block = &profile->block[n];
		cs_insn *insn;
		size_t count;

		if (!block->host)
			continue;
		count = cs_disasm(how->x86, block->host, block->host_hot, 0, 0, &insn);

		guest += (double)profile_block_weight(block);
		host += (double)block->executions * (double)count;
		if (count)
			cs_free(insn, count);
	}
	if (guest > 0)
		fprintf(how->out,
			"about %.2f host instructions a guest instruction, in the blocks that did "
			"%.0f%% of them\n",
			host / guest, 100 * guest / (double)profile->executed);
}

static void show_blocks(const struct profile *profile, const struct disassembler *how)
{
	char name[PROFILE_NAME], whose[64];

	for (size_t n = 0; n < profile->blocks && n < BLOCKS_SHOWN; n++) {
		const struct translator_block *block = &profile->block[n];

		if (!block->executions)
			break;
		profile_block_name(profile, block, true, name, sizeof(name));
		fprintf(how->out,
			"%6.2f%%  %s %016" PRIx64 "  entered %" PRIu64
			" times, %u instructions, %zu host bytes  %s\n",
			100.0 * (double)profile_block_weight(block) / (double)profile->executed,
			owner(profile, block, whose, sizeof(whose)), block->va, block->executions,
			block->length, block->host_size, name);
		show_code(how, block);
	}
}

static void show_totals(const struct machine *machine, double seconds, FILE *out)
{
	struct translator_totals totals;

	translator_get_totals(machine, &totals);
	if (!totals.instructions)
		return;
	fprintf(out,
		"translated %" PRIu64 " blocks, %" PRIu64 " instructions, %.1f host bytes each, in "
		"%.3f s (%.0f%% of the run); %" PRIu64 " instructions interpreted, %" PRIu64
		" evictions\n",
		totals.blocks, totals.instructions,
		(double)totals.host_bytes / (double)totals.instructions,
		(double)totals.nanoseconds / 1e9,
		seconds > 0 ? (double)totals.nanoseconds / 1e7 / seconds : 0, totals.interpreted,
		totals.evictions);
}

void profile_blocks_text(const struct profile *profile, bool host, double seconds, FILE *out)
{
	struct disassembler how = {.host = host, .out = out};

	show_totals(profile->machine, seconds, out);
	if (cs_open(CS_ARCH_MIPS, CS_MODE_MIPS64 | CS_MODE_LITTLE_ENDIAN, &how.mips) != CS_ERR_OK)
		return;
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &how.x86) == CS_ERR_OK) {
		show_expansion(profile, &how);
		show_blocks(profile, &how);
		cs_close(&how.x86);
	}
	cs_close(&how.mips);
}

json_t *profile_blocks_json(const struct profile *profile)
{
	json_t *array = json_array();
	char name[PROFILE_NAME];

	for (size_t n = 0; n < profile->blocks && n < BLOCKS_SHOWN; n++) {
		const struct translator_block *block = &profile->block[n];
		struct profile_line line = {
			.guest = block->guest, .mode = modes[block->mode], .name = name};
		json_t *object;

		if (!block->executions)
			break;
		profile_block_name(profile, block, true, name, sizeof(name));
		object = profile_line_json(profile->names, &line);
		json_object_set_new(object, "address", json_sprintf("0x%" PRIx64, block->va));
		json_object_set_new(object, "entered", json_integer((json_int_t)block->executions));
		json_object_set_new(object, "length", json_integer(block->length));
		json_array_append_new(array, object);
	}
	return array;
}
