/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One-dimensional complex FFT of n = side * side points, in six steps: transpose, FFTs of the rows,
 * twiddle factors, transpose, FFTs of the rows, transpose. The transposes are what moves data
 * between the threads; each owns a band of rows.
 */
#include "splash.h"

PROGRAM_NAME;
struct option program_options[] = {
	{"log2n", 12, 4, 26}, /* even */
	{"times", 1, 1, 999}, /* odd: forward, and back and forward again */
	{NULL, 0, 0, 0},
};

#define TILE 8 /* complex numbers: one cache line a row of a tile */

struct complex {
	double re, im;
};

static struct complex *data, *other, *roots, *band_roots; /* roots: exp(-2 pi i k / n) */
static unsigned long points, side;
static unsigned side_bits;
static bool inverse;
static double scale = 1;
static struct barrier step;

static struct complex multiply(struct complex a, struct complex b)
{
	return (struct complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static struct complex root(unsigned long k, unsigned long of)
{
	double turns = (double)(int64_t)k / (double)(int64_t)of;

	return (struct complex){cos_turns(turns), -sin_turns(turns)};
}

static struct complex input(unsigned long i)
{
	return (struct complex){random_double(2 * i) - 0.5, random_double(2 * i + 1) - 0.5};
}

static void fill(unsigned thread)
{
	unsigned long first, last;

	share_of(thread, side, &first, &last);
	for (unsigned long i = first * side; i < last * side; i++) {
		data[i] = input(i);
		other[i] = (struct complex){0, 0};
		roots[i] = root(i, points);
	}
	share_of(thread, side, &first, &last);
	for (unsigned long i = first; i < last; i++)
		band_roots[i] = root(i, side);
}

/* Rows first..last - 1 of @to from columns of @from. */
static void transpose(struct complex *to, const struct complex *from, unsigned long first,
		      unsigned long last)
{
	for (unsigned long row = first; row < last; row += TILE)
		for (unsigned long column = 0; column < side; column += TILE)
			for (unsigned long c = column; c < column + TILE && c < side; c++)
				for (unsigned long r = row; r < row + TILE && r < last; r++)
					to[r * side + c] = from[c * side + r];
}

static void reverse_bits(struct complex *row)
{
	for (unsigned long i = 0, j = 0; i < side; i++) {
		unsigned long bit = side >> 1;

		if (i < j) {
			struct complex swap = row[i];

			row[i] = row[j];
			row[j] = swap;
		}
		for (; bit && j & bit; bit >>= 1)
			j ^= bit;
		j |= bit;
	}
}

static struct complex conjugate_if_inverse(struct complex value)
{
	return inverse ? (struct complex){value.re, -value.im} : value;
}

/* Radix 2, in place */
static void row_fft(struct complex *row)
{
	reverse_bits(row);
	for (unsigned long half = 1; half < side; half *= 2)
		for (unsigned long k = 0; k < half; k++) {
			struct complex w = conjugate_if_inverse(band_roots[k * (side / half / 2)]);

			for (unsigned long i = k; i < side; i += 2 * half) {
				struct complex a = row[i], b = multiply(row[i + half], w);

				row[i] = (struct complex){a.re + b.re, a.im + b.im};
				row[i + half] = (struct complex){a.re - b.re, a.im - b.im};
			}
		}
}

static void transform(unsigned thread)
{
	unsigned long first, last;

	share_of(thread, side, &first, &last);
	transpose(other, data, first, last);
	barrier(&step);
	for (unsigned long row = first; row < last; row++) {
		row_fft(other + row * side);
		for (unsigned long i = 0; i < side; i++)
			other[row * side + i] =
				multiply(other[row * side + i],
					 conjugate_if_inverse(roots[row * i % points]));
	}
	barrier(&step);
	transpose(data, other, first, last);
	barrier(&step);
	for (unsigned long row = first; row < last; row++)
		row_fft(data + row * side);
	barrier(&step);
	transpose(other, data, first, last);
	barrier(&step);
	for (unsigned long i = first * side; i < last * side; i++)
		data[i] = (struct complex){other[i].re * scale, other[i].im * scale};
}

/* One output of the definition. */
static double error_at(unsigned long k)
{
	struct complex sum = {0, 0};

	for (unsigned long i = 0; i < points; i++) {
		struct complex term = multiply(input(i), roots[i * k % points]);

		sum.re += term.re;
		sum.im += term.im;
	}
	return absolute(sum.re - data[k].re) + absolute(sum.im - data[k].im);
}

static double error_of_inverse(void)
{
	double worst = 0;

	for (unsigned long i = 0; i < points; i++) {
		struct complex want = input(i);
		double error = absolute(data[i].re / (double)(int64_t)points - want.re) +
			       absolute(data[i].im / (double)(int64_t)points - want.im);

		if (!(error <= worst))
			worst = error;
	}
	return worst;
}

int main(void)
{
	uint64_t checksum = 0;
	double definition = 0, back;

	if (option("log2n") % 2)
		fail("log2n=%lu: must be even", option("log2n"));
	if (option("times") % 2 == 0)
		fail("times=%lu: must be odd", option("times"));
	side_bits = (unsigned)option("log2n") / 2;
	side = 1ul << side_bits;
	points = side * side;
	data = allocate(points * sizeof(*data));
	other = allocate(points * sizeof(*other));
	roots = allocate(points * sizeof(*roots));
	band_roots = allocate(side * sizeof(*band_roots));
	initialise(fill);
	measure_start();
	for (unsigned long n = 0; n < option("times"); n++) {
		inverse = n % 2;
		scale = inverse ? 1 / (double)(int64_t)points : 1;
		parallel(transform);
	}
	measure_end();
	for (unsigned long i = 0; i < points; i++)
		checksum =
			checksum_add_double(checksum_add_double(checksum, data[i].re), data[i].im);
	for (unsigned long n = 0; n < 4; n++)
		definition += error_at(random_at(n) % points);
	inverse = true;
	parallel(transform);
	back = error_of_inverse();
	return report(checksum, definition < 1e-9 * (double)(int64_t)side && back < 1e-12,
		      "log2n=%u definition=%.1e inverse=%.1e", 2 * side_bits, definition, back);
}
