/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine: memory map, how runs end, limits, several CPUs. */
#include "board_machine.h"

static struct machine *machine;

static int make(unsigned cpus)
{
	const struct machine_config config = test_config(cpus);
	const struct board_config board = {0};
	struct error error;

	machine = machine_create(&config, &interpreter_engine, &error);
	return machine ? board_create(machine, &board, &error) : -1;
}

static int setup(void **state)
{
	(void)state;
	return make(1);
}

static int teardown(void **state)
{
	(void)state;
	machine_destroy(machine);
	return 0;
}

static void configurations(void **state)
{
	static const struct {
		unsigned nodes, cpus;
		uint64_t memory;
	} bad[] = {{0, 1, UINT64_C(64) << 20}, {65, 65, UINT64_C(128) << 20},
		   {4, 2, UINT64_C(64) << 20}, {1, 65, UINT64_C(64) << 20},
		   {1, 1, UINT64_C(63) << 20}, {1, 1, (UINT64_C(64) << 30) + 4096},
		   {3, 3, UINT64_C(64) << 20}, {1, 1, (UINT64_C(64) << 20) + 1}};
	struct machine_config config = test_config(1);
	struct error error;

	(void)state;
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		config.nodes = bad[n].nodes;
		config.cpus = bad[n].cpus;
		config.memory = bad[n].memory;
		error.text[0] = 0;
		assert_null(machine_create(&config, &interpreter_engine, &error));
		assert_true(error.text[0]);
	}
	config = test_config(64);
	config.nodes = 64;
	config.memory = UINT64_C(64) << 30;
	machine = machine_create(&config, &interpreter_engine, &error);
	assert_non_null(machine);
	*(uint8_t *)ram_pointer(machine, (UINT64_C(64) << 30) + 0x0fffffff) = 1;
	machine_destroy(machine);
}

static void memory_has_a_hole(void **state)
{
	struct machine_config config = test_config(1);
	struct error error;

	(void)state;
	config.memory = UINT64_C(512) << 20;
	machine = machine_create(&config, &interpreter_engine, &error);
	assert_non_null(machine);
	assert_true(ram_valid(machine, 0, DEVICE_HOLE_START));
	assert_false(ram_valid(machine, 0, DEVICE_HOLE_START + 1));
	assert_null(ram_pointer(machine, DEVICE_HOLE_START));
	assert_null(ram_pointer(machine, DEVICE_HOLE_END - 1));
	assert_true(ram_valid(machine, DEVICE_HOLE_END, DEVICE_HOLE_START));
	assert_false(ram_valid(machine, DEVICE_HOLE_END, DEVICE_HOLE_START + 1));
	assert_false(ram_valid(machine, UINT64_MAX, 2));
	assert_ptr_equal((uint8_t *)ram_pointer(machine, DEVICE_HOLE_END),
			 (uint8_t *)ram_pointer(machine, 0) + DEVICE_HOLE_START);
	machine_destroy(machine);
}

static void nothing_there_is_a_bus_error(void **state)
{
	uint64_t value;

	(void)state;
	assert_false(phys_read(machine, machine->cpu[0], 0x10000000, 4, &value));
	assert_false(phys_write(machine, machine->cpu[0], 0x1e000000, 4, 0));
	assert_false(phys_read(machine, machine->cpu[0], UINT64_C(1) << 39, 8, &value));
	assert_false(phys_read(machine, machine->cpu[0], MAP_UART_BASE + MAP_UART_SIZE, 4, &value));
	assert_true(phys_write(machine, machine->cpu[0], MAP_GCR_BASE + MAP_GCR_SIZE, 4, 1));
}

static void finisher_ends_the_run(void **state)
{
	/* lui t0, 0xbf00; lui t1, 7; ori t1, t1, 0x3333; sw t1, 0(t0); b . ; nop */
	static const uint32_t program[] = {0x3c08bf00, 0x3c090007, 0x35293333,
					   0xad090000, 0x1000ffff, 0};

	(void)state;
	test_program(machine, 0, program, sizeof(program), 0);
	assert_int_equal(machine_run(machine), STOP_FINISHER);
	assert_int_equal(machine->exit_status, 7);
	assert_int_equal(machine->cpu[0]->instructions, 4);
}

