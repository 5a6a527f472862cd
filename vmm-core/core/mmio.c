/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores emulated: to the VM's devices, whose pages are never mapped, and to XKSEG on
 * machines where the hardware cannot do it for supervisor mode.
 */
#include "vm.h"

/* A load or store by opcode: size in bytes, 0: not one we emulate. */
struct access {
	uint8_t size;
	bool store;
	bool sign;    /* loads: sign-extended */
	uint8_t link; /* LL, SC */
};

static const struct access access_of[64] = {
	[32] = {1, false, true, 0},  [33] = {2, false, true, 0},  [35] = {4, false, true, 0},
	[36] = {1, false, false, 0}, [37] = {2, false, false, 0}, [39] = {4, false, false, 0},
	[40] = {1, true, false, 0},  [41] = {2, true, false, 0},  [43] = {4, true, false, 0},
	[48] = {4, false, true, 1},  [52] = {8, false, false, 1}, [55] = {8, false, false, 0},
	[56] = {4, true, false, 1},  [60] = {8, true, false, 1},  [63] = {8, true, false, 0},
};

static uint64_t extend(uint64_t value, const struct access *access)
{
	unsigned shift = 64 - 8 * access->size;

	if (access->sign)
		return (uint64_t)((int64_t)(value << shift) >> shift);
	return value << shift >> shift;
}

static void bus_error(struct vcpu *vcpu, struct trap *trap, bool fetch)
{
	reflect(vcpu, trap, fetch ? EXC_IBE : EXC_DBE);
}

void mmio_access(struct vcpu *vcpu, struct trap *trap, struct gpa gpa, bool fetch)
{
	struct mmio_region *region;
	const struct access *access;
	uint32_t instruction;
	uint64_t offset, value = 0;
	unsigned rt;

	if (fetch) {
		bus_error(vcpu, trap, true);
		return;
	}
	if (!fetch_trapped(trap, &instruction))
		return;
	access = &access_of[instruction >> 26];
	rt = instruction >> 16 & 31;
	region = access->size && !access->link ? vboard_region(vcpu->vm, gpa, access->size) : NULL;
	if (!region || (access->store ? !region->write : !region->read)) {
		bus_error(vcpu, trap, false);
		return;
	}
	hal_charge(CHARGE_MMIO, 1);
	offset = gpa.value - region->base;
	if (access->store) {
		vcpu->stats.mmio_writes++;
		if (!region->write(region->opaque, vcpu->number, offset, access->size,
				   extend(trap->gpr[rt], &(struct access){.size = access->size}))) {
			bus_error(vcpu, trap, false);
			return;
		}
	} else {
		vcpu->stats.mmio_reads++;
		if (!region->read(region->opaque, vcpu->number, offset, access->size, &value)) {
			bus_error(vcpu, trap, false);
			return;
		}
		if (rt)
			trap->gpr[rt] = extend(value, access);
	}
	skip_instruction(trap);
}

static uint64_t load(const uint8_t *from, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)from[i] << (8 * i);
	return value;
}

static void store(uint8_t *to, unsigned size, uint64_t value)
{
	for (unsigned i = 0; i < size; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

static void access_ram(struct vcpu *vcpu, struct trap *trap, const struct access *access,
		       uint32_t instruction, struct pmap_entry *page, uint64_t va)
{
	uint8_t *at = (uint8_t *)hal_page(page->mpn) + (va & PAGE_OFFSET_MASK);
	unsigned rt = instruction >> 16 & 31;

	if (!access->store) {
		vcpu->link = access->link;
		if (rt)
			trap->gpr[rt] = extend(load(at, access->size), access);
		return;
	}
	if (!access->link || vcpu->link) {
		hal_page_changes(page->mpn, 1);
		store(at, access->size, trap->gpr[rt]);
	}
	if (access->link && rt)
		trap->gpr[rt] = vcpu->link;
	vcpu->link = false;
}

void emulate_access(struct vcpu *vcpu, struct trap *trap)
{
	uint64_t va = trap->bad_address;
	const struct access *access;
	struct pmap_entry *page;
	enum mips_exception code;
	uint32_t instruction, index;
	struct gpa gpa;
	bool refill;

	if (!fetch_trapped(trap, &instruction))
		return;
	access = &access_of[instruction >> 26];
	if (!access->size || (va & (access->size - 1u))) {
		reflect_address(vcpu, trap, trap->code, va, false);
		return;
	}
	hal_charge(CHARGE_XKSEG_ACCESS, 1);
	if (!segment_translate(vcpu, va, access->store, &gpa, &code, &refill)) {
		reflect_address(vcpu, trap, code, va, refill);
		return;
	}
	if (!pmap_ram(vcpu->vm, gpa, &index)) {
		mmio_access(vcpu, trap, gpa, false);
		return;
	}
	page = pmap_get(vcpu->vm, index, vcpu->pcpu->node);
	if (!page)
		return;
	vcpu->stats.emulated_xkseg++;
	access_ram(vcpu, trap, access, instruction, page, va);
	skip_instruction(trap);
}
