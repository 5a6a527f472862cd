/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines without Segmentation Control: a guest's kernel, in supervisor mode, cannot reach the
 * unmapped segments, so only kernels linked into mapped segments (CKSSEG, xsseg, useg) run. But
 * every processor starts in CKSEG1 and has its exception vectors in CKSEG0. The instructions there
 * are emulated, one after the other: those that load constants, move CP0 registers, write the TLB
 * and jump. A load or store through an unmapped segment, or any other instruction in one, stops the
 * VM.
 */
#include "vm.h"

#define OP_SPECIAL  0
#define OP_ADDIU    9
#define OP_ANDI	    12
#define OP_ORI	    13
#define OP_LUI	    15
#define OP_COP0	    16
#define OP_DADDIU   25
#define OP_SPECIAL3 31
#define FN_SLL	    0
#define FN_JR	    8
#define FN_OR	    37
#define FN_DADDU    45
#define FN_DSLL	    56
#define FN_DSLL32   60
#define FN_INS	    4

#define BATCH	    32 /* instructions emulated before interrupts are looked at again */

static uint64_t insert(uint64_t old, uint64_t value, uint32_t instruction)
{
	unsigned low = instruction >> 6 & 31, high = instruction >> 11 & 31;
	uint64_t mask;

	if (high < low)
		return old;
	mask = ((UINT64_C(2) << (high - low)) - 1) << low;
	return (uint64_t)(int64_t)(int32_t)((old & ~mask) | (value << low & mask));
}

/* The instructions that are an operation on registers; false: not one of them. */
static bool compute(uint64_t *gpr, uint32_t instruction)
{
	unsigned rs = instruction >> 21 & 31, rt = instruction >> 16 & 31;
	unsigned rd = instruction >> 11 & 31, shift = instruction >> 6 & 31, to = rt;
	uint64_t immediate = (uint64_t)(int64_t)(int16_t)instruction, value;
	unsigned opcode = instruction >> 26, function = instruction & 63;

	if (opcode == OP_SPECIAL)
		to = rd;
	if (opcode == OP_LUI)
		value = immediate << 16;
	else if (opcode == OP_ORI)
		value = gpr[rs] | (uint16_t)instruction;
	else if (opcode == OP_ANDI)
		value = gpr[rs] & (uint16_t)instruction;
	else if (opcode == OP_ADDIU)
		value = (uint64_t)(int64_t)(int32_t)(gpr[rs] + immediate);
	else if (opcode == OP_DADDIU)
		value = gpr[rs] + immediate;
	else if (opcode == OP_SPECIAL3 && function == FN_INS)
		value = insert(gpr[rt], gpr[rs], instruction);
	else if (opcode == OP_SPECIAL && function == FN_SLL) /* NOP, EHB */
		value = (uint64_t)(int64_t)(int32_t)(gpr[rt] << shift);
	else if (opcode == OP_SPECIAL && function == FN_OR)
		value = gpr[rs] | gpr[rt];
	else if (opcode == OP_SPECIAL && function == FN_DADDU)
		value = gpr[rs] + gpr[rt];
	else if (opcode == OP_SPECIAL && function == FN_DSLL)
		value = gpr[rt] << shift;
	else if (opcode == OP_SPECIAL && function == FN_DSLL32)
		value = gpr[rt] << (shift + 32);
	else
		return false;
	if (to)
		gpr[to] = value;
	return true;
}

static bool fetch(struct vcpu *vcpu, uint64_t va, uint32_t *instruction)
{
	struct pmap_entry *page;
	struct gpa gpa;
	uint32_t index;

	if ((va & 3) || segment_find(vcpu, va, &gpa) != SEGMENT_UNMAPPED ||
	    !pmap_ram(vcpu->vm, gpa, &index))
		return false;
	page = pmap_get(vcpu->vm, index, vcpu->pcpu->node);
	if (!page)
		return false;
	*instruction = ((const uint32_t *)hal_page(page->mpn))[(gpa.value & PAGE_OFFSET_MASK) / 4];
	return true;
}

static bool is_jr(uint32_t instruction)
{
	return instruction >> 26 == OP_SPECIAL && (instruction & 63) == FN_JR;
}

/* One instruction, JR with its delay slot; false: not one that is emulated here. */
static bool step(struct vcpu *vcpu, struct trap *trap)
{
	uint32_t instruction, slot;
	uint64_t target;

	hal_charge(CHARGE_FETCH, 1);
	if (!fetch(vcpu, trap->pc, &instruction))
		return false;
	if (is_jr(instruction)) {
		target = trap->gpr[instruction >> 21 & 31];
		if (!fetch(vcpu, trap->pc + 4, &slot) || !compute(trap->gpr, slot))
			return false;
		trap->pc = target;
	} else if (instruction >> 26 == OP_COP0) {
		trap->next_pc = trap->pc + 4;
		emulate_cop0(vcpu, trap, instruction);
		return true;
	} else if (compute(trap->gpr, instruction)) {
		trap->pc += 4;
	} else {
		return false;
	}
	vcpu->stats.emulated_other++;
	return true;
}

static bool executes_unmapped(struct vcpu *vcpu, const struct trap *trap)
{
	struct gpa gpa;

	return vcpu->run == VCPU_RUNNING && vm_runnable(vcpu->vm) &&
	       segment_find(vcpu, trap->pc, &gpa) == SEGMENT_UNMAPPED;
}

void unmapped_access(struct vcpu *vcpu, struct trap *trap, bool is_fetch)
{
	bool emulated = is_fetch && !trap->in_delay_slot;

	for (unsigned i = 0; i < BATCH && emulated && executes_unmapped(vcpu, trap); i++)
		emulated = step(vcpu, trap);
	if (emulated || !vm_runnable(vcpu->vm)) /* stopped already: out of memory */
		return;
	vcpu->vm->stop_address = trap->pc;
	vm_stopped(vcpu->vm, VM_STOP_UNMAPPED, vcpu->number);
}
