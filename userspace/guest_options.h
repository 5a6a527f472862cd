/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs on a machine, bare or in a VM: options, and the files they come to. */
#ifndef GUEST_OPTIONS_H
#define GUEST_OPTIONS_H

#include "emu/board.h"
#include "guest.h"
#include "guest_names.h"
#include "settings.h"

struct guest_options {
	const struct guest *guest; /* NULL: none by name */
	const char *kernel, *initrd, *append;
	const char *run;     /* command for the guest's shell; NULL: interactive */
	const char *root;    /* first disk and root file system */
	unsigned most_disks; /* the root disk among them; BOARD_MAX_DISKS at most */
	unsigned disks;	     /* beside the root disk */
	struct board_disk disk[BOARD_MAX_DISKS];
	struct symbol_files symbols;
};

/* The rows that fill @options. */
struct settings guest_settings(struct guest_options *options);

/* Whether they go together; complains, beginning with @who ("VM web: ", or nothing). */
int guest_options_check(const struct guest_options *options, const char *who);

/* Paths and texts for the board; owned. */
struct guest_files {
	char *kernel, *initrd, *root, *append;
	int initrd_fd; /* of the memory file with what disco adds; -1: none */
	unsigned disks;
	struct board_disk disk[BOARD_MAX_DISKS]; /* the root disk first */
};

/* Fetches the guest and fills in what @options left open; @quiet: its kernel is to be quiet.
 * A status, after complaining. To be closed in any case. */
int guest_files_open(struct guest_files *files, const struct guest_options *options, bool quiet);
void guest_files_close(struct guest_files *files);

#endif
