/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The GIC: routing of shared interrupts, IPIs, the compare timer, the counter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dev/gic.h"

#define CPUS	4
#define LOCAL	0x8000
#define OTHER	0xc000
#define USER	0x10000
#define COMPARE 0xa0
#define TO_PIN	0x80000000u

static struct gic gic;
static uint64_t cycles[CPUS], timer[CPUS];
static uint8_t pins[CPUS];

static void set_pin(void *opaque, unsigned cpu, unsigned pin, bool level)
{
	(void)opaque;
	pins[cpu] = (uint8_t)((pins[cpu] & ~(1u << pin)) | (unsigned)level << pin);
}

static uint64_t now(void *opaque, unsigned cpu)
{
	(void)opaque;
	return cycles[cpu];
}

static void set_timer(void *opaque, unsigned cpu, uint64_t cycle)
{
	(void)opaque;
	timer[cpu] = cycle;
}

static int setup(void **state)
{
	const struct gic_board board = {.set_pin = set_pin, .now = now, .set_timer = set_timer};

	(void)state;
	memset(cycles, 0, sizeof(cycles));
	memset(pins, 0, sizeof(pins));
	for (unsigned n = 0; n < CPUS; n++)
		timer[n] = GIC_NO_TIMER;
	gic_init(&gic, &board, CPUS, 128);
	return 0;
}

static uint32_t get(unsigned cpu, uint64_t offset)
{
	uint64_t value;

	assert_true(gic_read(&gic, cpu, offset, 4, &value));
	return (uint32_t)value;
}

static void put(unsigned cpu, uint64_t offset, uint32_t value)
{
	assert_true(gic_write(&gic, cpu, offset, 4, value));
}

/* Shared interrupt @number to @pin of the CPUs in @mask, enabled. */
static void route(unsigned number, unsigned pin, uint32_t mask)
{
	put(0, 0x500 + 4 * number, TO_PIN | pin);
	put(0, 0x2000 + 0x20 * number, mask);
	put(0, 0x380 + number / 32 * 4, 1u << number % 32);
}

static void configuration(void **state)
{
	(void)state;
	assert_int_equal(get(0, 0x000) & 0x7f, CPUS - 1);
	assert_int_equal(get(0, 0x000) >> 16 & 0xff, 128 / 8 - 1);
	assert_int_equal(get(0, 0x000) >> 24 & 0xf, 8);
	assert_int_equal(get(2, LOCAL + 0x88), 2);
}

static void level_interrupts(void **state)
{
	(void)state;
	route(40, 3, 1u << 2);
	gic_set_shared(&gic, 40, true);
	assert_int_equal(pins[2], 1u << 3);
	assert_int_equal(pins[0], 0);
	assert_int_equal(get(0, 0x484), 1u << 8);
	put(0, 0x304, 1u << 8); /* RMASK */
	assert_int_equal(pins[2], 0);
	put(0, 0x384, 1u << 8);
	assert_int_equal(pins[2], 1u << 3);
	put(0, 0x2000 + 0x20 * 40, 1u << 1); /* to another CPU */
	assert_int_equal(pins[2], 0);
	assert_int_equal(pins[1], 1u << 3);
	gic_set_shared(&gic, 40, false);
	assert_int_equal(pins[1], 0);
}

static void low_active_level(void **state)
{
	(void)state;
	route(5, 0, 1);
	assert_int_equal(pins[0], 0);
	put(0, 0x100, ~(1u << 5));
	assert_int_equal(pins[0], 1);
	gic_set_shared(&gic, 5, true);
	assert_int_equal(pins[0], 0);
}

static void edges_stay_until_acknowledged(void **state)
{
	(void)state;
	put(0, 0x180, 1u << 7); /* edge */
	route(7, 0, 1);
	gic_set_shared(&gic, 7, true);
	gic_set_shared(&gic, 7, false);
	assert_int_equal(pins[0], 1);
	put(0, 0x280, 7); /* WEDGE clears */
	assert_int_equal(pins[0], 0);
}

static void interprocessor_interrupts(void **state)
{
	(void)state;
	put(0, 0x180 + 12, 1u << 31); /* interrupt 127, edge */
	route(127, 0, 1u << 3);
	put(1, 0x280, 0x80000000u | 127);
	assert_int_equal(pins[3], 1);
	put(3, 0x280, 127);
	assert_int_equal(pins[3], 0);
	put(1, 0x280, 0x80000000u | 999); /* no such interrupt */
}

