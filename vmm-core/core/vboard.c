/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM's board: the device models of vmm-core/dev joined to its vCPUs and memory. Addresses and
 * interrupt numbers are those of the bare machine, so the same device tree describes both.
 */
#include "vm.h"

#define SLOT_DISK(n) (n)
#define SLOT_NET     16
#define SLOT_ENTROPY 20
#define SLOT_BALLOON 22
#define PIN_TO_IP    2

/* ---- interrupts and time ---- */

static void gic_set_pin(void *opaque, unsigned cpu, unsigned pin, bool level)
{
	vcpu_set_pin(&((struct vm *)opaque)->vcpu[cpu], pin + PIN_TO_IP, level);
}

static uint64_t gic_now(void *opaque, unsigned cpu)
{
	(void)cpu;
	return vm_now(opaque);
}

static void gic_set_timer(void *opaque, unsigned cpu, uint64_t cycle)
{
	struct vcpu *vcpu = &((struct vm *)opaque)->vcpu[cpu];

	vcpu->gic_deadline = cycle;
	timer_changed(vcpu);
}

static struct irq_line irq(struct vm *vm, unsigned number)
{
	return (struct irq_line){.set = gic_set_shared, .opaque = &vm->gic, .number = number};
}

/* ---- starting and stopping vCPUs ---- */

static void cm_start(void *opaque, unsigned cpu, uint64_t vector)
{
	struct vcpu *vcpu = &((struct vm *)opaque)->vcpu[cpu];

	if (vcpu->run != VCPU_OFF)
		sched_remove(vcpu);
	vcpu_reset(vcpu);
	vcpu->context.pc = (uint64_t)(int64_t)(int32_t)vector;
	sched_ready(vcpu);
}

static void cm_stop(void *opaque, unsigned cpu)
{
	struct vm *vm = opaque;

	sched_remove(&vm->vcpu[cpu]);
	vm_check_halted(vm); /* it may have been the last one */
}

static void cm_moved(void *opaque, uint64_t base)
{
	struct vm *vm = opaque;

	vm->gcr_region->base = base;
	vm->last_region = NULL;
	for (unsigned i = 0; i < vm->config.vcpus; i++)
		vm->vcpu[i].cp0[CP0_CMGCRBASE] = base >> 4;
}

/* ---- memory as devices reach it ---- */

static void *memory_map(void *opaque, uint64_t pa, size_t *length, bool write)
{
	struct vm *vm = opaque;
	uint64_t offset = pa & PAGE_OFFSET_MASK;
	struct pmap_entry *page;
	uint32_t index;
	unsigned node = vm->vcpu[0].pcpu ? vm->vcpu[0].pcpu->node : 0;

	if (!pmap_ram(vm, (struct gpa){pa}, &index) || vm->state == VM_STOPPED)
		return NULL;
	page = pmap_get(vm, index, node);
	if (!page)
		return NULL;
	if (*length > PAGE_BYTES - offset)
		*length = PAGE_BYTES - offset;
	if (write) {
		move_collapse(vm, index);
		hal_page_changes(page->mpn, 1);
	}
	return (uint8_t *)hal_page(page->mpn) + offset;
}

static bool memory_valid(void *opaque, uint64_t pa, uint64_t length)
{
	const struct vm *vm = opaque;
	uint32_t first, last;

	if (!length || pa + length < pa)
		return !length;
	if (!pmap_ram(vm, (struct gpa){pa}, &first) ||
	    !pmap_ram(vm, (struct gpa){pa + length - 1}, &last))
		return false;
	/* Both ends on one side of the device hole. */
	return last - first ==
	       (uint32_t)((pa + length - 1) >> PAGE_SHIFT) - (uint32_t)(pa >> PAGE_SHIFT);
}

/* ---- finisher, clock ---- */

static void finished(void *opaque, int status)
{
	struct vm *vm = opaque;

	vm->exit_status = status;
	vm_stopped(vm, VM_STOP_FINISHED, 0);
}

static void reset_asked(void *opaque)
{
	vm_stopped(opaque, VM_STOP_RESET, 0);
}

static void marked(void *opaque, unsigned cpu, uint32_t value)
{
	const struct vm *vm = opaque;

	if (vm->config.marker)
		vm->config.marker(vm->config.marker_opaque, cpu, value);
}

static void mark(void *opaque, unsigned cpu, enum mark_kind kind, const char *name)
{
	const struct vm *vm = opaque;

	if (vm->config.mark)
		vm->config.mark(vm->config.mark_opaque, cpu, kind, name);
}

static uint64_t clock_ns(void *opaque)
{
	const struct vm *vm = opaque;
	uint64_t now = vm_now(vm), per_ms = vm->vmm->config.cycles_per_ms;

	return vm->config.boot_time * UINT64_C(1000000000) + now / per_ms * 1000000 +
	       now % per_ms * 1000000 / per_ms;
}

/* ---- memory the guest does not need ---- */

static void release_memory(void *opaque, uint64_t pa, uint64_t length)
{
	struct vm *vm = opaque;
	uint64_t before = vm->memory.machine;
	uint32_t index;

	/* A page that a disk is reading into must not become another VM's. */
	vboard_drain(vm);
	for (; length; pa += PAGE_BYTES, length -= PAGE_BYTES)
		if (pmap_ram(vm, (struct gpa){pa}, &index))
			pmap_release(vm, index);
	vm->memory.released += before - vm->memory.machine;
}

/* ---- putting it together ---- */

static bool ignore_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	(void)opaque;
	(void)cpu;
	(void)offset;
	(void)size;
	(void)value;
	return true;
}

