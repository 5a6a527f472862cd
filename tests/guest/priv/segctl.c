/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segmentation Control: every access mode of every segment in every mode, the error-level override,
 * the physical address fields, xkphys regions, and the XKSEG bit of Config6.
 */
#include "runtime.h"

PROGRAM_NAME;

#define LEGACY0 UINT64_C(0x00200010)
#define LEGACY1 UINT64_C(0x00030002)
#define LEGACY2 UINT64_C(0x003a043a)
#define OFFSET	(FREE_RAM + 0x100)
#define PATTERN UINT64_C(0x0000000c0000000c) /* two SYSCALLs, for fetches */

enum outcome { GOES, MISSES, FAULTS };

/* The manual's table of access modes, by mode and K, S, U: unmapped (u), mapped (m), error (e). */
static const char table[8][4] = {"uee", "mee", "mme", "mmm", "umm", "uue", "", "uuu"};

struct access {
	uint32_t words[2];
	enum mips_exception miss, fault;
	bool fetch;
};

static const struct access accesses[] = {
	{{LD(V0, 0, A0), NOP}, EXC_TLBL, EXC_ADEL, false},
	{{SD(A1, 0, A0), NOP}, EXC_TLBS, EXC_ADES, false},
	{{JR(A0), NOP}, EXC_TLBL, EXC_ADEL, true},
};

static void set_segctl(uint64_t value0, uint64_t value1, uint64_t value2)
{
	cp0_set(C0_SEGCTL0, value0);
	cp0_set(C0_SEGCTL1, value1);
	cp0_set(C0_SEGCTL2, value2);
}

static void legacy(void)
{
	set_segctl(LEGACY0, LEGACY1, LEGACY2);
}

/* SegCtl with @config in CFG field @number, the rest as after reset. */
static void set_config(unsigned number, uint32_t config)
{
	uint64_t value[3] = {LEGACY0, LEGACY1, LEGACY2};
	unsigned shift = number & 1 ? 16 : 0;

	value[number / 2] &= ~(UINT64_C(0xffff) << shift);
	value[number / 2] |= (uint64_t)config << shift;
	set_segctl(value[0], value[1], value[2]);
}

static unsigned mode_index(enum mode mode)
{
	return mode / STATUS_KSU_S;
}

static void fill_memory(const struct access *access)
{
	*(volatile uint64_t *)CKSEG1(OFFSET) = access->fault == EXC_ADES ? 0 : PATTERN;
}

/* Compares what happened with what should have. The classic segments must be back: this prints. */
static void judge(const struct trap *trap, const struct access *access, enum mode mode, uint64_t va,
		  enum outcome want)
{
	if (want == GOES) {
		check_eq("ExcCode: goes through", trap_code(trap), EXC_SYS);
		if (access->fetch)
			check_eq("EPC", trap->epc, va);
		else if (access->fault == EXC_ADEL)
			check_eq("value", trap->gpr[V0], PATTERN);
		else
			check_eq("memory", *(volatile uint64_t *)CKSEG1(OFFSET), PATTERN);
		return;
	}
	check_eq("ExcCode", trap_code(trap), want == MISSES ? access->miss : access->fault);
	check_eq("BadVAddr", trap->badvaddr, va);
	check_eq("EPC", trap->epc, access->fetch ? va : code_address(mode, 0));
	check_eq("vector", trap->vector, want == MISSES ? VECTOR_XTLB_REFILL : VECTOR_GENERAL);
}

/* Where each CFG field's test address is, and the PA field that leads it to OFFSET. */
static const struct {
	uint64_t base;
	uint32_t pa;
} config_place[6] = {
	{MIPS_CKSEG3, 0}, {MIPS_CKSSEG, 0},	     {MIPS_CKSEG1, 0},
	{MIPS_CKSEG0, 0}, {UINT64_C(0x40000000), 0}, {0, 0},
};

/*
 * What keeps this program running when a test maps KSEG0 or a half of useg: TLB entries for its own
 * 128 MiB of KSEG0, and its code page in the other half.
 */
static void hold_on(unsigned number)
{
	tlb_clear();
	tlb_set(TLB_FREE, MIPS_CKSEG0, entrylo(0, LO_V | LO_D | LO_G | LO_C),
		entrylo(64 << 20, LO_V | LO_D | LO_G | LO_C), 0x7ffe000);
	code_window = number == 5 ? CODE_HIGH : CODE_LOW;
}

