// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The interpreter on small programs, through the machine's public interface: integer semantics,
 * delay slots, memory accesses and their exceptions, LL/SC, self-modifying code, determinism.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "emu/machine.h"
#include "emu/mem.h"

#define CODE_PA	  UINT64_C(0x100000)
#define CODE	  (MIPS_CKSEG0 + CODE_PA)
#define DATA_PA	  UINT64_C(0x200000)
#define DATA	  (MIPS_CKSEG0 + DATA_PA)
#define VECTOR	  (MIPS_CKSEG0 + 0x180)
#define USER_CODE UINT64_C(0x400000)
#define USER_DATA UINT64_C(0x7fff0000)

/* Registers the programs use. */
#define T0	  8
#define T1	  9
#define T2	  10
#define RA	  31

/* Encodings. */
#define R_TYPE(rs, rt, rd, sa, function)                                                           \
	((uint32_t)(rs) << 21 | (uint32_t)(rt) << 16 | (uint32_t)(rd) << 11 |                      \
	 (uint32_t)(sa) << 6 | (function))
#define I_TYPE(opcode, rs, rt, immediate)                                                          \
	((uint32_t)(opcode) << 26 | (uint32_t)(rs) << 21 | (uint32_t)(rt) << 16 |                  \
	 ((uint32_t)(immediate)&0xffff))
#define SPECIAL(function)	   R_TYPE(T0, T1, T2, 0, function)
#define SHIFT(sa, function)	   R_TYPE(0, T1, T2, sa, function)
#define SPECIAL2(function)	   (UINT32_C(0x1c) << 26 | SPECIAL(function))
#define SPECIAL3(rd, sa, function) (UINT32_C(0x1f) << 26 | R_TYPE(T0, T1, rd, sa, function))
#define NOP			   0u
#define ADDIU(rt, rs, immediate)   I_TYPE(9, rs, rt, immediate)
#define LW(rt, offset, rs)	   I_TYPE(0x23, rs, rt, offset)
#define SW(rt, offset, rs)	   I_TYPE(0x2b, rs, rt, offset)
#define BEQ(rs, rt, words)	   I_TYPE(4, rs, rt, words)
#define BEQL(rs, rt, words)	   I_TYPE(0x14, rs, rt, words)
#define JR(rs)			   R_TYPE(rs, 0, 0, 0, 8)
#define SYSCALL			   0xcu

static struct machine *machine;
static struct cpu *cpu;

static int setup(void **state)
{
	const struct machine_config config = {
		.name = "test",
		.nodes = 1,
		.cpus = 1,
		.memory = UINT64_C(64) << 20,
		.quantum = 10000,
		.seed = 1,
		.cpu = {.tlb_entries = 64, .clock_mhz = 100, .segctl = true, .xkseg_bit = true},
	};

	(void)state;
	machine = machine_create(&config, &interpreter_engine, NULL);
	if (!machine)
		return -1;
	cpu = machine->cpu[0];
	cp0_write(cpu, 12, 0, STATUS_KX | STATUS_SX | STATUS_UX);
	cpu->pc = CODE;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_destroy(machine);
	return 0;
}

static void put_words(uint64_t pa, const uint32_t *words, size_t count)
{
	memcpy(ram_pointer(machine, pa), words, count * sizeof(*words));
}

