/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Linux program that leans on what several CPUs share: mutexes and condition variables (futex),
 * counters by LL and SC, words that must not tear, signals between threads, page tables that change
 * under other threads (TLB shootdown by IPI), code written and run again, fork. Every sum is exact.
 * Usage: stress [THREADS [ROUNDS]]. Prints "stress: N threads ok", or what is wrong; status 0 or 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_THREADS 64
#define PAGE	    4096
#define TWICE(x)    ((uint64_t)(x) << 32 | (uint32_t)(x))

static unsigned threads = 4;
static uint64_t rounds = 2000;
static atomic_uint_fast64_t errors;
static pthread_barrier_t together;

static void wrong(const char *what, uint64_t got, uint64_t wanted)
{
	if (got == wanted)
		return;
	printf("stress: %s: %llu, not %llu\n", what, (unsigned long long)got,
	       (unsigned long long)wanted);
	errors++;
}

/* ---- counters, mutex ---- */

static atomic_uint_fast64_t counter;
static atomic_uint narrow;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t guarded;
static double half;

static void count(unsigned thread)
{
	(void)thread;
	for (uint64_t i = 0; i < 20 * rounds; i++) {
		atomic_fetch_add(&counter, i);
		atomic_fetch_add(&narrow, 1);
	}
}

static void exclude(unsigned thread)
{
	(void)thread;
	for (uint64_t i = 0; i < 5 * rounds; i++) {
		pthread_mutex_lock(&mutex);
		guarded += i;
		half += 0.5;
		pthread_mutex_unlock(&mutex);
	}
}

/* ---- a queue of one place, by condition variables: every item goes through once ---- */

static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint64_t place, taken_sum;

static void put(uint64_t item)
{
	pthread_mutex_lock(&mutex);
	while (place)
		pthread_cond_wait(&changed, &mutex);
	place = item;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

static void take(void)
{
	pthread_mutex_lock(&mutex);
	while (!place)
		pthread_cond_wait(&changed, &mutex);
	taken_sum += place;
	place = 0;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

static void queue(unsigned thread)
{
	if (thread == threads - 1 && threads % 2)
		return;
	for (uint64_t i = 1; i <= rounds / 10; i++) {
		if (thread & 1)
			take();
		else
			put(i);
	}
}

/* ---- words that must not tear ---- */

static volatile uint64_t torn[8];
static volatile double real[8];

static void tear(unsigned thread)
{
	for (uint64_t i = 0; i < 20 * rounds; i++) {
		uint64_t seen = torn[i & 7];
		double d = real[i & 7];

		if (seen != TWICE(seen) || (d != 0 && d != (double)(int)d * (1 + 0x1p-40)))
			errors++;
		torn[i & 7] = TWICE(i * 0x10001 + thread);
		real[i & 7] = (double)(int)(thread + 1) * (1 + 0x1p-40);
	}
}

/* ---- signals ---- */

static pthread_t id[MAX_THREADS];
static atomic_uint_fast64_t received;

static void handler(int number)
{
	(void)number;
	received++;
}

/* Each signal is awaited, since equal ones would become one. */
static void signals(unsigned thread)
{
	static atomic_uint_fast64_t turn;

	for (uint64_t i = 0; i < rounds / 10; i++) {
		while (atomic_load(&turn) % threads != thread)
			sched_yield();
		uint64_t before = received;

		pthread_kill(id[(thread + 1) % threads], SIGUSR1);
		while (received == before)
			;
		turn++;
	}
}

/* ---- page tables ---- */

/* Pages come and go while other threads use theirs; what is written is there, what is gone faults
 * (checked by the kernel: a write through EFAULT). */
static void pages(unsigned thread)
{
	for (uint64_t i = 0; i < rounds / 20; i++) {
		uint64_t *area = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (unsigned page = 0; page < 8; page++)
			area[page * PAGE / 8] = i * 64 + thread;
		mprotect(area, 4 * PAGE, PROT_READ);
		for (unsigned page = 0; page < 8; page++)
			if (area[page * PAGE / 8] != i * 64 + thread)
				errors++;
		if (read(-1, area, 1) != -1 || errno != EBADF)
			errors++;
		munmap(area, 8 * PAGE);
	}
}

/* ---- code ---- */

/* One thread writes "return N", another calls it, in turn. */
static uint32_t *code;
static atomic_uint_fast64_t written;

static void write_code(uint16_t value)
{
	code[0] = 0x03e00008;	       /* jr ra */
	code[1] = 0x34020000u | value; /* ori v0, zero, value */
	__builtin___clear_cache((char *)code, (char *)(code + 2));
}

static void generate(unsigned thread)
{
	uint64_t pairs = rounds / 4;
	int (*function)(void);

	memcpy(&function, &code, sizeof(function));
	for (uint64_t i = 0; thread == 0 && i < pairs; i++) {
		while (atomic_load(&written) & 1)
			;
		write_code((uint16_t)i);
		written++;
	}
	for (uint64_t i = 0; thread == 1 && i < pairs; i++) {
		while (!(atomic_load(&written) & 1))
			;
		if (function() != (uint16_t)i)
			errors++;
		written++;
	}
}

static void forks(unsigned thread)
{
	for (uint64_t i = 0; i < rounds / 200 + 1; i++) {
		int status = 0;
		pid_t child = fork();

		if (child == 0)
			_exit((int)(thread + i) & 0x3f);
		if (child < 0 || waitpid(child, &status, 0) != child ||
		    WEXITSTATUS(status) != (int)((thread + i) & 0x3f))
			errors++;
	}
}

static void *work(void *opaque)
{
	static void (*const parts[])(unsigned) = {count,   exclude, queue,    tear,
						  signals, pages,   generate, forks};
	unsigned thread = (unsigned)(uintptr_t)opaque;

	for (unsigned n = 0; n < sizeof(parts) / sizeof(parts[0]); n++) {
		parts[n](thread);
		if (pthread_barrier_wait(&together) == PTHREAD_BARRIER_SERIAL_THREAD)
			fprintf(stderr, "part %u\n", n);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	uint64_t items;

	if (argc > 1)
		threads = (unsigned)atoi(argv[1]);
	if (argc > 2)
		rounds = (uint64_t)atoll(argv[2]);
	code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	sigaction(SIGUSR1, &action, NULL);
	pthread_barrier_init(&together, NULL, threads);
	id[0] = pthread_self();
	for (unsigned n = 1; n < threads; n++)
		pthread_create(&id[n], NULL, work, (void *)(uintptr_t)n);
	work(NULL);
	for (unsigned n = 1; n < threads; n++)
		pthread_join(id[n], NULL);
	items = rounds / 10;
	wrong("LL/SC, 64 bits", counter, threads * (20 * rounds * (20 * rounds - 1) / 2));
	wrong("LL/SC, 32 bits", narrow, threads * 20 * rounds);
	wrong("mutex", guarded, threads * (5 * rounds * (5 * rounds - 1) / 2));
	wrong("mutex, double", (uint64_t)(2 * half), threads * 5 * rounds);
	wrong("condition variables", taken_sum, threads / 2 * (items * (items + 1) / 2));
	wrong("signals", received, threads * (rounds / 10));
	wrong("errors", errors, 0);
	if (!errors)
		printf("stress: %u threads ok\n", threads);
	return errors != 0;
}
