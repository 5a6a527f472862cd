// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floating-point arithmetic in integers: unpack to sign, exponent and a 64-bit significand with its
 * top bit set, compute with one sticky bit at the bottom, round and pack. IEEE 754-1985.
 */
#include "fpu.h"

__extension__ typedef unsigned __int128 uint128_t;

const struct fpu_format fpu_single = {32, 24, 127, 0x7fbfffff};
const struct fpu_format fpu_double = {64, 53, 1023, UINT64_C(0x7ff7ffffffffffff)};

enum kind {
	ZERO,
	FINITE,
	INFINITE,
	QUIET_NAN,
	SIGNALLING_NAN,
};

/* A finite number is (-1)^sign * fraction / 2^63 * 2^exponent, with bit 63 of fraction set. */
struct unpacked {
	enum kind kind;
	bool sign;
	int exponent;
	uint64_t fraction;
};

static int exponent_min(const struct fpu_format *format)
{
	return 1 - format->exponent_max;
}

static uint64_t infinity(const struct fpu_format *format)
{
	return (uint64_t)(2 * format->exponent_max + 1) << (format->precision - 1);
}

static uint64_t signed_bits(const struct fpu_format *format, bool sign, uint64_t magnitude)
{
	return magnitude | (uint64_t)sign << (format->width - 1);
}

static struct unpacked unpack(const struct fpu_format *format, uint64_t bits)
{
	unsigned fraction_bits = format->precision - 1;
	uint64_t fraction = bits & ((UINT64_C(1) << fraction_bits) - 1);
	int biased = (int)(bits >> fraction_bits) & (2 * format->exponent_max + 1);
	struct unpacked u = {.sign = bits >> (format->width - 1) & 1};

	if (biased == 2 * format->exponent_max + 1) {
		/* Legacy NaN: the top fraction bit marks the signalling ones. */
		if (!fraction)
			u.kind = INFINITE;
		else
			u.kind = fraction >> (fraction_bits - 1) ? SIGNALLING_NAN : QUIET_NAN;
		return u;
	}
	if (!biased && !fraction)
		return u;
	u.kind = FINITE;
	if (biased) {
		u.exponent = biased - format->exponent_max;
		u.fraction = (fraction | UINT64_C(1) << fraction_bits) << (63 - fraction_bits);
	} else {
		int shift = __builtin_clzll(fraction);

		u.exponent = exponent_min(format) - (int)fraction_bits + 63 - shift;
		u.fraction = fraction << shift;
	}
	return u;
}

static uint64_t default_nan(struct fpu_env *env, const struct fpu_format *format, unsigned flags)
{
	env->flags |= flags;
	return format->default_nan;
}

static bool is_nan(const struct unpacked *u)
{
	return u->kind >= QUIET_NAN;
}

static uint64_t nan_result(struct fpu_env *env, const struct fpu_format *format,
			   const struct unpacked *a, const struct unpacked *b)
{
	bool signalling = a->kind == SIGNALLING_NAN || b->kind == SIGNALLING_NAN;

	return default_nan(env, format, signalling ? FPU_INVALID : 0);
}

/* Shifts right, or-ing what falls out into the lowest bit. */
static uint64_t shift_right_sticky(uint64_t value, unsigned count)
{
	if (count >= 64)
		return value != 0;
	return count ? value >> count | ((value << (64 - count)) != 0) : value;
}

static uint128_t shift_right_sticky128(uint128_t value, unsigned count)
{
	if (count >= 128)
		return value != 0;
	return count ? value >> count | ((value << (128 - count)) != 0) : value;
}

