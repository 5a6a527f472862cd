/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs on several host threads: LL/SC between them, devices, stops and limits. */
#include "board_machine.h"
#include "emu/link.h"

#define COUNTER UINT64_C(0x2000)
#define OTHER	(COUNTER + LINK_LINES * LINK_LINE) /* shares the version of COUNTER's line */
#define ROUNDS	5000

static struct machine *machine;

static void make(unsigned cpus, unsigned threads, const struct engine_ops *engine)
{
	const struct board_config board = {0};
	struct machine_config config = test_config(cpus);
	struct error error;

	config.threads = threads;
	machine = machine_create(&config, engine, &error);
	assert_non_null(machine);
	assert_int_equal(board_create(machine, &board, &error), 0);
}

static void destroy(void)
{
	machine_destroy(machine);
	machine = NULL;
}

static void configurations(void **state)
{
	struct machine_config config = test_config(2);
	struct error error = {""};

	(void)state;
	config.threads = 3;
	assert_null(machine_create(&config, &interpreter_engine, &error));
	assert_non_null(strstr(error.text, "1 to 2 host threads, not 3"));
	make(4, 2, &interpreter_engine);
	assert_int_equal(machine_thread_of(machine, 1), 0);
	assert_int_equal(machine_thread_of(machine, 2), 1);
	destroy();
	make(2, 1, &interpreter_engine);
	assert_null(machine->threads);
	assert_null(machine->links);
	destroy();
}

static uint64_t load(unsigned cpu, uint64_t pa)
{
	machine->cpu[cpu]->linked_address = pa;
	return link_load(machine->cpu[cpu], pa, 8);
}

static uint64_t *word(uint64_t pa)
{
	return ram_pointer(machine, pa);
}

static void an_sc_fails_after_another_one_and_after_a_store(void **state)
{
	(void)state;
	make(2, 2, &interpreter_engine);
	assert_int_equal(load(0, COUNTER), 0);
	assert_true(link_store(machine->cpu[0], COUNTER, 8, 5));
	assert_int_equal(*word(COUNTER), 5);
	/* the value comes back, by SCs */
	load(0, COUNTER);
	load(1, COUNTER);
	assert_true(link_store(machine->cpu[1], COUNTER, 8, 6));
	load(1, COUNTER);
	assert_true(link_store(machine->cpu[1], COUNTER, 8, 5));
	assert_false(link_store(machine->cpu[0], COUNTER, 8, 7));
	assert_int_equal(*word(COUNTER), 5);
	/* a plain store */
	load(0, COUNTER);
	*word(COUNTER) = 9;
	assert_false(link_store(machine->cpu[0], COUNTER, 8, 7));
	assert_int_equal(*word(COUNTER), 9);
	/* one that failed does not end other links */
	load(1, COUNTER);
	*word(OTHER) = 1;
	load(0, OTHER);
	*word(OTHER) = 2;
	assert_false(link_store(machine->cpu[0], OTHER, 8, 7));
	assert_true(link_store(machine->cpu[1], COUNTER, 8, 10));
	/* halves of a word */
	*word(COUNTER) = UINT64_C(0x1111111122222222);
	assert_int_equal(link_load(machine->cpu[0], COUNTER + 4, 4), 0x11111111);
	assert_true(link_store(machine->cpu[0], COUNTER + 4, 4, 0x33333333));
	assert_int_equal(*word(COUNTER), UINT64_C(0x3333333322222222));
	destroy();
}

/* Each CPU adds 1 to the counter ROUNDS times, waits until all have, and ends the machine. */
static void run_counters(unsigned cpus, unsigned threads, const struct engine_ops *engine)
{
	const uint32_t program[] = {
		0x3c088000,
		0x35082000,	     /* t0 = counter */
		0x34090000 | ROUNDS, /* t1 */
		0xc10a0000,
		0x254a0001, /* 1: ll t2, 0(t0); addiu t2, t2, 1 */
		0xe10a0000,
		0x1140fffc,
		0, /* sc t2, 0(t0); beqz t2, 1b */
		0x2529ffff,
		0x1520fff9,
		0, /* t1--; bnez t1, 1b */
		0xc10a0040,
		0x254a0001, /* 2: the number of CPUs that are done */
		0xe10a0040,
		0x1140fffc,
		0, /* sc t2, 64(t0); beqz t2, 2b */
		0x8d0a0040,
		0x2d4a0000 | cpus, /* 3: lw t2, 64(t0); sltiu t2, t2, cpus */
		0x1540fffd,
		0, /* bnez t2, 3b */
		0x3c08bf00,
		0x3c090007,
		0x35293333, /* the finisher: status 7 */
		0xad090000,
		0x1000ffff,
		0,
	};

	make(cpus, threads, engine);
	for (unsigned n = 0; n < cpus; n++)
		test_program(machine, n, program, sizeof(program), 0);
	assert_int_equal(machine_run(machine), STOP_FINISHER);
	assert_int_equal(machine->exit_status, 7);
	assert_int_equal(*(uint32_t *)ram_pointer(machine, COUNTER), cpus * ROUNDS);
}

static void counters_are_exact(void **state)
{
	static const struct engine_ops *const engines[] = {&interpreter_engine, &translator_engine};

	(void)state;
	for (unsigned engine = 0; engine < 2; engine++) {
		for (unsigned cpus = 2; cpus <= 8; cpus *= 2) {
			for (unsigned threads = 2; threads <= cpus; threads++) {
				struct machine_threads_stats stats;

				run_counters(cpus, threads, engines[engine]);
				machine_threads_stats(machine, &stats);
				assert_true(stats.phases > 0);
				assert_true(stats.alone > 0); /* the finisher, at least */
				destroy();
			}
		}
	}
}

static void the_limit_is_exact(void **state)
{
	static const uint32_t spin[] = {0x1000fffe, 0x25080001, 0x1000fffd, 0};

	(void)state;
	for (uint64_t limit = 1; limit < 300000; limit += 59999) {
		make(2, 2, &translator_engine);
		for (unsigned n = 0; n < 2; n++)
			test_program(machine, n, spin + 2, 8, STATUS_IE);
		memcpy(ram_pointer(machine, PROGRAM_PA - 8), spin, sizeof(spin));
		machine->instruction_limit = limit;
		assert_int_equal(machine_run(machine), STOP_LIMIT);
		assert_int_equal(machine->cpu[0]->instructions + machine->cpu[1]->instructions,
				 limit);
		destroy();
	}
}

/* Events happen at their time, though quanta are longer. */
static void event_times(void **state)
{
	static const uint32_t spin[] = {0x1000fffe, 0x25080001, 0x1000fffd, 0};

	(void)state;
	make(2, 2, &translator_engine);
	for (unsigned n = 0; n < 2; n++)
		test_program(machine, n, spin + 2, 8, STATUS_IE);
	memcpy(ram_pointer(machine, PROGRAM_PA - 8), spin, sizeof(spin));
	for (uint64_t wait = 3; wait < 200000; wait = wait * 3 + 1) {
		uint64_t before = machine->now;

		test_run(machine, wait);
		assert_int_equal(machine->now, before + wait);
	}
	destroy();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configurations),
		cmocka_unit_test(an_sc_fails_after_another_one_and_after_a_store),
		cmocka_unit_test(counters_are_exact),
		cmocka_unit_test(the_limit_is_exact),
		cmocka_unit_test(event_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
