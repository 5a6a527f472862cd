// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random encodings of insn.def's rows, and the code that is run around an instruction: markers that
 * show which way a branch went, an LL before an SC.
 */
#include "user.h"
#include "../../../emu-mips/cpu/decode.h"

#define INSN_0 0
#define INSN(name, mnemonic, mask, match, format, class, flags)                                    \
	{#name, mask, match, FORMAT_##format, CLASS_##class, ROW_FLAGS(flags)},
#define PRIV		 INSN_PRIV
#define OP64		 INSN_OP64
#define FPU		 INSN_FPU
#define ENDS		 INSN_ENDS
#define R2		 INSN_R2
#define TRAPS		 INSN_TRAPS
#define LINKS		 INSN_LINKS
#define ROW_FLAGS(flags) (flags)
const struct row rows[] = {
#include "../../../emu-mips/cpu/insn.def"
};
#undef PRIV
#undef OP64
#undef FPU
#undef ENDS
#undef R2
#undef TRAPS
#undef LINKS
const unsigned row_count = sizeof(rows) / sizeof(rows[0]);

#define LL	    0xc0000000u
#define LLD	    0xd0000000u
#define SC_OP	    0xe0000000u
#define TEQ	    0x00000034u
#define J	    0x08000000u
#define ADDIU(r, n) ((O32 ? 0x24000000u : 0x64000000u) | (r) << 21 | (r) << 16 | (n))

/* Not compared: what is privileged, differs by system (RDHWR) or is a system call. */
int row_tested(unsigned row)
{
	const struct row *r = &rows[row];

	if ((r->flags & INSN_PRIV) || r->class == CLASS_CP0 || r->class == CLASS_CP2 ||
	    r->class == CLASS_CACHE)
		return 0;
	if (r->format == FORMAT_RT_HWR)
		return 0;
	return r->class != CLASS_SYSTEM || r->name[0] == 'b'; /* break, but not syscall */
}

static int name_has(const struct row *row, const char *part)
{
	for (const char *p = row->name; *p; p++) {
		const char *a = p, *b = part;

		while (*b && *a == *b) {
			a++;
			b++;
		}
		if (!*b)
			return 1;
	}
	return 0;
}

static int name_is(const struct row *row, const char *name)
{
	const char *a = row->name;

	while (*a && *a == *name) {
		a++;
		name++;
	}
	return *a == *name;
}

/* Instructions that QEMU treats otherwise than the low halves when an operand is not a
 * sign-extended 32-bit number (which is unpredictable). */
static int needs_word_operands(const struct row *row, uint32_t word)
{
	static const char *const names[] = {"add", "addi", "sub", "madd", "msub"};

	if (name_is(row, "addu") || name_is(row, "subu")) /* a move, with $zero */
		return (word >> 21 & 31) == 0 || (word >> 16 & 31) == 0;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name_is(row, names[i]))
			return 1;
	return 0;
}

/* Any register but $26 and $27, which run.S needs. */
static unsigned random_gpr(void)
{
	for (;;) {
		unsigned n = random_below(32);

		if (n != 26 && n != 27)
			return n;
	}
}

static unsigned random_gpr_not(unsigned a, unsigned b)
{
	for (;;) {
		unsigned n = random_gpr();

		if (n && n != a && n != b)
			return n;
	}
}

static unsigned access_size(const struct row *row)
{
	static const struct {
		const char *prefix;
		unsigned size;
	} sizes[] = {
		{"lb", 1},  {"sb", 1},	{"lh", 2},  {"sh", 2},	{"lwl", 1}, {"lwr", 1}, {"swl", 1},
		{"swr", 1}, {"lw", 4},	{"sw", 4},  {"lld", 8}, {"ldl", 1}, {"ldr", 1}, {"sdl", 1},
		{"sdr", 1}, {"scd", 8}, {"ldc", 8}, {"sdc", 8}, {"ldx", 8}, {"sdx", 8}, {"lux", 1},
		{"sux", 1}, {"ld", 8},	{"sd", 8},  {"ll", 4},	{"sc", 4},
	};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const char *a = row->name, *b = sizes[i].prefix;

		while (*b && *a == *b) {
			a++;
			b++;
		}
		if (!*b)
			return sizes[i].size;
	}
	return 1; /* prefetches, synci */
}

