// SPDX-License-Identifier: GPL-2.0-or-later
/* `disco bench`: the benchmarks of tests/bench by name; each prints a table and writes JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disco.h"

struct bench {
	const char *name;
	const char *program; /* in the project tree */
	const char *summary;
};

static const struct bench benches[] = {
	{"overhead", "tests/bench/overhead", "simulated time of a VM against the bare machine"},
	{"remap", "tests/bench/remap",
	 "instructions and IPIs a page: the module beside move_pages, mbind, mmap (in QEMU)"},
	{"speed", "tests/bench/speed", "host time beside qemu-system-mips64el, same user programs"},
};

#define BENCHES (sizeof(benches) / sizeof(benches[0]))

static void print_help(void)
{
	printf("Usage: disco bench NAME [ARGUMENT...]\n"
	       "Runs a benchmark; needs the project tree (DISCO_DATA, or where disco was "
	       "built).\n\n");
	for (size_t i = 0; i < BENCHES; i++)
		printf("  %-10s %s\n", benches[i].name, benches[i].summary);
}

static int run_bench(const struct bench *bench, int argc, char **argv)
{
	char **words = calloc((size_t)argc + 2, sizeof(*words));
	int status;

	if (!words)
		return complain(DISCO_FAILED, "out of memory");
	words[0] = data_path(bench->program);
	memcpy(words + 1, argv, (size_t)argc * sizeof(*words));
	if (words[0])
		status = run_program(words);
	else
		status = complain(DISCO_FAILED,
				  "cannot find %s; set DISCO_DATA to the project's tree",
				  bench->program);
	free(words[0]);
	free(words);
	return status;
}

int command_bench(int argc, char **argv)
{
	const char *names[BENCHES + 1] = {NULL};

	if (argc < 2)
		return complain(DISCO_USAGE, "a benchmark is needed; see `disco bench --help`");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?")) {
		print_help();
		return DISCO_OK;
	}
	for (size_t i = 0; i < BENCHES; i++) {
		if (!strcmp(benches[i].name, argv[1]))
			return run_bench(&benches[i], argc - 2, argv + 2);
		names[i] = benches[i].name;
	}
	return complain_unknown("benchmark", argv[1], names);
}
