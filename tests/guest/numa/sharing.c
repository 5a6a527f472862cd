/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory used in the three ways that matter to a NUMA policy: a table of each CPU's own, a table
 * that all read, and words that all write. CPU 0 makes everything, so all of it starts on its node.
 * Between the rounds CPU 0 changes the table that all read; every sum is checked.
 */
#include "runtime.h"
#include "smp.h"

PROGRAM_NAME;

#define CPUS	   4
#define TABLE	   (UINT64_C(640) << 10)
#define LINE	   128
#define LINES	   (TABLE / LINE)
#define SHARED_PA  UINT64_C(0x01000000)
#define OWN_PA(n)  (UINT64_C(0x01100000) + (n)*UINT64_C(0x100000))
#define WRITTEN_PA UINT64_C(0x01800000)
#define WRITTEN	   2048 /* words */
#define ROUNDS	   3
#define PASSES	   96

static volatile uint64_t arrived[ROUNDS * 2 + 1], wrong[CPUS];

static void add(volatile uint64_t *word, uint64_t step)
{
	uint64_t value;

	__asm__ volatile("1:	lld	%0, %1\n"
			 "	daddu	%0, %0, %2\n"
			 "	scd	%0, %1\n"
			 "	beqz	%0, 1b\n"
			 "	nop\n"
			 : "=&r"(value), "+ZC"(*word)
			 : "r"(step)
			 : "memory");
}

static void meet(unsigned where)
{
	add(&arrived[where], 1);
	while (arrived[where] != CPUS)
		;
}

static uint64_t sum(uint64_t pa)
{
	uint64_t total = 0;

	for (uint64_t at = 0; at < TABLE; at += LINE)
		total += *(volatile uint64_t *)CKSEG0(pa + at);
	return total;
}

static void fill(uint64_t pa, uint64_t first)
{
	for (uint64_t at = 0; at < TABLE; at += LINE)
		*(volatile uint64_t *)CKSEG0(pa + at) = first + at / LINE;
}

static uint64_t expected(uint64_t first)
{
	return LINES * first + LINES * (LINES - 1) / 2;
}

static void work(unsigned cpu)
{
	volatile uint64_t *written = (volatile uint64_t *)CKSEG0(WRITTEN_PA);

	for (unsigned round = 0; round < ROUNDS; round++) {
		meet(2 * round);
		for (unsigned pass = 0; pass < PASSES; pass++) {
			wrong[cpu] += sum(SHARED_PA) != expected(1000 + round);
			wrong[cpu] += sum(OWN_PA(cpu)) != expected(cpu);
			for (unsigned i = 0; i < WRITTEN; i += 16)
				add(&written[i], cpu + 1);
		}
		meet(2 * round + 1);
		if (cpu == 0)
			fill(SHARED_PA, 1000 + round + 1);
	}
	meet(2 * ROUNDS);
}

void test(void)
{
	volatile uint64_t *written = (volatile uint64_t *)CKSEG0(WRITTEN_PA);

	fill(SHARED_PA, 1000);
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		fill(OWN_PA(cpu), cpu);
	for (unsigned cpu = 1; cpu < CPUS; cpu++)
		check("comes up", smp_start(cpu, work));
	work(0);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		about("cpu", cpu, 0, 0, 0);
		check_eq("wrong sums", wrong[cpu], 0);
	}
	for (unsigned i = 0; i < WRITTEN; i += 16) {
		about("word", i, 0, 0, 0);
		check_eq("sum", written[i], ROUNDS * PASSES * (CPUS * (CPUS + 1) / 2));
	}
}
