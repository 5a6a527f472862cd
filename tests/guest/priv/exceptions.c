/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every kind of exception that one instruction can take, in every mode: code, EPC, BadVAddr. */
#include "runtime.h"

PROGRAM_NAME;

#define UNMAPPED UINT64_C(0x12345678)

static const enum mode modes[] = {KERNEL, SUPERVISOR, USER};

/* Instructions with operands in a0, a1 that raise the exception, and ones that do not. */
struct row {
	const char *name;
	uint32_t word;
	uint64_t a0, a1;
	enum mips_exception code; /* EXC_SYS: none, the probe ends */
};

#define TRAP_R(function, name, yes0, yes1, no0, no1)                                               \
	{name, R_TYPE(function, A0, A1, 0, 5), yes0, yes1, EXC_TR},                                \
	{                                                                                          \
		name, R_TYPE(function, A0, A1, 0, 5), no0, no1, EXC_SYS                            \
	}
#define TRAP_I(function, name, imm, yes, no)                                                       \
	{name, I_TYPE(1, A0, function, imm), yes, 0, EXC_TR},                                      \
	{                                                                                          \
		name, I_TYPE(1, A0, function, imm), no, 0, EXC_SYS                                 \
	}
#define MINUS(n) (-(uint64_t)(n))
#define MIN32	 UINT64_C(0xffffffff80000000)
#define MAX32	 UINT64_C(0x7fffffff)
#define MIN64	 UINT64_C(0x8000000000000000)
#define MAX64	 UINT64_C(0x7fffffffffffffff)

static const struct row rows[] = {
	{"syscall", SYSCALL | 77 << 6, 0, 0, EXC_SYS},
	{"break", BREAK, 0, 0, EXC_BP},
	{"break code", BREAK | 7 << 16 | 1 << 6, 0, 0, EXC_BP},
	TRAP_R(0x30, "tge", 5, MINUS(5), MINUS(5), 5),
	TRAP_R(0x31, "tgeu", MINUS(5), 5, 5, MINUS(5)),
	TRAP_R(0x32, "tlt", MINUS(5), 5, 5, MINUS(5)),
	TRAP_R(0x33, "tltu", 5, MINUS(5), MINUS(5), 5),
	TRAP_R(0x34, "teq", MAX64, MAX64, MAX64, MAX32),
	TRAP_R(0x36, "tne", MAX64, MAX32, MAX64, MAX64),
	TRAP_I(0x08, "tgei", -2, MINUS(2), MINUS(3)),
	TRAP_I(0x09, "tgeiu", -2, MINUS(1), 7),
	TRAP_I(0x0a, "tlti", -2, MINUS(3), MINUS(2)),
	TRAP_I(0x0b, "tltiu", -2, 7, MINUS(1)),
	TRAP_I(0x0c, "teqi", -2, MINUS(2), 2),
	TRAP_I(0x0e, "tnei", -2, 2, MINUS(2)),
	{"add", R_TYPE(0x20, A0, A1, V0, 0), MAX32, 1, EXC_OV},
	{"add", R_TYPE(0x20, A0, A1, V0, 0), MIN32, MINUS(1), EXC_OV},
	{"add", R_TYPE(0x20, A0, A1, V0, 0), MAX32, 0, EXC_SYS},
	{"sub", R_TYPE(0x22, A0, A1, V0, 0), MIN32, 1, EXC_OV},
	{"sub", R_TYPE(0x22, A0, A1, V0, 0), 0, MIN32, EXC_OV},
	{"sub", R_TYPE(0x22, A0, A1, V0, 0), MIN32, 0, EXC_SYS},
	{"addi", ADDI(V0, A0, 1), MAX32, 0, EXC_OV},
	{"addi", ADDI(V0, A0, -1), MIN32, 0, EXC_OV},
	{"addi", ADDI(V0, A0, -1), MAX32, 0, EXC_SYS},
	{"dadd", R_TYPE(0x2c, A0, A1, V0, 0), MAX64, 1, EXC_OV},
	{"dadd", R_TYPE(0x2c, A0, A1, V0, 0), MAX32, 1, EXC_SYS},
	{"dsub", R_TYPE(0x2e, A0, A1, V0, 0), MIN64, 1, EXC_OV},
	{"dsub", R_TYPE(0x2e, A0, A1, V0, 0), MIN32, 1, EXC_SYS},
	{"daddi", DADDI(V0, A0, 1), MAX64, 0, EXC_OV},
	{"daddi", DADDI(V0, A0, 1), MAX32, 0, EXC_SYS},
	{"reserved special", R_TYPE(0x15, 0, 0, 0, 0), 0, 0, EXC_RI},
	{"reserved special", R_TYPE(0x28, 0, 0, 0, 0), 0, 0, EXC_RI},
	{"reserved regimm", I_TYPE(0x01, 0, 0x04, 0), 0, 0, EXC_RI},
	{"reserved regimm", I_TYPE(0x01, 0, 0x1e, 0), 0, 0, EXC_RI},
	{"reserved special2", I_TYPE(0x1c, 0, 0, 0x3e), 0, 0, EXC_RI},
	{"reserved special3", I_TYPE(0x1f, 0, 0, 0x3f), 0, 0, EXC_RI},
	{"rdhwr 30", RDHWR(V0, 30), 0, 0, EXC_RI},
	{"lh 1", LH(V0, 1, A0), 0, 0, EXC_ADEL},
	{"lhu 1", LHU(V0, 1, A0), 0, 0, EXC_ADEL},
	{"lw 1", LW(V0, 1, A0), 0, 0, EXC_ADEL},
	{"lw 2", LW(V0, 2, A0), 0, 0, EXC_ADEL},
	{"lwu 3", LWU(V0, 3, A0), 0, 0, EXC_ADEL},
	{"ld 4", LD(V0, 4, A0), 0, 0, EXC_ADEL},
	{"ld 1", LD(V0, 1, A0), 0, 0, EXC_ADEL},
	{"ll 2", LL(V0, 2, A0), 0, 0, EXC_ADEL},
	{"lld 4", LLD(V0, 4, A0), 0, 0, EXC_ADEL},
	{"sh 1", SH(V0, 1, A0), 0, 0, EXC_ADES},
	{"sw 1", SW(V0, 1, A0), 0, 0, EXC_ADES},
	{"sw 2", SW(V0, 2, A0), 0, 0, EXC_ADES},
	{"sd 4", SD(V0, 4, A0), 0, 0, EXC_ADES},
	{"sd 2", SD(V0, 2, A0), 0, 0, EXC_ADES},
#if PLATFORM_IS_DISCO /* QEMU looks at the link before the address */
	{"sc 2", SC(V0, 2, A0), 0, 0, EXC_ADES},
	{"scd 4", SCD(V0, 4, A0), 0, 0, EXC_ADES},
#endif
};

