/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The joint TLB: lookup, TLBR, TLBWI/TLBWR and TLBP (MD00091, section 4.11).
 *
 * An address is known to the TLB by its region (bits 63:62) and VPN2 (bits SEGBITS-1:13), so the
 * eight windows of a mapped xkphys are one, and CKSEG addresses are the top of region 3.
 */
#include "emu/cpu.h"
#include "emu/mem.h"

#define TLB_TAG (ENTRYHI_R | ENTRYHI_VPN2)

/* The address bits of the tag that an entry of this PageMask compares. */
static uint64_t tag_mask(uint32_t page_mask)
{
	return TLB_TAG & ~(uint64_t)page_mask;
}

static bool entry_matches(const struct tlb_entry *entry, uint64_t va, uint64_t asid)
{
	if ((entry->entry_hi ^ va) & tag_mask(entry->page_mask))
		return false;
	if (entry->hidden)
		return false;
	return (entry->entry_lo[0] & ENTRYLO_G) || (entry->entry_hi & ENTRYHI_ASID) == asid;
}

/*
 * The entries that may match an address are found by an index: one mask of entries for each value
 * of the lowest VPN2 bits, for entries of 4 KiB pages, and one mask of all others. Written when an
 * entry is; a bit too many does no harm.
 */
static uint64_t *index_of(struct cpu *cpu, const struct tlb_entry *entry)
{
	if (entry->page_mask)
		return &cpu->tlb_large;
	return &cpu->tlb_bucket[(entry->entry_hi >> 13) % TLB_BUCKETS];
}

static uint64_t candidates(const struct cpu *cpu, uint64_t va)
{
	return cpu->tlb_bucket[(va >> 13) % TLB_BUCKETS] | cpu->tlb_large;
}

const struct tlb_entry *tlb_lookup(const struct cpu *cpu, uint64_t va)
{
	uint64_t asid = cpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID;

	for (uint64_t left = candidates(cpu, va); left; left &= left - 1) {
		const struct tlb_entry *entry = &cpu->tlb[__builtin_ctzll(left)];

		if (entry_matches(entry, va, asid))
			return entry;
	}
	return NULL;
}

void tlb_probe(struct cpu *cpu)
{
	const struct tlb_entry *entry = tlb_lookup(cpu, cpu->cp0[CP0_ENTRYHI]);

	cpu->cp0[CP0_INDEX] = entry ? (uint64_t)(entry - cpu->tlb) : INDEX_P;
}

void tlb_read(struct cpu *cpu)
{
	unsigned index = (cpu->cp0[CP0_INDEX] & 0x3f) % cpu->config->tlb_entries;
	const struct tlb_entry *entry = &cpu->tlb[index];
	bool new_asid = (cpu->cp0[CP0_ENTRYHI] ^ entry->entry_hi) & ENTRYHI_ASID;

	cpu->cp0[CP0_PAGEMASK] = entry->page_mask;
	cpu->cp0[CP0_ENTRYHI] = entry->entry_hi;
	cpu->cp0[CP0_ENTRYLO0] = entry->entry_lo[0];
	cpu->cp0[CP0_ENTRYLO1] = entry->entry_lo[1];
	if (new_asid)
		softtlb_select(cpu);
}

/* Forgets what the software TLB holds of @entry's two pages. */
static void forget(struct cpu *cpu, const struct tlb_entry *entry)
{
	uint64_t va = entry->entry_hi & TLB_TAG;
	uint64_t size = ((uint64_t)entry->page_mask | 0x1fff) + 1;
	uint8_t asid = entry->entry_hi & ENTRYHI_ASID;
	bool global = entry->entry_lo[0] & ENTRYLO_G;
	const uint64_t ckseg = ENTRYHI_VPN2 & ~UINT64_C(0x7fffffff);

	if (entry->hidden || !((entry->entry_lo[0] | entry->entry_lo[1]) & ENTRYLO_V))
		return;
	if (va >= MIPS_XKSEG) {
		if ((va & ckseg) == ckseg)
			va |= ~(ENTRYHI_VPN2 | 0x1fff);
		softtlb_flush_page(cpu, va, size, global, asid);
		return;
	}
	if (va < MIPS_XKPHYS) {
		softtlb_flush_page(cpu, va, size, global, asid);
		return;
	}
	for (uint64_t window = 0; window < 8; window++)
		softtlb_flush_page(cpu, va | window << 59, size, global, asid);
}

void tlb_invalidate(struct cpu *cpu, unsigned index)
{
	forget(cpu, &cpu->tlb[index]);
	cpu->tlb[index].hidden = true;
}

/* Would two entries match one address under one ASID? */
static bool overlap(const struct tlb_entry *a, const struct tlb_entry *b)
{
	if ((a->entry_hi ^ b->entry_hi) & tag_mask(a->page_mask | b->page_mask))
		return false;
	if (a->hidden || b->hidden)
		return false;
	return ((a->entry_lo[0] | b->entry_lo[0]) & ENTRYLO_G) ||
	       !((a->entry_hi ^ b->entry_hi) & ENTRYHI_ASID);
}

bool tlb_write(struct cpu *cpu, unsigned index)
{
	uint32_t page_mask = cpu->cp0[CP0_PAGEMASK];
	uint64_t lo0 = cpu->cp0[CP0_ENTRYLO0];
	uint64_t lo1 = cpu->cp0[CP0_ENTRYLO1];
	uint64_t global = lo0 & lo1 & ENTRYLO_G;
	struct tlb_entry entry = {
		.entry_hi = cpu->cp0[CP0_ENTRYHI] & (tag_mask(page_mask) | ENTRYHI_ASID),
		.entry_lo = {(lo0 & ~ENTRYLO_G) | global, (lo1 & ~ENTRYLO_G) | global},
		.page_mask = page_mask,
	};
	uint64_t left;

	index %= cpu->config->tlb_entries;
	left = page_mask ? ~UINT64_C(0) : candidates(cpu, entry.entry_hi);
	for (left &= ~(UINT64_C(1) << index); left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);

		if (i < cpu->config->tlb_entries && overlap(&cpu->tlb[i], &entry))
			return false;
	}
	forget(cpu, &cpu->tlb[index]);
	*index_of(cpu, &cpu->tlb[index]) &= ~(UINT64_C(1) << index);
	cpu->tlb[index] = entry;
	*index_of(cpu, &entry) |= UINT64_C(1) << index;
	cpu->stats.tlb_writes++;
	return true;
}
