// SPDX-License-Identifier: GPL-2.0-or-later
/* Integer instructions: general registers, HI and LO, conditional traps, RDHWR. */
#include "translate.h"

#include "mips/arch.h"

#define HWR_USERLOCAL 29

/* dst = a op b, @dst a host register that may be the home of a or b. */
static void operate(struct builder *t, bool wide, enum alu_op op, enum host_reg dst, unsigned a,
		    unsigned b)
{
	struct emitter *e = &t->e;
	bool commutes = op != ALU_SUB;
	struct operand right;
	uint64_t value;

	if (commutes && value_known(t, a, &value) && fits_s32((int64_t)value)) {
		unsigned swap = a;

		a = b;
		b = swap;
	}
	if (value_known(t, b, &value) && fits_s32((int64_t)value)) {
		load_register(t, dst, a);
		if (value || op == ALU_AND)
			emit_alu_rm_i(e, wide, op, op_reg(dst), (int32_t)value);
		return;
	}
	right = source(t, b);
	if (operand_is(right, dst) && a != b) {
		if (commutes) {
			emit_alu_r_rm(e, wide, op, dst, source(t, a));
			return;
		}
		load_register(t, RAX, a);
		emit_alu_r_rm(e, wide, op, RAX, right);
		emit_mov_r_rm(e, true, dst, op_reg(RAX));
		return;
	}
	load_register(t, dst, a);
	emit_alu_r_rm(e, wide, op, dst, right);
}

static void sign_extend(struct builder *t, enum host_reg reg)
{
	emit_load(&t->e, LOAD_S32, reg, op_reg(reg));
}

/* Three-register operations: rd = rs op rt. */
static bool three(struct builder *t, const struct trace_insn *i, bool wide, enum alu_op op)
{
	unsigned rd = field_rd(i->word), rs = field_rs(i->word), rt = field_rt(i->word);
	enum host_reg dst = target(t, rd);

	if (rd == 0)
		return true;
	if (wide && op == ALU_SUB && rs == 0) {
		load_register(t, dst, rt);
		emit_unary(&t->e, true, UNARY_NEG, op_reg(dst));
	} else {
		operate(t, wide, op, dst, rs, rt);
	}
	if (!wide)
		sign_extend(t, dst);
	finish(t, rd, dst);
	return true;
}

static bool t_addu(struct builder *t, const struct trace_insn *i)
{
	return three(t, i, false, ALU_ADD);
}

static bool t_subu(struct builder *t, const struct trace_insn *i)
{
	return three(t, i, false, ALU_SUB);
}

static bool t_daddu(struct builder *t, const struct trace_insn *i)
{
	return three(t, i, true, ALU_ADD);
}

static bool t_dsubu(struct builder *t, const struct trace_insn *i)
{
	return three(t, i, true, ALU_SUB);
}

static bool t_and(struct builder *t, const struct trace_insn *i)
{
	return three(t, i, true, ALU_AND);
}

static bool t_or(struct builder *t, const struct trace_insn *i)
{
	return three(t, i, true, ALU_OR);
}

static bool t_xor(struct builder *t, const struct trace_insn *i)
{
	return three(t, i, true, ALU_XOR);
}

static bool t_nor(struct builder *t, const struct trace_insn *i)
{
	unsigned rd = field_rd(i->word);
	enum host_reg dst = target(t, rd);

	if (rd == 0)
		return true;
	operate(t, true, ALU_OR, dst, field_rs(i->word), field_rt(i->word));
	emit_unary(&t->e, true, UNARY_NOT, op_reg(dst));
	finish(t, rd, dst);
	return true;
}

/* Additions that trap on overflow: the interpreter raises the exception. */
static bool trapping(struct builder *t, const struct trace_insn *i, bool wide, enum alu_op op)
{
	unsigned rd = field_rd(i->word);

	load_register(t, RAX, field_rs(i->word));
	emit_alu_r_rm(&t->e, wide, op, RAX, source(t, field_rt(i->word)));
	interpret_if(t, CC_O);
	if (!wide)
		sign_extend(t, RAX);
	finish(t, rd, RAX);
	return true;
}

static bool t_add(struct builder *t, const struct trace_insn *i)
{
	return trapping(t, i, false, ALU_ADD);
}

static bool t_sub(struct builder *t, const struct trace_insn *i)
{
	return trapping(t, i, false, ALU_SUB);
}

static bool t_dadd(struct builder *t, const struct trace_insn *i)
{
	return trapping(t, i, true, ALU_ADD);
}

static bool t_dsub(struct builder *t, const struct trace_insn *i)
{
	return trapping(t, i, true, ALU_SUB);
}

