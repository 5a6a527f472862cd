/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving pages, on the fake HAL: the node controllers are the real model, fed with misses by the
 * test. After each step the monitor's own audit must be content.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dev/node_controller.h"
#include "support/fake_hal.h"

#define NODES	 4
#define PER_NODE 512
#define VM_PAGES 1024

static struct node_controller controller[NODES];
static uint16_t counters[NODES][PER_NODE * (NODES + 2)];

static struct vmm *vmm;
static struct vm *vm;

/* ---- set-up ---- */

static uint64_t now(void *opaque)
{
	(void)opaque;
	return fake.cycles;
}

static uint64_t node_read(unsigned node, unsigned offset)
{
	uint64_t value;

	assert_true(node_controller_read(&controller[node], 0, offset, 8, &value));
	return value;
}

static void node_write(unsigned node, unsigned offset, uint64_t value)
{
	assert_true(node_controller_write(&controller[node], 0, offset, 8, value));
}

static void make(bool migrate, bool replicate, uint8_t spread_order)
{
	static const uint32_t latency[NODES];
	struct vmm_config config = {
		.l2tlb_entries = 64,
		.overcommit = true,
		.large_pages = spread_order,
		.numa = {.migrate = migrate,
			 .replicate = replicate,
			 .threshold = 16,
			 .sharing = 4,
			 .write = 1,
			 .move_limit = 1,
			 .split = 6,
			 .spread_order = spread_order,
			 .sampling = 1,
			 .interval_ms = 100},
	};

	fake_hal_reset(NODES, PER_NODE, PER_NODE);
	fake.node_read = node_read;
	fake.node_write = node_write;
	memset(counters, 0, sizeof(counters));
	for (unsigned n = 0; n < NODES; n++) {
		const struct node_controller_config node = {.node = n,
							    .nodes = NODES,
							    .pages = PER_NODE,
							    .latency = latency,
							    .now = now};

		node_controller_init(&controller[n], &node, counters[n]);
	}
	fake_config(&config, NODES);
	vmm = fake_vmm(&config);
	vm = fake_vm(vmm, NODES, VM_PAGES);
	vm->state = VM_RUNNING;
	for (unsigned n = 0; n < NODES; n++) {
		vm->vcpu[n].pcpu = &vmm->cpu[n];
		vmm->cpu[n].current = &vm->vcpu[n];
		move_cpu_start(&vmm->cpu[n]);
	}
	vmm->active = &vmm->cpu[0];
}

static int setup(void **state)
{
	(void)state;
	make(true, true, 0);
	return 0;
}

/* Large pages of four pages, two a block. */
static int setup_large(void **state)
{
	(void)state;
	make(true, true, 2);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_end(vmm, vm);
	return 0;
}

static void audit(void)
{
	fake_audit(vmm);
}

/* Page @index of the VM, first used on node 0, with content, and mapped by every vCPU. */
static struct pmap_entry *page_at(uint32_t index)
{
	struct pmap_entry *entry = pmap_get(vm, index, 0);

	assert_non_null(entry);
	memset(hal_page(entry->mpn), (int)index + 1, PAGE_BYTES);
	for (unsigned n = 0; n < NODES; n++)
		pmap_note_mapping(entry, &vm->vcpu[n], UINT64_C(0x4000) + index * 0x2000);
	return entry;
}

static unsigned home(const struct pmap_entry *entry)
{
	return palloc_node_of(vmm, entry->mpn);
}

static void miss(struct mpn mpn, unsigned from, bool write, unsigned times)
{
	while (times--)
		node_controller_miss(&controller[mpn.value / PER_NODE], mpn.value % PER_NODE, from,
				     write);
}

static void hot(const struct pmap_entry *entry)
{
	move_hot_pages(&vmm->cpu[home(entry)]);
	audit();
}

/* The vCPU of @node uses the page next. */
static void use(uint32_t index, unsigned node)
{
	assert_true(move_arrive(&vm->vcpu[node], index, true));
	audit();
}

