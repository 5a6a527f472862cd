// SPDX-License-Identifier: GPL-2.0-or-later
/* Counting what happens in the regions that guests mark. */
#include <string.h>

#include "boot.h"
#include "disco.h"
#include "measure.h"

_Static_assert(sizeof(struct region_counts) % sizeof(uint64_t) == 0, "all of it is counters");

static void sample(void *opaque, unsigned guest, uint64_t *words)
{
	const struct measure *measure = opaque;
	struct region_counts counts;

	memset(&counts, 0, sizeof(counts));
	counts.modelled_cycles = machine_modelled_cycles(measure->machine);
	counts.cpus = report_sum(measure->machine, &counts.instructions);
	report_memory_sum(measure->machine, &counts.memory);
	if (measure->monitor) {
		struct vmm *vmm = monitor_vmm(measure->monitor);

		for (unsigned n = 0; n < measure->machine->config.cpus; n++) {
			struct cpu_times times;

			vmm_cpu_times(vmm, n, &times);
			counts.idle += times.idle;
			counts.monitor += times.monitor;
		}
		measure->vm(measure->opaque, guest, &counts.vm);
		monitor_memory_stats(measure->monitor, guest, &counts.vm_memory);
		counts.numa = *vmm_numa_stats(vmm);
	}
	memcpy(words, &counts, sizeof(counts));
}

int measure_start(struct measure *measure)
{
	const struct regions_config config = {
		.sample = sample,
		.words = sizeof(struct region_counts) / sizeof(uint64_t),
		.marked = warm_marked,
		.opaque = measure,
	};
	struct error error;

	if (regions_create(measure->machine, &config, &error))
		return complain(DISCO_FAILED, "%s", error.text);
	warm_start(measure);
	return DISCO_OK;
}

void measure_end(struct measure *measure)
{
	regions_close(measure->machine);
}
