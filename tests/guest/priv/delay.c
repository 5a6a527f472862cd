/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions in delay slots, for every kind of branch, taken and not taken: EPC is the branch, BD
 * is set, the link register is written; the slot of a branch-likely that is not taken does nothing.
 */
#include "runtime.h"

PROGRAM_NAME;

#define DATA_PAGE UINT64_C(0x00800000)
#define NO_PAGE	  UINT64_C(0x00a00000)

enum { NOT_TAKEN, TAKEN };

struct branch {
	const char *name;
	uint32_t word;	/* offset field zero; a0, a1 are compared */
	uint64_t a0[2]; /* not taken, taken */
	bool likely, links, jump, always;
};

#define MINUS UINT64_C(0xffffffffffffffff)

static const struct branch branches[] = {
	{"beq", I_TYPE(0x04, A0, A1, 0), {1, 0}, false, false, false, false},
	{"bne", I_TYPE(0x05, A0, A1, 0), {0, 1}, false, false, false, false},
	{"blez", I_TYPE(0x06, A0, 0, 0), {1, 0}, false, false, false, false},
	{"bgtz", I_TYPE(0x07, A0, 0, 0), {0, 1}, false, false, false, false},
	{"beql", I_TYPE(0x14, A0, A1, 0), {1, 0}, true, false, false, false},
	{"bnel", I_TYPE(0x15, A0, A1, 0), {0, 1}, true, false, false, false},
	{"blezl", I_TYPE(0x16, A0, 0, 0), {1, MINUS}, true, false, false, false},
	{"bgtzl", I_TYPE(0x17, A0, 0, 0), {MINUS, 1}, true, false, false, false},
	{"bltz", I_TYPE(0x01, A0, 0x00, 0), {0, MINUS}, false, false, false, false},
	{"bgez", I_TYPE(0x01, A0, 0x01, 0), {MINUS, 0}, false, false, false, false},
	{"bltzl", I_TYPE(0x01, A0, 0x02, 0), {0, MINUS}, true, false, false, false},
	{"bgezl", I_TYPE(0x01, A0, 0x03, 0), {MINUS, 0}, true, false, false, false},
	{"bltzal", I_TYPE(0x01, A0, 0x10, 0), {0, MINUS}, false, true, false, false},
	{"bgezal", I_TYPE(0x01, A0, 0x11, 0), {MINUS, 0}, false, true, false, false},
	{"bltzall", I_TYPE(0x01, A0, 0x12, 0), {0, MINUS}, true, true, false, false},
	{"bgezall", I_TYPE(0x01, A0, 0x13, 0), {MINUS, 0}, true, true, false, false},
	{"j", 0x02u << 26, {0, 0}, false, false, true, true},
	{"jal", 0x03u << 26, {0, 0}, false, true, true, true},
	{"jr", JR(T0), {0, 0}, false, false, false, true},
	{"jalr", JALR(RA, T0), {0, 0}, false, true, false, true},
};

struct slot {
	const char *name;
	uint32_t word;
	enum mips_exception code;
	uint64_t badvaddr;
	bool refill;
};

/* a2 holds DATA_PAGE, a3 NO_PAGE, t1 the greatest 32-bit number. */
static const struct slot slots[] = {
	{"syscall", SYSCALL, EXC_SYS, 0, false},
	{"break", BREAK, EXC_BP, 0, false},
	{"teq", R_TYPE(0x34, 0, 0, 0, 0), EXC_TR, 0, false},
	{"add", R_TYPE(0x20, T1, T1, V0, 0), EXC_OV, 0, false},
	{"reserved", R_TYPE(0x28, 0, 0, 0, 0), EXC_RI, 0, false},
	{"cop1", 0x46000000u, EXC_CPU, 0, false},
	{"lw misaligned", LW(V0, 2, A2), EXC_ADEL, DATA_PAGE + 2, false},
	{"sw misaligned", SW(V0, 2, A2), EXC_ADES, DATA_PAGE + 2, false},
	{"lw refill", LW(V0, 8, A3), EXC_TLBL, NO_PAGE + 8, true},
	{"sw refill", SW(V0, 8, A3), EXC_TLBS, NO_PAGE + 8, true},
	{"lw invalid", LW(V0, 0x1008 - 0x2000, A2), EXC_TLBL, DATA_PAGE + 0x1008 - 0x2000, false},
	{"sw modified", SW(V0, 8, A2), EXC_MOD, DATA_PAGE + 8, false},
};

/* Word 5 is the branch, 6 the slot, 7 and on the way not taken, 12 the target. */
enum { AT_BRANCH = 7, AT_SLOT, AT_NEXT, AT_TARGET = 14, WORDS = 18 };

static uint32_t branch_word(const struct branch *branch, enum mode mode)
{
	if (branch->jump)
		return branch->word | (code_address(mode, AT_TARGET) >> 2 & 0x3ffffff);
	if (branch->always)
		return branch->word;
	return branch->word | (AT_TARGET - AT_SLOT);
}

