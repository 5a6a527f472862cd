/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio block device in front of a disk in memory that completes when the test says so. */
#include "virtio_driver.h"

#define DISK_SECTORS 64u
#define T_IN	     0u
#define T_OUT	     1u
#define T_FLUSH	     4u
#define T_GET_ID     8u
#define T_DISCARD    11u
#define T_ZEROES     13u

static struct driver driver;
static struct virtio_block block;
static uint8_t medium[DISK_SECTORS * SECTOR_SIZE];
static struct block_request *pending[VIRTIO_QUEUE_SIZE];
static unsigned pendings, flushes, drains;
static enum block_status outcome;

static void do_request(struct block_request *request)
{
	uint8_t *at_sector = medium + request->sector * SECTOR_SIZE;
	size_t bytes = request->sectors * SECTOR_SIZE;

	switch (request->op) {
	case BLOCK_READ:
		guest_scatter(&driver.memory, request->segment, request->segments, 0, at_sector,
			      bytes);
		break;
	case BLOCK_WRITE:
		guest_gather(&driver.memory, request->segment, request->segments, 0, at_sector,
			     bytes);
		break;
	case BLOCK_FLUSH:
		flushes++;
		break;
	default:
		memset(at_sector, 0, bytes);
	}
}

static void submit(void *opaque, struct block_request *request)
{
	(void)opaque;
	pending[pendings++] = request;
}

static void complete(unsigned n)
{
	struct block_request *request = pending[n];

	pending[n] = pending[--pendings];
	if (outcome == BLOCK_OK)
		do_request(request);
	request->done(request, outcome);
}

static void drain(void *opaque)
{
	(void)opaque;
	drains++;
	while (pendings)
		complete(0);
}

static void start_device(bool read_only)
{
	const struct block_backend backend = {.sectors = DISK_SECTORS,
					      .read_only = read_only,
					      .discard = true,
					      .serial = "serial-of-twenty-chr",
					      .submit = submit,
					      .drain = drain};
	struct irq_line irq;

	driver_init(&driver);
	irq = driver_irq(&driver);
	virtio_block_init(&block, &backend, &driver.memory, &irq);
	driver.device = &block.device;
	pendings = flushes = drains = 0;
	outcome = BLOCK_OK;
	driver_start(&driver, 1);
}

static int setup(void **state)
{
	(void)state;
	for (unsigned n = 0; n < sizeof(medium); n++)
		medium[n] = (uint8_t)(n / SECTOR_SIZE + n);
	start_device(false);
	return 0;
}

/*
 * Request number @slot: header, data of @bytes at DATA + slot * 0x2000, status. Uses descriptors
 * slot * 3 on.
 */
static uint64_t data_of(unsigned slot)
{
	return DATA + slot * 0x2000;
}

static void request(unsigned slot, uint32_t type, uint64_t sector, uint32_t bytes)
{
	uint64_t header = data_of(slot) + 0x1800;
	uint16_t first = (uint16_t)(slot * 3);
	bool to_device = type == T_OUT || type == T_DISCARD || type == T_ZEROES;

	memcpy(at(&driver, header), &type, 4);
	memcpy(at(&driver, header + 8), &sector, 8);
	*(uint8_t *)at(&driver, header + 16) = 0xee;
	put_desc(&driver, RING_DESC(0), first, header, 16, DESC_NEXT,
		 (uint16_t)(bytes ? first + 1 : first + 2));
	put_desc(&driver, RING_DESC(0), first + 1u, data_of(slot), bytes,
		 (uint16_t)(DESC_NEXT | (to_device ? 0 : DESC_WRITE)), (uint16_t)(first + 2));
	put_desc(&driver, RING_DESC(0), first + 2u, header + 16, 1, DESC_WRITE, 0);
	offer(&driver, 0, first);
	kick(&driver, 0);
}

static uint8_t status_of(unsigned slot)
{
	return *(uint8_t *)at(&driver, data_of(slot) + 0x1810);
}

static void reads(void **state)
{
	(void)state;
	request(0, T_IN, 2, 1024);
	assert_int_equal(pendings, 1);
	assert_int_equal(used_index(&driver, 0), 0);
	complete(0);
	assert_int_equal(status_of(0), 0);
	assert_int_equal(used_entry(&driver, 0, 0).length, 1025);
	assert_memory_equal(at(&driver, data_of(0)), medium + 1024, 1024);
	assert_true(driver.line);
}

static void writes_and_flushes(void **state)
{
	(void)state;
	memset(at(&driver, data_of(0)), 0x5a, 512);
	request(0, T_OUT, 63, 512);
	complete(0);
	assert_int_equal(status_of(0), 0);
	assert_int_equal(medium[63 * 512], 0x5a);
	request(1, T_FLUSH, 0, 0);
	complete(0);
	assert_int_equal(status_of(1), 0);
	assert_int_equal(flushes, 1);
}

