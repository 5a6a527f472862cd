/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving machine pages behind the pmap: migration, read-only replicas, their collapse. Which, and
 * where to: hot.c.
 *
 * Always in this order: translations are shot down, the content is copied, the maps swing. The
 * first is done where the page was hot, with a note which nodes want it; the others by the CPU that
 * uses the page next on such a node (move_arrive()). So nobody copies for others, and copies are
 * warm in the caches of who uses them.
 *
 * A page with replicas is mapped without the right to write, by each vCPU to the copy of its node;
 * the first write traps and collapses it. The copies of a page are a list: from the first, which
 * the pmap knows, by the memmap's `previous`.
 *
 * Nothing here is needed for correctness of a guest: every function may do nothing instead.
 */
#include "dev/node_controller.h"
#include "vm.h"

#define GIVE_UP_BATCH 64

/* After a collapse a page gets no replicas in this interval, nor, if those did not last for
 * PAID_OFF intervals, in the 2, 4, ... 2^FREEZE_MAX next ones. */
#define FREEZE_MAX    6
#define PAID_OFF      4

/* Since the machine was started; counters and history are of one. */
uint64_t move_interval(const struct vmm *vmm)
{
	return hal_cycles() / (vmm->config.numa.interval_ms * vmm->config.cycles_per_ms);
}

static bool moving(const struct vmm *vmm)
{
	return vmm->config.numa.migrate || vmm->config.numa.replicate;
}

/* ---- placement ---- */

unsigned move_place(struct vmm *vmm, uint32_t index, unsigned toucher)
{
	switch (vmm->config.numa.placement) {
	case PLACE_ROUND_ROBIN:
		return vmm->next_node++ % vmm->config.nodes;
	case PLACE_INTERLEAVED:
		return index % vmm->config.nodes;
	case PLACE_LOWEST:
		return 0;
	default:
		return toucher;
	}
}

/* ---- copies of a page ---- */

struct mpn move_copy(const struct vm *vm, const struct pmap_entry *entry, unsigned node)
{
	const struct vmm *vmm = vm->vmm;
	uint32_t mpn = entry->mpn.value;

	if (!(entry->flags & PMAP_REPLICATED))
		return entry->mpn;
	for (; mpn != MPN_NONE; mpn = vmm->page[mpn].previous)
		if (palloc_node_of(vmm, (struct mpn){mpn}) == node)
			return (struct mpn){mpn};
	return entry->mpn;
}

uint64_t move_copies(const struct vm *vm, const struct pmap_entry *entry)
{
	const struct vmm *vmm = vm->vmm;
	uint64_t nodes = 0;

	for (uint32_t mpn = entry->mpn.value; mpn != MPN_NONE; mpn = vmm->page[mpn].previous)
		nodes |= UINT64_C(1) << palloc_node_of(vmm, (struct mpn){mpn});
	return nodes;
}

void move_reset_counters(struct vmm *vmm, struct mpn mpn)
{
	unsigned node = palloc_node_of(vmm, mpn);

	if (!moving(vmm))
		return;
	hal_node_write(node, NODE_SELECT, mpn.value - vmm->node[node].start.value);
	hal_node_write(node, NODE_RESET, 0);
}

struct page *move_history(struct vmm *vmm, struct mpn mpn)
{
	struct page *page = &vmm->page[mpn.value];
	uint16_t now = (uint16_t)move_interval(vmm);

	if (page->moved_in != now) {
		page->moved_in = now;
		page->migrations = page->collapses = 0;
	}
	return page;
}

static void count_one(uint8_t *counter)
{
	if (*counter < UINT8_MAX)
		++*counter;
}

static void free_copy(struct vmm *vmm, struct mpn mpn)
{
	hal_page_changes(mpn, 1); /* caches and translated code forget it */
	palloc_put(vmm, mpn, 0);
}

void move_drop_replicas(struct vm *vm, struct pmap_entry *entry)
{
	struct vmm *vmm = vm->vmm;
	struct page *first = &vmm->page[entry->mpn.value];
	uint32_t mpn = first->previous;

	if (!(entry->flags & PMAP_REPLICATED))
		return;
	while (mpn != MPN_NONE) {
		uint32_t next = vmm->page[mpn].previous;

		free_copy(vmm, (struct mpn){mpn});
		vmm->numa.replicas--;
		mpn = next;
	}
	first->previous = MPN_NONE;
	first->wanted = 0;
	entry->flags &= ~PMAP_REPLICATED;
}