#define PROGRAM(...)                                                                               \
	put_words(CODE_PA, (const uint32_t[]){__VA_ARGS__},                                        \
		  sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void steps(unsigned count)
{
	while (count-- > 0)
		interpreter_step(cpu);
}

/* The CPU has just taken exception @code for the instruction at @epc. */
static void assert_exception(enum mips_exception code, uint64_t epc, bool in_delay_slot)
{
	uint64_t cause = cpu->cp0[CP0_CAUSE];

	assert_int_equal(cpu->pc, VECTOR);
	assert_int_equal((cause & CAUSE_EXC) >> CAUSE_EXC_SHIFT, code);
	assert_int_equal(cpu->cp0[CP0_EPC], epc);
	assert_int_equal((cause & CAUSE_BD) != 0, in_delay_slot);
}

/* Goes to user mode with the given Status bits, code and data pages mapped at user addresses. */
static void enter_user_mode(uint32_t status_bits)
{
	static const struct {
		uint64_t va, pa;
	} pages[] = {{USER_CODE, CODE_PA}, {USER_DATA, DATA_PA}};

	for (unsigned i = 0; i < 2; i++) {
		cp0_write(cpu, 5, 0, 0);
		cp0_write(cpu, 10, 0, pages[i].va);
		cp0_write(cpu, 2, 0, pages[i].pa >> 6 | 0x1f);
		cp0_write(cpu, 3, 0, (pages[i].pa + 0x1000) >> 6 | 0x1f);
		tlb_write(cpu, i);
	}
	cp0_write(cpu, 12, 0, STATUS_KSU_U | status_bits);
	cpu->pc = USER_CODE;
}

/* ---- integer instructions ---- */

#define NEGATIVE(value) ((uint64_t) - (int64_t)(value))
#define TOP		UINT64_C(0x8000000000000000)

struct semantics {
	uint32_t word;	 /* T2 = operation(T0, T1), or HI and LO */
	uint64_t t0, t1; /* operands */
	uint64_t result; /* T2, or T1 for an immediate or a bit field */
};

static const struct semantics to_t2[] = {
	{SPECIAL(0x21), 0x7fffffff, 1, 0xffffffff80000000}, /* addu */
	{SPECIAL(0x21), NEGATIVE(1), 1, 0},
	{SPECIAL(0x23), 0, 1, NEGATIVE(1)},	     /* subu */
	{SPECIAL(0x2d), 0x7fffffff, 1, 0x80000000},  /* daddu */
	{SPECIAL(0x2f), 0, TOP, TOP},		     /* dsubu */
	{SPECIAL(0x24), 0xf0f0, 0xff00, 0xf000},     /* and */
	{SPECIAL(0x25), 0xf0f0, 0xff00, 0xfff0},     /* or */
	{SPECIAL(0x26), 0xf0f0, 0xff00, 0x0ff0},     /* xor */
	{SPECIAL(0x27), 0, 0, NEGATIVE(1)},	     /* nor */
	{SPECIAL(0x2a), TOP, 0, 1},		     /* slt */
	{SPECIAL(0x2b), TOP, 0, 0},		     /* sltu */
	{SPECIAL(0x0a), 5, 0, 5},		     /* movz */
	{SPECIAL(0x0b), 5, 1, 5},		     /* movn */
	{SHIFT(31, 0x00), 0, 1, 0xffffffff80000000}, /* sll */
	{SHIFT(0, 0x00), 0, 0x1234567880000000, 0xffffffff80000000},
	{SHIFT(4, 0x02), 0, 0xffffffff80000000, 0x08000000},	       /* srl */
	{SHIFT(4, 0x03), 0, 0xffffffff80000000, 0xfffffffff8000000},   /* sra */
	{SHIFT(4, 0x02) | 1 << 21, 0, 0x0000000a, 0xffffffffa0000000}, /* rotr */
	{SHIFT(1, 0x3c), 0, 1, UINT64_C(1) << 33},		       /* dsll32 */
	{SHIFT(31, 0x3e), 0, TOP, 1},				       /* dsrl32 */
	{SHIFT(31, 0x3f), 0, TOP, NEGATIVE(1)},			       /* dsra32 */
	{SHIFT(4, 0x3a) | 1 << 21, 0, 0xa, 0xa000000000000000},	       /* drotr */
	{SPECIAL(0x04), 33, 1, 2},				       /* sllv */
	{SPECIAL(0x14), 33, 1, UINT64_C(1) << 33},		       /* dsllv */
	{SPECIAL2(0x02), 0x10000, 0x8000, 0xffffffff80000000},	       /* mul */
	{SPECIAL2(0x20), 1, 0, 31},				       /* clz */
	{SPECIAL2(0x20), 0, 0, 32},
	{SPECIAL2(0x21), NEGATIVE(1), 0, 32}, /* clo */
	{SPECIAL2(0x24), 1, 0, 63},	      /* dclz */
	{SPECIAL2(0x24), 0, 0, 64},
	{SPECIAL2(0x25), TOP, 0, 1},					    /* dclo */
	{SPECIAL3(T2, 16, 0x20), 0, 0x180, 0xffffffffffffff80},		    /* seb */
	{SPECIAL3(T2, 24, 0x20), 0, 0x18000, 0xffffffffffff8000},	    /* seh */
	{SPECIAL3(T2, 2, 0x20), 0, 0x11223384, 0x22118433},		    /* wsbh */
	{SPECIAL3(T2, 2, 0x24), 0, 0x1122334455667788, 0x2211443366558877}, /* dsbh */
	{SPECIAL3(T2, 5, 0x24), 0, 0x1122334455667788, 0x7788556633441122}, /* dshd */
};

static const struct semantics to_t1[] = {
	{I_TYPE(9, T0, T1, -1), 0, 0, NEGATIVE(1)},		    /* addiu */
	{I_TYPE(0x19, T0, T1, 1), 0x7fffffff, 0, 0x80000000},	    /* daddiu */
	{I_TYPE(0xa, T0, T1, -1), NEGATIVE(2), 0, 1},		    /* slti */
	{I_TYPE(0xb, T0, T1, -1), 5, 0, 1},			    /* sltiu */
	{I_TYPE(0xc, T0, T1, 0xff00), NEGATIVE(1), 0, 0xff00},	    /* andi */
	{I_TYPE(0xe, T0, T1, 0xffff), 0xff, 0, 0xff00},		    /* xori */
	{I_TYPE(0xf, 0, T1, 0x8000), 0, 0, 0xffffffff80000000},	    /* lui */
	{SPECIAL3(7, 4, 0x00), 0xabcd, 0, 0xbc},		    /* ext 4, 8 */
	{SPECIAL3(31, 0, 0x00), 0x80000000, 0, 0xffffffff80000000}, /* ext 0, 32 */
	{SPECIAL3(0, 31, 0x02), TOP, 0, 1},			    /* dextu 63, 1 */
	{SPECIAL3(31, 0, 0x01), TOP + 5, 0, TOP + 5},		    /* dextm 0, 64 */
	{SPECIAL3(11, 4, 0x04), 0xbc, 0x1f00f, 0x1fbcf},	    /* ins 4, 8 */
	{SPECIAL3(31, 31, 0x06), 1, 0, TOP},			    /* dinsu 63, 1 */
};

static void run_one(const struct semantics *test)
{
	PROGRAM(test->word);
	cpu->pc = CODE;
	cpu->gpr[T0] = test->t0;
	cpu->gpr[T1] = test->t1;
	cpu->gpr[T2] = 0x5555;
	steps(1);
	assert_int_equal(cpu->pc, CODE + 4);
}

static void test_results(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(to_t2) / sizeof(to_t2[0]); i++) {
		run_one(&to_t2[i]);
		assert_int_equal(cpu->gpr[T2], to_t2[i].result);
	}
	for (unsigned i = 0; i < sizeof(to_t1) / sizeof(to_t1[0]); i++) {
		run_one(&to_t1[i]);
		assert_int_equal(cpu->gpr[T1], to_t1[i].result);
	}
}

