// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Code memory and the blocks in it. The memory is a memfd mapped twice, once writable and once
 * executable: no page is ever both in one mapping, and patching needs no system call. It is filled
 * region by region in a circle; taking a region again evicts its blocks, an eighth of the cache at
 * a time, so nothing stalls. Blocks are found by virtual address, key and host page; each is listed
 * with the pages of RAM it was made from, for invalidation.
 */
#include "jit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mips/arch.h"

#define ARENA_CHUNK	 (256u * 1024u)
#define EMPTY_VA	 UINT64_MAX
#define STORES_TOLERATED 64 /* beside the code of a page, before all its code is dropped */

struct arena_chunk {
	struct arena_chunk *next;
	size_t used;
	uint8_t data[];
};

static int map_code(struct code_cache *cache, struct error *error)
{
	cache->fd = memfd_create("disco-code", MFD_CLOEXEC);
	if (cache->fd < 0 || ftruncate(cache->fd, (off_t)cache->size) != 0)
		return error_set(error, -errno, "cannot make a code cache of %zu bytes: %s",
				 cache->size, strerror(errno));
	cache->writable = mmap(NULL, cache->size, PROT_READ | PROT_WRITE, MAP_SHARED, cache->fd, 0);
	cache->executable =
		mmap(NULL, cache->size, PROT_READ | PROT_EXEC, MAP_SHARED, cache->fd, 0);
	if (cache->writable == MAP_FAILED || cache->executable == MAP_FAILED)
		return error_set(error, -errno, "cannot map the code cache executable: %s",
				 strerror(errno));
	return 0;
}

int cache_create(struct translator *jit, size_t size, struct error *error)
{
	struct code_cache *cache = &jit->cache;
	size_t part;
	int result;

	cache->size = size;
	cache->ram_pages = jit->machine->config.memory / MIPS_PAGE_SIZE;
	result = map_code(cache, error);
	if (result < 0)
		return result;
	cache->page_blocks = calloc(cache->ram_pages, sizeof(struct page_ref *));
	cache->page_stores = calloc(cache->ram_pages, 1);
	if (!cache->page_blocks || !cache->page_stores)
		return error_set(error, -ENOMEM, "no memory for the code cache's page table");
	part = size / CODE_REGIONS;
	for (unsigned n = 0; n < CODE_REGIONS; n++) {
		cache->regions[n].start = cache->writable + n * part;
		cache->regions[n].end = cache->writable + (n + 1) * part;
	}
	cache->p = cache->writable;
	return 0;
}

static void free_arena(struct code_region *region)
{
	while (region->arena) {
		struct arena_chunk *chunk = region->arena;

		region->arena = chunk->next;
		free(chunk);
	}
}

void cache_destroy(struct translator *jit)
{
	struct code_cache *cache = &jit->cache;

	for (unsigned n = 0; n < CODE_REGIONS; n++)
		free_arena(&cache->regions[n]);
	for (unsigned key = 0; key < KEYS; key++)
		free(cache->ibtc[key]);
	free(cache->page_blocks);
	free(cache->page_stores);
	free(jit->retired);
	if (cache->writable && cache->writable != MAP_FAILED)
		munmap(cache->writable, cache->size);
	if (cache->executable && cache->executable != MAP_FAILED)
		munmap(cache->executable, cache->size);
	if (cache->fd > 0)
		close(cache->fd);
}

void *cache_allocate(struct translator *jit, size_t size)
{
	struct code_region *region = &jit->cache.regions[jit->cache.region];
	struct arena_chunk *chunk = region->arena;
	void *memory;

	size = (size + 15) & ~(size_t)15;
	if (!chunk || chunk->used + size > ARENA_CHUNK) {
		chunk = malloc(sizeof(*chunk) + ARENA_CHUNK);
		if (!chunk)
			abort(); /* the host is out of memory: nothing sensible is left to do */
		chunk->next = region->arena;
		chunk->used = 0;
		region->arena = chunk;
	}
	memory = chunk->data + chunk->used;
	chunk->used += size;
	return memory;
}

/* ---- Lookup ---- */

