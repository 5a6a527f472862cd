/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exception entry of the MIPS build: the TLB refill that the L2TLB answers, in few instructions, and
 * the way into vmm_trap() and back. charge.def counts these paths (vmm-core/mips/measure.c).
 *
 * KScratch1, 3, 4, 5 hold the guest's k0, k1, at and t0 meanwhile; KScratch2 points to the CPU's area.
 */
#include "cpu_area.h"

#define c0_index	$0, 0
#define c0_entrylo0	$2, 0
#define c0_entrylo1	$3, 0
#define c0_context	$4, 0
#define c0_pagemask	$5, 0
#define c0_badvaddr	$8, 0
#define c0_count	$9, 0
#define c0_entryhi	$10, 0
#define c0_status	$12, 0
#define c0_cause	$13, 0
#define c0_epc		$14, 0
#define c0_xcontext	$20, 0
#define c0_kscratch1	$31, 2
#define c0_kscratch2	$31, 3
#define c0_kscratch3	$31, 4
#define c0_kscratch4	$31, 5
#define c0_kscratch5	$31, 6
#define c0_kscratch6	$31, 7

#define at	$1
#define a0	$4
#define a1	$5
#define a2	$6
#define t0	$12
#define t1	$13
#define t9	$25
#define k0	$26
#define k1	$27
#define gp	$28
#define sp	$29

	.set	noreorder
	.set	noat
	.set	mips64r2

/*
 * TLB refill: EntryHi is what the L2TLB's tags are compared with (core/l2tlb.c has the same hash).
 * PageMask is zero: hal_tlb_write() leaves it so. A hit on an entry whose half is not valid is
 * written all the same; the access then takes the general way as an invalid one.
 */
	.section .text.refill, "ax"
	.globl	refill_entry
refill_entry:
	dmtc0	k0, c0_kscratch1
	dmtc0	k1, c0_kscratch3
	dmtc0	at, c0_kscratch4
	dmfc0	k1, c0_entryhi
	dsrl	k0, k1, 8
	dsrl	at, k1, 20
	xor	k0, k0, at
	dsll	at, k1, 8		/* the ASID; what else comes in is masked off */
	xor	k0, k0, at
	dmfc0	at, c0_kscratch2
	ld	k1, AREA_L2TLB_MASK(at)
	ld	at, AREA_L2TLB(at)
	and	k0, k0, k1
	dmfc0	k1, c0_entryhi
	daddu	k0, k0, at
	ld	at, 0(k0)		/* tag */
	bne	at, k1, refill_kernel
	 ld	k1, 16(k0)
	ld	k0, 8(k0)
refill_write:
	dmtc0	k0, c0_entrylo0
	dmtc0	k1, c0_entrylo1
	tlbwr
refill_done:
	dmfc0	at, c0_kscratch4
	dmfc0	k1, c0_kscratch3
	dmfc0	k0, c0_kscratch1
	eret
	.globl	refill_end
refill_end:

/* Kernel pages: the slot does not depend on the ASID, and they may be global. */
refill_kernel:
	dmfc0	k1, c0_entryhi
	bgez	k1, refill_slow
	 dsrl	k0, k1, 8
	dsrl	at, k1, 20
	xor	k0, k0, at
	dmfc0	at, c0_kscratch2
	ld	k1, AREA_L2TLB_MASK(at)
	ld	at, AREA_L2TLB(at)
	and	k0, k0, k1
	dmfc0	k1, c0_entryhi
	daddu	k0, k0, at
	ld	at, 0(k0)
	xor	at, at, k1
	ld	k1, 24(k0)		/* bits to compare */
	and	at, at, k1
	bnez	at, refill_slow
	 ld	k1, 16(k0)
	b	refill_write
	 ld	k0, 8(k0)

