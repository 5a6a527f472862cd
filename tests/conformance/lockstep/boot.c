// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Boots the same kernel on two engines and compares the machines at equal instruction counts: all
 * CPUs, and RAM at the end. On a difference it goes back and finds the first instruction count at
 * which the machines differ.
 *
 * Usage: lockstep-boot KERNEL INITRD [--cpus N] [--limit N] [--interval N] [--memory MIB]
 *        [--ccnuma 0|1|2]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/board.h"
#include "emu/ccnuma.h"
#include "emu/machine.h"
#include "emu/mem.h"

struct options {
	const char *kernel;
	const char *initrd;
	unsigned cpus;
	uint64_t limit;
	uint64_t interval;
	uint64_t memory;
	unsigned ccnuma; /* 0: no, 1: yes, 2: with LRU first levels */
};

#define LOCAL_CYCLES  60
#define REMOTE_CYCLES 180

/* As machines/flash8.cfg, a node a CPU. */
static struct ccnuma_config memory_model(unsigned nodes, bool lru)
{
	const enum cache_replacement replacement = lru ? REPLACE_LRU : REPLACE_FIFO;
	struct ccnuma_config config = {
		.l1i = {.size = 32768, .ways = 2, .line = 64, .replacement = replacement},
		.l1d = {.size = 32768, .ways = 2, .line = 32, .replacement = replacement},
		.l2 = {.size = 1 << 20, .ways = 2, .line = 128, .hit_cycles = 10},
		.dirty_cycles = 60,
		.upgrade_cycles = 60,
		.directory_cycles = 20,
		.seed = 1,
	};

	for (unsigned from = 0; from < nodes; from++)
		for (unsigned to = 0; to < nodes; to++)
			config.miss_cycles[from][to] = from == to ? LOCAL_CYCLES : REMOTE_CYCLES;
	return config;
}

static void print_console(void *opaque, unsigned port, const uint8_t *data, size_t length)
{
	(void)port;
	if (opaque)
		fwrite(data, 1, length, stdout);
}

static struct machine *boot(const struct options *options, const struct engine_ops *engine,
			    bool show_console)
{
	const struct machine_config config = {
		.name = "lockstep",
		.nodes = options->ccnuma ? options->cpus : 1,
		.cpus = options->cpus,
		.memory = options->memory << 20,
		.quantum = 1000,
		.seed = 1,
		.cpu = {.tlb_entries = 64, .clock_mhz = 200, .segctl = true, .xkseg_bit = true},
	};
	const struct board_config board = {
		.kernel = options->kernel,
		.initrd = options->initrd,
		.append = "console=ttyS0",
		.console = {.output = print_console, .opaque = show_console ? stdout : NULL},
	};
	const struct ccnuma_config model = memory_model(config.nodes, options->ccnuma == 2);
	struct error error = {""};
	struct machine *machine = machine_create(&config, engine, &error);

	if (!machine || (options->ccnuma && machine_use_ccnuma(machine, &model, &error)) ||
	    board_create(machine, &board, &error) < 0) {
		fprintf(stderr, "lockstep-boot: %s\n", error.text);
		exit(2);
	}
	return machine;
}

/* Runs until @instructions have been executed in all; false when the guest ended before. */
static bool run_to(struct machine *machine, uint64_t instructions)
{
	machine->instruction_limit = instructions;
	machine->stop = false;
	machine->stop_reason = STOP_NONE;
	return machine_run(machine) == STOP_LIMIT;
}

static uint64_t difference(const char *name, unsigned cpu, unsigned index, uint64_t a, uint64_t b,
			   bool report)
{
	if (a != b && report)
		printf("CPU %u %s[%u]: interpreter 0x%016" PRIx64 ", translator 0x%016" PRIx64 "\n",
		       cpu, name, index, a, b);
	return a != b;
}

static uint64_t compare_array(const char *name, unsigned cpu, const uint64_t *a, const uint64_t *b,
			      size_t count, bool report)
{
	uint64_t differences = 0;

	for (unsigned i = 0; i < count; i++)
		differences += difference(name, cpu, i, a[i], b[i], report);
	return differences;
}

