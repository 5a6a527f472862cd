// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floating point on SSE2, for FR = 1, rounding to nearest, no exception enabled and FS clear
 * (check_fpu() sees to it); anything else is the interpreter's.
 *
 * The result of the host is the guest's unless it is a NaN, an infinity, zero or tiny: then the
 * exponent check sends the operation to its handler (a zero that is exact comes back at once). What
 * is left can only be inexact. FCSR.Flags collects that in MXCSR; FCSR.Cause, which each operation
 * overwrites, is settled when somebody looks: the operation keeps its operands in the frame, and
 * its handler is run on them again at the next exit (settle_fpu() in runtime.c).
 */
#include "translate.h"

#include "mips/arch.h"

#define XMM(n) op_reg((enum host_reg)(n))

static struct operand fpr(unsigned n)
{
	return cpu_field(offsetof(struct cpu, fpr) + n * sizeof(uint64_t));
}

static struct operand kept_operand(unsigned n)
{
	return frame_field(offsetof(struct jit_frame, fp_operand) + n * sizeof(uint64_t));
}

/* Notes that @i is the last operation; its operands have been kept. */
static void note_operation(struct builder *t, const struct trace_insn *i)
{
	emit_mov_rm_i(&t->e, false, FRAME_FIELD(fp_word), (int32_t)i->word);
}

/* Loads fpr[n] into @xmm and keeps it as operand @slot. */
static void load_operand(struct builder *t, bool dbl, unsigned xmm, unsigned n, unsigned slot)
{
	emit_sse_load(&t->e, dbl, xmm, fpr(n));
	emit_sse_store(&t->e, dbl, kept_operand(slot), xmm);
}

/* Leaves for the handler unless the result in XMM0 is a normal number well above the smallest. */
static struct site *check_result(struct builder *t, bool dbl, enum zero_rule rule)
{
	struct emitter *e = &t->e;
	struct site *site = make_site(t, SITE_INTERPRET);

	emit_movq_r_xmm(e, dbl, RAX, 0);
	emit_alu_r_rm(e, dbl, ALU_ADD, RAX, op_reg(RAX));
	emit_shift_i(e, dbl, SHIFT_SHR, op_reg(RAX), dbl ? 53 : 24);
	emit_alu_rm_i(e, false, ALU_SUB, op_reg(RAX), 2);
	emit_alu_rm_i(e, false, ALU_CMP, op_reg(RAX), dbl ? 0x7fd : 0xfd);
	add_zero_stub(t, emit_jcc(e, CC_AE), site, dbl, rule);
	return site;
}

static void store_result(struct builder *t, const struct trace_insn *i, bool dbl, struct site *site)
{
	emit_sse_store(&t->e, dbl, fpr(field_fd(i->word)), 0);
	site->resume = emit_here(&t->e);
}

static bool binary(struct builder *t, const struct trace_insn *i, bool dbl, enum sse_op op)
{
	enum zero_rule rule = op == SSE_MUL   ? ZERO_OF_EITHER
			      : op == SSE_DIV ? ZERO_OF_FIRST
					      : ZERO_EXACT;
	struct site *site;

	load_operand(t, dbl, 0, field_fs(i->word), 0);
	load_operand(t, dbl, 1, field_ft(i->word), 1);
	note_operation(t, i);
	emit_sse_op(&t->e, dbl, op, 0, XMM(1));
	site = check_result(t, dbl, rule);
	store_result(t, i, dbl, site);
	return true;
}

#define BINARY(name, op)                                                                           \
	static bool t_##name##_s(struct builder *t, const struct trace_insn *i)                    \
	{                                                                                          \
		return binary(t, i, false, op);                                                    \
	}                                                                                          \
	static bool t_##name##_d(struct builder *t, const struct trace_insn *i)                    \
	{                                                                                          \
		return binary(t, i, true, op);                                                     \
	}
BINARY(add, SSE_ADD)
BINARY(sub, SSE_SUB)
BINARY(mul, SSE_MUL)
BINARY(div, SSE_DIV)

static bool square_root(struct builder *t, const struct trace_insn *i, bool dbl)
{
	struct site *site;

	load_operand(t, dbl, 0, field_fs(i->word), 0);
	note_operation(t, i);
	emit_sse_op(&t->e, dbl, SSE_SQRT, 0, XMM(0));
	site = check_result(t, dbl, ZERO_EXACT);
	store_result(t, i, dbl, site);
	return true;
}