/* Fields whose values are constrained to what is not unpredictable. */
static uint32_t bit_field(const struct row *row)
{
	for (;;) {
		unsigned rd = random_below(32), sa = random_below(32);
		int good;

		if (name_is(row, "ext"))
			good = sa + rd + 1 <= 32;
		else if (name_is(row, "dextm"))
			good = sa + rd + 33 <= 64;
		else if (name_is(row, "dextu"))
			good = sa + 32 + rd + 1 <= 64;
		else if (name_is(row, "ins") || name_is(row, "dins") || name_is(row, "dinsu"))
			good = rd >= sa;
		else
			good = 1; /* dext, dinsm: any */
		if (good)
			return rd << 11 | sa << 6;
	}
}

static unsigned float_format(const struct row *row)
{
	const char *p = row->name;

	while (*p)
		p++;
	if (name_has(row, "_p") && !name_has(row, "_s_w"))
		return name_is(row, "cvt_ps_s") ? 's' : 'p';
	return (unsigned char)p[-1];
}

static void end_code(struct test *test, unsigned words)
{
	test->words = words;
	code_under_test[words] = J | ((uint32_t)(uintptr_t)run_done >> 2 & 0x3ffffff);
	code_under_test[words + 1] = 0;
}

/*
 * A branch or jump to word 5: the delay slot counts in one register, the two ways out in another.
 * In one of eight the delay slot traps.
 */
static void encode_branch(struct test *test, const struct row *row)
{
	unsigned rs = random_gpr(), rt = random_gpr();
	unsigned target = (unsigned)(uintptr_t)&code_under_test[5];
	unsigned slot, marker;

	if (row->flags & INSN_LINKS && rs == 31)
		rs = 30;
	if (random_below(4) == 0 && row->format == FORMAT_RS_RT_BRANCH)
		rt = rs;
	switch (row->format) {
	case FORMAT_RS_RT_BRANCH:
		test->word = row->match | rs << 21 | rt << 16 | 4;
		break;
	case FORMAT_RS_BRANCH:
		test->word = row->match | rs << 21 | 4;
		break;
	case FORMAT_CC_BRANCH:
		test->word = row->match | random_below(8) << 18 | 4;
		break;
	case FORMAT_TARGET:
		test->word = row->match | (target >> 2 & 0x3ffffff);
		break;
	case FORMAT_RD_RS: /* jalr: rd must not be rs */
		rs = random_gpr_not(0, 0);
		rt = random_gpr_not(rs, 0);
		test->word = row->match | rs << 21 | rt << 11;
		test->base = rs;
		break;
	default: /* jr */
		rs = random_gpr_not(0, 0);
		test->word = row->match | rs << 21;
		test->base = rs;
		break;
	}
	test->jump_target = (uint64_t)(uintptr_t)&code_under_test[5];
	slot = random_gpr_not(0, 0);
	marker = random_gpr_not(slot, 0);
	code_under_test[0] = test->word;
	/* QEMU takes a branch that is never taken for no branch, and its delay slot for none. */
	code_under_test[1] = random_below(8) || rs == rt || rs == 0 ? ADDIU(slot, 1) : TEQ;
	code_under_test[2] = ADDIU(marker, 0x100);
	code_under_test[3] = J | ((unsigned)(uintptr_t)&code_under_test[6] >> 2 & 0x3ffffff);
	code_under_test[4] = 0;
	code_under_test[5] = ADDIU(marker, 0x1000);
	end_code(test, 6);
}

/* With FR = 0, 64-bit numbers are in even registers: so half of the time only those. */
static uint32_t even_registers(const struct row *row, uint32_t word)
{
	switch (row->format) {
	case FORMAT_FD_FR_FS_FT:
		word &= ~(1u << 21);
		/* fall through */
	case FORMAT_FD_FS_FT:
	case FORMAT_COND_CC_FS_FT:
		word &= ~(1u << 16);
		/* fall through */
	case FORMAT_FD_FS:
	case FORMAT_FD_FS_CC:
	case FORMAT_FD_FS_RT:
		word &= ~(1u << 11 | 1u << 6);
		break;
	case FORMAT_FT_MEM:
		word &= ~(1u << 16);
		break;
	case FORMAT_FD_INDEX:
		word &= ~(1u << 6);
		break;
	case FORMAT_FS_INDEX:
		word &= ~(1u << 11);
		break;
	default:
		break;
	}
	return word;
}

