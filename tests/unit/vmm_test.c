// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The monitor on the emulated machine, with guests of a few instructions: what one VM does or what
 * is done to it leaves the others alone, and all its memory comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dev/address_map.h"
#include "dev/finisher.h"
#include "emu/machine.h"
#include "emu/monitor.h"

#define MIB	   (UINT64_C(1) << 20)
#define CODE	   UINT64_C(0x100000)
#define CYCLES(ms) ((uint64_t)(ms)*200000)

static struct machine *machine;
static struct monitor *monitor;
static struct vmm *vmm;
static unsigned audit_traps; /* for build() */
static unsigned events;

static void vm_event(void *opaque, unsigned vm)
{
	(void)opaque;
	(void)vm;
	events++;
}

static void build(unsigned cpus, uint64_t memory, bool overcommit)
{
	const struct machine_config config = {
		.name = "test",
		.nodes = cpus < 4 ? cpus : 4,
		.cpus = cpus,
		.memory = memory,
		.quantum = 1000,
		.seed = 1,
		.cpu = {.tlb_entries = 64, .clock_mhz = 200, .segctl = true, .xkseg_bit = true},
	};
	const struct monitor_options options = {
		.l2tlb_entries = 1024,
		.slice_us = 500,
		.large_pages = !overcommit,
		.overcommit = overcommit,
		.audit_ms = 1,
		.audit_traps = audit_traps,
		.vm_event = vm_event,
	};
	struct error error;

	machine = machine_create(&config, &interpreter_engine, &error);
	assert_non_null(machine);
	monitor = monitor_create(machine, &options, &error);
	assert_non_null(monitor);
	vmm = monitor_vmm(monitor);
	events = 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(monitor_stats(monitor)->audit_errors, 0);
	monitor_destroy(monitor, NULL);
	machine_destroy(machine);
	return 0;
}

static void stop_machine(void *opaque, uint64_t now)
{
	(void)opaque;
	(void)now;
	machine_stop(machine, STOP_HOST, 0);
}

static void run_for(uint64_t cycles)
{
	machine->stop = false;
	machine->stop_reason = STOP_NONE;
	event_at(machine, machine->now + cycles, stop_machine, NULL);
	machine_run(machine);
}

/*
 * Writes an ever growing number to each page of [a0, a0 + a1), reads them all back and adds them
 * up; repeats a2 times, then ends with status 0 when the sum is a3, else 1; a2 = 0: for ever.
 */
static const uint32_t worker[] = {
	0x0000402d,		/*     daddu  t0,0,0     sum $8 */
	0x0000482d,		/*     daddu  t1,0,0     value = $9 */
	0x0080502d,		/* 1:  daddu  t2,a0,0    $10 */
	0x0085582d,		/*     daddu  t3,a0,a1   $11 */
	0xfd490000,		/* 2:  sd     t1,0(t2) */
	0xdd4c0000,		/*     ld     t4,0(t2)   $12 */
	0x010c402d,		/*     daddu  t0,t0,t4 */
	0x65290001,		/*     daddiu t1,t1,1 */
	0x654a1000,		/*     daddiu t2,t2,4096 */
	0x154bfffa,		/*     bne    t2,t3,2b */
	0x00000000, 0x64c6ffff, /*     daddiu a2,a2,-1 */
	0x14c0fff5,		/*     bne    a2,0,1b */
	0x00000000, 0x3c0dbf00, /*     lui    t5,0xbf00  finisher, KSEG1 */
	0x340e5555,		/*     ori    t6,0,0x5555 */
	0x11070003,		/*     beq    t0,a3,3f */
	0x00000000, 0x3c0e0001, /*     lui    t6,1 */
	0x35ce3333,		/*     ori    t6,t6,0x3333 */
	0xadae0000,		/* 3:  sw     t6,0(t5) */
	0x1000ffff,		/*     b      . */
	0x00000000,
};