/*
 * All other exceptions. Most are privileged instructions of a guest's kernel that only move a virtual
 * register, or a CACHE that has nothing to do: those are finished here, with four registers, when
 * AREA_QUICK points to the vCPU's virtual registers (it is zero unless it is in its kernel mode).
 * core/quick.c is the same in C, for the native build.
 */
	.section .text.general, "ax"
	.globl	general_entry
general_entry:
	dmtc0	k0, c0_kscratch1
	dmtc0	k1, c0_kscratch3
	mfc0	k0, c0_cause
	lui	k1, 0x3000
	ori	k1, k1, 0x7c
	and	k1, k0, k1
	xori	k1, k1, 11 << 2		/* coprocessor unusable, 0? */
	bnez	k1, general_other
	 dmfc0	k1, c0_kscratch2
	ld	k1, AREA_QUICK(k1)
	beqz	k1, general_slow
	 dmtc0	at, c0_kscratch4
	dmtc0	t0, c0_kscratch5
	bltz	k0, quick_delay_slot
	 dmfc0	k0, c0_epc
	daddiu	at, k0, 4
	dmtc0	at, c0_kscratch6	/* where to go on */
	lwu	k0, 0(k0)		/* just fetched: its page is in the TLB */
quick_decode:
	ld	at, QUICK_COUNTDOWN(k1)	/* now and then one is considered for rewriting */
	daddiu	at, at, -1
	beqz	at, quick_slow
	 sd	at, QUICK_COUNTDOWN(k1)
	srl	at, k0, 21
	xori	at, at, 0x200 | 11
	beqz	at, quick_mfmc0
	 xori	at, at, 11
	beqz	at, quick_mfc0
	 xori	at, at, 1
	beqz	at, quick_dmfc0
	 xori	at, at, 1 ^ 4
	beqz	at, quick_mtc0
	 xori	at, at, 4 ^ 5
	beqz	at, quick_mtc0		/* DMTC0: writes the same */
	 xori	at, at, 5 ^ 0x10
	beqz	at, quick_co
	 srl	at, k0, 26
	xori	at, at, 0x2f
	beqz	at, quick_cache
	 nop
quick_slow:
	dmfc0	t0, c0_kscratch5
	dmfc0	at, c0_kscratch4
general_slow:
	b	save
	 move	k0, $0

/* A system call from user mode. */
general_other:
	andi	k1, k0, 0x7c
	xori	k1, k1, 8 << 2
	bnez	k1, general_slow
	 dmfc0	k0, c0_kscratch2
	dmtc0	at, c0_kscratch4
	ld	at, AREA_VCPU(k0)
	lbu	k1, VCPU_MODE(at)
	xori	k1, k1, 2
	bnez	k1, 1f
	 dmtc0	t0, c0_kscratch5
	ld	k1, VCPU_CP0(at)
	lw	t0, QUICK_STATUS(k1)
	srl	k0, t0, 22		/* BEV */
	andi	k0, k0, 1
	bnez	k0, 1f
	 ori	t0, t0, 2
	sw	t0, QUICK_STATUS(k1)
	li	k0, 0x180
	b	quick_reflect
	 dmtc0	k0, c0_kscratch6
1:	b	general_slow
	 dmfc0	at, c0_kscratch4

/*
 * The exception is the guest's, at its vector in KScratch6, with Status set already; the guest was
 * not in an exception handler. at: vCPU, k1: its registers. Those of the address are the hardware's
 * own (after a system call: nobody looks at them, and they stay).
 */
quick_reflect:
	lbu	k0, VCPU_MODE(at)
	beqz	k0, 1f			/* from user mode: the real mode changes */
	 sb	$0, VCPU_MODE(at)
	lw	t0, VCPU_REAL_STATUS(at)
	xori	t0, t0, 0x18
	sw	t0, VCPU_REAL_STATUS(at)
	ld	k0, VCPU_PCPU(at)
	sw	t0, PCPU_STATUS(k0)
	sd	k1, PCPU_QUICK(k0)
	dmfc0	k0, c0_kscratch2
	sd	k1, AREA_QUICK(k0)
	mfc0	t0, c0_status
	xori	t0, t0, 0x18
	mtc0	t0, c0_status
	sd	t0, AREA_STATUS(k0)
