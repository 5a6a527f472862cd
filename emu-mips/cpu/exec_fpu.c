// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floating-point arithmetic in formats S, D, W and L: handlers of COP1 and of COP1X's multiply-add.
 * The result is written only when none of the exceptions signalled is enabled. ABS, NEG and moves
 * are not arithmetic here and leave FCSR alone. MIPS64 Volume II.
 */
#include "exec_fpu.h"

/* Records @env's exceptions and, without a trap, writes the result. */
static inline enum exec finish_s(struct cpu *cpu, const struct fpu_env *env, unsigned fd,
				 uint64_t value)
{
	if (fpu_record(cpu, env->flags) != EXEC_OK)
		return EXEC_EXCEPTION;
	fpu_write32(cpu, fd, (uint32_t)value);
	return EXEC_OK;
}

static inline enum exec finish_d(struct cpu *cpu, const struct fpu_env *env, unsigned fd,
				 uint64_t value)
{
	if (fpu_record(cpu, env->flags) != EXEC_OK)
		return EXEC_EXCEPTION;
	fpu_write64(cpu, fd, value);
	return EXEC_OK;
}

#define FPU_BINARY(op)                                                                             \
	enum exec exec_##op##_s(struct cpu *cpu, uint32_t word)                                    \
	{                                                                                          \
		struct fpu_env env = fpu_env_of(cpu->fcr31);                                       \
		uint64_t value;                                                                    \
                                                                                                   \
		FPU_CHECK(cpu);                                                                    \
		value = fpu_##op##_s(&env, fpu_read32(cpu, field_fs(word)),                        \
				     fpu_read32(cpu, field_ft(word)));                             \
		return finish_s(cpu, &env, field_fd(word), value);                                 \
	}                                                                                          \
	enum exec exec_##op##_d(struct cpu *cpu, uint32_t word)                                    \
	{                                                                                          \
		struct fpu_env env = fpu_env_of(cpu->fcr31);                                       \
		uint64_t value;                                                                    \
                                                                                                   \
		FPU_CHECK_EVEN(cpu, field_fs(word) | field_ft(word) | field_fd(word));             \
		value = fpu_##op##_d(&env, fpu_read64(cpu, field_fs(word)),                        \
				     fpu_read64(cpu, field_ft(word)));                             \
		return finish_d(cpu, &env, field_fd(word), value);                                 \
	}
FPU_BINARY(add)
FPU_BINARY(sub)
FPU_BINARY(mul)
FPU_BINARY(div)

#define FPU_UNARY(op)                                                                              \
	enum exec exec_##op##_s(struct cpu *cpu, uint32_t word)                                    \
	{                                                                                          \
		struct fpu_env env = fpu_env_of(cpu->fcr31);                                       \
		uint64_t value;                                                                    \
                                                                                                   \
		FPU_CHECK(cpu);                                                                    \
		value = fpu_##op##_s(&env, fpu_read32(cpu, field_fs(word)));                       \
		return finish_s(cpu, &env, field_fd(word), value);                                 \
	}                                                                                          \
	enum exec exec_##op##_d(struct cpu *cpu, uint32_t word)                                    \
	{                                                                                          \
		struct fpu_env env = fpu_env_of(cpu->fcr31);                                       \
		uint64_t value;                                                                    \
                                                                                                   \
		FPU_CHECK_EVEN(cpu, field_fs(word) | field_fd(word));                              \
		value = fpu_##op##_d(&env, fpu_read64(cpu, field_fs(word)));                       \
		return finish_d(cpu, &env, field_fd(word), value);                                 \
	}
FPU_UNARY(sqrt)
FPU_UNARY(recip)
FPU_UNARY(rsqrt)

/* Sign operations: no exceptions, also for NaNs. */
#define FPU_SIGN(op, expression)                                                                   \
	enum exec exec_##op##_s(struct cpu *cpu, uint32_t word)                                    \
	{                                                                                          \
		uint32_t value, sign = UINT32_C(1) << 31;                                          \
                                                                                                   \
		FPU_CHECK(cpu);                                                                    \
		value = fpu_read32(cpu, field_fs(word));                                           \
		fpu_write32(cpu, field_fd(word), expression);                                      \
		return EXEC_OK;                                                                    \
	}                                                                                          \
	enum exec exec_##op##_d(struct cpu *cpu, uint32_t word)                                    \
	{                                                                                          \
		uint64_t value, sign = UINT64_C(1) << 63;                                          \
                                                                                                   \
		FPU_CHECK_EVEN(cpu, field_fs(word) | field_fd(word));                              \
		value = fpu_read64(cpu, field_fs(word));                                           \
		fpu_write64(cpu, field_fd(word), expression);                                      \
		return EXEC_OK;                                                                    \
	}
FPU_SIGN(abs, value & ~sign)
FPU_SIGN(neg, value ^ sign)

/* (fs * ft + fr) and its variants: the product is rounded, then the sum; exceptions of both. */
#define FPU_MULTIPLY_ADD(name, op, sign)                                                           \
	enum exec exec_##name##_s(struct cpu *cpu, uint32_t word)                                  \
	{                                                                                          \
		struct fpu_env env = fpu_env_of(cpu->fcr31);                                       \
		uint64_t value;                                                                    \
                                                                                                   \
		FPU_CHECK(cpu);                                                                    \
		value = fpu_mul_s(&env, fpu_read32(cpu, field_fs(word)),                           \
				  fpu_read32(cpu, field_ft(word)));                                \
		value = fpu_##op##_s(&env, value, fpu_read32(cpu, field_fr(word)));                \
		return finish_s(cpu, &env, field_fd(word), value ^ (uint64_t)(sign) << 31);        \
	}                                                                                          \
	enum exec exec_##name##_d(struct cpu *cpu, uint32_t word)                                  \
	{                                                                                          \
		struct fpu_env env = fpu_env_of(cpu->fcr31);                                       \
		uint64_t value;                                                                    \
                                                                                                   \
		FPU_CHECK_EVEN(cpu,                                                                \
			       field_fs(word) | field_ft(word) | field_fr(word) | field_fd(word)); \
		value = fpu_mul_d(&env, fpu_read64(cpu, field_fs(word)),                           \
				  fpu_read64(cpu, field_ft(word)));                                \
		value = fpu_##op##_d(&env, value, fpu_read64(cpu, field_fr(word)));                \
		return finish_d(cpu, &env, field_fd(word), value ^ (uint64_t)(sign) << 63);        \
	}
