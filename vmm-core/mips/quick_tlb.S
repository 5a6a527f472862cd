/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLBP, TLBWI and TLBWR of user pages, as core/vtlb.c has them, and what user pages fault for that the
 * virtual TLB has (core/quick_tlb.c): where the hints decide, without a search.
 * TLB instructions: k0: the instruction, k1: the virtual registers, t0: its function xor 24.
 */
#include "cpu_area.h"
#include "registers.h"

	.set	noreorder
	.set	noat
	.set	mips64r2

#define FILTER_MASK ((1 << VTLB_FILTER_BITS) - 1)
#define UNUSED_VPN_HIGH 1		/* << 62: as hal_mips.c has it */

	.section .text.quick, "ax"
	.globl	quick_tlb
quick_tlb:
	xori	t0, t0, 24 ^ 8
	bnez	t0, tlb_write
	 dmfc0	at, c0_kscratch2
	ld	at, AREA_VCPU(at)
	ld	t0, QUICK_ENTRYHI(k1)
	dsrl	k0, t0, 13
	dsrl	t0, t0, 13 + VTLB_FILTER_BITS
	xor	k0, k0, t0
	andi	k0, k0, FILTER_MASK
	lw	t0, VCPU_VTLB_LARGE(at)
	bnez	t0, quick_slow
	 daddu	k0, k0, at
	lbu	t0, VCPU_FILTER(k0)
	beqz	t0, quick_tlbp_none
	 lbu	k0, VCPU_HINT(k0)
	dsll	t0, k0, 5
	daddu	at, at, t0
	ld	t0, VCPU_VTLB + VTLB_PAGE_MASK(at)	/* and hidden */
	bnez	t0, quick_slow
	 ld	t0, VCPU_VTLB(at)
	dmfc0	k1, c0_kscratch2
	ld	k1, AREA_QUICK(k1)
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
	b	quick_forget
	 sw	t0, QUICK_INDEX(k1)

/* No translation of user page k0 (an EntryHi) stays in L2TLB or hardware; then on with the guest. */
quick_forget:
	l2tlb_slot at, k0, t0, t0
	ld	t0, 0(at)
	bne	t0, k0, 1f
	 li	t0, 0x1000		/* L2TLB_EMPTY */
	sd	t0, 0(at)
1:	dmtc0	k0, c0_entryhi
	ehb
	tlbp
	ehb
	mfc0	t0, c0_index
	bltz	t0, quick_done
	 andi	k0, k0, 0xff
	li	k1, UNUSED_VPN_HIGH
	dsll32	k1, k1, 62 - 32
	dsll	t0, t0, 13
	daddu	k1, k1, t0
	dmtc0	k1, c0_entryhi
	dmtc0	$0, c0_entrylo0
	dmtc0	$0, c0_entrylo1
	ehb
	tlbwi
	ehb
	b	quick_done
	 dmtc0	k0, c0_entryhi

/* Back to the guest's registers; then to \to. */
	.macro	write_restore to
	dmfc0	t0, c0_kscratch2
	ld	v0, AREA_GPR + 8 * 2(t0)
	ld	v1, AREA_GPR + 8 * 3(t0)
	ld	a0, AREA_GPR + 8 * 4(t0)
	ld	a1, AREA_GPR + 8 * 5(t0)
	ld	a2, AREA_GPR + 8 * 6(t0)
	ld	a3, AREA_GPR + 8 * 7(t0)
	ld	t1, AREA_GPR + 8 * 13(t0)
	ld	t2, AREA_GPR + 8 * 14(t0)
	b	\to
	 ld	t3, AREA_GPR + 8 * 15(t0)
	.endm

/* The entry into the virtual TLB, its hash, and Random; k1: the virtual registers. */
	.macro	write_entry
	beq	v0, t3, 5f
	 sb	a1, VCPU_HINT(t3)
	beqz	v0, 4f
	 lbu	at, VCPU_FILTER(t3)
	lbu	t0, VCPU_FILTER(v0)
	addiu	t0, t0, -1
	sb	t0, VCPU_FILTER(v0)
4:	addiu	at, at, 1
	sb	at, VCPU_FILTER(t3)
