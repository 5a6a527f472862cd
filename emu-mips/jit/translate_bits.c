// SPDX-License-Identifier: GPL-2.0-or-later
/* Shifts, rotations, bit fields, byte order, leading zeros. */
#include "translate.h"

/* 32-bit shifts and rotations. */
static bool shift_low(struct builder *t, const struct trace_insn *i, enum shift_op op)
{
	unsigned rd = field_rd(i->word), rt = field_rt(i->word), count = field_sa(i->word);
	enum host_reg dst = target(t, rd);

	if (rd == 0)
		return true;
	if (count == 0 && is_word(t, rt) && !is_narrow(t, rt)) {
		load_register(t, dst, rt);
		finish_word(t, rd, dst);
		return true;
	}
	if (op == SHIFT_ROR && t->jit->has_bmi2 && count) {
		emit_rorx(&t->e, false, dst, source_low(t, rt), count);
	} else {
		load_low(t, dst, rt);
		if (count)
			emit_shift_i(&t->e, false, op, op_reg(dst), count);
	}
	finish_low(t, rd, dst);
	return true;
}

static bool t_sll(struct builder *t, const struct trace_insn *i)
{
	return shift_low(t, i, SHIFT_SHL);
}

static bool t_srl(struct builder *t, const struct trace_insn *i)
{
	return shift_low(t, i, SHIFT_SHR);
}

static bool t_rotr(struct builder *t, const struct trace_insn *i)
{
	return shift_low(t, i, SHIFT_ROR);
}

static bool shift(struct builder *t, const struct trace_insn *i, enum shift_op op, unsigned count)
{
	unsigned rd = field_rd(i->word), rt = field_rt(i->word);
	enum host_reg dst = target(t, rd);

	if (rd == 0)
		return true;
	if (op == SHIFT_ROR && t->jit->has_bmi2 && count) {
		emit_rorx(&t->e, true, dst, source(t, rt), count);
	} else {
		/* A shift left by 32 and more drops the upper half. */
		if (op == SHIFT_SHL && count >= 32)
			load_low(t, dst, rt);
		else
			load_register(t, dst, rt);
		if (count)
			emit_shift_i(&t->e, true, op, op_reg(dst), count);
	}
	finish(t, rd, dst);
	return true;
}

#define SHIFT(name, op, extra)                                                                     \
	static bool t_##name(struct builder *t, const struct trace_insn *i)                        \
	{                                                                                          \
		return shift(t, i, op, field_sa(i->word) + (extra));                               \
	}
SHIFT(dsll, SHIFT_SHL, 0)
SHIFT(dsrl, SHIFT_SHR, 0)
SHIFT(dsra, SHIFT_SAR, 0)
SHIFT(drotr, SHIFT_ROR, 0)
SHIFT(dsll32, SHIFT_SHL, 32)
SHIFT(dsrl32, SHIFT_SHR, 32)
SHIFT(dsra32, SHIFT_SAR, 32)
SHIFT(drotr32, SHIFT_ROR, 32)

/* A sign-extended word stays one; of any other value all 64 bits are shifted. */
static bool t_sra(struct builder *t, const struct trace_insn *i)
{
	unsigned rd = field_rd(i->word), rt = field_rt(i->word), count = field_sa(i->word);
	bool word = is_word(t, rt);
	enum host_reg dst = target(t, rd);

	if (rd == 0)
		return true;
	if (is_narrow(t, rt)) {
		load_low(t, dst, rt);
		if (count)
			emit_shift_i(&t->e, false, SHIFT_SAR, op_reg(dst), count);
		finish_low(t, rd, dst);
		return true;
	}
	load_register(t, dst, rt);
	if (count)
		emit_shift_i(&t->e, true, SHIFT_SAR, op_reg(dst), count);
	if (word)
		finish_word(t, rd, dst);
	else
		finish(t, rd, dst);
	return true;
}

/* The count is taken modulo the width, as x86 does. */
static bool shift_variable(struct builder *t, const struct trace_insn *i, bool wide,
			   enum shift_op op)
{
	unsigned rd = field_rd(i->word);

	if (rd == 0)
		return true;
	load_low(t, RCX, field_rs(i->word));
	load_register(t, RAX, field_rt(i->word));
	emit_shift_cl(&t->e, wide, op, op_reg(RAX));
	if (wide)
		finish(t, rd, RAX);
	else
		finish_low(t, rd, RAX);
	return true;
}

#define SHIFTV(name, wide, op)                                                                     \
	static bool t_##name(struct builder *t, const struct trace_insn *i)                        \
	{                                                                                          \
		return shift_variable(t, i, wide, op);                                             \
	}
SHIFTV(sllv, false, SHIFT_SHL)
SHIFTV(srlv, false, SHIFT_SHR)
SHIFTV(rotrv, false, SHIFT_ROR)
SHIFTV(dsllv, true, SHIFT_SHL)
SHIFTV(dsrlv, true, SHIFT_SHR)
SHIFTV(dsrav, true, SHIFT_SAR)
SHIFTV(drotrv, true, SHIFT_ROR)

