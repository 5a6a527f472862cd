// SPDX-License-Identifier: GPL-2.0-or-later
/* Beside hostile.c in another VM: fills memory with a pattern made from each address, and reads it
 * again and again while the other one does its worst. */
#include "runtime.h"
#include "cp0.h"

PROGRAM_NAME;

#define BYTES  UINT64_C(0x1000000)
#define ROUNDS 160

static volatile uint64_t *word(uint64_t offset)
{
	return (uint64_t *)(UINT64_C(0x9800000000000000) + FREE_RAM + offset);
}

static uint64_t pattern(uint64_t offset)
{
	return (offset + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

void test(void)
{
	for (uint64_t at = 0; at < BYTES; at += 8)
		*word(at) = pattern(at);
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t bad = 0;

		for (uint64_t at = 0; at < BYTES; at += 8)
			bad += *word(at) != pattern(at);
		about("round", round, bad, 0, 0);
		check("memory is as it was left", !bad);
	}
}
