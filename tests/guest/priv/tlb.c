/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TLB: PageMask, even and odd pages, ASID, G, V, D, TLBR, TLBP, Wired, Random, xuseg tags. */
#include "runtime.h"

PROGRAM_NAME;

#define VA     UINT64_C(0x20000000)

/* What an access comes to: an ExcCode, EXC_SYS when it goes through; refills are marked. */
#define REFILL 0x100u

static unsigned outcome(const uint32_t *word, uint64_t va, enum mode mode, uint64_t *value)
{
	struct trap *trap = run_code(mode, STATUS_64BIT, word, 1, va, 0);

	if (value)
		*value = trap->gpr[V0];
	if (trap_is_end(trap, mode, 1))
		return EXC_SYS;
	check_eq("BadVAddr", trap->badvaddr, va);
	return trap_code(trap) | (trap->vector < VECTOR_GENERAL ? REFILL : 0);
}

static unsigned load(uint64_t va, enum mode mode, uint64_t *value)
{
	static const uint32_t word = LD(V0, 0, A0);

	return outcome(&word, va, mode, value);
}

static unsigned store(uint64_t va, enum mode mode)
{
	static const uint32_t word = SD(A1, 0, A0);

	return outcome(&word, va, mode, NULL);
}

/* The word at each 4 KiB of the free RAM holds its own physical address. */
static void fill_ram(void)
{
	for (uint64_t pa = FREE_RAM; pa < FREE_RAM + (16 << 20); pa += 4096)
		*(volatile uint64_t *)CKSEG0(pa) = pa;
}

/* Every page size: which addresses match, and where the two halves go. */
static void page_sizes(void)
{
	for (uint32_t mask = 0; mask <= 0x1fffe000; mask = mask << 2 | 0x6000) {
		uint64_t size = ((uint64_t)mask | 0x1fff) / 2 + 1;
		uint64_t inner = size < (8 << 20) ? size : 8 << 20; /* within the free RAM */
		/* a PFN inside a large page is rounded down to it */
		uint64_t base = FREE_RAM & ~(size - 1), probe = FREE_RAM - base, value;

		about("page size", size, 0, 0, 0);
		tlb_clear();
		tlb_set(TLB_FREE, VA & ~(2 * size - 1), entrylo(base, LO_V | LO_D | LO_C),
			entrylo(base, LO_V | LO_D | LO_C), mask);
		for (unsigned odd = 0; odd < 2; odd++) {
			uint64_t page = (VA & ~(2 * size - 1)) + odd * size;

			for (uint64_t at = 0; at < inner; at = at ? at * 2 : 4096) {
				check_eq("load", load(page + probe + at, USER, &value), EXC_SYS);
				check_eq("physical address", value, FREE_RAM + at);
			}
			value = probe + inner - 4096;
			check_eq("last", load(page + value, USER, &value), EXC_SYS);
			check_eq("last's address", value, FREE_RAM + inner - 4096);
			check_eq("store", store(page + probe + 8, USER), EXC_SYS);
		}
		check_eq("after", load((VA & ~(2 * size - 1)) + 2 * size, USER, NULL),
			 EXC_TLBL | REFILL);
		if (2 * size <= VA / 2)
			check_eq("before", load((VA & ~(2 * size - 1)) - 8, USER, NULL),
				 EXC_TLBL | REFILL);
		cp0_set(C0_INDEX, TLB_FREE);
		tlbr();
		check_eq("PageMask", cp0_get32(C0_PAGEMASK), mask);
		check_eq("EntryHi", cp0_get(C0_ENTRYHI), VA & ~(2 * size - 1));
		cp0_set(C0_PAGEMASK, 0);
		if (mask == 0x1fffe000)
			break;
	}
}

