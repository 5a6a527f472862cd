/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio balloon: pages given up, taken back and reported. */
#include "virtio_driver.h"

static struct driver driver;
static struct virtio_balloon balloon;
static uint64_t released_pa[16], released_length[16];
static unsigned releases;

static void release(void *opaque, uint64_t pa, uint64_t length)
{
	(void)opaque;
	assert_true(guest_valid(NULL, pa, length));
	assert_int_equal(pa % 4096 + length % 4096, 0);
	released_pa[releases] = pa;
	released_length[releases++] = length;
}

static int setup(void **state)
{
	const struct balloon_backend backend = {.release = release};
	struct irq_line irq;

	(void)state;
	releases = 0;
	driver_init(&driver);
	irq = driver_irq(&driver);
	virtio_balloon_init(&balloon, &backend, &driver.memory, &irq);
	driver.device = &balloon.device;
	driver_start(&driver, 3);
	return 0;
}

static void free_pages_are_reported(void **state)
{
	(void)state;
	put_desc(&driver, RING_DESC(2), 0, DATA, 0x4000, DESC_NEXT | DESC_WRITE, 1);
	/* Not whole pages: only the one inside goes. */
	put_desc(&driver, RING_DESC(2), 1, DATA + 0x8800, 0x2000, DESC_WRITE, 0);
	offer(&driver, 2, 0);
	kick(&driver, 2);
	assert_int_equal(used_index(&driver, 2), 1);
	assert_int_equal(releases, 2);
	assert_int_equal(released_pa[0], DATA);
	assert_int_equal(released_length[0], 0x4000);
	assert_int_equal(released_pa[1], DATA + 0x9000);
	assert_int_equal(released_length[1], 0x1000);
	assert_int_equal(balloon.reported, 5);
}

static void inflates_and_deflates(void **state)
{
	const uint32_t pages[4] = {(GUEST_BASE + 0x80000) / 4096, (GUEST_BASE + 0x81000) / 4096,
				   0xffffffff, 0};
	uint64_t value;

	(void)state;
	virtio_balloon_set_target(&balloon, 2);
	assert_true(driver.line);
	assert_int_equal(reg_read(&driver, VIRTIO_MMIO_INTERRUPT_STATUS), 2);
	assert_int_equal(reg_read(&driver, VIRTIO_MMIO_CONFIG), 2);
	memcpy(at(&driver, DATA), pages, sizeof(pages));
	put_desc(&driver, RING_DESC(0), 0, DATA, sizeof(pages), 0, 0);
	offer(&driver, 0, 0);
	kick(&driver, 0);
	assert_int_equal(releases, 2); /* those outside memory are ignored */
	assert_int_equal(balloon.inflated, 2);
	reg_write(&driver, VIRTIO_MMIO_CONFIG + 4, 2);
	assert_int_equal(virtio_balloon_actual(&balloon), 2);
	reg_write(&driver, VIRTIO_MMIO_CONFIG, 99); /* the target is not the driver's */
	assert_true(virtio_read(driver.device, 0, VIRTIO_MMIO_CONFIG, 4, &value));
	assert_int_equal(value, 2);
	put_desc(&driver, RING_DESC(1), 0, DATA, 8, 0, 0);
	offer(&driver, 1, 0);
	kick(&driver, 1);
	assert_int_equal(balloon.deflated, 2);
	assert_false(needs_reset(&driver));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(free_pages_are_reported, setup),
		cmocka_unit_test_setup(inflates_and_deflates, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