static bool is_stale(unsigned vcpu)
{
	return vm->vcpu[vcpu].flush_pending || vm->vcpu[vcpu].stale;
}

static bool content_is(struct mpn mpn, int byte)
{
	const uint8_t *at = hal_page(mpn);

	return at[0] == byte && !memcmp(at, at + 1, PAGE_BYTES - 1);
}

/* ---- tests ---- */

static void migrates(void **state)
{
	struct pmap_entry *entry = page_at(5);
	struct mpn old = entry->mpn;
	uint32_t free0 = vmm_free_pages(vmm, 0), free2 = vmm_free_pages(vmm, 2);

	(void)state;
	miss(entry->mpn, 2, true, 16);
	hot(entry);
	assert_int_equal(fake.last.decision.action, POLICY_MIGRATE);
	assert_int_equal(fake.last.misses[2], 16);
	assert_int_equal(fake.last.address.value, 5 * PAGE_BYTES);
	/* every holder but the CPU that did it was interrupted, and none is left */
	for (unsigned n = 1; n < NODES; n++)
		assert_int_equal(fake.cpu[n].ipis, 1);
	assert_int_equal(entry->holders, 0);
	for (unsigned n = 0; n < NODES; n++) {
		assert_true(is_stale(n));
		assert_false(vm->vcpu[n].flush_pending);
	}
	/* it comes when it is used there, not before */
	assert_false(move_arrive(&vm->vcpu[2], 5, false));
	use(5, 1);
	assert_int_equal(home(entry), 0);
	pmap_note_mapping(entry, &vm->vcpu[1], UINT64_C(0x4000));
	use(5, 2);
	assert_int_equal(home(entry), 2);
	assert_int_equal(fake.cpu[1].ipis, 2);
	assert_int_equal(entry->holders, 0);
	assert_true(content_is(entry->mpn, 6));
	assert_int_equal(vmm_free_pages(vmm, 0), free0 + 1);
	assert_int_equal(vmm_free_pages(vmm, 2), free2 - 1);
	assert_int_equal(vmm->page[old.value].state == PAGE_GUEST, 0);
	assert_int_equal(fake.last.decision.action, POLICY_FETCH);
	assert_int_equal(fake.last.decision.reason, POLICY_MIGRATED);
}

static void replicates_and_collapses(void **state)
{
	struct pmap_entry *entry = page_at(7);

	(void)state;
	miss(entry->mpn, 3, false, 5);
	miss(entry->mpn, 1, false, 16);
	hot(entry);
	assert_true(entry->flags & PMAP_REPLICATED);
	use(7, 1);
	use(7, 2);
	use(7, 3);
	use(7, 3);
	assert_int_equal(vmm_numa_stats(vmm)->replicas, 2);
	assert_int_equal(palloc_node_of(vmm, move_copy(vm, entry, 1)), 1);
	assert_int_equal(palloc_node_of(vmm, move_copy(vm, entry, 3)), 3);
	assert_int_equal(palloc_node_of(vmm, move_copy(vm, entry, 2)), 0);
	assert_true(content_is(move_copy(vm, entry, 1), 8));
	assert_true(content_is(move_copy(vm, entry, 3), 8));
	move_collapse(vm, 7);
	audit();
	assert_false(entry->flags & PMAP_REPLICATED);
	assert_int_equal(vmm_numa_stats(vmm)->replicas, 0);
	assert_int_equal(vmm_free_pages(vmm, 1), PER_NODE);
	assert_int_equal(vmm_free_pages(vmm, 3), PER_NODE);
	assert_int_equal(move_copy(vm, entry, 1).value, entry->mpn.value);
}

static void devices_write_one_copy(void **state)
{
	struct pmap_entry *entry = page_at(7);
	size_t length = PAGE_BYTES;
	void *at;

	(void)state;
	miss(entry->mpn, 3, false, 5);
	miss(entry->mpn, 1, false, 16);
	hot(entry);
	use(7, 1);
	at = vm->guest_memory.map(vm->guest_memory.opaque, 7 * PAGE_BYTES, &length, false);
	assert_ptr_equal(at, hal_page(entry->mpn));
	assert_true(entry->flags & PMAP_REPLICATED);
	vm->guest_memory.map(vm->guest_memory.opaque, 7 * PAGE_BYTES, &length, true);
	assert_false(entry->flags & PMAP_REPLICATED);
	audit();
}

