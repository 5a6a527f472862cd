/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the floating-point handlers begin with: is coprocessor 1 usable, do the registers exist. */
#ifndef EMU_CPU_EXEC_FPU_H
#define EMU_CPU_EXEC_FPU_H

#include "decode.h"
#include "fpu.h"

#define FPU_CHECK(cpu)                                                                             \
	do {                                                                                       \
		if (__builtin_expect(!(cpu)->fpu_usable, 0))                                       \
			return cpu_raise_coprocessor(cpu, 1);                                      \
	} while (0)

/* With FR = 0, 64-bit numbers live in even registers; an odd one is a reserved instruction. */
#define FPU_CHECK_EVEN(cpu, registers)                                                             \
	do {                                                                                       \
		FPU_CHECK(cpu);                                                                    \
		if (__builtin_expect(!(cpu)->fr && ((registers)&1), 0))                            \
			return cpu_raise(cpu, EXC_RI);                                             \
	} while (0)

/* Paired singles and 64-bit integers need FR = 1 (otherwise unpredictable; here reserved). */
#define FPU_CHECK_FR(cpu)                                                                          \
	do {                                                                                       \
		FPU_CHECK(cpu);                                                                    \
		if (__builtin_expect(!(cpu)->fr, 0))                                               \
			return cpu_raise(cpu, EXC_RI);                                             \
	} while (0)

/* A paired single is two singles in one 64-bit register: upper and lower. */
static inline uint64_t ps_pair(uint64_t upper, uint64_t lower)
{
	return upper << 32 | (lower & 0xffffffff);
}

static inline uint64_t ps_upper(uint64_t pair)
{
	return pair >> 32;
}

static inline uint64_t ps_lower(uint64_t pair)
{
	return pair & 0xffffffff;
}

#endif
