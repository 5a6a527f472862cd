/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of guest code, for profiles. They come from files:
 *
 *	System.map, or a copy of the guest's /proc/kallsyms		by address
 *	an ELF file of the kernel (its addresses are in kernel segments)	by address
 *	an ELF file of a program or library				by content
 *
 * A guest may map a program anywhere, in many processes, and the machine does not know its
 * processes. So pages of executable segments are found by what is in them: the guest's page with
 * the code is the same 4 KiB as the file's. Only ELF64 little-endian files are known.
 */
#ifndef CODE_NAMES_H
#define CODE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct code_names;

/* An empty set; NULL: no memory. */
struct code_names *code_names_create(void);
void code_names_destroy(struct code_names *symbols);

/* Adds the names of the file at @path. DISCO_OK, or DISCO_FAILED after complaining. With @quiet, a
 * file without names is no mistake and nothing is said. */
int code_names_add(struct code_names *symbols, const char *path, int quiet);

struct code_name {
	const char *file;   /* of a program or library, without folders; NULL: the kernel */
	const char *symbol; /* NULL: there is none for it */
	uint64_t address;   /* by the file */
	uint64_t offset;    /* from the symbol */
};

/* What the instruction at @va is called; @hash: page_hash() of its page, if it is a program's.
 * False: not known (@symbols may be NULL). */
bool code_names_find(const struct code_names *symbols, uint64_t va, uint64_t hash,
		     struct code_name *name);

/* Writes it: "memcpy+0x12", of a program or library "libc.so.6:memcpy+0x12", without a symbol
 * "sha256sum:0x5858". Without @offset, that of the function, or of the file without
 * symbols. */
void code_name_write(const struct code_name *name, bool offset, char *text, size_t size);

/* Writes what of the kernel is in the page of memory at @pa. False: not known. */
bool code_names_page(const struct code_names *symbols, uint64_t pa, char *text, size_t size);

#endif
