/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit: everything the monitor believes about memory, checked against everything else. What a
 * hardware TLB or an L2TLB maps must be a page of that VM by pmap and memmap; every machine page is
 * free, or one page of one VM; the free lists hold what they count.
 */
#include "vm.h"

struct audit {
	struct vmm *vmm;
	unsigned errors;
	const char *what;
	uint64_t value;
	uint64_t replicas; /* found in the lists */
};

static void fail(struct audit *audit, const char *what, uint64_t value)
{
	if (!audit->errors++) {
		audit->what = what;
		audit->value = value;
	}
}

static bool equal_pages(struct mpn a, struct mpn b)
{
	const uint64_t *x = hal_page(a), *y = hal_page(b);

	for (unsigned i = 0; i < PAGE_BYTES / sizeof(*x); i++)
		if (x[i] != y[i])
			return false;
	return true;
}

/* The replicas of a page are pages of its VM, one a node, with the same content. */
static void check_replicas(struct audit *audit, const struct vm *vm, const struct pmap_entry *entry,
			   uint32_t index)
{
	const struct vmm *vmm = audit->vmm;
	uint64_t nodes = UINT64_C(1) << palloc_node_of(vmm, entry->mpn);
	uint32_t mpn = vmm->page[entry->mpn.value].previous;

	if ((mpn == MPN_NONE && !vmm->page[entry->mpn.value].wanted) || (entry->flags & PMAP_LARGE))
		fail(audit, "pmap: replicated page without replicas, or large", index);
	for (; mpn < vmm->pages; mpn = vmm->page[mpn].previous) {
		const struct page *page = &vmm->page[mpn];
		uint64_t node = UINT64_C(1) << palloc_node_of(vmm, (struct mpn){mpn});

		audit->replicas++;
		if (page->state != PAGE_REPLICA || page->vm != vm->number || page->ppn != index) {
			fail(audit, "memmap: list of replicas has another page", mpn);
			return;
		}
		if (nodes & node)
			fail(audit, "memmap: two copies of a page on one node", mpn);
		nodes |= node;
		if (!equal_pages(entry->mpn, (struct mpn){mpn}))
			fail(audit, "replica differs from its page", mpn);
	}
}

/* What is behind the RAM is a page of attached shared memory. */
static void check_shared(struct audit *audit, const struct vm *vm, uint32_t index)
{
	const struct pmap_entry *entry = &vm->pmap[index];
	const struct vmm *vmm = audit->vmm;
	uint32_t page = 0;
	unsigned number = 0;

	if (!(entry->flags & PMAP_SHARED) || !shared_at(vm, index, &number, &page))
		fail(audit, "pmap: page of the window without shared memory", index);
	else if (entry->mpn.value != vmm->shared[number].mpn[page].value ||
		 vmm->page[entry->mpn.value].state != PAGE_SHARED)
		fail(audit, "pmap: another machine page than that of the shared memory", index);
}

/* Whether @mpn is a page of shared memory that the VM has attached. */
static bool is_shared_with(const struct vm *vm, uint64_t mpn)
{
	const struct page *page = &vm->vmm->page[mpn];

	return page->state == PAGE_SHARED && (vm->shared_attached >> page->vm & 1) &&
	       vm->vmm->shared[page->vm].mpn[page->ppn].value == mpn;
}

static void check_pmap(struct audit *audit, struct vm *vm)
{
	uint64_t present = 0, large = 0, shared = 0;

	for (uint32_t i = 0; i < vm->pages; i++) {
		const struct pmap_entry *entry = &vm->pmap[i];
		const struct page *page;
		uint32_t first;

		if (!(entry->flags & PMAP_PRESENT))
			continue;
		if (i >= vm->ram_pages) {
			shared++;
			check_shared(audit, vm, i);
			continue;
		}
		present++;
		large += (entry->flags & PMAP_LARGE) != 0;
		if (entry->mpn.value >= audit->vmm->pages) {
			fail(audit, "pmap: no such machine page", entry->mpn.value);
			continue;
		}
		page = &audit->vmm->page[entry->mpn.value];
		if (page->state != PAGE_GUEST || page->vm != vm->number || page->ppn != i)
			fail(audit, "pmap and memmap disagree on the owner of machine page",
			     entry->mpn.value);
		if (entry->flags & PMAP_REPLICATED)
			check_replicas(audit, vm, entry, i);
		else if (page->previous != MPN_NONE)
			fail(audit, "memmap: replicas of a page that has none", i);
		if (!(entry->flags & PMAP_LARGE) != !pmap_large(vm, i, &first))
			fail(audit, "pmap: page and block disagree on being large", i);
	}
	if (present != vm->memory.machine || large != vm->memory.large ||
	    shared != vm->memory.shared)
		fail(audit, "pmap: wrong count of machine pages of VM", vm->number);
}

