/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio console (VIRTIO 1.2, 5.3): one port, no control queues. */
#include "dev/virtio.h"

#define QUEUE_RX   0
#define QUEUE_TX   1
#define MAX_OUTPUT 65536 /* bytes of one buffer that are shown; a driver sends at most a page */

static void output(struct virtio_console *console)
{
	const struct virtio_chain *chain = &console->chain;
	uint8_t data[256];
	size_t offset = 0, part;

	do {
		part = guest_gather(console->device.memory, chain->segment, chain->readable, offset,
				    data, sizeof(data));
		if (part && console->backend.output)
			console->backend.output(console->backend.opaque, data, part);
		offset += part;
	} while (part == sizeof(data) && offset < MAX_OUTPUT);
	console->bytes_out += offset;
}

static void console_notify(struct virtio_device *device, unsigned queue)
{
	struct virtio_console *console = (struct virtio_console *)device;

	if (queue != QUEUE_TX)
		return;
	while (virtqueue_pop(device, QUEUE_TX, &console->chain)) {
		output(console);
		virtqueue_push(device, QUEUE_TX, console->chain.head, 0);
	}
	virtqueue_interrupt(device, QUEUE_TX);
}

size_t virtio_console_receive(struct virtio_console *console, const uint8_t *data, size_t length)
{
	struct virtio_chain *chain = &console->chain;
	size_t done = 0;

	while (done < length && virtqueue_pop(&console->device, QUEUE_RX, chain)) {
		size_t part =
			guest_scatter(console->device.memory, chain->segment + chain->readable,
				      chain->writable, 0, data + done, length - done);

		virtqueue_push(&console->device, QUEUE_RX, chain->head, (uint32_t)part);
		done += part;
	}
	virtqueue_interrupt(&console->device, QUEUE_RX);
	console->bytes_in += done;
	return done;
}

void virtio_console_init(struct virtio_console *console, const struct console_backend *backend,
			 const struct guest_memory *memory, const struct irq_line *irq)
{
	static const struct virtio_ops ops = {
		.id = VIRTIO_ID_CONSOLE, .queues = 2, .notify = console_notify};
	static const uint8_t config[12];

	*console = (struct virtio_console){.backend = *backend};
	virtio_init(&console->device, &ops, memory, irq, 0, config, sizeof(config));
}
