/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XKSEG on machines whose hardware keeps it for kernel mode: every load and store of the guest's
 * kernel there is an address error, and emulated. What Linux does not do is not: floating point
 * loads and stores, and instructions; for those the guest gets the address error.
 *
 * LL and SC: LL notes address and value, SC stores by an atomic compare and exchange with that
 * value. A store of the same value by another CPU in between goes unnoticed; every exception return
 * and every loss of the CPU ends the link, as in hardware.
 */
#include "vm.h"

#define OP_REGIMM    1
#define REGIMM_SYNCI 31

static uint64_t load(const void *at, unsigned size)
{
	switch (size) {
	case 1:
		return *(const volatile uint8_t *)at;
	case 2:
		return *(const volatile uint16_t *)at;
	case 4:
		return *(const volatile uint32_t *)at;
	default:
		return *(const volatile uint64_t *)at;
	}
}

static void store(void *at, unsigned size, uint64_t value)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)at = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)at = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)at = value;
	}
}

/* Stores @value where @old still is. */
static bool exchange(void *at, unsigned size, uint64_t old, uint64_t value)
{
	uint32_t narrow = (uint32_t)old;

	if (size == 4)
		return __atomic_compare_exchange_n((uint32_t *)at, &narrow, (uint32_t)value, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return __atomic_compare_exchange_n((uint64_t *)at, &old, value, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* The part of the aligned word at @word that lies up to (LEFT) or from (RIGHT) byte @at: loaded
 * into, or stored from, that end of @value. Little-endian. */
static uint64_t load_part(const uint8_t *word, unsigned at, const struct access *access,
			  uint64_t value)
{
	bool left = access->part == ACCESS_LEFT;
	unsigned first = left ? 0 : at, end = left ? at + 1 : access->size;

	for (unsigned i = first; i < end; i++) {
		unsigned shift = 8 * (left ? access->size - 1 - at + i : i - at);

		value = (value & ~(UINT64_C(0xff) << shift)) | (uint64_t)word[i] << shift;
	}
	return value;
}

static void store_part(uint8_t *word, unsigned at, const struct access *access, uint64_t value)
{
	bool left = access->part == ACCESS_LEFT;
	unsigned first = left ? 0 : at, end = left ? at + 1 : access->size;

	for (unsigned i = first; i < end; i++)
		word[i] = (uint8_t)(value >> 8 * (left ? access->size - 1 - at + i : i - at));
}

static void access_part(struct trap *trap, const struct access *access, unsigned rt, uint8_t *at)
{
	unsigned byte = (uintptr_t)at & (access->size - 1u);

	if (access->store)
		store_part(at - byte, byte, access, trap->gpr[rt]);
	else if (rt)
		trap->gpr[rt] =
			access_extend(load_part(at - byte, byte, access, trap->gpr[rt]), access);
}

static void load_linked(struct vcpu *vcpu, const void *at, uint64_t value)
{
	vcpu->link = true;
	vcpu->link_address = at;
	vcpu->link_value = value;
	hal_link_clear(); /* there is one link, and this is it */
}

static bool store_conditional(struct vcpu *vcpu, const struct access *access, void *at,
			      uint64_t value)
{
	bool linked = vcpu->link && vcpu->link_address == at;

	vcpu->link = false;
	return linked && exchange(at, access->size, vcpu->link_value, value);
}

static void access_whole(struct vcpu *vcpu, struct trap *trap, const struct access *access,
			 unsigned rt, void *at)
{
	uint64_t value = trap->gpr[rt];

	if (!access->store) {
		value = load(at, access->size);
		if (access->link)
			load_linked(vcpu, at, value);
		value = access_extend(value, access);
	} else if (access->link) {
		value = store_conditional(vcpu, access, at, value);
	} else {
		store(at, access->size, value);
		return;
	}
	if (rt)
		trap->gpr[rt] = value;
}

static bool is_synci(uint32_t instruction)
{
	return instruction >> 26 == OP_REGIMM && (instruction >> 16 & 31) == REGIMM_SYNCI;
}

/* By the L2TLB: a page of RAM that may be accessed so. */
static uint8_t *known(struct vcpu *vcpu, uint64_t va, bool write)
{
	const struct l2tlb_entry *entry = l2tlb_find(vcpu, va);
	uint64_t lo = entry ? entry->lo[va >> PAGE_SHIFT & 1] : 0;
	struct mpn mpn;

	if (!(lo & ENTRYLO_V) || (write && !(lo & ENTRYLO_D)))
		return NULL;
	hal_charge(CHARGE_L2TLB_HIT, 1);
	vcpu->stats.l2tlb_hits++;
	mpn = mpn_at((struct ma){(lo & ENTRYLO_PFN) >> 6 << PAGE_SHIFT});
	if (write)
		hal_page_changes(mpn, 1);
	return (uint8_t *)hal_page(mpn) + (va & PAGE_OFFSET_MASK);
}

/* By the virtual TLB. NULL: the trap has been dealt with. */
static uint8_t *find(struct vcpu *vcpu, struct trap *trap, bool write)
{
	uint64_t va = trap->bad_address;
	struct pmap_entry *page;
	enum mips_exception code;
	struct gpa gpa;
	uint32_t index;
	bool refill;

	if (!segment_translate(vcpu, va, write, &gpa, &code, &refill)) {
		reflect_address(vcpu, trap, code, va, refill);
		return NULL;
	}
	if (!pmap_ram(vcpu->vm, gpa, &index)) {
		mmio_access(vcpu, trap, gpa, false);
		return NULL;
	}
	page = pmap_get(vcpu->vm, index, vcpu->pcpu->node);
	if (!page)
		return NULL;
	if (write) {
		move_collapse(vcpu->vm, index);
		hal_page_changes(page->mpn, 1);
	}
	return (uint8_t *)hal_page(page->mpn) + (gpa.value & PAGE_OFFSET_MASK);
}

/* The guest's own exception, if it would have had one. */
static void fetch_instruction(struct vcpu *vcpu, struct trap *trap)
{
	enum mips_exception code;
	struct gpa gpa;
	bool refill;

	if (segment_translate(vcpu, trap->bad_address, false, &gpa, &code, &refill))
		reflect_address(vcpu, trap, trap->code, trap->bad_address, false);
	else
		reflect_address(vcpu, trap, code, trap->bad_address, refill);
}

void xkseg_access(struct vcpu *vcpu, struct trap *trap, bool fetch)
{
	uint64_t va = trap->bad_address;
	const struct access *access;
	uint32_t instruction;
	uint8_t *at;

	if (fetch) {
		fetch_instruction(vcpu, trap);
		return;
	}
	if (!fetch_trapped(trap, &instruction))
		return;
	access = &access_of[instruction >> 26];
	if (!is_synci(instruction) &&
	    (!access->size || (!access->part && (va & (access->size - 1u))))) {
		reflect_address(vcpu, trap, trap->code, va, false);
		return;
	}
	hal_charge(CHARGE_XKSEG_ACCESS, 1);
	at = known(vcpu, va, access->store);
	if (!at)
		at = find(vcpu, trap, access->store);
	if (!at)
		return;
	vcpu->stats.emulated_xkseg++;
	if (access->part)
		access_part(trap, access, instruction >> 16 & 31, at);
	else if (access->size) /* SYNCI has nothing to do: instruction fetch is coherent */
		access_whole(vcpu, trap, access, instruction >> 16 & 31, at);
	skip_instruction(trap);
}