static void test_hi_lo(void **state)
{
	static const struct {
		uint32_t word;
		uint64_t t0, t1, hi, lo;
	} tests[] = {
		{SPECIAL(0x18), NEGATIVE(3), 5, NEGATIVE(1), NEGATIVE(15)}, /* mult */
		{SPECIAL(0x19), 0xffffffff, 2, 1, 0xfffffffffffffffe},	    /* multu */
		{SPECIAL(0x1a), NEGATIVE(7), 2, NEGATIVE(1), NEGATIVE(3)},  /* div */
		{SPECIAL(0x1b), 0xffffffff, 16, 15, 0x0fffffff},	    /* divu */
		{SPECIAL(0x1c), NEGATIVE(1), TOP, 0, TOP},		    /* dmult */
		{SPECIAL(0x1d), TOP, 2, 1, 0},				    /* dmultu */
		{SPECIAL(0x1e), TOP, NEGATIVE(1), 0, TOP},		    /* ddiv */
		{SPECIAL(0x1f), NEGATIVE(1), 16, 15, NEGATIVE(1) >> 4},	    /* ddivu */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		const struct semantics test = {tests[i].word & ~(31u << 11), tests[i].t0,
					       tests[i].t1, 0};

		run_one(&test);
		assert_int_equal(cpu->hi, tests[i].hi);
		assert_int_equal(cpu->lo, tests[i].lo);
	}
}

