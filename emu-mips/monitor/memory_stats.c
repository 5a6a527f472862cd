/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose misses they were. The memory model counts by CPU; whenever another VM comes onto a CPU, or
 * none, what was counted since belongs to the one before.
 */
#include <string.h>

#include "monitor/native.h"

_Static_assert(sizeof(struct ccnuma_stats) % sizeof(uint64_t) == 0, "all of it is counters");

/* @sum grows by @now less @before, which becomes @now. */
static void add_difference(struct ccnuma_stats *sum, const struct ccnuma_stats *now,
			   struct ccnuma_stats *before)
{
	const uint64_t *from = (const uint64_t *)now;
	uint64_t *old = (uint64_t *)before, *to = (uint64_t *)sum;

	for (size_t n = 0; n < sizeof(*sum) / sizeof(*to); n++)
		to[n] += from[n] - old[n];
	*before = *now;
}

static void give(struct monitor *monitor, unsigned cpu)
{
	struct native_cpu *state = &monitor->cpu[cpu];
	const struct ccnuma_stats now = machine_memory_stats(monitor->machine, cpu);

	if (state->vm >= 0)
		add_difference(&monitor->vm[state->vm].counted, &now, &state->counted);
	state->counted = now;
}

void native_count_memory(struct monitor *monitor, const struct cpu *cpu)
{
	int vm = vmm_cpu_vm(monitor->vmm, cpu->number);

	if (vm == monitor->cpu[cpu->number].vm)
		return;
	give(monitor, cpu->number);
	monitor->cpu[cpu->number].vm = vm;
}

void monitor_memory_stats(struct monitor *monitor, unsigned vm, struct ccnuma_stats *stats)
{
	for (unsigned n = 0; n < monitor->machine->config.cpus; n++)
		if (monitor->cpu[n].vm == (int)vm)
			give(monitor, n);
	*stats = monitor->vm[vm].counted;
}
