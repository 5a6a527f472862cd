/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spaces without the module: a memfd holds frames (pages), and each view maps one frame for each
 * slot. A replica or a shared page is mapped read-only; a write to it arrives as SIGSEGV and
 * collapses or breaks. The whole file is mapped a second time (master), for copying and for setting
 * the node a frame is allocated on.
 *
 * Frame s belongs to slot s at first, so that an untouched space is one mapping per view. Each
 * operation splits the mappings: vm.max_map_count (65530) bounds how many slots can be moved, and
 * entries beyond it end with ENOMEM.
 */
#include <errno.h>
#include <fcntl.h>
#include <numaif.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fault.h"
#include "space_backend.h"

#define NO_FRAME  UINT32_MAX
#define MAX_SLOTS (UINT32_C(1) << 24)

struct memfd_slot {
	uint32_t frame;
	bool read_only; /* mapped without the right to write: replicated or shared */
};

struct memfd_space {
	struct nmap_space space; /* first */
	pthread_mutex_t lock;	 /* of everything below */
	int fd;
	uint32_t frames;       /* slots * (views + 1): every slot replicated everywhere */
	unsigned char *master; /* all frames */
	struct memfd_slot *slot;
	uint32_t *replica;    /* [slot * views + view]: frame, or NO_FRAME */
	uint32_t *references; /* of each frame: slots that use it as their original */
	uint32_t *free;	      /* stack of free frames */
	uint32_t free_count;
};

static struct memfd_space *memfd_of(struct nmap_space *space)
{
	return (struct memfd_space *)space;
}

static unsigned char *frame_address(const struct memfd_space *memfd, uint32_t frame)
{
	return memfd->master + (size_t)frame * memfd->space.page_size;
}

static uint32_t *replica_of(struct memfd_space *memfd, uint32_t slot, unsigned view)
{
	return &memfd->replica[(size_t)slot * memfd->space.views + view];
}

/* Index of the view on the kernel's node @node, or -1. */
static int view_on(const struct memfd_space *memfd, unsigned node)
{
	for (unsigned view = 0; view < memfd->space.views; view++) {
		if (memfd->space.view_node[view] == node)
			return (int)view;
	}
	return -1;
}

static bool frame_present(const struct memfd_space *memfd, uint32_t frame)
{
	off_t offset = (off_t)frame * (off_t)memfd->space.page_size;

	return lseek(memfd->fd, offset, SEEK_DATA) == offset;
}

static void frame_discard(const struct memfd_space *memfd, uint32_t frame)
{
	off_t size = (off_t)memfd->space.page_size;

	fallocate(memfd->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)frame * size, size);
}

static void frame_free(struct memfd_space *memfd, uint32_t frame)
{
	frame_discard(memfd, frame);
	memfd->free[memfd->free_count++] = frame;
}

/* The page of @frame is to be allocated on the kernel's @node. Without NUMA there is no choice. */
static void frame_prefer(const struct memfd_space *memfd, uint32_t frame, unsigned node)
{
	unsigned long mask[DISCO_MAX_NODE / (8 * sizeof(unsigned long)) + 1] = {0};
	unsigned bits = 8 * sizeof(mask[0]);

	if (memfd->space.views == 1)
		return;
	mask[node / bits] |= 1ul << (node % bits);
	mbind(frame_address(memfd, frame), memfd->space.page_size, MPOL_PREFERRED, mask,
	      8 * sizeof(mask), 0);
}

static uint32_t frame_allocate(struct memfd_space *memfd, unsigned node)
{
	uint32_t frame;

	if (memfd->free_count == 0)
		return NO_FRAME;
	frame = memfd->free[--memfd->free_count];
	frame_prefer(memfd, frame, node);
	return frame;
}

static uint32_t frame_copy(struct memfd_space *memfd, uint32_t from, unsigned node)
{
	uint32_t frame = frame_allocate(memfd, node);

	if (frame != NO_FRAME)
		memcpy(frame_address(memfd, frame), frame_address(memfd, from),
		       memfd->space.page_size);
	return frame;
}

