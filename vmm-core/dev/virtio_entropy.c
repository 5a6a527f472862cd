/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio entropy device (VIRTIO 1.2, 5.4). */
#include "dev/virtio.h"

#define MAX_FILL 4096 /* bytes a request gets at most; the driver asks again */

static uint32_t fill(struct virtio_entropy *entropy)
{
	const struct virtio_chain *chain = &entropy->chain;
	uint64_t wanted = chain->writable_bytes < MAX_FILL ? chain->writable_bytes : MAX_FILL;
	uint64_t done = 0;
	uint8_t data[64];

	while (done < wanted) {
		size_t part = wanted - done < sizeof(data) ? wanted - done : sizeof(data);

		entropy->backend.fill(entropy->backend.opaque, data, part);
		if (guest_scatter(entropy->device.memory, chain->segment + chain->readable,
				  chain->writable, done, data, part) != part)
			break;
		done += part;
	}
	entropy->bytes += done;
	return (uint32_t)done;
}

static void entropy_notify(struct virtio_device *device, unsigned queue)
{
	struct virtio_entropy *entropy = (struct virtio_entropy *)device;

	while (virtqueue_pop(device, queue, &entropy->chain))
		virtqueue_push(device, queue, entropy->chain.head, fill(entropy));
	virtqueue_interrupt(device, queue);
}

void virtio_entropy_init(struct virtio_entropy *entropy, const struct entropy_backend *backend,
			 const struct guest_memory *memory, const struct irq_line *irq)
{
	static const struct virtio_ops ops = {
		.id = VIRTIO_ID_ENTROPY, .queues = 1, .notify = entropy_notify};

	*entropy = (struct virtio_entropy){.backend = *backend};
	virtio_init(&entropy->device, &ops, memory, irq, 0, NULL, 0);
}