static void map_place(uint64_t va)
{
	uint64_t lo = entrylo(FREE_RAM, LO_V | LO_D | LO_G | LO_C);

	tlb_set(TLB_FREE + 1, va & ~UINT64_C(0x1fff), lo, lo, 0);
}

static void unmap_place(void)
{
	tlb_set(TLB_FREE + 1, MIPS_CKSEG0 + UINT64_C(0x1ff00000), 0, 0, 0);
}

static enum outcome outcome_of(unsigned access_mode, enum mode mode, bool in_tlb)
{
	switch (table[access_mode][mode_index(mode)]) {
	case 'u':
		return GOES;
	case 'm':
		return in_tlb ? GOES : MISSES;
	default:
		return FAULTS;
	}
}

static void access_modes(unsigned number)
{
	static const enum mode modes[] = {KERNEL, SUPERVISOR, USER};
	uint64_t va = config_place[number].base + OFFSET;

	hold_on(number);
	for (unsigned am = 0; am < 8; am++)
		for (unsigned round = 0; am != AM_RESERVED && round < 18; round++) {
			enum mode mode = modes[round % 3];
			const struct access *access = &accesses[round / 3 % 3];
			bool in_tlb = round / 9;
			struct trap *trap;

			about("segment, access mode", number, am, mode, round);
			fill_memory(access);
			if (in_tlb)
				map_place(va);
			else
				unmap_place();
			set_config(number, am << SEGCTL_AM_SHIFT | CCA_CACHED);
			trap = run_code(mode, STATUS_64BIT, access->words, 2, va, PATTERN);
			legacy();
			judge(trap, access, mode, va, outcome_of(am, mode, in_tlb));
		}
	code_window = CODE_LOW;
}

/* With ERL set, EU makes a segment unmapped whatever its access mode; without EU it is the
 * kernel's. */
static void error_level(unsigned number)
{
	uint64_t va = config_place[number].base + OFFSET;
	const uint32_t words[] = {MFC0(T0, 12, 0), ORI(T0, T0, STATUS_ERL), MTC0(T0, 12, 0), EHB,
				  LD(V0, 0, A0)};

	hold_on(number);
	unmap_place();
	for (unsigned am = 0; am < 8; am++)
		for (unsigned eu = 0; am != AM_RESERVED && eu < 2; eu++) {
			struct trap *trap;
			bool mapped = table[am][0] == 'm' && !eu;

			about("error level: segment, access mode, EU", number, am, eu, 0);
			fill_memory(&accesses[0]);
			set_config(number, am << SEGCTL_AM_SHIFT | eu * SEGCTL_EU | CCA_CACHED);
			trap = run_code(KERNEL, STATUS_64BIT, words, COUNT_OF(words), va, 0);
			legacy();
			check_eq("ExcCode", trap_code(trap), mapped ? EXC_TLBL : EXC_SYS);
			check_eq("Status.ERL", trap->status & STATUS_ERL, STATUS_ERL);
			if (!mapped)
				check_eq("value", trap->gpr[V0], PATTERN);
		}
	code_window = CODE_LOW;
}

/* The PA field moves an unmapped segment; the 1 GiB segments ignore its lowest bit. */
static void physical_fields(void)
{
	static const struct {
		unsigned number;
		uint32_t field;
		bool ram;
	} rows[] = {
		{0, 0, true},  {0, 0x7f, false}, {1, 0, true},	   {1, 0x40, false}, {2, 0, true},
		{2, 8, false}, {4, 0, true},	 {4, 1, true},	   {4, 0x10, false}, {5, 0, true},
		{5, 1, true},  {5, 0x7f, false}, {5, 0x20, false},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		uint64_t va = config_place[rows[i].number].base + OFFSET;
		struct trap *trap;

		about("physical address field", rows[i].number, rows[i].field, 0, 0);
		hold_on(rows[i].number);
		fill_memory(&accesses[0]);
		set_config(rows[i].number, rows[i].field << 9 | AM_UUSK << SEGCTL_AM_SHIFT | 3);
		trap = run_code(KERNEL, STATUS_64BIT, accesses[0].words, 2, va, 0);
		legacy();
		check_eq("ExcCode", trap_code(trap), rows[i].ram ? EXC_SYS : EXC_DBE);
		if (rows[i].ram)
			check_eq("value", trap->gpr[V0], PATTERN);
	}
	code_window = CODE_LOW;
}

