/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio network device (VIRTIO 1.2, 5.1): one queue pair, no offloads. */
#include "dev/virtio.h"

#define F_MAC	     (UINT64_C(1) << 5)
#define F_STATUS     (UINT64_C(1) << 16)
#define LINK_UP	     1

#define QUEUE_RX     0
#define QUEUE_TX     1
#define HEADER_BYTES 12 /* struct virtio_net_hdr with num_buffers, always there in version 1 */
#define MIN_FRAME    14

bool virtio_net_receive(struct virtio_net *net, const uint8_t *frame, size_t length)
{
	static const uint8_t header[HEADER_BYTES] = {[10] = 1}; /* num_buffers */
	struct virtio_chain *chain = &net->receive_chain;
	const struct guest_memory *memory = net->device.memory;

	if (length < MIN_FRAME || length > VIRTIO_NET_MAX_FRAME ||
	    !virtqueue_pop(&net->device, QUEUE_RX, chain)) {
		net->frames_dropped++;
		return false;
	}
	if (chain->writable_bytes < HEADER_BYTES + length) {
		virtio_needs_reset(&net->device); /* 5.1.6.3.1: buffers must hold a whole frame */
		net->frames_dropped++;
		return false;
	}
	guest_scatter(memory, chain->segment + chain->readable, chain->writable, 0, header,
		      HEADER_BYTES);
	guest_scatter(memory, chain->segment + chain->readable, chain->writable, HEADER_BYTES,
		      frame, length);
	net->frames_received++;
	virtqueue_push(&net->device, QUEUE_RX, chain->head, (uint32_t)(HEADER_BYTES + length));
	virtqueue_interrupt(&net->device, QUEUE_RX);
	return true;
}

/* Drops the header from the front of the readable segments; returns how many are left. */
static unsigned strip_header(struct virtio_chain *chain, struct guest_segment **first)
{
	uint32_t skip = HEADER_BYTES;
	unsigned count = chain->readable;
	struct guest_segment *segment = chain->segment;

	while (count && skip >= segment->length) {
		skip -= segment->length;
		segment++;
		count--;
	}
	if (count) {
		segment->pa += skip;
		segment->length -= skip;
	}
	*first = segment;
	return count;
}

static void transmit(struct virtio_net *net)
{
	struct virtio_chain *chain = &net->chain;

	while (virtqueue_pop(&net->device, QUEUE_TX, chain)) {
		uint16_t head = chain->head;
		uint64_t bytes = chain->readable_bytes;
		struct guest_segment *first;
		unsigned count = strip_header(chain, &first);

		if (bytes < HEADER_BYTES + MIN_FRAME ||
		    bytes > HEADER_BYTES + VIRTIO_NET_MAX_FRAME) {
			net->frames_dropped++;
		} else {
			net->frames_sent++;
			net->backend.transmit(net->backend.opaque, net->device.memory, first, count,
					      bytes - HEADER_BYTES);
		}
		virtqueue_push(&net->device, QUEUE_TX, head, 0);
	}
	virtqueue_interrupt(&net->device, QUEUE_TX);
}

static void net_notify(struct virtio_device *device, unsigned queue)
{
	if (queue == QUEUE_TX)
		transmit((struct virtio_net *)device);
}

void net_null_transmit(void *opaque, const struct guest_memory *memory,
		       const struct guest_segment *segments, unsigned count, size_t length)
{
	(void)opaque;
	(void)memory;
	(void)segments;
	(void)count;
	(void)length;
}

void net_loopback_transmit(void *opaque, const struct guest_memory *memory,
			   const struct guest_segment *segments, unsigned count, size_t length)
{
	uint8_t frame[VIRTIO_NET_MAX_FRAME];

	if (length <= sizeof(frame) &&
	    guest_gather(memory, segments, count, 0, frame, length) == length)
		virtio_net_receive(opaque, frame, length);
}

void virtio_net_init(struct virtio_net *net, const struct net_backend *backend,
		     const uint8_t mac[6], const struct guest_memory *memory,
		     const struct irq_line *irq)
{
	static const struct virtio_ops ops = {
		.id = VIRTIO_ID_NET, .queues = 2, .notify = net_notify};

	*net = (struct virtio_net){.backend = *backend};
	for (unsigned n = 0; n < 6; n++)
		net->config[n] = mac[n];
	net->config[6] = LINK_UP;
	virtio_init(&net->device, &ops, memory, irq, F_MAC | F_STATUS, net->config,
		    sizeof(net->config));
}
