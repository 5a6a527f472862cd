/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CACHE, SYNCI, PREF; code that changes, through every alias. */
#include "runtime.h"

PROGRAM_NAME;

#define DATA_PAGE UINT64_C(0x00800000)
#define NO_PAGE	  UINT64_C(0x00a00000)

static const enum mode modes[] = {KERNEL, SUPERVISOR, USER};

/* All 32 operations on memory that is there: nothing happens to data. */
static void operations(void)
{
	volatile uint64_t *word = (volatile uint64_t *)CKSEG0(FREE_RAM);

	for (unsigned op = 0; op < 32; op++) {
		const uint32_t code = CACHE(op, 0, A0);
		struct trap *trap;

		/* 0x11 and 0x13, 0x15..: writing nothing back is allowed only for clean lines */
		about("cache", op, 0, 0, 0);
		*word = op + 1;
		__asm__ volatile("sync");
		(void)*(volatile uint64_t *)CKSEG1(FREE_RAM);
		trap = run_code(KERNEL, STATUS_64BIT, &code, 1, CKSEG0(FREE_RAM), 0);
		check("goes through", trap_is_end(trap, KERNEL, 1));
		check_eq("memory", *word, op + 1);
		trap = run_code(KERNEL, STATUS_64BIT, &code, 1, DATA_PAGE, 0);
		check("goes through, mapped", trap_is_end(trap, KERNEL, 1));
		check_eq("memory", *word, op + 1);
	}
}

#if PLATFORM_IS_DISCO
/* Operations by address (4 and up) translate it, those by index do not. */
static void translation(void)
{
	for (unsigned op = 0; op < 32; op++) {
		const uint32_t code = CACHE(op, 0, A0);
		struct trap *trap;

		about("cache, no TLB entry", op, 0, 0, 0);
		trap = run_code(KERNEL, STATUS_64BIT, &code, 1, NO_PAGE, 0);
		if (op >> 2 < 4) {
			check("goes through", trap_is_end(trap, KERNEL, 1));
			continue;
		}
		check_eq("ExcCode", trap_code(trap), EXC_TLBL);
		check_eq("vector", trap->vector, VECTOR_XTLB_REFILL);
		check_eq("BadVAddr", trap->badvaddr, NO_PAGE);
		check_eq("EPC", trap->epc, code_address(KERNEL, 0));
		about("cache, invalid entry", op, 0, 0, 0);
		trap = run_code(KERNEL, STATUS_64BIT, &code, 1, DATA_PAGE + 0x1000, 0);
		check_exception(trap, KERNEL, 0, EXC_TLBL);
		check_eq("BadVAddr", trap->badvaddr, DATA_PAGE + 0x1000);
	}
	for (unsigned m = 0; m < COUNT_OF(modes); m++) {
		const uint32_t code = SYNCI(4, A0);
		struct trap *trap;

		about("synci", modes[m], 0, 0, 0);
		trap = run_code(modes[m], STATUS_64BIT, &code, 1, DATA_PAGE, 0);
		check("goes through", trap_is_end(trap, modes[m], 1));
		trap = run_code(modes[m], STATUS_64BIT, &code, 1, NO_PAGE, 0);
		check_eq("ExcCode", trap_code(trap), EXC_TLBL);
		check_eq("vector", trap->vector, VECTOR_XTLB_REFILL);
		check_eq("BadVAddr", trap->badvaddr, NO_PAGE + 4);
		trap = run_code(modes[m], STATUS_64BIT, &code, 1, DATA_PAGE + 0x1000, 0);
		check_exception(trap, modes[m], 0, EXC_TLBL);
	}
	about("Index Load Tag", 0, 0, 0, 0);
	write_cp0(28, 0, 0x1234);
	__asm__ volatile("cache 4, 0(%0)" ::"r"(CKSEG0(0)));
	check_eq("TagLo", read_cp0_32(28, 0), 0);
}
#endif