/* Drops the lowest @drop (1..63) bits of @value, rounding. */
static uint64_t round_off(const struct fpu_env *env, bool sign, uint64_t value, unsigned drop,
			  bool *inexact)
{
	uint64_t rest = value & ((UINT64_C(1) << drop) - 1);
	uint64_t half = UINT64_C(1) << (drop - 1);
	uint64_t quotient = value >> drop;

	*inexact = rest != 0;
	switch ((enum fpu_rounding)env->rounding) {
	case FPU_NEAREST:
		return quotient + (rest > half || (rest == half && (quotient & 1)));
	case FPU_UPWARD:
		return quotient + (rest && !sign);
	case FPU_DOWNWARD:
		return quotient + (rest && sign);
	case FPU_TOWARD_ZERO:
		break;
	}
	return quotient;
}

static uint64_t overflow(struct fpu_env *env, const struct fpu_format *format, bool sign)
{
	bool away =
		env->rounding == FPU_NEAREST || env->rounding == (sign ? FPU_DOWNWARD : FPU_UPWARD);

	env->flags |= FPU_OVERFLOW | FPU_INEXACT;
	return signed_bits(format, sign, infinity(format) - !away);
}

/* A result below the normal numbers: flushed, or rounded at the place of the denormals' last bit.
 */
static uint64_t pack_tiny(struct fpu_env *env, const struct fpu_format *format, bool sign,
			  int exponent, uint64_t fraction)
{
	unsigned drop = 64 - format->precision;
	bool inexact, tiny = true;
	uint64_t rounded;

	if (env->flush)
		return signed_bits(format, sign, 0);
	if (exponent == exponent_min(format) - 1) {
		/* Tininess after rounding: as if the exponent had no lower bound. */
		rounded = round_off(env, sign, fraction, drop, &inexact);
		tiny = rounded >> format->precision == 0;
	}
	fraction = shift_right_sticky(fraction, (unsigned)(exponent_min(format) - exponent));
	rounded = round_off(env, sign, fraction, drop, &inexact);
	if (inexact)
		env->flags |= FPU_INEXACT | (tiny ? FPU_UNDERFLOW : 0);
	return signed_bits(format, sign, rounded);
}

/* Rounds (-1)^sign * fraction / 2^63 * 2^exponent (bit 63 of fraction set, bit 0 sticky). */
static uint64_t round_pack(struct fpu_env *env, const struct fpu_format *format, bool sign,
			   int exponent, uint64_t fraction)
{
	uint64_t rounded;
	bool inexact;

	if (exponent < exponent_min(format))
		return pack_tiny(env, format, sign, exponent, fraction);
	rounded = round_off(env, sign, fraction, 64 - format->precision, &inexact);
	if (rounded >> format->precision) {
		rounded >>= 1;
		exponent++;
	}
	if (exponent > format->exponent_max)
		return overflow(env, format, sign);
	if (inexact)
		env->flags |= FPU_INEXACT;
	/* The significand's top bit adds one to the exponent field. */
	return signed_bits(
		format, sign,
		((uint64_t)(exponent + format->exponent_max - 1) << (format->precision - 1)) +
			rounded);
}

/* The same from a 128-bit significand whose bit 127 has weight 2^exponent; not zero. */
static uint64_t round_pack128(struct fpu_env *env, const struct fpu_format *format, bool sign,
			      int exponent, uint128_t fraction)
{
	uint64_t high = (uint64_t)(fraction >> 64);
	int zeros = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)fraction);

	fraction <<= zeros;
	high = (uint64_t)(fraction >> 64) | ((uint64_t)fraction != 0);
	return round_pack(env, format, sign, exponent - zeros, high);
}

static uint64_t add_unpacked(struct fpu_env *env, const struct fpu_format *format,
			     struct unpacked a, struct unpacked b)
{
	uint128_t x, y;