/* A readable and writable page for all modes. */
#define DATA_PAGE UINT64_C(0x00800000)

static void map_data(unsigned flags)
{
	tlb_set(TLB_FREE, DATA_PAGE, entrylo(FREE_RAM, flags | LO_G | LO_C),
		entrylo(FREE_RAM + 0x1000, flags | LO_G | LO_C), 0);
}

static bool is_address_error(enum mips_exception code)
{
	return code == EXC_ADEL || code == EXC_ADES;
}

static void one_row(const struct row *row, enum mode mode)
{
	uint64_t a0 = is_address_error(row->code) ? DATA_PAGE : row->a0;
	struct trap *trap;

	about(row->name, mode, row->a0, row->a1, row->word);
	trap = run_code(mode, STATUS_64BIT, (uint32_t[]){ORI(V0, ZERO, 0x77), row->word}, 2, a0,
			row->a1);
	if (row->code == EXC_SYS && row->word != (SYSCALL | 77 << 6)) {
		check("no exception", trap_is_end(trap, mode, 2));
		return;
	}
	check_exception(trap, mode, 1, row->code);
	check_eq("destination unchanged", trap->gpr[V0], 0x77);
	if (is_address_error(row->code))
		check_eq("BadVAddr", trap->badvaddr, DATA_PAGE + (row->word & 0xffff));
}