1:	mfc0	t0, c0_cause
	lw	k0, QUICK_CAUSE(k1)
	srl	t0, t0, 2
	ins	k0, t0, 2, 5		/* ExcCode */
	ins	k0, $0, 28, 2		/* CE */
	srl	t0, t0, 29
	ins	k0, t0, 31, 1		/* BD */
	sw	k0, QUICK_CAUSE(k1)
	dmfc0	t0, c0_epc
	sd	t0, QUICK_EPC(k1)
	dmfc0	k0, c0_kscratch6
	xori	t0, k0, 0x80
	bnez	t0, 2f
	 dmfc0	t0, c0_badvaddr
	sd	t0, QUICK_BADVADDR(k1)
	dmfc0	t0, c0_entryhi
	sd	t0, QUICK_ENTRYHI(k1)
	dmfc0	t0, c0_context
	ld	at, QUICK_CONTEXT(k1)
	dins	at, t0, 0, 23
	sd	at, QUICK_CONTEXT(k1)
	dmfc0	t0, c0_xcontext
	ld	at, QUICK_XCONTEXT(k1)
	dins	at, t0, 0, 33
	sd	at, QUICK_XCONTEXT(k1)
2:	lw	t0, QUICK_EBASE(k1)
	ins	t0, $0, 0, 12
	daddu	t0, t0, k0
	b	quick_done
	 dmtc0	t0, c0_kscratch6

/*
 * Not in the L2TLB. In the guest's kernel mode (normal view) it may be a large page of the unmapped
 * segments, or the GIC's counter; a user page that the virtual TLB cannot have is the guest's to
 * look up. core/quick_tlb.c is the same in C.
 */
refill_slow:
	dmfc0	at, c0_kscratch2
	ld	at, AREA_VCPU(at)
	dmfc0	k0, c0_badvaddr
	bgez	k0, refill_user
	 lhu	k1, VCPU_MODE(at)	/* and view */
	bnez	k1, refill_general
	 dsrl32	k1, k0, 62 - 32
	xori	k1, k1, 2
	beqz	k1, 1f			/* xkphys */
	 dext	k1, k0, 23, 36
	dsra	k1, k0, 30
	daddiu	k1, k1, 2
	bnez	k1, refill_general
	 dext	k1, k0, 23, 6		/* CKSEG0, CKSEG1 */
1:	ld	k0, VCPU_LINEAR_BLOCKS(at)
	sltu	k0, k1, k0
	beqz	k0, refill_device
	 dsll	k1, k1, 4
	ld	k0, VCPU_LINEAR(at)
	daddu	k1, k1, k0
	ld	k0, 0(k1)
	beqz	k0, refill_device
	 ld	k1, 8(k1)
	dmtc0	k0, c0_entrylo0
	dmtc0	k1, c0_entrylo1
	lui	k0, 0x7f		/* LARGE_PAGEMASK */
	ori	k0, k0, 0xe000
	mtc0	k0, c0_pagemask
	tlbwr
	b	refill_done
	 mtc0	$0, c0_pagemask

