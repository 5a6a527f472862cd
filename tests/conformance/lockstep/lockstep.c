// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compares execution engines on random programs: the same program runs in two machines, in chunks
 * of a random number of cycles, and after each chunk the whole state must be equal. The reference
 * executes instruction by instruction with interpreter_step() and the sequencing rule written down
 * again here; the other machine runs an engine. Every third program runs on two CPUs, in turns, as
 * machine_run() has it.
 *
 * Usage: lockstep [--engine NAME] [--model none|ccnuma] [--seed N] [--programs N] [--cycles N]
 * In model ccnuma what it counted must agree too.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../emu-mips/cpu/decode.h"
#include "emu/ccnuma.h"
#include "emu/machine.h"
#include "emu/mem.h"
#include "generator.h"

#define MAX_CHUNK     400
#define MEMORY_CHUNKS 64 /* RAM is compared after so many chunks, and at the end */
#define TRACE_LENGTH  24

struct options {
	const struct engine_ops *engine;
	bool ccnuma;
	uint64_t seed;
	unsigned programs;
	uint64_t cycles;
};

/* The last instructions of the reference, for the report of a difference. */
static struct {
	uint64_t pc;
	uint64_t cycles;
} trace[TRACE_LENGTH];
static unsigned trace_next;

static void reference_run(struct cpu *cpu, uint64_t quantum_end)
{
	for (;;) {
		if (cpu->cycles >= cpu->limit || cpu->cycles >= quantum_end)
			cpu_deadlines(cpu, quantum_end);
		if (cpu->cycles >= quantum_end || cpu->waiting || cpu->machine->stop)
			return;
		if (cpu->interrupt_pending)
			cpu_take_interrupt(cpu);
		trace[trace_next].pc = cpu->pc;
		trace[trace_next].cycles = cpu->cycles;
		trace_next = (trace_next + 1) % TRACE_LENGTH;
		interpreter_step(cpu);
	}
}

static const struct engine_ops reference_engine = {
	.name = "reference",
	.run = reference_run,
};

/* Small, so that lines get lost; the second CPU's node is remote. All replacements in turn. */
static struct ccnuma_config memory_model(uint64_t seed)
{
	const enum cache_replacement replacement = (enum cache_replacement)(seed % REPLACEMENTS);

	return (struct ccnuma_config){
		.l1i = {.size = 1024, .ways = 2, .line = 64, .replacement = replacement},
		.l1d = {.size = 1024, .ways = 2, .line = 32, .replacement = replacement},
		.l2 = {.size = 4096, .ways = 1, .line = 128, .hit_cycles = 10},
		.miss_cycles = {{60, 180}, {180, 60}},
		.dirty_cycles = 60,
		.upgrade_cycles = 60,
		.directory_cycles = 20,
		.seed = 1,
	};
}

static struct machine *create_machine(const struct engine_ops *engine, uint64_t seed, bool ccnuma)
{
	const struct machine_config config = {
		.name = "lockstep",
		.nodes = ccnuma && seed % 3 == 0 ? 2 : 1,
		.cpus = seed % 3 == 0 ? 2 : 1,
		.memory = LOCKSTEP_MEMORY,
		.quantum = 10000,
		.seed = seed,
		.cpu = {.tlb_entries = 16, .clock_mhz = 100, .segctl = true, .xkseg_bit = true},
	};
	const struct ccnuma_config model = memory_model(seed / 3); /* whatever the number of CPUs */
	struct error error = {""};
	struct machine *machine = machine_create(&config, engine, &error);

	if (!machine || (ccnuma && machine_use_ccnuma(machine, &model, &error))) {
		fprintf(stderr, "lockstep: %s\n", error.text);
		exit(2);
	}
	lockstep_generate(machine, seed);
	return machine;
}

/* ---- comparison ---- */

static unsigned differences;
static unsigned failed_cpu; /* the one whose turn it was */

static void compare_value(const char *name, unsigned index, uint64_t reference, uint64_t other)
{
	if (reference == other)
		return;
	if (differences++ < 20)
		printf("  %s[%u]: reference 0x%016" PRIx64 ", engine 0x%016" PRIx64 "\n", name,
		       index, reference, other);
}

static void compare_array(const char *name, const uint64_t *reference, const uint64_t *other,
			  unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		compare_value(name, i, reference[i], other[i]);
}

