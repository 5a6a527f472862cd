/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test program of the module: it is the init of a virtual machine and runs the tests named. */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disco.h"

#define PAGE 4096ul

/* A space with its views mapped; stopping the process gives it back. */
struct space {
	int fd;
	uint64_t slots;
	unsigned int views;
	struct disco_space_create layout;
	char *view[DISCO_MAX_VIEWS];
	char *window;
	uint32_t flushes; /* of the last remap() */
};

/* Counts a check; @name is printf-like. Returns @good. */
bool check(bool good, const char *name, ...) __attribute__((format(printf, 2, 3)));
/* A check that is not made here, with the reason. */
void skip(const char *name, const char *reason);
/* Prints a line to the console. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Stops the test with a failed check. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Opens the device and creates a space with a view for each of nodes 0 to views - 1. */
void space_open(struct space *space, uint64_t slots, unsigned int views, uint32_t flags, uint32_t ring);
/* Maps the views, and the flush window if @window. */
void space_map(struct space *space, bool window);
void space_close(struct space *space);
/* A word of a slot as a view shows it. */
static inline volatile uint64_t *word(struct space *space, unsigned int view, uint64_t slot, int index)
{
	return (volatile uint64_t *)(space->view[view] + slot * PAGE) + index;
}

/* DISCO_REMAP; returns 0 or -errno. Restarts after a signal. */
int remap(struct space *space, struct disco_remap_entry *entries, uint32_t count);
/* One entry; returns its status or the call's error. */
int remap_one(struct space *space, uint32_t slot, int op, int node, uint64_t arg);
struct disco_query_entry query_one(struct space *space, uint32_t slot);
/* The node the kernel says an address is on (move_pages), or a negative errno. */
int node_of(void *address);
/* A number of a file like "name value" lines, or -1. */
long long file_number(const char *path, const char *name);
int read_file(const char *path, char *buffer, size_t size);
int write_file(const char *path, const char *text);
void pin_to_cpu(int cpu);
int online_cpus(void);
uint64_t random_next(uint64_t *state);
uint64_t now_ns(void);

/* The tests; @arg is the number after '=' of the command line, or 0. */
void test_abi(long arg);
void test_ops(long arg);
void test_pins(long arg);
void test_life(long arg);
void test_limits(long arg);
void test_counts(long arg);
void test_stale(long arg);
void test_torture(long arg);
void test_fuzz(long arg);
void test_kill(long arg);
void test_uring(long arg);
void test_hotplug(long arg);
void test_bench(long arg);
void test_ipis(long arg);
void test_nmap(long arg);

#endif
