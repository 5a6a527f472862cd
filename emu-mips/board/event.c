/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of devices in simulated time: a list sorted by cycle, then by age. */
#include <stdlib.h>

#include "board/event.h"

struct event {
	struct event *next;
	uint64_t cycle;
	uint64_t identifier;
	event_handler *handler;
	void *opaque;
};

uint64_t event_at(struct machine *machine, uint64_t cycle, event_handler *handler, void *opaque)
{
	struct event **link = &machine->events, *event = malloc(sizeof(*event));

	if (!event)
		abort(); /* forty bytes: the host is out of memory for good */
	*event = (struct event){.cycle = cycle,
				.identifier = ++machine->last_event,
				.handler = handler,
				.opaque = opaque};
	while (*link && (*link)->cycle <= cycle)
		link = &(*link)->next;
	event->next = *link;
	*link = event;
	/* A CPU alone has long quanta: this event may come before the end of the present one. */
	if (machine->running && machine->config.cpus == 1) {
		machine->yield = true;
		machine->running->limit = 0;
	}
	return event->identifier;
}

void event_cancel(struct machine *machine, uint64_t identifier)
{
	for (struct event **link = &machine->events; *link; link = &(*link)->next) {
		struct event *event = *link;

		if (event->identifier != identifier)
			continue;
		*link = event->next;
		free(event);
		return;
	}
}

uint64_t event_next(const struct machine *machine)
{
	return machine->events ? machine->events->cycle : UINT64_MAX;
}

void event_run_due(struct machine *machine)
{
	while (machine->events && machine->events->cycle <= machine->now) {
		struct event event = *machine->events;

		free(machine->events);
		machine->events = event.next;
		event.handler(event.opaque, machine->now);
	}
}

void event_cancel_all(struct machine *machine)
{
	while (machine->events) {
		struct event *next = machine->events->next;

		free(machine->events);
		machine->events = next;
	}
}
