/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marks that guests write (dev/finisher.h), and the regions between them: what was counted while a
 * region was open, by name, summed over its visits.
 *
 * A mark is noted with its exact cycle and takes effect at the end of the quantum it was written in
 * (on a machine with one CPU: at once). There all CPUs have the same time, whatever the engine, and
 * the memory model may be switched. So a region's cycles are exact, and its counters begin and end
 * up to a quantum after the marks.
 *
 * A guest may write what it likes: a start of an open region and a stop of a closed one are counted
 * and otherwise ignored; so are marks with more than REGIONS_MAX names of one guest, and more than
 * REGIONS_MARKS in a CPU's quantum.
 */
#ifndef EMU_REGIONS_H
#define EMU_REGIONS_H

#include "dev/finisher.h"
#include "emu/machine.h"

#define REGIONS_MAX    64 /* names of regions, and of points, of a guest */
#define REGIONS_MARKS  16 /* of a CPU in a quantum */
#define REGIONS_GUESTS 64

struct mark {
	enum mark_kind kind;
	unsigned guest; /* VM's number; 0 without a monitor */
	unsigned cpu;	/* of the machine */
	uint64_t cycle;
	char name[FINISHER_NAME_SIZE];
};

struct region {
	char name[FINISHER_NAME_SIZE];
	unsigned guest;
	bool point;	      /* a point: only visits, first and last mean something */
	bool open;	      /* also after regions_close(): it was never stopped */
	uint64_t visits;      /* starts, or times the point was passed */
	uint64_t first, last; /* cycles of the first and the last of them */
	uint64_t cycles;      /* from starts to stops */
	uint64_t *sum;	      /* what was counted in them: words of the sample */
	uint64_t *begin;      /* the sample at the start of the present visit */
};

struct regions_config {
	/* Fills @words counters that never fall, of @guest and the machine; between quanta. */
	void (*sample)(void *opaque, unsigned guest, uint64_t *words);
	size_t words;
	/* A mark takes effect; between quanta (may be NULL). */
	void (*marked)(void *opaque, const struct mark *mark);
	void *opaque;
};

/* What could not be counted. */
struct regions_stats {
	uint64_t marks;	     /* in all */
	uint64_t unbalanced; /* starts of open and stops of closed regions */
	uint64_t dropped;    /* too many names, or too many in a quantum */
};

/* Makes @machine keep regions; without, marks vanish. 0 or -ENOMEM. Freed by machine_destroy(). */
int regions_create(struct machine *machine, const struct regions_config *config,
		   struct error *error);
void regions_destroy(struct machine *machine);

/* @guest, running on CPU @cpu, wrote a mark. @name: printable, up to 31 characters. */
void regions_mark(struct machine *machine, unsigned cpu, unsigned guest, enum mark_kind kind,
		  const char *name);

/* The quantum has ended: its marks take effect. The machine's loop calls it. */
void regions_take(struct machine *machine);

/* The run has ended: adds what is open to the sums. */
void regions_close(struct machine *machine);

/* Regions in order of their first mark; NULL beyond the last. */
const struct region *regions_get(const struct machine *machine, size_t number);
struct regions_stats regions_stats(const struct machine *machine);

#endif
