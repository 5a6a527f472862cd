/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every segment of the 64-bit address space: which mode may use it with which of KX, SX and UX, and
 * through which refill vector; reads, writes and fetches.
 */
#include "runtime.h"

PROGRAM_NAME;

enum kind {
	NEVER,	  /* address error always */
	UNMAPPED, /* to a physical address */
	MAPPED,	  /* through the TLB, which is empty: a refill */
};

/* @modes: bit 0 kernel, 1 supervisor, 2 user. @enable: the Status bit needed, 0 for none.
 * @refill: the Status bit that selects the XTLB vector. */
#define K   1u
#define KS  3u
#define KSU 7u

struct segment {
	const char *name;
	uint64_t va;
	enum kind kind;
	unsigned modes;
	uint32_t enable, refill;
};

#define PA (FREE_RAM + 0x100)

/* SEGBITS and PABITS are the processor's; 0 in @va's bits above is filled in below. */
static struct segment segments[] = {
	{"useg start", 0x8, MAPPED, KSU, 0, STATUS_UX},
	{"useg", 0x3ffffff8, MAPPED, KSU, 0, STATUS_UX},
	{"useg, second half", 0x40000000, MAPPED, KSU, 0, STATUS_UX},
	{"useg end", 0x7ffffff8, MAPPED, KSU, 0, STATUS_UX},
	{"xuseg", 0x80000000, MAPPED, KSU, STATUS_UX, STATUS_UX},
	{"xuseg", UINT64_C(0x100000000), MAPPED, KSU, STATUS_UX, STATUS_UX},
	{"xuseg end", 0, MAPPED, KSU, STATUS_UX, STATUS_UX},
	{"past xuseg", 0, NEVER, 0, 0, 0},
	{"past xuseg, far", UINT64_C(0x3ffffffffffffff8), NEVER, 0, 0, 0},
	{"xsseg", UINT64_C(0x4000000000000000), MAPPED, KS, STATUS_SX, STATUS_SX},
	{"xsseg", UINT64_C(0x4000000080000000), MAPPED, KS, STATUS_SX, STATUS_SX},
	{"xsseg end", 0, MAPPED, KS, STATUS_SX, STATUS_SX},
	{"past xsseg", 0, NEVER, 0, 0, 0},
	{"past xsseg, far", UINT64_C(0x7ffffffffffffff8), NEVER, 0, 0, 0},
	{"xkphys 0", UINT64_C(0x8000000000000000) + PA, UNMAPPED, K, STATUS_KX, 0},
	{"xkphys 2, uncached", UINT64_C(0x9000000000000000) + PA, UNMAPPED, K, STATUS_KX, 0},
	{"xkphys 3, cached", UINT64_C(0x9800000000000000) + PA, UNMAPPED, K, STATUS_KX, 0},
	{"xkphys 5, coherent", UINT64_C(0xa800000000000000) + PA, UNMAPPED, K, STATUS_KX, 0},
	{"xkphys 7", UINT64_C(0xb800000000000000) + PA, UNMAPPED, K, STATUS_KX, 0},
	{"past xkphys 3", 0, NEVER, 0, 0, 0},
	{"past xkphys 3, far", UINT64_C(0x9ffffffffffffff8), NEVER, 0, 0, 0},
	{"xkseg", UINT64_C(0xc000000000000000), MAPPED, K, STATUS_KX, STATUS_KX},
	{"xkseg", UINT64_C(0xc000000080000000), MAPPED, K, STATUS_KX, STATUS_KX},
	{"xkseg end", 0, MAPPED, K, STATUS_KX, STATUS_KX},
	{"past xkseg", 0, NEVER, 0, 0, 0},
	{"before ckseg0", UINT64_C(0xffffffff7ffffff8), NEVER, 0, 0, 0},
	{"ckseg0", CKSEG0(PA), UNMAPPED, K, 0, 0},
	{"ckseg1", CKSEG1(PA), UNMAPPED, K, 0, 0},
	{"cksseg", UINT64_C(0xffffffffc0000000), MAPPED, KS, 0, STATUS_SX},
	{"cksseg end", UINT64_C(0xffffffffdffffff8), MAPPED, KS, 0, STATUS_SX},
	{"ckseg3", UINT64_C(0xffffffffe0000000), MAPPED, K, 0, STATUS_KX},
	{"ckseg3 end", UINT64_C(0xfffffffffffffff8), MAPPED, K, 0, STATUS_KX},
};

static unsigned physical_bits(void)
{
	unsigned bits = 12;

	cp0_set(C0_ENTRYLO0, ~UINT64_C(0));
	while (cp0_get(C0_ENTRYLO0) >> (bits - 6) & 1 && bits < 60)
		bits++;
	cp0_set(C0_ENTRYLO0, 0);
	return bits;
}

