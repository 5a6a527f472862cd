// SPDX-License-Identifier: GPL-2.0-or-later
/* The lines of a profile; see profile_lines.h. */
#include "profile_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/monitor.h"

void profile_lines_add(struct profile_lines *lines, const struct profile_line *line)
{
	struct profile_line *to;

	if (lines->count == lines->room) {
		size_t room = lines->room ? lines->room * 2 : 1024;
		void *grown = realloc(lines->line, room * sizeof(*lines->line));

		lines->lost |= !grown;
		if (!grown)
			return;
		lines->line = grown;
		lines->room = room;
	}
	to = &lines->line[lines->count];
	*to = *line;
	to->name = strdup(line->name);
	lines->lost |= !to->name;
	lines->count += to->name != NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct profile_line *x = a, *y = b;

	if (x->guest != y->guest)
		return x->guest < y->guest ? -1 : 1;
	if (x->mode != y->mode)
		return x->mode < y->mode ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int by_weight(const void *a, const void *b)
{
	const struct profile_line *x = a, *y = b;

	if (x->instructions != y->instructions)
		return x->instructions < y->instructions ? 1 : -1;
	if (x->cycles != y->cycles)
		return x->cycles < y->cycles ? 1 : -1;
	return by_name(a, b);
}

static void add_counts(struct profile_line *to, const struct profile_line *from)
{
	to->instructions += from->instructions;
	to->cycles += from->cycles;
	to->remote += from->remote;
	for (unsigned cause = 0; cause < CAUSES; cause++)
		to->cause[cause] += from->cause[cause];
}

void profile_lines_merge(struct profile_lines *lines)
{
	size_t kept = 0;

	if (!lines->count)
		return;
	qsort(lines->line, lines->count, sizeof(*lines->line), by_name);
	for (size_t n = 1; n < lines->count; n++) {
		if (by_name(&lines->line[kept], &lines->line[n]) != 0) {
			lines->line[++kept] = lines->line[n];
			continue;
		}
		add_counts(&lines->line[kept], &lines->line[n]);
		free(lines->line[n].name);
	}
	lines->count = kept + 1;
	qsort(lines->line, lines->count, sizeof(*lines->line), by_weight);
}

void profile_lines_free(struct profile_lines *lines)
{
	for (size_t n = 0; n < lines->count; n++)
		free(lines->line[n].name);
	free(lines->line);
	*lines = (struct profile_lines){0};
}

struct profile_line profile_line_of(const struct guest_names *names, const struct code_misses *code,
				    char *name, size_t size)
{
	struct profile_line line = {.guest = code->guest,
				    .mode = code->monitor ? 'm' : "ksu"[code->mode],
				    .name = name};
	struct code_name found;

	if (code->monitor) {
		snprintf(name, size, "%s", monitor_charge_name((unsigned)code->pc));
		return line;
	}
	code_names_find(guest_names_code(names, code->guest), code->pc, code->hash, &found);
	code_name_write(&found, false, name, size);
	return line;
}

const char *profile_line_owner(const struct guest_names *names, const struct profile_line *line,
			       char *text, size_t size)
{
	const char *vm = line->guest >= 0 ? names->vm[line->guest] : "-";

	if (names->vms)
		snprintf(text, size, "%s %c", vm ? vm : "?", line->mode);
	else
		snprintf(text, size, "%c", line->mode);
	return text;
}

json_t *profile_line_json(const struct guest_names *names, const struct profile_line *line)
{
	json_t *object = json_object();
	const char *mode = line->mode == 'k'   ? "kernel"
			   : line->mode == 's' ? "supervisor"
			   : line->mode == 'u' ? "user"
					       : "monitor";

	if (names->vms && line->guest >= 0)
		json_object_set_new(object, "vm", json_string(names->vm[line->guest]));
	json_object_set_new(object, "mode", json_string(mode));
	json_object_set_new(object, "name", json_string(line->name));
	return object;
}