static uint32_t xkphys_enable(unsigned access_mode)
{
	if (access_mode == AM_UK || access_mode == AM_MK)
		return STATUS_KX;
	return access_mode == AM_MSK || access_mode == AM_USK ? STATUS_SX : STATUS_UX;
}

/* xkphys: a region whose XR bit is set follows XAM, the others are UK. */
static void xkphys(void)
{
	static const enum mode modes[] = {KERNEL, SUPERVISOR, USER};

	hold_on(0);
	for (unsigned am = 0; am < 8; am++)
		for (unsigned round = 0; am != AM_RESERVED && round < 8 * 2 * 9; round++) {
			enum mode mode = modes[round % 3];
			const struct access *access = &accesses[round / 3 % 3];
			bool in_tlb = round / 9 % 2;
			unsigned region = round / 18, seen = am;
			uint64_t va = MIPS_XKPHYS | (uint64_t)region << 59 | OFFSET;
			uint32_t enables = (uint32_t)(round * 5 + am) % 8 << 5;
			uint64_t regions = round & 1 ? 1u << region : ~(1u << region) & 0xff;
			enum outcome want;
			struct trap *trap;

			if (round & 4)
				enables = STATUS_64BIT;
			if (!(regions >> region & 1))
				seen = AM_UK;
			want = outcome_of(seen, mode, in_tlb);
			if (!(enables & xkphys_enable(seen)))
				want = FAULTS;
			if (mode == USER && !(enables & STATUS_UX) && want != FAULTS)
				continue;
			if (mode == USER && !(enables & STATUS_UX))
				enables |= STATUS_UX, want = outcome_of(seen, mode, in_tlb);
			if (!(enables & xkphys_enable(seen)))
				want = FAULTS;
			about("xkphys: address, XAM, mode, enables", va, am, mode, enables);
			fill_memory(access);
			if (in_tlb)
				map_place(va & ~(UINT64_C(7) << 59));
			else
				unmap_place();
			set_segctl(LEGACY0, LEGACY1 | (uint64_t)am << SEGCTL1_XAM_SHIFT,
				   LEGACY2 | regions << SEGCTL2_XR_SHIFT);
			trap = run_code(mode, enables | STATUS_PX, access->words, 2, va, PATTERN);
			legacy();
			if (want == MISSES && !(enables & STATUS_KX))
				check_eq("ExcCode", trap_code(trap), access->miss);
			else
				judge(trap, access, mode, va, want);
			if (want == MISSES)
				check_eq("EntryHi", trap->entryhi,
					 MIPS_XKPHYS | (OFFSET & ~UINT64_C(0x1fff)));
		}
}

/* A mapped xkphys page is one page through all eight windows: rewriting it shows in each. SegCtl
 * stays as it is meanwhile, and nothing else makes the processor forget. */
static void xkphys_windows(void)
{
	hold_on(0);
	*(volatile uint64_t *)CKSEG1(FREE_RAM) = 1;
	*(volatile uint64_t *)CKSEG1(FREE_RAM + 0x1000) = 2;
	set_segctl(LEGACY0, LEGACY1 | (uint64_t)AM_MSK << SEGCTL1_XAM_SHIFT,
		   LEGACY2 | UINT64_C(0xff) << SEGCTL2_XR_SHIFT);
	for (unsigned n = 0; n < 64; n++) {
		unsigned region = n / 4, round = n;
		uint64_t va = MIPS_XKPHYS | (uint64_t)(region & 7) << 59 | 0x6000;
		struct trap *trap;

		if (n >= 32) /* all windows with one content, then with the other */
			va = MIPS_XKPHYS | (uint64_t)(n & 7) << 59 | 0x6000, round = n / 8;
		about("xkphys window", va, round, 0, 0);
		tlb_set(TLB_FREE + 1, MIPS_XKPHYS + 0x6000,
			entrylo(FREE_RAM + (round & 1) * 0x1000, LO_V | LO_G | LO_C), LO_G, 0);
		trap = run_code(SUPERVISOR, STATUS_64BIT, accesses[0].words, 2, va, 0);
		check_eq("ExcCode", trap_code(trap), EXC_SYS);
		check_eq("value", trap->gpr[V0], 1 + (round & 1));
	}
	legacy();
}

