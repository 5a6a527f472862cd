/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floating point of MIPS64 Release 2: arithmetic with exact IEEE 754-1985 exceptions.
 *
 * Every operation takes a struct fpu_env (rounding mode and flush-to-zero from FCSR), adds the
 * exceptions it signals to env->flags, and returns the result's bits; single-precision and 32-bit
 * values stand in the low half of a uint64_t. Nothing here touches a struct cpu, except the last
 * section. NaNs are legacy ones (FCSR.NAN2008 = 0): a set top fraction bit means signalling, and
 * every NaN result is the default NaN.
 *
 * Two implementations: soft_* in integers (fpu_soft.c, the reference, any host), and the host's
 * SSE2 (fpu_host.h, and fpu_nearest.h for the usual case), which gives an operation back to soft_*
 * when the result is a NaN or may have to be flushed. fpu_* below picks; tests/unit/fpu_test.c
 * compares the two.
 *
 * Choices where the architecture leaves one, or where we follow what qemu-mips64el does:
 * tininess is detected after rounding; underflow is signalled only when the result is inexact too,
 * whether or not its trap is enabled; FS flushes results that are tiny before rounding to a zero
 * of their sign, signals nothing, and leaves tiny operands alone; ABS and NEG only change the sign
 * and signal nothing; MADD and its kin round twice; RSQRT is a square root and a division, both
 * rounded.
 */
#ifndef EMU_CPU_FPU_H
#define EMU_CPU_FPU_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/cpu.h"

/* Exceptions, in the order of FCSR's Cause, Enables and Flags fields. */
enum fpu_flag {
	FPU_INEXACT = 1,
	FPU_UNDERFLOW = 2,
	FPU_OVERFLOW = 4,
	FPU_DIVIDE_BY_ZERO = 8,
	FPU_INVALID = 16,
	FPU_UNIMPLEMENTED = 32, /* in Cause only; always enabled */
};

#define FCSR_CAUSE  (UINT32_C(0x3f) << FCSR_CAUSE_SHIFT)
#define FCSR_ENABLE (UINT32_C(0x1f) << FCSR_ENABLE_SHIFT)
#define FCSR_FLAGS  (UINT32_C(0x1f) << FCSR_FLAGS_SHIFT)

/* FCSR.RM */
enum fpu_rounding {
	FPU_NEAREST = 0,
	FPU_TOWARD_ZERO = 1,
	FPU_UPWARD = 2,
	FPU_DOWNWARD = 3,
};

struct fpu_env {
	unsigned rounding; /* enum fpu_rounding */
	unsigned flags;	   /* enum fpu_flag: exceptions signalled so far */
	bool flush;	   /* FCSR.FS */
};

static inline struct fpu_env fpu_env_of(uint32_t fcr31)
{
	return (struct fpu_env){.rounding = fcr31 & FCSR_RM, .flush = (fcr31 & FCSR_FS) != 0};
}

/* One of the two floating-point formats. */
struct fpu_format {
	unsigned width;	    /* bits in all */
	unsigned precision; /* bits of significand, the hidden one included */
	int exponent_max;   /* of a finite number; also the bias */
	uint64_t default_nan;
};

extern const struct fpu_format fpu_single;
extern const struct fpu_format fpu_double;

/* ---- fpu_soft.c: the integer implementation ---- */

uint64_t soft_add(struct fpu_env *env, const struct fpu_format *format, uint64_t a, uint64_t b);
uint64_t soft_sub(struct fpu_env *env, const struct fpu_format *format, uint64_t a, uint64_t b);
uint64_t soft_mul(struct fpu_env *env, const struct fpu_format *format, uint64_t a, uint64_t b);
uint64_t soft_div(struct fpu_env *env, const struct fpu_format *format, uint64_t a, uint64_t b);
uint64_t soft_sqrt(struct fpu_env *env, const struct fpu_format *format, uint64_t a);

/* Converts a number of format @from to format @to. */
uint64_t soft_convert(struct fpu_env *env, const struct fpu_format *to,
		      const struct fpu_format *from, uint64_t a);

/* Rounds the signed integer @value to @to. */
uint64_t soft_from_integer(struct fpu_env *env, const struct fpu_format *to, int64_t value);

/* Rounds @a to a signed integer of @bits (32 or 64) bits. NaNs, infinities and what does not fit
 * signal invalid operation and give the largest positive integer, sign or not. */
uint64_t soft_to_integer(struct fpu_env *env, const struct fpu_format *from, uint64_t a,
			 unsigned bits);

