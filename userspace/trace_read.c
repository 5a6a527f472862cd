// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading what `disco run --trace` wrote: a header line, then a decision a line, all JSON. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disco.h"
#include "trace.h"

#define PAGE 4096

static uint64_t number_in(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_string(value))
		return strtoull(json_string_value(value), NULL, 0);
	return json_is_integer(value) ? (uint64_t)json_integer_value(value) : 0;
}

/* A node, or a list of nodes, as bits. */
static uint64_t nodes_in(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	uint64_t nodes = 0;

	if (json_is_integer(value))
		return UINT64_C(1) << (json_integer_value(value) & 63);
	for (size_t i = 0; i < json_array_size(value); i++)
		nodes |= UINT64_C(1) << (json_integer_value(json_array_get(value, i)) & 63);
	return nodes;
}

static bool index_of(const json_t *object, const char *key, const char *const *names,
		     unsigned count, unsigned *index)
{
	const char *text = json_string_value(json_object_get(object, key));

	for (*index = 0; text && *index < count; ++*index)
		if (!strcmp(names[*index], text))
			return true;
	return false;
}

static bool take_event(struct trace *trace, const json_t *line)
{
	const json_t *misses = json_object_get(line, "misses");
	struct trace_event *event;
	unsigned action, reason;

	if (!index_of(line, "action", policy_action_names, POLICY_ACTIONS, &action) ||
	    !index_of(line, "reason", policy_reason_names, POLICY_REASONS, &reason))
		return false;
	if (!(trace->count & (trace->count - 1))) {
		size_t room = trace->count ? 2 * trace->count : 1;
		void *grown = realloc(trace->event, room * sizeof(*event));

		if (!grown)
			return false;
		trace->event = grown;
	}
	event = &trace->event[trace->count++];
	*event = (struct trace_event){
		.cycle = number_in(line, "cycle"),
		.cycles = number_in(line, "cycles"),
		.address = number_in(line, "physical_address"),
		.virtual_pair = number_in(line, "virtual_address"),
		.copies = nodes_in(line, "copies"),
		.to = nodes_in(line, "to"),
		.machine_page = (uint32_t)number_in(line, "machine_page"),
		.vm = (unsigned)number_in(line, "vm") % TRACE_MAX_VMS,
		.home = (unsigned)number_in(line, "home") % POLICY_MAX_NODES,
		.hot = (unsigned)number_in(line, "hot_node") % POLICY_MAX_NODES,
		.writes = (unsigned)number_in(line, "writes"),
		.action = (enum policy_action)action,
		.reason = (enum policy_reason)reason,
	};
	for (size_t n = 0; n < json_array_size(misses) && n < POLICY_MAX_NODES; n++)
		event->misses[n] = (uint16_t)json_integer_value(json_array_get(misses, n));
	return true;
}

static void take_header(struct trace *trace, const json_t *line, const char *symbols)
{
	const json_t *vms = json_object_get(line, "vms");
	const char *machine = json_string_value(json_object_get(line, "machine"));
	const char *policy =
		json_string_value(json_object_get(json_object_get(line, "policy"), "name"));

	snprintf(trace->machine, sizeof(trace->machine), "%s", machine ? machine : "?");
	snprintf(trace->policy, sizeof(trace->policy), "%s", policy ? policy : "?");
	trace->nodes = (unsigned)number_in(line, "nodes");
	if (number_in(line, "clock_mhz"))
		trace->mhz = (double)number_in(line, "clock_mhz");
	for (; trace->vms < json_array_size(vms) && trace->vms < TRACE_MAX_VMS; trace->vms++) {
		const json_t *vm = json_array_get(vms, trace->vms);
		const char *name = json_string_value(json_object_get(vm, "name"));
		const char *kernel = json_string_value(json_object_get(vm, "kernel"));

		trace->vm[trace->vms] = strdup(name ? name : "?");
		if (!symbols && kernel)
			symbols_read(&trace->symbols[trace->vms], kernel);
	}
}

static int take_line(struct trace *trace, const char *path, unsigned number, const char *text,
		     const char *symbols)
{
	json_error_t error;
	json_t *line = json_loads(text, 0, &error);
	bool good = line;

	if (!line)
		return complain(DISCO_USAGE, "%s:%u: not a trace: %s", path, number, error.text);
	if (number == 1 && json_object_get(line, "schema"))
		take_header(trace, line, symbols);
	else
		good = take_event(trace, line);
	json_decref(line);
	return good ? DISCO_OK
		    : complain(DISCO_USAGE, "%s:%u: not a decision of `disco run --trace`", path,
			       number);
}

int trace_read(struct trace *trace, const char *path, const char *symbols)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;
	unsigned number = 0;
	int status = DISCO_OK;

	*trace = (struct trace){.machine = "?", .policy = "?", .mhz = 1};
	if (!in)
		return complain(DISCO_USAGE, "%s: %s", path, strerror(errno));
	if (symbols && !symbols_read(&trace->symbols[0], symbols))
		status = complain(DISCO_USAGE, "%s: no symbols in it", symbols);
	while (!status && getline(&text, &size, in) > 0)
		status = take_line(trace, path, ++number, text, symbols);
	if (!status && ferror(in))
		status = complain(DISCO_FAILED, "%s: %s", path, strerror(errno));
	if (!status && !number)
		status = complain(DISCO_USAGE, "%s: empty: was the run ended before its time?",
				  path);
	for (unsigned n = 1; symbols && n < trace->vms; n++)
		trace->symbols[n] = trace->symbols[0];
	if (symbols)
		trace->shared_symbols = true;
	free(text);
	fclose(in);
	return status;
}

void trace_free(struct trace *trace)
{
	symbols_free(&trace->symbols[0]);
	for (unsigned n = 0; n < trace->vms; n++) {
		if (n && !trace->shared_symbols)
			symbols_free(&trace->symbols[n]);
		free(trace->vm[n]);
	}
	free(trace->event);
}

const char *trace_vm_name(const struct trace *trace, unsigned vm)
{
	return vm < trace->vms ? trace->vm[vm] : "?";
}

bool trace_unmapped(uint64_t va, uint64_t *pa)
{
	if (va >> 30 == UINT64_C(0xffffffff80000000) >> 30) /* CKSEG0, CKSEG1 */
		*pa = va & 0x1fffffff;
	else if (va >> 62 == 2) /* XKPHYS */
		*pa = va & ((UINT64_C(1) << 59) - 1);
	else
		return false;
	return true;
}

/* The last symbol at the page's first byte, or the first one behind it. */
void trace_name_page(const struct trace *trace, const struct trace_event *event, char *text,
		     size_t size)
{
	const struct symbols *symbols = &trace->symbols[event->vm];
	uint64_t base = UINT64_C(0xffffffff80000000), pa = event->address;
	const struct symbol *symbol, *end = symbols->symbol + symbols->count;

	*text = '\0';
	if (pa >= 0x20000000 || !symbols->count)
		return;
	if (event->virtual_pair && !trace_unmapped(event->virtual_pair, &pa))
		base = event->virtual_pair - (event->address & ~UINT64_C(0x1fff));
	symbol = symbols_at(symbols, base + event->address);
	if (!symbol)
		for (symbol = symbols->symbol; symbol < end; symbol++)
			if (symbol->address >= base + event->address)
				break;
	if (symbol < end && symbol->address < base + event->address + PAGE)
		snprintf(text, size, "%s", symbol->name);
}
