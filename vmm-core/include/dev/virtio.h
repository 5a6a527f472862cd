/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio over MMIO, version 2, split virtqueues. Source: Virtual I/O Device (VIRTIO) 1.2,
 * sections 2.7 and 4.2.
 *
 * Nothing the driver does can harm the board: every ring and descriptor address is checked against
 * RAM, chains have a maximum length, and a device that meets nonsense stops with
 * DEVICE_NEEDS_RESET.
 */
#ifndef DEV_VIRTIO_H
#define DEV_VIRTIO_H

#include "dev/device.h"

#define VIRTIO_MAX_QUEUES   4
#define VIRTIO_QUEUE_SIZE   128
#define VIRTIO_MAX_SEGMENTS 68 /* of one chain */

enum virtio_id {
	VIRTIO_ID_NONE = 0,
	VIRTIO_ID_NET = 1,
	VIRTIO_ID_BLOCK = 2,
	VIRTIO_ID_CONSOLE = 3,
	VIRTIO_ID_ENTROPY = 4,
	VIRTIO_ID_BALLOON = 5,
};

#define VIRTIO_STATUS_ACKNOWLEDGE 1u
#define VIRTIO_STATUS_DRIVER	  2u
#define VIRTIO_STATUS_DRIVER_OK	  4u
#define VIRTIO_STATUS_FEATURES_OK 8u
#define VIRTIO_STATUS_NEEDS_RESET 64u
#define VIRTIO_STATUS_FAILED	  128u

#define VIRTIO_F_INDIRECT_DESC	  (UINT64_C(1) << 28)
#define VIRTIO_F_EVENT_IDX	  (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1	  (UINT64_C(1) << 32)

/* Offsets of the transport's registers. */
enum virtio_mmio_register {
	VIRTIO_MMIO_MAGIC = 0x000,
	VIRTIO_MMIO_VERSION = 0x004,
	VIRTIO_MMIO_DEVICE_ID = 0x008,
	VIRTIO_MMIO_VENDOR_ID = 0x00c,
	VIRTIO_MMIO_DEVICE_FEATURES = 0x010,
	VIRTIO_MMIO_DEVICE_FEATURES_SEL = 0x014,
	VIRTIO_MMIO_DRIVER_FEATURES = 0x020,
	VIRTIO_MMIO_DRIVER_FEATURES_SEL = 0x024,
	VIRTIO_MMIO_QUEUE_SEL = 0x030,
	VIRTIO_MMIO_QUEUE_NUM_MAX = 0x034,
	VIRTIO_MMIO_QUEUE_NUM = 0x038,
	VIRTIO_MMIO_QUEUE_READY = 0x044,
	VIRTIO_MMIO_QUEUE_NOTIFY = 0x050,
	VIRTIO_MMIO_INTERRUPT_STATUS = 0x060,
	VIRTIO_MMIO_INTERRUPT_ACK = 0x064,
	VIRTIO_MMIO_STATUS = 0x070,
	VIRTIO_MMIO_QUEUE_DESC_LOW = 0x080,
	VIRTIO_MMIO_QUEUE_DESC_HIGH = 0x084,
	VIRTIO_MMIO_QUEUE_DRIVER_LOW = 0x090,
	VIRTIO_MMIO_QUEUE_DRIVER_HIGH = 0x094,
	VIRTIO_MMIO_QUEUE_DEVICE_LOW = 0x0a0,
	VIRTIO_MMIO_QUEUE_DEVICE_HIGH = 0x0a4,
	VIRTIO_MMIO_CONFIG_GENERATION = 0x0fc,
	VIRTIO_MMIO_CONFIG = 0x100,
};

struct virtio_device;

/* One kind of device behind the transport. */
struct virtio_ops {
	enum virtio_id id;
	unsigned queues;
	/* The driver told queue @queue that there are buffers. */
	void (*notify)(struct virtio_device *device, unsigned queue);
	/* The driver resets the device: forget everything in flight. May be NULL. */
	void (*reset)(struct virtio_device *device);
	/* The driver writes the configuration space. NULL: it is read-only. */
	void (*config_write)(struct virtio_device *device, uint64_t offset, unsigned size,
			     uint64_t value);
};

struct virtqueue {
	uint32_t size; /* 0 < size <= VIRTIO_QUEUE_SIZE, a power of two */
	bool ready;
	uint64_t descriptors, driver, device; /* guest-physical addresses of the three rings */
	uint16_t last_available;	      /* next entry of the available ring to take */
	uint16_t used;			      /* our index of the used ring */
	uint16_t
		signalled; /* its value when we last looked whether the driver wants an interrupt */
	uint16_t in_flight; /* chains taken and not yet returned */
};

struct virtio_device {
	const struct virtio_ops *ops;
	const struct guest_memory *memory;
	struct irq_line irq;
	const uint8_t *config;
	size_t config_size;
	uint64_t features; /* offered */
	uint64_t accepted;
	uint32_t device_features_sel, driver_features_sel, queue_sel;
	uint32_t status, interrupt_status, generation;
	struct virtqueue queue[VIRTIO_MAX_QUEUES];
	uint64_t notifications, interrupts;
};

/* A chain of descriptors: first what the device reads, then what it writes. */
struct virtio_chain {
	uint16_t head;
	unsigned readable, writable; /* numbers of segments */
	uint64_t readable_bytes, writable_bytes;
	struct guest_segment segment[VIRTIO_MAX_SEGMENTS];
};

/* ---- dev/virtio_mmio.c: the transport ---- */

