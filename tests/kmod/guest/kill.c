// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes killed at random points, with threads that remap and touch: nothing may stay. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

static struct space space;

static void *remap_for_ever(void *arg)
{
	uint64_t seed = now_ns() ^ (uintptr_t)arg ^ 0x9e3779b97f4a7c15ull;
	static _Thread_local struct disco_remap_entry entry[256];
	int i;

	for (;;) {
		for (i = 0; i < 256; i++) {
			entry[i] = (struct disco_remap_entry){ .slot = random_next(&seed) % 256 };
			entry[i].op = 1 + random_next(&seed) % 7;
			if (entry[i].op == DISCO_OP_REPLICATE)
				entry[i].arg = 15;
			else if (entry[i].op == DISCO_OP_SHARE)
				entry[i].arg = random_next(&seed) % 256;
			else if (entry[i].op <= DISCO_OP_BREAK)
				entry[i].node = random_next(&seed) % 4;
		}
		remap(&space, entry, 256);
	}
	return NULL;
}

static void live(void)
{
	struct disco_count_config config = { .size = sizeof(config), .eventfd = -1,
		.sources = DISCO_COUNT_SCAN | DISCO_COUNT_HINT, .period_ms = 10, .budget_us = 5000,
		.hint_slots = 32, .threshold = 3 };
	uint64_t seed = now_ns() | 1;
	pthread_t thread;

	space_open(&space, 256, 4, 0, 64);
	space_map(&space, true);
	if (ioctl(space.fd, DISCO_COUNT_CONFIG, &config))
		die("count");
	pthread_create(&thread, NULL, remap_for_ever, &seed);
	for (;;)
		*word(&space, random_next(&seed) % 4, random_next(&seed) % 256, 0) = 1;
}

void test_kill(long times)
{
	uint64_t seed = now_ns() | 1;
	int status, i, killed = 0;

	if (!times)
		times = 50;
	for (i = 0; i < times; i++) {
		pid_t pid = fork();

		if (!pid)
			live();
		usleep(random_next(&seed) % 20000);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	}
	check(killed == times, "%ld processes killed at random points", times);
}
