/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Switching between the memory models while the machine runs. */
#include "board_machine.h"
#include "emu/ccnuma.h"

#define ON_AT		 UINT64_C(50000)
#define OFF_AT		 UINT64_C(900000)
#define INSTRUCTIONS	 UINT64_C(600000)
#define CONFIG_K0_CACHED 3
#define LINES		 1024 /* that the program adds one to, over and over */

static const struct ccnuma_config model = {
	.l1i = {.size = 1024, .ways = 1, .line = 32, .replacement = REPLACE_FIFO},
	.l1d = {.size = 1024, .ways = 1, .line = 32, .replacement = REPLACE_FIFO},
	.l2 = {.size = 16384, .ways = 1, .line = 64, .hit_cycles = 10},
	.miss_cycles = {{60, 180}, {180, 60}},
	.dirty_cycles = 60,
	.upgrade_cycles = 60,
	.directory_cycles = 20,
};

static const uint32_t program[] = {
	0x3c0a8010, /* lui t2, 0x8010 */
	0x01404821, /* outer: move t1, t2 */
	0x340b0000 | LINES,
	0x8d280000, /* inner: lw t0, 0(t1) */
	0x25080001, /* addiu t0, t0, 1 */
	0xad280000, /* sw t0, 0(t1) */
	0x25290040, /* addiu t1, t1, 64 */
	0x256bffff, /* addiu t3, t3, -1 */
	0x1560fffa, /* bnez t3, inner */
	0,
	0x1000fff6, /* b outer */
	0,
};

struct outcome {
	uint64_t cycles[2], instructions[2], modelled, misses, misses_at_switch;
	uint32_t words;
};

static uint64_t misses(const struct machine *machine)
{
	uint64_t sum = 0;

	for (unsigned n = 0; n < 2; n++) {
		struct ccnuma_stats stats = machine_memory_stats(machine, n);

		sum += stats.local_misses + stats.remote_misses;
	}
	return sum;
}

static void turn_on(void *opaque, uint64_t now)
{
	struct error error;

	(void)now;
	assert_int_equal(machine_set_memory_model(opaque, true, &error), 0);
}

static uint64_t misses_at_switch;

static void turn_off(void *opaque, uint64_t now)
{
	struct error error;

	(void)now;
	assert_int_equal(machine_set_memory_model(opaque, false, &error), 0);
	misses_at_switch = misses(opaque);
}

static struct outcome run(const struct engine_ops *engine, bool switching)
{
	struct machine_config config = test_config(2);
	const struct board_config board = {0};
	struct outcome outcome;
	struct machine *machine;
	struct error error;

	config.nodes = 2;
	machine = machine_create(&config, engine, &error);
	assert_non_null(machine);
	assert_int_equal(board_create(machine, &board, &error), 0);
	for (unsigned n = 0; n < 2; n++) {
		test_program(machine, n, program, sizeof(program), 0);
		cp0_write(machine->cpu[n], 16, 0, CONFIG_K0_CACHED);
	}
	if (switching) {
		assert_int_equal(machine_configure_ccnuma(machine, &model, &error), 0);
		event_at(machine, ON_AT, turn_on, machine);
		event_at(machine, OFF_AT, turn_off, machine);
	}
	assert_int_equal(machine_has_ccnuma(machine), switching);
	machine->instruction_limit = INSTRUCTIONS;
	assert_int_equal(machine_run(machine), STOP_LIMIT);
	memset(&outcome, 0, sizeof(outcome));
	for (unsigned n = 0; n < 2; n++) {
		outcome.cycles[n] = machine->cpu[n]->cycles;
		outcome.instructions[n] = machine->cpu[n]->instructions;
	}
	for (unsigned n = 0; n < LINES; n++)
		outcome.words += *(const uint32_t *)ram_pointer(machine, 0x100000 + n * 64);
	outcome.modelled = machine_modelled_cycles(machine);
	outcome.misses = misses(machine);
	outcome.misses_at_switch = misses_at_switch;
	assert_int_equal(machine_model_switches(machine), switching ? 2 : 0);
	assert_null(machine->ccnuma);
	machine_destroy(machine);
	return outcome;
}

static void engines_agree_over_switches(void **state)
{
	const struct outcome a = run(&interpreter_engine, true), b = run(&translator_engine, true);

	(void)state;
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(a.modelled >= OFF_AT - ON_AT);
	assert_true(a.modelled < OFF_AT - ON_AT + 10000);
	assert_true(a.misses > 100);
	assert_int_equal(a.misses, a.misses_at_switch);
}

static void only_the_time_with_the_model_costs_more(void **state)
{
	const struct outcome with = run(&translator_engine, true);
	const struct outcome without = run(&translator_engine, false);

	(void)state;
	assert_int_equal(without.cycles[0], without.instructions[0]);
	assert_int_equal(without.misses, 0);
	assert_int_equal(without.modelled, 0);
	assert_true(with.cycles[0] > with.instructions[0]);
	assert_true(with.cycles[0] - with.instructions[0] < with.modelled);
}

