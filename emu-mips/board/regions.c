/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/regions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Marks of one CPU in the present quantum: that CPU alone adds to it. */
struct pending {
	unsigned count;
	uint64_t dropped;
	struct mark mark[REGIONS_MARKS];
};

struct regions {
	struct regions_config config;
	struct pending pending[MACHINE_MAX_CPUS];
	struct region **region;
	size_t count;
	unsigned names[REGIONS_GUESTS];
	struct regions_stats stats;
	uint64_t *sample; /* taken at the end of this quantum, of guest sampled */
	int sampled;
};

int regions_create(struct machine *machine, const struct regions_config *config,
		   struct error *error)
{
	struct regions *regions = calloc(1, sizeof(*regions));
	uint64_t *sample = calloc(config->words, sizeof(*sample));

	if (!regions || !sample) {
		free(regions);
		free(sample);
		return error_set(error, -ENOMEM, "out of memory for the regions");
	}
	regions->config = *config;
	regions->sample = sample;
	regions->sampled = -1;
	machine->regions = regions;
	return 0;
}

void regions_destroy(struct machine *machine)
{
	struct regions *regions = machine->regions;

	if (!regions)
		return;
	for (size_t n = 0; n < regions->count; n++) {
		free(regions->region[n]->sum);
		free(regions->region[n]);
	}
	free(regions->region);
	free(regions->sample);
	free(regions);
	machine->regions = NULL;
}

void regions_mark(struct machine *machine, unsigned cpu, unsigned guest, enum mark_kind kind,
		  const char *name)
{
	struct cpu *it = machine->cpu[cpu];
	struct pending *pending;
	struct mark *mark;

	if (!machine->regions || guest >= REGIONS_GUESTS)
		return;
	pending = &machine->regions->pending[cpu];
	machine->marked = true;
	if (pending->count == REGIONS_MARKS) {
		pending->dropped++;
		return;
	}
	mark = &pending->mark[pending->count++];
	*mark = (struct mark){.kind = kind, .guest = guest, .cpu = cpu, .cycle = it->cycles};
	for (size_t n = 0; n < sizeof(mark->name) - 1 && name[n]; n++)
		mark->name[n] = name[n];
	/* A CPU alone has long quanta, and nobody to wait for. */
	if (machine->config.cpus == 1 && machine->running) {
		machine->yield = true;
		it->limit = 0;
	}
}

/* ---- counting ---- */

static struct region *new_region(struct regions *regions, const struct mark *mark)
{
	struct region **all, *region;

	if (regions->names[mark->guest] == REGIONS_MAX)
		return NULL;
	all = realloc(regions->region, (regions->count + 1) * sizeof(struct region *));
	if (!all)
		return NULL;
	regions->region = all;
	region = calloc(1, sizeof(*region));
	if (!region)
		return NULL;
	region->sum = calloc(2 * regions->config.words, sizeof(uint64_t));
	if (!region->sum) {
		free(region);
		return NULL;
	}
	region->begin = region->sum + regions->config.words;
	memcpy(region->name, mark->name, sizeof(region->name));
	region->guest = mark->guest;
	region->point = mark->kind == MARK_POINT;
	region->first = mark->cycle;
	regions->names[mark->guest]++;
	all[regions->count++] = region;
	return region;
}

static struct region *find_region(const struct regions *regions, const struct mark *mark)
{
	for (size_t n = 0; n < regions->count; n++) {
		struct region *region = regions->region[n];

		if (region->guest == mark->guest && region->point == (mark->kind == MARK_POINT) &&
		    !strcmp(region->name, mark->name))
			return region;
	}
	return NULL;
}

/* The counters now. All marks that take effect together share them. */
static const uint64_t *sample(struct regions *regions, unsigned guest)
{
	if (regions->sampled != (int)guest)
		regions->config.sample(regions->config.opaque, guest, regions->sample);
	regions->sampled = (int)guest;
	return regions->sample;
}

static void add_visit(struct regions *regions, struct region *region, uint64_t cycle)
{
	const uint64_t *now = sample(regions, region->guest);

	for (size_t n = 0; n < regions->config.words; n++)
		region->sum[n] += now[n] - region->begin[n];
	region->cycles += cycle > region->last ? cycle - region->last : 0;
}

static void count_start(struct regions *regions, struct region *region, const struct mark *mark)
{
	if (region->open) {
		regions->stats.unbalanced++;
		return;
	}
	region->open = !region->point;
	region->visits++;
	region->last = mark->cycle;
	if (region->open)
		memcpy(region->begin, sample(regions, mark->guest),
		       regions->config.words * sizeof(uint64_t));
}

static void take(struct regions *regions, const struct mark *mark)
{
	struct region *region = find_region(regions, mark);

	regions->stats.marks++;
	if (mark->kind == MARK_STOP && (!region || !region->open)) {
		regions->stats.unbalanced++;
	} else if (mark->kind == MARK_STOP) {
		add_visit(regions, region, mark->cycle);
		region->open = false;
	} else {
		if (!region)
			region = new_region(regions, mark);
		if (region)
			count_start(regions, region, mark);
		else
			regions->stats.dropped++;
	}
	if (regions->config.marked)
		regions->config.marked(regions->config.opaque, mark);
}

void regions_take(struct machine *machine)
{
	struct regions *regions = machine->regions;

	machine->marked = false;
	regions->sampled = -1;
	for (unsigned cpu = 0; cpu < machine->config.cpus; cpu++) {
		struct pending *pending = &regions->pending[cpu];

		for (unsigned n = 0; n < pending->count; n++)
			take(regions, &pending->mark[n]);
		regions->stats.marks += pending->dropped;
		regions->stats.dropped += pending->dropped;
		pending->dropped = 0;
		pending->count = 0;
	}
}

void regions_close(struct machine *machine)
{
	struct regions *regions = machine->regions;
	uint64_t end = machine->now;

	if (!regions)
		return;
	for (unsigned n = 0; n < machine->config.cpus; n++)
		if (machine->cpu[n]->cycles > end)
			end = machine->cpu[n]->cycles;
	regions->sampled = -1;
	for (size_t n = 0; n < regions->count; n++)
		if (regions->region[n]->open)
			add_visit(regions, regions->region[n], end);
}

const struct region *regions_get(const struct machine *machine, size_t number)
{
	const struct regions *regions = machine->regions;

	return regions && number < regions->count ? regions->region[number] : NULL;
}

struct regions_stats regions_stats(const struct machine *machine)
{
	static const struct regions_stats none;

	return machine->regions ? machine->regions->stats : none;
}
