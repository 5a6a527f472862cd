// SPDX-License-Identifier: GPL-2.0-or-later
/* The interface's structures have these sizes and offsets for every caller; compiled, never run. */
#include "disco.h"

#define SIZE(type, bytes)	   _Static_assert(sizeof(struct type) == (bytes), #type)
#define AT(type, field, bytes) \
	_Static_assert(__builtin_offsetof(struct type, field) == (bytes), #type "." #field)

SIZE(disco_info, 96);
SIZE(disco_space_create, 240);
SIZE(disco_remap_entry, 24);
SIZE(disco_remap, 48);
SIZE(disco_query_entry, 24);
SIZE(disco_query, 40);
SIZE(disco_count_config, 96);
SIZE(disco_count_read, 120);
SIZE(disco_feed_entry, 12);
SIZE(disco_count_feed, 40);
SIZE(disco_ring_entry, 24);
SIZE(disco_ring, 64);
AT(disco_info, nodes, 56);
AT(disco_space_create, view_stride, 152);
AT(disco_space_create, ring_size, 200);
AT(disco_remap_entry, arg, 8);
AT(disco_remap, flushes, 24);
AT(disco_query_entry, replicas, 8);
AT(disco_count_config, pmu_config, 40);
AT(disco_count_read, ring_lost, 80);
AT(disco_ring, lost, 16);
