// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Integer instructions: sums, logic, comparisons, conditional moves and traps, RDHWR. 32-bit
 * results stay unextended in their host register (`narrow`) as long as only low halves are read.
 */
#include "translate.h"

#include "mips/arch.h"

#define HWR_USERLOCAL 29

static struct operand read_source(struct builder *t, unsigned r, bool wide)
{
	return wide ? source(t, r) : source_low(t, r);
}

static void read_into(struct builder *t, bool wide, enum host_reg reg, unsigned r)
{
	if (wide)
		load_register(t, reg, r);
	else
		load_low(t, reg, r);
}

/* dst = a + value. */
static void add_constant(struct builder *t, bool wide, enum host_reg dst, unsigned a, int32_t value)
{
	struct operand from = read_source(t, a, wide);

	if (!from.memory && value && !operand_is(from, dst)) {
		emit_lea(&t->e, wide, dst, op_mem((enum host_reg)from.base, value));
		return;
	}
	read_into(t, wide, dst, a);
	if (value)
		emit_alu_rm_i(&t->e, wide, ALU_ADD, op_reg(dst), value);
}

/* dst = a op b, @dst a host register that may be the home of a or b. */
static void operate(struct builder *t, bool wide, enum alu_op op, enum host_reg dst, unsigned a,
		    unsigned b)
{
	struct emitter *e = &t->e;
	struct operand left, right;
	uint64_t value;

	if (op != ALU_SUB && value_known(t, a, &value) && fits_s32((int64_t)value)) {
		unsigned swap = a;

		a = b;
		b = swap;
	}
	if (value_known(t, b, &value) && fits_s32((int64_t)value)) {
		if (op == ALU_ADD) {
			add_constant(t, wide, dst, a, (int32_t)value);
			return;
		}
		read_into(t, wide, dst, a);
		if (value || op == ALU_AND)
			emit_alu_rm_i(e, wide, op, op_reg(dst), (int32_t)value);
		return;
	}
	right = read_source(t, b, wide);
	if (a != b && operand_is(right, dst)) {
		left = read_source(t, a, wide);
		if (op == ALU_SUB) { /* a - b = -b + a */
			emit_unary(e, wide, UNARY_NEG, op_reg(dst));
			op = ALU_ADD;
		}
		emit_alu_r_rm(e, wide, op, dst, left);
		return;
	}
	if (op == ALU_ADD && !right.memory) {
		left = read_source(t, a, wide);
		if (!left.memory && !operand_is(left, dst)) {
			emit_lea(e, wide, dst,
				 op_index((enum host_reg)left.base, (enum host_reg)right.base, 0,
					  0));
			return;
		}
	}
	read_into(t, wide, dst, a);
	emit_alu_r_rm(e, wide, op, dst, right);
}

/* rd = r. */
static bool move(struct builder *t, unsigned rd, unsigned r)
{
	enum host_reg dst = target(t, rd);
	bool word = is_word(t, r), narrow = is_narrow(t, r);

	if (rd == 0)
		return true;
	emit_mov_r_rm(&t->e, !narrow, dst, read_source(t, r, !narrow));
	if (narrow)
		finish_low(t, rd, dst);
	else if (word)
		finish_word(t, rd, dst);
	else
		finish(t, rd, dst);
	return true;
}

static bool sum(struct builder *t, const struct trace_insn *i, bool wide, enum alu_op op)
{
	unsigned rd = field_rd(i->word), rs = field_rs(i->word), rt = field_rt(i->word);
	enum host_reg dst;

	if (rd == 0)
		return true;
	if (rt == 0 && (wide || is_word(t, rs)))
		return move(t, rd, rs);
	dst = target(t, rd);
	if (op == ALU_SUB && rs == 0) {
		read_into(t, wide, dst, rt);
		emit_unary(&t->e, wide, UNARY_NEG, op_reg(dst));
	} else {
		operate(t, wide, op, dst, rs, rt);
	}
	if (wide)
		finish(t, rd, dst);
	else
		finish_low(t, rd, dst);
	return true;
}

static bool t_addu(struct builder *t, const struct trace_insn *i)
{
	return sum(t, i, false, ALU_ADD);
}

static bool t_subu(struct builder *t, const struct trace_insn *i)
{
	return sum(t, i, false, ALU_SUB);
}

static bool t_daddu(struct builder *t, const struct trace_insn *i)
{
	return sum(t, i, true, ALU_ADD);
}

static bool t_dsubu(struct builder *t, const struct trace_insn *i)
{
	return sum(t, i, true, ALU_SUB);
}

/* Of two words the result is a word. */
static bool logical(struct builder *t, const struct trace_insn *i, enum alu_op op, bool invert)
{
	unsigned rd = field_rd(i->word), rs = field_rs(i->word), rt = field_rt(i->word);
	bool words = is_word(t, rs) && is_word(t, rt);
	bool low = words && (is_narrow(t, rs) || is_narrow(t, rt));
	enum host_reg dst;

	if (rd == 0)
		return true;
	if (op != ALU_AND && rt == 0 && !invert)
		return move(t, rd, rs);
	if (op != ALU_AND && rs == 0 && !invert)
		return move(t, rd, rt);
	dst = target(t, rd);
	operate(t, !low, op, dst, rs, rt);
	if (invert)
		emit_unary(&t->e, !low, UNARY_NOT, op_reg(dst));
	if (low)
		finish_low(t, rd, dst);
	else if (words)
		finish_word(t, rd, dst);
	else
		finish(t, rd, dst);
	return true;
}

static bool t_and(struct builder *t, const struct trace_insn *i)
{
	return logical(t, i, ALU_AND, false);
}

static bool t_or(struct builder *t, const struct trace_insn *i)
{
	return logical(t, i, ALU_OR, false);
}