/* What the entry code makes hardware entries of. */
static void check_linear(struct audit *audit, const struct vm *vm)
{
	for (uint32_t i = 0; vm->large_order == LARGE_ORDER && i < vm->ram_pages; i += UNIT_PAGES) {
		const struct linear *linear = &vm->linear[pmap_address(i).value >> LINEAR_SHIFT];
		uint32_t first, pages = pmap_large(vm, i, &first);
		uint64_t address = (linear->lo[0] & ENTRYLO_PFN) >> 6 << PAGE_SHIFT;

		if (!pages != !linear->lo[0] ||
		    (pages &&
		     (linear->page_mask != ((pages * PAGE_BYTES - 1) & ~UINT64_C(0x1fff)) ||
		      mpn_at((struct ma){address}).value != vm->pmap[first].mpn.value)))
			fail(audit, "large pages: pmap and what maps them disagree, at page", i);
	}
}

static void check_memmap(struct audit *audit)
{
	struct vmm *vmm = audit->vmm;

	uint64_t replicas = 0;

	for (uint32_t i = 0; i < vmm->pages; i++) {
		const struct page *page = &vmm->page[i];
		const struct vm *vm;

		replicas += page->state == PAGE_REPLICA;
		if (page->state == PAGE_REGISTERS) {
			vm = vmm->vm[page->vm];
			if (!vm || page->ppn >= vm->config.vcpus ||
			    i - vm->vcpu[page->ppn].registers.value > 1)
				fail(audit, "memmap: register page that no vCPU has", i);
		}
		if (page->state == PAGE_SHARED &&
		    (page->vm >= vmm->config.shared_memories || !vmm->shared[page->vm].users ||
		     vmm->shared[page->vm].mpn[page->ppn].value != i))
			fail(audit, "memmap: shared page that nobody has", i);
		if (page->state != PAGE_GUEST)
			continue;
		vm = vmm->vm[page->vm];
		if (!vm || page->ppn >= vm->ram_pages || vm->pmap[page->ppn].mpn.value != i)
			fail(audit, "memmap: machine page with an owner that does not have it", i);
	}
	if (replicas != audit->replicas || replicas != vmm->numa.replicas)
		fail(audit, "replicas: marks, lists and count disagree", replicas);
}

static void check_free(struct audit *audit, const struct node_memory *node)
{
	struct vmm *vmm = audit->vmm;
	uint32_t listed = 0, marked = 0;

	for (unsigned order = 0; order <= MAX_ORDER; order++)
		for (uint32_t mpn = node->list[order]; mpn != MPN_NONE; mpn = vmm->page[mpn].ppn) {
			if (vmm->page[mpn].state != PAGE_FREE_HEAD ||
			    vmm->page[mpn].order != order || listed > node->pages) {
				fail(audit, "free list: broken at machine page", mpn);
				return;
			}
			listed += UINT32_C(1) << order;
		}
	for (uint32_t i = 0; i < node->pages; i++) {
		uint8_t state = vmm->page[node->start.value + i].state;

		marked += state == PAGE_FREE || state == PAGE_FREE_HEAD;
	}
	if (listed != node->free || marked != node->free)
		fail(audit, "free pages: lists, marks and count disagree", listed);
}

/* Whoever takes @page away finds this translation by the back map; a large one, of twice @pages, by
 * its block or unit. */
static void check_backmap(struct audit *audit, const struct vcpu *vcpu, uint64_t hi, uint64_t lo,
			  uint32_t index, uint32_t pages)
{
	const struct vm *vm = vcpu->vm;
	uint32_t first, large = pmap_large(vm, index, &first);
	const struct pmap_entry *entry = &vm->pmap[pages > 1 ? first : index];
	uint64_t differs = entry->backmap ^ (hi | 0x1000), asid = hi & ENTRYHI_ASID;

	if ((lo & ENTRYLO_G) ||
	    ((entry->flags & PMAP_ASIDS) && vcpu->asids[asid / 64] >> asid % 64 & 1))
		differs &= ~ENTRYHI_ASID;
	if (!(entry->holders >> vcpu->number & 1) ||
	    (pages > 1 ? large != 2 * pages : differs && !(entry->flags & PMAP_MANY)))
		fail(audit, "a translation that the back map does not know, of physical page",
		     index);
}