/* Its replicas were made in vain, the more so the shorter they lasted. */
static void freeze(const struct vmm *vmm, struct page *page)
{
	uint32_t now = (uint32_t)move_interval(vmm);

	count_one(&page->collapses);
	if (now - page->since >= PAID_OFF)
		page->freeze = 0;
	else if (page->freeze < FREEZE_MAX)
		page->freeze++;
	page->frozen_until = now + (UINT32_C(1) << page->freeze);
}

void move_collapse_page(struct vm *vm, uint32_t index)
{
	struct pmap_entry *entry = &vm->pmap[index];
	struct vmm *vmm = vm->vmm;
	uint64_t start = hal_cycles();

	hal_charge(CHARGE_PAGE_MOVE, 1);
	shootdown_page(vm, index);
	move_drop_replicas(vm, entry);
	freeze(vmm, move_history(vmm, entry->mpn));
	vmm->numa.collapses++;
	vmm->numa.collapse_cycles += hal_cycles() - start;
}

/* One that no hot page asked for. */
static void collapse_because(struct vm *vm, uint32_t index, enum policy_reason reason)
{
	const struct pmap_entry *entry = &vm->pmap[index];
	const struct vmm *vmm = vm->vmm;
	struct vmm_decision record = {
		.cycle = hal_cycles(),
		.vm = vm->number,
		.address = pmap_address(index),
		.backmap = entry->backmap & ~UINT64_C(0x1000),
		.mpn = entry->mpn,
		.home = palloc_node_of(vmm, entry->mpn),
		.decision = {.action = POLICY_COLLAPSE, .reason = reason},
	};

	if (!(entry->flags & PMAP_REPLICATED))
		return;
	record.hot = vmm->active ? vmm->active->node : record.home;
	record.copies = move_copies(vm, entry);
	move_collapse_page(vm, index);
	record.cycles = hal_cycles() - record.cycle;
	hal_decision(&record);
}

void move_collapse(struct vm *vm, uint32_t index)
{
	collapse_because(vm, index, POLICY_WRITTEN);
}

bool move_give_up(struct vmm *vmm)
{
	unsigned given = 0;

	for (uint32_t n = 0; n < vmm->pages && given < GIVE_UP_BATCH && vmm->numa.replicas; n++) {
		const struct page *page = &vmm->page[vmm->give_up_at];

		if (page->state == PAGE_REPLICA) {
			collapse_because(vmm->vm[page->vm], page->ppn, POLICY_MEMORY_TIGHT);
			vmm->numa.given_up++;
			given++;
		}
		vmm->give_up_at = (vmm->give_up_at + 1) % vmm->pages;
	}
	return given;
}

/* ---- the moves ---- */

/* Calls @what for the page in every VM that has it. */
static void everywhere(struct vm *vm, uint32_t index, struct mpn mpn,
		       void (*what)(struct vm *vm, uint32_t index, struct mpn mpn))
{
	struct vmm *vmm = vm->vmm;
	unsigned number = 0;
	uint32_t page = 0;

	if (!(vm->pmap[index].flags & PMAP_SHARED)) {
		what(vm, index, mpn);
		return;
	}
	shared_at(vm, index, &number, &page);
	for (unsigned n = 0; n < VMM_MAX_VMS; n++)
		if (vmm->vm[n] && shared_index(vmm->vm[n], number, page, &index) &&
		    (vmm->vm[n]->pmap[index].flags & PMAP_PRESENT))
			what(vmm->vm[n], index, mpn);
}

static void unmap(struct vm *vm, uint32_t index, struct mpn mpn)
{
	(void)mpn;
	shootdown_page(vm, index);
}

static void swing(struct vm *vm, uint32_t index, struct mpn mpn)
{
	struct pmap_entry *entry = &vm->pmap[index];
	unsigned number = 0;
	uint32_t page = 0;

	entry->mpn = mpn;
	if ((entry->flags & PMAP_SHARED) && shared_at(vm, index, &number, &page))
		vm->vmm->shared[number].mpn[page] = mpn;
}

static bool migrate(struct vm *vm, uint32_t index, unsigned node)
{
	struct vmm *vmm = vm->vmm;
	struct mpn from = vm->pmap[index].mpn, to = palloc_get_on_like(vmm, node, from.value);
	struct page *page = &vmm->page[to.value];
	const struct page *old = move_history(vmm, from);

	if (to.value == MPN_NONE)
		return false;
	everywhere(vm, index, from, unmap);
	hal_page_copy(to, from);
	*page = *old;
	page->previous = MPN_NONE;
	page->wanted = 0;
	page->migrated_in = (uint32_t)move_interval(vmm) + 1;
	count_one(&page->migrations);
	everywhere(vm, index, to, swing);
	free_copy(vmm, from);
	move_reset_counters(vmm, from);
	move_reset_counters(vmm, to);
	vmm->numa.migrations++;
	return true;
}

