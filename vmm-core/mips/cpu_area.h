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
#define AREA_QUICK	      376 /* what hal_quick() was told */
#define AREA_NUMBER	      384
#define AREA_VCPU	      392
#define AREA_COUNT_LAST	      408 /* hal_cycles() */
#define AREA_COUNT_HIGH	      416

#define VCPU_CP0	      0 /* offsets in struct vcpu, struct pcpu */
#define VCPU_REAL_STATUS      8
#define VCPU_MODE	      12
#define VCPU_VIEW	      13
#define VCPU_LINK	      15
#define VCPU_COUNTS	      18
#define VCPU_TRANSLATED	      19
#define VCPU_COUNT_DELTA      24
#define VCPU_VTLB_LARGE	      28
#define VCPU_COUNTER_VA	      32
#define VCPU_COUNTER_DELTA    40
#define VCPU_COUNTER_LAST     48
#define VCPU_LINEAR	      56
#define VCPU_LINEAR_UNITS     64
#define VCPU_PMAP	      72
#define VCPU_RAM_PAGES	      80
#define VCPU_HOLDER	      84
#define VCPU_VTLB_LAST	      86
#define VCPU_VTLB_VALID	      88
#define VCPU_ASIDS	      96
#define VCPU_FILTER	      128
#define VCPU_HINT	      (VCPU_FILTER + (1 << VTLB_FILTER_BITS))
#define VCPU_PCPU	      (VCPU_HINT + (1 << VTLB_FILTER_BITS))
#define VCPU_VTLB	      (VCPU_PCPU + 16)
#define VTLB_PAGE_MASK	      24 /* in an entry of 32 bytes; hidden behind it */
#define VTLB_HIDDEN	      28
#define VTLB_FILTER_BITS      10
#define L2TLB_ORDER	      14 /* of the tables that the entry code is for */
#define UNIT_SHIFT	      21
#define PMAP_MPN	      0 /* in an entry of 16 bytes */
#define PMAP_HOLDERS	      4
#define PMAP_FLAGS	      6
#define PMAP_BACKMAP	      8
#define PCPU_STATUS	      32
#define PCPU_QUICK	      40

#define QUICK_INDEX	      0
#define QUICK_RANDOM	      (8 * 1)
#define QUICK_PAGEMASK	      (8 * 6)
#define QUICK_WIRED	      (8 * 11)
#define QUICK_ENTRYLO0	      (8 * (512 + 2))
#define QUICK_ENTRYLO1	      (8 * (512 + 3))
#define QUICK_STATUS	      (8 * 17) /* of the virtual registers */
#define QUICK_CAUSE	      (8 * 21)
#define QUICK_CONTEXT	      (8 * 4)
#define QUICK_BADVADDR	      (8 * 13)
#define QUICK_ENTRYHI	      (8 * 15)
#define QUICK_EBASE	      (8 * 24)
#define QUICK_XCONTEXT	      (8 * 35)
#define QUICK_EPC	      (8 * (512 + 22))
#define QUICK_ENABLED	      (8 * (512 + 17))
#define QUICK_COUNTDOWN	      (8 * 511)
#define QUICK_BRANCH	      (8 * 510) /* its address, or a vector */
#define SLOT_PLUS_ONE_ENTRYHI 16
#define SLOT_PLUS_ONE_STATUS  18

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
	uint64_t unused[2];
	uint64_t *quick;
	uint64_t number;
	struct vcpu *vcpu; /* that runs, or ran last */
	uint64_t idle;
	uint32_t count_last;
	uint64_t count_high;
};
#endif

#endif
