/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLB refills that the entry code of the MIPS build finishes by itself (mips/refill.S), in C for
 * the native build: those the L2TLB answers, those of large pages of the unmapped segments, reads
 * of the GIC's counter, which is where no memory is, and those of user mode's addresses that can
 * only be the guest's to look up, or that the virtual TLB has. Of the last also what is not valid
 * there, or not to be written (mips/quick_tlb.S).
 */
#include "vm.h"

#define LW     0x23
#define OFFSET ((UINT64_C(1) << 59) - 1) /* in xkphys */

/* In the special views an address may not mean what it seems. */
static bool from_l2tlb(struct vcpu *vcpu, const struct trap *trap, bool *found)
{
	const uint64_t tag = ENTRYHI_R | ENTRYHI_VPN2;
	const struct l2tlb_entry *entry;
	uint64_t va = trap->bad_address;

	entry = l2tlb_find(vcpu, va);
	*found = entry;
	if (!entry || !(entry->lo[va >> PAGE_SHIFT & 1] & ENTRYLO_V))
		return false;
	hal_charge(va >> 63 ? CHARGE_L2TLB_HIT_KERNEL : CHARGE_L2TLB_HIT, 1);
	hal_tlb_write((va & tag) | (vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID), entry->lo, 0, false);
	vcpu->stats.l2tlb_hits++;
	vcpu->translated = true;
	return true;
}

static bool from_linear(struct vcpu *vcpu, const struct trap *trap)
{
	const uint64_t tag = ENTRYHI_R | ENTRYHI_VPN2;
	uint64_t va = trap->bad_address, unit;
	const struct linear *linear;

	if (va >> 62 == 2)
		unit = (va & OFFSET) >> LINEAR_SHIFT;
	else if (va >> 30 == MIPS_CKSEG0 >> 30)
		unit = (va & 0x1fffffff) >> LINEAR_SHIFT;
	else
		return false;
	if (unit >= vcpu->linear_units)
		return false;
	linear = &vcpu->linear[unit];
	if (!linear->lo[0])
		return false;
	hal_charge(CHARGE_QUICK_LINEAR, 1);
	hal_tlb_write((va & tag & ~linear->page_mask) | (vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID),
		      linear->lo, linear->page_mask, false);
	vcpu->stats.linear_hits++;
	return true;
}

static bool counter(struct vcpu *vcpu, struct trap *trap)
{
	uint32_t instruction;
	uint64_t value;
	unsigned rt;

	if (((trap->bad_address ^ vcpu->counter_va) & ~UINT64_C(4)) || trap->in_delay_slot ||
	    !hal_fetch((struct gva){trap->pc}, &instruction) || instruction >> 26 != LW)
		return false;
	if (!gic_read(&vcpu->vm->gic, vcpu->number, GIC_COUNTER + (trap->bad_address & 4), 4,
		      &value))
		return false;
	rt = instruction >> 16 & 31;
	if (rt)
		trap->gpr[rt] = (uint64_t)(int64_t)(int32_t)value;
	trap->pc += 4;
	vcpu->stats.mmio_reads++;
	hal_charge(CHARGE_QUICK_COUNTER, 1);
	return true;
}

static bool to_guest(struct vcpu *vcpu, struct trap *trap)
{
	if (vcpu->view || trap->bad_address >> 62 || vtlb_may_have(vcpu, trap->bad_address) ||
	    (vcpu->cp0[CP0_STATUS] & (STATUS_BEV | STATUS_EXL)))
		return false;
	reflect_refill(vcpu, trap);
	hal_charge(CHARGE_QUICK_REFILL, 1);
	return true;
}

/* The virtual TLB's entry for user page @va, where its hint has it. */
static const struct vtlb_entry *known(const struct vcpu *vcpu, uint64_t va)
{
	if (vcpu->view || va >> 62 || vcpu->vtlb_large || !vtlb_may_have(vcpu, va))
		return NULL;
	return vtlb_hinted(vcpu, va);
}

static bool fault(struct vcpu *vcpu, struct trap *trap)
{
	if (vcpu->cp0[CP0_STATUS] & (STATUS_BEV | STATUS_EXL))
		return false;
	reflect_fault(vcpu, trap);
	hal_charge(CHARGE_QUICK_FAULT, 1);
	return true;
}

/* A refill of a page that the virtual TLB has: it is not valid there, or is no more in the L2TLB.
 */
static bool from_vtlb(struct vcpu *vcpu, struct trap *trap)
{
	const struct vtlb_entry *entry = known(vcpu, trap->bad_address);
	uint64_t lo;

	if (!entry)
		return false;
	lo = entry->lo[trap->bad_address >> PAGE_SHIFT & 1];
	if (!(lo & ENTRYLO_V))
		return fault(vcpu, trap);
	if ((trap->code == EXC_TLBS && !(lo & ENTRYLO_D)) ||
	    !vtlb_fill_quick(vcpu, entry, trap->bad_address))
		return false;
	vcpu->stats.vtlb_hits++;
	return true;
}

bool quick_fault(struct vcpu *vcpu, struct trap *trap)
{
	const struct vtlb_entry *entry = known(vcpu, trap->bad_address);
	uint64_t lo = entry ? entry->lo[trap->bad_address >> PAGE_SHIFT & 1] : 0;
	bool modified = trap->code == EXC_MOD;

	if (!entry || (modified ? (lo & (ENTRYLO_V | ENTRYLO_D)) != ENTRYLO_V : lo & ENTRYLO_V) ||
	    !fault(vcpu, trap)) {
		hal_charge(CHARGE_QUICK_MISS, 1);
		return false;
	}
	if (modified)
		vcpu->stats.trap_modified++;
	else
		vcpu->stats.trap_invalid++;
	return true;
}

bool quick_refill(struct vcpu *vcpu, struct trap *trap)
{
	bool kernel = vcpu->mode == GUEST_KERNEL && !vcpu->view, found = false;

	if (vcpu->view & VIEW_SPECIAL)
		return false;
	if ((kernel && from_linear(vcpu, trap)) || from_l2tlb(vcpu, trap, &found) ||
	    (!found && ((kernel && counter(vcpu, trap)) || to_guest(vcpu, trap))) ||
	    from_vtlb(vcpu, trap)) {
		vcpu->stats.trap_refill++;
		return true;
	}
	hal_charge(CHARGE_L2TLB_MISS, 1);
	return false;
}
