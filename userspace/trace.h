/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside `disco trace`: the decisions of a run, read back. */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols.h"
#include "vmm/policy.h"

#define TRACE_MAX_VMS 64

/* A line of the file: as struct vmm_decision. */
struct trace_event {
	uint64_t cycle, cycles; /* when; what it cost */
	uint64_t address;	/* physical, of the page in its VM */
	uint64_t virtual_pair;	/* of the two pages that one is mapped in; 0: unknown */
	uint64_t copies, to;	/* nodes, a bit each: that had the page; that got it */
	uint32_t machine_page;
	unsigned vm, home, hot, writes;
	enum policy_action action;
	enum policy_reason reason;
	uint16_t misses[POLICY_MAX_NODES];
};

struct trace {
	char machine[64], policy[32];
	unsigned nodes;
	double mhz;
	unsigned vms;
	char *vm[TRACE_MAX_VMS];	       /* names */
	struct symbols symbols[TRACE_MAX_VMS]; /* of their kernels; may be empty */
	struct trace_event *event;
	size_t count;
	bool shared_symbols; /* all VMs' are the first one's */
};

/* ---- trace_read.c ---- */

/* Reads @path. With @symbols (may be NULL) all VMs' symbols come from that file, otherwise from the
 * kernels that the trace names. DISCO_OK; or what to exit with, after complaining. */
int trace_read(struct trace *trace, const char *path, const char *symbols);
void trace_free(struct trace *trace);

/* Names of the VM, and of what is in the page ("" when that is not known). */
const char *trace_vm_name(const struct trace *trace, unsigned vm);
void trace_name_page(const struct trace *trace, const struct trace_event *event, char *text,
		     size_t size);
/* The physical address behind a kernel's unmapped @va; false: it is mapped, or none. */
bool trace_unmapped(uint64_t va, uint64_t *pa);

/* ---- trace_why.c ---- */

/* Tells the story of the pages that @what names ("machine:N", "ppn:N", "0xADDRESS", "SYMBOL"), of
 * VM @vm (a name; NULL: all). DISCO_OK; or what to exit with, after complaining. */
int trace_why(const struct trace *trace, const char *what, const char *vm);

#endif
