/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio over MMIO: the transport's registers (VIRTIO 1.2, 4.2.2). */
#include "dev/virtio.h"

#define MAGIC		   0x74726976u /* "virt" */
#define VERSION		   2
#define VENDOR		   0x4f435344u /* "DSCO" */

#define INTERRUPT_BUFFER   1u
#define INTERRUPT_CONFIG   2u
#define DEVICE_STATUS_BITS 0xcfu

static void update_irq(struct virtio_device *device)
{
	irq_line_set(&device->irq, device->interrupt_status != 0);
}

void virtio_config_changed(struct virtio_device *device)
{
	device->generation++;
	if (!(device->status & VIRTIO_STATUS_DRIVER_OK))
		return;
	device->interrupt_status |= INTERRUPT_CONFIG;
	update_irq(device);
}

void virtio_needs_reset(struct virtio_device *device)
{
	device->status |= VIRTIO_STATUS_NEEDS_RESET;
	virtio_config_changed(device);
}

bool virtio_live(const struct virtio_device *device)
{
	return (device->status & VIRTIO_STATUS_DRIVER_OK) &&
	       !(device->status & (VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED));
}

static void reset(struct virtio_device *device)
{
	if (device->ops->reset)
		device->ops->reset(device);
	for (unsigned n = 0; n < VIRTIO_MAX_QUEUES; n++)
		device->queue[n] = (struct virtqueue){.size = VIRTIO_QUEUE_SIZE};
	device->status = 0;
	device->accepted = 0;
	device->interrupt_status = 0;
	device->queue_sel = 0;
	device->device_features_sel = 0;
	device->driver_features_sel = 0;
	update_irq(device);
}