static void asids(void)
{
	static const uint8_t asid[] = {0, 1, 2, 0x55, 0x80, 0xff};

	tlb_clear();
	for (unsigned i = 0; i < COUNT_OF(asid); i++)
		tlb_set(TLB_FREE + i, VA | asid[i],
			entrylo(FREE_RAM + 0x1000 * i, LO_V | LO_D | LO_C),
			entrylo(FREE_RAM + 0x10000 + 0x1000 * i, LO_V | LO_D | LO_C), 0);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < COUNT_OF(asid); i++) {
			uint64_t value;

			about("asid", asid[i], round, 0, 0);
			cp0_set(C0_ENTRYHI, asid[i]);
			check_eq("even", load(VA, USER, &value), EXC_SYS);
			check_eq("even's address", value, FREE_RAM + 0x1000 * i);
			check_eq("odd", load(VA + 0x1000, USER, &value), EXC_SYS);
			check_eq("odd's address", value, FREE_RAM + 0x10000 + 0x1000 * i);
			cp0_set(C0_ENTRYHI, VA | asid[i]);
			tlbp();
			check_eq("TLBP", cp0_get32(C0_INDEX), TLB_FREE + i);
			cp0_set(C0_ENTRYHI, (asid[i] + 0x10) & 0xff);
			check_eq("other ASID", load(VA, USER, NULL), EXC_TLBL | REFILL);
			check_eq("ASID kept in EntryHi", cp0_get(C0_ENTRYHI),
				 VA | ((asid[i] + 0x10) & 0xff));
			cp0_set(C0_ENTRYHI, VA | ((asid[i] + 0x10) & 0xff));
			tlbp();
			check_eq("TLBP of another ASID", cp0_get32(C0_INDEX) >> 31 & 1, 1);
		}
	}
	cp0_set(C0_ENTRYHI, 0);
}

/* G counts only when it is set in both halves. */
static void global(void)
{
	for (unsigned bits = 0; bits < 4; bits++) {
		uint64_t g0 = bits & 1, g1 = bits >> 1;

		about("global", g0, g1, 0, 0);
		tlb_clear();
		tlb_set(TLB_FREE, VA | 7, entrylo(FREE_RAM, LO_V | LO_C | g0),
			entrylo(FREE_RAM, LO_V | LO_C | g1), 0);
		cp0_set(C0_ENTRYHI, 7);
		check_eq("own ASID", load(VA, USER, NULL), EXC_SYS);
		cp0_set(C0_ENTRYHI, 8);
		check_eq("other ASID", load(VA, USER, NULL), g0 & g1 ? EXC_SYS : EXC_TLBL | REFILL);
		cp0_set(C0_ENTRYHI, VA | 9);
		tlbp();
		check_eq("TLBP", cp0_get32(C0_INDEX) >> 31 & 1, !(g0 & g1));
		cp0_set(C0_INDEX, TLB_FREE);
		tlbr();
		check_eq("G in EntryLo0", cp0_get(C0_ENTRYLO0) & LO_G, g0 & g1);
		check_eq("G in EntryLo1", cp0_get(C0_ENTRYLO1) & LO_G, g0 & g1);
		check_eq("ASID", cp0_get(C0_ENTRYHI) & ENTRYHI_ASID, 7);
		cp0_set(C0_ENTRYHI, 0);
	}
}

/* V and D of each half by itself. */
static void valid_dirty(void)
{
	for (unsigned bits = 0; bits < 16; bits++) {
		tlb_clear();
		tlb_set(TLB_FREE, VA, entrylo(FREE_RAM, (bits & 3) << 1 | LO_C),
			entrylo(FREE_RAM, (bits >> 2) << 1 | LO_C), 0);
		for (unsigned odd = 0; odd < 2; odd++) {
			unsigned flags = (bits >> 2 * odd & 3) << 1;
			uint64_t va = VA + odd * 0x1000 + 0x80;

			about("valid, dirty", bits, odd, 0, 0);
			check_eq("load", load(va, USER, NULL), flags & LO_V ? EXC_SYS : EXC_TLBL);
			check_eq("store", store(va, USER),
				 !(flags & LO_V) ? EXC_TLBS
				 : flags & LO_D	 ? EXC_SYS
						 : EXC_MOD);
		}
	}
}