refill_device:
	ld	k1, VCPU_COUNTER_VA(at)
	dmfc0	k0, c0_badvaddr
	xor	k1, k1, k0
	ori	k1, k1, 4
	xori	k1, k1, 4
	bnez	k1, refill_general
	 dmtc0	t0, c0_kscratch5
	mfc0	t0, c0_cause
	bltz	t0, refill_restore	/* in a delay slot */
	 dmfc0	t0, c0_epc
	lwu	k1, 0(t0)
	daddiu	t0, t0, 4
	dmtc0	t0, c0_kscratch6
	srl	t0, k1, 26
	xori	t0, t0, 0x23		/* LW? */
	bnez	t0, refill_restore
	 dmfc0	t0, c0_kscratch2
	mfc0	k0, c0_count
	dext	k0, k0, 0, 32
	lwu	at, AREA_COUNT_LAST(t0)
	sltu	at, k0, at
	bnez	at, refill_restore	/* it has wrapped: hal_cycles() counts that */
	 nop
	sw	k0, AREA_COUNT_LAST(t0)
	ld	at, AREA_COUNT_HIGH(t0)
	or	k0, k0, at
	ld	at, AREA_VCPU(t0)
	dsll	k0, k0, 1		/* cycles */
	ld	t0, VCPU_COUNTER_DELTA(at)
	daddu	t0, t0, k0
	ld	at, VCPU_COUNTER_LAST(at)
1:	lld	k0, 0(at)		/* never back, whatever CPU reads it */
	dsubu	t0, t0, k0
	bltz	t0, 2f
	 daddu	t0, t0, k0
	move	k0, t0
	scd	k0, 0(at)
	beqz	k0, 1b
	 nop
	b	3f
	 dmfc0	at, c0_badvaddr
2:	move	t0, k0
	dmfc0	at, c0_badvaddr
3:	andi	at, at, 4
	beqz	at, 4f
	 move	k0, k1
	b	quick_write_gpr
	 dsra32	t0, t0, 0
4:	b	quick_write_gpr
	 sll	t0, t0, 0

/* A TLB refill of the guest's own, as reflect_address() has it. */
refill_user:
	srl	k1, k1, 8		/* view */
	bnez	k1, refill_general
	 dsrl32	k1, k0, 62 - 32
	bnez	k1, refill_general	/* xsseg */
	 dsrl	k1, k0, 13
	dsrl	k0, k0, 21
	xor	k1, k1, k0
	andi	k1, k1, 0xff
	daddu	k1, k1, at
	lbu	k1, VCPU_FILTER(k1)
	lw	k0, VCPU_VTLB_LARGE(at)
	or	k1, k1, k0
	bnez	k1, refill_general
	 dmtc0	t0, c0_kscratch5
	ld	k1, VCPU_CP0(at)
	lw	t0, QUICK_STATUS(k1)
	lui	k0, 0x40		/* BEV, EXL */
	ori	k0, k0, 2
	and	k0, k0, t0
	bnez	k0, refill_restore
	 ori	t0, t0, 2
	sw	t0, QUICK_STATUS(k1)
	li	k0, 0x80
	b	quick_reflect
	 dmtc0	k0, c0_kscratch6

refill_restore:
	dmfc0	t0, c0_kscratch5
refill_general:
	dmfc0	at, c0_kscratch4
	b	save
	 li	k0, 1			/* TRAP_REFILL */

/*
 * In a delay slot: of JR $31, and of BEQZ, in which the stock kernel has DI when it restores the
 * interrupt enable. The branch is evaluated here; k0 is its address.
 */
quick_delay_slot:
	lwu	at, 0(k0)
	lui	t0, 0x03e0
	ori	t0, t0, 8
	bne	at, t0, 1f
	 dmtc0	$31, c0_kscratch6
	b	quick_decode
	 lwu	k0, 4(k0)
1:	lui	t0, 0xfc1f
	and	t0, at, t0
	lui	k1, 0x1000		/* BEQ with rt = $0 */
	bne	t0, k1, quick_slow
	 ext	t0, at, 21, 5
	dmtc0	at, c0_kscratch6
	dsll	t0, t0, 3
	dla	k1, read_gpr
	daddu	t0, t0, k1
	jalr	at, t0
	 nop
	dmfc0	k1, c0_kscratch6
	seh	k1, k1
	dsll	k1, k1, 2
	daddiu	at, k0, 4
	daddu	k1, k1, at
	daddiu	at, k0, 8
	movn	k1, at, t0		/* not zero: straight on */
	dmtc0	k1, c0_kscratch6
	dmfc0	k1, c0_kscratch2
	lwu	k0, 4(k0)
	b	quick_decode
	 ld	k1, AREA_QUICK(k1)

