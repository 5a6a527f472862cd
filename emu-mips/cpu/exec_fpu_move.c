// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What moves floating-point registers without computing: moves from and to general registers,
 * control registers, MOV and the conditional moves, loads and stores. MIPS64 Volume II.
 */
#include "access.h"
#include "exec_fpu.h"

static inline void write_gpr(struct cpu *cpu, unsigned n, uint64_t value)
{
	if (n)
		cpu->gpr[n] = value;
}

static inline uint64_t sign_extend32(uint32_t value)
{
	return (uint64_t)(int64_t)(int32_t)value;
}

/* The register that holds 64-bit register @n: with FR = 0 the even one of the pair. */
static inline unsigned pair_of(const struct cpu *cpu, unsigned n)
{
	return cpu->fr ? n : n & ~1u;
}

/* ---- From and to general registers ---- */

enum exec exec_mfc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK(cpu);
	write_gpr(cpu, field_rt(word), sign_extend32(fpu_read32(cpu, field_fs(word))));
	return EXEC_OK;
}

enum exec exec_dmfc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK(cpu);
	if (!cpu->ops_64bit)
		return cpu_raise(cpu, EXC_RI);
	write_gpr(cpu, field_rt(word), fpu_read64(cpu, pair_of(cpu, field_fs(word))));
	return EXEC_OK;
}

enum exec exec_mfhc1(struct cpu *cpu, uint32_t word)
{
	uint64_t value = fpu_read64(cpu, pair_of(cpu, field_fs(word)));

	FPU_CHECK(cpu);
	write_gpr(cpu, field_rt(word), sign_extend32((uint32_t)(value >> 32)));
	return EXEC_OK;
}

enum exec exec_mtc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK(cpu);
	fpu_write32(cpu, field_fs(word), (uint32_t)cpu->gpr[field_rt(word)]);
	return EXEC_OK;
}

enum exec exec_dmtc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK(cpu);
	if (!cpu->ops_64bit)
		return cpu_raise(cpu, EXC_RI);
	fpu_write64(cpu, pair_of(cpu, field_fs(word)), cpu->gpr[field_rt(word)]);
	return EXEC_OK;
}

enum exec exec_mthc1(struct cpu *cpu, uint32_t word)
{
	unsigned n = pair_of(cpu, field_fs(word));

	FPU_CHECK(cpu);
	fpu_write64(cpu, n, ps_pair(cpu->gpr[field_rt(word)], fpu_read64(cpu, n)));
	return EXEC_OK;
}

enum exec exec_cfc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK(cpu);
	write_gpr(cpu, field_rt(word), sign_extend32(fpu_control_read(cpu, field_fs(word))));
	return EXEC_OK;
}

enum exec exec_ctc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK(cpu);
	return fpu_control_write(cpu, field_fs(word), (uint32_t)cpu->gpr[field_rt(word)]);
}

/* ---- MOV.fmt, MOVF.fmt, MOVT.fmt, MOVZ.fmt, MOVN.fmt ---- */

#define CC_OF_MOVE(word) ((word) >> 18 & 7)

#define FPU_MOVE(name, condition)                                                                  \
	enum exec exec_##name##_s(struct cpu *cpu, uint32_t word)                                  \
	{                                                                                          \
		FPU_CHECK(cpu);                                                                    \
		if (condition)                                                                     \
			fpu_write32(cpu, field_fd(word), fpu_read32(cpu, field_fs(word)));         \
		return EXEC_OK;                                                                    \
	}                                                                                          \
	enum exec exec_##name##_d(struct cpu *cpu, uint32_t word)                                  \
	{                                                                                          \
		FPU_CHECK_EVEN(cpu, field_fs(word) | field_fd(word));                              \
		if (condition)                                                                     \
			fpu_write64(cpu, field_fd(word), fpu_read64(cpu, field_fs(word)));         \
		return EXEC_OK;                                                                    \
	}
FPU_MOVE(mov, true)
FPU_MOVE(movf, !fpu_condition(cpu, CC_OF_MOVE(word)))
FPU_MOVE(movt, fpu_condition(cpu, CC_OF_MOVE(word)))
FPU_MOVE(movz, cpu->gpr[field_rt(word)] == 0)
FPU_MOVE(movn, cpu->gpr[field_rt(word)] != 0)

