/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions and interrupts, and the state derived from Status and Cause (MD00091, chapter 6).
 */
#include "emu/machine.h"
#include "emu/mem.h"

void cpu_account_mode(struct cpu *cpu)
{
	cpu->stats.instructions[cpu->mode] += cpu->instructions - cpu->accounted_instructions;
	cpu->accounted_instructions = cpu->instructions;
}

static enum cpu_mode mode_of(uint32_t status)
{
	if (status & (STATUS_EXL | STATUS_ERL))
		return MODE_KERNEL;
	if ((status & STATUS_KSU) == STATUS_KSU_K)
		return MODE_KERNEL;
	return (status & STATUS_KSU) == STATUS_KSU_S ? MODE_SUPERVISOR : MODE_USER;
}

void cpu_interrupts_changed(struct cpu *cpu)
{
	uint32_t status = cpu->cp0[CP0_STATUS];

	cpu->interrupt_pending = (status & cpu->cp0[CP0_CAUSE] & STATUS_IM) &&
				 (status & (STATUS_IE | STATUS_EXL | STATUS_ERL)) == STATUS_IE;
	if (cpu->interrupt_pending)
		cpu->waiting = false;
}

void cpu_state_changed(struct cpu *cpu)
{
	uint32_t status = cpu->cp0[CP0_STATUS];
	enum cpu_mode mode = mode_of(status);

	if (mode != cpu->mode) {
		cpu_account_mode(cpu);
		cpu->mode = mode;
	}
	cpu->fr = (status & STATUS_FR) != 0;
	cpu->fpu_usable = (status & STATUS_CU1) != 0;
	cpu->address_32bit = mode == MODE_USER && !(status & STATUS_UX);
	cpu->ops_64bit = mode != MODE_USER || (status & (STATUS_PX | STATUS_UX));
	softtlb_select(cpu);
	cpu_interrupts_changed(cpu);
}

void cpu_set_irq_line(struct cpu *cpu, unsigned ip, bool level)
{
	uint32_t bit = UINT32_C(1) << (CAUSE_IP_SHIFT + ip);
	uint32_t timer = cpu->cp0[CP0_CAUSE] & CAUSE_TI ? CAUSE_IP_TIMER : 0;

	cpu->irq_lines = level ? cpu->irq_lines | bit : cpu->irq_lines & ~bit;
	cpu->cp0[CP0_CAUSE] = (cpu->cp0[CP0_CAUSE] & ~(uint64_t)(CAUSE_IP & ~CAUSE_IP_SW)) |
			      cpu->irq_lines | timer;
	cpu_interrupts_changed(cpu);
}

static uint64_t interrupt_offset(const struct cpu *cpu)
{
	uint32_t status = cpu->cp0[CP0_STATUS];
	uint32_t cause = cpu->cp0[CP0_CAUSE];
	uint32_t pending = (status & cause & STATUS_IM) >> STATUS_IM_SHIFT;
	uint32_t spacing = cpu->cp0[CP0_INTCTL] & INTCTL_VS;

	if (!(cause & CAUSE_IV))
		return VECTOR_GENERAL;
	if ((status & STATUS_BEV) || !spacing || !pending)
		return VECTOR_INTERRUPT;
	return VECTOR_INTERRUPT + (uint64_t)(31 - __builtin_clz(pending)) * spacing;
}

/*
 * Takes an exception whose vector offset, unless another one is being handled, is @offset. @unit:
 * the coprocessor of EXC_CPU. @refill: the access found no TLB entry.
 */
