/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CP0 registers: which bits hold what is written, reset and fixed values, RDHWR, DI and EI. */
#include "runtime.h"

PROGRAM_NAME;

static const uint64_t patterns[] = {
	0,
	~UINT64_C(0),
	UINT64_C(0x5555555555555555),
	UINT64_C(0xaaaaaaaaaaaaaaaa),
	UINT64_C(0x0123456789abcdef),
	UINT64_C(0xfedcba9876543210),
	UINT64_C(0x00000000ffffffff),
	UINT64_C(0xffffffff00000000),
};

static uint64_t sign_extend(uint64_t value)
{
	return (uint64_t)(int64_t)(int32_t)value;
}

/* Writes every pattern; what @mask covers must be read back, by DMFC0 and by MFC0. */
#define CHECK_MASK(name, mask, fixed, ...)                                                         \
	do {                                                                                       \
		for (unsigned i_ = 0; i_ < COUNT_OF(patterns); i_++) {                             \
			uint64_t want_ = (patterns[i_] & (mask)) | (fixed);                        \
			about(name, i_, patterns[i_], 0, 0);                                       \
			cp0_set_(__VA_ARGS__, patterns[i_]);                                       \
			check_eq("DMFC0", cp0_get_(__VA_ARGS__), want_);                           \
			check_eq("MFC0", cp0_get32_(__VA_ARGS__), sign_extend(want_));             \
		}                                                                                  \
	} while (0)

/* The same for a register of 32 bits, written by MTC0 too. */
#define CHECK_MASK32(name, mask, fixed, ...)                                                       \
	do {                                                                                       \
		for (unsigned i_ = 0; i_ < COUNT_OF(patterns); i_++) {                             \
			uint64_t want_ = sign_extend((patterns[i_] & (mask)) | (fixed));           \
			about(name, i_, patterns[i_], 0, 0);                                       \
			cp0_set32_(__VA_ARGS__, patterns[i_]);                                     \
			check_eq("MFC0", cp0_get32_(__VA_ARGS__), want_);                          \
		}                                                                                  \
	} while (0)

static bool has_user_local(void)
{
	return cp0_get32(C0_CONFIG3) & CONFIG3_ULRI;
}

static void masks(void)
{
	uint64_t segment = (UINT64_C(1) << segment_bits()) - 1;
	uint64_t base = cp0_get32(C0_EBASE), cpu = base & 0x3ff;

	CHECK_MASK("EntryHi", ENTRYHI_R | (segment & ~UINT64_C(0x1fff)) | 0xff, 0, C0_ENTRYHI);
	cp0_set(C0_ENTRYHI, 0);
	CHECK_MASK("Context", ~UINT64_C(0x7fffff), cp0_get(C0_CONTEXT) & 0x7fffff, C0_CONTEXT);
	CHECK_MASK("XContext", ~UINT64_C(0) << (segment_bits() - 7),
		   cp0_get(C0_XCONTEXT) & ((UINT64_C(1) << (segment_bits() - 7)) - 1), C0_XCONTEXT);
	CHECK_MASK("EPC", ~UINT64_C(0), 0, C0_EPC);
	CHECK_MASK("ErrorEPC", ~UINT64_C(0), 0, C0_ERROREPC);
	if (has_user_local()) {
		CHECK_MASK("UserLocal", ~UINT64_C(0), 0, C0_USERLOCAL);
		CHECK_MASK32("HWREna", 0x2000000f, 0, C0_HWRENA);
	} else {
		CHECK_MASK32("HWREna", 0xf, 0, C0_HWRENA);
	}
	for (unsigned i = 0; i < tlb_entries(); i++) {
		about("Wired", i, 0, 0, 0);
		cp0_set32(C0_WIRED, i);
		check_eq("MFC0", cp0_get32(C0_WIRED), i);
	}
	cp0_set(C0_WIRED, TLB_FREE);
	cp0_set(C0_HWRENA, 0);
	CHECK_MASK32("Compare", 0xffffffffu, 0, C0_COMPARE);
	for (unsigned i = 0; i < COUNT_OF(patterns); i++) {
		about("EBase", patterns[i], 0, 0, 0);
		cp0_set32(C0_EBASE, patterns[i]);
		check_eq("MFC0", cp0_get32(C0_EBASE),
			 sign_extend((patterns[i] & 0x3ffff000) | 0x80000000 | cpu));
	}
	cp0_set32(C0_EBASE, base);
	for (unsigned i = 0; i < 32; i++) {
		about("IntCtl.VS", i, 0, 0, 0);
		cp0_set32(C0_INTCTL, i << 5);
		check_eq("VS", cp0_get32(C0_INTCTL) >> 5 & 31, i);
	}
	cp0_set32(C0_INTCTL, 0);
	for (unsigned i = 0; i < tlb_entries(); i++) {
		about("Index", i, 0, 0, 0);
		cp0_set32(C0_INDEX, i);
		check_eq("MFC0", cp0_get32(C0_INDEX), i);
	}
	for (uint32_t mask = 0; mask < 0x20000000; mask = mask << 2 | 0x6000) {
		about("PageMask", mask, 0, 0, 0);
		cp0_set32(C0_PAGEMASK, mask);
		check_eq("MFC0", cp0_get32(C0_PAGEMASK), mask);
	}
	cp0_set32(C0_PAGEMASK, 0);
}

