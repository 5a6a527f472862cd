// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The monitor's memory on the fake HAL: machine pages and pmaps against plain models, shootdown,
 * configurations out of range, and a machine that runs out of memory at each allocation in turn.
 */
#include <stdlib.h>
#include <string.h>

#include "support/fake_hal.h"

#define PER_NODE 4096
#define STRIDE	 0x8000
#define ENTRY	 (MIPS_CKSEG0 + 0x1000)
#define MIB	 (UINT64_C(1) << 20)

static struct vmm_config config;
static struct vmm *vmm;
static struct vm *made[8];
static unsigned made_count;

static void make(uint32_t nodes, uint32_t per_node, unsigned cpus)
{
	fake_hal_reset(nodes, per_node, STRIDE);
	fake_config(&config, cpus);
	vmm = fake_vmm(&config);
}

static struct vm *add_vm(unsigned vcpus, uint32_t pages)
{
	return made[made_count++] = fake_vm(vmm, vcpus, pages);
}

static int setup(void **state)
{
	(void)state;
	config = (struct vmm_config){.l2tlb_entries = 64, .overcommit = true};
	made_count = 0;
	vmm = NULL;
	return 0;
}

static void drop(void)
{
	while (made_count)
		free(made[--made_count]);
	free(vmm);
	vmm = NULL;
	fake_hal_free();
}

static int teardown(void **state)
{
	(void)state;
	if (vmm)
		fake_audit(vmm);
	drop();
	return 0;
}

static uint32_t all_free(void)
{
	uint32_t sum = 0;

	for (unsigned n = 0; n < fake.nodes; n++)
		sum += vmm_free_pages(vmm, n);
	return sum;
}

/* Pages that the test has itself: as the monitor's own. */
static struct mpn take(struct mpn mpn, unsigned order)
{
	for (uint32_t i = 0; mpn.value != MPN_NONE && i < UINT32_C(1) << order; i++)
		vmm->page[mpn.value + i].state = PAGE_RESERVED;
	return mpn;
}

/* ---- machine pages ---- */

static bool is_zero(struct mpn first, unsigned order)
{
	for (uint32_t i = 0; i < UINT32_C(1) << order; i++) {
		const uint8_t *at = hal_page((struct mpn){first.value + i});

		if (at[0] || memcmp(at, at + 1, PAGE_BYTES - 1) != 0)
			return false;
	}
	return true;
}

/* What is given out overlaps with nothing else, is aligned and zero; at the end there are large
 * blocks again. */
static void random_pages(void **state)
{
	enum { HELD = 200 };
	struct mpn held[HELD];
	unsigned order[HELD], count = 0;

	(void)state;
	make(4, PER_NODE, 4);
	for (unsigned step = 0; step < 3000; step++) {
		if (count < HELD && fake_random(2)) {
			unsigned o = fake_random(6), node = fake_random(4);
			struct mpn mpn = take(palloc_get(vmm, node, o), o);

			if (mpn.value == MPN_NONE)
				continue;
			assert_int_equal(mpn.value & ((1u << o) - 1), 0);
			assert_true(is_zero(mpn, o));
			for (uint32_t i = 0; i < 1u << o; i++)
				memset(hal_page((struct mpn){mpn.value + i}), 0xa5, PAGE_BYTES);
			for (unsigned h = 0; h < count; h++)
				assert_true(mpn.value + (1u << o) <= held[h].value ||
					    held[h].value + (1u << order[h]) <= mpn.value);
			held[count] = mpn;
			order[count++] = o;
		} else if (count < HELD && fake_random(2)) { /* this very page, if it is free */
			struct mpn mpn = {fake_random(4) * STRIDE + fake_random(PER_NODE)};
			bool is_free = true;

			for (unsigned h = 0; h < count; h++)
				is_free &= mpn.value - held[h].value >= 1u << order[h];
			assert_int_equal(palloc_take(vmm, mpn), is_free);
			if (!is_free)
				continue;
			assert_true(is_zero(take(mpn, 0), 0));
			memset(hal_page(mpn), 0x5a, PAGE_BYTES);
			held[count] = mpn;
			order[count++] = 0;
		} else if (count) {
			unsigned h = fake_random(count);

			palloc_put(vmm, held[h], order[h]);
			held[h] = held[--count];
			order[h] = order[count];
		}
		if (step % 100 == 0)
			fake_audit(vmm);
	}
	while (count--)
		palloc_put(vmm, held[count], order[count]);
	assert_int_equal(all_free(), 4 * PER_NODE);
	for (unsigned n = 0; n < 4 * PER_NODE >> MAX_ORDER; n++)
		assert_int_not_equal(take(palloc_get(vmm, 0, MAX_ORDER), MAX_ORDER).value,
				     MPN_NONE);
	assert_int_equal(palloc_get(vmm, 0, 0).value, MPN_NONE);
}