static void test_register_zero(void **state)
{
	(void)state;
	PROGRAM(ADDIU(0, 0, 5), LW(0, 0, T0));
	cpu->gpr[T0] = CODE;
	steps(2);
	assert_int_equal(cpu->gpr[0], 0);
}

static void test_overflow_traps(void **state)
{
	(void)state;
	PROGRAM(SPECIAL(0x20)); /* add */
	cpu->gpr[T0] = 0x7fffffff;
	cpu->gpr[T1] = 1;
	cpu->gpr[T2] = 77;
	steps(1);
	assert_exception(EXC_OV, CODE, false);
	assert_int_equal(cpu->gpr[T2], 77);
}

static void test_op64_is_reserved_in_32bit_user_mode(void **state)
{
	(void)state;
	PROGRAM(SPECIAL(0x2d)); /* daddu */
	enter_user_mode(0);
	steps(1);
	assert_exception(EXC_RI, USER_CODE, false);
	enter_user_mode(STATUS_PX);
	cp0_write(cpu, 12, 0, STATUS_KSU_U | STATUS_PX);
	steps(1);
	assert_int_equal(cpu->pc, USER_CODE + 4);
}

static void test_cp0_from_user_mode(void **state)
{
	(void)state;
	PROGRAM(0x40086000); /* mfc0 t0, status */
	enter_user_mode(STATUS_UX);
	steps(1);
	assert_exception(EXC_CPU, USER_CODE, false);
	assert_int_equal((cpu->cp0[CP0_CAUSE] & CAUSE_CE) >> CAUSE_CE_SHIFT, 0);
}

/* ---- branches ---- */

static void test_delay_slot(void **state)
{
	(void)state;
	PROGRAM(BEQ(0, 0, 2), ADDIU(T0, 0, 1), ADDIU(T1, 0, 1), ADDIU(T2, 0, 1));
	steps(1);
	assert_true(cpu->in_delay_slot);
	assert_int_equal(cpu->pc, CODE + 4);
	steps(1);
	assert_false(cpu->in_delay_slot);
	assert_int_equal(cpu->pc, CODE + 12);
	assert_int_equal(cpu->gpr[T0], 1);
	assert_int_equal(cpu->gpr[T1], 0);
	assert_int_equal(cpu->cycles, 2);
	assert_int_equal(cpu->instructions, 2);
}

static void test_branch_likely_skips_its_slot(void **state)
{
	(void)state;
	PROGRAM(BEQL(0, T0, 2), ADDIU(T1, 0, 1), NOP, NOP);
	cpu->gpr[T0] = 1;
	steps(1);
	assert_int_equal(cpu->pc, CODE + 8);
	assert_false(cpu->in_delay_slot);
	assert_int_equal(cpu->gpr[T1], 0);
}

static void test_exception_in_delay_slot(void **state)
{
	(void)state;
	PROGRAM(BEQ(0, 0, 2), SYSCALL);
	steps(2);
	assert_exception(EXC_SYS, CODE, true);
	assert_false(cpu->in_delay_slot);
}

static void test_branch_in_delay_slot_is_reserved(void **state)
{
	(void)state;
	PROGRAM(BEQ(0, 0, 2), JR(RA));
	steps(2);
	assert_exception(EXC_RI, CODE, true);
}

static void test_links(void **state)
{
	(void)state;
	PROGRAM(0x0c000000 | (CODE_PA + 0x40) >> 2, NOP); /* jal */
	steps(2);
	assert_int_equal(cpu->gpr[RA], CODE + 8);
	assert_int_equal(cpu->pc, CODE + 0x40);
}