#if PLATFORM_IS_DISCO
static void disco_masks(void)
{
	const uint64_t pfn = ((UINT64_C(1) << 28) - 1) << 6 | 0x3f;

	CHECK_MASK("EntryLo0", pfn, 0, C0_ENTRYLO0);
	CHECK_MASK("EntryLo1", pfn, 0, C0_ENTRYLO1);
	CHECK_MASK("KScratch1", ~UINT64_C(0), 0, 31, 2);
	CHECK_MASK("KScratch2", ~UINT64_C(0), 0, 31, 3);
	CHECK_MASK("KScratch3", ~UINT64_C(0), 0, 31, 4);
	CHECK_MASK("KScratch4", ~UINT64_C(0), 0, 31, 5);
	CHECK_MASK("KScratch5", ~UINT64_C(0), 0, 31, 6);
	CHECK_MASK("KScratch6", ~UINT64_C(0), 0, 31, 7);
	/* registers that are not there read as zero: Debug, PerfCtl, WatchLo, 22 */
	CHECK_MASK("register 22", 0, 0, 22, 0);
	CHECK_MASK("WatchLo", 0, 0, 18, 0);
	CHECK_MASK("PerfCtl", 0, 0, 25, 0);
	/* reserved page masks are cut to the next smaller size */
	about("reserved PageMask", 0, 0, 0, 0);
	cp0_set32(C0_PAGEMASK, 0x2000);
	check_eq("one bit", cp0_get32(C0_PAGEMASK), 0);
	cp0_set32(C0_PAGEMASK, 0xe000);
	check_eq("three bits", cp0_get32(C0_PAGEMASK), 0x6000);
	cp0_set32(C0_PAGEMASK, 0x18000);
	check_eq("a hole", cp0_get32(C0_PAGEMASK), 0);
	about("Wired", 0, 0, 0, 0);
	for (unsigned i = 0; i < 5; i++)
		(void)cp0_get32(C0_RANDOM);
	cp0_set32(C0_WIRED, 3);
	check_eq("Random at its upper bound", cp0_get32(C0_RANDOM), tlb_entries() - 1);
	cp0_set32(C0_WIRED, TLB_FREE);
	about("Index.P", 0, 0, 0, 0);
	cp0_set32(C0_INDEX, -1);
	check_eq("not writable", cp0_get32(C0_INDEX) & INDEX_P, 0);
}

