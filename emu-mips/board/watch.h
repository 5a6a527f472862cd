/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOARD_WATCH_H
#define BOARD_WATCH_H

#include "emu/machine.h"

/* Between quanta: stops the machine when software has halted it for good (STOP_HALTED), or when a
 * CPU does nothing but take exceptions (STOP_WILD). */
void watch_cpus(struct machine *machine);

#endif