static struct trap *run_branch(const struct branch *branch, unsigned taken, uint32_t slot,
			       enum mode mode)
{
	uint64_t target = code_address(mode, AT_TARGET);
	uint32_t words[WORDS] = {
		I_TYPE(0x0f, 0, A2, DATA_PAGE >> 16),
		I_TYPE(0x0f, 0, A3, NO_PAGE >> 16),
		I_TYPE(0x0f, 0, T0, target >> 16),
		ORI(T0, T0, target),
		I_TYPE(0x0f, 0, T1, 0x7fff),
		ORI(V0, ZERO, 0x77),
		ORI(RA, ZERO, 0x55),
	};

	words[AT_BRANCH] = branch_word(branch, mode);
	words[AT_SLOT] = slot;
	words[AT_NEXT] = BREAK | 1 << 16;
	words[AT_TARGET] = BREAK | 2 << 16;
	return run_code(mode, STATUS_64BIT, words, WORDS, branch->a0[taken], 0);
}

static void one(const struct branch *branch, unsigned taken, const struct slot *slot,
		enum mode mode)
{
	struct trap *trap = run_branch(branch, taken, slot->word, mode);

	if (branch->likely && !taken) {
		check_eq("slot skipped: ExcCode", trap_code(trap), EXC_BP);
		check_eq("slot skipped: EPC", trap->epc, code_address(mode, AT_NEXT));
		check_eq("slot skipped: BD", trap->cause & CAUSE_BD, 0);
		return;
	}
	check_eq("ExcCode", trap_code(trap), slot->code);
	check_eq("EPC", trap->epc, code_address(mode, AT_BRANCH));
	check_eq("BD", trap->cause & CAUSE_BD, CAUSE_BD);
	check_eq("destination unchanged", trap->gpr[V0], 0x77);
	check_eq("$ra", trap->gpr[RA], branch->links ? code_address(mode, AT_NEXT) : 0x55);
	check_eq("vector", trap->vector, slot->refill ? VECTOR_XTLB_REFILL : VECTOR_GENERAL);
	if (slot->badvaddr)
		check_eq("BadVAddr", trap->badvaddr, slot->badvaddr);
	if (slot->code == EXC_CPU)
		check_eq("Cause.CE", (trap->cause & CAUSE_CE) >> CAUSE_CE_SHIFT, 1);
}

/* Without an exception: where does it go, and was the slot executed? */
static void way(const struct branch *branch, unsigned taken, enum mode mode)
{
	struct trap *trap = run_branch(branch, taken, ORI(V0, ZERO, 0x88), mode);
	unsigned at = taken || branch->always ? AT_TARGET : AT_NEXT;
	bool slot = taken || branch->always || !branch->likely;

	check_eq("goes to", trap->epc, code_address(mode, at));
	check_eq("slot executed", trap->gpr[V0], slot ? 0x88 : 0x77);
	check_eq("$ra", trap->gpr[RA], branch->links ? code_address(mode, AT_NEXT) : 0x55);
}

/* The delay slot lies on a page that is not mapped: BadVAddr is the slot, EPC the branch. */
static void slot_fetch(void)
{
	const uint64_t va = DATA_PAGE - 0x2000 + 0xffc;
	struct trap *trap;

	about("slot on another page", 0, 0, 0, 0);
	*(volatile uint32_t *)CKSEG0(FREE_RAM + 0xffc) = BEQ(ZERO, ZERO, 10);
	trap = run(va, STATUS_64BIT | USER, (uint64_t[]){0, 0, 0, 0});
	check_eq("ExcCode", trap_code(trap), EXC_TLBL);
	check_eq("EPC", trap->epc, va);
	check_eq("BadVAddr", trap->badvaddr, va + 4);
	check_eq("BD", trap->cause & CAUSE_BD, CAUSE_BD);
	check_eq("vector", trap->vector, VECTOR_GENERAL);
}

void test(void)
{
	static const enum mode modes[] = {KERNEL, USER};

	tlb_set(TLB_FREE, DATA_PAGE, entrylo(FREE_RAM, LO_V | LO_G | LO_C), LO_G, 0);
	tlb_set(TLB_FREE + 1, DATA_PAGE - 0x2000, entrylo(FREE_RAM, LO_V | LO_G | LO_C), LO_G, 0);
	for (unsigned m = 0; m < COUNT_OF(modes); m++)
		for (unsigned b = 0; b < COUNT_OF(branches); b++)
			for (unsigned taken = 0; taken < 2; taken++) {
				for (unsigned s = 0; s < COUNT_OF(slots); s++) {
					about(branches[b].name, modes[m], taken, slots[s].word, 0);
					one(&branches[b], taken, &slots[s], modes[m]);
				}
				about(branches[b].name, modes[m], taken, 0, 0);
				way(&branches[b], taken, modes[m]);
			}
	slot_fetch();
}
