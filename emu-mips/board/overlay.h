/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshot mode: what the guest writes goes to an unnamed temporary file, and a bit a sector says
 * which sectors are there. */
#ifndef BOARD_OVERLAY_H
#define BOARD_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/error.h"

struct overlay {
	int fd;
	uint64_t sectors;
	uint8_t *bits;
};

/* The temporary file is made in $TMPDIR or /var/tmp. 0 or a negative errno. */
int overlay_open(struct overlay *overlay, uint64_t sectors, struct error *error);
void overlay_close(struct overlay *overlay);

void overlay_mark(struct overlay *overlay, uint64_t sector, uint64_t sectors);

/* Whether @sector is in the overlay, and in *@run how many of the @sectors from it on are in the
 * same place. */
bool overlay_has(const struct overlay *overlay, uint64_t sector, uint64_t sectors, uint64_t *run);

#endif