/* Jumps to an address that is nowhere, with the exception vectors nowhere too. */
static const uint32_t wild[] = {0x3c08dead, 0x01000008, 0x00000000};

/* Asks the finisher for a reset. */
static const uint32_t reset[] = {0x3c0dbf00, 0x340e7777, 0xadae0000, 0x1000ffff, 0x00000000};

static unsigned add(const char *name, uint64_t memory, const uint32_t *code, size_t words,
		    const uint64_t arguments[4])
{
	const struct monitor_vm config = {.name = name, .vcpus = 1, .memory = memory};
	const struct guest_memory *guest;
	struct error error;
	size_t length = 4096;
	unsigned number;
	uint32_t *to;

	assert_int_equal(monitor_add_vm(monitor, &config, &number, &error), 0);
	guest = vmm_vm_memory(vmm, number);
	to = guest->map(guest->opaque, CODE, &length, true);
	assert_non_null(to);
	for (size_t i = 0; i < words; i++)
		to[i] = code[i];
	assert_int_equal(vmm_vm_start(vmm, number, MIPS_CKSEG0 + CODE, arguments), 0);
	return number;
}

static unsigned add_worker(const char *name, uint64_t pages, uint64_t rounds)
{
	uint64_t count = pages * rounds;
	const uint64_t arguments[4] = {MIPS_CKSEG0 + 2 * MIB, pages * 4096, rounds,
				       count * (count - 1) / 2};

	return add(name, 64 * MIB, worker, sizeof(worker) / sizeof(worker[0]), arguments);
}

static struct vm_status status_of(unsigned vm)
{
	struct vm_status status;

	vmm_vm_status(vmm, vm, &status);
	return status;
}

static uint64_t free_pages(void)
{
	uint64_t sum = 0;

	for (unsigned n = 0; n < machine->config.nodes; n++)
		sum += vmm_free_pages(vmm, n);
	return sum;
}

static void finish(unsigned vm)
{
	for (unsigned i = 0; i < 2000 && status_of(vm).state == VM_RUNNING; i++)
		run_for(CYCLES(5));
	assert_int_equal(status_of(vm).stop, VM_STOP_FINISHED);
	assert_int_equal(status_of(vm).exit_status, 0);
}

static void test_work(void **state)
{
	unsigned vm;

	(void)state;
	build(1, 128 * MIB, false);
	vm = add_worker("one", 1000, 50);
	monitor_start(monitor);
	finish(vm);
	assert_int_equal(events, 1);
}

/* Two VMs on one CPU, the memory maps audited after every single monitor entry. */
static void test_audit_each(void **state)
{
	unsigned one, two;

	(void)state;
	audit_traps = 1;
	build(1, 64 * MIB, true);
	audit_traps = 0;
	one = add_worker("one", 300, 20);
	two = add_worker("two", 300, 20);
	monitor_start(monitor);
	finish(one);
	finish(two);
	assert_true(monitor_stats(monitor)->audits > 300);
}

/* Killed in the middle of its work a hundred times, at ever other moments: the others' results are
 * right, and all its machine pages come back each time. */
static void test_kill(void **state)
{
	unsigned first, second;
	uint64_t left;

	(void)state;
	build(2, 512 * MIB, false);
	first = add_worker("first", 3000, 2000);
	second = add_worker("second", 2000, 3000);
	monitor_start(monitor);
	run_for(CYCLES(20));
	left = free_pages();
	for (unsigned i = 0; i < 100; i++) {
		unsigned victim = add_worker("victim", 4000, 0);
		struct error error;

		run_for(997 * (i + 1));
		assert_int_equal(status_of(victim).state, VM_RUNNING);
		vmm_vm_kill(vmm, victim, VM_STOP_KILLED);
		run_for(CYCLES(1));
		assert_int_equal(status_of(victim).state, VM_STOPPED);
		assert_int_equal(monitor_remove_vm(monitor, victim, &error), 0);
		assert_int_equal(free_pages(), left);
	}
	finish(first);
	finish(second);
	assert_true(monitor_stats(monitor)->audits > 100);
}

