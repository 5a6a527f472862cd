/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving pages, with a HAL of the test's own: memory is an array, the node controllers are the real
 * model, fed with misses by the test. After each step the monitor's own audit must be content.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../vmm-core/core/vm.h"
#include "dev/node_controller.h"

#define NODES	 4
#define PER_NODE 512
#define VM_PAGES 1024

static uint8_t ram[NODES * PER_NODE][4096] __attribute__((aligned(4096)));
static struct node_controller controller[NODES];
static uint16_t counters[NODES][PER_NODE * (NODES + 2)];
static uint64_t cycles;
static unsigned ipis, decisions;
static struct vmm_decision last;

static struct vmm *vmm;
static struct vm *vm;

/* ---- the HAL ---- */

uint64_t hal_cp0_read(enum cp0_register reg)
{
	(void)reg;
	return 0;
}
void hal_cp0_write(enum cp0_register reg, uint64_t value)
{
	(void)reg;
	(void)value;
}
uint32_t hal_fcsr(void)
{
	return 0;
}
void hal_quick(uint64_t *cp0)
{
	(void)cp0;
}
void hal_link_clear(void)
{
}
void hal_tlb_write(uint64_t hi, const uint64_t lo[2], uint64_t page_mask, bool replace)
{
	(void)hi;
	(void)lo;
	(void)page_mask;
	(void)replace;
}
void hal_tlb_remove(uint64_t hi)
{
	(void)hi;
}
void hal_tlb_flush(void)
{
}
bool hal_tlb_read(unsigned cpu, unsigned index, uint64_t *hi, uint64_t lo[2], uint64_t *page_mask)
{
	(void)cpu;
	(void)index;
	*hi = *page_mask = lo[0] = lo[1] = 0;
	return false;
}
bool hal_fetch(struct gva va, uint32_t *instruction)
{
	(void)va;
	(void)instruction;
	return false;
}
struct ma hal_mpn_address(struct mpn mpn)
{
	return (struct ma){(uint64_t)mpn.value << PAGE_SHIFT};
}
void *hal_page(struct mpn mpn)
{
	return ram[mpn.value];
}
void hal_page_changes(struct mpn mpn, unsigned count)
{
	(void)mpn;
	(void)count;
}
void hal_page_zero(struct mpn mpn, unsigned count)
{
	memset(ram[mpn.value], 0, count * PAGE_BYTES);
}
void hal_page_copy(struct mpn to, struct mpn from)
{
	memcpy(ram[to.value], ram[from.value], PAGE_BYTES);
}
uint64_t hal_cycles(void)
{
	return cycles;
}
uint32_t hal_ticks(void)
{
	return (uint32_t)cycles;
}
void hal_timer_set(uint64_t cycle)
{
	(void)cycle;
}
unsigned hal_interrupts(void)
{
	return 0;
}
void hal_ipi(unsigned cpu)
{
	(void)cpu;
	ipis++;
}
void hal_context_save(struct vcpu_context *context)
{
	(void)context;
}
void hal_context_load(const struct vcpu_context *context)
{
	(void)context;
}
void hal_idle(void)
{
}
void hal_charge(enum charge operation, unsigned count)
{
	(void)operation;
	cycles += count;
}
uint64_t hal_node_read(unsigned node, unsigned offset)
{
	uint64_t value;

	assert_true(node_controller_read(&controller[node], 0, offset, 8, &value));
	return value;
}
void hal_node_write(unsigned node, unsigned offset, uint64_t value)
{
	assert_true(node_controller_write(&controller[node], 0, offset, 8, value));
}
void hal_decision(const struct vmm_decision *decision)
{
	decisions++;
	last = *decision;
}
void hal_vm_event(unsigned number)
{
	(void)number;
}

/* ---- set-up ---- */

static uint64_t now(void *opaque)
{
	(void)opaque;
	return cycles;
}