static void audit_sees_a_stale_replica(void **state)
{
	struct pmap_entry *entry = page_at(7);
	const char *what = "";
	uint64_t value;

	(void)state;
	miss(entry->mpn, 3, false, 5);
	miss(entry->mpn, 1, false, 16);
	hot(entry);
	use(7, 1);
	use(7, 3);
	*(uint8_t *)hal_page(entry->mpn) ^= 1;
	assert_int_equal(vmm_audit(vmm, &what, &value), 2);
	assert_string_equal(what, "replica differs from its page");
	*(uint8_t *)hal_page(entry->mpn) ^= 1;
}

static void write_shared_stays(void **state)
{
	struct pmap_entry *entry = page_at(9);
	struct mpn old = entry->mpn;

	(void)state;
	miss(entry->mpn, 3, true, 8);
	miss(entry->mpn, 0, true, 9);
	miss(entry->mpn, 1, true, 16);
	hot(entry);
	assert_int_equal(entry->mpn.value, old.value);
	assert_int_equal(fake.last.decision.reason, POLICY_WRITE_SHARED);
	for (unsigned n = 0; n < NODES; n++)
		assert_int_equal(fake.cpu[n].ipis, 0);
}

/* Several nodes write it, and one of them more than the others, home included. */
static void most_used_moves(void **state)
{
	struct pmap_entry *entry = page_at(9);

	(void)state;
	miss(entry->mpn, 3, true, 8);
	miss(entry->mpn, 0, true, 4);
	miss(entry->mpn, 1, true, 16);
	hot(entry);
	assert_int_equal(fake.last.decision.reason, POLICY_MOST_USED);
	use(9, 1);
	assert_int_equal(home(entry), 1);
}

/* Nodes other than 0 have to serve as much. */
static void load_others(unsigned misses)
{
	for (unsigned n = 1; n < NODES; n++)
		for (unsigned i = 0; i < misses; i++)
			node_controller_miss(&controller[n], PER_NODE - 1, n, false);
}

/* All use it alike; it leaves a node that has to serve more than the others. */
static void loaded_node_loses_pages(void **state)
{
	struct pmap_entry *entry = page_at(9), *other = page_at(200);

	(void)state;
	miss(other->mpn, 0, true, 1000);
	fake.cycles = 100000;
	for (unsigned n = 1; n < NODES; n++)
		miss(entry->mpn, n, true, 15);
	miss(entry->mpn, 0, true, 15);
	miss(entry->mpn, 3, true, 1);
	hot(entry);
	assert_int_equal(fake.last.decision.reason, POLICY_HOME_LOADED);
	use(9, 3);
	assert_int_equal(home(entry), 3);
	/* the next one finds nodes 0 and 3 alike */
	fake.cycles = 200000;
	other = page_at(201);
	load_others(80);
	for (unsigned n = 0; n < NODES; n++)
		miss(other->mpn, n, true, 15);
	miss(other->mpn, 3, true, 1);
	hot(other);
	assert_int_equal(fake.last.decision.reason, POLICY_WRITE_SHARED);
}

/* A page whose replicas are written soon gets none for ever longer. */
static void freezes_after_collapses(void **state)
{
	struct pmap_entry *entry = page_at(7);
	unsigned made = 0;

	(void)state;
	for (unsigned interval = 0; interval < 30; interval++) {
		fake.cycles = UINT64_C(100000) * interval + 10;
		load_others(40);
		miss(entry->mpn, 0, false, 16);
		miss(entry->mpn, 3, false, 5);
		miss(entry->mpn, 1, false, 16);
		hot(entry);
		if (!(entry->flags & PMAP_REPLICATED))
			continue;
		made++;
		move_collapse(vm, 7);
		hal_node_write(0, NODE_SELECT, entry->mpn.value);
		hal_node_write(0, NODE_RESET, 0);
	}
	assert_int_equal(made, 4); /* in intervals 0, 2, 6, 14 */
}

