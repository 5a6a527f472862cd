/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address translation: which segment a virtual address lies in, whether the mode may use it, and
 * where it goes (MD00091, chapter 4; Segmentation Control: section 4.1.4 and the SegCtl registers).
 *
 * The reset values of SegCtl describe the classic segments, so there is one path for processors
 * with and without Segmentation Control.
 */
#include "emu/cpu.h"
#include "emu/mem.h"

#define PA_MASK	      ((UINT64_C(1) << MIPS_PABITS) - 1)
#define SEGMENT_LIMIT (UINT64_C(1) << MIPS_SEGBITS)
#define HALF_GIB      (UINT64_C(1) << 29)
#define GIB	      (UINT64_C(1) << 30)

/* What a segment does with an access. */
enum way {
	WAY_ERROR,    /* address error */
	WAY_UNMAPPED, /* straight to a physical address */
	WAY_MAPPED,   /* through the TLB */
};

/* By access mode, then kernel, supervisor, user. The reserved mode behaves as UK. */
static const uint8_t access_mode_way[8][MODES] = {
	[AM_UK] = {WAY_UNMAPPED, WAY_ERROR, WAY_ERROR},
	[AM_MK] = {WAY_MAPPED, WAY_ERROR, WAY_ERROR},
	[AM_MSK] = {WAY_MAPPED, WAY_MAPPED, WAY_ERROR},
	[AM_MUSK] = {WAY_MAPPED, WAY_MAPPED, WAY_MAPPED},
	[AM_MUSUK] = {WAY_UNMAPPED, WAY_MAPPED, WAY_MAPPED},
	[AM_USK] = {WAY_UNMAPPED, WAY_UNMAPPED, WAY_ERROR},
	[AM_RESERVED] = {WAY_UNMAPPED, WAY_ERROR, WAY_ERROR},
	[AM_UUSK] = {WAY_UNMAPPED, WAY_UNMAPPED, WAY_UNMAPPED},
};

/* The 64-bit addressing bit that an xkphys region of each access mode needs. */
static const uint32_t xkphys_enable[8] = {
	[AM_UK] = STATUS_KX,	   [AM_MK] = STATUS_KX,	   [AM_MSK] = STATUS_SX,
	[AM_MUSK] = STATUS_UX,	   [AM_MUSUK] = STATUS_UX, [AM_USK] = STATUS_SX,
	[AM_RESERVED] = STATUS_KX, [AM_UUSK] = STATUS_UX,
};

/* The CFG field of each 512 MiB of the 32-bit compatible address space, by address bits 31:29. */
static const struct {
	uint8_t reg;
	uint8_t shift;
} segment_config[8] = {
	{CP0_SEGCTL2, 16}, {CP0_SEGCTL2, 16}, {CP0_SEGCTL2, 0},	 {CP0_SEGCTL2, 0},
	{CP0_SEGCTL1, 16}, {CP0_SEGCTL1, 0},  {CP0_SEGCTL0, 16}, {CP0_SEGCTL0, 0},
};

static enum way compatible_segment(const struct cpu *cpu, uint64_t va, enum cpu_mode mode,
				   struct translation *out)
{
	unsigned part = va >> 29 & 7;
	uint32_t config = cpu->cp0[segment_config[part].reg] >> segment_config[part].shift;
	uint64_t size = part < 4 ? GIB : HALF_GIB;
	bool error_level = (cpu->cp0[CP0_STATUS] & STATUS_ERL) && (config & SEGCTL_EU);
	enum way way = access_mode_way[(config & SEGCTL_AM) >> SEGCTL_AM_SHIFT][mode];

	if (error_level && way != WAY_ERROR)
		way = WAY_UNMAPPED;
	if (way != WAY_UNMAPPED)
		return way;
	out->pa = ((uint64_t)(config & SEGCTL_PA) << 20 & ~(size - 1)) | (va & (size - 1));
	out->page_size = size;
	out->cca = config & SEGCTL_C;
	if (error_level)
		out->cca = CCA_UNCACHED;
	else if (part == 4 && !(cpu->cp0[CP0_CONFIG5] & CONFIG5_K))
		out->cca = cpu->cp0[CP0_CONFIG] & CONFIG_K0;
	return way;
}

