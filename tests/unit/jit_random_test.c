// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The translator against the interpreter: two machines run the same random programs, in slices of
 * random length, and must agree in every register, the time, CP0 and memory after each slice.
 *
 * In memory model `ccnuma` the caches are small enough to lose lines all the time, those of the
 * running code too, and what the model counted must agree as well.
 *
 * A program is a page or two of random instructions, in unmapped or mapped memory, with loads and
 * stores that hit data pages, page ends, read-only and unmapped pages, branches of all kinds,
 * floating point and self-modification; exceptions return behind the instruction.
 *
 * JIT_RANDOM_PROGRAMS and JIT_RANDOM_SEED in the environment change how many and which.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emu/ccnuma.h"
#include "emu/machine.h"
#include "emu/mem.h"

#include "../../emu-mips/cpu/decode.h"

#define MEMORY		(UINT64_C(64) << 20)
#define PROGRAM_WORDS	1024
#define PROGRAM_PA	UINT64_C(0x100000)
#define DATA_PA		UINT64_C(0x200000)
#define DATA_SIZE	UINT64_C(0x8000)
#define MAPPED_VA	UINT64_C(0x10000000) /* xuseg: program, then data */
#define MAPPED_DATA_VA	UINT64_C(0x10100000)
#define ALIAS		(SOFTTLB_ENTRIES * MIPS_PAGE_SIZE) /* as far apart: one entry of the software TLB */
#define CYCLES		20000
#define TRAIL		200
#define XKPHYS		UINT64_C(0x9800000000000000)
#define XKPHYS_UNCACHED UINT64_C(0x9000000000000000)

static uint64_t random_state;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static unsigned below(unsigned n)
{
	return (unsigned)(next_random() >> 20) % n;
}

/* ---- Random instructions ---- */

static bool wanted(const struct insn *insn)
{
	switch (insn->id) {
	case INSN_ID_wait:
	case INSN_ID_eret:
	case INSN_ID_jr: /* to $31 only */
	case INSN_ID_jalr:
	case INSN_ID_mtc0: /* made by random_cp0() */
	case INSN_ID_dmtc0:
	case INSN_ID_tlbwi:
	case INSN_ID_tlbwr:
	case INSN_ID_tlbr:
		return false;
	default:
		return true;
	}
}

/* Bases 24..29 hold data addresses; nothing random writes them, nor 26, 27 (the handler's). */
static unsigned random_register(void)
{
	static const uint8_t usual[] = {2, 3, 4, 5, 6, 7, 8, 16, 31, 9, 10, 17};

	return below(8) == 0 ? below(24) : usual[below(sizeof(usual))];
}

static uint32_t random_memory(uint32_t word)
{
	static const int16_t offsets[] = {0, 8, 16, 24, 4, 2, 1, 32, 40, 256, -8, -16, 2040};
	unsigned base = 24 + below(6);

	if (base == 26 || base == 27)
		base = 29;
	word &= ~(UINT32_C(31) << 21 | 0xffffu);
	word |= base << 21;
	if (below(16) == 0)
		return word | (next_random() & 0xfff);
	return word | (uint16_t)(offsets[below(13)] & ~(below(8) ? 7 : 0));
}

static uint32_t random_fields(const struct insn *insn)
{
	uint32_t word = insn->match | ((uint32_t)next_random() & ~insn->mask);
	bool memory = insn->format == FORMAT_RT_MEM || insn->format == FORMAT_FT_MEM ||
		      insn->format == FORMAT_HINT_MEM || insn->format == FORMAT_MEM;

	if (memory)
		word = random_memory(word);
	else if (!(insn->mask >> 21 & 31))
		word = (word & ~(UINT32_C(31) << 21)) | random_register() << 21;
	if (!(insn->mask >> 16 & 31))
		word = (word & ~(UINT32_C(31) << 16)) | random_register() << 16;
	if (!(insn->mask >> 11 & 31) && !memory && insn->format != FORMAT_EXTRACT &&
	    insn->format != FORMAT_INSERT && (insn->mask & 0x3f))
		word = (word & ~(UINT32_C(31) << 11)) | random_register() << 11;
	return word;
}

