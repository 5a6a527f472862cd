// SPDX-License-Identifier: GPL-2.0-or-later
/* Options of `disco boot`. */
#include <string.h>
#include <sys/stat.h>

#include "boot.h"
#include "disco.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

bool boot_parse_disk(const char *text, struct board_disk *disk)
{
	char *path = setting_keep(text);
	char *word = path ? strchr(path, ',') : NULL;
	struct stat stat_of_whole;

	*disk = (struct board_disk){.path = path};
	/* A file whose name has a comma in it is still a file. */
	if (!word || !stat(text, &stat_of_whole))
		return path && *path;
	for (*word++ = '\0'; word;) {
		char *next = strchr(word, ',');

		if (next)
			*next++ = '\0';
		if (!strcmp(word, "ro"))
			disk->read_only = true;
		else if (!strcmp(word, "snapshot"))
			disk->snapshot = true;
		else if (!strcmp(word, "direct"))
			disk->direct = true;
		else
			return false;
		word = next;
	}
	return *path && !(disk->read_only && disk->snapshot);
}

int boot_take_disk(const char *text, const struct setting_source *source, struct board_disk *disk,
		   unsigned *disks, unsigned most)
{
	if (*disks == most)
		return complain(DISCO_USAGE, "--disk: at most %u disks", most);
	if (!boot_parse_disk(text, &disk[(*disks)++]))
		return setting_wrong(source, text, "FILE, FILE,ro or FILE,snapshot");
	return DISCO_OK;
}

static int take_disk(void *target, const char *text, const struct setting_source *source)
{
	struct boot_options *options = target;

	return boot_take_disk(text, source, options->disk, &options->disks, BOARD_MAX_DISKS);
}

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

static int take_guest(void *target, const char *name, const struct setting_source *source)
{
	struct boot_options *options = target;

	(void)source;
	options->guest = guest_find(name);
	return options->guest ? DISCO_OK : DISCO_USAGE;
}

static int take_symbols(void *target, const char *path, const struct setting_source *source)
{
	struct boot_options *options = target;

	(void)source;
	if (options->symbol_files == BOOT_MAX_SYMBOL_FILES)
		return complain(DISCO_USAGE, "--symbols: at most %d files", BOOT_MAX_SYMBOL_FILES);
	options->symbol_file[options->symbol_files++] = path;
	return DISCO_OK;
}

#define FIELD(name) .offset = offsetof(struct boot_options, name)

static const struct setting rows[] = {
	{SETTING_HEADING, GROUP_GUEST, .help = "What to boot:"},
	{SETTING_HEADING, GROUP_MACHINE, .help = "The machine:"},
	{SETTING_HEADING, GROUP_RUN, .help = "The run:"},
	{SETTING_HEADING, GROUP_OUTPUT, .help = "Output:"},
	{SETTING_TAKE, GROUP_GUEST, "guest", 'g', .value = "NAME", .take = take_guest,
	 .help = "a guest by name, fetched when needed (disco guest list)"},
	{SETTING_TEXT, GROUP_GUEST, "run", 'r', .value = "CMD", FIELD(run),
	 .help = "run CMD in the guest's shell; its exit status becomes disco's (with --guest)"},
	{SETTING_TEXT, GROUP_GUEST, "root", .value = "IMAGE", FIELD(root),
	 .help = "root file system: an image of the guest (root, build; writes are dropped), or "
		 "FILE[,ro|,snapshot]"},
	{SETTING_TEXT, GROUP_GUEST, "kernel", 'k', .value = "FILE", FIELD(kernel),
	 .help = "ELF kernel (vmlinux or vmlinuz)"},
	{SETTING_TEXT, GROUP_GUEST, "initrd", 'i', .value = "FILE", FIELD(initrd),
	 .help = "initial RAM file system"},
	{SETTING_TEXT, GROUP_GUEST, "append", 'a', .value = "TEXT", FIELD(append),
	 .help = "add TEXT to the kernel's command line"},
	{SETTING_SIZE, GROUP_MACHINE, "memory", 'm', .value = "SIZE", FIELD(memory),
	 .minimum = 64 * MIB, .maximum = 64 * GIB,
	 .help = "memory in all, 64M to 64G (default: the machine's)"},
	{SETTING_TAKE, GROUP_MACHINE, "disk", 'd', .value = "FILE[,ro|,snapshot][,direct]",
	 .take = take_disk,
	 .help = "raw disk image; ro: read-only, snapshot: writes are dropped at the end, direct: "
		 "past the host's page cache (repeatable)"},
	{SETTING_TAKE, GROUP_MACHINE, "net", .value = "KIND", .take = take_nic,
	 .help = "network device: loopback (frames come back) or null"},
	{SETTING_SIZE, GROUP_RUN, "code-cache", .value = "SIZE", FIELD(code_cache),
	 .minimum = 8 * MIB, .maximum = 2 * GIB,
	 .help = "memory for translated code, 8M to 2G (default 512M)"},
	{SETTING_FLAG, GROUP_RUN, "profile", FIELD(profile),
	 .help = "show the hottest translated blocks at the end, and write a map for perf; "
		 "with model ccnuma also the functions and pages that waited most for memory"},
	{SETTING_FLAG, GROUP_RUN, "profile-host", FIELD(profile_host),
	 .help = "with --profile: show their host code too"},
	{SETTING_TAKE, GROUP_RUN, "symbols", .value = "FILE", .take = take_symbols,
	 .help = "with --profile: names from System.map, a copy of the guest's /proc/kallsyms, or "
		 "an "
		 "ELF file of the kernel, a program or a library (repeatable)"},
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
	const struct settings tables[] = {SETTINGS(rows, options),
					  common_settings(&options->common)};
	int status;

	*options = (struct boot_options){.common = COMMON_DEFAULTS};
	status = settings_parse(tables, 2, "boot", doc, argc, argv);
	if (status)
		return status;
	status = common_check(&options->common);
	if (status)
		return status;
	if (!options->guest && !options->kernel)
		return complain(DISCO_USAGE,
				"boot: --guest or --kernel is needed; see `disco boot --help`");
	if (options->symbol_files && !options->profile)
		return complain(DISCO_USAGE, "--symbols needs --profile");
	if (options->run && !options->guest)
		return complain(DISCO_USAGE, "--run needs --guest: other initramfs do not know it");
	if (options->run && options->initrd)
		return complain(DISCO_USAGE, "--run and --initrd exclude each other");
	return DISCO_OK;
}
