/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual machines: making, starting, pausing, stopping. A VM that stops, for whatever reason, is
 * taken off its CPUs, its disks' requests are awaited, and its machine memory goes back; nothing of
 * that touches another VM.
 */
#include "vm.h"

#define DEFAULT_SHARES 100
#define ALIGN(size)    (((size) + 63) & ~(size_t)63)
#define MIN_MEMORY     (UINT64_C(1) << 20)
#define MAX_MEMORY     (UINT64_C(32) << 30)

/* Whether its vCPUs may run on more than one node. */
static bool spans_nodes(const struct vmm_config *config, const struct vm_config *vm)
{
	unsigned node = VMM_MAX_NODES;

	for (unsigned i = 0; i < config->cpus * vm->vcpus; i++) {
		unsigned cpu = i % config->cpus;
		uint64_t pin = vm->pin[i / config->cpus];

		if (pin && !(pin >> cpu & 1))
			continue;
		if (node != VMM_MAX_NODES && node != config->cpu_node[cpu])
			return vm->vcpus > 1;
		node = config->cpu_node[cpu];
	}
	return false;
}

static unsigned large_order(const struct vmm *vmm, const struct vm_config *config)
{
	unsigned order = vmm->config.numa.spread_order;

	if (!vmm->config.large_pages)
		return 0;
	return order && spans_nodes(&vmm->config, config) ? order : LARGE_ORDER;
}

static uint32_t blocks_of(uint32_t pages, unsigned order)
{
	uint32_t block = UINT32_C(2) << order;

	return (pages + block - 1) / block;
}

/* All of guest-physical memory, with the device hole. */
static uint64_t linear_units(uint32_t pages)
{
	return (pmap_address(pages).value >> LINEAR_SHIFT) + 1;
}

/* Of one vCPU; aligned to this. */
static size_t l2tlb_bytes(const struct vmm *vmm)
{
	return ALIGN(vmm->config.l2tlb_entries * sizeof(struct l2tlb_entry));
}

size_t vmm_vm_memory_needed(const struct vmm *vmm, const struct vm_config *config)
{
	uint32_t pages = (uint32_t)(config->memory >> PAGE_SHIFT) +
			 shared_window_pages(&vmm->config, config->shared_memory);

	return ALIGN(sizeof(struct vm)) + ALIGN(pages * sizeof(struct pmap_entry)) +
	       ALIGN(blocks_of(pages, large_order(vmm, config)) * sizeof(struct block)) +
	       ALIGN(config->disks * sizeof(struct virtio_block)) +
	       (config->vcpus + 1) * l2tlb_bytes(vmm) +
	       ALIGN(linear_units(pages) * sizeof(struct linear)) + rewrite_memory_needed(vmm);
}

static int check_config(const struct vm_config *config)
{
	if (config->vcpus < 1 || config->vcpus > VMM_MAX_VCPUS)
		return EINVAL_;
	if (config->memory < MIN_MEMORY || config->memory > MAX_MEMORY ||
	    (config->memory & PAGE_OFFSET_MASK))
		return EINVAL_;
	return config->disks > VMM_MAX_DISKS ? EINVAL_ : 0;
}

