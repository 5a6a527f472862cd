/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk image behind a virtio block device.
 *
 * Completion is deterministic: a request ends at a simulated time that depends on the requests
 * alone, and the simulation waits there for the host when the host is slower. The time: requests of
 * a disk transfer one after the other at DISK_BYTES_PER_US, after which each takes its access time
 * of DISK_ACCESS_NS (DISK_FLUSH_NS for a flush), many at once: an ordinary NVMe disk.
 *
 * After a failed flush the disk takes no more writes: what the host dropped cannot be told.
 */
#ifndef BOARD_DISK_H
#define BOARD_DISK_H

#include "board/host_io.h"
#include "dev/device.h"
#include "emu/board.h"

#define DISK_BYTES_PER_US 2000
#define DISK_ACCESS_NS	  80000
#define DISK_FLUSH_NS	  400000

struct disk;

/* Opens the image and locks it against a second user. @memory: what requests' segments lie in (a
 * VM's), NULL: the machine's RAM. NULL with @error set on failure. */
struct disk *disk_open(struct machine *machine, const struct guest_memory *memory,
		       struct host_io *io, const struct board_disk *config, unsigned number,
		       struct error *error);

/* Ends all requests, flushes and closes: 0, or a negative errno with @error set when data may not
 * be on the medium. */
int disk_close(struct disk *disk, struct error *error);

/* What the virtio device needs. Valid until disk_close(). */
struct block_backend disk_backend(struct disk *disk);

void disk_stats(const struct disk *disk, struct board_disk_stats *stats);
uint64_t disk_size(const struct disk *disk);

#endif
