/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry, exception vectors, and run(): code until its first exception.
 */
#include "asm.h"

	.set	noreorder
	.set	noat
	.set	mips64r2

	.section .text.start, "ax"
	.globl	_start
_start:
	li	$8, STATUS_HOME_BITS
	mtc0	$8, $12
	ehb
	mtc0	$0, $13			/* Cause */
	dla	$8, vectors
	mtc0	$8, $15, 1		/* EBase */
	mtc0	$0, $12, 1		/* IntCtl: no vectored interrupts */
	mtc0	$0, $7			/* HWREna */
	ehb
	dla	$28, _gp
	dla	$29, stack_top
	dla	$8, __bss_start
	dla	$9, __bss_end
1:	sd	$0, 0($8)
	daddiu	$8, $8, 8
	bne	$8, $9, 1b
	nop
	dla	$8, boot_a1
	sd	$5, 0($8)
	j	runtime_main
	nop

/*
 * Vectors: the TLB refill, XTLB refill, cache error and general vectors, and the places of vectored
 * interrupts, every 32 bytes. Each leaves its offset in k1.
 */
	.section .text.vectors, "ax"
	.balign	4096
	.globl	vectors
vectors:
	.set	offset, 0
	.rept	0x1400 / 32
	li	$27, offset
	j	trap_common
	nop
	.balign	32
	.set	offset, offset + 32
	.endr

	.text
trap_common:
	dla	$26, trap_record
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,29,30,31
	sd	$\n, 8*\n($26)
	.endr
	sd	$0, 0($26)
	mfc0	$8, $12
	sd	$8, TRAP_STATUS($26)
	mfc0	$8, $13
	sd	$8, TRAP_CAUSE($26)
	dmfc0	$8, $14
	sd	$8, TRAP_EPC($26)
	dmfc0	$8, $8
	sd	$8, TRAP_BADVADDR($26)
	dmfc0	$8, $10
	sd	$8, TRAP_ENTRYHI($26)
	dmfc0	$8, $4
	sd	$8, TRAP_CONTEXT($26)
	dmfc0	$8, $20
	sd	$8, TRAP_XCONTEXT($26)
	sd	$27, TRAP_VECTOR($26)
	ld	$8, TRAP_TAKEN($26)
	daddiu	$8, $8, 1
	sd	$8, TRAP_TAKEN($26)
	/* back to where C code was */
	li	$8, STATUS_HOME_BITS
	mtc0	$8, $12
	ehb
	dla	$26, home
	ld	$31, 88($26)
	beqz	$31, no_home
	sd	$0, 88($26)
	.irp	n, 16,17,18,19,20,21,22,23
	ld	$\n, 8*(\n-16)($26)
	.endr
	ld	$28, 64($26)
	ld	$29, 72($26)
	ld	$30, 80($26)
	dla	$2, trap_record
	jr	$31
	nop
no_home:
	dla	$28, _gp
	dla	$29, stack_top
	dla	$4, trap_record
	j	runtime_unexpected
	nop

/* struct trap *run(uint64_t pc, uint64_t status, const uint64_t args[4]) */
	.globl	run
run:
	dla	$8, home
	.irp	n, 16,17,18,19,20,21,22,23
	sd	$\n, 8*(\n-16)($8)
	.endr
	sd	$28, 64($8)
	sd	$29, 72($8)
	sd	$30, 80($8)
	sd	$31, 88($8)
	dmtc0	$4, $14			/* EPC */
	ori	$5, $5, 2		/* EXL */
	mtc0	$5, $12
	ehb
	move	$8, $6
	ld	$4, 0($8)
	ld	$5, 8($8)
	ld	$6, 16($8)
	ld	$7, 24($8)
	.irp	n, 1,2,3,8,9,10,11,12,13,14,15,24,25
	li	$\n, 0x100+\n
	.endr
	eret
	nop

	.bss
	.balign	16
home:	.space	96
	.globl	boot_a1
boot_a1: .space	8			/* UHI: the device tree */
	.balign	16
	.globl	trap_record
trap_record: .space TRAP_SIZE
	.balign	16
	.space	16384
stack_top:
	.space	16
