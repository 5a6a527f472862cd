// SPDX-License-Identifier: GPL-2.0-or-later
/* Settings: values by the rows of a table, from the command line through argp. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disco.h"
#include "settings.h"

#define PAGE	  4096
#define KEY_FIRST 0x100 /* argp keys below it are letters */

char *setting_keep(const char *text)
{
	static struct kept {
		struct kept *next;
		char text[];
	} * all; /* keeps the copies reachable */
	struct kept *copy = malloc(sizeof(*copy) + strlen(text) + 1);

	if (!copy)
		return NULL;
	copy->next = all;
	all = copy;
	return strcpy(copy->text, text);
}

int setting_wrong(const struct setting_source *source, const char *text, const char *needed)
{
	if (source->path)
		return complain(DISCO_USAGE, "%s:%u: %s: %s is needed", source->path, source->line,
				source->name, needed);
	return complain(DISCO_USAGE, "--%s %s: %s is needed", source->name, text, needed);
}

int setting_unknown(const struct setting_source *source, const char *what, const char *text,
		    const char *const *names)
{
	const char *near = nearest_name(text, names);

	if (!source || !source->path)
		return complain_unknown(what, text, names);
	if (near)
		return complain(DISCO_USAGE, "%s:%u: unknown %s '%s' (did you mean '%s'?)",
				source->path, source->line, what, text, near);
	return complain(DISCO_USAGE, "%s:%u: unknown %s '%s'", source->path, source->line, what,
			text);
}

static int take_number(const struct setting *row, const char *text,
		       const struct setting_source *source, uint64_t *value)
{
	char needed[80];

	if (parse_number(text, row->maximum, value) && *value >= row->minimum)
		return DISCO_OK;
	if (row->maximum == UINT64_MAX)
		snprintf(needed, sizeof(needed), "a whole number from %llu",
			 (unsigned long long)row->minimum);
	else
		snprintf(needed, sizeof(needed), "a whole number from %llu to %llu",
			 (unsigned long long)row->minimum, (unsigned long long)row->maximum);
	return setting_wrong(source, text, needed);
}

/* "64M": the shortest exact spelling. */
static void spell_size(uint64_t bytes, char *text, size_t size)
{
	static const char suffixes[] = "\0KMG";
	unsigned suffix = 0;

	for (; suffix < 3 && bytes && bytes % 1024 == 0; suffix++)
		bytes /= 1024;
	snprintf(text, size, "%llu%.1s", (unsigned long long)bytes, suffixes + suffix);
}

static int take_size(const struct setting *row, const char *text,
		     const struct setting_source *source, uint64_t *value)
{
	char least[24], most[24], needed[80];

	if (parse_size(text, value) && *value >= row->minimum && *value <= row->maximum &&
	    *value % PAGE == 0)
		return DISCO_OK;
	spell_size(row->minimum, least, sizeof(least));
	spell_size(row->maximum, most, sizeof(most));
	snprintf(needed, sizeof(needed), "a size from %s to %s", least, most);
	return setting_wrong(source, text, needed);
}

static int take_choice(const struct setting *row, const char *text,
		       const struct setting_source *source, unsigned *value)
{
	for (unsigned i = 0; row->names[i]; i++)
		if (!strcmp(row->names[i], text)) {
			*value = i;
			return DISCO_OK;
		}
	return setting_unknown(source, row->what, text, row->names);
}

static int take_switch(const char *text, const struct setting_source *source, bool *value)
{
	*value = !strcmp(text, "on");
	if (*value || !strcmp(text, "off"))
		return DISCO_OK;
	return setting_wrong(source, text, source->path ? "true or false" : "on or off");
}

int setting_take(const struct setting *row, void *target, const char *text,
		 const struct setting_source *source)
{
	void *field = (char *)target + row->offset;
	uint64_t number = 0;
	int status;

	switch (row->type) {
	case SETTING_TEXT:
		*(const char **)field = text;
		return DISCO_OK;
	case SETTING_COUNT:
		status = take_number(row, text, source, &number);
		*(unsigned *)field = (unsigned)number;
		return status;
	case SETTING_COUNT16:
		status = take_number(row, text, source, &number);
		*(uint16_t *)field = (uint16_t)number;
		return status;
	case SETTING_NUMBER:
		return take_number(row, text, source, field);
	case SETTING_SIZE:
		return take_size(row, text, source, field);
	case SETTING_FLAG:
	case SETTING_SWITCH:
		return take_switch(text, source, field);
	case SETTING_CHOICE:
		return take_choice(row, text, source, field);
	case SETTING_TAKE:
		return row->take(target, text, source);
	case SETTING_HEADING:
		break;
	}
	return DISCO_USAGE;
}

struct parser {
	const struct settings *tables;
	size_t count;
	int status;
};

/* The row argp calls @key, and its target. */
static const struct setting *row_of(const struct parser *parser, int key, void **target)
{
	int next = KEY_FIRST;

	for (size_t n = 0; n < parser->count; n++) {
		const struct settings *table = &parser->tables[n];

		*target = table->target;
		for (size_t i = 0; i < table->count; i++, next++)
			if (key == (table->rows[i].letter ? table->rows[i].letter : next))
				return &table->rows[i];
	}
	return NULL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct parser *parser = state->input;
	void *target;
	const struct setting *row = row_of(parser, key, &target);
	struct setting_source source = {.name = row ? row->name : NULL};

	if (!row)
		return ARGP_ERR_UNKNOWN;
	parser->status =
		setting_take(row, target, row->type == SETTING_FLAG ? "on" : text, &source);
	return parser->status ? EINVAL : 0;
}

static struct argp_option *make_options(const struct settings *tables, size_t count)
{
	struct argp_option *options, *option;
	size_t rows = 0;
	int next = KEY_FIRST;

	for (size_t n = 0; n < count; n++)
		rows += tables[n].count;
	options = option = calloc(rows + 1, sizeof(*options));
	for (size_t n = 0; options && n < count; n++)
		for (size_t i = 0; i < tables[n].count; i++, next++) {
			const struct setting *row = &tables[n].rows[i];

			if (row->type == SETTING_HEADING)
				*option++ =
					(struct argp_option){.doc = row->help, .group = row->group};
			else if (row->name)
				*option++ = (struct argp_option){
					.name = row->name,
					.key = row->letter ? row->letter : next,
					.arg = row->value,
					.doc = row->help,
					.group = row->group,
				};
		}
	return options;
}

int settings_parse(const struct settings *tables, size_t count, const char *command,
		   const char *doc, int argc, char **argv)
{
	struct parser parser = {.tables = tables, .count = count};
	struct argp_option *options = make_options(tables, count);
	struct argp argp = {.options = options, .parser = parse, .doc = doc};
	int status;

	if (!options)
		return complain(DISCO_FAILED, "out of memory");
	status = parse_options(&argp, command, argc, argv, 0, &parser, &parser.status);
	free(options);
	return status;
}