static enum exec take(struct cpu *cpu, enum mips_exception code, uint64_t offset, unsigned unit,
		      bool refill)
{
	uint32_t status = cpu->cp0[CP0_STATUS];
	uint32_t cause = cpu->cp0[CP0_CAUSE] & ~(CAUSE_EXC | CAUSE_CE);
	int32_t base = cpu->cp0[CP0_EBASE] & ~UINT32_C(0xfff);

	if (status & STATUS_EXL) {
		offset = VECTOR_GENERAL;
	} else {
		cpu->cp0[CP0_EPC] = cpu->in_delay_slot ? cpu->pc - 4 : cpu->pc;
		cause = cpu->in_delay_slot ? cause | CAUSE_BD : cause & ~CAUSE_BD;
	}
	cpu->cp0[CP0_CAUSE] = cause | (uint32_t)code << CAUSE_EXC_SHIFT | unit << CAUSE_CE_SHIFT;
	cpu->cp0[CP0_STATUS] = status | STATUS_EXL;
	cpu->in_delay_slot = false;
	cpu->stats.exceptions[code]++;
	cpu_state_changed(cpu);
	if (cpu->monitor)
		cpu->monitor->trap(cpu->monitor, cpu, code, refill);
	else
		cpu->pc =
			(status & STATUS_BEV ? VECTOR_BEV_BASE : (uint64_t)(int64_t)base) + offset;
	return EXEC_EXCEPTION;
}

/* A monitor's memory is shared: it is entered by one CPU at a time, while no other one runs. */
static bool may_raise(struct cpu *cpu)
{
	return !cpu->monitor || machine_alone(cpu);
}

enum exec cpu_raise(struct cpu *cpu, enum mips_exception code)
{
	uint64_t offset = code == EXC_INT ? interrupt_offset(cpu) : VECTOR_GENERAL;

	if (!may_raise(cpu))
		return EXEC_EXCEPTION;
	return take(cpu, code, offset, 0, false);
}

enum exec cpu_raise_coprocessor(struct cpu *cpu, unsigned unit)
{
	return may_raise(cpu) ? take(cpu, EXC_CPU, VECTOR_GENERAL, unit, false) : EXEC_EXCEPTION;
}

/* Refills of a region whose 64-bit addressing is on go to the XTLB vector. */
static uint64_t refill_offset(const struct cpu *cpu, uint64_t va)
{
	uint32_t status = cpu->cp0[CP0_STATUS];
	uint32_t enable = STATUS_KX;

	if (va >> 62 == 0)
		enable = STATUS_UX;
	else if (va >> 62 == 1 || (va >= MIPS_CKSSEG && va < MIPS_CKSEG3))
		enable = STATUS_SX;
	return status & enable ? VECTOR_XTLB_REFILL : VECTOR_TLB_REFILL;
}

/* Context, XContext and EntryHi of a TLB exception at @va. */
static void set_tlb_registers(struct cpu *cpu, uint64_t va)
{
	uint64_t vpn2 = (va & ENTRYHI_VPN2) >> 13;

	cpu->cp0[CP0_CONTEXT] =
		(cpu->cp0[CP0_CONTEXT] & CONTEXT_PTEBASE) | (vpn2 << 4 & CONTEXT_BADVPN2);
	cpu->cp0[CP0_XCONTEXT] = (cpu->cp0[CP0_XCONTEXT] & XCONTEXT_PTEBASE) |
				 va >> 62 << XCONTEXT_R_SHIFT | vpn2 << 4;
	cpu->cp0[CP0_ENTRYHI] =
		(cpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID) | (va & (ENTRYHI_R | ENTRYHI_VPN2));
}

enum exec cpu_raise_address(struct cpu *cpu, enum mips_exception code, uint64_t va, bool refill)
{
	uint64_t offset = VECTOR_GENERAL;

	if (!may_raise(cpu))
		return EXEC_EXCEPTION;
	cpu->cp0[CP0_BADVADDR] = va;
	if (code == EXC_MOD || code == EXC_TLBL || code == EXC_TLBS) {
		set_tlb_registers(cpu, va);
		if (refill) {
			offset = refill_offset(cpu, va);
			cpu->stats.tlb_refills++;
		} else if (code != EXC_MOD) {
			cpu->stats.tlb_invalids++;
		}
	}
	return take(cpu, code, offset, 0, refill);
}

bool cpu_take_interrupt(struct cpu *cpu)
{
	if (!cpu->interrupt_pending)
		return false;
	cpu_raise(cpu, EXC_INT);
	return true;
}