/* Config6.XKSEG_S: xkseg is mapped for supervisor mode too. */
static void xkseg(void)
{
	static const enum mode modes[] = {KERNEL, SUPERVISOR, USER};
	const uint64_t va = MIPS_XKSEG + OFFSET;
	bool there;

	hold_on(0);
	cp0_set(C0_CONFIG6, CONFIG6_XKSEG_S);
	there = cp0_get32(C0_CONFIG6) & CONFIG6_XKSEG_S;
	for (unsigned round = 0; round < 2 * 2 * 9 * 8; round++) {
		enum mode mode = modes[round % 3];
		const struct access *access = &accesses[round / 3 % 3];
		bool in_tlb = round / 9 % 2, bit = round / 18 % 2;
		uint32_t enables = round / 36 << 5;
		enum outcome want = FAULTS;
		struct trap *trap;

		if (mode == USER && !(enables & STATUS_UX))
			continue;
		if ((mode == KERNEL && (enables & STATUS_KX)) ||
		    (mode == SUPERVISOR && (enables & STATUS_SX) && bit && there))
			want = in_tlb ? GOES : MISSES;
		about("xkseg: bit, mode, enables, in TLB", bit, mode, enables, in_tlb);
		fill_memory(access);
		if (in_tlb)
			map_place(va);
		else
			unmap_place();
		cp0_set(C0_CONFIG6, bit ? CONFIG6_XKSEG_S : 0);
		trap = run_code(mode, enables | STATUS_PX, access->words, 2, va, PATTERN);
		cp0_set(C0_CONFIG6, 0);
		if (want == MISSES && !(enables & STATUS_KX))
			check_eq("ExcCode", trap_code(trap), access->miss);
		else
			judge(trap, access, mode, va, want);
	}
}

/* Which bits of the registers hold. */
static void registers(void)
{
	about("SegCtl0", 0, 0, 0, 0);
	check_eq("after reset", cp0_get(C0_SEGCTL0), LEGACY0);
	cp0_set(C0_SEGCTL0, ~UINT64_C(0xffff) | 0xfe1f);
	check_eq("mask", cp0_get(C0_SEGCTL0), 0xfe7ffe1f);
	about("SegCtl1", 0, 0, 0, 0);
	check_eq("after reset", cp0_get(C0_SEGCTL1), LEGACY1);
	cp0_set(C0_SEGCTL1, UINT64_C(0xffffffff00000000) | LEGACY1);
	check_eq("mask", cp0_get(C0_SEGCTL1), UINT64_C(0x3800000000000000) | LEGACY1);
	about("SegCtl2", 0, 0, 0, 0);
	check_eq("after reset", cp0_get(C0_SEGCTL2), LEGACY2);
	cp0_set(C0_SEGCTL2, UINT64_C(0xffffffff00000000) | LEGACY2);
	check_eq("mask", cp0_get(C0_SEGCTL2), UINT64_C(0xff00000000000000) | LEGACY2);
	legacy();
	check_eq("back", cp0_get(C0_SEGCTL2), LEGACY2);
	about("Config5.K", 0, 0, 0, 0);
	cp0_set(C0_CONFIG5, CONFIG5_K);
	check_eq("can be set", cp0_get32(C0_CONFIG5), CONFIG5_K);
	cp0_set(C0_CONFIG5, 0);
	check_eq("can be cleared", cp0_get32(C0_CONFIG5), 0);
}

void test(void)
{
	if (!(cp0_get32(C0_CONFIG3) & CONFIG3_SC)) {
		about("no Segmentation Control", 0, 0, 0, 0);
		cp0_set(C0_SEGCTL0, ~UINT64_C(0));
		check_eq("SegCtl0 reads zero", cp0_get(C0_SEGCTL0), 0);
		return;
	}
	registers();
	for (unsigned number = 0; number < 6; number++)
		access_modes(number);
	for (unsigned number = 0; number < 6; number++)
		error_level(number);
	physical_fields();
	xkphys();
	xkphys_windows();
	xkseg();
}
