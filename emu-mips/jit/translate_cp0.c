// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Privileged instructions in kernel mode: reads of CP0 registers, writes without side effects, and
 * of Status those that only touch IE while no interrupt line is up. A refill handler or a spin lock
 * then stays in translated code; everything else the interpreter does, inside the block where
 * nothing the block relies on changes (interpret_inside() in runtime.c checks).
 */
#include "translate.h"

#include "mips/cp0.h"

/* enum cp0_register, or -1. */
static int register_of(uint32_t word)
{
	return cp0_at[field_rd(word)][word & 7] - 1;
}

static struct operand cp0_field(int reg)
{
	return cpu_field(offsetof(struct cpu, cp0) + (size_t)reg * sizeof(uint64_t));
}

/* Reading gives what is stored. */
static bool plain_read(int reg)
{
	switch (reg) {
	case CP0_COUNT:
	case CP0_RANDOM:
	case CP0_LLADDR:
	case CP0_SEGCTL0:
	case CP0_SEGCTL1:
	case CP0_SEGCTL2:
		return false;
	default:
		return reg >= 0;
	}
}

/* Writing only stores. */
static bool plain_write(int reg)
{
	switch (reg) {
	case CP0_INDEX:
	case CP0_ENTRYLO0:
	case CP0_ENTRYLO1:
	case CP0_CONTEXT:
	case CP0_XCONTEXT:
	case CP0_USERLOCAL:
	case CP0_EPC:
	case CP0_ERROREPC:
	case CP0_KSCRATCH1:
	case CP0_KSCRATCH2:
	case CP0_KSCRATCH3:
	case CP0_KSCRATCH4:
	case CP0_KSCRATCH5:
	case CP0_KSCRATCH6:
		return true;
	default:
		return false;
	}
}

static bool kernel(const struct builder *t)
{
	return (t->trace->key & KEY_MODE) == MODE_KERNEL;
}

static bool move_from(struct builder *t, const struct trace_insn *i, bool wide)
{
	int reg = register_of(i->word);
	enum host_reg dst = target(t, field_rt(i->word));

	if (!kernel(t) || !plain_read(reg))
		return false;
	wide = wide && cp0_description[reg].width == 64;
	emit_load(&t->e, wide ? LOAD_64 : LOAD_S32, dst, cp0_field(reg));
	finish(t, field_rt(i->word), dst);
	return true;
}

static bool t_mfc0(struct builder *t, const struct trace_insn *i)
{
	return move_from(t, i, false);
}

static bool t_dmfc0(struct builder *t, const struct trace_insn *i)
{
	return move_from(t, i, true);
}

/* RAX op= a 64-bit constant; clobbers RDX. */
static void and_constant(struct builder *t, enum host_reg reg, uint64_t value)
{
	if (fits_s32((int64_t)value)) {
		emit_alu_rm_i(&t->e, true, ALU_AND, op_reg(reg), (int32_t)value);
		return;
	}
	emit_mov_r_imm(&t->e, RDX, value);
	emit_alu_r_rm(&t->e, true, ALU_AND, reg, op_reg(RDX));
}

/* RAX = the register's new value when rt is written to it; RCX is clobbered too. */
static void merge(struct builder *t, const struct trace_insn *i, int reg)
{
	uint64_t mask = cp0_description[reg].write_mask;

	load_register(t, RAX, field_rt(i->word));
	if (mask == ~UINT64_C(0))
		return;
	and_constant(t, RAX, mask);
	emit_mov_r_rm(&t->e, true, RCX, cp0_field(reg));
	and_constant(t, RCX, ~mask);
	emit_alu_r_rm(&t->e, true, ALU_OR, RAX, op_reg(RCX));
}

