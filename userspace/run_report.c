// SPDX-License-Identifier: GPL-2.0-or-later
/* The report of `disco run`, as text. */
#include <stdio.h>

#include "disco.h"
#include "report_threads.h"
#include "run.h"

static const char *const stop_names[VM_STOPS] = {
	[VM_STOP_NONE] = "did not end",	   [VM_STOP_FINISHED] = "finished",
	[VM_STOP_HALTED] = "halted",	   [VM_STOP_RESET] = "reset",
	[VM_STOP_KILLED] = "killed",	   [VM_STOP_PANIC] = "panicked",
	[VM_STOP_WILD] = "ran wild",	   [VM_STOP_STORM] = "interrupt storm",
	[VM_STOP_NO_MEMORY] = "no memory", [VM_STOP_UNMAPPED] = "unmapped",
};

const char *run_stop_name(enum vm_stop stop)
{
	return stop_names[stop];
}

struct vcpu_stats run_vm_stats(const struct run *run, const struct run_vm *vm)
{
	struct vcpu_stats sum = {0};

	for (unsigned n = 0; n < vm->options->vcpus; n++) {
		const struct vcpu_stats *from = vmm_vcpu_stats(run->vmm, vm->number, n);

#define STAT(name, text) sum.name += from->name;
#include "vmm/stats.def"
#undef STAT
		for (unsigned i = 0; i < VCPU_TIMES; i++)
			sum.time[i] += from->time[i];
		for (unsigned i = 0; i < CP0_REGISTERS; i++) {
			sum.emulated_reads[i] += from->emulated_reads[i];
			sum.emulated_writes[i] += from->emulated_writes[i];
		}
	}
	return sum;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_vms(const struct run *run, FILE *out)
{
	fprintf(out, "\n%-10s %-15s %6s %9s %7s %7s %7s %7s %10s %9s\n", "VM", "end", "status",
		"seconds", "user%", "kernel%", "monit.%", "idle%", "Mcycles", "memory");
	for (unsigned n = 0; n < run->vms; n++) {
		const struct run_vm *vm = &run->vm[n];
		struct vcpu_stats stats = run_vm_stats(run, vm);
		const uint64_t *time = stats.time;
		uint64_t busy = time[TIME_USER] + time[TIME_KERNEL] + time[TIME_MONITOR];
		struct vm_status status;
		struct vm_memory memory;

		vmm_vm_status(run->vmm, vm->number, &status);
		vmm_vm_memory_stats(run->vmm, vm->number, &memory);
		fprintf(out, "%-10s %-15s %6d %9.3f %7.1f %7.1f %7.1f %7.1f %10.1f %7lluM\n",
			vm->options->name, run_stop_name(status.stop), vm->exit_status,
			vm->end_seconds, percent(time[TIME_USER], busy),
			percent(time[TIME_KERNEL], busy), percent(time[TIME_MONITOR], busy),
			percent(time[TIME_IDLE], busy + time[TIME_IDLE]), (double)busy / 1e6,
			(unsigned long long)(memory.machine_max >> 8));
	}
	fputs("user, kernel, monitor: of the cycles the VM was on a CPU; idle: of all but queued "
	      "time\n",
	      out);
}

static void print_counters(const struct run *run, FILE *out)
{
	struct vcpu_stats sum = {0};

	for (unsigned n = 0; n < run->vms; n++) {
		struct vcpu_stats stats = run_vm_stats(run, &run->vm[n]);

#define STAT(name, text) sum.name += stats.name;
#include "vmm/stats.def"
#undef STAT
	}
	fprintf(out, "\nAll VMs:\n");
#define STAT(name, text)                                                                           \
	if (sum.name)                                                                              \
		fprintf(out, "  %14llu  %s\n", (unsigned long long)sum.name, text);
#include "vmm/stats.def"
#undef STAT
}

static void print_charges(const struct run *run, FILE *out)
{
	const struct monitor_stats *stats = monitor_stats(run->monitor);
	uint64_t sum = 0;

	for (unsigned i = 0; monitor_charge_name(i); i++)
		sum += stats->cycles[i];
	fprintf(out, "\nThe monitor's cycles (charged by vmm/charge.def):\n");
	if (stats->reference_cycles)
		fprintf(out, "  and misses of its own references: %.1f %% on top\n",
			percent(stats->reference_cycles, sum));
	for (unsigned i = 0; monitor_charge_name(i); i++)
		if (percent(stats->cycles[i], sum) >= 1)
			fprintf(out, "  %5.1f %%  %12llu  %s\n", percent(stats->cycles[i], sum),
				(unsigned long long)stats->charged[i], monitor_charge_name(i));
}

static void print_machine(const struct run *run, FILE *out)
{
	const struct machine *machine = run->machine;
	uint64_t cycles = machine->now, instructions = 0;
	char memory[32];

	format_size(machine->config.memory, memory, sizeof(memory));
	for (unsigned n = 0; n < machine->config.cpus; n++)
		instructions += machine->cpu[n]->instructions;
	fprintf(out, "\nMachine %s: %u CPUs on %u nodes, %s; monitor native, %s\n",
		machine->config.name, machine->config.cpus, machine->config.nodes, memory,
		machine->engine->name);
	fprintf(out,
		"%.3f s simulated, %llu guest instructions, %.1f s on the host (%.1f million/s)\n",
		(double)machine_ns(machine, cycles) / 1e9, (unsigned long long)instructions,
		run->host_seconds, (double)instructions / 1e6 / run->host_seconds);
	report_threads(machine, "Host threads: ", out);
	if (monitor_stats(run->monitor)->audits)
		fprintf(out, "audit: %llu times, %llu inconsistencies\n",
			(unsigned long long)monitor_stats(run->monitor)->audits,
			(unsigned long long)monitor_stats(run->monitor)->audit_errors);
	if (monitor_stats(run->monitor)->tlb_conflicts)
		fprintf(out, "TLB conflicts: %llu\n",
			(unsigned long long)monitor_stats(run->monitor)->tlb_conflicts);
}

void run_report_text(const struct run *run, FILE *out)
{
	print_machine(run, out);
	print_vms(run, out);
	if (machine_modelled_cycles(run->machine))
		run_report_memory(run, out);
	run_numa_text(run, out);
	measure_text(&run->measure, out);
	print_counters(run, out);
	print_charges(run, out);
}
