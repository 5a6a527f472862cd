/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM's physical memory: for each page the machine page behind it, given on first use, and the
 * back map, what must be shot down when the page is taken away.
 *
 * Guest-physical memory has the device hole of the address map; pages are numbered densely over
 * RAM. The unmapped segments of the guest kernel are mapped by one TLB entry for two large pages (a
 * block) where the machine has contiguous memory. The first page of a block that moves, or is given
 * back, splits it; of a block of the usual size the units without that page stay large.
 */
#include "vm.h"

#define HOLE_START UINT64_C(0x10000000)
#define HOLE_END   UINT64_C(0x20000000)

bool pmap_ram(const struct vm *vm, struct gpa gpa, uint32_t *index)
{
	uint64_t at = gpa.value;
	unsigned number;
	uint32_t page;

	if (at >= HOLE_END)
		at -= HOLE_END - HOLE_START;
	else if (at >= HOLE_START)
		return false;
	at >>= PAGE_SHIFT;
	*index = (uint32_t)at;
	if (at < vm->ram_pages)
		return true;
	return at < vm->pages && shared_at(vm, (uint32_t)at, &number, &page);
}

struct gpa pmap_address(uint32_t index)
{
	uint64_t at = (uint64_t)index << PAGE_SHIFT;

	return (struct gpa){at < HOLE_START ? at : at + HOLE_END - HOLE_START};
}

static void attach(struct vm *vm, uint32_t index, struct mpn mpn, uint8_t flags)
{
	struct page *page = &vm->vmm->page[mpn.value];

	page->state = PAGE_GUEST;
	page->vm = vm->number;
	page->ppn = index;
	page->previous = MPN_NONE;
	page->migrations = page->collapses = 0;
	page->wanted = 0;
	page->freeze = 0;
	page->frozen_until = page->since = page->migrated_in = 0;
	vm->pmap[index] = (struct pmap_entry){.mpn = mpn, .flags = PMAP_PRESENT | flags};
	vm->memory.machine++;
	if (vm->memory.machine > vm->memory.machine_max)
		vm->memory.machine_max = vm->memory.machine;
}

static struct pmap_entry *get_shared(struct vm *vm, uint32_t index, unsigned node)
{
	struct mpn mpn = shared_get(vm, index, node);

	if (mpn.value == MPN_NONE) {
		vm_stopped(vm, VM_STOP_NO_MEMORY, 0);
		return NULL;
	}
	hal_charge(CHARGE_PAGE_FAULT, 1);
	vm->pmap[index] = (struct pmap_entry){.mpn = mpn, .flags = PMAP_PRESENT | PMAP_SHARED};
	vm->memory.shared++;
	vm->vcpu[0].stats.pmap_faults++;
	return &vm->pmap[index];
}

/* ---- blocks and units ---- */

static bool has_units(const struct vm *vm)
{
	return vm->large_order == LARGE_ORDER;
}

static uint8_t unit_bit(uint32_t index)
{
	return (uint8_t)(1u << index / UNIT_PAGES % ((UINT32_C(2) << LARGE_ORDER) / UNIT_PAGES));
}

uint32_t pmap_large(const struct vm *vm, uint32_t index, uint32_t *first)
{
	const struct block *block = &vm->block[index / block_pages(vm)];

	*first = block_start(vm, index);
	if (block->large)
		return block_pages(vm);
	if (!(block->units & unit_bit(index)) || !has_units(vm))
		return 0;
	*first = index & ~(UNIT_PAGES - 1);
	return UNIT_PAGES;
}

static bool none_present(const struct vm *vm, uint32_t first, uint32_t pages)
{
	for (uint32_t i = 0; i < pages; i++)
		if (vm->pmap[first + i].flags & PMAP_PRESENT)
			return false;
	return true;
}

static uint64_t large_lo(const struct vm *vm, uint32_t index)
{
	return hal_mpn_address(vm->pmap[index].mpn).value >> PAGE_SHIFT << 6 | CCA_CACHED << 3 |
	       ENTRYLO_D | ENTRYLO_V | ENTRYLO_G;
}

