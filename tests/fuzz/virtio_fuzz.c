/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target: a hostile driver before each virtio device. The input is a list of operations
 * (register writes and reads, writes to rings and memory, notifications, completions). What must
 * hold: no access outside guest memory (sanitizers), and every request that reaches the disk is
 * sound.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dev/virtio.h"

#define BASE	    UINT64_C(0x100000)
#define BYTES	    0x10000u
#define SECTORS	    1000u
#define MAX_PENDING VIRTIO_QUEUE_SIZE

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t left;
};

static uint8_t *ram;
static union {
	struct virtio_block block;
	struct virtio_net net;
	struct virtio_entropy entropy;
	struct virtio_console console;
	struct virtio_balloon balloon;
	struct virtio_device device;
} unit;
static struct block_request *pending[MAX_PENDING];
static unsigned pendings;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static uint64_t take(struct input *input, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned n = 0; n < bytes && input->left; n++, input->left--)
		value |= (uint64_t)*input->data++ << 8 * n;
	return value;
}

/* ---- the board ---- */

static bool valid(void *opaque, uint64_t pa, uint64_t length)
{
	(void)opaque;
	return pa >= BASE && pa - BASE <= BYTES && length <= BYTES - (pa - BASE);
}

static void *map(void *opaque, uint64_t pa, size_t *length, bool write)
{
	(void)write;
	if (!valid(opaque, pa, 1))
		return NULL;
	if (*length > 4096 - pa % 4096)
		*length = 4096 - pa % 4096;
	return ram + (pa - BASE);
}

static void complete(unsigned n, enum block_status status)
{
	struct block_request *request = pending[n];

	pending[n] = pending[--pendings];
	request->done(request, status);
}

static void submit(void *opaque, struct block_request *request)
{
	uint64_t bytes = 0;

	(void)opaque;
	require(request->segments <= BLOCK_MAX_SEGMENTS);
	require(request->sector <= SECTORS && request->sectors <= SECTORS - request->sector);
	for (unsigned n = 0; n < request->segments; n++) {
		const struct guest_segment *segment = &request->segment[n];

		require(segment->length && valid(NULL, segment->pa, segment->length));
		require(segment->write == (request->op == BLOCK_READ));
		bytes += segment->length;
	}
	if (request->segments)
		require(bytes == request->sectors * SECTOR_SIZE);
	for (unsigned n = 0; n < pendings; n++)
		require(pending[n] != request);
	require(pendings < MAX_PENDING);
	pending[pendings++] = request;
}

static void drain(void *opaque)
{
	(void)opaque;
	while (pendings)
		complete(0, BLOCK_OK);
}

static void fill(void *opaque, uint8_t *bytes, size_t length)
{
	(void)opaque;
	memset(bytes, 1, length);
}

static void output(void *opaque, const uint8_t *bytes, size_t length)
{
	static uint8_t shown[256];

	(void)opaque;
	require(length <= sizeof(shown));
	memcpy(shown, bytes, length);
}

static void release(void *opaque, uint64_t pa, uint64_t length)
{
	require(length && valid(opaque, pa, length) && pa % 4096 == 0 && length % 4096 == 0);
}

static void make_device(unsigned kind)
{
	static const struct guest_memory memory = {.map = map, .valid = valid};
	static const uint8_t mac[6] = {2};
	const struct irq_line irq = {0};

	switch (kind) {
	case 0:
		virtio_entropy_init(&unit.entropy, &(struct entropy_backend){.fill = fill}, &memory,
				    &irq);
		break;
	case 1:
		virtio_net_init(&unit.net,
				&(struct net_backend){.transmit = net_loopback_transmit,
						      .opaque = &unit.net},
				mac, &memory, &irq);
		break;
	case 2:
		virtio_console_init(&unit.console, &(struct console_backend){.output = output},
				    &memory, &irq);
		break;
	case 3:
		virtio_balloon_init(&unit.balloon, &(struct balloon_backend){.release = release},
				    &memory, &irq);
		break;
	default:
		virtio_block_init(&unit.block,
				  &(struct block_backend){.sectors = SECTORS,
							  .read_only = kind == 4,
							  .discard = true,
							  .submit = submit,
							  .drain = drain},
				  &memory, &irq);
	}
}