static uint64_t program_base; /* its virtual address */

static uint32_t random_branch(const struct insn *insn, unsigned index)
{
	uint32_t word = random_fields(insn);
	int target = (int)index + (int)below(24) - (below(4) ? 0 : 12);

	if (target < 0)
		target = 0;
	if (target >= PROGRAM_WORDS - 2)
		target = PROGRAM_WORDS - 3;
	if (insn->format == FORMAT_TARGET)
		return insn->match | ((uint32_t)(program_base / 4 + (uint64_t)target) & 0x3ffffff);
	return (word & 0xffff0000) | (uint16_t)(target - (int)index - 1);
}

static uint32_t random_word(unsigned index, bool after_branch)
{
	const struct insn *insn;

	switch (below(24)) {
	case 0:
		return 0x3c000000 | random_register() << 16 | (uint32_t)(next_random() & 0xffff);
	case 1:
		return 0x34000000 | random_register() << 21 | random_register() << 16 |
		       (uint32_t)(next_random() & 0xffff);
	case 2:
	case 3: /* ld, sd */
		return random_memory(below(2) ? 0xdc000000 : 0xfc000000) | random_register() << 16;
	case 4: /* lw, sw */
		return random_memory(below(2) ? 0x8c000000 : 0xac000000) | random_register() << 16;
	case 5: /* daddiu on a base, small and back */
		return 0x67bd0000 | (below(2) ? 16 : (uint16_t)-16);
	case 6:
		if (after_branch)
			return 0;
		return below(4) ? 0x03e00008 : 0x03e00009 | random_register() << 11;
	case 7:
		if (!after_branch)
			return random_branch(&insn_table[below(2) ? INSN_ID_bne : INSN_ID_jal],
					     index);
		break;
	}
	do {
		insn = &insn_table[below(INSN_COUNT)];
	} while (!wanted(insn));
	if (insn->class == CLASS_BRANCH || insn->class == CLASS_BRANCH_LIKELY ||
	    insn->format == FORMAT_TARGET)
		return after_branch && below(8) ? 0 : random_branch(insn, index);
	return random_fields(insn);
}

/*
 * A few unaligned words loaded or stored by pairs of the left and the right form, the pairs in one
 * another or with something else between. Returns how many words that took.
 */
static unsigned random_pairs(uint32_t *words)
{
	static const struct {
		uint32_t left, right;
		unsigned size;
	} forms[] = {
		{0x88000000, 0x98000000, 4}, /* lwl, lwr */
		{0x68000000, 0x6c000000, 8}, /* ldl, ldr */
		{0xa8000000, 0xb8000000, 4}, /* swl, swr */
		{0xb0000000, 0xb4000000, 8}, /* sdl, sdr */
	};
	unsigned form = below(4), pairs = 1 + below(3), base = below(2) ? 28 : 25, swap = below(2);
	unsigned rt = 8 + below(4), size = forms[form].size, n = 0;
	uint32_t offset = below(2) ? below(8) : 4080 + below(16);
	bool nested = below(2);

	for (unsigned k = 0; k < pairs * 2; k++) {
		unsigned pair = nested ? k % pairs : k / 2;
		bool left = (nested ? k / pairs : k % 2) == swap;
		uint32_t at = offset + pair * size + (left ? size - 1 : 0);

		words[n++] = (left ? forms[form].left : forms[form].right) | base << 21 |
			     (rt + pair) << 16 | at;
		if (below(8) == 0)
			words[n++] = 0x64000000 | random_register() << 21 | random_register() << 16;
		if (below(32) == 0)
			words[n++] = random_memory(0xdc000000) | random_register() << 16;
	}
	return n;
}

