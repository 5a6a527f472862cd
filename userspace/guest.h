/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests that disco knows by name, and how they get into the cache. */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>

struct guest {
	const char *name;
	const char *summary;
	const char *fetch;  /* recipe, under the data folder */
	const char *image;  /* recipe of disk images */
	const char *kernel; /* results, under the cache folder */
	const char *initrd;
	const char *mark;	  /* program for marks, under the build or data folder */
	const char *append;	  /* kernel command line */
	const char *images[4][2]; /* names of images and their files; NULL ends */
};

/* The guest called @name; complains (DISCO_USAGE) and returns NULL when there is none. */
const struct guest *guest_find(const char *name);

/* Fetches what is missing; a status. */
int guest_fetch(const struct guest *guest);

/* The path of the disk image @name of @guest, built when missing. *status: DISCO_OK with NULL when
 * the guest has no such image. To be freed. */
char *guest_image(const struct guest *guest, const char *name, int *status);

/*
 * The initramfs of @guest with what disco adds: the program disco-mark, and the script @command
 * (NULL: none) as /disco/run. Returns the descriptor of a memory file, or -1 after complaining.
 */
int guest_initrd(const struct guest *guest, const char *command);

#endif
