/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the programs run: the simulated machine (and a VM of the monitor, which has the same
 * board), or QEMU's Malta board (PLATFORM_MALTA), an independent oracle.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include "mips/arch.h"

#define CKSEG0(pa) (MIPS_CKSEG0 + (pa))
#define CKSEG1(pa) (MIPS_CKSEG1 + (pa))

#ifdef PLATFORM_MALTA
#define PLATFORM_IS_DISCO 0
#define UART_DATA	  CKSEG1(UINT64_C(0x180003f8))
#define UART_STATUS	  CKSEG1(UINT64_C(0x180003fd))
/* Malta's soft reset register; QEMU runs with -no-reboot */
#define FINISH_REGISTER	  CKSEG1(UINT64_C(0x1f000500))
#define FINISH_VALUE(bad) 0x42u
#else
#include "dev/address_map.h"
#include "dev/finisher.h"
#define PLATFORM_IS_DISCO 1
#define UART_DATA	  CKSEG1(MAP_UART_BASE)
#define UART_STATUS	  CKSEG1(MAP_UART_BASE + (5 << 2))
#define FINISH_REGISTER	  CKSEG1(MAP_FINISHER_BASE + FINISHER_FINISH)
#define FINISH_VALUE(bad) ((bad) ? FINISHER_FAIL | 1u << 16 : FINISHER_PASS)
#endif

/* RAM that the programs may use beside their own: 16 MiB from here. */
#define FREE_RAM UINT64_C(0x08000000)

#endif
