/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making the monitor and its VMs on a machine; their host resources. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/regions.h"
#include "monitor/native.h"

#define DEFAULT_BOOT_TIME UINT64_C(1767225600) /* 2026-01-01 00:00:00 UTC, as the bare board */

static void fill_config(struct monitor *monitor, struct vmm_config *config)
{
	const struct machine_config *machine = &monitor->machine->config;
	uint32_t pages = (uint32_t)(machine->memory >> MIPS_PAGE_SHIFT);
	uint32_t per_node = pages / machine->nodes;

	*config = (struct vmm_config){
		.cpus = machine->cpus,
		.nodes = machine->nodes,
		.cycles_per_ms = UINT64_C(1000) * machine->cpu.clock_mhz,
		.tlb_entries = machine->cpu.tlb_entries,
		.l2tlb_entries = monitor->options.l2tlb_entries,
		.slice_cycles = (uint64_t)monitor->options.slice_us * machine->cpu.clock_mhz,
		.xkseg_bit = machine->cpu.segctl && machine->cpu.xkseg_bit,
		.segctl = machine->cpu.segctl,
		.large_pages = monitor->options.large_pages,
		.rewrite = monitor->options.rewrite,
		.overcommit = monitor->options.overcommit,
		.numa = monitor->options.numa,
		.shared_memories = monitor->options.shared_memories,
	};
	memcpy(config->shared_memory, monitor->options.shared_memory,
	       sizeof(config->shared_memory));
	for (unsigned n = 0; n < machine->cpus; n++)
		config->cpu_node[n] = monitor->machine->cpu[n]->node;
	for (unsigned n = 0; n < machine->nodes; n++) {
		config->node_start[n].value = n * per_node;
		config->node_pages[n] = per_node - per_node / MONITOR_SHARE;
		monitor->stats.reserved_pages += per_node / MONITOR_SHARE;
	}
}

static void *zeroed(size_t bytes)
{
	void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);

	if (memory)
		memset(memory, 0, bytes);
	return memory;
}

void native_audit(struct monitor *monitor)
{
	const char *what;
	uint64_t value;
	unsigned errors = vmm_audit(monitor->vmm, &what, &value);

	monitor->stats.audits++;
	if (errors && !monitor->stats.audit_errors)
		snprintf(monitor->stats.audit_text, sizeof(monitor->stats.audit_text),
			 "%s 0x%llx (cycle %llu)", what, (unsigned long long)value,
			 (unsigned long long)machine_time(monitor->machine));
	monitor->stats.audit_errors += errors;
}

static void audit(void *opaque, uint64_t now)
{
	struct monitor *monitor = opaque;

	native = monitor;
	native_audit(monitor);
	event_at(monitor->machine,
		 now + machine_cycles_from_ns(monitor->machine,
					      UINT64_C(1000000) * monitor->options.audit_ms),
		 audit, monitor);
}

struct monitor *monitor_create(struct machine *machine, const struct monitor_options *options,
			       struct error *error)
{
	static const struct board_disk_faults no_faults;
	struct monitor *monitor = calloc(1, sizeof(*monitor));
	struct vmm_config config;

	if (!monitor) {
		error_set(error, -ENOMEM, "out of memory");
		return NULL;
	}
	monitor->machine = machine;
	monitor->options = *options;
	monitor->hook.trap = native_trap;
	native = monitor;
	machine->node_interrupt = native_node_interrupt;
	machine->page_owners = &native_page_owners;
	fill_config(monitor, &config);
	monitor->memory = zeroed(vmm_memory_needed(&config));
	if (!monitor->memory) {
		error_set(error, -ENOMEM, "out of memory");
	} else if (vmm_create(&monitor->vmm, monitor->memory, &config)) {
		error_set(error, -EINVAL,
			  "monitor: the L2TLB has a power of two of entries, not %u",
			  options->l2tlb_entries);
	} else {
		monitor->io = host_io_create(&no_faults, error);
		if (monitor->io)
			return monitor;
	}
	monitor_destroy(monitor, NULL);
	return NULL;
}

static int close_disks(struct native_vm *vm, struct error *error)
{
	int result = 0;

	for (unsigned d = 0; d < vm->disks; d++) {
		int closed = disk_close(vm->disk[d], result ? NULL : error);

		if (!result)
			result = closed;
	}
	vm->disks = 0;
	return result;
}

