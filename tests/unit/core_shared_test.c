/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that VMs share, through its registers, on the fake HAL: who may, the same machine pages,
 * what is left when a VM ends; the audit after each step.
 */
#include <stdlib.h>
#include <string.h>

#include "dev/shared_memory.h"
#include "support/fake_hal.h"

#define NODES	 4
#define PER_NODE 256
#define RAM	 300

static struct vmm *vmm;
static struct vm *vm[3];

static struct vm *make_vm(uint32_t allowed)
{
	struct vm_config config = {
		.vcpus = 1, .memory = RAM * PAGE_BYTES, .shared_memory = allowed};
	unsigned number;
	void *memory = calloc(1, vmm_vm_memory_needed(vmm, &config));

	assert_int_equal(vmm_vm_create(vmm, &config, memory, &number), 0);
	vmm->vm[number]->state = VM_RUNNING;
	return vmm->vm[number];
}

static int setup(void **state)
{
	struct vmm_config config = {
		.l2tlb_entries = 64,
		.overcommit = true,
		.shared_memories = 2,
		.shared_memory = {{"first", 3}, {"second", 5}},
		.numa = {.interval_ms = 100},
	};

	(void)state;
	fake_hal_reset(NODES, PER_NODE, PER_NODE);
	fake_config(&config, NODES);
	vmm = fake_vmm(&config);
	vm[0] = make_vm(3);
	vm[1] = make_vm(2);
	vm[2] = make_vm(0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_audit(vmm);
	for (unsigned n = 0; n < 3; n++)
		free(vm[n]);
	free(vmm);
	fake_hal_free();
	return 0;
}

static uint32_t get(struct vm *of, uint64_t offset)
{
	uint64_t value = 0;

	assert_true(shared_read(of, 0, offset, 4, &value));
	return (uint32_t)value;
}

static void put(struct vm *of, uint64_t offset, uint32_t value)
{
	assert_true(shared_write(of, 0, offset, 4, value));
}

static uint32_t call(struct vm *of, const char *name, uint32_t pages, uint32_t what)
{
	char padded[SHARED_NAME_MAX] = "";

	memcpy(padded, name, strlen(name));
	for (unsigned i = 0; i < SHARED_NAME_MAX; i += 4) {
		uint32_t word;

		memcpy(&word, padded + i, 4);
		put(of, SHARED_NAME + i, word);
	}
	put(of, SHARED_PAGES, pages);
	put(of, SHARED_CALL, what);
	fake_audit(vmm);
	return get(of, SHARED_RESULT);
}

static uint64_t address(struct vm *of)
{
	return (uint64_t)get(of, SHARED_HIGH) << 32 | get(of, SHARED_LOW);
}

/* What a device of the VM finds at @pa; NULL: no memory. */
static uint8_t *at(struct vm *of, uint64_t pa)
{
	size_t length = 1;
	uint8_t *host = of->guest_memory.map(of->guest_memory.opaque, pa, &length, true);

	fake_audit(vmm);
	return host; /* cppcheck-suppress returnDanglingLifetime */
}

static uint64_t free_pages(void)
{
	uint64_t sum = 0;

	for (unsigned n = 0; n < NODES; n++)
		sum += vmm_free_pages(vmm, n);
	return sum;
}

/* ---- tests ---- */

static void who_may(void **state)
{
	(void)state;
	assert_int_equal(get(vm[0], SHARED_ID), SHARED_ID_VALUE);
	assert_int_equal(call(vm[0], "first", 3, SHARED_ATTACH), 0);
	assert_int_equal(get(vm[0], SHARED_PAGES), 3);
	assert_int_equal(call(vm[0], "second", 0, SHARED_ATTACH), 0);
	assert_int_equal(get(vm[0], SHARED_PAGES), 5);
	assert_int_equal(call(vm[1], "first", 1, SHARED_ATTACH), 13);
	assert_int_equal(call(vm[2], "second", 1, SHARED_ATTACH), 13);
	assert_int_equal(call(vm[1], "third", 1, SHARED_ATTACH), 2);
	assert_int_equal(call(vm[1], "secon", 1, SHARED_ATTACH), 2);
	assert_int_equal(call(vm[1], "secondd", 1, SHARED_ATTACH), 2);
	assert_int_equal(call(vm[1], "second", 6, SHARED_ATTACH), 22);
	assert_int_equal(call(vm[1], "second", 5, 7), 22);
	assert_int_equal(call(vm[1], "second", 5, SHARED_DETACH), 0);
	/* no window, and so nothing at its place */
	assert_int_equal(vm[2]->pages, RAM);
	assert_int_equal(vm[1]->pages, RAM + 5);
}

static void nothing_before_it_is_attached(void **state)
{
	uint64_t window = RAM * PAGE_BYTES, bytes, base;

	(void)state;
	vmm_shared_window(vmm, vm[0]->number, &base, &bytes);
	assert_int_equal(base, window);
	assert_int_equal(bytes, 8 * PAGE_BYTES);
	for (unsigned n = 0; n < 9; n++)
		assert_null(at(vm[0], window + n * PAGE_BYTES));
	assert_int_equal(call(vm[0], "second", 5, SHARED_ATTACH), 0);
	assert_int_equal(address(vm[0]), window + 3 * PAGE_BYTES);
	assert_null(at(vm[0], window));
	assert_non_null(at(vm[0], window + 3 * PAGE_BYTES));
	assert_null(at(vm[0], window + 8 * PAGE_BYTES));
	assert_int_equal(call(vm[0], "second", 5, SHARED_DETACH), 0);
	assert_null(at(vm[0], window + 3 * PAGE_BYTES));
}

static void the_same_pages(void **state)
{
	uint64_t a, b;

	(void)state;
	assert_int_equal(call(vm[0], "second", 5, SHARED_ATTACH), 0);
	assert_int_equal(call(vm[1], "second", 5, SHARED_ATTACH), 0);
	a = address(vm[0]);
	b = address(vm[1]);
	assert_int_not_equal(a, b);
	for (unsigned n = 0; n < 5; n++) {
		uint8_t *page = at(vm[n & 1], (n & 1 ? b : a) + n * PAGE_BYTES);

		assert_int_equal(*page, 0);
		*page = (uint8_t)(n + 1);
	}
	for (unsigned n = 0; n < 5; n++)
		assert_ptr_equal(at(vm[0], a + n * PAGE_BYTES), at(vm[1], b + n * PAGE_BYTES));
	/* attaching again changes nothing */
	assert_int_equal(call(vm[1], "second", 5, SHARED_ATTACH), 0);
	assert_int_equal(*at(vm[1], b + 4 * PAGE_BYTES), 5);
}

static void a_death_takes_nothing_away(void **state)
{
	struct vmm_shared_stats stats;
	uint64_t before = free_pages(), a, b;

	(void)state;
	assert_int_equal(call(vm[0], "second", 5, SHARED_ATTACH), 0);
	assert_int_equal(call(vm[1], "second", 5, SHARED_ATTACH), 0);
	a = address(vm[0]);
	b = address(vm[1]);
	*at(vm[0], a) = 77;
	*at(vm[0], 0) = 1; /* of its own */
	vmm_vm_kill(vmm, vm[0]->number, VM_STOP_KILLED);
	fake_audit(vmm);
	assert_int_equal(vm[0]->memory.shared, 0);
	assert_int_equal(*at(vm[1], b), 77);
	assert_true(vmm_shared_stats(vmm, 1, &stats));
	assert_int_equal(stats.users, 1);
	assert_int_equal(stats.pages, 1);
	assert_int_equal(stats.attached, 2);
	vmm_vm_kill(vmm, vm[1]->number, VM_STOP_KILLED);
	fake_audit(vmm);
	assert_true(vmm_shared_stats(vmm, 1, &stats));
	assert_int_equal(stats.pages, 0);
	assert_int_equal(free_pages(), before);
	assert_false(vmm_shared_stats(vmm, 2, &stats));
}

static void the_last_to_detach_clears_it(void **state)
{
	(void)state;
	assert_int_equal(call(vm[0], "first", 3, SHARED_ATTACH), 0);
	*at(vm[0], address(vm[0])) = 9;
	assert_int_equal(call(vm[0], "first", 0, SHARED_DETACH), 0);
	assert_int_equal(call(vm[0], "first", 0, SHARED_DETACH), 0);
	assert_int_equal(call(vm[0], "first", 3, SHARED_ATTACH), 0);
	assert_int_equal(*at(vm[0], address(vm[0])), 0);
}

static void detaching_leaves_no_translation(void **state)
{
	struct pmap_entry *entry;
	uint32_t index;

	(void)state;
	assert_int_equal(call(vm[0], "first", 3, SHARED_ATTACH), 0);
	assert_true(pmap_ram(vm[0], (struct gpa){address(vm[0])}, &index));
	entry = pmap_get(vm[0], index, 0);
	pmap_note_mapping(entry, &vm[0]->vcpu[0], UINT64_C(0x4000));
	assert_int_equal(call(vm[0], "first", 0, SHARED_DETACH), 0);
	assert_int_equal(vm[0]->vcpu[0].stale, 1);
	assert_false(pmap_ram(vm[0], (struct gpa){address(vm[0])}, &index));
}

static void the_balloon_does_not_reach_it(void **state)
{
	uint64_t a;

	(void)state;
	assert_int_equal(call(vm[0], "first", 3, SHARED_ATTACH), 0);
	a = address(vm[0]);
	*at(vm[0], a) = 5;
	pmap_release(vm[0], (uint32_t)(a >> PAGE_SHIFT));
	fake_audit(vmm);
	assert_int_equal(*at(vm[0], a), 5);
}

static void audit_sees_another_page(void **state)
{
	uint32_t index = RAM;
	struct mpn right;

	(void)state;
	assert_int_equal(call(vm[0], "first", 3, SHARED_ATTACH), 0);
	at(vm[0], address(vm[0]));
	right = vm[0]->pmap[index].mpn;
	vm[0]->pmap[index].mpn = pmap_get(vm[1], 3, 0)->mpn;
	fake_audit_says(vmm, "pmap: another machine page than that of the shared memory");
	vm[0]->pmap[index].mpn = right;
}

static void wrong_accesses(void **state)
{
	uint64_t value;

	(void)state;
	assert_false(shared_read(vm[0], 0, SHARED_ID, 8, &value));
	assert_false(shared_read(vm[0], 0, SHARED_CALL, 4, &value));
	assert_false(shared_write(vm[0], 0, SHARED_ID, 4, 1));
	assert_false(shared_write(vm[0], 0, SHARED_NAME + SHARED_NAME_MAX, 4, 1));
	assert_false(shared_write(vm[0], 0, SHARED_CALL, 1, SHARED_ATTACH));
}

/* Each rule of the audit about shared memory, made to fire. */
static void audit_rules(void **state)
{
	struct pmap_entry *entry;
	struct mpn page, other;

	(void)state;
	call(vm[0], "first", 3, SHARED_ATTACH);
	assert_non_null(at(vm[0], address(vm[0])));
	entry = &vm[0]->pmap[RAM];
	page = entry->mpn;
	entry->flags &= ~PMAP_SHARED;
	fake_audit_says(vmm, "pmap: page of the window without shared memory");
	entry->flags |= PMAP_SHARED;
	other = pmap_get(vm[0], 7, 0)->mpn;
	entry->mpn = other;
	fake_audit_says(vmm, "pmap: another machine page than that of the shared memory");
	entry->mpn = page;
	vmm->page[page.value].ppn = 1;
	fake_audit_says(vmm, "memmap: shared page that nobody has");
	vmm->page[page.value].ppn = 0;
	vmm->shared[0].users--;
	fake_audit_says(vmm, "memmap: shared page that nobody has");
	vmm->shared[0].users++;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(who_may),
		TEST(nothing_before_it_is_attached),
		TEST(the_same_pages),
		TEST(a_death_takes_nothing_away),
		TEST(the_last_to_detach_clears_it),
		TEST(detaching_leaves_no_translation),
		TEST(the_balloon_does_not_reach_it),
		TEST(audit_sees_another_page),
		TEST(wrong_accesses),
		TEST(audit_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