/* DI and EI. EI goes the long way when an interrupt is up that Status.IM lets through. */
quick_mfmc0:
	andi	at, k0, 0xffdf
	xori	at, at, 0x6000
	bnez	at, quick_slow
	 ld	at, QUICK_ENABLED(k1)
	lw	t0, QUICK_STATUS(k1)
	sltu	at, $0, at
	ins	t0, at, 0, 1		/* Status as it was */
	andi	at, k0, 0x20
	bnez	at, 1f
	 lw	at, QUICK_CAUSE(k1)
	b	quick_write_gpr
	 sd	$0, QUICK_ENABLED(k1)
1:	and	at, at, t0
	andi	at, at, 0xff00
	bnez	at, quick_slow
	 li	at, 1
	b	quick_write_gpr
	 sd	at, QUICK_ENABLED(k1)

quick_status:
	ld	at, QUICK_ENABLED(k1)
	lw	t0, QUICK_STATUS(k1)
	sltu	at, $0, at
	b	quick_write_gpr
	 ins	t0, at, 0, 1

quick_mfc0:
	dla	t0, quick_read32
	ext	at, k0, 11, 5
	dsll	at, at, 3
	xori	at, at, 12 << 3		/* Status? */
	andi	k1, k0, 7
	or	at, at, k1
	dmfc0	k1, c0_kscratch2
	beqz	at, quick_status
	 ld	k1, AREA_QUICK(k1)
	b	1f
	 xori	at, at, 12 << 3
quick_dmfc0:
	dla	t0, quick_read64
	ext	at, k0, 11, 5
	dsll	at, at, 4
	daddu	t0, t0, at
	andi	at, k0, 7
1:	dsll	at, at, 1
	daddu	t0, t0, at
	lhu	t0, 0(t0)		/* slot + 1 */
	beqz	t0, quick_count
	 dsll	t0, t0, 3
	daddu	t0, t0, k1
	srl	at, k0, 21
	andi	at, at, 1
	bnez	at, quick_write_gpr	/* DMFC0 */
	 ld	t0, -8(t0)
	sll	t0, t0, 0

/* Count, while it runs: the hardware's and a difference. */
quick_count:
	ext	at, k0, 11, 5
	xori	at, at, 9
	andi	t0, k0, 7
	or	at, at, t0
	bnez	at, quick_slow
	 dmfc0	at, c0_kscratch2
	ld	at, AREA_VCPU(at)
	lbu	t0, VCPU_COUNTS(at)
	beqz	t0, quick_slow
	 lw	at, VCPU_COUNT_DELTA(at)
	mfc0	t0, c0_count
	b	quick_write_gpr
	 addu	t0, t0, at

/* TLBP of an entry written last of those with its hash, or of a user page that has none. */
quick_tlbp:
	ld	t0, QUICK_ENTRYHI(k1)
	dmfc0	at, c0_kscratch2
	ld	at, AREA_VCPU(at)
	dsrl	k0, t0, 13
	dsrl	t0, t0, 21
	xor	k0, k0, t0
	andi	k0, k0, 0xff
	lw	t0, VCPU_VTLB_LARGE(at)
	bnez	t0, quick_slow
	 daddu	k0, k0, at
	lbu	t0, VCPU_FILTER(k0)
	beqz	t0, quick_tlbp_none
	 lbu	k0, VCPU_HINT(k0)
	dsll	t0, k0, 5
	daddu	at, at, t0
	lw	t0, VCPU_VTLB + VTLB_PAGE_MASK(at)
	bnez	t0, quick_slow
	 lbu	t0, VCPU_VTLB + VTLB_HIDDEN(at)
	bnez	t0, quick_slow
	 ld	t0, VCPU_VTLB(at)
	ld	k1, QUICK_ENTRYHI(k1)
	xor	t0, t0, k1
	beqz	t0, 1f
	 dsrl	t0, t0, 8
	bnez	t0, quick_slow		/* another page */
	 lbu	t0, VCPU_VTLB + 8(at)	/* EntryLo0: global? */
	andi	t0, t0, 1
	beqz	t0, quick_slow
	 nop
