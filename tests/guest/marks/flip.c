/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that goes in and out of the region that --warm waits for, far more often than is of use. */
#include "runtime.h"

PROGRAM_NAME;

#define VISITS 6000

void test(void)
{
	volatile uint32_t *marker = (volatile uint32_t *)CKSEG1(MAP_FINISHER_BASE + FINISHER_MARKER);

	for (unsigned n = 0; n < VISITS; n++) {
		*marker = FINISHER_MARK_START;
		*marker = FINISHER_MARK_END;
	}
	about("flip", 0, 0, 0, 0);
	check("comes to its end", true);
}