static struct mmio_region *add(struct vm *vm, struct mmio_region region)
{
	vm->region[vm->regions] = region;
	return &vm->region[vm->regions++];
}

static void add_virtio(struct vm *vm, unsigned slot, struct virtio_device *device)
{
	add(vm, (struct mmio_region){"virtio", MAP_VIRTIO_BASE + slot * MAP_VIRTIO_STRIDE,
				     MAP_VIRTIO_SIZE, virtio_read, virtio_write, device});
}

static void add_core(struct vm *vm)
{
	const struct gic_board gic = {gic_set_pin, gic_now, gic_set_timer, vm};
	const struct cm_board cm = {cm_start, cm_stop, cm_moved, vm};

	gic_init(&vm->gic, &gic, vm->config.vcpus, MAP_GIC_SHARED);
	cm_init(&vm->cm, &cm, vm->config.vcpus, MAP_GCR_BASE);
	add(vm,
	    (struct mmio_region){"gic", MAP_GIC_BASE, MAP_GIC_SIZE, gic_read, gic_write, &vm->gic});
	vm->gcr_region = add(vm, (struct mmio_region){"gcr", MAP_GCR_BASE, MAP_GCR_SIZE, gcr_read,
						      gcr_write, &vm->cm});
	add(vm, (struct mmio_region){"l2-sync", MAP_GCR_BASE + MAP_GCR_SIZE, MAP_L2SYNC_SIZE, NULL,
				     ignore_write, NULL});
	add(vm,
	    (struct mmio_region){"cpc", MAP_CPC_BASE, MAP_CPC_SIZE, cpc_read, cpc_write, &vm->cm});
}

static void add_system(struct vm *vm)
{
	vm->finisher = (struct finisher){
		.finish = finished,
		.reset = reset_asked,
		.marker = marked,
		.mark = mark,
		.opaque = vm,
	};
	add(vm, (struct mmio_region){"finisher", MAP_FINISHER_BASE, MAP_FINISHER_SIZE,
				     finisher_read, finisher_write, &vm->finisher});
	rtc_init(&vm->rtc, clock_ns, vm);
	add(vm,
	    (struct mmio_region){"rtc", MAP_RTC_BASE, MAP_RTC_SIZE, rtc_read, rtc_write, &vm->rtc});
	for (unsigned n = 0; n < MAP_UARTS; n++) {
		const struct irq_line line = irq(vm, IRQ_UART(n));

		uart_init(&vm->uart[n], &vm->config.console[n], &line);
		add(vm, (struct mmio_region){"uart", MAP_UART_BASE + n * MAP_UART_STRIDE,
					     MAP_UART_SIZE, uart_read, uart_write, &vm->uart[n]});
	}
}

static void add_shared_memory(struct vm *vm)
{
	if (vm->pages > vm->ram_pages)
		add(vm, (struct mmio_region){"shared-memory", MAP_SHARED_BASE, MAP_SHARED_SIZE,
					     shared_read, shared_write, vm});
}

static void add_virtio_devices(struct vm *vm)
{
	const struct irq_line net = irq(vm, IRQ_VIRTIO(SLOT_NET));
	const struct irq_line entropy = irq(vm, IRQ_VIRTIO(SLOT_ENTROPY));
	const struct irq_line balloon = irq(vm, IRQ_VIRTIO(SLOT_BALLOON));
	const struct balloon_backend release = {release_memory, vm};

	for (unsigned n = 0; n < vm->config.disks; n++) {
		const struct irq_line line = irq(vm, IRQ_VIRTIO(SLOT_DISK(n)));

		virtio_block_init(&vm->disk[n], &vm->config.disk[n], &vm->guest_memory, &line);
		add_virtio(vm, SLOT_DISK(n), &vm->disk[n].device);
	}
	if (vm->config.network) {
		virtio_net_init(&vm->net, &vm->config.net, vm->config.mac, &vm->guest_memory, &net);
		add_virtio(vm, SLOT_NET, &vm->net.device);
	}
	if (vm->config.entropy) {
		virtio_entropy_init(&vm->entropy, &vm->config.entropy_backend, &vm->guest_memory,
				    &entropy);
		add_virtio(vm, SLOT_ENTROPY, &vm->entropy.device);
	}
	if (vm->config.balloon) {
		virtio_balloon_init(&vm->balloon, &release, &vm->guest_memory, &balloon);
		add_virtio(vm, SLOT_BALLOON, &vm->balloon.device);
	}
}

void vboard_init(struct vm *vm)
{
	vm->guest_memory = (struct guest_memory){memory_map, memory_valid, vm};
	vm->regions = 0;
	vm->last_region = NULL;
	for (unsigned i = 0; i < vm->config.vcpus; i++)
		vm->vcpu[i].pins = 0;
	add_core(vm);
	add_system(vm);
	add_virtio_devices(vm);
	add_shared_memory(vm);
}

void vboard_drain(struct vm *vm)
{
	for (unsigned n = 0; n < vm->config.disks; n++)
		vm->config.disk[n].drain(vm->config.disk[n].opaque);
}

struct mmio_region *vboard_region(struct vm *vm, struct gpa gpa, unsigned size)
{
	struct mmio_region *region = vm->last_region;

	if (region && gpa.value - region->base < region->size)
		return gpa.value - region->base + size <= region->size ? region : NULL;
	for (unsigned i = 0; i < vm->regions; i++) {
		region = &vm->region[i];
		if (gpa.value - region->base >= region->size)
			continue;
		vm->last_region = region;
		return gpa.value - region->base + size <= region->size ? region : NULL;
	}
	return NULL;
}
