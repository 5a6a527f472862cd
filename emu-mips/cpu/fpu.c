// SPDX-License-Identifier: GPL-2.0-or-later
/* The FPU's control registers. MIPS64 Volume I, section 5.6 (FIR, FCSR, FCCR, FEXR, FENR). */
#include "fpu.h"

#define FCR_FIR	      0
#define FCR_FCCR      25
#define FCR_FEXR      26
#define FCR_FENR      28
#define FCR_FCSR      31

/* FCSR bits 18..22 read as zero: no NAN2008, no ABS2008, no implementation bits. */
#define FCSR_WRITABLE UINT32_C(0xff83ffff)
#define FCSR_FCC_HIGH UINT32_C(0xfe000000)

#if defined(__x86_64__)
const uint32_t fpu_mxcsr[4] = {
	[FPU_NEAREST] = MXCSR_DEFAULT,
	[FPU_TOWARD_ZERO] = MXCSR_DEFAULT | 3u << 13,
	[FPU_UPWARD] = MXCSR_DEFAULT | 2u << 13,
	[FPU_DOWNWARD] = MXCSR_DEFAULT | 1u << 13,
};

/* MXCSR bits: 1 invalid, 2 denormal operand, 4 divide by zero, 8 overflow, 16 underflow, 32
 * precision */
#define FLAGS_OF(m)                                                                                \
	(((m)&1 ? FPU_INVALID : 0) | ((m)&4 ? FPU_DIVIDE_BY_ZERO : 0) |                            \
	 ((m)&8 ? FPU_OVERFLOW : 0) | ((m)&16 ? FPU_UNDERFLOW : 0) | ((m)&32 ? FPU_INEXACT : 0))
#define FLAGS_OF_8(m)                                                                              \
	FLAGS_OF(m), FLAGS_OF((m) + 1), FLAGS_OF((m) + 2), FLAGS_OF((m) + 3), FLAGS_OF((m) + 4),   \
		FLAGS_OF((m) + 5), FLAGS_OF((m) + 6), FLAGS_OF((m) + 7)
const uint8_t fpu_flags_of_mxcsr[64] = {FLAGS_OF_8(0),	FLAGS_OF_8(8),	FLAGS_OF_8(16),
					FLAGS_OF_8(24), FLAGS_OF_8(32), FLAGS_OF_8(40),
					FLAGS_OF_8(48), FLAGS_OF_8(56)};
#endif

uint32_t fpu_control_read(const struct cpu *cpu, unsigned number)
{
	uint32_t fcsr = cpu->fcr31;

	switch (number) {
	case FCR_FIR:
		return FPU_FIR | (cpu->cp0[CP0_PRID] & 0xffff);
	case FCR_FCCR:
		return (fcsr >> 24 & 0xfe) | (fcsr >> 23 & 1);
	case FCR_FEXR:
		return fcsr & (FCSR_CAUSE | FCSR_FLAGS);
	case FCR_FENR:
		return (fcsr & (FCSR_ENABLE | FCSR_RM)) | (fcsr & FCSR_FS ? 4 : 0);
	case FCR_FCSR:
		return fcsr;
	default:
		return 0;
	}
}

enum exec fpu_control_write(struct cpu *cpu, unsigned number, uint32_t value)
{
	uint32_t fcsr = cpu->fcr31, keep;

	switch (number) {
	case FCR_FCCR:
		keep = ~(FCSR_FCC_HIGH | FCSR_FCC0);
		fcsr = (fcsr & keep) | (value & 0xfe) << 24 | (value & 1) << 23;
		break;
	case FCR_FEXR:
		keep = ~(FCSR_CAUSE | FCSR_FLAGS);
		fcsr = (fcsr & keep) | (value & ~keep);
		break;
	case FCR_FENR:
		keep = ~(FCSR_ENABLE | FCSR_RM | FCSR_FS);
		fcsr = (fcsr & keep) | (value & (FCSR_ENABLE | FCSR_RM)) |
		       (value & 4 ? FCSR_FS : 0);
		break;
	case FCR_FCSR:
		fcsr = value & FCSR_WRITABLE;
		break;
	default:
		return EXEC_OK;
	}
	cpu->fcr31 = fcsr;
	/* Cause bits that are enabled trap at once, also when software sets them (section 5.6.3).
	 */
	if (((fcsr >> FCSR_ENABLE_SHIFT & 0x1f) | FPU_UNIMPLEMENTED) & fcsr >> FCSR_CAUSE_SHIFT)
		return cpu_raise(cpu, EXC_FPE);
	return EXEC_OK;
}
