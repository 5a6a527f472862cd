/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hot pages: from the node controllers, with their counters, to policy.c; what it decides to
 * move.c, and to whoever keeps a trace.
 */
#include "dev/node_controller.h"
#include "vm.h"

#define TIGHT_SHARE 16 /* a node with less than a 16th of its pages free gets no replicas */
#define SHARED_REST 8  /* intervals between two moves of a page that several nodes use */
#define COPY_WEIGHT 6  /* calls that one for copies counts for */
#define OWN_WEIGHT  12 /* calls that one counts for of a page mapped by itself too: by a program */
#define WHOLE_SHARE 3  /* so many times fewer calls move a large page than split two */
#define WHOLE_REST  40 /* intervals between two moves of a large page as a whole */

static bool is_written(const struct policy_decision *decision)
{
	return decision->reason == POLICY_MOST_USED || decision->reason == POLICY_HOME_LOADED;
}

/* Copies save the misses of several nodes, and need small pages. A page that a program has mapped
 * by itself has its TLB entry whether the large page is split or not, and the kernel, which has the
 * large one, uses it seldom. */
static unsigned weight(const struct vm *vm, uint32_t index, const struct policy_decision *decision)
{
	/* the first one's holders are the large page's */
	if (index != block_start(vm, index) && vm->pmap[index].holders)
		return OWN_WEIGHT;
	return decision->action == POLICY_REPLICATE ? COPY_WEIGHT : 1;
}

/* Counts that a move is called for of one more page of a large page: which it is in this interval.
 * For pages that several nodes write a large page is not split: better places for them do not pay
 * for the TLB misses. */
static unsigned ask(struct vm *vm, uint32_t index, const struct policy_decision *decision)
{
	unsigned asked = weight(vm, index, decision);
	struct block *block = &vm->block[index / block_pages(vm)];
	uint16_t now = (uint16_t)move_interval(vm->vmm);

	if (block->asked_in != now) {
		block->asked_in = now;
		block->asked = 0;
		for (unsigned n = 0; n < 2; n++)
			block->vote[n].lead = block->vote[n].calls = block->vote[n].written = 0;
	}
	if (is_written(decision))
		return 0;
	asked += block->asked;
	block->asked = (uint8_t)(asked < UINT8_MAX ? asked : UINT8_MAX);
	return block->asked;
}

static bool is_tight(const struct vmm *vmm, unsigned node)
{
	return vmm->node[node].free < vmm->node[node].pages / TIGHT_SHARE;
}

/* What each node's memory had to serve in the last interval. */
static void measure_load(struct vmm *vmm)
{
	uint64_t now = move_interval(vmm);

	if (vmm->load_in == now)
		return;
	vmm->load_in = now;
	vmm->load_mean = 0;
	for (unsigned n = 0; n < vmm->config.nodes; n++) {
		struct node_memory *node = &vmm->node[n];
		uint64_t served = hal_node_read(n, NODE_LOCAL) + hal_node_read(n, NODE_REMOTE);

		node->load = served - node->served;
		node->served = served;
		vmm->load_mean += node->load / vmm->config.nodes;
	}
}

static bool is_loaded(struct vmm *vmm, unsigned node, unsigned other)
{
	measure_load(vmm);
	return 2 * vmm->node[node].load > 3 * vmm->load_mean &&
	       vmm->node[node].load > 2 * vmm->node[other].load;
}

/* One more page of the large page of @index is called for: whether all of it should go to @hot. So
 * when most calls are of that node; or, when they are of many nodes and for pages that are written,
 * to have less on a node that has too much. */