static void test_pause(void **state)
{
	unsigned paused, other;
	uint64_t before;

	(void)state;
	build(2, 256 * MIB, false);
	paused = add_worker("paused", 500, 400);
	other = add_worker("other", 500, 400);
	monitor_start(monitor);
	run_for(CYCLES(2));
	assert_int_equal(vmm_vm_pause(vmm, paused), 0);
	assert_int_equal(vmm_vm_pause(vmm, paused), -16);
	run_for(CYCLES(1));
	before = vmm_vcpu_stats(vmm, paused, 0)->time[TIME_KERNEL];
	finish(other);
	assert_int_equal(vmm_vcpu_stats(vmm, paused, 0)->time[TIME_KERNEL], before);
	assert_int_equal(vmm_vm_resume(vmm, paused), 0);
	finish(paused);
}

/* The VM that asks for more machine memory than there is stops, and no other. */
static void test_no_memory(void **state)
{
	unsigned small, greedy;

	(void)state;
	build(1, 64 * MIB, true);
	small = add_worker("small", 1000, 300);
	greedy = add("greedy", 256 * MIB, worker, sizeof(worker) / sizeof(worker[0]),
		     (uint64_t[4]){MIPS_CKSEG0 + 2 * MIB, 200 * MIB, 0, 0});
	monitor_start(monitor);
	finish(small);
	for (unsigned i = 0; i < 100 && status_of(greedy).state == VM_RUNNING; i++)
		run_for(CYCLES(5));
	assert_int_equal(status_of(greedy).state, VM_STOPPED);
	assert_int_equal(status_of(greedy).stop, VM_STOP_NO_MEMORY);
}

static void test_wild_and_reset(void **state)
{
	const uint64_t none[4] = {0};
	unsigned good, lost, again;

	(void)state;
	build(1, 256 * MIB, false);
	good = add_worker("good", 500, 300);
	lost = add("lost", 64 * MIB, wild, 3, none);
	again = add("again", 64 * MIB, reset, 5, none);
	monitor_start(monitor);
	finish(good);
	assert_int_equal(status_of(lost).stop, VM_STOP_WILD);
	assert_int_equal(status_of(again).state, VM_RESET);
	assert_int_equal(vmm_vm_reset(vmm, again), 0);
	assert_int_equal(status_of(again).state, VM_READY);
}

/* Two VMs on a CPU: the one with three times the shares gets about three times the CPU time. */
static void test_shares(void **state)
{
	const uint64_t arguments[4] = {MIPS_CKSEG0 + 2 * MIB, 100 * 4096, 0, 0};
	uint64_t much, little;
	unsigned a, b;

	(void)state;
	build(1, 256 * MIB, false);
	a = add("much", 64 * MIB, worker, sizeof(worker) / sizeof(worker[0]), arguments);
	b = add("little", 64 * MIB, worker, sizeof(worker) / sizeof(worker[0]), arguments);
	assert_int_equal(vmm_vm_set_shares(vmm, a, 300), 0);
	monitor_start(monitor);
	run_for(CYCLES(100));
	much = vmm_vcpu_stats(vmm, a, 0)->time[TIME_KERNEL];
	little = vmm_vcpu_stats(vmm, b, 0)->time[TIME_KERNEL];
	assert_in_range(much * 100 / little, 250, 350);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_work, tear_down),
		cmocka_unit_test_teardown(test_audit_each, tear_down),
		cmocka_unit_test_teardown(test_kill, tear_down),
		cmocka_unit_test_teardown(test_pause, tear_down),
		cmocka_unit_test_teardown(test_no_memory, tear_down),
		cmocka_unit_test_teardown(test_wild_and_reset, tear_down),
		cmocka_unit_test_teardown(test_shares, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
