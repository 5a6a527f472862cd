/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board/disk.h"
#include "board/image.h"
#include "board/overlay.h"
#include "emu/mem.h"

/* A piece of a request that goes to one file. */
struct part {
	struct host_request host;
	uint64_t sector, sectors;
};

/* A request of the device under way. */
struct operation {
	struct disk *disk;
	struct block_request *request;
	uint64_t event;
	struct operation *next, **link; /* of the disk's requests under way, oldest first */
	unsigned parts;
	struct iovec *iov;
	struct part part[];
};

struct disk {
	struct machine *machine;
	struct host_io *io;
	const struct guest_memory *memory; /* NULL: the machine's RAM */
	struct image image;
	struct overlay overlay; /* with snapshot */
	bool snapshot, read_only;
	bool failed; /* a flush failed */
	bool dirty;  /* written since the last flush */
	int file, overlay_file;
	uint64_t busy_until; /* cycles */
	struct operation *first, **last;
	struct board_disk_stats stats;
	char serial[21];
};

/* ---- time ---- */

static uint64_t finish_time(struct disk *disk, const struct block_request *request)
{
	const struct machine *machine = disk->machine;
	bool data = request->op == BLOCK_READ || request->op == BLOCK_WRITE;
	uint64_t bytes = data ? request->sectors * SECTOR_SIZE : 0;
	uint64_t access = request->op == BLOCK_FLUSH ? DISK_FLUSH_NS : DISK_ACCESS_NS;
	uint64_t start = machine_time(machine);

	if (disk->busy_until > start)
		start = disk->busy_until;
	disk->busy_until =
		start + machine_cycles_from_ns(machine, bytes * 1000 / DISK_BYTES_PER_US);
	return disk->busy_until + machine_cycles_from_ns(machine, access);
}

/* ---- taking a request apart ---- */

static bool in_overlay(const struct disk *disk, const struct block_request *request,
		       uint64_t sector, uint64_t sectors, uint64_t *run)
{
	*run = sectors;
	if (!disk->snapshot)
		return false;
	if (request->op != BLOCK_READ)
		return true;
	return overlay_has(&disk->overlay, sector, sectors, run);
}

static unsigned count_parts(const struct disk *disk, const struct block_request *request)
{
	uint64_t end = request->sector + request->sectors, run;
	unsigned parts = 0;

	for (uint64_t sector = request->sector; sector < end; sector += run, parts++)
		in_overlay(disk, request, sector, end - sector, &run);
	return parts;
}

/* Host memory at @pa, contiguous for *length bytes at most. NULL: it is not there (any more). */
static void *map_memory(struct disk *disk, uint64_t pa, size_t *length, bool write)
{
	if (!disk->memory) {
		machine_dma(disk->machine, pa, *length, write);
		return ram_pointer(disk->machine, pa);
	}
	return disk->memory->map(disk->memory->opaque, pa, length, write);
}

/* Appends a piece, or lengthens the last one that ends where it begins. */
static int add_piece(struct iovec *iov, int count, void *base, uint64_t length)
{
	if (count && (uint8_t *)iov[count - 1].iov_base + iov[count - 1].iov_len == base) {
		iov[count - 1].iov_len += length;
		return count;
	}
	iov[count] = (struct iovec){.iov_base = base, .iov_len = length};
	return count + 1;
}

/* Host memory of the next @bytes of the request's segments: fills @iov, moves @segment and @offset
 * on. Returns how many were needed, or -EFAULT. */
static int map_segments(struct disk *disk, const struct block_request *request, unsigned *segment,
			uint32_t *offset, uint64_t bytes, struct iovec *iov)
{
	int count = 0;
	void *host;

	while (bytes && *segment < request->segments) {
		const struct guest_segment *from = &request->segment[*segment];
		size_t part = from->length - *offset;

		if (part > bytes)
			part = bytes;
		host = map_memory(disk, from->pa + *offset, &part, from->write);
		if (!host)
			return -EFAULT;
		count = add_piece(iov, count, host, part);
		bytes -= part;
		*offset += (uint32_t)part;
		if (*offset == from->length) {
			(*segment)++;
			*offset = 0;
		}
	}
	return count;
}