/* Tells the entry code what maps the block, or unit, of @pages pages. It makes hardware entries by
 * itself: any vCPU may hold one. */
static void note_linear(struct vm *vm, uint32_t first, uint32_t pages)
{
	struct linear *linear = &vm->linear[pmap_address(first).value >> LINEAR_SHIFT];
	const struct linear entry = {
		.lo = {large_lo(vm, first), large_lo(vm, first + pages / 2)},
		.page_mask = (pages * PAGE_BYTES - 1) & ~UINT64_C(0x1fff),
	};

	if (!has_units(vm))
		return;
	for (uint32_t i = 0; i < pages / UNIT_PAGES; i++)
		linear[i] = entry;
	vm->pmap[first].holders = (uint16_t)~0u;
}

static void forget_linear(struct vm *vm, uint32_t first, uint32_t pages)
{
	struct linear *linear = &vm->linear[pmap_address(first).value >> LINEAR_SHIFT];

	for (uint32_t i = 0; has_units(vm) && i < pages / UNIT_PAGES; i++)
		linear[i] = (struct linear){{0, 0}, 0, 0};
}

/* Two large pages of 2^@order pages from @first on, all absent; false: no memory for them. */
static bool attach_pair(struct vm *vm, uint32_t first, unsigned order, unsigned node)
{
	uint32_t pages = UINT32_C(1) << order;
	struct mpn half[2];

	half[0] = palloc_get_like(vm->vmm, node, order, first);
	if (half[0].value == MPN_NONE)
		return false;
	half[1] = palloc_get_like(vm->vmm, node, order, first + pages);
	if (half[1].value == MPN_NONE) {
		palloc_put(vm->vmm, half[0], order);
		return false;
	}
	hal_charge(CHARGE_PAGE_FAULT, 1);
	for (uint32_t i = 0; i < 2 * pages; i++)
		attach(vm, first + i, (struct mpn){half[i / pages].value + i % pages}, PMAP_LARGE);
	vm->memory.large += 2 * pages;
	vm->vcpu[0].stats.pmap_faults++;
	return true;
}

/* Page @index is absent, others of its block are there, none of its unit. */
static bool make_unit(struct vm *vm, uint32_t index, unsigned node)
{
	uint32_t first = index & ~(UNIT_PAGES - 1);

	if (!has_units(vm) || first + UNIT_PAGES > vm->ram_pages ||
	    !none_present(vm, first, UNIT_PAGES) || !attach_pair(vm, first, UNIT_ORDER, node))
		return false;
	vm->block[index / block_pages(vm)].units |= unit_bit(index);
	note_linear(vm, first, UNIT_PAGES);
	return true;
}

struct pmap_entry *pmap_get(struct vm *vm, uint32_t index, unsigned node)
{
	struct pmap_entry *entry = &vm->pmap[index];
	struct mpn mpn;

	if (entry->flags & PMAP_PRESENT)
		return entry;
	if (index >= vm->ram_pages)
		return get_shared(vm, index, node);
	node = move_place(vm->vmm, index, node);
	if (pmap_large_block(vm, index, node) || pmap_join(vm, index, node) ||
	    make_unit(vm, index, node))
		return entry;
	hal_charge(CHARGE_PAGE_FAULT, 1);
	do
		mpn = palloc_get_like(vm->vmm, node, 0, index);
	while (mpn.value == MPN_NONE && move_give_up(vm->vmm));
	if (mpn.value == MPN_NONE) {
		vm_stopped(vm, VM_STOP_NO_MEMORY, 0);
		return NULL;
	}
	attach(vm, index, mpn, 0);
	vm->vcpu[0].stats.pmap_faults++;
	return entry;
}

bool pmap_large_block(struct vm *vm, uint32_t index, unsigned node)
{
	uint32_t first = block_start(vm, index), pages = block_pages(vm);
	struct block *block = &vm->block[index / pages];

	if (block->large)
		return true;
	if (!vm->large_order || first + pages > vm->ram_pages || !none_present(vm, first, pages) ||
	    !attach_pair(vm, first, vm->large_order, move_place(vm->vmm, index, node)))
		return false;
	block->large = 1;
	note_linear(vm, first, pages);
	return true;
}