static void disco_config(void)
{
	uint64_t config = cp0_get32(C0_CONFIG);

	about("Config", config, 0, 0, 0);
	check_eq("M", config >> 31 & 1, 1);
	check_eq("BE: little-endian", config >> 15 & 1, 0);
	check_eq("AT: MIPS64", config >> 13 & 3, 2);
	check_eq("AR: Release 2", config >> 10 & 7, 1);
	check_eq("MT: standard TLB", config >> 7 & 7, 1);
	check_eq("PRId", cp0_get32(C0_PRID), 0x00010000);
	config = cp0_get32(C0_CONFIG1);
	about("Config1", config, 0, 0, 0);
	check_eq("M", config >> 31 & 1, 1);
	check_eq("FP", config & 1, 1);
	check("a way of the I-cache is a page or less",
	      (64u << (config >> 22 & 7)) * (2u << (config >> 19 & 7)) <= 4096);
	check("a way of the D-cache is a page or less",
	      (64u << (config >> 13 & 7)) * (2u << (config >> 10 & 7)) <= 4096);
	config = cp0_get32(C0_CONFIG3);
	about("Config3", config, 0, 0, 0);
	check_eq("M", config >> 31 & 1, 1);
	check("ULRI", config & CONFIG3_ULRI);
	check("VInt", config & CONFIG3_VINT);
	check("CMGCR", config & CONFIG3_CMGCR);
	check_eq("MT ASE", config & 4, 0);
	config = cp0_get32(C0_CONFIG4);
	about("Config4", config, 0, 0, 0);
	check_eq("KScrExist", config >> 16 & 0xff, 0xfc);
	check_eq("AE, IE, VTLBSizeExt, MMUExtDef", config & 0x7f00c000, 0);
	check_eq("CMGCRBase", cp0_get32(C0_CMGCRBASE) << 4, MAP_GCR_BASE);
}

static uint64_t status_bits(uint32_t value)
{
	cp0_set32(C0_STATUS, value | STATUS_64BIT);
	value = cp0_get32(C0_STATUS);
	cp0_set32(C0_STATUS, STATUS_HOME);
	return value & ~STATUS_64BIT;
}

/* Status bits that can be set without leaving this code. */
static void disco_status(void)
{
	static const uint32_t writable[] = {STATUS_CU0,	      STATUS_CU1,	STATUS_FR,
					    STATUS_PX,	      UINT32_C(1) << 8, UINT32_C(1) << 15,
					    UINT32_C(0xff00), STATUS_EXL};
	static const uint32_t fixed[] = {UINT32_C(1) << 30, UINT32_C(1) << 31, UINT32_C(1) << 24,
					 STATUS_TS,	    STATUS_SR,	       STATUS_NMI,
					 UINT32_C(1) << 25, UINT32_C(1) << 27};

	for (unsigned i = 0; i < COUNT_OF(writable); i++) {
		about("Status bit", writable[i], 0, 0, 0);
		check_eq("holds", status_bits(writable[i]), writable[i]);
	}
	for (unsigned i = 0; i < COUNT_OF(fixed); i++) {
		about("Status bit", fixed[i], 0, 0, 0);
		check_eq("stays clear", status_bits(fixed[i]), 0);
	}
}
#endif

static void cause_bits(void)
{
	for (unsigned i = 0; i < 4; i++) {
		about("Cause.IP software bits", i, 0, 0, 0);
		cp0_set32(C0_CAUSE, i << 8);
		check_eq("IP", cp0_get32(C0_CAUSE) & CAUSE_IP_SW, i << 8);
	}
	about("Cause.IV", 0, 0, 0, 0);
	cp0_set32(C0_CAUSE, CAUSE_IV);
	check_eq("IV", cp0_get32(C0_CAUSE) & CAUSE_IV, CAUSE_IV);
	cp0_set32(C0_CAUSE, 0);
	check_eq("IV", cp0_get32(C0_CAUSE) & CAUSE_IV, 0);
}

