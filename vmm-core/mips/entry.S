/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The long way into the monitor, vmm_trap(), and back to a guest. refill.S, quick.S and quick_tlb.S
 * finish the frequent exceptions without it. charge.def counts these paths (vmm-core/mips/measure.c).
 *
 * KScratch1, 3, 4, 5 hold the guest's k0, k1, at and t0 meanwhile; KScratch2 points to the CPU's area,
 * KScratch6 to the L2TLB of the vCPU on it.
 */
#include "cpu_area.h"
#include "registers.h"

	.set	noreorder
	.set	noat
	.set	mips64r2

	.section .text.entry, "ax"
	.globl	long_entry
long_entry:				/* from here on for what C does */
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
