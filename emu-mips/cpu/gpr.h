/* SPDX-License-Identifier: GPL-2.0-or-later */
/* General registers as instruction handlers see them. */
#ifndef CPU_GPR_H
#define CPU_GPR_H

#include "decode.h"

/* A 32-bit result as a 64-bit register holds it. */
static inline uint64_t sign_extend_32(uint64_t value)
{
	return (uint64_t)(int64_t)(int32_t)(uint32_t)value;
}

/* Writes a general register; $zero stays zero. */
static inline enum exec write_gpr(struct cpu *cpu, unsigned number, uint64_t value)
{
	cpu->gpr[number] = value;
	cpu->gpr[0] = 0;
	return EXEC_OK;
}

/* The operands of a word. */
static inline uint64_t gpr_rs(const struct cpu *cpu, uint32_t word)
{
	return cpu->gpr[field_rs(word)];
}

static inline uint64_t gpr_rt(const struct cpu *cpu, uint32_t word)
{
	return cpu->gpr[field_rt(word)];
}

/* Floating-point condition @code (0..7) of FCSR. */
static inline bool fpu_condition(const struct cpu *cpu, unsigned code)
{
	return (cpu->fcr31 >> (code == 0 ? 23 : 24 + code) & 1) != 0;
}

#endif
