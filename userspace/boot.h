/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside `disco boot`: its options, console and report. */
#ifndef BOOT_H
#define BOOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common_options.h"
#include "emu/board.h"
#include "emu/ccnuma.h"
#include "emu/machine.h"
#include "guest_names.h"
#include "guest_options.h"
#include "machine_file.h"
#include "measure.h"

struct boot_options {
	struct guest_options guest;
	struct common_options common;
	const char *console; /* file for the console's output; NULL: terminal */
	uint64_t memory;     /* 0: as the machine file says */
	uint64_t code_cache; /* 0: the translator's default */
	unsigned nics;
	struct board_nic nic[BOARD_MAX_NICS];
};

/* ---- boot_options.c ---- */

/* Fills @options from the command line. DISCO_OK; -1 after --help; or what to exit with. */
int boot_parse(int argc, char **argv, struct boot_options *options);

/* ---- terminal.c: the terminal, or a file, as the guest's first serial port ---- */

struct terminal;

/* @path: file for the output, NULL: standard output (standard error when @to_stderr). @input:
 * whether standard input goes to the guest. @hold: keep input that is not typed back until the
 * guest writes a marker. NULL after complaining. */
struct terminal *terminal_open(const char *path, bool to_stderr, bool input, bool hold);

/* Fills the board's callbacks. */
void terminal_connect(struct terminal *console, struct board_console *board);

/* From here on the escape key and Ctrl-C stop @machine. */
void terminal_start(struct terminal *console, struct machine *machine);

/* Gives the terminal back and closes the file. DISCO_OK, or DISCO_FAILED after complaining when
 * output was lost. Frees @console. */
int terminal_close(struct terminal *console);

/* Whether the guest's kernel said that it panicked, and the line it said it in. */
const char *terminal_panic(const struct terminal *console);

/* ---- report.c, report_json.c ---- */

struct profile;

struct boot_result {
	const struct machine *machine;
	const struct boot_options *options;
	const struct measure *measure;
	const struct guest_names *names;
	const struct profile *profile; /* NULL: none was asked for */
	const char *panic;	       /* the kernel's last words, or NULL */
	int exit_status;	       /* what disco exits with */
	double host_seconds;
};

/* What the outcome is called in the JSON report. */
const char *report_stop_name(enum stop_reason reason);

/* Name of exception code @code, or NULL for a reserved one. */
const char *report_exception_name(unsigned code);

/* All CPUs summed up. */
struct cpu_stats report_sum(const struct machine *machine, uint64_t *instructions);

/* Sum over the CPUs of what memory model `ccnuma` counted; the machine runs with it. */
void report_memory_sum(const struct machine *machine, struct ccnuma_stats *sum);
/* The same of the CPUs of @node. */
void report_node_memory(const struct machine *machine, unsigned node, struct ccnuma_stats *sum);
extern const char *const report_level_names[LEVELS];
extern const char *const report_cause_names[CAUSES];

void report_text(const struct boot_result *result, FILE *out);

/* Adds @name to @object. */
void report_put(json_t *object, const char *name, uint64_t value);

/* Misses and upgrades of every @cause. */
uint64_t report_misses(const uint64_t cause[CAUSES]);
/* Adds what is known of them to @object: @cycles stalled, local, @remote, writes where counted
 * (NULL: they are not), causes. */
void report_put_misses(json_t *object, uint64_t cycles, const uint64_t cause[CAUSES],
		       uint64_t remote, const uint64_t *writes);

/* The counters that a CPU and the whole machine have alike; what memory model `ccnuma` counted. */
json_t *report_counters_json(const struct cpu_stats *stats, uint64_t instructions);
json_t *report_memory_json(const struct ccnuma_stats *stats);

/* DISCO_OK, or DISCO_FAILED after complaining. */
int report_json(const struct boot_result *result, const char *path);

#endif
