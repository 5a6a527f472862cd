/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "board/overlay.h"
#include "dev/device.h"

static int open_temporary(void)
{
	const char *folder = getenv("TMPDIR");
	int fd =
		open(folder && *folder ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? memfd_create("disco-overlay", MFD_CLOEXEC) : fd;
}

int overlay_open(struct overlay *overlay, uint64_t sectors, struct error *error)
{
	overlay->sectors = sectors;
	overlay->bits = mmap(NULL, sectors / 8 + 1, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (overlay->bits == MAP_FAILED) {
		overlay->bits = NULL;
		return error_set(error, -ENOMEM, "out of memory for a snapshot");
	}
	overlay->fd = open_temporary();
	if (overlay->fd < 0 || ftruncate(overlay->fd, (off_t)(sectors * SECTOR_SIZE)) < 0) {
		int result = error_set(error, -errno, "temporary file for a snapshot: %s",
				       strerror(errno));

		overlay_close(overlay);
		return result;
	}
	return 0;
}

void overlay_close(struct overlay *overlay)
{
	if (!overlay->bits)
		return;
	munmap(overlay->bits, overlay->sectors / 8 + 1);
	overlay->bits = NULL;
	if (overlay->fd >= 0)
		close(overlay->fd);
}

void overlay_mark(struct overlay *overlay, uint64_t sector, uint64_t sectors)
{
	for (; sectors; sector++, sectors--)
		overlay->bits[sector / 8] |= (uint8_t)(1u << sector % 8);
}

bool overlay_has(const struct overlay *overlay, uint64_t sector, uint64_t sectors, uint64_t *run)
{
	bool there = overlay->bits[sector / 8] >> sector % 8 & 1;
	uint64_t end = sector + sectors, first = sector;

	while (sector < end && (overlay->bits[sector / 8] >> sector % 8 & 1) == there)
		sector++;
	*run = sector - first;
	return there;
}
