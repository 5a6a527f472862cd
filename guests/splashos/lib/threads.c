/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thread a CPU. The other CPUs are started through the Coherence Manager and the Cluster Power
 * Controller (MD00582), and wait for work by spinning: this is a machine for one program.
 */
#include "system.h"

#define GCR_CONFIG	  0x0000
#define GCR_ACCESS	  0x0020
#define GCR_CPC_BASE	  0x0088
#define GCR_CL_OTHER	  0x2018
#define GCR_CO_COHERENCE  0x4008
#define GCR_CO_RESET_BASE 0x4020
#define CPC_CL_OTHER	  0x2010
#define CPC_CO_CMD	  0x4000
#define CPC_COMMAND_RESET 4
#define OTHER_SHIFT	  16
#define CKSEG1_OFFSET	  0x20000000 /* from CKSEG0 */

#define STACK_SIZE	  65536
#define START_CYCLES	  1000000000

uint64_t cpu_stack[MAX_CPUS];
static unsigned thread_count, started = 1;

/* What the CPUs are to do: the round counts up with every parallel(). */
static struct {
	void (*function)(unsigned thread) __attribute__((aligned(CACHE_LINE)));
	uint64_t round;
} work;
static uint64_t done __attribute__((aligned(CACHE_LINE)));
static uint64_t running __attribute__((aligned(CACHE_LINE)));

static volatile uint32_t *gcr(uint64_t offset)
{
	return device(MAP_GCR_BASE + offset);
}

static volatile uint32_t *cpc(uint64_t offset)
{
	return device(MAP_CPC_BASE + offset);
}

unsigned cpus(void)
{
	unsigned count = (*gcr(GCR_CONFIG) & 0xff) + 1;

	return count < MAX_CPUS ? count : MAX_CPUS;
}

unsigned threads(void)
{
	return thread_count;
}

void set_threads(unsigned long count)
{
	if (count > cpus())
		fail("threads=%lu: there are %u CPUs, one a thread", count, cpus());
	thread_count = count ? (unsigned)count : cpus();
}

static void start_cpu(unsigned cpu)
{
	uint64_t stack = (uint64_t)allocate(STACK_SIZE), before = cycles();

	cpu_stack[cpu] = stack + STACK_SIZE - 16;
	memory_barrier();
	*gcr(GCR_CPC_BASE) = (uint32_t)MAP_CPC_BASE | 1;
	*gcr(GCR_CL_OTHER) = cpu << OTHER_SHIFT;
	*gcr(GCR_CO_RESET_BASE) = (uint32_t)(uintptr_t)secondary_start | CKSEG1_OFFSET;
	*gcr(GCR_CO_COHERENCE) = 0;
	*gcr(GCR_ACCESS) |= 1u << (cpu & 7);
	*cpc(CPC_CL_OTHER) = cpu << OTHER_SHIFT;
	*cpc(CPC_CO_CMD) = CPC_COMMAND_RESET;
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) < cpu) {
		if (cycles() - before > START_CYCLES)
			fail("CPU %u does not start", cpu);
		spin_hint();
	}
}

void splash_secondary(unsigned cpu)
{
	uint64_t round = 0;

	fetch_add(&running, 1);
	for (;;) {
		while (__atomic_load_n(&work.round, __ATOMIC_ACQUIRE) == round)
			spin_hint();
		round++;
		if (cpu < thread_count) {
			work.function(cpu);
			fetch_add(&done, 1);
		}
	}
}

void parallel(void (*function)(unsigned thread))
{
	/* A CPU that comes up late counts rounds from zero: all start before the first. */
	for (; started < thread_count; started++)
		start_cpu(started);
	work.function = function;
	done = 0;
	__atomic_store_n(&work.round, work.round + 1, __ATOMIC_RELEASE);
	function(0);
	while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < thread_count - 1)
		spin_hint();
}

void initialise(void (*function)(unsigned thread))
{
	mark_start("initialise");
	if (!option("master"))
		parallel(function);
	else
		for (unsigned thread = 0; thread < thread_count; thread++)
			function(thread);
	mark_stop("initialise");
}

void share_of(unsigned thread, unsigned long count, unsigned long *first, unsigned long *last)
{
	*first = count * thread / thread_count;
	*last = count * (thread + 1) / thread_count;
}

void lock(struct lock *lock)
{
	while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
			spin_hint();
}

void unlock(struct lock *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

void barrier(struct barrier *barrier)
{
	/* It cannot turn before this thread has come. */
	uint32_t sense = __atomic_load_n(&barrier->sense, __ATOMIC_RELAXED);

	if (__atomic_add_fetch(&barrier->waiting, 1, __ATOMIC_ACQ_REL) == thread_count) {
		__atomic_store_n(&barrier->waiting, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&barrier->sense, !sense, __ATOMIC_RELEASE);
		return;
	}
	while (__atomic_load_n(&barrier->sense, __ATOMIC_ACQUIRE) == sense)
		spin_hint();
}
