// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paired singles: two single-precision operations in one, exceptions of both in one FCSR.Cause.
 * All need FR = 1. MIPS64 Volume II; the MIPS-3D extension is not there (FIR.3D = 0).
 */
#include "exec_fpu.h"

static inline enum exec finish_ps(struct cpu *cpu, const struct fpu_env *env, unsigned fd,
				  uint64_t upper, uint64_t lower)
{
	if (fpu_record(cpu, env->flags) != EXEC_OK)
		return EXEC_EXCEPTION;
	fpu_write64(cpu, fd, ps_pair(upper, lower));
	return EXEC_OK;
}

#define PS_BINARY(op)                                                                              \
	enum exec exec_##op##_ps(struct cpu *cpu, uint32_t word)                                   \
	{                                                                                          \
		struct fpu_env env = fpu_env_of(cpu->fcr31);                                       \
		uint64_t a = fpu_read64(cpu, field_fs(word));                                      \
		uint64_t b = fpu_read64(cpu, field_ft(word));                                      \
		uint64_t upper, lower;                                                             \
                                                                                                   \
		FPU_CHECK_FR(cpu);                                                                 \
		lower = fpu_##op##_s(&env, ps_lower(a), ps_lower(b));                              \
		upper = fpu_##op##_s(&env, ps_upper(a), ps_upper(b));                              \
		return finish_ps(cpu, &env, field_fd(word), upper, lower);                         \
	}
PS_BINARY(add)
PS_BINARY(sub)
PS_BINARY(mul)

#define PS_SIGN UINT64_C(0x8000000080000000)

enum exec exec_abs_ps(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK_FR(cpu);
	fpu_write64(cpu, field_fd(word), fpu_read64(cpu, field_fs(word)) & ~PS_SIGN);
	return EXEC_OK;
}

enum exec exec_neg_ps(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK_FR(cpu);
	fpu_write64(cpu, field_fd(word), fpu_read64(cpu, field_fs(word)) ^ PS_SIGN);
	return EXEC_OK;
}

#define PS_MULTIPLY_ADD(name, op, sign)                                                            \
	enum exec exec_##name##_ps(struct cpu *cpu, uint32_t word)                                 \
	{                                                                                          \
		struct fpu_env env = fpu_env_of(cpu->fcr31);                                       \
		uint64_t a = fpu_read64(cpu, field_fs(word));                                      \
		uint64_t b = fpu_read64(cpu, field_ft(word));                                      \
		uint64_t c = fpu_read64(cpu, field_fr(word));                                      \
		uint64_t upper, lower;                                                             \
                                                                                                   \
		FPU_CHECK_FR(cpu);                                                                 \
		lower = fpu_mul_s(&env, ps_lower(a), ps_lower(b));                                 \
		upper = fpu_mul_s(&env, ps_upper(a), ps_upper(b));                                 \
		lower = fpu_##op##_s(&env, lower, ps_lower(c)) ^ (sign);                           \
		upper = fpu_##op##_s(&env, upper, ps_upper(c)) ^ (sign);                           \
		return finish_ps(cpu, &env, field_fd(word), upper, lower);                         \
	}
PS_MULTIPLY_ADD(madd, add, 0)
PS_MULTIPLY_ADD(msub, sub, 0)
PS_MULTIPLY_ADD(nmadd, add, UINT32_C(1) << 31)
PS_MULTIPLY_ADD(nmsub, sub, UINT32_C(1) << 31)

/* The lower pair's result goes to condition code cc, the upper pair's to cc + 1. */
enum exec exec_c_ps(struct cpu *cpu, uint32_t word)
{
	struct fpu_env env = {0};
	uint64_t a = fpu_read64(cpu, field_fs(word)), b = fpu_read64(cpu, field_ft(word));
	uint32_t lower_mask = fpu_condition_mask(word >> 8 & 6);
	uint32_t upper_mask = fpu_condition_mask((word >> 8 & 6) + 1);
	bool upper, lower;

	FPU_CHECK_FR(cpu);
	lower = fpu_compare_s(&env, ps_lower(a), ps_lower(b), word & 15);
	upper = fpu_compare_s(&env, ps_upper(a), ps_upper(b), word & 15);
	if (fpu_record(cpu, env.flags) != EXEC_OK)
		return EXEC_EXCEPTION;
	cpu->fcr31 &= ~(lower_mask | upper_mask);
	cpu->fcr31 |= (lower ? lower_mask : 0) | (upper ? upper_mask : 0);
	return EXEC_OK;
}

/* ---- Putting pairs together and apart: no exceptions ---- */

#define PS_MERGE(name, upper, lower)                                                               \
	enum exec exec_##name(struct cpu *cpu, uint32_t word)                                      \
	{                                                                                          \
		uint64_t s = fpu_read64(cpu, field_fs(word));                                      \
		uint64_t t = fpu_read64(cpu, field_ft(word));                                      \
                                                                                                   \
		FPU_CHECK_FR(cpu);                                                                 \
		fpu_write64(cpu, field_fd(word), ps_pair(upper, lower));                           \
		return EXEC_OK;                                                                    \
	}
PS_MERGE(pll_ps, ps_lower(s), ps_lower(t))
PS_MERGE(plu_ps, ps_lower(s), ps_upper(t))
PS_MERGE(pul_ps, ps_upper(s), ps_lower(t))
PS_MERGE(puu_ps, ps_upper(s), ps_upper(t))
PS_MERGE(cvt_ps_s, ps_lower(s), ps_lower(t))

enum exec exec_cvt_s_pl(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK_FR(cpu);
	fpu_write32(cpu, field_fd(word), (uint32_t)ps_lower(fpu_read64(cpu, field_fs(word))));
	return fpu_record(cpu, 0); /* a conversion: clears Cause */
}

enum exec exec_cvt_s_pu(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK_FR(cpu);
	fpu_write32(cpu, field_fd(word), (uint32_t)ps_upper(fpu_read64(cpu, field_fs(word))));
	return fpu_record(cpu, 0); /* a conversion: clears Cause */
}

/* Aligns: rs mod 8 is 0 (fs as it is) or 4 (the upper of fs and the lower of ft, little-endian);
 * anything else is unpredictable: here fd keeps its value. */
enum exec exec_alnv_ps(struct cpu *cpu, uint32_t word)
{
	uint64_t s = fpu_read64(cpu, field_fs(word)), t = fpu_read64(cpu, field_ft(word));
	unsigned offset = cpu->gpr[field_rs(word)] & 7;

	FPU_CHECK_FR(cpu);
	if (offset == 0)
		fpu_write64(cpu, field_fd(word), s);
	else if (offset == 4)
		fpu_write64(cpu, field_fd(word), ps_pair(ps_lower(t), ps_upper(s)));
	return EXEC_OK;
}
