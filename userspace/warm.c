// SPDX-License-Identifier: GPL-2.0-or-later
/* --warm: the machine starts in memory model `none`, and has `ccnuma` from a mark or a count on. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "disco.h"
#include "measure.h"

#define VM_BIT(guest) (UINT64_C(1) << (guest))
#define ALL_VMS	      (~UINT64_C(0))
#define MAX_SWITCHES                                                                               \
	10000 /* each empties the caches: a guest could make them the run's only work */

/* ---- options ---- */

static bool parse_point(const char *text, size_t length, struct warm_point *point)
{
	char word[FINISHER_NAME_SIZE];

	if (!length || length >= sizeof(word))
		return false;
	memcpy(word, text, length);
	word[length] = '\0';
	for (size_t n = 0; n < length; n++)
		if (word[n] <= ' ' || word[n] > '~' || word[n] == ',')
			return false;
	if (!isdigit((unsigned char)*word)) {
		strcpy(point->mark, word);
		return true;
	}
	return parse_number(word, UINT64_MAX, &point->count) && point->count;
}

int warm_parse(const char *text, struct warm_options *warm, const struct setting_source *source)
{
	const char *comma = strchr(text, ',');
	size_t length = comma ? (size_t)(comma - text) : strlen(text);

	*warm = (struct warm_options){.given = true, .ends = comma != NULL};
	if (parse_point(text, length, &warm->from) &&
	    (!comma || parse_point(comma + 1, strlen(comma + 1), &warm->to)))
		return DISCO_OK;
	return setting_wrong(source, text,
			     "a mark (up to 31 characters, no digit first), a number of "
			     "instructions, or two of these with a comma between");
}

int warm_configure(struct machine *machine, const struct warm_options *warm,
		   const struct ccnuma_config *ccnuma, struct error *error)
{
	return warm->given ? machine_configure_ccnuma(machine, ccnuma, error)
			   : machine_use_ccnuma(machine, ccnuma, error);
}

/* ---- switching, between quanta ---- */

static void look_at_count(void *opaque, uint64_t now);

static uint64_t instructions(const struct machine *machine)
{
	uint64_t sum = 0;

	for (unsigned n = 0; n < machine->config.cpus; n++)
		sum += machine->cpu[n]->instructions;
	return sum;
}

/* An instruction takes a cycle at least, on each CPU: not before that can the target be reached. */
static void count_down(struct measure *measure)
{
	const struct machine *machine = measure->machine;
	uint64_t left = measure->target - instructions(machine);
	uint64_t cycles = left / machine->config.cpus;

	measure->count_event = event_at(measure->machine, machine->now + (cycles ? cycles : 1),
					look_at_count, measure);
}

static void wait_for(struct measure *measure, const struct warm_point *point)
{
	if (measure->count_event)
		event_cancel(measure->machine, measure->count_event);
	measure->count_event = 0;
	if (*point->mark)
		return;
	measure->target = instructions(measure->machine) + point->count;
	count_down(measure);
}

static void want(struct measure *measure, uint64_t vms)
{
	const struct warm_options *options = measure->options;
	bool before = measure->on_for != 0, on = vms != 0;

	measure->on_for = vms;
	if (before == on)
		return;
	if (on && machine_model_switches(measure->machine) >= MAX_SWITCHES) {
		error_set(&measure->failed, -E2BIG, "the guest asked more than %d times",
			  MAX_SWITCHES / 2);
		return;
	}
	measure->came |= on;
	machine_set_memory_model(measure->machine, on, &measure->failed);
	if (on && options->ends)
		wait_for(measure, &options->to);
	else if (measure->count_event)
		wait_for(measure, &options->from); /* a mark: what was counted is over */
}

static void look_at_count(void *opaque, uint64_t now)
{
	struct measure *measure = opaque;

	(void)now;
	measure->count_event = 0;
	if (instructions(measure->machine) < measure->target)
		count_down(measure);
	else
		want(measure, measure->on_for ? 0 : ALL_VMS);
}

/* A region's end, or a point. */
static bool ends_here(const struct warm_options *options, const struct mark *mark)
{
	const char *name = options->ends ? options->to.mark : options->from.mark;

	if (strcmp(mark->name, name))
		return false;
	return mark->kind == MARK_STOP || (options->ends && mark->kind == MARK_POINT);
}

void warm_marked(void *opaque, const struct mark *mark)
{
	struct measure *measure = opaque;
	const struct warm_options *options = measure->options;
	uint64_t bit = VM_BIT(mark->guest);

	if (!options->given)
		return;
	if (measure->on_for && ends_here(options, mark))
		want(measure, measure->on_for == ALL_VMS ? 0 : measure->on_for & ~bit);
	else if (mark->kind != MARK_STOP && !strcmp(mark->name, options->from.mark))
		want(measure, measure->on_for | bit);
}

void warm_start(struct measure *measure)
{
	if (measure->options->given)
		wait_for(measure, &measure->options->from);
}

void warm_explain(const struct measure *measure)
{
	const struct warm_point *from = &measure->options->from;

	if (!measure->options->given)
		return;
	if (*measure->failed.text)
		complain(0, "--warm: model ccnuma could not be switched on: %s",
			 measure->failed.text);
	else if (!measure->came && *from->mark)
		complain(0, "--warm: no guest marked %s; model none all the time", from->mark);
	else if (!measure->came)
		complain(0,
			 "--warm: the run ended before %llu instructions; model none all the time",
			 (unsigned long long)from->count);
}