1:	dmfc0	k1, c0_kscratch2
	ld	k1, AREA_QUICK(k1)
	b	quick_done
	 sd	k0, QUICK_INDEX(k1)

/* As vtlb_probe() has it: nothing may translate the page. */
quick_tlbp_none:
	lbu	t0, VCPU_VIEW(at)
	ld	k0, QUICK_ENTRYHI(k1)
	bnez	t0, quick_slow
	 dsrl32	t0, k0, 62 - 32
	bnez	t0, quick_slow
	 lui	t0, 0x8000
	sw	t0, QUICK_INDEX(k1)
	dsrl	t0, k0, 8
	dsrl	at, k0, 20
	xor	t0, t0, at
	dsll	at, k0, 8
	xor	t0, t0, at
	dmfc0	at, c0_kscratch2
	ld	k1, AREA_L2TLB_MASK(at)
	and	t0, t0, k1
	ld	k1, AREA_L2TLB(at)
	daddu	t0, t0, k1
	ld	k1, 0(t0)
	bne	k1, k0, 1f
	 li	k1, 0x1000		/* L2TLB_EMPTY */
	sd	k1, 0(t0)
1:	dmtc0	k0, c0_entryhi
	ehb
	tlbp
	ehb
	mfc0	t0, c0_index
	bltz	t0, 2f
	 andi	k0, k0, 0xff
	li	k1, 1			/* UNUSED_VPN of hal_mips.c */
	dsll32	k1, k1, 62 - 32
	dsll	t0, t0, 13
	daddu	k1, k1, t0
	dmtc0	k1, c0_entryhi
	dmtc0	$0, c0_entrylo0
	dmtc0	$0, c0_entrylo1
	ehb
	tlbwi
	ehb
2:	b	quick_done
	 dmtc0	k0, c0_entryhi

/* ERET that does not end Status.ERL, nor goes to supervisor mode, nor lets an interrupt in. */
quick_co:
	andi	at, k0, 0x3f
	xori	at, at, 8
	beqz	at, quick_tlbp
	 xori	at, at, 8 ^ 24
	bnez	at, quick_slow
	 lw	at, QUICK_CAUSE(k1)
	lw	t0, QUICK_STATUS(k1)
	and	at, at, t0
	andi	at, at, 0xff00
	bnez	at, quick_slow
	 andi	at, t0, 0x0c		/* ERL, KSU = supervisor */
	bnez	at, quick_slow
	 ins	t0, $0, 1, 1
	sw	t0, QUICK_STATUS(k1)
	ld	at, QUICK_EPC(k1)
	dmtc0	at, c0_kscratch6
	dmfc0	k0, c0_kscratch2
	ld	at, AREA_VCPU(k0)
	andi	t0, t0, 0x10
	beqz	t0, quick_done
	 sb	$0, VCPU_LINK(at)
	sd	$0, AREA_QUICK(k0)	/* to user mode */
	li	t0, 2
	sb	t0, VCPU_MODE(at)
	mfc0	t0, c0_status
	xori	t0, t0, 0x18
	mtc0	t0, c0_status
	sd	t0, AREA_STATUS(k0)
	lw	t0, VCPU_REAL_STATUS(at)
	xori	t0, t0, 0x18
	sw	t0, VCPU_REAL_STATUS(at)
	ld	k0, VCPU_PCPU(at)
	sw	t0, PCPU_STATUS(k0)
	b	quick_done
	 sd	$0, PCPU_QUICK(k0)

