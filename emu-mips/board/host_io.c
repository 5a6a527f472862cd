/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board/host_io.h"

#define RING_ENTRIES 256
#define BUFFER_BYTES (UINT64_C(1) << 30) /* the most that one registered buffer holds */
#define MAX_IOVS     1024 /* IOV_MAX: what is over is a short transfer, and completed as one */
#define MAX_BUFFERS  64
#define MAX_RETRIES  64 /* of one request without progress */

struct host_io {
	struct io_uring ring;
	bool uring;	    /* the ring exists */
	bool registered;    /* files are registered with it */
	unsigned in_flight; /* in the ring */
	struct host_request *queue, **queue_tail;
	int fd[HOST_MAX_FILES], fallback[HOST_MAX_FILES];
	unsigned files;
	uint8_t *memory; /* registered; NULL: none */
	uint64_t memory_length;
	uint64_t retries, requests, fixed;
	struct board_disk_faults faults;
};

/* Newer flags first: all work of the ring on the one thread that uses it. */
static int open_ring(struct host_io *io)
{
	static const unsigned flags[] = {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
					 IORING_SETUP_COOP_TASKRUN, 0};
	int result = -EINVAL;

	for (unsigned n = 0; n < 3 && result == -EINVAL; n++)
		result = io_uring_queue_init(RING_ENTRIES, &io->ring, flags[n]);
	return result;
}

struct host_io *host_io_create(const struct board_disk_faults *faults, struct error *error)
{
	struct host_io *io = calloc(1, sizeof(*io));

	if (!io) {
		error_set(error, -ENOMEM, "out of memory");
		return NULL;
	}
	io->queue_tail = &io->queue;
	io->faults = *faults;
	io->uring = !faults->no_uring && open_ring(io) == 0;
	if (io->uring)
		io->registered = io_uring_register_files_sparse(&io->ring, 2 * HOST_MAX_FILES) == 0;
	return io;
}

void host_io_destroy(struct host_io *io)
{
	if (!io)
		return;
	if (io->uring)
		io_uring_queue_exit(&io->ring);
	free(io);
}

static int register_file(struct host_io *io, unsigned slot, int fd)
{
	if (!io->registered || fd < 0)
		return 0;
	return io_uring_register_files_update(&io->ring, slot, &fd, 1) == 1 ? 0 : -EBADF;
}

int host_io_add_file(struct host_io *io, int fd, int fallback)
{
	unsigned number = io->files;

	if (number == HOST_MAX_FILES)
		return -EMFILE;
	if (register_file(io, number, fd) || register_file(io, number + HOST_MAX_FILES, fallback))
		return -EBADF;
	io->fd[number] = fd;
	io->fallback[number] = fallback;
	io->files++;
	return (int)number;
}

int host_io_register_memory(struct host_io *io, void *memory, uint64_t length)
{
	struct iovec buffer[MAX_BUFFERS];
	unsigned count = 0;
	int result;

	if (!io->uring || length > MAX_BUFFERS * BUFFER_BYTES)
		return -EOPNOTSUPP;
	for (uint64_t start = 0; start < length; start += BUFFER_BYTES)
		buffer[count++] = (struct iovec){
			.iov_base = (uint8_t *)memory + start,
			.iov_len = length - start < BUFFER_BYTES ? length - start : BUFFER_BYTES,
		};
	result = io_uring_register_buffers(&io->ring, buffer, count);
	if (result)
		return result;
	io->memory = memory;
	io->memory_length = length;
	return 0;
}

uint64_t host_io_fixed(const struct host_io *io)
{
	return io->fixed;
}

uint64_t host_io_retries(const struct host_io *io)
{
	return io->retries;
}

bool host_io_uring(const struct host_io *io)
{
	return io->uring;
}

/* ---- outcome of a transfer ---- */

/* Takes @bytes off the front of the request. */
static void advance(struct host_request *request, uint64_t bytes)
{
	request->offset += bytes;
	request->length -= bytes;
	while (request->iovs && bytes >= request->iov->iov_len) {
		bytes -= request->iov->iov_len;
		request->iov++;
		request->iovs--;
	}
	if (request->iovs) {
		request->iov->iov_base = (uint8_t *)request->iov->iov_base + bytes;
		request->iov->iov_len -= bytes;
	}
}

static bool moves_data(const struct host_request *request)
{
	return request->op == HOST_READ || request->op == HOST_WRITE;
}

/* Whether @result, negative, is one to try again. */
static bool try_again(const struct host_io *io, struct host_request *request, int result)
{
	if (request->retries++ >= MAX_RETRIES)
		return false;
	if (result == -EAGAIN || result == -EINTR)
		return true;
	if (result != -EINVAL || !moves_data(request) || request->buffered ||
	    io->fallback[request->file] < 0)
		return false;
	request->buffered = true; /* O_DIRECT does not take this buffer or length */
	return true;
}

/* @result as from readv(2) or writev(2). Returns whether something is left to do. */
static bool more_to_do(struct host_io *io, struct host_request *request, int result)
{
	if (result < 0) {
		request->error = result;
		return try_again(io, request, result);
	}
	request->error = 0;
	if (!moves_data(request) || (uint64_t)result >= request->length)
		return false;
	if (result == 0) {
		/* End of file: the image shrank under us; or the medium takes no more. */
		request->error = request->op == HOST_READ ? -EIO : -ENOSPC;
		return false;
	}
	advance(request, (uint64_t)result);
	return true;
}

static void complete(struct host_io *io, struct host_request *request, int result)
{
	if (more_to_do(io, request, result)) {
		io->retries++;
		host_io_queue(io, request);
	} else {
		request->finished = true;
	}
}

/* ---- starting a request ---- */

