/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The finisher: how software ends a run and marks parts of it, at MAP_FINISHER_BASE. 32-bit
 * registers, but for NAME.
 *
 *   0x0  FINISH  write 0x5555: stop, exit status 0
 *                write 0x3333 | status << 16: stop with that exit status (0..255)
 *                write 0x7777: reset requested (the device tree's syscon-reboot)
 *   0x4  MARKER  write: a mark without mailbox: 1 is the point "console", the guest now reads its
 *                console; 2 starts and 3 stops the region "measured"; N is the point "N"
 *   0x8  ID      reads 0x44465331
 *   0xc  TICKET  reads the number of the mailbox to use, 0 to 15, the next one each time
 *
 *   0x400 + 0x40 * n: mailbox n
 *     0x00..0x1f  NAME  write 1, 2, 4 or 8 bytes: a part of the name, first byte first. It ends at
 *                       a zero, or after 31 bytes.
 *     0x20        KIND  write 1: start, 2: stop of the region, 3: point of that name; any value
 *                       empties the mailbox
 *
 * A program that is moved to another CPU between its writes goes on with its mailbox; only more
 * than 16 at once could mix their names. Reads of a mailbox give zero, other writes do nothing.
 * Bytes of a name that are not printable ASCII, or space, become '?'.
 *
 * What a mark does is the machine's business: emu/regions.h.
 *
 * From a shell in the guest: devmem 0x1f000000 32 0x5555; disco-mark start NAME
 */
#ifndef DEV_FINISHER_H
#define DEV_FINISHER_H

#ifndef __ASSEMBLER__
#include "dev/device.h"
#endif

#define FINISHER_FINISH	      0x0
#define FINISHER_MARKER	      0x4
#define FINISHER_ID	      0x8
#define FINISHER_TICKET	      0xc
#define FINISHER_MAILBOX      0x400
#define FINISHER_MAILBOX_SIZE 0x40
#define FINISHER_MAILBOXES    16
#define FINISHER_NAME	      0x00
#define FINISHER_NAME_SIZE    32
#define FINISHER_KIND	      0x20

#define FINISHER_PASS	      0x5555u
#define FINISHER_FAIL	      0x3333u
#define FINISHER_RESET	      0x7777u
#define FINISHER_MARK_CONSOLE 1u
#define FINISHER_MARK_START   2u
#define FINISHER_MARK_END     3u
#define FINISHER_MAGIC	      0x44465331u

enum mark_kind {
	MARK_START = 1, /* of a region */
	MARK_STOP,
	MARK_POINT,
};

struct finisher {
	void (*finish)(void *opaque, int status); /* 0..255 */
	void (*reset)(void *opaque);
	/* MARKER was written (may be NULL). */
	void (*marker)(void *opaque, unsigned cpu, uint32_t value);
	/* A mark, by MARKER or a mailbox (may be NULL). @name: printable, 1 to 31 characters. */
	void (*mark)(void *opaque, unsigned cpu, enum mark_kind kind, const char *name);
	void *opaque;
	uint32_t ticket;
	char name[FINISHER_MAILBOXES][FINISHER_NAME_SIZE]; /* as written so far */
};

bool finisher_read(void *finisher, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value);
bool finisher_write(void *finisher, unsigned cpu, uint64_t offset, unsigned size, uint64_t value);

#endif