static void compare_tlb(const struct cpu *reference, const struct cpu *other)
{
	for (unsigned i = 0; i < reference->config->tlb_entries; i++) {
		const struct tlb_entry *a = &reference->tlb[i], *b = &other->tlb[i];

		compare_value("tlb.entry_hi", i, a->entry_hi, b->entry_hi);
		compare_array("tlb.entry_lo", a->entry_lo, b->entry_lo, 2);
		compare_value("tlb.page_mask", i, a->page_mask, b->page_mask);
	}
}

static void compare_stats(struct cpu *reference, struct cpu *other)
{
	cpu_account_mode(reference);
	cpu_account_mode(other);
	compare_array("stats", (const uint64_t *)&reference->stats, (const uint64_t *)&other->stats,
		      sizeof(reference->stats) / sizeof(uint64_t));
}

static bool compare_cpus(struct cpu *reference, struct cpu *other)
{
	differences = 0;
#define COMPARE(field) compare_value(#field, 0, reference->field, other->field)
	COMPARE(pc);
	COMPARE(cycles);
	COMPARE(instructions);
	COMPARE(in_delay_slot);
	if (reference->in_delay_slot)
		COMPARE(branch_target);
	COMPARE(hi);
	COMPARE(lo);
	COMPARE(fcr31);
	COMPARE(linked);
	COMPARE(linked_address);
	COMPARE(waiting);
	COMPARE(interrupt_pending);
	COMPARE(mode);
	COMPARE(random_state);
	COMPARE(timer_deadline);
#undef COMPARE
	compare_array("gpr", reference->gpr, other->gpr, 32);
	compare_array("fpr", reference->fpr, other->fpr, 32);
	compare_array("cp0", reference->cp0, other->cp0, CP0_REGISTERS);
	compare_tlb(reference, other);
	compare_stats(reference, other);
	if (reference->machine->ccnuma)
		compare_array("memory model",
			      (const uint64_t *)ccnuma_stats(reference->machine->ccnuma,
							     reference->number),
			      (const uint64_t *)ccnuma_stats(other->machine->ccnuma, other->number),
			      sizeof(struct ccnuma_stats) / sizeof(uint64_t));
	return differences == 0;
}

static bool compare_memory(const struct machine *reference, const struct machine *other)
{
	const uint64_t end = LOCKSTEP_DATA_PA + LOCKSTEP_DATA_SIZE;

	for (uint64_t pa = 0; pa < end; pa += MIPS_PAGE_SIZE) {
		const uint64_t *a = ram_pointer(reference, pa), *b = ram_pointer(other, pa);

		if (memcmp(a, b, MIPS_PAGE_SIZE) == 0)
			continue;
		for (unsigned i = 0; i < MIPS_PAGE_SIZE / 8; i++) {
			if (a[i] == b[i])
				continue;
			printf("  RAM 0x%" PRIx64 ": reference 0x%016" PRIx64
			       ", engine 0x%016" PRIx64 "\n",
			       pa + 8 * i, a[i], b[i]);
			return false;
		}
	}
	return true;
}

static uint32_t word_at(const struct cpu *cpu, uint64_t pc)
{
	struct translation translation;
	enum mips_exception code;
	uint32_t word = 0;
	bool refill;

	if (cpu_translate(cpu, pc, ACCESS_FETCH, MODE_KERNEL, &translation, &code, &refill) &&
	    ram_pointer(cpu->machine, translation.pa))
		memcpy(&word, ram_pointer(cpu->machine, translation.pa), sizeof(word));
	return word;
}

/* The words are those of now: a program may have changed them since. */
static void print_trace(const struct cpu *cpu)
{
	printf("  last instructions of the reference (cycle, pc, word):\n");
	for (unsigned i = 0; i < TRACE_LENGTH; i++) {
		unsigned slot = (trace_next + i) % TRACE_LENGTH;
		uint32_t word = word_at(cpu, trace[slot].pc);
		const struct insn *insn = decode(word);

		printf("  %8" PRIu64 "  %016" PRIx64 "  %08x  %s\n", trace[slot].cycles,
		       trace[slot].pc, word, insn ? insn->mnemonic : "reserved");
	}
}

/* ---- running ---- */

/* One turn of CPU @n in both machines. */
static bool run_turn(struct machine *reference, struct machine *other, unsigned n, uint64_t end)
{
	struct cpu *a = reference->cpu[n], *b = other->cpu[n];

	reference->running = a;
	reference->engine->run(a, end);
	reference->running = NULL;
	other->running = b;
	other->engine->run(b, end);
	other->running = NULL;
	if (!compare_cpus(a, b))
		return false;
	if (reference->config.cpus > 1) {
		machine_end_link(a);
		machine_end_link(b);
	}
	return true;
}

