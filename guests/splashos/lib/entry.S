/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first instructions of every CPU, and the exception vectors: what has to be in CKSEG0.
 *
 * SPLASH_MAPPED: they write TLB entry 0 (wired), which maps the first 256 MiB of memory (cached) and
 * the device hole (uncached) at CKSSEG, and jump there; map_memory() then maps all memory in xsseg.
 * The instructions before the jump are LUI, ORI, DADDIU, DSLL, MTC0, DMTC0, MFC0, INS, ANDI, JR,
 * EHB and TLBWI only, and there are no loads and stores: easy for a monitor that cannot let
 * a supervisor run in CKSEG0 and has to emulate them.
 */
#define STATUS_HOME 0x240000e0 /* CU1, FR, KX, SX, UX */
#define PAGES_256M  0x1fffe000
#define CACHED	    0x1f /* EntryLo: C = 3, D, V, G */
#define UNCACHED    0x17
#define PAIR_PFN    (0x20000000 >> 6)
#define HALF_PFN    (0x10000000 >> 6)
#define BOOT_STACK  16384

	.set	noreorder
	.set	noat
	.set	mips64r2

	.macro	processor_setup
	li	$8, STATUS_HOME
	mtc0	$8, $12
	mtc0	$0, $13			/* Cause */
	mfc0	$8, $16			/* Config.K0: CKSEG0 is cached */
	li	$9, 3
	ins	$8, $9, 0, 3
	mtc0	$8, $16
	mfc0	$16, $15, 1
	andi	$16, $16, 0x3ff		/* CPU number */
	dla	$8, vectors
	mtc0	$8, $15, 1
	ehb
#ifdef SPLASH_MAPPED
	/* What the TLB holds after reset maps nothing in these segments. */
	mtc0	$0, $0			/* Index */
	li	$8, PAGES_256M
	mtc0	$8, $5
	dli	$8, 0xffffffffc0000000
	dmtc0	$8, $10
	li	$8, CACHED
	dmtc0	$8, $2
	li	$8, HALF_PFN | UNCACHED
	dmtc0	$8, $3
	ehb
	tlbwi
	li	$8, 1
	mtc0	$8, $6			/* Wired */
	ehb
#endif
	dla	$28, _gp
	.endm

	.section .boot, "ax"
	.globl	_start
_start:
	processor_setup
	dla	$29, boot_stack_top
	dla	$8, boot
	jr	$8
	nop

	.globl	secondary_start
	.balign	4096			/* GCR_CO_RESET_BASE has no lower bits */
secondary_start:			/* here the address is one of CKSEG1 */
	processor_setup
	dla	$8, secondary
	jr	$8
	nop

	.balign	4096
vectors:
	.rept	5
	dla	$26, exception
	jr	$26
	nop
	.balign	128
	.endr

	.text
boot:
	dla	$8, __bss_start
	dla	$9, __bss_end
1:	sd	$0, 0($8)
	daddiu	$8, $8, 8
	bne	$8, $9, 1b
	nop
	jal	map_memory		/* the first pair: to read the device tree */
	nop
	move	$4, $5			/* UHI: a1 is the device tree */
	jal	splash_start
	nop

secondary:
	jal	map_memory
	nop
	dla	$8, cpu_stack
	dsll	$9, $16, 3
	daddu	$8, $8, $9
	ld	$29, 0($8)
	move	$4, $16
	jal	splash_secondary
	nop

exception:
	mfc0	$4, $13
	dmfc0	$5, $14
	dmfc0	$6, $8
	move	$7, $31
	dla	$29, boot_stack_top
	j	splash_exception
	nop

	.globl	map_memory
map_memory:
#ifdef SPLASH_MAPPED
	li	$8, PAGES_256M
	mtc0	$8, $5
	dla	$8, mapped_pairs
	ld	$8, 0($8)
	li	$9, 1			/* TLB index */
	dli	$10, 0x4000000000000000	/* xsseg */
	li	$11, CACHED
	li	$12, HALF_PFN | UNCACHED /* the hole; later RAM */
	dli	$13, 0x20000000
	li	$14, PAIR_PFN
1:	beqz	$8, 2f
	daddiu	$8, $8, -1
	mtc0	$9, $0
	dmtc0	$10, $10
	dmtc0	$11, $2
	dmtc0	$12, $3
	ehb
	tlbwi
	daddiu	$9, $9, 1
	mtc0	$9, $6
	daddu	$10, $10, $13
	daddu	$11, $11, $14
	ori	$12, $11, 0
	dli	$15, HALF_PFN
	b	1b
	daddu	$12, $12, $15
2:	mtc0	$0, $5
	ehb
#endif
	jr	$31
	nop

	.bss
	.balign	4096
	.space	BOOT_STACK
boot_stack_top:
	.space	16

	.section .rodata
	.globl	is_mapped
	.balign	8
#ifdef SPLASH_MAPPED
is_mapped: .dword 1
#else
is_mapped: .dword 0
#endif
