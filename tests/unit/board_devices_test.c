/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coherence Manager, power controller, UART, clock, finisher. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dev/cm.h"
#include "dev/finisher.h"
#include "dev/rtc.h"
#include "dev/uart.h"

#define CPUS 4

static uint32_t get(bool (*read)(void *, unsigned, uint64_t, unsigned, uint64_t *), void *device,
		    unsigned cpu, uint64_t offset)
{
	uint64_t value;

	assert_true(read(device, cpu, offset, 4, &value));
	return (uint32_t)value;
}

/* ---- Coherence Manager and power controller ---- */

static struct cm cm;
static unsigned started, stopped;
static uint64_t start_vector, moved_to;

static void start(void *opaque, unsigned cpu, uint64_t vector)
{
	(void)opaque;
	started |= 1u << cpu;
	start_vector = vector;
}

static void stop(void *opaque, unsigned cpu)
{
	(void)opaque;
	stopped |= 1u << cpu;
}

static void moved(void *opaque, uint64_t base)
{
	(void)opaque;
	moved_to = base;
}

static int cm_setup(void **state)
{
	const struct cm_board board = {.start = start, .stop = stop, .moved = moved};

	(void)state;
	started = stopped = 0;
	cm_init(&cm, &board, CPUS, 0x1fbf8000);
	return 0;
}

static void cm_identity(void **state)
{
	(void)state;
	assert_int_equal(get(gcr_read, &cm, 0, 0x000) & 0xff, CPUS - 1);
	assert_int_equal(get(gcr_read, &cm, 0, 0x008), 0x1fbf8000);
	assert_int_equal(get(gcr_read, &cm, 0, 0x030), 0x700);
	assert_int_equal(get(gcr_read, &cm, 0, 0x0d0), 1);
	assert_int_equal(get(gcr_read, &cm, 0, 0x0f0), 1);
	assert_int_equal(get(gcr_read, &cm, 3, 0x2028), 3);
}

/* As Linux's boot_core() does it. */
static void cm_starts_a_core(void **state)
{
	(void)state;
	assert_true(gcr_write(&cm, 0, 0x2018, 4, 2 << 16));
	assert_int_equal(get(gcr_read, &cm, 0, 0x4028), 2);
	gcr_write(&cm, 0, 0x4020, 4, 0xa011cfff);
	assert_int_equal(get(gcr_read, &cm, 0, 0x4020), 0xa011c000);
	cpc_write(&cm, 0, 0x2010, 4, 2 << 16);
	assert_int_equal(get(cpc_read, &cm, 0, 0x4008) >> 19 & 0xf, CPC_D0);
	cpc_write(&cm, 0, 0x4000, 4, 4);
	assert_int_equal(get(cpc_read, &cm, 0, 0x4008) >> 19 & 0xf, CPC_U6);
	assert_int_equal(started, 1u << 2);
	assert_int_equal(start_vector, 0xa011c000);
	gcr_write(&cm, 2, 0x2008, 4, 0xff);
	assert_int_equal(get(gcr_read, &cm, 2, 0x2008), 0xff);
	cpc_write(&cm, 2, 0x2000, 4, 2); /* powers itself down */
	assert_int_equal(stopped, 1u << 2);
	assert_int_equal(get(gcr_read, &cm, 2, 0x2008), 0);
}

static void cm_unknown_cores(void **state)
{
	(void)state;
	gcr_write(&cm, 0, 0x2018, 4, 0xffff0000);
	gcr_write(&cm, 0, 0x4020, 4, 0x80000000);
	assert_int_equal(get(gcr_read, &cm, 0, 0x4020), 0);
	cpc_write(&cm, 0, 0x2010, 4, 0x00ff0000);
	cpc_write(&cm, 0, 0x4000, 4, 4);
	assert_int_equal(started, 0);
}

static void cm_moves(void **state)
{
	(void)state;
	gcr_write(&cm, 0, 0x008, 4, 0x1f008001);
	assert_int_equal(moved_to, 0x1f008000);
	gcr_write(&cm, 0, 0x080, 4, 0x1bdc0001);
	assert_int_equal(get(gcr_read, &cm, 0, 0x080), 0x1bdc0001);
}

/* ---- UART ---- */

static struct uart uart;
static char out[64];
static size_t out_length;
static bool line;

static void show(void *opaque, const uint8_t *data, size_t length)
{
	(void)opaque;
	memcpy(out + out_length, data, length);
	out_length += length;
}

static void set_line(void *opaque, unsigned number, bool level)
{
	(void)opaque;
	(void)number;
	line = level;
}

static int uart_setup(void **state)
{
	const struct console_backend console = {.output = show};
	const struct irq_line irq = {.set = set_line};

	(void)state;
	out_length = 0;
	line = false;
	uart_init(&uart, &console, &irq);
	return 0;
}

static uint8_t ureg(unsigned reg)
{
	uint64_t value;

	assert_true(uart_read(&uart, 0, 4 * reg, 1, &value));
	return (uint8_t)value;
}

