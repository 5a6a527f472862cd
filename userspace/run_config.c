// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration files of `disco run`, libconfig syntax:
 *
 *	machine = "flash8"; cpus = 4;
 *	monitor: { l2tlb = 4096; slice_us = 2000; large_pages = true; overcommit = false; };
 *	vms = ( { name = "web"; guest = "debian"; vcpus = 2; memory = "256M"; shares = 200;
 *	          root = "build"; run = "make"; pin = [ 0, 1 ]; disks = ( "a.img,ro" ); }, ... );
 *
 * What a VM does not say comes from the command line.
 */
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "disco.h"
#include "run.h"

struct reader {
	const char *path;
	int status;
};

static void wrong(struct reader *reader, const config_setting_t *at, const char *what)
{
	reader->status = complain(DISCO_USAGE, "%s:%d: %s: %s", reader->path,
				  config_setting_source_line(at), config_setting_name(at), what);
}

static const char *text_of(struct reader *reader, const config_setting_t *setting)
{
	const char *text = config_setting_get_string(setting);

	if (text)
		return strdup(text);
	wrong(reader, setting, "a text in quotes is needed");
	return NULL;
}

static unsigned number_of(struct reader *reader, const config_setting_t *setting, unsigned minimum,
			  unsigned maximum)
{
	long long value = config_setting_get_int64(setting);
	char what[80];

	if (config_setting_is_number(setting) && value >= minimum && value <= maximum)
		return (unsigned)value;
	snprintf(what, sizeof(what), "a number from %u to %u is needed", minimum, maximum);
	wrong(reader, setting, what);
	return minimum;
}

static bool switch_of(struct reader *reader, const config_setting_t *setting)
{
	if (config_setting_type(setting) == CONFIG_TYPE_BOOL)
		return config_setting_get_bool(setting);
	wrong(reader, setting, "true or false is needed");
	return false;
}

static uint64_t size_of(struct reader *reader, const config_setting_t *setting)
{
	const char *text = config_setting_get_string(setting);
	uint64_t size = 0;

	if (!text || !parse_size(text, &size) || size < UINT64_C(64) << 20 || size % 4096)
		wrong(reader, setting, "a size such as \"256M\" of at least 64M is needed");
	return size;
}

static void unknown(struct reader *reader, const config_setting_t *setting,
		    const char *const *names)
{
	const char *near = nearest_name(config_setting_name(setting), names);
	char what[80] = "no such key";

	if (near)
		snprintf(what, sizeof(what), "no such key; did you mean %s?", near);
	wrong(reader, setting, what);
}

static void read_pins(struct reader *reader, const config_setting_t *list,
		      struct run_vm_options *vm)
{
	int count = config_setting_length(list);

	memset(vm->pin, 0, sizeof(vm->pin));
	for (int n = 0; n < count && n < VMM_MAX_VCPUS; n++) {
		int cpu = config_setting_get_int_elem(list, n);

		if (cpu < 0 || cpu >= MACHINE_MAX_CPUS)
			wrong(reader, list, "a list of CPU numbers, one a vCPU, is needed");
		else
			vm->pin[n] = UINT64_C(1) << cpu;
	}
}

static void read_disks(struct reader *reader, const config_setting_t *list,
		       struct run_vm_options *vm)
{
	int count = config_setting_length(list);

	for (int n = 0; n < count; n++) {
		const char *text = config_setting_get_string_elem(list, n);

		if (!text || vm->disks >= VMM_MAX_DISKS - 1 ||
		    !boot_parse_disk(text, &vm->disk[vm->disks++]))
			wrong(reader, list,
			      "a list of \"FILE[,ro|,snapshot]\", at most 7, is needed");
	}
}

static void read_vm_key(struct reader *reader, const config_setting_t *setting,
			struct run_vm_options *vm)
{
	static const char *const names[] = {"name", "guest", "kernel",	"initrd",   "append",
					    "run",  "root",  "vcpus",	"memory",   "shares",
					    "pin",  "disks", "network", "restarts", NULL};
	const char *key = config_setting_name(setting);
	const char *text;

