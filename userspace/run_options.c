// SPDX-License-Identifier: GPL-2.0-or-later
/* Options of `disco run`, and keys of its configuration file. */
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "disco.h"
#include "emu/lockstep.h"
#include "run.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

/* ---- a VM ---- */

static int take_name(void *target, const char *text, const struct setting_source *source)
{
	struct run_vm_options *vm = target;

	if (!*text || strlen(text) >= sizeof(vm->name) || strchr(text, '/'))
		return setting_wrong(source, text, "a name of up to 31 characters without /");
	strcpy(vm->name, text);
	return DISCO_OK;
}

static int take_network(void *target, const char *kind, const struct setting_source *source)
{
	struct run_vm_options *vm = target;
	bool none = !strcmp(kind, "off");

	vm->network = !none;
	if (none || !strcmp(kind, "on") || !strcmp(kind, "null"))
		return DISCO_OK;
	return setting_wrong(source, kind, source->path ? "true, false or \"null\"" : "null");
}

/* "0,1,2-3": one item a vCPU, an item is a CPU or a range of CPUs. */
static int take_pin(void *target, const char *text, const struct setting_source *source)
{
	struct run_vm_options *vm = target;
	const char *at = text;

	memset(vm->pin, 0, sizeof(vm->pin));
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
	return setting_wrong(source, text, "a list of CPUs such as 0,1,2-3, one item a vCPU,");
}

static const char *const restart_names[] = {"reset", "failure", "always", NULL};

#define FIELD(name) .offset = offsetof(struct run_vm_options, name)

static const struct setting vm_rows[] = {
	{SETTING_HEADING, GROUP_GUEST,
	 .help = "The VMs (all alike; see --config for different ones):"},
	{SETTING_TAKE, GROUP_GUEST, .key = "name", .take = take_name},
	{SETTING_COUNT, GROUP_GUEST, "vcpus", 'v', .value = "N", FIELD(vcpus), .minimum = 1,
	 .maximum = VMM_MAX_VCPUS, .help = "virtual CPUs of a VM, 1 to 16 (default 1)"},
	{SETTING_SIZE, GROUP_GUEST, "memory", 'm', .value = "SIZE", FIELD(memory),
	 .minimum = 64 * MIB, .maximum = 32 * GIB,
	 .help = "memory of a VM, 64M to 32G (default 256M)"},
	{SETTING_TAKE, GROUP_GUEST, "net", .key = "network", .value = "KIND", .take = take_network,
	 .help = "network device: null"},
	{SETTING_COUNT, GROUP_GUEST, "shares", .value = "N", FIELD(shares), .minimum = 1,
	 .maximum = 10000, .help = "share of CPU time relative to other VMs (default 100)"},
	{SETTING_TAKE, GROUP_GUEST, "pin", .value = "LIST", .take = take_pin,
	 .help = "CPUs of each vCPU, as 0,1,2-3: the first is vCPU 0's"},
	{SETTING_COUNT, GROUP_GUEST, "restarts", .value = "N", FIELD(restarts), .maximum = 1000000,
	 .help = "start a VM again when it has ended as --restart says, N times (default 0)"},
	{SETTING_CHOICE, GROUP_GUEST, "restart", .value = "WHEN", FIELD(restart),
	 .names = restart_names, .what = "restart policy",
	 .help = "reset: when it asks for it (default); failure: also after a panic, when the "
		 "monitor stopped it, or its status is not 0; always: unless it is killed"},
};

#undef FIELD
#define FIELD(name) .offset = offsetof(struct run_options, name)

/* ---- the machine ---- */

static const struct setting machine_rows[] = {
	{SETTING_HEADING, GROUP_MACHINE, .help = "The machine:"},
	{SETTING_SIZE, GROUP_MACHINE, "machine-memory", .key = "memory", .value = "SIZE",
	 FIELD(machine_memory), .minimum = 64 * MIB, .maximum = 64 * GIB,
	 .help = "memory of the machine (default: its own, or what the VMs need)"},
	{SETTING_SWITCH, GROUP_MACHINE, "xkseg-bit", .value = "on|off", FIELD(xkseg_bit),
	 .help = "Config6.XKSEG_S of the processor"},
	{SETTING_SWITCH, GROUP_MACHINE, "segctl", .value = "on|off", FIELD(segctl),
	 .help = "Segmentation Control of the processor"},
};

/* ---- the monitor ---- */

static int take_monitor_placement(void *target, const char *text,
				  const struct setting_source *source)
{
	static const char *const names[] = {"local", "remote", NULL};
	struct run_options *options = target;

	options->monitor.monitor_remote = !strcmp(text, "remote");
	if (options->monitor.monitor_remote || !strcmp(text, "local"))
		return DISCO_OK;
	return setting_unknown(source, "monitor placement", text, names);
}

