// SPDX-License-Identifier: GPL-2.0-or-later
/* `disco run`: the monitor on a machine, VMs on the monitor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"
#include "disco.h"
#include "profile.h"
#include "run.h"

#define MIB (UINT64_C(1) << 20)

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int add_vm(struct run *run, struct run_vm *vm, const struct run_vm_options *options)
{
	struct error error = {""};
	int status;

	vm->run = run;
	vm->options = options;
	vm->fd = vm->listener = -1;
	status = guest_files_open(&vm->files, &options->guest, run->options->common.quiet);
	if (status)
		return status;
	vm->config.name = options->name;
	vm->config.vcpus = options->vcpus;
	vm->config.memory = options->memory;
	vm->config.shares = options->shares;
	memcpy(vm->config.pin, options->pin, sizeof(vm->config.pin));
	vm->config.kernel = vm->files.kernel;
	vm->config.initrd = vm->files.initrd;
	vm->config.append = vm->files.append;
	vm->config.disks = vm->files.disks;
	memcpy(vm->config.disk, vm->files.disk, sizeof(vm->config.disk));
	vm->config.cp0_timer = run->options->common.timer == TIMER_CP0;
	vm->config.shared_memory = options->shared_memory;
	vm->config.network = options->network;
	vm->config.nic = options->nic;
	vm->config.output = run_console_output;
	vm->config.marker = run_console_marker;
	vm->config.opaque = vm;
	if (monitor_add_vm(run->monitor, &vm->config, &vm->number, &error))
		return complain(DISCO_USAGE, "%s", error.text);
	run->running++;
	run->names.vm[vm->number] = options->name;
	if (!common_needs_names(&run->options->common))
		return DISCO_OK;
	return guest_names_read(&run->names, vm->number, vm->files.kernel, &options->guest.symbols);
}

/* ---- the end of VMs ---- */

static int vm_exit_status(const struct run_vm *vm, const struct vm_status *status)
{
	switch (status->stop) {
	case VM_STOP_FINISHED:
		return status->exit_status;
	case VM_STOP_HALTED:
	case VM_STOP_RESET:
		return *vm->panic ? DISCO_FAILED : DISCO_OK;
	default:
		return DISCO_FAILED;
	}
}

static void end_vm(struct run_vm *vm, const struct vm_status *status)
{
	struct run *run = vm->run;
	char where[32] = "";

	vm->over = true;
	vm->exit_status = vm_exit_status(vm, status);
	vm->end_seconds = (double)machine_ns(run->machine, machine_time(run->machine)) / 1e9;
	if (status->stop == VM_STOP_WILD || status->stop == VM_STOP_UNMAPPED)
		snprintf(where, sizeof(where), " at 0x%llx", (unsigned long long)status->address);
	if (!run->options->common.quiet)
		fprintf(stderr, "disco: VM %s: %s%s, status %d, after %.3f s simulated\n",
			vm->options->name, run_stop_name(status->stop), where, vm->exit_status,
			vm->end_seconds);
	if (!--run->running)
		machine_stop(run->machine, STOP_FINISHER, 0);
}

static void restart_vm(struct run_vm *vm)
{
	struct error error = {""};

	vm->restarts++;
	*vm->panic = '\0';
	if (!vm->run->options->common.quiet)
		fprintf(stderr, "disco: VM %s: starts again (%u of %u)\n", vm->options->name,
			vm->restarts, vm->options->restarts);
	if (!monitor_reload_vm(vm->run->monitor, &vm->config, vm->number, &error))
		return;
	complain(0, "%s", error.text);
	end_vm(vm, &(struct vm_status){.stop = VM_STOP_KILLED});
}

static bool starts_again(const struct run_vm *vm, const struct vm_status *status)
{
	unsigned policy = vm->options->restart;

	if (vm->restarts >= vm->options->restarts || status->stop == VM_STOP_KILLED)
		return false;
	if (status->state == VM_RESET || policy == RESTART_ALWAYS)
		return true;
	return policy == RESTART_FAILURE && vm_exit_status(vm, status) != DISCO_OK;
}