static unsigned hash(uint64_t va, uint32_t key)
{
	uint64_t x = (va >> 2) ^ (uint64_t)key << 20;

	return (unsigned)((x * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % BLOCK_HASH;
}

struct block *cache_find(struct translator *jit, uint64_t va, uint32_t key,
			 const uint8_t *host_page)
{
	struct block *block = jit->cache.hash[hash(va, key)];

	while (block && (block->va != va || block->key != key || block->host_page != host_page))
		block = block->hash_next;
	return block;
}

struct ibtc_entry *cache_ibtc(struct translator *jit, uint32_t key)
{
	struct ibtc_entry **table = &jit->cache.ibtc[key & ~(uint32_t)KEY_CAREFUL];

	if (*table)
		return *table; /* cppcheck-suppress identicalInnerCondition */
	*table = calloc(IBTC_ENTRIES, sizeof(**table));
	if (!*table)
		abort();
	for (unsigned n = 0; n < IBTC_ENTRIES; n++)
		(*table)[n] = (struct ibtc_entry){EMPTY_VA, jit->thunk_indirect};
	return *table;
}

static struct ibtc_entry *ibtc_entry_of(struct translator *jit, const struct block *block)
{
	return &cache_ibtc(jit, block->key)[block->va / 4 % IBTC_ENTRIES];
}

void cache_ibtc_set(struct translator *jit, struct block *block)
{
	*ibtc_entry_of(jit, block) = (struct ibtc_entry){block->va, block->checked_entry};
}

/* ---- Links ---- */

static void patch(struct translator *jit, const struct link *link, const uint8_t *target)
{
	struct emitter e = {.rx_delta = jit->cache.executable - jit->cache.writable};

	emit_patch(&e, link->place, target);
}

void cache_link(struct translator *jit, struct link *link, struct block *to)
{
	if (link->to || link->from->dead || to->dead)
		return;
	link->to = to;
	link->next = to->incoming;
	link->previous = &to->incoming;
	if (to->incoming)
		to->incoming->previous = &link->next;
	to->incoming = link;
	patch(jit, link,
	      link->same_line	? to->line_entry
	      : link->same_page ? to->entry
				: to->checked_entry);
}

static void unlink_exit(struct link *link)
{
	if (!link->to)
		return;
	*link->previous = link->next;
	if (link->next)
		link->next->previous = link->previous;
	link->to = NULL;
}

/* ---- Adding and removing blocks ---- */

void cache_add(struct translator *jit, struct block *block, struct emitter *e)
{
	struct code_cache *cache = &jit->cache;
	struct code_region *region = &cache->regions[cache->region];
	unsigned bucket = hash(block->va, block->key);

	block->code_size = (uint32_t)(e->p - cache->p);
	jit->stats.host_bytes += block->code_size;
	cache->p = e->p;
	block->region = (uint8_t)cache->region;
	block->region_next = region->blocks;
	region->blocks = block;
	block->hash_next = cache->hash[bucket];
	cache->hash[bucket] = block;
	for (unsigned p = 0; p < block->pages; p++) {
		struct page_ref *ref = &block->page[p];
		uint8_t *flags = &jit->machine->page_flags[ref->page];

		ref->next = cache->page_blocks[ref->page];
		cache->page_blocks[ref->page] = ref;
		if (!(*flags & PAGE_HAS_CODE))
			page_mark_code(jit->machine,
				       ram_address_of(jit->machine, ref->page * MIPS_PAGE_SIZE));
	}
}

static void forget_page(struct translator *jit, struct page_ref *ref)
{
	struct page_ref **p = &jit->cache.page_blocks[ref->page];

	while (*p != ref)
		p = &(*p)->next;
	*p = ref->next;
	if (!jit->cache.page_blocks[ref->page]) {
		jit->cache.page_stores[ref->page] = 0;
		/* Other threads' caches may have code there: translator_code_written() looks. */
		if (jit->machine->threads)
			return;
		page_clear_code(jit->machine,
				ram_address_of(jit->machine, ref->page * MIPS_PAGE_SIZE));
	}
}

/* Takes the block out of every way to reach it. Its memory stays until its region is reused. */
static void remove_block(struct translator *jit, struct block *block)
{
	struct block **b = &jit->cache.hash[hash(block->va, block->key)];
	struct ibtc_entry *entry = ibtc_entry_of(jit, block);

	if (jit->profile)
		profile_retire(jit, block);
	block->dead = true;
	while (*b != block)
		b = &(*b)->hash_next;
	*b = block->hash_next;
	if (entry->target == block->checked_entry)
		*entry = (struct ibtc_entry){EMPTY_VA, jit->thunk_indirect};
	while (block->incoming) {
		struct link *link = block->incoming;

		unlink_exit(link);
		patch(jit, link, link->stub);
	}
	for (unsigned n = 0; n < block->link_count; n++)
		unlink_exit(&block->links[n]);
	for (unsigned p = 0; p < block->pages; p++)
		forget_page(jit, &block->page[p]);
}

static void evict_region(struct translator *jit, struct code_region *region)
{
	for (struct block *block = region->blocks; block; block = block->region_next) {
		if (!block->dead)
			remove_block(jit, block);
	}
	region->blocks = NULL;
	free_arena(region);
	jit->stats.evictions++;
}

void cache_begin(struct translator *jit, struct emitter *e)
{
	struct code_cache *cache = &jit->cache;

	if (cache->regions[cache->region].end - cache->p < BLOCK_MAX_CODE) {
		cache->region = (cache->region + 1) % CODE_REGIONS;
		if (cache->regions[cache->region].blocks)
			evict_region(jit, &cache->regions[cache->region]);
		cache->p = cache->regions[cache->region].start;
	}
	*e = (struct emitter){.p = cache->p,
			      .end = cache->p + BLOCK_MAX_CODE,
			      .rx_delta = cache->executable - cache->writable};
}

void cache_flush(struct translator *jit)
{
	for (unsigned n = 0; n < CODE_REGIONS; n++)
		evict_region(jit, &jit->cache.regions[n]);
	jit->cache.p = jit->cache.regions[jit->cache.region].start;
}

/* ---- Invalidation ---- */

static bool overlaps(const struct page_ref *ref, uint32_t first, uint32_t last)
{
	const struct block *block = ref->block;
	unsigned p = (unsigned)(ref - block->page);

	return first <= block->last_word[p] + 3 && last >= block->first_word[p];
}

static bool page_hit(struct page_ref *ref, uint32_t first, uint32_t last)
{
	for (; ref; ref = ref->next) {
		if (overlaps(ref, first, last))
			return true;
	}
	return false;
}

/*
 * A store that hits code drops all code of the page: it is most often being loaded anew. A store
 * beside the code (data in the same page) does so only after some, so that the page can be written
 * fast again.
 */
static void page_written(struct translator *jit, size_t page, uint32_t first, uint32_t last)
{
	struct page_ref **blocks = &jit->cache.page_blocks[page];

	if (!page_hit(*blocks, first, last) && ++jit->cache.page_stores[page] < STORES_TOLERATED)
		return;
	jit->cache.page_stores[page] = 0;
	if (*blocks)
		jit->stats.invalidations++;
	while (*blocks)
		remove_block(jit, (*blocks)->block);
}

bool cache_has_page(const struct translator *jit, uint64_t page)
{
	return page < jit->cache.ram_pages && jit->cache.page_blocks[page];
}

void cache_written(struct translator *jit, uint64_t offset, uint64_t length)
{
	uint64_t end = offset + length;

	while (offset < end && offset / MIPS_PAGE_SIZE < jit->cache.ram_pages) {
		uint64_t next = (offset / MIPS_PAGE_SIZE + 1) * MIPS_PAGE_SIZE;
		uint64_t last = (end < next ? end : next) - 1;

		if (jit->cache.page_blocks[offset / MIPS_PAGE_SIZE])
			page_written(jit, offset / MIPS_PAGE_SIZE,
				     (uint32_t)(offset % MIPS_PAGE_SIZE),
				     (uint32_t)(last % MIPS_PAGE_SIZE));
		offset = next;
	}
}