static void fill_in(void)
{
	uint64_t limit = UINT64_C(1) << segment_bits();
	uint64_t physical = UINT64_C(1) << physical_bits();
	const struct {
		const char *name;
		uint64_t va;
	} value[] = {
		{"xuseg end", limit - 8},
		{"past xuseg", limit},
		{"xsseg end", UINT64_C(0x4000000000000000) + limit - 8},
		{"past xsseg", UINT64_C(0x4000000000000000) + limit},
		{"past xkphys 3", UINT64_C(0x9800000000000000) + physical},
		{"xkseg end", MIPS_XKSEG + limit - UINT64_C(0x80000008)},
		{"past xkseg", MIPS_XKSEG + limit - UINT64_C(0x80000000)},
	};

	for (unsigned i = 0; i < COUNT_OF(segments); i++)
		for (unsigned j = 0; j < COUNT_OF(value); j++)
			if (segments[i].name == value[j].name)
				segments[i].va = value[j].va;
}

struct access {
	const char *name;
	uint32_t words[2];
	enum mips_exception refill, error;
	bool fetch;
};

static const struct access accesses[] = {
	{"read", {LD(V0, 0, A0), NOP}, EXC_TLBL, EXC_ADEL, false},
	{"write", {SD(A1, 0, A0), NOP}, EXC_TLBS, EXC_ADES, false},
	{"fetch", {JR(A0), NOP}, EXC_TLBL, EXC_ADEL, true},
};

#define PATTERN UINT64_C(0x0000000c0000000c) /* two SYSCALLs */

static void one(const struct segment *segment, const struct access *access, enum mode mode,
		uint32_t enables)
{
	volatile uint64_t *memory = (volatile uint64_t *)CKSEG1(PA);
	unsigned mode_bit = 1u << (mode / STATUS_KSU_S);
	enum kind kind = segment->modes & mode_bit ? segment->kind : NEVER;
	struct trap *trap;

	if (segment->enable && !(enables & segment->enable))
		kind = NEVER;
	about(segment->name, segment->va, mode, enables, access->words[0]);
	*memory = access->fetch || access->error == EXC_ADEL ? PATTERN : 0;
	/* Nothing is known of 32-bit user mode with addresses that do not fit: leave them out. */
	trap = run_code(mode, enables | STATUS_PX, access->words, 2, segment->va, PATTERN);
	if (kind == UNMAPPED) {
		if (access->fetch)
			check_eq("EPC", trap->epc, segment->va);
		else
			check("goes through", trap_is_end(trap, mode, 2));
		check_eq("memory", *memory, PATTERN);
		if (access->error == EXC_ADEL && !access->fetch)
			check_eq("value", trap->gpr[V0], PATTERN);
		return;
	}
	check_eq("ExcCode", trap_code(trap), kind == MAPPED ? access->refill : access->error);
	check_eq("BadVAddr", trap->badvaddr, segment->va);
	check_eq("EPC", trap->epc, access->fetch ? segment->va : code_address(mode, 0));
	if (kind == NEVER) {
		check_eq("vector", trap->vector, VECTOR_GENERAL);
		return;
	}
	check_eq("vector", trap->vector,
		 enables & segment->refill ? VECTOR_XTLB_REFILL : VECTOR_TLB_REFILL);
	check_eq("XContext.R", trap->xcontext >> (segment_bits() - 9) & 3, segment->va >> 62);
	check_eq("EntryHi", trap->entryhi,
		 segment->va & (ENTRYHI_R | (((UINT64_C(1) << segment_bits()) - 1) & ~0x1fffull)));
}

/* Does a user-mode address without UX change by wrapping to 32 bits? */
static bool wraps(const struct segment *segment, enum mode mode, uint32_t enables)
{
	return mode == USER && !(enables & STATUS_UX) &&
	       segment->va != (uint64_t)(int64_t)(int32_t)segment->va;
}

/* QEMU selects the vector of cksseg by KX; leave out what it does not agree on. */
static bool disputed(const struct segment *segment, uint32_t enables)
{
	bool cksseg = segment->va >= MIPS_CKSSEG && segment->va < MIPS_CKSEG3;

	return !PLATFORM_IS_DISCO && cksseg && !(enables & STATUS_KX) != !(enables & STATUS_SX);
}

void test(void)
{
	static const enum mode modes[] = {KERNEL, SUPERVISOR, USER};

	fill_in();
	for (unsigned s = 0; s < COUNT_OF(segments); s++)
		for (unsigned bits = 0; bits < 8; bits++)
			for (unsigned m = 0; m < COUNT_OF(modes); m++)
				for (unsigned a = 0; a < COUNT_OF(accesses); a++)
					if (!wraps(&segments[s], modes[m], bits << 5) &&
					    !disputed(&segments[s], bits << 5))
						one(&segments[s], &accesses[a], modes[m],
						    bits << 5);
}