static void vm_event(void *opaque, unsigned number)
{
	struct run *run = opaque;
	struct vm_status status;

	for (unsigned n = 0; n < run->vms; n++) {
		struct run_vm *vm = &run->vm[n];

		if (vm->number != number || vm->over)
			continue;
		vmm_vm_status(run->vmm, number, &status);
		if (status.state != VM_RESET && status.state != VM_STOPPED)
			continue;
		if (starts_again(vm, &status))
			restart_vm(vm);
		else
			end_vm(vm, &status);
	}
}

void run_kill(struct run *run, unsigned vm, enum vm_stop why)
{
	vmm_vm_kill(run->vmm, run->vm[vm].number, why);
}

/* ---- the machine ---- */

static int make_config(const struct run_options *options, struct machine_config *config,
		       struct ccnuma_config *ccnuma)
{
	struct machine_file file;
	uint64_t wanted = 0;

	if (!machine_file_read(options->common.machine, &file))
		return DISCO_USAGE;
	if (file.memory.interleaved &&
	    (options->monitor.numa.migrate || options->monitor.numa.replicate))
		return complain(DISCO_USAGE,
				"machine %s interleaves its memory: pages cannot be moved; use "
				"--policy none",
				options->common.machine);
	*config = file.config;
	machine_file_ccnuma(&file, ccnuma);
	config->seed = options->common.seed;
	config->threads = options->common.threads;
	config->profile = options->common.profile;
	if (options->common.cpus)
		config->cpus = options->common.cpus;
	if (config->nodes > config->cpus)
		config->nodes = config->cpus;
	config->cpu.segctl &= options->segctl;
	config->cpu.xkseg_bit &= options->xkseg_bit && options->segctl;
	/* What the VMs have, and what the monitor keeps; unless told otherwise. */
	for (unsigned n = 0; n < options->vms; n++)
		wanted += options->vm[n].memory;
	wanted += wanted / 32 + 16 * MIB;
	if (options->machine_memory)
		config->memory = options->machine_memory;
	else if (config->memory < wanted && !options->monitor.overcommit)
		config->memory = wanted;
	config->memory += 8 * MIB * config->nodes - 1;
	config->memory -= config->memory % (8 * MIB * config->nodes);
	return DISCO_OK;
}

static int overall_status(const struct run *run)
{
	if (run->interrupted || run->machine->stop_reason == STOP_HOST)
		return DISCO_INTERRUPTED;
	if (run->machine->stop_reason == STOP_LIMIT)
		return DISCO_LIMIT;
	for (unsigned n = 0; n < run->vms; n++)
		if (run->vm[n].exit_status)
			return run->vm[n].exit_status;
	return run->machine->stop_reason == STOP_FINISHER ? DISCO_OK : DISCO_FAILED;
}

static uint64_t monitor_cycles(const struct run *run)
{
	const struct monitor_stats *stats = monitor_stats(run->monitor);
	uint64_t sum = stats->reference_cycles;

	for (unsigned i = 0; monitor_charge_name(i); i++)
		sum += stats->cycles[i];
	return sum;
}

static int report(struct run *run, int status)
{
	const struct common_options *common = &run->options->common;
	struct profile profile;
	int json_status = DISCO_OK;

	if (common->profile) {
		profile_collect(&profile, run->machine, &run->names, monitor_cycles(run));
		run->profile = &profile;
	}
	if (common->json)
		json_status = run_report_json(run, common->json, status);
	if (!common->quiet)
		run_report_text(run, stderr);
	if (common->profile) {
		profile_text(&profile, common->profile_host, run->host_seconds, stderr);
		profile_free(&profile);
	}
	run->profile = NULL;
	return status ? status : json_status;
}

