// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vCPUs on CPUs, on the fake HAL: order, shares, pins, slices, waking, timers, pausing and killing;
 * and long random lives of many VMs, after each step of which everybody is in exactly one place.
 */
#include <stdlib.h>
#include <string.h>

#include "support/fake_hal.h"

#define ENTRY	 UINT64_C(0xffffffffc0001000)
#define PER_NODE 4096
#define STRIDE	 0x8000
#define HOME	 (STATUS_KX | STATUS_SX | STATUS_UX)
#define LISTENS	 (HOME | STATUS_IE | 0xfc00) /* hardware interrupts taken */
#define WAIT	 0x42000020u
#define SLICE	 2000

static struct vmm_config config;
static struct vmm *vmm;
static struct vm *made[VMM_MAX_VMS];
static unsigned made_count;

static void make(unsigned nodes, unsigned cpus)
{
	fake_hal_reset(nodes, PER_NODE, STRIDE);
	fake_config(&config, cpus);
	vmm = fake_vmm(&config);
}

static struct vm *add(unsigned vcpus, uint64_t pin)
{
	struct vm *vm = made[made_count++] = fake_vm(vmm, vcpus, 256);

	for (unsigned n = 0; n < vcpus; n++)
		vm->vcpu[n].pin = pin;
	fake_start(vm, ENTRY);
	for (unsigned n = 0; n < vcpus; n++) {
		set_virtual_status(&vm->vcpu[n], LISTENS);
		vcpu_status_changed(&vm->vcpu[n]);
		if (n)
			sched_ready(&vm->vcpu[n]);
	}
	return vm;
}

static int setup(void **state)
{
	(void)state;
	config = (struct vmm_config){.overcommit = true};
	made_count = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_audit(vmm);
	while (made_count)
		free(made[--made_count]);
	free(vmm);
	fake_hal_free();
	return 0;
}

/* ---- what the CPUs do ---- */

static void enter(unsigned cpu, unsigned interrupts)
{
	struct trap trap = {.pc = fake.cpu[cpu].context.pc, .code = EXC_INT};

	fake.cpu[cpu].interrupts |= interrupts;
	fake_trap(vmm, cpu, &trap);
}

/* Whoever has been interrupted, or whose timer has come, enters the monitor; until all is quiet. */
static void settle(void)
{
	bool quiet = false;

	while (!quiet) {
		quiet = true;
		for (unsigned n = 0; n < vmm->config.cpus; n++) {
			bool timer = fake.cpu[n].timer <= fake.cycles;

			if (!fake.cpu[n].interrupts && !timer)
				continue;
			quiet = false;
			if (timer)
				fake.cpu[n].timer = VMM_NO_TIME;
			enter(n, timer ? HAL_INTERRUPT_TIMER : 0);
		}
	}
}

static void run_for(uint64_t cycles)
{
	uint64_t end = fake.cycles + cycles;

	while (fake.cycles < end) {
		fake.cycles += 100;
		settle();
	}
	for (unsigned n = 0; n < vmm->config.cpus; n++)
		enter(n, 0); /* brings the times up to date */
	settle();
}

static void wait_on(unsigned cpu)
{
	fake_privileged(vmm, cpu, fake.cpu[cpu].context.pc, WAIT);
}

static void wake(struct vcpu *vcpu)
{
	vmm->active = NULL;
	vcpu_set_pin(vcpu, 2, true);
}

static void quieten(struct vcpu *vcpu)
{
	vcpu_set_pin(vcpu, 2, false);
	set_virtual_status(vcpu, LISTENS);
	vcpu_status_changed(vcpu);
}

/* Everybody is in one place, and no CPU idles while there is somebody for it. */
static unsigned times_in(struct vcpu *const *list, unsigned count, const struct vcpu *vcpu)
{
	unsigned times = 0;

	for (unsigned i = 0; i < count; i++)
		times += list[i] == vcpu;
	return times;
}

static void check_place(const struct vcpu *vcpu)
{
	unsigned queued = 0, homed = 0, current = 0;

	for (unsigned n = 0; n < vmm->config.cpus; n++) {
		const struct pcpu *cpu = &vmm->cpu[n];

		queued += times_in(cpu->queue, cpu->ready, vcpu);
		homed += times_in(cpu->home, cpu->homed, vcpu);
		current += cpu->current == vcpu;
		if (cpu->current == vcpu || times_in(cpu->queue, cpu->ready, vcpu) ||
		    times_in(cpu->home, cpu->homed, vcpu))
			assert_ptr_equal(vcpu->pcpu, cpu);
	}
	assert_int_equal(queued, vcpu->run == VCPU_READY);
	assert_int_equal(homed, vcpu->run == VCPU_WAITING);
	assert_int_equal(current, vcpu->run == VCPU_RUNNING);
	if (vcpu->run == VCPU_RUNNING && vcpu->pin)
		assert_true(vcpu->pin >> vcpu->pcpu->number & 1);
}