/* t0 into the register of instruction k0's rt field, and on behind the instruction. */
quick_write_gpr:
	ext	at, k0, 16, 5
	dla	k1, write_gpr
	dsll	at, at, 3
	daddu	k1, k1, at
	jr	k1
	 nop
write_gpr:
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	b	quick_done
	.if	\n == 1
	 dmtc0	t0, c0_kscratch4
	.elseif	\n == 12
	 dmtc0	t0, c0_kscratch5
	.elseif	\n == 26
	 dmtc0	t0, c0_kscratch1
	.elseif	\n == 27
	 dmtc0	t0, c0_kscratch3
	.else
	 move	$\n, t0
	.endif
	.endr

quick_done:
	dmfc0	k0, c0_kscratch6
	dmtc0	k0, c0_epc
	dmfc0	t0, c0_kscratch5
	dmfc0	at, c0_kscratch4
	dmfc0	k1, c0_kscratch3
	dmfc0	k0, c0_kscratch1
	eret

/* The guest's register number t0 into t0; returns to at. */
read_gpr:
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	jr	at
	.if	\n == 1
	 dmfc0	t0, c0_kscratch4
	.elseif	\n == 12
	 dmfc0	t0, c0_kscratch5
	.elseif	\n == 26
	 dmfc0	t0, c0_kscratch1
	.elseif	\n == 27
	 dmfc0	t0, c0_kscratch3
	.else
	 move	t0, $\n
	.endif
	.endr

quick_mtc0:
	ext	at, k0, 16, 5
	dsll	at, at, 3
	dla	t0, read_gpr
	daddu	t0, t0, at
	jalr	at, t0
	 nop
	ext	at, k0, 11, 5
	dsll	at, at, 3
	andi	k0, k0, 7
	or	at, at, k0
	dla	k0, quick_write
	dsll	at, at, 1
	daddu	at, at, k0
	lhu	at, 0(at)		/* slot + 1 */
	beqz	at, quick_slow
	 dsll	k0, at, 3
	daddu	k1, k1, k0
	xori	k0, at, SLOT_PLUS_ONE_ENTRYHI
	beqz	k0, quick_entryhi
	 xori	k0, at, SLOT_PLUS_ONE_STATUS
	beqz	k0, quick_status_write
	 andi	k0, at, 0xff
	dsll	k0, k0, 3
	dla	at, quick_mask
	daddu	at, at, k0
	ld	at, -8(at)
	and	t0, t0, at
	nor	at, at, $0
	ld	k0, -8(k1)
	and	k0, k0, at
	or	t0, t0, k0
	b	quick_done
	 sd	t0, -8(k1)

/* Status, when only IE, EXL, user mode under EXL, IM and CU0 change, and no interrupt gets in. */
#define FROM_STATUS(slot) ((slot) - 8 * SLOT_PLUS_ONE_STATUS)
quick_status_write:
	lw	at, FROM_STATUS(QUICK_STATUS)(k1)
	ld	k0, FROM_STATUS(QUICK_ENABLED)(k1)
	sltu	k0, $0, k0
	ins	at, k0, 0, 1
	xor	t0, t0, at		/* what changes */
	lui	k0, 0x24f8		/* the other bits that can be written */
	ori	k0, k0, 0x00ec
	and	k0, k0, t0
	bnez	k0, quick_slow
	 lui	k0, 0x1000
	ori	k0, k0, 0xff13
	and	t0, t0, k0
	xor	t0, t0, at
	lw	at, FROM_STATUS(QUICK_CAUSE)(k1)
	and	at, at, t0
	andi	at, at, 0xff00
	bnez	at, quick_slow
	 andi	at, t0, 0x06
	bnez	at, 1f
	 andi	at, t0, 0x18
	bnez	at, quick_slow
	 nop
1:	sw	t0, FROM_STATUS(QUICK_STATUS)(k1)
	andi	t0, t0, 1
	b	quick_done
	 sd	t0, FROM_STATUS(QUICK_ENABLED)(k1)

