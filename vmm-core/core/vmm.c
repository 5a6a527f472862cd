/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor as a whole: creation, and what the outside asks of it. */
#include "vm.h"

#define ALIGN(size) (((size) + 63) & ~(size_t)63)

static uint32_t machine_end(const struct vmm_config *config)
{
	uint32_t end = 0;

	for (unsigned n = 0; n < config->nodes; n++)
		if (config->node_start[n].value + config->node_pages[n] > end)
			end = config->node_start[n].value + config->node_pages[n];
	return end;
}

size_t vmm_memory_needed(const struct vmm_config *config)
{
	size_t shared = 0;

	for (unsigned i = 0; i < config->shared_memories; i++)
		shared += ALIGN(config->shared_memory[i].pages * sizeof(struct mpn));
	return ALIGN(sizeof(struct vmm)) + ALIGN(machine_end(config) * sizeof(struct page)) +
	       shared;
}

static void make_shared(struct vmm *vmm, uint8_t *memory)
{
	for (unsigned i = 0; i < vmm->config.shared_memories; i++) {
		uint32_t pages = vmm->config.shared_memory[i].pages;

		vmm->shared[i].mpn = (struct mpn *)(void *)memory;
		for (uint32_t n = 0; n < pages; n++)
			vmm->shared[i].mpn[n].value = MPN_NONE;
		memory += ALIGN(pages * sizeof(struct mpn));
		vmm->committed += pages;
	}
}

int vmm_create(struct vmm **out, void *memory, const struct vmm_config *config)
{
	struct vmm *vmm = memory;

	if (!config->cpus || config->cpus > VMM_MAX_CPUS || !config->nodes ||
	    config->nodes > VMM_MAX_NODES || config->shared_memories > VMM_MAX_SHARED ||
	    config->tlb_entries > VTLB_ENTRIES ||
	    (config->l2tlb_entries & (config->l2tlb_entries - 1)) || !config->cycles_per_ms)
		return EINVAL_;
	vmm->config = *config;
	vmm->vtlb_entries = config->tlb_entries;
	vmm->pages = machine_end(config);
	vmm->page = (struct page *)(void *)((uint8_t *)memory + ALIGN(sizeof(*vmm)));
	make_shared(vmm, (uint8_t *)vmm->page + ALIGN(vmm->pages * sizeof(struct page)));
	palloc_init(vmm);
	for (unsigned i = 0; i < config->cpus; i++) {
		vmm->cpu[i].number = i;
		vmm->cpu[i].node = config->cpu_node[i];
		vmm->cpu[i].vmm = vmm;
		vmm->cpu[i].timer = VMM_NO_TIME;
		vmm->cpu[i].slice_end = VMM_NO_TIME;
	}
	*out = vmm;
	return 0;
}

void vmm_vm_status(const struct vmm *vmm, unsigned number, struct vm_status *status)
{
	const struct vm *vm = number < VMM_MAX_VMS ? vmm->vm[number] : NULL;

	*status = (struct vm_status){.state = VM_EMPTY};
	if (!vm)
		return;
	status->state = (enum vm_state)vm->state;
	status->stop = (enum vm_stop)vm->stop;
	status->exit_status = vm->exit_status;
	status->address = vm->stop_address;
	status->vcpu = vm->stopped_vcpu;
}

/* Between quanta a CPU may be a little ahead of @now. */
static uint64_t move_on(uint64_t *since, uint64_t now)
{
	uint64_t passed = now > *since ? now - *since : 0;

	*since += passed;
	return passed;
}

/* Adds the time since the vCPU's state changed last. */
static void settle_time(struct vcpu *vcpu)
{
	struct pcpu *cpu = vcpu->pcpu;
	int32_t ran;

	switch (vcpu->run) {
	case VCPU_WAITING:
		vcpu->stats.time[TIME_IDLE] += move_on(&vcpu->wait_since, hal_cycles());
		break;
	case VCPU_READY:
		vcpu->stats.time[TIME_QUEUED] += move_on(&vcpu->ready_since, hal_cycles());
		break;
	case VCPU_RUNNING:
		ran = (int32_t)(hal_ticks() - cpu->resumed_at);
		if (cpu->current != vcpu || ran <= 0)
			break;
		vcpu->stats.time[vcpu->mode == GUEST_USER ? TIME_USER : TIME_KERNEL] +=
			(uint64_t)ran * HAL_TICK;
		cpu->resumed_at += (uint32_t)ran;
		break;
	}
}

