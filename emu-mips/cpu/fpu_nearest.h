/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The usual case of floating point without MXCSR, whose loads and stores cost more than the
 * operation: round to nearest, FS clear, finite operands, a result well inside the normal range.
 * Then inexact is the only exception there can be, and plain arithmetic tells whether the result is
 * exact. Each function returns false when it is not that case; else it sets *result, and adds to
 * *flags. From fpu_host.h. The C code runs with the host's default rounding, to nearest.
 */
#ifndef EMU_CPU_FPU_NEAREST_H
#define EMU_CPU_FPU_NEAREST_H

#define FPU_EXPONENT_ONE (UINT64_C(1) << 52) /* one in a double's exponent field */

/* Whether the exponent field of a double is neither among the @low lowest values nor the highest.
 */
static inline bool fpu_exponent_within(uint64_t bits, unsigned low)
{
	uint64_t magnitude = bits & ~(UINT64_C(1) << 63);

	return magnitude - low * FPU_EXPONENT_ONE < (0x7ff - low) * FPU_EXPONENT_ONE;
}

/* Whether the significands of normal doubles satisfy a * b = c, but for a power of two. */
static inline bool fpu_product_is(uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t top = UINT64_C(1) << 63;
	__extension__ unsigned __int128 product =
		(unsigned __int128)(a << 11 | top) * (b << 11 | top);
	uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;

	if (!(high & top)) {
		high = high << 1 | low >> 63;
		low <<= 1;
	}
	return high == (c << 11 | top) && low == 0;
}

/* Sums: the rounding error by Knuth's TwoSum, which is exact unless something overflows. */
static inline bool fpu_nearest_add_d(uint64_t a, uint64_t b, uint64_t *result, unsigned *flags)
{
	double x = fpu_double_of(a), y = fpu_double_of(b), sum = x + y;
	double y_part = sum - x, error = (x - (sum - y_part)) + (y - y_part);

	if (__builtin_expect(!(__builtin_fabs(sum) < 0x1p1022), 0))
		return false;
	*flags |= error != 0 ? FPU_INEXACT : 0;
	*result = fpu_bits_of_double(sum);
	return true;
}

static inline bool fpu_nearest_sub_d(uint64_t a, uint64_t b, uint64_t *result, unsigned *flags)
{
	return fpu_nearest_add_d(a, b ^ UINT64_C(1) << 63, result, flags);
}

static inline bool fpu_nearest_mul_d(uint64_t a, uint64_t b, uint64_t *result, unsigned *flags)
{
	uint64_t r = fpu_bits_of_double(fpu_double_of(a) * fpu_double_of(b));

	if (__builtin_expect(!fpu_exponent_within(r, 2) || !fpu_exponent_within(a, 1) ||
				     !fpu_exponent_within(b, 1),
			     0))
		return false;
	*flags |= fpu_product_is(a, b, r) ? 0 : FPU_INEXACT;
	*result = r;
	return true;
}

static inline bool fpu_nearest_div_d(uint64_t a, uint64_t b, uint64_t *result, unsigned *flags)
{
	uint64_t r = fpu_bits_of_double(fpu_double_of(a) / fpu_double_of(b));

	if (__builtin_expect(!fpu_exponent_within(r, 2) || !fpu_exponent_within(a, 1) ||
				     !fpu_exponent_within(b, 1),
			     0))
		return false;
	*flags |= fpu_product_is(r, b, a) ? 0 : FPU_INEXACT;
	*result = r;
	return true;
}

/* Single precision: products of two singles are exact in double precision. */
static inline bool fpu_usual_s(float r)
{
	float magnitude = __builtin_fabsf(r);

	return magnitude > 0x1p-125f && magnitude < 0x1p127f;
}

static inline bool fpu_nearest_add_s(uint64_t a, uint64_t b, uint64_t *result, unsigned *flags)
{
	float x = fpu_float_of(a), y = fpu_float_of(b), sum = x + y;
	float y_part = sum - x, error = (x - (sum - y_part)) + (y - y_part);

	if (__builtin_expect(!(__builtin_fabsf(sum) < 0x1p126f), 0))
		return false;
	*flags |= error != 0 ? FPU_INEXACT : 0;
	*result = fpu_bits_of_float(sum);
	return true;
}

static inline bool fpu_nearest_sub_s(uint64_t a, uint64_t b, uint64_t *result, unsigned *flags)
{
	return fpu_nearest_add_s(a, b ^ UINT32_C(1) << 31, result, flags);
}

static inline bool fpu_nearest_mul_s(uint64_t a, uint64_t b, uint64_t *result, unsigned *flags)
{
	double product = (double)fpu_float_of(a) * (double)fpu_float_of(b);
	float r = (float)product;

	if (__builtin_expect(!fpu_usual_s(r), 0))
		return false;
	*flags |= (double)r != product ? FPU_INEXACT : 0;
	*result = fpu_bits_of_float(r);
	return true;
}

static inline bool fpu_nearest_div_s(uint64_t a, uint64_t b, uint64_t *result, unsigned *flags)
{
	float x = fpu_float_of(a), y = fpu_float_of(b), r = x / y;

	if (__builtin_expect(!fpu_usual_s(r), 0))
		return false;
	*flags |= (double)r * (double)y != (double)x ? FPU_INEXACT : 0;
	*result = fpu_bits_of_float(r);
	return true;
}

#endif