static bool run_chunks(struct machine *reference, struct machine *other, uint64_t seed,
		       uint64_t cycles)
{
	struct lockstep_random random = {seed + 77};
	uint64_t end = 0;
	unsigned chunk = 0;

	while (end < cycles) {
		end += 1 + lockstep_below(&random, lockstep_below(&random, 8) == 0 ? 5 : MAX_CHUNK);
		for (unsigned n = 0; n < reference->config.cpus; n++) {
			failed_cpu = n;
			if (!run_turn(reference, other, n, end))
				return false;
		}
		if (++chunk % MEMORY_CHUNKS == 0 && !compare_memory(reference, other))
			return false;
	}
	return compare_memory(reference, other);
}

/* What the programs of a run did in all. */
struct totals {
	uint64_t instructions;
	uint64_t exceptions[EXC_CODES];
	uint64_t user_instructions;
};

static void add_totals(struct totals *totals, const struct cpu *cpu)
{
	totals->instructions += cpu->instructions;
	totals->user_instructions += cpu->stats.instructions[MODE_USER];
	for (unsigned code = 0; code < EXC_CODES; code++)
		totals->exceptions[code] += cpu->stats.exceptions[code];
}

static void print_totals(const struct totals *totals)
{
	printf("%" PRIu64 " instructions compared, %" PRIu64 " of them in user mode\n",
	       totals->instructions, totals->user_instructions);
	for (unsigned code = 0; code < EXC_CODES; code++) {
		if (totals->exceptions[code] != 0)
			printf("exception %2u: %" PRIu64 "\n", code, totals->exceptions[code]);
	}
}

static bool run_program(const struct options *options, uint64_t seed, struct totals *totals)
{
	struct machine *reference = create_machine(&reference_engine, seed, options->ccnuma);
	struct machine *other = create_machine(options->engine, seed, options->ccnuma);
	bool equal = run_chunks(reference, other, seed, options->cycles);

	if (!equal) {
		printf("FAILED: CPU %u, cycle %" PRIu64
		       ": lockstep --engine %s --model %s --programs 1 "
		       "--seed %" PRIu64 " --cycles %" PRIu64 "\n",
		       failed_cpu, reference->cpu[failed_cpu]->cycles, options->engine->name,
		       options->ccnuma ? "ccnuma" : "none", seed, options->cycles);
		print_trace(reference->cpu[failed_cpu]);
	}
	for (unsigned n = 0; n < reference->config.cpus; n++)
		add_totals(totals, reference->cpu[n]);
	machine_destroy(other);
	machine_destroy(reference);
	return equal;
}

static const struct engine_ops *const engines[] = {
	&interpreter_engine,
	&translator_engine,
};

static const struct engine_ops *find_engine(const char *name)
{
	for (unsigned i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	}
	fprintf(stderr, "lockstep: no engine called %s\n", name);
	exit(2);
}

static void parse(struct options *options, int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--engine") == 0) {
			options->engine = find_engine(value);
		} else if (strcmp(argv[i], "--model") == 0) {
			options->ccnuma = strcmp(value, "ccnuma") == 0;
		} else if (strcmp(argv[i], "--seed") == 0) {
			options->seed = strtoull(value, NULL, 0);
		} else if (strcmp(argv[i], "--programs") == 0) {
			options->programs = (unsigned)strtoul(value, NULL, 0);
		} else if (strcmp(argv[i], "--cycles") == 0) {
			options->cycles = strtoull(value, NULL, 0);
		} else {
			fprintf(stderr,
				"usage: lockstep [--engine NAME] [--model none|ccnuma] [--seed N] "
				"[--programs N] [--cycles N]\n");
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct options options = {&interpreter_engine, false, 1, 100, 20000};
	unsigned passed = 0, failed = 0;
	struct totals totals = {0};

	parse(&options, argc, argv);
	decode_init();
	interpreter_engine.create(NULL, NULL); /* the reference's interpreter_step() needs it */
	for (unsigned i = 0; i < options.programs && failed < 5; i++) {
		if (run_program(&options, options.seed + i, &totals))
			passed++;
		else
			failed++;
	}
	print_totals(&totals);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
