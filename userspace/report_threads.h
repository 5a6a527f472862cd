/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the reports of `disco boot` and `disco run` say of the host threads. */
#ifndef REPORT_THREADS_H
#define REPORT_THREADS_H

#include <jansson.h>
#include <stdio.h>

#include "emu/machine.h"

/* One line after @label; nothing with one host thread. */
void report_threads(const struct machine *machine, const char *label, FILE *out);

/* A new object. */
json_t *report_threads_json(const struct machine *machine);

#endif
