/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Radix sort of 32-bit keys, least significant digit first. In each pass every thread counts the
 * digits of its part, the counts become places (digit major, thread minor: stable), and every
 * thread moves its keys there: writes that scatter over all of the other array.
 */
#include "splash.h"

PROGRAM_NAME;
struct option program_options[] = {
	{"n", 65536, 1, 1ul << 30},
	{"bits", 8, 1, 12}, /* of a digit */
	{NULL, 0, 0, 0},
};

static uint32_t *from, *to;
static uint64_t *count[MAX_CPUS]; /* one array a thread, by digit */
static unsigned long keys, bits;
static struct barrier step;

static void fill(unsigned thread)
{
	unsigned long first, last;

	share_of(thread, keys, &first, &last);
	for (unsigned long i = first; i < last; i++) {
		from[i] = (uint32_t)random_at(i);
		to[i] = 0;
	}
	for (unsigned digit = 0; digit < 1u << bits; digit++)
		count[thread][digit] = 0;
}

/* Counts become first places: each thread does its part of the digits, after the sums of the digits
 * before it. */
static uint64_t total[1 << 12];

static void places(unsigned thread)
{
	unsigned long first, last;
	uint64_t place = 0;

	share_of(thread, 1ul << bits, &first, &last);
	for (unsigned long digit = first; digit < last; digit++) {
		total[digit] = 0;
		for (unsigned t = 0; t < threads(); t++)
			total[digit] += count[t][digit];
	}
	barrier(&step);
	for (unsigned long digit = 0; digit < first; digit++)
		place += total[digit];
	for (unsigned long digit = first; digit < last; digit++)
		for (unsigned t = 0; t < threads(); t++) {
			uint64_t here = count[t][digit];

			count[t][digit] = place;
			place += here;
		}
}

static void sort(unsigned thread)
{
	uint32_t *source = from, *target = to, mask = (1u << bits) - 1;
	uint64_t *mine = count[thread];
	unsigned long first, last;

	share_of(thread, keys, &first, &last);
	for (unsigned shift = 0; shift < 32; shift += (unsigned)bits) {
		uint32_t *swap = source;

		for (unsigned digit = 0; digit <= mask; digit++)
			mine[digit] = 0;
		for (unsigned long i = first; i < last; i++)
			mine[source[i] >> shift & mask]++;
		barrier(&step);
		places(thread);
		barrier(&step);
		for (unsigned long i = first; i < last; i++)
			target[mine[source[i] >> shift & mask]++] = source[i];
		barrier(&step);
		source = target;
		target = swap;
	}
	if (thread == 0) {
		from = source;
		to = target;
	}
}

/* In order, and the same keys: sum and a sum of hashes do not change when keys move. */
static bool check(uint64_t *checksum)
{
	uint64_t sum = 0, hashes = 0;

	for (unsigned long i = 0; i < keys; i++) {
		uint32_t key = (uint32_t)random_at(i);

		sum += from[i] - (uint64_t)key;
		hashes += random_at(from[i]) - random_at(key);
		if (i && from[i - 1] > from[i])
			return false;
		*checksum = checksum_add(*checksum, from[i]);
	}
	return sum == 0 && hashes == 0;
}

int main(void)
{
	uint64_t checksum = 0;
	bool good;

	keys = option("n");
	bits = option("bits");
	from = allocate(keys * sizeof(*from));
	to = allocate(keys * sizeof(*to));
	for (unsigned t = 0; t < threads(); t++)
		count[t] = allocate(sizeof(**count) << bits);
	initialise(fill);
	measure_start();
	parallel(sort);
	measure_end();
	good = check(&checksum);
	return report(checksum, good, "n=%lu bits=%lu", keys, bits);
}
