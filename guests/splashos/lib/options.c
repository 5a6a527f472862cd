/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options from the kernel command line. */
#include "system.h"

static struct option common[] = {
	{"threads", 0, 1, MAX_CPUS}, {"master", 0, 0, 1}, {"check", 1, 0, 1}, {NULL, 0, 0, 0}};
/* What the loader adds for Linux. */
static const char *const ignored[] = {"nokaslr"};

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static struct option *find(const char *name)
{
	for (struct option *row = program_options; row->name; row++)
		if (equal(row->name, name))
			return row;
	for (struct option *row = common; row->name; row++)
		if (equal(row->name, name))
			return row;
	return NULL;
}

unsigned long option(const char *name)
{
	const struct option *row = find(name);

	if (!row)
		fail("no option %s in the program's table", name);
	return row->value;
}

static bool parse(const char *text, unsigned long *value)
{
	const char *start = text;

	for (*value = 0; *text >= '0' && *text <= '9'; text++) {
		if (*value > UINT64_MAX / 100)
			return false;
		*value = *value * 10 + (unsigned long)(*text - '0');
	}
	if (text == start)
		return false;
	if (*text == 'K' || *text == 'M')
		*value <<= *text++ == 'K' ? 10 : 20;
	return !*text;
}

static void unknown(const char *word)
{
	print("%s: option %s: not known; there are", program_name, word);
	for (const struct option *row = program_options; row->name; row++)
		print(" %s=%lu..%lu", row->name, row->low, row->high);
	print(" threads=1..%u master=0..1 check=0..1\n", cpus());
	finish(2);
}

static void take(char *word)
{
	char *value = word;
	struct option *row;
	unsigned long number;

	for (unsigned n = 0; n < sizeof(ignored) / sizeof(ignored[0]); n++)
		if (equal(word, ignored[n]))
			return;
	while (*value && *value != '=')
		value++;
	if (*value)
		*value++ = 0;
	row = find(word);
	if (!row)
		unknown(word);
	if (!parse(value, &number) || number < row->low || number > row->high) {
		print("%s: %s=%s: must be a number from %lu to %lu\n", program_name, word, value,
		      row->low, row->high);
		finish(2);
	}
	row->value = number;
}

void options_setup(char *at)
{
	while (*at) {
		char *word = at;

		while (*at && *at != ' ')
			at++;
		if (*at)
			*at++ = 0;
		if (*word)
			take(word);
	}
	set_threads(option("threads"));
}