/* C.cond.fmt: @condition is the instruction's cond field (bit 0 unordered, 1 equal, 2 less,
 * 3 signal invalid operation when unordered). Returns the condition code. */
bool soft_compare(struct fpu_env *env, const struct fpu_format *format, uint64_t a, uint64_t b,
		  unsigned condition);

/* ---- fpu_host.h or fpu_soft.c, whichever the host allows: the ones to call ---- */

#if defined(__x86_64__)
#include "fpu_host.h"
#else
#include "fpu_nohost.h"
#endif

/* 1 / a; and 1 / sqrt(a), each step rounded. */
static inline uint64_t fpu_recip_s(struct fpu_env *env, uint64_t a)
{
	return fpu_div_s(env, 0x3f800000, a);
}

static inline uint64_t fpu_recip_d(struct fpu_env *env, uint64_t a)
{
	return fpu_div_d(env, UINT64_C(0x3ff0000000000000), a);
}

static inline uint64_t fpu_rsqrt_s(struct fpu_env *env, uint64_t a)
{
	return fpu_recip_s(env, fpu_sqrt_s(env, a));
}

static inline uint64_t fpu_rsqrt_d(struct fpu_env *env, uint64_t a)
{
	return fpu_recip_d(env, fpu_sqrt_d(env, a));
}

/* ---- fpu.c: what concerns the CPU ---- */

/* Floating-point Implementation Register: S, D, PS, W, L, a 64-bit FPU. Its low half is PRId's. */
#define FPU_FIR UINT32_C(0x00770000)

/* CFC1 and CTC1. Reading another control register than 0, 25, 26, 28, 31 gives zero, writing one
 * does nothing. fpu_control_write() returns EXEC_EXCEPTION when the Cause bits written are enabled:
 * the floating-point exception has been raised then. */
uint32_t fpu_control_read(const struct cpu *cpu, unsigned number);
enum exec fpu_control_write(struct cpu *cpu, unsigned number, uint32_t value);

/* Records the exceptions an operation signalled in FCSR.Cause. When one of them is enabled, raises
 * the floating-point exception (Flags and the destination stay as they are) and returns
 * EXEC_EXCEPTION; else adds them to Flags. */
static inline enum exec fpu_record(struct cpu *cpu, unsigned flags)
{
	cpu->fcr31 = (cpu->fcr31 & ~FCSR_CAUSE) | flags << FCSR_CAUSE_SHIFT;
	if (!flags)
		return EXEC_OK;
	if (__builtin_expect((flags << FCSR_ENABLE_SHIFT & cpu->fcr31) != 0, 0))
		return cpu_raise(cpu, EXC_FPE);
	cpu->fcr31 |= flags << FCSR_FLAGS_SHIFT;
	return EXEC_OK;
}

/* FCSR's mask of condition code @cc (0..7): bit 23, then 25..31. */
static inline uint32_t fpu_condition_mask(unsigned cc)
{
	return cc ? UINT32_C(1) << (24 + cc) : FCSR_FCC0;
}

static inline bool fpu_condition(const struct cpu *cpu, unsigned cc)
{
	return (cpu->fcr31 & fpu_condition_mask(cc)) != 0;
}

/*
 * The registers. FR = 1: fpr[n] is register n; a 32-bit value is in its low half, and writing one
 * leaves the high half alone. FR = 0: register pair n, n + 1 (n even) is fpr[n], register n + 1
 * being its high half; fpr[odd] is not used. So what doubles see is the same in both.
 */
static inline uint32_t fpu_read32(const struct cpu *cpu, unsigned n)
{
	if (cpu->fr || !(n & 1))
		return (uint32_t)cpu->fpr[n];
	return (uint32_t)(cpu->fpr[n - 1] >> 32);
}

static inline void fpu_write32(struct cpu *cpu, unsigned n, uint32_t value)
{
	if (cpu->fr || !(n & 1))
		cpu->fpr[n] = (cpu->fpr[n] & ~UINT64_C(0xffffffff)) | value;
	else
		cpu->fpr[n - 1] = (cpu->fpr[n - 1] & 0xffffffff) | (uint64_t)value << 32;
}

/* 64-bit values: with FR = 0 only even registers may be named (the handlers see to that). */
static inline uint64_t fpu_read64(const struct cpu *cpu, unsigned n)
{
	return cpu->fpr[n];
}

static inline void fpu_write64(struct cpu *cpu, unsigned n, uint64_t value)
{
	cpu->fpr[n] = value;
}

#endif