static bool trapping_immediate(struct builder *t, const struct trace_insn *i, bool wide)
{
	load_register(t, RAX, field_rs(i->word));
	emit_alu_rm_i(&t->e, wide, ALU_ADD, op_reg(RAX), (int32_t)field_simm(i->word));
	interpret_if(t, CC_O);
	if (!wide)
		sign_extend(t, RAX);
	finish(t, field_rt(i->word), RAX);
	return true;
}

static bool t_addi(struct builder *t, const struct trace_insn *i)
{
	return trapping_immediate(t, i, false);
}

static bool t_daddi(struct builder *t, const struct trace_insn *i)
{
	return trapping_immediate(t, i, true);
}

static bool add_immediate(struct builder *t, const struct trace_insn *i, bool wide)
{
	unsigned rt = field_rt(i->word), rs = field_rs(i->word);
	int32_t imm = (int32_t)field_simm(i->word);
	enum host_reg dst = target(t, rt);
	struct operand from;

	if (rt == 0)
		return true;
	from = source(t, rs);
	if (!from.memory && imm != 0 && !(wide && operand_is(from, dst))) {
		emit_lea(&t->e, wide, dst, op_mem((enum host_reg)from.base, imm));
	} else {
		emit_mov_r_rm(&t->e, true, dst, from);
		if (imm)
			emit_alu_rm_i(&t->e, wide, ALU_ADD, op_reg(dst), imm);
	}
	if (!wide)
		sign_extend(t, dst);
	finish(t, rt, dst);
	return true;
}

static bool t_addiu(struct builder *t, const struct trace_insn *i)
{
	return add_immediate(t, i, false);
}

static bool t_daddiu(struct builder *t, const struct trace_insn *i)
{
	return add_immediate(t, i, true);
}

static bool logical_immediate(struct builder *t, const struct trace_insn *i, enum alu_op op)
{
	unsigned rt = field_rt(i->word), rs = field_rs(i->word);
	int32_t imm = (int32_t)field_uimm(i->word);
	enum host_reg dst = target(t, rt);

	if (rt == 0)
		return true;
	if (op == ALU_AND && imm == 0xff) {
		emit_load(&t->e, LOAD_U8, dst, source(t, rs));
	} else if (op == ALU_AND && imm == 0xffff) {
		emit_load(&t->e, LOAD_U16, dst, source(t, rs));
	} else {
		load_register(t, dst, rs);
		/* The upper half of the result is zero: the 32-bit form is shorter. */
		emit_alu_rm_i(&t->e, op != ALU_AND, op, op_reg(dst), imm);
	}
	finish(t, rt, dst);
	return true;
}

static bool t_andi(struct builder *t, const struct trace_insn *i)
{
	return logical_immediate(t, i, ALU_AND);
}

static bool t_ori(struct builder *t, const struct trace_insn *i)
{
	return logical_immediate(t, i, ALU_OR);
}

static bool t_xori(struct builder *t, const struct trace_insn *i)
{
	return logical_immediate(t, i, ALU_XOR);
}

/* The flags of the last compare, as 0 or 1 in @r. */
static void set_on(struct builder *t, unsigned r, enum condition cc)
{
	enum host_reg dst = target(t, r);

	emit_setcc(&t->e, cc, op_reg(RAX));
	emit_load(&t->e, LOAD_U8, dst, op_reg(RAX));
	finish(t, r, dst);
}

static void compare(struct builder *t, unsigned rs, unsigned rt)
{
	struct operand right;
	uint64_t value;

	if (value_known(t, rt, &value) && fits_s32((int64_t)value)) {
		emit_alu_rm_i(&t->e, true, ALU_CMP, source(t, rs), (int32_t)value);
		return;
	}
	right = source(t, rt);
	emit_alu_r_rm(&t->e, true, ALU_CMP, source_register(t, rs, RAX), right);
}

static bool t_slt(struct builder *t, const struct trace_insn *i)
{
	compare(t, field_rs(i->word), field_rt(i->word));
	set_on(t, field_rd(i->word), CC_L);
	return true;
}

static bool t_sltu(struct builder *t, const struct trace_insn *i)
{
	compare(t, field_rs(i->word), field_rt(i->word));
	set_on(t, field_rd(i->word), CC_B);
	return true;
}

static bool t_slti(struct builder *t, const struct trace_insn *i)
{
	emit_alu_rm_i(&t->e, true, ALU_CMP, source(t, field_rs(i->word)),
		      (int32_t)field_simm(i->word));
	set_on(t, field_rt(i->word), CC_L);
	return true;
}

static bool t_sltiu(struct builder *t, const struct trace_insn *i)
{
	emit_alu_rm_i(&t->e, true, ALU_CMP, source(t, field_rs(i->word)),
		      (int32_t)field_simm(i->word));
	set_on(t, field_rt(i->word), CC_B);
	return true;
}

