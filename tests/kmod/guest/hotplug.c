// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A node's memory goes and comes while pages are moved to it and away. The machine has a memory
 * module on node 4, offline at start; pages in use keep its blocks online, spare ones do not.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guest.h"

#define SLOTS 256
#define NODE "/sys/devices/system/node/node4"

static struct space space;
static volatile bool stop;
static uint64_t moves, odd, wrong;

/* Writes @state to all blocks of the node; returns how many took it. */
static int set_blocks(const char *state)
{
	struct dirent *entry;
	char path[512];
	int done = 0;
	DIR *folder = opendir(NODE);

	while (folder && (entry = readdir(folder))) {
		if (strncmp(entry->d_name, "memory", 6))
			continue;
		snprintf(path, sizeof(path), NODE "/%s/state", entry->d_name);
		done += !write_file(path, state);
	}
	if (folder)
		closedir(folder);
	return done;
}

/* Before a node is online its blocks are known only in the list of all. */
static int online_new_blocks(void)
{
	struct dirent *entry;
	char path[512], state[32];
	int done = 0;
	DIR *folder = opendir("/sys/devices/system/memory");

	while (folder && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "/sys/devices/system/memory/%s/state", entry->d_name);
		if (read_file(path, state, sizeof(state)) > 0 && !strncmp(state, "offline", 7))
			done += !write_file(path, "online_kernel");
	}
	if (folder)
		closedir(folder);
	return done;
}

static void *move(void *arg)
{
	struct disco_remap_entry entry[SLOTS];
	uint64_t seed = 7;
	int i;

	(void)arg;
	while (!stop) {
		for (i = 0; i < SLOTS; i++)
			entry[i] = (struct disco_remap_entry){ .slot = i, .op = DISCO_OP_MIGRATE,
							       .node = random_next(&seed) % 5 };
		odd += remap(&space, entry, SLOTS) != 0;
		for (i = 0; i < SLOTS; i++) {
			moves += !entry[i].status;
			/* EINVAL: the node has no memory now. */
			odd += entry[i].status && entry[i].status != -ENOMEM && entry[i].status != -EBUSY &&
			       entry[i].status != -EINVAL;
			wrong += *word(&space, i % 4, i, 5) != (uint64_t)i;
		}
	}
	return NULL;
}

void test_hotplug(long arg)
{
	pthread_t thread;
	int i, blocks, offline = 0, online = 0;

	(void)arg;
	space_open(&space, SLOTS, 4, 0, 0);
	space_map(&space, true);
	for (i = 0; i < SLOTS; i++)
		*word(&space, 0, i, 5) = i;
	check(remap_one(&space, 0, DISCO_OP_MIGRATE, 4, 0) == -EINVAL, "a node without memory is refused");
	blocks = online_new_blocks();
	if (!blocks) {
		skip("memory hotplug", "no memory to bring online");
		space_close(&space);
		return;
	}
	check(!remap_one(&space, 0, DISCO_OP_MIGRATE, 4, 0) && query_one(&space, 0).node == 4 &&
		      node_of((void *)word(&space, 0, 0, 0)) == 4,
	      "memory that came online is used");
	check(set_blocks("offline") == 0 || query_one(&space, 0).node == 4,
	      "a page in use is not lost to offlining");
	pthread_create(&thread, NULL, move, NULL);
	for (i = 0; i < 10; i++) {
		offline += set_blocks("offline");
		usleep(100000);
		online += set_blocks("online_kernel");
	}
	stop = true;
	pthread_join(thread, NULL);
	set_blocks("online_kernel");
	say("# %llu moves; %d blocks went offline, %d came back\n", (unsigned long long)moves, offline, online);
	check(!wrong && !odd && moves, "content and statuses stay right while blocks come and go");
	for (i = 0; i < SLOTS; i++)
		remap_one(&space, i, DISCO_OP_MIGRATE, 0, 0);
	i = set_blocks("offline");
	check(i > 0 && *word(&space, 1, 17, 5) == 17, "with the pages away blocks go offline (%d of %d)", i,
	      blocks);
	if (i == blocks)
		check(remap_one(&space, 0, DISCO_OP_MIGRATE, 4, 0) == -EINVAL,
		      "an offline node is refused again");
	space_close(&space);
}
