/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio-mmio transport and its rings, by way of the entropy device; hostile drivers. */
#include "virtio_driver.h"

static struct driver driver;
static struct virtio_entropy entropy;

static void fill(void *opaque, uint8_t *data, size_t length)
{
	(void)opaque;
	memset(data, 0xa5, length);
}

static int setup(void **state)
{
	const struct entropy_backend backend = {.fill = fill};
	struct irq_line irq;

	(void)state;
	driver_init(&driver);
	irq = driver_irq(&driver);
	virtio_entropy_init(&entropy, &backend, &driver.memory, &irq);
	driver.device = &entropy.device;
	return 0;
}

static void identifies_itself(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(reg_read(&driver, VIRTIO_MMIO_MAGIC), 0x74726976);
	assert_int_equal(reg_read(&driver, VIRTIO_MMIO_VERSION), 2);
	assert_int_equal(reg_read(&driver, VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_ENTROPY);
	assert_int_equal(reg_read(&driver, VIRTIO_MMIO_QUEUE_NUM_MAX), VIRTIO_QUEUE_SIZE);
	reg_write(&driver, VIRTIO_MMIO_QUEUE_SEL, 1);
	assert_int_equal(reg_read(&driver, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	assert_false(virtio_read(driver.device, 0, 1, 1, &value));
	assert_false(virtio_write(driver.device, 0, VIRTIO_MMIO_STATUS, 8, 1));
}

static void refuses_unknown_features(void **state)
{
	(void)state;
	driver_features(&driver, VIRTIO_F_VERSION_1 | UINT64_C(1) << 40);
	assert_false(reg_read(&driver, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK);
	reg_write(&driver, VIRTIO_MMIO_STATUS, 0);
	driver_features(&driver, 0); /* a legacy driver */
	assert_false(reg_read(&driver, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK);
	reg_write(&driver, VIRTIO_MMIO_STATUS, 0);
	driver_features(&driver, VIRTIO_F_VERSION_1);
	assert_true(reg_read(&driver, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK);
}

static void serves_a_request(void **state)
{
	struct used used;

	(void)state;
	driver_start(&driver, 1);
	put_desc(&driver, RING_DESC(0), 3, DATA, 100, DESC_NEXT | DESC_WRITE, 5);
	put_desc(&driver, RING_DESC(0), 5, DATA + 0x1000, 1500, DESC_WRITE, 0);
	offer(&driver, 0, 3);
	kick(&driver, 0);
	assert_int_equal(used_index(&driver, 0), 1);
	used = used_entry(&driver, 0, 0);
	assert_int_equal(used.id, 3);
	assert_int_equal(used.length, 1600);
	assert_int_equal(((uint8_t *)at(&driver, DATA))[99], 0xa5);
	assert_int_equal(((uint8_t *)at(&driver, DATA))[100], 0);
	assert_int_equal(((uint8_t *)at(&driver, DATA + 0x1000))[1499], 0xa5);
	assert_true(driver.line);
	assert_int_equal(reg_read(&driver, VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	reg_write(&driver, VIRTIO_MMIO_INTERRUPT_ACK, 1);
	assert_false(driver.line);
}

static void indirect_tables(void **state)
{
	(void)state;
	driver_start(&driver, 1);
	put_desc(&driver, DATA, 0, DATA + 0x1000, 8, DESC_NEXT | DESC_WRITE, 1);
	put_desc(&driver, DATA, 1, DATA + 0x2000, 8, DESC_WRITE, 0);
	put_desc(&driver, RING_DESC(0), 0, DATA, 32, DESC_INDIRECT, 0);
	offer(&driver, 0, 0);
	kick(&driver, 0);
	assert_int_equal(used_entry(&driver, 0, 0).length, 16);
	assert_false(needs_reset(&driver));
}

static void interrupts_can_be_suppressed(void **state)
{
	(void)state;
	driver_start(&driver, 1);
	*(uint16_t *)at(&driver, RING_AVAIL(0)) = 1; /* NO_INTERRUPT */
	put_desc(&driver, RING_DESC(0), 0, DATA, 8, DESC_WRITE, 0);
	offer(&driver, 0, 0);
	kick(&driver, 0);
	assert_int_equal(used_index(&driver, 0), 1);
	assert_false(driver.line);
}

static void event_index_asks_for_interrupts(void **state)
{
	uint16_t *avail = at(&driver, RING_AVAIL(0));
	const uint16_t *used = at(&driver, RING_USED(0));

	(void)state;
	driver_features(&driver, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX);
	driver_queue(&driver, 0);
	reg_write(&driver, VIRTIO_MMIO_STATUS, 0xf);
	put_desc(&driver, RING_DESC(0), 0, DATA, 8, DESC_WRITE, 0);
	avail[2 + QUEUE_SIZE] = 1; /* interrupt when the second is used */
	offer(&driver, 0, 0);
	kick(&driver, 0);
	assert_false(driver.line);
	assert_int_equal(used[2 + 4 * QUEUE_SIZE], 1); /* notify at the next */
	offer(&driver, 0, 0);
	kick(&driver, 0);
	assert_true(driver.line);
}

/* One way of being hostile: writes into rings and descriptors of a running device. */
static void loop(void)
{
	put_desc(&driver, RING_DESC(0), 0, DATA, 8, DESC_NEXT | DESC_WRITE, 0);
}

static void long_loop(void)
{
	for (uint16_t n = 0; n < QUEUE_SIZE; n++)
		put_desc(&driver, RING_DESC(0), n, DATA, 8, DESC_NEXT | DESC_WRITE,
			 (uint16_t)((n + 1) % QUEUE_SIZE));
}

static void address_outside(void)
{
	put_desc(&driver, RING_DESC(0), 0, GUEST_BASE + GUEST_BYTES - 4, 8, DESC_WRITE, 0);
}

static void address_wraps(void)
{
	put_desc(&driver, RING_DESC(0), 0, UINT64_MAX - 3, 16, DESC_WRITE, 0);
}

static void zero_length(void)
{
	put_desc(&driver, RING_DESC(0), 0, DATA, 0, DESC_WRITE, 0);
}

static void next_outside(void)
{
	put_desc(&driver, RING_DESC(0), 0, DATA, 8, DESC_NEXT | DESC_WRITE, 999);
}

static void read_after_write(void)
{
	put_desc(&driver, RING_DESC(0), 0, DATA, 8, DESC_NEXT | DESC_WRITE, 1);
	put_desc(&driver, RING_DESC(0), 1, DATA, 8, 0, 0);
}

static void indirect_in_indirect(void)
{
	put_desc(&driver, DATA, 0, DATA, 16, DESC_INDIRECT, 0);
	put_desc(&driver, RING_DESC(0), 0, DATA, 16, DESC_INDIRECT, 0);
}

static void indirect_odd_length(void)
{
	put_desc(&driver, RING_DESC(0), 0, DATA, 17, DESC_INDIRECT, 0);
}

static void indirect_outside(void)
{
	put_desc(&driver, RING_DESC(0), 0, GUEST_BASE - 16, 16, DESC_INDIRECT, 0);
}

static void index_jumps(void)
{
	driver.next_available[0] = QUEUE_SIZE + 1;
}

static void head_outside(void)
{
	((uint16_t *)at(&driver, RING_AVAIL(0)))[2] = QUEUE_SIZE;
	((uint16_t *)at(&driver, RING_AVAIL(0)))[1] = 1;
}

static void hostile_drivers_stop_the_device(void **state)
{
	static void (*const attacks[])(void) = {
		loop,
		long_loop,
		address_outside,
		address_wraps,
		zero_length,
		next_outside,
		read_after_write,
		indirect_in_indirect,
		indirect_odd_length,
		indirect_outside,
		index_jumps,
	};

	(void)state;
	for (size_t n = 0; n < sizeof(attacks) / sizeof(attacks[0]); n++) {
		setup(NULL);
		driver_start(&driver, 1);
		attacks[n]();
		offer(&driver, 0, 0);
		kick(&driver, 0);
		if (!needs_reset(&driver))
			fail_msg("attack %zu went through", n);
		assert_int_equal(used_index(&driver, 0), 0);
		assert_int_equal(reg_read(&driver, VIRTIO_MMIO_INTERRUPT_STATUS), 2);
		/* A reset makes it whole. */
		reg_write(&driver, VIRTIO_MMIO_STATUS, 0);
		assert_false(driver.line);
		memset(driver.ram, 0, sizeof(driver.ram));
		driver_start(&driver, 1);
		put_desc(&driver, RING_DESC(0), 0, DATA, 8, DESC_WRITE, 0);
		offer(&driver, 0, 0);
		kick(&driver, 0);
		assert_int_equal(used_index(&driver, 0), 1);
	}
	setup(NULL);
	driver_start(&driver, 1);
	head_outside();
	kick(&driver, 0);
	assert_true(needs_reset(&driver));
}

static void rings_outside_memory_are_refused(void **state)
{
	(void)state;
	driver_features(&driver, VIRTIO_F_VERSION_1);
	reg_write(&driver, VIRTIO_MMIO_QUEUE_NUM, QUEUE_SIZE);
	reg_write(&driver, VIRTIO_MMIO_QUEUE_DESC_HIGH, 0x1000);
	reg_write(&driver, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_true(needs_reset(&driver));
	assert_int_equal(reg_read(&driver, VIRTIO_MMIO_QUEUE_READY), 0);
	reg_write(&driver, VIRTIO_MMIO_STATUS, 0);
	driver_features(&driver, VIRTIO_F_VERSION_1);
	driver_queue(&driver, 0);
	assert_int_equal(reg_read(&driver, VIRTIO_MMIO_QUEUE_READY), 1);
	reg_write(&driver, VIRTIO_MMIO_STATUS, 0);
	driver_features(&driver, VIRTIO_F_VERSION_1);
	reg_write(&driver, VIRTIO_MMIO_QUEUE_NUM, 3); /* not a power of two */
	reg_write(&driver, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_true(needs_reset(&driver));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identifies_itself, setup),
		cmocka_unit_test_setup(refuses_unknown_features, setup),
		cmocka_unit_test_setup(serves_a_request, setup),
		cmocka_unit_test_setup(indirect_tables, setup),
		cmocka_unit_test_setup(interrupts_can_be_suppressed, setup),
		cmocka_unit_test_setup(event_index_asks_for_interrupts, setup),
		cmocka_unit_test_setup(hostile_drivers_stop_the_device, setup),
		cmocka_unit_test_setup(rings_outside_memory_are_refused, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
