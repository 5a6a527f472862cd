// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random calls from four threads: valid structures with random operations, structures with one field
 * spoilt, random bytes, and mapping calls in between. The kernel has to stay silent, and everything
 * has to come back. The argument is the number of calls; the seed is printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define THREADS 4
#define ENTRIES 128

static struct space space;
static long calls_left;
static uint64_t accepted;
static _Thread_local sigjmp_buf jump;
static _Thread_local uint64_t seed;

static uint64_t rnd(uint64_t limit)
{
	return random_next(&seed) % limit;
}

/* Mostly sensible numbers, now and then a limit or noise. */
static uint64_t number(uint64_t limit)
{
	static const uint64_t edges[] = { 0, 1, 63, 64, 65, 511, 512, 513, 65535, 65536, 65537, 0x7fffffff,
					  0x80000000, 0xffffffff, 1ull << 40, ~0ull };

	if (rnd(8))
		return rnd(limit);
	return rnd(2) ? edges[rnd(16)] : random_next(&seed);
}

/* Now and then one 32-bit word of a structure becomes something else. */
static void spoil(void *structure, size_t size)
{
	if (rnd(4) == 0)
		((uint32_t *)structure)[rnd(size / 4)] = number(4096);
}

static void do_call(unsigned long cmd, void *arg)
{
	if (!ioctl(space.fd, cmd, arg))
		__atomic_add_fetch(&accepted, 1, __ATOMIC_RELAXED);
}

static void fuzz_remap(void)
{
	struct disco_remap_entry entry[ENTRIES];
	struct disco_remap arg = { .size = sizeof(arg), .entries = (uintptr_t)entry };
	uint32_t i;

	arg.count = 1 + rnd(rnd(8) ? 16 : ENTRIES);
	for (i = 0; i < arg.count; i++) {
		entry[i] = (struct disco_remap_entry){ .slot = number(space.slots), .op = 1 + rnd(7) };
		if (entry[i].op == DISCO_OP_SHARE)
			entry[i].arg = number(space.slots);
		else if (entry[i].op == DISCO_OP_REPLICATE)
			entry[i].arg = rnd(8) ? rnd(16) : random_next(&seed);
		else if (entry[i].op <= DISCO_OP_BREAK)
			entry[i].node = rnd(8) ? rnd(4) : number(1024);
		if (rnd(32) == 0)
			spoil(&entry[i], sizeof(entry[i]));
	}
	spoil(&arg, sizeof(arg));
	if (arg.entries == (uintptr_t)entry && arg.count > ENTRIES)
		arg.count = ENTRIES; /* what follows on the stack is ours */
	do_call(DISCO_REMAP, &arg);
}

static void fuzz_query(void)
{
	struct disco_query_entry entry[ENTRIES];
	struct disco_query arg = { .size = sizeof(arg), .entries = (uintptr_t)entry };
	uint32_t i;

	arg.count = 1 + rnd(16);
	for (i = 0; i < arg.count; i++)
		entry[i] = (struct disco_query_entry){ .slot = number(space.slots) };
	spoil(&arg, sizeof(arg));
	if (arg.entries == (uintptr_t)entry && arg.count > ENTRIES)
		arg.count = ENTRIES;
	do_call(DISCO_QUERY, &arg);
}

static void fuzz_config(void)
{
	struct disco_count_config arg = { .size = sizeof(arg), .sources = rnd(16), .period_ms = 10 + rnd(50),
		.budget_us = 10 + rnd(5000), .hint_slots = 1 + rnd(64), .threshold = rnd(20),
		.eventfd = rnd(4) ? -1 : (int)rnd(8), .pmu_type = 1, .pmu_config = 2,
		.pmu_period = 1 + rnd(10) };

	spoil(&arg, sizeof(arg));
	if (arg.sources & DISCO_COUNT_PMU && (arg.pmu_type != 1 || arg.pmu_config > 9))
		return; /* a hardware event or a trace point of the host's choice proves nothing */
	do_call(DISCO_COUNT_CONFIG, &arg);
}

static void fuzz_read(void)
{
	struct disco_count_read arg = { .size = sizeof(arg), .flags = rnd(2), .slots = rnd(space.slots) };

	spoil(&arg, sizeof(arg));
	do_call(DISCO_COUNT_READ, &arg);
}

