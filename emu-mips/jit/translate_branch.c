// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Branches and jumps with their delay slots. The slot is executed before the jump: where it does
 * not write what the condition reads, the compare comes after it and fuses with the jump; else the
 * condition is kept in the frame meanwhile. A stub that leaves from inside a slot computes the
 * condition itself, for cpu->branch_target.
 */
#include "translate.h"

#include "mips/arch.h"

#define REGISTER_RA 31

static bool is_likely(const struct trace_insn *i)
{
	return i->insn->class == CLASS_BRANCH_LIKELY;
}

/* Compares a register with zero. */
static void compare_zero(struct builder *t, unsigned r)
{
	bool wide = !is_narrow(t, r);
	struct operand o = source_low(t, r);

	if (o.memory)
		emit_alu_rm_i(&t->e, wide, ALU_CMP, o, 0);
	else
		emit_test_rr(&t->e, wide, (enum host_reg)o.base, (enum host_reg)o.base);
}

void emit_compare_registers(struct builder *t, unsigned rs, unsigned rt)
{
	/* Sign-extended words compare as their low halves do, signed and unsigned. */
	bool low = is_word(t, rs) && is_word(t, rt) && (is_narrow(t, rs) || is_narrow(t, rt));
	struct operand right;
	uint64_t value;

	if (value_known(t, rt, &value) && fits_s32((int64_t)value)) {
		if (value == 0)
			compare_zero(t, rs);
		else
			emit_alu_rm_i(&t->e, !low, ALU_CMP, low ? source_low(t, rs) : source(t, rs),
				      (int32_t)value);
		return;
	}
	if (low) {
		right = source_low(t, rt);
		emit_alu_r_rm(&t->e, false, ALU_CMP, source_register_low(t, rs, RAX), right);
	} else {
		right = source(t, rt);
		emit_alu_r_rm(&t->e, true, ALU_CMP, source_register(t, rs, RAX), right);
	}
}

/* For equality, so in either order. */
static void compare_equal(struct builder *t, unsigned rs, unsigned rt)
{
	uint64_t value;

	if (value_known(t, rs, &value) ||
	    (pinned_register(rs) == NO_REG && pinned_register(rt) != NO_REG))
		emit_compare_registers(t, rt, rs);
	else
		emit_compare_registers(t, rs, rt);
}

enum condition emit_compare(struct builder *t, const struct trace_insn *i)
{
	unsigned rs = field_rs(i->word), rt = field_rt(i->word);

	switch (i->insn->id) {
	case INSN_ID_beq:
	case INSN_ID_beql:
		compare_equal(t, rs, rt);
		return CC_E;
	case INSN_ID_bne:
	case INSN_ID_bnel:
		compare_equal(t, rs, rt);
		return CC_NE;
	case INSN_ID_blez:
	case INSN_ID_blezl:
		compare_zero(t, rs);
		return CC_LE;
	case INSN_ID_bgtz:
	case INSN_ID_bgtzl:
		compare_zero(t, rs);
		return CC_G;
	case INSN_ID_bltz:
	case INSN_ID_bltzl:
	case INSN_ID_bltzal:
	case INSN_ID_bltzall:
		compare_zero(t, rs);
		return CC_S;
	case INSN_ID_bgez:
	case INSN_ID_bgezl:
	case INSN_ID_bgezal:
	case INSN_ID_bgezall:
		compare_zero(t, rs);
		return CC_NS;
	default: { /* BC1F, BC1T and the likely ones: condition bit cc of FCSR */
		unsigned cc = i->word >> 18 & 7;
		uint32_t bit = cc == 0 ? FCSR_FCC0 : UINT32_C(1) << (24 + cc);
		bool on_true = i->word >> 16 & 1;

		emit_test_rm_i(&t->e, false, CPU_FIELD(fcr31), (int32_t)bit);
		return on_true ? CC_NE : CC_E;
	}
	}
}

static bool reads_register(const struct trace_insn *branch, unsigned r)
{
	if (branch->insn->flags & INSN_FPU)
		return false;
	if (branch->insn->format == FORMAT_RS_RT_BRANCH && field_rt(branch->word) == r)
		return r != 0;
	return r != 0 && field_rs(branch->word) == r;
}

/* Whether the slot may change what the branch's condition reads. */
static bool slot_disturbs(const struct trace_insn *branch, const struct trace_insn *slot)
{
	if (branch->insn->flags & INSN_FPU)
		return slot->insn->class == CLASS_FPU || slot->insn->class == CLASS_CP0;
	return slot->destination != 0 && reads_register(branch, slot->destination);
}

static bool has_slot(const struct builder *t, unsigned index)
{
	return index + 1 < t->trace->length && t->trace->insn[index + 1].delay_slot;
}

/*
 * Emits the delay slot of the branch at @index, or, when it is the interpreter's (the trace then
 * ends with the branch), leaves for it.
 */
static void emit_slot(struct builder *t, unsigned index)
{
	struct site *site;

	t->index = index + 1;
	if (has_slot(t, index)) {
		translate_plain(t, &t->trace->insn[index + 1]);
		return;
	}
	settle(t);
	if (t->slot.target == TARGET_CONDITION && t->slot.evaluate) {
		enum condition cc = emit_compare(t, t->slot.branch);

		emit_setcc(&t->e, cc, FRAME_FIELD(condition));
	}
	t->index = index;
	site = make_site(t, SITE_INTERPRET);
	site->pc += 4;
	site->word = 0;
	site->give_back = 0;
	site->target = t->slot.target;
	site->taken = t->slot.taken;
	site->not_taken = t->slot.not_taken;
	emit_mov_r_imm(&t->e, RAX, (uint64_t)(uintptr_t)site);
	emit_jmp_to(&t->e, t->jit->thunk_site);
}