static void test_fetch_from_misaligned_address(void **state)
{
	(void)state;
	PROGRAM(JR(T0), NOP);
	cpu->gpr[T0] = CODE + 2;
	steps(3);
	assert_exception(EXC_ADEL, CODE + 2, false);
	assert_int_equal(cpu->cp0[CP0_BADVADDR], CODE + 2);
}

static void test_fetch_from_nothing_is_a_bus_error(void **state)
{
	(void)state;
	cpu->pc = UINT64_C(0xffffffffb8000000); /* in the device hole, no device */
	steps(1);
	assert_exception(EXC_IBE, UINT64_C(0xffffffffb8000000), false);
}

/* ---- memory ---- */

static void test_loads_extend(void **state)
{
	static const struct {
		unsigned opcode;
		int offset;
		uint64_t value;
	} tests[] = {
		{0x20, 0, 0xffffffffffffff88}, {0x24, 0, 0x88},
		{0x21, 0, 0xffffffffffff9988}, {0x25, 0, 0x9988},
		{0x23, 0, 0xffffffffbbaa9988}, {0x27, 0, 0xbbaa9988},
		{0x37, 0, 0xffeeddccbbaa9988}, {0x24, 7, 0xff},
		{0x22, 1, 0xffffffff99880304}, /* lwl: T1 is 0x01020304 */
		{0x26, 1, 0x0000000001bbaa99}, /* lwr */
		{0x1a, 2, 0xaa99880001020304}, /* ldl */
		{0x1b, 6, 0x000000000102ffee}, /* ldr */
	};

	(void)state;
	*(uint64_t *)ram_pointer(machine, DATA_PA) = 0xffeeddccbbaa9988;
	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		PROGRAM(I_TYPE(tests[i].opcode, T0, T1, tests[i].offset));
		cpu->pc = CODE;
		cpu->gpr[T0] = DATA;
		cpu->gpr[T1] = 0x01020304;
		steps(1);
		assert_int_equal(cpu->gpr[T1], tests[i].value);
	}
}

static void test_stores(void **state)
{
	static const struct {
		unsigned opcode;
		int offset;
		uint64_t memory;
	} tests[] = {
		{0x28, 1, 0x0000000000008800}, {0x29, 2, 0x0000000077880000},
		{0x2b, 4, 0x5566778800000000}, {0x3f, 0, 0x1122334455667788},
		{0x2a, 1, 0x0000000000005566}, {0x2e, 1, 0x0000000066778800},
		{0x2c, 2, 0x0000000000112233}, {0x2d, 6, 0x7788000000000000},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		*(uint64_t *)ram_pointer(machine, DATA_PA) = 0;
		PROGRAM(I_TYPE(tests[i].opcode, T0, T1, tests[i].offset));
		cpu->pc = CODE;
		cpu->gpr[T0] = DATA;
		cpu->gpr[T1] = 0x1122334455667788;
		steps(1);
		assert_int_equal(*(uint64_t *)ram_pointer(machine, DATA_PA), tests[i].memory);
	}
}

static void test_misaligned_accesses(void **state)
{
	static const struct {
		unsigned opcode;
		int offset;
		enum mips_exception code;
	} tests[] = {
		{0x21, 1, EXC_ADEL}, {0x23, 2, EXC_ADEL}, {0x37, 4, EXC_ADEL},
		{0x29, 1, EXC_ADES}, {0x2b, 1, EXC_ADES}, {0x3f, 4, EXC_ADES},
		{0x30, 2, EXC_ADEL}, {0x38, 2, EXC_ADES}, {0x3c, 4, EXC_ADES},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		/* First an access that enters the page into the software TLB. */
		PROGRAM(SW(T1, 0, T0), I_TYPE(tests[i].opcode, T0, T1, tests[i].offset));
		cpu->pc = CODE;
		cpu->gpr[T0] = DATA;
		steps(2);
		assert_exception(tests[i].code, CODE + 4, false);
		assert_int_equal(cpu->cp0[CP0_BADVADDR], DATA + (uint64_t)tests[i].offset);
		cp0_write(cpu, 12, 0, STATUS_KX | STATUS_SX | STATUS_UX);
	}
}