static void waiting_with_interrupts_off_is_halted(void **state)
{
	static const uint32_t wait_loop[] = {0x42000020, 0x1000fffe, 0};

	(void)state;
	test_program(machine, 0, wait_loop, sizeof(wait_loop), 0);
	assert_int_equal(machine_run(machine), STOP_HALTED);
}

static void branching_to_itself_with_interrupts_off_is_halted(void **state)
{
	static const uint32_t spin[] = {0x1000ffff, 0};

	(void)state;
	test_program(machine, 0, spin, sizeof(spin), 0);
	assert_int_equal(machine_run(machine), STOP_HALTED);
}

/* Jump to nowhere, reserved instruction in the vector, exception in the exception handler. */
static void wild_programs_are_stopped(void **state)
{
	/* A handler that raises another exception after five instructions. */
	static const uint32_t handler[] = {0, 0, 0, 0, 0, 0x0000000d};
	static const uint32_t jump[] = {0x3c08b000, 0x01000008, 0}; /* into the device hole */

	(void)state;
	assert_int_equal(machine_run(machine), STOP_WILD); /* nothing at the reset vector */
	assert_non_null(strstr(machine->stop_text, "CPU 0"));
	teardown(NULL);
	assert_int_equal(make(1), 0);
	test_program(machine, 0, jump, sizeof(jump), STATUS_BEV);
	assert_int_equal(machine_run(machine), STOP_WILD);
	teardown(NULL);
	assert_int_equal(make(1), 0);
	test_program(machine, 0, jump, sizeof(jump), 0);
	memcpy(ram_pointer(machine, 0x180), handler, sizeof(handler));
	assert_int_equal(machine_run(machine), STOP_WILD);
	assert_non_null(strstr(machine->stop_text, "handler"));
}

static void instruction_limit_is_exact(void **state)
{
	static const uint32_t spin[] = {0x1000fffe, 0x25080001, 0x1000fffd, 0};

	(void)state;
	for (uint64_t limit = 1; limit < 5000; limit += 997) {
		test_program(machine, 0, spin + 2, 8, STATUS_IE);
		machine->cpu[0]->instructions = machine->cpu[0]->accounted_instructions = 0;
		machine->stop = false;
		machine->stop_reason = STOP_NONE;
		machine->instruction_limit = limit;
		memcpy(ram_pointer(machine, PROGRAM_PA - 8), spin, sizeof(spin));
		assert_int_equal(machine_run(machine), STOP_LIMIT);
		assert_int_equal(machine->cpu[0]->instructions, limit);
	}
}

static void idle_time_is_skipped(void **state)
{
	(void)state;
	test_wait_loop(machine);
	test_run(machine, UINT64_C(1) << 30);
	assert_int_equal(machine->now, UINT64_C(1) << 30);
	assert_true(machine->cpu[0]->instructions < 100);
	assert_true(machine->cpu[0]->stats.cycles_idle > UINT64_C(1000000000));
}

static unsigned order[3], order_count;

static void note_event(void *opaque, uint64_t now)
{
	(void)now;
	order[order_count++] = (unsigned)(uintptr_t)opaque;
}

static void events_in_order(void **state)
{
	uint64_t cancelled;

	(void)state;
	order_count = 0;
	test_wait_loop(machine);
	event_at(machine, 700, note_event, (void *)2);
	event_at(machine, 500, note_event, (void *)1);
	cancelled = event_at(machine, 600, note_event, (void *)9);
	event_at(machine, 700, note_event, (void *)3);
	event_cancel(machine, cancelled);
	test_run(machine, 1000);
	assert_int_equal(order_count, 3);
	for (unsigned n = 0; n < 3; n++)
		assert_int_equal(order[n], n + 1);
}

