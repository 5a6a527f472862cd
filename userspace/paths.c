// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the program finds its data and keeps its cache, and how it runs the recipes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disco.h"

static char *join(const char *folder, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

/* The folder of the running program, in @path. */
static bool program_folder(char *path, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	if (length < 0)
		return false;
	path[length] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

char *data_path(const char *name)
{
	/* From build/ in the tree, and from bin/ of an installation. */
	static const char *const places[] = {"..", "../share/disco"};
	const char *data = getenv("DISCO_DATA");
	char folder[4096];
	char *base, *path;

	if (data && *data) {
		path = join(data, name);
		if (path && !access(path, R_OK))
			return path;
		free(path);
		return NULL;
	}
	if (!program_folder(folder, sizeof(folder)))
		return NULL;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		base = join(folder, places[i]);
		path = base ? join(base, name) : NULL;
		free(base);
		if (path && !access(path, R_OK))
			return path;
		free(path);
	}
	return NULL;
}

char *program_path(const char *name)
{
	char folder[4096];
	char *path = program_folder(folder, sizeof(folder)) ? join(folder, name) : NULL;

	if (path && !access(path, R_OK))
		return path;
	free(path);
	return NULL;
}

char *cache_path(const char *name)
{
	const char *cache = getenv("DISCO_CACHE");
	const char *home = getenv("HOME");
	char *base, *path;

	if (cache && *cache)
		return join(cache, name);
	cache = getenv("XDG_CACHE_HOME");
	base = cache && *cache ? join(cache, "disco") : join(home ? home : "", ".cache/disco");
	path = base ? join(base, name) : NULL;
	free(base);
	return path;
}

int run_program(char *const *argv)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child < 0)
		return complain(DISCO_FAILED, "cannot start %s: %s", argv[0], strerror(errno));
	if (!child) {
		execv(argv[0], argv);
		complain(0, "cannot run %s: %s", argv[0], strerror(errno));
		_exit(DISCO_FAILED);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return DISCO_FAILED;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return WTERMSIG(status) == SIGINT ? DISCO_INTERRUPTED : DISCO_FAILED;
}
