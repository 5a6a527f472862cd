/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes to read-only pages of memfd spaces, seen by SIGSEGV; private to numa-map. */
#ifndef NMAP_FAULT_H
#define NMAP_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* Called on the faulting thread with the address; returns whether the access may be tried again. */
typedef bool fault_handler(void *opaque, void *address);

/* Asks for faults to be offered to @handler; the signal handler is installed by the first call.
 * 0, -ENOSPC when too many are registered, or sigaction's error. */
int fault_register(fault_handler *handler, void *opaque);
void fault_unregister(void *opaque);

#endif