static int finish(struct run *run)
{
	const struct monitor_stats *stats = monitor_stats(run->monitor);
	int status = overall_status(run);

	if (run->machine->stop_reason == STOP_WILD || run->machine->stop_reason == STOP_HALTED)
		complain(0, "the machine stopped: %s",
			 *run->machine->stop_text ? run->machine->stop_text
						  : "every CPU waits for ever");
	if (stats->audit_errors) {
		complain(0, "audit: %llu inconsistencies, the first: %s",
			 (unsigned long long)stats->audit_errors, stats->audit_text);
		status = status ? status : DISCO_FAILED;
	}
	warm_explain(&run->measure);
	return report(run, status);
}

static const char *vm_of(void *opaque, unsigned guest, struct vcpu_stats *stats)
{
	const struct run *run = opaque;

	for (unsigned n = 0; n < run->vms; n++) {
		if (run->vm[n].number != guest)
			continue;
		*stats = run_vm_stats(run, &run->vm[n]);
		return run->vm[n].options->name;
	}
	return "?";
}

static int run_machine(struct run *run)
{
	double start = seconds_now();

	run->measure = (struct measure){
		.machine = run->machine,
		.monitor = run->monitor,
		.vm = vm_of,
		.opaque = run,
		.options = &run->options->common.warm,
	};

	if (measure_start(&run->measure)) {
		run_consoles_close(run);
		return DISCO_FAILED;
	}
	run_consoles_start(run);
	if (run_control_open(run)) {
		run_consoles_close(run);
		return DISCO_FAILED;
	}
	monitor_start(run->monitor);
	machine_run(run->machine);
	measure_end(&run->measure);
	run->host_seconds = seconds_now() - start;
	run_control_close(run);
	run_consoles_close(run);
	return finish(run);
}

static int build_and_run(struct run *run)
{
	const struct run_options *options = run->options;
	struct monitor_options monitor = options->monitor;
	struct error error = {""};
	int status = DISCO_OK;

	monitor.vm_event = vm_event;
	monitor.opaque = run;
	if (run_trace_open(run, &monitor))
		return DISCO_FAILED;
	run->monitor = monitor_create(run->machine, &monitor, &error);
	if (!run->monitor)
		return complain(DISCO_USAGE, "%s", error.text);
	run->vmm = monitor_vmm(run->monitor);
	run->names.vms = true;
	for (unsigned n = 0; n < monitor.shared_memories; n++)
		run->names.shared[n] = monitor.shared_memory[n].name;
	for (unsigned n = 0; n < options->vms && !status; n++, run->vms++)
		status = add_vm(run, &run->vm[n], &options->vm[n]);
	if (!status)
		status = run_consoles_open(run);
	if (!status)
		status = run_machine(run);
	if (monitor_destroy(run->monitor, &error))
		status = complain(status ? status : DISCO_FAILED, "%s", error.text);
	guest_names_free(&run->names);
	for (unsigned n = 0; n < run->vms; n++)
		guest_files_close(&run->vm[n].files);
	if (run_trace_close(run))
		status = status ? status : DISCO_FAILED;
	return status;
}

int command_run(int argc, char **argv)
{
	struct machine_config config;
	struct ccnuma_config ccnuma;
	static struct run_options options; /* its texts live as long as the program */
	struct error error = {""};
	struct run *run;
	int status = run_parse(argc, argv, &options);

	if (!status)
		status = make_config(&options, &config, &ccnuma);
	if (status)
		return status < 0 ? DISCO_OK : status;
	run = calloc(1, sizeof(*run));
	if (!run)
		return complain(DISCO_FAILED, "out of memory");
	run->options = &options;
	run->machine = machine_create(&config, options.common.engine, &error);
	if (run->machine && options.common.model == MODEL_CCNUMA &&
	    warm_configure(run->machine, &options.common.warm, &ccnuma, &error)) {
		machine_destroy(run->machine);
		run->machine = NULL;
	}
	if (run->machine) {
		run->machine->instruction_limit = options.common.limit;
		status = build_and_run(run);
		machine_destroy(run->machine);
	} else {
		status = complain(DISCO_USAGE, "%s", error.text);
	}
	free(run);
	return status;
}
