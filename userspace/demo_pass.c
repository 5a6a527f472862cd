// SPDX-License-Identifier: GPL-2.0-or-later
/* One pass of `disco demo`: the program in a VM on a machine of its own, under one policy. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"
#include "demo.h"
#include "dev/finisher.h"
#include "disco.h"
#include "emu/monitor.h"
#include "machine_file.h"
#include "run.h"

#define MACHINE	  "flash4"
#define VM_MEMORY (UINT64_C(64) << 20)

struct pass {
	struct demo_pass *result;
	struct machine *machine;
	struct monitor *monitor;
	struct demo_screen *screen;
	unsigned vm;
	struct ccnuma_stats before;
	uint64_t started;
	char line[512];
	size_t length;
	int exit_status;
};

static struct machine *volatile signal_machine;

static void on_signal(int number)
{
	if (signal_machine) {
		machine_stop(signal_machine, STOP_HOST, 0);
		return;
	}
	demo_terminal_leave();
	_exit(128 + number);
}

static void catch_signals(struct machine *machine)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};

	signal_machine = machine;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- what the VM says ---- */

static void take_line(struct demo_pass *result, const char *line)
{
	const char *sum = strstr(line, "checksum=");
	char end[8] = "";

	if (sum && sscanf(sum, "checksum=%23s %7s", result->checksum, end) == 2)
		result->right = !strcmp(end, "ok");
}

static void output(void *opaque, unsigned port, const uint8_t *data, size_t length)
{
	struct pass *pass = opaque;

	for (size_t i = 0; i < length && !port; i++) {
		if (data[i] == '\n') {
			pass->line[pass->length] = '\0';
			pass->length = 0;
			take_line(pass->result, pass->line);
		} else if (data[i] != '\r' && pass->length < sizeof(pass->line) - 1) {
			pass->line[pass->length++] = (char)data[i];
		}
	}
}

static void take_counts(struct pass *pass)
{
	struct ccnuma_stats now;
	uint64_t *to = (uint64_t *)&pass->result->memory;
	const uint64_t *after = memset(&now, 0, sizeof(now));
	const uint64_t *before = (const uint64_t *)&pass->before;

	report_memory_sum(pass->machine, &now);
	for (size_t i = 0; i < sizeof(now) / sizeof(*to); i++)
		to[i] = after[i] - before[i];
	pass->result->cycles = machine_time(pass->machine) - pass->started;
	pass->result->ns = machine_ns(pass->machine, pass->result->cycles);
}

static void marker(void *opaque, unsigned cpu, uint32_t value)
{
	struct pass *pass = opaque;

	(void)cpu;
	if (value == FINISHER_MARK_START) {
		report_memory_sum(pass->machine, &pass->before);
		pass->started = machine_time(pass->machine);
		demo_screen_start(pass->screen);
	} else if (value == FINISHER_MARK_END) {
		take_counts(pass);
		demo_screen_end(pass->screen);
	}
}

static void vm_event(void *opaque, unsigned number)
{
	struct pass *pass = opaque;
	struct vm_status status;

	vmm_vm_status(monitor_vmm(pass->monitor), number, &status);
	if (status.state != VM_STOPPED && status.state != VM_RESET)
		return;
	pass->exit_status = status.stop == VM_STOP_FINISHED ? status.exit_status : DISCO_FAILED;
	machine_stop(pass->machine, STOP_FINISHER, 0);
}

/* Keeps the result's counts of moves up to date for the picture. */
static void copy_moves(void *opaque, uint64_t now)
{
	struct pass *pass = opaque;

	pass->result->moves = *vmm_numa_stats(monitor_vmm(pass->monitor));
	event_at(pass->machine, now + machine_cycles_from_ns(pass->machine, 1000000), copy_moves,
		 pass);
}

/* ---- building and running ---- */

static int make_monitor(struct pass *pass, struct error *error)
{
	static struct run_options options;
	struct monitor_options *monitor = &options.monitor;
	int status;

	options = (struct run_options){.common.model = MODEL_CCNUMA};
	monitor->l2tlb_entries = 16384;
	monitor->slice_us = 2000;
	monitor->large_pages = true;
	run_numa_defaults(&options);
	status = run_take_policy(&options, pass->result->policy, NULL);
	if (!status)
		status = run_check_policy(&options);
	if (status)
		return status;
	monitor->vm_event = vm_event;
	monitor->opaque = pass;
	pass->monitor = monitor_create(pass->machine, monitor, error);
	return pass->monitor ? DISCO_OK : complain(DISCO_FAILED, "%s", error->text);
}