static bool t_xor(struct builder *t, const struct trace_insn *i)
{
	return logical(t, i, ALU_XOR, false);
}

static bool t_nor(struct builder *t, const struct trace_insn *i)
{
	return logical(t, i, ALU_OR, true);
}

/* Additions that trap on overflow: the interpreter raises the exception. */
static bool trapping(struct builder *t, const struct trace_insn *i, bool wide, enum alu_op op)
{
	unsigned rd = field_rd(i->word);

	load_register(t, RAX, field_rs(i->word));
	emit_alu_r_rm(&t->e, wide, op, RAX, source(t, field_rt(i->word)));
	interpret_if(t, CC_O);
	if (wide)
		finish(t, rd, RAX);
	else
		finish_low(t, rd, RAX);
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
	if (wide)
		finish(t, field_rt(i->word), RAX);
	else
		finish_low(t, field_rt(i->word), RAX);
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

static bool t_addiu(struct builder *t, const struct trace_insn *i)
{
	unsigned rt = field_rt(i->word);
	enum host_reg dst = target(t, rt);

	if (rt == 0)
		return true;
	add_constant(t, false, dst, field_rs(i->word), (int32_t)field_simm(i->word));
	finish_low(t, rt, dst);
	return true;
}

static bool t_daddiu(struct builder *t, const struct trace_insn *i)
{
	unsigned rt = field_rt(i->word);
	enum host_reg dst = target(t, rt);

	if (rt == 0)
		return true;
	add_constant(t, true, dst, field_rs(i->word), (int32_t)field_simm(i->word));
	finish(t, rt, dst);
	return true;
}

/* The upper half of the result is zero: the 32-bit form does it. */
static bool t_andi(struct builder *t, const struct trace_insn *i)
{
	unsigned rt = field_rt(i->word), rs = field_rs(i->word);
	int32_t imm = (int32_t)field_uimm(i->word);
	enum host_reg dst = target(t, rt);

	if (rt == 0)
		return true;
	if (imm == 0xff) {
		emit_load(&t->e, LOAD_U8, dst, source_low(t, rs));
	} else if (imm == 0xffff) {
		emit_load(&t->e, LOAD_U16, dst, source_low(t, rs));
	} else {
		load_low(t, dst, rs);
		emit_alu_rm_i(&t->e, false, ALU_AND, op_reg(dst), imm);
	}
	finish_word(t, rt, dst);
	return true;
}

static bool logical_immediate(struct builder *t, const struct trace_insn *i, enum alu_op op)
{
	unsigned rt = field_rt(i->word), rs = field_rs(i->word);
	bool word = is_word(t, rs), narrow = is_narrow(t, rs);
	enum host_reg dst = target(t, rt);

	if (rt == 0)
		return true;
	read_into(t, !narrow, dst, rs);
	emit_alu_rm_i(&t->e, !narrow, op, op_reg(dst), (int32_t)field_uimm(i->word));
	if (narrow)
		finish_low(t, rt, dst);
	else if (word)
		finish_word(t, rt, dst);
	else
		finish(t, rt, dst);
	return true;
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
static bool set_on(struct builder *t, unsigned r, enum condition cc)
{
	enum host_reg dst = target(t, r);

	emit_setcc(&t->e, cc, op_reg(RAX));
	emit_load(&t->e, LOAD_U8, dst, op_reg(RAX));
	finish_word(t, r, dst);
	return true;
}

static bool t_slt(struct builder *t, const struct trace_insn *i)
{
	emit_compare_registers(t, field_rs(i->word), field_rt(i->word));
	return set_on(t, field_rd(i->word), CC_L);
}

static bool t_sltu(struct builder *t, const struct trace_insn *i)
{
	emit_compare_registers(t, field_rs(i->word), field_rt(i->word));
	return set_on(t, field_rd(i->word), CC_B);
}

static void compare_immediate(struct builder *t, const struct trace_insn *i)
{
	unsigned rs = field_rs(i->word);
	bool wide = !is_narrow(t, rs);

	emit_alu_rm_i(&t->e, wide, ALU_CMP, read_source(t, rs, wide), (int32_t)field_simm(i->word));
}

static bool t_slti(struct builder *t, const struct trace_insn *i)
{
	compare_immediate(t, i);
	return set_on(t, field_rt(i->word), CC_L);
}

static bool t_sltiu(struct builder *t, const struct trace_insn *i)
{
	compare_immediate(t, i);
	return set_on(t, field_rt(i->word), CC_B);
}

static bool conditional_move(struct builder *t, const struct trace_insn *i, enum condition cc)
{
	unsigned rd = field_rd(i->word), rt = field_rt(i->word);
	enum host_reg dst = target(t, rd);
	bool word = is_word(t, rd) && is_word(t, field_rs(i->word));
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
	if (word)
		finish_word(t, rd, dst);
	else
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

static bool trap(struct builder *t, const struct trace_insn *i, enum condition cc)
{
	emit_compare_registers(t, field_rs(i->word), field_rt(i->word));
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

#define SYNC_STYPE(word) ((word) >> 6 & 0x1f)
#define SYNC_FULL	 0x00
#define SYNC_MB		 0x10

/* With one host thread nothing is to be ordered. Acquire, release and the like: x86-64 keeps every
 * order but that of a store and a later load. */
static bool t_sync(struct builder *t, const struct trace_insn *i)
{
	unsigned stype = SYNC_STYPE(i->word);

	if (t->jit->machine->links && (stype == SYNC_FULL || stype == SYNC_MB))
		emit_fence(&t->e);
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
	ROW(movz),
	ROW(movn),
	ROW(teq),
	ROW(tne),
	ROW(rdhwr),
	[INSN_ID_sync] = t_sync,
	[INSN_ID_pref] = t_nothing,
};