static struct pmap_entry *large_page_at(uint32_t index)
{
	struct pmap_entry *entry = page_at(index);

	assert_true(entry->flags & PMAP_LARGE);
	entry->holders = 0; /* mapped as part of it only */
	return entry;
}

/* The calls for a large page agree: it moves as a whole, the other one of its block stays, and both
 * are mapped by one entry as before. */
static void large_page_moves_as_a_whole(void **state)
{
	struct pmap_entry *entry[8];

	(void)state;
	for (uint32_t n = 0; n < 8; n++)
		entry[n] = large_page_at(n);
	entry[0]->holders = 0xf;
	for (unsigned n = 0; n < 2; n++) {
		miss(entry[n]->mpn, 2, true, 16);
		hot(entry[n]);
	}
	assert_int_equal(fake.last.decision.reason, POLICY_WHOLE);
	assert_false(move_arrive(&vm->vcpu[2], 3, false));
	use(3, 1);
	assert_int_equal(home(entry[3]), 0);
	use(3, 2);
	assert_int_equal(vmm_numa_stats(vmm)->large_migrations, 1);
	for (uint32_t n = 0; n < 8; n++) {
		assert_int_equal(home(entry[n]), n < 4 ? 2 : 0);
		assert_true(content_is(entry[n]->mpn, (int)n + 1));
		assert_true(entry[n]->flags & PMAP_LARGE);
		assert_false(entry[n]->flags & PMAP_WANTED);
	}
	for (unsigned n = 0; n < NODES; n++)
		assert_true(vm->vcpu[n].flush_pending);
	assert_int_equal(vmm_free_pages(vmm, 2), PER_NODE - 4);
	assert_int_equal(vmm_free_pages(vmm, 0), PER_NODE - 4);
	/* not again so soon; six calls split it */
	for (unsigned n = 0; n < 4; n++) {
		assert_true(entry[n]->flags & PMAP_LARGE);
		miss(entry[n]->mpn, 3, true, 16);
		hot(entry[n]);
	}
	assert_false(entry[0]->flags & PMAP_LARGE);
	use(3, 3);
	assert_int_equal(home(entry[3]), 3);
	assert_int_equal(home(entry[2]), 2);
}

/* A call for a page that a program has mapped by itself counts for as many as split this one. */
static void page_with_its_own_entry_splits(void **state)
{
	struct pmap_entry *entry[8];

	(void)state;
	for (uint32_t n = 0; n < 8; n++)
		entry[n] = large_page_at(n);
	miss(entry[2]->mpn, 2, true, 16);
	hot(entry[2]);
	assert_true(entry[2]->flags & PMAP_LARGE);
	pmap_note_mapping(entry[3], &vm->vcpu[2], UINT64_C(0x4000));
	miss(entry[3]->mpn, 2, true, 16);
	hot(entry[3]);
	assert_false(entry[3]->flags & PMAP_LARGE);
	use(3, 2);
	assert_int_equal(home(entry[3]), 2);
	assert_int_equal(home(entry[2]), 0);
}

static void split_block_forgets_the_whole(void **state)
{
	struct pmap_entry *entry[8];

	(void)state;
	for (uint32_t n = 0; n < 8; n++)
		entry[n] = large_page_at(n);
	for (unsigned n = 0; n < 2; n++) {
		miss(entry[n]->mpn, 2, true, 16);
		hot(entry[n]);
	}
	pmap_split(vm, 3);
	use(3, 2);
	assert_int_equal(vmm_numa_stats(vmm)->large_migrations, 0);
	assert_int_equal(home(entry[3]), 0);
}

