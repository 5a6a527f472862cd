/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio memory balloon (VIRTIO 1.2, 5.5): inflating and deflating on request, and free page
 * reporting, by which the guest tells of its own accord which memory it does not use. Without the
 * statistics and hinting features their queues do not exist and reporting is queue 2.
 */
#include "dev/virtio.h"

#define F_DEFLATE_ON_OOM (UINT64_C(1) << 2)
#define F_REPORTING	 (UINT64_C(1) << 5)

#define QUEUE_INFLATE	 0
#define QUEUE_DEFLATE	 1
#define QUEUE_REPORTING	 2

#define CONFIG_TARGET	 0
#define CONFIG_ACTUAL	 4
#define PAGE		 UINT64_C(4096)
#define MAX_PAGES	 256 /* page numbers in one buffer; Linux sends that many at most */

/* Whole pages only: what is left over at either end stays. */
static uint64_t release(struct virtio_balloon *balloon, uint64_t pa, uint64_t length)
{
	uint64_t first = (pa + PAGE - 1) & ~(PAGE - 1), end = (pa + length) & ~(PAGE - 1);

	if (end <= first)
		return 0;
	balloon->backend.release(balloon->backend.opaque, first, end - first);
	return (end - first) / PAGE;
}

static void report(struct virtio_balloon *balloon)
{
	const struct virtio_chain *chain = &balloon->chain;

	for (unsigned n = chain->readable; n < chain->readable + chain->writable; n++)
		balloon->reported +=
			release(balloon, chain->segment[n].pa, chain->segment[n].length);
}

/* The buffer holds 32-bit page numbers. Those outside RAM are ignored. */
static void inflate(struct virtio_balloon *balloon)
{
	const struct virtio_chain *chain = &balloon->chain;
	const struct guest_memory *memory = balloon->device.memory;
	uint32_t number;

	for (unsigned n = 0; n < MAX_PAGES; n++) {
		if (guest_gather(memory, chain->segment, chain->readable, n * sizeof(number),
				 &number, sizeof(number)) != sizeof(number))
			return;
		if (memory->valid(memory->opaque, number * PAGE, PAGE))
			balloon->inflated += release(balloon, number * PAGE, PAGE);
	}
}

static void balloon_notify(struct virtio_device *device, unsigned queue)
{
	struct virtio_balloon *balloon = (struct virtio_balloon *)device;

	while (virtqueue_pop(device, queue, &balloon->chain)) {
		if (queue == QUEUE_REPORTING)
			report(balloon);
		else if (queue == QUEUE_INFLATE)
			inflate(balloon);
		else
			balloon->deflated += balloon->chain.readable_bytes / sizeof(uint32_t);
		virtqueue_push(device, queue, balloon->chain.head, 0);
	}
	virtqueue_interrupt(device, queue);
}

/* The driver tells how many pages the balloon has. */
static void config_write(struct virtio_device *device, uint64_t offset, unsigned size,
			 uint64_t value)
{
	struct virtio_balloon *balloon = (struct virtio_balloon *)device;

	for (unsigned n = 0; n < size; n++)
		if (offset + n >= CONFIG_ACTUAL && offset + n < sizeof(balloon->config))
			balloon->config[offset + n] = (uint8_t)(value >> 8 * n);
}

void virtio_balloon_set_target(struct virtio_balloon *balloon, uint32_t pages)
{
	for (unsigned n = 0; n < 4; n++)
		balloon->config[CONFIG_TARGET + n] = (uint8_t)(pages >> 8 * n);
	virtio_config_changed(&balloon->device);
}

uint32_t virtio_balloon_actual(const struct virtio_balloon *balloon)
{
	uint32_t pages = 0;

	for (unsigned n = 0; n < 4; n++)
		pages |= (uint32_t)balloon->config[CONFIG_ACTUAL + n] << 8 * n;
	return pages;
}

void virtio_balloon_init(struct virtio_balloon *balloon, const struct balloon_backend *backend,
			 const struct guest_memory *memory, const struct irq_line *irq)
{
	static const struct virtio_ops ops = {
		.id = VIRTIO_ID_BALLOON,
		.queues = 3,
		.notify = balloon_notify,
		.config_write = config_write,
	};

	*balloon = (struct virtio_balloon){.backend = *backend};
	virtio_init(&balloon->device, &ops, memory, irq, F_DEFLATE_ON_OOM | F_REPORTING,
		    balloon->config, sizeof(balloon->config));
}
