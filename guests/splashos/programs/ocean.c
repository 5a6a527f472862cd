/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Red-black successive over-relaxation of Laplace's equation on a square grid: each thread owns a
 * band of rows and reads its neighbours' edge rows. The boundary is that of x^2 - y^2, which
 * satisfies the five-point formula exactly, so the solution is known at every point.
 */
#include "splash.h"

PROGRAM_NAME;
struct option program_options[] = {
	{"n", 48, 4, 8190},	   /* points inside, each way */
	{"sweeps", 0, 0, 1000000}, /* 0: until it has converged */
	{NULL, 0, 0, 0},
};

#define TOLERANCE  1e-10
#define CHECK_EACH 8 /* sweeps */

static double *grid;
static double *row_change; /* the largest change in each row */
static unsigned long n, stride, sweeps;
static double omega, first_change, last_change;
static unsigned long done;
static bool stop;
static struct barrier step;

static double solution(unsigned long row, unsigned long column)
{
	double x = (double)(int64_t)column / (double)(int64_t)(n + 1);
	double y = (double)(int64_t)row / (double)(int64_t)(n + 1);

	return x * x - y * y;
}

static bool is_edge(unsigned long row, unsigned long column)
{
	return row == 0 || column == 0 || row == n + 1 || column == n + 1;
}

/* The rows of @thread; the first and last thread have the edges too. */
static void band(unsigned thread, unsigned long *first, unsigned long *last)
{
	share_of(thread, n, first, last);
	(*first)++;
	(*last)++;
}

static void fill(unsigned thread)
{
	unsigned long first, last;

	band(thread, &first, &last);
	if (thread == 0)
		first = 0;
	if (thread == threads() - 1)
		last = n + 2;
	for (unsigned long row = first; row < last; row++)
		for (unsigned long column = 0; column < n + 2; column++)
			grid[row * stride + column] =
				is_edge(row, column) ? solution(row, column) : 0;
}

static double relax_row(double *row, unsigned long first)
{
	double largest = 0;

	for (unsigned long i = first; i <= n; i += 2) {
		double around = row[i - 1] + row[i + 1] + row[i - stride] + row[i + stride];
		double change = omega * (0.25 * around - row[i]);

		row[i] += change;
		if (absolute(change) > largest)
			largest = absolute(change);
	}
	return largest;
}

/* The largest change of the last sweep, by one thread and in order. */
static void look(void)
{
	double largest = 0;

	for (unsigned long row = 1; row <= n; row++)
		if (row_change[row] > largest)
			largest = row_change[row];
	if (done == 1)
		first_change = largest;
	last_change = largest;
	stop = sweeps ? done >= sweeps : largest < TOLERANCE || done > 100 * n;
}

static void relax(unsigned thread)
{
	unsigned long first, last, sweep = 0;

	band(thread, &first, &last);
	do {
		for (unsigned colour = 0; colour < 2; colour++) {
			for (unsigned long row = first; row < last; row++) {
				double change =
					relax_row(grid + row * stride, 1 + (row + colour) % 2);

				if (!colour || change > row_change[row])
					row_change[row] = change;
			}
			barrier(&step);
		}
		sweep++;
		if (sweep == 1 || sweep % CHECK_EACH == 0 || sweep == sweeps) {
			if (thread == 0) {
				done = sweep;
				look();
			}
			barrier(&step);
		}
	} while (!stop);
}

static double error_of_solution(void)
{
	double worst = 0;

	for (unsigned long row = 1; row <= n; row++)
		for (unsigned long column = 1; column <= n; column++) {
			double error =
				absolute(grid[row * stride + column] - solution(row, column));

			if (!(error <= worst))
				worst = error;
		}
	return worst;
}

int main(void)
{
	uint64_t checksum = 0;
	double error;
	bool good;

	n = option("n");
	sweeps = option("sweeps");
	stride = (n + 2 + 15) / 16 * 16; /* whole cache lines */
	omega = 2 / (1 + sin_turns(0.5 / (double)(int64_t)(n + 1)));
	grid = allocate((n + 2) * stride * sizeof(*grid));
	row_change = allocate((n + 2) * sizeof(*row_change));
	initialise(fill);
	measure_start();
	parallel(relax);
	measure_end();
	for (unsigned long row = 1; row <= n; row++)
		for (unsigned long column = 1; column <= n; column++)
			checksum = checksum_add_double(checksum, grid[row * stride + column]);
	error = error_of_solution();
	/* A few sweeps alone do not reach the solution: then they must have come nearer to it. */
	good = sweeps ? error < 1 && (sweeps < 2 || last_change < first_change) : error < 1e-8;
	return report(checksum, good, "n=%lu sweeps=%lu change=%.1e error=%.1e", n, done,
		      last_change, error);
}