/* TLB exceptions of loads, stores and fetches. */
static void tlb_exceptions(enum mode mode)
{
	static const struct {
		uint32_t word;
		bool store;
	} access[] = {
		{LB(V0, 0x10, A0), false},  {LH(V0, 0x10, A0), false}, {LW(V0, 0x10, A0), false},
		{LWU(V0, 0x10, A0), false}, {LD(V0, 0x10, A0), false}, {LL(V0, 0x10, A0), false},
		{LLD(V0, 0x10, A0), false}, {SB(V0, 0x10, A0), true},  {SH(V0, 0x10, A0), true},
		{SW(V0, 0x10, A0), true},   {SD(V0, 0x10, A0), true},
	};

	for (unsigned flags = 0; flags < 3; flags++) {
		/* no entry; invalid; valid and clean */
		if (flags)
			map_data(flags == 1 ? 0 : LO_V);
		else
			tlb_clear();
		for (unsigned i = 0; i < COUNT_OF(access); i++) {
			bool store = access[i].store;
			struct trap *trap;

			about("tlb exception", mode, flags, access[i].word, 0);
			trap = run_code(mode, STATUS_64BIT, &access[i].word, 1, DATA_PAGE, 0);
			if (flags == 2 && !store) {
				check("no exception", trap_is_end(trap, mode, 1));
				continue;
			}
			check_eq("ExcCode", trap_code(trap),
				 flags == 2 ? EXC_MOD
				 : store    ? EXC_TLBS
					    : EXC_TLBL);
			check_eq("vector", trap->vector,
				 flags ? VECTOR_GENERAL : VECTOR_XTLB_REFILL);
			check_eq("EPC", trap->epc, code_address(mode, 0));
			check_eq("BadVAddr", trap->badvaddr, DATA_PAGE + 0x10);
			check_eq("EntryHi", trap->entryhi, DATA_PAGE);
			check_eq("Context", trap->context & 0x7fffff, DATA_PAGE >> 13 << 4);
			check_eq("XContext", trap->xcontext & 0xffffffff, DATA_PAGE >> 13 << 4);
		}
	}
}

/* A store to a clean page stays undone; after making it dirty it goes through. */
static void modified_then_dirty(enum mode mode)
{
	volatile uint64_t *word = (volatile uint64_t *)CKSEG0(FREE_RAM);
	const uint32_t store = SD(A1, 0, A0);
	struct trap *trap;

	about("modified", mode, 0, 0, 0);
	*word = 1;
	map_data(LO_V);
	trap = run_code(mode, STATUS_64BIT, &store, 1, DATA_PAGE, 2);
	check_eq("ExcCode", trap_code(trap), EXC_MOD);
	check_eq("memory unchanged", *word, 1);
	map_data(LO_V | LO_D);
	trap = run_code(mode, STATUS_64BIT, &store, 1, DATA_PAGE, 2);
	check("store goes through", trap_is_end(trap, mode, 1));
	check_eq("memory", *word, 2);
	map_data(LO_V);
	trap = run_code(mode, STATUS_64BIT, &store, 1, DATA_PAGE, 3);
	check_eq("ExcCode after making it clean", trap_code(trap), EXC_MOD);
	check_eq("memory unchanged", *word, 2);
}

/* Jumps to addresses that cannot be fetched from. */
static void fetches(enum mode mode)
{
	static const uint32_t jump[] = {JR(A0), NOP};
	struct trap *trap;

	for (unsigned low = 1; low < 4; low++) {
		about("misaligned jump", mode, low, 0, 0);
		trap = run_code(mode, STATUS_64BIT, jump, 2, code_address(mode, 8) + low, 0);
		check_eq("ExcCode", trap_code(trap), EXC_ADEL);
		check_eq("EPC", trap->epc, code_address(mode, 8) + low);
		check_eq("BadVAddr", trap->badvaddr, code_address(mode, 8) + low);
		check_eq("Cause.BD", trap->cause & CAUSE_BD, 0);
	}
	about("jump to an unmapped page", mode, 0, 0, 0);
	tlb_clear();
	trap = run_code(mode, STATUS_64BIT, jump, 2, UNMAPPED, 0);
	check_eq("ExcCode", trap_code(trap), EXC_TLBL);
	check_eq("vector", trap->vector, VECTOR_XTLB_REFILL);
	check_eq("EPC", trap->epc, UNMAPPED);
	check_eq("BadVAddr", trap->badvaddr, UNMAPPED);
	about("jump to an invalid page", mode, 0, 0, 0);
	map_data(0);
	trap = run_code(mode, STATUS_64BIT, jump, 2, DATA_PAGE + 8, 0);
	check_eq("ExcCode", trap_code(trap), EXC_TLBL);
	check_eq("vector", trap->vector, VECTOR_GENERAL);
	check_eq("EPC", trap->epc, DATA_PAGE + 8);
}