static void check_places(void)
{
	for (unsigned v = 0; v < VMM_MAX_VMS; v++) {
		const struct vm *vm = vmm->vm[v];
		unsigned on_cpus = 0;

		if (!vm)
			continue;
		for (unsigned n = 0; n < vm->config.vcpus; n++) {
			check_place(&vm->vcpu[n]);
			on_cpus += vm->vcpu[n].run == VCPU_RUNNING;
		}
		assert_int_equal(vm->on_cpus, on_cpus);
	}
	for (unsigned n = 0; n < vmm->config.cpus; n++) {
		const struct pcpu *cpu = &vmm->cpu[n];

		if (cpu->current)
			continue;
		for (unsigned m = 0; m < vmm->config.cpus; m++)
			for (unsigned i = 0; i < vmm->cpu[m].ready; i++) {
				uint64_t pin = vmm->cpu[m].queue[i]->pin;

				assert_true(pin && !(pin >> n & 1));
			}
	}
}

static uint64_t ran(const struct vm *vm)
{
	return vm->vcpu[0].stats.time[TIME_KERNEL];
}

/* ---- tests ---- */

static void time_by_shares(void **state)
{
	struct vm *a, *b, *c;
	uint64_t sum;

	(void)state;
	make(1, 1);
	a = add(1, 0);
	b = add(1, 0);
	c = add(1, 0);
	assert_int_equal(vmm_vm_set_shares(vmm, b->number, 300), 0);
	assert_int_equal(vmm_vm_set_shares(vmm, c->number, 0), -22);
	run_for(1000 * SLICE);
	check_places();
	sum = ran(a) + ran(b) + ran(c);
	assert_in_range(ran(a) * 1000 / sum, 180, 220);
	assert_in_range(ran(b) * 1000 / sum, 570, 630);
	assert_in_range(ran(c) * 1000 / sum, 180, 220);
}

/* The shares are the VM's: more vCPUs do not get it more. */
static void shares_of_a_vm(void **state)
{
	struct vm *one, *three;
	uint64_t of_three = 0;

	(void)state;
	make(1, 1);
	one = add(1, 0);
	three = add(3, 0);
	run_for(1000 * SLICE);
	for (unsigned n = 0; n < 3; n++)
		of_three += three->vcpu[n].stats.time[TIME_KERNEL];
	assert_in_range(of_three * 100 / ran(one), 90, 110);
}

/* Alone on its CPU, a vCPU is not interrupted by slices. */
static void alone(void **state)
{
	struct vm *vm;

	(void)state;
	make(1, 1);
	vm = add(1, 0);
	settle();
	assert_int_equal(vmm->cpu[0].slice_end, VMM_NO_TIME);
	run_for(50 * SLICE);
	assert_int_equal(vm->vcpu[0].stats.switches, 1);
	add(1, 0);
	settle();
	assert_int_not_equal(vmm->cpu[0].slice_end, VMM_NO_TIME);
}

static void pins(void **state)
{
	struct vm *left, *right, *any;

	(void)state;
	make(2, 4);
	left = add(2, 1);
	right = add(1, 2);
	any = add(2, 0);
	run_for(100 * SLICE);
	check_places();
	assert_int_equal(vmm_vcpu_cpu(vmm, left->number, 0), 0);
	assert_int_equal(vmm_vcpu_cpu(vmm, left->number, 1), 0);
	assert_int_equal(vmm_vcpu_cpu(vmm, right->number, 0), 1);
	/* those without a pin have the CPUs 2 and 3 for themselves */
	assert_true(any->vcpu[0].stats.time[TIME_KERNEL] > 95 * SLICE);
	assert_true(any->vcpu[1].stats.time[TIME_KERNEL] > 95 * SLICE);
	assert_in_range(left->vcpu[0].stats.time[TIME_KERNEL] * 100 /
				left->vcpu[1].stats.time[TIME_KERNEL],
			90, 110);
}

