/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `disco boot --profile`. */
#ifndef PROFILE_H
#define PROFILE_H

#include "emu/machine.h"

struct code_names;

/* Writes the hottest translated blocks of @machine with their disassembly to stderr (with @host,
 * that of the host code too) and their names by @symbols, and a map of the translated code for perf
 * to /tmp/perf-PID.map. @seconds: how long the run took. DISCO_OK, or DISCO_FAILED after
 * complaining. */
int profile_report(const struct machine *machine, const struct code_names *symbols, bool host,
		   double seconds);

#endif
