// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration files of `disco run`, libconfig syntax:
 *
 *	machine = "flash8"; cpus = 4;
 *	monitor: { l2tlb = 16384; slice_us = 2000; large_pages = true; rewrite = true; };
 *	vms = ( { name = "web"; guest = "debian"; vcpus = 2; memory = "256M"; shares = 200;
 *	          root = "build"; run = "make"; pin = [ 0, 1 ]; disks = ( "a.img,ro" ); }, ... );
 *
 * The keys are those of the options' rows. What a VM does not say comes from the command line.
 */
#include <libconfig.h>
#include <stdio.h>
#include <string.h>

#include "disco.h"
#include "run.h"

struct reader {
	struct run_options *options;
	const struct run_vm_options *defaults;
};

static int read_vm(struct reader *reader, const config_setting_t *group, unsigned number)
{
	struct run_vm_options *vm = &reader->options->vm[number];
	const struct settings tables[] = {run_vm_settings(vm), guest_settings(&vm->guest)};
	int status;

	*vm = *reader->defaults;
	snprintf(vm->name, sizeof(vm->name), "vm%u", number + 1);
	status = settings_read(tables, 2, reader->options->config, group, NULL, NULL);
	return status ? status : run_check_vm(vm);
}

static int read_vms(struct reader *reader, const config_setting_t *list)
{
	int count = config_setting_length(list);

	if (config_setting_type(list) != CONFIG_TYPE_LIST || count < 1 || count > RUN_MAX_VMS)
		return settings_wrong_member(reader->options->config, list,
					     "a list of 1 to 64 groups");
	for (int n = 0; n < count; n++) {
		const config_setting_t *group = config_setting_get_elem(list, (unsigned)n);
		int status;

		if (!config_setting_is_group(group))
			return settings_wrong_member(reader->options->config, list,
						     "a list of 1 to 64 groups");
		status = read_vm(reader, group, (unsigned)n);
		if (status)
			return status;
	}
	reader->options->vms = (unsigned)count;
	return DISCO_OK;
}

/* The two members of the file that are no settings. */
static int read_part(void *opaque, const config_setting_t *member)
{
	struct reader *reader = opaque;
	const struct settings monitor = run_monitor_settings(reader->options);

	if (!strcmp(config_setting_name(member), "vms"))
		return read_vms(reader, member);
	if (strcmp(config_setting_name(member), "monitor"))
		return -1;
	if (!config_setting_is_group(member))
		return settings_wrong_member(reader->options->config, member, "a group");
	return settings_read(&monitor, 1, reader->options->config, member, NULL, NULL);
}

static int read_file(config_t *config, struct reader *reader)
{
	const char *path = reader->options->config;
	const struct settings tables[] = {run_machine_settings(reader->options),
					  common_settings(&reader->options->common)};
	int status;

	if (!config_read_file(config, path)) {
		if (config_error_type(config) == CONFIG_ERR_FILE_IO)
			return complain(DISCO_USAGE, "%s: cannot be read", path);
		return complain(DISCO_USAGE, "%s:%d: %s", path, config_error_line(config),
				config_error_text(config));
	}
	reader->options->vms = 0;
	status = settings_read(tables, 2, path, config_root_setting(config), read_part, reader);
	if (!status && !reader->options->vms)
		return complain(DISCO_USAGE, "%s: the list `vms` is missing", path);
	return status;
}

int run_read_config(struct run_options *options, const struct run_vm_options *defaults)
{
	struct reader reader = {options, defaults};
	config_t config;
	int status;

	config_init(&config);
	status = read_file(&config, &reader);
	config_destroy(&config);
	return status;
}