static void random_program(uint32_t *words)
{
	bool after_branch = false;

	for (unsigned n = 0; n < PROGRAM_WORDS; n++) {
		const struct insn *insn;

		if (!after_branch && n + 20 < PROGRAM_WORDS && below(100) == 0) {
			n += random_pairs(words + n) - 1;
			continue;
		}
		words[n] = random_word(n, after_branch);
		insn = decode(words[n]);
		after_branch = insn && (insn->class == CLASS_BRANCH || insn->class == CLASS_JUMP ||
					insn->class == CLASS_BRANCH_LIKELY);
	}
	words[PROGRAM_WORDS - 2] = 0x03c00008; /* jr $30: back to the start */
	words[PROGRAM_WORDS - 1] = 0;
}

/* ---- The two machines ---- */

/*
 * General exceptions return to EPC + 4 while that is inside the program (the pages of $30), else to
 * its start: mfc0, so the interpreter and the translator alternate. k0 = 26, k1 = 27.
 */
static const uint32_t handler[] = {
	0x403b7000, /* dmfc0 k1, epc */
	0x677b0004, /* daddiu k1, k1, 4 */
	0x037ed02f, /* dsubu k0, k1, $30 */
	0x2f5a0ff0, /* sltiu k0, k0, 0xff0 */
	0x17400002, /* bnez k0, +2 */
	0x00000000, /* nop */
	0x03c0d825, /* move k1, $30 */
	0x40bb7000, /* dmtc0 k1, epc */
	0x42000018, /* eret */
};

/* Two shapes: most accesses miss; or most hit, but lines of code get lost to data. */
static const struct ccnuma_config shapes[] = {
	{.l1i = {.size = 256, .ways = 2, .line = 64, .replacement = REPLACE_FIFO},
	 .l1d = {.size = 256, .ways = 2, .line = 32, .replacement = REPLACE_FIFO},
	 .l2 = {.size = 1024, .ways = 1, .line = 128, .hit_cycles = 5},
	 .miss_cycles = {{23}},
	 .directory_cycles = 7},
	{.l1i = {.size = 4096, .ways = 4, .line = 16, .replacement = REPLACE_RANDOM},
	 .l1d = {.size = 4096, .ways = 1, .line = 64, .replacement = REPLACE_FIFO},
	 .l2 = {.size = 8192, .ways = 2, .line = 64, .hit_cycles = 10},
	 .miss_cycles = {{60}},
	 .upgrade_cycles = 50,
	 .directory_cycles = 70,
	 .seed = 5},
};
#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static struct machine *make_machine(const struct engine_ops *engine,
				    const struct ccnuma_config *ccnuma)
{
	struct machine_config config = {.name = "random",
					.nodes = 1,
					.cpus = 1,
					.memory = MEMORY,
					.quantum = 10000,
					.seed = 1,
					.cpu = {.tlb_entries = 32, .clock_mhz = 100}};
	struct error error;
	struct machine *machine = machine_create(&config, engine, &error);

	if (!machine || (ccnuma && machine_use_ccnuma(machine, ccnuma, &error)))
		fail_msg("%s", error.text);
	return machine;
}

static void put_words(struct machine *machine, uint64_t pa, const uint32_t *words, size_t count)
{
	ram_will_write(machine, pa, count * 4);
	memcpy(machine->ram + pa, words, count * 4);
}

/* Two pages; the coherency attribute of the second is @last_cca. */
static void map_page(struct cpu *cpu, unsigned index, uint64_t va, uint64_t pa, unsigned flags,
		     unsigned last_cca)
{
	cpu->cp0[CP0_PAGEMASK] = 0;
	cpu->cp0[CP0_ENTRYHI] = va & ~UINT64_C(0x1fff);
	cpu->cp0[CP0_ENTRYLO0] = pa >> 12 << 6 | CCA_CACHED << 3 | flags;
	cpu->cp0[CP0_ENTRYLO1] = (pa + 0x1000) >> 12 << 6 | last_cca << 3 | flags;
	tlb_write(cpu, index);
}