static bool shift(struct builder *t, const struct trace_insn *i, bool wide, enum shift_op op,
		  unsigned count)
{
	unsigned rd = field_rd(i->word), rt = field_rt(i->word);
	enum host_reg dst = target(t, rd);

	if (rd == 0)
		return true;
	if (!wide && count == 0) {
		emit_load(&t->e, LOAD_S32, dst, source(t, rt));
	} else {
		struct operand from = source(t, rt);

		if (op == SHIFT_ROR && t->jit->has_bmi2 && count) {
			emit_rorx(&t->e, wide, dst, from, count);
		} else {
			emit_mov_r_rm(&t->e, true, dst, from);
			if (count)
				emit_shift_i(&t->e, wide, op, op_reg(dst), count);
		}
		if (!wide)
			sign_extend(t, dst);
	}
	finish(t, rd, dst);
	return true;
}

#define SHIFT(name, wide, op, extra)                                                               \
	static bool t_##name(struct builder *t, const struct trace_insn *i)                        \
	{                                                                                          \
		return shift(t, i, wide, op, field_sa(i->word) + (extra));                         \
	}
SHIFT(sll, false, SHIFT_SHL, 0)
SHIFT(srl, false, SHIFT_SHR, 0)
SHIFT(rotr, false, SHIFT_ROR, 0)
SHIFT(dsll, true, SHIFT_SHL, 0)
SHIFT(dsrl, true, SHIFT_SHR, 0)
SHIFT(dsra, true, SHIFT_SAR, 0)
SHIFT(drotr, true, SHIFT_ROR, 0)
SHIFT(dsll32, true, SHIFT_SHL, 32)
SHIFT(dsrl32, true, SHIFT_SHR, 32)
SHIFT(dsra32, true, SHIFT_SAR, 32)
SHIFT(drotr32, true, SHIFT_ROR, 32)
SHIFT(sra, true, SHIFT_SAR, 0) /* a sign-extended word stays one */

/* The count is taken modulo the width, as x86 does. */
static bool shift_variable(struct builder *t, const struct trace_insn *i, bool wide,
			   enum shift_op op)
{
	unsigned rd = field_rd(i->word);

	if (rd == 0)
		return true;
	load_register(t, RCX, field_rs(i->word));
	load_register(t, RAX, field_rt(i->word));
	emit_shift_cl(&t->e, wide, op, op_reg(RAX));
	if (!wide)
		sign_extend(t, RAX);
	finish(t, rd, RAX);
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

static bool conditional_move(struct builder *t, const struct trace_insn *i, enum condition cc)
{
	unsigned rd = field_rd(i->word), rt = field_rt(i->word);
	enum host_reg dst = target(t, rd);
	struct operand from;

	if (rd == 0)
		return true;
	load_register(t, dst, rd);
	from = source(t, field_rs(i->word));
	if (field_rs(i->word) == 0) {
		emit_mov_r_imm(&t->e, RCX, 0);
		from = op_reg(RCX);
	}
	emit_alu_rm_i(&t->e, true, ALU_CMP, source(t, rt), 0);
	emit_cmov(&t->e, true, cc, dst, from);
	finish(t, rd, dst);
	return true;
}

static bool t_movz(struct builder *t, const struct trace_insn *i)
{
	return conditional_move(t, i, CC_E);
}

static bool t_movn(struct builder *t, const struct trace_insn *i)
{
	return conditional_move(t, i, CC_NE);
}

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
		sign_extend(t, RAX);
		sign_extend(t, RDX);
	}
	emit_mov_rm_r(&t->e, true, CPU_FIELD(lo), RAX);
	emit_mov_rm_r(&t->e, true, CPU_FIELD(hi), RDX);
}