/* The parts of @memory. */
static void lay_out(struct vm *vm)
{
	uint8_t *at = (uint8_t *)vm + ALIGN(sizeof(*vm));
	size_t l2tlb = l2tlb_bytes(vm->vmm);

	vm->ram_pages = (uint32_t)(vm->config.memory >> PAGE_SHIFT);
	vm->pages = vm->ram_pages + shared_window_pages(&vm->vmm->config, vm->config.shared_memory);
	vm->large_order = large_order(vm->vmm, &vm->config);
	vm->pmap = (struct pmap_entry *)(void *)at;
	at += ALIGN(vm->pages * sizeof(struct pmap_entry));
	vm->block = (struct block *)(void *)at;
	at += ALIGN(blocks_of(vm->pages, vm->large_order) * sizeof(struct block));
	vm->disk = (struct virtio_block *)(void *)at;
	at += ALIGN(vm->config.disks * sizeof(struct virtio_block));
	vm->linear = (struct linear *)(void *)at;
	at += ALIGN(linear_units(vm->pages) * sizeof(struct linear));
	if (l2tlb)
		at += -(uintptr_t)at & (l2tlb - 1);
	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpu[i];

		vcpu->linear = vm->linear;
		vcpu->linear_units = linear_units(vm->pages);
		vcpu->pmap = vm->pmap;
		vcpu->ram_pages = vm->ram_pages;
		vcpu->holder = (uint16_t)(1u << i);
		vcpu->vtlb_last = (uint8_t)(vm->vmm->vtlb_entries - 1);
		if (!l2tlb)
			continue;
		l2tlb_init(vcpu, (struct l2tlb_entry *)(void *)(at + i * l2tlb),
			   vm->vmm->config.l2tlb_entries);
	}
	at += vm->config.vcpus * l2tlb;
	vm->rewritten = (struct rewritten *)(void *)at;
}

static uint64_t machine_pages(const struct vmm *vmm)
{
	uint64_t sum = 0;

	for (unsigned n = 0; n < vmm->config.nodes; n++)
		sum += vmm->config.node_pages[n];
	return sum;
}

int vmm_vm_create(struct vmm *vmm, const struct vm_config *config, void *memory, unsigned *number)
{
	struct vm *vm = memory;
	unsigned n = 0;

	if (check_config(config))
		return EINVAL_;
	while (n < VMM_MAX_VMS && vmm->vm[n])
		n++;
	if (n == VMM_MAX_VMS)
		return ENOSPC_;
	if (!vmm->config.overcommit &&
	    vmm->committed + (config->memory >> PAGE_SHIFT) > machine_pages(vmm))
		return ENOMEM_;
	vm->vmm = vmm;
	vm->number = n;
	vm->config = *config;
	if (!vm->config.shares)
		vm->config.shares = DEFAULT_SHARES;
	lay_out(vm);
	vm->memory.pages = vm->ram_pages;
	vmm->committed += vm->ram_pages;
	for (uint32_t i = 0; i < vm->pages; i++)
		vm->pmap[i].mpn.value = MPN_NONE;
	for (unsigned i = 0; i < config->vcpus; i++) {
		vm->vcpu[i].vm = vm;
		vm->vcpu[i].number = i;
		vm->vcpu[i].pin = config->pin[i];
		vm->vcpu[i].cp0 = vm->vcpu[i].own;
		vm->vcpu[i].registers.value = MPN_NONE;
		vtlb_reset(&vm->vcpu[i]);
	}
	vboard_init(vm);
	vm->state = VM_READY;
	vmm->vm[n] = vm;
	*number = n;
	return 0;
}

const struct guest_memory *vmm_vm_memory(struct vmm *vmm, unsigned vm)
{
	return &vmm->vm[vm]->guest_memory;
}

int vmm_vm_start(struct vmm *vmm, unsigned number, uint64_t pc, const uint64_t arguments[4])
{
	struct vm *vm = vmm->vm[number];
	const unsigned a0 = 4;

	if (vm->state != VM_READY)
		return EBUSY_;
	vm->state = VM_RUNNING;
	vm->stop = VM_STOP_NONE;
	vm->time_offset = hal_cycles() & ~UINT64_C(1); /* whole ticks of Count */
	for (unsigned i = 0; i < vm->config.vcpus; i++)
		vcpu_reset(&vm->vcpu[i]);
	vm->vcpu[0].context.pc = pc;
	for (unsigned i = 0; i < 4; i++)
		vm->vcpu[0].context.gpr[a0 + i] = arguments[i];
	sched_ready(&vm->vcpu[0]);
	return 0;
}

