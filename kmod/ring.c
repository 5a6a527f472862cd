// SPDX-License-Identifier: GPL-2.0
/* The ring of hot slots, which the user maps: the kernel writes, the user reads. */
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "disco.h"

size_t disco_ring_bytes(const struct disco_space *space)
{
	size_t entries = (size_t)space->ring.mask + 1;

	if (!space->ring.ring)
		return 0;
	return PAGE_ALIGN(sizeof(struct disco_ring) + entries * sizeof(struct disco_ring_entry));
}

int disco_ring_init(struct disco_space *space, u32 entries)
{
	struct disco_ring_state *ring = &space->ring;

	spin_lock_init(&ring->lock);
	init_waitqueue_head(&ring->wait);
	if (!entries)
		return 0;
	ring->mask = entries - 1;
	ring->ring = __vmalloc(PAGE_ALIGN(struct_size(ring->ring, entries, entries)),
			       GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
	if (!ring->ring)
		return -ENOMEM;
	ring->ring->mask = ring->mask;
	return 0;
}

void disco_ring_exit(struct disco_space *space)
{
	if (space->ring.eventfd)
		eventfd_ctx_put(space->ring.eventfd);
	vfree(space->ring.ring);
}

/* What the user wrote into the ring is only trusted for the room it claims, never for places. */
static bool ring_full(const struct disco_ring_state *ring)
{
	/* The user has read the places it gives back. */
	return ring->head - smp_load_acquire(&ring->ring->tail) > ring->mask;
}

void disco_ring_push(struct disco_space *space, const struct disco_ring_entry *entry)
{
	struct disco_ring_state *ring = &space->ring;
	unsigned long flags;

	if (!ring->ring)
		return;
	spin_lock_irqsave(&ring->lock, flags);
	if (ring_full(ring)) {
		WRITE_ONCE(ring->ring->lost, ++ring->lost);
	} else {
		ring->ring->entries[ring->head & ring->mask] = *entry;
		smp_store_release(&ring->ring->head, ++ring->head); /* after the entry */
		if (ring->eventfd)
			disco_eventfd_signal(ring->eventfd);
	}
	spin_unlock_irqrestore(&ring->lock, flags);
	wake_up_poll(&ring->wait, EPOLLIN);
}

bool disco_ring_has(struct disco_space *space)
{
	return READ_ONCE(space->ring.head) != READ_ONCE(space->ring.ring->tail);
}
