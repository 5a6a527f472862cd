/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio block device (VIRTIO 1.2, 5.2): many requests at once, each handed to the back end as
 * segments of guest memory, so that data is never copied here. */
#include "dev/virtio.h"

#define F_SEG_MAX	   (UINT64_C(1) << 2)
#define F_READ_ONLY	   (UINT64_C(1) << 5)
#define F_BLK_SIZE	   (UINT64_C(1) << 6)
#define F_FLUSH		   (UINT64_C(1) << 9)
#define F_DISCARD	   (UINT64_C(1) << 13)
#define F_WRITE_ZEROES	   (UINT64_C(1) << 14)

#define T_IN		   0
#define T_OUT		   1
#define T_FLUSH		   4
#define T_GET_ID	   8
#define T_DISCARD	   11
#define T_WRITE_ZEROES	   13

#define S_OK		   0
#define S_IO_ERROR	   1
#define S_UNSUPPORTED	   2

#define ID_BYTES	   20
#define MAX_REQUEST	   (UINT64_C(64) << 20) /* bytes; hostile drivers ask for more */
#define WRITE_ZEROES_UNMAP 1u

struct header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

struct range {
	uint64_t sector;
	uint32_t sectors;
	uint32_t flags;
};

/*
 * Copies to @to the part [skip, skip + length) of the @count segments at @from. Returns the number
 * of segments, or -1 when there are more than BLOCK_MAX_SEGMENTS.
 */
static int slice(const struct guest_segment *from, unsigned count, uint64_t skip, uint64_t length,
		 struct guest_segment *to)
{
	int made = 0;

	for (; count && length; from++, count--) {
		uint64_t part = from->length;

		if (skip >= part) {
			skip -= part;
			continue;
		}
		part -= skip;
		if (part > length)
			part = length;
		if (made == BLOCK_MAX_SEGMENTS)
			return -1;
		to[made++] = (struct guest_segment){
			.pa = from->pa + skip, .length = (uint32_t)part, .write = from->write};
		skip = 0;
		length -= part;
	}
	return made;
}

static struct virtio_block_slot *free_slot(struct virtio_block *block)
{
	for (unsigned n = 0; n < VIRTIO_QUEUE_SIZE; n++)
		if (!block->slot[n].busy)
			return &block->slot[n];
	return NULL;
}

/* Answers the request in @slot: @written bytes of data and the status byte. */
static void answer(struct virtio_block_slot *slot, uint8_t status, uint32_t written)
{
	struct virtio_device *device = &slot->block->device;

	if (status != S_OK) {
		slot->block->stats.errors++;
		written = 0;
	}
	slot->busy = false;
	/* used.len counts from the start of the writable part, so it may only cover the status
	 * when all data before it was written. */
	guest_write(device->memory, slot->status.pa, &status, 1);
	virtqueue_push(device, 0, slot->head, written + (written + 1 == slot->writable_bytes));
	virtqueue_interrupt(device, 0);
}

static void handle_queue(struct virtio_block *block);

static void request_done(struct block_request *request, enum block_status status)
{
	static const uint8_t code[] = {[BLOCK_OK] = S_OK,
				       [BLOCK_IO_ERROR] = S_IO_ERROR,
				       [BLOCK_UNSUPPORTED] = S_UNSUPPORTED};
	struct virtio_block_slot *slot = (struct virtio_block_slot *)request;
	struct virtio_block_stats *stats = &slot->block->stats;
	uint64_t bytes = request->sectors * SECTOR_SIZE;

	if (status == BLOCK_OK && request->op == BLOCK_READ)
		stats->bytes_read += bytes;
	if (status == BLOCK_OK && request->op == BLOCK_WRITE)
		stats->bytes_written += bytes;
	answer(slot, code[status], request->op == BLOCK_READ ? (uint32_t)bytes : 0);
}

static void submit(struct virtio_block_slot *slot)
{
	struct virtio_block *block = slot->block;

	block->stats.operations[slot->request.op]++;
	slot->request.done = request_done;
	block->backend.submit(block->backend.opaque, &slot->request);
}

static bool on_disk(const struct virtio_block *block, uint64_t sector, uint64_t sectors)
{
	return sector <= block->backend.sectors && sectors <= block->backend.sectors - sector;
}

static void transfer(struct virtio_block_slot *slot, const struct header *header)
{
	struct virtio_block *block = slot->block;
	const struct virtio_chain *chain = &block->chain;
	struct block_request *request = &slot->request;
	bool read = header->type == T_IN;
	uint64_t bytes = read ? chain->writable_bytes - 1 : chain->readable_bytes - sizeof(*header);
	int segments;

	if (bytes % SECTOR_SIZE || bytes > MAX_REQUEST ||
	    !on_disk(block, header->sector, bytes / SECTOR_SIZE) ||
	    (!read && block->backend.read_only)) {
		answer(slot, S_IO_ERROR, 0);
		return;
	}
	if (read)
		segments = slice(chain->segment + chain->readable, chain->writable, 0, bytes,
				 request->segment);
	else
		segments = slice(chain->segment, chain->readable, sizeof(*header), bytes,
				 request->segment);
	if (segments <= 0) {
		answer(slot, segments ? S_IO_ERROR : S_OK, 0);
		return;
	}
	request->op = read ? BLOCK_READ : BLOCK_WRITE;
	request->sector = header->sector;
	request->sectors = bytes / SECTOR_SIZE;
	request->segments = (unsigned)segments;
	submit(slot);
}

