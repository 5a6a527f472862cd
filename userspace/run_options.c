// SPDX-License-Identifier: GPL-2.0-or-later
/* Options of `disco run`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "disco.h"
#include "run.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

enum option_key {
	KEY_VMS = 'n',
	KEY_GUEST = 'g',
	KEY_KERNEL = 'k',
	KEY_INITRD = 'i',
	KEY_APPEND = 'a',
	KEY_VCPUS = 'v',
	KEY_CPUS = 'c',
	KEY_MEMORY = 'm',
	KEY_RUN = 'r',
	KEY_QUIET = 'q',
	KEY_ROOT = 0x100,
	KEY_DISK,
	KEY_NET,
	KEY_MACHINE,
	KEY_MACHINE_MEMORY,
	KEY_ENGINE,
	KEY_MODEL,
	KEY_POLICY,
	KEY_HOT,
	KEY_SAMPLING,
	KEY_TRACE,
	KEY_TIMER,
	KEY_SEED,
	KEY_LIMIT,
	KEY_JSON,
	KEY_CONSOLE,
	KEY_SHARES,
	KEY_PIN,
	KEY_RESTARTS,
	KEY_CONFIG,
	KEY_L2TLB,
	KEY_SLICE,
	KEY_LARGE_PAGES,
	KEY_OVERCOMMIT,
	KEY_AUDIT,
	KEY_XKSEG,
	KEY_SEGCTL,
};

static const struct argp_option table[] = {
	{NULL, 0, NULL, 0, "The VMs (all alike; see --config for different ones):", 1},
	{"vms", KEY_VMS, "N", 0, "number of VMs, 1 to 64 (default 1)", 1},
	{"guest", KEY_GUEST, "NAME", 0, "a guest by name, fetched when needed (disco guest list)",
	 1},
	{"run", KEY_RUN, "CMD", 0, "run CMD in the guest's shell; its exit status becomes the VM's",
	 1},
	{"root", KEY_ROOT, "IMAGE", 0,
	 "root file system: an image of the guest (writes are dropped), or FILE[,ro|,snapshot]", 1},
	{"kernel", KEY_KERNEL, "FILE", 0, "ELF kernel", 1},
	{"initrd", KEY_INITRD, "FILE", 0, "initial RAM file system", 1},
	{"append", KEY_APPEND, "TEXT", 0, "add TEXT to the kernel's command line", 1},
	{"vcpus", KEY_VCPUS, "N", 0, "virtual CPUs of a VM, 1 to 16 (default 1)", 1},
	{"memory", KEY_MEMORY, "SIZE", 0, "memory of a VM, 64M to 32G (default 256M)", 1},
	{"disk", KEY_DISK, "FILE[,ro|,snapshot]", 0, "further disk of each VM (repeatable)", 1},
	{"net", KEY_NET, "KIND", 0, "network device: null", 1},
	{"shares", KEY_SHARES, "N", 0, "share of CPU time relative to other VMs (default 100)", 1},
	{"pin", KEY_PIN, "LIST", 0, "CPUs of each vCPU, as 0,1,2-3: the first is vCPU 0's", 1},
	{"restarts", KEY_RESTARTS, "N", 0, "start a VM that resets again, N times (default 0)", 1},
	{NULL, 0, NULL, 0, "The machine:", 2},
	{"machine", KEY_MACHINE, "FILE", 0, "machine file (default flash8; disco machine list)", 2},
	{"cpus", KEY_CPUS, "N", 0, "number of CPUs, 1 to 64 (default: the machine's)", 2},
	{"machine-memory", KEY_MACHINE_MEMORY, "SIZE", 0,
	 "memory of the machine (default: its own, or what the VMs need)", 2},
	{"timer", KEY_TIMER, "KIND", 0, "timer the kernels are told of: gic (default) or cp0", 2},
	{"xkseg-bit", KEY_XKSEG, "on|off", 0, "Config6.XKSEG_S of the processor", 2},
	{"segctl", KEY_SEGCTL, "on|off", 0, "Segmentation Control of the processor", 2},
	{NULL, 0, NULL, 0, "The monitor:", 3},
	{"config", KEY_CONFIG, "FILE", 0, "read machine, monitor and VMs from FILE (libconfig)", 3},
	{"l2tlb", KEY_L2TLB, "N", 0, "entries of the L2TLB, a power of two, 0: none (4096)", 3},
	{"slice", KEY_SLICE, "US", 0, "time slice in microseconds (default 2000)", 3},
	{"large-pages", KEY_LARGE_PAGES, "on|off", 0, "4 MiB entries for guest kernels (on)", 3},
	{"overcommit", KEY_OVERCOMMIT, NULL, 0, "VMs may have more memory than the machine", 3},
	{"policy", KEY_POLICY, "NAME", 0,
	 "where pages are: none, first-touch (default without model ccnuma), round-robin, "
	 "interleaved; or first-touch and then migrate, replicate, or all (default with it)",
	 3},
	{"hot-threshold", KEY_HOT, "N", 0, "misses of a node that make a page hot (default 128)",
	 3},
	{"sampling", KEY_SAMPLING, "N", 0, "count one miss of N (default 1)", 3},
	{"trace", KEY_TRACE, "FILE", 0, "write every decision about a hot page as a line of JSON",
	 3},
	{"audit", KEY_AUDIT, "MS", 0, "check all memory maps every MS simulated milliseconds", 3},
	{NULL, 0, NULL, 0, "The run:", 4},
	{"engine", KEY_ENGINE, "NAME", 0, "execution engine", 4},
	{"model", KEY_MODEL, "NAME", 0,
	 "memory model: none (default; one cycle an instruction), or ccnuma (caches, directory, "
	 "latencies by distance)",
	 4},
	{"seed", KEY_SEED, "N", 0, "seed of everything random (default 1)", 4},
	{"limit", KEY_LIMIT, "N", 0, "stop after N instructions", 4},
	{"console", KEY_CONSOLE, "KIND", 0, "terminal (default), pty, unix:DIR, or files:DIR", 4},
	{"json", KEY_JSON, "FILE", 0, "write the report as JSON; - is standard output", 4},
	{"quiet", KEY_QUIET, NULL, 0, "no kernel messages, no report", 4},
	{0},
};

struct parser {
	struct run_options *options;
	struct run_vm_options vm; /* what all VMs get */
	const char *config;
	unsigned vms;
	int error;
};