static bool vote_large(struct vm *vm, uint32_t index, unsigned hot,
		       const struct policy_decision *decision, bool loaded)
{
	struct vote *vote = &vm->block[index / block_pages(vm)].vote[index >> vm->large_order & 1];
	uint16_t now = (uint16_t)move_interval(vm->vmm);

	if (vote->calls < UINT8_MAX)
		vote->calls++;
	if (vote->written < UINT8_MAX)
		vote->written += is_written(decision);
	if (!vote->lead)
		vote->node = (uint8_t)hot;
	if (vote->node == hot && decision->action == POLICY_MIGRATE)
		vote->lead++;
	else if (vote->lead)
		vote->lead--;
	if ((vote->moved_in && (uint16_t)(now - vote->moved_in) < WHOLE_REST) ||
	    vm->large_order > VMM_SPREAD_ORDER || vote->calls < 2 ||
	    vote->calls < vm->vmm->config.numa.split / WHOLE_SHARE)
		return false;
	if ((vote->node != hot || vote->lead * 2 < vote->calls) &&
	    (!loaded || vote->written * 4 < vote->calls * 3))
		return false;
	vote->moved_in = now ? now : 1;
	return true;
}

static void apply(struct vm *vm, uint32_t index, struct vmm_decision *record)
{
	struct vmm_numa_stats *stats = &vm->vmm->numa;
	struct policy_decision *decision = &record->decision;
	struct pmap_entry *entry = &vm->pmap[index];
	uint64_t start = hal_cycles(), wanted = vm->vmm->page[entry->mpn.value].wanted;

	switch ((int)decision->action) {
	case POLICY_MIGRATE:
		if (decision->reason == POLICY_WHOLE) {
			move_want_large(vm, index, decision->to);
			stats->large_cycles += hal_cycles() - start;
			break;
		}
		move_want(vm, index, UINT64_C(1) << decision->to);
		stats->migrate_cycles += hal_cycles() - start;
		break;
	case POLICY_REPLICATE:
		if (!(entry->flags & PMAP_REPLICATED))
			vm->vmm->page[entry->mpn.value].since = (uint32_t)move_interval(vm->vmm);
		decision->nodes = (decision->nodes | wanted) & ~record->copies;
		move_want(vm, index, decision->nodes);
		entry->flags |= PMAP_REPLICATED;
		stats->replicate_cycles += hal_cycles() - start;
		break;
	case POLICY_COLLAPSE:
		move_collapse_page(vm, index);
		break;
	case POLICY_REMAP: /* looked up again, the hot node's vCPUs find their own copy */
		shootdown_page(vm, index);
		move_reset_counters(vm->vmm, record->mpn);
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

/* A page of a large page: leaves it, or moves that as a whole, or splits it. */
static void decide_large(struct vm *vm, uint32_t index, const struct policy_parameters *parameters,
			 struct policy_page *view, struct vmm_decision *record)
{
	struct policy_decision *decision = &record->decision;

	if (decision->action != POLICY_MIGRATE && decision->action != POLICY_REPLICATE)
		return;
	view->asked = (uint16_t)ask(vm, index, decision);
	if (view->asked < parameters->split &&
	    vote_large(vm, index, view->hot, decision, view->loaded))
		*decision = (struct policy_decision){
			.action = POLICY_MIGRATE, .reason = POLICY_WHOLE, .to = view->hot};
	else
		*decision = policy_decide(parameters, view);
	if (decision->reason == POLICY_LARGE_PAGE)
		move_reset_counters(vm->vmm, record->mpn); /* it may ask again */
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
	const struct page *history;
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
	record.copies = move_copies(vm, entry);
	view.copies = copies_to_be(vm, entry, record.copies);
	history = move_history(vmm, entry->mpn);
	view.migrations = history->migrations;
	view.collapses = history->collapses;
	view.frozen = history->frozen_until > move_interval(vmm);
	view.recent = page->migrated_in && move_interval(vmm) + 1 - page->migrated_in < SHARED_REST;
	view.loaded = is_loaded(vmm, node, hot);
	view.tight = is_tight(vmm, hot);
	view.busy = move_busy(vm, index);
	view.large = entry->flags & PMAP_LARGE;
	view.asked = UINT16_MAX;
	record.decision = policy_decide(&parameters, &view);
	if (view.large)
		decide_large(vm, index, &parameters, &view, &record);
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