/* ---- the driver ---- */

static void reg(uint64_t offset, uint64_t value)
{
	virtio_write(&unit.device, 0, offset, 4, value);
}

/* The normal bring-up, so that what follows reaches the rings. */
static void bring_up(uint32_t features)
{
	reg(VIRTIO_MMIO_STATUS, 3);
	reg(VIRTIO_MMIO_DRIVER_FEATURES, features & 0x30000000);
	reg(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	reg(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	reg(VIRTIO_MMIO_STATUS, 11);
	for (unsigned queue = 0; queue < 3; queue++) {
		reg(VIRTIO_MMIO_QUEUE_SEL, queue);
		reg(VIRTIO_MMIO_QUEUE_NUM, 16);
		reg(VIRTIO_MMIO_QUEUE_DESC_LOW, BASE + queue * 0x1000);
		reg(VIRTIO_MMIO_QUEUE_DRIVER_LOW, BASE + queue * 0x1000 + 0x400);
		reg(VIRTIO_MMIO_QUEUE_DEVICE_LOW, BASE + queue * 0x1000 + 0x800);
		reg(VIRTIO_MMIO_QUEUE_READY, 1);
	}
	reg(VIRTIO_MMIO_STATUS, 15);
}

static void write_descriptor(struct input *input)
{
	uint8_t *to = ram + take(input, 1) % 3 * 0x1000 + take(input, 1) % 16 * 16;
	uint64_t pa = BASE + take(input, 2), length = take(input, 2), rest = take(input, 2);

	memcpy(to, &pa, 8);
	memcpy(to + 8, &length, 4);
	to[12] = rest & 7;
	to[13] = 0;
	to[14] = rest >> 3 & 15;
	to[15] = 0;
}

static void offer(struct input *input)
{
	unsigned queue = take(input, 1) % 3;
	uint16_t *available = (uint16_t *)(void *)(ram + queue * 0x1000 + 0x400);

	available[2 + available[1] % 16] = (uint16_t)(take(input, 1) % 17);
	available[1]++;
	reg(VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

static void write_memory(struct input *input)
{
	size_t offset = take(input, 2), length = take(input, 1) % 32;

	for (; length && offset < BYTES; length--)
		ram[offset++] = (uint8_t)take(input, 1);
}

static void from_outside(struct input *input, unsigned kind)
{
	uint8_t frame[2048] = {0};
	size_t length = take(input, 2) % sizeof(frame);

	if (kind == 1)
		virtio_net_receive(&unit.net, frame, length);
	else if (kind == 2)
		virtio_console_receive(&unit.console, frame, length);
	else if (pendings)
		complete(length % pendings, (enum block_status)(length % 3));
}

static void operation(struct input *input, unsigned kind)
{
	uint64_t offset, value;

	switch (take(input, 1) % 8) {
	case 0:
		offset = take(input, 1) * 4;
		virtio_write(&unit.device, 0, offset, 4, take(input, 4));
		break;
	case 1:
		offset = take(input, 2) % 512;
		virtio_read(&unit.device, 0, offset, 1u << take(input, 1) % 4, &value);
		break;
	case 2:
		write_memory(input);
		break;
	case 3:
	case 4:
		write_descriptor(input);
		break;
	case 5:
	case 6:
		offer(input);
		break;
	case 7:
		from_outside(input, kind);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	unsigned kind = take(&input, 1) % 6;

	if (!ram)
		ram = malloc(BYTES); /* its ends are watched by the address sanitizer */
	memset(ram, 0, BYTES);
	pendings = 0;
	make_device(kind);
	bring_up((uint32_t)take(&input, 4));
	while (input.left)
		operation(&input, kind);
	drain(NULL);
	return 0;
}
