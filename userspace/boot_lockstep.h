/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `disco boot --engine lockstep`: the second process. */
#ifndef BOOT_LOCKSTEP_H
#define BOOT_LOCKSTEP_H

#include "boot.h"

/* With a lock-step engine in @options: forks the process that follows with the interpreter, whose
 * @options become silent. 0, or an exit status after complaining. Otherwise does nothing. */
int lockstep_begin(struct boot_options *options);

/* In the process that was started with: waits for the other, says what came out, and returns the
 * status to exit with. The other process never returns from this. */
int lockstep_end(int status);

#endif
