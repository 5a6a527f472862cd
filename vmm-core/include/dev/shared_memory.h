/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that several VMs share: a VM's port to it, at MAP_SHARED_BASE of a VM that may use some.
 * Our own device; the device tree's node "shared-memory" has its registers, and the window of
 * guest-physical addresses where what is attached appears.
 *
 * Registers of 32 bits:
 *
 *	0x00 ID		r	"DSHM"
 *	0x08 RESULT	r	of the last CALL: 0 or an errno value (Linux's numbers)
 *	0x10 LOW	r	guest-physical address, lower half, and
 *	0x18 HIGH	r	upper half, after an ATTACH
 *	0x20 PAGES	rw	pages of 4 KiB wanted; after an ATTACH: those there are
 *	0x28 CALL	w	SHARED_ATTACH, SHARED_DETACH the memory called NAME
 *	0x40 + 4 n NAME	w	32 bytes, the first in the lowest bits, ended by zero
 *
 * ENOENT: no memory of that name; EACCES: this VM may not use it; EINVAL: it has fewer pages than
 * wanted, or no such call. Attaching twice does no harm. One CPU at a time: the guest sees to that.
 */
#ifndef DEV_SHARED_MEMORY_H
#define DEV_SHARED_MEMORY_H

#define SHARED_ID	0x00
#define SHARED_RESULT	0x08
#define SHARED_LOW	0x10
#define SHARED_HIGH	0x18
#define SHARED_PAGES	0x20
#define SHARED_CALL	0x28
#define SHARED_NAME	0x40

#define SHARED_ID_VALUE 0x4d485344u
#define SHARED_ATTACH	1
#define SHARED_DETACH	2
#define SHARED_NAME_MAX 32

#endif
