/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of a subcommand: one row says the option's name, the key in a configuration file, its
 * type, its bounds and its help; the value lands in a field of a struct. --help, the command line
 * and the files all follow from the rows.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <libconfig.h>
#include <stddef.h>
#include <stdint.h>

enum setting_type {
	SETTING_HEADING, /* the line of --help above its group */
	SETTING_TEXT,	 /* const char *; kept for as long as the program runs */
	SETTING_COUNT,	 /* unsigned, from minimum to maximum */
	SETTING_COUNT16, /* uint16_t, likewise */
	SETTING_NUMBER,	 /* uint64_t, likewise */
	SETTING_SIZE,	 /* uint64_t bytes, whole 4 KiB pages; text such as "64M" */
	SETTING_FLAG,	 /* bool: an option without a value; on or off in a file */
	SETTING_SWITCH,	 /* bool: on or off */
	SETTING_CHOICE,	 /* unsigned: index of a name */
	SETTING_TAKE,	 /* whatever take() makes of it */
};

/* Groups of --help, in its order. */
enum setting_group {
	GROUP_GUEST = 1,
	GROUP_MACHINE,
	GROUP_MONITOR,
	GROUP_RUN,
	GROUP_OUTPUT,
};

/* Where a value comes from, for messages: an option, or a line of a file. */
struct setting_source {
	const char *path; /* NULL: the command line */
	unsigned line;
	const char *name; /* as it is spelled there */
};

struct setting {
	enum setting_type type;
	enum setting_group group;
	const char *name;  /* of the option; NULL: only in files */
	int letter;	   /* of the option; 0: none */
	const char *key;   /* in files; NULL: the option's name with _ for -; "": not in files */
	const char *value; /* what --help calls the value */
	const char *help;
	size_t offset; /* of the field */
	uint64_t minimum, maximum;
	const char *const *names; /* of a choice, NULL-terminated */
	const char *what;	  /* "timer": what a wrong choice is called */
	/* Sets something in @target from @text, which stays; a status, after complaining. */
	int (*take)(void *target, const char *text, const struct setting_source *source);
};

/* Rows, and the struct they fill. */
struct settings {
	const struct setting *rows;
	size_t count;
	void *target;
};

#define SETTINGS(table, object)                                                                    \
	{                                                                                          \
		table, sizeof(table) / sizeof((table)[0]), object                                  \
	}

/* Complains that @text is not what @needed says ("a size from 64M to 64G"); returns DISCO_USAGE. */
int setting_wrong(const struct setting_source *source, const char *text, const char *needed);

/* Complains about a @text that is none of @names of a @what, with a hint (@source: NULL: the
 * command line); returns DISCO_USAGE. */
int setting_unknown(const struct setting_source *source, const char *what, const char *text,
		    const char *const *names);

/* Copies @text for as long as the program runs; NULL when out of memory. */
char *setting_keep(const char *text);

/*
 * Parses the command line of `disco COMMAND` by the @tables' rows; @doc is argp's. DISCO_OK; -1
 * after --help; or what to exit with.
 */
int settings_parse(const struct settings *tables, size_t count, const char *command,
		   const char *doc, int argc, char **argv);

/* Gives @row's field in @target the value @text, which stays. A status, after complaining. */
int setting_take(const struct setting *row, void *target, const char *text,
		 const struct setting_source *source);

/* ---- settings_file.c ---- */

/*
 * Takes the members of @group of a configuration file by the @tables' rows. A whole list of
 * numbers is taken as "1,2,3", a list of texts text by text. A member that no row knows goes to
 * @other (may be NULL), which returns -1 when it does not know it either. DISCO_OK or DISCO_USAGE.
 */
int settings_read(const struct settings *tables, size_t count, const char *path,
		  const config_setting_t *group,
		  int (*other)(void *opaque, const config_setting_t *member), void *opaque);

/* Complains that the member is not what @needed says; returns DISCO_USAGE. */
int settings_wrong_member(const char *path, const config_setting_t *member, const char *needed);

#endif
