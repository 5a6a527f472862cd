// SPDX-License-Identifier: GPL-2.0-or-later
/* What memory model `ccnuma` counted in a `disco run`: machine, nodes, VMs; text and JSON. */
#include "boot.h"
#include "hot_pages.h"
#include "run.h"

static uint64_t stall(const struct ccnuma_stats *stats)
{
	uint64_t sum = stats->uncached_cycles;

	for (unsigned level = 0; level < LEVELS; level++)
		sum += stats->stall_cycles[level];
	return sum;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static uint64_t remote_stall(const struct ccnuma_stats *stats)
{
	return stats->stall_cycles[LEVEL_REMOTE_CLEAN] + stats->stall_cycles[LEVEL_REMOTE_DIRTY];
}

static void print_line(FILE *out, const char *name, const struct ccnuma_stats *stats, uint64_t busy)
{
	uint64_t misses = stats->local_misses + stats->remote_misses;

	fprintf(out, "%-10s %12llu %8.1f %8.1f %8.1f %8.1f %8.1f\n", name,
		(unsigned long long)misses, percent(stats->local_misses, misses),
		percent(stats->stall_cycles[LEVEL_L2], busy),
		percent(stats->stall_cycles[LEVEL_LOCAL], busy), percent(remote_stall(stats), busy),
		percent(stats->stall_cycles[LEVEL_UPGRADE], busy));
}

static uint64_t vm_busy(const struct run *run, const struct run_vm *vm)
{
	struct vcpu_stats stats = run_vm_stats(run, vm);

	return stats.time[TIME_USER] + stats.time[TIME_KERNEL] + stats.time[TIME_MONITOR];
}

void run_report_memory(const struct run *run, FILE *out)
{
	struct ccnuma_stats stats;
	uint64_t busy = 0;
	char name[16];

	for (unsigned n = 0; n < run->vms; n++)
		busy += vm_busy(run, &run->vm[n]);
	report_memory_sum(run->machine, &stats);
	fprintf(out, "\n%-10s %12s %8s %8s %8s %8s %8s\n", "Memory", "L2 misses", "local%", "L2%",
		"local%", "remote%", "upgrade%");
	print_line(out, "machine", &stats, busy);
	for (unsigned n = 0; n < run->vms; n++) {
		monitor_memory_stats(run->monitor, run->vm[n].number, &stats);
		print_line(out, run->vm[n].options->name, &stats, vm_busy(run, &run->vm[n]));
	}
	fputs("local: of the misses, by the page's home; then stall by where it was served, of the "
	      "VMs' busy cycles\n",
	      out);
	fprintf(out, "%-10s %12s %8s\n", "Node", "L2 misses", "local%");
	for (unsigned node = 0; node < run->machine->config.nodes; node++) {
		uint64_t misses;

		report_node_memory(run->machine, node, &stats);
		misses = stats.local_misses + stats.remote_misses;
		snprintf(name, sizeof(name), "%u", node);
		fprintf(out, "%-10s %12llu %8.1f\n", name, (unsigned long long)misses,
			percent(stats.local_misses, misses));
	}
}

/* ---- JSON ---- */

static json_t *object_of(const struct ccnuma_stats *stats)
{
	json_t *object = json_object(), *stalls = json_object(), *causes = json_object();

	for (unsigned level = 0; level < LEVELS; level++)
		report_put(stalls, report_level_names[level], stats->stall_cycles[level]);
	for (unsigned cause = 0; cause < CAUSES; cause++)
		report_put(causes, report_cause_names[cause], stats->cause[cause]);
	report_put(object, "local_misses", stats->local_misses);
	report_put(object, "remote_misses", stats->remote_misses);
	report_put(object, "stall_cycles_total", stall(stats));
	json_object_set_new(object, "causes", causes);
	json_object_set_new(object, "stall_cycles", stalls);
	report_put(object, "queue_cycles", stats->queue_cycles);
	report_put(object, "invalidations", stats->invalidations);
	report_put(object, "writebacks", stats->writebacks);
	report_put(object, "uncached", stats->uncached);
	report_put(object, "uncached_cycles", stats->uncached_cycles);
	return object;
}

json_t *run_memory_json(const struct run *run)
{
	json_t *object, *cpus = json_array(), *nodes = json_array();
	struct ccnuma_stats stats;

	report_memory_sum(run->machine, &stats);
	object = object_of(&stats);
	for (unsigned cpu = 0; cpu < run->machine->config.cpus; cpu++) {
		stats = machine_memory_stats(run->machine, cpu);
		json_array_append_new(cpus, object_of(&stats));
	}
	json_object_set_new(object, "cpus", cpus);
	for (unsigned node = 0; node < run->machine->config.nodes; node++) {
		report_node_memory(run->machine, node, &stats);
		json_array_append_new(nodes, object_of(&stats));
	}
	json_object_set_new(object, "nodes", nodes);
	/* What is neither this nor a VM's does not exist. */
	monitor_other_memory_stats(run->monitor, &stats);
	json_object_set_new(object, "without_vm", object_of(&stats));
	json_object_set_new(object, "page_sums", page_sums_json(run->machine, &run->names));
	json_object_set_new(object, "hot_pages", hot_pages_json(run->machine, &run->names));
	return object;
}

json_t *run_vm_memory_json(const struct run *run, const struct run_vm *vm)
{
	struct ccnuma_stats stats;
	json_t *object;

	monitor_memory_stats(run->monitor, vm->number, &stats);
	object = object_of(&stats);
	report_put(object, "busy_cycles", vm_busy(run, vm));
	return object;
}