/* CPU 0 starts CPU 1 through the power controller, at a vector of its choosing. */
static void second_cpu_starts(void **state)
{
	/* li t0, finisher; li t1, 0x5555; sw */
	static const uint32_t finish[] = {0x3c08bf00, 0x34095555, 0xad090000, 0x1000ffff, 0};

	(void)state;
	teardown(NULL);
	assert_int_equal(make(2), 0);
	memcpy(ram_pointer(machine, 0x8000), finish, sizeof(finish));
	test_write(machine, MAP_GCR_BASE + 0x2018, 1 << 16);
	test_write(machine, MAP_GCR_BASE + 0x4020, 0xa0008000);
	test_wait_loop(machine);
	test_run(machine, 5000);
	assert_false(machine->cpu[1]->present);
	test_write(machine, MAP_CPC_BASE + 0x2010, 1 << 16);
	test_write(machine, MAP_CPC_BASE + 0x4000, 4);
	test_run(machine, 5000);
	assert_int_equal(machine->stop_reason, STOP_FINISHER);
	assert_int_equal(machine->cpu[1]->instructions, 3);
	assert_int_equal(machine->cpu[1]->cp0[CP0_CMGCRBASE], MAP_GCR_BASE >> 4);
}

/* The compare timer raises its interrupt exactly at its cycle. */
static void timer_is_exact(void **state)
{
	struct cpu *cpu = machine->cpu[0];
	static const uint32_t spin[] = {0x1000ffff, 0};
	static const uint32_t end[] = {0x3c08bf00, 0x34095555, 0xad090000, 0x1000ffff, 0};

	(void)state;
	test_program(machine, 0, spin, sizeof(spin), STATUS_IE | 1u << 10);
	memcpy(ram_pointer(machine, 0x180), end, sizeof(end));
	test_write(machine, MAP_GIC_BASE + 0x8044, 0x80000000);
	test_write(machine, MAP_GIC_BASE + 0x8010, 2);
	test_write(machine, MAP_GIC_BASE + 0x80a4, 0);
	test_write(machine, MAP_GIC_BASE + 0x80a0, 12345);
	assert_int_equal(machine_run(machine), STOP_FINISHER);
	assert_int_equal(cpu->instructions, 12345 + 3);
}

/* Registers of every device hit with random values while CPUs run: nothing crashes. */
static void random_device_accesses(void **state)
{
	static const uint64_t base[] = {MAP_GCR_BASE,
					MAP_GIC_BASE,
					MAP_CPC_BASE,
					MAP_UART_BASE,
					MAP_VIRTIO_BASE,
					MAP_FINISHER_BASE,
					MAP_RTC_BASE,
					MAP_VIRTIO_BASE + 20 * MAP_VIRTIO_STRIDE,
					MAP_VIRTIO_BASE + 21 * MAP_VIRTIO_STRIDE};
	uint64_t random = 42, value;

	(void)state;
	teardown(NULL);
	assert_int_equal(make(4), 0);
	test_wait_loop(machine);
	for (unsigned n = 0; n < 100000; n++) {
		uint64_t pa;
		unsigned size;

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		size = 1u << (random >> 62);
		pa = base[(random >> 40) % 9] + ((random >> 24) % 0x8000 & ~(uint64_t)(size - 1));
		if (random >> 20 & 1)
			phys_write(machine, machine->cpu[random >> 21 & 3], pa, size, random >> 3);
		else
			phys_read(machine, machine->cpu[random >> 21 & 3], pa, size, &value);
		if (n % 1000 == 0)
			test_run(machine, 2000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configurations),
		cmocka_unit_test(memory_has_a_hole),
		cmocka_unit_test_setup_teardown(nothing_there_is_a_bus_error, setup, teardown),
		cmocka_unit_test_setup_teardown(finisher_ends_the_run, setup, teardown),
		cmocka_unit_test_setup_teardown(waiting_with_interrupts_off_is_halted, setup,
						teardown),
		cmocka_unit_test_setup_teardown(branching_to_itself_with_interrupts_off_is_halted,
						setup, teardown),
		cmocka_unit_test_setup_teardown(wild_programs_are_stopped, setup, teardown),
		cmocka_unit_test_setup_teardown(instruction_limit_is_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(idle_time_is_skipped, setup, teardown),
		cmocka_unit_test_setup_teardown(events_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(second_cpu_starts, setup, teardown),
		cmocka_unit_test_setup_teardown(timer_is_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(random_device_accesses, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