/* Node of the frame's page; the first view's when that cannot be told (host without NUMA). */
static unsigned frame_node(const struct memfd_space *memfd, uint32_t frame)
{
	volatile unsigned char *touch = frame_address(memfd, frame);
	int node;

	(void)*touch; /* move_pages tells only of pages this mapping has */
	node = nmap_node_of(frame_address(memfd, frame));
	return node >= 0 ? (unsigned)node : memfd->space.view_node[0];
}

static int view_map(struct memfd_space *memfd, uint32_t slot, unsigned view, uint32_t frame,
		    int protection)
{
	size_t size = memfd->space.page_size;
	void *address = memfd->space.view[view] + slot * size;

	if (mmap(address, size, protection, MAP_SHARED | MAP_FIXED, memfd->fd,
		 (off_t)frame * (off_t)size) == MAP_FAILED)
		return -errno;
	return 0;
}

/* Maps the slot in every view: its original, or the view's replica. */
static int slot_map(struct memfd_space *memfd, uint32_t slot, bool read_only)
{
	int protection = read_only ? PROT_READ : PROT_READ | PROT_WRITE;

	for (unsigned view = 0; view < memfd->space.views; view++) {
		uint32_t replica = *replica_of(memfd, slot, view);
		uint32_t frame = replica != NO_FRAME ? replica : memfd->slot[slot].frame;
		int status = view_map(memfd, slot, view, frame, protection);

		if (status)
			return status;
	}
	memfd->slot[slot].read_only = read_only;
	return 0;
}

static bool slot_shared(const struct memfd_space *memfd, uint32_t slot)
{
	return memfd->references[memfd->slot[slot].frame] > 1;
}

static bool slot_replicated(struct memfd_space *memfd, uint32_t slot)
{
	for (unsigned view = 0; view < memfd->space.views; view++) {
		if (*replica_of(memfd, slot, view) != NO_FRAME)
			return true;
	}
	return false;
}

/* Takes the slot's replicas away into @frames; they are freed when no view maps them any more. */
static unsigned detach_replicas(struct memfd_space *memfd, uint32_t slot, uint32_t *frames)
{
	unsigned count = 0;

	for (unsigned view = 0; view < memfd->space.views; view++) {
		uint32_t *replica = replica_of(memfd, slot, view);

		if (*replica != NO_FRAME)
			frames[count++] = *replica;
		*replica = NO_FRAME;
	}
	return count;
}

static void free_frames(struct memfd_space *memfd, const uint32_t *frames, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		frame_free(memfd, frames[i]);
}

/* Back to one page: the replica of view @keep if it has one (-1: the original). */
static int collapse(struct memfd_space *memfd, uint32_t slot, int keep)
{
	uint32_t *replica = keep >= 0 ? replica_of(memfd, slot, (unsigned)keep) : NULL;
	uint32_t original = memfd->slot[slot].frame;
	uint32_t unused[NMAP_MAX_NODES];
	unsigned count;
	int status;

	if (!slot_replicated(memfd, slot))
		return 0;
	if (replica && *replica != NO_FRAME) {
		memfd->slot[slot].frame = *replica;
		memfd->references[*replica] = 1;
		memfd->references[original] = 0;
		*replica = original;
	}
	count = detach_replicas(memfd, slot, unused);
	status = slot_map(memfd, slot, false);
	free_frames(memfd, unused, count);
	return status;
}

/* Puts the slot on @frame in place of its own page, which loses a reference. */
static int swing(struct memfd_space *memfd, uint32_t slot, uint32_t frame, bool read_only)
{
	uint32_t old = memfd->slot[slot].frame;
	int status;

	memfd->slot[slot].frame = frame;
	memfd->references[frame]++;
	status = slot_map(memfd, slot, read_only);
	if (--memfd->references[old] == 0)
		frame_free(memfd, old);
	return status;
}

