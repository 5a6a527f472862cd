/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small virtio driver for tests: guest memory as an array at guest-physical BASE, and one queue
 * at a time. */
#ifndef TESTS_VIRTIO_DRIVER_H
#define TESTS_VIRTIO_DRIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dev/virtio.h"

#define GUEST_BASE    UINT64_C(0x100000)
#define GUEST_BYTES   (1u << 20)
#define QUEUE_SIZE    16u

#define DESC_NEXT     1u
#define DESC_WRITE    2u
#define DESC_INDIRECT 4u

/* Where a queue's rings are, per queue. */
#define RING_STRIDE   0x4000u
#define RING_DESC(q)  (GUEST_BASE + (q)*RING_STRIDE)
#define RING_AVAIL(q) (RING_DESC(q) + 0x1000)
#define RING_USED(q)  (RING_DESC(q) + 0x2000)
#define DATA	      (GUEST_BASE + 0x40000)

struct driver {
	uint8_t ram[GUEST_BYTES];
	struct guest_memory memory;
	struct virtio_device *device;
	bool line;
	uint16_t next_available[VIRTIO_MAX_QUEUES];
};

static inline bool guest_valid(void *opaque, uint64_t pa, uint64_t length)
{
	(void)opaque;
	return pa >= GUEST_BASE && pa - GUEST_BASE <= GUEST_BYTES &&
	       length <= GUEST_BYTES - (pa - GUEST_BASE);
}

/* Pieces of at most 1000 bytes, so that copies cross pieces. */
static inline void *guest_map(void *opaque, uint64_t pa, size_t *length, bool write)
{
	struct driver *driver = opaque;

	(void)write;
	if (!guest_valid(opaque, pa, 1))
		return NULL;
	if (*length > 1000 - pa % 1000)
		*length = 1000 - pa % 1000;
	if (*length > GUEST_BASE + GUEST_BYTES - pa)
		*length = GUEST_BASE + GUEST_BYTES - pa;
	return driver->ram + (pa - GUEST_BASE);
}

static inline void driver_line(void *opaque, unsigned number, bool level)
{
	(void)number;
	((struct driver *)opaque)->line = level;
}

static inline struct irq_line driver_irq(struct driver *driver)
{
	return (struct irq_line){.set = driver_line, .opaque = driver, .number = 0};
}

static inline void driver_init(struct driver *driver)
{
	memset(driver, 0, sizeof(*driver));
	driver->memory =
		(struct guest_memory){.map = guest_map, .valid = guest_valid, .opaque = driver};
}

static inline void *at(struct driver *driver, uint64_t pa)
{
	return driver->ram + (pa - GUEST_BASE);
}

static inline uint32_t reg_read(struct driver *driver, uint64_t offset)
{
	uint64_t value;

	assert_true(virtio_read(driver->device, 0, offset, 4, &value));
	return (uint32_t)value;
}

static inline void reg_write(struct driver *driver, uint64_t offset, uint32_t value)
{
	assert_true(virtio_write(driver->device, 0, offset, 4, value));
}

static inline void driver_features(struct driver *driver, uint64_t features)
{
	reg_write(driver, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	for (unsigned half = 0; half < 2; half++) {
		reg_write(driver, VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
		reg_write(driver, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32 * half));
	}
	reg_write(driver, VIRTIO_MMIO_STATUS,
		  VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK);
}

static inline void driver_queue(struct driver *driver, unsigned queue)
{
	reg_write(driver, VIRTIO_MMIO_QUEUE_SEL, queue);
	reg_write(driver, VIRTIO_MMIO_QUEUE_NUM, QUEUE_SIZE);
	reg_write(driver, VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)RING_DESC(queue));
	reg_write(driver, VIRTIO_MMIO_QUEUE_DRIVER_LOW, (uint32_t)RING_AVAIL(queue));
	reg_write(driver, VIRTIO_MMIO_QUEUE_DEVICE_LOW, (uint32_t)RING_USED(queue));
	reg_write(driver, VIRTIO_MMIO_QUEUE_READY, 1);
}

/* Brings the device up with @queues queues and without event indices. */
static inline void driver_start(struct driver *driver, unsigned queues)
{
	driver_features(driver, VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC);
	for (unsigned queue = 0; queue < queues; queue++)
		driver_queue(driver, queue);
	reg_write(driver, VIRTIO_MMIO_STATUS,
		  VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK |
			  VIRTIO_STATUS_DRIVER_OK);
	memset(driver->next_available, 0, sizeof(driver->next_available));
}

static inline void put_desc(struct driver *driver, uint64_t table, unsigned index, uint64_t pa,
			    uint32_t length, uint16_t flags, uint16_t next)
{
	uint8_t *to = at(driver, table + 16 * index);

	memcpy(to, &pa, 8);
	memcpy(to + 8, &length, 4);
	memcpy(to + 12, &flags, 2);
	memcpy(to + 14, &next, 2);
}

/* Makes chain @head available, without a notification. */
static inline void offer(struct driver *driver, unsigned queue, uint16_t head)
{
	uint16_t *ring = at(driver, RING_AVAIL(queue));

	ring[2 + driver->next_available[queue] % QUEUE_SIZE] = head;
	ring[1] = ++driver->next_available[queue];
}

static inline void kick(struct driver *driver, unsigned queue)
{
	reg_write(driver, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

static inline uint16_t used_index(struct driver *driver, unsigned queue)
{
	return ((uint16_t *)at(driver, RING_USED(queue)))[1];
}

struct used {
	uint32_t id, length;
};

static inline struct used used_entry(struct driver *driver, unsigned queue, unsigned n)
{
	struct used used;

	memcpy(&used, at(driver, RING_USED(queue) + 4 + 8 * (n % QUEUE_SIZE)), sizeof(used));
	return used;
}

static inline bool needs_reset(struct driver *driver)
{
	return reg_read(driver, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET;
}

#endif