static void nodes_in_turn(void **state)
{
	(void)state;
	make(3, 8, 3);
	for (unsigned n = 0; n < 8; n++)
		assert_int_equal(palloc_node_of(vmm, take(palloc_get(vmm, 2, 0), 0)), 2);
	assert_int_equal(palloc_node_of(vmm, take(palloc_get(vmm, 2, 0), 0)), 0);
	assert_int_equal(palloc_get_on(vmm, 2).value, MPN_NONE);
	assert_int_equal(palloc_node_of(vmm, take(palloc_get_on(vmm, 1), 0)), 1);
	assert_int_equal(palloc_get(vmm, 0, 3).value, MPN_NONE);
}

/* Pages like another one have the low eight bits of its number, as long as there are such. */
static void colours(void **state)
{
	uint32_t rest = 4;

	(void)state;
	make(2, 1024, 2);
	for (unsigned n = 0; n < 4; n++)
		assert_int_equal(take(palloc_get_on_like(vmm, 1, 0x777), 0).value % 256, 0x77);
	assert_int_not_equal(take(palloc_get_on_like(vmm, 1, 0x777), 0).value, MPN_NONE);
	assert_int_equal(take(palloc_get_like(vmm, 0, 6, 0x1c0), 6).value % 256, 0xc0);
	assert_int_equal(take(palloc_get_like(vmm, 0, 6, 0x40), 6).value % 256, 0x40);
	fake_audit(vmm);
	for (; take(palloc_get_on_like(vmm, 1, 5), 0).value != MPN_NONE; rest++)
		fake_audit(vmm);
	assert_int_equal(rest, 1023);
	assert_int_equal(vmm_free_pages(vmm, 1), 0);
}

/* ---- pmaps ---- */

static void guest_physical_addresses(void **state)
{
	uint32_t index;
	struct vm *vm;

	(void)state;
	make(1, 64, 1);
	vm = add_vm(1, (uint32_t)(300 * MIB / PAGE_BYTES));
	for (uint32_t page = 0; page < vm->pages; page += 1009) {
		struct gpa gpa = pmap_address(page);

		gpa.value += 0xabc;
		assert_true(pmap_ram(vm, gpa, &index));
		assert_int_equal(index, page);
		assert_false(gpa.value >= 256 * MIB && gpa.value < 512 * MIB);
	}
	assert_true(pmap_ram(vm, (struct gpa){256 * MIB - 1}, &index));
	assert_false(pmap_ram(vm, (struct gpa){256 * MIB}, &index));
	assert_false(pmap_ram(vm, (struct gpa){512 * MIB - 1}, &index));
	assert_true(pmap_ram(vm, (struct gpa){512 * MIB}, &index));
	assert_int_equal(index, 256 * MIB / PAGE_BYTES);
	assert_false(pmap_ram(vm, (struct gpa){556 * MIB}, &index));
	assert_false(pmap_ram(vm, (struct gpa){~UINT64_C(0)}, &index));
}