static bool t_srav(struct builder *t, const struct trace_insn *i)
{
	load_register(t, RCX, field_rs(i->word));
	emit_alu_rm_i(&t->e, false, ALU_AND, op_reg(RCX), 31);
	load_register(t, RAX, field_rt(i->word));
	emit_shift_cl(&t->e, true, SHIFT_SAR, op_reg(RAX));
	finish(t, field_rd(i->word), RAX);
	return true;
}

static bool t_clz(struct builder *t, const struct trace_insn *i)
{
	enum host_reg dst = target(t, field_rd(i->word));

	if (!t->jit->has_lzcnt)
		return false;
	emit_lzcnt(&t->e, false, dst, source_low(t, field_rs(i->word)));
	finish_word(t, field_rd(i->word), dst);
	return true;
}

static bool t_dclz(struct builder *t, const struct trace_insn *i)
{
	enum host_reg dst = target(t, field_rd(i->word));

	if (!t->jit->has_lzcnt)
		return false;
	emit_lzcnt(&t->e, true, dst, source(t, field_rs(i->word)));
	finish(t, field_rd(i->word), dst);
	return true;
}

/* rt = the @size bits of rs from bit @lsb; EXT sign-extends from 32 bits. */
static bool extract(struct builder *t, const struct trace_insn *i, bool wide, unsigned lsb,
		    unsigned size)
{
	unsigned rt = field_rt(i->word);
	enum host_reg dst = target(t, rt);

	if (lsb + size > (wide ? 64u : 32u))
		return false;
	if (rt == 0)
		return true;
	if (lsb + size <= 32)
		load_low(t, dst, field_rs(i->word));
	else
		load_register(t, dst, field_rs(i->word));
	if (size == 32 && lsb == 0) {
		emit_load(&t->e, wide ? LOAD_U32 : LOAD_S32, dst, op_reg(dst));
	} else if (size < 32) {
		if (lsb)
			emit_shift_i(&t->e, lsb + size > 32, SHIFT_SHR, op_reg(dst), lsb);
		emit_alu_rm_i(&t->e, false, ALU_AND, op_reg(dst), (int32_t)((1u << size) - 1));
	} else {
		if (lsb + size < 64)
			emit_shift_i(&t->e, true, SHIFT_SHL, op_reg(dst), 64 - lsb - size);
		if (size < 64)
			emit_shift_i(&t->e, true, SHIFT_SHR, op_reg(dst), 64 - size);
	}
	if (size < 32 || !wide)
		finish_word(t, rt, dst);
	else
		finish(t, rt, dst);
	return true;
}

static bool t_ext(struct builder *t, const struct trace_insn *i)
{
	return extract(t, i, false, field_sa(i->word), field_rd(i->word) + 1);
}

static bool t_dext(struct builder *t, const struct trace_insn *i)
{
	return extract(t, i, true, field_sa(i->word), field_rd(i->word) + 1);
}

static bool t_dextm(struct builder *t, const struct trace_insn *i)
{
	return extract(t, i, true, field_sa(i->word), field_rd(i->word) + 33);
}

static bool t_dextu(struct builder *t, const struct trace_insn *i)
{
	return extract(t, i, true, field_sa(i->word) + 32, field_rd(i->word) + 1);
}

/* Bits @lsb..@msb of rt = the low bits of rs. */
static bool insert(struct builder *t, const struct trace_insn *i, bool wide, unsigned lsb,
		   unsigned msb)
{
	struct emitter *e = &t->e;
	unsigned rt = field_rt(i->word);
	uint64_t mask;

	if (msb < lsb || msb >= (wide ? 64u : 32u))
		return false;
	if (rt == 0)
		return true;
	mask = (msb - lsb == 63 ? ~UINT64_C(0) : (UINT64_C(1) << (msb - lsb + 1)) - 1);
	load_register(t, RAX, field_rs(i->word));
	emit_mov_r_imm(e, RDX, mask);
	emit_alu_r_rm(e, true, ALU_AND, RAX, op_reg(RDX));
	if (lsb)
		emit_shift_i(e, true, SHIFT_SHL, op_reg(RAX), lsb);
	load_register(t, RCX, rt);
	if (fits_s32((int64_t) ~(mask << lsb))) {
		emit_alu_rm_i(e, true, ALU_AND, op_reg(RCX), (int32_t) ~(mask << lsb));
	} else {
		emit_mov_r_imm(e, RDX, ~(mask << lsb));
		emit_alu_r_rm(e, true, ALU_AND, RCX, op_reg(RDX));
	}
	emit_alu_r_rm(e, true, ALU_OR, RAX, op_reg(RCX));
	if (wide)
		finish(t, rt, RAX);
	else
		finish_low(t, rt, RAX);
	return true;
}

static bool t_ins(struct builder *t, const struct trace_insn *i)
{
	return insert(t, i, false, field_sa(i->word), field_rd(i->word));
}

