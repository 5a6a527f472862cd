/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A grid of cells that burn: each thread works on its own band, all look rates up in one table, and
 * all add to one histogram. CPU 0 makes grid and table, as a program does that reads its input; so
 * on a first-touch system all memory is on its node. A policy that moves pages finds all three
 * kinds of use: bands want to migrate, the table wants copies, the histogram must stay.
 */
#include "splash.h"

PROGRAM_NAME;
struct option program_options[] = {
	{"kib", 512, 4, 65536},	  /* of the grid */
	{"table", 512, 4, 65536}, /* KiB, rounded up to a power of two */
	{"steps", 40, 1, 100000},
	{NULL, 0, 0, 0},
};

#define LOOK_EVERY  4 /* cells */
#define COUNT_EVERY 256
#define BINS	    256 /* of the histogram, a cache line each */
#define CHECK_EVERY 61	/* cells */

struct bin {
	uint64_t count __attribute__((aligned(CACHE_LINE)));
};

static uint64_t *grid, *table;
static uint64_t cells, entries, steps;
static struct bin *bin;
static struct barrier together;

/* What becomes of a cell in a step; the bits that choose the rate are its highest. */
static uint64_t burn(uint64_t cell, uint64_t rate)
{
	return (cell ^ rate) * UINT64_C(0x9e3779b97f4a7c15) + (cell >> 29);
}

static uint64_t which(uint64_t cell)
{
	return cell >> 24 & (entries - 1);
}

/* The first cell of the thread's band. */
static uint64_t start(unsigned thread)
{
	return cells / LOOK_EVERY * thread / threads() * LOOK_EVERY;
}

static void step(uint64_t from, uint64_t to)
{
	uint64_t rate = 0;

	for (uint64_t i = from; i < to; i++) {
		if (i % LOOK_EVERY == 0)
			rate = table[which(grid[i])];
		grid[i] = burn(grid[i], rate);
		if (i % COUNT_EVERY == 0)
			fetch_add(&bin[grid[i] >> 56].count, 1);
	}
}

static void work(unsigned thread)
{
	for (uint64_t n = 0; n < steps; n++) {
		step(start(thread), start(thread + 1));
		barrier(&together);
	}
}

static void make(void)
{
	cells = option("kib") << 10 >> 3;
	steps = option("steps");
	for (entries = 1; entries << 3 < option("table") << 10;)
		entries <<= 1;
	table = allocate(entries << 3);
	for (uint64_t i = 0; i < entries; i++)
		table[i] = random_at(~i);
	grid = allocate(cells << 3);
	for (uint64_t i = 0; i < cells; i++)
		grid[i] = random_at(i);
	bin = allocate(BINS * sizeof(*bin));
}

/* LOOK_EVERY cells from @index again, without the table. */
static bool right(uint64_t index)
{
	uint64_t cell[LOOK_EVERY];

	for (unsigned i = 0; i < LOOK_EVERY; i++)
		cell[i] = random_at(index + i);
	for (uint64_t n = 0; n < steps; n++) {
		uint64_t rate = random_at(~which(cell[0]));

		for (unsigned i = 0; i < LOOK_EVERY; i++)
			cell[i] = burn(cell[i], rate);
	}
	for (unsigned i = 0; i < LOOK_EVERY; i++)
		if (cell[i] != grid[index + i])
			return false;
	return true;
}

int main(void)
{
	uint64_t checksum = 0, wrong = 0, counted = 0;

	make();
	measure_start();
	parallel(work);
	measure_end();
	for (uint64_t i = 0; i < cells; i += CHECK_EVERY * LOOK_EVERY)
		wrong += !right(i);
	for (uint64_t i = 0; i < cells; i++)
		checksum = checksum_add(checksum, grid[i]);
	for (unsigned i = 0; i < BINS; i++)
		counted += bin[i].count;
	wrong += counted != steps * ((cells + COUNT_EVERY - 1) / COUNT_EVERY);
	return report(checksum, wrong == 0, "kib=%lu table=%lu steps=%lu wrong=%lu", cells >> 7,
		      entries >> 7, steps, wrong);
}
