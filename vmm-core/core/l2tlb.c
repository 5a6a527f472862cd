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

#define TAG	    (ENTRYHI_R | ENTRYHI_VPN2)
#define COMPARE_ALL (~UINT64_C(0))

/* R = 2 or 3. Of xsseg (R = 1) nothing is kept: Status.SX decides about it. */
static bool kernel_address(uint64_t va)
{
	return va >> 63;
}

/* As mips/refill.S has it. */
static struct l2tlb_entry *slot(struct vcpu *vcpu, uint64_t va, uint64_t asid)
{
	uint64_t hash = (va & TAG) >> 13;

	/* Kernel pages are global: one slot whatever the ASID. */
	hash ^= kernel_address(va) ? hash >> 12 : asid << 3;
	return &vcpu->l2tlb[hash & vcpu->l2tlb_mask];
}

void l2tlb_init(struct vcpu *vcpu, struct l2tlb_entry *table, uint32_t entries)
{
	vcpu->l2tlb = table;
	vcpu->l2tlb_mask = entries - 1;
	for (uint32_t i = 0; i < entries; i++)
		table[i] = (struct l2tlb_entry){.tag = L2TLB_EMPTY, .compare = COMPARE_ALL};
}

static bool matches(const struct l2tlb_entry *entry, uint64_t va, uint64_t asid)
{
	return !((entry->tag ^ ((va & TAG) | asid)) & entry->compare);
}

struct l2tlb_entry *l2tlb_find(struct vcpu *vcpu, uint64_t va)
{
	uint64_t asid = vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID;
	struct l2tlb_entry *entry;

	if (!vcpu->l2tlb)
		return NULL;
	entry = slot(vcpu, va, asid);
	return matches(entry, va, asid) ? entry : NULL;
}

void l2tlb_insert(struct vcpu *vcpu, uint64_t hi, bool global, const uint64_t lo[2])
{
	uint64_t asid = hi & ENTRYHI_ASID;
	struct l2tlb_entry *entry;

	/* A global entry of a user page would have to be looked for under every ASID. */
	if (!vcpu->l2tlb || (global && !kernel_address(hi)) || hi >> 62 == 1)
		return;
	entry = slot(vcpu, hi, asid);
	entry->tag = (hi & TAG) | asid;
	entry->compare = global ? ~ENTRYHI_ASID : COMPARE_ALL;
	entry->lo[0] = lo[0];
	entry->lo[1] = lo[1];
	vcpu->stats.l2tlb_inserts++;
}

/* Whether the ASID is compared or not: the bit is neither of it nor of the page. */
static void empty(struct l2tlb_entry *entry)
{
	entry->tag = L2TLB_EMPTY;
}

/* The charge is of 256 entries; looking at one costs as much as emptying six. */
static void charge_entries(uint64_t entries)
{
	hal_charge(CHARGE_L2TLB_FLUSH, (unsigned)((entries + 255) / 256));
}

static void remove_one(struct vcpu *vcpu, uint64_t va, uint64_t asid)
{
	struct l2tlb_entry *entry = slot(vcpu, va, asid);

	if (matches(entry, va, asid))
		empty(entry);
}

static void remove_range(struct vcpu *vcpu, uint64_t va, uint64_t size, uint64_t asid)
{
	const uint64_t tag_mask = TAG & ~(size - 1);

	if (size / 0x2000 < vcpu->l2tlb_mask) {
		for (uint64_t at = va & tag_mask, i = 0; i < size / 0x2000; i++)
			remove_one(vcpu, at + i * 0x2000, asid);
		charge_entries(12 * (size / 0x2000));
		return;
	}
	for (uint32_t i = 0; i <= vcpu->l2tlb_mask; i++) {
		struct l2tlb_entry *entry = &vcpu->l2tlb[i];

		if (!((entry->tag ^ va) & tag_mask) &&
		    !((entry->tag ^ asid) & entry->compare & ENTRYHI_ASID))
			empty(entry);
	}
	charge_entries(6 * (vcpu->l2tlb_mask + UINT64_C(1)));
}

void l2tlb_remove(struct vcpu *vcpu, uint64_t va, uint64_t size, uint64_t asid)
{
	if (!vcpu->l2tlb)
		return;
	if (size > 0x2000)
		remove_range(vcpu, va, size, asid);
	else
		remove_one(vcpu, va, asid);
}

void l2tlb_flush(struct vcpu *vcpu)
{
	struct l2tlb_entry *entry = vcpu->l2tlb;
	uint64_t entries = vcpu->l2tlb_mask + UINT64_C(1), i = 0;

	if (!entry)
		return;
	for (; i + 8 <= entries; i += 8, entry += 8) {
		entry[0].tag = entry[1].tag = entry[2].tag = entry[3].tag = L2TLB_EMPTY;
		entry[4].tag = entry[5].tag = entry[6].tag = entry[7].tag = L2TLB_EMPTY;
	}
	for (; i < entries; i++)
		empty(entry++);
	vcpu->stats.l2tlb_flushes++;
	charge_entries(entries);
}
