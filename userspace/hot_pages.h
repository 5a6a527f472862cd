/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Misses by page (memory model `ccnuma`): the pages that cost most, and sums. */
#ifndef HOT_PAGES_H
#define HOT_PAGES_H

#include <jansson.h>
#include <stdio.h>

#include "guest_names.h"

/* The pages with the most stalled cycles. */
void hot_pages_text(const struct machine *machine, const struct guest_names *names, FILE *out);
json_t *hot_pages_json(const struct machine *machine, const struct guest_names *names);

/* The misses of all pages, in all, by node that missed, and by owner. */
json_t *page_sums_json(const struct machine *machine, const struct guest_names *names);

#endif