static int add_vm(struct pass *pass, const struct demo_options *options, struct error *error)
{
	char append[64];
	struct monitor_vm vm = {
		.name = "demo",
		.vcpus = pass->machine->config.cpus,
		.memory = VM_MEMORY,
		.shares = 100,
		.kernel = options->kernel,
		.append = append,
		.output = output,
		.marker = marker,
		.opaque = pass,
	};

	snprintf(append, sizeof(append), "steps=%u", options->steps);
	for (unsigned n = 0; n < vm.vcpus; n++)
		vm.pin[n] = UINT64_C(1) << n;
	if (monitor_add_vm(pass->monitor, &vm, &pass->vm, error))
		return complain(DISCO_FAILED, "%s", error->text);
	return DISCO_OK;
}

static int outcome(const struct pass *pass)
{
	const struct demo_pass *result = pass->result;

	if (pass->machine->stop_reason == STOP_HOST)
		return DISCO_INTERRUPTED;
	if (pass->machine->stop_reason != STOP_FINISHER || pass->exit_status || !result->right)
		return complain(DISCO_FAILED, "demo: the program failed under policy %s%s%s",
				result->policy, *pass->machine->stop_text ? ": " : "",
				pass->machine->stop_text);
	return DISCO_OK;
}

static double mean_us(const struct pass *pass)
{
	const struct vmm_numa_stats *moves = &pass->result->moves;
	uint64_t count = moves->migrations + moves->replications;

	return count ? (double)machine_ns(pass->machine,
					  moves->migrate_cycles + moves->replicate_cycles) /
			       1e3 / (double)count
		     : 0;
}

static int run(struct pass *pass, FILE *text)
{
	double start = seconds_now();

	pass->screen = demo_screen_open(pass->machine, pass->result, text);
	if (!pass->screen)
		return complain(DISCO_FAILED, "out of memory");
	catch_signals(pass->machine);
	monitor_start(pass->monitor);
	event_at(pass->machine, 0, copy_moves, pass);
	machine_run(pass->machine);
	signal_machine = NULL;
	pass->result->moves = *vmm_numa_stats(monitor_vmm(pass->monitor));
	pass->result->move_us = mean_us(pass);
	pass->result->host_seconds = seconds_now() - start;
	demo_screen_close(pass->screen);
	return DISCO_OK;
}

static int build_and_run(struct pass *pass, const struct demo_options *options)
{
	struct error error = {""};
	int status = make_monitor(pass, &error);

	if (status)
		return status;
	status = add_vm(pass, options, &error);
	if (!status)
		status = run(pass, options->live ? NULL : options->out);
	if (!status)
		status = outcome(pass);
	monitor_destroy(pass->monitor, &error);
	return status;
}

int demo_run(const struct demo_options *options, struct demo_pass *result)
{
	struct pass pass = {.result = result};
	struct ccnuma_config ccnuma;
	struct machine_file file;
	struct error error = {""};
	int status;

	if (!machine_file_read(MACHINE, &file))
		return DISCO_USAGE;
	machine_file_ccnuma(&file, &ccnuma);
	file.config.seed = 1;
	pass.machine = machine_create(&file.config, &translator_engine, &error);
	if (!pass.machine)
		return complain(DISCO_FAILED, "%s", error.text);
	if (machine_use_ccnuma(pass.machine, &ccnuma, &error))
		status = complain(DISCO_FAILED, "%s", error.text);
	else
		status = build_and_run(&pass, options);
	machine_destroy(pass.machine);
	return status;
}

double demo_remote(const struct demo_pass *pass)
{
	uint64_t all = pass->memory.local_misses + pass->memory.remote_misses;

	return all ? 100.0 * (double)pass->memory.remote_misses / (double)all : 0;
}

double demo_stall(const struct demo_pass *pass)
{
	uint64_t sum = 0;

	for (unsigned level = LEVEL_LOCAL; level < LEVELS; level++)
		sum += pass->memory.stall_cycles[level];
	return pass->cycles ? 100.0 * (double)sum / (double)pass->cycles : 0;
}