void vm_reap(struct vm *vm)
{
	vboard_drain(vm);
	pmap_release_all(vm);
	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		l2tlb_flush(&vm->vcpu[i]);
		vm->vcpu[i].tlb_pcpu = NULL;
		rewrite_detach(&vm->vcpu[i]);
	}
	vm->vmm->committed -= vm->ram_pages;
	hal_vm_event(vm->number);
}

static bool is_over(const struct vm *vm)
{
	return vm->state == VM_STOPPED || vm->state == VM_RESET;
}

void vm_stopped(struct vm *vm, enum vm_stop why, unsigned vcpu)
{
	if (is_over(vm))
		return;
	vm->state = why == VM_STOP_RESET ? VM_RESET : VM_STOPPED;
	vm->stop = why;
	vm->stopped_vcpu = vcpu;
	for (unsigned i = 0; i < vm->config.vcpus; i++)
		sched_remove(&vm->vcpu[i]);
	if (!vm->on_cpus)
		vm_reap(vm);
}

/* All vCPUs wait with interrupts off, or are off: nothing will ever happen again. */
void vm_check_halted(struct vm *vm)
{
	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		const struct vcpu *vcpu = &vm->vcpu[i];
		uint32_t status = virtual_status(vcpu);

		if (vcpu->run == VCPU_OFF)
			continue;
		if (vcpu->run != VCPU_WAITING ||
		    ((status & (STATUS_IE | STATUS_EXL | STATUS_ERL)) == STATUS_IE &&
		     (status & STATUS_IM)))
			return;
	}
	vm_stopped(vm, VM_STOP_HALTED, 0);
}

void vmm_vm_kill(struct vmm *vmm, unsigned number, enum vm_stop why)
{
	vm_stopped(vmm->vm[number], why, 0);
}

int vmm_vm_reset(struct vmm *vmm, unsigned number)
{
	struct vm *vm = vmm->vm[number];

	if (!is_over(vm) || vm->on_cpus)
		return EBUSY_;
	vboard_init(vm);
	vmm->committed += vm->ram_pages;
	vm->state = VM_READY;
	return 0;
}

int vmm_vm_forget(struct vmm *vmm, unsigned number)
{
	struct vm *vm = vmm->vm[number];

	if (!is_over(vm) || vm->on_cpus)
		return EBUSY_;
	for (unsigned i = 0; i < vmm->config.cpus; i++)
		if (vmm->cpu[i].tlb_owner && vmm->cpu[i].tlb_owner->vm == vm)
			vmm->cpu[i].tlb_owner = NULL;
	vmm->vm[number] = NULL;
	return 0;
}

int vmm_vm_set_shares(struct vmm *vmm, unsigned number, unsigned shares)
{
	if (!shares)
		return EINVAL_;
	vmm->vm[number]->config.shares = shares;
	return 0;
}

int vmm_vm_pause(struct vmm *vmm, unsigned number)
{
	struct vm *vm = vmm->vm[number];

	if (vm->state != VM_RUNNING)
		return EBUSY_;
	vm->state = VM_PAUSED;
	vm->paused_at = hal_cycles();
	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpu[i];

		vcpu->paused_run = vcpu->run;
		if (vcpu->run != VCPU_OFF)
			sched_remove(vcpu);
	}
	return 0;
}

int vmm_vm_resume(struct vmm *vmm, unsigned number)
{
	struct vm *vm = vmm->vm[number];

	if (vm->state != VM_PAUSED || vm->on_cpus)
		return EBUSY_;
	vm->state = VM_RUNNING;
	vm->time_offset += (hal_cycles() - vm->paused_at) & ~UINT64_C(1);
	/* One that waited looks again: it goes back to WAIT when there is nothing. */
	for (unsigned i = 0; i < vm->config.vcpus; i++)
		if (vm->vcpu[i].paused_run != VCPU_OFF)
			sched_ready(&vm->vcpu[i]);
	return 0;
}