/* Prefetches never fault. */
static void prefetches(void)
{
	static const uint64_t addresses[] = {
		0, 1, NO_PAGE, DATA_PAGE + 0x1000, ~0ull, UINT64_C(0x8fffffffffffffff)};

	for (unsigned hint = 0; hint < 32; hint++)
		for (unsigned a = 0; a < COUNT_OF(addresses); a++)
			for (unsigned m = 0; m < COUNT_OF(modes); m++) {
				const uint32_t code = PREF(hint, 0, A0);
				struct trap *trap;

				if (hint > 7 && hint != 25 && hint != 30)
					continue; /* reserved */
				about("pref", hint, addresses[a], modes[m], 0);
				trap = run_code(modes[m], STATUS_64BIT, &code, 1, addresses[a], 0);
				check("goes through", trap_is_end(trap, modes[m], 1));
			}
}

/* The code page is rewritten after it has run, many times; new code is what runs. */
static void rewritten(void)
{
	for (unsigned i = 0; i < 200; i++)
		for (unsigned m = 0; m < COUNT_OF(modes); m++) {
			const uint32_t words[] = {ORI(V0, ZERO, i), ADDIU(V0, V0, m)};
			struct trap *trap;

			about("rewritten code", i, modes[m], 0, 0);
			trap = run_code(modes[m], STATUS_64BIT, words, 2, 0, 0);
			check_eq("runs", trap->gpr[V0], i + m);
		}
}

/* Code that stores into itself, some instructions ahead, through a writable alias of its page. */
static void stores_into_itself(void)
{
	uint64_t alias = DATA_PAGE + 0x4000, pa = (uint64_t)code_page - MIPS_CKSEG0;

	tlb_set(TLB_FREE + 2, alias, entrylo(pa, LO_V | LO_D | LO_G | LO_C), LO_G, 0);
	for (unsigned i = 0; i < 100; i++) {
		const uint32_t words[] = {
			SW(A1, 6 * 4, A0), SYNCI(6 * 4, A0), EHB, NOP, NOP, ORI(V0, ZERO, 1),
			ORI(V0, V0, 2),	   ORI(V0, V0, 4),
		};
		struct trap *trap;

		about("code that stores into itself", i, 0, 0, 0);
		trap = run_code(USER, STATUS_64BIT, words, COUNT_OF(words), alias,
				ORI(V0, V0, 0x100 + i * 8));
		check("goes through", trap_is_end(trap, USER, COUNT_OF(words)));
		check_eq("the new instruction ran", trap->gpr[V0], (0x100 + i * 8) | 1 | 4);
	}
}

/* A page of code is mapped away and another one mapped in its place. */
static void remapped(void)
{
	volatile uint32_t *page = (volatile uint32_t *)CKSEG0(FREE_RAM + 0x10000);
	const uint64_t va = DATA_PAGE + 0x8000;

	for (unsigned i = 0; i < 16; i++) {
		page[i * 1024] = ORI(V0, ZERO, i + 1);
		page[i * 1024 + 1] = SYSCALL;
	}
	for (unsigned round = 0; round < 64; round++) {
		uint64_t pa = FREE_RAM + 0x10000 + (round * 7 % 16) * 0x1000;
		struct trap *trap;

		about("remapped code", round, 0, 0, 0);
		tlb_set(TLB_FREE + 3, va, entrylo(pa, LO_V | LO_G | LO_C), LO_G, 0);
		trap = run(va, STATUS_64BIT | USER, (uint64_t[]){0, 0, 0, 0});
		check_eq("ExcCode", trap_code(trap), EXC_SYS);
		check_eq("value", trap->gpr[V0], round * 7 % 16 + 1);
	}
}

void test(void)
{
	tlb_set(TLB_FREE, DATA_PAGE, entrylo(FREE_RAM, LO_V | LO_D | LO_G | LO_C), LO_G, 0);
	operations();
#if PLATFORM_IS_DISCO
	translation();
#endif
	prefetches();
	rewritten();
	stores_into_itself();
	remapped();
}
