/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the subcommands of the program: messages, exit statuses, options, paths, sizes. */
#ifndef DISCO_H
#define DISCO_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISCO_VERSION "0.1"

/* Exit statuses that are not the guest's own. */
enum status {
	DISCO_OK = 0,
	DISCO_FAILED = 1,	 /* the run failed: guest panic, wild guest, I/O error */
	DISCO_USAGE = 2,	 /* bad usage, machine file or input file */
	DISCO_LIMIT = 4,	 /* the instruction limit was reached */
	DISCO_INTERRUPTED = 130, /* Ctrl-C, SIGTERM, or quit on the console */
};

/* ---- message.c ---- */

/* Prints "disco: ..." on stderr; returns @status for `return complain(...)`. */
int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The name in the NULL-terminated @names nearest to @word by edit distance, or NULL when none is
 * near enough to be a typing mistake. */
const char *nearest_name(const char *word, const char *const *names);

/* Complains about an unknown @kind ("subcommand", "guest") with a hint; returns DISCO_USAGE. */
int complain_unknown(const char *kind, const char *word, const char *const *names);

/* ---- options.c ---- */

/*
 * Parses the options of a subcommand with argp. Unknown options, missing values and unexpected
 * arguments give one line with a hint. Returns DISCO_OK; or what to exit with: after an error
 * (the parser function reports its own, leaving a status in *error), or -1 after --help.
 */
int parse_options(const struct argp *argp, const char *name, int argc, char **argv, int max_args,
		  void *input, int *error);

/* Parses "64M" (suffixes K, M, G: powers of 1024; none: bytes) into *bytes. */
bool parse_size(const char *text, uint64_t *bytes);

/* Parses a whole decimal or 0x number of at most @max into *value. */
bool parse_number(const char *text, uint64_t max, uint64_t *value);

/* Writes "64 MiB" into @text. */
void format_size(uint64_t bytes, char *text, size_t size);

/* ---- paths.c ---- */

/* The path of @name (such as "guests/debian/fetch") in the project tree or the installed data;
 * NULL when it is not there. To be freed. $DISCO_DATA overrides where to look. */
char *data_path(const char *name);

/* The path of @name in the folder of the running program; NULL when it is not there. To be freed.
 */
char *program_path(const char *name);

/* The cache folder ($DISCO_CACHE, $XDG_CACHE_HOME/disco, ~/.cache/disco) with @name appended. To be
 * freed. */
char *cache_path(const char *name);

/* Runs the program argv[0] with @argv and waits; its exit status, or DISCO_FAILED. */
int run_program(char *const *argv);

/* ---- subcommands: status to exit with ---- */

int command_bench(int argc, char **argv);
int command_boot(int argc, char **argv);
int command_demo(int argc, char **argv);
int command_guest(int argc, char **argv);
int command_host(int argc, char **argv);
int command_machine(int argc, char **argv);
int command_plot(int argc, char **argv);
int command_run(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_workload(int argc, char **argv);

#endif