/* A page comes when it is first used, zero; given back, it is gone, and comes zero again. */
static void pages_on_demand(void **state)
{
	struct pmap_entry *entry;
	struct vm_memory memory;
	struct vm *vm;

	(void)state;
	make(2, PER_NODE, 2);
	vm = add_vm(1, 512);
	fake_start(vm, ENTRY);
	assert_int_equal(all_free(), 2 * PER_NODE);
	entry = pmap_get(vm, 17, 1);
	assert_int_equal(palloc_node_of(vmm, entry->mpn), 1);
	assert_ptr_equal(pmap_get(vm, 17, 0), entry);
	assert_true(is_zero(entry->mpn, 0));
	memset(hal_page(entry->mpn), 1, PAGE_BYTES);
	vmm_vm_memory_stats(vmm, vm->number, &memory);
	assert_int_equal(memory.machine, 1);
	pmap_release(vm, 17);
	pmap_release(vm, 17);
	assert_int_equal(all_free(), 2 * PER_NODE);
	assert_true(is_zero(pmap_get(vm, 17, 1)->mpn, 0));
}

static void large_blocks(void **state)
{
	const uint32_t block = 2u << LARGE_ORDER;
	struct vm *vm;

	(void)state;
	config.large_pages = true;
	make(1, 2 * block, 1);
	vm = add_vm(1, block + 10);
	fake_start(vm, ENTRY);
	assert_true(pmap_large_block(vm, 5, 0));
	assert_int_equal(vm->memory.large, block);
	assert_false(pmap_large_block(vm, block + 1, 0)); /* not whole */
	fake_audit(vmm);
	pmap_release(vm, 6); /* splits it, but for the units without that page */
	assert_int_equal(vm->memory.large, block - UNIT_PAGES);
	assert_int_equal(vm->memory.machine, block - 1);
	fake_audit(vmm);
	assert_false(pmap_large_block(vm, 5, 0)); /* pages are there already */
	assert_non_null(pmap_get(vm, 6, 0));
	vm_stopped(vm, VM_STOP_KILLED, 0);
	sched_pick(&vmm->cpu[0], &(struct trap){.gpr = fake_gpr(0)});
	assert_int_equal(all_free(), 2 * block);
}

/* No large pages without contiguous memory: then they are single. */
static void large_blocks_in_pieces(void **state)
{
	const uint32_t block = 2u << LARGE_ORDER;
	uint32_t before;
	struct vm *vm;

	(void)state;
	config.large_pages = true;
	make(1, block, 1);
	take(palloc_get(vmm, 0, 0), 0);
	vm = add_vm(1, block);
	fake_start(vm, ENTRY);
	assert_false(pmap_large_block(vm, 5, 0));
	assert_int_equal(all_free(), block - 1); /* the first half was given back */
	assert_non_null(pmap_get(vm, 5, 0));	 /* a unit */
	assert_int_equal(all_free(), block - 1 - UNIT_PAGES);
	for (;;) {
		struct mpn mpn = palloc_get(vmm, 0, UNIT_ORDER);

		if (mpn.value == MPN_NONE)
			break;
		take(mpn, UNIT_ORDER);
	}
	before = all_free();
	assert_non_null(pmap_get(vm, UNIT_PAGES, 0));
	assert_int_equal(all_free(), before - 1);
}

/* What the guest gave back and touches again makes its block large again, where the machine's pages
 * beside it are still free and no other CPU may have small entries for it. */
static void touch(uint32_t index)
{
	struct trap trap = {.pc = ENTRY,
			    .bad_address = MIPS_CKSEG0 + index * PAGE_BYTES,
			    .code = EXC_TLBS,
			    .refill = !fake_tlb_find(0, MIPS_CKSEG0 + index * PAGE_BYTES)};

	if (trap.refill || !(fake_tlb_find(0, trap.bad_address)->lo[index & 1] & ENTRYLO_V))
		fake_trap(vmm, 0, &trap);
	fake_audit(vmm);
}

