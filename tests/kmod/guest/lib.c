// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tests share. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

void space_open(struct space *space, uint64_t slots, unsigned int views, uint32_t flags, uint32_t ring)
{
	struct disco_space_create *layout = &space->layout;
	unsigned int view;

	memset(space, 0, sizeof(*space));
	space->slots = slots;
	space->views = views;
	space->fd = open("/dev/disco", O_RDWR | O_CLOEXEC);
	if (space->fd < 0)
		die("open /dev/disco");
	layout->size = sizeof(*layout);
	layout->slots = slots;
	layout->views = views;
	layout->flags = flags;
	layout->ring_entries = ring;
	for (view = 0; view < views; view++)
		layout->view_node[view] = view;
	if (ioctl(space->fd, DISCO_SPACE_CREATE, layout))
		die("create a space");
}

void space_map(struct space *space, bool window)
{
	unsigned int view;

	for (view = 0; view < space->views; view++) {
		space->view[view] = mmap(NULL, space->slots * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
					 space->fd, view * space->layout.view_stride);
		if (space->view[view] == MAP_FAILED)
			die("map view %u", view);
	}
	if (!window)
		return;
	space->window = mmap(NULL, space->layout.window_size, PROT_READ, MAP_SHARED, space->fd,
			     space->layout.window_offset);
	if (space->window == MAP_FAILED)
		die("map the flush window");
}

void space_close(struct space *space)
{
	unsigned int view;

	for (view = 0; view < space->views; view++)
		if (space->view[view])
			munmap(space->view[view], space->slots * PAGE);
	if (space->window)
		munmap(space->window, space->layout.window_size);
	close(space->fd);
}

int remap(struct space *space, struct disco_remap_entry *entries, uint32_t count)
{
	struct disco_remap arg = { .size = sizeof(arg), .entries = (uintptr_t)entries, .count = count };
	int ret;

	do
		ret = ioctl(space->fd, DISCO_REMAP, &arg);
	while (ret && errno == EINTR);
	space->flushes = arg.flushes;
	if (ret)
		return -errno;
	return arg.done == count ? 0 : -EIO;
}

int remap_one(struct space *space, uint32_t slot, int op, int node, uint64_t arg)
{
	struct disco_remap_entry entry = { .slot = slot, .op = op, .node = node, .arg = arg };
	int ret = remap(space, &entry, 1);

	return ret ? ret : entry.status;
}

struct disco_query_entry query_one(struct space *space, uint32_t slot)
{
	struct disco_query_entry entry = { .slot = slot };
	struct disco_query arg = { .size = sizeof(arg), .entries = (uintptr_t)&entry, .count = 1 };

	if (ioctl(space->fd, DISCO_QUERY, &arg))
		die("query");
	return entry;
}

int node_of(void *address)
{
	int status = -1;

	if (syscall(SYS_move_pages, 0, 1ul, &address, NULL, &status, 0))
		return -errno;
	return status;
}

int read_file(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	buffer[0] = 0;
	if (fd < 0)
		return -1;
	while (used < size - 1 && (n = read(fd, buffer + used, size - 1 - used)) > 0)
		used += n;
	buffer[used] = 0;
	close(fd);
	return used;
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

long long file_number(const char *path, const char *name)
{
	char text[8192], *at;
	size_t length = strlen(name);

	if (read_file(path, text, sizeof(text)) < 0)
		return -1;
	for (at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (!strncmp(at, name, length) && strchr(" :\t", at[length]))
			return atoll(at + length + 1);
	return -1;
}

void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int online_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}
