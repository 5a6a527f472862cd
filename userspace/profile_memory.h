/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where memory model `ccnuma` made a run wait: by page, and with --profile by instruction. */
#ifndef PROFILE_MEMORY_H
#define PROFILE_MEMORY_H

#include <jansson.h>

#include "emu/machine.h"

/* Writes the functions (by the symbols of @kernel, an ELF file; else instructions) and the pages
 * with the most stalled cycles to stderr. Nothing without the model. */
void profile_memory(const struct machine *machine, const char *kernel);

/* The pages with the most stalled cycles, as an array. */
json_t *hot_pages_json(const struct machine *machine);

#endif
