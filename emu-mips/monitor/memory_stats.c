/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose misses they were. The memory model counts by CPU; whenever another VM comes onto a CPU, or
 * none, what was counted since belongs to the one before.
 */
#include <string.h>

#include "emu/misses.h"
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

void native_count_memory(struct monitor *monitor, const struct cpu *cpu)
{
	struct native_cpu *state = &monitor->cpu[cpu->number];
	const struct ccnuma_stats now = machine_memory_stats(monitor->machine, cpu->number);

	add_difference(cpu->guest >= 0 ? &monitor->vm[cpu->guest].counted : &monitor->counted, &now,
		       &state->counted);
}

/* Of VM @vm, or of none (-1). */
static const struct ccnuma_stats *counted(struct monitor *monitor, int vm)
{
	for (unsigned n = 0; n < monitor->machine->config.cpus; n++)
		if (monitor->machine->cpu[n]->guest == vm)
			native_count_memory(monitor, monitor->machine->cpu[n]);
	return vm < 0 ? &monitor->counted : &monitor->vm[vm].counted;
}

void monitor_memory_stats(struct monitor *monitor, unsigned vm, struct ccnuma_stats *stats)
{
	*stats = *counted(monitor, (int)vm);
}

void monitor_other_memory_stats(struct monitor *monitor, struct ccnuma_stats *stats)
{
	*stats = *counted(monitor, -1);
}

/* ---- whose pages they are ---- */

static struct vmm_page page_of(uint64_t offset)
{
	return vmm_page(native->vmm, (struct mpn){(uint32_t)(offset / MIPS_PAGE_SIZE)});
}

static struct miss_page owner(const struct machine *machine, uint64_t offset)
{
	static const enum miss_owner owners[] = {
		[VMM_PAGE_OTHER] = MISS_OF_MACHINE,
		[VMM_PAGE_VM] = MISS_OF_GUEST,
		[VMM_PAGE_REGISTERS] = MISS_OF_REGISTERS,
		[VMM_PAGE_SHARED] = MISS_OF_SHARED,
	};
	const struct vmm_page page = page_of(offset);

	(void)machine;
	return (struct miss_page){owners[page.kind], page.owner, page.number};
}

static uint64_t mapped_at(const struct machine *machine, uint64_t offset)
{
	(void)machine;
	return page_of(offset).mapped_at;
}

const struct page_owners native_page_owners = {owner, mapped_at};
