/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs code with all registers given, and takes them all afterwards. See user.h. */
#include "user.h"

	.set	noreorder
	.set	noat
	.set	nomacro
	.set	hardfloat
	.set	macro

	/* o32 with FR = 0: 32-bit registers, and doubles in even ones; else n64 with FR = 1. */
#if _MIPS_SIM == _ABIO32
#define LOAD  lw
#define STORE sw
#define ADDIU addiu
#define LA    la
#define SIGNAL_RETURN 4193
#define FPRS 0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30
#else
#define LOAD  ld
#define STORE sd
#define ADDIU daddiu
#define LA    dla
#define SIGNAL_RETURN 5211
#define FPRS 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
#endif

	.macro	each_gpr insn, base
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,29,30,31
	\insn	$\n, 8*\n(\base)
	.endr
	.endm

	.macro	each_fpr insn, base
	.irp	n, FPRS
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
	ADDIU	$29, $29, -64
	li	$2, -16
	and	$29, $29, $2
	jal	start
	nop
	.end	__start

	.globl	run_code
	.ent	run_code
run_code:
	ADDIU	$29, $29, -128
	each_saved STORE
	LA	$2, saved_sp
	STORE	$29, 0($2)
	move	$26, $4
	move	$27, $5
	each_fpr ldc1, $26
	LOAD	$2, STATE_HI($26)
	mthi	$2
	LOAD	$2, STATE_LO($26)
	mtlo	$2
	LOAD	$2, STATE_FCSR($26)
	ctc1	$2, $31
	each_gpr LOAD, $26
	j	code_under_test
	nop

	.globl	run_done
run_done:
	each_gpr STORE, $27
	mfhi	$2
	STORE	$2, STATE_HI($27)
	mflo	$2
	STORE	$2, STATE_LO($27)
	cfc1	$2, $31
	STORE	$2, STATE_FCSR($27)
	ctc1	$0, $31
	each_fpr sdc1, $27
	b	leave
	move	$2, $0

	.globl	run_trapped
run_trapped:
	ctc1	$0, $31
	li	$2, 1
leave:
	LA	$1, saved_sp
	LOAD	$29, 0($1)
	each_saved LOAD
	jr	$31
	ADDIU	$29, $29, 128
	.end	run_code

	.globl	save_fpu
	.ent	save_fpu
save_fpu:
	each_fpr sdc1, $4
	cfc1	$2, $31
	STORE	$2, STATE_FCSR($4)
	jr	$31
	ctc1	$0, $31
	.end	save_fpu

	.globl	signal_return
	.ent	signal_return
signal_return:
	li	$2, SIGNAL_RETURN
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