/* Where the large page from @start on is, as far as it is there; MPN_NONE: nothing of it. */
static bool find_half(const struct vm *vm, uint32_t start, struct mpn *base)
{
	uint32_t pages = UINT32_C(1) << vm->large_order;

	base->value = MPN_NONE;
	for (uint32_t i = 0; i < pages; i++) {
		const struct pmap_entry *entry = &vm->pmap[start + i];

		if (!(entry->flags & PMAP_PRESENT))
			continue;
		if (base->value == MPN_NONE)
			base->value = entry->mpn.value - i;
		if (entry->mpn.value != base->value + i || (base->value & (pages - 1)) ||
		    (entry->flags & PMAP_REPLICATED))
			return false;
	}
	return true;
}

/* Takes what is missing of the large page at @base; all or nothing. */
static bool take_half(struct vm *vm, uint32_t start, struct mpn base)
{
	uint32_t i, pages = UINT32_C(1) << vm->large_order;

	for (i = 0; i < pages; i++)
		if (!(vm->pmap[start + i].flags & PMAP_PRESENT) &&
		    !palloc_take(vm->vmm, (struct mpn){base.value + i}))
			break;
	if (i == pages)
		return true;
	while (i--)
		if (!(vm->pmap[start + i].flags & PMAP_PRESENT))
			palloc_put(vm->vmm, (struct mpn){base.value + i}, 0);
	return false;
}

static void give_half(struct vm *vm, uint32_t start, struct mpn base)
{
	for (uint32_t i = 0; i < UINT32_C(1) << vm->large_order; i++)
		if (!(vm->pmap[start + i].flags & PMAP_PRESENT))
			palloc_put(vm->vmm, (struct mpn){base.value + i}, 0);
}

static bool get_half(struct vm *vm, uint32_t start, struct mpn *base, unsigned node)
{
	if (base->value != MPN_NONE)
		return take_half(vm, start, *base);
	*base = palloc_get(vm->vmm, node, vm->large_order);
	return base->value != MPN_NONE;
}

static void attach_half(struct vm *vm, uint32_t start, struct mpn base)
{
	for (uint32_t i = 0; i < UINT32_C(1) << vm->large_order; i++) {
		struct pmap_entry *entry = &vm->pmap[start + i];

		if (!(entry->flags & PMAP_PRESENT))
			attach(vm, start + i, (struct mpn){base.value + i}, 0);
		entry->flags |= PMAP_LARGE;
		vm->vmm->page[entry->mpn.value].wanted = 0;
	}
}

/* A small entry beside the large one would be a machine check: no CPU but this one may have any. */
static bool alone_on_cpu(const struct vm *vm)
{
	const struct pcpu *active = vm->vmm->active;

	return vm->on_cpus == 1 && active && active->current && active->current->vm == vm;
}

static void drop_translations(struct vm *vm)
{
	struct vcpu *running = vm->vmm->active->current;

	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		l2tlb_flush(&vm->vcpu[i]);
		vm->vcpu[i].flush_pending |= &vm->vcpu[i] != running;
	}
	flush_hardware(running);
}

/* Pages of the block at @first that are large already. */
static uint32_t large_pages(const struct vm *vm, uint32_t first)
{
	uint32_t pages = 0;

	for (unsigned units = vm->block[first / block_pages(vm)].units; units; units &= units - 1)
		pages += UNIT_PAGES;
	return pages;
}

bool pmap_join(struct vm *vm, uint32_t index, unsigned node)
{
	uint32_t first = block_start(vm, index), pages = UINT32_C(1) << vm->large_order;
	struct mpn half[2];

	if (!vm->large_order || first + 2 * pages > vm->ram_pages || !alone_on_cpu(vm))
		return false;
	if (!find_half(vm, first, &half[0]) || !find_half(vm, first + pages, &half[1]) ||
	    !get_half(vm, first, &half[0], node))
		return false;
	if (!get_half(vm, first + pages, &half[1], node)) {
		give_half(vm, first, half[0]);
		return false;
	}
	hal_charge(CHARGE_PAGE_FAULT, 1);
	vm->memory.large -= large_pages(vm, first);
	attach_half(vm, first, half[0]);
	attach_half(vm, first + pages, half[1]);
	vm->block[index / block_pages(vm)].large = 1;
	vm->block[index / block_pages(vm)].units = 0;
	note_linear(vm, first, 2 * pages);
	vm->memory.large += 2 * pages;
	vm->vcpu[0].stats.pmap_faults++;
	drop_translations(vm);
	return true;
}