static void fuzz_feed(void)
{
	struct disco_feed_entry entry[16];
	struct disco_count_feed arg = { .size = sizeof(arg), .entries = (uintptr_t)entry };
	uint32_t i;

	arg.count = 1 + rnd(16);
	for (i = 0; i < arg.count; i++)
		entry[i] = (struct disco_feed_entry){ .slot = number(space.slots), .view = rnd(4),
						      .count = number(100) };
	spoil(&arg, sizeof(arg));
	if (arg.count > 16)
		arg.count = 16;
	do_call(DISCO_COUNT_FEED, &arg);
}

static void fuzz_bytes(void)
{
	uint32_t bytes[64];
	size_t i;

	for (i = 0; i < 64; i++)
		bytes[i] = number(1 << 16);
	if (rnd(2))
		bytes[0] = rnd(257);
	do_call(rnd(4) ? _IO(DISCO_IOC_TYPE, rnd(12)) : random_next(&seed) & 0xffffffff, bytes);
	do_call(_IO(DISCO_IOC_TYPE, rnd(8)), (void *)number(1ull << 47));
}

static void fuzz_mappings(void)
{
	unsigned int view = rnd(4);
	char *at = space.view[view];
	size_t size = space.slots * PAGE;

	switch (rnd(8)) {
	case 0:
		munmap(at, size);
		break;
	case 1:
		mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, space.fd,
		     view * space.layout.view_stride);
		break;
	case 2:
		madvise(at, size, rnd(2) ? MADV_DONTNEED : (int)rnd(26));
		break;
	case 3:
		mprotect(at, size, rnd(2) ? PROT_READ | PROT_WRITE : (int)rnd(4));
		break;
	case 4: /* maps nothing, or something that stays until the end */
		mmap(NULL, PAGE * (1 + rnd(4)), PROT_READ, MAP_SHARED | (rnd(2) ? MAP_POPULATE : 0),
		     space.fd, rnd(4096) * PAGE);
		break;
	case 5:
		munmap(space.window, space.layout.window_size);
		break;
	case 6:
		mmap(space.window, space.layout.window_size, PROT_READ, MAP_SHARED | MAP_FIXED, space.fd,
		     space.layout.window_offset);
		break;
	default:
		mremap(at, size, size + PAGE * rnd(2), rnd(4));
	}
}

static void on_fault(int signal_number)
{
	siglongjmp(jump, signal_number);
}

static void touch(void)
{
	unsigned int i, view = rnd(4);

	if (sigsetjmp(jump, 1))
		return;
	for (i = 0; i < 8; i++) {
		if (rnd(2))
			*word(&space, view, rnd(space.slots), rnd(512)) = seed;
		else
			(void)*word(&space, view, rnd(space.slots), 0);
	}
}

static void *fuzz(void *arg)
{
	static void (*const kinds[])(void) = { fuzz_remap, fuzz_remap, fuzz_remap, fuzz_remap, fuzz_query,
					       fuzz_read,  fuzz_feed,  fuzz_bytes };

	seed = (uintptr_t)arg;
	while (__atomic_sub_fetch(&calls_left, 1, __ATOMIC_RELAXED) > 0) {
		kinds[rnd(8)]();
		if (rnd(1024) == 0)
			fuzz_config();
		if (rnd(32) == 0)
			fuzz_mappings();
		touch();
	}
	return NULL;
}

/* One space, for a while: it is closed with whatever is mapped and counted then. */
static void round_of(long calls, uint64_t start)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	pthread_t thread[THREADS];
	int i;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	space_open(&space, 16 + start % 1000, 4, start % 3 ? 0 : DISCO_SPACE_STRICT, 16);
	space_map(&space, true);
	calls_left = calls;
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, fuzz, (void *)(uintptr_t)(start + i * 77777 + 1));
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	say("# %ld calls, %llu accepted\n", calls, (unsigned long long)accepted);
	_exit(accepted > 0 ? 0 : 1);
}

void test_fuzz(long calls)
{
	uint64_t start = now_ns() | 1;
	long done, step = 5000;
	int status, bad = 0;

	if (!calls)
		calls = 5000;
	say("# seed %llu\n", (unsigned long long)start);
	for (done = 0; done < calls; done += step) {
		pid_t pid = fork();

		if (!pid)
			round_of(step, start + done);
		waitpid(pid, &status, 0);
		bad += !WIFEXITED(status) || WEXITSTATUS(status);
	}
	check(!bad, "%ld random calls from %d threads", calls, THREADS);
}