	if (is_nan(&a) || is_nan(&b))
		return nan_result(env, format, &a, &b);
	if (a.kind == INFINITE || b.kind == INFINITE) {
		if (a.kind == b.kind && a.sign != b.sign)
			return default_nan(env, format, FPU_INVALID);
		return signed_bits(format, a.kind == INFINITE ? a.sign : b.sign, infinity(format));
	}
	if (a.kind == ZERO && b.kind == ZERO)
		return signed_bits(format,
				   a.sign == b.sign ? a.sign : env->rounding == FPU_DOWNWARD, 0);
	if (a.kind == ZERO)
		return round_pack(env, format, b.sign, b.exponent, b.fraction);
	if (b.kind == ZERO)
		return round_pack(env, format, a.sign, a.exponent, a.fraction);
	if (a.exponent < b.exponent) {
		struct unpacked t = a;

		a = b;
		b = t;
	}
	x = (uint128_t)a.fraction << 63;
	y = shift_right_sticky128((uint128_t)b.fraction << 63, (unsigned)(a.exponent - b.exponent));
	if (a.sign == b.sign)
		return round_pack128(env, format, a.sign, a.exponent + 1, x + y);
	if (x == y)
		return signed_bits(format, env->rounding == FPU_DOWNWARD, 0);
	if (x > y)
		return round_pack128(env, format, a.sign, a.exponent + 1, x - y);
	return round_pack128(env, format, b.sign, a.exponent + 1, y - x);
}

uint64_t soft_add(struct fpu_env *env, const struct fpu_format *format, uint64_t a, uint64_t b)
{
	return add_unpacked(env, format, unpack(format, a), unpack(format, b));
}

uint64_t soft_sub(struct fpu_env *env, const struct fpu_format *format, uint64_t a, uint64_t b)
{
	struct unpacked negated = unpack(format, b);

	negated.sign = !negated.sign;
	return add_unpacked(env, format, unpack(format, a), negated);
}

uint64_t soft_mul(struct fpu_env *env, const struct fpu_format *format, uint64_t a, uint64_t b)
{
	struct unpacked x = unpack(format, a), y = unpack(format, b);
	bool sign = x.sign != y.sign;

	if (is_nan(&x) || is_nan(&y))
		return nan_result(env, format, &x, &y);
	if (x.kind == INFINITE || y.kind == INFINITE) {
		if (x.kind == ZERO || y.kind == ZERO)
			return default_nan(env, format, FPU_INVALID);
		return signed_bits(format, sign, infinity(format));
	}
	if (x.kind == ZERO || y.kind == ZERO)
		return signed_bits(format, sign, 0);
	return round_pack128(env, format, sign, x.exponent + y.exponent + 1,
			     (uint128_t)x.fraction * y.fraction);
}

uint64_t soft_div(struct fpu_env *env, const struct fpu_format *format, uint64_t a, uint64_t b)
{
	struct unpacked x = unpack(format, a), y = unpack(format, b);
	bool sign = x.sign != y.sign;
	uint128_t dividend;
	uint64_t quotient;

	if (is_nan(&x) || is_nan(&y))
		return nan_result(env, format, &x, &y);
	if (x.kind == y.kind && x.kind != FINITE)
		return default_nan(env, format, FPU_INVALID); /* 0 / 0, infinity / infinity */
	if (x.kind == INFINITE)
		return signed_bits(format, sign, infinity(format));
	if (x.kind == ZERO || y.kind == INFINITE)
		return signed_bits(format, sign, 0);
	if (y.kind == ZERO) {
		env->flags |= FPU_DIVIDE_BY_ZERO;
		return signed_bits(format, sign, infinity(format));
	}
	/* The quotient of two numbers in [1, 2) lies in (1/2, 2): 63 or 64 bits. */
	dividend = (uint128_t)x.fraction << 63;
	quotient = (uint64_t)(dividend / y.fraction);
	return round_pack128(env, format, sign, x.exponent - y.exponent,
			     (uint128_t)quotient << 64 | (dividend % y.fraction != 0));
}

/* The square root of @value rounded down; @exact tells whether it is one. */
static uint64_t integer_sqrt(uint128_t value, bool *exact)
{
	uint128_t rest = value, root = 0;

	for (int bit = 126; bit >= 0; bit -= 2) {
		uint128_t trial = root + ((uint128_t)1 << bit);

		root >>= 1;
		if (rest >= trial) {
			rest -= trial;
			root += (uint128_t)1 << bit;
		}
	}
	*exact = rest == 0;
	return (uint64_t)root;
}