FPU_MULTIPLY_ADD(madd, add, 0)
FPU_MULTIPLY_ADD(msub, sub, 0)
FPU_MULTIPLY_ADD(nmadd, add, 1)
FPU_MULTIPLY_ADD(nmsub, sub, 1)

/* ---- Comparisons ---- */

static inline enum exec finish_compare(struct cpu *cpu, const struct fpu_env *env, uint32_t word,
				       bool result)
{
	uint32_t mask = fpu_condition_mask(word >> 8 & 7);

	if (fpu_record(cpu, env->flags) != EXEC_OK)
		return EXEC_EXCEPTION;
	cpu->fcr31 = result ? cpu->fcr31 | mask : cpu->fcr31 & ~mask;
	return EXEC_OK;
}

enum exec exec_c_s(struct cpu *cpu, uint32_t word)
{
	struct fpu_env env = {0};
	bool result;

	FPU_CHECK(cpu);
	result = fpu_compare_s(&env, fpu_read32(cpu, field_fs(word)),
			       fpu_read32(cpu, field_ft(word)), word & 15);
	return finish_compare(cpu, &env, word, result);
}

enum exec exec_c_d(struct cpu *cpu, uint32_t word)
{
	struct fpu_env env = {0};
	bool result;

	FPU_CHECK_EVEN(cpu, field_fs(word) | field_ft(word));
	result = fpu_compare_d(&env, fpu_read64(cpu, field_fs(word)),
			       fpu_read64(cpu, field_ft(word)), word & 15);
	return finish_compare(cpu, &env, word, result);
}

/* ---- Conversions: TO.FROM, what is checked, how the source is read ---- */

#define FPU_CONVERT(to, from, check, read, finish)                                                 \
	enum exec exec_cvt_##to##_##from(struct cpu *cpu, uint32_t word)                           \
	{                                                                                          \
		struct fpu_env env = fpu_env_of(cpu->fcr31);                                       \
		uint64_t value;                                                                    \
                                                                                                   \
		check;                                                                             \
		value = fpu_cvt_##to##_##from(&env, read(cpu, field_fs(word)));                    \
		return finish(cpu, &env, field_fd(word), value);                                   \
	}
FPU_CONVERT(d, s, FPU_CHECK_EVEN(cpu, field_fd(word)), fpu_read32, finish_d)
FPU_CONVERT(d, w, FPU_CHECK_EVEN(cpu, field_fd(word)), fpu_read32, finish_d)
FPU_CONVERT(d, l, FPU_CHECK_FR(cpu), fpu_read64, finish_d)
FPU_CONVERT(s, d, FPU_CHECK_EVEN(cpu, field_fs(word)), fpu_read64, finish_s)
FPU_CONVERT(s, w, FPU_CHECK(cpu), fpu_read32, finish_s)
FPU_CONVERT(s, l, FPU_CHECK_FR(cpu), fpu_read64, finish_s)
FPU_CONVERT(w, s, FPU_CHECK(cpu), fpu_read32, finish_s)
FPU_CONVERT(w, d, FPU_CHECK_EVEN(cpu, field_fs(word)), fpu_read64, finish_s)
FPU_CONVERT(l, s, FPU_CHECK_FR(cpu), fpu_read32, finish_d)
FPU_CONVERT(l, d, FPU_CHECK_FR(cpu), fpu_read64, finish_d)

/* To an integer in the instruction's own rounding mode. */
#define FPU_ROUND(name, to, from, mode, check, read, finish)                                       \
	enum exec exec_##name##_##to##_##from(struct cpu *cpu, uint32_t word)                      \
	{                                                                                          \
		struct fpu_env env = fpu_env_of(cpu->fcr31);                                       \
		uint64_t value;                                                                    \
                                                                                                   \
		check;                                                                             \
		env.rounding = mode;                                                               \
		value = fpu_cvt_##to##_##from(&env, read(cpu, field_fs(word)));                    \
		return finish(cpu, &env, field_fd(word), value);                                   \
	}
#define FPU_ROUND_ALL(name, mode)                                                                  \
	FPU_ROUND(name, w, s, mode, FPU_CHECK(cpu), fpu_read32, finish_s)                          \
	FPU_ROUND(name, w, d, mode, FPU_CHECK_EVEN(cpu, field_fs(word)), fpu_read64, finish_s)     \
	FPU_ROUND(name, l, s, mode, FPU_CHECK_FR(cpu), fpu_read32, finish_d)                       \
	FPU_ROUND(name, l, d, mode, FPU_CHECK_FR(cpu), fpu_read64, finish_d)
FPU_ROUND_ALL(round, FPU_NEAREST)
FPU_ROUND_ALL(trunc, FPU_TOWARD_ZERO)
FPU_ROUND_ALL(ceil, FPU_UPWARD)
FPU_ROUND_ALL(floor, FPU_DOWNWARD)
