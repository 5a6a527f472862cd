// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floating point: the host implementation against the integer one over random and edge operands in
 * all rounding modes, known answers, and what only FR = 0, FCSR and traps show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "emu/mem.h"
#include "../../emu-mips/cpu/decode.h"
#include "../../emu-mips/cpu/fpu.h"

#define ROUNDS 20000

static uint64_t random_state = 88172645463325252u;

static uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

static const uint64_t edges_d[] = {
	0,
	1,
	UINT64_C(0x000fffffffffffff),
	UINT64_C(0x0010000000000000),
	UINT64_C(0x0010000000000001),
	UINT64_C(0x001fffffffffffff),
	UINT64_C(0x3fefffffffffffff),
	UINT64_C(0x3ff0000000000000),
	UINT64_C(0x3ff0000000000001),
	UINT64_C(0x3fe0000000000000),
	UINT64_C(0x4000000000000000),
	UINT64_C(0x41dfffffffc00000),
	UINT64_C(0x41e0000000000000),
	UINT64_C(0x43dfffffffffffff),
	UINT64_C(0x43e0000000000000),
	UINT64_C(0x36a0000000000000),
	UINT64_C(0x380fffffffffffff),
	UINT64_C(0x47efffffe0000000),
	UINT64_C(0x47effffff0000000),
	UINT64_C(0x7fefffffffffffff),
	UINT64_C(0x7ff0000000000000),
	UINT64_C(0x7ff0000000000001),
	UINT64_C(0x7ff7ffffffffffff),
	UINT64_C(0x7ff8000000000000),
	UINT64_C(0x7fffffffffffffff),
};

/* A random operand: an edge case, a number near one, or any bits. */
static uint64_t operand_d(void)
{
	uint64_t r = random64(), sign = random64() & UINT64_C(1) << 63;

	switch (random64() & 7) {
	case 0:
	case 1:
	case 2:
		return edges_d[r % (sizeof(edges_d) / sizeof(edges_d[0]))] | sign;
	case 3:
	case 4: /* few significant bits: exact results and ties */
		return (UINT64_C(1023) - 60 + r % 120) << 52 | (random64() & 7) << 49 | sign;
	case 5: /* around the smallest and the largest numbers */
		return ((r & 1 ? 0 : 2030) + (r >> 8) % 16) << 52 | (random64() >> 12) | sign;
	case 6:
		return (UINT64_C(1023) - 4 + r % 80) << 52 | random64() >> 12 | sign;
	default:
		return r;
	}
}

static uint64_t operand_s(void)
{
	struct fpu_env env = {0};
	uint64_t r = random64();

	switch (r & 3) {
	case 0:
		return (uint32_t)(r >> 32);
	case 1: /* around the smallest and the largest numbers */
		return (((r & 4 ? 0 : 248) + (r >> 8) % 8) << 23) | r >> 41 | (r & 8) << 28;
	default:
		return soft_convert(&env, &fpu_single, &fpu_double, operand_d());
	}
}

static struct fpu_env random_env(void)
{
	uint64_t r = random64();

	return (struct fpu_env){.rounding = r & 3, .flush = (r >> 8 & 3) == 0};
}

#define COMPARE(name, operands, host, soft)                                                        \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		for (int i = 0; i < ROUNDS; i++) {                                                 \
			struct fpu_env env = random_env(), other = env;                            \
			uint64_t a = operands(), b = operands();                                   \
			uint64_t r = host(&env, a, b), s = soft;                                   \
                                                                                                   \
			if (r != s || env.flags != other.flags)                                    \
				fail_msg("%s mode %u fs %d: %016lx %016lx: host %016lx %02x, "     \
					 "soft %016lx %02x",                                       \
					 #name, env.rounding, env.flush, (unsigned long)a,         \
					 (unsigned long)b, (unsigned long)r, env.flags,            \
					 (unsigned long)s, other.flags);                           \
		}                                                                                  \
	}
