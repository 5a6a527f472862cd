/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where to go on after an emulated instruction. In a delay slot that is where the branch goes, and
 * the branch is evaluated again: the delay slot has not been executed, so its operands are still
 * there (an instruction that writes its own operand, as JALR $5, $5, is unpredictable by the
 * manual).
 */
#include "vm.h"

enum {
	OP_SPECIAL = 0,
	OP_REGIMM = 1,
	OP_J = 2,
	OP_JAL = 3,
	OP_BEQ = 4,
	OP_BNE = 5,
	OP_BLEZ = 6,
	OP_BGTZ = 7,
	OP_COP1 = 17,
	OP_BEQL = 20,
	OP_BNEL = 21,
	OP_BLEZL = 22,
	OP_BGTZL = 23,
};

static bool fpu_condition(uint32_t instruction)
{
	unsigned cc = instruction >> 18 & 7;
	unsigned bit = cc ? 24 + cc : 23;
	bool set = hal_fcsr() >> bit & 1;

	return set == (instruction >> 16 & 1);
}

static bool taken(const struct trap *trap, uint32_t instruction)
{
	int64_t rs = (int64_t)trap->gpr[instruction >> 21 & 31];
	int64_t rt = (int64_t)trap->gpr[instruction >> 16 & 31];

	switch (instruction >> 26) {
	case OP_BEQ:
		return rs == rt;
	case OP_BNE:
		return rs != rt;
	case OP_BLEZ:
		return rs <= 0;
	case OP_BGTZ:
		return rs > 0;
	case OP_REGIMM: /* bit 16: BGEZ or BLTZ; bit 17: likely */
		return instruction >> 17 & 1 || (instruction >> 16 & 1 ? rs >= 0 : rs < 0);
	case OP_COP1: /* bit 17: likely */
		return instruction >> 17 & 1 || fpu_condition(instruction);
	default: /* a branch likely whose delay slot is executed is taken */
		return true;
	}
}

static uint64_t branch_target(const struct trap *trap, uint32_t instruction, uint64_t pc)
{
	int64_t offset = (int64_t)(int16_t)instruction * 4;

	switch (instruction >> 26) {
	case OP_SPECIAL:
		return trap->gpr[instruction >> 21 & 31];
	case OP_J:
	case OP_JAL:
		return ((pc + 4) & ~UINT64_C(0xfffffff)) | (uint64_t)(instruction & 0x3ffffff) << 2;
	default:
		return taken(trap, instruction) ? pc + 4 + (uint64_t)offset : pc + 8;
	}
}

/*
 * Reads the trapped instruction and finds where to go on after it, now: it may write a register
 * that its branch reads. The branch may be in the page before, and the hardware may have lost it;
 * then nothing has happened yet and the guest is resumed at the branch.
 */
bool fetch_trapped(struct trap *trap, uint32_t *instruction)
{
	uint32_t branch;

	hal_charge(CHARGE_FETCH, 1);
	if (!trap->in_delay_slot) {
		trap->next_pc = trap->pc + 4;
		return hal_fetch((struct gva){trap->pc}, instruction);
	}
	hal_charge(CHARGE_BRANCH, 1);
	if (!hal_fetch((struct gva){trap->pc}, &branch))
		return false;
	trap->next_pc = branch_target(trap, branch, trap->pc);
	return hal_fetch((struct gva){trap->pc + 4}, instruction);
}

void skip_instruction(struct trap *trap)
{
	trap->pc = trap->next_pc;
	trap->in_delay_slot = false;
}
