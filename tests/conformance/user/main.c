// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Usage: user SEED VARIANTS CASES [ROW [VARIANT]]
 * For each row of insn.def, VARIANTS random encodings, each run with CASES sets of operands; then
 * as many random sequences. One line an encoding: name, first word, cases, traps, hash of the state
 * after each case. With ROW (a name), only that one; with VARIANT, only that encoding, and the
 * whole state before and after each case.
 */
#include "user.h"
#include "../../../emu-mips/cpu/decode.h"

#define BUFFER_WORDS 24
static uint64_t buffer[BUFFER_WORDS] __attribute__((aligned(64)));

static struct state in, out;
static int verbose;

static uint64_t hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t hash_state(uint64_t hash)
{
	const uint64_t *words = (const uint64_t *)&out;

	for (int i = 1; i < STATE_WORDS; i++)
		hash = hash_word(hash, words[i]);
	for (int i = 0; i < BUFFER_WORDS; i++)
		hash = hash_word(hash, buffer[i]);
	return hash;
}

static void print_words(const char *title, const uint64_t *words, unsigned count)
{
	print_string(title);
	for (unsigned i = 0; i < count; i++) {
		print_string(i % 8 ? " " : "\n\t");
		print_hex(words[i], 16);
	}
	print_string("\n");
}

static uint64_t random_fcsr(void)
{
	uint64_t fcsr = random64() & 0xfe800000; /* condition codes */
	fcsr |= random_below(4);		 /* rounding mode */
	fcsr |= (uint64_t)random_below(32) << 2; /* flags */
	if (random_below(8) == 0)
		fcsr |= 1 << 24; /* FS */
	if (random_below(4) == 0)
		fcsr |= (uint64_t)random_below(32) << 7; /* enables */
	fcsr |= (random64() & 31 & ~(fcsr >> 7)) << 12;	 /* causes that do not trap */
	return (uint64_t)(int64_t)(int32_t)fcsr;
}

static uint64_t random_float(unsigned format)
{
	uint64_t upper = random64() << 32;

	switch (format) {
	case 's':
		return upper | random_single();
	case 'p':
		return (uint64_t)random_single() << 32 | random_single();
	case 'w':
		return upper | (uint32_t)random_integer();
	case 'l':
		return random_integer();
	default:
		return random_double();
	}
}

/* Everything anew: once an encoding. */
static void fill_state(const struct test *test)
{
	for (int i = 1; i < 32; i++)
		in.gpr[i] = random_integer();
	for (int i = 0; i < 32; i++)
		in.fpr[i] = random_float(test->float_format);
	in.gpr[26] = in.gpr[27] = 0;
}

/* A good address most of the time, one that traps now and then. */
static uint64_t random_address(const struct test *test)
{
	uint64_t start = (uint64_t)(uintptr_t)&buffer[8];
	unsigned kind = test->good_address ? 31 : random_below(32);

	if (kind == 0) /* the first page, or beyond user space */
		return random_below(4096) | (random64() & UINT64_C(1) << (O32 ? 31 : 63));
	if (kind < 6)
		return start + random_below(64);
	return start + random_below(64 / test->size) * test->size;
}

/* New values for the registers that the instruction's fields may name. */
static void fill_operands(const struct test *test)
{
	uint32_t word = test->word;

	in.gpr[word >> 21 & 31] = random_integer();
	in.gpr[word >> 16 & 31] = random_integer();
	if (test->word_operands) {
		in.gpr[word >> 21 & 31] = (uint64_t)(int64_t)(int32_t)in.gpr[word >> 21 & 31];
		in.gpr[word >> 16 & 31] = (uint64_t)(int64_t)(int32_t)in.gpr[word >> 16 & 31];
	}
	if (random_below(4) == 0)
		in.gpr[word >> 16 & 31] = in.gpr[word >> 21 & 31];
	for (int shift = 6; shift <= 21; shift += 5)
		in.fpr[word >> shift & 31] = random_float(test->float_format);
	if (random_below(4) == 0)
		in.fpr[word >> 16 & 31] = in.fpr[word >> 11 & 31];
	in.hi = random_integer();
	in.lo = random_integer();
	in.fcsr = random_fcsr();
	if (test->control == 25)
		in.gpr[word >> 16 & 31] &= 0xff;
	else if (test->control == 26)
		in.gpr[word >> 16 & 31] &= 0x3f07c;
	else if (test->control == 28)
		in.gpr[word >> 16 & 31] &= 0xf87;
	if (test->jump_target) {
		if (test->base)
			in.gpr[test->base] = test->jump_target;
	} else if (test->base) {
		uint64_t address = random_address(test);

		if (test->index) {
			in.gpr[test->index] = random64() >> 40;
			address -= in.gpr[test->index];
		}
		in.gpr[test->base] = address - (uint64_t)test->offset;
	}
	in.gpr[0] = 0;
	in.gpr[26] = in.gpr[27] = 0;
}