static void counter(void **state)
{
	uint64_t value;

	(void)state;
	cycles[0] = UINT64_C(0x123456789a);
	assert_int_equal(get(0, 0x010), 0x3456789a);
	assert_int_equal(get(0, 0x014), 0x12);
	assert_int_equal(get(0, USER), 0x3456789a);
	assert_int_equal(get(0, USER + 4), 0x12);
	assert_true(gic_read(&gic, 0, 0x010, 8, &value));
	assert_int_equal(value, UINT64_C(0x123456789a));
}

static void counter_never_goes_back(void **state)
{
	(void)state;
	cycles[0] = 1000;
	cycles[1] = 400;
	assert_int_equal(get(0, 0x010), 1000);
	assert_int_equal(get(1, 0x010), 1000);
	cycles[1] = 1001;
	assert_int_equal(get(1, 0x010), 1001);
}

static void counter_can_be_stopped_and_set(void **state)
{
	(void)state;
	cycles[0] = 500;
	put(0, 0x000, 1u << 28);
	cycles[0] = 900;
	assert_int_equal(get(0, 0x010), 500);
	put(0, 0x010, 10);
	put(0, 0x014, 1);
	put(0, 0x000, 0);
	cycles[0] = 905;
	assert_int_equal(get(0, 0x010), 15);
	assert_int_equal(get(0, 0x014), 1);
}

static void compare_timer(void **state)
{
	(void)state;
	put(1, LOCAL + 0x44, TO_PIN | 0);
	put(1, LOCAL + 0x10, 1u << GIC_LOCAL_COMPARE);
	cycles[1] = 100;
	put(1, LOCAL + COMPARE + 4, 0);
	put(1, LOCAL + COMPARE, 350);
	assert_int_equal(timer[1], 350);
	cycles[1] = 349;
	gic_timer(&gic, 1);
	assert_int_equal(pins[1], 0);
	cycles[1] = 350;
	gic_timer(&gic, 1);
	assert_int_equal(pins[1], 1);
	assert_int_equal(get(1, LOCAL + 0x04), 1u << GIC_LOCAL_COMPARE);
	put(1, LOCAL + COMPARE, 350); /* what the kernel's handler does */
	assert_int_equal(pins[1], 0);
	assert_true(timer[1] == GIC_NO_TIMER);
}

static void other_block_reaches_another_cpu(void **state)
{
	(void)state;
	put(0, LOCAL + 0x80, 3);
	put(0, OTHER + 0x44, TO_PIN | 2);
	assert_int_equal(get(3, LOCAL + 0x44), TO_PIN | 2);
	put(0, OTHER + COMPARE + 4, 0);
	put(0, OTHER + COMPARE, 5);
	assert_int_equal(timer[3], 5);
	put(0, LOCAL + 0x80, 77); /* no such CPU */
	put(0, OTHER + 0x44, 1);
	assert_int_equal(get(0, OTHER + 0x44), 0);
}

/* Whatever is written, reads and writes anywhere do not crash, and pins only go to CPUs there are.
 */
static void random_accesses(void **state)
{
	uint64_t random = 1, value;

	(void)state;
	for (unsigned n = 0; n < 200000; n++) {
		uint64_t offset;
		unsigned size = 4u << (n & 1);

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		offset = (random >> 33) % 0x20000 & ~(uint64_t)(size - 1);
		if (random >> 20 & 1)
			gic_write(&gic, (unsigned)(random >> 60) % CPUS, offset, size, random >> 7);
		else
			gic_read(&gic, (unsigned)(random >> 60) % CPUS, offset, size, &value);
		cycles[n % CPUS] += 3;
		gic_set_shared(&gic, (unsigned)(random >> 40) & 0xff, random >> 39 & 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(configuration, setup),
		cmocka_unit_test_setup(level_interrupts, setup),
		cmocka_unit_test_setup(low_active_level, setup),
		cmocka_unit_test_setup(edges_stay_until_acknowledged, setup),
		cmocka_unit_test_setup(interprocessor_interrupts, setup),
		cmocka_unit_test_setup(counter, setup),
		cmocka_unit_test_setup(counter_never_goes_back, setup),
		cmocka_unit_test_setup(counter_can_be_stopped_and_set, setup),
		cmocka_unit_test_setup(compare_timer, setup),
		cmocka_unit_test_setup(other_block_reaches_another_cpu, setup),
		cmocka_unit_test_setup(random_accesses, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
