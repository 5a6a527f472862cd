// SPDX-License-Identifier: GPL-2.0-or-later
/* Subcommands that are scripts, which run this same program: `disco workload` and `disco plot`. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disco.h"

static int tell_program(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length < 0)
		return -1;
	path[length] = '\0';
	return setenv("DISCO", path, 1);
}

static int run_script(const char *script, int argc, char **argv)
{
	char **words = calloc((size_t)argc + 1, sizeof(*words));
	int status;

	if (!words || tell_program()) {
		free(words);
		return complain(DISCO_FAILED, "out of memory");
	}
	memcpy(words, argv, (size_t)argc * sizeof(*words));
	words[0] = data_path(script);
	if (words[0])
		status = run_program(words);
	else
		status = complain(DISCO_FAILED,
				  "cannot find %s; set DISCO_DATA to the folder that holds it",
				  script);
	free(words[0]);
	free(words);
	return status;
}

int command_workload(int argc, char **argv)
{
	return run_script("guests/workloads/workload", argc, argv);
}

int command_plot(int argc, char **argv)
{
	return run_script("userspace/plot", argc, argv);
}