static void uput(unsigned reg, uint8_t value)
{
	assert_true(uart_write(&uart, 0, 4 * reg, 1, value));
}

static void uart_transmits(void **state)
{
	(void)state;
	uput(0, 'A');
	uput(0, 'B');
	assert_int_equal(out_length, 2);
	assert_memory_equal(out, "AB", 2);
	assert_int_equal(ureg(5) & 0x60, 0x60);
	uput(1, 2); /* transmitter interrupt: at once, since it is empty */
	assert_true(line);
	assert_int_equal(ureg(2) & 0xf, 2);
	assert_false(line);
	uput(0, 'C');
	assert_true(line);
}

static void uart_receives(void **state)
{
	(void)state;
	uput(2, 1); /* FIFOs on */
	assert_int_equal(ureg(2) & 0xc0, 0xc0);
	uput(1, 1);
	for (unsigned n = 0; n < UART_FIFO; n++)
		assert_true(uart_receive(&uart, (uint8_t)n));
	assert_false(uart_receive(&uart, 99));
	assert_true(line);
	for (unsigned n = 0; n < UART_FIFO; n++) {
		assert_int_equal(ureg(5) & 1, 1);
		assert_int_equal(ureg(0), n);
	}
	assert_int_equal(ureg(5) & 1, 0);
	assert_false(line);
}

static void uart_divisor_and_scratch(void **state)
{
	(void)state;
	uput(3, 0x83);
	uput(0, 12);
	uput(1, 1);
	assert_int_equal(ureg(0), 12);
	assert_int_equal(ureg(1), 1);
	uput(3, 3);
	assert_int_equal(ureg(1), 0);
	uput(7, 0x5a);
	assert_int_equal(ureg(7), 0x5a);
	assert_int_equal(out_length, 0);
}

static void uart_loopback(void **state)
{
	(void)state;
	uput(4, 0x1a); /* loopback, OUT2, RTS: how Linux detects a UART */
	assert_int_equal(ureg(6) & 0xf0, 0x90);
	uput(0, 'x');
	assert_int_equal(out_length, 0);
	assert_int_equal(ureg(0), 'x');
	assert_int_equal(uart_room(&uart), 0);
}

/* ---- clock, finisher ---- */

static uint64_t clock_now;

static uint64_t now_ns(void *opaque)
{
	(void)opaque;
	return clock_now;
}

static void clock_reads_and_sets(void **state)
{
	struct rtc rtc;

	(void)state;
	rtc_init(&rtc, now_ns, NULL);
	clock_now = UINT64_C(0x1122334455667788);
	assert_int_equal(get(rtc_read, &rtc, 0, 0), 0x55667788);
	clock_now = 0;
	assert_int_equal(get(rtc_read, &rtc, 0, 4), 0x11223344);
	rtc_write(&rtc, 0, 4, 4, 1);
	rtc_write(&rtc, 0, 0, 4, 7);
	clock_now = 3;
	assert_int_equal(get(rtc_read, &rtc, 0, 0), 10);
	assert_int_equal(get(rtc_read, &rtc, 0, 4), 1);
}

static int finish_status, resets;
static uint32_t last_marker;

static void finish(void *opaque, int status)
{
	(void)opaque;
	finish_status = status;
}

static void reset(void *opaque)
{
	(void)opaque;
	resets++;
}

static void marker(void *opaque, unsigned cpu, uint32_t value)
{
	(void)opaque;
	(void)cpu;
	last_marker = value;
}

static void finisher_values(void **state)
{
	struct finisher finisher = {.finish = finish, .reset = reset, .marker = marker};

	(void)state;
	finish_status = -1;
	finisher_write(&finisher, 0, 0, 4, 0x1234);
	assert_int_equal(finish_status, -1);
	finisher_write(&finisher, 0, 0, 4, 0x5555);
	assert_int_equal(finish_status, 0);
	finisher_write(&finisher, 0, 0, 4, 0x3333 | 42 << 16);
	assert_int_equal(finish_status, 42);
	finisher_write(&finisher, 0, 0, 4, 0x7777);
	assert_int_equal(resets, 1);
	finisher_write(&finisher, 0, 4, 4, 9);
	assert_int_equal(last_marker, 9);
	assert_int_equal(get(finisher_read, &finisher, 0, 8), FINISHER_MAGIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(cm_identity, cm_setup),
		cmocka_unit_test_setup(cm_starts_a_core, cm_setup),
		cmocka_unit_test_setup(cm_unknown_cores, cm_setup),
		cmocka_unit_test_setup(cm_moves, cm_setup),
		cmocka_unit_test_setup(uart_transmits, uart_setup),
		cmocka_unit_test_setup(uart_receives, uart_setup),
		cmocka_unit_test_setup(uart_divisor_and_scratch, uart_setup),
		cmocka_unit_test_setup(uart_loopback, uart_setup),
		cmocka_unit_test(clock_reads_and_sets),
		cmocka_unit_test(finisher_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