/* Every entry holds what was written and is found by TLBP; rewriting one takes effect at once. */
static void entries(void)
{
	unsigned count = tlb_entries();
	uint64_t value;

	tlb_clear();
	for (unsigned i = TLB_FREE; i < count; i++)
		tlb_set(i, VA + 0x2000 * i, entrylo(FREE_RAM + 0x2000 * i, LO_V | LO_D | LO_C),
			entrylo(FREE_RAM + 0x2000 * i + 0x1000, LO_V | LO_C), 0);
	for (unsigned i = TLB_FREE; i < count; i++) {
		uint64_t va = VA + 0x2000 * i, pa = FREE_RAM + 0x2000 * i;

		about("entry", i, 0, 0, 0);
		cp0_set(C0_INDEX, i);
		tlbr();
		check_eq("EntryHi", cp0_get(C0_ENTRYHI), va);
		check_eq("EntryLo0", cp0_get(C0_ENTRYLO0), entrylo(pa, LO_V | LO_D | LO_C));
		check_eq("EntryLo1", cp0_get(C0_ENTRYLO1), entrylo(pa + 0x1000, LO_V | LO_C));
		check_eq("PageMask", cp0_get(C0_PAGEMASK), 0);
		cp0_set(C0_INDEX, 0);
		cp0_set(C0_ENTRYHI, va + 0x1000);
		tlbp();
		check_eq("TLBP", cp0_get32(C0_INDEX), i);
		cp0_set(C0_ENTRYHI, 0);
		check_eq("load", load(va + 0x1000, SUPERVISOR, &value), EXC_SYS);
		check_eq("its address", value, pa + 0x1000);
		tlb_set(i, va, entrylo(pa + 0x4000, LO_V | LO_C), 0, 0);
		check_eq("load again", load(va, SUPERVISOR, &value), EXC_SYS);
		check_eq("the new address", value, pa + 0x4000);
		check_eq("odd is gone", load(va + 0x1000, SUPERVISOR, NULL), EXC_TLBL);
		tlb_set(i, MIPS_CKSEG0 + ((uint64_t)(i + 128) << 13), 0, 0, 0);
		check_eq("all gone", load(va, SUPERVISOR, NULL), EXC_TLBL | REFILL);
	}
}

/* TLBWR never touches a wired entry and reaches all the others; Random stays in its range. */
static void wired_random(void)
{
	unsigned count = tlb_entries();
	static const uint8_t wired[] = {2, 3, 8, 14};

	for (unsigned w = 0; w < COUNT_OF(wired); w++) {
		uint64_t hit = 0;
		bool in_range = true;

		about("wired", wired[w], 0, 0, 0);
		tlb_clear();
		cp0_set(C0_WIRED, wired[w]);
		check_eq("Wired", cp0_get32(C0_WIRED), wired[w]);
		for (unsigned i = 0; i < 500; i++) {
			uint64_t random = cp0_get32(C0_RANDOM);

			in_range = in_range && random >= wired[w] && random < count;
		}
		check("Random in Wired .. entries - 1", in_range);
		for (unsigned i = 0; i < 64 * count; i++) {
			cp0_set(C0_ENTRYHI, VA + 0x2000 * i);
			cp0_set(C0_ENTRYLO0, entrylo(FREE_RAM, LO_V));
			cp0_set(C0_ENTRYLO1, 0);
			tlbwr();
			tlbp();
			hit |= UINT64_C(1) << (cp0_get32(C0_INDEX) & 63);
		}
		check_eq("TLBWR's entries", hit,
			 (count == 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1) &
				 ~((UINT64_C(1) << wired[w]) - 1));
	}
	cp0_set(C0_WIRED, TLB_FREE);
	cp0_set(C0_ENTRYHI, 0);
}

