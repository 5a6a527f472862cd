// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options of the subcommands. argp holds the table, prints --help and calls the parser function;
 * what is wrong with a command line is found here first, because argp's own message takes two lines
 * and knows no hints.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disco.h"

#define MAX_OPTIONS 64

static const struct argp_option *find_long(const struct argp_option *table, const char *name,
					   size_t length)
{
	for (; table->name || table->key || table->doc; table++)
		if (table->name && strlen(table->name) == length &&
		    !strncmp(table->name, name, length))
			return table;
	return NULL;
}

static const struct argp_option *find_short(const struct argp_option *table, char key)
{
	for (; table->name || table->key || table->doc; table++)
		if (table->key == key)
			return table;
	return NULL;
}

static int unknown_long(const struct argp_option *table, const char *command, const char *name,
			size_t length)
{
	const char *names[MAX_OPTIONS + 2] = {"help"};
	char word[64];
	const char *near;
	size_t n = 1;

	for (; (table->name || table->key || table->doc) && n < MAX_OPTIONS; table++)
		if (table->name)
			names[n++] = table->name;
	snprintf(word, sizeof(word), "%.*s", (int)length, name);
	near = nearest_name(word, names);
	if (near)
		return complain(DISCO_USAGE, "unknown option '--%s' (did you mean '--%s'?)", word,
				near);
	return complain(DISCO_USAGE, "unknown option '--%s'; see `disco %s --help`", word, command);
}

/* One argument that starts with '-'. *takes_next: the next argument is its value. */
static int check_option(const struct argp_option *table, const char *command, const char *argument,
			bool *takes_next)
{
	const struct argp_option *option;
	const char *value;
	size_t length;

	*takes_next = false;
	if (argument[1] != '-') {
		option = find_short(table, argument[1]);
		if (!option && argument[1] != '?')
			return complain(DISCO_USAGE, "unknown option '-%c'; see `disco %s --help`",
					argument[1], command);
		*takes_next = option && option->arg && !argument[2];
		return DISCO_OK;
	}
	value = strchr(argument, '=');
	length = value ? (size_t)(value - argument - 2) : strlen(argument + 2);
	option = find_long(table, argument + 2, length);
	if (!option) {
		if ((length == 4 && !strncmp(argument, "--help", 6)) ||
		    (length == 5 && !strncmp(argument, "--usage", 7)))
			return DISCO_OK;
		return unknown_long(table, command, argument + 2, length);
	}
	if (value && !option->arg)
		return complain(DISCO_USAGE, "option '--%s' takes no value", option->name);
	*takes_next = option->arg && !value && !(option->flags & OPTION_ARG_OPTIONAL);
	return DISCO_OK;
}

static int check_arguments(const struct argp_option *table, const char *command, int argc,
			   char **argv, int max_args)
{
	int plain = 0;

	for (int i = 1; i < argc; i++) {
		bool takes_next = false;
		int status;

		if (!strcmp(argv[i], "--")) {
			plain += argc - i - 1;
			break;
		}
		if (argv[i][0] != '-' || !argv[i][1]) {
			if (++plain > max_args)
				return complain(DISCO_USAGE,
						"unexpected argument '%s'; see `disco %s --help`",
						argv[i], command);
			continue;
		}
		status = check_option(table, command, argv[i], &takes_next);
		if (status)
			return status;
		if (takes_next && ++i >= argc)
			return complain(DISCO_USAGE, "option '%s' needs a value", argv[i - 1]);
	}
	if (plain > max_args)
		return complain(DISCO_USAGE, "too many arguments; see `disco %s --help`", command);
	return DISCO_OK;
}

static bool asks_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-?"))
			return true;
	return false;
}

int parse_options(const struct argp *argp, const char *name, int argc, char **argv, int max_args,
		  void *input, int *error)
{
	char full_name[64];
	int status = check_arguments(argp->options, name, argc, argv, max_args);

	*error = 0;
	if (status)
		return status;
	snprintf(full_name, sizeof(full_name), "disco %s", name);
	if (asks_help(argc, argv)) {
		argp_help(argp, stdout, ARGP_HELP_STD_HELP & ~(ARGP_HELP_EXIT_OK), full_name);
		return -1;
	}
	argv[0] = full_name;
	if (argp_parse(argp, argc, argv, ARGP_NO_EXIT | ARGP_NO_ERRS | ARGP_NO_HELP, NULL, input))
		return *error ? *error : DISCO_USAGE;
	return *error;
}

bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && !*end && *value <= max;
}

bool parse_size(const char *text, uint64_t *bytes)
{
	static const char suffixes[] = "KMG";
	unsigned shift = 0;
	const char *suffix;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*bytes = strtoull(text, &end, 10);
	if (errno)
		return false;
	if (*end) {
		suffix = strchr(suffixes, toupper((unsigned char)*end));
		if (!suffix)
			return false;
		shift = 10 * (unsigned)(suffix - suffixes + 1);
		end++;
		if (!strcmp(end, "iB") || !strcmp(end, "B"))
			end += strlen(end);
	}
	if (*end || *bytes > UINT64_MAX >> shift)
		return false;
	*bytes <<= shift;
	return true;
}

void format_size(uint64_t bytes, char *text, size_t size)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
	unsigned unit = 0;

	while (unit < 3 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, size, "%llu %s", (unsigned long long)bytes, units[unit]);
}
