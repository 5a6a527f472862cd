// SPDX-License-Identifier: GPL-2.0-or-later
/* `disco run`: memory that VMs share: option, check, report. */
#include <stdlib.h>
#include <string.h>

#include "disco.h"
#include "run.h"

#define PAGE 4096
#define MOST (UINT64_C(1) << 30)

static const char needed[] = "NAME=SIZE[:VM,VM...] with a size from 4K to 1G in whole pages";

/* "NAME=SIZE" or "NAME=SIZE:VM,VM" */
int run_take_shared(void *target, const char *text, const struct setting_source *source)
{
	struct run_options *options = target;
	struct monitor_options *monitor = &options->monitor;
	struct vmm_shared *shared = &monitor->shared_memory[monitor->shared_memories];
	const char *equals = strchr(text, '='), *colon = strchr(text, ':');
	char size[32];
	uint64_t bytes;

	if (monitor->shared_memories == VMM_MAX_SHARED)
		return complain(DISCO_USAGE, "at most %d pieces of shared memory", VMM_MAX_SHARED);
	if (!colon)
		colon = text + strlen(text);
	if (!equals || equals == text || equals > colon ||
	    (size_t)(equals - text) >= sizeof(shared->name) ||
	    (size_t)(colon - equals) > sizeof(size))
		return setting_wrong(source, text, needed);
	snprintf(size, sizeof(size), "%.*s", (int)(colon - equals - 1), equals + 1);
	if (!parse_size(size, &bytes) || !bytes || bytes > MOST || bytes % PAGE)
		return setting_wrong(source, text, needed);
	snprintf(shared->name, sizeof(shared->name), "%.*s", (int)(equals - text), text);
	for (unsigned n = 0; n < monitor->shared_memories; n++)
		if (!strcmp(monitor->shared_memory[n].name, shared->name))
			return complain(DISCO_USAGE, "shared memory %s: there are two",
					shared->name);
	shared->pages = (uint32_t)(bytes / PAGE);
	options->sharers[monitor->shared_memories++] = *colon ? colon + 1 : NULL;
	return DISCO_OK;
}

static struct run_vm_options *find_vm(const struct run_options *options, const char *name,
				      size_t length)
{
	for (unsigned n = 0; n < options->vms; n++)
		if (strlen(options->vm[n].name) == length &&
		    !strncmp(options->vm[n].name, name, length))
			return &options->vm[n];
	return NULL;
}

/* Lets the VMs of @list use shared memory @number. */
static int allow(const struct run_options *options, unsigned number, const char *list)
{
	while (list) {
		const char *comma = strchrnul(list, ',');
		struct run_vm_options *vm = find_vm(options, list, (size_t)(comma - list));

		if (!vm)
			return complain(DISCO_USAGE, "shared memory %s: there is no VM %.*s",
					options->monitor.shared_memory[number].name,
					(int)(comma - list), list);
		vm->shared_memory |= UINT32_C(1) << number;
		list = *comma ? comma + 1 : NULL;
	}
	return DISCO_OK;
}

int run_check_shared(struct run_options *options)
{
	for (unsigned i = 0; i < options->monitor.shared_memories; i++) {
		int status = allow(options, i, options->sharers[i]);

		if (status)
			return status;
		for (unsigned n = 0; n < options->vms && !options->sharers[i]; n++)
			options->vm[n].shared_memory |= UINT32_C(1) << i;
	}
	return DISCO_OK;
}

json_t *run_shared_json(const struct run *run)
{
	const struct monitor_options *options = &run->options->monitor;
	struct vmm_shared_stats stats;
	json_t *list = json_array();

	for (unsigned n = 0; vmm_shared_stats(run->vmm, n, &stats); n++)
		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "name",
						      options->shared_memory[n].name, "pages",
						      (json_int_t)options->shared_memory[n].pages,
						      "machine_pages", (json_int_t)stats.pages,
						      "users", (json_int_t)stats.users, "attached",
						      (json_int_t)stats.attached, "refused",
						      (json_int_t)stats.refused));
	return list;
}
