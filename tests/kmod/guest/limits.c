// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory: the module's limit, the cgroup's limit, charges, pages on the nodes asked for. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define PARAMETER "/sys/module/disco/parameters/max_pages"
#define GROUP	  "/sys/fs/cgroup/disco"
#define SLOTS	  16384 /* 64 MiB */

static sigjmp_buf jump;

static void on_fault(int number)
{
	siglongjmp(jump, number);
}

/* Touches slots until one cannot be had; returns how many could. */
static int touch_until_refused(struct space *space)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	static volatile int touched;

	sigaction(SIGBUS, &action, NULL);
	if (!sigsetjmp(jump, 1))
		for (touched = 0; touched < SLOTS; touched++)
			*word(space, touched % 4, touched, 0) = 1;
	signal(SIGBUS, SIG_DFL);
	return touched;
}

/* Asks for @count slots in a batch; returns how many could be had, or -1 for an odd status. */
static struct disco_remap_entry entry[SLOTS];

static int migrate_until_refused(struct space *space, int count)
{
	int i, had = 0;

	for (i = 0; i < count; i++)
		entry[i] = (struct disco_remap_entry){ .slot = i, .op = DISCO_OP_MIGRATE, .node = i % 4 };
	if (remap(space, entry, count))
		return -1;
	for (i = 0; i < count; i++) {
		if (entry[i].status && entry[i].status != -ENOMEM)
			return -1;
		had += !entry[i].status;
	}
	return had;
}

static void module_limit(void)
{
	char old[64], text[64];
	struct space space;
	int touched, had;
	long long used;

	read_file(PARAMETER, old, sizeof(old));
	space_open(&space, SLOTS, 4, 0, 0);
	space_map(&space, true);
	used = file_number("/sys/kernel/debug/disco/stats", "pages_used");
	snprintf(text, sizeof(text), "%lld", used + 3000);
	write_file(PARAMETER, text);
	touched = touch_until_refused(&space);
	check(touched == 3000, "max_pages stops first touches with SIGBUS (%d of 3000)", touched);
	check(remap_one(&space, SLOTS - 1, DISCO_OP_MIGRATE, 1, 0) == -ENOMEM,
	      "and migrations with ENOMEM");
	check(*word(&space, 0, 2999, 0) == 1, "what was there stays");
	write_file(PARAMETER, old);
	had = migrate_until_refused(&space, SLOTS);
	check(had == SLOTS, "with the limit away all slots can be had (%d)", had);
	space_close(&space);
}

static long long group_number(const char *file)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), GROUP "/%s", file);
	return read_file(path, text, sizeof(text)) > 0 ? atoll(text) : -1;
}

/* For the page tables and buffers of what follows: those are charged too. */
static void make_room(struct space *space)
{
	int i;

	for (i = 0; i < 200; i++)
		remap_one(space, 600 + i, DISCO_OP_RELEASE, 0, 0);
}

static void in_group(void)
{
	long long before, after;
	struct space space;
	int touched, had;

	write_file(GROUP "/cgroup.procs", "0");
	memset(entry, 1, sizeof(entry)); /* charged before the limit is reached */
	space_open(&space, SLOTS, 4, 0, 0);
	space_map(&space, true);
	before = group_number("memory.current");
	for (touched = 0; touched < 1000; touched++)
		*word(&space, 0, touched, 0) = 1;
	after = group_number("memory.current");
	check(after - before > 3500000, "1000 pages are charged to the cgroup (%lld bytes)",
	      after - before);
	touched = touch_until_refused(&space);
	check(touched > 1000 && touched < 8192, "memory.max stops first touches (%d pages of 8192)",
	      touched);
	make_room(&space);
	had = migrate_until_refused(&space, 8500);
	check(had > 1000 && had < 8192, "and migrations, slot by slot (%d)", had);
	make_room(&space);
	check(*word(&space, 1, 500, 0) == 1, "what was there stays");
	space_close(&space);
}

static void cgroup_limit(void)
{
	int status;
	pid_t pid;

	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir(GROUP, 0755) || write_file(GROUP "/memory.max", "33554432")) {
		skip("memory cgroup", "no memory controller");
		return;
	}
	write_file("/sys/module/disco/parameters/pool_pages", "0");
	pid = fork();
	if (!pid) {
		in_group();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	write_file("/sys/module/disco/parameters/pool_pages", "4096");
	check(WIFEXITED(status), "a process in a cgroup of 32 MiB ends normally");
	for (status = 0; status < 50 && group_number("memory.current") > 1000000; status++)
		usleep(100000);
	check(group_number("memory.current") < 1000000, "its charges are gone (%lld bytes left)",
	      group_number("memory.current"));
	rmdir(GROUP);
}

static void strict_and_preferred(void)
{
	struct space space;
	bool good = true;
	int i;

	space_open(&space, 400, 4, DISCO_SPACE_STRICT, 0);
	space_map(&space, true);
	for (i = 0; i < 400; i++) {
		good &= !remap_one(&space, i, DISCO_OP_MIGRATE, i % 4, 0);
		*word(&space, 0, i, 0) = i;
		good &= node_of((void *)word(&space, 0, i, 0)) == i % 4;
	}
	check(good, "400 pages of a strict space are where they were asked for");
	space_close(&space);
}

void test_limits(long arg)
{
	(void)arg;
	strict_and_preferred();
	module_limit();
	cgroup_limit();
}