static void many_requests_complete_in_any_order(void **state)
{
	(void)state;
	for (unsigned slot = 0; slot < 5; slot++)
		request(slot, T_IN, slot, 512);
	assert_int_equal(pendings, 5);
	complete(3);
	assert_int_equal(used_entry(&driver, 0, 0).id, 9);
	while (pendings)
		complete(0);
	assert_int_equal(used_index(&driver, 0), 5);
	for (unsigned slot = 0; slot < 5; slot++) {
		assert_int_equal(status_of(slot), 0);
		assert_memory_equal(at(&driver, data_of(slot)), medium + slot * 512, 512);
	}
}

static void discards_and_zeroes(void **state)
{
	const struct {
		uint64_t sector;
		uint32_t sectors, flags;
	} range = {4, 2, 0}, outside = {63, 2, 0}, unmap = {8, 1, 1};

	(void)state;
	memcpy(at(&driver, data_of(0)), &range, sizeof(range));
	request(0, T_DISCARD, 0, sizeof(range));
	complete(0);
	assert_int_equal(status_of(0), 0);
	assert_int_equal(medium[4 * 512], 0);
	memcpy(at(&driver, data_of(1)), &outside, sizeof(outside));
	request(1, T_ZEROES, 0, sizeof(outside));
	assert_int_equal(status_of(1), 1);
	memcpy(at(&driver, data_of(2)), &unmap, sizeof(unmap));
	request(2, T_DISCARD, 0, sizeof(unmap)); /* the flag belongs to write-zeroes alone */
	assert_int_equal(status_of(2), 2);
	memcpy(at(&driver, data_of(3)), &unmap, sizeof(unmap));
	request(3, T_ZEROES, 0, sizeof(unmap));
	complete(0);
	assert_int_equal(status_of(3), 0);
	assert_int_equal(medium[8 * 512], 0);
}

static void tells_its_serial(void **state)
{
	(void)state;
	request(0, T_GET_ID, 0, 20);
	assert_int_equal(status_of(0), 0);
	assert_memory_equal(at(&driver, data_of(0)), "serial-of-twenty-chr", 20);
}

static void bad_requests_are_errors(void **state)
{
	(void)state;
	request(0, T_IN, 64, 512);
	assert_int_equal(status_of(0), 1);
	request(1, T_IN, UINT64_MAX, 512);
	assert_int_equal(status_of(1), 1);
	request(2, T_IN, 0, 511);
	assert_int_equal(status_of(2), 1);
	request(3, 77, 0, 512);
	assert_int_equal(status_of(3), 2);
	assert_int_equal(pendings, 0);
	assert_false(needs_reset(&driver));
	outcome = BLOCK_IO_ERROR;
	request(4, T_IN, 0, 512);
	complete(0);
	assert_int_equal(status_of(4), 1);
}

static void read_only_disks_refuse_writes(void **state)
{
	uint32_t features;

	(void)state;
	start_device(true);
	reg_write(&driver, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	features = reg_read(&driver, VIRTIO_MMIO_DEVICE_FEATURES);
	assert_true(features & 1u << 5);
	assert_false(features & 1u << 13);
	request(0, T_OUT, 0, 512);
	assert_int_equal(status_of(0), 1);
	assert_int_equal(pendings, 0);
}

static void requests_without_status_stop_the_device(void **state)
{
	(void)state;
	put_desc(&driver, RING_DESC(0), 0, DATA, 16, 0, 0);
	offer(&driver, 0, 0);
	kick(&driver, 0);
	assert_true(needs_reset(&driver));
}

static void reset_drains_the_disk(void **state)
{
	(void)state;
	request(0, T_IN, 0, 512);
	request(1, T_IN, 1, 512);
	reg_write(&driver, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(drains, 1);
	assert_int_equal(pendings, 0);
	driver_start(&driver, 1);
	memset(at(&driver, RING_USED(0)), 0, 4);
	request(2, T_IN, 0, 512);
	complete(0);
	assert_int_equal(used_index(&driver, 0), 1);
}

static void capacity_and_limits(void **state)
{
	(void)state;
	assert_int_equal(reg_read(&driver, VIRTIO_MMIO_CONFIG), DISK_SECTORS);
	assert_int_equal(reg_read(&driver, VIRTIO_MMIO_CONFIG + 20), SECTOR_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reads, setup),
		cmocka_unit_test_setup(writes_and_flushes, setup),
		cmocka_unit_test_setup(many_requests_complete_in_any_order, setup),
		cmocka_unit_test_setup(discards_and_zeroes, setup),
		cmocka_unit_test_setup(tells_its_serial, setup),
		cmocka_unit_test_setup(bad_requests_are_errors, setup),
		cmocka_unit_test_setup(read_only_disks_refuse_writes, setup),
		cmocka_unit_test_setup(requests_without_status_stop_the_device, setup),
		cmocka_unit_test_setup(reset_drains_the_disk, setup),
		cmocka_unit_test_setup(capacity_and_limits, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