/* Addresses that differ in one bit are different pages, up to the highest bit of a segment. */
static void high_bits(void)
{
	unsigned bits = segment_bits();
	const uint64_t va = UINT64_C(0x10000000);
	uint64_t value;

	tlb_clear();
	tlb_set(TLB_FREE, va, entrylo(FREE_RAM, LO_V | LO_C), entrylo(FREE_RAM, LO_V | LO_C), 0);
	for (unsigned bit = 13; bit < bits; bit++) {
		about("address bit", bit, 0, 0, 0);
		check_eq("not mapped", load(va ^ UINT64_C(1) << bit, USER, NULL),
			 EXC_TLBL | REFILL);
		check_eq("EntryHi", cp0_get(C0_ENTRYHI), va ^ UINT64_C(1) << bit);
		check_eq("XContext", cp0_get(C0_XCONTEXT) & ((UINT64_C(1) << (bits - 9)) - 1),
			 (va ^ UINT64_C(1) << bit) >> 13 << 4);
		check_eq("Context", cp0_get(C0_CONTEXT) & 0x7fffff,
			 ((va ^ UINT64_C(1) << bit) >> 13 << 4) & 0x7fffff);
		cp0_set(C0_ENTRYHI, 0);
		tlb_set(TLB_FREE + 1, va ^ UINT64_C(1) << bit,
			entrylo(FREE_RAM + 0x3000, LO_V | LO_C), 0, 0);
		if (bit >= 14) {
			check_eq("mapped", load(va ^ UINT64_C(1) << bit, USER, &value), EXC_SYS);
			check_eq("its address", value, FREE_RAM + 0x3000);
		}
		check_eq("still mapped", load(va, USER, &value), EXC_SYS);
		check_eq("its address", value, FREE_RAM);
	}
}

/* Rewriting an entry of each segment takes effect at once, also where addresses are sign-extended.
 */
static void rewriting(void)
{
	static const uint64_t addresses[] = {
		0,
		UINT64_C(0x7fffe000),
		UINT64_C(0x80000000),
		UINT64_C(0x4000000000000000),
		UINT64_C(0x4000000080000000),
		MIPS_XKSEG,
		MIPS_XKSEG + UINT64_C(0x7fffe000),
		MIPS_CKSSEG,
		MIPS_CKSEG3,
		UINT64_C(0xffffffffffffe000),
	};
	uint64_t value;

	tlb_clear();
	for (unsigned i = 0; i < COUNT_OF(addresses); i++)
		for (unsigned round = 0; round < 4; round++) {
			uint64_t pa = FREE_RAM + round * 0x5000;

			about("rewritten entry", addresses[i], round, 0, 0);
			tlb_set(TLB_FREE, addresses[i], entrylo(pa, LO_V | LO_G | LO_C),
				entrylo(pa + 0x1000, LO_V | LO_G | LO_C), 0);
			check_eq("even", load(addresses[i], KERNEL, &value), EXC_SYS);
			check_eq("its address", value, pa);
			check_eq("odd", load(addresses[i] + 0x1000, KERNEL, &value), EXC_SYS);
			check_eq("its address", value, pa + 0x1000);
		}
}