static void write_status(struct virtio_device *device, uint32_t value)
{
	uint32_t kept = device->status & VIRTIO_STATUS_NEEDS_RESET;

	if (value == 0) {
		reset(device);
		return;
	}
	/* FEATURES_OK stays clear when the driver took something not offered, or no version 1. */
	if ((value & VIRTIO_STATUS_FEATURES_OK) &&
	    ((device->accepted & ~device->features) || !(device->accepted & VIRTIO_F_VERSION_1)))
		value &= ~(VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
	device->status = (value & DEVICE_STATUS_BITS) | kept;
}

static void write_features(struct virtio_device *device, uint32_t value)
{
	unsigned shift = device->driver_features_sel * 32;

	if (device->driver_features_sel > 1 || (device->status & VIRTIO_STATUS_FEATURES_OK))
		return;
	device->accepted &= ~(UINT64_C(0xffffffff) << shift);
	device->accepted |= (uint64_t)value << shift;
}

static struct virtqueue *selected_queue(struct virtio_device *device)
{
	return device->queue_sel < device->ops->queues ? &device->queue[device->queue_sel] : NULL;
}

/* Alignment and place of the three rings (2.7): all of it must be RAM. */
static bool rings_valid(const struct virtio_device *device, const struct virtqueue *queue)
{
	const struct guest_memory *memory = device->memory;
	uint64_t size = queue->size;

	return size && size <= VIRTIO_QUEUE_SIZE && !(size & (size - 1)) &&
	       !(queue->descriptors & 15) && !(queue->driver & 1) && !(queue->device & 3) &&
	       memory->valid(memory->opaque, queue->descriptors, 16 * size) &&
	       memory->valid(memory->opaque, queue->driver, 6 + 2 * size) &&
	       memory->valid(memory->opaque, queue->device, 6 + 8 * size);
}

static void write_ready(struct virtio_device *device, struct virtqueue *queue, uint32_t value)
{
	if (!(value & 1)) {
		queue->ready = false;
		return;
	}
	if (queue->ready)
		return;
	if (!rings_valid(device, queue)) {
		virtio_needs_reset(device);
		return;
	}
	queue->last_available = 0;
	queue->used = 0;
	queue->signalled = 0;
	queue->ready = true;
}

static void notify(struct virtio_device *device, uint32_t queue)
{
	device->notifications++;
	if (queue >= device->ops->queues || !virtio_live(device) || !device->queue[queue].ready)
		return;
	device->ops->notify(device, queue);
}

static void set_half(uint64_t *reg, unsigned shift, uint32_t value)
{
	*reg = (*reg & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)value << shift;
}

/* Registers of the selected queue; they are frozen while it is ready. */
static void write_queue(struct virtio_device *device, uint64_t offset, uint32_t value)
{
	struct virtqueue *queue = selected_queue(device);
	unsigned shift = (offset & 4) * 8;

	if (!queue)
		return;
	if (offset == VIRTIO_MMIO_QUEUE_READY) {
		write_ready(device, queue, value);
		return;
	}
	if (queue->ready)
		return;
	switch (offset) {
	case VIRTIO_MMIO_QUEUE_NUM:
		queue->size = value;
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		set_half(&queue->descriptors, shift, value);
		break;
	case VIRTIO_MMIO_QUEUE_DRIVER_LOW:
	case VIRTIO_MMIO_QUEUE_DRIVER_HIGH:
		set_half(&queue->driver, shift, value);
		break;
	case VIRTIO_MMIO_QUEUE_DEVICE_LOW:
	case VIRTIO_MMIO_QUEUE_DEVICE_HIGH:
		set_half(&queue->device, shift, value);
		break;
	}
}

static uint32_t read_register(struct virtio_device *device, uint64_t offset)
{
	const struct virtqueue *queue = selected_queue(device);

	switch (offset) {
	case VIRTIO_MMIO_MAGIC:
		return MAGIC;
	case VIRTIO_MMIO_VERSION:
		return VERSION;
	case VIRTIO_MMIO_DEVICE_ID:
		return device->ops->id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return device->device_features_sel > 1
			       ? 0
			       : (uint32_t)(device->features >> device->device_features_sel * 32);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return queue ? VIRTIO_QUEUE_SIZE : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return queue ? queue->ready : 0;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return device->interrupt_status;
	case VIRTIO_MMIO_STATUS:
		return device->status;
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return device->generation;
	}
	return 0;
}

static void write_register(struct virtio_device *device, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		device->device_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		device->driver_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		write_features(device, value);
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		device->queue_sel = value;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		notify(device, value);
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		device->interrupt_status &= ~value;
		update_irq(device);
		break;
	case VIRTIO_MMIO_STATUS:
		write_status(device, value);
		break;
	default:
		write_queue(device, offset, value);
	}
}

bool virtio_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value)
{
	struct virtio_device *device = opaque;

	(void)cpu;
	*value = 0;
	if (offset < VIRTIO_MMIO_CONFIG) {
		if (size != 4)
			return false;
		*value = read_register(device, offset);
		return true;
	}
	for (unsigned n = 0; n < size; n++)
		if (offset - VIRTIO_MMIO_CONFIG + n < device->config_size)
			*value |= (uint64_t)device->config[offset - VIRTIO_MMIO_CONFIG + n]
				  << 8 * n;
	return true;
}

bool virtio_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	struct virtio_device *device = opaque;

	(void)cpu;
	if (offset >= VIRTIO_MMIO_CONFIG) {
		if (device->ops->config_write)
			device->ops->config_write(device, offset - VIRTIO_MMIO_CONFIG, size, value);
		return true;
	}
	if (size != 4)
		return false;
	write_register(device, offset, (uint32_t)value);
	return true;
}

void virtio_init(struct virtio_device *device, const struct virtio_ops *ops,
		 const struct guest_memory *memory, const struct irq_line *irq, uint64_t features,
		 const uint8_t *config, size_t config_size)
{
	*device = (struct virtio_device){
		.ops = ops,
		.memory = memory,
		.irq = *irq,
		.config = config,
		.config_size = config_size,
		.features =
			features | VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX,
	};
	for (unsigned n = 0; n < VIRTIO_MAX_QUEUES; n++)
		device->queue[n].size = VIRTIO_QUEUE_SIZE;
}