static void di_ei(void)
{
	static const uint32_t words[] = {EI(V0),   EHB, MFC0(A2, 12, 0),
					 DI(V1),   EHB, MFC0(A3, 12, 0),
					 EI(ZERO), EHB, MFC0(A0, 12, 0)};
	struct trap *trap;

	about("DI, EI", 0, 0, 0, 0);
	trap = run_code(KERNEL, STATUS_64BIT | STATUS_CU1, words, COUNT_OF(words), 0, 0);
	check("goes through", trap_is_end(trap, KERNEL, COUNT_OF(words)));
	check_eq("EI gives the old Status", trap->gpr[V0], STATUS_64BIT | STATUS_CU1);
	check_eq("then IE is set", trap->gpr[A2], STATUS_64BIT | STATUS_CU1 | STATUS_IE);
	check_eq("DI gives the old Status", trap->gpr[V1], STATUS_64BIT | STATUS_CU1 | STATUS_IE);
	check_eq("then IE is clear", trap->gpr[A3], STATUS_64BIT | STATUS_CU1);
	check_eq("EI $zero sets it", trap->gpr[A0], STATUS_64BIT | STATUS_CU1 | STATUS_IE);
	check_eq("$zero", trap->gpr[0], 0);
}

/* RDHWR: each number, in each mode, with its HWREna bit and without, with CU0 and without. */
static void hardware_registers(void)
{
	static const enum mode modes[] = {KERNEL, SUPERVISOR, USER};
	const uint64_t local = UINT64_C(0x123456789abcdef0);

	cp0_set(C0_USERLOCAL, local);
	for (unsigned number = 0; number < 32; number++) {
		bool there = number < 4 || number == 29;
		const uint32_t word = RDHWR(V0, number);

		if (number == 4 || number == 5 || (number == 29 && !has_user_local()))
			continue; /* of later releases, or not there */
		for (unsigned i = 0; i < 12; i++) {
			enum mode mode = modes[i % 3];
			bool enabled = i / 3 & 1, cu0 = i / 6;
			struct trap *trap;

			about("rdhwr", number, mode, enabled, cu0);
			cp0_set(C0_HWRENA, enabled ? UINT64_C(1) << number : 0);
			trap = run_code(mode, STATUS_64BIT | (cu0 ? STATUS_CU0 : 0), &word, 1, 0,
					0);
			if (!there || (mode != KERNEL && !enabled && !cu0)) {
				check_exception(trap, mode, 0, EXC_RI);
				continue;
			}
			check("goes through", trap_is_end(trap, mode, 1));
			if (number == 0)
				check_eq("CPUNum", trap->gpr[V0], cp0_get32(C0_EBASE) & 0x3ff);
			if (number == 1 && PLATFORM_IS_DISCO)
				check_eq("SYNCI_Step", trap->gpr[V0], 32);
			if (number == 2)
				check("Count", cp0_get32(C0_COUNT) - trap->gpr[V0] < 10000000);
			if (number == 3 && PLATFORM_IS_DISCO)
				check_eq("CCRes", trap->gpr[V0], 2);
			if (number == 29)
				check_eq("UserLocal", trap->gpr[V0], local);
		}
	}
	cp0_set(C0_HWRENA, 0);
}

