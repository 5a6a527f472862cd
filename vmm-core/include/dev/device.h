/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every device model is given and what it gives. The models are freestanding: no libc, no
 * allocation, no globals, so several boards (the bare machine, each VM) can be alive at once. The
 * owner embeds a model's structure, fills its configuration, and calls its init function.
 *
 * A board calls one device from one thread at a time, but for accesses that the device says are
 * local (device_local): those of several CPUs may be made at once.
 */
#ifndef DEV_DEVICE_H
#define DEV_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Registers of a device at [base, base + size). read and write are called with the offset from
 * base and an access of 1, 2, 4 or 8 bytes, naturally aligned, wholly inside. @cpu is the number
 * of the CPU that makes the access. They return false for an access the device does not decode:
 * the CPU gets a bus error.
 */
struct mmio_region {
	const char *name;
	uint64_t base;
	uint64_t size;
	bool (*read)(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value);
	bool (*write)(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value);
	void *opaque;
};

/* Whether an access concerns @cpu alone: it changes nothing that an access of another CPU may see
 * or change meanwhile. */
typedef bool device_local(void *opaque, unsigned cpu, uint64_t offset, unsigned size, bool write);

/* An interrupt line from a device to its controller. set may be NULL: not connected. */
struct irq_line {
	void (*set)(void *opaque, unsigned number, bool level);
	void *opaque;
	unsigned number;
};

static inline void irq_line_set(const struct irq_line *line, bool level)
{
	if (line->set)
		line->set(line->opaque, line->number, level);
}

/* A piece of guest-physical memory. */
struct guest_segment {
	uint64_t pa;
	uint32_t length; /* bytes, not 0 */
	bool write;	 /* the device writes to it */
};

/* Guest-physical memory as a device reaches it. */
struct guest_memory {
	/*
	 * Memory of the guest at [pa, pa + *length). Returns a pointer good for *length bytes,
	 * which is lowered to what is contiguous from there (at least 1, normally to the end of a
	 * page), or NULL when pa is not RAM. @write: the caller is going to write there. The
	 * pointer is valid until the device's function returns to the board.
	 */
	void *(*map)(void *opaque, uint64_t pa, size_t *length, bool write);
	/* Whether [pa, pa + length) is RAM altogether. */
	bool (*valid)(void *opaque, uint64_t pa, uint64_t length);
	void *opaque;
};

/* dev/guest_memory.c: copy from or to guest memory; false when a byte of it is not RAM (what comes
 * before that byte may have been copied). */
bool guest_read(const struct guest_memory *memory, uint64_t pa, void *data, size_t length);
bool guest_write(const struct guest_memory *memory, uint64_t pa, const void *data, size_t length);

/* Copy @length bytes between @data and a list of segments, starting @offset bytes into the list.
 * Return the bytes copied, less than @length when the list ends or a segment is not RAM. */
size_t guest_gather(const struct guest_memory *memory, const struct guest_segment *segments,
		    unsigned count, size_t offset, void *data, size_t length);
size_t guest_scatter(const struct guest_memory *memory, const struct guest_segment *segments,
		     unsigned count, size_t offset, const void *data, size_t length);

/* Where a console device's output goes. */
struct console_backend {
	void (*output)(void *opaque, const uint8_t *data, size_t length);
	void *opaque;
};

/* Random bytes for the entropy device; the board seeds it. */
struct entropy_backend {
	void (*fill)(void *opaque, uint8_t *data, size_t length);
	void *opaque;
};

/* Where a network device's frames go. @segments hold one Ethernet frame without FCS, @length bytes
 * in all; they are the guest's again when the function returns. */
struct net_backend {
	void (*transmit)(void *opaque, const struct guest_memory *memory,
			 const struct guest_segment *segments, unsigned count, size_t length);
	void *opaque;
};

/* ---- block devices ---- */

#define SECTOR_SIZE	   512
#define BLOCK_MAX_SEGMENTS 64
#define BLOCK_MAX_DISCARD  (UINT32_C(1) << 22) /* sectors in one discard or write-zeroes */

enum block_op {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_FLUSH,
	BLOCK_DISCARD,
	BLOCK_WRITE_ZEROES,
	BLOCK_OPS,
};

enum block_status {
	BLOCK_OK,
	BLOCK_IO_ERROR,
	BLOCK_UNSUPPORTED,
};

/*
 * A request to a back end. The back end owns it from submit() until it calls done(). All segments
 * are RAM, their lengths multiples of SECTOR_SIZE in sum, and the sectors are on the disk: the
 * device has checked. For discard and write-zeroes there are no segments.
 */
struct block_request {
	enum block_op op;
	uint64_t sector;
	uint64_t sectors;
	unsigned segments;
	struct guest_segment segment[BLOCK_MAX_SEGMENTS];
	void (*done)(struct block_request *request, enum block_status status);
	void *backend_data; /* for the back end */
};

struct block_backend {
	uint64_t sectors; /* capacity */
	bool read_only;
	bool discard;	 /* discard and write-zeroes are offered */
	char serial[21]; /* up to 20 characters */
	/* Starts @request; done() may be called from inside. */
	void (*submit)(void *opaque, struct block_request *request);
	/* Completes everything submitted before returning (device reset). */
	void (*drain)(void *opaque);
	void *opaque;
};

#endif
