/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the other CPUs start, in KSEG1 with BEV and ERL set, and their exception vectors. */
#ifndef PLATFORM_MALTA
#include "asm.h"

#define SMP_CPU_SIZE 48
#define SMP_STACK    4096

	.set	noreorder
	.set	noat
	.set	mips64r2

	.text
	.balign	4096
	.globl	smp_entry
smp_entry:
	mfc0	$16, $15, 1
	andi	$16, $16, 0x3ff		/* CPU number */
	dla	$17, smp_cpu
	sll	$8, $16, 5
	daddu	$17, $17, $8
	sll	$8, $16, 4
	daddu	$17, $17, $8		/* 48 bytes each */
	mfc0	$8, $12
	sd	$8, 0($17)
	mfc0	$8, $13
	sd	$8, 8($17)
	mfc0	$8, $15, 1
	sd	$8, 16($17)
	mfc0	$8, $15, 3
	sd	$8, 24($17)
	li	$8, STATUS_HOME_BITS
	mtc0	$8, $12
	mtc0	$0, $13
	dla	$8, smp_vectors
	mtc0	$8, $15, 1
	ehb
	dla	$28, _gp
	dla	$29, smp_stack
	addiu	$8, $16, 1
	sll	$8, $8, 12
	daddu	$29, $29, $8
	dla	$8, smp_function
	sll	$9, $16, 3
	daddu	$8, $8, $9
	ld	$25, 0($8)
	move	$4, $16
	dla	$8, 1f
	jr	$8			/* from KSEG1 to KSEG0 */
	nop
1:	jalr	$25
	nop
	mtc0	$0, $12
	ehb
2:	wait
	b	2b
	nop

	.balign	4096
smp_vectors:
	.space	0x180
	mfc0	$26, $15, 1
	andi	$26, $26, 0x3ff
	sll	$27, $26, 5
	sll	$26, $26, 4
	addu	$26, $26, $27
	dla	$27, smp_cpu
	daddu	$26, $26, $27
	mfc0	$27, $13
	sd	$27, 40($26)
	ld	$27, 32($26)
	daddiu	$27, $27, 1
	sd	$27, 32($26)
	mfc0	$26, $12
	ins	$26, $0, 8, 8		/* IM */
	mtc0	$26, $12
	ehb
	eret
	nop
#endif
