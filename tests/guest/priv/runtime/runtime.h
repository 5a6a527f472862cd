/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runtime of the privileged test programs.
 *
 * The one idea: a test runs a few instructions in some processor mode until the first exception,
 * and looks at what the exception left behind. A probe that goes through ends in SYSCALL.
 *
 *	struct trap *t = run_code(USER, STATUS_UX, (uint32_t[]){LW(V0, 0, A0)}, 1, va, 0);
 *	check_eq("code", trap_code(t), EXC_TLBL);
 */
#ifndef RUNTIME_H
#define RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cp0.h"
#include "insn.h"
#include "platform.h"

/* What an exception left behind. The layout is known to vectors.S. */
struct trap {
	uint64_t gpr[32]; /* but k0, k1 */
	uint64_t status;  /* as found in the handler: EXL is set */
	uint64_t cause;
	uint64_t epc;
	uint64_t badvaddr;
	uint64_t entryhi;
	uint64_t context;
	uint64_t xcontext;
	uint64_t vector; /* offset from EBase */
	uint64_t taken;	 /* traps since start */
};

/* Values of Status.KSU */
enum mode {
	KERNEL = STATUS_KSU_K,
	SUPERVISOR = STATUS_KSU_S,
	USER = STATUS_KSU_U,
};

/* ---- checks ---- */

/* What the following checks are about; printed when one fails. Up to four numbers go with it. */
void about(const char *text, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
/* One point: passes when @got equals @want. */
bool check_eq(const char *what, uint64_t got, uint64_t want);
bool check(const char *what, bool good);
/* Every program has one; when it returns the counts are printed and the machine stops. */
void test(void);
extern const char program_name[];
#define PROGRAM_NAME const char program_name[] = PROGRAM

void print(const char *text);
void print_hex(uint64_t value);
void print_dec(uint64_t value);

/* ---- running code until it traps ---- */

#define STATUS_64BIT (STATUS_KX | STATUS_SX | STATUS_UX)
/* What C code runs with; nothing enabled. */
#define STATUS_HOME  STATUS_64BIT

/* Jumps to @pc with Status = @status (EXL is set on the way) and a0..a3 = @args; returns when an
 * exception or interrupt is taken. */
struct trap *run(uint64_t pc, uint64_t status, const uint64_t args[4]);

/* Puts @count words and a SYSCALL into the code page and runs them in @mode with @status's other
 * bits; a0 and a1 as given. */
struct trap *run_code(enum mode mode, uint64_t status, const uint32_t *words, unsigned count,
		      uint64_t a0, uint64_t a1);

/* The address at which word @index of run_code() executes in @mode. */
uint64_t code_address(enum mode mode, unsigned index);
/* Words of the code page, through KSEG0. */
extern uint32_t code_page[1024];
/* Where user and supervisor code is mapped: CODE_LOW unless a test moves it. */
#define CODE_LOW  UINT64_C(0x00434000)
#define CODE_HIGH UINT64_C(0x40434000)
extern uint64_t code_window;

static inline unsigned trap_code(const struct trap *trap)
{
	return (trap->cause & CAUSE_EXC) >> CAUSE_EXC_SHIFT;
}

/* Did the probe reach its final SYSCALL, after @count words in @mode? */
bool trap_is_end(const struct trap *trap, enum mode mode, unsigned count);

/* Checks all that belongs to an exception of the general vector at word @index. */
void check_exception(const struct trap *trap, enum mode mode, unsigned index,
		     enum mips_exception code);

/* ---- TLB ---- */

unsigned tlb_entries(void);
/* Bits of a virtual address inside a region, by probing EntryHi. */
unsigned segment_bits(void);
/* Writes entry @index. */
void tlb_set(unsigned index, uint64_t entryhi, uint64_t lo0, uint64_t lo1, uint32_t page_mask);
/* Makes every entry match nothing but distinct unmapped addresses, and maps the code page in
 * entries 0 and 1 (wired). */
void tlb_clear(void);
#define TLB_FREE 2 /* first entry that is the test's */

static inline uint64_t entrylo(uint64_t pa, unsigned flags)
{
	return pa >> 12 << 6 | flags;
}
#define LO_G		1u
#define LO_V		2u
#define LO_D		4u
#define LO_C		0x18u /* cached */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
