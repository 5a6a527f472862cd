/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TLB the guest sees: TLBR, TLBWI, TLBWR and TLBP on the virtual registers, and the way from
 * its entries to the hardware's. Semantics: MD00091, section 4.11; l2tlb.c says what stays behind
 * of an entry that was overwritten.
 */
#include "vm.h"

#define TAG		 (ENTRYHI_R | ENTRYHI_VPN2)
#define ENTRYLO_WRITABLE UINT64_C(0x3ffffffff) /* cp0.def */

static uint64_t tag_mask(uint32_t page_mask)
{
	return TAG & ~(uint64_t)page_mask;
}

static unsigned hash(uint64_t va)
{
	return (va >> 13 ^ va >> 23) % VTLB_FILTER;
}

static uint8_t *filter(struct vcpu *vcpu, uint64_t va)
{
	return &vcpu->vtlb_filter[hash(va)];
}

/* Counts @entry into (@step 1) or out of (-1) what tells a search that there is nothing to find. */
static void count_entry(struct vcpu *vcpu, const struct vtlb_entry *entry, int step)
{
	if (entry->hidden)
		return;
	if (entry->page_mask)
		vcpu->vtlb_large += step;
	else
		*filter(vcpu, entry->hi) += step;
	if (step > 0)
		vcpu->vtlb_hint[hash(entry->hi)] = (uint8_t)(entry - vcpu->vtlb);
}

void vtlb_reset(struct vcpu *vcpu)
{
	for (unsigned i = 0; i < VTLB_ENTRIES; i++)
		vcpu->vtlb[i] = (struct vtlb_entry){
			.hi = (MIPS_CKSEG0 & TAG) + i * 0x2000,
			.hidden = true,
		};
	for (unsigned i = 0; i < VTLB_FILTER; i++)
		vcpu->vtlb_filter[i] = vcpu->vtlb_hint[i] = 0;
	vcpu->vtlb_large = 0;
	vcpu->vtlb_valid = 0;
}

static bool matches(const struct vtlb_entry *entry, uint64_t va, uint64_t asid)
{
	if ((entry->hi ^ va) & tag_mask(entry->page_mask))
		return false;
	if (entry->hidden)
		return false;
	return (entry->lo[0] & ENTRYLO_G) || (entry->hi & ENTRYHI_ASID) == asid;
}

bool vtlb_may_have(const struct vcpu *vcpu, uint64_t va)
{
	return vcpu->vtlb_large || vcpu->vtlb_filter[hash(va)];
}

const struct vtlb_entry *vtlb_hinted(const struct vcpu *vcpu, uint64_t va)
{
	const struct vtlb_entry *entry = &vcpu->vtlb[vcpu->vtlb_hint[hash(va)]];

	if (entry->page_mask || !matches(entry, va, vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID))
		return NULL;
	return entry;
}

const struct vtlb_entry *vtlb_find(struct vcpu *vcpu, uint64_t va)
{
	uint64_t asid = vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID;
	const struct vtlb_entry *hinted;

	if (!vtlb_may_have(vcpu, va))
		return NULL;
	hinted = vtlb_hinted(vcpu, va);
	if (hinted)
		return hinted;
	hal_charge(CHARGE_VTLB_SEARCH, 1);
	for (unsigned i = 0; i < vcpu->vm->vmm->vtlb_entries; i++)
		if (matches(&vcpu->vtlb[i], va, asid))
			return &vcpu->vtlb[i];
	return NULL;
}

/* CKSEG0, CKSEG1, xkphys: no translation is made from a TLB entry there, and what the hardware has
 * is the monitor's. Kernels put entries there that are to match nothing. */
static bool is_unmapped(uint64_t hi)
{
	const uint64_t ckseg01 = (MIPS_CKSEG0 & TAG) >> 30;

	return hi >> 62 == 2 || (hi & TAG) >> 30 == ckseg01;
}

