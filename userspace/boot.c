// SPDX-License-Identifier: GPL-2.0-or-later
/* `disco boot`: builds the machine, loads the guest, runs it, reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"
#include "boot_lockstep.h"
#include "disco.h"
#include "profile.h"
#include "profile_memory.h"
#include "code_names.h"

/* Strings that the board's configuration points to. */
struct boot_files {
	char *kernel, *initrd, *root;
	char *append;
	int initrd_fd;		    /* of the memory file with what disco adds */
	struct code_names *symbols; /* NULL: no profile */
};

static void free_files(struct boot_files *files)
{
	free(files->kernel);
	free(files->initrd);
	free(files->root);
	free(files->append);
	code_names_destroy(files->symbols);
	if (files->initrd_fd >= 0)
		close(files->initrd_fd);
}

/* The root disk goes before the others, as /dev/vda. */
static int add_root(struct boot_options *options, struct boot_files *files)
{
	struct board_disk root = {.snapshot = true};
	int status = DISCO_OK;

	if (options->disks == BOARD_MAX_DISKS)
		return complain(DISCO_USAGE, "--root: at most %d disks", BOARD_MAX_DISKS);
	if (options->guest)
		files->root = guest_image(options->guest, options->root, &status);
	if (status)
		return status;
	if (files->root)
		root.path = files->root;
	else if (!boot_parse_disk(options->root, &root))
		return complain(DISCO_USAGE, "--root %s: FILE, FILE,ro or FILE,snapshot is needed",
				options->root);
	memmove(options->disk + 1, options->disk, options->disks * sizeof(options->disk[0]));
	options->disk[0] = root;
	options->disks++;
	return DISCO_OK;
}

static int make_command_line(const struct boot_options *options, struct boot_files *files)
{
	const char *root = "";

	if (options->root)
		root = options->disk[0].read_only ? " root=/dev/vda ro" : " root=/dev/vda rw";
	if (asprintf(&files->append, "%s%s%s%s%s", options->guest ? options->guest->append : "",
		     options->guest && options->common.quiet ? " quiet" : "", root,
		     options->append ? " " : "", options->append ? options->append : "") < 0)
		return complain(DISCO_FAILED, "out of memory");
	return DISCO_OK;
}

/* Fetches the guest and fills in what the command line left open. */
static int find_files(struct boot_options *options, struct boot_files *files)
{
	const struct guest *guest = options->guest;
	int status;

	if (guest && !(options->kernel && options->initrd)) {
		status = guest_fetch(guest);
		if (status)
			return status;
	}
	files->kernel =
		guest && !options->kernel ? cache_path(guest->kernel) : strdup(options->kernel);
	if (options->initrd) {
		files->initrd = strdup(options->initrd);
	} else if (guest) {
		files->initrd_fd = guest_initrd(guest, options->run);
		if (files->initrd_fd < 0)
			return DISCO_FAILED;
		if (asprintf(&files->initrd, "/proc/self/fd/%d", files->initrd_fd) < 0)
			files->initrd = NULL;
	}
	if (options->root) {
		status = add_root(options, files);
		if (status)
			return status;
	}
	return make_command_line(options, files);
}

/* The kernel's own names, if its file has any, and those of the files asked for. */
static int find_symbols(const struct boot_options *options, struct boot_files *files)
{
	int status = DISCO_OK;

	if (!options->profile)
		return DISCO_OK;
	files->symbols = code_names_create();
	if (!files->symbols)
		return complain(DISCO_FAILED, "no memory for symbols");
	if (files->kernel)
		code_names_add(files->symbols, files->kernel, true);
	for (unsigned n = 0; n < options->symbol_files && !status; n++)
		status = code_names_add(files->symbols, options->symbol_file[n], false);
	return status;
}

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
	config->profile = options->profile;
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
	struct boot_result result = {.machine = machine, .options = options, .measure = &measure};
	struct error error = {""};
	double start = seconds_now();
	int console_status, json_status = DISCO_OK;
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
	if (options->common.json)
		json_status = report_json(&result, options->common.json);
	explain_end(&result);
	warm_explain(&measure);
	if (!options->common.quiet)
		report_text(&result, stderr);
	if (options->profile)
		profile_report(machine, files->symbols, options->profile_host, result.host_seconds);
	if (options->profile)
		profile_memory(machine, files->kernel);
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
		.kernel = files->kernel,
		.initrd = files->initrd,
		.append = files->append,
		.cp0_timer = options->common.timer == TIMER_CP0,
		.disks = options->disks,
		.nics = options->nics,
	};
	bool input = !options->run && !options->console;
	struct error error = {""};
	struct machine *machine;
	struct terminal *terminal;
	int status;

	terminal = terminal_open(options->console,
				 options->common.json && !strcmp(options->common.json, "-"), input,
				 options->guest);
	if (!terminal)
		return DISCO_FAILED;
	memcpy(config.disk, options->disk, sizeof(config.disk));
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
	struct boot_files files = {.initrd_fd = -1};
	struct machine_config config;
	struct ccnuma_config ccnuma;
	static struct boot_options options; /* its texts live as long as the program */
	int status;

	status = boot_parse(argc, argv, &options);
	if (!status)
		status = make_config(&options, &config, &ccnuma);
	if (!status)
		status = find_files(&options, &files);
	if (!status)
		status = find_symbols(&options, &files);
	if (!status)
		status = lockstep_begin(&options);
	if (!status)
		status = lockstep_end(boot(&options, &files, &config, &ccnuma));
	free_files(&files);
	return status < 0 ? DISCO_OK : status;
}