static void test_user_mode_may_not_touch_the_kernel(void **state)
{
	(void)state;
	PROGRAM(LW(T1, 0, T0));
	steps(0);
	enter_user_mode(STATUS_UX);
	cpu->gpr[T0] = DATA;
	steps(1);
	assert_exception(EXC_ADEL, USER_CODE, false);
	assert_int_equal(cpu->cp0[CP0_BADVADDR], DATA);
}

static void test_addresses_wrap_in_32bit_user_mode(void **state)
{
	(void)state;
	*(uint32_t *)ram_pointer(machine, DATA_PA) = 1234;
	PROGRAM(LW(T1, 0x10, T0));
	enter_user_mode(0);
	cpu->gpr[T0] = USER_DATA - 0x10 + (UINT64_C(1) << 32);
	steps(1);
	assert_int_equal(cpu->pc, USER_CODE + 4);
	assert_int_equal(cpu->gpr[T1], 1234);
}

static void test_ll_sc(void **state)
{
	(void)state;
	*(uint32_t *)ram_pointer(machine, DATA_PA) = 7;
	PROGRAM(I_TYPE(0x30, T0, T1, 0), ADDIU(T1, T1, 1), I_TYPE(0x38, T0, T1, 0),
		I_TYPE(0x38, T0, T1, 0));
	cpu->gpr[T0] = DATA;
	steps(3);
	assert_int_equal(cpu->gpr[T1], 1);
	assert_int_equal(*(uint32_t *)ram_pointer(machine, DATA_PA), 8);
	steps(1); /* without a link it fails and stores nothing */
	assert_int_equal(cpu->gpr[T1], 0);
	assert_int_equal(*(uint32_t *)ram_pointer(machine, DATA_PA), 8);
	assert_int_equal(cpu->stats.sc_failures, 1);
}

static void test_sc_to_another_address_fails(void **state)
{
	(void)state;
	PROGRAM(I_TYPE(0x30, T0, T1, 0), I_TYPE(0x38, T0, T2, 64));
	cpu->gpr[T0] = DATA;
	cpu->gpr[T2] = 9;
	steps(2);
	assert_int_equal(cpu->gpr[T2], 0);
	assert_int_equal(*(uint32_t *)ram_pointer(machine, DATA_PA + 64), 0);
}

/* ---- code that changes ---- */

static void test_self_modifying_code(void **state)
{
	(void)state;
	/* Runs once, then overwrites the ADDIU to T2 with one that adds 2, and runs again. */
	PROGRAM(ADDIU(T2, T2, 1), SW(T1, 0, T0), BEQ(0, 0, -3), NOP);
	cpu->gpr[T0] = CODE;
	cpu->gpr[T1] = ADDIU(T2, T2, 2);
	steps(5);
	assert_int_equal(cpu->gpr[T2], 3);
}

static void test_code_over_a_page_boundary(void **state)
{
	const uint32_t last = BEQ(0, 0, 4), first = ADDIU(T0, 0, 5);

	(void)state;
	put_words(CODE_PA + 0xffc, &last, 1);
	put_words(CODE_PA + 0x1000, &first, 1);
	enter_user_mode(STATUS_UX);
	cpu->pc = USER_CODE + 0xffc;
	steps(2);
	assert_int_equal(cpu->gpr[T0], 5);
	assert_int_equal(cpu->pc, USER_CODE + 0x1010);
}

/* ---- software TLB ---- */

static void test_protected_page_takes_the_slow_path(void **state)
{
	uint64_t pa;
	bool exception;

	(void)state;
	assert_non_null(softtlb_fill(cpu, DATA, ACCESS_WRITE, true, &pa, &exception));
	assert_int_equal(pa, DATA_PA);
	page_mark_code(machine, DATA_PA);
	assert_null(softtlb_fill(cpu, DATA, ACCESS_WRITE, true, &pa, &exception));
	assert_false(exception);
	assert_int_equal(pa, DATA_PA);
	assert_non_null(softtlb_fill(cpu, DATA, ACCESS_READ, true, &pa, &exception));
	PROGRAM(SW(T1, 0, T0));
	cpu->gpr[T0] = DATA;
	cpu->gpr[T1] = 99;
	steps(1);
	assert_int_equal(*(uint32_t *)ram_pointer(machine, DATA_PA), 99);
	page_clear_code(machine, DATA_PA);
	assert_non_null(softtlb_fill(cpu, DATA, ACCESS_WRITE, true, &pa, &exception));
}

