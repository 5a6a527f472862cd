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
	uint8_t part; /* LWL..., LWR...: the part of a word on one side of the address */
};

enum { WHOLE, LEFT, RIGHT };

static const struct access access_of[64] = {
	[32] = {1, false, true, 0, WHOLE},  [33] = {2, false, true, 0, WHOLE},
	[35] = {4, false, true, 0, WHOLE},  [36] = {1, false, false, 0, WHOLE},
	[37] = {2, false, false, 0, WHOLE}, [39] = {4, false, false, 0, WHOLE},
	[40] = {1, true, false, 0, WHOLE},  [41] = {2, true, false, 0, WHOLE},
	[43] = {4, true, false, 0, WHOLE},  [48] = {4, false, true, 1, WHOLE},
	[52] = {8, false, false, 1, WHOLE}, [55] = {8, false, false, 0, WHOLE},
	[26] = {8, false, false, 0, LEFT},  [27] = {8, false, false, 0, RIGHT},
	[34] = {4, false, true, 0, LEFT},   [38] = {4, false, true, 0, RIGHT},
	[42] = {4, true, false, 0, LEFT},   [46] = {4, true, false, 0, RIGHT},
	[44] = {8, true, false, 0, LEFT},   [45] = {8, true, false, 0, RIGHT},
	[56] = {4, true, false, 1, WHOLE},  [60] = {8, true, false, 1, WHOLE},
	[63] = {8, true, false, 0, WHOLE},
};

static uint64_t extend(uint64_t value, const struct access *access)
{
	unsigned shift = 8 * (8u - access->size) % 64; /* size is 1 to 8 */

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
	region = access->size && !access->link && !access->part
			 ? vboard_region(vcpu->vm, gpa, access->size)
			 : NULL;
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

/* The part of the aligned word at @word that lies up to (LEFT) or from (RIGHT) @va: loaded into, or
 * stored from, that end of @value. Little-endian. */
static uint64_t load_part(const uint8_t *word, unsigned at, const struct access *access,
			  uint64_t value)
{
	unsigned size = access->size;

	if (access->part == LEFT)
		for (unsigned i = 0; i <= at; i++) {
			unsigned shift = 8 * (size - 1 - at + i);

			value = (value & ~(UINT64_C(0xff) << shift)) | (uint64_t)word[i] << shift;
		}
	else
		for (unsigned i = at; i < size; i++) {
			unsigned shift = 8 * (i - at);

			value = (value & ~(UINT64_C(0xff) << shift)) | (uint64_t)word[i] << shift;
		}
	return value;
}

static void store_part(uint8_t *word, unsigned at, const struct access *access, uint64_t value)
{
	unsigned size = access->size;

	if (access->part == LEFT)
		for (unsigned i = 0; i <= at; i++)
			word[i] = (uint8_t)(value >> (8 * (size - 1 - at + i)));
	else
		for (unsigned i = at; i < size; i++)
			word[i] = (uint8_t)(value >> (8 * (i - at)));
}

static void access_part(struct trap *trap, const struct access *access, uint32_t instruction,
			struct pmap_entry *page, uint64_t va)
{
	unsigned at = va & (access->size - 1u), rt = instruction >> 16 & 31;
	uint8_t *word = (uint8_t *)hal_page(page->mpn) + (va & PAGE_OFFSET_MASK) - at;

	if (access->store) {
		hal_page_changes(page->mpn, 1);
		store_part(word, at, access, trap->gpr[rt]);
	} else if (rt) {
		trap->gpr[rt] = extend(load_part(word, at, access, trap->gpr[rt]), access);
	}
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
	if (!access->size || (!access->part && (va & (access->size - 1u)))) {
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
	if (access->store)
		move_collapse(vcpu->vm, index);
	vcpu->stats.emulated_xkseg++;
	if (access->part)
		access_part(trap, access, instruction, page, va);
	else
		access_ram(vcpu, trap, access, instruction, page, va);
	skip_instruction(trap);
}
