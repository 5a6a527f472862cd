// SPDX-License-Identifier: GPL-2.0-or-later
/* Multiplication, division, HI and LO. */
#include "translate.h"

static bool move_from(struct builder *t, const struct trace_insn *i, struct operand from)
{
	unsigned rd = field_rd(i->word);
	enum host_reg dst = target(t, rd);

	if (rd == 0)
		return true;
	emit_mov_r_rm(&t->e, true, dst, from);
	finish(t, rd, dst);
	return true;
}

static bool t_mfhi(struct builder *t, const struct trace_insn *i)
{
	return move_from(t, i, CPU_FIELD(hi));
}

static bool t_mflo(struct builder *t, const struct trace_insn *i)
{
	return move_from(t, i, CPU_FIELD(lo));
}

static bool t_mthi(struct builder *t, const struct trace_insn *i)
{
	emit_mov_rm_r(&t->e, true, CPU_FIELD(hi), source_register(t, field_rs(i->word), RAX));
	return true;
}

static bool t_mtlo(struct builder *t, const struct trace_insn *i)
{
	emit_mov_rm_r(&t->e, true, CPU_FIELD(lo), source_register(t, field_rs(i->word), RAX));
	return true;
}

/* HI and LO from the product in RDX:RAX, or remainder and quotient there. */
static void store_hi_lo(struct builder *t, bool wide)
{
	if (!wide) {
		emit_load(&t->e, LOAD_S32, RAX, op_reg(RAX));
		emit_load(&t->e, LOAD_S32, RDX, op_reg(RDX));
	}
	emit_mov_rm_r(&t->e, true, CPU_FIELD(lo), RAX);
	emit_mov_rm_r(&t->e, true, CPU_FIELD(hi), RDX);
}

static bool multiply(struct builder *t, const struct trace_insn *i, bool wide, enum unary_op op)
{
	struct operand b = wide ? source(t, field_rt(i->word)) : source_low(t, field_rt(i->word));

	load_register(t, RAX, field_rs(i->word));
	emit_unary(&t->e, wide, op, b);
	store_hi_lo(t, wide);
	return true;
}

static bool t_mult(struct builder *t, const struct trace_insn *i)
{
	return multiply(t, i, false, UNARY_IMUL);
}

static bool t_multu(struct builder *t, const struct trace_insn *i)
{
	return multiply(t, i, false, UNARY_MUL);
}

static bool t_dmult(struct builder *t, const struct trace_insn *i)
{
	return multiply(t, i, true, UNARY_IMUL);
}

static bool t_dmultu(struct builder *t, const struct trace_insn *i)
{
	return multiply(t, i, true, UNARY_MUL);
}

/*
 * Division by zero, and for signed division any divisor of -1 (whose overflow traps on x86), are
 * the interpreter's: (unsigned)(divisor + 1) <= 1.
 */
static bool divide(struct builder *t, const struct trace_insn *i, bool wide, bool sign)
{
	struct emitter *e = &t->e;

	load_register(t, RCX, field_rt(i->word));
	load_register(t, RAX, field_rs(i->word));
	if (sign) {
		emit_lea(e, wide, RDX, op_mem(RCX, 1));
		emit_alu_rm_i(e, wide, ALU_CMP, op_reg(RDX), 1);
		interpret_if(t, CC_BE);
		emit_cdq(e, wide);
	} else {
		emit_test_rr(e, wide, RCX, RCX);
		interpret_if(t, CC_E);
		emit_mov_r_imm(e, RDX, 0);
	}
	emit_unary(e, wide, sign ? UNARY_IDIV : UNARY_DIV, op_reg(RCX));
	store_hi_lo(t, wide);
	return true;
}

static bool t_div(struct builder *t, const struct trace_insn *i)
{
	return divide(t, i, false, true);
}

static bool t_divu(struct builder *t, const struct trace_insn *i)
{
	return divide(t, i, false, false);
}

static bool t_ddiv(struct builder *t, const struct trace_insn *i)
{
	return divide(t, i, true, true);
}

static bool t_ddivu(struct builder *t, const struct trace_insn *i)
{
	return divide(t, i, true, false);
}

/* MUL: HI and LO are unpredictable; the interpreter keeps them. */
static bool t_mul(struct builder *t, const struct trace_insn *i)
{
	unsigned rd = field_rd(i->word), rs = field_rs(i->word), rt = field_rt(i->word);
	enum host_reg dst = target(t, rd);
	struct operand right = source_low(t, rt);

	if (rd == 0)
		return true;
	if (operand_is(right, dst)) {
		emit_imul_r_rm(&t->e, false, dst, source_low(t, rs));
	} else {
		load_low(t, dst, rs);
		emit_imul_r_rm(&t->e, false, dst, right);
	}
	finish_low(t, rd, dst);
	return true;
}

#define ROW(name) [INSN_ID_##name] = t_##name
translate_function *const translate_muldiv_table[INSN_COUNT] = {
	ROW(mfhi),   ROW(mflo), ROW(mthi), ROW(mtlo), ROW(mult),  ROW(multu), ROW(dmult),
	ROW(dmultu), ROW(div),	ROW(divu), ROW(ddiv), ROW(ddivu), ROW(mul),
};