static int punch(int fd, const struct host_request *request)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)request->offset,
			 (off_t)request->length) < 0
		       ? -errno
		       : 0;
}

/* The request made at once, without a ring. */
static int make(struct host_io *io, const struct host_request *request, const struct iovec *iov,
		int iovs)
{
	int fd = request->buffered ? io->fallback[request->file] : io->fd[request->file];
	ssize_t result = 0;

	switch (request->op) {
	case HOST_READ:
		result = preadv(fd, iov, iovs, (off_t)request->offset);
		break;
	case HOST_WRITE:
		result = pwritev(fd, iov, iovs, (off_t)request->offset);
		break;
	case HOST_SYNC:
		result = fdatasync(fd);
		break;
	case HOST_PUNCH:
		return punch(fd, request);
	}
	return result < 0 ? -errno : (int)result;
}

/* The registered buffer that holds all of @iov, or -1. */
static int registered_buffer(const struct host_io *io, const struct iovec *iov)
{
	uint64_t start = (uint64_t)((uintptr_t)iov->iov_base - (uintptr_t)io->memory);

	if (!io->memory || start >= io->memory_length || iov->iov_len > io->memory_length - start ||
	    start / BUFFER_BYTES != (start + iov->iov_len - 1) / BUFFER_BYTES)
		return -1;
	return (int)(start / BUFFER_BYTES);
}

static void prepare_transfer(struct host_io *io, const struct host_request *request,
			     struct io_uring_sqe *sqe, int fd)
{
	const struct iovec *iov = request->iov;
	unsigned iovs = request->iovs < MAX_IOVS ? request->iovs : MAX_IOVS;
	bool read = request->op == HOST_READ;
	int buffer = request->iovs == 1 ? registered_buffer(io, iov) : -1;

	if (buffer < 0 && read) {
		io_uring_prep_readv(sqe, fd, iov, iovs, request->offset);
	} else if (buffer < 0) {
		io_uring_prep_writev(sqe, fd, iov, iovs, request->offset);
	} else {
		io->fixed++;
		io_uring_prep_rw(read ? IORING_OP_READ_FIXED : IORING_OP_WRITE_FIXED, sqe, fd,
				 iov->iov_base, (unsigned)iov->iov_len, request->offset);
		sqe->buf_index = (uint16_t)buffer;
	}
}

static void prepare(struct host_io *io, struct host_request *request, struct io_uring_sqe *sqe)
{
	unsigned slot = request->file + (request->buffered ? HOST_MAX_FILES : 0);
	int fd = request->buffered ? io->fallback[request->file] : io->fd[request->file];

	if (io->registered)
		fd = (int)slot;
	switch (request->op) {
	case HOST_READ:
	case HOST_WRITE:
		prepare_transfer(io, request, sqe, fd);
		break;
	case HOST_SYNC:
		io_uring_prep_fsync(sqe, fd, IORING_FSYNC_DATASYNC);
		break;
	case HOST_PUNCH:
		io_uring_prep_fallocate(sqe, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					(off_t)request->offset, (off_t)request->length);
		break;
	}
	if (io->registered)
		sqe->flags |= IOSQE_FIXED_FILE;
	io_uring_sqe_set_data(sqe, request);
}

/* Makes this request fail or fall short when it is the turn of an injected fault. */
static bool inject(struct host_io *io, struct host_request *request)
{
	struct iovec half;

	if (!io->faults.every || ++io->requests % io->faults.every)
		return false;
	if (io->faults.error) {
		complete(io, request, -io->faults.error);
		return true;
	}
	if (!moves_data(request) || request->length < 2)
		return false;
	half = request->iov[0];
	half.iov_len = (half.iov_len + 1) / 2;
	complete(io, request, make(io, request, &half, 1));
	return true;
}

/* False when the ring is full. */
static bool start(struct host_io *io, struct host_request *request)
{
	struct io_uring_sqe *sqe;

	if (io->uring && io->in_flight == RING_ENTRIES)
		return false;
	if (inject(io, request))
		return true;
	if (!io->uring) {
		complete(io, request,
			 make(io, request, request->iov,
			      request->iovs < MAX_IOVS ? (int)request->iovs : MAX_IOVS));
		return true;
	}
	sqe = io_uring_get_sqe(&io->ring);
	if (!sqe) {
		io_uring_submit(&io->ring);
		sqe = io_uring_get_sqe(&io->ring);
	}
	prepare(io, request, sqe);
	io->in_flight++;
	return true;
}

void host_io_queue(struct host_io *io, struct host_request *request)
{
	request->next = NULL;
	*io->queue_tail = request;
	io->queue_tail = &request->next;
}

void host_io_submit(struct host_io *io)
{
	while (io->queue) {
		struct host_request *request = io->queue;

		io->queue = request->next;
		if (!io->queue)
			io->queue_tail = &io->queue;
		if (!start(io, request)) {
			/* Back to the front; completions make room. */
			request->next = io->queue;
			io->queue = request;
			if (!request->next)
				io->queue_tail = &request->next;
			break;
		}
	}
	if (io->uring && io_uring_sq_ready(&io->ring))
		io_uring_submit(&io->ring);
}

/* Takes what has completed, after waiting for at least one. */
static void reap(struct host_io *io)
{
	struct io_uring_cqe *cqe;
	unsigned head, seen = 0;

	io_uring_submit_and_wait(&io->ring, 1);
	io_uring_for_each_cqe(&io->ring, head, cqe)
	{
		io->in_flight--;
		seen++;
		complete(io, io_uring_cqe_get_data(cqe), cqe->res);
	}
	io_uring_cq_advance(&io->ring, seen);
}

void host_io_wait(struct host_io *io, struct host_request *request)
{
	while (!request->finished) {
		host_io_submit(io);
		if (!request->finished && io->in_flight)
			reap(io);
	}
}
