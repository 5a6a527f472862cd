// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of guests; see guest_names.h. */
#include "guest_names.h"

#include <string.h>

#include "disco.h"
#include "settings.h"

int symbol_files_add(struct symbol_files *files, const char *path,
		     const struct setting_source *source)
{
	if (files->count == SYMBOL_FILES_MAX)
		return setting_wrong(source, path, "one of at most 32 files");
	files->path[files->count++] = path;
	return DISCO_OK;
}

static bool same_files(const struct symbol_files *a, const struct symbol_files *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned n = 0; n < a->count; n++)
		if (strcmp(a->path[n], b->path[n]) != 0)
			return false;
	return true;
}

/* Most VMs are alike. */
static struct code_names *find_same(const struct guest_names *names, const char *kernel,
				    const struct symbol_files *files)
{
	for (unsigned n = 0; n < MISSES_MAX_GUESTS; n++)
		if (names->code[n] && kernel && names->kernel[n] &&
		    !strcmp(names->kernel[n], kernel) && same_files(names->files[n], files))
			return names->code[n];
	return NULL;
}

int guest_names_read(struct guest_names *names, unsigned number, const char *kernel,
		     const struct symbol_files *files)
{
	struct code_names *code = find_same(names, kernel, files);
	int status = DISCO_OK;

	names->kernel[number] = kernel;
	names->files[number] = files;
	names->code[number] = code;
	if (code)
		return DISCO_OK;
	code = code_names_create();
	if (!code)
		return complain(DISCO_FAILED, "no memory for symbols");
	names->code[number] = code;
	if (kernel)
		code_names_add(code, kernel, true);
	for (unsigned n = 0; n < files->count && !status; n++)
		status = code_names_add(code, files->path[n], false);
	return status;
}

void guest_names_free(struct guest_names *names)
{
	for (unsigned n = 0; n < MISSES_MAX_GUESTS; n++) {
		struct code_names *code = names->code[n];

		code_names_destroy(code);
		for (unsigned other = n; code && other < MISSES_MAX_GUESTS; other++)
			if (names->code[other] == code)
				names->code[other] = NULL;
	}
}

const struct code_names *guest_names_code(const struct guest_names *names, int guest)
{
	if (guest < 0)
		return names->vms ? NULL : names->code[0];
	return names->code[guest];
}

uint64_t entryhi_address(uint64_t hi)
{
	const uint64_t top = UINT64_C(0xc00000ff80000000);

	hi &= ~UINT64_C(0x1fff);
	return (hi & top) == top ? hi | UINT64_C(0xffffffff80000000) : hi;
}
