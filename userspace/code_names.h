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

#include <stddef.h>
#include <stdint.h>

struct code_names;

/* An empty set; NULL: no memory. */
struct code_names *code_names_create(void);
void code_names_destroy(struct code_names *symbols);

/* Adds the names of the file at @path. DISCO_OK, or DISCO_FAILED after complaining. With @quiet, a
 * file without names is no mistake and nothing is said. */
int code_names_add(struct code_names *symbols, const char *path, int quiet);

/* Writes the name of the instruction at @va to @text: "memcpy+0x12", of a program or library
 * "libc.so.6:memcpy+0x12", without a symbol "sha256sum:0x5858". @code is where it is on the host,
 * in a whole page of guest memory. An empty text: unknown. */
void code_names_name(const struct code_names *symbols, uint64_t va, const void *code, char *text,
		     size_t size);

#endif