static bool t_sqrt_s(struct builder *t, const struct trace_insn *i)
{
	return square_root(t, i, false);
}

static bool t_sqrt_d(struct builder *t, const struct trace_insn *i)
{
	return square_root(t, i, true);
}

/* (fs * ft) op fr, each rounded; @negate: then the sign changed. */
static bool multiply_add(struct builder *t, const struct trace_insn *i, bool dbl, enum sse_op op,
			 bool negate)
{
	struct site *product, *sum;

	load_operand(t, dbl, 0, field_fs(i->word), 0);
	load_operand(t, dbl, 1, field_ft(i->word), 1);
	load_operand(t, dbl, 2, field_fr(i->word), 2);
	note_operation(t, i);
	emit_sse_op(&t->e, dbl, SSE_MUL, 0, XMM(1));
	product = check_result(t, dbl, ZERO_OF_EITHER);
	emit_sse_op(&t->e, dbl, op, 0, XMM(2));
	sum = check_result(t, dbl, ZERO_EXACT);
	if (negate) {
		emit_movq_r_xmm(&t->e, dbl, RAX, 0);
		emit_mov_r_imm(&t->e, RCX, dbl ? UINT64_C(1) << 63 : UINT64_C(1) << 31);
		emit_alu_r_rm(&t->e, true, ALU_XOR, RAX, op_reg(RCX));
		emit_mov_rm_r(&t->e, dbl, fpr(field_fd(i->word)), RAX);
	} else {
		emit_sse_store(&t->e, dbl, fpr(field_fd(i->word)), 0);
	}
	product->resume = sum->resume = emit_here(&t->e);
	return true;
}

#define MULTIPLY_ADD(name, op, negate)                                                             \
	static bool t_##name##_s(struct builder *t, const struct trace_insn *i)                    \
	{                                                                                          \
		return multiply_add(t, i, false, op, negate);                                      \
	}                                                                                          \
	static bool t_##name##_d(struct builder *t, const struct trace_insn *i)                    \
	{                                                                                          \
		return multiply_add(t, i, true, op, negate);                                       \
	}
MULTIPLY_ADD(madd, SSE_ADD, false)
MULTIPLY_ADD(msub, SSE_SUB, false)
MULTIPLY_ADD(nmadd, SSE_ADD, true)
MULTIPLY_ADD(nmsub, SSE_SUB, true)

/* ---- Sign operations and moves: FCSR is left alone ---- */

static bool sign_bit(struct builder *t, const struct trace_insn *i, bool dbl, enum alu_op op)
{
	uint64_t sign = dbl ? UINT64_C(1) << 63 : UINT64_C(1) << 31;

	emit_mov_r_rm(&t->e, dbl, RAX, fpr(field_fs(i->word)));
	emit_mov_r_imm(&t->e, RCX, op == ALU_XOR ? sign : sign - 1);
	emit_alu_r_rm(&t->e, dbl, op, RAX, op_reg(RCX));
	emit_mov_rm_r(&t->e, dbl, fpr(field_fd(i->word)), RAX);
	return true;
}

static bool t_abs_s(struct builder *t, const struct trace_insn *i)
{
	return sign_bit(t, i, false, ALU_AND);
}

static bool t_abs_d(struct builder *t, const struct trace_insn *i)
{
	return sign_bit(t, i, true, ALU_AND);
}

static bool t_neg_s(struct builder *t, const struct trace_insn *i)
{
	return sign_bit(t, i, false, ALU_XOR);
}

static bool t_neg_d(struct builder *t, const struct trace_insn *i)
{
	return sign_bit(t, i, true, ALU_XOR);
}

static bool move(struct builder *t, const struct trace_insn *i, bool dbl)
{
	emit_mov_r_rm(&t->e, dbl, RAX, fpr(field_fs(i->word)));
	emit_mov_rm_r(&t->e, dbl, fpr(field_fd(i->word)), RAX);
	return true;
}

static bool t_mov_s(struct builder *t, const struct trace_insn *i)
{
	return move(t, i, false);
}

static bool t_mov_d(struct builder *t, const struct trace_insn *i)
{
	return move(t, i, true);
}