static void bounced_page_moves_once_an_interval(void **state)
{
	struct pmap_entry *entry = page_at(9);

	(void)state;
	for (unsigned interval = 0; interval < 5; interval++) {
		uint64_t before = vmm_numa_stats(vmm)->migrations;

		fake.cycles = UINT64_C(100000) * interval + 10;
		for (unsigned turn = 0; turn < 6; turn++) {
			unsigned next = (home(entry) + 1) % NODES;

			miss(entry->mpn, next, true, 16);
			hot(entry);
			use(9, next);
			hal_node_write(home(entry), NODE_SELECT, entry->mpn.value % PER_NODE);
			hal_node_write(home(entry), NODE_RESET, 0);
		}
		assert_int_equal(vmm_numa_stats(vmm)->migrations, before + 1);
	}
	assert_int_equal(vmm_numa_stats(vmm)->decisions[POLICY_MOVE_LIMITED], 25);
}

static void replicas_are_given_up_for_memory(void **state)
{
	(void)state;
	for (uint32_t index = 0; index < 100; index++) {
		struct pmap_entry *entry = page_at(index);

		miss(entry->mpn, 3, false, 5);
		miss(entry->mpn, 1, false, 16);
		hot(entry);
		use(index, 1);
		use(index, 3);
	}
	assert_int_equal(vmm_numa_stats(vmm)->replicas, 200);
	/* another VM takes all the rest, and then some */
	struct vm_config config = {.vcpus = 1, .memory = 2048 * PAGE_BYTES};
	unsigned number;
	struct vm *other;

	assert_int_equal(
		vmm_vm_create(vmm, &config, calloc(1, vmm_vm_memory_needed(vmm, &config)), &number),
		0);
	other = vmm->vm[number];
	other->state = VM_RUNNING;
	for (uint32_t index = 0; index < NODES * PER_NODE - 100; index++)
		assert_non_null(pmap_get(other, index, 2));
	assert_int_equal(vmm_numa_stats(vmm)->replicas, 0);
	assert_int_equal(vmm_numa_stats(vmm)->given_up, 100);
	audit();
	for (uint32_t index = 0; index < 100; index++)
		assert_true(content_is(vm->pmap[index].mpn, (int)index + 1));
	assert_null(pmap_get(other, NODES * PER_NODE - 100, 2));
	assert_int_equal(other->stop, VM_STOP_NO_MEMORY);
	audit();
	vmm->vm[number] = NULL;
	free(other);
}

static void page_under_transfer_stays(void **state)
{
	struct pmap_entry *entry = page_at(9);
	struct virtio_block *disk = calloc(1, sizeof(*disk));
	struct mpn old = entry->mpn;

	(void)state;
	vm->disk = disk;
	vm->config.disks = 1;
	disk->slot[3].busy = true;
	disk->slot[3].request.segments = 1;
	disk->slot[3].request.segment[0] =
		(struct guest_segment){.pa = 9 * PAGE_BYTES + 512, .length = 512};
	miss(entry->mpn, 1, false, 16);
	hot(entry);
	assert_int_equal(entry->mpn.value, old.value);
	assert_int_equal(fake.last.decision.reason, POLICY_BUSY);
	vm->config.disks = 0;
	free(disk);
}

