/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio network and console devices. */
#include "virtio_driver.h"

#define HEADER 12u

static struct driver driver;
static struct virtio_net net;
static struct virtio_console console;
static char shown[256];
static size_t shown_length;

static void start_net(void (*transmit)(void *, const struct guest_memory *,
				       const struct guest_segment *, unsigned, size_t))
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	const struct net_backend backend = {.transmit = transmit, .opaque = &net};
	struct irq_line irq;

	driver_init(&driver);
	irq = driver_irq(&driver);
	virtio_net_init(&net, &backend, mac, &driver.memory, &irq);
	driver.device = &net.device;
	driver_start(&driver, 2);
}

static void give_receive_buffer(uint32_t bytes)
{
	put_desc(&driver, RING_DESC(0), 0, DATA, bytes, DESC_WRITE, 0);
	offer(&driver, 0, 0);
	kick(&driver, 0);
}

static void send_frame(uint32_t bytes)
{
	uint8_t *frame = at(&driver, DATA + 0x4000);

	memset(frame, 0, HEADER);
	for (unsigned n = 0; n < bytes; n++)
		frame[HEADER + n] = (uint8_t)(n * 7);
	put_desc(&driver, RING_DESC(1), 0, DATA + 0x4000, HEADER + 10, DESC_NEXT, 1);
	put_desc(&driver, RING_DESC(1), 1, DATA + 0x4000 + HEADER + 10, bytes - 10, 0, 0);
	offer(&driver, 1, 0);
	kick(&driver, 1);
}

static void frames_come_back(void **state)
{
	(void)state;
	start_net(net_loopback_transmit);
	give_receive_buffer(2000);
	send_frame(300);
	assert_int_equal(used_index(&driver, 1), 1);
	assert_int_equal(used_index(&driver, 0), 1);
	assert_int_equal(used_entry(&driver, 0, 0).length, HEADER + 300);
	assert_memory_equal(at(&driver, DATA + HEADER), at(&driver, DATA + 0x4000 + HEADER), 300);
	assert_int_equal(((uint8_t *)at(&driver, DATA))[10], 1);
	assert_int_equal(net.frames_sent, 1);
	assert_int_equal(net.frames_received, 1);
}

static void frames_without_buffer_are_dropped(void **state)
{
	(void)state;
	start_net(net_loopback_transmit);
	send_frame(60);
	assert_int_equal(used_index(&driver, 1), 1);
	assert_int_equal(net.frames_dropped, 1);
	assert_false(needs_reset(&driver));
	start_net(net_null_transmit);
	give_receive_buffer(2000);
	send_frame(60);
	assert_int_equal(used_index(&driver, 0), 0);
}

static void bad_frames(void **state)
{
	const uint8_t tiny[4] = {0};

	(void)state;
	start_net(net_loopback_transmit);
	give_receive_buffer(2000);
	send_frame(5000); /* longer than Ethernet allows */
	assert_int_equal(net.frames_sent, 0);
	assert_int_equal(net.frames_dropped, 1);
	assert_false(virtio_net_receive(&net, tiny, sizeof(tiny)));
	send_frame(100);
	assert_int_equal(net.frames_received, 1);
	give_receive_buffer(20); /* too small for a frame */
	send_frame(100);
	assert_true(needs_reset(&driver));
}

static void shows_its_address(void **state)
{
	uint64_t mac;

	(void)state;
	start_net(net_null_transmit);
	assert_true(virtio_read(driver.device, 0, VIRTIO_MMIO_CONFIG + 5, 1, &mac));
	assert_int_equal(mac, 9);
}

static void show(void *opaque, const uint8_t *data, size_t length)
{
	(void)opaque;
	assert_true(shown_length + length < sizeof(shown));
	memcpy(shown + shown_length, data, length);
	shown_length += length;
}

static void console_both_ways(void **state)
{
	const struct console_backend backend = {.output = show};
	const struct irq_line irq = driver_irq(&driver);

	(void)state;
	driver_init(&driver);
	virtio_console_init(&console, &backend, &driver.memory, &irq);
	driver.device = &console.device;
	driver_start(&driver, 2);
	memcpy(at(&driver, DATA), "hello", 5);
	put_desc(&driver, RING_DESC(1), 0, DATA, 5, 0, 0);
	offer(&driver, 1, 0);
	kick(&driver, 1);
	assert_int_equal(shown_length, 5);
	assert_memory_equal(shown, "hello", 5);
	assert_int_equal(virtio_console_receive(&console, (const uint8_t *)"abc", 3), 0);
	put_desc(&driver, RING_DESC(0), 0, DATA + 0x100, 2, DESC_WRITE, 0);
	offer(&driver, 0, 0);
	assert_int_equal(virtio_console_receive(&console, (const uint8_t *)"abc", 3), 2);
	assert_memory_equal(at(&driver, DATA + 0x100), "ab", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_back),
		cmocka_unit_test(frames_without_buffer_are_dropped),
		cmocka_unit_test(bad_frames),
		cmocka_unit_test(shows_its_address),
		cmocka_unit_test(console_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