#define BINARY(op)                                                                                 \
	COMPARE(op##_s, operand_s, fpu_##op##_s, soft_##op(&other, &fpu_single, a, b))             \
	COMPARE(op##_d, operand_d, fpu_##op##_d, soft_##op(&other, &fpu_double, a, b))
BINARY(add)
BINARY(sub)
BINARY(mul)
BINARY(div)

#define UNARY(name, operands, soft)                                                                \
	static uint64_t host_##name(struct fpu_env *env, uint64_t a, uint64_t b)                   \
	{                                                                                          \
		(void)b;                                                                           \
		return fpu_##name(env, a);                                                         \
	}                                                                                          \
	COMPARE(name, operands, host_##name, soft)
UNARY(sqrt_s, operand_s, soft_sqrt(&other, &fpu_single, a))
UNARY(sqrt_d, operand_d, soft_sqrt(&other, &fpu_double, a))
UNARY(cvt_d_s, operand_s, soft_convert(&other, &fpu_double, &fpu_single, a))
UNARY(cvt_s_d, operand_d, soft_convert(&other, &fpu_single, &fpu_double, a))
UNARY(cvt_s_w, random64, soft_from_integer(&other, &fpu_single, (int32_t)a))
UNARY(cvt_s_l, random64, soft_from_integer(&other, &fpu_single, (int64_t)a))
UNARY(cvt_d_w, random64, soft_from_integer(&other, &fpu_double, (int32_t)a))
UNARY(cvt_d_l, random64, soft_from_integer(&other, &fpu_double, (int64_t)a))
UNARY(cvt_w_s, operand_s, soft_to_integer(&other, &fpu_single, a, 32))
UNARY(cvt_w_d, operand_d, soft_to_integer(&other, &fpu_double, a, 32))
UNARY(cvt_l_s, operand_s, soft_to_integer(&other, &fpu_single, a, 64))
UNARY(cvt_l_d, operand_d, soft_to_integer(&other, &fpu_double, a, 64))

static uint64_t host_compare_d(struct fpu_env *env, uint64_t a, uint64_t b)
{
	return fpu_compare_d(env, a, b, (a ^ b) & 15);
}
COMPARE(compare_d, operand_d, host_compare_d, soft_compare(&other, &fpu_double, a, b, (a ^ b) & 15))

/* ---- Known answers ---- */

struct answer {
	uint64_t (*operation)(struct fpu_env *env, uint64_t a, uint64_t b);
	uint8_t rounding;
	bool flush;
	uint64_t a, b, result;
	uint8_t flags;
};

static void known_answers(void **state)
{
	static const struct answer answers[] = {
		/* 1 / 3 up and down */
		{fpu_div_d, FPU_UPWARD, false, UINT64_C(0x3ff0000000000000),
		 UINT64_C(0x4008000000000000), UINT64_C(0x3fd5555555555556), FPU_INEXACT},
		{fpu_div_d, FPU_DOWNWARD, false, UINT64_C(0x3ff0000000000000),
		 UINT64_C(0x4008000000000000), UINT64_C(0x3fd5555555555555), FPU_INEXACT},
		/* signalling and quiet NaN, infinity - infinity */
		{fpu_add_d, 0, false, UINT64_C(0x7ff8000000000000), 0, UINT64_C(0x7ff7ffffffffffff),
		 FPU_INVALID},
		{fpu_add_d, 0, false, UINT64_C(0xfff0000000000001), 0, UINT64_C(0x7ff7ffffffffffff),
		 0},
		{fpu_sub_s, 0, false, 0x7f800000, 0x7f800000, 0x7fbfffff, FPU_INVALID},
		{fpu_div_s, 0, false, 0xbf800000, 0, 0xff800000, FPU_DIVIDE_BY_ZERO},
		{fpu_mul_s, FPU_TOWARD_ZERO, false, 0x7f7fffff, 0x40000000, 0x7f7fffff,
		 FPU_OVERFLOW | FPU_INEXACT},
		/* tiny: exact, inexact, flushed */
		{fpu_mul_d, 0, false, 2, UINT64_C(0x3fe0000000000000), 1, 0},
		{fpu_mul_d, 0, false, 1, UINT64_C(0x3fe0000000000000), 0,
		 FPU_UNDERFLOW | FPU_INEXACT},
		{fpu_mul_d, 0, true, 4, UINT64_C(0xbfe0000000000000), UINT64_C(1) << 63, 0},
		/* x - x is +0, but -0 when rounding down */
		{fpu_sub_d, FPU_DOWNWARD, false, UINT64_C(0x3ff0000000000000),
		 UINT64_C(0x3ff0000000000000), UINT64_C(1) << 63, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct answer *t = &answers[i];
		struct fpu_env env = {.rounding = t->rounding, .flush = t->flush};

		assert_int_equal(t->operation(&env, t->a, t->b), t->result);
		assert_int_equal(env.flags, t->flags);
	}
}

/* ---- The handlers: FR = 0, traps, coprocessor unusable ---- */

#define ADD_D(fd, fs, ft) (0x46200000u | (ft) << 16 | (fs) << 11 | (fd) << 6)
#define ADD_S(fd, fs, ft) (0x46000000u | (ft) << 16 | (fs) << 11 | (fd) << 6)
#define MFC1(rt, fs)	  (0x44000000u | (rt) << 16 | (fs) << 11)
#define MTHC1(rt, fs)	  (0x44e00000u | (rt) << 16 | (fs) << 11)

static struct cpu cpu;

static int setup(void **state)
{
	static const struct cpu_config config = {.tlb_entries = 64, .clock_mhz = 100};

	(void)state;
	memset(&cpu, 0, sizeof(cpu));
	cpu.config = &config;
	if (softtlb_create(&cpu))
		return -1;
	cpu_reset(&cpu);
	cp0_write(&cpu, 12, 0, STATUS_CU1 | STATUS_FR | STATUS_KX);
	cpu.fcr31 = 0;
	memset(cpu.fpr, 0, sizeof(cpu.fpr));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	softtlb_destroy(&cpu);
	return 0;
}

static void pairs_with_fr_0(void **state)
{
	(void)state;
	cp0_write(&cpu, 12, 0, STATUS_CU1 | STATUS_KX);
	cpu.fpr[2] = UINT64_C(0x3ff0000040490fdb); /* $f2 and, in the upper half, $f3 */
	assert_int_equal(exec_mfc1(&cpu, MFC1(4u, 3u)), EXEC_OK);
	assert_int_equal(cpu.gpr[4], 0x3ff00000);
	assert_int_equal(exec_mfc1(&cpu, MFC1(4u, 2u)), EXEC_OK);
	assert_int_equal(cpu.gpr[4], 0x40490fdb);
	cpu.gpr[5] = 0x40000000;
	assert_int_equal(exec_mthc1(&cpu, MTHC1(5u, 2u)), EXEC_OK);
	assert_int_equal(cpu.fpr[2], UINT64_C(0x4000000040490fdb));
	/* $f3 = 2.0f: 2.0f + 2.0f into $f5, whose pair keeps its lower half */
	cpu.fpr[4] = 0x1234;
	assert_int_equal(exec_add_s(&cpu, ADD_S(5u, 3u, 3u)), EXEC_OK);
	assert_int_equal(cpu.fpr[4], UINT64_C(0x4080000000001234));
}

static void unusable(void **state)
{
	(void)state;
	cp0_write(&cpu, 12, 0, STATUS_FR | STATUS_KX);
	assert_int_equal(exec_add_d(&cpu, ADD_D(1u, 2u, 3u)), EXEC_EXCEPTION);
	assert_int_equal(cpu.cp0[CP0_CAUSE] & CAUSE_CE, UINT32_C(1) << CAUSE_CE_SHIFT);
	assert_int_equal(cpu.cp0[CP0_CAUSE] & CAUSE_EXC, EXC_CPU << CAUSE_EXC_SHIFT);
}

static void odd_double_with_fr_0(void **state)
{
	(void)state;
	cp0_write(&cpu, 12, 0, STATUS_CU1 | STATUS_KX);
	assert_int_equal(exec_add_d(&cpu, ADD_D(1u, 2u, 4u)), EXEC_EXCEPTION);
	assert_int_equal(cpu.cp0[CP0_CAUSE] & CAUSE_EXC, EXC_RI << CAUSE_EXC_SHIFT);
}

static void trapped_overflow(void **state)
{
	(void)state;
	cpu.fpr[1] = 42;
	cpu.fpr[2] = UINT64_C(0x7fefffffffffffff);
	cpu.fcr31 = FPU_OVERFLOW << FCSR_ENABLE_SHIFT;
	assert_int_equal(exec_add_d(&cpu, ADD_D(1u, 2u, 2u)), EXEC_EXCEPTION);
	assert_int_equal(cpu.cp0[CP0_CAUSE] & CAUSE_EXC, EXC_FPE << CAUSE_EXC_SHIFT);
	assert_int_equal(cpu.fpr[1], 42); /* no result */
	assert_int_equal(cpu.fcr31, FPU_OVERFLOW << FCSR_ENABLE_SHIFT |
					    (FPU_OVERFLOW | FPU_INEXACT) << FCSR_CAUSE_SHIFT);
}

static void control_registers(void **state)
{
	(void)state;
	assert_int_equal(fpu_control_read(&cpu, 0) & 0xffff0000, 0x00770000);
	assert_int_equal(fpu_control_write(&cpu, 31, 0xff83ff7f & ~FCSR_CAUSE), EXEC_OK);
	assert_int_equal(fpu_control_read(&cpu, 25), 0xff);
	assert_int_equal(fpu_control_read(&cpu, 28), 0xf07 & ~0x80u);
	assert_int_equal(fpu_control_write(&cpu, 28, 4 | 2), EXEC_OK);
	assert_int_equal(fpu_control_read(&cpu, 31), 0xff800000 | 2 | (0x1f << 2));
	assert_int_equal(fpu_control_write(&cpu, 25, 0x81), EXEC_OK);
	assert_int_equal(fpu_control_read(&cpu, 31), 0x81800000 | 2 | (0x1f << 2));
	/* Unimplemented is always enabled */
	assert_int_equal(fpu_control_write(&cpu, 26, 0x20000), EXEC_EXCEPTION);
	assert_int_equal(cpu.cp0[CP0_CAUSE] & CAUSE_EXC, EXC_FPE << CAUSE_EXC_SHIFT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(add_s),
		cmocka_unit_test(add_d),
		cmocka_unit_test(sub_s),
		cmocka_unit_test(sub_d),
		cmocka_unit_test(mul_s),
		cmocka_unit_test(mul_d),
		cmocka_unit_test(div_s),
		cmocka_unit_test(div_d),
		cmocka_unit_test(sqrt_s),
		cmocka_unit_test(sqrt_d),
		cmocka_unit_test(cvt_d_s),
		cmocka_unit_test(cvt_s_d),
		cmocka_unit_test(cvt_s_w),
		cmocka_unit_test(cvt_s_l),
		cmocka_unit_test(cvt_d_w),
		cmocka_unit_test(cvt_d_l),
		cmocka_unit_test(cvt_w_s),
		cmocka_unit_test(cvt_w_d),
		cmocka_unit_test(cvt_l_s),
		cmocka_unit_test(cvt_l_d),
		cmocka_unit_test(compare_d),
		cmocka_unit_test(known_answers),
		cmocka_unit_test_setup_teardown(pairs_with_fr_0, setup, teardown),
		cmocka_unit_test_setup_teardown(unusable, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_double_with_fr_0, setup, teardown),
		cmocka_unit_test_setup_teardown(trapped_overflow, setup, teardown),
		cmocka_unit_test_setup_teardown(control_registers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