/* What happens between the decision and the use. */
static void changes_on_the_way(void **state)
{
	struct pmap_entry *entry = page_at(9);
	struct virtio_block *disk = calloc(1, sizeof(*disk));
	struct mpn old = entry->mpn;

	(void)state;
	/* a transfer begins: the page stays, and is not asked about again */
	miss(entry->mpn, 1, true, 16);
	hot(entry);
	vm->disk = disk;
	vm->config.disks = 1;
	disk->slot[3].busy = true;
	disk->slot[3].request.segments = 1;
	disk->slot[3].request.segment[0] =
		(struct guest_segment){.pa = 9 * PAGE_BYTES + 512, .length = 512};
	use(9, 1);
	vm->config.disks = 0;
	free(disk);
	use(9, 1);
	assert_int_equal(entry->mpn.value, old.value);
	/* written before anybody has made a copy: nobody makes one */
	miss(entry->mpn, 2, false, 4);
	miss(entry->mpn, 1, false, 16);
	hot(entry);
	assert_true(entry->flags & PMAP_REPLICATED);
	move_collapse(vm, 9);
	use(9, 1);
	assert_int_equal(vmm_numa_stats(vmm)->replications, 0);
	/* hot for another node: that is where it goes */
	fake.cycles = 200000;
	miss(entry->mpn, 1, true, 16);
	hot(entry);
	miss(entry->mpn, 3, true, 16);
	hot(entry);
	use(9, 1);
	assert_int_equal(entry->mpn.value, old.value);
	use(9, 3);
	assert_int_equal(home(entry), 3);
	/* given back and used anew: nothing of it is left */
	miss(entry->mpn, 1, true, 16);
	fake.cycles = 400000;
	miss(entry->mpn, 1, true, 16);
	hot(entry);
	pmap_release(vm, 9);
	entry = page_at(9);
	use(9, 1);
	assert_int_equal(home(entry), 0);
}

/* Many pages at once: rather the whole hardware TLB than a long list. */
static void many_are_flushed_together(void **state)
{
	(void)state;
	for (unsigned n = 0; n < STALE_MAX; n++) {
		page_at(n);
		shootdown_page(vm, n);
		assert_false(vm->vcpu[1].flush_pending);
	}
	page_at(STALE_MAX);
	shootdown_page(vm, STALE_MAX);
	assert_true(vm->vcpu[1].flush_pending);
}

static void release_frees_replicas(void **state)
{
	struct pmap_entry *entry = page_at(7);

	(void)state;
	miss(entry->mpn, 3, false, 5);
	miss(entry->mpn, 1, false, 16);
	hot(entry);
	use(7, 1);
	pmap_release(vm, 7);
	audit();
	for (unsigned n = 0; n < NODES; n++)
		assert_int_equal(vmm_free_pages(vmm, n), PER_NODE);
	assert_int_equal(vmm_numa_stats(vmm)->replicas, 0);
}

static void free_pages_are_no_ones(void **state)
{
	struct pmap_entry *entry = page_at(7);
	struct mpn old = entry->mpn;

	(void)state;
	miss(entry->mpn, 1, false, 16);
	pmap_release(vm, 7);
	move_hot_pages(&vmm->cpu[old.value / PER_NODE]);
	assert_int_equal(fake.decisions, 0);
	audit();
}

static void placements(void **state)
{
	(void)state;
	assert_int_equal(move_place(vmm, 5, 3), 3);
	vmm->config.numa.placement = PLACE_LOWEST;
	assert_int_equal(move_place(vmm, 5, 3), 0);
	vmm->config.numa.placement = PLACE_INTERLEAVED;
	assert_int_equal(move_place(vmm, 5, 3), 5 % NODES);
	vmm->config.numa.placement = PLACE_ROUND_ROBIN;
	for (unsigned n = 0; n < 2 * NODES; n++)
		assert_int_equal(move_place(vmm, 5, 3), n % NODES);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(migrates),
		TEST(replicates_and_collapses),
		TEST(devices_write_one_copy),
		TEST(audit_sees_a_stale_replica),
		TEST(write_shared_stays),
		TEST(most_used_moves),
		TEST(loaded_node_loses_pages),
		TEST(freezes_after_collapses),
		cmocka_unit_test_setup_teardown(large_page_moves_as_a_whole, setup_large, teardown),
		cmocka_unit_test_setup_teardown(page_with_its_own_entry_splits, setup_large,
						teardown),
		cmocka_unit_test_setup_teardown(split_block_forgets_the_whole, setup_large,
						teardown),
		TEST(bounced_page_moves_once_an_interval),
		TEST(replicas_are_given_up_for_memory),
		TEST(page_under_transfer_stays),
		TEST(changes_on_the_way),
		TEST(many_are_flushed_together),
		TEST(release_frees_replicas),
		TEST(free_pages_are_no_ones),
		TEST(placements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