/* Returns how many values differ. */
static uint64_t compare_cpu(const struct cpu *a, const struct cpu *b, bool report)
{
	uint64_t differences = 0;

#define SCALAR(field)                                                                              \
	differences +=                                                                             \
		difference(#field, a->number, 0, (uint64_t)a->field, (uint64_t)b->field, report)
	SCALAR(pc);
	SCALAR(cycles);
	SCALAR(instructions);
	SCALAR(in_delay_slot);
	SCALAR(waiting);
	SCALAR(hi);
	SCALAR(lo);
	SCALAR(fcr31);
	SCALAR(linked);
	SCALAR(board_deadline);
	SCALAR(timer_deadline);
#undef SCALAR
#define ARRAY(field, count)                                                                        \
	differences += compare_array(#field, a->number, a->field, b->field, count, report)
	ARRAY(gpr, 32);
	ARRAY(fpr, 32);
	ARRAY(cp0, CP0_REGISTERS);
	ARRAY(stats.exceptions, EXC_CODES);
#undef ARRAY
	differences += difference("tlb_refills", a->number, 0, a->stats.tlb_refills,
				  b->stats.tlb_refills, report);
	if (a->machine->ccnuma)
		differences +=
			compare_array("memory model", a->number,
				      (const uint64_t *)ccnuma_stats(a->machine->ccnuma, a->number),
				      (const uint64_t *)ccnuma_stats(b->machine->ccnuma, b->number),
				      sizeof(struct ccnuma_stats) / sizeof(uint64_t), report);
	differences += difference("device_accesses", a->number, 0, a->stats.device_accesses,
				  b->stats.device_accesses, report);
	return differences;
}

static bool equal(const struct machine *a, const struct machine *b, bool report)
{
	uint64_t differences = difference("now", 0, 0, a->now, b->now, report);

	for (unsigned n = 0; n < a->config.cpus; n++)
		differences += compare_cpu(a->cpu[n], b->cpu[n], report);
	return differences == 0;
}

static bool equal_memory(const struct machine *a, const struct machine *b)
{
	for (uint64_t offset = 0; offset < a->config.memory; offset += 8) {
		if (memcmp(a->ram + offset, b->ram + offset, 8) != 0) {
			printf("RAM differs at offset 0x%" PRIx64 "\n", offset);
			return false;
		}
	}
	return true;
}

/* The state is equal at @good and not at @bad: boots again, goes on in smaller and smaller steps.
 */
static void find_first(const struct options *options, uint64_t good, uint64_t bad)
{
	while (bad - good > 1) {
		uint64_t step = (bad - good + 99) / 100;
		struct machine *a = boot(options, &interpreter_engine, false);
		struct machine *b = boot(options, &translator_engine, false);
		uint64_t at = good;

		if (good > 0) {
			run_to(a, good);
			run_to(b, good);
		}
		do {
			good = at;
			at += step;
			run_to(a, at);
			run_to(b, at);
		} while (at < bad && equal(a, b, false));
		bad = at;
		printf("equal at %" PRIu64 ", different at %" PRIu64
		       "; interpreter pc 0x%016" PRIx64 "\n",
		       good, bad, a->cpu[0]->pc);
		if (bad - good <= 1)
			equal(a, b, true);
		machine_destroy(a);
		machine_destroy(b);
	}
}

static bool run(const struct options *options)
{
	struct machine *a = boot(options, &interpreter_engine, true);
	struct machine *b = boot(options, &translator_engine, false);
	uint64_t at = 0;
	bool same = true, running = true;

	while (same && running && at < options->limit) {
		at += options->interval;
		running = run_to(a, at);
		same = run_to(b, at) == running && equal(a, b, true);
	}
	printf("\n%" PRIu64 " instructions, every %" PRIu64 " compared\n", at, options->interval);
	same = same && equal_memory(a, b);
	machine_destroy(a);
	machine_destroy(b);
	if (!same)
		find_first(options, at - options->interval, at);
	return same;
}

static void usage(void)
{
	fprintf(stderr, "usage: lockstep-boot KERNEL INITRD [--cpus N] [--limit N] [--interval N] "
			"[--memory MIB] [--ccnuma 0|1|2]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct options options = {NULL, NULL, 1, 1500000000, 20000000, 512, false};
	bool same;

	if (argc < 3 || argc % 2 == 0)
		usage();
	options.kernel = argv[1];
	options.initrd = argv[2];
	for (int i = 3; i < argc; i += 2) {
		uint64_t value = strtoull(argv[i + 1], NULL, 0);

		if (strcmp(argv[i], "--cpus") == 0)
			options.cpus = (unsigned)value;
		else if (strcmp(argv[i], "--limit") == 0)
			options.limit = value;
		else if (strcmp(argv[i], "--interval") == 0)
			options.interval = value;
		else if (strcmp(argv[i], "--memory") == 0)
			options.memory = value;
		else if (strcmp(argv[i], "--ccnuma") == 0)
			options.ccnuma = (unsigned)value;
		else
			usage();
	}
	same = run(&options);
	printf("%d passed, %d failed\n", same, !same);
	return !same;
}