static void flush(struct virtio_block_slot *slot)
{
	slot->request.op = BLOCK_FLUSH;
	slot->request.sector = slot->request.sectors = slot->request.segments = 0;
	submit(slot);
}

static void get_id(struct virtio_block_slot *slot)
{
	struct virtio_block *block = slot->block;
	const struct virtio_chain *chain = &block->chain;
	uint64_t length = chain->writable_bytes - 1;
	char id[ID_BYTES] = {0};

	if (length > ID_BYTES)
		length = ID_BYTES;
	for (unsigned n = 0; n < ID_BYTES && block->backend.serial[n]; n++)
		id[n] = block->backend.serial[n];
	guest_scatter(block->device.memory, chain->segment + chain->readable, chain->writable, 0,
		      id, length);
	answer(slot, S_OK, (uint32_t)length);
}

static void discard(struct virtio_block_slot *slot, const struct header *header)
{
	struct virtio_block *block = slot->block;
	const struct virtio_chain *chain = &block->chain;
	uint32_t allowed = header->type == T_DISCARD ? 0 : WRITE_ZEROES_UNMAP;
	struct range range;

	if (!block->backend.discard) {
		answer(slot, S_UNSUPPORTED, 0);
		return;
	}
	if (chain->readable_bytes != sizeof(*header) + sizeof(range) ||
	    guest_gather(block->device.memory, chain->segment, chain->readable, sizeof(*header),
			 &range, sizeof(range)) != sizeof(range) ||
	    range.sectors > BLOCK_MAX_DISCARD || block->backend.read_only ||
	    !on_disk(block, range.sector, range.sectors)) {
		answer(slot, S_IO_ERROR, 0);
		return;
	}
	if (range.flags & ~allowed) {
		answer(slot, S_UNSUPPORTED, 0);
		return;
	}
	slot->request.op = header->type == T_DISCARD ? BLOCK_DISCARD : BLOCK_WRITE_ZEROES;
	slot->request.sector = range.sector;
	slot->request.sectors = range.sectors;
	slot->request.segments = 0;
	submit(slot);
}

/* Starts the request in block->chain; false when it has no room for an answer. */
static bool start(struct virtio_block *block, struct virtio_block_slot *slot)
{
	const struct virtio_chain *chain = &block->chain;
	const struct guest_segment *last = &chain->segment[chain->readable + chain->writable - 1];
	struct header header;

	if (!chain->writable || guest_gather(block->device.memory, chain->segment, chain->readable,
					     0, &header, sizeof(header)) != sizeof(header))
		return false;
	slot->block = block;
	slot->busy = true;
	slot->head = chain->head;
	slot->writable_bytes = (uint32_t)chain->writable_bytes;
	slot->status = (struct guest_segment){
		.pa = last->pa + last->length - 1, .length = 1, .write = true};
	switch (header.type) {
	case T_IN:
	case T_OUT:
		transfer(slot, &header);
		break;
	case T_FLUSH:
		flush(slot);
		break;
	case T_GET_ID:
		get_id(slot);
		break;
	case T_DISCARD:
	case T_WRITE_ZEROES:
		discard(slot, &header);
		break;
	default:
		answer(slot, S_UNSUPPORTED, 0);
	}
	return true;
}

static void handle_queue(struct virtio_block *block)
{
	struct virtio_block_slot *slot;

	/* A slot for each chain the queue can hold: the ring never waits for one. */
	while ((slot = free_slot(block)) && virtqueue_pop(&block->device, 0, &block->chain))
		if (!start(block, slot)) {
			virtio_needs_reset(&block->device);
			return;
		}
}

static void block_notify(struct virtio_device *device, unsigned queue)
{
	(void)queue;
	handle_queue((struct virtio_block *)device);
}

static void block_reset(struct virtio_device *device)
{
	struct virtio_block *block = (struct virtio_block *)device;

	if (block->backend.drain)
		block->backend.drain(block->backend.opaque);
}

static void put(uint8_t *config, unsigned offset, unsigned bytes, uint64_t value)
{
	for (unsigned n = 0; n < bytes; n++)
		config[offset + n] = (uint8_t)(value >> 8 * n);
}

void virtio_block_init(struct virtio_block *block, const struct block_backend *backend,
		       const struct guest_memory *memory, const struct irq_line *irq)
{
	static const struct virtio_ops ops = {
		.id = VIRTIO_ID_BLOCK, .queues = 1, .notify = block_notify, .reset = block_reset};
	uint64_t features = F_SEG_MAX | F_BLK_SIZE | F_FLUSH;

	*block = (struct virtio_block){.backend = *backend};
	put(block->config, 0, 8, backend->sectors);
	put(block->config, 12, 4, BLOCK_MAX_SEGMENTS - 2);
	put(block->config, 20, 4, SECTOR_SIZE);
	if (backend->read_only)
		features |= F_READ_ONLY;
	if (backend->discard && !backend->read_only) {
		features |= F_DISCARD | F_WRITE_ZEROES;
		put(block->config, 36, 4, BLOCK_MAX_DISCARD);
		put(block->config, 40, 4, 1);
		put(block->config, 44, 4, 1);
		put(block->config, 48, 4, BLOCK_MAX_DISCARD);
		put(block->config, 52, 4, 1);
		put(block->config, 56, 1, 1);
	}
	virtio_init(&block->device, &ops, memory, irq, features, block->config,
		    sizeof(block->config));
}