/* Sums that nobody needs before they are looked at. */
const struct vcpu_stats *vmm_vcpu_stats(struct vmm *vmm, unsigned vm, unsigned vcpu)
{
	struct vcpu_stats *stats = &vmm->vm[vm]->vcpu[vcpu].stats;

	settle_time(&vmm->vm[vm]->vcpu[vcpu]);
	stats->traps = stats->trap_interrupt + stats->trap_refill + stats->trap_invalid +
		       stats->trap_modified + stats->trap_address + stats->trap_syscall +
		       stats->trap_privileged + stats->trap_other;
	stats->emulated_cp0_read = stats->emulated_cp0_write = 0;
	for (unsigned i = 0; i < CP0_REGISTERS; i++) {
		stats->emulated_cp0_read += stats->emulated_reads[i];
		stats->emulated_cp0_write += stats->emulated_writes[i];
	}
	return stats;
}

void vmm_vm_memory_stats(const struct vmm *vmm, unsigned vm, struct vm_memory *memory)
{
	*memory = vmm->vm[vm]->memory;
}

unsigned vmm_vcpu_cpu(const struct vmm *vmm, unsigned vm, unsigned vcpu)
{
	const struct pcpu *cpu = vmm->vm[vm]->vcpu[vcpu].pcpu;

	return cpu ? cpu->number : 0;
}

int vmm_cpu_vm(const struct vmm *vmm, unsigned cpu)
{
	const struct vcpu *current = vmm->cpu[cpu].current;

	return current ? (int)current->vm->number : -1;
}

struct vmm_page vmm_page(const struct vmm *vmm, struct mpn mpn)
{
	static const uint8_t kinds[] = {
		[PAGE_GUEST] = VMM_PAGE_VM,
		[PAGE_REPLICA] = VMM_PAGE_VM,
		[PAGE_REGISTERS] = VMM_PAGE_REGISTERS,
		[PAGE_SHARED] = VMM_PAGE_SHARED,
	};
	struct vmm_page out = {.number = mpn.value};
	const struct page *page;

	/* The monitor's own memory of the last node is not in the table. */
	if (mpn.value >= vmm->pages)
		return out;
	page = &vmm->page[mpn.value];
	if (kinds[page->state] == VMM_PAGE_OTHER)
		return out;
	out.kind = (enum vmm_page_kind)kinds[page->state];
	out.owner = page->vm;
	out.number = page->ppn;
	if (out.kind == VMM_PAGE_VM)
		out.mapped_at = vmm->vm[page->vm]->pmap[page->ppn].backmap & ~ENTRYHI_ASID;
	return out;
}

struct gpa vmm_page_address(uint32_t number)
{
	return pmap_address(number);
}

size_t vmm_console_input(struct vmm *vmm, unsigned number, unsigned port, const uint8_t *data,
			 size_t length)
{
	struct vm *vm = vmm->vm[number];
	size_t taken = 0;

	if (vm->state != VM_RUNNING || port >= MAP_UARTS)
		return 0;
	while (taken < length && uart_receive(&vm->uart[port], data[taken]))
		taken++;
	return taken;
}

bool vmm_net_receive(struct vmm *vmm, unsigned number, const uint8_t *frame, size_t length)
{
	struct vm *vm = vmm->vm[number];

	return vm->state == VM_RUNNING && vm->config.network &&
	       virtio_net_receive(&vm->net, frame, length);
}

void vmm_cpu_times(const struct vmm *vmm, unsigned cpu, struct cpu_times *times)
{
	*times = vmm->cpu[cpu].times;
}

uint32_t vmm_free_pages(const struct vmm *vmm, unsigned node)
{
	return vmm->node[node].free;
}
