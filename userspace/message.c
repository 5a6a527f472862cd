// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages on stderr: one line each, with a hint for a name that looks mistyped. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "disco.h"

int complain(int status, const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fputs("disco: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return status;
}

static unsigned minimum(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Levenshtein distance, for words short enough for its row of costs. */
#define LONGEST 48
static unsigned edit_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned row[LONGEST + 1];

	if (la > LONGEST || lb > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned replace = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = minimum(replace, minimum(row[j], row[j - 1]) + 1);
		}
	}
	return row[lb];
}

const char *nearest_name(const char *word, const char *const *names)
{
	unsigned limit = 1 + (unsigned)strlen(word) / 3;
	const char *best = NULL;

	for (; *names; names++) {
		unsigned distance = edit_distance(word, *names);

		if (distance <= limit && (!best || distance < limit)) {
			best = *names;
			limit = distance;
		}
	}
	return best;
}

int complain_unknown(const char *kind, const char *word, const char *const *names)
{
	const char *near = nearest_name(word, names);
	char known[512] = "";

	if (near)
		return complain(DISCO_USAGE, "unknown %s '%s' (did you mean '%s'?)", kind, word,
				near);
	for (; *names; names++) {
		size_t used = strlen(known);

		snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "", *names);
	}
	return complain(DISCO_USAGE, "unknown %s '%s'; known: %s", kind, word, known);
}