/* How many pieces of contiguous host memory a request has at most, with its parts. */
static size_t count_iovs(const struct disk *disk, const struct block_request *request,
			 unsigned parts)
{
	size_t count = request->segments + parts;

	for (unsigned n = 0; n < request->segments && disk->memory; n++)
		count += request->segment[n].length / MIPS_PAGE_SIZE + 1;
	return count;
}

static enum host_op host_op(enum block_op op)
{
	static const enum host_op host[BLOCK_OPS] = {
		[BLOCK_READ] = HOST_READ,	   [BLOCK_WRITE] = HOST_WRITE,
		[BLOCK_FLUSH] = HOST_SYNC,	   [BLOCK_DISCARD] = HOST_PUNCH,
		[BLOCK_WRITE_ZEROES] = HOST_PUNCH,
	};

	return host[op];
}

static int make_parts(struct operation *operation)
{
	struct disk *disk = operation->disk;
	struct block_request *request = operation->request;
	uint64_t sector = request->sector, end = sector + request->sectors, run;
	struct iovec *iov = operation->iov;
	unsigned segment = 0;
	uint32_t offset = 0;
	int mapped;

	for (unsigned n = 0; n < operation->parts; n++, sector += run) {
		struct part *part = &operation->part[n];
		bool over = in_overlay(disk, request, sector, end - sector, &run);

		part->sector = sector;
		part->sectors = run;
		part->host = (struct host_request){
			.op = host_op(request->op),
			.file = (unsigned)(over ? disk->overlay_file : disk->file),
			.offset = sector * SECTOR_SIZE,
			.length = run * SECTOR_SIZE,
			.iov = iov,
		};
		mapped = map_segments(disk, request, &segment, &offset, run * SECTOR_SIZE, iov);
		if (mapped < 0)
			return mapped;
		part->host.iovs = (unsigned)mapped;
		iov += mapped;
	}
	/* Nothing is on its way before all of it can be. */
	for (unsigned n = 0; n < operation->parts; n++) {
		struct part *part = &operation->part[n];

		host_io_queue(disk->io, &part->host);
	}
	return 0;
}

/* ---- the end of a request ---- */

/* File systems without hole punching: a discard may do nothing; zeros must be written. */
static int write_zeroes(struct disk *disk, const struct part *part)
{
	static const uint8_t zeroes[65536];
	uint64_t offset = part->host.offset, end = offset + part->sectors * SECTOR_SIZE;

	while (offset < end) {
		uint64_t bytes = end - offset < sizeof(zeroes) ? end - offset : sizeof(zeroes);
		struct iovec iov = {(void *)(uintptr_t)zeroes, bytes};
		struct host_request request = {.op = HOST_WRITE,
					       .file = part->host.file,
					       .offset = offset,
					       .length = bytes,
					       .iov = &iov,
					       .iovs = 1};

		host_io_queue(disk->io, &request);
		host_io_wait(disk->io, &request);
		if (request.error)
			return request.error;
		offset += bytes;
	}
	return 0;
}

static int part_result(struct operation *operation, struct part *part)
{
	struct disk *disk = operation->disk;
	enum block_op op = operation->request->op;

	host_io_wait(disk->io, &part->host);
	if (part->host.error != -EOPNOTSUPP)
		return part->host.error;
	if (op == BLOCK_DISCARD && !disk->snapshot)
		part->host.error = 0;
	else if (op == BLOCK_DISCARD || op == BLOCK_WRITE_ZEROES)
		part->host.error = write_zeroes(disk, part);
	return part->host.error;
}

static int wait_for_host(struct operation *operation)
{
	int result = 0;

	for (unsigned n = 0; n < operation->parts; n++) {
		int error = part_result(operation, &operation->part[n]);

		if (!result)
			result = error;
	}
	return result;
}

