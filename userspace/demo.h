/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside `disco demo`: one pass of the program, and the picture of its pages. */
#ifndef DEMO_H
#define DEMO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "emu/ccnuma.h"
#include "emu/machine.h"
#include "vmm/vmm.h"

/* What is to be run, and shown. */
struct demo_options {
	const char *json; /* file, "-": standard output, NULL: none */
	unsigned steps;	  /* of the program */
	bool plain;	  /* no picture */
	bool live;	  /* a picture; found out */
	FILE *out;	  /* for lines of text */
	const char *kernel;
};

/* A pass: the program from start to end under one policy. Counts are of its measured part, moves
 * of all of it. */
struct demo_pass {
	const char *policy; /* as for disco run */
	const char *title;
	uint64_t cycles, ns;
	struct ccnuma_stats memory;
	struct vmm_numa_stats moves;
	double move_us; /* mean simulated time of a move or a copy */
	double host_seconds;
	char checksum[24];
	bool right; /* the program found its result right */
};

/* ---- demo_pass.c ---- */

/* Runs the pass whose policy and title are set. A status; DISCO_INTERRUPTED after a signal. */
int demo_run(const struct demo_options *options, struct demo_pass *pass);
/* Share of misses that were remote, and of the CPUs' time that misses cost; in per cent. */
double demo_remote(const struct demo_pass *pass);
double demo_stall(const struct demo_pass *pass);

/* ---- demo_screen.c ---- */

struct demo_screen;

/* Whether standard output is a terminal with room for the picture. */
bool demo_screen_possible(void);
/* The picture of @machine during @pass, drawn from now until closed: with colours on the
 * terminal when @text is NULL, else as a line of text there every now and then. NULL: out of
 * memory. */
struct demo_screen *demo_screen_open(struct machine *machine, const struct demo_pass *pass,
				     FILE *text);
void demo_screen_close(struct demo_screen *screen);
/* The part that counts has started, and ended: nothing more is drawn. */
void demo_screen_start(struct demo_screen *screen);
void demo_screen_end(struct demo_screen *screen);

/* The terminal goes to its second page, and comes back from it; the latter any number of times,
 * also in a signal handler. */
void demo_terminal_enter(void);
void demo_terminal_leave(void);

#endif
