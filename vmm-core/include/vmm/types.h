/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three kinds of addresses of a monitor, as distinct types: mixing them up is the bug class of
 * a monitor, and a compiler finds it when they are structures.
 */
#ifndef VMM_TYPES_H
#define VMM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Guest-virtual: what a program or kernel in a VM uses. */
struct gva {
	uint64_t value;
};

/* Guest-physical: the VM's own physical memory and devices. */
struct gpa {
	uint64_t value;
};

/* Machine: the real physical address space. */
struct ma {
	uint64_t value;
};

/* Page numbers (4 KiB): of guest-physical memory, and of the machine. A machine page number counts
 * the RAM of the machine densely from zero; hal_mpn_address() gives its address. */
struct ppn {
	uint32_t value;
};
struct mpn {
	uint32_t value;
};

#define MPN_NONE      UINT32_MAX
#define VMM_NO_TIME   UINT64_MAX

#define VMM_MAX_CPUS  64
#define VMM_MAX_NODES 64
#define VMM_MAX_VMS   64
#define VMM_MAX_VCPUS 16 /* of one VM: the stock kernel has NR_CPUS = 16 */

#endif
