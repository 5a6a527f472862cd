/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time, and the measured part of a program. */
#include <stdarg.h>

#include "dev/finisher.h"
#include "system.h"

#define GIC_COUNTER_LOW	 0x10
#define GIC_COUNTER_HIGH 0x14

static uint64_t started, elapsed;

uint64_t cycles(void)
{
	volatile uint32_t *low = device(MAP_GIC_BASE + GIC_COUNTER_LOW);
	volatile uint32_t *high = device(MAP_GIC_BASE + GIC_COUNTER_HIGH);
	uint32_t before, middle;

	do {
		before = *high;
		middle = *low;
	} while (before != *high);
	return (uint64_t)before << 32 | middle;
}

uint64_t cycles_per_second(void)
{
	return boot_info.clock;
}

static void mark(uint32_t marker)
{
	memory_barrier();
	*device(MAP_FINISHER_BASE + FINISHER_MARKER) = marker;
}

/* A mark by name: into the next mailbox, four bytes at a time. */
static void mark_name(enum mark_kind kind, const char *name)
{
	uint32_t ticket = *device(MAP_FINISHER_BASE + FINISHER_TICKET);
	uint64_t box =
		MAP_FINISHER_BASE + FINISHER_MAILBOX + (uint64_t)ticket * FINISHER_MAILBOX_SIZE;

	for (unsigned at = 0; at < FINISHER_NAME_SIZE; at += 4) {
		uint32_t word = 0;
		unsigned n = 0;

		for (; n < 4 && name[at + n]; n++)
			word |= (uint32_t)(uint8_t)name[at + n] << 8 * n;
		*device(box + FINISHER_NAME + at) = word;
		if (n < 4)
			break;
	}
	memory_barrier();
	*device(box + FINISHER_KIND) = kind;
}

void mark_start(const char *name)
{
	mark_name(MARK_START, name);
}

void mark_stop(const char *name)
{
	mark_name(MARK_STOP, name);
}

void mark_point(const char *name)
{
	mark_name(MARK_POINT, name);
}

static double milliseconds(void)
{
	double hertz = (double)(int64_t)cycles_per_second();

	return hertz > 0 ? (double)(int64_t)elapsed * 1e3 / hertz : 0;
}

void measure_start(void)
{
	mark(FINISHER_MARK_START);
	started = cycles();
}

void measure_end(void)
{
	elapsed = cycles() - started;
	mark(FINISHER_MARK_END);
	if (option("check"))
		return;
	print("%s: threads=%u cycles=%lu ms=%.3f unchecked\n", program_name, threads(),
	      (unsigned long)elapsed, milliseconds());
	finish(0);
}

int report(uint64_t checksum, bool good, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print("%s: ", program_name);
	print_list(format, &arguments);
	print(" threads=%u cycles=%lu ms=%.3f checksum=%lx %s\n", threads(), (unsigned long)elapsed,
	      milliseconds(), (unsigned long)checksum, good ? "ok" : "WRONG");
	va_end(arguments);
	return good ? 0 : 1;
}
