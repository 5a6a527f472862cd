/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time of VMs and their timers. A VM's time is the machine's since it started, less its pauses: it
 * runs on while a vCPU is not on a CPU, and what expired meanwhile is pending when it comes back,
 * so no interrupt is lost. The CPU's one timer is set to what comes first: a deadline of the
 * running vCPU, of a waiting one that last ran here, or the end of the slice.
 */
#include "vm.h"

#define COUNT_PERIOD   (UINT64_C(1) << 33)
#define LONGEST_RUN    (UINT64_C(1) << 31)

/* Where 64-bit kernels reach it: the uncached window of xkphys. */
#define GIC_COUNTER_VA (MIPS_XKPHYS | (uint64_t)CCA_UNCACHED << 59 | (MAP_GIC_BASE + GIC_COUNTER))

uint64_t vm_now(const struct vm *vm)
{
	return hal_cycles() - vm->time_offset;
}

void timer_changed(struct vcpu *vcpu)
{
	struct pcpu *cpu = vcpu->pcpu;

	if (!cpu)
		return;
	cpu->timer_dirty = true;
	attend(vcpu);
	if (cpu != cpu->vmm->active && (vcpu->run == VCPU_RUNNING || vcpu->run == VCPU_WAITING))
		hal_ipi(cpu->number);
}

void timer_quick(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	uint64_t offset;

	vcpu->counts = !(vcpu->cp0[CP0_CAUSE] & CAUSE_DC);
	vcpu->count_delta = (uint32_t)(vcpu->count_offset - (vm->time_offset >> 1));
	vcpu->counter_va = 0;
	if (!gic_counter_offset(&vm->gic, &offset))
		return;
	vcpu->counter_va = GIC_COUNTER_VA;
	vcpu->counter_delta = offset - vm->time_offset;
	vcpu->counter_last = &vm->gic.counter_last;
}

void timer_compare(struct vcpu *vcpu)
{
	uint64_t now = vm_now(vcpu->vm);
	uint32_t ticks = (uint32_t)vcpu->cp0[CP0_COMPARE] - vcp0_count(vcpu);

	if (vcpu->cp0[CP0_CAUSE] & CAUSE_DC)
		vcpu->compare_deadline = VMM_NO_TIME;
	else
		vcpu->compare_deadline = (((now >> 1) + ticks) << 1) + (ticks ? 0 : COUNT_PERIOD);
	timer_quick(vcpu);
	timer_changed(vcpu);
}

void timer_expire(struct vcpu *vcpu)
{
	uint64_t now = vm_now(vcpu->vm);

	if (now >= vcpu->compare_deadline) {
		vcpu->compare_deadline += COUNT_PERIOD;
		vcpu->cp0[CP0_CAUSE] |= CAUSE_TI;
		vcpu_set_pin(vcpu, 7, vcpu->pins & CAUSE_IP_TIMER);
		timer_changed(vcpu);
	}
	if (now >= vcpu->gic_deadline) {
		vcpu->gic_deadline = VMM_NO_TIME;
		hal_charge(CHARGE_TIMER, 1);
		gic_timer(&vcpu->vm->gic, vcpu->number);
		timer_changed(vcpu);
	}
}

static uint64_t deadline_of(const struct vcpu *vcpu)
{
	uint64_t first = vcpu->compare_deadline < vcpu->gic_deadline ? vcpu->compare_deadline
								     : vcpu->gic_deadline;

	if (first == VMM_NO_TIME || !vm_runnable(vcpu->vm))
		return VMM_NO_TIME;
	return first + vcpu->vm->time_offset;
}

/* Wakes the waiting vCPUs of @cpu whose time has come. */
void timer_check_waiting(struct pcpu *cpu)
{
	uint64_t now = hal_cycles();

	for (unsigned i = cpu->homed; i-- > 0;) {
		struct vcpu *vcpu = cpu->home[i];

		if (now >= deadline_of(vcpu))
			timer_expire(vcpu); /* may take it out of home[] */
		if (i > cpu->homed)
			i = cpu->homed;
	}
}

void timer_arm(struct pcpu *cpu)
{
	uint64_t first = VMM_NO_TIME;

	cpu->timer_dirty = false;
	if (cpu->current) {
		first = deadline_of(cpu->current);
		if (first == VMM_NO_TIME) /* often enough for 32 bits of ticks */
			first = hal_cycles() + LONGEST_RUN;
		if (cpu->slice_end < first)
			first = cpu->slice_end;
	}
	for (unsigned i = 0; i < cpu->homed; i++) {
		uint64_t deadline = deadline_of(cpu->home[i]);

		if (deadline < first)
			first = deadline;
	}
	if (first == cpu->timer)
		return;
	cpu->timer = first;
	hal_timer_set(first);
}