int monitor_destroy(struct monitor *monitor, struct error *error)
{
	int result = 0;

	if (!monitor)
		return 0;
	native = monitor;
	for (unsigned n = 0; n < VMM_MAX_VMS; n++) {
		int closed = close_disks(&monitor->vm[n], result ? NULL : error);

		if (!result)
			result = closed;
		free(monitor->vm[n].memory);
	}
	if (monitor->io)
		host_io_destroy(monitor->io);
	for (unsigned n = 0; n < monitor->machine->config.cpus; n++)
		monitor->machine->cpu[n]->monitor = NULL;
	monitor->machine->node_interrupt = NULL;
	monitor->machine->page_owners = NULL;
	free(monitor->memory);
	free(monitor);
	native = NULL;
	return result;
}

struct vmm *monitor_vmm(struct monitor *monitor)
{
	native = monitor;
	return monitor->vmm;
}

/* ---- what a VM's devices use outside ---- */

static void *lazy_map(void *opaque, uint64_t pa, size_t *length, bool write)
{
	struct native_vm *vm = opaque;
	const struct guest_memory *memory = vmm_vm_memory(vm->monitor->vmm, vm->number);
	struct machine *machine = vm->monitor->machine;
	uint8_t *host;

	native = vm->monitor;
	host = memory->map(memory->opaque, pa, length, write);
	if (host && !write && machine->ccnuma) /* writes: hal_page_changes() */
		ccnuma_dma(machine->ccnuma, (uint64_t)(host - machine->ram), *length, false);
	return host;
}

static bool lazy_valid(void *opaque, uint64_t pa, uint64_t length)
{
	struct native_vm *vm = opaque;
	const struct guest_memory *memory = vmm_vm_memory(vm->monitor->vmm, vm->number);

	return memory->valid(memory->opaque, pa, length);
}

static void port_output(void *opaque, const uint8_t *data, size_t length)
{
	const struct native_port *port = opaque;

	if (port->vm->output)
		port->vm->output(port->vm->opaque, port->number, data, length);
}

static void fill_random(void *opaque, uint8_t *data, size_t length)
{
	struct native_vm *vm = opaque;

	for (size_t n = 0; n < length; n++) {
		uint64_t z = vm->random += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		data[n] = (uint8_t)(z >> 56);
	}
}

static void drop_frame(void *opaque, const struct guest_memory *memory,
		       const struct guest_segment *segments, unsigned count, size_t length)
{
	(void)opaque;
	(void)memory;
	(void)segments;
	(void)count;
	(void)length;
}

static void mark(void *opaque, unsigned vcpu, enum mark_kind kind, const char *name)
{
	const struct native_vm *vm = opaque;

	(void)vcpu;
	if (vm->monitor->current)
		regions_mark(vm->monitor->machine, vm->monitor->current->number, vm->number, kind,
			     name);
}

static int open_disks(struct native_vm *vm, const struct monitor_vm *config, struct vm_config *core,
		      struct error *error)
{
	if (config->disks > VMM_MAX_DISKS)
		return error_set(error, -EINVAL, "VM %s: at most %d disks, not %u", config->name,
				 VMM_MAX_DISKS, config->disks);
	for (unsigned n = 0; n < config->disks; n++) {
		vm->disk[n] = disk_open(vm->monitor->machine, &vm->lazy, vm->monitor->io,
					&config->disk[n], n, error);
		if (!vm->disk[n])
			return -EINVAL;
		vm->disks++;
		core->disk[n] = disk_backend(vm->disk[n]);
	}
	core->disks = config->disks;
	return 0;
}

static void fill_vm_config(struct native_vm *vm, const struct monitor_vm *config,
			   struct vm_config *core)
{
	uint8_t last = (uint8_t)vm->number;
	const uint8_t mac[6] = {0x52, 0x54, 0x00, 0xd1, 0x5c, last};

