/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a home's directory (with the memory behind it) is occupied: slots of one request's length in
 * which one request each is served.
 *
 * CPUs run one after the other, each for a quantum, so requests do not come in order of time: one
 * that a CPU makes early in its quantum may come after those that others have made late in theirs,
 * and must not wait for them. So slots are booked, and a request gets the first one that is free.
 */
#ifndef MEM_CALENDAR_H
#define MEM_CALENDAR_H

#include <stdint.h>

#define CALENDAR_WORDS 32 /* of 64 slots; what is older is forgotten */

struct calendar {
	struct {
		uint64_t number; /* of the word, from cycle 0 */
		uint64_t taken;	 /* a bit a slot */
	} word[CALENDAR_WORDS];
};

/* Books a slot of @length cycles for a request at cycle @now; returns the cycles to wait for it.
 * A length of 0 never waits. */
uint32_t calendar_book(struct calendar *calendar, uint32_t length, uint64_t now);

#endif
