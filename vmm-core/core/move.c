/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving machine pages behind the pmap: migration, read-only replicas, their collapse. Hot pages
 * come from the node controllers, what to do with them from policy.c.
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

#define TIGHT_SHARE   16 /* a node with less than a 16th of its pages free gets no replicas */
#define GIVE_UP_BATCH 64

static uint64_t interval_cycles(const struct vmm *vmm)
{
	return vmm->config.numa.interval_ms * vmm->config.cycles_per_ms;
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

static uint64_t nodes_with_copies(const struct vm *vm, const struct pmap_entry *entry)
{
	const struct vmm *vmm = vm->vmm;
	uint64_t nodes = 0;

	for (uint32_t mpn = entry->mpn.value; mpn != MPN_NONE; mpn = vmm->page[mpn].previous)
		nodes |= UINT64_C(1) << palloc_node_of(vmm, (struct mpn){mpn});
	return nodes;
}

/* The counters of what has moved tell nothing any more. */
static void reset_counters(struct vmm *vmm, struct mpn mpn)
{
	unsigned node = palloc_node_of(vmm, mpn);

	if (!moving(vmm))
		return;
	hal_node_write(node, NODE_SELECT, mpn.value - vmm->node[node].start.value);
	hal_node_write(node, NODE_RESET, 0);
}

/* The page, with counts of this interval. */
static struct page *history(struct vmm *vmm, struct mpn mpn)
{
	struct page *page = &vmm->page[mpn.value];
	uint16_t now = (uint16_t)(hal_cycles() / interval_cycles(vmm));

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

static void collapse(struct vm *vm, uint32_t index)
{
	struct pmap_entry *entry = &vm->pmap[index];
	struct vmm *vmm = vm->vmm;
	uint64_t start = hal_cycles();

	hal_charge(CHARGE_PAGE_MOVE, 1);
	shootdown_page(vm, index);
	move_drop_replicas(vm, entry);
	count_one(&history(vmm, entry->mpn)->collapses);
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
	record.copies = nodes_with_copies(vm, entry);
	collapse(vm, index);
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
	const struct page *old = history(vmm, from);

	if (to.value == MPN_NONE)
		return false;
	everywhere(vm, index, from, unmap);
	hal_page_copy(to, from);
	*page = (struct page){.ppn = old->ppn,
			      .previous = MPN_NONE,
			      .vm = old->vm,
			      .state = old->state,
			      .migrations = old->migrations,
			      .collapses = old->collapses,
			      .moved_in = old->moved_in};
	count_one(&page->migrations);
	everywhere(vm, index, to, swing);
	free_copy(vmm, from);
	reset_counters(vmm, from);
	reset_counters(vmm, to);
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
	reset_counters(vmm, to);
	vmm->numa.replications++;
	if (++vmm->numa.replicas > vmm->numa.replicas_max)
		vmm->numa.replicas_max = vmm->numa.replicas;
	return true;
}

/* The page is on @nodes' way to be used there; nobody has it mapped. */
static void want(struct vm *vm, uint32_t index, uint64_t nodes)
{
	struct vmm *vmm = vm->vmm;
	struct mpn mpn = vm->pmap[index].mpn;

	pmap_split(vm, index);
	everywhere(vm, index, mpn, unmap);
	vmm->page[mpn.value].wanted = nodes;
	vm->pmap[index].flags |= PMAP_WANTED;
	reset_counters(vmm, mpn);
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

/* Whether a disk transfer from or to the page is under way: it must not move meanwhile. */
static bool device_busy(const struct vm *vm, uint32_t index)
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
		.copies = nodes_with_copies(vm, &vm->pmap[index]),
		.decision = {.action = POLICY_FETCH, .reason = reason, .to = node},
		.cycles = cycles,
	};

	*(reason == POLICY_MIGRATED ? &stats->migrate_cycles : &stats->replicate_cycles) += cycles;
	hal_decision(&record);
}

static void arrive(struct vm *vm, uint32_t index, unsigned node)
{
	const struct pmap_entry *entry = &vm->pmap[index];
	struct mpn from = entry->mpn;
	uint64_t start = hal_cycles();
	bool replica = entry->flags & PMAP_REPLICATED;

	if (!replica && device_busy(vm, index))
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

/* ---- hot pages ---- */

/* Counts that a move is called for of one more page of a large page: which it is in this interval.
 */
static unsigned ask(struct vm *vm, uint32_t index)
{
	struct block *block = &vm->block[index / block_pages(vm)];
	uint16_t now = (uint16_t)(hal_cycles() / interval_cycles(vm->vmm));

	if (block->asked_in != now) {
		block->asked_in = now;
		block->asked = 0;
	}
	count_one(&block->asked);
	return block->asked;
}

static bool is_tight(const struct vmm *vmm, unsigned node)
{
	return vmm->node[node].free < vmm->node[node].pages / TIGHT_SHARE;
}

static void apply(struct vm *vm, uint32_t index, struct vmm_decision *record)
{
	struct vmm_numa_stats *stats = &vm->vmm->numa;
	struct policy_decision *decision = &record->decision;
	struct pmap_entry *entry = &vm->pmap[index];
	uint64_t start = hal_cycles(), wanted = vm->vmm->page[entry->mpn.value].wanted;

	switch ((int)decision->action) {
	case POLICY_MIGRATE:
		want(vm, index, UINT64_C(1) << decision->to);
		stats->migrate_cycles += hal_cycles() - start;
		break;
	case POLICY_REPLICATE:
		decision->nodes = (decision->nodes | wanted) & ~record->copies;
		want(vm, index, decision->nodes);
		entry->flags |= PMAP_REPLICATED;
		stats->replicate_cycles += hal_cycles() - start;
		break;
	case POLICY_COLLAPSE:
		collapse(vm, index);
		break;
	case POLICY_REMAP: /* looked up again, the hot node's vCPUs find their own copy */
		shootdown_page(vm, index);
		reset_counters(vm->vmm, record->mpn);
		break;
	}
	record->cycles = hal_cycles() - start;
}

static void read_counters(struct vmm *vmm, unsigned node, struct vmm_decision *record)
{
	uint32_t page = record->mpn.value - vmm->node[node].start.value;

	hal_node_write(node, NODE_SELECT, page);
	for (unsigned n = 0; n < vmm->config.nodes; n += 4) {
		uint64_t counts = hal_node_read(node, NODE_COUNTS(n / 4));

		for (unsigned i = 0; i < 4; i++)
			record->misses[n + i] = (uint16_t)(counts >> 16 * i);
	}
	record->writes = (uint16_t)hal_node_read(node, NODE_WRITES);
}

/* A VM that has the machine page, and the page's index there; NULL: it is nobody's. */
static struct vm *owner(const struct vmm *vmm, const struct page *page, uint32_t *index)
{
	*index = page->ppn;
	if (page->state == PAGE_GUEST || page->state == PAGE_REPLICA)
		return vmm->vm[page->vm];
	for (unsigned n = 0; page->state == PAGE_SHARED && n < VMM_MAX_VMS; n++)
		if (vmm->vm[n] && shared_index(vmm->vm[n], page->vm, page->ppn, index) &&
		    (vmm->vm[n]->pmap[*index].flags & PMAP_PRESENT))
			return vmm->vm[n];
	return NULL;
}

/* What is on its way has arrived for the policy. */
static uint64_t copies_to_be(const struct vm *vm, const struct pmap_entry *entry, uint64_t copies)
{
	uint64_t wanted = vm->vmm->page[entry->mpn.value].wanted;

	if (entry->flags & PMAP_REPLICATED)
		return copies | wanted;
	return wanted ? wanted : copies;
}

static void decide(struct vmm *vmm, unsigned node, struct mpn mpn, unsigned hot)
{
	const struct vmm_numa *numa = &vmm->config.numa;
	struct policy_parameters parameters = {
		.migrate = numa->migrate,
		.replicate = numa->replicate,
		.threshold = numa->threshold,
		.sharing = numa->sharing,
		.write = numa->write,
		.move_limit = numa->move_limit,
		.split = numa->split,
	};
	const struct page *page = &vmm->page[mpn.value];
	struct vmm_decision record = {.mpn = mpn, .home = node, .hot = hot};
	struct policy_page view = {.nodes = vmm->config.nodes, .hot = hot, .misses = record.misses};
	struct pmap_entry *entry;
	uint32_t index;
	struct vm *vm = owner(vmm, page, &index);

	if (!vm || !vm_runnable(vm))
		return;
	vmm->numa.hot_pages++;
	hal_charge(CHARGE_HOT_PAGE, 1);
	entry = &vm->pmap[index];
	if (entry->flags & PMAP_SHARED)
		parameters.replicate = false; /* it is there to be written */
	read_counters(vmm, node, &record);
	record.cycle = hal_cycles();
	record.vm = vm->number;
	record.address = pmap_address(index);
	record.backmap = entry->backmap & ~UINT64_C(0x1000);
	view.writes = record.writes;
	record.copies = nodes_with_copies(vm, entry);
	view.copies = copies_to_be(vm, entry, record.copies);
	view.migrations = history(vmm, entry->mpn)->migrations;
	view.collapses = history(vmm, entry->mpn)->collapses;
	view.tight = is_tight(vmm, hot);
	view.busy = device_busy(vm, index);
	view.large = entry->flags & PMAP_LARGE;
	view.asked = UINT16_MAX;
	record.decision = policy_decide(&parameters, &view);
	if (view.large && (record.decision.action == POLICY_MIGRATE ||
			   record.decision.action == POLICY_REPLICATE)) {
		view.asked = (uint16_t)ask(vm, index);
		record.decision = policy_decide(&parameters, &view);
		if (record.decision.reason == POLICY_LARGE_PAGE)
			reset_counters(vmm, mpn); /* it may ask again */
	}
	apply(vm, index, &record);
	vmm->numa.decisions[record.decision.reason]++;
	hal_decision(&record);
}

void move_hot_pages(struct pcpu *cpu)
{
	struct vmm *vmm = cpu->vmm;
	uint64_t hot;

	while ((hot = hal_node_read(cpu->node, NODE_HOT)) & NODE_HOT_VALID) {
		uint32_t page = (uint32_t)hot;

		if (page < vmm->node[cpu->node].pages)
			decide(vmm, cpu->node,
			       (struct mpn){vmm->node[cpu->node].start.value + page},
			       hot >> NODE_HOT_NODE_SHIFT & 0xff);
	}
}

void move_cpu_start(struct pcpu *cpu)
{
	const struct vmm_numa *numa = &cpu->vmm->config.numa;

	if (!moving(cpu->vmm))
		return;
	hal_node_write(cpu->node, NODE_THRESHOLD, numa->threshold);
	hal_node_write(cpu->node, NODE_SAMPLING, numa->sampling);
	hal_node_write(cpu->node, NODE_INTERVAL, interval_cycles(cpu->vmm));
	hal_node_write(cpu->node, NODE_CONTROL, NODE_CONTROL_COUNT | NODE_CONTROL_IRQ);
}

const struct vmm_numa_stats *vmm_numa_stats(const struct vmm *vmm)
{
	return &vmm->numa;
}