struct start {
	uint32_t words[PROGRAM_WORDS];
	uint64_t gpr[32], fpr[32];
	uint32_t status;
	uint32_t fcr31;
	bool mapped;
	unsigned data_cca; /* of some of the data pages */
	uint8_t data[DATA_SIZE];
};

static uint64_t random_value(void)
{
	static const uint64_t special[] = {0,
					   1,
					   ~UINT64_C(0),
					   0x7fffffff,
					   UINT64_C(0xffffffff80000000),
					   UINT64_C(0x8000000000000000),
					   UINT64_C(0x7fffffffffffffff),
					   0xffff};

	switch (below(4)) {
	case 0:
		return special[below(8)];
	case 1:
		return (uint64_t)(int64_t)(int32_t)next_random();
	default:
		return next_random() >> below(64);
	}
}

static uint64_t random_fpr(void)
{
	static const uint64_t special[] = {0,
					   UINT64_C(0x8000000000000000),
					   UINT64_C(0x3ff0000000000000),
					   UINT64_C(0x7ff0000000000000),
					   UINT64_C(0x7ff7ffffffffffff),
					   UINT64_C(0x0010000000000000),
					   UINT64_C(0x000fffffffffffff),
					   0x3f800000,
					   0x7f800000,
					   0x00800000,
					   UINT64_C(0x40091eb851eb851f)};

	if (below(4) == 0)
		return special[below(11)];
	if (below(2)) /* ordinary doubles */
		return (UINT64_C(0x3f0) + below(32)) << 52 | next_random() >> 12;
	return next_random() << 32 | (UINT64_C(0x70) + below(32)) << 23 | next_random() >> 41;
}

static void random_start(struct start *start)
{
	uint64_t data;

	for (unsigned r = 0; r < 32; r++) {
		start->gpr[r] = r ? random_value() : 0;
		start->fpr[r] = random_fpr();
	}
	start->mapped = below(2);
	start->gpr[30] = start->mapped ? MAPPED_VA : XKPHYS + PROGRAM_PA;
	if (!start->mapped && below(2))
		start->gpr[30] = MIPS_CKSEG0 + PROGRAM_PA;
	program_base = start->gpr[30];
	random_program(start->words);
	start->gpr[31] = start->gpr[30] + 4 * below(PROGRAM_WORDS);
	data = start->mapped ? MAPPED_DATA_VA : XKPHYS + DATA_PA;
	for (unsigned r = 24; r < 30; r++)
		start->gpr[r] = data + 0x1000 * below(7) + (below(3) ? 0x400 : 0xff0) +
				(below(16) ? 0 : below(8));
	/* The same data at addresses that share entries of the software TLB. */
	for (unsigned r = 24; r < 30; r++)
		if (below(3) == 0)
			start->gpr[r] += start->mapped ? ALIAS : MIPS_CKSEG0 - XKPHYS;
	start->data_cca = below(4) ? CCA_CACHED : CCA_UNCACHED;
	if (below(8) == 0)
		start->gpr[25] = start->gpr[30] + 0x200; /* stores into the program */
	if (!start->mapped && start->data_cca == CCA_UNCACHED)
		start->gpr[28] = XKPHYS_UNCACHED + DATA_PA + 0x1000 * below(7) + 0x400;
	start->status = STATUS_KX | STATUS_SX | STATUS_UX | STATUS_CU0 | STATUS_FR | STATUS_CU1;
	if (start->mapped && below(2))
		start->status |= STATUS_KSU_U;
	if (below(8) == 0)
		start->status &= ~(below(2) ? STATUS_CU1 : STATUS_FR);
	start->fcr31 = below(8) ? 0 : (uint32_t)next_random() & (FCSR_RM | FCSR_FS | 0xf80);
	for (size_t n = 0; n < DATA_SIZE; n += 8) {
		uint64_t value = below(2) ? random_fpr() : random_value();

		memcpy(start->data + n, &value, 8);
	}
}

