/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board: the devices around the CPUs, what is loaded into memory, and how it starts. See
 * dev/address_map.h for the addresses.
 */
#ifndef EMU_BOARD_H
#define EMU_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/error.h"
#include "emu/machine.h"

#define BOARD_MAX_DISKS 16
#define BOARD_MAX_NICS	4

/* A disk image: a raw file or block device, its size a multiple of 512 bytes. */
struct board_disk {
	const char *path;
	const char *serial; /* up to 20 characters; NULL: "disco-N" */
	bool read_only;	    /* the guest sees a read-only disk; the file is opened read-only */
	bool snapshot;	    /* the guest may write, but all is dropped at the end; file read-only */
	/* O_DIRECT where the file system allows it, from and to guest memory registered with
	 * io_uring (which pins it) where the limit on locked memory allows it. */
	bool direct;
};

enum board_nic_kind {
	NIC_NULL,     /* frames vanish */
	NIC_LOOPBACK, /* frames come back */
};

struct board_nic {
	enum board_nic_kind kind;
	uint8_t mac[6]; /* all zero: 52:54:00:d1:5c:NN, NN the number of the NIC */
};

/*
 * Consoles: port 0 is UART 0 (the kernel's console), port 1 is UART 1, port 2 the virtio console
 * (hvc0). All functions are called on the thread that runs the machine.
 */
#define BOARD_CONSOLES 3
struct board_console {
	/* Bytes the guest wrote to @port. NULL: dropped. */
	void (*output)(void *opaque, unsigned port, const uint8_t *data, size_t length);
	/* Copies up to @size bytes typed at @port into @data; returns how many (0: nothing now).
	 * Must not block. Asked every 4 ms of simulated time. NULL: no input. */
	size_t (*input)(void *opaque, unsigned port, uint8_t *data, size_t size);
	/* All CPUs are idle for the next @ns of simulated time: the function may sleep up to that
	 * long, or return early on input, to keep the guest near real time. NULL: time just skips.
	 */
	void (*idle)(void *opaque, uint64_t ns);
	/* The guest wrote the finisher's marker register (may be NULL). */
	void (*marker)(void *opaque, unsigned cpu, uint32_t value);
	void *opaque;
};

/* What faults to inject into the disks (tests); all zero: none. */
struct board_disk_faults {
	unsigned every; /* each Nth request to the host is hit; 0: none */
	int error;	/* errno it fails with; 0: it transfers only half (short) */
	bool no_uring;	/* as where io_uring is forbidden: preadv and pwritev in its place */
};

struct board_config {
	const char *kernel; /* ELF64 or ELF32 little-endian MIPS file; NULL: nothing loaded, CPU 0
			     * stays at the reset vector */
	const char *initrd; /* NULL: none */
	const char *append; /* kernel command line; NULL: empty */
	bool mapped_only;   /* refuse kernels linked to unmapped segments only */
	bool cp0_timer; /* leave the GIC timer out of the device tree: kernel uses Count/Compare */
	uint64_t boot_time; /* seconds since 1970 the RTC shows at start; 0: a fixed date
			       (2026-01-01) */
	uint64_t window_base, window_size; /* of a VM: where shared memory appears; no size: none */
	unsigned disks;
	struct board_disk disk[BOARD_MAX_DISKS];
	unsigned nics;
	struct board_nic nic[BOARD_MAX_NICS];
	struct board_console console;
	struct board_disk_faults disk_faults;
};

/* What a disk did. All but host_* is deterministic. */
struct board_disk_stats {
	uint64_t reads, writes, flushes, discards;
	uint64_t bytes_read, bytes_written;
	uint64_t errors;     /* requests that ended in an I/O error at the guest */
	uint64_t host_fixed; /* requests of all disks from or to registered memory (direct disks) */
	uint64_t host_retries; /* short transfers and EAGAIN resubmitted */
};

/*
 * Adds devices to @machine, loads kernel, initrd and device tree, and sets CPU 0 to start at the
 * kernel's entry (UHI: a0 = -2, a1 = device tree); the other CPUs are held by the Cluster Power
 * Controller. @config and its strings need not outlive the call, except console.opaque. Returns 0,
 * or a negative errno with @error set; the machine is then only good for machine_destroy().
 * machine_destroy() calls board_destroy().
 */
int board_create(struct machine *machine, const struct board_config *config, struct error *error);

/* Finishes disk requests under way, flushes and closes the images. Called by machine_destroy();
 * calling it earlier lets the caller see the outcome: 0, or a negative errno with @error set when
 * a disk could not be flushed. Harmless without a board, or twice. */
int board_destroy(struct machine *machine, struct error *error);

/* Statistics of disk @number; false when there is none. */
bool board_disk_stats(const struct machine *machine, unsigned number,
		      struct board_disk_stats *stats);

/* Size in bytes of disk @number, 0 when there is none. */
uint64_t board_disk_size(const struct machine *machine, unsigned number);

/* Frames of NIC @number. */
bool board_nic_stats(const struct machine *machine, unsigned number, uint64_t *sent,
		     uint64_t *received, uint64_t *dropped);

#endif