static int take_number(const char *option, const char *text, uint64_t minimum, uint64_t maximum,
		       uint64_t *value)
{
	if (parse_number(text, maximum, value) && *value >= minimum)
		return DISCO_OK;
	return complain(DISCO_USAGE, "--%s %s: a whole number from %llu to %llu is needed", option,
			text, (unsigned long long)minimum, (unsigned long long)maximum);
}

static int take_unsigned(const char *option, const char *text, unsigned minimum, unsigned maximum,
			 unsigned *value)
{
	uint64_t number = 0;
	int status = take_number(option, text, minimum, maximum, &number);

	*value = (unsigned)number;
	return status;
}

static int take_size(const char *option, const char *text, uint64_t *value)
{
	if (parse_size(text, value) && *value >= 64 * MIB && *value <= 64 * GIB &&
	    *value % 4096 == 0)
		return DISCO_OK;
	return complain(DISCO_USAGE, "--%s %s: a size from 64M to 64G is needed", option, text);
}

static int take_switch(const char *option, const char *text, bool *value)
{
	*value = !strcmp(text, "on");
	if (*value || !strcmp(text, "off"))
		return DISCO_OK;
	return complain(DISCO_USAGE, "--%s %s: on or off is needed", option, text);
}

static int take_engine(struct run_options *options, const char *name)
{
	static const struct engine_ops *const engines[] = {&interpreter_engine, &translator_engine};
	const char *names[8] = {NULL};

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		names[i] = engines[i]->name;
		if (!strcmp(engines[i]->name, name)) {
			options->engine = engines[i];
			return DISCO_OK;
		}
	}
	return complain_unknown("engine", name, names);
}

static int take_model(struct run_options *options, const char *name)
{
	static const char *const names[] = {"none", "ccnuma", NULL};

	options->ccnuma = !strcmp(name, "ccnuma");
	if (options->ccnuma || !strcmp(name, "none"))
		return DISCO_OK;
	return complain_unknown("memory model", name, names);
}

static int take_console(struct run_options *options, const char *text)
{
	static const struct {
		const char *name;
		enum console_kind kind;
		bool dir;
	} kinds[] = {
		{"terminal", CONSOLE_TERMINAL, false},
		{"pty", CONSOLE_PTY, false},
		{"unix:", CONSOLE_UNIX, true},
		{"files:", CONSOLE_FILES, true},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i].name);

		if (strncmp(text, kinds[i].name, length) || kinds[i].dir != (text[length] != 0))
			continue;
		options->console = kinds[i].kind;
		options->console_dir = kinds[i].dir ? text + length : NULL;
		return DISCO_OK;
	}
	return complain(DISCO_USAGE, "--console %s: terminal, pty, unix:DIR or files:DIR is needed",
			text);
}