static bool add_replica(struct vm *vm, uint32_t index, unsigned node)
{
	struct pmap_entry *entry = &vm->pmap[index];
	struct vmm *vmm = vm->vmm;
	struct page *first = &vmm->page[entry->mpn.value];
	struct mpn to = palloc_get_on_like(vmm, node, entry->mpn.value);

	if (to.value == MPN_NONE)
		return false;
	hal_page_copy(to, entry->mpn);
	vmm->page[to.value] = (struct page){.ppn = index,
					    .previous = first->previous,
					    .vm = (uint8_t)vm->number,
					    .state = PAGE_REPLICA};
	first->previous = to.value;
	move_reset_counters(vmm, to);
	move_reset_counters(vmm, entry->mpn); /* this copying was counted there */
	vmm->numa.replications++;
	if (++vmm->numa.replicas > vmm->numa.replicas_max)
		vmm->numa.replicas_max = vmm->numa.replicas;
	return true;
}

void move_want(struct vm *vm, uint32_t index, uint64_t nodes)
{
	struct vmm *vmm = vm->vmm;
	struct mpn mpn = vm->pmap[index].mpn;

	pmap_split(vm, index);
	everywhere(vm, index, mpn, unmap);
	vmm->page[mpn.value].wanted = nodes;
	vm->pmap[index].flags |= PMAP_WANTED;
	move_reset_counters(vmm, mpn);
}

static bool any_disk_busy(const struct vmm *vmm)
{
	for (unsigned v = 0; v < VMM_MAX_VMS; v++)
		for (unsigned d = 0; vmm->vm[v] && d < vmm->vm[v]->config.disks; d++)
			for (unsigned n = 0; n < VIRTIO_QUEUE_SIZE; n++)
				if (vmm->vm[v]->disk[d].slot[n].busy)
					return true;
	return false;
}

bool move_busy(const struct vm *vm, uint32_t index)
{
	uint64_t pa = pmap_address(index).value;

	/* Of memory that VMs share, any of them may have a transfer under way; it is seldom. */
	if (vm->pmap[index].flags & PMAP_SHARED)
		return any_disk_busy(vm->vmm);
	for (unsigned d = 0; d < vm->config.disks; d++)
		for (unsigned n = 0; n < VIRTIO_QUEUE_SIZE; n++) {
			const struct virtio_block_slot *slot = &vm->disk[d].slot[n];

			for (unsigned s = 0; slot->busy && s < slot->request.segments; s++) {
				const struct guest_segment *segment = &slot->request.segment[s];

				if (segment->pa < pa + PAGE_BYTES &&
				    pa < segment->pa + segment->length)
					return true;
			}
		}
	return false;
}

static void note_arrival(struct vm *vm, uint32_t index, struct mpn from, unsigned node,
			 enum policy_reason reason, uint64_t start)
{
	struct vmm_numa_stats *stats = &vm->vmm->numa;
	uint64_t cycles = hal_cycles() - start;
	struct vmm_decision record = {
		.cycle = start,
		.vm = vm->number,
		.address = pmap_address(index),
		.backmap = vm->pmap[index].backmap & ~UINT64_C(0x1000),
		.mpn = from,
		.home = palloc_node_of(vm->vmm, from),
		.hot = node,
		.copies = move_copies(vm, &vm->pmap[index]),
		.decision = {.action = POLICY_FETCH, .reason = reason, .to = node},
		.cycles = cycles,
	};

	if (reason == POLICY_WHOLE)
		stats->large_cycles += cycles;
	else if (reason == POLICY_MIGRATED)
		stats->migrate_cycles += cycles;
	else
		stats->replicate_cycles += cycles;
	hal_decision(&record);
}

static uint32_t large_start(const struct vm *vm, uint32_t index)
{
	return index & ~((UINT32_C(1) << vm->large_order) - 1);
}

static struct vote *vote_of(struct vm *vm, uint32_t index)
{
	struct block *block = &vm->block[index / block_pages(vm)];

	return &block->vote[index >> vm->large_order & 1];
}

