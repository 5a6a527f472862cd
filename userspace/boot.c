// SPDX-License-Identifier: GPL-2.0-or-later
/* `disco boot`: builds the machine, loads the guest, runs it, reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "boot.h"
#include "boot_lockstep.h"
#include "disco.h"
#include "profile.h"

struct boot_files {
	struct guest_files guest;
	struct guest_names names;
};

/* The machine file's shape with what the command line overrides. */
static int make_config(const struct boot_options *options, struct machine_config *config,
		       struct ccnuma_config *ccnuma)
{
	struct machine_file file;

	if (!machine_file_read(options->common.machine, &file))
		return DISCO_USAGE;
	*config = file.config;
	machine_file_ccnuma(&file, ccnuma);
	config->seed = options->common.seed;
	config->code_cache = options->code_cache;
	config->profile = options->common.profile;
	config->threads = options->common.threads;
	if (options->common.cpus)
		config->cpus = options->common.cpus;
	if (config->nodes > config->cpus) /* nodes without a CPU add nothing but their memory */
		config->nodes = config->cpus;
	if (options->memory)
		config->memory = options->memory;
	config->memory -= config->memory % (4096 * (uint64_t)config->nodes);
	return DISCO_OK;
}

static int exit_status(const struct machine *machine, const char *panic)
{
	switch (machine->stop_reason) {
	case STOP_FINISHER:
		return machine->exit_status;
	case STOP_HALTED:
	case STOP_RESET:
		return panic ? DISCO_FAILED : DISCO_OK;
	case STOP_LIMIT:
		return DISCO_LIMIT;
	case STOP_HOST:
		return DISCO_INTERRUPTED;
	default:
		return DISCO_FAILED;
	}
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Says in one line why a run failed, where the report does not. */
static void explain_end(const struct boot_result *result)
{
	const struct machine *machine = result->machine;

	if (result->panic)
		complain(0, "the guest's kernel panicked: %s", result->panic);
	else if (machine->stop_reason == STOP_WILD)
		complain(0, "the guest ran wild: %s", machine->stop_text);
	else if (machine->stop_reason == STOP_LIMIT)
		complain(0, "stopped at the limit of %llu instructions",
			 (unsigned long long)machine->instruction_limit);
}

static int run(struct machine *machine, const struct boot_options *options,
	       const struct boot_files *files, struct terminal *terminal)
{
	struct measure measure = {.machine = machine, .options = &options->common.warm};
	struct boot_result result = {.machine = machine,
				     .options = options,
				     .measure = &measure,
				     .names = &files->names};
	struct error error = {""};
	double start = seconds_now();
	int console_status, json_status = DISCO_OK;
	struct profile profile;
	bool flushed;

	if (measure_start(&measure)) {
		terminal_close(terminal);
		return DISCO_FAILED;
	}
	terminal_start(terminal, machine);
	machine_run(machine);
	measure_end(&measure);
	result.host_seconds = seconds_now() - start;
	result.panic = terminal_panic(terminal) ? strdup(terminal_panic(terminal)) : NULL;
	result.exit_status = exit_status(machine, result.panic);
	console_status = terminal_close(terminal);
	if (options->common.profile) {
		profile_collect(&profile, machine, &files->names, 0);
		result.profile = &profile;
	}
	if (options->common.json)
		json_status = report_json(&result, options->common.json);
	explain_end(&result);
	warm_explain(&measure);
	if (!options->common.quiet)
		report_text(&result, stderr);
	if (options->common.profile) {
		profile_text(&profile, options->common.profile_host, result.host_seconds, stderr);
		profile_free(&profile);
	}
	free((char *)result.panic);
	flushed = !board_destroy(machine, &error);
	if (!flushed)
		complain(0, "%s", error.text);
	if (result.exit_status == DISCO_OK && (console_status || json_status || !flushed))
		return DISCO_FAILED;
	return result.exit_status;
}

static int boot(const struct boot_options *options, const struct boot_files *files,
		const struct machine_config *machine_config, const struct ccnuma_config *ccnuma)
{
	struct board_config config = {
		.kernel = files->guest.kernel,
		.initrd = files->guest.initrd,
		.append = files->guest.append,
		.cp0_timer = options->common.timer == TIMER_CP0,
		.disks = files->guest.disks,
		.nics = options->nics,
	};
	bool input = !options->guest.run && !options->console;
	struct error error = {""};
	struct machine *machine;
	struct terminal *terminal;
	int status;

	terminal = terminal_open(options->console,
				 options->common.json && !strcmp(options->common.json, "-"), input,
				 options->guest.guest);
	if (!terminal)
		return DISCO_FAILED;
	memcpy(config.disk, files->guest.disk, sizeof(config.disk));
	memcpy(config.nic, options->nic, sizeof(config.nic));
	terminal_connect(terminal, &config.console);
	machine = machine_create(machine_config, options->common.engine, &error);
	if (!machine || board_create(machine, &config, &error) ||
	    (options->common.model == MODEL_CCNUMA &&
	     warm_configure(machine, &options->common.warm, ccnuma, &error))) {
		complain(0, "%s", error.text);
		terminal_close(terminal);
		status = DISCO_USAGE;
	} else {
		machine->instruction_limit = options->common.limit;
		status = run(machine, options, files, terminal);
	}
	if (machine)
		machine_destroy(machine);
	return status;
}

int command_boot(int argc, char **argv)
{
	struct boot_files files = {.guest.initrd_fd = -1};
	struct machine_config config;
	struct ccnuma_config ccnuma;
	static struct boot_options options; /* its texts live as long as the program */
	int status;

	status = boot_parse(argc, argv, &options);
	if (!status)
		status = make_config(&options, &config, &ccnuma);
	if (!status)
		status = guest_files_open(&files.guest, &options.guest, options.common.quiet);
	if (!status)
		status = common_needs_names(&options.common)
				 ? guest_names_read(&files.names, 0, files.guest.kernel,
						    &options.guest.symbols)
				 : DISCO_OK;
	if (!status)
		status = lockstep_begin(&options);
	if (!status)
		status = lockstep_end(boot(&options, &files, &config, &ccnuma));
	guest_files_close(&files.guest);
	guest_names_free(&files.names);
	return status < 0 ? DISCO_OK : status;
}
