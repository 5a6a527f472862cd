/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a back end of a space provides; private to numa-map. */
#ifndef NMAP_SPACE_BACKEND_H
#define NMAP_SPACE_BACKEND_H

#include "nmap/space.h"

struct nmap_space {
	const struct nmap_backend *backend;
	uint32_t slots;
	unsigned views;
	size_t page_size;		    /* bytes */
	uint16_t view_node[NMAP_MAX_NODES]; /* the kernel's node of each view */
	unsigned char *view[NMAP_MAX_NODES];
};

struct nmap_backend {
	const char *name;
	void (*capabilities)(struct nmap_capabilities *capabilities);
	/* @space has slots, views, page_size and view_node; allocates its own larger structure
	 * around a copy of it. */
	int (*create)(const struct nmap_space *shape, struct nmap_space **space, char *error);
	void (*destroy)(struct nmap_space *space);
	int (*remap)(struct nmap_space *space, struct disco_remap_entry *entries, uint32_t count,
		     uint32_t *flushes);
	int (*query)(struct nmap_space *space, struct disco_query_entry *entries, uint32_t count);
};

extern const struct nmap_backend nmap_backend_module; /* space_module.c */
extern const struct nmap_backend nmap_backend_memfd;  /* space_memfd.c */

#endif
