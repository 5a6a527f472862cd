/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of guests, and of what is in them, for profiles and hot pages. */
#ifndef GUEST_NAMES_H
#define GUEST_NAMES_H

#include "code_names.h"
#include "emu/misses.h"
#include "vmm/vmm.h"

#define SYMBOL_FILES_MAX 32

/* Files that --symbols names. */
struct symbol_files {
	const char *path[SYMBOL_FILES_MAX];
	unsigned count;
};

struct guest_names {
	bool vms;			   /* under the monitor; else there is guest 0 alone */
	const char *vm[MISSES_MAX_GUESTS]; /* by the monitor's number */
	const char *shared[VMM_MAX_SHARED];
	struct code_names *code[MISSES_MAX_GUESTS]; /* several may have the same */
	/* What they were made of. */
	const char *kernel[MISSES_MAX_GUESTS];
	const struct symbol_files *files[MISSES_MAX_GUESTS];
};

struct setting_source;

/* Adds @path to @files; a status, after complaining. */
int symbol_files_add(struct symbol_files *files, const char *path,
		     const struct setting_source *source);

/* Reads the names of guest @number's @kernel (NULL: none), if it has any, and of @files; both stay
 * as long as @names. DISCO_OK, or DISCO_FAILED after complaining. */
int guest_names_read(struct guest_names *names, unsigned number, const char *kernel,
		     const struct symbol_files *files);
void guest_names_free(struct guest_names *names);

/* The names of code of @guest (-1: bare); may be NULL. */
const struct code_names *guest_names_code(const struct guest_names *names, int guest);

/* The virtual address that an EntryHi is for: bits 40 to 61 are not in it; those of a 32-bit
 * address are copies. */
uint64_t entryhi_address(uint64_t hi);

#endif
