/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads, writes and flushes of host files through one io_uring a machine. Requests go from and to
 * the memory given, without a copy. Short transfers are completed by another request, EAGAIN and
 * EINTR are tried again. Without io_uring (forbidden in some containers) the same requests are made
 * with preadv and pwritev, one at a time.
 */
#ifndef BOARD_HOST_IO_H
#define BOARD_HOST_IO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "emu/board.h"
#include "emu/error.h"

#define HOST_MAX_FILES (3 * BOARD_MAX_DISKS)

enum host_op {
	HOST_READ,
	HOST_WRITE,
	HOST_SYNC,  /* fdatasync */
	HOST_PUNCH, /* deallocate: reads as zeros afterwards */
};

/* The caller owns it, and what iov points to, until it is finished. */
struct host_request {
	enum host_op op;
	unsigned file;	 /* from host_io_add_file() */
	uint64_t offset; /* bytes */
	uint64_t length;
	struct iovec *iov; /* of length bytes in all; changed when a transfer is short */
	unsigned iovs;
	/* Outcome. */
	bool finished;
	int error; /* 0 or a negative errno */
	/* Inside. */
	bool buffered; /* use the file's fallback */
	unsigned retries;
	struct host_request *next;
};

struct host_io;

struct host_io *host_io_create(const struct board_disk_faults *faults, struct error *error);
void host_io_destroy(struct host_io *io);

/* Adds an open file; its number, or a negative errno. @fallback: the same file opened without
 * O_DIRECT, for what O_DIRECT refuses, or -1. Both stay the caller's to close. */
int host_io_add_file(struct host_io *io, int fd, int fallback);

/*
 * Registers [@memory, @memory + @length) with the ring, so that requests whose data is one piece of
 * it need no mapping by the kernel each time. This pins all of it. Returns 0, or a negative errno
 * (the limit on locked memory is the usual reason): requests then go without.
 */
int host_io_register_memory(struct host_io *io, void *memory, uint64_t length);

/* Queues @request; host_io_submit() hands everything queued to the kernel in one call. */
void host_io_queue(struct host_io *io, struct host_request *request);
void host_io_submit(struct host_io *io);

/* Blocks until @request is finished (submits first). */
void host_io_wait(struct host_io *io, struct host_request *request);

/* Short transfers and transient errors that were tried again. */
uint64_t host_io_retries(const struct host_io *io);

/* Whether io_uring is in use, and how many requests went from or to registered memory. */
bool host_io_uring(const struct host_io *io);
uint64_t host_io_fixed(const struct host_io *io);

#endif