static int op_migrate(struct memfd_space *memfd, const struct disco_remap_entry *entry)
{
	uint32_t frame, slot = entry->slot;
	int status;

	if (view_on(memfd, entry->node) < 0 || entry->arg)
		return -EINVAL;
	if (slot_shared(memfd, slot))
		return -EMLINK;
	status = collapse(memfd, slot, view_on(memfd, entry->node));
	if (status)
		return status;
	if (!frame_present(memfd, memfd->slot[slot].frame)) {
		frame_prefer(memfd, memfd->slot[slot].frame, entry->node);
		memset(frame_address(memfd, memfd->slot[slot].frame), 0, memfd->space.page_size);
		return 0;
	}
	if (frame_node(memfd, memfd->slot[slot].frame) == entry->node)
		return 0;
	status = slot_map(memfd, slot, true); /* no write may fall between copy and swing */
	if (status)
		return status;
	frame = frame_copy(memfd, memfd->slot[slot].frame, entry->node);
	if (frame == NO_FRAME)
		return -ENOMEM;
	return swing(memfd, slot, frame, false);
}

static int op_replicate(struct memfd_space *memfd, const struct disco_remap_entry *entry)
{
	uint32_t slot = entry->slot;
	unsigned home;
	int status;

	if (slot_shared(memfd, slot))
		return -EMLINK;
	status = slot_map(memfd, slot, true);
	if (status)
		return status;
	home = frame_node(memfd, memfd->slot[slot].frame);
	for (unsigned view = 0; view < memfd->space.views; view++) {
		unsigned node = memfd->space.view_node[view];
		uint32_t *replica = replica_of(memfd, slot, view);

		if (node >= 64 || !(entry->arg >> node & 1) || node == home || *replica != NO_FRAME)
			continue;
		*replica = frame_copy(memfd, memfd->slot[slot].frame, node);
		if (*replica == NO_FRAME)
			return -ENOMEM;
	}
	return slot_map(memfd, slot, slot_replicated(memfd, slot));
}

static int op_collapse(struct memfd_space *memfd, const struct disco_remap_entry *entry)
{
	if (entry->node != DISCO_NODE_ANY && view_on(memfd, entry->node) < 0)
		return -EINVAL;
	if (!frame_present(memfd, memfd->slot[entry->slot].frame))
		return -ENODATA;
	return collapse(memfd, entry->slot, view_on(memfd, entry->node));
}

static int op_share(struct memfd_space *memfd, const struct disco_remap_entry *entry)
{
	uint32_t slot = entry->slot, other = (uint32_t)entry->arg;
	uint32_t unused[NMAP_MAX_NODES];
	unsigned count;
	int status;

	if (entry->arg >= memfd->space.slots || other == slot)
		return -EINVAL;
	if (!frame_present(memfd, memfd->slot[other].frame))
		return -ENODATA;
	status = collapse(memfd, other, -1);
	if (!status)
		status = slot_map(memfd, other, true);
	if (status)
		return status;
	count = detach_replicas(memfd, slot, unused);
	status = swing(memfd, slot, memfd->slot[other].frame, true);
	free_frames(memfd, unused, count);
	return status;
}

static int break_share(struct memfd_space *memfd, uint32_t slot, unsigned node)
{
	uint32_t frame;

	if (!slot_shared(memfd, slot))
		return slot_map(memfd, slot, false);
	frame = frame_copy(memfd, memfd->slot[slot].frame, node);
	if (frame == NO_FRAME)
		return -ENOMEM;
	return swing(memfd, slot, frame, false);
}

static int op_break(struct memfd_space *memfd, const struct disco_remap_entry *entry)
{
	unsigned node = entry->node;

	if (node != DISCO_NODE_ANY && view_on(memfd, node) < 0)
		return -EINVAL;
	if (!frame_present(memfd, memfd->slot[entry->slot].frame))
		return -ENODATA;
	if (slot_replicated(memfd, entry->slot))
		return 0;
	if (node == DISCO_NODE_ANY)
		node = frame_node(memfd, memfd->slot[entry->slot].frame);
	return break_share(memfd, entry->slot, node);
}

