/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs code with all registers given, and takes them all afterwards. See user.h. */
#include "user.h"

	.set	noreorder
	.set	noat
	.set	nomacro
	.set	hardfloat
	.set	macro

	.macro	each_gpr insn, base
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,29,30,31
	\insn	$\n, 8*\n(\base)
	.endr
	.endm

	.macro	each_fpr insn, base
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	\insn	$f\n, STATE_FPR+8*\n(\base)
	.endr
	.endm

	.macro	each_saved insn
	.irp	n, 16,17,18,19,20,21,22,23,28,30,31
	\insn	$\n, 8*(\n-16)($29)
	.endr
	.endm

	.text
	.globl	__start
	.ent	__start
__start:
	move	$4, $29
	daddiu	$29, $29, -64
	li	$2, -16
	and	$29, $29, $2
	jal	start
	nop
	.end	__start

	.globl	run_code
	.ent	run_code
run_code:
	daddiu	$29, $29, -128
	each_saved sd
	dla	$2, saved_sp
	sd	$29, 0($2)
	move	$26, $4
	move	$27, $5
	each_fpr ldc1, $26
	ld	$2, STATE_HI($26)
	mthi	$2
	ld	$2, STATE_LO($26)
	mtlo	$2
	ld	$2, STATE_FCSR($26)
	ctc1	$2, $31
	each_gpr ld, $26
	j	code_under_test
	nop

	.globl	run_done
run_done:
	each_gpr sd, $27
	mfhi	$2
	sd	$2, STATE_HI($27)
	mflo	$2
	sd	$2, STATE_LO($27)
	cfc1	$2, $31
	sd	$2, STATE_FCSR($27)
	ctc1	$0, $31
	each_fpr sdc1, $27
	b	leave
	move	$2, $0

	.globl	run_trapped
run_trapped:
	ctc1	$0, $31
	li	$2, 1
leave:
	dla	$1, saved_sp
	ld	$29, 0($1)
	each_saved ld
	jr	$31
	daddiu	$29, $29, 128
	.end	run_code

	.globl	save_fpu
	.ent	save_fpu
save_fpu:
	each_fpr sdc1, $4
	cfc1	$2, $31
	sd	$2, STATE_FCSR($4)
	jr	$31
	ctc1	$0, $31
	.end	save_fpu

	.globl	signal_return
	.ent	signal_return
signal_return:
	li	$2, 5211
	syscall
	.end	signal_return

	/* Its own page: writing it leaves the translations of the rest alone. */
	.balign	4096
	.globl	code_under_test
code_under_test:
	.space	4096

	.data
	.balign	8
saved_sp:
	.dword	0
