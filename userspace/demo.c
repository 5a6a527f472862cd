// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `disco demo`: a parallel program in a VM on a machine of four nodes, first with its pages left
 * where they were touched first, then with a monitor that moves and copies them. No download, no
 * root. A picture on a terminal, lines of text elsewhere.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"
#include "disco.h"

#define PROGRAM	      "guests/splashos/burn.elf"
#define DEFAULT_STEPS 700
#define CPUS	      4 /* of the machine file */

static const struct argp_option table[] = {
	{"plain", 'p', NULL, 0, "lines of text, also on a terminal", 0},
	{"steps", 's', "N", 0, "length of the program, 1 to 100000 (default 700)", 0},
	{"json", 'j', "FILE", 0, "write the result as JSON; - is standard output", 0},
	{0},
};

struct parser {
	struct demo_options *options;
	int error;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct parser *parser = state->input;
	uint64_t number;

	switch (key) {
	case 'p':
		parser->options->plain = true;
		return 0;
	case 'j':
		parser->options->json = value;
		return 0;
	case 's':
		if (parse_number(value, 100000, &number) && number) {
			parser->options->steps = (unsigned)number;
			return 0;
		}
		parser->error =
			complain(DISCO_USAGE,
				 "--steps %s: a whole number from 1 to 100000 is needed", value);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = table,
	.parser = parse,
	.doc = "Shows what the monitor is for: a program of four threads whose memory is all on "
	       "one of four nodes, with pages left there and with pages moved and copied to where "
	       "they are used.\vTakes about ten seconds; downloads nothing. Ctrl-C ends it.",
};

/* ---- results ---- */

static void print_row(FILE *out, const char *name, const struct demo_pass *pass)
{
	const struct vmm_numa_stats *moves = &pass->moves;

	fprintf(out, "%-26s %8.1f ms %7.1f %% %7.1f %% %9llu %7llu", name, (double)pass->ns / 1e6,
		demo_remote(pass), demo_stall(pass) / CPUS, (unsigned long long)moves->migrations,
		(unsigned long long)moves->replications);
	if (pass->move_us > 0)
		fprintf(out, " %7.1f us", pass->move_us);
	fputc('\n', out);
}

static double saved(const struct demo_pass *pass)
{
	return pass[0].ns ? 100.0 * (1 - (double)pass[1].ns / (double)pass[0].ns) : 0;
}

static void print_table(FILE *out, const struct demo_pass *pass)
{
	fprintf(out, "%-26s %11s %9s %9s %9s %7s %10s\n", "4 CPUs on 4 nodes", "time", "remote",
		"stalled", "migrated", "copied", "a move");
	print_row(out, "pages stay (policy none)", &pass[0]);
	print_row(out, "pages move (policy all)", &pass[1]);
	fprintf(out,
		"The same program, the same result (%s): %.0f %% %s time; remote misses went "
		"from %.0f %% to %.0f %%.\n",
		pass[1].checksum, fabs(saved(pass)), saved(pass) < 0 ? "more" : "less",
		demo_remote(&pass[0]), demo_remote(&pass[1]));
}

static json_t *pass_json(const struct demo_pass *pass)
{
	return json_pack("{s:s, s:f, s:I, s:I, s:I, s:f, s:f, s:I, s:I, s:I, s:f, s:s, s:b, s:f}",
			 "policy", pass->policy, "simulated_ms", (double)pass->ns / 1e6, "cycles",
			 (json_int_t)pass->cycles, "local_misses",
			 (json_int_t)pass->memory.local_misses, "remote_misses",
			 (json_int_t)pass->memory.remote_misses, "remote_percent",
			 demo_remote(pass), "stalled_percent", demo_stall(pass) / CPUS,
			 "migrations", (json_int_t)pass->moves.migrations, "replications",
			 (json_int_t)pass->moves.replications, "collapses",
			 (json_int_t)pass->moves.collapses, "move_us", pass->move_us, "checksum",
			 pass->checksum, "right", pass->right, "host_seconds", pass->host_seconds);
}

static int write_json(const struct demo_options *options, const struct demo_pass *pass)
{
	json_t *object =
		json_pack("{s:s, s:s, s:i, s:i, s:[o, o], s:f, s:b}", "schema", "disco-demo-1",
			  "program", "burn", "steps", (int)options->steps, "cpus", CPUS, "passes",
			  pass_json(&pass[0]), pass_json(&pass[1]), "saved_percent", saved(pass),
			  "equal_results", !strcmp(pass[0].checksum, pass[1].checksum));
	bool to_stdout = !strcmp(options->json, "-");
	FILE *out = to_stdout ? stdout : fopen(options->json, "w");
	int failed = 1;

	if (out && object) {
		failed = json_dumpf(object, out, JSON_INDENT(2));
		failed |= fputc('\n', out) < 0;
		failed |= to_stdout ? fflush(out) : fclose(out);
	}
	json_decref(object);
	if (failed)
		return complain(DISCO_FAILED, "cannot write %s: %s", options->json,
				strerror(errno));
	return DISCO_OK;
}

/* ---- the command ---- */

static int run_pass(const struct demo_options *options, struct demo_pass *pass)
{
	int status;

	if (options->live)
		demo_terminal_enter();
	else
		fprintf(options->out, "%s\n", pass->title);
	status = demo_run(options, pass);
	demo_terminal_leave();
	return status;
}

static int run_both(const struct demo_options *options)
{
	struct demo_pass pass[2] = {
		{.policy = "none", .title = "policy none: pages stay where they were first used"},
		{.policy = "all", .title = "policy all: pages go to the nodes that miss on them"},
	};
	int status = DISCO_OK;

	for (unsigned n = 0; n < 2 && !status; n++)
		status = run_pass(options, &pass[n]);
	if (status)
		return status;
	if (strcmp(pass[0].checksum, pass[1].checksum) != 0)
		return complain(DISCO_FAILED, "demo: the results differ: %s and %s",
				pass[0].checksum, pass[1].checksum);
	print_table(options->out, pass);
	return options->json ? write_json(options, pass) : DISCO_OK;
}

/* The program lies beside disco in the build folder, or is installed as data. */
static char *find_program(void)
{
	char *path = data_path(PROGRAM);

	return path ? path : program_path(PROGRAM);
}

int command_demo(int argc, char **argv)
{
	struct demo_options options = {.steps = DEFAULT_STEPS};
	struct parser parser = {.options = &options};
	char *program;
	int status = parse_options(&argp, "demo", argc, argv, 0, &parser, &parser.error);

	if (status)
		return status < 0 ? DISCO_OK : status;
	program = find_program();
	if (!program)
		return complain(DISCO_FAILED,
				"demo: cannot find " PROGRAM "; build it with `make`");
	options.kernel = program;
	options.out = options.json && !strcmp(options.json, "-") ? stderr : stdout;
	options.live = !options.plain && options.out == stdout && demo_screen_possible();
	status = run_both(&options);
	free(program);
	return status;
}
