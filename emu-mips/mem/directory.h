/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory: for each line of memory who has it, and how. One for the whole machine; the part
 * of a node is the lines it is home of. */
#ifndef MEM_DIRECTORY_H
#define MEM_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct directory_line {
	uint64_t sharers;     /* bit n: CPU n has the line */
	uint64_t touched;     /* bit n: CPU n had it once */
	uint64_t invalidated; /* bit n: CPU n lost it to the last write by another */
	uint8_t written;      /* which 8 bytes of the line that write was to */
	bool owned;	      /* the only sharer has it exclusive or modified */
};

struct directory {
	struct directory_line *lines; /* mapped, zero until used */
	size_t bytes;
	unsigned line_shift;
};

/* 0 or -ENOMEM. */
int directory_create(struct directory *directory, uint64_t memory, unsigned line_shift);
void directory_destroy(struct directory *directory);

static inline struct directory_line *directory_line(const struct directory *directory, uint64_t pa)
{
	return &directory->lines[pa >> directory->line_shift];
}

#endif