void vtlb_probe(struct vcpu *vcpu)
{
	uint64_t hi = vcpu->cp0[CP0_ENTRYHI];
	const struct vtlb_entry *entry = vtlb_find(vcpu, hi);

	if (entry) {
		vcpu->cp0[CP0_INDEX] = (uint64_t)(entry - vcpu->vtlb);
		return;
	}
	/* The guest now holds that nothing translates this page. */
	vcpu->cp0[CP0_INDEX] = INDEX_P;
	if (is_unmapped(hi))
		return;
	l2tlb_remove(vcpu, hi, 0x2000, hi & ENTRYHI_ASID);
	hal_tlb_remove(hi & (TAG | ENTRYHI_ASID));
}

void vtlb_read(struct vcpu *vcpu)
{
	unsigned index = (vcpu->cp0[CP0_INDEX] & 0x3f) % vcpu->vm->vmm->vtlb_entries;
	const struct vtlb_entry *entry = &vcpu->vtlb[index];

	vcpu->cp0[CP0_PAGEMASK] = entry->page_mask;
	vcpu->cp0[OPEN(CP0_ENTRYLO0)] = entry->lo[0];
	vcpu->cp0[OPEN(CP0_ENTRYLO1)] = entry->lo[1];
	vcpu->cp0[CP0_ENTRYHI] = entry->hi;
	hal_cp0_write(CP0_ENTRYHI, entry->hi & ENTRYHI_ASID);
}

/* One after the other, as with the R4000. What the guest loses by it the L2TLB still has. */
unsigned vtlb_random(struct vcpu *vcpu)
{
	unsigned entries = vcpu->vm->vmm->vtlb_entries;
	unsigned wired = (unsigned)vcpu->cp0[CP0_WIRED];
	unsigned value = (unsigned)vcpu->cp0[CP0_RANDOM];

	vcpu->cp0[CP0_RANDOM] = value == wired ? entries - 1 : value - 1;
	return value;
}

static bool overlap(const struct vtlb_entry *a, const struct vtlb_entry *b)
{
	if ((a->hi ^ b->hi) & tag_mask(a->page_mask | b->page_mask))
		return false;
	if (a->hidden || b->hidden)
		return false;
	return ((a->lo[0] | b->lo[0]) & ENTRYLO_G) || !((a->hi ^ b->hi) & ENTRYHI_ASID);
}

static bool overlaps_any(struct vcpu *vcpu, const struct vtlb_entry *entry, unsigned except)
{
	const struct vtlb_entry *old = &vcpu->vtlb[except];
	unsigned same =
		!old->hidden && !old->page_mask && filter(vcpu, old->hi) == filter(vcpu, entry->hi);

	/* Nothing else with that hash: nothing to compare with. */
	if (!entry->page_mask && !vcpu->vtlb_large && *filter(vcpu, entry->hi) == same)
		return false;
	hal_charge(CHARGE_VTLB_SEARCH, 1);
	for (unsigned i = 0; i < vcpu->vm->vmm->vtlb_entries; i++)
		if (i != except && overlap(&vcpu->vtlb[i], entry))
			return true;
	return false;
}

static bool has_valid_half(const struct vtlb_entry *entry)
{
	return !entry->hidden && ((entry->lo[0] | entry->lo[1]) & ENTRYLO_V);
}

/* No translation made from @entry stays anywhere. */
static void drop(struct vcpu *vcpu, const struct vtlb_entry *entry)
{
	uint64_t asid = entry->hi & ENTRYHI_ASID;
	uint64_t size = ((uint64_t)entry->page_mask | 0x1fff) + 1;

	if (is_unmapped(entry->hi) && !entry->page_mask)
		return;
	l2tlb_remove(vcpu, entry->hi, size, asid);
	/* A global user page is in the hardware under no ASID: any finds it. */
	if (entry->page_mask)
		flush_hardware(vcpu);
	else
		hal_tlb_remove(entry->hi);
}

static void flush_if_emptied(struct vcpu *vcpu)
{
	unsigned wired = (unsigned)vcpu->cp0[CP0_WIRED];

	if (vcpu->vtlb_valid >> wired || !vcpu->translated)
		return;
	vcpu->translated = false;
	l2tlb_flush(vcpu);
	flush_hardware(vcpu);
	for (unsigned i = 0; i < 4; i++)
		vcpu->asids[i] = 0;
	vcpu->stats.tlb_flushes++;
}

