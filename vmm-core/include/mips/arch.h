/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MIPS64 Release 2 privileged architecture: register fields, exception codes, segments.
 * Freestanding; used by the emulator (real CP0) and by the monitor (virtual CP0).
 * Source: MIPS64 Architecture For Programmers Volume III (MD00091).
 */
#ifndef MIPS_ARCH_H
#define MIPS_ARCH_H

#include <stdint.h>

/* CP0 registers we implement, in the order of cp0[] in struct cpu. See cp0.def for number, select,
 * width, write mask and reset value of each. */
enum cp0_register {
#define CP0(name, number, select, width, write_mask, reset) CP0_##name,
#include "mips/cp0.def"
#undef CP0
	CP0_REGISTERS
};

/* Exception codes (Cause.ExcCode), table 9.22. */
enum mips_exception {
	EXC_INT = 0,
	EXC_MOD = 1,
	EXC_TLBL = 2,
	EXC_TLBS = 3,
	EXC_ADEL = 4,
	EXC_ADES = 5,
	EXC_IBE = 6,
	EXC_DBE = 7,
	EXC_SYS = 8,
	EXC_BP = 9,
	EXC_RI = 10,
	EXC_CPU = 11,
	EXC_OV = 12,
	EXC_TR = 13,
	EXC_FPE = 15,
	EXC_WATCH = 23,
	EXC_MCHECK = 24,
	EXC_CODES = 32,
};

/* Status (12,0) */
#define STATUS_IE	  (UINT32_C(1) << 0)
#define STATUS_EXL	  (UINT32_C(1) << 1)
#define STATUS_ERL	  (UINT32_C(1) << 2)
#define STATUS_KSU	  (UINT32_C(3) << 3)
#define STATUS_KSU_K	  (UINT32_C(0) << 3)
#define STATUS_KSU_S	  (UINT32_C(1) << 3)
#define STATUS_KSU_U	  (UINT32_C(2) << 3)
#define STATUS_UX	  (UINT32_C(1) << 5)
#define STATUS_SX	  (UINT32_C(1) << 6)
#define STATUS_KX	  (UINT32_C(1) << 7)
#define STATUS_IM	  (UINT32_C(0xff) << 8)
#define STATUS_IM_SHIFT	  8
#define STATUS_NMI	  (UINT32_C(1) << 19)
#define STATUS_SR	  (UINT32_C(1) << 20)
#define STATUS_TS	  (UINT32_C(1) << 21)
#define STATUS_BEV	  (UINT32_C(1) << 22)
#define STATUS_PX	  (UINT32_C(1) << 23)
#define STATUS_FR	  (UINT32_C(1) << 26)
#define STATUS_CU0	  (UINT32_C(1) << 28)
#define STATUS_CU1	  (UINT32_C(1) << 29)

/* Cause (13,0) */
#define CAUSE_EXC	  UINT32_C(0x7c)
#define CAUSE_EXC_SHIFT	  2
#define CAUSE_IP	  (UINT32_C(0xff) << 8)
#define CAUSE_IP_SHIFT	  8
#define CAUSE_IP_SW	  (UINT32_C(3) << 8)
#define CAUSE_IP_TIMER	  (UINT32_C(1) << 15) /* IntCtl.IPTI: IP7 */
#define CAUSE_IV	  (UINT32_C(1) << 23)
#define CAUSE_DC	  (UINT32_C(1) << 27)
#define CAUSE_CE_SHIFT	  28
#define CAUSE_CE	  (UINT32_C(3) << 28)
#define CAUSE_TI	  (UINT32_C(1) << 30)
#define CAUSE_BD	  (UINT32_C(1) << 31)

/* EntryHi, EntryLo, PageMask. Physical addresses have PABITS bits, virtual ones SEGBITS. */
#define MIPS_PABITS	  40
#define MIPS_SEGBITS	  40
#define ENTRYHI_ASID	  UINT64_C(0xff)
#define ENTRYHI_VPN2	  UINT64_C(0xffffffe000) /* bits SEGBITS-1 .. 13 */
#define ENTRYHI_R	  (UINT64_C(3) << 62)
#define ENTRYLO_G	  UINT64_C(1)
#define ENTRYLO_V	  UINT64_C(2)
#define ENTRYLO_D	  UINT64_C(4)
#define ENTRYLO_C	  UINT64_C(0x38)
#define ENTRYLO_PFN	  (((UINT64_C(1) << (MIPS_PABITS - 12)) - 1) << 6)
#define PAGEMASK_MASK	  UINT64_C(0x1fffe000) /* 4 KiB to 256 MiB */

