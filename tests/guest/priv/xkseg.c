/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores of the kernel through XKSEG do what they do through CKSEG0: every kind of them, at
 * every offset, in a delay slot, and with every exception. A monitor may have to emulate them all.
 */
#include "runtime.h"

PROGRAM_NAME;

#define XKSEG_PAGE (UINT64_C(0xc000000000000000) + 0x346000)
#define PATTERN	   UINT64_C(0x8899aabbccddeeff)
#define VALUE	   UINT64_C(0x0123456789abcdef)

static volatile uint64_t *const word = (volatile uint64_t *)CKSEG0(FREE_RAM);

/* Opcodes, the bytes their address has to be a multiple of. */
static const struct {
	uint8_t opcode, align;
	bool store;
} kind[] = {
	{0x20, 1, false}, {0x24, 1, false}, {0x21, 2, false}, {0x25, 2, false}, {0x23, 4, false},
	{0x27, 4, false}, {0x37, 8, false}, {0x30, 4, false}, {0x34, 8, false}, {0x22, 1, false},
	{0x26, 1, false}, {0x1a, 1, false}, {0x1b, 1, false}, {0x28, 1, true},	{0x29, 2, true},
	{0x2b, 4, true},  {0x3f, 8, true},  {0x2a, 1, true},  {0x2e, 1, true},	{0x2c, 1, true},
	{0x2d, 1, true},
};

static void map(unsigned flags)
{
	tlb_set(TLB_FREE, XKSEG_PAGE, entrylo(FREE_RAM, flags | LO_G | LO_C), LO_G, 0);
}

static void fill(void)
{
	word[0] = PATTERN;
	word[1] = ~PATTERN;
}

/* @words, then what memory and registers are, at both addresses. */
static void compare(const uint32_t *words, unsigned count, unsigned offset, unsigned opcode)
{
	struct trap *trap;
	uint64_t v0, v1, first, second;

	about("opcode, offset", opcode, offset, 0, 0);
	fill();
	trap = run_code(KERNEL, STATUS_64BIT, words, count, CKSEG0(FREE_RAM) + offset, VALUE);
	v0 = trap->gpr[V0];
	v1 = trap->gpr[V1];
	first = word[0];
	second = word[1];
	fill();
	trap = run_code(KERNEL, STATUS_64BIT, words, count, XKSEG_PAGE + offset, VALUE);
	check("goes through", trap_is_end(trap, KERNEL, count));
	check_eq("$v0", trap->gpr[V0], v0);
	check_eq("$v1", trap->gpr[V1], v1);
	check_eq("memory", word[0], first);
	check_eq("memory after it", word[1], second);
}

static void every_kind(void)
{
	for (unsigned k = 0; k < COUNT_OF(kind); k++)
		for (unsigned offset = 0; offset < 8; offset += kind[k].align) {
			const uint32_t access = I_TYPE(kind[k].opcode, A0, V0, 0);
			const uint32_t plain[] = {MOVE(V0, A1), access};
			const uint32_t zero[] = {MOVE(V0, A1), I_TYPE(kind[k].opcode, A0, ZERO, 0)};
			const uint32_t slot[] = {MOVE(V0, A1), BEQ(ZERO, ZERO, 2), access,
						 ORI(V1, ZERO, 1), NOP};

			compare(plain, 2, offset, kind[k].opcode);
			compare(zero, 2, offset, kind[k].opcode);
			compare(slot, COUNT_OF(slot), offset, kind[k].opcode);
		}
}

static void exceptions(void)
{
	for (unsigned k = 0; k < COUNT_OF(kind); k++) {
		const uint32_t words[] = {ORI(V0, ZERO, 5), I_TYPE(kind[k].opcode, A0, V0, 0)};
		bool store = kind[k].store;
		struct trap *trap;

		about("exceptions of opcode", kind[k].opcode, 0, 0, 0);
		fill();
		if (kind[k].align > 1) {
			trap = run_code(KERNEL, STATUS_64BIT, words, 2, XKSEG_PAGE + 1, 0);
			check_exception(trap, KERNEL, 1, store ? EXC_ADES : EXC_ADEL);
			check_eq("BadVAddr", trap->badvaddr, XKSEG_PAGE + 1);
		}
		trap = run_code(KERNEL, STATUS_64BIT, words, 2, XKSEG_PAGE + 0x1000, 0);
		check_exception(trap, KERNEL, 1, store ? EXC_TLBS : EXC_TLBL);
		check_eq("BadVAddr", trap->badvaddr, XKSEG_PAGE + 0x1000);
		trap = run_code(KERNEL, STATUS_64BIT, words, 2, XKSEG_PAGE + 0x20000, 0);
		check_eq("refill: vector", trap->vector, 0x080);
		check_eq("refill: code", trap_code(trap), store ? EXC_TLBS : EXC_TLBL);
		if (store) {
			map(LO_V);
			trap = run_code(KERNEL, STATUS_64BIT, words, 2, XKSEG_PAGE, 0);
			check_exception(trap, KERNEL, 1, EXC_MOD);
			map(LO_V | LO_D);
		}
		check_eq("register unchanged", trap->gpr[V0], 5);
		check_eq("memory unchanged", word[0], PATTERN);
	}
}