static void load(struct machine *machine, const struct start *start)
{
	struct cpu *cpu = machine->cpu[0];
	uint64_t cycles = cpu->cycles, instructions = cpu->instructions;

	cpu_reset(cpu);
	assert_int_equal(cpu->cycles, cycles);
	assert_int_equal(cpu->instructions, instructions);
	put_words(machine, 0x180, handler, sizeof(handler) / 4);
	put_words(machine, 0x080, handler, sizeof(handler) / 4);
	put_words(machine, 0x000, handler, sizeof(handler) / 4);
	put_words(machine, PROGRAM_PA, start->words, PROGRAM_WORDS);
	ram_will_write(machine, DATA_PA, DATA_SIZE);
	memcpy(machine->ram + DATA_PA, start->data, DATA_SIZE);
	map_page(cpu, 0, MAPPED_VA, PROGRAM_PA, 7, CCA_CACHED);
	map_page(cpu, 1, MAPPED_DATA_VA, DATA_PA, 7, start->data_cca);
	map_page(cpu, 2, MAPPED_DATA_VA + 0x2000, DATA_PA + 0x2000, 7, CCA_CACHED);
	map_page(cpu, 3, MAPPED_DATA_VA + 0x4000, DATA_PA + 0x4000, 3, start->data_cca);
	map_page(cpu, 4, MAPPED_DATA_VA + ALIAS, DATA_PA, 7, CCA_CACHED);
	map_page(cpu, 5, MAPPED_DATA_VA + ALIAS + 0x2000, DATA_PA + 0x2000, 7, CCA_CACHED);
	map_page(cpu, 6, MAPPED_DATA_VA + ALIAS + 0x4000, DATA_PA + 0x4000, 7, CCA_CACHED);
	cpu->cp0[CP0_STATUS] = start->status;
	cpu_state_changed(cpu);
	memcpy(cpu->gpr, start->gpr, sizeof(cpu->gpr));
	memcpy(cpu->fpr, start->fpr, sizeof(cpu->fpr));
	cpu->fcr31 = start->fcr31;
	cpu->pc = start->gpr[30];
}

/* What the interpreter executed in the last slice, for the report of a difference. */
static struct {
	uint64_t pc;
	uint32_t word;
} trail[TRAIL];
static unsigned trail_length;

static void run_interpreter(struct machine *machine, uint64_t slice)
{
	struct cpu *cpu = machine->cpu[0];

	while (cpu->cycles < slice && !machine->stop && !cpu->waiting) {
		uint64_t offset = cpu->pc - cpu->gpr[30];
		unsigned n = trail_length++ % TRAIL;

		trail[n].pc = cpu->pc;
		trail[n].word = 0;
		if (offset < PROGRAM_WORDS * 4)
			memcpy(&trail[n].word, machine->ram + PROGRAM_PA + (offset & ~3ull), 4);
		interpreter_engine.run(cpu, cpu->cycles + 1);
	}
}

static void print_trail(void)
{
	for (unsigned n = trail_length < TRAIL ? 0 : trail_length - TRAIL; n < trail_length; n++) {
		const struct insn *insn = decode(trail[n % TRAIL].word);

		printf("%016lx %08x %s\n", trail[n % TRAIL].pc, trail[n % TRAIL].word,
		       insn ? insn->mnemonic : "?");
	}
}

