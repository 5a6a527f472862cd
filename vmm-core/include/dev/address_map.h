/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address map: where the devices of the machine, and of every VM's virtual board, are.
 *
 * RAM starts at physical address zero; devices sit in the hole 0x10000000-0x1fffffff, where the
 * stock kernel reaches them uncached through KSEG1. Accesses to the hole that meet no device, and
 * accesses above RAM, end in a bus error.
 */
#ifndef DEV_ADDRESS_MAP_H
#define DEV_ADDRESS_MAP_H

#include <stdint.h>

/* Node controllers (miss counters, topology): one 512 KiB block a node, 64 nodes. */
#define MAP_NODE_BASE	  UINT64_C(0x12000000)
#define MAP_NODE_STRIDE	  UINT64_C(0x00080000)
#define MAP_NODE_SIZE	  (64 * MAP_NODE_STRIDE)

/* ns16550a UARTs, register shift 2. */
#define MAP_UART_BASE	  UINT64_C(0x17ffe000)
#define MAP_UART_STRIDE	  UINT64_C(0x00001000)
#define MAP_UART_SIZE	  UINT64_C(0x00000020)
#define MAP_UARTS	  2

/* virtio-mmio slots. */
#define MAP_VIRTIO_BASE	  UINT64_C(0x18000000)
#define MAP_VIRTIO_STRIDE UINT64_C(0x00001000)
#define MAP_VIRTIO_SIZE	  UINT64_C(0x00000200)
#define MAP_VIRTIO_SLOTS  32

/* Real-time clock (goldfish). */
#define MAP_RTC_BASE	  UINT64_C(0x17ff0000)
#define MAP_RTC_SIZE	  UINT64_C(0x00001000)

/* Global Interrupt Controller: shared, local, other and user sections. */
#define MAP_GIC_BASE	  UINT64_C(0x1bdc0000)
#define MAP_GIC_SIZE	  UINT64_C(0x00020000)

/* Cluster Power Controller. */
#define MAP_CPC_BASE	  UINT64_C(0x1bde0000)
#define MAP_CPC_SIZE	  UINT64_C(0x00008000)

/* A VM's port to memory that VMs share (dev/shared_memory.h). */
#define MAP_SHARED_BASE	  UINT64_C(0x1e000000)
#define MAP_SHARED_SIZE	  UINT64_C(0x00001000)

/*
 * Finisher: how software ends a run. See dev/finisher.h for the values.
 */
#define MAP_FINISHER_BASE UINT64_C(0x1f000000)
#define MAP_FINISHER_SIZE UINT64_C(0x00001000)

/* Coherence Manager GCRs at reset (GCR_BASE moves them), and the L2-only sync page after them. */
#define MAP_GCR_BASE	  UINT64_C(0x1fbf8000)
#define MAP_GCR_SIZE	  UINT64_C(0x00008000)
#define MAP_L2SYNC_SIZE	  UINT64_C(0x00001000)

/* Interrupt sources of the GIC ("shared" interrupts). The kernel takes the top 2 * CPUs for IPIs.
 */
#define MAP_GIC_SHARED	  256
#define IRQ_UART(n)	  (3u + (n))
#define IRQ_NODE	  8u
#define IRQ_RTC		  9u
#define IRQ_VIRTIO(n)	  (16u + (n))

#endif