/* What was noted about it while it was part of a large page holds for it by itself. */
static void unlarge(struct vm *vm, uint32_t index)
{
	struct pmap_entry *entry = &vm->pmap[index];

	entry->flags &= ~(PMAP_LARGE | PMAP_WANTED);
	if (vm->vmm->page[entry->mpn.value].wanted)
		entry->flags |= PMAP_WANTED;
}

static void make_small(struct vm *vm, uint32_t first, uint32_t pages)
{
	vm->memory.large -= pages;
	for (uint32_t i = 0; i < pages; i++)
		unlarge(vm, first + i);
}

void pmap_split(struct vm *vm, uint32_t index)
{
	struct block *block = &vm->block[index / block_pages(vm)];
	uint32_t first, pages = pmap_large(vm, index, &first), unit = index & ~(UNIT_PAGES - 1);

	if (!pages)
		return;
	forget_linear(vm, first, pages);
	if (!has_units(vm)) {
		make_small(vm, first, pages);
	} else {
		make_small(vm, unit, UNIT_PAGES);
		for (uint32_t i = first; block->large && i < first + pages; i += UNIT_PAGES) {
			if (i == unit)
				continue;
			block->units |= unit_bit(i);
			note_linear(vm, i, UNIT_PAGES);
		}
	}
	block->large = 0;
	block->vote[0].to = block->vote[1].to = 0;
	block->units &= (uint8_t)~unit_bit(index);
	shootdown_block(vm, first);
}

void pmap_release(struct vm *vm, uint32_t index)
{
	struct pmap_entry *entry = &vm->pmap[index];

	if (!(entry->flags & PMAP_PRESENT))
		return;
	pmap_split(vm, index);
	shootdown_page(vm, index);
	if (entry->flags & PMAP_SHARED) {
		*entry = (struct pmap_entry){.mpn = {MPN_NONE}};
		vm->memory.shared--;
		return;
	}
	move_drop_replicas(vm, entry);
	hal_page_changes(entry->mpn, 1);
	palloc_put(vm->vmm, entry->mpn, 0);
	*entry = (struct pmap_entry){.mpn = {MPN_NONE}};
	vm->memory.machine--;
}

void pmap_release_all(struct vm *vm)
{
	shared_detach_all(vm);
	for (uint32_t i = 0; i < vm->pages; i++) {
		struct pmap_entry *entry = &vm->pmap[i];

		if (!(entry->flags & PMAP_PRESENT))
			continue;
		move_drop_replicas(vm, entry);
		hal_page_changes(entry->mpn, 1);
		palloc_put(vm->vmm, entry->mpn, 0);
		*entry = (struct pmap_entry){.mpn = {MPN_NONE}};
	}
	for (uint32_t i = 0; i * block_pages(vm) < vm->pages; i++) {
		if (vm->block[i].large || vm->block[i].units)
			forget_linear(vm, i * block_pages(vm), block_pages(vm));
		vm->block[i] = (struct block){0};
	}
	vm->memory.machine = vm->memory.large = 0;
}

/* Linux gives a process another ASID on each CPU. */
void pmap_note_mapping(struct pmap_entry *entry, struct vcpu *vcpu, uint64_t hi)
{
	uint64_t asid = hi & ENTRYHI_ASID, differs;

	vcpu->asids[asid / 64] |= UINT64_C(1) << asid % 64;
	entry->holders |= 1u << vcpu->number;
	if (!entry->backmap)
		entry->backmap = hi | 0x1000; /* bit 12 is not part of EntryHi: never zero */
	differs = entry->backmap ^ (hi | 0x1000);
	if (differs & ~ENTRYHI_ASID)
		entry->flags |= PMAP_MANY;
	else if (differs)
		entry->flags |= PMAP_ASIDS;
}