static void account(struct disk *disk, const struct block_request *request, int result)
{
	struct board_disk_stats *stats = &disk->stats;
	uint64_t bytes = request->sectors * SECTOR_SIZE;

	switch (request->op) {
	case BLOCK_READ:
		stats->reads++;
		stats->bytes_read += result ? 0 : bytes;
		break;
	case BLOCK_WRITE:
		stats->writes++;
		stats->bytes_written += result ? 0 : bytes;
		break;
	case BLOCK_FLUSH:
		stats->flushes++;
		break;
	default:
		stats->discards++;
	}
	if (result)
		stats->errors++;
}

/* What was read is in RAM: code translated from there meanwhile is stale. */
static void tell_engine(struct disk *disk, const struct block_request *request)
{
	for (unsigned n = 0; n < request->segments && request->op == BLOCK_READ; n++) {
		uint64_t pa = request->segment[n].pa, end = pa + request->segment[n].length;

		while (pa < end) {
			size_t length = end - pa;

			if (!map_memory(disk, pa, &length, true))
				return;
			pa += length;
		}
	}
}

static void free_operation(struct operation *operation)
{
	*operation->link = operation->next;
	if (operation->next)
		operation->next->link = operation->link;
	else
		operation->disk->last = operation->link;
	free(operation->iov);
	free(operation);
}

static void finish(void *opaque, uint64_t now)
{
	struct operation *operation = opaque;
	struct disk *disk = operation->disk;
	struct block_request *request = operation->request;
	int result = wait_for_host(operation);

	(void)now;
	if (!result && disk->snapshot && request->op != BLOCK_READ && request->sectors)
		overlay_mark(&disk->overlay, request->sector, request->sectors);
	if (request->op == BLOCK_FLUSH && result)
		disk->failed = true;
	account(disk, request, result);
	tell_engine(disk, request);
	free_operation(operation);
	request->done(request, result ? BLOCK_IO_ERROR : BLOCK_OK);
}

/* ---- the start ---- */

static void submit_now(void *opaque, uint64_t now)
{
	(void)now;
	host_io_submit(opaque);
}

static bool overlap(const struct block_request *a, const struct block_request *b)
{
	return (a->op != BLOCK_READ || b->op != BLOCK_READ) && a->sector < b->sector + b->sectors &&
	       b->sector < a->sector + a->sectors;
}

/* The host keeps no order among requests: what touches the same sectors waits for its turn, so that
 * the image does not depend on the host. */
static void wait_for_overlaps(struct disk *disk, const struct block_request *request)
{
	for (struct operation *older = disk->first; older; older = older->next)
		if (overlap(older->request, request))
			wait_for_host(older);
}

/* A flush covers the writes that are done when it starts: wait for those under way. */
static void prepare_flush(struct disk *disk, struct operation *operation)
{
	for (struct operation *older = disk->first; older != operation; older = older->next)
		wait_for_host(older);
	operation->part[0].host =
		(struct host_request){.op = HOST_SYNC, .file = (unsigned)disk->file};
	host_io_queue(disk->io, &operation->part[0].host);
	disk->dirty = false;
}

static struct operation *new_operation(struct disk *disk, struct block_request *request,
				       unsigned parts)
{
	struct operation *operation =
		calloc(1, sizeof(*operation) + parts * sizeof(operation->part[0]));

	if (!operation)
		return NULL;
	operation->iov = calloc(count_iovs(disk, request, parts) + 1, sizeof(*operation->iov));
	if (!operation->iov) {
		free(operation);
		return NULL;
	}
	operation->disk = disk;
	operation->request = request;
	operation->parts = parts;
	operation->link = disk->last;
	*disk->last = operation;
	disk->last = &operation->next;
	return operation;
}

