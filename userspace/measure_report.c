// SPDX-License-Identifier: GPL-2.0-or-later
/* The regions' part of the reports, as text and as JSON. */
#include "boot.h"
#include "measure.h"
#include "run.h"

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static const struct region_counts *counts_of(const struct region *region)
{
	return (const struct region_counts *)region->sum;
}

static uint64_t stalls(const struct ccnuma_stats *stats)
{
	uint64_t sum = stats->uncached_cycles;

	for (unsigned level = 0; level < LEVELS; level++)
		sum += stats->stall_cycles[level];
	return sum;
}

static double milliseconds(const struct measure *measure, uint64_t cycles)
{
	return (double)machine_ns(measure->machine, cycles) / 1e6;
}

static const char *vm_name(const struct measure *measure, unsigned guest)
{
	struct vcpu_stats stats;

	return measure->monitor ? measure->vm(measure->opaque, guest, &stats) : "";
}

/* ---- text ---- */

/* The part of a line that model `ccnuma` counts; nothing where it was not on. */
static void print_memory(const struct region_counts *counts, const struct ccnuma_stats *memory,
			 uint64_t busy, FILE *out)
{
	uint64_t misses = memory->local_misses + memory->remote_misses;

	if (!counts->modelled_cycles)
		return;
	fprintf(out, " %11llu %6.1f %6.1f %6.1f", (unsigned long long)misses,
		percent(memory->local_misses, misses), percent(stalls(memory), busy),
		percent(memory->stall_cycles[LEVEL_REMOTE_CLEAN] +
				memory->stall_cycles[LEVEL_REMOTE_DIRTY],
			busy));
}

static void print_bare(const struct region_counts *counts, FILE *out)
{
	uint64_t busy = counts->instructions + stalls(&counts->memory);

	fprintf(out, " %9.1f %7.1f", (double)counts->instructions / 1e6,
		percent(counts->cpus.instructions[MODE_KERNEL], counts->instructions));
	print_memory(counts, &counts->memory, busy, out);
}

static void print_vm(const struct region_counts *counts, FILE *out)
{
	const uint64_t *time = counts->vm.time;
	uint64_t busy = time[TIME_USER] + time[TIME_KERNEL] + time[TIME_MONITOR];

	fprintf(out, " %9.1f %7.1f %7.1f %9llu", (double)busy / 1e6,
		percent(time[TIME_KERNEL], busy), percent(time[TIME_MONITOR], busy),
		(unsigned long long)counts->vm.traps);
	print_memory(counts, &counts->vm_memory, busy, out);
	if (counts->numa.migrations || counts->numa.replications)
		fprintf(out, " %7llu %7llu", (unsigned long long)counts->numa.migrations,
			(unsigned long long)counts->numa.replications);
}

static void print_region(const struct measure *measure, const struct region *region, FILE *out)
{
	char name[80];

	snprintf(name, sizeof(name), "%s%s%s%s", vm_name(measure, region->guest),
		 measure->monitor ? "/" : "", region->name, region->open ? " (open)" : "");
	fprintf(out, "%-24s %7llu", name, (unsigned long long)region->visits);
	if (region->point) {
		fprintf(out, " %11.3f point\n", milliseconds(measure, region->first));
		return;
	}
	fprintf(out, " %11.3f", milliseconds(measure, region->cycles));
	if (measure->monitor)
		print_vm(counts_of(region), out);
	else
		print_bare(counts_of(region), out);
	fputc('\n', out);
}

void measure_text(const struct measure *measure, FILE *out)
{
	const struct machine *machine = measure->machine;
	const struct regions_stats stats = regions_stats(machine);

	if (!stats.marks)
		return;
	fprintf(out, "\n%-24s %7s %11s %9s %7s", "Region", "visits", "ms",
		measure->monitor ? "Mcycles" : "Minstr", "kernel%");
	if (measure->monitor)
		fprintf(out, " %7s %9s", "monit.%", "traps");
	if (machine_has_ccnuma(machine))
		fprintf(out, " %11s %6s %6s %6s", "L2 misses", "local%", "stall%", "rem.%");
	if (measure->monitor && machine_has_ccnuma(machine))
		fprintf(out, " %7s %7s", "migr.", "repl.");
	fputc('\n', out);
	for (size_t n = 0; regions_get(machine, n); n++)
		print_region(measure, regions_get(machine, n), out);
	if (stats.unbalanced || stats.dropped)
		fprintf(out,
			"marks: %llu starts or stops without the other, %llu beyond %d names or %d "
			"in a quantum\n",
			(unsigned long long)stats.unbalanced, (unsigned long long)stats.dropped,
			REGIONS_MAX, REGIONS_MARKS);
}

/* ---- JSON ---- */

static json_t *head(const struct measure *measure, const struct region *region)
{
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(region->name));
	if (measure->monitor)
		json_object_set_new(object, "vm", json_string(vm_name(measure, region->guest)));
	report_put(object, "visits", region->visits);
	report_put(object, "first_cycle", region->first);
	report_put(object, "last_cycle", region->last);
	return object;
}

static json_t *region_json(const struct measure *measure, const struct region *region)
{
	const struct region_counts *counts = counts_of(region);
	json_t *object = head(measure, region), *machine;

	json_object_set_new(object, "open", json_boolean(region->open));
	report_put(object, "cycles", region->cycles);
	report_put(object, "ns", machine_ns(measure->machine, region->cycles));
	report_put(object, "modelled_cycles", counts->modelled_cycles);
	machine = report_counters_json(&counts->cpus, counts->instructions);
	json_object_set_new(object, "machine", machine);
	if (counts->modelled_cycles)
		json_object_set_new(machine, "memory", report_memory_json(&counts->memory));
	if (!measure->monitor)
		return object;
	report_put(machine, "idle_cycles", counts->idle);
	report_put(machine, "monitor_cycles", counts->monitor);
	json_object_set_new(object, "counters", run_vcpu_json(&counts->vm));
	if (!counts->modelled_cycles)
		return object;
	json_object_set_new(object, "memory", report_memory_json(&counts->vm_memory));
	json_object_set_new(machine, "numa", run_numa_json(&counts->numa));
	/* not a counter */
	json_object_del(json_object_get(machine, "numa"), "replicas_max");
	return object;
}

void measure_json(const struct measure *measure, json_t *root)
{
	const struct regions_stats stats = regions_stats(measure->machine);
	json_t *regions = json_array(), *points = json_array(), *marks = json_object();
	const struct region *region;

	for (size_t n = 0; (region = regions_get(measure->machine, n)) != NULL; n++) {
		if (region->point)
			json_array_append_new(points, head(measure, region));
		else
			json_array_append_new(regions, region_json(measure, region));
	}
	report_put(marks, "count", stats.marks);
	report_put(marks, "unbalanced", stats.unbalanced);
	report_put(marks, "dropped", stats.dropped);
	json_object_set_new(root, "regions", regions);
	json_object_set_new(root, "points", points);
	json_object_set_new(root, "marks", marks);
}