	if (!strcmp(key, "name")) {
		text = config_setting_get_string(setting);
		if (!text || !*text || strlen(text) >= sizeof(vm->name) || strchr(text, '/'))
			wrong(reader, setting, "a name of up to 31 characters without / is needed");
		else
			strcpy(vm->name, text);
	} else if (!strcmp(key, "guest")) {
		text = config_setting_get_string(setting);
		vm->guest = text ? guest_find(text) : NULL;
		if (!vm->guest)
			reader->status = DISCO_USAGE;
	} else if (!strcmp(key, "kernel")) {
		vm->kernel = text_of(reader, setting);
	} else if (!strcmp(key, "initrd")) {
		vm->initrd = text_of(reader, setting);
	} else if (!strcmp(key, "append")) {
		vm->append = text_of(reader, setting);
	} else if (!strcmp(key, "run")) {
		vm->run = text_of(reader, setting);
	} else if (!strcmp(key, "root")) {
		vm->root = text_of(reader, setting);
	} else if (!strcmp(key, "vcpus")) {
		vm->vcpus = number_of(reader, setting, 1, VMM_MAX_VCPUS);
	} else if (!strcmp(key, "memory")) {
		vm->memory = size_of(reader, setting);
	} else if (!strcmp(key, "shares")) {
		vm->shares = number_of(reader, setting, 1, 10000);
	} else if (!strcmp(key, "pin")) {
		read_pins(reader, setting, vm);
	} else if (!strcmp(key, "disks")) {
		read_disks(reader, setting, vm);
	} else if (!strcmp(key, "network")) {
		vm->network = switch_of(reader, setting);
	} else if (!strcmp(key, "restarts")) {
		vm->restarts = number_of(reader, setting, 0, 1000000);
	} else {
		unknown(reader, setting, names);
	}
}

static void read_vms(struct reader *reader, const config_setting_t *list,
		     struct run_options *options, const struct run_vm_options *defaults)
{
	int count = config_setting_length(list);

	if (config_setting_type(list) != CONFIG_TYPE_LIST || count < 1 || count > RUN_MAX_VMS) {
		wrong(reader, list, "a list of 1 to 64 groups is needed");
		return;
	}
	for (int n = 0; n < count; n++) {
		const config_setting_t *group = config_setting_get_elem(list, (unsigned)n);
		struct run_vm_options *vm = &options->vm[n];

		*vm = *defaults;
		snprintf(vm->name, sizeof(vm->name), "vm%d", n + 1);
		for (int i = 0; i < config_setting_length(group); i++)
			read_vm_key(reader, config_setting_get_elem(group, (unsigned)i), vm);
		if (!reader->status)
			reader->status = run_check_vm(vm);
	}
	options->vms = (unsigned)count;
}

static void read_monitor(struct reader *reader, const config_setting_t *group,
			 struct run_options *options)
{
	static const char *const names[] = {"l2tlb",	  "slice_us", "large_pages",
					    "overcommit", "audit_ms", NULL};
	struct monitor_options *monitor = &options->monitor;

	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		const char *key = config_setting_name(setting);

		if (!strcmp(key, "l2tlb"))
			monitor->l2tlb_entries = number_of(reader, setting, 0, 65536);
		else if (!strcmp(key, "slice_us"))
			monitor->slice_us = number_of(reader, setting, 10, 1000000);
		else if (!strcmp(key, "large_pages"))
			monitor->large_pages = switch_of(reader, setting);
		else if (!strcmp(key, "overcommit"))
			monitor->overcommit = switch_of(reader, setting);
		else if (!strcmp(key, "audit_ms"))
			monitor->audit_ms = number_of(reader, setting, 1, 1000000);
		else
			unknown(reader, setting, names);
	}
}

static void read_top(struct reader *reader, const config_setting_t *setting,
		     struct run_options *options, const struct run_vm_options *defaults)
{
	static const char *const names[] = {"machine", "cpus", "memory", "monitor", "vms", NULL};
	const char *key = config_setting_name(setting);

	if (!strcmp(key, "machine"))
		options->machine = text_of(reader, setting);
	else if (!strcmp(key, "cpus"))
		options->cpus = number_of(reader, setting, 1, MACHINE_MAX_CPUS);
	else if (!strcmp(key, "memory"))
		options->machine_memory = size_of(reader, setting);
	else if (!strcmp(key, "monitor"))
		read_monitor(reader, setting, options);
	else if (!strcmp(key, "vms"))
		read_vms(reader, setting, options, defaults);
	else
		unknown(reader, setting, names);
}

int run_read_config(const char *path, struct run_options *options,
		    const struct run_vm_options *defaults)
{
	struct reader reader = {.path = path};
	const config_setting_t *root;
	config_t config;

	config_init(&config);
	if (!config_read_file(&config, path)) {
		if (config_error_type(&config) == CONFIG_ERR_FILE_IO)
			reader.status = complain(DISCO_USAGE, "%s: cannot be read", path);
		else
			reader.status =
				complain(DISCO_USAGE, "%s:%d: %s", path, config_error_line(&config),
					 config_error_text(&config));
	} else {
		root = config_root_setting(&config);
		for (int i = 0; i < config_setting_length(root); i++)
			read_top(&reader, config_setting_get_elem(root, (unsigned)i), options,
				 defaults);
		if (!reader.status && !options->vms)
			reader.status =
				complain(DISCO_USAGE, "%s: the list `vms` is missing", path);
	}
	config_destroy(&config);
	return reader.status;
}