/* EntryHi: a change of ASID selects another software TLB. */
static bool write_entryhi(struct builder *t, const struct trace_insn *i)
{
	struct emitter *e = &t->e;
	struct site *site;

	merge(t, i, CP0_ENTRYHI);
	emit_mov_r_rm(e, true, RCX, cp0_field(CP0_ENTRYHI));
	emit_alu_r_rm(e, true, ALU_XOR, RCX, op_reg(RAX));
	emit_test_rm_i(e, false, op_reg(RCX), (int32_t)ENTRYHI_ASID);
	site = interpret_if(t, CC_NE);
	emit_mov_rm_r(e, true, cp0_field(CP0_ENTRYHI), RAX);
	site->resume = emit_here(e);
	return true;
}

/* Leaves for the interpreter when an enabled interrupt line is up; Status is in RAX. */
static struct site *check_lines(struct builder *t)
{
	struct emitter *e = &t->e;

	emit_mov_r_rm(e, false, RDX, cp0_field(CP0_CAUSE));
	emit_alu_r_rm(e, false, ALU_AND, RDX, op_reg(RAX));
	emit_test_rm_i(e, false, op_reg(RDX), (int32_t)STATUS_IM);
	return interpret_if(t, CC_NE);
}

static bool write_status(struct builder *t, const struct trace_insn *i)
{
	struct emitter *e = &t->e;
	struct site *other, *pending;

	load_register(t, RCX, field_rt(i->word));
	emit_mov_r_rm(e, false, RAX, cp0_field(CP0_STATUS));
	emit_alu_r_rm(e, false, ALU_XOR, RCX, op_reg(RAX));
	emit_alu_rm_i(e, false, ALU_AND, op_reg(RCX),
		      (int32_t)cp0_description[CP0_STATUS].write_mask);
	emit_test_rm_i(e, false, op_reg(RCX), ~(int32_t)STATUS_IE);
	other = interpret_if(t, CC_NE);
	pending = check_lines(t);
	emit_alu_rm_r(e, false, ALU_XOR, cp0_field(CP0_STATUS), RCX);
	other->resume = pending->resume = emit_here(e);
	return true;
}

static bool move_to(struct builder *t, const struct trace_insn *i)
{
	int reg = register_of(i->word);

	if (!kernel(t))
		return false;
	if (reg == CP0_ENTRYHI)
		return write_entryhi(t, i);
	if (reg == CP0_STATUS)
		return write_status(t, i);
	if (!plain_write(reg))
		return false;
	merge(t, i, reg);
	emit_mov_rm_r(&t->e, true, cp0_field(reg), RAX);
	return true;
}

static bool t_di(struct builder *t, const struct trace_insn *i)
{
	enum host_reg dst = target(t, field_rt(i->word));

	if (!kernel(t))
		return false;
	if (field_rt(i->word)) {
		emit_load(&t->e, LOAD_S32, dst, cp0_field(CP0_STATUS));
		finish(t, field_rt(i->word), dst);
	}
	emit_alu_rm_i(&t->e, false, ALU_AND, cp0_field(CP0_STATUS), ~(int32_t)STATUS_IE);
	return true;
}

static bool t_ei(struct builder *t, const struct trace_insn *i)
{
	struct site *site;

	if (!kernel(t))
		return false;
	emit_mov_r_rm(&t->e, false, RAX, cp0_field(CP0_STATUS));
	site = check_lines(t);
	emit_alu_rm_i(&t->e, false, ALU_OR, cp0_field(CP0_STATUS), (int32_t)STATUS_IE);
	emit_load(&t->e, LOAD_S32, RAX, op_reg(RAX));
	finish(t, field_rt(i->word), RAX);
	forget_copy(t, field_rt(i->word));
	site->resume = emit_here(&t->e);
	return true;
}

translate_function *const translate_cp0_table[INSN_COUNT] = {
	[INSN_ID_mfc0] = t_mfc0,   [INSN_ID_dmfc0] = t_dmfc0, [INSN_ID_mtc0] = move_to,
	[INSN_ID_dmtc0] = move_to, [INSN_ID_di] = t_di,	      [INSN_ID_ei] = t_ei,
};
