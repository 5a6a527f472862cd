/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPUs on CPUs. A run queue a CPU; the vCPU with the least pass (time used, divided by the VM's
 * shares) is next, one with an interrupt to take before it. A vCPU stays where it ran; a CPU with
 * nothing to do takes one from the longest queue, of its own node first.
 */
#include "vm.h"

static bool may_run_on(const struct vcpu *vcpu, const struct pcpu *cpu)
{
	return !vcpu->pin || (vcpu->pin >> cpu->number & 1);
}

static void list_remove(struct vcpu **list, unsigned *count, const struct vcpu *vcpu)
{
	for (unsigned i = 0; i < *count; i++)
		if (list[i] == vcpu) {
			list[i] = list[--*count];
			return;
		}
}

static void home_remove(struct vcpu *vcpu)
{
	list_remove(vcpu->pcpu->home, &vcpu->pcpu->homed, vcpu);
}

static void queue_add(struct pcpu *cpu, struct vcpu *vcpu)
{
	uint64_t now = hal_cycles();

	vcpu->run = VCPU_READY;
	vcpu->pcpu = cpu;
	vcpu->ready_since = now;
	if (vcpu->pass < cpu->pass)
		vcpu->pass = cpu->pass;
	cpu->queue[cpu->ready++] = vcpu;
	cpu->attention = true;
	/* Whoever runs there now has a slice from now on, if it had all the time before. */
	if (cpu->current && cpu->slice_end == VMM_NO_TIME) {
		cpu->slice_end = now + cpu->vmm->config.slice_cycles;
		cpu->timer_dirty = true;
		if (cpu != cpu->vmm->active)
			hal_ipi(cpu->number);
	}
}

/* Where a vCPU that becomes ready goes: its last CPU if that is free, else a free one near, else
 * the allowed one with the shortest queue. */
static struct pcpu *choose_cpu(struct vcpu *vcpu)
{
	struct vmm *vmm = vcpu->vm->vmm;
	struct pcpu *best = NULL, *last = vcpu->pcpu;
	unsigned best_cost = ~0u;

	for (unsigned i = 0; i < vmm->config.cpus; i++) {
		struct pcpu *cpu = &vmm->cpu[i];
		unsigned load = cpu->ready + (cpu->current != NULL);
		unsigned cost = load * 4 + (last && cpu->node != last->node) * 2 + (cpu != last);

		if (!may_run_on(vcpu, cpu))
			continue;
		if (cost < best_cost) {
			best_cost = cost;
			best = cpu;
		}
	}
	return best ? best : &vmm->cpu[0];
}

void sched_ready(struct vcpu *vcpu)
{
	struct pcpu *cpu;

	if (vcpu->run == VCPU_WAITING) {
		vcpu->stats.time[TIME_IDLE] += hal_cycles() - vcpu->wait_since;
		home_remove(vcpu);
	}
	cpu = choose_cpu(vcpu);
	queue_add(cpu, vcpu);
	if (!cpu->current && cpu != cpu->vmm->active)
		hal_ipi(cpu->number);
}

void sched_wait(struct vcpu *vcpu)
{
	vcpu->run = VCPU_WAITING;
	vcpu->pcpu->reschedule = true;
	attend(vcpu);
	vm_check_halted(vcpu->vm);
}

void sched_kick(struct vcpu *vcpu)
{
	struct pcpu *cpu = vcpu->pcpu;

	vcpu->check_interrupts = true;
	attend(vcpu);
	switch (vcpu->run) {
	case VCPU_WAITING:
		if (cpu->current == vcpu) /* about to leave its CPU */
			vcpu->run = VCPU_RUNNING;
		else if (vm_runnable(vcpu->vm))
			sched_ready(vcpu);
		break;
	case VCPU_READY:
		vcpu->boost = true;
		break;
	case VCPU_RUNNING:
		if (cpu != cpu->vmm->active)
			hal_ipi(cpu->number);
		break;
	}
}

void sched_remove(struct vcpu *vcpu)
{
	struct pcpu *cpu = vcpu->pcpu;

	if (vcpu->run == VCPU_READY) {
		list_remove(cpu->queue, &cpu->ready, vcpu);
	} else if (cpu && cpu->current == vcpu) {
		cpu->reschedule = true;
		attend(vcpu);
		if (cpu != cpu->vmm->active)
			hal_ipi(cpu->number);
	} else if (vcpu->run == VCPU_WAITING) {
		vcpu->stats.time[TIME_IDLE] += hal_cycles() - vcpu->wait_since;
		home_remove(vcpu);
	}
	vcpu->run = VCPU_OFF;
}

/* The next of @cpu's queue that may run on @target: with boost, then by pass. */
static struct vcpu *best_of(const struct pcpu *cpu, const struct pcpu *target)
{
	struct vcpu *best = NULL;

	for (unsigned i = 0; i < cpu->ready; i++) {
		struct vcpu *vcpu = cpu->queue[i];

		if (!may_run_on(vcpu, target))
			continue;
		if (!best || vcpu->boost > best->boost ||
		    (vcpu->boost == best->boost && vcpu->pass < best->pass))
			best = vcpu;
	}
	return best;
}

static struct vcpu *steal(struct pcpu *cpu)
{
	struct vmm *vmm = cpu->vmm;
	struct vcpu *best = NULL;
	unsigned best_load = 0;

