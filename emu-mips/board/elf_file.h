/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOARD_ELF_FILE_H
#define BOARD_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/error.h"
#include "emu/machine.h"

/* Where a program was put. */
struct loaded {
	uint64_t entry;	 /* virtual address */
	uint64_t pa_end; /* end of its highest segment */
	bool mapped;	 /* some of it is linked to a mapped segment */
};

/*
 * Copies the segments of the little-endian MIPS ELF executable @image (32- or 64-bit, @size bytes,
 * called @name in errors) into RAM. Segments are linked to KSEG0, KSEG1, XKPHYS, or to low
 * addresses taken as physical. Returns 0, or -ENOEXEC or -EFBIG with @error set; every length,
 * offset and address of the file is checked before use.
 */
int elf_load(struct machine *machine, const char *name, const uint8_t *image, size_t size,
	     struct loaded *loaded, struct error *error);

#endif
