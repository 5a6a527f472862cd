/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside `disco machine`. */
#ifndef MACHINE_SHOW_H
#define MACHINE_SHOW_H

#include "machine_file.h"

/* Writes the drawing of @file into the file @path; "-": standard output. A status. */
int machine_show_svg(const struct machine_file *file, const char *path);

#endif
