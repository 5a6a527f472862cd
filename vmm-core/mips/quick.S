/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All exceptions but TLB refills. Most are privileged instructions of a guest's kernel that only move
 * a virtual register, or a CACHE that has nothing to do: those are finished here, with four registers,
 * when AREA_QUICK points to the vCPU's virtual registers (it is zero unless it is in its kernel mode).
 * core/quick.c is the same in C, for the native build.
 *
 * EPC is where to go on as soon as the instruction is known; quick_slow sets it back.
 */
#include "cpu_area.h"
#include "registers.h"

	.set	noreorder
	.set	noat
	.set	mips64r2

/* Now and then an instruction is considered for rewriting, of those that may be. */
	.macro	countdown
	ld	at, QUICK_COUNTDOWN(k1)
	daddiu	at, at, -1
	beqz	at, quick_slow
	 sd	at, QUICK_COUNTDOWN(k1)
	.endm

	.section .text.general, "ax"
	.globl	general_entry
general_entry:
	dmtc0	k0, c0_kscratch1
	dmtc0	k1, c0_kscratch3
	mfc0	k0, c0_cause
	rotr	k1, k0, 28		/* CE to bit 0, ExcCode to bit 6 */
	andi	k1, k1, 0x7c3
	xori	k1, k1, 11 << 6		/* coprocessor unusable, 0? */
	bnez	k1, general_other
	 dmfc0	k1, c0_kscratch2
	ld	k1, AREA_QUICK(k1)
	beqz	k1, general_slow
	 dmtc0	at, c0_kscratch4
	dmtc0	t0, c0_kscratch5
	bltz	k0, quick_delay_slot
	 dmfc0	k0, c0_epc
	daddiu	at, k0, 4
	dmtc0	at, c0_epc
	lwu	k0, 0(k0)		/* just fetched: its page is in the TLB */
quick_decode:
	srl	at, k0, 21
	xori	at, at, 0x200
	beqz	at, quick_mfc0
	 xori	at, at, 4
	beqz	at, quick_mtc0
	 xori	at, at, 4 ^ 0x10
	beqz	at, quick_co
	 xori	at, at, 0x10 ^ 5
	beqz	at, quick_mtc0		/* DMTC0: writes the same */
	 xori	at, at, 5 ^ 1
	beqz	at, quick_dmfc0
	 xori	at, at, 1 ^ 11
	beqz	at, quick_mfmc0
	 srl	at, k0, 26
	xori	at, at, 0x2f
	beqz	at, quick_cache
	 nop
	.globl	quick_slow
quick_slow:
	mfc0	at, c0_cause
	bltz	at, 1f
	 dmfc0	t0, c0_epc
	b	2f
	 daddiu	t0, t0, -4
1:	dmfc0	at, c0_kscratch2
	ld	at, AREA_QUICK(at)
	ld	t0, QUICK_BRANCH(at)
2:	dmtc0	t0, c0_epc
quick_unknown:
	dmfc0	t0, c0_kscratch5
	dmfc0	at, c0_kscratch4
	.globl	general_slow
general_slow:
	b	long_entry
	 move	k0, $0

/* A system call from user mode. */
general_other:
	andi	k1, k0, 0x7c
	xori	k1, k1, 8 << 2
	bnez	k1, entry_fault
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
	 sd	k0, QUICK_BRANCH(k1)
1:	b	general_slow
	 dmfc0	at, c0_kscratch4

/*
 * The exception is the guest's, a system call or one of the TLB, at the vector in QUICK_BRANCH, with
 * Status set already; the guest was not in an exception handler. at: vCPU, k1: its registers. Those of
 * the address are the hardware's own.
 */
	.globl	quick_reflect
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
	srl	at, t0, 29
	ins	k0, at, 31, 1		/* BD */
	sw	k0, QUICK_CAUSE(k1)
	dmfc0	at, c0_epc
	sd	at, QUICK_EPC(k1)
	andi	t0, t0, 0x1f
	xori	t0, t0, 8
	beqz	t0, 2f
	 ld	k0, QUICK_BRANCH(k1)
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
	 dmtc0	t0, c0_epc

/*
 * In a delay slot: of JR $31, and of BEQZ, in which the stock kernel has DI when it restores the
 * interrupt enable. The branch is evaluated here; k0 is its address.
 */
quick_delay_slot:
	lwu	at, 0(k0)
	lui	t0, 0x03e0
	ori	t0, t0, 8
	bne	at, t0, 1f
	 sd	k0, QUICK_BRANCH(k1)
	dmtc0	$31, c0_epc
	b	quick_decode
	 lwu	k0, 4(k0)
1:	lui	t0, 0xfc1f
	and	t0, at, t0
	lui	k1, 0x1000		/* BEQ with rt = $0 */
	bne	t0, k1, quick_unknown
	 ext	t0, at, 21, 5
	dmtc0	at, c0_epc		/* kept there */
	dsll	t0, t0, 3
	dla	k1, read_gpr
	daddu	t0, t0, k1
	jalr	at, t0
	 nop
	dmfc0	k1, c0_epc
	seh	k1, k1
	dsll	k1, k1, 2
	daddiu	at, k0, 4
	daddu	k1, k1, at
	daddiu	at, k0, 8
	movn	k1, at, t0		/* not zero: straight on */
	dmtc0	k1, c0_epc
	dmfc0	k1, c0_kscratch2
	lwu	k0, 4(k0)
	b	quick_decode
	 ld	k1, AREA_QUICK(k1)

