/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the libraries report failure: a negative errno, and one sentence for the person. */
#ifndef EMU_ERROR_H
#define EMU_ERROR_H

/* Filled by the function that failed: what, where, what is allowed; no newline at the end. */
struct error {
	char text[256];
};

/* Formats the sentence into @error (which may be NULL) and returns @code, a negative errno. */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