static bool multiply(struct builder *t, const struct trace_insn *i, bool wide, enum unary_op op)
{
	struct operand b = source(t, field_rt(i->word));

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

static bool trap(struct builder *t, const struct trace_insn *i, enum condition cc)
{
	compare(t, field_rs(i->word), field_rt(i->word));
	interpret_if(t, cc);
	return true;
}

static bool t_teq(struct builder *t, const struct trace_insn *i)
{
	return trap(t, i, CC_E);
}

static bool t_tne(struct builder *t, const struct trace_insn *i)
{
	return trap(t, i, CC_NE);
}

static bool t_clz(struct builder *t, const struct trace_insn *i)
{
	enum host_reg dst = target(t, field_rd(i->word));

	if (!t->jit->has_lzcnt)
		return false;
	emit_lzcnt(&t->e, false, dst, source(t, field_rs(i->word)));
	finish(t, field_rd(i->word), dst);
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
	load_register(t, dst, field_rs(i->word));
	if (size == 32 && lsb == 0) {
		emit_load(&t->e, wide ? LOAD_U32 : LOAD_S32, dst, op_reg(dst));
	} else if (size < 32) {
		if (lsb)
			emit_shift_i(&t->e, wide, SHIFT_SHR, op_reg(dst), lsb);
		emit_alu_rm_i(&t->e, false, ALU_AND, op_reg(dst), (int32_t)((1u << size) - 1));
	} else {
		if (lsb + size < 64)
			emit_shift_i(&t->e, true, SHIFT_SHL, op_reg(dst), 64 - lsb - size);
		if (size < 64)
			emit_shift_i(&t->e, true, SHIFT_SHR, op_reg(dst), 64 - size);
	}
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
	if (!wide)
		sign_extend(t, RAX);
	finish(t, rt, RAX);
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
	emit_load(&t->e, kind, dst, source(t, rt));
	finish(t, rd, dst);
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

/* WSBH: bytes swapped within halfwords = bytes of the word reversed, then rotated by 16. */
static bool t_wsbh(struct builder *t, const struct trace_insn *i)
{
	load_register(t, RAX, field_rt(i->word));
	emit_bswap(&t->e, false, RAX);
	emit_shift_i(&t->e, false, SHIFT_ROR, op_reg(RAX), 16);
	sign_extend(t, RAX);
	finish(t, field_rd(i->word), RAX);
	return true;
}

/* MUL: HI and LO are unpredictable; the interpreter keeps them. */
static bool t_mul(struct builder *t, const struct trace_insn *i)
{
	load_register(t, RAX, field_rs(i->word));
	emit_imul_r_rm(&t->e, false, RAX, source(t, field_rt(i->word)));
	sign_extend(t, RAX);
	finish(t, field_rd(i->word), RAX);
	return true;
}

/* Nothing to do: the order of accesses is the program's. */
static bool t_nothing(struct builder *t, const struct trace_insn *i)
{
	(void)t;
	(void)i;
	return true;
}

/* UserLocal, the thread pointer: allowed in kernel mode, or where HWREna says so. */
static bool t_rdhwr(struct builder *t, const struct trace_insn *i)
{
	unsigned rt = field_rt(i->word);
	enum host_reg dst = target(t, rt);

	if (field_rd(i->word) != HWR_USERLOCAL || rt == 0)
		return false;
	if ((t->trace->key & KEY_MODE) != MODE_KERNEL) {
		emit_test_rm_i(&t->e, false, CPU_FIELD(cp0[CP0_HWRENA]), 1 << HWR_USERLOCAL);
		interpret_if(t, CC_E);
	}
	emit_mov_r_rm(&t->e, true, dst, CPU_FIELD(cp0[CP0_USERLOCAL]));
	finish(t, rt, dst);
	return true;
}

#define ROW(name) [INSN_ID_##name] = t_##name
translate_function *const translate_int_table[INSN_COUNT] = {
	ROW(addu),
	ROW(subu),
	ROW(daddu),
	ROW(dsubu),
	ROW(and),
	ROW(or),
	ROW(xor),
	ROW(nor),
	ROW(add),
	ROW(sub),
	ROW(dadd),
	ROW(dsub),
	ROW(addi),
	ROW(daddi),
	ROW(addiu),
	ROW(daddiu),
	ROW(andi),
	ROW(ori),
	ROW(xori),
	ROW(slt),
	ROW(sltu),
	ROW(slti),
	ROW(sltiu),
	ROW(sll),
	ROW(srl),
	ROW(sra),
	ROW(rotr),
	ROW(dsll),
	ROW(dsrl),
	ROW(dsra),
	ROW(drotr),
	ROW(dsll32),
	ROW(dsrl32),
	ROW(dsra32),
	ROW(drotr32),
	ROW(sllv),
	ROW(srlv),
	ROW(srav),
	ROW(rotrv),
	ROW(dsllv),
	ROW(dsrlv),
	ROW(dsrav),
	ROW(drotrv),
	ROW(movz),
	ROW(movn),
	ROW(mfhi),
	ROW(mflo),
	ROW(mthi),
	ROW(mtlo),
	ROW(mult),
	ROW(multu),
	ROW(dmult),
	ROW(dmultu),
	ROW(div),
	ROW(divu),
	ROW(ddiv),
	ROW(ddivu),
	ROW(teq),
	ROW(tne),
	ROW(clz),
	ROW(dclz),
	ROW(ext),
	ROW(dext),
	ROW(dextm),
	ROW(dextu),
	ROW(ins),
	ROW(dins),
	ROW(dinsm),
	ROW(dinsu),
	ROW(seb),
	ROW(seh),
	ROW(wsbh),
	ROW(mul),
	ROW(rdhwr),
	[INSN_ID_sync] = t_nothing,
	[INSN_ID_pref] = t_nothing,
};