void virtio_init(struct virtio_device *device, const struct virtio_ops *ops,
		 const struct guest_memory *memory, const struct irq_line *irq, uint64_t features,
		 const uint8_t *config, size_t config_size);
bool virtio_read(void *device, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value);
bool virtio_write(void *device, unsigned cpu, uint64_t offset, unsigned size, uint64_t value);

/* Stops the device until the driver resets it, and tells the driver. */
void virtio_needs_reset(struct virtio_device *device);
/* Tells the driver that the configuration space has changed. */
void virtio_config_changed(struct virtio_device *device);
/* Whether the driver has brought the device up and it is sound. */
bool virtio_live(const struct virtio_device *device);

/* ---- dev/virtqueue.c: rings ---- */

/* Takes the next available chain of @queue; false when there is none or the device stopped. All
 * segments of @chain are RAM. */
bool virtqueue_pop(struct virtio_device *device, unsigned queue, struct virtio_chain *chain);
/* Puts back the chain just popped, unused (it will be popped again). */
void virtqueue_unpop(struct virtio_device *device, unsigned queue);
/* Returns the chain @head as used, @written bytes written. */
void virtqueue_push(struct virtio_device *device, unsigned queue, uint16_t head, uint32_t written);
/* Raises the interrupt for pushed buffers unless the driver suppressed it. */
void virtqueue_interrupt(struct virtio_device *device, unsigned queue);

/* ---- block: dev/virtio_block.c ---- */

struct virtio_block;
struct virtio_block_slot {
	struct block_request request; /* first: the back end gives it back to done() */
	struct virtio_block *block;
	struct guest_segment status; /* one byte */
	uint32_t writable_bytes;
	uint16_t head;
	bool busy;
};

struct virtio_block_stats {
	uint64_t operations[BLOCK_OPS];
	uint64_t bytes_read, bytes_written;
	uint64_t errors;
};

struct virtio_block {
	struct virtio_device device; /* first: also the opaque of its region */
	struct block_backend backend;
	uint8_t config[60];
	struct virtio_block_stats stats;
	struct virtio_block_slot slot[VIRTIO_QUEUE_SIZE];
	struct virtio_chain chain; /* work space */
};

void virtio_block_init(struct virtio_block *block, const struct block_backend *backend,
		       const struct guest_memory *memory, const struct irq_line *irq);

/* ---- network: dev/virtio_net.c ---- */

#define VIRTIO_NET_MAX_FRAME 1518

struct virtio_net {
	struct virtio_device device;
	struct net_backend backend;
	uint8_t config[12];
	uint64_t frames_sent, frames_received, frames_dropped;
	struct virtio_chain chain, receive_chain; /* a loopback receives while it transmits */
};

void virtio_net_init(struct virtio_net *net, const struct net_backend *backend,
		     const uint8_t mac[6], const struct guest_memory *memory,
		     const struct irq_line *irq);
/* A frame from outside (without FCS); false when the guest has no buffer for it: dropped. */
bool virtio_net_receive(struct virtio_net *net, const uint8_t *frame, size_t length);

/* Back ends that need nothing outside: frames vanish, or come back. The opaque of the second is the
 * struct virtio_net itself. */
void net_null_transmit(void *opaque, const struct guest_memory *memory,
		       const struct guest_segment *segments, unsigned count, size_t length);
void net_loopback_transmit(void *net, const struct guest_memory *memory,
			   const struct guest_segment *segments, unsigned count, size_t length);

/* ---- entropy: dev/virtio_entropy.c ---- */

struct virtio_entropy {
	struct virtio_device device;
	struct entropy_backend backend;
	uint64_t bytes;
	struct virtio_chain chain;
};

void virtio_entropy_init(struct virtio_entropy *entropy, const struct entropy_backend *backend,
			 const struct guest_memory *memory, const struct irq_line *irq);

/* ---- balloon: dev/virtio_balloon.c ---- */

/*
 * What becomes of memory that the guest does not need. release: the 4 KiB pages of [pa, pa +
 * length), all RAM, may lose their content; the guest may use them again at any time, and then
 * finds zeros or what was there.
 */
struct balloon_backend {
	void (*release)(void *opaque, uint64_t pa, uint64_t length);
	void *opaque;
};

struct virtio_balloon {
	struct virtio_device device;
	struct balloon_backend backend;
	uint8_t config[8];
	uint64_t inflated, deflated; /* pages of 4 KiB, ever */
	uint64_t reported;	     /* pages of 4 KiB that came by free page reporting */
	struct virtio_chain chain;
};

void virtio_balloon_init(struct virtio_balloon *balloon, const struct balloon_backend *backend,
			 const struct guest_memory *memory, const struct irq_line *irq);
/* Asks the guest to give up @pages of 4 KiB in all; virtio_balloon_actual() says how far it is. */
void virtio_balloon_set_target(struct virtio_balloon *balloon, uint32_t pages);
uint32_t virtio_balloon_actual(const struct virtio_balloon *balloon);

/* ---- console: dev/virtio_console.c ---- */

struct virtio_console {
	struct virtio_device device;
	struct console_backend backend;
	uint64_t bytes_out, bytes_in;
	struct virtio_chain chain;
};

void virtio_console_init(struct virtio_console *console, const struct console_backend *backend,
			 const struct guest_memory *memory, const struct irq_line *irq);
/* Gives the guest up to @length bytes; returns how many it had buffers for. */
size_t virtio_console_receive(struct virtio_console *console, const uint8_t *data, size_t length);

#endif
