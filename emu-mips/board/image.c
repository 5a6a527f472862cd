/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "board/image.h"
#include "dev/device.h"

static int image_size(const struct image *image, uint64_t *bytes, struct error *error)
{
	struct stat status;

	if (fstat(image->fd, &status) < 0)
		return error_set(error, -errno, "disk %s: %s", image->path, strerror(errno));
	if (S_ISREG(status.st_mode)) {
		*bytes = (uint64_t)status.st_size;
		return 0;
	}
	if (!S_ISBLK(status.st_mode) || ioctl(image->fd, BLKGETSIZE64, bytes) < 0)
		return error_set(error, -EINVAL, "disk %s: neither a file nor a block device",
				 image->path);
	return 0;
}

/* A process that has just been killed may hold the lock until the kernel has taken its ring down.
 */
static int lock_file(int fd, int kind)
{
	const struct timespec pause = {.tv_nsec = 25000000};

	for (int tries = 0; tries < 20; tries++) {
		if (flock(fd, kind | LOCK_NB) == 0)
			return 0;
		nanosleep(&pause, NULL);
	}
	return -EBUSY;
}

static int open_file(struct image *image, const struct board_disk *config, struct error *error)
{
	bool writes = !config->read_only && !config->snapshot;
	int flags = (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC;

	image->fd = open(image->path, flags | (config->direct ? O_DIRECT : 0));
	if (image->fd < 0 && config->direct && errno == EINVAL)
		image->fd = open(image->path, flags);
	else if (image->fd >= 0 && config->direct)
		image->buffered_fd = open(image->path, flags);
	if (image->fd < 0)
		return error_set(error, -errno, "disk %s: %s%s", image->path, strerror(errno),
				 errno == EACCES || errno == EROFS
					 ? " (read-only or snapshot would do without writing)"
					 : "");
	if (lock_file(image->fd, writes ? LOCK_EX : LOCK_SH))
		return error_set(error, -EBUSY, "disk %s: in use by another machine", image->path);
	return 0;
}

int image_open(struct image *image, const struct board_disk *config, struct error *error)
{
	uint64_t bytes = 0;
	int result;

	image->fd = image->buffered_fd = -1;
	image->path = strdup(config->path);
	if (!image->path)
		return error_set(error, -ENOMEM, "out of memory");
	result = open_file(image, config, error);
	if (result)
		return result;
	result = image_size(image, &bytes, error);
	if (result)
		return result;
	if (!bytes || bytes % SECTOR_SIZE)
		return error_set(error, -EINVAL,
				 "disk %s: its size of %llu bytes is not a multiple of %d",
				 image->path, (unsigned long long)bytes, SECTOR_SIZE);
	image->sectors = bytes / SECTOR_SIZE;
	return 0;
}

void image_close(struct image *image)
{
	if (image->fd >= 0) {
		/* The ring that had the file registered may hold it open for a moment longer. */
		flock(image->fd, LOCK_UN);
		close(image->fd);
	}
	if (image->buffered_fd >= 0)
		close(image->buffered_fd);
	image->fd = image->buffered_fd = -1;
	free(image->path);
	image->path = NULL;
}
