/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several VMs compute in memory that they share: steps of a smoothing on a ring of integers, each
 * VM's threads on their part, a barrier over all VMs between the steps. Each VM checks the whole
 * result against its own computation.
 *
 * leave=N: this VM ends after N steps, when all have come to a barrier; the others then check that
 * nothing they share has changed, and say so. On one VM (vms=1) it needs no shared memory.
 */
#include "splash.h"

PROGRAM_NAME;
struct option program_options[] = {
	{"n", 8192, 16, 1ul << 24},
	{"steps", 20, 1, 1ul << 20},
	{"vms", 1, 1, 16},
	{"me", 0, 0, 15},
	{"leave", 0, 0, 1ul << 20},
	{"expect", 0, 0, 255}, /* the attach must fail with this */
	{NULL, 0, 0, 0},
};

#define REGION "together"

/* In the memory that is shared. */
struct ring {
	uint64_t waiting __attribute__((aligned(CACHE_LINE)));
	uint64_t turns __attribute__((aligned(CACHE_LINE)));
	uint64_t left __attribute__((aligned(PAGE_SIZE))); /* a VM has gone, at this step */
	uint32_t value[] __attribute__((aligned(PAGE_SIZE)));
};

static struct ring *ring;
static uint64_t count, steps, all, left_at;

/* Over the threads of all VMs. */
static void meet(void)
{
	uint64_t turn = __atomic_load_n(&ring->turns, __ATOMIC_RELAXED);

	if (fetch_add(&ring->waiting, 1) == all - 1) {
		__atomic_store_n(&ring->waiting, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&ring->turns, turn + 1, __ATOMIC_RELEASE);
		return;
	}
	while (__atomic_load_n(&ring->turns, __ATOMIC_ACQUIRE) == turn)
		;
}

static uint32_t smooth(const uint32_t *from, uint64_t i)
{
	return from[(i + count - 1) % count] + 2 * from[i] + 3 * from[(i + 1) % count] + 1;
}

static void work(unsigned thread)
{
	uint64_t number = option("me") * threads() + thread;
	uint64_t first = count * number / all, last = count * (number + 1) / all;
	uint32_t *from = ring->value, *to = ring->value + count;

	for (uint64_t i = first; i < last; i++)
		from[i] = (uint32_t)random_at(i);
	meet();
	for (uint64_t step = 1; step <= steps; step++) {
		uint32_t *swap = from;

		for (uint64_t i = first; i < last; i++)
			to[i] = smooth(from, i);
		from = to;
		to = swap;
		if (option("leave") == step && thread == 0)
			ring->left = step;
		meet();
		if (ring->left) {
			left_at = ring->left;
			return;
		}
	}
}

/* The values after @done steps, computed alone, against the shared ones. */
static bool check(uint64_t done, uint64_t *checksum)
{
	uint32_t *from = allocate(count * sizeof(*from)), *to = allocate(count * sizeof(*to));
	const uint32_t *result = ring->value + (done & 1 ? count : 0);
	bool good = true;

	for (uint64_t i = 0; i < count; i++)
		from[i] = (uint32_t)random_at(i);
	for (uint64_t step = 0; step < done; step++) {
		uint32_t *swap = from;

		for (uint64_t i = 0; i < count; i++)
			to[i] = smooth(from, i);
		from = to;
		to = swap;
	}
	for (uint64_t i = 0; i < count; i++) {
		good = good && from[i] == result[i];
		*checksum = checksum_add(*checksum, result[i]);
	}
	return good;
}

static void wait_ms(uint64_t ms)
{
	uint64_t start = cycles();

	while (cycles() - start < cycles_per_second() / 1000 * ms)
		;
}

int main(void)
{
	uint64_t checksum = 0, size;
	void *memory = NULL;
	bool good;
	int error;

	count = option("n");
	steps = option("steps");
	all = option("vms") * threads();
	size = sizeof(*ring) + 2 * count * sizeof(uint32_t);
	error = option("vms") == 1 && !option("expect") ? 0 : region_attach(REGION, size, &memory);
	if (option("expect")) {
		print("%s: attaching gives %d, expected %lu: %s\n", program_name, error,
		      option("expect"), error == (int)option("expect") ? "ok" : "WRONG");
		return error != (int)option("expect");
	}
	if (error)
		fail("no shared memory %s of %lu bytes: error %d", REGION, (unsigned long)size,
		     error);
	ring = memory ? memory : allocate(size);
	measure_start();
	parallel(work);
	measure_end();
	if (left_at && option("leave")) {
		print("%s: leaves after step %lu ok\n", program_name, (unsigned long)left_at);
		return 0;
	}
	if (left_at)
		wait_ms(20);
	good = check(left_at ? left_at : steps, &checksum);
	return report(checksum, good, "n=%lu vms=%lu me=%lu steps=%lu left=%lu",
		      (unsigned long)count, option("vms"), option("me"), (unsigned long)steps,
		      (unsigned long)left_at);
}
