/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio block devices over MMIO (VIRTIO 1.2, 2.7, 4.2, 5.2): one request at a time, polled. Memory
 * is physically contiguous, so that a request is three descriptors: header, data, status.
 */
#include "dev/virtio.h"
#include "system.h"

#define MAGIC		 0x74726976
#define VERSION		 2
#define QUEUE_SIZE	 4
#define MAX_DISKS	 8
#define MAX_SECTORS	 2048
#define DESCRIPTOR_NEXT	 1
#define DESCRIPTOR_WRITE 2
#define NO_INTERRUPT	 1
#define REQUEST_READ	 0
#define REQUEST_WRITE	 1
#define REQUEST_FLUSH	 4
#define FEATURE_FLUSH	 (1u << 9)

struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

struct request {
	uint32_t type, reserved;
	uint64_t sector;
};

/* The rings and the request of one disk: in one page, which the device reads and writes. */
struct rings {
	struct descriptor descriptor[QUEUE_SIZE];
	struct {
		uint16_t flags, index, ring[QUEUE_SIZE];
	} available;
	struct {
		uint16_t flags, index;
		struct {
			uint32_t id, length;
		} ring[QUEUE_SIZE];
	} used __attribute__((aligned(4)));
	struct request request;
	uint8_t status;
};

static struct disk {
	uint64_t base;
	struct rings *rings;
	bool flush;
} disk_table[MAX_DISKS];
static unsigned disk_count;
static bool looked;

static volatile uint32_t *reg(const struct disk *disk, unsigned offset)
{
	return device(disk->base + offset);
}

static void set_address(const struct disk *disk, unsigned low, const void *at)
{
	uint64_t pa = physical_address(at);

	*reg(disk, low) = (uint32_t)pa;
	*reg(disk, low + 4) = (uint32_t)(pa >> 32);
}

static bool accept_features(struct disk *disk)
{
	*reg(disk, VIRTIO_MMIO_DEVICE_FEATURES_SEL) = 0;
	disk->flush = *reg(disk, VIRTIO_MMIO_DEVICE_FEATURES) & FEATURE_FLUSH;
	*reg(disk, VIRTIO_MMIO_DRIVER_FEATURES_SEL) = 0;
	*reg(disk, VIRTIO_MMIO_DRIVER_FEATURES) = disk->flush ? FEATURE_FLUSH : 0;
	*reg(disk, VIRTIO_MMIO_DRIVER_FEATURES_SEL) = 1;
	*reg(disk, VIRTIO_MMIO_DRIVER_FEATURES) = (uint32_t)(VIRTIO_F_VERSION_1 >> 32);
	*reg(disk, VIRTIO_MMIO_STATUS) |= VIRTIO_STATUS_FEATURES_OK;
	return *reg(disk, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK;
}

static bool bring_up(struct disk *disk)
{
	if (*reg(disk, VIRTIO_MMIO_MAGIC) != MAGIC || *reg(disk, VIRTIO_MMIO_VERSION) != VERSION ||
	    *reg(disk, VIRTIO_MMIO_DEVICE_ID) != VIRTIO_ID_BLOCK)
		return false;
	*reg(disk, VIRTIO_MMIO_STATUS) = 0;
	*reg(disk, VIRTIO_MMIO_STATUS) = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
	if (!accept_features(disk))
		return false;
	disk->rings = allocate(sizeof(*disk->rings));
	memset(disk->rings, 0, sizeof(*disk->rings));
	disk->rings->available.flags = NO_INTERRUPT;
	*reg(disk, VIRTIO_MMIO_QUEUE_SEL) = 0;
	*reg(disk, VIRTIO_MMIO_QUEUE_NUM) = QUEUE_SIZE;
	set_address(disk, VIRTIO_MMIO_QUEUE_DESC_LOW, disk->rings->descriptor);
	set_address(disk, VIRTIO_MMIO_QUEUE_DRIVER_LOW, &disk->rings->available);
	set_address(disk, VIRTIO_MMIO_QUEUE_DEVICE_LOW, &disk->rings->used);
	*reg(disk, VIRTIO_MMIO_QUEUE_READY) = 1;
	*reg(disk, VIRTIO_MMIO_STATUS) |= VIRTIO_STATUS_DRIVER_OK;
	return true;
}

unsigned disks(void)
{
	if (looked)
		return disk_count;
	looked = true;
	for (unsigned slot = 0; slot < MAP_VIRTIO_SLOTS && disk_count < MAX_DISKS; slot++) {
		struct disk *disk = &disk_table[disk_count];

		disk->base = MAP_VIRTIO_BASE + slot * MAP_VIRTIO_STRIDE;
		if (boot_info.virtio_slots >> slot & 1 && bring_up(disk))
			disk_count++;
	}
	return disk_count;
}

static const struct disk *find(unsigned number)
{
	if (number >= disks())
		fail("there is no disk %u", number);
	return &disk_table[number];
}

uint64_t disk_sectors(unsigned number)
{
	const struct disk *disk = find(number);

	return *reg(disk, VIRTIO_MMIO_CONFIG) | (uint64_t)*reg(disk, VIRTIO_MMIO_CONFIG + 4) << 32;
}

static void describe(struct rings *rings, unsigned n, const void *at, size_t length, unsigned flags)
{
	rings->descriptor[n] = (struct descriptor){physical_address(at), (uint32_t)length,
						   (uint16_t)flags, (uint16_t)(n + 1)};
}

static bool transfer(const struct disk *disk, uint32_t type, uint64_t sector, const void *data,
		     size_t length)
{
	struct rings *rings = disk->rings;
	unsigned last = length ? 2 : 1;
	uint16_t index = rings->available.index;

	rings->request = (struct request){type, 0, sector};
	rings->status = 0xff;
	describe(rings, 0, &rings->request, sizeof(rings->request), DESCRIPTOR_NEXT);
	if (length)
		describe(rings, 1, data, length,
			 DESCRIPTOR_NEXT | (type == REQUEST_READ ? DESCRIPTOR_WRITE : 0));
	describe(rings, last, &rings->status, 1, DESCRIPTOR_WRITE);
	rings->available.ring[index % QUEUE_SIZE] = 0;
	__atomic_store_n(&rings->available.index, (uint16_t)(index + 1), __ATOMIC_RELEASE);
	memory_barrier();
	*reg(disk, VIRTIO_MMIO_QUEUE_NOTIFY) = 0;
	while (__atomic_load_n(&rings->used.index, __ATOMIC_ACQUIRE) != (uint16_t)(index + 1))
		spin_hint();
	return *(volatile uint8_t *)&rings->status == 0;
}

static size_t check_length(unsigned sectors)
{
	if (!sectors || sectors > MAX_SECTORS)
		fail("a transfer of %u sectors: 1 to %d are allowed", sectors, MAX_SECTORS);
	return (size_t)sectors * DISK_SECTOR;
}

bool disk_read(unsigned number, uint64_t sector, void *buffer, unsigned sectors)
{
	return transfer(find(number), REQUEST_READ, sector, buffer, check_length(sectors));
}

bool disk_write(unsigned number, uint64_t sector, const void *buffer, unsigned sectors)
{
	return transfer(find(number), REQUEST_WRITE, sector, buffer, check_length(sectors));
}

bool disk_flush(unsigned number)
{
	const struct disk *disk = find(number);

	return !disk->flush || transfer(disk, REQUEST_FLUSH, 0, NULL, 0);
}