static struct vm *split_vm(unsigned vcpus, unsigned cpus)
{
	const uint32_t block = 2u << LARGE_ORDER;
	struct vm *vm;

	config.large_pages = true;
	make(1, PER_NODE, cpus);
	vm = add_vm(vcpus, block);
	fake_start(vm, ENTRY);
	set_virtual_status(&vm->vcpu[0], STATUS_KX | STATUS_SX | STATUS_UX);
	vcpu_status_changed(&vm->vcpu[0]);
	touch(3);
	assert_int_equal(vm->memory.large, block);
	for (uint32_t i = 0; i < block; i++)
		memset(hal_page(vm->pmap[i].mpn), 0x77, PAGE_BYTES);
	for (uint32_t i = 512; i < 1024; i++)
		pmap_release(vm, i);
	pmap_release(vm, 1500);
	assert_int_equal(vm->memory.large, block - 2 * UNIT_PAGES);
	touch(1400); /* the TLB is flushed behind this one */
	touch(1400); /* a small entry, and one in the L2TLB */
	return vm;
}

static void check_mapped_by(uint32_t index, uint64_t page_mask)
{
	const struct fake_tlb_entry *entry;

	touch(index);
	touch(index);
	entry = fake_tlb_find(0, MIPS_CKSEG0 + index * PAGE_BYTES);
	assert_non_null(entry);
	assert_int_equal(entry->page_mask, page_mask);
}

/* The entry code's own refill, in C. */
static void check_quick(struct vm *vm, uint32_t index, bool answered)
{
	struct trap trap = {.gpr = fake_gpr(0),
			    .pc = ENTRY,
			    .bad_address = MIPS_CKSEG0 + index * PAGE_BYTES,
			    .code = EXC_TLBL,
			    .refill = true};

	hal_tlb_flush();
	vm->vcpu[0].page_mapped = PAGE_UNMAPPED;
	assert_int_equal(vmm_quick(vmm, 0, &trap), answered);
	fake_audit(vmm);
}

/* What is left of a block whose parts were given back stays mapped by large entries. */
static void units(void **state)
{
	struct vm *vm = split_vm(1, 1);
	const struct mpn before = vm->pmap[100].mpn;

	(void)state;
	check_mapped_by(100, 0x1fe000);
	check_mapped_by(2000, 0x1fe000);
	check_mapped_by(1499, 0);
	assert_int_equal(vm->pmap[100].mpn.value, before.value);
	check_quick(vm, 3, true);
	assert_int_equal(fake_tlb_find(0, MIPS_CKSEG0)->page_mask, 0x1fe000);
	check_quick(vm, 1024, false);
	pmap_release(vm, 5);
	assert_int_equal(vm->memory.large, UNIT_PAGES);
	check_quick(vm, 3, false);
	check_mapped_by(3, 0);
	check_mapped_by(1600, 0x1fe000);
	for (uint32_t i = 0; i < 2u << LARGE_ORDER; i++)
		pmap_release(vm, i);
	assert_int_equal(vm->memory.large, 0);
	check_mapped_by(1024, 0x7fe000); /* all was given back */
}

static void block_joined(void **state)
{
	const uint32_t block = 2u << LARGE_ORDER;
	struct vm *vm = split_vm(1, 1);
	unsigned flushes = fake.cpu[0].flushes;

	(void)state;
	touch(600);
	assert_int_equal(vm->memory.large, block);
	assert_int_equal(vm->memory.machine, block);
	assert_true(fake.cpu[0].flushes > flushes);
	assert_int_equal(fake_tlb_find(0, MIPS_CKSEG0)->page_mask, 0x7fe000);
	for (uint32_t i = 0; i < block; i++) {
		bool given_back = (i >= 512 && i < 1024) || i == 1500;
		const uint8_t *at = hal_page(vm->pmap[i].mpn);

		assert_int_equal(at[0], given_back ? 0 : 0x77);
		assert_int_equal(at[4095], given_back ? 0 : 0x77);
	}
	touch(7);
}