static void nothing_to_switch_to(void **state)
{
	struct machine_config config = test_config(1);
	struct machine *machine;
	struct error error;

	(void)state;
	machine = machine_create(&config, &translator_engine, &error);
	assert_non_null(machine);
	assert_int_equal(machine_set_memory_model(machine, false, &error), 0);
	assert_int_not_equal(machine_set_memory_model(machine, true, &error), 0);
	assert_true(error.text[0]);
	machine_destroy(machine);
}

/* ---- links made by uncached loads ---- */

#define CODE	 UINT64_C(0x9800000000002000) /* XKPHYS, cached */
#define WORD	 UINT64_C(0x9800000000400000)
#define UNCACHED UINT64_C(0x9000000000400000) /* the same */
#define LL_T0	 0xc1280000u		      /* ll t0, 0(t1) */
#define SC_T0	 0xe1280000u
#define SW_T0	 0xad280000u

static void step(struct machine *machine, unsigned number, uint32_t word, uint64_t va)
{
	struct cpu *cpu = machine->cpu[number];

	memcpy(machine->ram + 0x2000, &word, sizeof(word));
	cpu->pc = CODE;
	cpu->gpr[9] = va;
	interpreter_step(cpu);
	assert_int_equal(cpu->pc, CODE + 4);
	machine_end_link(cpu); /* as at the end of a quantum */
}

/* Unaligned accesses, each to one aligned word, are one access to memory. */
static void test_uncached_unaligned(void **state)
{
	static const uint32_t words[] = {
		0x89280002, /* lwl t0, 2(t1) */
		0x99280002, /* lwr t0, 2(t1) */
		0xa9280002, /* swl t0, 2(t1) */
		0xb9280002, /* swr t0, 2(t1) */
		0x69280005, /* ldl t0, 5(t1) */
		0xb5280005, /* sdr t0, 5(t1) */
	};
	struct machine_config config = test_config(1);
	struct machine *machine;
	struct error error;

	(void)state;
	machine = machine_create(&config, &interpreter_engine, &error);
	assert_non_null(machine);
	assert_int_equal(machine_use_ccnuma(machine, &model, &error), 0);
	machine->cpu[0]->cp0[CP0_STATUS] = STATUS_KX;
	cpu_state_changed(machine->cpu[0]);
	step(machine, 0, 0, UNCACHED); /* the code's line is cached now */
	for (unsigned n = 0; n < sizeof(words) / sizeof(words[0]); n++) {
		step(machine, 0, words[n], UNCACHED + n * 64);
		assert_int_equal(ccnuma_stats(machine->ccnuma, 0)->uncached, n + 1);
	}
	machine_destroy(machine);
}

static bool stores_after(struct machine *machine, uint64_t linked, uint32_t word, uint64_t va)
{
	step(machine, 0, LL_T0, linked);
	step(machine, 1, word, va);
	step(machine, 0, SC_T0, linked);
	return machine->cpu[0]->gpr[8] == 1;
}

static void test_uncached_links(void **state)
{
	struct machine_config config = test_config(2);
	struct machine *machine;
	struct error error;

	(void)state;
	config.nodes = 2;
	machine = machine_create(&config, &interpreter_engine, &error);
	assert_non_null(machine);
	assert_int_equal(machine_use_ccnuma(machine, &model, &error), 0);
	for (unsigned n = 0; n < 2; n++) {
		machine->cpu[n]->cp0[CP0_STATUS] = STATUS_KX;
		cpu_state_changed(machine->cpu[n]);
	}
	assert_true(stores_after(machine, UNCACHED, 0, WORD));
	assert_true(stores_after(machine, UNCACHED, LL_T0, WORD));
	assert_true(stores_after(machine, UNCACHED, SW_T0, UNCACHED + 8));
	assert_false(stores_after(machine, UNCACHED, SW_T0, UNCACHED));
	assert_false(stores_after(machine, UNCACHED, SW_T0, UNCACHED + 4));
	assert_false(stores_after(machine, UNCACHED, SW_T0, WORD));
	assert_false(stores_after(machine, WORD, SW_T0, UNCACHED));
	assert_false(stores_after(machine, WORD, SW_T0, WORD));
	assert_true(stores_after(machine, WORD, LL_T0, UNCACHED));
	step(machine, 1, SW_T0, WORD); /* CPU 1 has the line modified now */
	assert_false(stores_after(machine, UNCACHED, SW_T0, WORD));
	assert_true(stores_after(machine, UNCACHED, LL_T0, WORD));
	machine_destroy(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uncached_links),
		cmocka_unit_test(test_uncached_unaligned),
		cmocka_unit_test(engines_agree_over_switches),
		cmocka_unit_test(only_the_time_with_the_model_costs_more),
		cmocka_unit_test(nothing_to_switch_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