static void disk_submit(void *opaque, struct block_request *request)
{
	struct disk *disk = opaque;
	bool nothing = request->op == BLOCK_FLUSH && (disk->snapshot || disk->read_only);
	bool writes = request->op != BLOCK_READ && !disk->read_only && !disk->snapshot;
	unsigned parts = request->op == BLOCK_FLUSH ? !nothing : count_parts(disk, request);
	struct operation *operation;

	wait_for_overlaps(disk, request);
	operation = writes && disk->failed ? NULL : new_operation(disk, request, parts);
	if (!operation) {
		account(disk, request, -EIO);
		request->done(request, BLOCK_IO_ERROR);
		return;
	}
	if (request->op != BLOCK_FLUSH) {
		if (make_parts(operation) < 0) {
			free_operation(operation);
			account(disk, request, -EFAULT);
			request->done(request, BLOCK_IO_ERROR);
			return;
		}
		disk->dirty |= writes;
	} else if (!nothing) {
		prepare_flush(disk, operation);
	}
	/* One call to the kernel for all requests of this quantum. */
	event_at(disk->machine, machine_time(disk->machine), submit_now, disk->io);
	operation->event = event_at(disk->machine, finish_time(disk, request), finish, operation);
}

static void disk_drain(void *opaque)
{
	struct disk *disk = opaque;

	while (disk->first) {
		event_cancel(disk->machine, disk->first->event); /* NOLINT: finish() unlinks */
		finish(disk->first, disk->machine->now);
	}
}

/* ---- open and close ---- */

static int open_files(struct disk *disk, const struct board_disk *config, struct error *error)
{
	int result = image_open(&disk->image, config, error);

	if (result)
		return result;
	disk->file = host_io_add_file(disk->io, disk->image.fd, disk->image.buffered_fd);
	if (disk->snapshot) {
		result = overlay_open(&disk->overlay, disk->image.sectors, error);
		if (result)
			return result;
		disk->overlay_file = host_io_add_file(disk->io, disk->overlay.fd, -1);
	}
	if (disk->file < 0 || disk->overlay_file < 0)
		return error_set(error, -EMFILE, "disk %s: cannot register the file with io_uring",
				 config->path);
	return 0;
}

struct disk *disk_open(struct machine *machine, const struct guest_memory *memory,
		       struct host_io *io, const struct board_disk *config, unsigned number,
		       struct error *error)
{
	struct disk *disk = calloc(1, sizeof(*disk));

	if (!disk) {
		error_set(error, -ENOMEM, "out of memory");
		return NULL;
	}
	disk->machine = machine;
	disk->memory = memory;
	disk->io = io;
	disk->read_only = config->read_only;
	disk->snapshot = config->snapshot && !config->read_only;
	disk->last = &disk->first;
	disk->image.fd = disk->image.buffered_fd = -1;
	snprintf(disk->serial, sizeof(disk->serial), "disco-%u", number);
	if (config->serial)
		snprintf(disk->serial, sizeof(disk->serial), "%s", config->serial);
	if (open_files(disk, config, error)) {
		disk_close(disk, NULL);
		return NULL;
	}
	return disk;
}

int disk_close(struct disk *disk, struct error *error)
{
	int result = 0;

	if (!disk)
		return 0;
	disk_drain(disk);
	if (disk->dirty) {
		struct host_request request = {.op = HOST_SYNC, .file = (unsigned)disk->file};

		host_io_queue(disk->io, &request);
		host_io_wait(disk->io, &request);
		result = request.error;
	}
	if (result || disk->failed)
		result = error_set(error, result ? result : -EIO,
				   "disk %s: what the guest wrote may not be on the medium: %s",
				   disk->image.path, strerror(result ? -result : EIO));
	overlay_close(&disk->overlay);
	image_close(&disk->image);
	free(disk);
	return result;
}

struct block_backend disk_backend(struct disk *disk)
{
	struct block_backend backend = {
		.sectors = disk->image.sectors,
		.read_only = disk->read_only,
		.discard = !disk->read_only,
		.submit = disk_submit,
		.drain = disk_drain,
		.opaque = disk,
	};

	memcpy(backend.serial, disk->serial, sizeof(backend.serial));
	return backend;
}

void disk_stats(const struct disk *disk, struct board_disk_stats *stats)
{
	*stats = disk->stats;
	stats->host_fixed = host_io_fixed(disk->io);
	stats->host_retries = host_io_retries(disk->io);
}

uint64_t disk_size(const struct disk *disk)
{
	return disk->image.sectors * SECTOR_SIZE;
}