/* All of one half given back: new machine pages for it. */
static void half_joined(void **state)
{
	struct vm *vm = split_vm(1, 1);

	(void)state;
	for (uint32_t i = 0; i < 1024; i++)
		pmap_release(vm, i);
	take(palloc_get(vmm, 0, 3), 3);
	touch(5);
	assert_int_equal(vm->memory.large, 2u << LARGE_ORDER);
}

static void block_not_joined(void **state)
{
	struct vm *vm = split_vm(1, 1);
	struct mpn beside = {vm->pmap[511].mpn.value + 100};

	(void)state;
	assert_true(palloc_take(vmm, beside)); /* somebody else has it now */
	take(beside, 0);
	touch(600); /* but its unit is absent as a whole: another one */
	assert_int_equal(vm->memory.large, 3 * UNIT_PAGES);
	assert_int_equal(vm->memory.machine, (2u << LARGE_ORDER) - 1);
	check_mapped_by(1023, 0x1fe000);
	touch(1500); /* of this unit other pages are there */
	assert_int_equal(vm->memory.large, 3 * UNIT_PAGES);
	assert_int_equal(vm->memory.machine, 2u << LARGE_ORDER);
	check_mapped_by(1500, 0);
}

static void block_not_joined_beside_a_running_vcpu(void **state)
{
	struct vm *vm = split_vm(2, 2);

	(void)state;
	sched_ready(&vm->vcpu[1]);
	fake.current = 1;
	vmm->active = &vmm->cpu[1];
	sched_pick(&vmm->cpu[1], &(struct trap){.gpr = fake_gpr(1)});
	assert_int_equal(vm->on_cpus, 2);
	touch(1500);
	assert_int_equal(vm->memory.large, 2 * UNIT_PAGES);
	touch(600);
	assert_int_equal(vm->memory.large, 3 * UNIT_PAGES);
}

/* ---- out of memory ---- */

static void refill(uint64_t va, enum mips_exception code)
{
	const struct fake_tlb_entry *entry = fake_tlb_find(0, va);
	struct trap trap = {.pc = ENTRY, .bad_address = va, .code = code, .refill = !entry};

	if (vmm->cpu[0].current && !(entry && (entry->lo[va >> PAGE_SHIFT & 1] & ENTRYLO_V)))
		fake_trap(vmm, 0, &trap);
}

static void map_user(struct vcpu *vcpu, unsigned slot, uint64_t va, uint32_t index)
{
	const uint64_t flags = CCA_CACHED << 3 | ENTRYLO_V | ENTRYLO_D;

	if (!vmm->cpu[0].current)
		return;
	vcpu->cp0[CP0_ENTRYHI] = va;
	vcpu->cp0[CP0_BADVADDR] = va;
	vcpu->cp0[OPEN(CP0_ENTRYLO0)] = (uint64_t)index << 6 | flags;
	vcpu->cp0[OPEN(CP0_ENTRYLO1)] = (uint64_t)(index + 1) << 6 | flags;
	vcpu->cp0[CP0_INDEX] = slot;
	fake_privileged(vmm, 0, ENTRY, 0x42000002); /* TLBWI */
}

/* Each way in which a VM comes to a page: its kernel's segments, mapped pages, devices, emulated
 * accesses. Returns how far it got. */