static void map_user_page(unsigned index, uint8_t asid, uint64_t pa)
{
	cp0_write(cpu, 10, 0, USER_DATA | asid);
	cp0_write(cpu, 2, 0, pa >> 6 | 0x1e);
	cp0_write(cpu, 3, 0, 0);
	tlb_write(cpu, index);
}

static uint64_t load_user_word(uint8_t asid)
{
	cp0_write(cpu, 10, 0, asid);
	PROGRAM(LW(T1, 0, T0));
	cpu->pc = CODE;
	cpu->gpr[T0] = USER_DATA;
	steps(1);
	return cpu->gpr[T1];
}

static void test_many_asids_keep_apart(void **state)
{
	(void)state;
	for (uint8_t asid = 1; asid <= 12; asid++) {
		*(uint32_t *)ram_pointer(machine, DATA_PA + asid * 0x1000u) = asid;
		map_user_page(asid, asid, DATA_PA + asid * 0x1000u);
	}
	for (unsigned round = 0; round < 3; round++) {
		for (uint8_t asid = 1; asid <= 12; asid++)
			assert_int_equal(load_user_word(asid), asid);
	}
	/* A rewritten entry is seen at once. */
	map_user_page(3, 3, DATA_PA + 0x5000);
	assert_int_equal(load_user_word(3), 5);
	assert_int_equal(load_user_word(4), 4);
}

/* ---- running ---- */

static void test_run_stops_at_the_exact_cycle(void **state)
{
	(void)state;
	PROGRAM(BEQ(0, 0, -1), NOP);
	interpreter_run(cpu, 101);
	assert_int_equal(cpu->cycles, 101);
	assert_int_equal(cpu->instructions, 101);
	assert_true(cpu->in_delay_slot);
}

static void test_timer_interrupt_at_the_exact_cycle(void **state)
{
	(void)state;
	PROGRAM(BEQ(0, 0, -1), NOP);
	cp0_write(cpu, 9, 0, 0);
	cp0_write(cpu, 11, 0, 50); /* Compare: cycle 100 */
	cp0_write(cpu, 12, 0, STATUS_IE | UINT32_C(0x8000));
	interpreter_run(cpu, 100);
	assert_int_equal(cpu->stats.exceptions[EXC_INT], 0);
	interpreter_run(cpu, 101);
	assert_int_equal(cpu->stats.exceptions[EXC_INT], 1);
	assert_int_equal(cpu->cp0[CP0_EPC], CODE);
	assert_int_equal(cpu->instructions, 101);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(results),
		TEST(hi_lo),
		TEST(register_zero),
		TEST(overflow_traps),
		TEST(op64_is_reserved_in_32bit_user_mode),
		TEST(cp0_from_user_mode),
		TEST(delay_slot),
		TEST(branch_likely_skips_its_slot),
		TEST(exception_in_delay_slot),
		TEST(branch_in_delay_slot_is_reserved),
		TEST(links),
		TEST(fetch_from_misaligned_address),
		TEST(fetch_from_nothing_is_a_bus_error),
		TEST(loads_extend),
		TEST(stores),
		TEST(misaligned_accesses),
		TEST(user_mode_may_not_touch_the_kernel),
		TEST(addresses_wrap_in_32bit_user_mode),
		TEST(ll_sc),
		TEST(sc_to_another_address_fails),
		TEST(self_modifying_code),
		TEST(code_over_a_page_boundary),
		TEST(protected_page_takes_the_slow_path),
		TEST(many_asids_keep_apart),
		TEST(run_stops_at_the_exact_cycle),
		TEST(timer_interrupt_at_the_exact_cycle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