static enum way xkphys(const struct cpu *cpu, uint64_t va, enum cpu_mode mode,
		       struct translation *out)
{
	unsigned region = va >> 59 & 7;
	unsigned access_mode = AM_UK;

	if ((va & ((UINT64_C(1) << 59) - 1)) > PA_MASK)
		return WAY_ERROR;
	if (cpu->cp0[CP0_SEGCTL2] >> (SEGCTL2_XR_SHIFT + region) & 1)
		access_mode = cpu->cp0[CP0_SEGCTL1] >> SEGCTL1_XAM_SHIFT & 7;
	if (!(cpu->cp0[CP0_STATUS] & xkphys_enable[access_mode]))
		return WAY_ERROR;
	out->pa = va & PA_MASK;
	out->page_size = HALF_GIB;
	out->cca = region;
	return access_mode_way[access_mode][mode];
}

static enum way xkseg(const struct cpu *cpu, uint64_t va, enum cpu_mode mode)
{
	uint32_t status = cpu->cp0[CP0_STATUS];

	if (va - MIPS_XKSEG >= SEGMENT_LIMIT - 2 * GIB)
		return WAY_ERROR;
	if (mode == MODE_KERNEL && (status & STATUS_KX))
		return WAY_MAPPED;
	if (mode == MODE_SUPERVISOR && (status & STATUS_SX) &&
	    (cpu->cp0[CP0_CONFIG6] & CONFIG6_XKSEG_S))
		return WAY_MAPPED;
	return WAY_ERROR;
}

/* Finds the segment of @va; for an unmapped one fills @out. */
static enum way find_segment(const struct cpu *cpu, uint64_t va, enum cpu_mode mode,
			     struct translation *out)
{
	uint32_t status = cpu->cp0[CP0_STATUS];
	bool in_limit = (va & ~ENTRYHI_R) < SEGMENT_LIMIT;

	if (va == (uint64_t)(int64_t)(int32_t)va)
		return compatible_segment(cpu, va, mode, out);
	switch (va >> 62) {
	case 0:
		return in_limit && (status & STATUS_UX) ? WAY_MAPPED : WAY_ERROR;
	case 1:
		return in_limit && mode != MODE_USER && (status & STATUS_SX) ? WAY_MAPPED
									     : WAY_ERROR;
	case 2:
		return xkphys(cpu, va, mode, out);
	default:
		return xkseg(cpu, va, mode);
	}
}

bool cpu_translate(const struct cpu *cpu, uint64_t va, enum access access, enum cpu_mode mode,
		   struct translation *out, enum mips_exception *code, bool *refill)
{
	enum way way = find_segment(cpu, va, mode, out);
	const struct tlb_entry *entry;
	uint64_t size, lo;

	*refill = false;
	if (way == WAY_ERROR) {
		*code = access == ACCESS_WRITE ? EXC_ADES : EXC_ADEL;
		return false;
	}
	if (way == WAY_UNMAPPED) {
		out->writable = true;
		out->global = true;
		return true;
	}
	*code = access == ACCESS_WRITE ? EXC_TLBS : EXC_TLBL;
	entry = tlb_lookup(cpu, va);
	if (!entry) {
		*refill = true;
		return false;
	}
	size = (((uint64_t)entry->page_mask | 0x1fff) + 1) / 2;
	lo = entry->entry_lo[(va & size) != 0];
	if (!(lo & ENTRYLO_V))
		return false;
	if (access == ACCESS_WRITE && !(lo & ENTRYLO_D)) {
		*code = EXC_MOD;
		return false;
	}
	out->pa = ((lo & ENTRYLO_PFN) >> 6 << MIPS_PAGE_SHIFT & ~(size - 1)) | (va & (size - 1));
	out->page_size = size;
	out->writable = lo & ENTRYLO_D;
	out->global = lo & ENTRYLO_G;
	out->cca = (lo & ENTRYLO_C) >> 3;
	return true;
}