static unsigned use_memory(struct vm *vm)
{
	const struct guest_memory *memory = &vm->guest_memory;
	size_t length = 2 * PAGE_BYTES;
	struct trap load = {
		.pc = ENTRY, .bad_address = UINT64_C(0xc000000000600000), .code = EXC_ADEL};

	refill(MIPS_CKSEG0 + 0x3000, EXC_TLBL);
	refill(MIPS_CKSEG0 + 0x4000, EXC_TLBS);
	refill(UINT64_C(0x9800000000005000), EXC_TLBS);
	map_user(&vm->vcpu[0], 1, 0x400000, 8);
	refill(0x400000, EXC_TLBL);
	refill(0x401000, EXC_TLBS);
	memory->map(memory->opaque, 12 * PAGE_BYTES, &length, true);
	map_user(&vm->vcpu[0], 2, UINT64_C(0xc000000000600000), 20);
	if (vmm->cpu[0].current) {
		fake.code_va = ENTRY;
		fake.code[0] = 0xdc820000; /* LD $2, 0($4) */
		fake_trap(vmm, 0, &load);
	}
	return vm->state == VM_RUNNING;
}

/* Another VM, with all its pages, runs on whatever happens. */
static struct vm *bystander(void)
{
	struct vm *vm = add_vm(1, 256);

	vm->vcpu[0].pin = 2; /* CPU 1 */
	fake_start(vm, ENTRY);
	for (uint32_t i = 0; i < 4; i++)
		memset(hal_page(pmap_get(vm, i, 0)->mpn), 0x5a, PAGE_BYTES);
	return vm;
}

static void out_of_memory_at(unsigned pages, bool *enough)
{
	struct vm *other, *vm;
	uint32_t before;

	make(2, 256, 2);
	config.xkseg_bit = false;
	vmm->config.xkseg_bit = false;
	other = bystander();
	before = all_free();
	vm = add_vm(1, 256);
	vm->vcpu[0].pin = 1;
	fake_start(vm, ENTRY);
	vm->vcpu[0].cp0[CP0_STATUS] = STATUS_KX | STATUS_SX | STATUS_UX;
	vcpu_status_changed(&vm->vcpu[0]);
	while (all_free() > pages)
		take(palloc_get(vmm, 0, 0), 0);
	*enough = use_memory(vm);
	fake_audit(vmm);
	if (!*enough) {
		assert_int_equal(vm->state, VM_STOPPED);
		assert_int_equal(vm->stop, VM_STOP_NO_MEMORY);
		assert_int_equal(vm->memory.machine, 0);
		assert_int_equal(all_free(), pages);
	}
	assert_int_equal(other->state, VM_RUNNING);
	for (uint32_t i = 0; i < 4; i++) {
		const uint8_t *at = hal_page(other->pmap[i].mpn);

		assert_int_equal(at[0] & at[4095], 0x5a);
	}
	assert_true(before >= pages);
	drop();
}

static void out_of_memory(void **state)
{
	unsigned pages = 0;
	bool enough = false;

	(void)state;
	for (; !enough; pages++) {
		assert_true(pages < 50);
		out_of_memory_at(pages, &enough);
	}
	assert_true(pages > 7);
}

/* A device that cannot have a page gets none, and the VM stops. */
static void out_of_memory_for_a_device(void **state)
{
	size_t length = PAGE_BYTES;
	struct vm *vm;

	(void)state;
	make(1, 4, 1);
	vm = add_vm(1, 256);
	fake_start(vm, ENTRY);
	while (all_free())
		take(palloc_get(vmm, 0, 0), 0);
	assert_null(vm->guest_memory.map(vm->guest_memory.opaque, 0x5000, &length, true));
	assert_int_equal(vm->stop, VM_STOP_NO_MEMORY);
}

/* ---- shootdown ---- */

/* Only CPUs that hold a mapping are interrupted, never the one that does it; a vCPU that is not on
 * a CPU flushes when it comes back. */