/* Every privileged instruction outside kernel mode: coprocessor 0 unusable, unless CU0 is set. */
static void privileged(void)
{
	static const struct {
		const char *name;
		uint32_t word;
		bool harmless; /* may be executed with CU0 */
	} rows[] = {
		{"mfc0", MFC0(V0, 15, 0), true},
		{"dmfc0", DMFC0(V0, 8, 0), true},
		{"mtc0", MTC0(V0, 14, 0), true},
		{"dmtc0", DMTC0(V0, 14, 0), true},
		{"rdpgpr", RDPGPR(V0, V1), true},
		{"wrpgpr", WRPGPR(V0, V1), true},
		{"di", DI(V0), true},
		{"ei", EI(V0), true},
		{"tlbr", TLBR, false},
		{"tlbwi", TLBWI, false},
		{"tlbwr", TLBWR, false},
		{"tlbp", TLBP, true},
		{"eret", ERET, false},
		{"wait", WAIT, false},
		{"cache", CACHE(0, 0, ZERO), true},
		{"cache", CACHE(0x15, 0, ZERO), false},
		{"reserved cop0", 0x42000001u | 0x3e, false},
	};
	static const enum mode modes[] = {SUPERVISOR, USER};

	for (unsigned m = 0; m < COUNT_OF(modes); m++)
		for (unsigned i = 0; i < COUNT_OF(rows); i++) {
			struct trap *trap;

			about(rows[i].name, modes[m], rows[i].word, 0, 0);
			trap = run_code(modes[m], STATUS_64BIT, &rows[i].word, 1, 0, 0);
			check_exception(trap, modes[m], 0, EXC_CPU);
			check_eq("Cause.CE", (trap->cause & CAUSE_CE) >> CAUSE_CE_SHIFT, 0);
			if (!rows[i].harmless)
				continue;
			trap = run_code(modes[m], STATUS_64BIT | STATUS_CU0, &rows[i].word, 1, 0,
					0);
			check("goes through with CU0", trap_is_end(trap, modes[m], 1));
		}
}

/* There is one register set. */
static void shadow_sets(void)
{
	static const uint32_t words[] = {WRPGPR(T0, A0), RDPGPR(V0, T0), RDPGPR(V1, A1)};
	struct trap *trap;

	about("RDPGPR, WRPGPR", 0, 0, 0, 0);
	trap = run_code(KERNEL, STATUS_64BIT, words, COUNT_OF(words), 0x1234, MIPS_XKPHYS);
	check_eq("WRPGPR", trap->gpr[T0], 0x1234);
	check_eq("RDPGPR", trap->gpr[V0], 0x1234);
	check_eq("RDPGPR", trap->gpr[V1], MIPS_XKPHYS);
	check_eq("SRSCtl.HSS", read_cp0_32(12, 2) >> 26 & 15, 0);
}

/* ERET: to EPC clearing EXL, or to ErrorEPC clearing ERL; LLbit goes. */
static void exception_return(void)
{
	static const uint32_t to_epc[] = {MFC0(V0, 12, 0),
					  ORI(V0, V0, STATUS_EXL),
					  MTC0(V0, 12, 0),
					  DMTC0(A0, 14, 0),
					  EHB,
					  ERET,
					  BREAK,
					  BREAK};
	static const uint32_t to_error[] = {MFC0(V0, 12, 0),
					    ORI(V0, V0, STATUS_EXL | STATUS_ERL),
					    MTC0(V0, 12, 0),
					    DMTC0(A0, 30, 0),
					    DMTC0(A1, 14, 0),
					    EHB,
					    ERET,
					    BREAK,
					    BREAK};
	struct trap *trap;

	about("ERET", 0, 0, 0, 0);
	trap = run_code(KERNEL, STATUS_64BIT, to_epc, COUNT_OF(to_epc), code_address(KERNEL, 7), 0);
	check_exception(trap, KERNEL, 7, EXC_BP);
	about("ERET from ERL", 0, 0, 0, 0);
	trap = run_code(KERNEL, STATUS_64BIT, to_error, COUNT_OF(to_error), code_address(KERNEL, 8),
			0x5678);
	check_eq("ExcCode", trap_code(trap), EXC_BP);
	check_eq("EXL still set: EPC is the old one", trap->epc, 0x5678);
	check_eq("ERL", trap->status & STATUS_ERL, 0);
	check_eq("EXL", trap->status & STATUS_EXL, STATUS_EXL);
}

void test(void)
{
	masks();
	cause_bits();
#if PLATFORM_IS_DISCO
	disco_masks();
	disco_config();
	disco_status();
#endif
	di_ei();
	hardware_registers();
	privileged();
	shadow_sets();
	exception_return();
}
