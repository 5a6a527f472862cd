// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Branches, jumps, traps, SYSCALL and BREAK, and the absent coprocessor 2.
 *
 * A branch does not move pc: it notes where to go and marks the next instruction as its delay slot;
 * the interpreter does the rest. A branch in a delay slot, which the manual leaves open, is a
 * reserved instruction.
 */
#include "gpr.h"

#define LINK_REGISTER 31

/* Goes to @target after the delay slot. */
static enum exec jump_to(struct cpu *cpu, uint64_t target)
{
	if (__builtin_expect(cpu->in_delay_slot, 0))
		return cpu_raise(cpu, EXC_RI);
	cpu->branch_target = target;
	cpu->in_delay_slot = true;
	return EXEC_OK;
}

static uint64_t branch_target(const struct cpu *cpu, uint32_t word)
{
	return cpu->pc + 4 + ((uint64_t)field_simm(word) << 2);
}

static enum exec branch(struct cpu *cpu, uint32_t word, bool taken)
{
	return jump_to(cpu, taken ? branch_target(cpu, word) : cpu->pc + 8);
}

/* Not taken: the delay slot is skipped. */
static enum exec branch_likely(struct cpu *cpu, uint32_t word, bool taken)
{
	if (taken)
		return jump_to(cpu, branch_target(cpu, word));
	if (cpu->in_delay_slot)
		return cpu_raise(cpu, EXC_RI);
	cpu->pc += 4;
	return EXEC_OK;
}

/* The link register is written whether the branch is taken or not. */
static enum exec link(struct cpu *cpu, unsigned number, enum exec result, uint64_t address)
{
	return result == EXEC_OK ? write_gpr(cpu, number, address) : result;
}

#define BRANCH(name, kind, condition)                                                              \
	enum exec exec_##name(struct cpu *cpu, uint32_t word)                                      \
	{                                                                                          \
		const int64_t rs = (int64_t)gpr_rs(cpu, word), rt = (int64_t)gpr_rt(cpu, word);    \
                                                                                                   \
		(void)rt;                                                                          \
		return kind(cpu, word, condition);                                                 \
	}

#define BRANCH_AND_LINK(name, kind, condition)                                                     \
	enum exec exec_##name(struct cpu *cpu, uint32_t word)                                      \
	{                                                                                          \
		const int64_t rs = (int64_t)gpr_rs(cpu, word);                                     \
		const uint64_t back = cpu->pc + 8;                                                 \
                                                                                                   \
		return link(cpu, LINK_REGISTER, kind(cpu, word, condition), back);                 \
	}

BRANCH(beq, branch, rs == rt)
BRANCH(bne, branch, rs != rt)
BRANCH(blez, branch, rs <= 0)
BRANCH(bgtz, branch, rs > 0)
BRANCH(bltz, branch, rs < 0)
BRANCH(bgez, branch, rs >= 0)
BRANCH(beql, branch_likely, rs == rt)
BRANCH(bnel, branch_likely, rs != rt)
BRANCH(blezl, branch_likely, rs <= 0)
BRANCH(bgtzl, branch_likely, rs > 0)
BRANCH(bltzl, branch_likely, rs < 0)
BRANCH(bgezl, branch_likely, rs >= 0)
BRANCH_AND_LINK(bltzal, branch, rs < 0)
BRANCH_AND_LINK(bgezal, branch, rs >= 0)
BRANCH_AND_LINK(bltzall, branch_likely, rs < 0)
BRANCH_AND_LINK(bgezall, branch_likely, rs >= 0)

#define BRANCH_ON_CONDITION(name, kind, wanted)                                                    \
	enum exec exec_##name(struct cpu *cpu, uint32_t word)                                      \
	{                                                                                          \
		if (!cpu->fpu_usable)                                                              \
			return cpu_raise_coprocessor(cpu, 1);                                      \
		return kind(cpu, word, fpu_condition(cpu, word >> 18 & 7) == (wanted));            \
	}

BRANCH_ON_CONDITION(bc1f, branch, false)
BRANCH_ON_CONDITION(bc1t, branch, true)
BRANCH_ON_CONDITION(bc1fl, branch_likely, false)
BRANCH_ON_CONDITION(bc1tl, branch_likely, true)

/* The target lies in the 256 MiB region of the delay slot. */
static uint64_t region_target(const struct cpu *cpu, uint32_t word)
{
	return ((cpu->pc + 4) & ~UINT64_C(0x0fffffff)) | (word & 0x03ffffff) << 2;
}

enum exec exec_j(struct cpu *cpu, uint32_t word)
{
	return jump_to(cpu, region_target(cpu, word));
}

enum exec exec_jal(struct cpu *cpu, uint32_t word)
{
	return link(cpu, LINK_REGISTER, jump_to(cpu, region_target(cpu, word)), cpu->pc + 8);
}

enum exec exec_jr(struct cpu *cpu, uint32_t word)
{
	return jump_to(cpu, gpr_rs(cpu, word));
}

enum exec exec_jalr(struct cpu *cpu, uint32_t word)
{
	return link(cpu, field_rd(word), jump_to(cpu, gpr_rs(cpu, word)), cpu->pc + 8);
}

#define TRAP(name, type, operand, comparison)                                                      \
	enum exec exec_##name(struct cpu *cpu, uint32_t word)                                      \
	{                                                                                          \
		const type left = (type)gpr_rs(cpu, word), right = (type)(operand);                \
                                                                                                   \
		return left comparison right ? cpu_raise(cpu, EXC_TR) : EXEC_OK;                   \
	}

TRAP(tge, int64_t, gpr_rt(cpu, word), >=)
TRAP(tgeu, uint64_t, gpr_rt(cpu, word), >=)
TRAP(tlt, int64_t, gpr_rt(cpu, word), <)
TRAP(tltu, uint64_t, gpr_rt(cpu, word), <)
TRAP(teq, uint64_t, gpr_rt(cpu, word), ==)
TRAP(tne, uint64_t, gpr_rt(cpu, word), !=)
TRAP(tgei, int64_t, field_simm(word), >=)
TRAP(tgeiu, uint64_t, field_simm(word), >=)
TRAP(tlti, int64_t, field_simm(word), <)
TRAP(tltiu, uint64_t, field_simm(word), <)
TRAP(teqi, uint64_t, field_simm(word), ==)
TRAP(tnei, uint64_t, field_simm(word), !=)

enum exec exec_syscall(struct cpu *cpu, uint32_t word)
{
	(void)word;
	return cpu_raise(cpu, EXC_SYS);
}

enum exec exec_break(struct cpu *cpu, uint32_t word)
{
	(void)word;
	return cpu_raise(cpu, EXC_BP);
}

#define ABSENT_COPROCESSOR(name)                                                                   \
	enum exec exec_##name(struct cpu *cpu, uint32_t word)                                      \
	{                                                                                          \
		(void)word;                                                                        \
		return cpu_raise_coprocessor(cpu, 2);                                              \
	}

ABSENT_COPROCESSOR(cop2)
ABSENT_COPROCESSOR(lwc2)
ABSENT_COPROCESSOR(ldc2)
ABSENT_COPROCESSOR(swc2)
ABSENT_COPROCESSOR(sdc2)