#define FPU_MOVE_PS(name, condition)                                                               \
	enum exec exec_##name##_ps(struct cpu *cpu, uint32_t word)                                 \
	{                                                                                          \
		FPU_CHECK_FR(cpu);                                                                 \
		if (condition)                                                                     \
			fpu_write64(cpu, field_fd(word), fpu_read64(cpu, field_fs(word)));         \
		return EXEC_OK;                                                                    \
	}
FPU_MOVE_PS(mov, true)
FPU_MOVE_PS(movz, cpu->gpr[field_rt(word)] == 0)
FPU_MOVE_PS(movn, cpu->gpr[field_rt(word)] != 0)

/* Each half by its own condition code: lower cc, upper cc + 1. */
static enum exec move_pair(struct cpu *cpu, uint32_t word, bool wanted)
{
	uint64_t source = fpu_read64(cpu, field_fs(word)), old = fpu_read64(cpu, field_fd(word));
	unsigned cc = CC_OF_MOVE(word) & 6;
	bool lower = fpu_condition(cpu, cc) == wanted;
	bool upper = fpu_condition(cpu, cc + 1) == wanted;

	FPU_CHECK_FR(cpu);
	fpu_write64(cpu, field_fd(word),
		    ps_pair(ps_upper(upper ? source : old), ps_lower(lower ? source : old)));
	return EXEC_OK;
}

enum exec exec_movf_ps(struct cpu *cpu, uint32_t word)
{
	return move_pair(cpu, word, false);
}

enum exec exec_movt_ps(struct cpu *cpu, uint32_t word)
{
	return move_pair(cpu, word, true);
}

/* ---- Loads and stores ---- */

static inline uint64_t offset_address(const struct cpu *cpu, uint32_t word)
{
	return access_address(cpu, cpu->gpr[field_rs(word)], (uint64_t)field_simm(word));
}

static inline uint64_t index_address(const struct cpu *cpu, uint32_t word)
{
	return access_address(cpu, cpu->gpr[field_rs(word)], cpu->gpr[field_rt(word)]);
}

static inline enum exec load32(struct cpu *cpu, uint64_t va, unsigned n)
{
	uint64_t value;

	if (access_read(cpu, va, 4, &value) != EXEC_OK)
		return EXEC_EXCEPTION;
	fpu_write32(cpu, n, (uint32_t)value);
	return EXEC_OK;
}

static inline enum exec load64(struct cpu *cpu, uint64_t va, unsigned n)
{
	uint64_t value;

	if (access_read(cpu, va, 8, &value) != EXEC_OK)
		return EXEC_EXCEPTION;
	fpu_write64(cpu, n, value);
	return EXEC_OK;
}

enum exec exec_lwc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK(cpu);
	return load32(cpu, offset_address(cpu, word), field_ft(word));
}

enum exec exec_ldc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK_EVEN(cpu, field_ft(word));
	return load64(cpu, offset_address(cpu, word), field_ft(word));
}

enum exec exec_swc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK(cpu);
	return access_write(cpu, offset_address(cpu, word), 4, fpu_read32(cpu, field_ft(word)));
}

enum exec exec_sdc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK_EVEN(cpu, field_ft(word));
	return access_write(cpu, offset_address(cpu, word), 8, fpu_read64(cpu, field_ft(word)));
}

enum exec exec_lwxc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK(cpu);
	return load32(cpu, index_address(cpu, word), field_fd(word));
}

enum exec exec_ldxc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK_EVEN(cpu, field_fd(word));
	return load64(cpu, index_address(cpu, word), field_fd(word));
}

/* LUXC1 and SUXC1 ignore the lowest three address bits. */
enum exec exec_luxc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK_FR(cpu);
	return load64(cpu, index_address(cpu, word) & ~UINT64_C(7), field_fd(word));
}

enum exec exec_swxc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK(cpu);
	return access_write(cpu, index_address(cpu, word), 4, fpu_read32(cpu, field_fs(word)));
}

enum exec exec_sdxc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK_EVEN(cpu, field_fs(word));
	return access_write(cpu, index_address(cpu, word), 8, fpu_read64(cpu, field_fs(word)));
}

enum exec exec_suxc1(struct cpu *cpu, uint32_t word)
{
	FPU_CHECK_FR(cpu);
	return access_write(cpu, index_address(cpu, word) & ~UINT64_C(7), 8,
			    fpu_read64(cpu, field_fs(word)));
}

/* A prefetch has no effect here. */
enum exec exec_prefx(struct cpu *cpu, uint32_t word)
{
	(void)word;
	FPU_CHECK(cpu);
	return EXEC_OK;
}
