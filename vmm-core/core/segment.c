/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address translation as the guest's processor would do it: the classic segments of MIPS64 (VMs do
 * not see Segmentation Control), MD00091 chapter 4.
 */
#include "vm.h"

#define PA_MASK	      ((UINT64_C(1) << MIPS_PABITS) - 1)
#define SEGMENT_LIMIT (UINT64_C(1) << MIPS_SEGBITS)
#define GIB	      (UINT64_C(1) << 30)
#define XKPHYS_OFFSET ((UINT64_C(1) << 59) - 1)

static enum guest_segment_kind unmapped(struct gpa *gpa, uint64_t pa)
{
	gpa->value = pa;
	return SEGMENT_UNMAPPED;
}

static enum guest_segment_kind compatible(const struct vcpu *vcpu, uint64_t va, struct gpa *gpa)
{
	bool kernel = vcpu->mode == GUEST_KERNEL;

	switch (va >> 29 & 7) {
	case 4:
	case 5:
		return kernel ? unmapped(gpa, va & 0x1fffffff) : SEGMENT_ERROR;
	case 6:
		return vcpu->mode != GUEST_USER ? SEGMENT_MAPPED : SEGMENT_ERROR;
	case 7:
		return kernel ? SEGMENT_MAPPED : SEGMENT_ERROR;
	default:
		if (vcpu->cp0[CP0_STATUS] & STATUS_ERL)
			return unmapped(gpa, va);
		return SEGMENT_MAPPED;
	}
}

enum guest_segment_kind segment_find(const struct vcpu *vcpu, uint64_t va, struct gpa *gpa)
{
	uint32_t status = (uint32_t)vcpu->cp0[CP0_STATUS];
	bool kernel = vcpu->mode == GUEST_KERNEL;
	bool in_limit = (va & ~ENTRYHI_R) < SEGMENT_LIMIT;

	if (va == (uint64_t)(int64_t)(int32_t)va)
		return compatible(vcpu, va, gpa);
	switch (va >> 62) {
	case 0:
		return in_limit && (status & STATUS_UX) ? SEGMENT_MAPPED : SEGMENT_ERROR;
	case 1:
		return in_limit && vcpu->mode != GUEST_USER && (status & STATUS_SX) ? SEGMENT_MAPPED
										    : SEGMENT_ERROR;
	case 2:
		if (!kernel || !(status & STATUS_KX) || (va & XKPHYS_OFFSET) > PA_MASK)
			return SEGMENT_ERROR;
		return unmapped(gpa, va & PA_MASK);
	default:
		if (!kernel || !(status & STATUS_KX) || va - MIPS_XKSEG >= SEGMENT_LIMIT - 2 * GIB)
			return SEGMENT_ERROR;
		return SEGMENT_MAPPED;
	}
}

bool segment_translate(struct vcpu *vcpu, uint64_t va, bool write, struct gpa *gpa,
		       enum mips_exception *code, bool *refill)
{
	enum guest_segment_kind kind = segment_find(vcpu, va, gpa);
	const struct vtlb_entry *entry;
	uint64_t size, lo;

	*refill = false;
	if (kind == SEGMENT_ERROR) {
		*code = write ? EXC_ADES : EXC_ADEL;
		return false;
	}
	if (kind == SEGMENT_UNMAPPED)
		return true;
	*code = write ? EXC_TLBS : EXC_TLBL;
	entry = vtlb_find(vcpu, va);
	*refill = !entry;
	if (!entry)
		return false;
	size = (((uint64_t)entry->page_mask | 0x1fff) + 1) / 2;
	lo = entry->lo[(va & size) != 0];
	if (!(lo & ENTRYLO_V))
		return false;
	if (write && !(lo & ENTRYLO_D)) {
		*code = EXC_MOD;
		return false;
	}
	gpa->value = ((lo & ENTRYLO_PFN) >> 6 << PAGE_SHIFT & ~(size - 1)) | (va & (size - 1));
	return true;
}