/* Running off the end of a page into one that is not mapped: EPC is the first word of it. */
static void fetch_across_pages(enum mode mode)
{
	const uint64_t end = DATA_PAGE + 0x1000;
	struct trap *trap;

	if (mode == KERNEL)
		return;
	about("fetch across pages", mode, 0, 0, 0);
	*(volatile uint32_t *)CKSEG0(FREE_RAM + 0xffc) = ORI(V0, ZERO, 0x99);
	tlb_set(TLB_FREE, DATA_PAGE, entrylo(FREE_RAM, LO_V | LO_G | LO_C), LO_G, 0);
	trap = run(end - 4, STATUS_64BIT | mode, (uint64_t[]){0, 0, 0, 0});
	check_eq("ExcCode", trap_code(trap), EXC_TLBL);
	check_eq("EPC", trap->epc, end);
	check_eq("the word before was executed", trap->gpr[V0], 0x99);
}

/* Exceptions while EXL is set: the general vector, EPC and BD stay. */
static void nested(void)
{
	const uint64_t marker = UINT64_C(0x1234567890);
	struct trap *trap;

	tlb_clear();
	about("refill under EXL", 0, 0, 0, 0);
	/* EPC is set by the probe itself before it faults. */
	trap = run_code(KERNEL, STATUS_64BIT,
			(uint32_t[]){MFC0(V0, 12, 0), ORI(V0, V0, STATUS_EXL), MTC0(V0, 12, 0), EHB,
				     DMTC0(A1, 14, 0), EHB, LW(V0, 0, A0)},
			7, UNMAPPED, marker);
	check_eq("ExcCode", trap_code(trap), EXC_TLBL);
	check_eq("vector", trap->vector, VECTOR_GENERAL);
	check_eq("EPC unchanged", trap->epc, marker);
	check_eq("BadVAddr", trap->badvaddr, UNMAPPED);
	check_eq("EntryHi", trap->entryhi, UNMAPPED & ~UINT64_C(0x1fff));
}

#if PLATFORM_IS_DISCO
/* Nothing answers at these physical addresses. */
static void bus_errors(enum mode mode)
{
	const uint32_t load = LW(V0, 0, A0), store = SW(V0, 0, A0);
	static const uint32_t jump[] = {JR(A0), NOP};
	struct trap *trap;

	tlb_set(TLB_FREE, DATA_PAGE, entrylo(UINT64_C(0x8000000000), LO_V | LO_D | LO_G | 0x10),
		entrylo(UINT64_C(0x1e000000), LO_V | LO_D | LO_G | 0x10), 0);
	for (unsigned page = 0; page < 2; page++) {
		about("bus error", mode, page, 0, 0);
		trap = run_code(mode, STATUS_64BIT, &load, 1, DATA_PAGE + page * 0x1000, 0);
		check_exception(trap, mode, 0, EXC_DBE);
		trap = run_code(mode, STATUS_64BIT, &store, 1, DATA_PAGE + page * 0x1000, 0);
		check_exception(trap, mode, 0, EXC_DBE);
		trap = run_code(mode, STATUS_64BIT, jump, 2, DATA_PAGE + page * 0x1000, 0);
		check_eq("ExcCode of the fetch", trap_code(trap), EXC_IBE);
		check_eq("EPC of the fetch", trap->epc, DATA_PAGE + page * 0x1000);
	}
}
#endif

void test(void)
{
	for (unsigned m = 0; m < COUNT_OF(modes); m++) {
		tlb_clear();
		map_data(LO_V | LO_D);
		for (unsigned i = 0; i < COUNT_OF(rows); i++)
			one_row(&rows[i], modes[m]);
		tlb_exceptions(modes[m]);
		modified_then_dirty(modes[m]);
		fetches(modes[m]);
		fetch_across_pages(modes[m]);
#if PLATFORM_IS_DISCO
		bus_errors(modes[m]);
#endif
	}
	nested();
}