/* "0,1,2-3": one item a vCPU, an item is a CPU or a range of CPUs. */
static int take_pin(struct run_vm_options *vm, const char *text)
{
	const char *at = text;

	for (unsigned n = 0; n < VMM_MAX_VCPUS; n++) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (end == at)
			break;
		if (*end == '-') {
			at = end + 1;
			last = strtoul(at, &end, 10);
		}
		if (end == at || last >= MACHINE_MAX_CPUS || first > last)
			break;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			vm->pin[n] |= UINT64_C(1) << cpu;
		if (!*end)
			return DISCO_OK;
		if (*end != ',')
			break;
		at = end + 1;
	}
	return complain(DISCO_USAGE, "--pin %s: a list such as 0,1,2-3 is needed", text);
}

static int add_disk(struct run_vm_options *vm, const char *text)
{
	if (vm->disks == VMM_MAX_DISKS - 1)
		return complain(DISCO_USAGE, "--disk: at most %d disks", VMM_MAX_DISKS);
	if (!boot_parse_disk(text, &vm->disk[vm->disks++]))
		return complain(DISCO_USAGE, "--disk %s: FILE, FILE,ro or FILE,snapshot is needed",
				text);
	return DISCO_OK;
}

static int parse_vm(struct run_vm_options *vm, int key, char *value)
{
	switch (key) {
	case KEY_GUEST:
		vm->guest = guest_find(value);
		return vm->guest ? DISCO_OK : DISCO_USAGE;
	case KEY_KERNEL:
		vm->kernel = value;
		return DISCO_OK;
	case KEY_INITRD:
		vm->initrd = value;
		return DISCO_OK;
	case KEY_APPEND:
		vm->append = value;
		return DISCO_OK;
	case KEY_RUN:
		vm->run = value;
		return DISCO_OK;
	case KEY_ROOT:
		vm->root = value;
		return DISCO_OK;
	case KEY_VCPUS:
		return take_unsigned("vcpus", value, 1, VMM_MAX_VCPUS, &vm->vcpus);
	case KEY_MEMORY:
		return take_size("memory", value, &vm->memory);
	case KEY_DISK:
		return add_disk(vm, value);
	case KEY_NET:
		vm->network = true;
		return strcmp(value, "null")
			       ? complain(DISCO_USAGE, "--net %s: null is possible", value)
			       : DISCO_OK;
	case KEY_SHARES:
		return take_unsigned("shares", value, 1, 10000, &vm->shares);
	case KEY_PIN:
		return take_pin(vm, value);
	case KEY_RESTARTS:
		return take_unsigned("restarts", value, 0, 1000000, &vm->restarts);
	default:
		return -1;
	}
}

static int parse_machine(struct run_options *options, int key, char *value)
{
	bool on = true;
	int status;

	switch (key) {
	case KEY_MACHINE:
		options->machine = value;
		return DISCO_OK;
	case KEY_CPUS:
		return take_unsigned("cpus", value, 1, MACHINE_MAX_CPUS, &options->cpus);
	case KEY_MACHINE_MEMORY:
		return take_size("machine-memory", value, &options->machine_memory);
	case KEY_TIMER:
		options->cp0_timer = !strcmp(value, "cp0");
		return options->cp0_timer || !strcmp(value, "gic")
			       ? DISCO_OK
			       : complain(DISCO_USAGE, "--timer %s: gic or cp0 is needed", value);
	case KEY_XKSEG:
		status = take_switch("xkseg-bit", value, &on);
		options->no_xkseg_bit = !on;
		return status;
	case KEY_SEGCTL:
		status = take_switch("segctl", value, &on);
		options->no_segctl = !on;
		return status;
	default:
		return -1;
	}
}

