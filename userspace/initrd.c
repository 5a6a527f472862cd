// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Adds disco-mark and the command of --run to an initramfs: a second cpio archive after the first.
 * The kernel unpacks archives one after the other; zeros between them are padding. Format: "newc",
 * see the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disco.h"
#include "guest.h"

#define MODE_FOLDER  040755u
#define MODE_PROGRAM 0100755u
#define MARK_MAX     65536

static int pad(FILE *out)
{
	long at = ftell(out);

	for (; at >= 0 && at % 4; at++)
		fputc(0, out);
	return at < 0 ? -1 : 0;
}

static int add_entry(FILE *out, unsigned inode, const char *name, unsigned mode,
		     const void *content, size_t length)
{
	unsigned size = (unsigned)length;

	/* magic, inode, mode, uid, gid, links, mtime, size, four device numbers, length of the
	 * name with its zero, checksum */
	fprintf(out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode, mode, 0,
		0, 1, 0, size, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0);
	fwrite(name, 1, strlen(name) + 1, out);
	if (pad(out))
		return -1;
	fwrite(content, 1, length, out);
	return pad(out);
}

static int copy_file(const char *path, FILE *out)
{
	char buffer[65536];
	FILE *in = fopen(path, "rb");
	size_t length;
	int failed;

	if (!in)
		return -1;
	while ((length = fread(buffer, 1, sizeof(buffer), in)) > 0)
		fwrite(buffer, 1, length, out);
	failed = ferror(in);
	fclose(in);
	return failed ? -1 : 0;
}

/* disco-mark; a tree that has not been built whole goes without. */
static int add_mark(FILE *out, const struct guest *guest)
{
	static char content[MARK_MAX];
	char *path = data_path(guest->mark);
	size_t length = 0;
	FILE *in;

	if (!path)
		path = program_path(guest->mark);
	in = path ? fopen(path, "rb") : NULL;
	if (in) {
		length = fread(content, 1, sizeof(content), in);
		fclose(in);
	}
	free(path);
	return length ? add_entry(out, 3, "bin/disco-mark", MODE_PROGRAM, content, length) : 0;
}

static int add_command(FILE *out, const char *command)
{
	if (!command)
		return 0;
	if (add_entry(out, 1, "disco", MODE_FOLDER, "", 0))
		return -1;
	return add_entry(out, 2, "disco/run", MODE_PROGRAM, command, strlen(command));
}

int guest_initrd(const struct guest *guest, const char *command)
{
	int fd = memfd_create("initrd", 0);
	FILE *out = fd < 0 ? NULL : fdopen(dup(fd), "wb");
	char *path = cache_path(guest->initrd);
	int failed;

	if (!out || !path) {
		complain(0, "cannot create a memory file: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		free(path);
		return -1;
	}
	failed = copy_file(path, out);
	if (failed)
		complain(0, "cannot read %s: %s", path, strerror(errno));
	else
		failed = pad(out) || add_mark(out, guest) || add_command(out, command) ||
			 add_entry(out, 0, "TRAILER!!!", 0, "", 0);
	free(path);
	if (fclose(out) && !failed) {
		complain(0, "cannot write the initramfs: %s", strerror(errno));
		failed = -1;
	}
	if (failed) {
		close(fd);
		return -1;
	}
	return fd;
}
