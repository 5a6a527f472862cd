/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "directory.h"

#include <errno.h>
#include <sys/mman.h>

int directory_create(struct directory *directory, uint64_t memory, unsigned line_shift)
{
	void *lines;

	directory->line_shift = line_shift;
	directory->bytes = (memory >> line_shift) * sizeof(struct directory_line);
	lines = mmap(NULL, directory->bytes, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	directory->lines = lines == MAP_FAILED ? NULL : lines;
	return directory->lines ? 0 : -ENOMEM;
}

void directory_destroy(struct directory *directory)
{
	if (directory->lines)
		munmap(directory->lines, directory->bytes);
	directory->lines = NULL;
}
