/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The finisher: how software ends a run, at MAP_FINISHER_BASE. 32-bit registers.
 *
 *   0x0  FINISH  write 0x5555: stop, exit status 0
 *                write 0x3333 | status << 16: stop with that exit status (0..255)
 *                write 0x7777: reset requested (the device tree's syscon-reboot)
 *   0x4  MARKER  write: a marker of the guest: 1 it now reads its console, 2 start and 3 end of
 *                the part to be measured, others as the guest likes
 *   0x8  ID      reads 0x44465331
 *
 * From a shell in the guest: devmem 0x1f000000 32 0x5555
 */
#ifndef DEV_FINISHER_H
#define DEV_FINISHER_H

#include "dev/device.h"

#define FINISHER_FINISH	      0x0
#define FINISHER_MARKER	      0x4
#define FINISHER_ID	      0x8

#define FINISHER_PASS	      0x5555u
#define FINISHER_FAIL	      0x3333u
#define FINISHER_RESET	      0x7777u
#define FINISHER_MARK_CONSOLE 1u
#define FINISHER_MARK_START   2u
#define FINISHER_MARK_END     3u
#define FINISHER_MAGIC	      0x44465331u

struct finisher {
	void (*finish)(void *opaque, int status); /* 0..255 */
	void (*reset)(void *opaque);
	void (*marker)(void *opaque, unsigned cpu, uint32_t value); /* may be NULL */
	void *opaque;
};

bool finisher_read(void *finisher, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value);
bool finisher_write(void *finisher, unsigned cpu, uint64_t offset, unsigned size, uint64_t value);

#endif
