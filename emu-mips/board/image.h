/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOARD_IMAGE_H
#define BOARD_IMAGE_H

#include "emu/board.h"

struct image {
	char *path;
	int fd;
	int buffered_fd; /* beside an fd with O_DIRECT; otherwise -1 */
	uint64_t sectors;
};

/* Opens a raw image (file or block device) as @config says and locks it: exclusively for writing,
 * shared otherwise. 0, or a negative errno with @error set; image_close() in either case. */
int image_open(struct image *image, const struct board_disk *config, struct error *error);
void image_close(struct image *image);

#endif