static void shootdown(void **state)
{
	struct pmap_entry *entry;
	struct vm *vm;

	(void)state;
	make(4, PER_NODE, 4);
	vm = add_vm(5, 512);
	fake_start(vm, ENTRY);
	for (unsigned n = 1; n < 5; n++)
		sched_ready(&vm->vcpu[n]);
	for (unsigned n = 0; n < 4; n++) {
		fake.current = n;
		vmm->active = &vmm->cpu[n];
		if (!vmm->cpu[n].current)
			sched_pick(&vmm->cpu[n], &(struct trap){.gpr = fake_gpr(n)});
		assert_non_null(vmm->cpu[n].current);
		fake.cpu[n].ipis = 0;
	}
	fake.current = 0;
	vmm->active = &vmm->cpu[0];
	entry = pmap_get(vm, 9, 0);
	for (unsigned n = 0; n < 5; n++) {
		vm->vcpu[n].flush_pending = false;
		vm->vcpu[n].stale = 0;
		if (n != 2)
			pmap_note_mapping(entry, &vm->vcpu[n], 0x8000);
	}
	shootdown_page(vm, 9);
	for (unsigned n = 0; n < 5; n++) {
		const struct vcpu *vcpu = &vm->vcpu[n];
		bool remote = vcpu->run == VCPU_RUNNING && vcpu->pcpu->number != 0;

		assert_int_equal(vcpu->flush_pending || vcpu->stale, n != 2);
		if (vcpu->run == VCPU_RUNNING)
			assert_int_equal(fake.cpu[vcpu->pcpu->number].ipis, remote && n != 2);
	}
	assert_int_equal(entry->holders, 0);
	assert_int_equal(entry->backmap, 0);
}

static bool in_l2tlb(struct vcpu *vcpu, uint64_t va, uint64_t asid)
{
	vcpu->cp0[CP0_ENTRYHI] = asid;
	return l2tlb_find(vcpu, va);
}

/* Linux gives a process another ASID on each CPU: the page goes under each, nothing else does. */
static void shootdown_under_several_asids(void **state)
{
	const uint64_t lo[2] = {ENTRYLO_V, ENTRYLO_V};
	struct pmap_entry *entry;
	struct vm *vm;

	(void)state;
	make(1, PER_NODE, 1);
	vm = add_vm(2, 512);
	entry = pmap_get(vm, 9, 0);
	for (unsigned n = 0; n < 2; n++) {
		struct vcpu *vcpu = &vm->vcpu[n];

		vcpu->flush_pending = false;
		vcpu->stale = 0;
		pmap_note_mapping(entry, vcpu, 0x8000 | (3 + n));
		l2tlb_insert(vcpu, 0x8000 | (3 + n), false, lo);
		pmap_note_mapping(pmap_get(vm, 12, 0), vcpu, 0xc000 | (3 + n));
		l2tlb_insert(vcpu, 0xc000 | (3 + n), false, lo);
	}
	assert_int_equal(entry->flags & (PMAP_MANY | PMAP_ASIDS), PMAP_ASIDS);
	shootdown_page(vm, 9);
	for (unsigned n = 0; n < 2; n++) {
		struct vcpu *vcpu = &vm->vcpu[n];

		assert_false(in_l2tlb(vcpu, 0x8000, 3 + n));
		assert_true(in_l2tlb(vcpu, 0xc000, 3 + n));
		assert_false(vcpu->flush_pending);
		assert_int_equal(vcpu->stale, 1);
		assert_int_equal(vcpu->stale_hi[0], 0x8000 | (3 + n));
		l2tlb_flush(vcpu); /* made-up entries are not for the audit */
	}
	assert_int_equal(entry->flags & (PMAP_MANY | PMAP_ASIDS), 0);
}

/* ---- configurations ---- */

