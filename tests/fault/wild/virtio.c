/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every virtio device with garbage in its rings: random addresses, sizes and descriptors, on a
 * transport that is brought up properly so that the rings are looked at.
 */
#include "dev/address_map.h"
#include "dev/virtio.h"
#include "wild.h"

PROGRAM_NAME;

static volatile uint32_t *device;

static void set(unsigned reg, uint64_t value)
{
	device[reg / 4] = (uint32_t)value;
}

/* How many values of 256 are spoilt in this round. */
static unsigned spoilt;

/* @good, or now and then something else. */
static uint64_t maybe(uint64_t good)
{
	if (random_below(256) >= spoilt)
		return good;
	return random_below(2) ? random_value() : good + random_below(64) - 32;
}

static uint64_t room(void)
{
	return FREE_RAM + (random_below(1 << 24) & ~4095u);
}

struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };

/* A request as a block device has it: header, data, status byte; the other devices take the same
 * chains in their ways. */
static void fill_chain(volatile struct descriptor *table, unsigned first, unsigned size)
{
	uint64_t header = room(), data = room();
	unsigned kind = random_below(8) ? random_below(2) : random_below(16);

	if (header >> 28 == 0) {
		volatile uint64_t *word = (volatile uint64_t *)CKSEG0(header);

		word[0] = maybe(kind);
		word[1] = maybe(random_below(8192));
	}
	table[first] = (struct descriptor){maybe(header), maybe(16), maybe(NEXT),
					   maybe((first + 1) % size)};
	first = (first + 1) % size;
	table[first] = (struct descriptor){maybe(data), maybe(512u << random_below(4)),
					   maybe(kind == 1 ? NEXT : NEXT | WRITE),
					   maybe((first + 1) % size)};
	first = (first + 1) % size;
	table[first] = (struct descriptor){maybe(header + 64), maybe(1), maybe(WRITE), 0};
}

static void set_up_queue(unsigned queue)
{
	uint64_t descriptors = room(), available = room(), used = room();
	volatile struct descriptor *table = (volatile struct descriptor *)CKSEG0(descriptors);
	volatile uint16_t *ring = (volatile uint16_t *)CKSEG0(available);
	unsigned size = 4u << random_below(6), chains = size / 4;

	for (unsigned i = 0; i < chains; i++) {
		fill_chain(table, 4 * i, size);
		ring[2 + i] = maybe(4 * i);
	}
	ring[0] = maybe(0);
	ring[1] = maybe(chains);
	descriptors = maybe(descriptors);
	available = maybe(available);
	used = maybe(used);
	set(VIRTIO_MMIO_QUEUE_SEL, queue);
	set(VIRTIO_MMIO_QUEUE_NUM, maybe(size));
	set(VIRTIO_MMIO_QUEUE_DESC_LOW, descriptors);
	set(VIRTIO_MMIO_QUEUE_DESC_HIGH, descriptors >> 32);
	set(VIRTIO_MMIO_QUEUE_DRIVER_LOW, available);
	set(VIRTIO_MMIO_QUEUE_DRIVER_HIGH, available >> 32);
	set(VIRTIO_MMIO_QUEUE_DEVICE_LOW, used);
	set(VIRTIO_MMIO_QUEUE_DEVICE_HIGH, used >> 32);
	set(VIRTIO_MMIO_QUEUE_READY, maybe(1));
}

void test(void)
{
	uint64_t hash = 0;

	random_start();
	for (unsigned round = 1;; round++) {
		unsigned slot = random_below(MAP_VIRTIO_SLOTS);
		uint64_t pa = MAP_VIRTIO_BASE + slot * MAP_VIRTIO_STRIDE;
		const uint32_t probe = LW(V0, VIRTIO_MMIO_DEVICE_ID, A0);
		struct trap *trap = run_code(KERNEL, STATUS_64BIT, &probe, 1, CKSEG1(pa), 0);

		if (trap_code(trap) != EXC_SYS || !trap->gpr[V0])
			continue;
		device = (volatile uint32_t *)CKSEG1(pa);
		set(VIRTIO_MMIO_STATUS, 0);
		set(VIRTIO_MMIO_STATUS, 3);
		for (unsigned half = 0; half < 2; half++) {
			set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, half);
			set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
			set(VIRTIO_MMIO_DRIVER_FEATURES,
			    device[VIRTIO_MMIO_DEVICE_FEATURES / 4] &
				    (half || random_below(2) ? ~0u : random64()));
		}
		set(VIRTIO_MMIO_STATUS, 11);
		spoilt = (unsigned[]){0, 2, 8, 64}[random_below(4)];
		for (unsigned queue = 0; queue < 4; queue++)
			set_up_queue(queue);
		set(VIRTIO_MMIO_STATUS, 15);
		for (unsigned i = 0; i < 8; i++) {
			set(VIRTIO_MMIO_QUEUE_NOTIFY,
			    random_below(8) ? random_below(4) : random64());
			hash = hash * 31 + device[VIRTIO_MMIO_STATUS / 4];
			hash = hash * 31 + device[VIRTIO_MMIO_INTERRUPT_STATUS / 4];
			set(VIRTIO_MMIO_INTERRUPT_ACK, random_value());
			if (random_below(256) < spoilt)
				device[random_below(128)] = random_value();
		}
		if (round % 32 == 0) {
			print_hex(hash);
			print("\n");
		}
	}
}
