/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine loop's side of events; event_at() and event_cancel() are in emu/machine.h. */
#ifndef BOARD_EVENT_H
#define BOARD_EVENT_H

#include "emu/machine.h"

/* Cycle of the next event, UINT64_MAX when there is none. */
uint64_t event_next(const struct machine *machine);
/* Handles all events up to machine->now, also those made meanwhile. */
void event_run_due(struct machine *machine);
void event_cancel_all(struct machine *machine);

#endif