/* Nobody has any of the large page mapped, as part of it or by itself. */
static void unmap_large(struct vm *vm, uint32_t start)
{
	shootdown_block(vm, block_start(vm, start));
	for (uint32_t i = 0; i < UINT32_C(1) << vm->large_order; i++)
		if (vm->pmap[start + i].holders)
			shootdown_page(vm, start + i);
}

void move_want_large(struct vm *vm, uint32_t index, unsigned node)
{
	uint32_t start = large_start(vm, index);

	unmap_large(vm, start);
	vote_of(vm, index)->to = (uint8_t)(node + 1);
	for (uint32_t i = 0; i < UINT32_C(1) << vm->large_order; i++)
		vm->pmap[start + i].flags |= PMAP_WANTED;
}

static void swing_large(struct vm *vm, uint32_t start, struct mpn to)
{
	for (uint32_t i = 0; i < UINT32_C(1) << vm->large_order; i++) {
		struct pmap_entry *entry = &vm->pmap[start + i];
		struct mpn mpn = {to.value + i};

		hal_page_copy(mpn, entry->mpn);
		vm->vmm->page[mpn.value] = vm->vmm->page[entry->mpn.value];
		vm->vmm->page[mpn.value].wanted = 0;
		entry->mpn = mpn;
		entry->flags &= ~PMAP_WANTED;
	}
}

static void arrive_large(struct vm *vm, uint32_t index, unsigned node)
{
	uint32_t start = large_start(vm, index), pages = UINT32_C(1) << vm->large_order;
	struct vmm *vmm = vm->vmm;
	struct mpn from = vm->pmap[start].mpn, to;
	uint64_t began = hal_cycles();

	for (uint32_t i = 0; i < pages; i++)
		if (move_busy(vm, start + i))
			return;
	to = palloc_get_block_on(vmm, node, vm->large_order, start);
	if (to.value == MPN_NONE)
		return;
	unmap_large(vm, start);
	hal_charge(CHARGE_PAGE_MOVE, pages);
	swing_large(vm, start, to);
	hal_page_changes(from, pages);
	palloc_put(vmm, from, vm->large_order);
	vmm->numa.large_migrations++;
	note_arrival(vm, start, from, node, POLICY_WHOLE, began);
}

static void arrive(struct vm *vm, uint32_t index, unsigned node)
{
	const struct pmap_entry *entry = &vm->pmap[index];
	struct mpn from = entry->mpn;
	uint64_t start = hal_cycles();
	bool replica = entry->flags & PMAP_REPLICATED;

	if (!replica && move_busy(vm, index))
		return;
	hal_charge(CHARGE_PAGE_MOVE, 1);
	if (replica ? add_replica(vm, index, node) : migrate(vm, index, node))
		note_arrival(vm, index, from, node, replica ? POLICY_REPLICATED : POLICY_MIGRATED,
			     start);
	else if (replica && vm->vmm->page[from.value].previous == MPN_NONE &&
		 !vm->vmm->page[from.value].wanted)
		vm->pmap[index].flags &= ~PMAP_REPLICATED; /* no memory for any */
}

bool move_fetch(struct vm *vm, uint32_t index, unsigned node, bool used)
{
	struct pmap_entry *entry = &vm->pmap[index];
	uint64_t *wanted = &vm->vmm->page[entry->mpn.value].wanted;

	if (entry->flags & PMAP_LARGE) {
		if (vote_of(vm, index)->to != node + 1)
			return true;
		if (!used)
			return false;
		vote_of(vm, index)->to = 0;
		arrive_large(vm, index, node);
		return true;
	}
	if (!*wanted)
		entry->flags &= ~PMAP_WANTED;
	if (!(*wanted >> node & 1))
		return true;
	if (!used)
		return false;
	*wanted &= ~(UINT64_C(1) << node);
	arrive(vm, index, node);
	return true;
}

void move_cpu_start(struct pcpu *cpu)
{
	const struct vmm_numa *numa = &cpu->vmm->config.numa;

	if (!moving(cpu->vmm))
		return;
	hal_node_write(cpu->node, NODE_THRESHOLD, numa->threshold);
	hal_node_write(cpu->node, NODE_SAMPLING, numa->sampling);
	hal_node_write(cpu->node, NODE_INTERVAL,
		       numa->interval_ms * cpu->vmm->config.cycles_per_ms);
	hal_node_write(cpu->node, NODE_CONTROL, NODE_CONTROL_COUNT | NODE_CONTROL_IRQ);
}

const struct vmm_numa_stats *vmm_numa_stats(const struct vmm *vmm)
{
	return &vmm->numa;
}
