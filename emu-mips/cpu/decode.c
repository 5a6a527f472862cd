// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decoder: the opcode chooses which other bits of the word select a bucket; a bucket holds the few
 * instructions (nearly always one) that share these bits.
 */
#include <stdbool.h>
#include <stddef.h>

#include "decode.h"

const struct insn insn_table[INSN_COUNT] = {
#define INSN(name, mnemonic, mask, match, format, class, flags)                                    \
	{#name, mnemonic, mask, match, FORMAT_##format, CLASS_##class, (flags), INSN_ID_##name},
#include "insn.def"
#undef INSN
};

#define OPCODES		  64
#define OPCODE_MASK	  UINT32_C(0xfc000000)
#define BUCKET_SLOTS	  4
#define FUNCTION_MASK	  0x3fu
#define RS_ABOVE_FUNCTION 0x7c0u

struct decode_selector decode_selectors[OPCODES] = {
	[0x00] = {0, 14, 0x7f, 0x80, 0}, /* SPECIAL: function, and the rotate bits 6 and 21 */
	[0x01] = {16, 0, 0x1f, 0, 0},	 /* REGIMM: rt */
	[0x10] = {0, 15, FUNCTION_MASK, RS_ABOVE_FUNCTION, 0}, /* COP0: function, rs */
	[0x11] = {0, 15, FUNCTION_MASK, RS_ABOVE_FUNCTION, 0}, /* COP1: function, format */
	[0x13] = {0, 0, FUNCTION_MASK, 0, 0},		       /* COP1X */
	[0x1c] = {0, 0, FUNCTION_MASK, 0, 0},		       /* SPECIAL2 */
	[0x1f] = {0, 0, 0x7ff, 0, 0},			       /* SPECIAL3: function, sa */
};

static uint16_t buckets[DECODE_BUCKETS][BUCKET_SLOTS]; /* insn ids plus one; 0: none */
static bool initialized;

/* A word with opcode @opcode that selects bucket @index of it. */
static uint32_t bucket_word(unsigned opcode, unsigned index)
{
	const struct decode_selector *selector = &decode_selectors[opcode];

	return (uint32_t)opcode << 26 | (index & selector->mask1) << selector->shift1 |
	       (index & selector->mask2) << selector->shift2;
}

/* The bits of a word that choose its bucket. */
static uint32_t bucket_mask(unsigned opcode)
{
	const struct decode_selector *selector = &decode_selectors[opcode];

	return OPCODE_MASK | (uint32_t)selector->mask1 << selector->shift1 |
	       (uint32_t)selector->mask2 << selector->shift2;
}

static void fill_bucket(uint16_t bucket[BUCKET_SLOTS], uint32_t word, uint32_t mask)
{
	unsigned used = 0;

	for (unsigned id = 0; id < INSN_COUNT; id++) {
		const struct insn *insn = &insn_table[id];

		if (((word ^ insn->match) & insn->mask & mask) == 0 && used < BUCKET_SLOTS)
			bucket[used++] = (uint16_t)(id + 1);
	}
}

void decode_init(void)
{
	unsigned base = 0;

	if (initialized)
		return;
	for (unsigned opcode = 0; opcode < OPCODES; opcode++) {
		unsigned size =
			(decode_selectors[opcode].mask1 | decode_selectors[opcode].mask2) + 1;

		decode_selectors[opcode].base = (uint16_t)base;
		for (unsigned index = 0; index < size && base + index < DECODE_BUCKETS; index++)
			fill_bucket(buckets[base + index], bucket_word(opcode, index),
				    bucket_mask(opcode));
		base += size;
	}
	initialized = true;
}

const struct insn *decode(uint32_t word)
{
	const uint16_t *bucket = buckets[decode_bucket(word)];

	for (unsigned slot = 0; slot < BUCKET_SLOTS && bucket[slot] != 0; slot++) {
		const struct insn *insn = &insn_table[bucket[slot] - 1];

		if ((word & insn->mask) == insn->match)
			return insn;
	}
	return NULL;
}

const struct insn *decode_sole(unsigned bucket)
{
	const struct insn *insn;

	if (bucket >= DECODE_BUCKETS || buckets[bucket][0] == 0 || buckets[bucket][1] != 0)
		return NULL;
	insn = &insn_table[buckets[bucket][0] - 1];
	return (insn->mask & ~bucket_mask(insn->match >> 26)) == 0 ? insn : NULL;
}
