/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM's kernel, initrd and device tree. The board's loader puts them into the memory of a machine
 * of the VM's shape that never runs; what is not zero there is copied to the VM.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "board/load.h"
#include "monitor/native.h"

#define SLOT_NET     16 /* as in vmm-core/core/vboard.c */
#define SLOT_ENTROPY 20
#define SLOT_BALLOON 22
#define REGISTER_A0  4

static bool is_zero(const uint8_t *page)
{
	return !page[0] && !memcmp(page, page + 1, MIPS_PAGE_SIZE - 1);
}

static int copy_page(struct monitor *monitor, unsigned number, const uint8_t *from, uint64_t pa)
{
	const struct guest_memory *memory = vmm_vm_memory(monitor->vmm, number);
	size_t length = MIPS_PAGE_SIZE;
	void *to = memory->map(memory->opaque, pa, &length, true);

	if (!to)
		return -ENOMEM;
	memcpy(to, from, MIPS_PAGE_SIZE);
	return 0;
}

static int copy_memory(struct monitor *monitor, unsigned number, const struct machine *from)
{
	enum { CHUNK = 1024 };
	uint64_t pages = from->config.memory >> MIPS_PAGE_SHIFT;
	unsigned char resident[CHUNK];

	for (uint64_t page = 0; page < pages; page++) {
		const uint8_t *at = from->ram + (page << MIPS_PAGE_SHIFT);
		uint64_t left = pages - page, pa = page << MIPS_PAGE_SHIFT;

		if (page % CHUNK == 0 &&
		    mincore((void *)(uintptr_t)at, (left < CHUNK ? left : CHUNK) << MIPS_PAGE_SHIFT,
			    resident))
			return -errno;
		if (!(resident[page % CHUNK] & 1) || is_zero(at))
			continue;
		if (pa >= DEVICE_HOLE_START)
			pa += DEVICE_HOLE_END - DEVICE_HOLE_START;
		if (copy_page(monitor, number, at, pa))
			return -ENOMEM;
	}
	return 0;
}

static uint32_t virtio_slots(const struct monitor_vm *config)
{
	uint32_t slots = UINT32_C(1) << SLOT_ENTROPY | UINT32_C(1) << SLOT_BALLOON |
			 ((UINT32_C(1) << config->disks) - 1);

	return config->network ? slots | UINT32_C(1) << SLOT_NET : slots;
}

int vm_load(struct monitor *monitor, const struct monitor_vm *config, unsigned number,
	    struct error *error)
{
	struct board_config board = {
		.kernel = config->kernel,
		.initrd = config->initrd,
		.append = config->append,
		.cp0_timer = config->cp0_timer,
		.mapped_only = !monitor->machine->config.cpu.segctl,
	};
	struct machine_config shape = monitor->machine->config;
	struct machine *scratch;
	int result;

	vmm_shared_window(monitor->vmm, number, &board.window_base, &board.window_size);
	shape.nodes = 1;
	shape.cpus = config->vcpus;
	shape.memory = config->memory;
	shape.threads = 1;
	scratch = machine_create(&shape, &interpreter_engine, error);
	if (!scratch)
		return -EINVAL;
	result = load_guest(scratch, &board, virtio_slots(config), error);
	if (!result) {
		result = copy_memory(monitor, number, scratch);
		if (result)
			error_set(error, result, "VM %s: out of machine memory while loading",
				  config->name);
	}
	if (!result)
		result = vmm_vm_start(monitor->vmm, number, scratch->cpu[0]->pc,
				      &scratch->cpu[0]->gpr[REGISTER_A0]);
	machine_destroy(scratch);
	return result;
}
