/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `disco boot --engine lockstep`: forks the follower and reports the comparison. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot_lockstep.h"
#include "disco.h"
#include "emu/lockstep.h"

static pid_t follower = -1; /* 0: this is it */

static bool is_lockstep(const struct engine_ops *engine)
{
	return engine == &lockstep_engine || engine == &lockstep_blocks_engine;
}

int lockstep_begin(struct boot_options *options)
{
	struct error error;

	if (!is_lockstep(options->common.engine))
		return 0;
	if (!options->guest.run && !options->console) {
		complain(0, "lock-step runs take no input: use --run or --console");
		return DISCO_USAGE;
	}
	if (lockstep_create(&error)) {
		complain(0, "%s", error.text);
		return DISCO_FAILED;
	}
	fflush(NULL);
	follower = fork();
	if (follower < 0) {
		complain(0, "cannot start the second process of lock-step");
		return DISCO_FAILED;
	}
	if (follower == 0) {
		options->common.engine = &lockstep_follower_engine;
		options->console = "/dev/null";
		options->common.json = NULL;
		options->common.quiet = true;
		if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))
			_exit(DISCO_FAILED);
	}
	return 0;
}

int lockstep_end(int status)
{
	uint64_t slices, instructions;
	int result = 0;

	if (follower < 0)
		return status;
	if (follower == 0)
		_exit(lockstep_difference() ? DISCO_FAILED : DISCO_OK);
	waitpid(follower, &result, 0);
	lockstep_counts(&slices, &instructions);
	if (lockstep_difference()) {
		complain(0, "%s", lockstep_difference());
		return DISCO_FAILED;
	}
	if (!WIFEXITED(result) || WEXITSTATUS(result) != DISCO_OK) {
		complain(0, "the interpreter's process of lock-step failed");
		return DISCO_FAILED;
	}
	fprintf(stderr, "lock-step: %llu states after %llu instructions and memory are the same\n",
		(unsigned long long)slices, (unsigned long long)instructions);
	return status;
}