static void make(bool migrate, bool replicate)
{
	static const uint32_t latency[NODES];
	struct vmm_config config = {
		.cpus = NODES,
		.nodes = NODES,
		.cycles_per_ms = 1000,
		.tlb_entries = 16,
		.l2tlb_entries = 64,
		.overcommit = true,
		.numa = {.migrate = migrate,
			 .replicate = replicate,
			 .threshold = 16,
			 .sharing = 4,
			 .write = 1,
			 .move_limit = 1,
			 .sampling = 1,
			 .interval_ms = 100},
	};
	struct vm_config vm_config = {.vcpus = NODES, .memory = VM_PAGES * PAGE_BYTES};
	unsigned number;

	cycles = 1;
	ipis = decisions = 0;
	memset(counters, 0, sizeof(counters));
	for (unsigned n = 0; n < NODES; n++) {
		const struct node_controller_config node = {.node = n,
							    .nodes = NODES,
							    .pages = PER_NODE,
							    .latency = latency,
							    .now = now};

		node_controller_init(&controller[n], &node, counters[n]);
		config.cpu_node[n] = n;
		config.node_start[n].value = n * PER_NODE;
		config.node_pages[n] = PER_NODE;
	}
	assert_int_equal(vmm_create(&vmm, calloc(1, vmm_memory_needed(&config)), &config), 0);
	assert_int_equal(vmm_vm_create(vmm, &vm_config,
				       calloc(1, vmm_vm_memory_needed(vmm, &vm_config)), &number),
			 0);
	vm = vmm->vm[number];
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
	make(true, true);
	return 0;
}

static int teardown(void **state)
{
	const char *what = NULL;
	uint64_t value;

	(void)state;
	assert_int_equal(vmm_audit(vmm, &what, &value), 0);
	free(vm);
	free(vmm);
	return 0;
}

static void audit(void)
{
	const char *what = "";
	uint64_t value;
	unsigned errors = vmm_audit(vmm, &what, &value);

	if (errors)
		print_message("audit: %s %llu\n", what, (unsigned long long)value);
	assert_int_equal(errors, 0);
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
	assert_int_equal(home(entry), 2);
	assert_true(content_is(entry->mpn, 6));
	assert_int_equal(vmm_free_pages(vmm, 0), free0 + 1);
	assert_int_equal(vmm_free_pages(vmm, 2), free2 - 1);
	assert_int_equal(vmm->page[old.value].state == PAGE_GUEST, 0);
	/* every holder but the CPU that did it was interrupted, and none is left */
	assert_int_equal(ipis, NODES - 1);
	assert_int_equal(entry->holders, 0);
	for (unsigned n = 0; n < NODES; n++)
		assert_true(vm->vcpu[n].flush_pending);
	assert_int_equal(last.decision.action, POLICY_MIGRATE);
	assert_int_equal(last.misses[2], 16);
	assert_int_equal(last.address.value, 5 * PAGE_BYTES);
}

static void replicates_and_collapses(void **state)
{
	struct pmap_entry *entry = page_at(7);

	(void)state;
	miss(entry->mpn, 3, false, 5);
	miss(entry->mpn, 1, false, 16);
	hot(entry);
	assert_true(entry->flags & PMAP_REPLICATED);
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
	miss(entry->mpn, 1, true, 16);
	hot(entry);
	assert_int_equal(entry->mpn.value, old.value);
	assert_int_equal(last.decision.reason, POLICY_WRITE_SHARED);
	assert_int_equal(ipis, 0);
}

static void bounced_page_moves_once_an_interval(void **state)
{
	struct pmap_entry *entry = page_at(9);

	(void)state;
	for (unsigned interval = 0; interval < 5; interval++) {
		uint64_t before = vmm_numa_stats(vmm)->migrations;

		cycles = UINT64_C(100000) * interval + 10;
		for (unsigned turn = 0; turn < 6; turn++) {
			miss(entry->mpn, (home(entry) + 1) % NODES, true, 16);
			hot(entry);
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
	assert_int_equal(last.decision.reason, POLICY_BUSY);
	vm->config.disks = 0;
	free(disk);
}

static void release_frees_replicas(void **state)
{
	struct pmap_entry *entry = page_at(7);

	(void)state;
	miss(entry->mpn, 3, false, 5);
	miss(entry->mpn, 1, false, 16);
	hot(entry);
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
	assert_int_equal(decisions, 0);
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
		TEST(bounced_page_moves_once_an_interval),
		TEST(replicas_are_given_up_for_memory),
		TEST(page_under_transfer_stays),
		TEST(release_frees_replicas),
		TEST(free_pages_are_no_ones),
		TEST(placements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