5:	sd	a3, VCPU_VTLB(a2)
	ld	at, QUICK_ENTRYLO0(k1)
	dext	at, at, 0, 34
	sd	at, VCPU_VTLB + 8(a2)
	ld	at, QUICK_ENTRYLO1(k1)
	dext	at, at, 0, 34
	sd	at, VCPU_VTLB + 16(a2)
	sd	$0, VCPU_VTLB + VTLB_PAGE_MASK(a2)
	andi	at, k0, 4
	beqz	at, 6f
	 lw	t0, QUICK_WIRED(k1)
	xor	t0, t0, a1
	addiu	v0, a1, -1
	lbu	at, VCPU_VTLB_LAST(a0)
	movz	v0, at, t0
	sw	v0, QUICK_RANDOM(k1)
6:
	.endm

/* EntryLo \lo of the guest into the machine's; the pages' back map knows it. */
	.macro	machine_lo lo, next, slow
	andi	at, \lo, 2
	beqz	at, \next
	 dext	t0, \lo, 6, 28		/* page number, less the device hole */
	lui	at, 1
	sltu	v1, t0, at
	bnez	v1, 1f
	 ld	k1, VCPU_PMAP(a0)
	dsubu	t0, t0, at
	sltu	at, t0, at
	bnez	at, \slow
1:	 lwu	at, VCPU_RAM_PAGES(a0)
	sltu	at, t0, at
	beqz	at, \slow
	 dsll	t0, t0, 4
	daddu	t0, t0, k1
	lbu	at, PMAP_FLAGS(t0)
	andi	at, at, 41		/* present, replicated, wanted */
	xori	at, at, 1
	bnez	at, \slow
	 lhu	v1, PMAP_HOLDERS(t0)
	lhu	at, VCPU_HOLDER(a0)
	or	v1, v1, at
	sh	v1, PMAP_HOLDERS(t0)
	ld	at, PMAP_BACKMAP(t0)
	ori	v1, a3, 0x1000
	beq	at, v1, 3f
	 xor	k1, at, v1
	beqz	at, 2f
	 dsrl	k1, k1, 8
	li	v1, 64			/* under other ASIDs */
	li	at, 2			/* at other addresses */
	movn	v1, at, k1
	lbu	at, PMAP_FLAGS(t0)
	or	at, at, v1
	b	3f
	 sb	at, PMAP_FLAGS(t0)
2:	sd	v1, PMAP_BACKMAP(t0)
3:	lwu	t0, PMAP_MPN(t0)
	srl	at, t0, 16
	sltu	at, $0, at
	sll	at, at, 16
	addu	t0, t0, at
	andi	\lo, \lo, 0x3e		/* C, D, V */
	dsll	t0, t0, 6
	or	\lo, \lo, t0
	.endm

/* EntryHi a3 with the machine's EntryLo t1, t2 into the L2TLB and the registers. */
	.macro	make_ready
	li	at, 1
	sb	at, VCPU_TRANSLATED(a0)
	dsllv	t0, at, a3		/* the ASID among asids[] */
	ext	v1, a3, 6, 2
	dsll	v1, v1, 3
	daddu	v1, v1, a0
	ld	v0, VCPU_ASIDS(v1)
	or	v0, v0, t0
	sd	v0, VCPU_ASIDS(v1)
	l2tlb_slot t0, a3, at, at
	sd	a3, 0(t0)
	sd	t1, 8(t0)
	sd	t2, 16(t0)
	daddiu	at, $0, -1
	sd	at, 24(t0)
	dmtc0	a3, c0_entryhi
	dmtc0	t1, c0_entrylo0
	dmtc0	t2, c0_entrylo1
	ehb
	.endm

	.macro	save_registers area
	sd	v0, AREA_GPR + 8 * 2(\area)
	sd	v1, AREA_GPR + 8 * 3(\area)
	sd	a0, AREA_GPR + 8 * 4(\area)
	sd	a1, AREA_GPR + 8 * 5(\area)
	sd	a2, AREA_GPR + 8 * 6(\area)
	sd	a3, AREA_GPR + 8 * 7(\area)
	sd	t1, AREA_GPR + 8 * 13(\area)
	sd	t2, AREA_GPR + 8 * 14(\area)
	sd	t3, AREA_GPR + 8 * 15(\area)
	.endm

/*
 * TLBWI, TLBWR. a0: the vCPU, a1: index, a2: the virtual TLB's entry, a3: EntryHi, t1, t2: EntryLo,
 * t3: the vCPU + the hash of a3, v0: the same of the entry that goes (0: it has none).
 */
tlb_write:
	xori	t0, t0, 8 ^ 2
	beqz	t0, 1f
	 xori	t0, t0, 2 ^ 6
	bnez	t0, quick_slow
1:
	save_registers at
	ld	a0, AREA_VCPU(at)
	andi	at, k0, 4		/* TLBWR? */
	lw	a1, QUICK_RANDOM(k1)
	lw	t0, QUICK_INDEX(k1)
	andi	t0, t0, 0x3f
	movz	a1, t0, at
	dsll	a2, a1, 5
	daddu	a2, a2, a0
	lbu	t0, VCPU_VTLB_LAST(a0)
	sltu	t0, t0, a1
	lw	at, VCPU_VTLB_LARGE(a0)
	or	t0, t0, at
	lw	at, QUICK_PAGEMASK(k1)
	or	t0, t0, at
	lbu	at, VCPU_VIEW(a0)
	or	t0, t0, at
	ld	a3, QUICK_ENTRYHI(k1)
	dsrl32	at, a3, 62 - 32
	or	t0, t0, at
	ld	t1, QUICK_ENTRYLO0(k1)
	ld	t2, QUICK_ENTRYLO1(k1)
	or	v1, t1, t2
	andi	at, v1, 1		/* global */
	or	t0, t0, at
	bnez	t0, write_slow
	 dsrl	t3, a3, 13
	dsrl	at, a3, 13 + VTLB_FILTER_BITS
	xor	t3, t3, at
	andi	t3, t3, FILTER_MASK
	daddu	t3, t3, a0
	ld	t0, VCPU_VTLB(a2)
	bne	t0, a3, 1f
	 lbu	k1, VCPU_FILTER(t3)
	xori	k1, k1, 1		/* the same page: of another nothing has its hash */
	beqz	k1, 2f
	 move	v0, t3
	b	write_slow
1:	 dsrl	v0, t0, 13
	dsrl	at, t0, 13 + VTLB_FILTER_BITS
	xor	v0, v0, at
	andi	v0, v0, FILTER_MASK
	daddu	v0, v0, a0
	lbu	at, VCPU_VTLB + VTLB_HIDDEN(a2)
	movn	v0, $0, at
	xor	at, v0, t3
	sltiu	at, at, 1
	bne	at, k1, write_slow	/* nothing else has its hash */
	 andi	at, k0, 4
	bnez	at, 2f
	 ld	t0, VCPU_VTLB + 8(a2)
	ld	at, VCPU_VTLB + 16(a2)
	or	t0, t0, at
	andi	t0, t0, 2
	bnez	t0, write_slow		/* TLBWI over another page's that is valid */
2:	 andi	at, v1, 2
	beqz	at, write_invalid
	machine_lo t1, write_invalid_0, write_slow
write_half_1:
	machine_lo t2, write_invalid_1, write_slow
write_both:
	dmfc0	k1, c0_kscratch2
	ld	k1, AREA_QUICK(k1)
	write_entry
	li	at, 1
	dsllv	at, at, a1
	ld	t0, VCPU_VTLB_VALID(a0)
	or	t0, t0, at
	sd	t0, VCPU_VTLB_VALID(a0)
	make_ready
	tlbp
	ehb
	mfc0	at, c0_index
	bltz	at, 1f
	 nop
	tlbwi
	write_restore quick_done
1:	tlbwr
	write_restore quick_done

write_invalid_0:
	b	write_half_1
	 move	t1, $0
write_invalid_1:
	b	write_both
	 move	t2, $0

/* An entry without a valid half: that it is not the last valid one, and nothing translates the page
 * any more. */
write_invalid:
	li	at, 1
	dsllv	at, at, a1
	nor	at, at, $0
	ld	t0, VCPU_VTLB_VALID(a0)
	and	t0, t0, at
	dmfc0	k1, c0_kscratch2
	ld	k1, AREA_QUICK(k1)
	lw	at, QUICK_WIRED(k1)
	dsrlv	at, t0, at
	beqz	at, write_slow
	 nop
	sd	t0, VCPU_VTLB_VALID(a0)
	write_entry
	move	k0, a3
	write_restore quick_forget

write_slow:
	write_restore quick_slow

/*
 * The virtual TLB's entry for the address by the hint: k1 the vCPU + the entry's place, k0 EntryLo of
 * the half. at: the vCPU, k1: the vCPU + the hash.
 */
	.macro	find_known slow
	lbu	k1, VCPU_HINT(k1)
	dsll	k1, k1, 5
	daddu	k1, k1, at
	ld	t0, VCPU_VTLB + VTLB_PAGE_MASK(k1)	/* and hidden */
	bnez	t0, \slow
	 ld	k0, VCPU_VTLB(k1)
	dmfc0	t0, c0_entryhi
	xor	k0, k0, t0
	beqz	k0, 1f
	 dsrl	k0, k0, 8
	bnez	k0, \slow		/* another page */
	 lbu	k0, VCPU_VTLB + 8(k1)
	andi	k0, k0, 1		/* global? */
	beqz	k0, \slow
	 nop
1:	dmfc0	k0, c0_badvaddr
	ext	k0, k0, 12, 1
	dsll	k0, k0, 3
	daddu	k0, k0, k1
	ld	k0, VCPU_VTLB + 8(k0)
	.endm

/* The guest's exception, unless it is in an exception handler. */
	.macro	reflect_fault slow
	ld	k1, VCPU_CP0(at)
	lw	t0, QUICK_STATUS(k1)
	lui	k0, 0x40		/* BEV, EXL */
	ori	k0, k0, 2
	and	k0, k0, t0
	bnez	k0, \slow
	 ori	t0, t0, 2
	sw	t0, QUICK_STATUS(k1)
	li	k0, 0x180
	b	quick_reflect
	 sd	k0, QUICK_BRANCH(k1)
	.endm

/* A refill that the virtual TLB may answer: with an entry that is not valid, the guest's exception;
 * else with the translation that is in the L2TLB no more. */
	.globl	refill_known
refill_known:
	find_known refill_restore
	andi	t0, k0, 2
	bnez	t0, refill_fill
	 mfc0	t0, c0_cause
	reflect_fault refill_restore

refill_fill:
	ext	t0, t0, 2, 5
	xori	t0, t0, 3		/* a store? */
	bnez	t0, 1f
	 andi	t0, k0, 4
	beqz	t0, refill_restore
1:	 dmfc0	t0, c0_kscratch2
	save_registers t0
	move	a0, at
	ld	t1, VCPU_VTLB + 8(k1)
	ld	t2, VCPU_VTLB + 16(k1)
	andi	at, t1, 1
	bnez	at, fill_slow		/* global */
	 dmfc0	a3, c0_entryhi
	machine_lo t1, fill_invalid_0, fill_slow
fill_half_1:
	machine_lo t2, fill_invalid_1, fill_slow
fill_both:
	make_ready
	tlbwr
	write_restore quick_done
fill_invalid_0:
	b	fill_half_1
	 move	t1, $0
fill_invalid_1:
	b	fill_both
	 move	t2, $0
fill_slow:
	write_restore refill_restore

/* TLB invalid and TLB modified, as the virtual TLB has it. k1: ExcCode * 4 xor 8 * 4, k0: the CPU's
 * area. */
	.globl	entry_fault
entry_fault:
	xori	k1, k1, 8 << 2
	addiu	k1, k1, -4
	sltiu	k1, k1, 12		/* 1 to 3? */
	beqz	k1, general_slow
	 dmtc0	at, c0_kscratch4
	dmtc0	t0, c0_kscratch5
	ld	at, AREA_VCPU(k0)
	lbu	k1, VCPU_VIEW(at)
	bnez	k1, fault_slow
	 dmfc0	k0, c0_badvaddr
	dsrl32	k1, k0, 62 - 32
	bnez	k1, fault_slow
	 dsrl	k1, k0, 13
	dsrl	k0, k0, 13 + VTLB_FILTER_BITS
	xor	k1, k1, k0
	andi	k1, k1, FILTER_MASK
	daddu	k1, k1, at
	lw	k0, VCPU_VTLB_LARGE(at)
	bnez	k0, fault_slow
	 lbu	k0, VCPU_FILTER(k1)
	beqz	k0, fault_slow
	 nop
	find_known fault_slow
	mfc0	t0, c0_cause
	andi	t0, t0, 0x7c
	xori	t0, t0, 1 << 2		/* modified? */
	bnez	t0, 1f
	 andi	t0, k0, 6
	xori	t0, t0, 2		/* valid and clean */
	bnez	t0, fault_slow
	 li	k0, 0
1:	andi	t0, k0, 2
	bnez	t0, fault_slow
	 nop
	reflect_fault fault_slow
fault_slow:
	dmfc0	t0, c0_kscratch5
	b	general_slow
	 dmfc0	at, c0_kscratch4