static void bad_machines(void **state)
{
	struct vmm *out;
	void *memory;

	(void)state;
	fake_hal_reset(1, 64, STRIDE);
	fake_config(&config, 1);
	memory = calloc(1, vmm_memory_needed(&config));
#define REFUSED(field, bad)                                                                        \
	do {                                                                                       \
		struct vmm_config wrong = config;                                                  \
		wrong.field = bad;                                                                 \
		assert_int_equal(vmm_create(&out, memory, &wrong), -22);                           \
	} while (0)
	REFUSED(cpus, 0);
	REFUSED(cpus, VMM_MAX_CPUS + 1);
	REFUSED(nodes, 0);
	REFUSED(nodes, VMM_MAX_NODES + 1);
	REFUSED(tlb_entries, VTLB_ENTRIES + 1);
	REFUSED(l2tlb_entries, 3);
	REFUSED(cycles_per_ms, 0);
#undef REFUSED
	free(memory);
}

static void refuse(struct vm_config wrong, int why)
{
	const struct vm_config fine = {.vcpus = VMM_MAX_VCPUS, .memory = 64 * MIB};
	void *memory = calloc(1, vmm_vm_memory_needed(vmm, &fine));
	unsigned number;

	assert_int_equal(vmm_vm_create(vmm, &wrong, memory, &number), why);
	free(memory);
}

static void bad_vms(void **state)
{
	unsigned number;

	(void)state;
	config.overcommit = false;
	make(2, 256, 1);
	refuse((struct vm_config){.vcpus = 0, .memory = MIB}, -22);
	refuse((struct vm_config){.vcpus = VMM_MAX_VCPUS + 1, .memory = MIB}, -22);
	refuse((struct vm_config){.vcpus = 1, .memory = MIB - PAGE_BYTES}, -22);
	refuse((struct vm_config){.vcpus = 1, .memory = MIB + 1}, -22);
	refuse((struct vm_config){.vcpus = 1, .memory = 33 * 1024 * MIB}, -22);
	refuse((struct vm_config){.vcpus = 1, .memory = MIB, .disks = VMM_MAX_DISKS + 1}, -22);
	refuse((struct vm_config){.vcpus = 1, .memory = 3 * MIB}, -12);
	add_vm(1, 256);
	add_vm(1, 256);
	refuse((struct vm_config){.vcpus = 1, .memory = MIB}, -12); /* no overcommit */
	vmm_vm_kill(vmm, 0, VM_STOP_KILLED);
	assert_int_equal(vmm_vm_forget(vmm, 0), 0);
	number = made_count;
	add_vm(1, 256); /* its memory can be promised again */
	assert_int_equal(made[number]->number, 0);
	vmm->config.overcommit = true;
	add_vm(1, 1024);
}

static void number_of_vms(void **state)
{
	struct vm *vm[VMM_MAX_VMS];

	(void)state;
	make(1, 64, 1);
	for (unsigned n = 0; n < VMM_MAX_VMS; n++)
		vm[n] = fake_vm(vmm, 1, 256);
	refuse((struct vm_config){.vcpus = 1, .memory = MIB}, -28);
	for (unsigned n = 0; n < VMM_MAX_VMS; n++) {
		assert_int_equal(vm[n]->number, n);
		assert_int_equal(vmm_vm_forget(vmm, n), -16); /* not stopped */
		vmm_vm_kill(vmm, n, VM_STOP_KILLED);
		vmm_vm_kill(vmm, n, VM_STOP_PANIC); /* it is over: nothing changes */
		assert_int_equal(vm[n]->stop, VM_STOP_KILLED);
		assert_int_equal(vmm_vm_forget(vmm, n), 0);
		free(vm[n]);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(random_pages),
		TEST(nodes_in_turn),
		TEST(colours),
		TEST(guest_physical_addresses),
		TEST(pages_on_demand),
		TEST(large_blocks),
		TEST(large_blocks_in_pieces),
		TEST(block_joined),
		TEST(half_joined),
		TEST(units),
		TEST(block_not_joined),
		TEST(block_not_joined_beside_a_running_vcpu),
		TEST(out_of_memory),
		TEST(out_of_memory_for_a_device),
		TEST(shootdown),
		TEST(shootdown_under_several_asids),
		TEST(bad_machines),
		TEST(bad_vms),
		TEST(number_of_vms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