/* Fills the operand fields of anything but branches; the address registers of test are set. */
static void encode_fields(struct test *test, const struct row *row)
{
	unsigned rs = random_gpr(), rt = random_gpr(), rd = random_gpr(), sa = random_below(32);
	uint32_t word = row->match;

	if (random_below(8) == 0)
		rt = rs;
	if (random_below(8) == 0)
		rd = rs;
	switch (row->format) {
	case FORMAT_NONE:
		break;
	case FORMAT_RD:
		word |= rd << 11;
		break;
	case FORMAT_RS:
		word |= rs << 21;
		break;
	case FORMAT_RT:
		word |= rt << 16;
		break;
	case FORMAT_RD_RS:
		word |= rs << 21 | rd << 11;
		if (name_has(row, "cl")) /* clz, clo: rt must equal rd */
			word |= rd << 16;
		break;
	case FORMAT_RD_RT:
		word |= rt << 16 | rd << 11;
		break;
	case FORMAT_RS_RT:
		word |= rs << 21 | rt << 16;
		break;
	case FORMAT_RD_RS_RT:
	case FORMAT_RD_RT_RS:
		word |= rs << 21 | rt << 16 | rd << 11;
		break;
	case FORMAT_RD_RT_SA:
		word |= rt << 16 | rd << 11 | sa << 6;
		break;
	case FORMAT_RD_RS_CC:
		word |= rs << 21 | (sa & 7) << 18 | rd << 11;
		break;
	case FORMAT_RT_RS_SIMM:
	case FORMAT_RT_RS_UIMM:
		word |= rs << 21 | rt << 16 | (random64() & 0xffff);
		break;
	case FORMAT_RT_UIMM:
		word |= rt << 16 | (random64() & 0xffff);
		break;
	case FORMAT_RS_SIMM:
		word |= rs << 21 | (random64() & 0xffff);
		break;
	case FORMAT_EXTRACT:
	case FORMAT_INSERT:
		word |= rs << 21 | rt << 16 | bit_field(row);
		break;
	case FORMAT_CODE:
		word |= (random64() & 0xfffff) << 6;
		break;
	case FORMAT_STYPE:
		break;
	case FORMAT_MEM:
	case FORMAT_RT_MEM:
	case FORMAT_HINT_MEM:
	case FORMAT_FT_MEM:
		rs = random_gpr_not(0, 0);
		test->offset = (int16_t)random64();
		test->base = rs;
		word |= rs << 21 | (uint16_t)test->offset;
		if (row->format == FORMAT_FT_MEM)
			word |= random_below(32) << 16;
		else if (row->format != FORMAT_MEM)
			word |= rt << 16;
		break;
	case FORMAT_FD_INDEX:
	case FORMAT_FS_INDEX:
	case FORMAT_HINT_INDEX:
		rs = random_gpr_not(0, 0);
		rt = random_gpr_not(rs, 0);
		test->base = rs;
		test->index = rt;
		word |= rs << 21 | rt << 16;
		word |= random_below(32) << (row->format == FORMAT_FD_INDEX ? 6 : 11);
		break;
	case FORMAT_RT_FS:
		word |= rt << 16 | random_below(32) << 11;
		break;
	case FORMAT_RT_FCR: {
		static const uint8_t registers[] = {25, 26, 28, 31};
		unsigned n = registers[random_below(4)];

		if (name_is(row, "ctc1"))
			test->control = n;
		word |= rt << 16 | n << 11;
		break;
	}
	case FORMAT_FD_FS:
		word |= random_below(32) << 11 | random_below(32) << 6;
		break;
	case FORMAT_FD_FS_FT:
		word |= random_below(32) << 16 | random_below(32) << 11 | random_below(32) << 6;
		break;
	case FORMAT_FD_FS_CC: /* of a pair: even */
		word |= (sa & (name_has(row, "_ps") ? 6 : 7)) << 18 | random_below(32) << 11 |
			random_below(32) << 6;
		break;
	case FORMAT_FD_FS_RT:
		word |= rt << 16 | random_below(32) << 11 | random_below(32) << 6;
		break;
	case FORMAT_FD_FR_FS_FT:
		word |= random_below(32) << 21 | random_below(32) << 16 | random_below(32) << 11 |
			random_below(32) << 6;
		break;
	case FORMAT_FD_FS_FT_RS:
		word |= rs << 21 | random_below(32) << 16 | random_below(32) << 11 |
			random_below(32) << 6;
		break;
	case FORMAT_COND_CC_FS_FT:
		word |= random_below(32) << 16 | random_below(32) << 11 |
			(sa & (name_has(row, "_ps") ? 6 : 7)) << 8 | random_below(16);
		break;
	default:
		break;
	}
	/* QEMU does not check the registers of conditional moves, loads and stores. */
	if (O32 && (random_below(2) || name_has(row, "mov") || name_has(row, "dc1") ||
		    name_has(row, "dxc1")))
		word = even_registers(row, word);
	test->word = word;
}

