/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spaces: choice of the back end, and what is common to both. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "space_backend.h"

static const struct nmap_backend *const backends[NMAP_BACKENDS] = {
	[NMAP_MODULE] = &nmap_backend_module,
	[NMAP_MEMFD] = &nmap_backend_memfd,
};

void nmap_capabilities_read(enum nmap_backend_kind kind, struct nmap_capabilities *capabilities)
{
	memset(capabilities, 0, sizeof(*capabilities));
	if (kind == NMAP_AUTO) {
		nmap_capabilities_read(NMAP_MODULE, capabilities);
		if (capabilities->usable)
			return;
		nmap_capabilities_read(NMAP_MEMFD, capabilities);
		return;
	}
	capabilities->name = backends[kind]->name;
	backends[kind]->capabilities(capabilities);
}

static enum nmap_backend_kind resolve(enum nmap_backend_kind kind)
{
	struct nmap_capabilities capabilities;

	if (kind != NMAP_AUTO)
		return kind;
	nmap_capabilities_read(NMAP_MODULE, &capabilities);
	return capabilities.usable ? NMAP_MODULE : NMAP_MEMFD;
}

int nmap_space_create(const struct nmap_topology *topology, uint32_t slots,
		      enum nmap_backend_kind kind, struct nmap_space **space, char *error)
{
	struct nmap_capabilities capabilities;
	struct nmap_space shape = {
		.backend = backends[resolve(kind)],
		.slots = slots,
		.views = topology->nodes,
		.page_size = (size_t)sysconf(_SC_PAGESIZE),
	};

	nmap_capabilities_read(resolve(kind), &capabilities);
	if (!capabilities.usable) {
		snprintf(error, NMAP_TEXT, "%s: %.120s", capabilities.name, capabilities.why);
		return -ENODEV;
	}
	if (slots == 0 || slots > capabilities.max_slots) {
		snprintf(error, NMAP_TEXT, "%u page slots, allowed are 1 to %u with %s", slots,
			 capabilities.max_slots, capabilities.name);
		return -EINVAL;
	}
	for (unsigned view = 0; view < shape.views; view++)
		shape.view_node[view] = (uint16_t)topology->node[view].host_node;
	return shape.backend->create(&shape, space, error);
}

void nmap_space_destroy(struct nmap_space *space)
{
	if (space)
		space->backend->destroy(space);
}

const char *nmap_space_backend(const struct nmap_space *space)
{
	return space->backend->name;
}

uint32_t nmap_space_slots(const struct nmap_space *space)
{
	return space->slots;
}

unsigned nmap_space_views(const struct nmap_space *space)
{
	return space->views;
}

void *nmap_space_view(const struct nmap_space *space, unsigned view)
{
	return view < space->views ? space->view[view] : NULL;
}

int nmap_space_remap(struct nmap_space *space, struct disco_remap_entry *entries, uint32_t count,
		     uint32_t *flushes)
{
	uint32_t ignored;

	return space->backend->remap(space, entries, count, flushes ? flushes : &ignored);
}

int nmap_space_query(struct nmap_space *space, struct disco_query_entry *entries, uint32_t count)
{
	return space->backend->query(space, entries, count);
}
