/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each CPU has for itself in the MIPS build; KScratch2 points to it. entry.S uses the offsets,
 * hal_mips.c checks them. The VMs' processors see KScratch registers of their own (virtual ones).
 */
#ifndef MIPS_CPU_AREA_H
#define MIPS_CPU_AREA_H

#define AREA_GPR	      0
#define AREA_HI		      256
#define AREA_LO		      264
#define AREA_TRAP	      272 /* struct trap */
#define AREA_STATUS	      336 /* Status for the return */
#define AREA_STACK	      344
#define AREA_VMM	      352
#define AREA_L2TLB	      360 /* of the vCPU on this CPU; in a special view an empty entry */
#define AREA_L2TLB_MASK	      368 /* (entries - 1) * 32 */
#define AREA_QUICK	      376 /* what hal_quick() was told */
#define AREA_NUMBER	      384

#define QUICK_STATUS	      (8 * 17) /* of the virtual registers */
#define QUICK_CAUSE	      (8 * 21)
#define QUICK_ENABLED	      (8 * (512 + 17))
#define QUICK_COUNTDOWN	      (8 * 511)
#define SLOT_PLUS_ONE_ENTRYHI 16

#define TRAP_GPR	      0 /* offsets in struct trap */
#define TRAP_PC		      8
#define TRAP_BAD_ADDRESS      16
#define TRAP_CODE	      24
#define TRAP_UNIT	      28
#define TRAP_IN_DELAY_SLOT    29
#define TRAP_REFILL	      30

#ifndef __ASSEMBLER__
#include "vmm/hal.h"
#include "vmm/vmm.h"

struct cpu_area {
	uint64_t gpr[32];
	uint64_t hi, lo;
	struct trap trap;
	uint64_t padding[(AREA_STATUS - AREA_TRAP - sizeof(struct trap)) / 8];
	uint64_t status;
	uint64_t stack;
	struct vmm *vmm;
	uint64_t l2tlb, l2tlb_mask;
	uint64_t *quick;
	uint64_t number;
	/* hal_mips.c only */
	uint64_t idle;
	uint32_t count_last;
	uint64_t count_high;
};
#endif

#endif
