/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A space of page slots with one view for each host node, and batches of operations on the slots:
 * what design.md calls host NUMA. Two back ends do the same: the kernel module (/dev/disco), and
 * memfd with mmap and mbind, which needs no privilege and costs a system call or more per slot.
 *
 * The operations, entries and statuses are those of the module's interface, kmod/uapi/disco.h.
 */
#ifndef NMAP_SPACE_H
#define NMAP_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disco.h"
#include "nmap/topology.h"

#define NMAP_DEVICE "/dev/disco"

struct nmap_space;

enum nmap_backend_kind {
	NMAP_AUTO, /* the module where it can be used, memfd otherwise */
	NMAP_MODULE,
	NMAP_MEMFD,
	NMAP_BACKENDS,
};

/* What a back end can do on this host. */
struct nmap_capabilities {
	const char *name; /* "module", "memfd" */
	bool usable;
	bool one_flush; /* a batch costs one TLB flush */
	bool counters;	/* it counts accesses */
	uint32_t max_slots;
	char why[NMAP_TEXT]; /* why it is not usable, or what it lacks */
};
void nmap_capabilities_read(enum nmap_backend_kind kind, struct nmap_capabilities *capabilities);

/*
 * Makes a space of @slots pages with a view for each of the host nodes of @topology, on the back
 * end @kind. Returns 0 and the space (to be given to nmap_space_destroy), or a negative errno and
 * one sentence in @error (NMAP_TEXT bytes). A thread that writes to views of a memfd space must not
 * block SIGSEGV: a write to a replica or a shared page is seen by that signal (the handler is
 * installed once, and passes other faults on).
 */
int nmap_space_create(const struct nmap_topology *topology, uint32_t slots,
		      enum nmap_backend_kind kind, struct nmap_space **space, char *error);
void nmap_space_destroy(struct nmap_space *space);

const char *nmap_space_backend(const struct nmap_space *space);
uint32_t nmap_space_slots(const struct nmap_space *space);
unsigned nmap_space_views(const struct nmap_space *space);

/* The view of host node index @view: slots * page size bytes, readable and writable. */
void *nmap_space_view(const struct nmap_space *space, unsigned view);

/*
 * Carries out @count entries in order; each gets its status. Nodes are the kernel's numbers.
 * @flushes (may be NULL): TLB flushes it cost, as far as the back end knows. 0, or a negative errno
 * when the batch as a whole was refused.
 */
int nmap_space_remap(struct nmap_space *space, struct disco_remap_entry *entries, uint32_t count,
		     uint32_t *flushes);

/* State of @count slots. */
int nmap_space_query(struct nmap_space *space, struct disco_query_entry *entries, uint32_t count);

#endif
