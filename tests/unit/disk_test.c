/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disk images on io_uring, as the guest sees them through the virtio device, with faults injected
 * into the requests to the host. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board_machine.h"
#include "dev/virtio.h"

#define SECTORS	 256u
#define DESC	 0x10000u
#define AVAIL	 0x11000u
#define USED	 0x12000u
#define HEADER	 0x13000u
#define STATUS	 0x13100u
#define DATA	 0x20000u
#define LONG_RUN UINT64_C(10000000) /* 100 ms */

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_DISCARD = 11, T_ZEROES = 13 };

static struct machine *machine;
static char path[] = "/tmp/disco-disk-test-XXXXXX";
static uint16_t requests;
static uint32_t data_at = DATA; /* where requests have their data */
static struct error error;

static uint8_t pattern(unsigned byte)
{
	return (uint8_t)(byte * 31 + byte / SECTOR_SIZE);
}

static void make_image(void)
{
	int fd = mkstemp(strcpy(path, "/tmp/disco-disk-test-XXXXXX"));
	uint8_t content[SECTORS * SECTOR_SIZE];

	assert_true(fd >= 0);
	for (unsigned n = 0; n < sizeof(content); n++)
		content[n] = pattern(n);
	assert_int_equal(write(fd, content, sizeof(content)), sizeof(content));
	close(fd);
}

static void image_bytes(uint64_t offset, uint8_t *data, size_t length)
{
	int fd = open(path, O_RDONLY);

	assert_int_equal(pread(fd, data, length, (off_t)offset), length);
	close(fd);
}

static void reg(unsigned offset, uint32_t value)
{
	test_write(machine, MAP_VIRTIO_BASE + offset, value);
}