static void an_interrupt_comes_first(void **state)
{
	struct vm *vm[4];

	(void)state;
	make(1, 1);
	for (unsigned n = 0; n < 4; n++)
		vm[n] = add(1, 0);
	settle();
	assert_ptr_equal(vmm->cpu[0].current, &vm[0]->vcpu[0]);
	vm[3]->vcpu[0].pass += 1000000; /* has had much: last by pass */
	wake(&vm[3]->vcpu[0]);
	assert_true(vm[3]->vcpu[0].boost);
	run_for(SLICE + 200);
	assert_ptr_equal(vmm->cpu[0].current, &vm[3]->vcpu[0]);
	assert_true(vm[3]->vcpu[0].cp0[CP0_STATUS] & STATUS_EXL); /* it has its interrupt */
}

static void waiting_and_waking(void **state)
{
	struct vcpu *vcpu;
	struct vm *vm;

	(void)state;
	make(2, 2);
	vm = add(1, 0);
	vcpu = &vm->vcpu[0];
	settle();
	wait_on(0);
	assert_int_equal(vcpu->run, VCPU_WAITING);
	assert_null(vmm->cpu[0].current);
	check_places();
	run_for(5 * SLICE);
	fake.cpu[0].ipis = fake.cpu[1].ipis = 0;
	wake(vcpu);
	assert_int_equal(fake.cpu[0].ipis, 1); /* its last CPU is free: there */
	assert_int_equal(fake.cpu[1].ipis, 0);
	settle();
	assert_ptr_equal(vmm->cpu[0].current, vcpu);
	assert_true(vcpu->stats.time[TIME_IDLE] >= 5 * SLICE);
	check_places();
}

/* An interrupt that comes between WAIT and leaving the CPU is not lost. */
static void no_lost_wakeup(void **state)
{
	struct vcpu *vcpu;

	(void)state;
	make(1, 1);
	vcpu = &add(1, 0)->vcpu[0];
	settle();
	vmm->active = &vmm->cpu[0];
	sched_wait(vcpu);
	vcpu_set_pin(vcpu, 2, true);
	assert_int_equal(vcpu->run, VCPU_RUNNING);
	enter(0, 0);
	assert_ptr_equal(vmm->cpu[0].current, vcpu);
	assert_true(vcpu->cp0[CP0_STATUS] & STATUS_EXL);
}

/* Compare of a waiting vCPU expires on time, on whatever CPU it last was. */
static void timer_of_a_waiting_vcpu(void **state)
{
	struct vcpu *vcpu;
	uint64_t deadline;

	(void)state;
	make(1, 1);
	vcpu = &add(1, 0)->vcpu[0];
	settle();
	vmm->active = &vmm->cpu[0];
	vcpu->cp0[CP0_COMPARE] = vcp0_count(vcpu) + 1500;
	timer_compare(vcpu);
	deadline = fake.cycles + 3000;
	wait_on(0);
	assert_in_range(fake.cpu[0].timer, deadline - 20, deadline + 20);
	run_for(2500);
	assert_int_equal(vcpu->run, VCPU_WAITING);
	run_for(1000);
	assert_int_equal(vcpu->run, VCPU_RUNNING);
	assert_true(vcpu->cp0[CP0_CAUSE] & CAUSE_TI);
}

/* Of one that is not on a CPU: pending when it comes back. */
static void timer_of_a_queued_vcpu(void **state)
{
	struct vcpu *vcpu;

	(void)state;
	make(1, 1);
	add(1, 0);
	vcpu = &add(1, 0)->vcpu[0];
	settle();
	assert_int_equal(vcpu->run, VCPU_READY);
	vcpu->cp0[CP0_COMPARE] = vcp0_count(vcpu) + 50;
	timer_compare(vcpu);
	run_for(SLICE / 2);
	assert_false(vcpu->cp0[CP0_CAUSE] & CAUSE_TI);
	run_for(SLICE);
	assert_int_equal(vcpu->run, VCPU_RUNNING);
	assert_true(vcpu->cp0[CP0_CAUSE] & CAUSE_TI);
	assert_true(vcpu->cp0[CP0_STATUS] & STATUS_EXL);
}

/* Idle CPUs take from the longest queue; what was flushed on the old CPU is flushed on the new. */
static void stealing(void **state)
{
	struct vm *vm[3];

	(void)state;
	make(2, 2);
	for (unsigned n = 0; n < 3; n++)
		vm[n] = add(1, 1); /* all on CPU 0 */
	settle();
	assert_int_equal(vmm->cpu[0].ready, 2);
	assert_null(vmm->cpu[1].current);
	for (unsigned n = 0; n < 3; n++)
		vm[n]->vcpu[0].pin = 0;
	fake.cpu[1].flushes = 0;
	enter(1, HAL_INTERRUPT_IPI);
	assert_non_null(vmm->cpu[1].current);
	assert_int_equal(vmm->cpu[0].ready, 1);
	assert_int_equal(fake.cpu[1].flushes, 1);
	check_places();
}