static int op_zero(struct memfd_space *memfd, const struct disco_remap_entry *entry)
{
	int status;

	if (slot_shared(memfd, entry->slot))
		return -EMLINK;
	status = collapse(memfd, entry->slot, -1);
	if (!status && frame_present(memfd, memfd->slot[entry->slot].frame))
		memset(frame_address(memfd, memfd->slot[entry->slot].frame), 0,
		       memfd->space.page_size);
	return status;
}

static int op_release(struct memfd_space *memfd, const struct disco_remap_entry *entry)
{
	uint32_t frame, slot = entry->slot;
	int status = collapse(memfd, slot, -1);

	if (status)
		return status;
	if (!slot_shared(memfd, slot)) {
		frame_discard(memfd, memfd->slot[slot].frame);
		return slot_map(memfd, slot, false);
	}
	frame = frame_allocate(memfd, memfd->space.view_node[0]);
	return frame == NO_FRAME ? -ENOMEM : swing(memfd, slot, frame, false);
}

static int (*const operations[])(struct memfd_space *, const struct disco_remap_entry *) = {
	[DISCO_OP_MIGRATE] = op_migrate,   [DISCO_OP_REPLICATE] = op_replicate,
	[DISCO_OP_COLLAPSE] = op_collapse, [DISCO_OP_SHARE] = op_share,
	[DISCO_OP_BREAK] = op_break,	   [DISCO_OP_ZERO] = op_zero,
	[DISCO_OP_RELEASE] = op_release,
};

static int memfd_remap(struct nmap_space *space, struct disco_remap_entry *entries, uint32_t count,
		       uint32_t *flushes)
{
	struct memfd_space *memfd = memfd_of(space);

	*flushes = 0;
	pthread_mutex_lock(&memfd->lock);
	for (uint32_t i = 0; i < count; i++) {
		struct disco_remap_entry *entry = &entries[i];

		entry->status = -EINVAL;
		if (entry->slot >= space->slots || entry->op < DISCO_OP_MIGRATE ||
		    entry->op > DISCO_OP_RELEASE)
			continue;
		entry->status = operations[entry->op](memfd, entry);
		*flushes += space->views; /* one for each mapping changed */
	}
	pthread_mutex_unlock(&memfd->lock);
	return 0;
}

static void query_one(struct memfd_space *memfd, struct disco_query_entry *entry)
{
	uint32_t frame;

	entry->flags = 0;
	entry->node = DISCO_NODE_ANY;
	entry->replicas = 0;
	entry->sharers = 0;
	entry->status = entry->slot < memfd->space.slots ? 0 : -EINVAL;
	if (entry->status)
		return;
	frame = memfd->slot[entry->slot].frame;
	if (!frame_present(memfd, frame))
		return;
	entry->flags = DISCO_SLOT_PRESENT;
	entry->node = (uint16_t)frame_node(memfd, frame);
	entry->sharers = memfd->references[frame];
	for (unsigned view = 0; view < memfd->space.views; view++) {
		if (*replica_of(memfd, entry->slot, view) != NO_FRAME)
			entry->replicas |= UINT64_C(1) << view;
	}
	if (entry->replicas)
		entry->flags |= DISCO_SLOT_REPLICATED;
	if (entry->sharers > 1)
		entry->flags |= DISCO_SLOT_SHARED;
}

static int memfd_query(struct nmap_space *space, struct disco_query_entry *entries, uint32_t count)
{
	struct memfd_space *memfd = memfd_of(space);

	pthread_mutex_lock(&memfd->lock);
	for (uint32_t i = 0; i < count; i++)
		query_one(memfd, &entries[i]);
	pthread_mutex_unlock(&memfd->lock);
	return 0;
}

/* A write to a read-only page of a view: makes the slot writable. */
static bool memfd_fault(void *opaque, void *address)
{
	struct memfd_space *memfd = opaque;
	size_t size = (size_t)memfd->space.slots * memfd->space.page_size;

	for (unsigned view = 0; view < memfd->space.views; view++) {
		size_t offset = (size_t)((uintptr_t)address - (uintptr_t)memfd->space.view[view]);
		uint32_t slot = (uint32_t)(offset / memfd->space.page_size);
		int status;

		if (offset >= size)
			continue;
		pthread_mutex_lock(&memfd->lock);
		status = collapse(memfd, slot, (int)view);
		if (!status && memfd->slot[slot].read_only)
			status = break_share(memfd, slot, memfd->space.view_node[view]);
		pthread_mutex_unlock(&memfd->lock);
		return status == 0;
	}
	return false;
}

