/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SplashOS: a library operating system for one parallel program on one (virtual) machine. One
 * thread a CPU, one address space, no interrupts, no paging: which node a page is on is decided
 * below, at the first touch.
 *
 * A program is one C file with program_name, program_options and main(). It runs on CPU 0.
 */
#ifndef SPLASH_H
#define SPLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_CPUS   64
#define PAGE_SIZE  4096
#define CACHE_LINE 128 /* the largest of the machine files: what is apart stays apart */

/* ---- the program ---- */

/* Options are words NAME=VALUE of the kernel command line; VALUE may end in K or M. */
struct option {
	const char *name;
	unsigned long value, low, high; /* the default; the range */
};

extern const char program_name[];
/* Ends with a row without name. Every program understands "threads" (default: all CPUs),
 * "master" (see initialise()) and "check" (see measure_end()). */
extern struct option program_options[];
/* Returns the exit status of the machine, 0 to 255. */
int main(void);
#define PROGRAM_NAME const char program_name[] = PROGRAM

unsigned long option(const char *name);
unsigned threads(void);
unsigned cpus(void);

/* Stops the machine with @status. Also called after main(). */
void finish(int status) __attribute__((noreturn));
/* Prints "NAME: MESSAGE" and stops with status 1. */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* ---- console ---- */

/* Knows %s %c %d %u %lu %ld %x %lx %.Nf %.Ne, and field widths of %s and integers. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- threads ---- */

/* Runs function(0 .. threads() - 1), each on the CPU of its number, and returns when all have
 * returned. Called from main() only. CPUs are started when first needed, and spin between calls. */
void parallel(void (*function)(unsigned thread));

/* parallel() for filling memory: each thread touches first what will be its own. With the option
 * master=1 CPU 0 does all the parts, and a first-touch system puts everything on its node. No
 * barriers in @function. */
void initialise(void (*function)(unsigned thread));

/* The part [*first, *last) of 0..count that is @thread's, as even as can be. */
void share_of(unsigned thread, unsigned long count, unsigned long *first, unsigned long *last);

struct lock {
	uint32_t held __attribute__((aligned(CACHE_LINE)));
};
void lock(struct lock *lock);
void unlock(struct lock *lock);

/* Zero-initialised is ready. Waits until all threads() are here. Sense-reversing. */
struct barrier {
	uint32_t waiting __attribute__((aligned(CACHE_LINE)));
	uint32_t sense __attribute__((aligned(CACHE_LINE)));
};
void barrier(struct barrier *barrier);

/* Adds @amount to @word, and returns what was there before. */
static inline uint64_t fetch_add(uint64_t *word, uint64_t amount)
{
	return __atomic_fetch_add(word, amount, __ATOMIC_ACQ_REL);
}

/* ---- memory ---- */

/* @size bytes at a page boundary, never touched before, so that the first to touch a page decides
 * where it is. Fails when there are none. Never freed. */
void *allocate(size_t size);
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
/* The physical address behind a pointer into allocate()d or static memory. */
uint64_t physical_address(const void *pointer);

/* ---- memory shared with other VMs ---- */

/* Maps the monitor's shared memory @name, of at least @size bytes, at *@at; zeroes, until a VM that
 * has it attached writes there. Returns 0, or an errno value: 2 there is none of that name, 13 this
 * VM may not use it, 22 it is smaller, 38 there is no shared memory for this VM at all. */
int region_attach(const char *name, size_t size, void **at);
/* This VM has it no longer; once no VM has, the content is lost. */
int region_detach(const char *name);

/* ---- time, and what is measured ---- */

uint64_t cycles(void); /* the GIC's counter: the same on all CPUs */
uint64_t cycles_per_second(void);

/* The part between these is what a run is about: a marker each (dev/finisher.h). With the option
 * check=0 the run ends there, so that statistics of all of it are not those of the checking. */
void measure_start(void);
void measure_end(void);
/* Marks by name, up to 31 characters, from any thread: the machine's report counts what happens in
 * a region, and disco's --warm waits for one. measure_start() and measure_end() are the region
 * "measured", initialise() is "initialise". */
void mark_start(const char *name);
void mark_stop(const char *name);
void mark_point(const char *name);
/* Prints "NAME: PARAMETERS threads=N cycles=N ms=N checksum=H ok" (or WRONG) in one line;
 * PARAMETERS as @format says. Returns main()'s status. */
int report(uint64_t checksum, bool good, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- disks (virtio block, polled) ---- */

#define DISK_SECTOR 512
/* The number of disks found, and sectors of one. */
unsigned disks(void);
uint64_t disk_sectors(unsigned disk);
/* Moves @sectors (1 to 2048) between @buffer and the disk; false when the disk reports an error.
 * One thread at a time. */
bool disk_read(unsigned disk, uint64_t sector, void *buffer, unsigned sectors);
bool disk_write(unsigned disk, uint64_t sector, const void *buffer, unsigned sectors);
bool disk_flush(unsigned disk);

/* ---- numbers ---- */

/* The same for the same @index wherever it is computed (splitmix64's output function). */
static inline uint64_t random_at(uint64_t index)
{
	uint64_t z = (index + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* In [0, 1) */
static inline double random_double(uint64_t index)
{
	return (double)(int64_t)(random_at(index) >> 11) * 0x1p-53;
}

/* Order matters: a checksum of values one after the other. */
static inline uint64_t checksum_add(uint64_t sum, uint64_t value)
{
	sum = (sum ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return sum ^ sum >> 29;
}

static inline uint64_t checksum_add_double(uint64_t sum, double value)
{
	uint64_t bits;

	__builtin_memcpy(&bits, &value, sizeof(bits));
	return checksum_add(sum, bits);
}

static inline double square_root(double x)
{
	return __builtin_sqrt(x);
}

static inline double absolute(double x)
{
	return __builtin_fabs(x);
}

/* sin and cos of @turns full turns, 0 <= turns <= 1; good to about 1e-16. */
double sin_turns(double turns);
double cos_turns(double turns);

#endif
