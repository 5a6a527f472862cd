// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Instructions and IPIs a page for moving pages between two nodes: the module, with pages of its pool
 * and with pages of the system, next to move_pages(2), mbind(2) and mmap(MAP_FIXED) of pages that are
 * on the other node already. Under QEMU's icount with shift 0 the time stamp counter counts
 * instructions. Dense: adjacent pages; scattered: every 17th, further apart than the module joins.
 */
#include <linux/mempolicy.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include "guest.h"

#define MOST	4096
#define STRIDE	17
#define PAGES	(MOST * STRIDE)

static struct space space;
static char *anonymous;	 /* for move_pages and mbind */
static char *window;	 /* for mmap(MAP_FIXED) */
static int memory[2];	 /* files with pages on nodes 1 and 2 */
static struct disco_remap_entry entries[MOST];
static void *addresses[MOST];
static int nodes[MOST], statuses[MOST];

static void prepare_all(void)
{
	int i, n;

	space_open(&space, PAGES, 4, 0, 0);
	space_map(&space, true);
	anonymous = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	window = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	madvise(anonymous, PAGES * PAGE, MADV_NOHUGEPAGE);
	for (n = 0; n < 2; n++) {
		memory[n] = memfd_create("pages", 0);
		if (ftruncate(memory[n], PAGES * PAGE))
			die("memfd");
	}
	for (i = 0; i < MOST; i++) {
		anonymous[i * PAGE] = anonymous[i * STRIDE * PAGE] = 1;
		*word(&space, 0, i, 0) = *word(&space, 0, (uint64_t)i * STRIDE, 0) = 1;
	}
}

static void by_module(int count, int stride, int node)
{
	int i;

	for (i = 0; i < count; i++)
		entries[i] = (struct disco_remap_entry){ .slot = i * stride, .op = DISCO_OP_MIGRATE,
							 .node = node };
	if (remap(&space, entries, count) || entries[count - 1].status)
		die("remap");
}

static void by_move_pages(int count, int stride, int node)
{
	int i;

	for (i = 0; i < count; i++) {
		addresses[i] = anonymous + (size_t)i * stride * PAGE;
		nodes[i] = node;
	}
	if (syscall(SYS_move_pages, 0, (long)count, addresses, nodes, statuses, MPOL_MF_MOVE) ||
	    statuses[count - 1] != node)
		die("move_pages: %d", statuses[count - 1]);
}

static void by_mbind(int count, int stride, int node)
{
	unsigned long mask = 1ul << node;
	int i, calls = stride == 1 ? 1 : count;

	for (i = 0; i < calls; i++)
		if (syscall(SYS_mbind, anonymous + (size_t)i * stride * PAGE, PAGE * (count / calls), MPOL_BIND,
			    &mask, 64ul, MPOL_MF_MOVE))
			die("mbind");
}

static void by_mmap(int count, int stride, int node)
{
	int i;

	for (i = 0; i < count; i++) {
		size_t offset = (size_t)i * stride * PAGE;
		char *at = mmap(window + offset, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
				memory[node - 1], offset);

		if (at == MAP_FAILED)
			die("mmap");
		*(volatile char *)at;
	}
}

static const struct method {
	const char *name;
	void (*move)(int count, int stride, int node);
	bool copies, no_pool;
} methods[] = {
	{ "module", by_module, true, false },
	{ "module-fresh-pages", by_module, true, true },
	{ "move_pages", by_move_pages, true, false },
	{ "mbind", by_mbind, true, false },
	{ "mmap-fixed", by_mmap, false, false },
};

static const int sizes[] = { 1, 4, 16, 64, 256, 512, 1024, 4096 };

static void set_pool(const struct method *method)
{
	write_file("/sys/module/disco/parameters/pool_pages", method->no_pool ? "0" : "4096");
}

/* Twice to and fro to warm up, then the mean of some rounds. */
static double measure(const struct method *method, int count, int stride)
{
	int rounds = count < 64 ? 16 : count < 1024 ? 6 : 2, i;
	uint64_t start;

	for (i = 0; i < 4; i++)
		method->move(count, stride, 1 + i % 2);
	start = __rdtsc();
	for (i = 0; i < rounds; i++)
		method->move(count, stride, 1 + i % 2);
	return (double)(__rdtsc() - start) / rounds / count;
}

