/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Split virtqueues (VIRTIO 1.2, 2.7), seen from the device. */
#include <stdatomic.h>

#include "dev/virtio.h"

#define DESC_NEXT	       1u
#define DESC_WRITE	       2u
#define DESC_INDIRECT	       4u
#define AVAILABLE_NO_INTERRUPT 1u

#define INTERRUPT_BUFFER       1u
#define MAX_INDIRECT	       VIRTIO_QUEUE_SIZE

struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags;
	uint16_t next;
};

static bool read16(const struct virtio_device *device, uint64_t pa, uint16_t *value)
{
	return guest_read(device->memory, pa, value, sizeof(*value));
}

static bool write16(const struct virtio_device *device, uint64_t pa, uint16_t value)
{
	return guest_write(device->memory, pa, &value, sizeof(value));
}

/* Where the driver says at which used index it wants an interrupt, and we at which available index
 * a notification (2.7.7.2, 2.7.10). */
static uint64_t used_event(const struct virtqueue *queue)
{
	return queue->driver + 4 + 2 * queue->size;
}

static uint64_t available_event(const struct virtqueue *queue)
{
	return queue->device + 4 + 8 * queue->size;
}

/* Appends a buffer to @chain; false when it is no good. */
static bool add_segment(const struct virtio_device *device, struct virtio_chain *chain,
			const struct descriptor *descriptor)
{
	unsigned count = chain->readable + chain->writable;
	bool write = descriptor->flags & DESC_WRITE;

	if (count >= VIRTIO_MAX_SEGMENTS || !descriptor->length || (chain->writable && !write) ||
	    !device->memory->valid(device->memory->opaque, descriptor->address, descriptor->length))
		return false;
	chain->segment[count] = (struct guest_segment){
		.pa = descriptor->address, .length = descriptor->length, .write = write};
	if (write) {
		chain->writable++;
		chain->writable_bytes += descriptor->length;
	} else {
		chain->readable++;
		chain->readable_bytes += descriptor->length;
	}
	return true;
}

/* Walks the chain that starts at @index of a table of @size descriptors. Each descriptor can come
 * once, so more than @size steps mean a loop. */
static bool walk(const struct virtio_device *device, struct virtio_chain *chain, uint64_t table,
		 unsigned size, unsigned index, bool indirect)
{
	for (unsigned steps = 0; steps < size; steps++) {
		struct descriptor descriptor;

		if (index >= size || !guest_read(device->memory, table + 16 * index, &descriptor,
						 sizeof(descriptor)))
			return false;
		if (descriptor.flags & DESC_INDIRECT) {
			if (indirect || (descriptor.flags & DESC_NEXT) ||
			    !(device->accepted & VIRTIO_F_INDIRECT_DESC) || !descriptor.length ||
			    descriptor.length % 16 || descriptor.length / 16 > MAX_INDIRECT)
				return false;
			return walk(device, chain, descriptor.address, descriptor.length / 16, 0,
				    true);
		}
		if (!add_segment(device, chain, &descriptor))
			return false;
		if (!(descriptor.flags & DESC_NEXT))
			return true;
		index = descriptor.next;
	}
	return false;
}

/* Whether the driver has put something into the available ring. */
static bool available(struct virtio_device *device, struct virtqueue *queue)
{
	uint16_t index;

	for (int asked = 0; asked < 2; asked++) {
		if (!read16(device, queue->driver + 2, &index) ||
		    (uint16_t)(index - queue->last_available) > queue->size) {
			virtio_needs_reset(device);
			return false;
		}
		if (index != queue->last_available)
			return true;
		if (!(device->accepted & VIRTIO_F_EVENT_IDX))
			return false;
		/* Ask for a notification, then look again: the driver may just have added one. */
		if (!asked && !write16(device, available_event(queue), index)) {
			virtio_needs_reset(device);
			return false;
		}
		atomic_thread_fence(memory_order_seq_cst);
	}
	return false;
}

bool virtqueue_pop(struct virtio_device *device, unsigned number, struct virtio_chain *chain)
{
	struct virtqueue *queue = &device->queue[number];
	uint16_t slot = queue->last_available & (queue->size - 1);

	if (!virtio_live(device) || !queue->ready || !available(device, queue))
		return false;
	atomic_thread_fence(memory_order_acquire);
	*chain = (struct virtio_chain){0};
	if (queue->in_flight >= queue->size ||
	    !read16(device, queue->driver + 4 + 2 * slot, &chain->head) ||
	    !walk(device, chain, queue->descriptors, queue->size, chain->head, false)) {
		virtio_needs_reset(device);
		return false;
	}
	queue->last_available++;
	queue->in_flight++;
	return true;
}

void virtqueue_unpop(struct virtio_device *device, unsigned number)
{
	device->queue[number].last_available--;
	device->queue[number].in_flight--;
}

void virtqueue_push(struct virtio_device *device, unsigned number, uint16_t head, uint32_t written)
{
	struct virtqueue *queue = &device->queue[number];
	uint64_t slot = queue->device + 4 + 8 * (queue->used & (queue->size - 1));
	uint32_t element[2] = {head, written};

	if (queue->in_flight)
		queue->in_flight--;
	if (!virtio_live(device) || !queue->ready)
		return;
	if (!guest_write(device->memory, slot, element, sizeof(element))) {
		virtio_needs_reset(device);
		return;
	}
	atomic_thread_fence(memory_order_release);
	queue->used++;
	if (!write16(device, queue->device + 2, queue->used))
		virtio_needs_reset(device);
}

static bool wants_interrupt(const struct virtio_device *device, struct virtqueue *queue)
{
	uint16_t before = queue->signalled, value;

	queue->signalled = queue->used;
	if (device->accepted & VIRTIO_F_EVENT_IDX) {
		if (!read16(device, used_event(queue), &value))
			return false;
		return (uint16_t)(queue->used - value - 1) < (uint16_t)(queue->used - before);
	}
	return read16(device, queue->driver, &value) && !(value & AVAILABLE_NO_INTERRUPT);
}

void virtqueue_interrupt(struct virtio_device *device, unsigned number)
{
	struct virtqueue *queue = &device->queue[number];

	if (!virtio_live(device) || !queue->ready || queue->signalled == queue->used)
		return;
	atomic_thread_fence(memory_order_seq_cst);
	if (!wants_interrupt(device, queue))
		return;
	device->interrupts++;
	device->interrupt_status |= INTERRUPT_BUFFER;
	irq_line_set(&device->irq, true);
}
