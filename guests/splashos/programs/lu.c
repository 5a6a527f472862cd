/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocked LU factorisation without pivoting of a dense, diagonally dominant matrix. Blocks are
 * contiguous, and belong to threads as on a chess board of threads (two-dimensional scatter).
 * For each step: the diagonal block, then its row and column of blocks, then everything inside.
 */
#include "splash.h"

PROGRAM_NAME;
struct option program_options[] = {
	{"n", 128, 4, 8192},
	{"block", 16, 4, 64},
	{NULL, 0, 0, 0},
};

static double *blocks; /* block (i, j) at (i * side + j) * size * size, by rows */
static unsigned long n, size, side;
static unsigned rows_of_threads, columns_of_threads;
static struct barrier step;

static double *block_at(unsigned long i, unsigned long j)
{
	return blocks + (i * side + j) * size * size;
}

static bool is_mine(unsigned thread, unsigned long i, unsigned long j)
{
	return i % rows_of_threads * columns_of_threads + j % columns_of_threads == thread;
}

/* Element of the matrix to be factored; the columns' sums stay below the diagonal. */
static double element(unsigned long row, unsigned long column)
{
	double value = random_double(row * n + column) - 0.5;

	return row == column ? value + (double)(int64_t)n : value;
}

static double *factored(unsigned long row, unsigned long column)
{
	return block_at(row / size, column / size) + row % size * size + column % size;
}

static void fill(unsigned thread)
{
	for (unsigned long i = 0; i < side; i++)
		for (unsigned long j = 0; j < side; j++) {
			double *to = block_at(i, j);

			if (!is_mine(thread, i, j))
				continue;
			for (unsigned long r = 0; r < size; r++)
				for (unsigned long c = 0; c < size; c++)
					to[r * size + c] = element(i * size + r, j * size + c);
		}
}

/* a = l u, in place; l has ones in its diagonal */
static void factor_diagonal(double *a)
{
	for (unsigned long k = 0; k < size; k++)
		for (unsigned long r = k + 1; r < size; r++) {
			double factor = a[r * size + k] /= a[k * size + k];

			for (unsigned long c = k + 1; c < size; c++)
				a[r * size + c] -= factor * a[k * size + c];
		}
}

/* a = a u^-1: a block below the diagonal */
static void solve_column(double *a, const double *u)
{
	for (unsigned long r = 0; r < size; r++)
		for (unsigned long k = 0; k < size; k++) {
			double value = a[r * size + k] /= u[k * size + k];

			for (unsigned long c = k + 1; c < size; c++)
				a[r * size + c] -= value * u[k * size + c];
		}
}

/* a = l^-1 a: a block right of the diagonal */
static void solve_row(double *a, const double *l)
{
	for (unsigned long k = 0; k < size; k++)
		for (unsigned long r = k + 1; r < size; r++) {
			double factor = l[r * size + k];

			for (unsigned long c = 0; c < size; c++)
				a[r * size + c] -= factor * a[k * size + c];
		}
}

/* a -= b c */
static void update(double *a, const double *b, const double *c)
{
	for (unsigned long i = 0; i < size; i++)
		for (unsigned long k = 0; k < size; k++) {
			double factor = b[i * size + k];

			for (unsigned long j = 0; j < size; j++)
				a[i * size + j] -= factor * c[k * size + j];
		}
}

static void factor(unsigned thread)
{
	for (unsigned long k = 0; k < side; k++) {
		if (is_mine(thread, k, k))
			factor_diagonal(block_at(k, k));
		barrier(&step);
		for (unsigned long i = k + 1; i < side; i++) {
			if (is_mine(thread, i, k))
				solve_column(block_at(i, k), block_at(k, k));
			if (is_mine(thread, k, i))
				solve_row(block_at(k, i), block_at(k, k));
		}
		barrier(&step);
		for (unsigned long i = k + 1; i < side; i++)
			for (unsigned long j = k + 1; j < side; j++)
				if (is_mine(thread, i, j))
					update(block_at(i, j), block_at(i, k), block_at(k, j));
	}
}

/* The largest difference between A x and L (U x) for one vector x, over the largest of A x. */
static double residual(void)
{
	double *x = allocate(n * sizeof(*x)), *y = allocate(n * sizeof(*y));
	double worst = 0, scale = 0;

	for (unsigned long i = 0; i < n; i++)
		x[i] = random_double(n * n + i);
	for (unsigned long i = 0; i < n; i++) {
		y[i] = 0;
		for (unsigned long j = i; j < n; j++)
			y[i] += *factored(i, j) * x[j];
	}
	for (unsigned long i = n; i-- > 0;) {
		double got = y[i], want = 0;

		for (unsigned long j = 0; j < i; j++)
			got += *factored(i, j) * y[j];
		for (unsigned long j = 0; j < n; j++)
			want += element(i, j) * x[j];
		if (!(absolute(got - want) <= worst))
			worst = absolute(got - want);
		if (absolute(want) > scale)
			scale = absolute(want);
	}
	return worst / scale;
}

int main(void)
{
	uint64_t checksum = 0;
	double worst;

	size = option("block");
	side = (option("n") + size - 1) / size;
	n = side * size;
	for (rows_of_threads = 1; rows_of_threads * rows_of_threads < threads();)
		rows_of_threads++;
	while (threads() % rows_of_threads)
		rows_of_threads--;
	columns_of_threads = threads() / rows_of_threads;
	blocks = allocate(n * n * sizeof(*blocks));
	initialise(fill);
	measure_start();
	parallel(factor);
	measure_end();
	for (unsigned long i = 0; i < n * n; i++)
		checksum = checksum_add_double(checksum, blocks[i]);
	worst = residual();
	return report(checksum, worst < 1e-12, "n=%lu block=%lu residual=%.1e", n, size, worst);
}