static void tlb_flushed_between_vcpus(void **state)
{
	unsigned before;

	(void)state;
	make(1, 1);
	add(1, 0);
	add(1, 0);
	settle();
	before = fake.cpu[0].flushes;
	run_for(10 * SLICE + 500);
	assert_in_range(fake.cpu[0].flushes - before, 9, 11);
}

/* The entry code knows whose registers, L2TLB and virtual TLB are this CPU's, also from user mode
 * to user mode, and in which view. */
static void entry_code_told_of_the_vcpu(void **state)
{
	struct vm *vm[2];

	(void)state;
	make(1, 1);
	for (unsigned i = 0; i < 2; i++) {
		vm[i] = add(1, 0);
		set_virtual_status(&vm[i]->vcpu[0], LISTENS | STATUS_KSU_U);
		vcpu_status_changed(&vm[i]->vcpu[0]);
	}
	for (unsigned i = 0; i < 20; i++) {
		enter(0, HAL_INTERRUPT_TIMER);
		run_for(SLICE);
		settle();
		assert_ptr_equal(fake.cpu[0].quick, vmm->cpu[0].current);
	}
	assert_true(vm[0]->vcpu[0].stats.switches > 3 && vm[1]->vcpu[0].stats.switches > 3);
	set_virtual_status(vmm->cpu[0].current, LISTENS | STATUS_ERL);
	vcpu_status_changed(vmm->cpu[0].current);
	assert_int_equal(fake.cpu[0].quick_view, vmm->cpu[0].current->view);
	assert_true(fake.cpu[0].quick_view & VIEW_ERROR);
}

static void pausing(void **state)
{
	struct vm *paused, *other;
	uint64_t before, time;
	uint32_t count;

	(void)state;
	make(1, 2);
	paused = add(3, 0);
	other = add(1, 0);
	run_for(3 * SLICE);
	assert_int_equal(vmm_vm_resume(vmm, paused->number), -16);
	vmm->active = NULL;
	assert_int_equal(vmm_vm_pause(vmm, paused->number), 0);
	settle();
	check_places();
	assert_int_equal(paused->on_cpus, 0);
	before = ran(paused);
	time = vm_now(paused) - (fake.cycles - paused->paused_at);
	count = vcp0_count(&paused->vcpu[0]) - (uint32_t)((fake.cycles - paused->paused_at) / 2);
	wake(&paused->vcpu[1]); /* is seen after the pause */
	run_for(100 * SLICE);
	assert_int_equal(ran(paused), before);
	assert_true(ran(other) > 99 * SLICE);
	assert_int_equal(vmm_vm_pause(vmm, paused->number), -16);
	assert_int_equal(vmm_vm_resume(vmm, paused->number), 0);
	assert_in_range(vm_now(paused) - time, 0, 1); /* its clock stood still, in whole ticks */
	assert_in_range(vcp0_count(&paused->vcpu[0]) - count + 1, 0, 2);
	run_for(10 * SLICE);
	check_places();
	assert_true(ran(paused) > before);
	assert_true(paused->vcpu[1].stats.interrupts > 0);
}

static void all_waiting_for_nothing(void **state)
{
	struct vm *vm;

	(void)state;
	make(1, 1);
	vm = add(1, 0);
	settle();
	set_virtual_status(&vm->vcpu[0], HOME); /* nothing can wake it */
	vcpu_status_changed(&vm->vcpu[0]);
	wait_on(0);
	assert_int_equal(vm->stop, VM_STOP_HALTED);
	assert_int_equal(vm->state, VM_STOPPED);
	assert_true(fake.cpu[0].idle);
}

static void storm(void **state)
{
	struct vcpu *vcpu;
	struct vm *vm, *other;
	unsigned n = 0;

	(void)state;
	make(1, 1);
	vm = add(1, 0);
	other = add(1, 0);
	vcpu = &vm->vcpu[0];
	for (; vm->state == VM_RUNNING && n < 4100000; n++) {
		if (vmm->cpu[0].current == vcpu) {
			wake(vcpu);
			enter(0, HAL_INTERRUPT_IPI);
			quieten(vcpu);
		} else {
			fake.cycles += SLICE;
			settle();
		}
	}
	assert_int_equal(vm->stop, VM_STOP_STORM);
	assert_int_equal(other->state, VM_RUNNING);
}