/* The instructions of copying a page as the kernel does: one a word with "rep movsq". */
static int copy_cost(void)
{
	static char text[65536];

	read_file("/proc/cpuinfo", text, sizeof(text));
	return strstr(text, "rep_good") && !strstr(text, " erms") ? 512 : 0;
}

void test_bench(long arg)
{
	char balancing[32] = "";
	size_t m, s;
	int stride, copy = copy_cost();

	(void)arg;
	pin_to_cpu(0);
	write_file("/proc/sys/kernel/numa_balancing", "0");
	read_file("/proc/sys/kernel/numa_balancing", balancing, sizeof(balancing));
	check(copy, "the page copy is known: %d instructions", copy);
	say("# numa_balancing %s", balancing);
	prepare_all();
	for (m = 0; m < sizeof(methods) / sizeof(methods[0]); m++) {
		set_pool(&methods[m]);
		for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
			for (stride = 1; stride <= STRIDE; stride += STRIDE - 1)
				say("bench %s %s %d %.0f\n", methods[m].name,
				    stride == 1 ? "dense" : "scattered", sizes[s],
				    measure(&methods[m], sizes[s], stride) - (methods[m].copies ? copy : 0));
	}
	set_pool(&methods[0]);
	space_close(&space);
}

static volatile bool stop;
static int spinning; /* threads that have reached their CPU */

static void *spin(void *arg)
{
	pin_to_cpu((intptr_t)arg);
	(void)*word(&space, 0, 0, 1);
	__atomic_add_fetch(&spinning, 1, __ATOMIC_RELEASE);
	while (!stop) {
		(void)*word(&space, 0, 0, 1);
		_mm_pause(); /* lets QEMU turn to the next CPU */
	}
	return NULL;
}

/* TLB shootdowns that CPUs received so far. */
static uint64_t shootdowns(void)
{
	static char text[65536];
	uint64_t sum = 0;
	char *at, *end;

	read_file("/proc/interrupts", text, sizeof(text));
	at = strstr(text, "TLB:");
	for (at = at ? at + 4 : text + strlen(text);; at = end) {
		sum += strtoull(at, &end, 10);
		if (end == at)
			return sum;
	}
}

/* The middle of three: a CPU that is idle for once gets none, one that runs something else more. */
static uint64_t ipis(const struct method *method, int count, int stride)
{
	uint64_t least = ~0ull, most = 0, sum = 0, n;
	int i;

	method->move(count, stride, 1);
	for (i = 0; i < 3; i++) {
		n = shootdowns();
		method->move(count, stride, 2 - i % 2);
		n = shootdowns() - n;
		least = n < least ? n : least;
		most = n > most ? n : most;
		sum += n;
	}
	return sum - least - most;
}

void test_ipis(long arg)
{
	int cpus = online_cpus(), i, stride;
	uint64_t most = 0, n;
	pthread_t thread[16];
	size_t m, s;

	(void)arg;
	pin_to_cpu(0);
	write_file("/proc/sys/kernel/numa_balancing", "0");
	prepare_all();
	for (i = 1; i < cpus; i++)
		pthread_create(&thread[i], NULL, spin, (void *)(intptr_t)i);
	while (__atomic_load_n(&spinning, __ATOMIC_ACQUIRE) < cpus - 1)
		usleep(1000); /* a CPU that is still idle gets no IPI */
	for (m = 0; m < sizeof(methods) / sizeof(methods[0]); m++) {
		for (s = 0; s < 6; s++) {
			for (stride = 1; stride <= STRIDE; stride += STRIDE - 1) {
				n = ipis(&methods[m], sizes[s], stride);
				say("ipis %s %s %d %llu\n", methods[m].name,
				    stride == 1 ? "dense" : "scattered", sizes[s], (unsigned long long)n);
				if (m == 0 && n > most)
					most = n;
			}
		}
	}
	stop = true;
	for (i = 1; i < cpus; i++)
		pthread_join(thread[i], NULL);
	check(most <= (uint64_t)cpus - 1, "the module: at most %d IPIs a batch of up to 512 (%llu seen)",
	      cpus - 1, (unsigned long long)most);
	space_close(&space);
}
