/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CP0 registers as a table, for the emulator's real ones and the monitor's virtual ones. */
#include "mips/cp0.h"

const struct cp0_description cp0_description[CP0_REGISTERS] = {
#define CP0(name, number, select, width, write_mask, reset)                                        \
	[CP0_##name] = {number, select, width, write_mask, reset},
#include "mips/cp0.def"
#undef CP0
};

const uint8_t cp0_at[32][8] = {
#define CP0(name, number, select, width, write_mask, reset) [number][select] = CP0_##name + 1,
#include "mips/cp0.def"
#undef CP0
};