static unsigned branch_length(const struct builder *t, unsigned index)
{
	return has_slot(t, index) ? 2 : 1;
}

/* A jump whose target is known: the trace goes on there or ends with a link. */
static unsigned emit_static_jump(struct builder *t, const struct trace_insn *i, uint64_t to)
{
	unsigned index = t->index;

	if (i->insn->flags & INSN_LINKS)
		set_known(t, REGISTER_RA, i->pc + 8);
	t->slot = (struct slot_context){.target = TARGET_STATIC, .taken = to};
	emit_slot(t, index);
	return branch_length(t, index);
}

bool cannot_leave(uint32_t key, const struct trace_insn *i)
{
	if (i->check_page || i->check_line || !(key & KEY_OPS64))
		return false;
	if (i->group >= 0 && !i->group_head)
		return !(i->insn->flags & INSN_FPU) && !(key & KEY_LINES);
	return i->insn->class == CLASS_INT && !(i->insn->flags & (INSN_TRAPS | INSN_FPU)) &&
	       i->insn->format != FORMAT_EXTRACT && i->insn->format != FORMAT_INSERT &&
	       i->insn->format != FORMAT_RD_RS && translator_of(i->insn);
}

/* JR, JALR: target in RAX at the end; emit_indirect() follows. */
static unsigned emit_register_jump(struct builder *t, const struct trace_insn *i)
{
	unsigned index = t->index, rs = field_rs(i->word);
	unsigned rd = i->insn->id == INSN_ID_jalr ? field_rd(i->word) : 0;
	const struct trace_insn *slot = &t->trace->insn[index + 1];
	bool late = has_slot(t, index) && cannot_leave(t->trace->key, slot) &&
		    (slot->destination != rs || rs == 0) && (rd != rs || rd == 0);

	t->slot = (struct slot_context){.target = TARGET_FRAME};
	if (!late) {
		load_register(t, RAX, rs);
		emit_mov_rm_r(&t->e, true, FRAME_FIELD(jump_target), RAX);
	}
	if (rd)
		set_known(t, rd, i->pc + 8);
	emit_slot(t, index);
	if (!has_slot(t, index))
		return 1;
	settle(t);
	if (late)
		load_register(t, RAX, rs);
	else
		emit_mov_r_rm(&t->e, true, RAX, FRAME_FIELD(jump_target));
	return 2;
}

/* Conditional, the slot executed either way. */
static unsigned emit_branch(struct builder *t, const struct trace_insn *i)
{
	unsigned index = t->index;
	const struct trace_insn *slot = &t->trace->insn[index + 1];
	uint64_t to = i->target;
	bool kept = !has_slot(t, index) || slot_disturbs(i, slot);
	enum condition cc;
	uint8_t *place;

	if (i->insn->flags & INSN_LINKS)
		kept = true;
	t->slot = (struct slot_context){.target = TARGET_CONDITION,
					.evaluate = !kept,
					.branch = i,
					.taken = to,
					.not_taken = i->pc + 8};
	if (kept) {
		cc = emit_compare(t, i);
		emit_setcc(&t->e, cc, FRAME_FIELD(condition));
		if (i->insn->flags & INSN_LINKS)
			set_known(t, REGISTER_RA, i->pc + 8);
	}
	emit_slot(t, index);
	if (!has_slot(t, index))
		return 1;
	if (t->trace->end == END_BRANCH && index + 2 == t->trace->length)
		settle(t);
	if (kept) {
		emit_cmp8_rm_i(&t->e, FRAME_FIELD(condition), 0);
		cc = CC_NE;
	} else {
		cc = emit_compare(t, i);
	}
	place = emit_jcc(&t->e, cc);
	add_exit_stub(t, place, to, index + 2);
	if (t->trace->end == END_BRANCH && index + 2 == t->trace->length)
		add_exit_stub(t, emit_jmp(&t->e), i->pc + 8, index + 2);
	return 2;
}

/* Branch-likely: not taken, the slot is skipped; the trace follows the taken side. */
static unsigned emit_likely(struct builder *t, const struct trace_insn *i)
{
	unsigned index = t->index;
	uint64_t to = i->target;
	enum condition cc = emit_compare(t, i);

	if (i->insn->flags & INSN_LINKS)
		set_known(t, REGISTER_RA, i->pc + 8);
	add_exit_stub(t, emit_jcc(&t->e, cc ^ 1), i->pc + 8, index + 1);
	t->slot = (struct slot_context){.target = TARGET_STATIC, .taken = to};
	emit_slot(t, index);
	if (!has_slot(t, index))
		return 1;
	if (t->trace->end == END_BRANCH && index + 2 == t->trace->length) {
		settle(t);
		add_exit_stub(t, emit_jmp(&t->e), to, index + 2);
	}
	return 2;
}

unsigned translate_branch(struct builder *t, const struct trace_insn *i)
{
	emit_fetch_checks(t, i);
	check_fpu(t, i);
	if (i->insn->id == INSN_ID_jr || i->insn->id == INSN_ID_jalr) {
		if (!i->jump_known)
			return emit_register_jump(t, i);
		return emit_static_jump(t, i, i->target);
	}
	if (i->insn->class == CLASS_JUMP || i->always)
		return emit_static_jump(t, i, i->target);
	return is_likely(i) ? emit_likely(t, i) : emit_branch(t, i);
}
