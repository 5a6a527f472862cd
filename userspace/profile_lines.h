/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What functions of guests came to: the lines of a profile. */
#ifndef PROFILE_LINES_H
#define PROFILE_LINES_H

#include <jansson.h>

#include "guest_names.h"

struct profile_line {
	int guest; /* -1: none */
	char mode; /* k, s, u; m: the monitor */
	char *name;
	uint64_t instructions;
	/* of the memory model */
	uint64_t cycles, cause[CAUSES], remote;
};

struct profile_lines {
	struct profile_line *line;
	size_t count, room;
	bool lost; /* no memory for some */
};

/* Adds one, with a copy of its name. */
void profile_lines_add(struct profile_lines *lines, const struct profile_line *line);
/* Makes one of those that have guest, mode and name in common; then sorts by instructions or, if
 * there are none, by cycles, most first. */
void profile_lines_merge(struct profile_lines *lines);
void profile_lines_free(struct profile_lines *lines);

/* The line of instruction or operation @code, with its name and no counts; @name: room for it. */
struct profile_line profile_line_of(const struct guest_names *names, const struct code_misses *code,
				    char *name, size_t size);

/* "vm1 s", "k": whose it is. */
const char *profile_line_owner(const struct guest_names *names, const struct profile_line *line,
			       char *text, size_t size);
/* An object with that, and the name. */
json_t *profile_line_json(const struct guest_names *names, const struct profile_line *line);

#endif