/* DI and EI. EI goes the long way when an interrupt is up that Status.IM lets through. */
quick_mfmc0:
	countdown
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
	countdown
	andi	at, k0, 0xf807
	xori	at, at, 12 << 11	/* Status? */
	beqz	at, quick_status
	 srl	t0, k0, 8		/* register number * 8 ... */
	andi	t0, t0, 31 << 3
	andi	at, k0, 7		/* ... + select */
	or	at, at, t0
	dsll	at, at, 1
	dla	t0, quick_read32
	daddu	t0, t0, at
	lhu	t0, 0(t0)		/* slot + 1 */
	beqz	t0, quick_count
	 dsll	t0, t0, 3
	daddu	t0, t0, k1
	b	quick_write_gpr
	 lw	t0, -8(t0)

quick_dmfc0:
	countdown
	ext	t0, k0, 11, 5
	dsll	t0, t0, 3
	andi	at, k0, 7
	or	at, at, t0
	dsll	at, at, 1
	dla	t0, quick_read64
	daddu	t0, t0, at
	lhu	t0, 0(t0)
	beqz	t0, quick_count
	 dsll	t0, t0, 3
	daddu	t0, t0, k1
	b	quick_write_gpr
	 ld	t0, -8(t0)

/* Count, while it runs: the hardware's and a difference. */
quick_count:
	andi	at, k0, 0xf807
	xori	at, at, 9 << 11
	bnez	at, quick_slow
	 dmfc0	at, c0_kscratch2
	ld	at, AREA_VCPU(at)
	lbu	t0, VCPU_COUNTS(at)
	beqz	t0, quick_slow
	 lw	at, VCPU_COUNT_DELTA(at)
	mfc0	t0, c0_count
	b	quick_write_gpr
	 addu	t0, t0, at

/* TLB instructions, and ERET that does not end Status.ERL, nor goes to supervisor mode, nor lets an
 * interrupt in. */
quick_co:
	andi	t0, k0, 0x3f
	xori	t0, t0, 24
	bnez	t0, quick_tlb
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
	dmtc0	at, c0_epc
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
	.globl	quick_write_gpr
quick_write_gpr:
	srl	at, k0, 13
	andi	at, at, 31 << 3
	dla	k1, write_gpr
	daddu	k1, k1, at
	jr	k1
	 dmfc0	at, c0_kscratch4
write_gpr:
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	b	quick_done_at
	.if	\n == 12
	 dmtc0	t0, c0_kscratch5
	.elseif	\n == 26
	 dmtc0	t0, c0_kscratch1
	.elseif	\n == 27
	 dmtc0	t0, c0_kscratch3
	.else
	 move	$\n, t0
	.endif
	.endr

	.globl	quick_done
quick_done:
	dmfc0	at, c0_kscratch4
quick_done_at:
	dmfc0	t0, c0_kscratch5
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
	srl	at, k0, 13
	andi	at, at, 31 << 3
	dla	t0, read_gpr
	daddu	t0, t0, at
	jalr	at, t0
	 andi	k0, k0, 0xf807
	xori	at, k0, 12 << 11
	beqz	at, quick_status_write
	 xori	at, k0, 10 << 11
	beqz	at, quick_entryhi
	 nop
	countdown
	srl	at, k0, 8
	andi	k0, k0, 7
	or	at, at, k0		/* register number * 8 + select */
	dsll	at, at, 1
	dla	k0, quick_write
	daddu	at, at, k0
	lhu	at, 0(at)		/* slot + 1 */
	beqz	at, quick_slow
	 dsll	k0, at, 3
	daddu	k1, k1, k0
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
quick_status_write:
	lw	at, QUICK_STATUS(k1)
	ld	k0, QUICK_ENABLED(k1)
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
	lw	at, QUICK_CAUSE(k1)
	and	at, at, t0
	andi	at, at, 0xff00
	bnez	at, quick_slow
	 andi	at, t0, 0x06
	bnez	at, 1f
	 andi	at, t0, 0x18
	bnez	at, quick_slow
	 nop
1:	sw	t0, QUICK_STATUS(k1)
	andi	t0, t0, 1
	b	quick_done
	 sd	t0, QUICK_ENABLED(k1)

/* The hardware's has the ASID alone. */
quick_entryhi:
	dla	at, quick_mask
	ld	at, 8 * (SLOT_PLUS_ONE_ENTRYHI - 1)(at)
	and	t0, t0, at
	sd	t0, QUICK_ENTRYHI(k1)
	andi	t0, t0, 0xff
	b	quick_done
	 dmtc0	t0, c0_entryhi

/* Nothing to move: instruction fetch is coherent. By index, but Index Load Tag; and by address where
 * that needs no TLB: CKSEG0 and xkphys. */
quick_cache:
	countdown
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
