/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the lines of a CPU's first-level caches to the software TLB's entries for them. A line has
 * one entry at most, and each entry can be found from its line: a place here belongs to one line at
 * a time, and what is pushed out of it loses its entry. A place may still name an entry that has
 * been reused for another line since; emptying that one costs a refill and is right.
 */
#include <errno.h>
#include <stdlib.h>

#include "emu/mem.h"

#define PLACES 8192

struct line_place {
	uint64_t offset;
	struct softtlb_entry *entry;
};

struct line_map {
	struct line_place place[PLACES];
};

int line_map_create(struct cpu *cpu)
{
	cpu->line_map = calloc(1, sizeof(*cpu->line_map));
	return cpu->line_map ? 0 : -ENOMEM;
}

void line_map_destroy(struct cpu *cpu)
{
	free(cpu->line_map);
	cpu->line_map = NULL;
}

static struct line_place *place_of(const struct cpu *cpu, uint64_t offset)
{
	return &cpu->line_map->place[(offset >> cpu->softtlb_shift) % PLACES];
}

static void empty(struct softtlb_entry *entry, bool all)
{
	entry->write_tag = UINT64_MAX;
	if (!all)
		return;
	entry->read_tag = UINT64_MAX;
	entry->fetch_tag = UINT64_MAX;
}

void line_map_enter(struct cpu *cpu, uint64_t offset, struct softtlb_entry *entry)
{
	struct line_place *place = place_of(cpu, offset);

	if (place->entry && place->entry != entry)
		empty(place->entry, true);
	*place = (struct line_place){.offset = offset, .entry = entry};
}

void line_map_drop(struct cpu *cpu, uint64_t offset, uint64_t length, bool all)
{
	for (uint64_t at = offset; at < offset + length; at += cpu->softtlb_granule) {
		struct line_place *place = place_of(cpu, at);

		if (place->entry && place->offset == at)
			empty(place->entry, all);
	}
}
