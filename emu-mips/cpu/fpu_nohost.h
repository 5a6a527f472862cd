/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating point on a host other than x86-64: always the integer implementation. From fpu.h. */
#ifndef EMU_CPU_FPU_NOHOST_H
#define EMU_CPU_FPU_NOHOST_H

#define SOFT_BINARY(op)                                                                            \
	static inline uint64_t fpu_##op##_s(struct fpu_env *env, uint64_t a, uint64_t b)           \
	{                                                                                          \
		return soft_##op(env, &fpu_single, a, b);                                          \
	}                                                                                          \
	static inline uint64_t fpu_##op##_d(struct fpu_env *env, uint64_t a, uint64_t b)           \
	{                                                                                          \
		return soft_##op(env, &fpu_double, a, b);                                          \
	}
SOFT_BINARY(add)
SOFT_BINARY(sub)
SOFT_BINARY(mul)
SOFT_BINARY(div)
#undef SOFT_BINARY

#define SOFT_UNARY(name, expression)                                                               \
	static inline uint64_t fpu_##name(struct fpu_env *env, uint64_t a)                         \
	{                                                                                          \
		return expression;                                                                 \
	}
SOFT_UNARY(sqrt_s, soft_sqrt(env, &fpu_single, a))
SOFT_UNARY(sqrt_d, soft_sqrt(env, &fpu_double, a))
SOFT_UNARY(cvt_d_s, soft_convert(env, &fpu_double, &fpu_single, a))
SOFT_UNARY(cvt_s_d, soft_convert(env, &fpu_single, &fpu_double, a))
SOFT_UNARY(cvt_s_w, soft_from_integer(env, &fpu_single, (int32_t)a))
SOFT_UNARY(cvt_s_l, soft_from_integer(env, &fpu_single, (int64_t)a))
SOFT_UNARY(cvt_d_w, soft_from_integer(env, &fpu_double, (int32_t)a))
SOFT_UNARY(cvt_d_l, soft_from_integer(env, &fpu_double, (int64_t)a))
SOFT_UNARY(cvt_w_s, soft_to_integer(env, &fpu_single, a, 32))
SOFT_UNARY(cvt_w_d, soft_to_integer(env, &fpu_double, a, 32))
SOFT_UNARY(cvt_l_s, soft_to_integer(env, &fpu_single, a, 64))
SOFT_UNARY(cvt_l_d, soft_to_integer(env, &fpu_double, a, 64))
#undef SOFT_UNARY

static inline bool fpu_compare_s(struct fpu_env *env, uint64_t a, uint64_t b, unsigned condition)
{
	return soft_compare(env, &fpu_single, a, b, condition);
}

static inline bool fpu_compare_d(struct fpu_env *env, uint64_t a, uint64_t b, unsigned condition)
{
	return soft_compare(env, &fpu_double, a, b, condition);
}

#endif
