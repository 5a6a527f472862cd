// SPDX-License-Identifier: GPL-2.0-or-later
/* The program disco: a table of subcommands. */
#include <stdio.h>
#include <string.h>

#include "disco.h"

struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

static const struct subcommand subcommands[] = {
	{"bench", command_bench, "run a benchmark, with its peers beside"},
	{"boot", command_boot, "boot a guest on the bare simulated machine"},
	{"demo", command_demo, "watch the monitor move pages to where they are used"},
	{"guest", command_guest, "list guests, fetch them, build disk images for them"},
	{"host", command_host, "show the host's NUMA nodes and what can be used on them"},
	{"machine", command_machine, "list, check and show machine files"},
	{"plot", command_plot, "draw the figures of JSON reports as SVG"},
	{"run", command_run, "run virtual machines under the Disco monitor"},
	{"trace", command_trace, "show what a run decided about pages, and why"},
	{"workload", command_workload, "named workloads on Debian guests, with checked results"},
};

#define SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static void print_help(void)
{
	printf("Usage: disco SUBCOMMAND [OPTION...]\n"
	       "A ccNUMA multiprocessor in software, and the monitor that hides its NUMA.\n\n"
	       "  disco boot --guest debian              a shell in a stock Debian kernel\n"
	       "  disco boot --guest debian --run nproc  run one command, exit with its "
	       "status\n\n");
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		printf("  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
	printf("\n`disco SUBCOMMAND --help` lists the options of each.\n");
}

static int unknown(const char *name)
{
	const char *names[SUBCOMMANDS + 1] = {NULL};

	for (size_t i = 0; i < SUBCOMMANDS; i++)
		names[i] = subcommands[i].name;
	return complain_unknown("subcommand", name, names);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return complain(DISCO_USAGE, "a subcommand is needed; see `disco --help`");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help") || !strcmp(argv[1], "-?")) {
		print_help();
		return DISCO_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("disco %s\n", DISCO_VERSION);
		return DISCO_OK;
	}
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		if (!strcmp(argv[1], subcommands[i].name))
			return subcommands[i].run(argc - 1, argv + 1);
	return unknown(argv[1]);
}