static void synchronise_code(void)
{
	for (unsigned i = 0; i < CODE_WORDS; i++)
		__asm__ volatile("synci 0(%0)" : : "r"(&code_under_test[i]) : "memory");
	__asm__ volatile("sync" : : : "memory");
}

/* Ends what an LL left pending. */
static void clear_link(void)
{
	static uint32_t scratch;
	uint32_t value;

	__asm__ volatile("ll %0, %1\n\tsc %0, %1" : "=&r"(value), "+m"(scratch));
}

/* Of the registers there are only these. */
static void keep_low_halves(void)
{
	for (int i = 0; i < 32; i++)
		out.gpr[i] = (uint32_t)out.gpr[i];
	out.hi = (uint32_t)out.hi;
	out.lo = (uint32_t)out.lo;
	out.fcsr = (uint32_t)out.fcsr;
}

static int run_case(const struct test *test)
{
	int trapped;

	fill_operands(test);
	for (int i = 0; i < BUFFER_WORDS; i++)
		buffer[i] = random64();
	if (verbose)
		print_words("before", (uint64_t *)&in, STATE_WORDS);
	out.trap = TRAP_NONE;
	out.pc = 0;
	trapped = run_code(&in, &out);
	if (trapped) {
		out = trap_state;
		out.gpr[0] = out.gpr[26] = out.gpr[27] = 0;
		out.pc = (uintptr_t)out.pc - (uintptr_t)code_under_test;
	}
	if (O32)
		keep_low_halves();
	if (rows[test->row].class == CLASS_LOAD_LINKED)
		clear_link();
	if (verbose) {
		print_words("after", (uint64_t *)&out, STATE_WORDS);
		print_words("memory", buffer, BUFFER_WORDS);
	}
	return trapped;
}

static void run_variant(const struct test *test, const char *name, unsigned cases)
{
	uint64_t hash = 0;
	unsigned traps = 0;

	synchronise_code();
	fill_state(test);
	for (unsigned i = 0; i < cases; i++) {
		traps += (unsigned)run_case(test);
		hash = hash_state(hash);
	}
	print_string(name);
	print_string(" ");
	print_hex(test->word, 8);
	print_string(" ");
	print_decimal(cases);
	print_string(" ");
	print_decimal(traps);
	print_string(" ");
	print_hex(hash, 16);
	print_string("\n");
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static uint64_t number(const char *text)
{
	uint64_t value = 0;

	while (*text >= '0' && *text <= '9')
		value = value * 10 + (uint64_t)(*text++ - '0');
	return value;
}

/* Each encoding has its own random numbers, so that it can be run alone. */
static void run_row(unsigned row, uint64_t seed, unsigned variants, unsigned cases, int only)
{
	for (unsigned v = 0; v < variants; v++) {
		struct test test;

		if (only >= 0 && (unsigned)only != v)
			continue;
		random_state = (seed * 1000003 + row) * 1000003 + v + 1;
		for (int i = 0; i < 8; i++)
			random64();
		if (row == row_count)
			encode_sequence(&test);
		else
			encode(&test, row);
		if (verbose)
			print_words("code", (uint64_t *)code_under_test, (test.words + 1) / 2);
		run_variant(&test, row == row_count ? "sequence" : rows[row].name, cases);
	}
}

void start(const unsigned long *stack);

/* @stack: argc and argv, as Linux starts a program. */
void start(const unsigned long *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);
	unsigned long argc = stack[0];
	const char *only_row = argc > 4 ? argv[4] : NULL;
	int only_variant = -1;

	if (argc < 4) {
		print_string("usage: user SEED VARIANTS CASES [ROW [VARIANT]]\n");
		print_flush();
		os_exit(2);
	}
	if (argc > 5) {
		only_variant = (int)number(argv[5]);
		verbose = 1;
	}
	os_catch_traps();
	for (unsigned row = 0; row <= row_count; row++) {
		const char *name = row == row_count ? "sequence" : rows[row].name;
		unsigned variants = (unsigned)number(argv[2]);

		if (only_row && !same(only_row, name))
			continue;
		if (row == row_count)
			variants *= 64;
		else if (!row_tested(row))
			continue;
		run_row(row, number(argv[1]), variants, (unsigned)number(argv[3]), only_variant);
	}
	print_flush();
	os_exit(0);
}
