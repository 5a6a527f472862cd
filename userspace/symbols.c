// SPDX-License-Identifier: GPL-2.0-or-later
/* Symbols of ELF files (System V ABI, chapter 4) and of System.map files. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols.h"

#define FILE_MAX (UINT64_C(1) << 30)

static bool add(struct symbols *symbols, uint64_t address, uint64_t size, const char *name,
		size_t length)
{
	struct symbol *grown = symbols->symbol;

	if (!(symbols->count & (symbols->count - 1)))
		grown = realloc(grown, (symbols->count ? 2 * symbols->count : 1) * sizeof(*grown));
	if (!grown)
		return false;
	symbols->symbol = grown;
	grown[symbols->count] = (struct symbol){address, size, strndup(name, length)};
	return grown[symbols->count++].name;
}

/* The file with a zero byte behind it; NULL when it cannot be read. */
static char *contents(const char *path, size_t *size)
{
	FILE *in = fopen(path, "rb");
	char *data = NULL;
	long end;

	if (!in)
		return NULL;
	if (!fseek(in, 0, SEEK_END) && (end = ftell(in)) > 0 && (uint64_t)end < FILE_MAX &&
	    !fseek(in, 0, SEEK_SET))
		data = malloc((size_t)end + 1);
	if (data) {
		*size = fread(data, 1, (size_t)end, in);
		data[*size] = '\0';
	}
	fclose(in);
	return data;
}

static void take(struct symbols *symbols, const char *strings, size_t length, uint32_t name,
		 unsigned char info, uint16_t section, uint64_t address, uint64_t size)
{
	unsigned type = ELF64_ST_TYPE(info);

	if (section == SHN_UNDEF || name >= length || !strings[name] ||
	    (type != STT_FUNC && type != STT_OBJECT && type != STT_NOTYPE))
		return;
	add(symbols, address, size, strings + name, strnlen(strings + name, length - name));
}

static bool inside(size_t size, uint64_t offset, uint64_t length)
{
	return offset <= size && length <= size - offset;
}

/* Both classes have the same members, by the same names. */
#define READ_ELF(bits)                                                                             \
	static void read_elf##bits(struct symbols *symbols, const char *data, size_t size)         \
	{                                                                                          \
		Elf##bits##_Ehdr header;                                                           \
		Elf##bits##_Shdr table, names;                                                     \
		Elf##bits##_Sym symbol;                                                            \
                                                                                                   \
		if (size < sizeof(header))                                                         \
			return;                                                                    \
		memcpy(&header, data, sizeof(header));                                             \
		for (unsigned i = 0; i < header.e_shnum; i++) {                                    \
			uint64_t at = header.e_shoff + (uint64_t)i * sizeof(table);                \
                                                                                                   \
			if (!inside(size, at, sizeof(table)))                                      \
				return;                                                            \
			memcpy(&table, data + at, sizeof(table));                                  \
			at = header.e_shoff + (uint64_t)table.sh_link * sizeof(names);             \
			if (table.sh_type != SHT_SYMTAB || !inside(size, at, sizeof(names)) ||     \
			    !inside(size, table.sh_offset, table.sh_size))                         \
				continue;                                                          \
			memcpy(&names, data + at, sizeof(names));                                  \
			if (!inside(size, names.sh_offset, names.sh_size))                         \
				continue;                                                          \
			for (uint64_t n = 0; n + sizeof(symbol) <= table.sh_size;                  \
			     n += sizeof(symbol)) {                                                \
				memcpy(&symbol, data + table.sh_offset + n, sizeof(symbol));       \
				take(symbols, data + names.sh_offset, names.sh_size,               \
				     symbol.st_name, symbol.st_info, symbol.st_shndx,              \
				     (uint64_t)(int##bits##_t)symbol.st_value, symbol.st_size);    \
			}                                                                          \
		}                                                                                  \
	}

READ_ELF(32)
READ_ELF(64)

static void read_map(struct symbols *symbols, const char *text)
{
	while (*text) {
		const char *end = strchrnul(text, '\n');
		char *after;
		uint64_t address = strtoull(text, &after, 16);

		if (after - text >= 8 && after + 3 < end && after[0] == ' ' && after[2] == ' ')
			add(symbols, address, 0, after + 3, (size_t)(end - after - 3));
		text = *end ? end + 1 : end;
	}
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->size < y->size ? -1 : x->size > y->size;
}

bool symbols_read(struct symbols *symbols, const char *path)
{
	size_t size;
	char *data = contents(path, &size);

	*symbols = (struct symbols){NULL, 0};
	if (!data)
		return false;
	if (size > EI_CLASS && !memcmp(data, ELFMAG, SELFMAG)) {
		if (data[EI_CLASS] == ELFCLASS64)
			read_elf64(symbols, data, size);
		else
			read_elf32(symbols, data, size);
	} else {
		read_map(symbols, data);
	}
	free(data);
	if (symbols->count)
		qsort(symbols->symbol, symbols->count, sizeof(*symbols->symbol), by_address);
	return symbols->count;
}

void symbols_free(struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->count; i++)
		free(symbols->symbol[i].name);
	free(symbols->symbol);
	*symbols = (struct symbols){NULL, 0};
}

const struct symbol *symbols_by_name(const struct symbols *symbols, const char *name)
{
	for (size_t i = 0; i < symbols->count; i++)
		if (!strcmp(symbols->symbol[i].name, name))
			return &symbols->symbol[i];
	return NULL;
}

const struct symbol *symbols_at(const struct symbols *symbols, uint64_t address)
{
	size_t low = 0, high = symbols->count;
	const struct symbol *symbol;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->symbol[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	symbol = &symbols->symbol[low - 1];
	/* Without a size it goes as far as the next one. */
	if (!symbol->size)
		return low < symbols->count ? symbol : NULL;
	return address - symbol->address < symbol->size ? symbol : NULL;
}
