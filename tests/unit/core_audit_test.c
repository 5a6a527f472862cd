// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The audit, on the fake HAL: of a monitor in good order it says nothing; for each of its rules one
 * thing is made wrong, and it says so.
 */
#include <stdlib.h>

#include "support/fake_hal.h"

#define PER_NODE 4096
#define BLOCK	 (UINT32_C(2) << LARGE_ORDER) /* pages */
#define STRIDE	 0x8000			      /* nodes 2 and 3 lie behind the device hole */
#define P(n)	 (3 * BLOCK + (n))	      /* pages of a block that is not whole: never large */
#define MAPPED	 UINT64_C(0x00400000)
#define GLOBAL	 UINT64_C(0xc000000000200000)

static struct vmm *vmm;
static struct vm *vm;

/* The guest writes the pair (@index, @index + 1) at @va into its TLB. */
static void guest_maps(struct vcpu *vcpu, unsigned slot, uint64_t va, uint32_t index, bool global)
{
	uint64_t flags = CCA_CACHED << 3 | ENTRYLO_V | ENTRYLO_D | (global ? ENTRYLO_G : 0);

	fake.current = vcpu->pcpu->number;
	assert_non_null(pmap_get(vm, index, 0));
	assert_non_null(pmap_get(vm, index + 1, 0));
	vcpu->cp0[CP0_PAGEMASK] = 0;
	vcpu->cp0[CP0_ENTRYHI] = va | 7;
	vcpu->cp0[OPEN(CP0_ENTRYLO0)] = (uint64_t)index << 6 | flags;
	vcpu->cp0[OPEN(CP0_ENTRYLO1)] = (uint64_t)(index + 1) << 6 | flags;
	vcpu->cp0[CP0_BADVADDR] = va;
	assert_true(vtlb_write(vcpu, slot, false));
}

static void refill(unsigned cpu, uint64_t va)
{
	struct trap trap = {
		.pc = MIPS_CKSEG0 + 0x1000, .bad_address = va, .code = EXC_TLBL, .refill = true};

	fake_trap(vmm, cpu, &trap);
}

/* Two vCPUs on two CPUs of four nodes; pages from P(0x20) on mapped by the guest, block 2 of the
 * pmap mapped large. */
static int setup(void **state)
{
	struct vmm_config config = {.l2tlb_entries = 64, .overcommit = true, .large_pages = true};

	(void)state;
	fake_hal_reset(FAKE_NODES, PER_NODE, STRIDE);
	fake_config(&config, 2);
	vmm = fake_vmm(&config);
	vm = fake_vm(vmm, 2, 3 * BLOCK + 100);
	fake_start(vm, MIPS_CKSEG0 + 0x1000);
	sched_ready(&vm->vcpu[1]);
	fake.current = 1;
	vmm->active = &vmm->cpu[1];
	sched_pick(&vmm->cpu[1], &(struct trap){.gpr = fake_gpr(1)});
	vm->vcpu[0].flush_pending = vm->vcpu[1].flush_pending = false;
	vm->vcpu[0].cp0[CP0_STATUS] = STATUS_KX | STATUS_SX | STATUS_UX;
	vcpu_status_changed(&vm->vcpu[0]);
	vm->vcpu[0].flush_pending = false;
	vmm->active = &vmm->cpu[0];
	refill(0, MIPS_CKSEG0 + UINT64_C(2) * BLOCK * PAGE_BYTES);
	guest_maps(&vm->vcpu[0], 3, MAPPED, P(0x20), false);
	guest_maps(&vm->vcpu[0], 4, GLOBAL, P(0x22), true);
	fake_audit(vmm);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(vm);
	free(vmm);
	fake_hal_free();
	return 0;
}

static struct pmap_entry *entry_of(uint32_t index)
{
	return &vm->pmap[index];
}

static struct page *page_of(uint32_t index)
{
	return &vmm->page[vm->pmap[index].mpn.value];
}

/* A copy of page @index on @node, as move.c makes them. */
static struct mpn replica(uint32_t index, unsigned node)
{
	struct mpn copy = palloc_get_on(vmm, node);
	struct page *page = &vmm->page[copy.value];

	shootdown_page(vm, index);
	page->state = PAGE_REPLICA;
	page->vm = vm->number;
	page->ppn = index;
	page->previous = page_of(index)->previous;
	page_of(index)->previous = copy.value;
	entry_of(index)->flags |= PMAP_REPLICATED;
	vmm->numa.replicas++;
	hal_page_copy(copy, entry_of(index)->mpn);
	return copy;
}

static void nothing_wrong(void **state)
{
	(void)state;
	assert_non_null(fake_tlb_find(0, MAPPED));
	assert_true(vm->memory.large == BLOCK);
	pmap_get(vm, P(0x30), 0);
	replica(P(0x30), 3);
	fake_audit(vmm);
}

/* ---- replicas ---- */

static void replicated_without_replicas(void **state)
{
	(void)state;
	pmap_get(vm, P(0x30), 0)->flags |= PMAP_REPLICATED;
	fake_audit_says(vmm, "pmap: replicated page without replicas, or large");
}

