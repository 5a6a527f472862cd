/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cp0.def as a table. */
#ifndef MIPS_CP0_H
#define MIPS_CP0_H

#include "mips/arch.h"

struct cp0_description {
	uint8_t number, select;
	uint8_t width;	     /* 32 or 64: what MFC0 reads of it */
	uint64_t write_mask; /* bits that software can write */
	uint64_t reset;	     /* value after a cold reset */
};

extern const struct cp0_description cp0_description[CP0_REGISTERS];

/* cp0_at[number][select]: enum cp0_register + 1; 0: not implemented. */
extern const uint8_t cp0_at[32][8];

#endif
