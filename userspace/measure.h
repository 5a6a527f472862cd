/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `disco boot` and `disco run` share: regions that guests mark, and --warm. */
#ifndef MEASURE_H
#define MEASURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "emu/ccnuma.h"
#include "emu/monitor.h"
#include "emu/regions.h"
#include "settings.h"

/* Where the memory model is switched: at a mark, or after so many instructions. */
struct warm_point {
	char mark[FINISHER_NAME_SIZE]; /* empty: by count */
	uint64_t count;
};

/* --warm. */
struct warm_options {
	bool given, ends; /* ends: there is a `to` */
	struct warm_point from, to;
};

struct warm;

/* What is counted of a region, all of it uint64_t: first the machine's part, then what the monitor
 * knows. */
struct region_counts {
	uint64_t modelled_cycles, instructions;
	struct cpu_stats cpus;
	struct ccnuma_stats memory;
	uint64_t idle, monitor; /* cycles of CPUs without a vCPU */
	struct vcpu_stats vm;	/* of the VM that the region is of */
	struct ccnuma_stats vm_memory;
	struct vmm_numa_stats numa;
};

/* One of these a run. */
struct measure {
	struct machine *machine;
	struct monitor *monitor; /* NULL: bare */
	/* With a monitor: the name of VM @guest, and its vCPUs' counters in sum. */
	const char *(*vm)(void *opaque, unsigned guest, struct vcpu_stats *stats);
	void *opaque;
	const struct warm_options *options;
	uint64_t on_for;      /* VMs that want the model, a bit each */
	uint64_t count_event; /* the next look at the number of instructions; 0: none */
	uint64_t target;      /* instructions at which to switch */
	bool came;	      /* `from` has come */
	struct error failed;  /* why the model could not be switched on */
};

/* ---- warm.c ---- */

/* FROM[,TO]; complains. */
int warm_parse(const char *text, struct warm_options *warm, const struct setting_source *source);
/* Gives @machine memory model @ccnuma as the options say: from the start, or to switch to. 0, or a
 * negative errno with @error set. */
int warm_configure(struct machine *machine, const struct warm_options *warm,
		   const struct ccnuma_config *ccnuma, struct error *error);
/* A mark takes effect: struct regions_config's marked, @measure. */
void warm_marked(void *measure, const struct mark *mark);
void warm_start(struct measure *measure);
/* Says in a line when it was not as --warm wanted it. */
void warm_explain(const struct measure *measure);

/* ---- measure.c, measure_report.c ---- */

/* Before the run: @measure's first four fields are filled in. DISCO_OK, or complains. */
int measure_start(struct measure *measure);
/* After it. */
void measure_end(struct measure *measure);
void measure_text(const struct measure *measure, FILE *out);
/* {"regions": [...], "points": [...], "marks": {...}} into @root. */
void measure_json(const struct measure *measure, json_t *root);

#endif
