/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that `disco boot` and `disco run` have in common. */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include "emu/machine.h"
#include "measure.h"
#include "settings.h"

enum model_choice {
	MODEL_NONE,
	MODEL_CCNUMA,
};

/* The timer the device tree names. */
enum timer_kind {
	TIMER_GIC,
	TIMER_CP0,
};

struct common_options {
	const char *machine; /* machine file */
	const struct engine_ops *engine;
	unsigned model; /* enum model_choice */
	struct warm_options warm;
	unsigned timer;	  /* enum timer_kind */
	unsigned cpus;	  /* 0: as the machine file says */
	unsigned threads; /* of the host, for CPUs */
	uint64_t seed;
	uint64_t limit;	   /* instructions; 0: none */
	const char *json;  /* where to; "-": standard output; NULL: nowhere */
	bool profile;	   /* at the end: hottest code, and where memory was waited for */
	bool profile_host; /* with the host code */
	bool quiet;
};

#define COMMON_DEFAULTS                                                                            \
	{                                                                                          \
		.machine = "flash8", .engine = &translator_engine, .threads = 1, .seed = 1         \
	}

/* Whether names of the guests' code and data are of any use. */
bool common_needs_names(const struct common_options *common);

/* Whether they go together; complains. */
int common_check(const struct common_options *common);

/* The rows that fill @common. */
struct settings common_settings(struct common_options *common);

#endif