/* MOVZ.fmt, MOVN.fmt on a general register. */
static bool conditional_move(struct builder *t, const struct trace_insn *i, bool dbl,
			     enum condition cc)
{
	emit_mov_r_rm(&t->e, dbl, RCX, fpr(field_fd(i->word)));
	emit_alu_rm_i(&t->e, true, ALU_CMP, source(t, field_rt(i->word)), 0);
	emit_cmov(&t->e, dbl, cc, RCX, fpr(field_fs(i->word)));
	emit_mov_rm_r(&t->e, dbl, fpr(field_fd(i->word)), RCX);
	return true;
}

static bool t_movz_s(struct builder *t, const struct trace_insn *i)
{
	return conditional_move(t, i, false, CC_E);
}

static bool t_movz_d(struct builder *t, const struct trace_insn *i)
{
	return conditional_move(t, i, true, CC_E);
}

static bool t_movn_s(struct builder *t, const struct trace_insn *i)
{
	return conditional_move(t, i, false, CC_NE);
}

static bool t_movn_d(struct builder *t, const struct trace_insn *i)
{
	return conditional_move(t, i, true, CC_NE);
}

static bool from_fpr(struct builder *t, const struct trace_insn *i, enum load_kind kind)
{
	enum host_reg dst = target(t, field_rt(i->word));

	if (field_rt(i->word) == 0)
		return true;
	emit_load(&t->e, kind, dst, fpr(field_fs(i->word)));
	finish(t, field_rt(i->word), dst);
	return true;
}

static bool t_mfc1(struct builder *t, const struct trace_insn *i)
{
	return from_fpr(t, i, LOAD_S32);
}

static bool t_dmfc1(struct builder *t, const struct trace_insn *i)
{
	return from_fpr(t, i, LOAD_64);
}

static bool to_fpr(struct builder *t, const struct trace_insn *i, bool wide)
{
	emit_mov_rm_r(&t->e, wide, fpr(field_fs(i->word)),
		      source_register(t, field_rt(i->word), RAX));
	return true;
}

static bool t_mtc1(struct builder *t, const struct trace_insn *i)
{
	return to_fpr(t, i, false);
}

static bool t_dmtc1(struct builder *t, const struct trace_insn *i)
{
	return to_fpr(t, i, true);
}

/* ---- Comparisons ---- */

/* C.cond.fmt. Unordered operands are the handler's; else only "equal" and "less" count. */
static bool compare(struct builder *t, const struct trace_insn *i, bool dbl)
{
	static const enum condition conditions[4] = {CC_E, CC_E, CC_B, CC_BE};
	unsigned ordered = i->word >> 1 & 3, cc = i->word >> 8 & 7;
	unsigned bit = cc == 0 ? 23 : 24 + cc;
	struct emitter *e = &t->e;
	struct site *site;

	load_operand(t, dbl, 0, field_fs(i->word), 0);
	load_operand(t, dbl, 1, field_ft(i->word), 1);
	note_operation(t, i);
	emit_mov_r_rm(e, false, RAX, CPU_FIELD(fcr31));
	emit_alu_rm_i(e, false, ALU_AND, op_reg(RAX), (int32_t) ~(UINT32_C(1) << bit));
	emit_mov_r_imm(e, RCX, 0);
	emit_ucomis(e, dbl, 0, XMM(1));
	site = make_site(t, SITE_INTERPRET);
	add_site_stub(t, emit_jcc(e, CC_P), site);
	if (ordered) {
		emit_setcc(e, conditions[ordered], op_reg(RCX));
		emit_shift_i(e, false, SHIFT_SHL, op_reg(RCX), bit);
		emit_alu_r_rm(e, false, ALU_OR, RAX, op_reg(RCX));
	}
	emit_mov_rm_r(e, false, CPU_FIELD(fcr31), RAX);
	site->resume = emit_here(e);
	return true;
}

static bool t_c_s(struct builder *t, const struct trace_insn *i)
{
	return compare(t, i, false);
}

static bool t_c_d(struct builder *t, const struct trace_insn *i)
{
	return compare(t, i, true);
}

/* ---- Conversions ---- */

static bool convert_float(struct builder *t, const struct trace_insn *i, bool to_double)
{
	struct site *site;

	load_operand(t, !to_double, 0, field_fs(i->word), 0);
	note_operation(t, i);
	emit_cvt_float(&t->e, to_double, 0, XMM(0));
	site = check_result(t, to_double, ZERO_OF_DOUBLE);
	store_result(t, i, to_double, site);
	return true;
}

