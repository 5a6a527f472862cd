// SPDX-License-Identifier: GPL-2.0-or-later
/* The instruction table: no overlaps, and the decoder finds every row and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../emu-mips/cpu/decode.h"

static uint32_t random_state = 1;

static uint32_t random_word(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static void test_rows_are_consistent(void **state)
{
	(void)state;
	for (unsigned id = 0; id < INSN_COUNT; id++) {
		const struct insn *insn = &insn_table[id];

		assert_int_equal(insn->id, id);
		assert_int_equal(insn->match & ~insn->mask, 0);
		assert_int_equal(insn->mask >> 26, 0x3f);
	}
}

static void test_no_two_rows_overlap(void **state)
{
	(void)state;
	for (unsigned a = 0; a < INSN_COUNT; a++) {
		for (unsigned b = a + 1; b < INSN_COUNT; b++) {
			const struct insn *x = &insn_table[a], *y = &insn_table[b];

			if (((x->match ^ y->match) & x->mask & y->mask) == 0)
				fail_msg("%s and %s overlap", x->name, y->name);
		}
	}
}

static void test_decoder_finds_every_row(void **state)
{
	(void)state;
	decode_init();
	for (unsigned id = 0; id < INSN_COUNT; id++) {
		for (unsigned i = 0; i < 1000; i++) {
			const struct insn *insn = &insn_table[id];
			uint32_t word = insn->match | (random_word() & ~insn->mask);

			assert_ptr_equal(decode(word), insn);
		}
	}
}

static const struct insn *search_table(uint32_t word)
{
	for (unsigned id = 0; id < INSN_COUNT; id++) {
		if ((word & insn_table[id].mask) == insn_table[id].match)
			return &insn_table[id];
	}
	return NULL;
}

static void test_decoder_agrees_with_table(void **state)
{
	(void)state;
	decode_init();
	for (unsigned i = 0; i < 300000; i++) {
		uint32_t word = random_word();
		unsigned bucket = decode_bucket(word);
		const struct insn *sole = decode_sole(bucket);

		assert_ptr_equal(decode(word), search_table(word));
		assert_true(bucket < DECODE_BUCKETS);
		if (sole)
			assert_ptr_equal(sole, decode(word));
	}
	assert_int_equal(decode_bucket(0xffffffff), DECODE_BUCKETS - 1);
}

static void test_known_encodings(void **state)
{
	static const struct {
		uint32_t word;
		const char *mnemonic;
	} known[] = {
		{0x00000000, "sll"},	 {0x03e00008, "jr"},	{0x03e00408, "jr"},
		{0x0320f809, "jalr"},	 {0x42000018, "eret"},	{0x42000020, "wait"},
		{0x41606000, "di"},	 {0x41606020, "ei"},	{0x40806000, "mtc0"},
		{0x7c03e83b, "rdhwr"},	 {0x00010042, "srl"},	{0x00210842, "rotr"},
		{0x00221842, "rotr"},	 {0x00000018, "mult"},	{0x70631802, "mul"},
		{0x46241083, "div.d"},	 {0x4624103c, "c.d"},	{0x45010003, "bc1t"},
		{0x4ca41066, "madd.ps"}, {0x7c011420, "seb"},	{0xc0430000, "ll"},
		{0x041f0000, "synci"},	 {0xbc150000, "cache"}, {0xcc400000, "pref"},
		{0x4480f800, "mtc1"},	 {0x44e0f800, "mthc1"}, {0x46c2086c, "pll.ps"},
		{0x00000005, NULL},	 {0x7000003f, NULL},	{0x00000838, "dsll"},
	};

	(void)state;
	decode_init();
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct insn *insn = decode(known[i].word);

		if (!known[i].mnemonic) {
			assert_null(insn);
			continue;
		}
		assert_non_null(insn);
		assert_string_equal(insn->mnemonic, known[i].mnemonic);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_consistent),
		cmocka_unit_test(test_no_two_rows_overlap),
		cmocka_unit_test(test_decoder_finds_every_row),
		cmocka_unit_test(test_decoder_agrees_with_table),
		cmocka_unit_test(test_known_encodings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
