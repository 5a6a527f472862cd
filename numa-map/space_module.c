/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spaces of the kernel module: calls of /dev/disco. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "space_backend.h"

struct module_space {
	struct nmap_space space; /* first */
	int fd;
	uint32_t max_batch;
	size_t view_size;
	void *window; /* the flush window: makes a batch cost one TLB flush */
	size_t window_size;
};

static int read_info(int fd, struct disco_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	if (ioctl(fd, DISCO_INFO, info))
		return -errno;
	return info->version == DISCO_ABI_VERSION ? 0 : -EPROTO;
}

static void module_capabilities(struct nmap_capabilities *capabilities)
{
	struct disco_info info;
	int fd = open(NMAP_DEVICE, O_RDWR | O_CLOEXEC);
	int status;

	if (fd < 0) {
		snprintf(capabilities->why, NMAP_TEXT, "%s: %s%s", NMAP_DEVICE, strerror(errno),
			 errno == ENOENT ? " (the module is not loaded)" : "");
		return;
	}
	status = read_info(fd, &info);
	close(fd);
	if (status) {
		snprintf(capabilities->why, NMAP_TEXT, "%s: %s", NMAP_DEVICE,
			 status == -EPROTO ? "the module has another interface version"
					   : strerror(-status));
		return;
	}
	capabilities->usable = true;
	capabilities->one_flush = info.capabilities & DISCO_CAP_ONE_FLUSH;
	capabilities->counters = info.capabilities & (DISCO_CAP_COUNT_SCAN | DISCO_CAP_COUNT_HINT);
	capabilities->max_slots =
		info.max_slots > UINT32_MAX ? UINT32_MAX : (uint32_t)info.max_slots;
}

static void module_destroy(struct nmap_space *space)
{
	struct module_space *module = (struct module_space *)space;

	for (unsigned view = 0; view < space->views; view++) {
		if (space->view[view])
			munmap(space->view[view], module->view_size);
	}
	if (module->window)
		munmap(module->window, module->window_size);
	if (module->fd >= 0)
		close(module->fd);
	free(module);
}

static void *map_or_null(int fd, size_t size, int protection, uint64_t offset)
{
	void *address = mmap(NULL, size, protection, MAP_SHARED, fd, (off_t)offset);

	return address == MAP_FAILED ? NULL : address;
}

static int module_map(struct module_space *module, const struct disco_space_create *create)
{
	struct nmap_space *space = &module->space;

	module->window_size = create->window_size;
	module->window =
		map_or_null(module->fd, create->window_size, PROT_READ, create->window_offset);
	if (!module->window)
		return -errno;
	for (unsigned view = 0; view < space->views; view++) {
		space->view[view] = map_or_null(module->fd, module->view_size,
						PROT_READ | PROT_WRITE, view * create->view_stride);
		if (!space->view[view])
			return -errno;
	}
	return 0;
}

static int module_open(struct module_space *module)
{
	const struct nmap_space *space = &module->space;
	struct disco_space_create create = {
		.size = sizeof(create),
		.slots = space->slots,
		.views = space->views,
	};
	struct disco_info info;
	int status;

	module->fd = open(NMAP_DEVICE, O_RDWR | O_CLOEXEC);
	if (module->fd < 0)
		return -errno;
	status = read_info(module->fd, &info);
	if (status)
		return status;
	module->max_batch = info.max_batch;
	memcpy(create.view_node, space->view_node, sizeof(create.view_node));
	if (ioctl(module->fd, DISCO_SPACE_CREATE, &create))
		return -errno;
	return module_map(module, &create);
}

static int module_create(const struct nmap_space *shape, struct nmap_space **space, char *error)
{
	struct module_space *module = calloc(1, sizeof(*module));
	int status;

	if (!module)
		return -ENOMEM;
	module->space = *shape;
	module->view_size = shape->slots * shape->page_size;
	status = module_open(module);
	if (status) {
		snprintf(error, NMAP_TEXT, "%s: a space of %u pages: %s", NMAP_DEVICE, shape->slots,
			 strerror(-status));
		module_destroy(&module->space);
		return status;
	}
	*space = &module->space;
	return 0;
}

static int remap_piece(int fd, struct disco_remap_entry *entries, uint32_t count, uint32_t *flushes)
{
	struct disco_remap remap = {
		.size = sizeof(remap),
		.entries = (uintptr_t)entries,
		.count = count,
	};

	while (ioctl(fd, DISCO_REMAP, &remap)) {
		if (errno != EINTR)
			return -errno;
		*flushes += remap.flushes;
	}
	*flushes += remap.flushes;
	return 0;
}

static int module_remap(struct nmap_space *space, struct disco_remap_entry *entries, uint32_t count,
			uint32_t *flushes)
{
	struct module_space *module = (struct module_space *)space;
	int status = 0;

	*flushes = 0;
	for (uint32_t at = 0; at < count && !status;) {
		uint32_t piece = count - at < module->max_batch ? count - at : module->max_batch;

		status = remap_piece(module->fd, entries + at, piece, flushes);
		at += piece;
	}
	return status;
}

static int module_query(struct nmap_space *space, struct disco_query_entry *entries, uint32_t count)
{
	struct module_space *module = (struct module_space *)space;

	for (uint32_t at = 0; at < count;) {
		uint32_t piece = count - at < module->max_batch ? count - at : module->max_batch;
		struct disco_query query = {
			.size = sizeof(query),
			.entries = (uintptr_t)(entries + at),
			.count = piece,
		};

		if (ioctl(module->fd, DISCO_QUERY, &query))
			return -errno;
		at += piece;
	}
	return 0;
}

const struct nmap_backend nmap_backend_module = {
	.name = "module",
	.capabilities = module_capabilities,
	.create = module_create,
	.destroy = module_destroy,
	.remap = module_remap,
	.query = module_query,
};
