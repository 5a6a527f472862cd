/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLB refills: from the L2TLB, and what else needs no C. core/quick_tlb.c is the same in C.
 *
 * EntryHi is what the L2TLB's tags are compared with (core/l2tlb.c has the same hash); the table has
 * 2^L2TLB_ORDER entries and is aligned to its size. EntryLo is written before it is known whether the
 * entry is the right one, which saves a register. PageMask is zero: hal_tlb_write() leaves it so. A
 * hit on an entry whose half is not valid is written all the same; the access then takes the general
 * way as an invalid one.
 */
#include "cpu_area.h"
#include "registers.h"

	.set	noreorder
	.set	noat
	.set	mips64r2

	.section .text.refill, "ax"
	.globl	refill_entry
refill_entry:
	dmtc0	k0, c0_kscratch1
	dmtc0	k1, c0_kscratch3
	dmfc0	k0, c0_entryhi
	l2tlb_slot k1, k0, k1, k0
	ld	k0, 8(k1)
	dmtc0	k0, c0_entrylo0
	ld	k0, 16(k1)
	dmtc0	k0, c0_entrylo1
	ld	k1, 0(k1)		/* tag */
	dmfc0	k0, c0_entryhi
	bne	k0, k1, refill_other
	 dmfc0	k1, c0_kscratch3
	tlbwr
	dmfc0	k0, c0_kscratch1
	eret
	.globl	refill_end
refill_end:

/*
 * Not a user page of the L2TLB. In the guest's kernel mode (normal view) it may be a large page of the
 * unmapped segments, or the GIC's counter; a user page that the virtual TLB cannot have is the guest's
 * to look up, one that it may have is looked for there (quick_tlb.S). k0 is EntryHi.
 */
	.section .text.quick, "ax"
	.globl	refill_other
refill_other:
	bgez	k0, refill_user
	 dmtc0	at, c0_kscratch4
	dmfc0	at, c0_kscratch2
	dsrl32	k1, k0, 62 - 32
	xori	k1, k1, 2
	dmfc0	k0, c0_badvaddr
	bnez	k1, 1f
	 ld	at, AREA_VCPU(at)
	b	2f			/* xkphys */
	 dext	k1, k0, UNIT_SHIFT, 59 - UNIT_SHIFT
1:	dsra	k1, k0, 30
	daddiu	k1, k1, 2
	bnez	k1, refill_kernel
	 dext	k1, k0, UNIT_SHIFT, 29 - UNIT_SHIFT	/* CKSEG0, CKSEG1 */
2:	lhu	k0, VCPU_MODE(at)	/* and view */
	bnez	k0, refill_general
	 ld	k0, VCPU_LINEAR_UNITS(at)
	sltu	k0, k1, k0
	beqz	k0, refill_kernel
	 dsll	k1, k1, 5
	ld	k0, VCPU_LINEAR(at)
	daddu	k1, k1, k0
	ld	k0, 0(k1)
	beqz	k0, refill_kernel
	 dmtc0	k0, c0_entrylo0
	ld	k0, 8(k1)
	dmtc0	k0, c0_entrylo1
	lw	k0, 16(k1)
	mtc0	k0, c0_pagemask
	tlbwr
	mtc0	$0, c0_pagemask
refill_done:
	dmfc0	at, c0_kscratch4
	dmfc0	k1, c0_kscratch3
	dmfc0	k0, c0_kscratch1
	eret

/* Kernel pages: the slot does not depend on the ASID, and they may be global. */
refill_kernel:
	dmfc0	k0, c0_entryhi
	dsrl	k1, k0, 12
	xor	k0, k0, k1
	dmfc0	k1, c0_kscratch6
	dext	k0, k0, 13, L2TLB_ORDER
	dins	k1, k0, 5, L2TLB_ORDER
	dmfc0	at, c0_entryhi
	ld	k0, 0(k1)
	xor	at, at, k0
	ld	k0, 24(k1)		/* bits to compare */
	and	at, at, k0
	bnez	at, refill_device
	 ld	k0, 8(k1)
	dmtc0	k0, c0_entrylo0
	ld	k0, 16(k1)
	dmtc0	k0, c0_entrylo1
	b	refill_done
	 tlbwr

refill_device:
	dmfc0	at, c0_kscratch2
	ld	at, AREA_VCPU(at)
	lhu	k1, VCPU_MODE(at)
	bnez	k1, refill_general
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
	 dmfc0	at, c0_epc
2:	move	t0, k0
	dmfc0	at, c0_epc
3:	daddiu	at, at, 4
	dmtc0	at, c0_epc
	dmfc0	at, c0_badvaddr
	andi	at, at, 4
	beqz	at, 4f
	 move	k0, k1
	b	quick_write_gpr
	 dsra32	t0, t0, 0
4:	b	quick_write_gpr
	 sll	t0, t0, 0

/* A TLB refill of the guest's own, as reflect_address() has it. */
refill_user:
	dmfc0	at, c0_kscratch2
	ld	at, AREA_VCPU(at)
	dmfc0	k0, c0_badvaddr
	lbu	k1, VCPU_VIEW(at)
	bnez	k1, refill_general
	 dsrl32	k1, k0, 62 - 32
	bnez	k1, refill_general	/* xsseg */
	 dsrl	k1, k0, 13
	dsrl	k0, k0, 13 + VTLB_FILTER_BITS
	xor	k1, k1, k0
	andi	k1, k1, (1 << VTLB_FILTER_BITS) - 1
	daddu	k1, k1, at
	lw	k0, VCPU_VTLB_LARGE(at)
	bnez	k0, refill_general
	 dmtc0	t0, c0_kscratch5
	lbu	k0, VCPU_FILTER(k1)
	bnez	k0, refill_known
	 nop
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
	 sd	k0, QUICK_BRANCH(k1)

	.globl	refill_restore
refill_restore:
	dmfc0	t0, c0_kscratch5
refill_general:
	dmfc0	at, c0_kscratch4
	b	long_entry
	 li	k0, 1			/* TRAP_REFILL */