/* Killed where it is: waiting, queued, on this CPU and on others. */
static void killing(void **state)
{
	(void)state;
	make(1, 2);
	for (unsigned turn = 0; turn < 20; turn++) {
		struct vm *vm = add(4, 0);

		run_for(fake_random(6 * SLICE));
		if (turn & 1)
			for (unsigned n = 0; n < 2; n++)
				if (vmm->cpu[n].current)
					wait_on(n);
		pmap_get(vm, turn, 0);
		vmm->active = NULL;
		vmm_vm_kill(vmm, vm->number, VM_STOP_KILLED);
		settle();
		check_places();
		assert_int_equal(vm->state, VM_STOPPED);
		assert_int_equal(vmm_free_pages(vmm, 0), PER_NODE);
		assert_int_equal(vmm_vm_forget(vmm, vm->number), 0);
		free(made[--made_count]);
	}
}

static void starting_again(void **state)
{
	struct vm *vm;

	(void)state;
	make(1, 1);
	vm = add(2, 0);
	run_for(SLICE);
	vmm->active = NULL;
	assert_int_equal(vmm_vm_reset(vmm, vm->number), -16);
	vm_stopped(vm, VM_STOP_RESET, 0);
	assert_int_equal(vmm_vm_reset(vmm, vm->number), -16); /* still on the CPU */
	settle();
	assert_int_equal(vmm_vm_reset(vmm, vm->number), 0);
	assert_int_equal(vmm_vm_start(vmm, vm->number, ENTRY, (const uint64_t[4]){9}), 0);
	assert_int_equal(vmm_vm_start(vmm, vm->number, ENTRY, (const uint64_t[4]){9}), -16);
	settle();
	check_places();
	assert_ptr_equal(vmm->cpu[0].current, &vm->vcpu[0]);
	assert_int_equal(vm->vcpu[1].run, VCPU_OFF);
	assert_int_equal(fake_gpr(0)[4], 9);
	assert_in_range(vm_now(vm), 0, 2000);
}

/* ---- random lives ---- */

static struct vm *random_vm(void)
{
	return made_count ? made[fake_random(made_count)] : NULL;
}

static void forget(struct vm *vm)
{
	for (unsigned i = 0; i < made_count; i++)
		if (made[i] == vm && !vmm_vm_forget(vmm, vm->number)) {
			free(vm);
			made[i] = made[--made_count];
			return;
		}
}

static void random_event(void)
{
	struct vm *vm = random_vm();
	unsigned cpu = fake_random(vmm->config.cpus);
	struct vcpu *vcpu = vm ? &vm->vcpu[fake_random(vm->config.vcpus)] : NULL;

	vmm->active = NULL;
	switch (fake_random(12)) {
	case 0:
		if (made_count < 12)
			add(1 + fake_random(3), fake_random(3) ? 0 : 1 + fake_random(15));
		break;
	case 1:
		if (vm && fake_random(8) == 0)
			vmm_vm_kill(vmm, vm->number, VM_STOP_KILLED);
		break;
	case 2:
		if (vm && vm->state == VM_STOPPED)
			forget(vm);
		break;
	case 3:
		if (vm)
			vmm_vm_pause(vmm, vm->number);
		break;
	case 4:
	case 5:
		if (vm)
			vmm_vm_resume(vmm, vm->number);
		break;
	case 6:
	case 7:
		if (vmm->cpu[cpu].current)
			wait_on(cpu);
		break;
	case 8:
	case 9:
		if (vcpu && vm->state == VM_RUNNING && vcpu->run != VCPU_OFF) {
			vcpu_set_pin(vcpu, 2, true);
			settle();
			quieten(vcpu);
		}
		break;
	default:
		fake.cycles += fake_random(3 * SLICE);
	}
}

static void random_lives(void **state)
{
	(void)state;
	make(2, 4);
	for (unsigned step = 0; step < 20000; step++) {
		random_event();
		settle();
		check_places();
		if (step % 500 == 0)
			fake_audit(vmm);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(time_by_shares),
		TEST(shares_of_a_vm),
		TEST(alone),
		TEST(pins),
		TEST(an_interrupt_comes_first),
		TEST(waiting_and_waking),
		TEST(no_lost_wakeup),
		TEST(timer_of_a_waiting_vcpu),
		TEST(timer_of_a_queued_vcpu),
		TEST(stealing),
		TEST(entry_code_told_of_the_vcpu),
		TEST(tlb_flushed_between_vcpus),
		TEST(pausing),
		TEST(all_waiting_for_nothing),
		TEST(storm),
		TEST(killing),
		TEST(starting_again),
		TEST(random_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