static int take_large_pages(void *target, const char *text, const struct setting_source *source)
{
	static const struct {
		const char *text;
		bool on, automatic;
		uint8_t order;
	} sizes[] = {
		{"off", false, false, 0}, {"on", true, false, 0},  {"auto", true, true, 0},
		{"16K", true, false, 2},  {"64K", true, false, 4}, {"256K", true, false, 6},
		{"1M", true, false, 8},	  {"4M", true, false, 0},
	};
	struct run_options *options = target;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (strcmp(text, sizes[i].text))
			continue;
		options->large_pages_auto = sizes[i].automatic;
		options->monitor.large_pages = sizes[i].on;
		options->monitor.numa.spread_order = sizes[i].order;
		return DISCO_OK;
	}
	return setting_wrong(source, text,
			     source->path ? "true or false, \"auto\" or a size such as \"64K\""
					  : "auto, on, off, 16K, 64K, 256K, 1M or 4M");
}

static const struct setting monitor_rows[] = {
	{SETTING_HEADING, GROUP_MONITOR, .help = "The monitor:"},
	{SETTING_COUNT, GROUP_MONITOR, "l2tlb", .value = "N", FIELD(monitor.l2tlb_entries),
	 .maximum = 65536, .help = "entries of the L2TLB, a power of two, 0: none (4096)"},
	{SETTING_COUNT, GROUP_MONITOR, "slice", .key = "slice_us", .value = "US",
	 FIELD(monitor.slice_us), .minimum = 10, .maximum = 1000000,
	 .help = "time slice in microseconds (default 2000)"},
	{SETTING_TAKE, GROUP_MONITOR, "large-pages", .value = "KIND", .take = take_large_pages,
	 .help = "TLB entries for guest kernels: on: 4M, off: 4 KiB; auto (default): 4M, but 256K "
		 "for "
		 "VMs that span nodes where pages are placed by node; 16K, 64K, 256K, 1M: for such "
		 "VMs"},
	{SETTING_SWITCH, GROUP_MONITOR, "rewrite", .value = "on|off", FIELD(monitor.rewrite),
	 .help = "rewrite privileged instructions in the guests' memory to loads and stores (on)"},
	{SETTING_FLAG, GROUP_MONITOR, "overcommit", FIELD(monitor.overcommit),
	 .help = "VMs may have more memory than the machine"},
	{SETTING_TAKE, GROUP_MONITOR, "shared-memory", .value = "NAME=SIZE[:VM,...]",
	 .take = run_take_shared,
	 .help = "memory that those VMs (default: all) may attach and share (repeatable)"},
	{SETTING_TAKE, GROUP_MONITOR, "policy", .value = "NAME", .take = run_take_policy,
	 .help = "where pages are: none, first-touch (default without model ccnuma), round-robin, "
		 "interleaved; or first-touch and then migrate, replicate, or all (default with "
		 "it)"},
	{SETTING_COUNT16, GROUP_MONITOR, "hot-threshold", .value = "N",
	 FIELD(monitor.numa.threshold), .minimum = 1, .maximum = 32767,
	 .help = "misses of a node that make a page hot (default 64)"},
	{SETTING_COUNT16, GROUP_MONITOR, "sharing-threshold", .value = "N",
	 FIELD(monitor.numa.sharing), .minimum = 1, .maximum = 65535,
	 .help = "misses of another node from which on a page is shared (default: a quarter of "
		 "those)"},
	{SETTING_COUNT16, GROUP_MONITOR, "write-threshold", .value = "N", FIELD(monitor.numa.write),
	 .maximum = 65535, .help = "writes beyond which a page is not replicated (default 1)"},
	{SETTING_COUNT16, GROUP_MONITOR, "move-limit", .value = "N", FIELD(monitor.numa.move_limit),
	 .maximum = 65535,
	 .help = "migrations, and collapses, of one page in a reset interval (default 1)"},
	{SETTING_COUNT16, GROUP_MONITOR, "split-threshold", .value = "N", FIELD(monitor.numa.split),
	 .minimum = 1, .maximum = 255,
	 .help = "hot pages in a large page, in an interval, from which on it is split to move "
		 "them (default 48)"},
	{SETTING_COUNT16, GROUP_MONITOR, "sampling", .value = "N", FIELD(monitor.numa.sampling),
	 .minimum = 1, .maximum = 65535, .help = "count one miss of N (default 1)"},
	{SETTING_COUNT16, GROUP_MONITOR, "reset-interval", .key = "reset_interval_ms",
	 .value = "MS", FIELD(monitor.numa.interval_ms), .minimum = 1, .maximum = 65535,
	 .help = "milliseconds after which the counters start from zero (default 25)"},
	{SETTING_TAKE, GROUP_MONITOR, "monitor-placement", .value = "WHERE",
	 .take = take_monitor_placement,
	 .help = "model ccnuma: the monitor's text and each CPU's data: local (default: on each "
		 "node), or remote (all on node 0)"},
	{SETTING_TEXT, GROUP_MONITOR, "trace", .value = "FILE", FIELD(trace),
	 .help = "write every decision about a hot page as a line of JSON"},
	{SETTING_COUNT, GROUP_MONITOR, "audit", .key = "audit_ms", .value = "MS",
	 FIELD(monitor.audit_ms), .minimum = 1, .maximum = 1000000,
	 .help = "check all memory maps every MS simulated milliseconds"},
};

