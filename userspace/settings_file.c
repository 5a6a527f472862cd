// SPDX-License-Identifier: GPL-2.0-or-later
/* Settings from a configuration file in libconfig's syntax. */
#include <stdio.h>
#include <string.h>

#include "disco.h"
#include "settings.h"

#define MAX_NAMES 64

/* What @row is called in a file; "" when it cannot be there. */
static const char *key_of(const struct setting *row, char *buffer, size_t size)
{
	if (row->key)
		return row->key;
	snprintf(buffer, size, "%s", row->name ? row->name : "");
	for (char *dash = buffer; (dash = strchr(dash, '-'));)
		*dash = '_';
	return buffer;
}

static const struct setting *find_row(const struct settings *tables, size_t count, const char *name,
				      void **target)
{
	char key[40];

	for (size_t n = 0; n < count; n++) {
		*target = tables[n].target;
		for (size_t i = 0; i < tables[n].count; i++)
			if (!strcmp(key_of(&tables[n].rows[i], key, sizeof(key)), name))
				return &tables[n].rows[i];
	}
	return NULL;
}

int settings_wrong_member(const char *path, const config_setting_t *member, const char *needed)
{
	struct setting_source source = {path, config_setting_source_line(member),
					config_setting_name(member)};

	return setting_wrong(&source, "", needed);
}

static int unknown(const struct settings *tables, size_t count, const char *path,
		   const config_setting_t *member)
{
	const char *names[MAX_NAMES + 1] = {NULL};
	char keys[MAX_NAMES][40];
	const char *near;
	size_t found = 0;

	for (size_t n = 0; n < count; n++)
		for (size_t i = 0; i < tables[n].count && found < MAX_NAMES; i++) {
			const char *key = key_of(&tables[n].rows[i], keys[found], sizeof(keys[0]));

			if (*key)
				names[found++] = key;
		}
	near = nearest_name(config_setting_name(member), names);
	return complain(DISCO_USAGE, "%s:%u: %s: no such key%s%s%s", path,
			config_setting_source_line(member), config_setting_name(member),
			near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* The text a command line would have for @value; NULL when there is none (a group, a fraction). */
static const char *text_of(const config_setting_t *value, char *buffer, size_t size)
{
	switch (config_setting_type(value)) {
	case CONFIG_TYPE_STRING:
		return config_setting_get_string(value);
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(value) ? "on" : "off";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(buffer, size, "%lld", config_setting_get_int64(value));
		return buffer;
	default:
		return NULL;
	}
}

static int take_text(const struct setting *row, void *target, const char *text,
		     const struct setting_source *source)
{
	char *kept = setting_keep(text);

	if (!kept)
		return complain(DISCO_FAILED, "out of memory");
	return setting_take(row, target, kept, source);
}

/* [ 0, 1 ] as "0,1"; ( "a", "b" ) as "a", then "b". */
static int take_list(const struct setting *row, void *target, const config_setting_t *list,
		     const struct setting_source *source)
{
	char joined[512] = "", buffer[24];
	size_t length = 0;

	for (int i = 0; i < config_setting_length(list); i++) {
		const config_setting_t *item = config_setting_get_elem(list, (unsigned)i);
		const char *text = text_of(item, buffer, sizeof(buffer));
		int status = DISCO_OK;

		if (!text)
			return setting_wrong(source, "", "a list of numbers or texts");
		if (config_setting_type(item) == CONFIG_TYPE_STRING)
			status = take_text(row, target, text, source);
		else
			length += (size_t)snprintf(joined + length, sizeof(joined) - length, "%s%s",
						   length ? "," : "", text);
		if (status)
			return status;
		if (length >= sizeof(joined))
			return setting_wrong(source, "", "a shorter list");
	}
	return length ? take_text(row, target, joined, source) : DISCO_OK;
}

static int take_member(const struct setting *row, void *target, const config_setting_t *member,
		       const struct setting_source *source)
{
	char buffer[24];
	const char *text = text_of(member, buffer, sizeof(buffer));

	if (text)
		return take_text(row, target, text, source);
	if (config_setting_is_aggregate(member) && !config_setting_is_group(member))
		return take_list(row, target, member, source);
	return setting_wrong(source, "", "a number, a text in quotes, true or false");
}

int settings_read(const struct settings *tables, size_t count, const char *path,
		  const config_setting_t *group,
		  int (*other)(void *opaque, const config_setting_t *member), void *opaque)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
		struct setting_source source = {path, config_setting_source_line(member),
						config_setting_name(member)};
		void *target;
		const struct setting *row = find_row(tables, count, source.name, &target);
		int status;

		if (row)
			status = take_member(row, target, member, &source);
		else
			status = other ? other(opaque, member) : -1;
		if (status < 0)
			return unknown(tables, count, path, member);
		if (status)
			return status;
	}
	return DISCO_OK;
}
