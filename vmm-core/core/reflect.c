/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions given to the guest: the virtual Status, Cause, EPC and address registers change as
 * the hardware would have changed its own, and the guest goes on at its vector (MD00091, chapter
 * 6).
 */
#include "vm.h"

/* So many exceptions at one address, with nothing executed in between, are without end. */
#define LOOP_LIMIT     64

/* Interrupts taken within so few cycles of each other, so often, that nothing else happens. */
#define STORM_DISTANCE 64
#define STORM_LIMIT    2000000

static void detect_loop(struct vcpu *vcpu, const struct trap *trap)
{
	if (trap->pc != vcpu->last_reflect_pc) {
		vcpu->last_reflect_pc = trap->pc;
		vcpu->reflect_loop = 0;
		return;
	}
	/* Only an exception in an exception handler, at the same place, makes no progress. */
	if (!(vcpu->cp0[CP0_STATUS] & STATUS_EXL)) {
		vcpu->reflect_loop = 0;
		return;
	}
	if (++vcpu->reflect_loop < LOOP_LIMIT)
		return;
	vcpu->vm->stop_address = trap->pc;
	vm_stopped(vcpu->vm, VM_STOP_WILD, vcpu->number);
}

static void change_state(struct vcpu *vcpu, struct trap *trap, enum mips_exception code,
			 uint64_t offset, unsigned unit)
{
	uint32_t status = virtual_status(vcpu);
	uint32_t cause = (uint32_t)vcpu->cp0[CP0_CAUSE] & ~(CAUSE_EXC | CAUSE_CE);
	int32_t base = (int32_t)(vcpu->cp0[CP0_EBASE] & ~UINT32_C(0xfff));

	detect_loop(vcpu, trap);
	if (status & STATUS_EXL) {
		offset = VECTOR_GENERAL;
	} else {
		vcpu->cp0[OPEN(CP0_EPC)] = trap->pc;
		cause = trap->in_delay_slot ? cause | CAUSE_BD : cause & ~CAUSE_BD;
	}
	vcpu->cp0[CP0_CAUSE] = cause | (uint32_t)code << CAUSE_EXC_SHIFT | unit << CAUSE_CE_SHIFT;
	vcpu->cp0[CP0_STATUS] = status | STATUS_EXL;
	vcpu_status_changed(vcpu);
	trap->pc = (status & STATUS_BEV ? VECTOR_BEV_BASE : (uint64_t)(int64_t)base) + offset;
	trap->in_delay_slot = false;
	vcpu->stats.reflected++;
}

static void take(struct vcpu *vcpu, struct trap *trap, enum mips_exception code, uint64_t offset,
		 unsigned unit)
{
	hal_charge(CHARGE_REFLECT, 1);
	change_state(vcpu, trap, code, offset, unit);
}

void reflect(struct vcpu *vcpu, struct trap *trap, enum mips_exception code)
{
	take(vcpu, trap, code, VECTOR_GENERAL, 0);
}

void reflect_coprocessor(struct vcpu *vcpu, struct trap *trap, unsigned unit)
{
	take(vcpu, trap, EXC_CPU, VECTOR_GENERAL, unit);
}

static uint64_t refill_offset(const struct vcpu *vcpu, uint64_t va)
{
	uint32_t enable = STATUS_KX;

	if (va >> 62 == 0)
		enable = STATUS_UX;
	else if (va >> 62 == 1 || (va >= MIPS_CKSSEG && va < MIPS_CKSEG3))
		enable = STATUS_SX;
	return vcpu->cp0[CP0_STATUS] & enable ? VECTOR_XTLB_REFILL : VECTOR_TLB_REFILL;
}

static void set_tlb_registers(struct vcpu *vcpu, uint64_t va)
{
	uint64_t vpn2 = (va & ENTRYHI_VPN2) >> 13;

	vcpu->cp0[CP0_CONTEXT] =
		(vcpu->cp0[CP0_CONTEXT] & CONTEXT_PTEBASE) | (vpn2 << 4 & CONTEXT_BADVPN2);
	vcpu->cp0[CP0_XCONTEXT] = (vcpu->cp0[CP0_XCONTEXT] & XCONTEXT_PTEBASE) |
				  va >> 62 << XCONTEXT_R_SHIFT | vpn2 << 4;
	vcpu->cp0[CP0_ENTRYHI] =
		(vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID) | (va & (ENTRYHI_R | ENTRYHI_VPN2));
}

