/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies between a device and guest memory, through the board's map callback. */
#include "dev/device.h"

static void copy_bytes(uint8_t *to, const uint8_t *from, size_t length)
{
	for (size_t i = 0; i < length; i++)
		to[i] = from[i];
}

bool guest_read(const struct guest_memory *memory, uint64_t pa, void *data, size_t length)
{
	uint8_t *to = data;

	while (length) {
		size_t part = length;
		const uint8_t *from = memory->map(memory->opaque, pa, &part, false);

		if (!from)
			return false;
		copy_bytes(to, from, part);
		to += part;
		pa += part;
		length -= part;
	}
	return true;
}

bool guest_write(const struct guest_memory *memory, uint64_t pa, const void *data, size_t length)
{
	const uint8_t *from = data;

	while (length) {
		size_t part = length;
		uint8_t *to = memory->map(memory->opaque, pa, &part, true);

		if (!to)
			return false;
		copy_bytes(to, from, part);
		from += part;
		pa += part;
		length -= part;
	}
	return true;
}

/* The part of segment list [offset, offset + length) in one segment: advances to it. */
static bool segment_part(const struct guest_segment **segment, unsigned *count, size_t *offset,
			 size_t length, uint64_t *pa, size_t *part)
{
	while (*count && *offset >= (*segment)->length) {
		*offset -= (*segment)->length;
		(*segment)++;
		(*count)--;
	}
	if (!*count)
		return false;
	*pa = (*segment)->pa + *offset;
	*part = (*segment)->length - *offset;
	if (*part > length)
		*part = length;
	return true;
}

size_t guest_gather(const struct guest_memory *memory, const struct guest_segment *segments,
		    unsigned count, size_t offset, void *data, size_t length)
{
	size_t done = 0, part;
	uint64_t pa;

	while (done < length &&
	       segment_part(&segments, &count, &offset, length - done, &pa, &part)) {
		if (!guest_read(memory, pa, (uint8_t *)data + done, part))
			break;
		done += part;
		offset += part;
	}
	return done;
}

size_t guest_scatter(const struct guest_memory *memory, const struct guest_segment *segments,
		     unsigned count, size_t offset, const void *data, size_t length)
{
	size_t done = 0, part;
	uint64_t pa;

	while (done < length &&
	       segment_part(&segments, &count, &offset, length - done, &pa, &part)) {
		if (!guest_write(memory, pa, (const uint8_t *)data + done, part))
			break;
		done += part;
		offset += part;
	}
	return done;
}
