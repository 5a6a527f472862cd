// SPDX-License-Identifier: GPL-2.0-or-later
/* The report of `disco run` as JSON, schema disco.run/1. All but "host" is deterministic. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "boot.h"
#include "disco.h"
#include "profile.h"
#include "report_threads.h"
#include "run.h"

json_t *run_vcpu_json(const struct vcpu_stats *stats)
{
	static const char *const times[VCPU_TIMES] = {
		[TIME_USER] = "user_cycles",	   [TIME_KERNEL] = "kernel_cycles",
		[TIME_MONITOR] = "monitor_cycles", [TIME_IDLE] = "idle_cycles",
		[TIME_QUEUED] = "queued_cycles",
	};
	static const char *const registers[CP0_REGISTERS] = {
#define CP0(name, number, select, width, write_mask, reset) [CP0_##name] = #name,
#include "mips/cp0.def"
#undef CP0
	};
	json_t *object = json_object(), *reads = json_object(), *writes = json_object();

	for (unsigned i = 0; i < VCPU_TIMES; i++)
		report_put(object, times[i], stats->time[i]);
#define STAT(name, text) report_put(object, #name, stats->name);
#include "vmm/stats.def"
#undef STAT
	for (unsigned i = 0; i < CP0_REGISTERS; i++) {
		if (stats->emulated_reads[i])
			report_put(reads, registers[i], stats->emulated_reads[i]);
		if (stats->emulated_writes[i])
			report_put(writes, registers[i], stats->emulated_writes[i]);
	}
	json_object_set_new(object, "emulated_register_reads", reads);
	json_object_set_new(object, "emulated_register_writes", writes);
	return object;
}

static json_t *disks_of(const struct run *run, const struct run_vm *vm)
{
	struct board_disk_stats stats;
	json_t *list = json_array();

	for (unsigned n = 0; monitor_disk_stats(run->monitor, vm->number, n, &stats); n++) {
		json_t *disk = json_object();

		report_put(disk, "reads", stats.reads);
		report_put(disk, "writes", stats.writes);
		report_put(disk, "bytes_read", stats.bytes_read);
		report_put(disk, "bytes_written", stats.bytes_written);
		report_put(disk, "errors", stats.errors);
		json_array_append_new(list, disk);
	}
	return list;
}

static json_t *vm_object(const struct run *run, const struct run_vm *vm)
{
	struct vcpu_stats stats = run_vm_stats(run, vm);
	json_t *object = json_object();
	struct vm_status status;
	struct vm_memory memory;

	vmm_vm_status(run->vmm, vm->number, &status);
	vmm_vm_memory_stats(run->vmm, vm->number, &memory);
	json_object_set_new(object, "name", json_string(vm->options->name));
	json_object_set_new(object, "end", json_string(run_stop_name(status.stop)));
	report_put(object, "exit_status", (uint64_t)vm->exit_status);
	report_put(object, "simulated_ns", (uint64_t)(vm->end_seconds * 1e9));
	report_put(object, "vcpus", vm->options->vcpus);
	report_put(object, "restarts", vm->restarts);
	report_put(object, "console_bytes", vm->console_bytes);
	report_put(object, "memory_pages", memory.pages);
	report_put(object, "machine_pages_max", memory.machine_max);
	report_put(object, "released_pages", memory.released);
	json_object_set_new(object, "counters", run_vcpu_json(&stats));
	if (machine_has_ccnuma(run->machine))
		json_object_set_new(object, "memory", run_vm_memory_json(run, vm));
	json_object_set_new(object, "disks", disks_of(run, vm));
	return object;
}

static json_t *machine_object(const struct run *run)
{
	const struct monitor_stats *stats = monitor_stats(run->monitor);
	const struct machine_config *config = &run->machine->config;
	json_t *object = json_object(), *charges = json_object();

	json_object_set_new(object, "name", json_string(config->name));
	report_put(object, "cpus", config->cpus);
	report_put(object, "nodes", config->nodes);
	report_put(object, "memory", config->memory);
	json_object_set_new(object, "model",
			    json_string(machine_has_ccnuma(run->machine) ? "ccnuma" : "none"));
	report_put(object, "model_switches", machine_model_switches(run->machine));
	report_put(object, "modelled_cycles", machine_modelled_cycles(run->machine));
	report_put(object, "monitor_pages", stats->reserved_pages);
	report_put(object, "monitor_miss_cycles", stats->reference_cycles);
	report_put(object, "ipis", stats->ipis);
	report_put(object, "audits", stats->audits);
	report_put(object, "audit_errors", stats->audit_errors);
	report_put(object, "tlb_conflicts", stats->tlb_conflicts);
	for (unsigned i = 0; monitor_charge_name(i); i++)
		report_put(charges, monitor_charge_name(i), stats->cycles[i]);
	json_object_set_new(object, "monitor_cycles", charges);
	return object;
}

int run_report_json(const struct run *run, const char *path, int exit_status)
{
	json_t *root = json_object(), *vms = json_array(), *host = json_object();
	uint64_t instructions = 0;
	FILE *out = strcmp(path, "-") ? fopen(path, "w") : stdout;
	int failed;

	if (!out)
		return complain(DISCO_FAILED, "cannot write %s: %s", path, strerror(errno));
	for (unsigned n = 0; n < run->machine->config.cpus; n++)
		instructions += run->machine->cpu[n]->instructions;
	json_object_set_new(root, "schema", json_string("disco.run/1"));
	report_put(root, "exit_status", (uint64_t)exit_status);
	report_put(root, "instructions", instructions);
	report_put(root, "simulated_ns", machine_ns(run->machine, run->machine->now));
	json_object_set_new(root, "machine", machine_object(run));
	for (unsigned n = 0; n < run->vms; n++)
		json_array_append_new(vms, vm_object(run, &run->vm[n]));
	if (machine_has_ccnuma(run->machine))
		json_object_set_new(root, "memory", run_memory_json(run));
	json_object_set_new(root, "shared_memory", run_shared_json(run));
	json_object_set_new(root, "policy", run_policy_json(run));
	json_object_set_new(root, "numa", run_numa_json(vmm_numa_stats(run->vmm)));
	json_object_set_new(root, "vms", vms);
	measure_json(&run->measure, root);
	if (run->profile)
		json_object_set_new(root, "profile", profile_json(run->profile));
	json_object_set_new(host, "seconds", json_real(run->host_seconds));
	json_object_set_new(host, "engine", json_string(run->machine->engine->name));
	json_object_set_new(host, "threads", report_threads_json(run->machine));
	json_object_set_new(root, "host", host);
	failed = json_dumpf(root, out, JSON_INDENT(2)) || fputc('\n', out) == EOF;
	json_decref(root);
	failed |= out == stdout ? fflush(out) : fclose(out);
	if (failed)
		return complain(DISCO_FAILED, "cannot write %s: %s", path, strerror(errno));
	return DISCO_OK;
}