	for (unsigned i = 0; i < vmm->config.cpus; i++) {
		const struct pcpu *from = &vmm->cpu[i];
		unsigned load = from->ready * 2 + (from->node == cpu->node);
		struct vcpu *vcpu;

		if (from == cpu || !from->ready || load <= best_load)
			continue;
		vcpu = best_of(from, cpu);
		if (vcpu) {
			best = vcpu;
			best_load = load;
		}
	}
	return best;
}

static struct vcpu *next_for(struct pcpu *cpu)
{
	struct vcpu *vcpu = best_of(cpu, cpu);

	if (!vcpu)
		vcpu = steal(cpu);
	if (!vcpu)
		return NULL;
	list_remove(vcpu->pcpu->queue, &vcpu->pcpu->ready, vcpu);
	return vcpu;
}

/* An idle CPU found nothing that it may run when it went idle; now something is queued here. */
static void call_idle(const struct pcpu *cpu)
{
	struct vmm *vmm = cpu->vmm;

	for (unsigned i = 0; i < vmm->config.cpus; i++) {
		struct pcpu *other = &vmm->cpu[i];

		if (other == cpu || other->current || other->ready || other->called ||
		    !best_of(cpu, other))
			continue;
		other->called = true;
		hal_ipi(i);
		return;
	}
}

/* The vCPU on @cpu leaves it, with its registers when another will use them. */
static void put_off(struct pcpu *cpu, struct trap *trap)
{
	struct vcpu *vcpu = cpu->current;
	struct vm *vm = vcpu->vm;
	uint64_t now = hal_cycles();
	uint64_t used = now - vcpu->run_since;

	vcpu->context.pc = trap->pc;
	hal_context_save(&vcpu->context);
	hal_charge(CHARGE_CONTEXT, 1);
	vcpu->pass += used * vm->config.vcpus * 100 / vm->config.shares;
	vcpu->link = false;
	cpu->current = NULL;
	vm->on_cpus--;
	if (vcpu->run == VCPU_WAITING) {
		vcpu->wait_since = now;
		cpu->home[cpu->homed++] = vcpu;
		cpu->timer_dirty = true;
	} else if (vcpu->run == VCPU_RUNNING) {
		if (vm_runnable(vm))
			queue_add(cpu, vcpu);
		else
			vcpu->run = VCPU_OFF; /* a paused VM's vCPU comes back by resume */
	}
	if (!vm->on_cpus && (vm->state == VM_STOPPED || vm->state == VM_RESET))
		vm_reap(vm);
}

static void load_registers(struct pcpu *cpu, struct vcpu *vcpu)
{
	uint32_t hwrena =
		(uint32_t)vcpu->cp0[CP0_HWRENA] & (HWRENA_SYNCI_STEP | HWRENA_CCRES | HWRENA_ULR);

	hal_cp0_write(CP0_ENTRYHI, vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID);
	if (cpu->hwrena != hwrena) {
		cpu->hwrena = hwrena;
		hal_cp0_write(CP0_HWRENA, hwrena);
	}
	if (cpu->userlocal != vcpu->cp0[CP0_USERLOCAL]) {
		cpu->userlocal = vcpu->cp0[CP0_USERLOCAL];
		hal_cp0_write(CP0_USERLOCAL, cpu->userlocal);
	}
	hal_context_load(&vcpu->context);
	hal_charge(CHARGE_CONTEXT, 1);
}

static void put_on(struct pcpu *cpu, struct vcpu *vcpu, struct trap *trap)
{
	uint64_t now = hal_cycles();

	vcpu->stats.time[TIME_QUEUED] += now - vcpu->ready_since;
	vcpu->stats.switches++;
	if (vcpu->tlb_pcpu && vcpu->tlb_pcpu != cpu)
		vcpu->stats.migrations++;
	if (cpu->tlb_owner != vcpu || vcpu->tlb_pcpu != cpu)
		vcpu->flush_pending = true;
	cpu->tlb_owner = vcpu;
	vcpu->tlb_pcpu = cpu;
	vcpu->pcpu = cpu;
	vcpu->run = VCPU_RUNNING;
	vcpu->boost = false;
	vcpu->run_since = now;
	vcpu->check_interrupts = true;
	rewrite_attach(vcpu);
	timer_quick(vcpu);
	vcpu->vm->on_cpus++;
	cpu->current = vcpu;
	cpu->quick_known = false;
	cpu->pass = vcpu->pass;
	load_registers(cpu, vcpu);
	trap->pc = vcpu->context.pc;
	trap->in_delay_slot = false;
	timer_expire(vcpu);
}

void sched_pick(struct pcpu *cpu, struct trap *trap)
{
	struct vcpu *next;

	cpu->reschedule = cpu->called = false;
	cpu->timer_dirty = true;
	hal_charge(CHARGE_SCHEDULE, 1);
	if (cpu->current && cpu->current->run == VCPU_RUNNING && !cpu->ready &&
	    vm_runnable(cpu->current->vm)) {
		cpu->slice_end = VMM_NO_TIME; /* alone: goes on */
		return;
	}
	if (cpu->current)
		put_off(cpu, trap);
	next = next_for(cpu);
	cpu->slice_end = VMM_NO_TIME;
	if (!next) {
		hal_idle();
		return;
	}
	put_on(cpu, next, trap);
	if (!cpu->ready)
		return;
	cpu->slice_end = hal_cycles() + cpu->vmm->config.slice_cycles;
	call_idle(cpu);
}
