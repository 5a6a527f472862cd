/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of a guest's addresses: from its ELF file, or from a System.map. */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol {
	uint64_t address;
	uint64_t size; /* 0: unknown */
	char *name;
};

/* Sorted by address. */
struct symbols {
	struct symbol *symbol;
	size_t count;
};

/* Reads the functions and objects of @path, a little-endian ELF file of 32 or 64 bits, or lines
 * "ADDRESS TYPE NAME". False when the file cannot be read or has no symbols. */
bool symbols_read(struct symbols *symbols, const char *path);
void symbols_free(struct symbols *symbols);

/* The symbol called @name, NULL: there is none. */
const struct symbol *symbols_by_name(const struct symbols *symbols, const char *name);
/* The last symbol at or below @address, if @address is in it (without a size: up to the next
 * one); or NULL. */
const struct symbol *symbols_at(const struct symbols *symbols, uint64_t address);

#endif