/* ---- the run ---- */

static int take_console(void *target, const char *text, const struct setting_source *source)
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
	struct run_options *options = target;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i].name);

		if (strncmp(text, kinds[i].name, length) || kinds[i].dir != (text[length] != 0))
			continue;
		options->console = kinds[i].kind;
		options->console_dir = kinds[i].dir ? text + length : NULL;
		return DISCO_OK;
	}
	return setting_wrong(source, text, "terminal, pty, unix:DIR or files:DIR");
}

static const struct setting run_rows[] = {
	{SETTING_HEADING, GROUP_RUN, .help = "The run:"},
	{SETTING_HEADING, GROUP_OUTPUT, .help = "Output:"},
	{SETTING_COUNT, GROUP_GUEST, "vms", 'n', .value = "N", FIELD(vms), .minimum = 1,
	 .maximum = RUN_MAX_VMS, .help = "number of VMs, 1 to 64 (default 1)"},
	{SETTING_TEXT, GROUP_MONITOR, "config", .value = "FILE", FIELD(config),
	 .help = "read machine, monitor and VMs from FILE (libconfig)"},
	{SETTING_TEXT, GROUP_RUN, "control", .key = "", .value = "SOCKET", FIELD(control),
	 .help = "listen on that Unix socket for commands, a line each: status, pause VM, resume "
		 "VM, kill VM, quit"},
	{SETTING_TAKE, GROUP_OUTPUT, "console", .value = "KIND", .take = take_console,
	 .help = "terminal (default), pty, unix:DIR, or files:DIR"},
};

struct settings run_vm_settings(struct run_vm_options *vm)
{
	return (struct settings)SETTINGS(vm_rows, vm);
}

struct settings run_machine_settings(struct run_options *options)
{
	return (struct settings)SETTINGS(machine_rows, options);
}

struct settings run_monitor_settings(struct run_options *options)
{
	return (struct settings)SETTINGS(monitor_rows, options);
}

static const char doc[] =
	"Runs virtual machines under the Disco monitor.\v"
	"On the terminal, Ctrl-A h shows the keys: kill, pause, resume a VM. Exit status: that of "
	"the first VM that failed; 2 bad usage, 4 instruction limit, 130 interrupted.\n\n"
	"  disco run --guest debian --vms 4 --cpus 4 --run 'nproc; uname -a'\n"
	"  disco run --guest debian --vms 2 --vcpus 4 --cpus 2 --root build\n";

int run_check_vm(const struct run_vm_options *vm)
{
	char who[sizeof(vm->name) + 8];

	snprintf(who, sizeof(who), "VM %s: ", vm->name);
	return guest_options_check(&vm->guest, who);
}

/* All VMs as the command line describes one. */
static int make_alike(struct run_options *options, const struct run_vm_options *vm)
{
	if (!vm->guest.guest && !vm->guest.kernel)
		return complain(
			DISCO_USAGE,
			"run: --guest, --kernel or --config is needed; see `disco run --help`");
	for (unsigned n = 0; n < options->vms; n++) {
		options->vm[n] = *vm;
		snprintf(options->vm[n].name, sizeof(options->vm[n].name), "vm%u", n + 1);
	}
	return run_check_vm(&options->vm[0]);
}

int run_parse(int argc, char **argv, struct run_options *options)
{
	struct run_vm_options vm = {
		.vcpus = 1, .memory = 256 * MIB, .shares = 100, .guest.most_disks = VMM_MAX_DISKS};
	const struct settings tables[] = {
		run_vm_settings(&vm),	       guest_settings(&vm.guest),
		run_machine_settings(options), run_monitor_settings(options),
		SETTINGS(run_rows, options),   common_settings(&options->common),
	};
	int status;

	*options = (struct run_options){
		.common = COMMON_DEFAULTS,
		.xkseg_bit = true,
		.segctl = true,
		.monitor = {.l2tlb_entries = 16384,
			    .slice_us = 2000,
			    .large_pages = true,
			    .rewrite = true},
		.large_pages_auto = true,
		.vms = 1,
		.vm = calloc(RUN_MAX_VMS, sizeof(struct run_vm_options)),
	};
	if (!options->vm)
		return complain(DISCO_FAILED, "out of memory");
	run_numa_defaults(options);
	status = settings_parse(tables, sizeof(tables) / sizeof(tables[0]), "run", doc, argc, argv);
	if (!status)
		status = options->config ? run_read_config(options, &vm) : make_alike(options, &vm);
	if (status)
		return status;
	if (options->common.engine == &lockstep_engine ||
	    options->common.engine == &lockstep_blocks_engine)
		return complain(DISCO_USAGE, "run: engine %s is for disco boot",
				options->common.engine->name);
	for (unsigned n = 0; n < options->vms; n++)
		if (options->vm[n].guest.symbols.count && !common_needs_names(&options->common))
			return complain(DISCO_USAGE, "symbols need --profile or --model ccnuma");
	status = run_check_shared(options);
	if (!status)
		status = run_check_policy(options);
	return status ? status : common_check(&options->common);
}
