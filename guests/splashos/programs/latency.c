/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a load costs: a chase of pointers through all lines of a piece of memory in random order, on
 * CPU 0. Printed is what a load takes longer than in the same loop over one line.
 */
#include "splash.h"

PROGRAM_NAME;
struct option program_options[] = {
	{"kib", 64, 4, 1ul << 17}, /* size of the piece */
	{"at", 0, 0, 255},	   /* MiB: its physical address; 0: anywhere */
	{"loads", 20000, 1000, 1ul << 30},
	{NULL, 0, 0, 0},
};

#define STEP 16 /* loads in a round of the loop */

static void *place(size_t size, unsigned long at)
{
	uint64_t here = physical_address(allocate(PAGE_SIZE)) + PAGE_SIZE;

	if (!at)
		return allocate(size);
	if (at << 20 < here)
		fail("at=%lu: memory is free from %lu MiB on", at, (unsigned long)(here >> 20) + 1);
	if (at << 20 > here)
		allocate((at << 20) - here);
	return allocate(size);
}

/* One cycle through all lines (Sattolo's shuffle). */
static void link_lines(char *piece, unsigned long lines)
{
	uint32_t *order = allocate(lines * sizeof(*order));

	for (unsigned long i = 0; i < lines; i++)
		order[i] = (uint32_t)i;
	for (unsigned long i = lines - 1; i > 0; i--) {
		unsigned long j = random_at(i) % i;
		uint32_t swap = order[i];

		order[i] = order[j];
		order[j] = swap;
	}
	for (unsigned long i = 0; i < lines; i++)
		*(void **)(piece + order[i] * (uint64_t)CACHE_LINE) =
			piece + order[(i + 1) % lines] * (uint64_t)CACHE_LINE;
}

static void **chase(void **at, unsigned long loads)
{
	for (; loads; loads -= STEP) {
#pragma GCC unroll 16
		for (unsigned n = 0; n < STEP; n++)
			at = *(void *volatile *)at;
	}
	return at;
}

static uint64_t time_of(void **start, unsigned long loads)
{
	uint64_t before = cycles();

	chase(start, loads);
	return cycles() - before;
}

int main(void)
{
	size_t size = option("kib") << 10;
	unsigned long lines = size / CACHE_LINE, loads = option("loads") / STEP * STEP;
	void **piece = place(size, option("at")), **at = piece;
	static void *alone;
	unsigned long steps = 0;
	uint64_t base, whole;
	double ns;

	link_lines((char *)piece, lines);
	alone = &alone;
	do { /* also brings into the caches what stays there */
		at = *at;
		steps++;
	} while (at != piece && steps <= lines);
	time_of(&alone, loads);
	base = time_of(&alone, loads);
	measure_start();
	whole = time_of(piece, loads);
	measure_end();
	ns = (double)(int64_t)(whole - base) * 1e9 / (double)(int64_t)cycles_per_second() /
	     (double)(int64_t)loads;
	return report(steps, steps == lines, "kib=%lu at=%lu ns=%.1f", size >> 10,
		      (unsigned long)(physical_address(piece) >> 20), ns);
}
