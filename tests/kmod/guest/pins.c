// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that a device might be writing to are not moved. A pipe filled with vmsplice holds a
 * reference to the page, as a request in flight does, until it is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guest.h"

void test_pins(long arg)
{
	struct disco_remap_entry entry[8];
	static char drain[PAGE];
	struct space space;
	struct iovec iov;
	int pipes[2], i;
	bool others = true;

	(void)arg;
	space_open(&space, 64, 4, 0, 0);
	space_map(&space, true);
	for (i = 0; i < 8; i++) {
		*word(&space, 0, i, 0) = i + 1;
		entry[i] = (struct disco_remap_entry){ .slot = i, .op = DISCO_OP_MIGRATE, .node = 2 };
	}
	if (pipe2(pipes, O_CLOEXEC))
		die("pipe");
	iov = (struct iovec){ space.view[0] + 3 * PAGE, PAGE };
	if (vmsplice(pipes[1], &iov, 1, 0) != (ssize_t)PAGE)
		die("vmsplice");
	check(!remap(&space, entry, 8) && entry[3].status == -EBUSY, "a held page is refused");
	for (i = 0; i < 8; i++)
		others &= i == 3 || (!entry[i].status && query_one(&space, i).node == 2);
	check(others && query_one(&space, 3).node == 0, "the others of the batch moved");
	check(*word(&space, 1, 3, 0) == 4 && *word(&space, 0, 3, 0) == 4, "the held page is still mapped");
	*word(&space, 0, 3, 1) = 99;
	check(remap_one(&space, 3, DISCO_OP_ZERO, 0, 0) == -EBUSY &&
		      remap_one(&space, 3, DISCO_OP_RELEASE, 0, 0) == -EBUSY &&
		      remap_one(&space, 3, DISCO_OP_REPLICATE, 0, 15) == -EBUSY &&
		      remap_one(&space, 3, DISCO_OP_SHARE, 0, 4) == -EBUSY &&
		      remap_one(&space, 4, DISCO_OP_SHARE, 0, 3) == -EBUSY,
	      "zero, release, replicate and share of a held page are refused");
	check(read(pipes[0], drain, PAGE) == (ssize_t)PAGE && ((uint64_t *)drain)[1] == 99,
	      "who holds it sees what was written");
	check(!remap_one(&space, 3, DISCO_OP_MIGRATE, 2, 0) && query_one(&space, 3).node == 2 &&
		      *word(&space, 0, 3, 1) == 99,
	      "it moves when it is let go");
	space_close(&space);
}