	*core = (struct vm_config){
		.vcpus = config->vcpus,
		.memory = config->memory,
		.shares = config->shares,
		.boot_time = config->boot_time ? config->boot_time : DEFAULT_BOOT_TIME,
		.shared_memory = config->shared_memory,
		.network = config->network,
		.net = {.transmit = drop_frame},
		.entropy = true,
		.entropy_backend = {fill_random, vm},
		.balloon = true,
		.marker = config->marker,
		.marker_opaque = config->opaque,
		.mark = mark,
		.mark_opaque = vm,
	};
	snprintf(core->name, sizeof(core->name), "%s", config->name);
	memcpy(core->pin, config->pin, sizeof(core->pin));
	memcpy(core->mac, mac, sizeof(mac));
	for (unsigned n = 0; n < 2; n++) {
		vm->port[n] = (struct native_port){vm, n};
		core->console[n] = (struct console_backend){port_output, &vm->port[n]};
	}
}

static int explain(int result, const struct monitor_vm *config, struct error *error)
{
	switch (result) {
	case -ENOMEM:
		return error_set(error, result,
				 "VM %s: the machine has not the %llu MiB of memory left (allow "
				 "overcommit, or a larger machine)",
				 config->name, (unsigned long long)(config->memory >> 20));
	case -ENOSPC:
		return error_set(error, result, "at most %d VMs", VMM_MAX_VMS);
	default:
		return error_set(error, result,
				 "VM %s: 1 to %d vCPUs and 1 MiB to 32 GiB of memory in whole "
				 "pages are possible",
				 config->name, VMM_MAX_VCPUS);
	}
}

int monitor_add_vm(struct monitor *monitor, const struct monitor_vm *config, unsigned *number,
		   struct error *error)
{
	struct native_vm *vm = NULL;
	struct vm_config core;
	unsigned n = 0;
	int result;

	native = monitor;
	while (n < VMM_MAX_VMS && monitor->vm[n].used)
		n++;
	if (n == VMM_MAX_VMS)
		return explain(-ENOSPC, config, error);
	vm = &monitor->vm[n];
	*vm = (struct native_vm){.monitor = monitor, .number = n, .random = n + 1};
	vm->random += monitor->machine->config.seed;
	vm->lazy = (struct guest_memory){lazy_map, lazy_valid, vm};
	vm->output = config->output;
	vm->opaque = config->opaque;
	fill_vm_config(vm, config, &core);
	result = open_disks(vm, config, &core, error);
	if (result)
		return result;
	vm->memory = zeroed(vmm_vm_memory_needed(monitor->vmm, &core));
	if (!vm->memory)
		return error_set(error, -ENOMEM, "out of memory");
	result = vmm_vm_create(monitor->vmm, &core, vm->memory, number);
	if (result)
		return explain(result, config, error);
	vm->used = true;
	return config->kernel ? vm_load(monitor, config, n, error) : 0;
}

int monitor_reload_vm(struct monitor *monitor, const struct monitor_vm *config, unsigned number,
		      struct error *error)
{
	int result = vmm_vm_reset(monitor->vmm, number);

	if (result)
		return error_set(error, result, "VM %s has not ended", config->name);
	return vm_load(monitor, config, number, error);
}

int monitor_remove_vm(struct monitor *monitor, unsigned number, struct error *error)
{
	struct native_vm *vm = &monitor->vm[number];
	int result;

	native = monitor;
	result = vmm_vm_forget(monitor->vmm, number);
	if (result)
		return error_set(error, result, "VM %u has not stopped", number);
	result = close_disks(vm, error);
	free(vm->memory);
	*vm = (struct native_vm){.monitor = monitor};
	return result;
}

void monitor_start(struct monitor *monitor)
{
	for (unsigned n = 0; n < monitor->machine->config.cpus; n++)
		native_start_cpu(monitor, monitor->machine->cpu[n]);
	if (monitor->options.audit_ms)
		event_at(monitor->machine, 1, audit, monitor);
}

const struct monitor_stats *monitor_stats(const struct monitor *monitor)
{
	return &monitor->stats;
}

bool monitor_disk_stats(const struct monitor *monitor, unsigned vm, unsigned disk,
			struct board_disk_stats *stats)
{
	if (vm >= VMM_MAX_VMS || disk >= monitor->vm[vm].disks)
		return false;
	disk_stats(monitor->vm[vm].disk[disk], stats);
	return true;
}
