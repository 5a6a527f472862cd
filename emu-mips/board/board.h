/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board's devices; only emu-mips/board sees this. */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include "board/disk.h"
#include "dev/address_map.h"
#include "dev/cm.h"
#include "dev/finisher.h"
#include "dev/gic.h"
#include "dev/rtc.h"
#include "dev/uart.h"
#include "dev/virtio.h"
#include "emu/board.h"

#define BOARD_REGIONS	    64

/* virtio slots */
#define SLOT_DISK(n)	    (n)
#define SLOT_NIC(n)	    (BOARD_MAX_DISKS + (n))
#define SLOT_ENTROPY	    (BOARD_MAX_DISKS + BOARD_MAX_NICS)
#define SLOT_CONSOLE	    (SLOT_ENTROPY + 1)

#define CONSOLE_PORT_VIRTIO MAP_UARTS

/* One console port: where its output goes. */
struct port {
	struct board *board;
	unsigned number;
	uint8_t input[64]; /* typed, not yet taken by the guest */
	size_t input_length;
};

struct board {
	struct machine *machine;
	struct board_console console;
	uint64_t boot_time;
	uint64_t random; /* state of the entropy device's generator */

	struct gic gic;
	struct cm cm;
	struct rtc rtc;
	struct finisher finisher;
	struct uart uart[MAP_UARTS];
	struct port port[BOARD_CONSOLES];
	struct guest_memory memory;
	struct virtio_entropy entropy;
	struct virtio_console virtio_console;
	unsigned nics;
	struct virtio_net nic[BOARD_MAX_NICS];
	unsigned disks;
	struct disk *disk[BOARD_MAX_DISKS];
	struct virtio_block *block[BOARD_MAX_DISKS];
	struct host_io *io;

	uint64_t hot_nodes;    /* node controllers that raise their interrupt, a bit each */
	uint32_t virtio_slots; /* bit n: used */
	unsigned regions;
	struct mmio_region region[BOARD_REGIONS];
	struct mmio_region *gcr_region;
};

/* Adds registers at @base; the first failure sticks in *@result. */
struct mmio_region *board_add_region(struct board *board, struct mmio_region region, int *result);

/* board/wiring.c: interrupts, time and memory between CPUs and devices. */
void wire_gic(struct board *board);
void wire_nodes(struct board *board);
void wire_cm(struct board *board);
void wire_memory(struct board *board);
struct irq_line wire_irq(struct board *board, unsigned number);

/* board/console.c */
struct console_backend console_port(struct board *board, unsigned number);
void console_start(struct board *board);

#endif
