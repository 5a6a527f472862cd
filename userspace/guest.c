// SPDX-License-Identifier: GPL-2.0-or-later
/* `disco guest`: the guests by name, their recipes and disk images. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disco.h"
#include "guest.h"

static const struct guest guests[] = {
	{
		.name = "debian",
		.summary = "stock kernel of Debian 12 (mips64el) with busybox; disk images root, "
			   "build",
		.fetch = "guests/debian/fetch",
		.image = "guests/debian/image",
		.kernel = "debian/vmlinux",
		.initrd = "debian/initramfs",
		.mark = "guests/debian/disco-mark",
		.append = "console=ttyS0 panic=-1",
		.images = {{"root", "debian/root.img"}, {"build", "debian/build.img"}},
	},
};

#define GUESTS (sizeof(guests) / sizeof(guests[0]))

const struct guest *guest_find(const char *name)
{
	const char *names[GUESTS + 1] = {NULL};

	for (size_t i = 0; i < GUESTS; i++) {
		if (!strcmp(guests[i].name, name))
			return &guests[i];
		names[i] = guests[i].name;
	}
	complain_unknown("guest", name, names);
	return NULL;
}

/* Runs a recipe: @words are its arguments, NULL-terminated. */
static int run_recipe(const char *recipe, char *const *words)
{
	char *arguments[64] = {data_path(recipe)};
	size_t n = 1;
	int status;

	if (!arguments[0])
		return complain(DISCO_FAILED,
				"cannot find the recipe %s; set DISCO_DATA to the folder that "
				"holds guests/",
				recipe);
	while (*words && n < sizeof(arguments) / sizeof(arguments[0]) - 1)
		arguments[n++] = *words++;
	if (*words)
		status = complain(DISCO_USAGE, "too many arguments for %s", recipe);
	else
		status = run_program(arguments);
	free(arguments[0]);
	return status;
}

int guest_fetch(const struct guest *guest)
{
	char *const words[] = {"--once", NULL};

	return run_recipe(guest->fetch, words);
}

char *guest_image(const struct guest *guest, const char *name, int *status)
{
	*status = DISCO_OK;
	for (size_t i = 0; guest->images[i][0]; i++) {
		char *const words[] = {"--once", (char *)guest->images[i][0], NULL};

		if (strcmp(guest->images[i][0], name))
			continue;
		*status = run_recipe(guest->image, words);
		return *status ? NULL : cache_path(guest->images[i][1]);
	}
	return NULL;
}

static int list_guests(void)
{
	for (size_t i = 0; i < GUESTS; i++) {
		char *kernel = cache_path(guests[i].kernel);

		printf("%-10s %s (%s)\n", guests[i].name, guests[i].summary,
		       kernel && !access(kernel, R_OK) ? "fetched" : "not fetched");
		free(kernel);
	}
	return DISCO_OK;
}

static int print_usage(void)
{
	printf("Usage: disco guest list\n"
	       "       disco guest fetch NAME [--update]\n"
	       "       disco guest image NAME root|build\n"
	       "       disco guest image NAME --output FILE [--size MiB] PACKAGE...\n"
	       "Fetches guests into the cache ($DISCO_CACHE, ~/.cache/disco) and builds ext4 root\n"
	       "images of Debian packages, all without root.\n");
	return DISCO_OK;
}

int command_guest(int argc, char **argv)
{
	static const char *const actions[] = {"list", "fetch", "image", NULL};
	const struct guest *guest;

	if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?")))
		return print_usage();
	if (argc < 2)
		return complain(DISCO_USAGE,
				"guest: list, fetch or image is needed; see `disco guest --help`");
	if (!strcmp(argv[1], "list"))
		return argc == 2 ? list_guests()
				 : complain(DISCO_USAGE, "unexpected argument '%s'", argv[2]);
	if (strcmp(argv[1], "fetch") && strcmp(argv[1], "image"))
		return complain_unknown("action", argv[1], actions);
	if (argc < 3)
		return complain(DISCO_USAGE,
				"guest %s: the name of a guest is needed; see `disco guest list`",
				argv[1]);
	guest = guest_find(argv[2]);
	if (!guest)
		return DISCO_USAGE;
	return run_recipe(!strcmp(argv[1], "fetch") ? guest->fetch : guest->image, argv + 3);
}