void reflect_address(struct vcpu *vcpu, struct trap *trap, enum mips_exception code, uint64_t va,
		     bool refill)
{
	uint64_t offset = VECTOR_GENERAL;

	hal_charge(CHARGE_REFLECT_ADDRESS, 1);
	vcpu->cp0[CP0_BADVADDR] = va;
	if (code == EXC_MOD || code == EXC_TLBL || code == EXC_TLBS) {
		set_tlb_registers(vcpu, va);
		if (refill) {
			offset = refill_offset(vcpu, va);
			vcpu->stats.guest_refills++;
		}
	}
	take(vcpu, trap, code, offset, 0);
}

void reflect_refill(struct vcpu *vcpu, struct trap *trap)
{
	vcpu->cp0[CP0_BADVADDR] = trap->bad_address;
	set_tlb_registers(vcpu, trap->bad_address);
	vcpu->stats.guest_refills++;
	change_state(vcpu, trap, trap->code, refill_offset(vcpu, trap->bad_address), 0);
}

void reflect_fault(struct vcpu *vcpu, struct trap *trap)
{
	vcpu->cp0[CP0_BADVADDR] = trap->bad_address;
	set_tlb_registers(vcpu, trap->bad_address);
	change_state(vcpu, trap, trap->code, VECTOR_GENERAL, 0);
}

void reflect_call(struct vcpu *vcpu, struct trap *trap)
{
	change_state(vcpu, trap, EXC_SYS, VECTOR_GENERAL, 0);
}

bool interrupt_deliverable(const struct vcpu *vcpu)
{
	uint32_t status = virtual_status(vcpu);

	return (status & vcpu->cp0[CP0_CAUSE] & STATUS_IM) &&
	       (status & (STATUS_IE | STATUS_EXL | STATUS_ERL)) == STATUS_IE;
}

static uint64_t interrupt_offset(const struct vcpu *vcpu)
{
	uint32_t status = (uint32_t)vcpu->cp0[CP0_STATUS];
	uint32_t cause = (uint32_t)vcpu->cp0[CP0_CAUSE];
	uint32_t pending = (status & cause & STATUS_IM) >> STATUS_IM_SHIFT;
	uint32_t spacing = vcpu->cp0[CP0_INTCTL] & INTCTL_VS;
	unsigned highest = 7;

	if (!(cause & CAUSE_IV))
		return VECTOR_GENERAL;
	if ((status & STATUS_BEV) || !spacing || !pending)
		return VECTOR_INTERRUPT;
	while (!(pending >> highest & 1))
		highest--;
	return VECTOR_INTERRUPT + (uint64_t)highest * spacing;
}

/* A VM whose interrupts leave it no time for anything else is stopped: nobody clears their cause.
 */
static void detect_storm(struct vcpu *vcpu)
{
	uint64_t now = vcpu->stats.time[TIME_KERNEL] + vcpu->stats.time[TIME_USER];

	if (now - vcpu->last_interrupt_time > STORM_DISTANCE)
		vcpu->interrupt_storm = 0;
	else if (++vcpu->interrupt_storm >= STORM_LIMIT)
		vm_stopped(vcpu->vm, VM_STOP_STORM, vcpu->number);
	vcpu->last_interrupt_time = now;
}

void deliver_interrupt(struct vcpu *vcpu, struct trap *trap)
{
	vcpu->check_interrupts = false;
	if (!interrupt_deliverable(vcpu))
		return;
	detect_storm(vcpu);
	vcpu->stats.interrupts++;
	hal_charge(CHARGE_INTERRUPT, 1);
	take(vcpu, trap, EXC_INT, interrupt_offset(vcpu), 0);
}