static void memfd_capabilities(struct nmap_capabilities *capabilities)
{
	capabilities->usable = true;
	capabilities->max_slots = MAX_SLOTS;
	snprintf(capabilities->why, NMAP_TEXT,
		 "a system call and a TLB flush for each slot and view; no access counters");
}

static void memfd_destroy(struct nmap_space *space)
{
	struct memfd_space *memfd = memfd_of(space);
	size_t size = space->slots * space->page_size;

	fault_unregister(memfd);
	for (unsigned view = 0; view < space->views; view++) {
		if (space->view[view])
			munmap(space->view[view], size);
	}
	if (memfd->master)
		munmap(memfd->master, memfd->frames * space->page_size);
	if (memfd->fd >= 0)
		close(memfd->fd);
	free(memfd->slot);
	free(memfd->replica);
	free(memfd->references);
	free(memfd->free);
	pthread_mutex_destroy(&memfd->lock);
	free(memfd);
}

static int memfd_tables(struct memfd_space *memfd)
{
	uint32_t slots = memfd->space.slots;
	size_t replicas = (size_t)slots * memfd->space.views;

	memfd->slot = calloc(slots, sizeof(*memfd->slot));
	memfd->replica = malloc(replicas * sizeof(*memfd->replica));
	memfd->references = calloc(memfd->frames, sizeof(*memfd->references));
	memfd->free = calloc(memfd->frames, sizeof(*memfd->free));
	if (!memfd->slot || !memfd->replica || !memfd->references || !memfd->free)
		return -ENOMEM;
	memset(memfd->replica, 0xff, replicas * sizeof(*memfd->replica));
	for (uint32_t slot = 0; slot < slots; slot++) {
		memfd->slot[slot].frame = slot;
		memfd->references[slot] = 1;
	}
	for (uint32_t frame = memfd->frames; frame > slots; frame--)
		memfd->free[memfd->free_count++] = frame - 1;
	return 0;
}

static unsigned char *map_file(int fd, size_t size)
{
	void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);

	return address == MAP_FAILED ? NULL : address;
}

static int memfd_mappings(struct memfd_space *memfd)
{
	struct nmap_space *space = &memfd->space;
	size_t size = memfd->frames * space->page_size;

	memfd->fd = memfd_create("disco-space", MFD_CLOEXEC);
	if (memfd->fd < 0 || ftruncate(memfd->fd, (off_t)size))
		return -errno;
	memfd->master = map_file(memfd->fd, size);
	if (!memfd->master)
		return -errno;
	for (unsigned view = 0; view < space->views; view++) {
		space->view[view] = map_file(memfd->fd, space->slots * space->page_size);
		if (!space->view[view])
			return -errno;
	}
	return fault_register(memfd_fault, memfd);
}

static int memfd_create_space(const struct nmap_space *shape, struct nmap_space **space,
			      char *error)
{
	struct memfd_space *memfd = calloc(1, sizeof(*memfd));
	int status;

	if (!memfd)
		return -ENOMEM;
	memfd->space = *shape;
	memfd->fd = -1;
	memfd->frames = shape->slots * (shape->views + 1);
	pthread_mutex_init(&memfd->lock, NULL);
	status = memfd_tables(memfd);
	if (!status)
		status = memfd_mappings(memfd);
	if (status) {
		snprintf(error, NMAP_TEXT, "memfd: a space of %u pages: %s", shape->slots,
			 strerror(-status));
		memfd_destroy(&memfd->space);
		return status;
	}
	*space = &memfd->space;
	return 0;
}

const struct nmap_backend nmap_backend_memfd = {
	.name = "memfd",
	.capabilities = memfd_capabilities,
	.create = memfd_create_space,
	.destroy = memfd_destroy,
	.remap = memfd_remap,
	.query = memfd_query,
};
