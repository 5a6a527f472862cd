// SPDX-License-Identifier: GPL-2.0-or-later
/* Floating point: see README.md in this directory. */
#include "translate.h"

translate_function *const translate_fpu_table[INSN_COUNT] = {
	[0] = NULL,
};
