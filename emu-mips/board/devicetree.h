/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOARD_DEVICETREE_H
#define BOARD_DEVICETREE_H

#include "emu/board.h"

struct devicetree_config {
	const struct machine_config *machine;
	const char *append;
	uint64_t initrd_start, initrd_end; /* physical; equal: none */
	bool cp0_timer;
	uint64_t window_base, window_size; /* of shared memory; no size: there is none */
	uint32_t virtio_slots;		   /* bit n: slot n has a device */
};

#define DEVICETREE_MAX (64 * 1024)

/* Builds the tree that describes the machine to a kernel into @buffer of DEVICETREE_MAX bytes.
 * Returns its size, or -E2BIG with @error set (command line too long). */
int devicetree_build(const struct devicetree_config *config, void *buffer, struct error *error);

#endif
