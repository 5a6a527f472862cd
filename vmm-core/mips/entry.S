/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exception entry of the MIPS build: the TLB refill that the L2TLB answers, in few instructions, and
 * the way into vmm_trap() and back. charge.def counts these paths (vmm-core/mips/measure.c).
 *
 * KScratch1, 3, 4 hold the guest's k0, k1 and at meanwhile; KScratch2 points to the CPU's area.
 */
#include "cpu_area.h"

#define c0_entrylo0	$2, 0
#define c0_entrylo1	$3, 0
#define c0_badvaddr	$8, 0
#define c0_entryhi	$10, 0
#define c0_status	$12, 0
#define c0_cause	$13, 0
#define c0_epc		$14, 0
#define c0_kscratch1	$31, 2
#define c0_kscratch2	$31, 3
#define c0_kscratch3	$31, 4
#define c0_kscratch4	$31, 5

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
	dmfc0	k0, c0_entryhi
	bltz	k0, 1f			/* kernel pages: the slot does not depend on the ASID */
	 dsrl	k1, k0, 13
	andi	at, k0, 0xff
	dsll	at, at, 3
	xor	k1, k1, at
1:	dsrl	at, k1, 12
	xor	k1, k1, at
	dsll	k1, k1, 5
	dmfc0	at, c0_kscratch2
	ld	k0, AREA_L2TLB_MASK(at)
	and	k1, k1, k0
	ld	k0, AREA_L2TLB(at)
	daddu	k1, k1, k0
	dmfc0	k0, c0_entryhi
	ld	at, 0(k1)		/* tag */
	xor	at, at, k0
	ld	k0, 24(k1)		/* bits to compare */
	and	at, at, k0
	bnez	at, refill_slow
	 ld	k0, 8(k1)
	ld	k1, 16(k1)
	dmtc0	k0, c0_entrylo0
	dmtc0	k1, c0_entrylo1
	tlbwr
	dmfc0	at, c0_kscratch4
	dmfc0	k1, c0_kscratch3
	dmfc0	k0, c0_kscratch1
	eret
	.globl	refill_end
refill_end:

refill_slow:
	dmfc0	k1, c0_kscratch3
	dmfc0	at, c0_kscratch4
	b	save
	 li	k0, 1			/* TRAP_REFILL */

/* All other exceptions. */
	.section .text.general, "ax"
	.globl	general_entry
general_entry:
	dmtc0	k0, c0_kscratch1
	move	k0, $0
save:
	dmtc0	k1, c0_kscratch3
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