/* The hardware's has the ASID alone. */
quick_entryhi:
	dla	at, quick_mask
	ld	at, 8 * (SLOT_PLUS_ONE_ENTRYHI - 1)(at)
	and	t0, t0, at
	sd	t0, -8(k1)
	andi	t0, t0, 0xff
	b	quick_done
	 dmtc0	t0, c0_entryhi

/* Nothing to move: instruction fetch is coherent. By index, but Index Load Tag; and by address where
 * that needs no TLB: CKSEG0 and xkphys. */
quick_cache:
	ext	at, k0, 18, 3
	sltiu	t0, at, 4
	beqz	t0, 1f
	 xori	at, at, 1
	bnez	at, quick_done
	 nop
	b	quick_slow
	 nop
1:	ext	at, k0, 21, 5
	dsll	at, at, 3
	dla	t0, read_gpr
	daddu	t0, t0, at
	jalr	at, t0
	 seh	k0, k0
	daddu	t0, t0, k0
	dsra	at, t0, 29
	daddiu	at, at, 4
	beqz	at, quick_done
	 dsrl32	at, t0, 62 - 32
	xori	at, at, 2
	bnez	at, quick_slow
	 dextu	at, t0, 40, 19
	beqz	at, quick_done
	 nop
	b	quick_slow
	 nop

	.globl	long_entry
long_entry:				/* from here on for what C does */
save:
	dmfc0	k1, c0_kscratch2
	sb	k0, AREA_TRAP + TRAP_REFILL(k1)
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,29,30,31
	sd	$\n, AREA_GPR + 8 * \n(k1)
	.endr
	dmfc0	t0, c0_kscratch1
	dmfc0	t1, c0_kscratch3
	sd	t0, AREA_GPR + 8 * 26(k1)
	sd	t1, AREA_GPR + 8 * 27(k1)
	mfhi	t0
	mflo	t1
	sd	t0, AREA_HI(k1)
	sd	t1, AREA_LO(k1)
	dmfc0	t0, c0_epc
	dmfc0	t1, c0_badvaddr
	sd	t0, AREA_TRAP + TRAP_PC(k1)
	sd	t1, AREA_TRAP + TRAP_BAD_ADDRESS(k1)
	mfc0	t0, c0_cause
	ext	t1, t0, 2, 5
	sw	t1, AREA_TRAP + TRAP_CODE(k1)
	ext	t1, t0, 28, 2
	sb	t1, AREA_TRAP + TRAP_UNIT(k1)
	srl	t1, t0, 31
	sb	t1, AREA_TRAP + TRAP_IN_DELAY_SLOT(k1)
	mfc0	t0, c0_status		/* EXL, user and interrupt bits off: kernel mode */
	ori	t0, t0, 0xff1f
	xori	t0, t0, 0xff1f
	mtc0	t0, c0_status
	ld	sp, AREA_STACK(k1)
	dla	gp, _gp
	ld	a0, AREA_VMM(k1)
	lw	a1, AREA_NUMBER(k1)
	dla	t9, vmm_trap
	jalr	t9
	 daddiu	a2, k1, AREA_TRAP

	.globl	return_to_guest
return_to_guest:
	dmfc0	k1, c0_kscratch2
	ld	t0, AREA_STATUS(k1)	/* has EXL set until eret */
	mtc0	t0, c0_status
	ld	t0, AREA_TRAP + TRAP_PC(k1)
	dmtc0	t0, c0_epc
	ld	t0, AREA_HI(k1)
	ld	t1, AREA_LO(k1)
	mthi	t0
	mtlo	t1
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,28,29,30,31
	ld	$\n, AREA_GPR + 8 * \n(k1)
	.endr
	ld	k1, AREA_GPR + 8 * 27(k1)
	eret
	.globl	general_end
general_end:
