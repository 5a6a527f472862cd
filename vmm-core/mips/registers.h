/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of registers for the entry code, and what its files have in common. */
#ifndef MIPS_REGISTERS_H
#define MIPS_REGISTERS_H

#define c0_index     $0, 0
#define c0_entrylo0  $2, 0
#define c0_entrylo1  $3, 0
#define c0_context   $4, 0
#define c0_pagemask  $5, 0
#define c0_badvaddr  $8, 0
#define c0_count     $9, 0
#define c0_entryhi   $10, 0
#define c0_status    $12, 0
#define c0_cause     $13, 0
#define c0_epc	     $14, 0
#define c0_xcontext  $20, 0
#define c0_kscratch1 $31, 2
#define c0_kscratch2 $31, 3
#define c0_kscratch3 $31, 4
#define c0_kscratch4 $31, 5
#define c0_kscratch5 $31, 6
#define c0_kscratch6 $31, 7

#define at	     $1
#define v0	     $2
#define v1	     $3
#define a0	     $4
#define a1	     $5
#define a2	     $6
#define a3	     $7
#define t0	     $12
#define t1	     $13
#define t2	     $14
#define t3	     $15
#define t9	     $25
#define k0	     $26
#define k1	     $27
#define gp	     $28
#define sp	     $29

/* clang-format off */
/*
 * \slot: where the L2TLB has user page \hi (an EntryHi), as slot() of core/l2tlb.c says. \rotated and
 * \hash are lost; \rotated may be \slot or \hash, \hash may be \hi.
 */
	.macro	l2tlb_slot slot, hi, rotated, hash
	drotr32	\rotated, \hi, 48 - 32	/* the ASID to bit 16; what else comes is zero */
	xor	\hash, \hi, \rotated
	dmfc0	\slot, c0_kscratch6
	dext	\hash, \hash, 13, L2TLB_ORDER
	dins	\slot, \hash, 5, L2TLB_ORDER
	.endm
/* clang-format on */

#endif