static void links(void)
{
	const uint32_t add[] = {
		LL(V0, 0, A0), ADDIU(V0, V0, 1),  SC(V0, 0, A0),     BEQ(V0, ZERO, -4),
		NOP,	       ADDIU(A1, A1, -1), BNE(A1, ZERO, -7), NOP,
	};
	const uint32_t wide[] = {
		LLD(V0, 0, A0), DADDIU(V0, V0, 1), SCD(V0, 0, A0),    BEQ(V0, ZERO, -4),
		NOP,		ADDIU(A1, A1, -1), BNE(A1, ZERO, -7), NOP,
	};
	const uint32_t twice[] = {LL(V1, 0, A0),     ORI(V0, ZERO, 1), SC(V0, 0, A0),
				  ORI(T0, ZERO, 2), SC(T0, 0, A0)};
	const uint32_t other[] = {LL(V1, 0, A0), ORI(V0, ZERO, 9), SC(V0, 8, A0)};
	const uint32_t link[] = {LL(V1, 0, A0)};
	const uint32_t store[] = {MOVE(V0, A1), SC(V0, 0, A0)};
	struct trap *trap;

	about("links", 0, 0, 0, 0);
	word[0] = UINT64_C(0xffffffff00000000);
	trap = run_code(KERNEL, STATUS_64BIT, add, COUNT_OF(add), XKSEG_PAGE, 1000);
	check("increments end", trap_is_end(trap, KERNEL, COUNT_OF(add)));
	check_eq("sum", word[0], UINT64_C(0xffffffff00000000) + 1000);
	trap = run_code(KERNEL, STATUS_64BIT, wide, COUNT_OF(wide), XKSEG_PAGE, 1000);
	check_eq("wide sum", word[0], UINT64_C(0xffffffff00000000) + 2000);
	trap = run_code(KERNEL, STATUS_64BIT, link, 1, XKSEG_PAGE, 0);
	trap = run_code(KERNEL, STATUS_64BIT, store, 2, XKSEG_PAGE, 99);
	check_eq("sc after eret fails", trap->gpr[V0], 0);
	check_eq("memory unchanged", word[0], UINT64_C(0xffffffff00000000) + 2000);
	if (!PLATFORM_IS_DISCO)
		return; /* QEMU keeps the link, and does not compare the size */
	trap = run_code(KERNEL, STATUS_64BIT, twice, COUNT_OF(twice), XKSEG_PAGE, 0);
	check_eq("first sc succeeds", trap->gpr[V0], 1);
	check_eq("second fails", trap->gpr[T0], 0);
	trap = run_code(KERNEL, STATUS_64BIT, other, COUNT_OF(other), XKSEG_PAGE, 0);
	check_eq("sc elsewhere fails", trap->gpr[V0], 0);
}

/* LL in one segment ends the link made in the other. */
static void links_between(void)
{
	const uint32_t words[] = {LL(V0, 0, A0), LL(V1, 0, A1), SC(V0, 0, A0)};
	struct trap *trap;

	if (!PLATFORM_IS_DISCO)
		return;
	about("links in two segments", 0, 0, 0, 0);
	trap = run_code(KERNEL, STATUS_64BIT, words, COUNT_OF(words), CKSEG0(FREE_RAM) + 64,
			XKSEG_PAGE);
	check_eq("sc fails", trap->gpr[V0], 0);
}

static void synci(void)
{
	const uint32_t words[] = {SYNCI(0, A0)};
	struct trap *trap = run_code(KERNEL, STATUS_64BIT, words, 1, XKSEG_PAGE, 0);

	about("synci", 0, 0, 0, 0);
	check("goes through", trap_is_end(trap, KERNEL, 1));
}

void test(void)
{
	map(LO_V | LO_D);
	every_kind();
	exceptions();
	links();
	links_between();
	synci();
}