static void clear_test(struct test *test, unsigned row)
{
	test->row = row;
	test->base = 0;
	test->index = 0;
	test->size = 0;
	test->offset = 0;
	test->jump_target = 0;
	test->control = ~0u;
	test->float_format = float_format(&rows[row]);
	test->word_operands = 0;
	test->good_address = 0;
}

void encode(struct test *test, unsigned number)
{
	const struct row *row = &rows[number];
	unsigned words = 0;

	clear_test(test, number);
	if (row->class == CLASS_BRANCH || row->class == CLASS_BRANCH_LIKELY ||
	    row->class == CLASS_JUMP) {
		encode_branch(test, row);
		return;
	}
	encode_fields(test, row);
	test->word_operands = needs_word_operands(row, test->word);
	if (test->base)
		test->size = access_size(row);
	if (row->class == CLASS_STORE_CONDITIONAL && random_below(4) == 0) {
		/* QEMU does not look at the address of an SC that fails for want of an LL. */
		test->good_address = 1;
	} else if (row->class == CLASS_STORE_CONDITIONAL) {
		/* LL of the same address into another register. */
		unsigned other = random_gpr_not(test->base, test->word >> 16 & 31);

		code_under_test[words++] =
			(test->word & 0x03e0ffff) | other << 16 | (test->size == 8 ? LLD : LL);
	}
	code_under_test[words++] = test->word;
	end_code(test, words);
}

/* Instructions that may stand anywhere in a sequence: no branches, no memory but through $30. */
static int row_in_sequence(const struct row *row)
{
	if (O32 && ((row->flags & INSN_OP64) || name_has(row, "_l") || name_has(row, "_p")))
		return 0; /* they trap */
	switch (row->class) {
	case CLASS_INT:
	case CLASS_MULDIV:
	case CLASS_FPU:
		return !name_is(row, "ctc1");
	case CLASS_LOAD:
	case CLASS_STORE:
	case CLASS_FPU_LOAD:
	case CLASS_FPU_STORE:
		return row->format == FORMAT_RT_MEM || row->format == FORMAT_FT_MEM;
	default:
		return 0;
	}
}

/* $30 is the address. $29 in the signal stack would have QEMU overwrite what is below that. */
static int names_kept_register(uint32_t word)
{
	unsigned rt = word >> 16 & 31, rd = word >> 11 & 31;

	return rt == 29 || rt == 30 || rd == 29 || rd == 30;
}

#define SEQUENCE_WORDS 24

void encode_sequence(struct test *test)
{
	unsigned words = 0;

	clear_test(test, 0);
	while (words < SEQUENCE_WORDS) {
		unsigned number = random_below(row_count);
		const struct row *row = &rows[number];
		struct test one;

		if (!row_tested(number) || !row_in_sequence(row))
			continue;
		clear_test(&one, number);
		encode_fields(&one, row);
		if (needs_word_operands(row, one.word) || names_kept_register(one.word))
			continue;
		if (one.base) {
			unsigned size = access_size(row);
			unsigned offset = random_below(64 / size) * size;

			one.word = (one.word & 0xfc1f0000) | 30u << 21 | offset;
		}
		code_under_test[words++] = one.word;
	}
	test->word = code_under_test[0];
	test->base = 30;
	test->size = 8;
	test->float_format = random_below(2) ? 's' : 'd';
	end_code(test, words);
}