static void list_of_replicas(void **state)
{
	struct mpn copy;

	(void)state;
	pmap_get(vm, P(0x30), 0);
	copy = replica(P(0x30), 3);
	vmm->page[copy.value].ppn = P(0x31);
	fake_audit_says(vmm, "memmap: list of replicas has another page");
}

static void two_copies_on_a_node(void **state)
{
	(void)state;
	pmap_get(vm, P(0x30), 0);
	replica(P(0x30), 0);
	fake_audit_says(vmm, "memmap: two copies of a page on one node");
}

static void replica_differs(void **state)
{
	struct mpn copy;

	(void)state;
	pmap_get(vm, P(0x30), 0);
	copy = replica(P(0x30), 2);
	((uint8_t *)hal_page(copy))[4095] ^= 1;
	fake_audit_says(vmm, "replica differs from its page");
}

static void replica_mapped_writable(void **state)
{
	struct l2tlb_entry *entry;

	(void)state;
	replica(P(0x20), 3);
	guest_maps(&vm->vcpu[0], 3, MAPPED, P(0x20), false);
	fake_audit(vmm);
	entry = l2tlb_find(&vm->vcpu[0], MAPPED);
	assert_non_null(entry);
	entry->lo[0] |= ENTRYLO_D;
	fake_audit_says(vmm, "a page with replicas is mapped writable, at address");
}

static void replicas_of_a_page_without(void **state)
{
	(void)state;
	page_of(P(0x20))->previous = entry_of(P(0x21))->mpn.value;
	fake_audit_says(vmm, "memmap: replicas of a page that has none");
}

static void count_of_replicas(void **state)
{
	(void)state;
	vmm->numa.replicas++;
	fake_audit_says(vmm, "replicas: marks, lists and count disagree");
}

/* ---- pmap and memmap ---- */

static void no_such_page(void **state)
{
	(void)state;
	entry_of(P(0x20))->mpn.value = vmm->pages;
	fake_audit_says(vmm, "pmap: no such machine page");
}

static void owner(void **state)
{
	(void)state;
	page_of(P(0x20))->ppn = 0x99;
	fake_audit_says(vmm, "pmap and memmap disagree on the owner of machine page");
}

/* Two physical pages with one machine page behind them. */
static void two_owners(void **state)
{
	(void)state;
	entry_of(P(0x20))->mpn = entry_of(P(0x21))->mpn;
	fake_audit_says(vmm, "pmap and memmap disagree on the owner of machine page");
}

static void page_nobody_has(void **state)
{
	struct mpn lost = palloc_get(vmm, 1, 0);
	struct page *page = &vmm->page[lost.value];

	(void)state;
	page->state = PAGE_GUEST;
	page->vm = vm->number;
	page->ppn = 0x77;
	page->previous = MPN_NONE;
	fake_audit_says(vmm, "memmap: machine page with an owner that does not have it");
}

static void large_flag(void **state)
{
	(void)state;
	entry_of(P(0x20))->flags |= PMAP_LARGE;
	fake_audit_says(vmm, "pmap: page and block disagree on being large");
}

static void count_of_pages(void **state)
{
	(void)state;
	vm->memory.machine--;
	fake_audit_says(vmm, "pmap: wrong count of machine pages of VM");
}

static void count_of_large_pages(void **state)
{
	(void)state;
	vm->memory.large++;
	fake_audit_says(vmm, "pmap: wrong count of machine pages of VM");
}

/* ---- free lists ---- */

static void free_list(void **state)
{
	(void)state;
	for (unsigned order = 0; order <= MAX_ORDER; order++)
		if (vmm->node[1].list[order] != MPN_NONE)
			vmm->page[vmm->node[1].list[order]].order ^= 1;
	fake_audit_says(vmm, "free list: broken at machine page");
}

static void free_list_in_a_ring(void **state)
{
	uint32_t head = vmm->node[3].list[MAX_ORDER];

	(void)state;
	assert_int_not_equal(head, MPN_NONE);
	vmm->page[head].ppn = head;
	fake_audit_says(vmm, "free list: broken at machine page");
}

static void free_count(void **state)
{
	(void)state;
	vmm->node[2].free--;
	fake_audit_says(vmm, "free pages: lists, marks and count disagree");
}

static void lost_page(void **state)
{
	(void)state;
	palloc_get(vmm, 0, 0);
	vmm->node[0].free++;
	fake_audit_says(vmm, "free pages: lists, marks and count disagree");
}

/* ---- translations ---- */

static void l2tlb_foreign_page(void **state)
{
	struct l2tlb_entry *entry = l2tlb_find(&vm->vcpu[0], MAPPED);

	(void)state;
	assert_non_null(entry);
	entry->lo[1] =
		hal_mpn_address((struct mpn){3 * STRIDE + 5}).value >> PAGE_SHIFT << 6 | ENTRYLO_V;
	fake_audit_says(vmm, "L2TLB maps a page that is not its VM's, at machine address");
}

