// SPDX-License-Identifier: GPL-2.0-or-later
/* Options that `disco boot` and `disco run` have in common. */
#include <string.h>

#include "common_options.h"
#include "disco.h"
#include "emu/lockstep.h"

static const char *const models[] = {"none", "ccnuma", NULL};
static const char *const timers[] = {"gic", "cp0", NULL};

static int take_engine(void *target, const char *name, const struct setting_source *source)
{
	static const struct engine_ops *const engines[] = {
		&translator_engine, &interpreter_engine, &lockstep_engine, &lockstep_blocks_engine};
	const char *names[sizeof(engines) / sizeof(engines[0]) + 1] = {NULL};
	struct common_options *common = target;

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		names[i] = engines[i]->name;
		if (!strcmp(engines[i]->name, name)) {
			common->engine = engines[i];
			return DISCO_OK;
		}
	}
	return setting_unknown(source, "engine", name, names);
}

static int take_warm(void *target, const char *text, const struct setting_source *source)
{
	struct common_options *common = target;

	common->model = MODEL_CCNUMA;
	return warm_parse(text, &common->warm, source);
}

#define FIELD(name) .offset = offsetof(struct common_options, name)

static const struct setting rows[] = {
	{SETTING_TEXT, GROUP_MACHINE, "machine", .value = "FILE", FIELD(machine),
	 .help = "machine file (default flash8; disco machine list)"},
	{SETTING_COUNT, GROUP_MACHINE, "cpus", 'c', .value = "N", FIELD(cpus), .minimum = 1,
	 .maximum = MACHINE_MAX_CPUS, .help = "number of CPUs, 1 to 64 (default: the machine's)"},
	{SETTING_CHOICE, GROUP_MACHINE, "timer", .value = "KIND", FIELD(timer), .names = timers,
	 .what = "timer", .help = "timer the kernel is told of: gic (default) or cp0"},
	{SETTING_TAKE, GROUP_RUN, "engine", .value = "NAME", .take = take_engine,
	 .help = "execution engine: translator (default) or interpreter; with disco boot also "
		 "lockstep (both, compared), lockstep-blocks (after every block)"},
	{SETTING_CHOICE, GROUP_RUN, "model", .value = "NAME", FIELD(model), .names = models,
	 .what = "memory model",
	 .help = "memory model: none (default; one cycle an instruction), or ccnuma (caches, "
		 "directory, latencies of the machine file)"},
	{SETTING_TAKE, GROUP_RUN, "warm", .value = "FROM[,TO]", .take = take_warm,
	 .help = "model none at first, ccnuma from FROM to TO: a mark of the guest (a point or a "
		 "region; without TO to the region's end), or a number of instructions"},
	{SETTING_COUNT, GROUP_RUN, "threads", .value = "N", FIELD(threads), .minimum = 1,
	 .maximum = MACHINE_MAX_CPUS,
	 .help = "host threads that run the CPUs, 1 (default) to the number of CPUs; with more "
		 "than one a run in model none is not repeatable"},
	{SETTING_NUMBER, GROUP_RUN, "seed", .value = "N", FIELD(seed), .maximum = UINT64_MAX,
	 .help = "seed of everything random (default 1)"},
	{SETTING_NUMBER, GROUP_RUN, "limit", .value = "N", FIELD(limit), .minimum = 1,
	 .maximum = UINT64_MAX, .help = "stop after N instructions"},
	{SETTING_FLAG, GROUP_RUN, "profile", FIELD(profile),
	 .help = "at the end show the hottest functions and translated blocks, and write a map for "
		 "perf; with model ccnuma also the functions and pages that waited most for "
		 "memory"},
	{SETTING_FLAG, GROUP_RUN, "profile-host", FIELD(profile_host),
	 .help = "with --profile: show the blocks' host code too"},
	{SETTING_TEXT, GROUP_OUTPUT, "json", .value = "FILE", FIELD(json),
	 .help = "write the report as JSON; - is standard output"},
	{SETTING_FLAG, GROUP_OUTPUT, "quiet", 'q', FIELD(quiet),
	 .help = "no kernel messages, no report"},
};

bool common_needs_names(const struct common_options *common)
{
	return common->profile || common->model == MODEL_CCNUMA;
}

int common_check(const struct common_options *common)
{
	if (common->warm.given && common->model != MODEL_CCNUMA)
		return complain(DISCO_USAGE,
				"--warm goes to model ccnuma: --model none excludes it");
	if (common->threads > 1 && !common->engine->threads)
		return complain(DISCO_USAGE, "--threads: engine %s runs on one host thread",
				common->engine->name);
	/* Counts of CPUs on different threads are up to a long quantum apart, which a kernel that
	 * takes them for one clock turns into jumps of 43 s. The GIC's counter does not go back. */
	if (common->threads > 1 && common->timer == TIMER_CP0)
		return complain(DISCO_USAGE, "--threads: the timer cp0 needs one host thread");
	return DISCO_OK;
}

struct settings common_settings(struct common_options *common)
{
	return (struct settings)SETTINGS(rows, common);
}