static bool t_dins(struct builder *t, const struct trace_insn *i)
{
	return insert(t, i, true, field_sa(i->word), field_rd(i->word));
}

static bool t_dinsm(struct builder *t, const struct trace_insn *i)
{
	return insert(t, i, true, field_sa(i->word), field_rd(i->word) + 32);
}

static bool t_dinsu(struct builder *t, const struct trace_insn *i)
{
	return insert(t, i, true, field_sa(i->word) + 32, field_rd(i->word) + 32);
}

static bool extend(struct builder *t, const struct trace_insn *i, enum load_kind kind)
{
	unsigned rd = field_rd(i->word), rt = field_rt(i->word);
	enum host_reg dst = target(t, rd);

	if (rd == 0)
		return true;
	emit_load(&t->e, kind, dst, source_low(t, rt));
	finish_word(t, rd, dst);
	return true;
}

static bool t_seb(struct builder *t, const struct trace_insn *i)
{
	return extend(t, i, LOAD_S8);
}

static bool t_seh(struct builder *t, const struct trace_insn *i)
{
	return extend(t, i, LOAD_S16);
}

/*
 * Byte order. WSBH and a rotation by 16 reverse the bytes of a word, DSBH and DSHD those of a
 * doubleword: one instruction, where the second follows at once and writes the same register.
 */
static bool followed_by(const struct builder *t, unsigned id)
{
	const struct trace_insn *i = &t->trace->insn[t->index], *next = i + 1;

	return t->index + 1 < t->trace->length && !i->delay_slot && next->insn->id == id &&
	       !next->check_page && !next->check_line && i->destination &&
	       next->destination == i->destination && field_rt(next->word) == i->destination;
}

/* Bytes swapped within halfwords = bytes of the word reversed, then rotated by 16. */
static bool t_wsbh(struct builder *t, const struct trace_insn *i)
{
	unsigned rd = field_rd(i->word);
	enum host_reg dst = target(t, rd);

	if (rd == 0)
		return true;
	load_low(t, dst, field_rt(i->word));
	emit_bswap(&t->e, false, dst);
	if (followed_by(t, INSN_ID_rotr) && field_sa(i[1].word) == 16)
		t->skip = true;
	else
		emit_shift_i(&t->e, false, SHIFT_ROR, op_reg(dst), 16);
	finish_low(t, rd, dst);
	return true;
}

/* reg = the halfwords of reg in reverse order; clobbers RCX and RDX. */
static void emit_swap_halves(struct builder *t, enum host_reg reg)
{
	struct emitter *e = &t->e;

	emit_shift_i(e, true, SHIFT_ROL, op_reg(reg), 32);
	emit_mov_r_imm(e, RDX, UINT64_C(0x0000ffff0000ffff));
	emit_mov_r_rm(e, true, RCX, op_reg(reg));
	emit_shift_i(e, true, SHIFT_SHR, op_reg(RCX), 16);
	emit_alu_r_rm(e, true, ALU_AND, RCX, op_reg(RDX));
	emit_alu_r_rm(e, true, ALU_AND, reg, op_reg(RDX));
	emit_shift_i(e, true, SHIFT_SHL, op_reg(reg), 16);
	emit_alu_r_rm(e, true, ALU_OR, reg, op_reg(RCX));
}

static bool t_dshd(struct builder *t, const struct trace_insn *i)
{
	unsigned rd = field_rd(i->word);
	enum host_reg dst = target(t, rd);

	if (rd == 0)
		return true;
	load_register(t, dst, field_rt(i->word));
	emit_swap_halves(t, dst);
	finish(t, rd, dst);
	return true;
}

static bool t_dsbh(struct builder *t, const struct trace_insn *i)
{
	unsigned rd = field_rd(i->word);
	enum host_reg dst = target(t, rd);

	if (rd == 0)
		return true;
	load_register(t, dst, field_rt(i->word));
	emit_bswap(&t->e, true, dst);
	if (followed_by(t, INSN_ID_dshd))
		t->skip = true;
	else
		emit_swap_halves(t, dst);
	finish(t, rd, dst);
	return true;
}

#define ROW(name) [INSN_ID_##name] = t_##name
translate_function *const translate_bits_table[INSN_COUNT] = {
	ROW(sll),   ROW(srl),	 ROW(sra),    ROW(rotr),   ROW(dsll),	 ROW(dsrl),   ROW(dsra),
	ROW(drotr), ROW(dsll32), ROW(dsrl32), ROW(dsra32), ROW(drotr32), ROW(sllv),   ROW(srlv),
	ROW(srav),  ROW(rotrv),	 ROW(dsllv),  ROW(dsrlv),  ROW(dsrav),	 ROW(drotrv), ROW(clz),
	ROW(dclz),  ROW(ext),	 ROW(dext),   ROW(dextm),  ROW(dextu),	 ROW(ins),    ROW(dins),
	ROW(dinsm), ROW(dinsu),	 ROW(seb),    ROW(seh),	   ROW(wsbh),	 ROW(dsbh),   ROW(dshd),
};