uint64_t soft_sqrt(struct fpu_env *env, const struct fpu_format *format, uint64_t a)
{
	struct unpacked x = unpack(format, a);
	uint64_t root;
	bool exact;
	int odd;

	if (is_nan(&x))
		return nan_result(env, format, &x, &x);
	if (x.kind == ZERO)
		return a;
	if (x.sign)
		return default_nan(env, format, FPU_INVALID);
	if (x.kind == INFINITE)
		return a;
	odd = x.exponent & 1;
	root = integer_sqrt((uint128_t)x.fraction << (63 + odd), &exact);
	return round_pack(env, format, false, (x.exponent - odd) / 2, root | !exact);
}

uint64_t soft_convert(struct fpu_env *env, const struct fpu_format *to,
		      const struct fpu_format *from, uint64_t a)
{
	struct unpacked x = unpack(from, a);

	switch (x.kind) {
	case ZERO:
		return signed_bits(to, x.sign, 0);
	case INFINITE:
		return signed_bits(to, x.sign, infinity(to));
	case FINITE:
		return round_pack(env, to, x.sign, x.exponent, x.fraction);
	default:
		return nan_result(env, to, &x, &x);
	}
}

uint64_t soft_from_integer(struct fpu_env *env, const struct fpu_format *to, int64_t value)
{
	uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
	int zeros;

	if (!value)
		return 0;
	zeros = __builtin_clzll(magnitude);
	return round_pack(env, to, value < 0, 63 - zeros, magnitude << zeros);
}

uint64_t soft_to_integer(struct fpu_env *env, const struct fpu_format *from, uint64_t a,
			 unsigned bits)
{
	uint64_t largest = (UINT64_C(1) << (bits - 1)) - 1;
	struct unpacked x = unpack(from, a);
	uint64_t magnitude;
	bool inexact = false;

	if (x.kind == ZERO)
		return 0;
	if (x.kind != FINITE || x.exponent > 63) {
		env->flags |= FPU_INVALID;
		return largest;
	}
	if (x.exponent == 63) {
		magnitude = x.fraction;
	} else {
		/* The two lowest bits of a significand are zero: make room, so drop stays below 64.
		 */
		unsigned drop = (unsigned)(61 - x.exponent);
		uint64_t fraction = x.fraction >> 2;

		if (x.exponent > 61) {
			magnitude = x.fraction >> (63 - x.exponent);
		} else {
			if (drop > 63) {
				fraction = shift_right_sticky(fraction, drop - 63);
				drop = 63;
			}
			magnitude =
				drop ? round_off(env, x.sign, fraction, drop, &inexact) : fraction;
		}
	}
	if (magnitude > largest + x.sign) {
		env->flags |= FPU_INVALID;
		return largest;
	}
	if (inexact)
		env->flags |= FPU_INEXACT;
	magnitude = x.sign ? -magnitude : magnitude;
	return bits == 32 ? (uint32_t)magnitude : magnitude;
}

/* A key that orders numbers (not NaNs) as they are ordered; both zeros give zero. */
static int64_t order_key(const struct fpu_format *format, uint64_t bits)
{
	uint64_t sign = UINT64_C(1) << (format->width - 1);
	int64_t magnitude = (int64_t)(bits & (sign - 1));

	return bits & sign ? -magnitude : magnitude;
}

bool soft_compare(struct fpu_env *env, const struct fpu_format *format, uint64_t a, uint64_t b,
		  unsigned condition)
{
	struct unpacked x = unpack(format, a), y = unpack(format, b);
	int64_t left, right;

	if (is_nan(&x) || is_nan(&y)) {
		if ((condition & 8) || x.kind == SIGNALLING_NAN || y.kind == SIGNALLING_NAN)
			env->flags |= FPU_INVALID;
		return condition & 1;
	}
	left = order_key(format, a);
	right = order_key(format, b);
	return (left < right && (condition & 4)) || (left == right && (condition & 2));
}
