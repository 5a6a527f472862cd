/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second-level TLB: per vCPU, direct-mapped, from virtual page pairs to entries ready for the
 * hardware. It holds what the guest wrote into its TLB, longer than the 64 entries of that TLB do.
 *
 * What keeps it true to the guest's TLB: an entry the guest overwrites by TLBWI is dropped, one it
 * overwrites by TLBWR (which of them, software cannot know) stays until its slot is needed; TLBP
 * that finds nothing drops the page; when no valid entry is left in the guest's TLB everything is
 * dropped. So a page that the guest has made sure is not in its TLB is not here either.
 */
#include "vm.h"

static bool kernel_address(uint64_t va)
{
	return va >> 62 != 0;
}

static struct l2tlb_entry *slot(struct vcpu *vcpu, uint64_t va, uint64_t asid)
{
	uint64_t hash = va >> 13;

	hash ^= hash >> 12;
	/* Kernel pages are global: one slot whatever the ASID. */
	if (!kernel_address(va))
		hash ^= asid * 0x35;
	return &vcpu->l2tlb[hash & vcpu->l2tlb_mask];
}

struct l2tlb_entry *l2tlb_find(struct vcpu *vcpu, uint64_t va)
{
	uint64_t asid = vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID;
	uint64_t tag = va & (ENTRYHI_R | ENTRYHI_VPN2);
	struct l2tlb_entry *entry;

	if (!vcpu->l2tlb)
		return NULL;
	entry = slot(vcpu, va, asid);
	if (entry->tag == (tag | asid) || entry->tag == (tag | GLOBAL_TAG))
		return entry;
	return NULL;
}

void l2tlb_insert(struct vcpu *vcpu, uint64_t hi, bool global, const uint64_t lo[2])
{
	uint64_t asid = hi & ENTRYHI_ASID;
	struct l2tlb_entry *entry;

	/* A global entry of a user page would have to be looked for under every ASID. Of xsseg
	 * nothing is kept: Status.SX decides about it. */
	if (!vcpu->l2tlb || (global && !kernel_address(hi)) || hi >> 62 == 1)
		return;
	entry = slot(vcpu, hi, asid);
	entry->tag = (hi & (ENTRYHI_R | ENTRYHI_VPN2)) | (global ? GLOBAL_TAG : asid);
	entry->lo[0] = lo[0];
	entry->lo[1] = lo[1];
	vcpu->stats.l2tlb_inserts++;
}

static void remove_range(struct vcpu *vcpu, uint64_t va, uint64_t size, uint64_t asid)
{
	const uint64_t tag_mask = (ENTRYHI_R | ENTRYHI_VPN2) & ~(size - 1);

	for (uint32_t i = 0; i <= vcpu->l2tlb_mask; i++) {
		struct l2tlb_entry *entry = &vcpu->l2tlb[i];

		if ((entry->tag ^ va) & tag_mask)
			continue;
		if ((entry->tag & GLOBAL_TAG) || (entry->tag & ENTRYHI_ASID) == asid)
			entry->tag = L2TLB_EMPTY;
	}
	hal_charge(CHARGE_L2TLB_FLUSH, 1);
}

void l2tlb_remove(struct vcpu *vcpu, uint64_t va, uint64_t size, uint64_t asid)
{
	uint64_t tag = va & (ENTRYHI_R | ENTRYHI_VPN2);
	struct l2tlb_entry *entry;

	if (!vcpu->l2tlb)
		return;
	if (size > 0x2000) {
		remove_range(vcpu, va, size, asid);
		return;
	}
	entry = slot(vcpu, va, asid);
	if (entry->tag == (tag | asid) || entry->tag == (tag | GLOBAL_TAG))
		entry->tag = L2TLB_EMPTY;
}

void l2tlb_flush(struct vcpu *vcpu)
{
	if (!vcpu->l2tlb)
		return;
	for (uint32_t i = 0; i <= vcpu->l2tlb_mask; i++)
		vcpu->l2tlb[i].tag = L2TLB_EMPTY;
	vcpu->stats.l2tlb_flushes++;
	hal_charge(CHARGE_L2TLB_FLUSH, 1);
}