/* What the registers hold as an entry. */
static struct vtlb_entry written(const struct vcpu *vcpu)
{
	uint32_t page_mask = (uint32_t)vcpu->cp0[CP0_PAGEMASK];
	uint64_t lo0 = vcpu->cp0[OPEN(CP0_ENTRYLO0)] & ENTRYLO_WRITABLE;
	uint64_t lo1 = vcpu->cp0[OPEN(CP0_ENTRYLO1)] & ENTRYLO_WRITABLE;
	uint64_t global = lo0 & lo1 & ENTRYLO_G;

	return (struct vtlb_entry){
		.hi = vcpu->cp0[CP0_ENTRYHI] & (tag_mask(page_mask) | ENTRYHI_ASID),
		.lo = {(lo0 & ~ENTRYLO_G) | global, (lo1 & ~ENTRYLO_G) | global},
		.page_mask = page_mask,
	};
}

static bool is_other(const struct vtlb_entry *a, const struct vtlb_entry *b)
{
	return a->hi != b->hi || a->page_mask;
}

/* @entry overlaps none but the one at @index. */
static void write_entry(struct vcpu *vcpu, unsigned index, const struct vtlb_entry *entry,
			bool random)
{
	struct vtlb_entry *old = &vcpu->vtlb[index];
	uint64_t bad = vcpu->cp0[CP0_BADVADDR];

	if (!random && has_valid_half(old) && is_other(old, entry))
		drop(vcpu, old);
	count_entry(vcpu, old, -1);
	*old = *entry;
	count_entry(vcpu, old, 1);
	if (!has_valid_half(entry)) {
		vcpu->vtlb_valid &= ~(UINT64_C(1) << index);
		drop(vcpu, entry);
		flush_if_emptied(vcpu);
		return;
	}
	vcpu->vtlb_valid |= UINT64_C(1) << index;
	if (entry->page_mask)
		drop(vcpu, entry);
	/* The page that faulted is going to be used: its translation is made now. */
	if ((bad ^ entry->hi) & tag_mask(entry->page_mask))
		bad = entry->hi & TAG;
	if (!vtlb_fill(vcpu, entry, bad, true) && !entry->page_mask)
		drop(vcpu, entry);
}

bool vtlb_write(struct vcpu *vcpu, unsigned index, bool random)
{
	struct vtlb_entry entry = written(vcpu);

	index %= vcpu->vm->vmm->vtlb_entries;
	if (overlaps_any(vcpu, &entry, index))
		return false;
	if (vcpu->vm->rewriting && rewrite_conflicts(&entry))
		rewrite_stop(vcpu->vm);
	if (has_valid_half(&entry))
		hal_charge(CHARGE_TLB_FILL, 1);
	write_entry(vcpu, index, &entry, random);
	return true;
}

/* A half that has nothing to map, or the VM's own page, there, and not about to move. */
static bool is_simple(const struct vcpu *vcpu, uint64_t lo)
{
	struct gpa gpa = {(lo & ENTRYLO_PFN) >> 6 << PAGE_SHIFT};
	uint32_t index;

	if (!(lo & ENTRYLO_V))
		return true;
	if (!pmap_ram(vcpu->vm, gpa, &index) || index >= vcpu->ram_pages)
		return false;
	return (vcpu->pmap[index].flags & (PMAP_PRESENT | PMAP_REPLICATED | PMAP_WANTED)) ==
	       PMAP_PRESENT;
}

