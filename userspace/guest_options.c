// SPDX-License-Identifier: GPL-2.0-or-later
/* Options that say what runs on a machine, bare or in a VM. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disco.h"
#include "guest_options.h"

/* FILE[,ro|,snapshot][,direct]; the path is copied and stays. */
static bool parse_disk(const char *text, struct board_disk *disk)
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

static int take_disk(void *target, const char *text, const struct setting_source *source)
{
	struct guest_options *options = target;

	if (options->disks == options->most_disks)
		return complain(DISCO_USAGE, "--disk: at most %u disks", options->most_disks);
	if (!parse_disk(text, &options->disk[options->disks++]))
		return setting_wrong(source, text, "FILE, FILE,ro or FILE,snapshot");
	return DISCO_OK;
}

static int take_guest(void *target, const char *name, const struct setting_source *source)
{
	struct guest_options *options = target;

	(void)source;
	options->guest = guest_find(name);
	return options->guest ? DISCO_OK : DISCO_USAGE;
}

static int take_symbols(void *target, const char *path, const struct setting_source *source)
{
	struct guest_options *options = target;

	return symbol_files_add(&options->symbols, path, source);
}

#define FIELD(name) .offset = offsetof(struct guest_options, name)

static const struct setting rows[] = {
	{SETTING_TAKE, GROUP_GUEST, "guest", 'g', .value = "NAME", .take = take_guest,
	 .help = "a guest by name, fetched when needed (disco guest list)"},
	{SETTING_TEXT, GROUP_GUEST, "run", 'r', .value = "CMD", FIELD(run),
	 .help = "run CMD in the guest's shell; its exit status becomes disco's, or the VM's (with "
		 "--guest)"},
	{SETTING_TEXT, GROUP_GUEST, "root", .value = "IMAGE", FIELD(root),
	 .help = "root file system: an image of the guest (root, build; writes are dropped), or "
		 "FILE[,ro|,snapshot]"},
	{SETTING_TEXT, GROUP_GUEST, "kernel", 'k', .value = "FILE", FIELD(kernel),
	 .help = "ELF kernel (vmlinux or vmlinuz)"},
	{SETTING_TEXT, GROUP_GUEST, "initrd", 'i', .value = "FILE", FIELD(initrd),
	 .help = "initial RAM file system"},
	{SETTING_TEXT, GROUP_GUEST, "append", 'a', .value = "TEXT", FIELD(append),
	 .help = "add TEXT to the kernel's command line"},
	{SETTING_TAKE, GROUP_GUEST, "disk", 'd', .key = "disks",
	 .value = "FILE[,ro|,snapshot][,direct]", .take = take_disk,
	 .help = "raw disk image; ro: read-only, snapshot: writes are dropped at the end, direct: "
		 "past the host's page cache (repeatable)"},
	{SETTING_TAKE, GROUP_GUEST, "symbols", .value = "FILE", .take = take_symbols,
	 .help = "with --profile or model ccnuma: names from System.map, a copy of the guest's "
		 "/proc/kallsyms, or an ELF file of the kernel, a program or a library "
		 "(repeatable)"},
};

struct settings guest_settings(struct guest_options *options)
{
	return (struct settings)SETTINGS(rows, options);
}

int guest_options_check(const struct guest_options *options, const char *who)
{
	if (!options->guest && !options->kernel)
		return complain(DISCO_USAGE, "%sa guest or a kernel is needed", who);
	if (options->run && !options->guest)
		return complain(DISCO_USAGE,
				"%s--run needs --guest: other initramfs do not know it", who);
	if (options->run && options->initrd)
		return complain(DISCO_USAGE, "%s--run and --initrd exclude each other", who);
	if (options->root && options->disks == options->most_disks)
		return complain(DISCO_USAGE, "%s--root: at most %u disks", who,
				options->most_disks);
	return DISCO_OK;
}

/* ---- the files ---- */

static int find_kernel(struct guest_files *files, const struct guest_options *options)
{
	const struct guest *guest = options->guest;
	int status = DISCO_OK;

	if (guest && !(options->kernel && options->initrd))
		status = guest_fetch(guest);
	if (status)
		return status;
	files->kernel =
		guest && !options->kernel ? cache_path(guest->kernel) : strdup(options->kernel);
	if (!files->kernel)
		return complain(DISCO_FAILED, "out of memory");
	return DISCO_OK;
}

static int find_initrd(struct guest_files *files, const struct guest_options *options)
{
	int length;

	if (!options->initrd && !options->guest)
		return DISCO_OK;
	if (options->initrd) {
		length = asprintf(&files->initrd, "%s", options->initrd);
	} else {
		files->initrd_fd = guest_initrd(options->guest, options->run);
		if (files->initrd_fd < 0)
			return DISCO_FAILED;
		length = asprintf(&files->initrd, "/proc/self/fd/%d", files->initrd_fd);
	}
	if (length >= 0)
		return DISCO_OK;
	files->initrd = NULL;
	return complain(DISCO_FAILED, "out of memory");
}

/* The root disk goes before the others, as /dev/vda. */
static int find_disks(struct guest_files *files, const struct guest_options *options)
{
	struct board_disk root = {.snapshot = true};
	int status = DISCO_OK;

	if (options->root && options->guest)
		files->root = guest_image(options->guest, options->root, &status);
	if (status)
		return status;
	if (files->root)
		root.path = files->root;
	else if (options->root && !parse_disk(options->root, &root))
		return complain(DISCO_USAGE, "--root %s: FILE, FILE,ro or FILE,snapshot is needed",
				options->root);
	if (options->root)
		files->disk[files->disks++] = root;
	memcpy(files->disk + files->disks, options->disk,
	       options->disks * sizeof(options->disk[0]));
	files->disks += options->disks;
	return DISCO_OK;
}

static int make_command_line(struct guest_files *files, const struct guest_options *options,
			     bool quiet)
{
	const char *root = "";

	if (options->root)
		root = files->disk[0].read_only ? " root=/dev/vda ro" : " root=/dev/vda rw";
	if (asprintf(&files->append, "%s%s%s%s%s", options->guest ? options->guest->append : "",
		     options->guest && quiet ? " quiet" : "", root, options->append ? " " : "",
		     options->append ? options->append : "") >= 0)
		return DISCO_OK;
	files->append = NULL;
	return complain(DISCO_FAILED, "out of memory");
}

int guest_files_open(struct guest_files *files, const struct guest_options *options, bool quiet)
{
	int status;

	*files = (struct guest_files){.initrd_fd = -1};
	status = find_kernel(files, options);
	if (!status)
		status = find_initrd(files, options);
	if (!status)
		status = find_disks(files, options);
	if (!status)
		status = make_command_line(files, options, quiet);
	return status;
}

void guest_files_close(struct guest_files *files)
{
	free(files->kernel);
	free(files->initrd);
	free(files->root);
	free(files->append);
	if (files->initrd_fd >= 0)
		close(files->initrd_fd);
}
