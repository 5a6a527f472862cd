/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOARD_LOAD_H
#define BOARD_LOAD_H

#include "emu/board.h"

/*
 * Puts kernel, device tree and initrd into RAM and points CPU 0 at the kernel's entry, by the UHI
 * protocol. @virtio_slots: which slots the tree shows. Returns 0 or a negative errno with @error.
 */
int load_guest(struct machine *machine, const struct board_config *config, uint32_t virtio_slots,
	       struct error *error);

#endif