/* A new ASID, by MTC0 and by TLBR, holds for the very next access. */
static void asid_changes(void)
{
	static const uint32_t by_write[] = {LD(V0, 0, A0), DMTC0(A1, 10, 0), EHB, LD(V1, 0, A0)};
	static const uint32_t by_read[] = {LD(V0, 0, A0), TLBR, EHB, LD(V1, 0, A0)};

	tlb_clear();
	tlb_set(TLB_FREE, VA | 5, entrylo(FREE_RAM, LO_V | LO_C), 0, 0);
	tlb_set(TLB_FREE + 1, VA | 6, entrylo(FREE_RAM + 0x1000, LO_V | LO_C), 0, 0);
	for (unsigned round = 0; round < 6; round++) {
		unsigned from = round & 1;
		const uint32_t *words = round < 4 ? by_write : by_read;
		struct trap *trap;

		about("new ASID", round, 0, 0, 0);
		cp0_set(C0_INDEX, TLB_FREE + !from);
		cp0_set(C0_ENTRYHI, 5 + from);
		trap = run_code(KERNEL, STATUS_64BIT, words, 4, VA, 6 - from);
		check("goes through", trap_is_end(trap, KERNEL, 4));
		check_eq("before", trap->gpr[V0], FREE_RAM + from * 0x1000);
		check_eq("after", trap->gpr[V1], FREE_RAM + !from * 0x1000);
		cp0_set(C0_PAGEMASK, 0);
	}
	cp0_set(C0_ENTRYHI, 0);
}

/* What software does that finds entries of unknown content: write back each, then unique ones. */
static void write_back(void)
{
	unsigned count = tlb_entries();

	about("write back", 0, 0, 0, 0);
	tlb_clear();
	for (unsigned i = TLB_FREE; i < count; i++) {
		uint64_t before;

		cp0_set(C0_INDEX, i);
		tlbr();
		before = cp0_get(C0_ENTRYHI);
		cp0_set(C0_PAGEMASK, 0);
		tlbwi();
		tlbr();
		check_eq("EntryHi", cp0_get(C0_ENTRYHI), before);
	}
	cp0_set(C0_ENTRYHI, 0);
}

#if PLATFORM_IS_DISCO
/* A second entry for the same page is refused: machine check, TS, and the TLB is as before. */
static void duplicates(void)
{
	static const struct {
		uint64_t hi;
		uint32_t mask;
		unsigned global;
		bool clash;
	} second[] = {
		{VA | 5, 0, 0, true},	       {VA | 6, 0, 0, false},
		{VA | 6, 0, LO_G, true},       {VA + 0x2000, 0, 0, false},
		{VA | 5, 0x6000, 0, true},     {VA | 6, 0x6000, 0, false},
		{VA | 5, 0x1fffe000, 0, true}, {VA + 0x8000, 0x6000, 0, false},
	};

	for (unsigned i = 0; i < COUNT_OF(second); i++) {
		const uint32_t word = TLBWI;
		struct trap *trap;
		uint64_t value;

		about("duplicate", i, second[i].hi, second[i].mask, 0);
		tlb_clear();
		tlb_set(TLB_FREE, VA | 5, entrylo(FREE_RAM, LO_V | LO_C), 0, 0);
		cp0_set(C0_INDEX, TLB_FREE + 1);
		cp0_set(C0_ENTRYHI, second[i].hi);
		cp0_set(C0_ENTRYLO0, entrylo(FREE_RAM + 0x1000, LO_V | LO_C | second[i].global));
		cp0_set(C0_ENTRYLO1, second[i].global);
		cp0_set(C0_PAGEMASK, second[i].mask);
		trap = run_code(KERNEL, STATUS_64BIT, &word, 1, 0, 0);
		cp0_set(C0_PAGEMASK, 0);
		if (!second[i].clash) {
			check("written", trap_is_end(trap, KERNEL, 1));
			continue;
		}
		check_exception(trap, KERNEL, 0, EXC_MCHECK);
		check_eq("Status.TS", trap->status & STATUS_TS, STATUS_TS);
		cp0_set(C0_ENTRYHI, 5);
		check_eq("the first still works", load(VA, USER, &value), EXC_SYS);
		check_eq("its address", value, FREE_RAM);
	}
	cp0_set(C0_ENTRYHI, 0);
}
#endif

void test(void)
{
	fill_ram();
	page_sizes();
	asids();
	global();
	valid_dirty();
	entries();
	wired_random();
	high_bits();
	rewriting();
	asid_changes();
	write_back();
#if PLATFORM_IS_DISCO
	duplicates();
#endif
}