static void start_driver(void)
{
	requests = 0;
	reg(VIRTIO_MMIO_STATUS, 3);
	reg(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	reg(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	reg(VIRTIO_MMIO_STATUS, 11);
	reg(VIRTIO_MMIO_QUEUE_NUM, 16);
	reg(VIRTIO_MMIO_QUEUE_DESC_LOW, DESC);
	reg(VIRTIO_MMIO_QUEUE_DRIVER_LOW, AVAIL);
	reg(VIRTIO_MMIO_QUEUE_DEVICE_LOW, USED);
	reg(VIRTIO_MMIO_QUEUE_READY, 1);
	reg(VIRTIO_MMIO_STATUS, 15);
}

static int open_machine(const struct board_config *board)
{
	const struct machine_config config = test_config(1);
	int result;

	machine = machine_create(&config, &interpreter_engine, &error);
	assert_non_null(machine);
	result = board_create(machine, board, &error);
	if (result)
		return result;
	test_wait_loop(machine);
	start_driver();
	return 0;
}

static struct board_config one_disk(void)
{
	return (struct board_config){.disks = 1, .disk = {{.path = path}}};
}

static int setup(void **state)
{
	const struct board_config board = one_disk();

	(void)state;
	make_image();
	return open_machine(&board);
}

static int teardown(void **state)
{
	(void)state;
	machine_destroy(machine);
	unlink(path);
	return 0;
}

static void descriptor(unsigned n, uint64_t pa, uint32_t length, uint16_t flags)
{
	uint8_t *to = ram_pointer(machine, DESC + 16 * n);
	uint16_t next = (uint16_t)(n + 1);

	memcpy(to, &pa, 8);
	memcpy(to + 8, &length, 4);
	memcpy(to + 12, &flags, 2);
	memcpy(to + 14, &next, 2);
}

/* Offers one request, its data in two segments; does not run the machine. */
static void offer(uint32_t type, uint64_t sector, uint32_t bytes)
{
	bool reads = type == T_IN;
	uint16_t data_flags = (uint16_t)(1 | (reads ? 2 : 0)), *avail = ram_pointer(machine, AVAIL);
	uint32_t half = bytes / 2 & ~7u;
	unsigned n = 0;

	memcpy(ram_pointer(machine, HEADER), &type, 4);
	memcpy(ram_pointer(machine, HEADER + 8), &sector, 8);
	*(uint8_t *)ram_pointer(machine, STATUS) = 0xee;
	descriptor(n++, HEADER, 16, 1);
	if (half)
		descriptor(n++, data_at, half, data_flags);
	if (bytes)
		descriptor(n++, data_at + half, bytes - half, data_flags);
	descriptor(n, STATUS, 1, 2);
	avail[2 + requests % 16] = 0;
	avail[1] = ++requests;
	reg(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

static uint8_t status(void)
{
	return *(uint8_t *)ram_pointer(machine, STATUS);
}

static uint8_t request(uint32_t type, uint64_t sector, uint32_t bytes)
{
	offer(type, sector, bytes);
	test_run(machine, LONG_RUN);
	return status();
}

static void assert_read(uint64_t sector, uint32_t bytes)
{
	const uint8_t *data = ram_pointer(machine, DATA);

	memset(ram_pointer(machine, DATA), 0, bytes);
	assert_int_equal(request(T_IN, sector, bytes), 0);
	for (unsigned n = 0; n < bytes; n++)
		if (data[n] != pattern((unsigned)sector * SECTOR_SIZE + n))
			fail_msg("byte %u of sector %u is wrong", n, (unsigned)sector);
}

static void reads_the_image(void **state)
{
	(void)state;
	assert_read(0, 512);
	assert_read(255, 512);
	assert_read(10, 65536);
}

static void writes_reach_the_image(void **state)
{
	uint8_t data[4096];

	(void)state;
	memset(ram_pointer(machine, DATA), 0x77, 4096);
	assert_int_equal(request(T_OUT, 100, 4096), 0);
	assert_int_equal(request(T_FLUSH, 0, 0), 0);
	image_bytes(100 * 512, data, sizeof(data));
	assert_int_equal(data[0], 0x77);
	assert_int_equal(data[4095], 0x77);
	assert_int_equal(board_destroy(machine, &error), 0);
}

static void zeroes_and_discards(void **state)
{
	const struct {
		uint64_t sector;
		uint32_t sectors, flags;
	} range = {16, 16, 0};
	uint8_t data[SECTOR_SIZE];

	(void)state;
	memcpy(ram_pointer(machine, DATA), &range, sizeof(range));
	assert_int_equal(request(T_ZEROES, 0, sizeof(range)), 0);
	image_bytes(16 * 512, data, sizeof(data));
	assert_int_equal(data[1], 0);
	image_bytes(32 * 512, data, sizeof(data));
	assert_int_equal(data[1], pattern(32 * 512 + 1));
	memcpy(ram_pointer(machine, DATA), &range, sizeof(range));
	assert_int_equal(request(T_DISCARD, 0, sizeof(range)), 0);
}

static void completion_time_is_simulated(void **state)
{
	uint64_t start, end;

	(void)state;
	for (int n = 0; n < 3; n++) {
		start = machine->now;
		offer(T_IN, 0, 4096);
		do {
			test_run(machine, 100);
		} while (status() == 0xee);
		end = machine->now - start;
		/* 80 us and 4096 bytes at 2000 a microsecond, at 100 MHz, seen in steps of 100 */
		assert_in_range(end, 8200, 8400);
	}
}

static void snapshot_drops_writes(void **state)
{
	struct board_config board = one_disk();
	uint8_t data[SECTOR_SIZE];

	(void)state;
	teardown(NULL);
	make_image();
	board.disk[0].snapshot = true;
	assert_int_equal(open_machine(&board), 0);
	memset(ram_pointer(machine, DATA), 0x55, 1024);
	assert_int_equal(request(T_OUT, 20, 1024), 0);
	assert_int_equal(request(T_FLUSH, 0, 0), 0);
	/* A read across both: sectors 19 and 22 of the image, 20 and 21 written. */
	assert_int_equal(request(T_IN, 19, 2048), 0);
	memcpy(data, ram_pointer(machine, DATA), sizeof(data));
	assert_int_equal(data[3], pattern(19 * 512 + 3));
	assert_int_equal(*(uint8_t *)ram_pointer(machine, DATA + 512), 0x55);
	assert_int_equal(*(uint8_t *)ram_pointer(machine, DATA + 1535), 0x55);
	assert_int_equal(*(uint8_t *)ram_pointer(machine, DATA + 1536), pattern(22 * 512));
	image_bytes(20 * 512, data, sizeof(data));
	assert_int_equal(data[0], pattern(20 * 512));
}

/* O_DIRECT and registered memory; where they are not to be had, the same data all the same. */
static void direct_transfers(void **state)
{
	struct board_config board = one_disk();
	struct board_disk_stats stats;
	uint8_t data[8192];

	(void)state;
	teardown(NULL);
	make_image();
	board.disk[0].direct = true;
	assert_int_equal(open_machine(&board), 0);
	assert_read(8, 65536);
	assert_read(3, 512); /* one segment of 256 bytes: not what O_DIRECT takes */
	memset(ram_pointer(machine, DATA), 0x33, 8192);
	assert_int_equal(request(T_OUT, 64, 8192), 0);
	assert_int_equal(request(T_FLUSH, 0, 0), 0);
	image_bytes(64 * 512, data, sizeof(data));
	assert_int_equal(data[0], 0x33);
	assert_int_equal(data[8191], 0x33);
	assert_true(board_disk_stats(machine, 0, &stats));
	assert_int_equal(stats.errors, 0);
	if (geteuid() == 0) /* no limit on locked memory */
		assert_true(stats.host_fixed >= 2);
}

/* Where io_uring is forbidden. */
static void without_io_uring(void **state)
{
	struct board_config board = one_disk();
	uint8_t data[4096];

	(void)state;
	teardown(NULL);
	make_image();
	board.disk_faults.no_uring = true;
	assert_int_equal(open_machine(&board), 0);
	assert_read(10, 65536);
	memset(ram_pointer(machine, DATA), 0x21, 4096);
	assert_int_equal(request(T_OUT, 40, 4096), 0);
	assert_int_equal(request(T_FLUSH, 0, 0), 0);
	image_bytes(40 * 512, data, sizeof(data));
	assert_int_equal(data[4095], 0x21);
	assert_int_equal(truncate(path, 4096), 0);
	assert_int_equal(request(T_IN, 100, 512), 1);
}

static void short_transfers_are_completed(void **state)
{
	struct board_config board = one_disk();
	struct board_disk_stats stats;
	uint8_t data[8192];

	(void)state;
	teardown(NULL);
	make_image();
	board.disk_faults.every = 2;
	assert_int_equal(open_machine(&board), 0);
	assert_read(3, 8192);
	assert_read(40, 32768);
	memset(ram_pointer(machine, DATA), 0x66, 8192);
	assert_int_equal(request(T_OUT, 200, 8192), 0);
	image_bytes(200 * 512, data, sizeof(data));
	assert_int_equal(data[8191], 0x66);
	assert_true(board_disk_stats(machine, 0, &stats));
	assert_true(stats.host_retries > 0);
	assert_int_equal(stats.errors, 0);
}

static void transient_errors_are_tried_again(void **state)
{
	struct board_config board = one_disk();

	(void)state;
	teardown(NULL);
	make_image();
	board.disk_faults.every = 2;
	board.disk_faults.error = EAGAIN;
	assert_int_equal(open_machine(&board), 0);
	assert_read(3, 8192);
	assert_read(4, 8192);
}

/* The host is made to take the older write last. */
static void overlapping_writes_keep_their_order(void **state)
{
	struct board_config board = one_disk();
	uint8_t data[1024];

	(void)state;
	teardown(NULL);
	make_image();
	board.disk_faults.every = 2;
	board.disk_faults.error = EAGAIN;
	assert_int_equal(open_machine(&board), 0);
	assert_read(3, 512);
	for (unsigned n = 0; n < 2; n++) {
		data_at = DATA + n * 4096;
		memset(ram_pointer(machine, data_at), 0x11 * (int)(n + 1), 1024);
		offer(T_OUT, 50 + n, 1024);
	}
	data_at = DATA;
	test_run(machine, LONG_RUN);
	assert_int_equal(status(), 0);
	image_bytes(50 * 512, data, sizeof(data));
	assert_int_equal(data[0], 0x11);
	assert_int_equal(data[512], 0x22);
}

static void host_errors_reach_the_guest(void **state)
{
	static const int errors[] = {EIO, ENOSPC};
	struct board_config board = one_disk();
	struct board_disk_stats stats;

	(void)state;
	for (size_t n = 0; n < 2; n++) {
		teardown(NULL);
		make_image();
		board.disk_faults.every = 2;
		board.disk_faults.error = errors[n];
		assert_int_equal(open_machine(&board), 0);
		assert_int_equal(request(T_IN, 0, 512), 0);
		assert_int_equal(request(T_OUT, 0, 512), 1);
		assert_int_equal(request(T_IN, 0, 512), 0);
		assert_true(board_disk_stats(machine, 0, &stats));
		assert_int_equal(stats.errors, 1);
	}
}

/* What a failed flush dropped nobody knows: the disk takes no more writes, and says so at the end.
 */
static void failed_flush_stops_writing(void **state)
{
	struct board_config board = one_disk();

	(void)state;
	teardown(NULL);
	make_image();
	board.disk_faults.every = 2;
	board.disk_faults.error = EIO;
	assert_int_equal(open_machine(&board), 0);
	assert_int_equal(request(T_OUT, 0, 512), 0);
	assert_int_equal(request(T_FLUSH, 0, 0), 1);
	assert_int_equal(request(T_OUT, 0, 512), 1);
	assert_int_equal(request(T_IN, 0, 512), 0);
	assert_int_not_equal(board_destroy(machine, &error), 0);
	assert_non_null(strstr(error.text, "medium"));
}

static void shrunken_images_are_errors(void **state)
{
	(void)state;
	assert_int_equal(truncate(path, 4096), 0);
	assert_int_equal(request(T_IN, 100, 512), 1);
	assert_int_equal(request(T_IN, 7, 1024), 1);
	assert_read(0, 512);
}

static void bad_images(void **state)
{
	struct board_config board = one_disk();

	(void)state;
	machine_destroy(machine);
	assert_int_equal(truncate(path, 1000), 0);
	assert_int_not_equal(open_machine(&board), 0);
	if (!strstr(error.text, "multiple of 512"))
		fail_msg("%s", error.text);
	machine_destroy(machine);
	board.disk[0].path = "/nonexistent/image";
	assert_int_not_equal(open_machine(&board), 0);
	assert_non_null(strstr(error.text, "/nonexistent/image"));
	machine_destroy(machine);
	board.disk[0].path = "/tmp";
	assert_int_not_equal(open_machine(&board), 0);
}

static void one_writer_at_a_time(void **state)
{
	struct board_config board = one_disk();
	struct machine *first = machine;

	(void)state;
	assert_int_not_equal(open_machine(&board), 0);
	assert_non_null(strstr(error.text, "in use"));
	machine_destroy(machine);
	machine = first;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_the_image, setup, teardown),
		cmocka_unit_test_setup_teardown(writes_reach_the_image, setup, teardown),
		cmocka_unit_test_setup_teardown(zeroes_and_discards, setup, teardown),
		cmocka_unit_test_setup_teardown(completion_time_is_simulated, setup, teardown),
		cmocka_unit_test_setup_teardown(snapshot_drops_writes, setup, teardown),
		cmocka_unit_test_setup_teardown(direct_transfers, setup, teardown),
		cmocka_unit_test_setup_teardown(without_io_uring, setup, teardown),
		cmocka_unit_test_setup_teardown(short_transfers_are_completed, setup, teardown),
		cmocka_unit_test_setup_teardown(transient_errors_are_tried_again, setup, teardown),
		cmocka_unit_test_setup_teardown(overlapping_writes_keep_their_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(host_errors_reach_the_guest, setup, teardown),
		cmocka_unit_test_setup_teardown(failed_flush_stops_writing, setup, teardown),
		cmocka_unit_test_setup_teardown(shrunken_images_are_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_images, setup, teardown),
		cmocka_unit_test_setup_teardown(one_writer_at_a_time, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