/* Context and XContext: the page table's base is software's, the rest is set by TLB exceptions */
#define CONTEXT_PTEBASE	  (~UINT64_C(0x7fffff))
#define CONTEXT_BADVPN2	  UINT64_C(0x7ffff0)
#define XCONTEXT_R_SHIFT  (MIPS_SEGBITS - 9)
#define XCONTEXT_PTEBASE  (~UINT64_C(0) << (MIPS_SEGBITS - 7))

/* Segmentation Control (5,2) (5,3) (5,4): sixteen-bit CFG fields */
#define SEGCTL_PA	  0xfe00u
#define SEGCTL_AM_SHIFT	  4
#define SEGCTL_AM	  0x0070u
#define SEGCTL_EU	  0x0008u
#define SEGCTL_C	  0x0007u
#define SEGCTL1_XAM_SHIFT 59
#define SEGCTL2_XR_SHIFT  56
enum segment_access_mode {
	AM_UK = 0,
	AM_MK = 1,
	AM_MSK = 2,
	AM_MUSK = 3,
	AM_MUSUK = 4,
	AM_USK = 5,
	AM_RESERVED = 6,
	AM_UUSK = 7,
};

/*
 * Config6 (16,6) is implementation-defined. Ours has one bit: XKSEG becomes mapped and accessible
 * from supervisor mode too (Segmentation Control has no access mode for XKSEG). Writable only where
 * the machine file allows it (xkseg_bit).
 */
#define CONFIG6_XKSEG_S	   UINT32_C(1)

#define CONFIG_K0	   UINT32_C(7)
#define CONFIG1_MMU_SHIFT  25
#define CONFIG1_FP	   UINT32_C(1)
#define CONFIG5_K	   (UINT32_C(1) << 30) /* coherency attributes from SegCtl, not Config.K0 */

#define CONFIG3_VINT	   (UINT32_C(1) << 5)
#define CONFIG3_LPA	   (UINT32_C(1) << 7)
#define CONFIG3_ULRI	   (UINT32_C(1) << 13)
#define CONFIG3_SC	   (UINT32_C(1) << 25)
#define CONFIG3_CMGCR	   (UINT32_C(1) << 29)
#define CONFIG_M	   (UINT32_C(1) << 31)

#define MIPS_PAGE_SHIFT	   12
#define MIPS_PAGE_SIZE	   (UINT64_C(1) << MIPS_PAGE_SHIFT)

/* IntCtl (12,1), HWREna (7,0), EBase (15,1) */
#define INTCTL_VS	   UINT32_C(0x3e0)
#define HWRENA_CPUNUM	   UINT32_C(0x1)
#define HWRENA_SYNCI_STEP  UINT32_C(0x2)
#define HWRENA_CC	   UINT32_C(0x4)
#define HWRENA_CCRES	   UINT32_C(0x8)
#define HWRENA_ULR	   (UINT32_C(1) << 29)
#define EBASE_CPUNUM	   UINT32_C(0x3ff)

#define INDEX_P		   (UINT32_C(1) << 31)

/* Cache coherency attributes (C, K0 and xkphys address bits 61:59) */
#define CCA_UNCACHED	   2
#define CCA_CACHED	   3

/* Exception vectors: offsets from the base, and the base under Status.BEV. */
#define VECTOR_TLB_REFILL  0x000
#define VECTOR_XTLB_REFILL 0x080
#define VECTOR_GENERAL	   0x180
#define VECTOR_INTERRUPT   0x200
#define VECTOR_BEV_BASE	   UINT64_C(0xffffffffbfc00200)
#define VECTOR_RESET	   UINT64_C(0xffffffffbfc00000)

#define MIPS_XKPHYS	   UINT64_C(0x8000000000000000)
#define MIPS_XKSEG	   UINT64_C(0xc000000000000000)
#define MIPS_CKSEG0	   UINT64_C(0xffffffff80000000)
#define MIPS_CKSEG1	   UINT64_C(0xffffffffa0000000)
#define MIPS_CKSSEG	   UINT64_C(0xffffffffc0000000)
#define MIPS_CKSEG3	   UINT64_C(0xffffffffe0000000)

/* FCSR fields; the five exception bits stand in the order V Z O U I from bit 4 down to bit 0. */
#define FCSR_RM		   UINT32_C(3)
#define FCSR_FLAGS_SHIFT   2
#define FCSR_ENABLE_SHIFT  7
#define FCSR_CAUSE_SHIFT   12
#define FCSR_CAUSE_E	   (UINT32_C(1) << 17)
#define FCSR_FCC0	   (UINT32_C(1) << 23)
#define FCSR_FS		   (UINT32_C(1) << 24)

#endif