static void hardware_foreign_page(void **state)
{
	struct fake_tlb_entry *entry = (struct fake_tlb_entry *)fake_tlb_find(0, MAPPED);

	(void)state;
	entry->lo[0] = UINT64_C(0x20000000) >> PAGE_SHIFT << 6 | ENTRYLO_V; /* no such page */
	fake_audit_says(vmm, "hardware TLB maps a page that is not its VM's, at address");
}

/* The page went to another VM, and its translation stayed. */
static void stale_translation(void **state)
{
	struct mpn mpn = entry_of(P(0x20))->mpn;

	(void)state;
	entry_of(P(0x20))->holders = 0;
	entry_of(P(0x20))->flags &= ~PMAP_MANY;
	pmap_release(vm, P(0x20));
	vm->vcpu[0].flush_pending = false;
	vm->vcpu[0].stale = 0;
	assert_int_not_equal(vmm->page[mpn.value].state, PAGE_GUEST);
	fake_audit_says(vmm, "L2TLB maps a page that is not its VM's, at machine address");
}

static void stale_entries_do_not_count_before_a_flush(void **state)
{
	(void)state;
	pmap_release(vm, P(0x20));
	assert_true(vm->vcpu[0].flush_pending || vm->vcpu[0].stale);
	assert_non_null(fake_tlb_find(0, MAPPED));
	fake_audit(vmm);
}

static void back_map_without_holder(void **state)
{
	(void)state;
	entry_of(P(0x20))->holders = 2;
	fake_audit_says(vmm, "a translation that the back map does not know, of physical page");
}

static void back_map_of_another_address(void **state)
{
	(void)state;
	entry_of(P(0x21))->backmap ^= 0x2000;
	fake_audit_says(vmm, "a translation that the back map does not know, of physical page");
	entry_of(P(0x21))->flags |= PMAP_MANY;
	fake_audit(vmm);
}

static void back_map_of_another_asid(void **state)
{
	(void)state;
	entry_of(P(0x22))->backmap ^= 1; /* global: of no importance */
	fake_audit(vmm);
	entry_of(P(0x20))->backmap ^= 1;
	fake_audit_says(vmm, "a translation that the back map does not know, of physical page");
}

static void large_entry_of_a_split_block(void **state)
{
	(void)state;
	pmap_split(vm, 2 * BLOCK);
	fake_audit(vmm);
	vm->vcpu[0].flush_pending = false;
	fake_audit_says(vmm, "a translation that the back map does not know, of physical page");
}

/* ---- the virtual TLB ---- */

static void virtual_tlb(void **state)
{
	(void)state;
	vm->vcpu[0].vtlb_large++;
	fake_audit_says(vmm, "virtual TLB: entries and counts disagree, of vCPU");
	vm->vcpu[0].vtlb_large--;
	vm->vcpu[1].vtlb_filter[5]++;
	fake_audit_says(vmm, "virtual TLB: entries and counts disagree, of vCPU");
	vm->vcpu[1].vtlb_filter[5]--;
	vm->vcpu[0].vtlb_valid ^= 1 << 3;
	fake_audit_says(vmm, "virtual TLB: entries and counts disagree, of vCPU");
}

/* ---- register pages ---- */

static void register_page_without_vcpu(void **state)
{
	struct mpn mpn = palloc_get(vmm, 0, 1);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		vmm->page[mpn.value + i].state = PAGE_REGISTERS;
		vmm->page[mpn.value + i].vm = vm->number;
		vmm->page[mpn.value + i].ppn = 1;
		vmm->page[mpn.value + i].previous = MPN_NONE;
	}
	vm->vcpu[1].registers = mpn;
	fake_audit(vmm);
	vm->vcpu[1].registers.value = MPN_NONE;
	fake_audit_says(vmm, "memmap: register page that no vCPU has");
	vm->vcpu[1].registers = mpn;
	vmm->page[mpn.value].ppn = 2;
	fake_audit_says(vmm, "memmap: register page that no vCPU has");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nothing_wrong),
		TEST(replicated_without_replicas),
		TEST(list_of_replicas),
		TEST(two_copies_on_a_node),
		TEST(replica_differs),
		TEST(replica_mapped_writable),
		TEST(replicas_of_a_page_without),
		TEST(count_of_replicas),
		TEST(no_such_page),
		TEST(owner),
		TEST(two_owners),
		TEST(page_nobody_has),
		TEST(large_flag),
		TEST(count_of_pages),
		TEST(count_of_large_pages),
		TEST(free_list),
		TEST(free_list_in_a_ring),
		TEST(free_count),
		TEST(lost_page),
		TEST(l2tlb_foreign_page),
		TEST(hardware_foreign_page),
		TEST(stale_translation),
		TEST(stale_entries_do_not_count_before_a_flush),
		TEST(back_map_without_holder),
		TEST(back_map_of_another_address),
		TEST(back_map_of_another_asid),
		TEST(large_entry_of_a_split_block),
		TEST(virtual_tlb),
		TEST(register_page_without_vcpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
