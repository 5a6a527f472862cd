/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LL and SC on one CPU: success, failure after ERET and without a link, sizes, exceptions between.
 */
#include "runtime.h"

PROGRAM_NAME;

#define DATA_PAGE UINT64_C(0x00800000)
static volatile uint64_t *const word = (volatile uint64_t *)CKSEG0(FREE_RAM);

static void plain(enum mode mode)
{
	for (unsigned i = 0; i < 50; i++) {
		uint64_t value = i * UINT64_C(0x123456789abcd);
		const uint32_t narrow[] = {LL(V1, 0, A0), MOVE(V0, A1), SC(V0, 0, A0)};
		const uint32_t wide[] = {LLD(V1, 0, A0), MOVE(V0, A1), SCD(V0, 0, A0)};
		struct trap *trap;

		about("ll, sc", mode, i, 0, 0);
		*word = UINT64_C(0xfedcba9876543210);
		trap = run_code(mode, STATUS_64BIT, narrow, 3, DATA_PAGE, value);
		check("goes through", trap_is_end(trap, mode, 3));
		check_eq("ll sign-extends", trap->gpr[V1], 0x76543210);
		check_eq("sc succeeds", trap->gpr[V0], 1);
		check_eq("memory", *word, UINT64_C(0xfedcba9800000000) | (value & 0xffffffff));
		trap = run_code(mode, STATUS_64BIT, wide, 3, DATA_PAGE, value);
		check_eq("scd succeeds", trap->gpr[V0], 1);
		check_eq("memory", *word, value);
	}
}

/* An exception and the return from it break the link. */
static void broken(enum mode mode)
{
	const uint32_t store[] = {MOVE(V0, A1), SC(V0, 0, A0)};
	const uint32_t link[] = {LL(V1, 0, A0)};
	struct trap *trap;

	about("sc after eret", mode, 0, 0, 0);
	*word = 7;
	run_code(mode, STATUS_64BIT, link, 1, DATA_PAGE, 0);
	trap = run_code(mode, STATUS_64BIT, store, 2, DATA_PAGE, 99); /* begins with ERET */
	check_eq("fails", trap->gpr[V0], 0);
	check_eq("memory unchanged", *word, 7);
}

/* A second SC without a new LL fails. */
static void twice(enum mode mode)
{
	const uint32_t words[] = {LL(V1, 0, A0), ORI(V0, ZERO, 1), SC(V0, 0, A0), ORI(T0, ZERO, 2),
				  SC(T0, 0, A0)};
	struct trap *trap;

	if (!PLATFORM_IS_DISCO)
		return; /* QEMU keeps the link */
	about("two sc", mode, 0, 0, 0);
	*word = 0;
	trap = run_code(mode, STATUS_64BIT, words, COUNT_OF(words), DATA_PAGE, 0);
	check_eq("first succeeds", trap->gpr[V0], 1);
	check_eq("second fails", trap->gpr[T0], 0);
	check_eq("memory", *word, 1);
}

/* SC to a clean page: TLB modified, nothing stored. */
static void clean_page(enum mode mode)
{
	const uint32_t words[] = {LL(V1, 0, A0), ORI(V0, ZERO, 5), SC(V0, 0, A0)};
	struct trap *trap;

	about("sc to a clean page", mode, 0, 0, 0);
	*word = 3;
	tlb_set(TLB_FREE, DATA_PAGE, entrylo(FREE_RAM, LO_V | LO_G | LO_C), LO_G, 0);
	trap = run_code(mode, STATUS_64BIT, words, COUNT_OF(words), DATA_PAGE, 0);
	check_exception(trap, mode, 2, EXC_MOD);
	check_eq("BadVAddr", trap->badvaddr, DATA_PAGE);
	check_eq("$v0 unchanged", trap->gpr[V0], 5);
	check_eq("memory unchanged", *word, 3);
	tlb_set(TLB_FREE, DATA_PAGE, entrylo(FREE_RAM, LO_V | LO_D | LO_G | LO_C), LO_G, 0);
}

/* Without a link, SC still translates its address first. */
static void clean_page_without_link(enum mode mode)
{
	const uint32_t words[] = {ORI(V0, ZERO, 5), SC(V0, 0, A0)};
	struct trap *trap;

	if (!PLATFORM_IS_DISCO)
		return; /* QEMU looks at the link first */
	about("sc to a clean page without a link", mode, 0, 0, 0);
	*word = 3;
	tlb_set(TLB_FREE, DATA_PAGE, entrylo(FREE_RAM, LO_V | LO_G | LO_C), LO_G, 0);
	trap = run_code(mode, STATUS_64BIT, words, COUNT_OF(words), DATA_PAGE, 0);
	check_exception(trap, mode, 1, EXC_MOD);
	check_eq("BadVAddr", trap->badvaddr, DATA_PAGE);
	check_eq("$v0 unchanged", trap->gpr[V0], 5);
	tlb_set(TLB_FREE, DATA_PAGE, entrylo(FREE_RAM, LO_V | LO_D | LO_G | LO_C), LO_G, 0);
}

/* A loop of increments, as every lock and counter has it. */
static void increments(enum mode mode)
{
	const uint32_t words[] = {
		LL(V0, 0, A0), ADDIU(V0, V0, 1),  SC(V0, 0, A0),     BEQ(V0, ZERO, -4),
		NOP,	       ADDIU(A1, A1, -1), BNE(A1, ZERO, -7), NOP,
	};
	struct trap *trap;

	about("increments", mode, 0, 0, 0);
	*word = 0;
	trap = run_code(mode, STATUS_64BIT, words, COUNT_OF(words), DATA_PAGE, 3000);
	check("goes through", trap_is_end(trap, mode, COUNT_OF(words)));
	check_eq("sum", *word, 3000);
}

void test(void)
{
	static const enum mode modes[] = {KERNEL, SUPERVISOR, USER};

	tlb_set(TLB_FREE, DATA_PAGE, entrylo(FREE_RAM, LO_V | LO_D | LO_G | LO_C), LO_G, 0);
	for (unsigned m = 0; m < COUNT_OF(modes); m++) {
		plain(modes[m]);
		broken(modes[m]);
		twice(modes[m]);
		clean_page(modes[m]);
		clean_page_without_link(modes[m]);
		increments(modes[m]);
	}
}
