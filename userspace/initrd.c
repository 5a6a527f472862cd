// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Adds the command of --run to an initramfs: a second cpio archive after the first. The kernel
 * unpacks archives one after the other; zeros between them are padding. Format: "newc", see the
 * kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disco.h"
#include "guest.h"

#define MODE_FOLDER 040755u
#define MODE_SCRIPT 0100755u

static int pad(FILE *out)
{
	long at = ftell(out);

	for (; at >= 0 && at % 4; at++)
		fputc(0, out);
	return at < 0 ? -1 : 0;
}

static int add_entry(FILE *out, unsigned inode, const char *name, unsigned mode,
		     const char *content)
{
	unsigned size = (unsigned)strlen(content);

	/* magic, inode, mode, uid, gid, links, mtime, size, four device numbers, length of the
	 * name with its zero, checksum */
	fprintf(out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode, mode, 0,
		0, 1, 0, size, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0);
	fwrite(name, 1, strlen(name) + 1, out);
	if (pad(out))
		return -1;
	fputs(content, out);
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

int guest_initrd_with_command(const char *path, const char *command)
{
	int fd = memfd_create("initrd", 0);
	FILE *out = fd < 0 ? NULL : fdopen(dup(fd), "wb");
	int failed;

	if (!out) {
		complain(0, "cannot create a memory file: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	failed = copy_file(path, out);
	if (failed)
		complain(0, "cannot read %s: %s", path, strerror(errno));
	if (!failed && command)
		failed = pad(out) || add_entry(out, 1, "disco", MODE_FOLDER, "") ||
			 add_entry(out, 2, "disco/run", MODE_SCRIPT, command) ||
			 add_entry(out, 0, "TRAILER!!!", 0, "");
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
