/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offsets in struct trap (runtime.h; checked in runtime.c) and what assembler needs of arch.h. */
#ifndef ASM_H
#define ASM_H

#define TRAP_STATUS	 256
#define TRAP_CAUSE	 264
#define TRAP_EPC	 272
#define TRAP_BADVADDR	 280
#define TRAP_ENTRYHI	 288
#define TRAP_CONTEXT	 296
#define TRAP_XCONTEXT	 304
#define TRAP_VECTOR	 312
#define TRAP_TAKEN	 320
#define TRAP_SIZE	 328

#define STATUS_HOME_BITS 0xe0 /* KX, SX, UX */

#endif
