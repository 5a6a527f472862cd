// SPDX-License-Identifier: GPL-2.0-or-later
/* Options of `disco boot`. */
#include <string.h>

#include "boot.h"
#include "disco.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static int take_nic(void *target, const char *kind, const struct setting_source *source)
{
	static const char *const kinds[] = {"null", "loopback", NULL};
	struct boot_options *options = target;

	if (options->nics == BOARD_MAX_NICS)
		return complain(DISCO_USAGE, "--net: at most %d network devices", BOARD_MAX_NICS);
	for (int i = 0; kinds[i]; i++)
		if (!strcmp(kinds[i], kind)) {
			options->nic[options->nics++].kind = i ? NIC_LOOPBACK : NIC_NULL;
			return DISCO_OK;
		}
	return setting_unknown(source, "kind of network", kind, kinds);
}

#define FIELD(name) .offset = offsetof(struct boot_options, name)

static const struct setting rows[] = {
	{SETTING_HEADING, GROUP_GUEST, .help = "What to boot:"},
	{SETTING_HEADING, GROUP_MACHINE, .help = "The machine:"},
	{SETTING_HEADING, GROUP_RUN, .help = "The run:"},
	{SETTING_HEADING, GROUP_OUTPUT, .help = "Output:"},
	{SETTING_SIZE, GROUP_MACHINE, "memory", 'm', .value = "SIZE", FIELD(memory),
	 .minimum = 64 * MIB, .maximum = 64 * GIB,
	 .help = "memory in all, 64M to 64G (default: the machine's)"},
	{SETTING_TAKE, GROUP_MACHINE, "net", .value = "KIND", .take = take_nic,
	 .help = "network device: loopback (frames come back) or null"},
	{SETTING_SIZE, GROUP_RUN, "code-cache", .value = "SIZE", FIELD(code_cache),
	 .minimum = 8 * MIB, .maximum = 2 * GIB,
	 .help = "memory for translated code, 8M to 2G (default 512M)"},
	{SETTING_TEXT, GROUP_OUTPUT, "console", .value = "FILE", FIELD(console),
	 .help = "write the guest's console to FILE; it gets no input"},
};

static const char doc[] =
	"Boots a guest on the bare simulated machine.\v"
	"On the terminal, Ctrl-A h shows the keys. Exit status: the guest's; 1 when the run "
	"failed, 2 bad usage, 4 instruction limit, 130 interrupted.\n\n"
	"  disco boot --guest debian --cpus 4\n"
	"  disco boot --guest debian --root build --run 'echo \"main(){}\" >a.c; gcc -w a.c'\n";

int boot_parse(int argc, char **argv, struct boot_options *options)
{
	const struct settings tables[] = {
		SETTINGS(rows, options),
		guest_settings(&options->guest),
		common_settings(&options->common),
	};
	int status;

	*options = (struct boot_options){.common = COMMON_DEFAULTS,
					 .guest.most_disks = BOARD_MAX_DISKS};
	status =
		settings_parse(tables, sizeof(tables) / sizeof(tables[0]), "boot", doc, argc, argv);
	if (status)
		return status;
	status = common_check(&options->common);
	if (status)
		return status;
	if (!options->guest.guest && !options->guest.kernel)
		return complain(DISCO_USAGE,
				"boot: --guest or --kernel is needed; see `disco boot --help`");
	if (options->guest.symbols.count && !common_needs_names(&options->common))
		return complain(DISCO_USAGE, "--symbols needs --profile or --model ccnuma");
	return guest_options_check(&options->guest, "");
}