static bool t_cvt_d_s(struct builder *t, const struct trace_insn *i)
{
	/* The zero test looks at 64 bits of the operand; keep the upper ones clear. */
	emit_mov_rm_i(&t->e, true, kept_operand(0), 0);
	return convert_float(t, i, true);
}

static bool t_cvt_s_d(struct builder *t, const struct trace_insn *i)
{
	return convert_float(t, i, false);
}

/* From an integer: any result is fine, zero too. */
static bool convert_from_int(struct builder *t, const struct trace_insn *i, bool dbl, bool wide)
{
	emit_mov_r_rm(&t->e, wide, RAX, fpr(field_fs(i->word)));
	emit_mov_rm_r(&t->e, wide, kept_operand(0), RAX);
	note_operation(t, i);
	emit_cvt_from_int(&t->e, dbl, wide, 0, op_reg(RAX));
	emit_sse_store(&t->e, dbl, fpr(field_fd(i->word)), 0);
	return true;
}

#define FROM_INT(name, dbl, wide)                                                                  \
	static bool t_##name(struct builder *t, const struct trace_insn *i)                        \
	{                                                                                          \
		return convert_from_int(t, i, dbl, wide);                                          \
	}
FROM_INT(cvt_d_w, true, false)
FROM_INT(cvt_d_l, true, true)
FROM_INT(cvt_s_w, false, false)
FROM_INT(cvt_s_l, false, true)

/* To an integer: the host gives 1 << (bits - 1) for what does not fit; the handler then decides. */
static bool convert_to_int(struct builder *t, const struct trace_insn *i, bool dbl, bool wide,
			   bool truncate)
{
	struct emitter *e = &t->e;
	struct site *site;

	load_operand(t, dbl, 0, field_fs(i->word), 0);
	note_operation(t, i);
	emit_cvt_to_int(e, dbl, wide, truncate, RAX, 0);
	emit_alu_rm_i(e, wide, ALU_CMP, op_reg(RAX), 1); /* overflows for that value only */
	site = make_site(t, SITE_INTERPRET);
	add_site_stub(t, emit_jcc(e, CC_O), site);
	emit_mov_rm_r(e, wide, fpr(field_fd(i->word)), RAX);
	site->resume = emit_here(e);
	return true;
}

#define TO_INT(name, dbl, wide, truncate)                                                          \
	static bool t_##name(struct builder *t, const struct trace_insn *i)                        \
	{                                                                                          \
		return convert_to_int(t, i, dbl, wide, truncate);                                  \
	}
TO_INT(cvt_w_d, true, false, false)
TO_INT(cvt_w_s, false, false, false)
TO_INT(cvt_l_d, true, true, false)
TO_INT(cvt_l_s, false, true, false)
TO_INT(trunc_w_d, true, false, true)
TO_INT(trunc_w_s, false, false, true)
TO_INT(trunc_l_d, true, true, true)
TO_INT(trunc_l_s, false, true, true)

#define ROW(name)    [INSN_ID_##name] = t_##name
#define ROW_SD(name) ROW(name##_s), ROW(name##_d)
translate_function *const translate_fpu_table[INSN_COUNT] = {
	ROW_SD(add),
	ROW_SD(sub),
	ROW_SD(mul),
	ROW_SD(div),
	ROW_SD(sqrt),
	ROW_SD(madd),
	ROW_SD(msub),
	ROW_SD(nmadd),
	ROW_SD(nmsub),
	ROW_SD(abs),
	ROW_SD(neg),
	ROW_SD(mov),
	ROW_SD(movz),
	ROW_SD(movn),
	ROW(mfc1),
	ROW(dmfc1),
	ROW(mtc1),
	ROW(dmtc1),
	ROW_SD(c),
	ROW(cvt_d_s),
	ROW(cvt_s_d),
	ROW(cvt_d_w),
	ROW(cvt_d_l),
	ROW(cvt_s_w),
	ROW(cvt_s_l),
	ROW(cvt_w_d),
	ROW(cvt_w_s),
	ROW(cvt_l_d),
	ROW(cvt_l_s),
	ROW(trunc_w_d),
	ROW(trunc_w_s),
	ROW(trunc_l_d),
	ROW(trunc_l_s),
	[INSN_ID_round_w_d] = t_cvt_w_d,
	[INSN_ID_round_w_s] = t_cvt_w_s,
	[INSN_ID_round_l_d] = t_cvt_l_d,
	[INSN_ID_round_l_s] = t_cvt_l_s,
};