bool vtlb_write_quick(struct vcpu *vcpu, bool random)
{
	const struct vtlb_entry entry = written(vcpu), *old;
	unsigned wired = (unsigned)vcpu->cp0[CP0_WIRED];
	unsigned index = (unsigned)vcpu->cp0[random ? CP0_RANDOM : CP0_INDEX] & 0x3f;
	unsigned same;

	if (vcpu->vtlb_large || entry.page_mask || vcpu->view || entry.hi >> 62 || !vcpu->l2tlb ||
	    ((vcpu->cp0[OPEN(CP0_ENTRYLO0)] | vcpu->cp0[OPEN(CP0_ENTRYLO1)]) & ENTRYLO_G) ||
	    index > vcpu->vtlb_last)
		return false;
	old = &vcpu->vtlb[index];
	same = !old->hidden && hash(old->hi) == hash(entry.hi);
	if (*filter(vcpu, entry.hi) != same ||
	    (!random && has_valid_half(old) && is_other(old, &entry)))
		return false;
	if (has_valid_half(&entry)) {
		if (!is_simple(vcpu, entry.lo[0]) || !is_simple(vcpu, entry.lo[1]))
			return false;
		hal_charge(random ? CHARGE_QUICK_TLBWR : CHARGE_QUICK_TLBWI, 1);
	} else {
		if (!((vcpu->vtlb_valid & ~(UINT64_C(1) << index)) >> wired))
			return false;
		hal_charge(CHARGE_QUICK_TLBW_INVALID, 1);
	}
	if (random)
		vtlb_random(vcpu);
	write_entry(vcpu, index, &entry, random);
	return true;
}

/* The hardware's EntryLo of the 4 KiB page at @va; 0: not valid, or not RAM. */
static uint64_t machine_lo(struct vcpu *vcpu, const struct vtlb_entry *entry, uint64_t va,
			   uint64_t hi, bool allocate)
{
	uint64_t size = (((uint64_t)entry->page_mask | 0x1fff) + 1) / 2;
	uint64_t lo = entry->lo[(va & size) != 0];
	struct gpa gpa = {((lo & ENTRYLO_PFN) >> 6 << PAGE_SHIFT & ~(size - 1)) |
			  (va & (size - 1))};
	struct pmap_entry *page;
	uint32_t index;

	if (!(lo & ENTRYLO_V) || !pmap_ram(vcpu->vm, gpa, &index))
		return 0;
	page = &vcpu->vm->pmap[index];
	if (!(page->flags & PMAP_PRESENT)) {
		page = allocate ? pmap_get(vcpu->vm, index, vcpu->pcpu->node) : NULL;
		if (!page)
			return 0;
	}
	if (!move_arrive(vcpu, index, allocate))
		return 0;
	pmap_note_mapping(page, vcpu, lo & ENTRYLO_G ? hi & ~ENTRYHI_ASID : hi);
	if (page->flags & PMAP_REPLICATED)
		lo &= ~ENTRYLO_D;
	return hal_mpn_address(move_copy(vcpu->vm, page, vcpu->pcpu->node)).value >> PAGE_SHIFT
											     << 6 |
	       (lo & (ENTRYLO_C | ENTRYLO_D | ENTRYLO_V));
}

bool vtlb_fill(struct vcpu *vcpu, const struct vtlb_entry *entry, uint64_t va, bool replace)
{
	uint64_t global = entry->lo[0] & ENTRYLO_G;
	uint64_t hi = (va & TAG) | (vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID);
	uint64_t pair = va & ~UINT64_C(0x1fff);
	unsigned half = va >> PAGE_SHIFT & 1;
	uint64_t lo[2];

	lo[half] = machine_lo(vcpu, entry, pair + half * PAGE_BYTES, hi, true);
	lo[!half] = machine_lo(vcpu, entry, pair + !half * PAGE_BYTES, hi, false);
	if (!((lo[0] | lo[1]) & ENTRYLO_V))
		return false;
	lo[0] |= global;
	lo[1] |= global;
	vcpu->translated = true;
	l2tlb_insert(vcpu, hi, global, lo);
	hal_tlb_write(hi, lo, 0, replace);
	return true;
}

bool vtlb_fill_quick(struct vcpu *vcpu, const struct vtlb_entry *entry, uint64_t va)
{
	if (!vcpu->l2tlb || (entry->lo[0] & ENTRYLO_G) || !is_simple(vcpu, entry->lo[0]) ||
	    !is_simple(vcpu, entry->lo[1]))
		return false;
	hal_charge(CHARGE_QUICK_FILL, 1);
	return vtlb_fill(vcpu, entry, va, false);
}
