/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floating point on the SSE2 unit of an x86-64 host. From fpu.h.
 *
 * The unit agrees with MIPS in everything (rounding, overflow, tininess after rounding, the masked
 * underflow rule) but NaNs and FCSR.FS: results that are NaNs, and with FS results that may be
 * tiny, are computed again by soft_*. An operation loads MXCSR with the rounding mode and no flags,
 * computes and reads the flags back, all in one asm statement, so the compiler moves nothing in
 * between. MXCSR's flags are left as they are; its rounding mode is put back, since the C code
 * around relies on round to nearest.
 */
#ifndef EMU_CPU_FPU_HOST_H
#define EMU_CPU_FPU_HOST_H

#include <string.h>

#define MXCSR_DEFAULT 0x1f80u /* every exception masked, round to nearest */

/* MXCSR to load for each enum fpu_rounding. */
extern const uint32_t fpu_mxcsr[4];
/* enum fpu_flag of MXCSR's flags: invalid, denormal, divide by zero, overflow, underflow,
 * precision. */
extern const uint8_t fpu_flags_of_mxcsr[64];

static inline double fpu_double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline uint64_t fpu_bits_of_double(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline float fpu_float_of(uint64_t bits)
{
	uint32_t low = (uint32_t)bits;
	float value;

	memcpy(&value, &low, sizeof(value));
	return value;
}

static inline uint64_t fpu_bits_of_float(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* After the operation: restores the rounding mode, gives the exceptions. */
static inline unsigned fpu_host_end(const struct fpu_env *env, uint32_t mxcsr)
{
	if (__builtin_expect(env->rounding != FPU_NEAREST, 0))
		__asm__ volatile("ldmxcsr %0" : : "m"(fpu_mxcsr[FPU_NEAREST]));
	return fpu_flags_of_mxcsr[mxcsr & 63];
}

/* Whether the host's result does not count: a NaN, or FS is set and it is tiny or was about to be.
 */
static inline bool fpu_redo_d(const struct fpu_env *env, double r)
{
	if (__builtin_expect(r != r, 0))
		return true;
	return __builtin_expect(env->flush, 0) && __builtin_fabs(r) <= 0x1p-1022;
}

static inline bool fpu_redo_s(const struct fpu_env *env, float r)
{
	if (__builtin_expect(r != r, 0))
		return true;
	return __builtin_expect(env->flush, 0) && __builtin_fabsf(r) <= 0x1p-126f;
}

#include "fpu_nearest.h"

static inline bool fpu_usual(const struct fpu_env *env)
{
	return __builtin_expect(env->rounding == FPU_NEAREST && !env->flush, 1);
}

/* The integer implementation, given a copy of *env: so that *env itself can stay in registers. */
#define FPU_SOFT(call)                                                                             \
	({                                                                                         \
		struct fpu_env copy = *env;                                                        \
		__auto_type soft_result = (call);                                                  \
                                                                                                   \
		env->flags = copy.flags;                                                           \
		soft_result;                                                                       \
	})

/* In all asm statements: %1 receives MXCSR, %2 is loaded into it. */
#define HOST_BINARY(op, type, fmt, bits_of, of, format, instruction)                               \
	static inline uint64_t fpu_##op##_##fmt(struct fpu_env *env, uint64_t a, uint64_t b)       \
	{                                                                                          \
		type r = of(a);                                                                    \
		uint64_t result;                                                                   \
		uint32_t mxcsr;                                                                    \
		unsigned flags;                                                                    \
                                                                                                   \
		if (fpu_usual(env) && fpu_nearest_##op##_##fmt(a, b, &result, &env->flags))        \
			return result;                                                             \
		__asm__ volatile("ldmxcsr %2\n\t" instruction " %3, %0\n\tstmxcsr %1"              \
				 : "+x"(r), "=m"(mxcsr)                                            \
				 : "m"(fpu_mxcsr[env->rounding]), "x"(of(b)));                     \
		flags = fpu_host_end(env, mxcsr);                                                  \
		if (fpu_redo_##fmt(env, r))                                                        \
			return FPU_SOFT(soft_##op(&copy, &format, a, b));                          \
		env->flags |= flags;                                                               \
		return bits_of(r);                                                                 \
	}
#define HOST_BINARY_S(op, instruction)                                                             \
	HOST_BINARY(op, float, s, fpu_bits_of_float, fpu_float_of, fpu_single, instruction)
#define HOST_BINARY_D(op, instruction)                                                             \
	HOST_BINARY(op, double, d, fpu_bits_of_double, fpu_double_of, fpu_double, instruction)
HOST_BINARY_S(add, "addss")
HOST_BINARY_S(sub, "subss")
HOST_BINARY_S(mul, "mulss")
HOST_BINARY_S(div, "divss")
HOST_BINARY_D(add, "addsd")
HOST_BINARY_D(sub, "subsd")
HOST_BINARY_D(mul, "mulsd")
HOST_BINARY_D(div, "divsd")
#undef HOST_BINARY_D
#undef HOST_BINARY_S
#undef HOST_BINARY

/* One operand to a floating-point result: square root, conversions. */
#define HOST_UNARY(name, type, source, fmt, bits_of, instruction, constraint, soft)                \
	static inline uint64_t fpu_##name(struct fpu_env *env, uint64_t a)                         \
	{                                                                                          \
		uint32_t mxcsr;                                                                    \
		unsigned flags;                                                                    \
		type r;                                                                            \
                                                                                                   \
		__asm__ volatile("ldmxcsr %2\n\txorps %0, %0\n\t" instruction                      \
				 " %3, %0\n\tstmxcsr %1"                                           \
				 : "=&x"(r), "=m"(mxcsr)                                           \
				 : "m"(fpu_mxcsr[env->rounding]), constraint(source));             \
		flags = fpu_host_end(env, mxcsr);                                                  \
		if (fpu_redo_##fmt(env, r))                                                        \
			return FPU_SOFT(soft);                                                     \
		env->flags |= flags;                                                               \
		return bits_of(r);                                                                 \
	}
HOST_UNARY(sqrt_s, float, fpu_float_of(a), s, fpu_bits_of_float, "sqrtss", "x",
	   soft_sqrt(&copy, &fpu_single, a))
HOST_UNARY(sqrt_d, double, fpu_double_of(a), d, fpu_bits_of_double, "sqrtsd", "x",
	   soft_sqrt(&copy, &fpu_double, a))
HOST_UNARY(cvt_d_s, double, fpu_float_of(a), d, fpu_bits_of_double, "cvtss2sd", "x",
	   soft_convert(&copy, &fpu_double, &fpu_single, a))
HOST_UNARY(cvt_s_d, float, fpu_double_of(a), s, fpu_bits_of_float, "cvtsd2ss", "x",
	   soft_convert(&copy, &fpu_single, &fpu_double, a))
HOST_UNARY(cvt_s_w, float, (int32_t)a, s, fpu_bits_of_float, "cvtsi2ssl", "r",
	   soft_from_integer(&copy, &fpu_single, (int32_t)a))
HOST_UNARY(cvt_s_l, float, (int64_t)a, s, fpu_bits_of_float, "cvtsi2ssq", "r",
	   soft_from_integer(&copy, &fpu_single, (int64_t)a))
HOST_UNARY(cvt_d_w, double, (int32_t)a, d, fpu_bits_of_double, "cvtsi2sdl", "r",
	   soft_from_integer(&copy, &fpu_double, (int32_t)a))
HOST_UNARY(cvt_d_l, double, (int64_t)a, d, fpu_bits_of_double, "cvtsi2sdq", "r",
	   soft_from_integer(&copy, &fpu_double, (int64_t)a))
#undef HOST_UNARY

/* To an integer. The host answers the most negative integer to all it cannot convert. */
#define HOST_TO_INTEGER(name, type, source, instruction, format)                                   \
	static inline uint64_t fpu_##name(struct fpu_env *env, uint64_t a)                         \
	{                                                                                          \
		uint32_t mxcsr;                                                                    \
		unsigned flags;                                                                    \
		type r;                                                                            \
                                                                                                   \
		__asm__ volatile("ldmxcsr %2\n\t" instruction " %3, %0\n\tstmxcsr %1"              \
				 : "=r"(r), "=m"(mxcsr)                                            \
				 : "m"(fpu_mxcsr[env->rounding]), "x"(source));                    \
		flags = fpu_host_end(env, mxcsr);                                                  \
		if (__builtin_expect(flags & FPU_INVALID, 0))                                      \
			return FPU_SOFT(soft_to_integer(&copy, &format, a, 8 * sizeof(type)));     \
		env->flags |= flags;                                                               \
		return (uint64_t)r;                                                                \
	}
HOST_TO_INTEGER(cvt_w_s, uint32_t, fpu_float_of(a), "cvtss2sil", fpu_single)
HOST_TO_INTEGER(cvt_w_d, uint32_t, fpu_double_of(a), "cvtsd2sil", fpu_double)
HOST_TO_INTEGER(cvt_l_s, uint64_t, fpu_float_of(a), "cvtss2siq", fpu_single)
HOST_TO_INTEGER(cvt_l_d, uint64_t, fpu_double_of(a), "cvtsd2siq", fpu_double)
#undef HOST_TO_INTEGER

/* Comparisons of numbers signal nothing; only NaNs need care. */
static inline bool fpu_compare_s(struct fpu_env *env, uint64_t a, uint64_t b, unsigned condition)
{
	float x = fpu_float_of(a), y = fpu_float_of(b);

	if (__builtin_expect(__builtin_isunordered(x, y), 0))
		return FPU_SOFT(soft_compare(&copy, &fpu_single, a, b, condition));
	return ((condition & 4) && x < y) || ((condition & 2) && x == y);
}

static inline bool fpu_compare_d(struct fpu_env *env, uint64_t a, uint64_t b, unsigned condition)
{
	double x = fpu_double_of(a), y = fpu_double_of(b);

	if (__builtin_expect(__builtin_isunordered(x, y), 0))
		return FPU_SOFT(soft_compare(&copy, &fpu_double, a, b, condition));
	return ((condition & 4) && x < y) || ((condition & 2) && x == y);
}

#endif