static int parse_monitor(struct run_options *options, int key, char *value)
{
	struct monitor_options *monitor = &options->monitor;
	unsigned number = 1;
	int status;

	switch (key) {
	case KEY_L2TLB:
		return take_unsigned("l2tlb", value, 0, 65536, &monitor->l2tlb_entries);
	case KEY_SLICE:
		return take_unsigned("slice", value, 10, 1000000, &monitor->slice_us);
	case KEY_LARGE_PAGES:
		return take_switch("large-pages", value, &monitor->large_pages);
	case KEY_POLICY:
		return run_take_policy(options, value);
	case KEY_HOT:
		status = take_unsigned("hot-threshold", value, 1, 65535, &number);
		monitor->numa.threshold = (uint16_t)number;
		return status;
	case KEY_SAMPLING:
		status = take_unsigned("sampling", value, 1, 65535, &number);
		monitor->numa.sampling = (uint16_t)number;
		return status;
	case KEY_TRACE:
		options->trace = value;
		return DISCO_OK;
	case KEY_OVERCOMMIT:
		monitor->overcommit = true;
		return DISCO_OK;
	case KEY_AUDIT:
		return take_unsigned("audit", value, 1, 1000000, &monitor->audit_ms);
	default:
		return -1;
	}
}

static int parse_run(struct parser *parser, int key, char *value)
{
	struct run_options *options = parser->options;

	switch (key) {
	case KEY_VMS:
		return take_unsigned("vms", value, 1, RUN_MAX_VMS, &parser->vms);
	case KEY_CONFIG:
		parser->config = value;
		return DISCO_OK;
	case KEY_ENGINE:
		return take_engine(options, value);
	case KEY_MODEL:
		return take_model(options, value);
	case KEY_SEED:
		return take_number("seed", value, 0, UINT64_MAX, &options->seed);
	case KEY_LIMIT:
		return take_number("limit", value, 1, UINT64_MAX, &options->limit);
	case KEY_CONSOLE:
		return take_console(options, value);
	case KEY_JSON:
		options->json = value;
		return DISCO_OK;
	case KEY_QUIET:
		options->quiet = true;
		return DISCO_OK;
	default:
		return -1;
	}
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct parser *parser = state->input;
	int status = parse_vm(&parser->vm, key, value);

	if (status < 0)
		status = parse_machine(parser->options, key, value);
	if (status < 0)
		status = parse_monitor(parser->options, key, value);
	if (status < 0)
		status = parse_run(parser, key, value);
	if (status < 0)
		return ARGP_ERR_UNKNOWN;
	parser->error = status;
	return status ? EINVAL : 0;
}

static const struct argp argp = {
	.options = table,
	.parser = parse,
	.doc = "Runs virtual machines under the Disco monitor.\v"
	       "On the terminal, Ctrl-A h shows the keys: kill, pause, resume a VM. Exit status: "
	       "that of the first VM that failed; 2 bad usage, 4 instruction limit, 130 "
	       "interrupted.\n\n"
	       "  disco run --guest debian --vms 4 --cpus 4 --run 'nproc; uname -a'\n"
	       "  disco run --guest debian --vms 2 --vcpus 4 --cpus 2 --root build\n",
};

int run_check_vm(const struct run_vm_options *vm)
{
	if (!vm->guest && !vm->kernel)
		return complain(DISCO_USAGE, "VM %s: a guest or a kernel is needed", vm->name);
	if (vm->run && !vm->guest)
		return complain(DISCO_USAGE,
				"VM %s: run needs a guest: other initramfs do not "
				"know it",
				vm->name);
	if (vm->run && vm->initrd)
		return complain(DISCO_USAGE, "VM %s: run and initrd exclude each other", vm->name);
	return DISCO_OK;
}

int run_parse(int argc, char **argv, struct run_options *options)
{
	struct parser parser = {
		.options = options,
		.vms = 1,
		.vm = {.vcpus = 1, .memory = 256 * MIB, .shares = 100},
	};
	int status;

	*options = (struct run_options){
		.machine = "flash8",
		.engine = &translator_engine,
		.seed = 1,
		.monitor = {.l2tlb_entries = 4096, .slice_us = 2000, .large_pages = true},
		.vm = calloc(RUN_MAX_VMS, sizeof(struct run_vm_options)),
	};
	if (!options->vm)
		return complain(DISCO_FAILED, "out of memory");
	run_numa_defaults(options);
	status = parse_options(&argp, "run", argc, argv, 0, &parser, &parser.error);
	if (!status)
		status = run_check_policy(options);
	if (status)
		return status;
	if (parser.config)
		return run_read_config(parser.config, options, &parser.vm);
	for (unsigned n = 0; n < parser.vms; n++) {
		options->vm[n] = parser.vm;
		snprintf(options->vm[n].name, sizeof(options->vm[n].name), "vm%u", n + 1);
	}
	options->vms = parser.vms;
	if (!parser.vm.guest && !parser.vm.kernel)
		return complain(
			DISCO_USAGE,
			"run: --guest, --kernel or --config is needed; see `disco run --help`");
	return run_check_vm(&options->vm[0]);
}