/* @lo maps @pages machine pages for @vcpu: they must all be its VM's. */
static void check_lo(struct audit *audit, const struct vcpu *vcpu, uint64_t hi, uint64_t lo,
		     uint32_t pages, const char *what)
{
	const struct vm *vm = vcpu->vm;
	uint64_t address = (lo & ENTRYLO_PFN) >> 6 << PAGE_SHIFT;

	if (!(lo & ENTRYLO_V))
		return;
	for (uint32_t i = 0; i < pages; i++) {
		uint64_t at = address + i * PAGE_BYTES;
		uint32_t mpn = mpn_at((struct ma){at}).value;
		const struct page *page;

		page = mpn < audit->vmm->pages ? &audit->vmm->page[mpn] : NULL;
		if (page && page->state == PAGE_REGISTERS && page->vm == vm->number &&
		    page->ppn == vcpu->number)
			continue;
		if (page && is_shared_with(vm, mpn))
			continue;
		if (!page || (page->state != PAGE_GUEST && page->state != PAGE_REPLICA) ||
		    page->vm != vm->number)
			fail(audit, what, at);
		else if ((lo & ENTRYLO_D) && (vm->pmap[page->ppn].flags & PMAP_REPLICATED))
			fail(audit, "a page with replicas is mapped writable, at address", at);
		else
			check_backmap(audit, vcpu, hi, lo, page->ppn, pages);
	}
}

static void check_l2tlb(struct audit *audit, const struct vcpu *vcpu)
{
	for (uint32_t i = 0; vcpu->l2tlb && i <= vcpu->l2tlb_mask; i++) {
		const struct l2tlb_entry *entry = &vcpu->l2tlb[i];

		if (entry->tag == L2TLB_EMPTY)
			continue;
		for (unsigned half = 0; half < 2; half++)
			check_lo(audit, vcpu, entry->tag, entry->lo[half], 1,
				 "L2TLB maps a page that is not its VM's, at machine address");
	}
}

/* What a search of the virtual TLB goes by. */
static void check_vtlb(struct audit *audit, const struct vcpu *vcpu)
{
	unsigned large = 0, small = 0, counted = 0;
	uint64_t valid = 0;

	for (unsigned i = 0; i < VTLB_ENTRIES; i++) {
		const struct vtlb_entry *entry = &vcpu->vtlb[i];

		if (entry->hidden)
			continue;
		if (entry->page_mask)
			large++;
		else
			small++;
		if ((entry->lo[0] | entry->lo[1]) & ENTRYLO_V)
			valid |= UINT64_C(1) << i;
	}
	for (unsigned i = 0; i < VTLB_FILTER; i++)
		counted += vcpu->vtlb_filter[i];
	if (large != vcpu->vtlb_large || small != counted || valid != vcpu->vtlb_valid)
		fail(audit, "virtual TLB: entries and counts disagree, of vCPU", vcpu->number);
}

static void check_hardware(struct audit *audit, const struct pcpu *cpu)
{
	const struct vcpu *vcpu = cpu->tlb_owner;

	/* Entries that will be flushed before anyone uses them do not count. */
	if (!vcpu || vcpu->tlb_pcpu != cpu || vcpu->flush_pending || vcpu->stale)
		return;
	for (unsigned i = 0; i < audit->vmm->config.tlb_entries; i++) {
		uint64_t hi, lo[2], page_mask;
		uint32_t pages;

		if (!hal_tlb_read(cpu->number, i, &hi, lo, &page_mask))
			continue;
		pages = (uint32_t)(((page_mask | 0x1fff) + 1) / 2 >> PAGE_SHIFT);
		for (unsigned half = 0; half < 2; half++)
			check_lo(audit, vcpu, hi, lo[half], pages,
				 "hardware TLB maps a page that is not its VM's, at address");
	}
}

unsigned vmm_audit(struct vmm *vmm, const char **what, uint64_t *value)
{
	struct audit audit = {.vmm = vmm};

	for (unsigned i = 0; i < VMM_MAX_VMS; i++) {
		struct vm *vm = vmm->vm[i];

		if (!vm)
			continue;
		check_pmap(&audit, vm);
		check_linear(&audit, vm);
		for (unsigned n = 0; n < vm->config.vcpus; n++) {
			check_vtlb(&audit, &vm->vcpu[n]);
			check_l2tlb(&audit, &vm->vcpu[n]);
		}
	}
	check_memmap(&audit);
	for (unsigned n = 0; n < vmm->config.nodes; n++)
		check_free(&audit, &vmm->node[n]);
	for (unsigned i = 0; i < vmm->config.cpus; i++)
		check_hardware(&audit, &vmm->cpu[i]);
	*what = audit.what;
	*value = audit.value;
	return audit.errors;
}