static void compare(const struct machine *a, const struct machine *b, uint64_t seed)
{
	const struct cpu *i = a->cpu[0], *t = b->cpu[0];
	char text[256] = "";

	for (unsigned r = 0; r < 32 && !text[0]; r++) {
		if (i->gpr[r] != t->gpr[r])
			snprintf(text, sizeof(text), "r%u %016lx %016lx", r, i->gpr[r], t->gpr[r]);
		else if (i->fpr[r] != t->fpr[r])
			snprintf(text, sizeof(text), "f%u %016lx %016lx", r, i->fpr[r], t->fpr[r]);
	}
#define SAME(field)                                                                                \
	if (!text[0] && i->field != t->field)                                                      \
	snprintf(text, sizeof(text), #field " %016lx %016lx", (uint64_t)i->field,                  \
		 (uint64_t)t->field)
	SAME(pc);
	SAME(in_delay_slot);
	SAME(waiting);
	SAME(cycles);
	SAME(instructions);
	SAME(hi);
	SAME(lo);
	SAME(fcr31);
	SAME(linked);
	if (i->in_delay_slot)
		SAME(branch_target);
	for (unsigned r = 0; r < CP0_REGISTERS && !text[0]; r++)
		if (i->cp0[r] != t->cp0[r])
			snprintf(text, sizeof(text), "cp0[%u] %016lx %016lx", r, i->cp0[r],
				 t->cp0[r]);
	if (!text[0] && memcmp(a->ram + DATA_PA, b->ram + DATA_PA, DATA_SIZE))
		snprintf(text, sizeof(text), "data in memory");
	if (!text[0] && memcmp(a->ram + PROGRAM_PA, b->ram + PROGRAM_PA, PROGRAM_WORDS * 4))
		snprintf(text, sizeof(text), "program in memory");
	if (!text[0] && a->ccnuma &&
	    memcmp(ccnuma_stats(a->ccnuma, 0), ccnuma_stats(b->ccnuma, 0),
		   sizeof(struct ccnuma_stats)))
		snprintf(text, sizeof(text), "counts of the memory model");
	if (text[0])
		print_trail();
	if (text[0])
		fail_msg("seed 0x%lx, pc %lx %lx, cycle %lu: %s", seed, i->pc, t->pc, i->cycles,
			 text);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void compare_programs(const struct ccnuma_config *ccnuma)
{
	uint64_t programs = setting("JIT_RANDOM_PROGRAMS", 300);
	uint64_t seed = setting("JIT_RANDOM_SEED", 1);
	uint64_t longest = setting("JIT_RANDOM_SLICE", 3000);
	struct machine *a = make_machine(&interpreter_engine, ccnuma);
	struct machine *b = make_machine(&translator_engine, ccnuma);
	struct start *start = calloc(1, sizeof(*start));

	assert_non_null(start);
	for (uint64_t n = 0; n < programs; n++) {
		uint64_t this_seed = seed + n;
		uint64_t end;

		random_state = this_seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
		random_start(start);
		load(a, start);
		load(b, start);
		end = a->cpu[0]->cycles + CYCLES;
		/* A program that makes itself a WAIT has come to its end. */
		while (a->cpu[0]->cycles < end && !a->cpu[0]->waiting) {
			uint64_t slice = a->cpu[0]->cycles + 1 + below((unsigned)longest);

			run_interpreter(a, slice);
			translator_engine.run(b->cpu[0], slice);
			compare(a, b, this_seed);
		}
	}
	printf("%lu instructions, %lu cycles in %lu programs\n", a->cpu[0]->instructions,
	       a->cpu[0]->cycles, programs);
	assert_true(!ccnuma || (ccnuma_consistent(a->ccnuma) && ccnuma_consistent(b->ccnuma)));
	free(start);
	machine_destroy(a);
	machine_destroy(b);
}

static void test_random_programs(void **state)
{
	(void)state;
	compare_programs(NULL);
}

static void test_memory_model(void **state)
{
	(void)state;
	for (unsigned n = 0; n < SHAPES; n++)
		compare_programs(&shapes[n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_programs),
		cmocka_unit_test(test_memory_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
