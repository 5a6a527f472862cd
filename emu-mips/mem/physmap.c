/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical memory: RAM in one lazily filled host mapping, and the device hole. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dev/device.h"
#include "emu/machine.h"
#include "emu/mem.h"

#define HOLE_SIZE   (DEVICE_HOLE_END - DEVICE_HOLE_START)
#define HOLE_PAGES  (HOLE_SIZE >> MIPS_PAGE_SHIFT)
#define MAX_REGIONS 255

struct physmap {
	const struct mmio_region *region[MAX_REGIONS + 1]; /* from 1 */
	device_local *local[MAX_REGIONS + 1];		   /* NULL: no access is */
	uint8_t page[HOLE_PAGES];			   /* index into region, 0: nothing */
};

static void *map_lazily(uint64_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

int physmap_create(struct machine *machine, struct error *error)
{
	uint64_t bytes = machine->config.memory;
	void *ram = map_lazily(bytes);
	void *flags = ram == MAP_FAILED ? MAP_FAILED : map_lazily(bytes >> MIPS_PAGE_SHIFT);

	machine->physmap = calloc(1, sizeof(*machine->physmap));
	if (flags == MAP_FAILED || !machine->physmap) {
		if (ram != MAP_FAILED)
			munmap(ram, bytes);
		if (flags != MAP_FAILED)
			munmap(flags, bytes >> MIPS_PAGE_SHIFT);
		free(machine->physmap);
		machine->physmap = NULL;
		return error_set(error, -ENOMEM, "cannot map %llu MiB of guest memory: %s",
				 (unsigned long long)(bytes >> 20), strerror(errno));
	}
	machine->ram = ram;
	machine->page_flags = flags;
	return 0;
}

void physmap_destroy(struct machine *machine)
{
	uint64_t bytes = machine->config.memory;

	if (!machine->physmap)
		return;
	munmap(machine->ram, bytes);
	munmap(machine->page_flags, bytes >> MIPS_PAGE_SHIFT);
	free(machine->physmap);
	machine->physmap = NULL;
}

/* ---- the hole ---- */

static bool in_hole(const struct mmio_region *region)
{
	return region->base >= DEVICE_HOLE_START && region->base < DEVICE_HOLE_END &&
	       !(region->base & (MIPS_PAGE_SIZE - 1)) && region->size &&
	       region->size <= DEVICE_HOLE_END - region->base;
}

int physmap_add(struct machine *machine, const struct mmio_region *region)
{
	struct physmap *map = machine->physmap;
	uint64_t first = (region->base - DEVICE_HOLE_START) >> MIPS_PAGE_SHIFT;
	uint64_t pages = (region->size + MIPS_PAGE_SIZE - 1) >> MIPS_PAGE_SHIFT;
	unsigned index = 1;

	if (!in_hole(region))
		return -EINVAL;
	for (uint64_t page = first; page < first + pages; page++)
		if (map->page[page])
			return -EBUSY;
	while (index <= MAX_REGIONS && map->region[index])
		index++;
	if (index > MAX_REGIONS)
		return -ENOSPC;
	map->region[index] = region;
	memset(map->page + first, (int)index, pages);
	return 0;
}

void physmap_set_local(struct machine *machine, const struct mmio_region *region,
		       device_local *local)
{
	struct physmap *map = machine->physmap;

	for (unsigned index = 1; index <= MAX_REGIONS; index++)
		if (map->region[index] == region)
			map->local[index] = local;
}

void physmap_remove(struct machine *machine, const struct mmio_region *region)
{
	struct physmap *map = machine->physmap;

	for (unsigned index = 1; index <= MAX_REGIONS; index++) {
		if (map->region[index] != region)
			continue;
		map->region[index] = NULL;
		map->local[index] = NULL;
		for (uint64_t page = 0; page < HOLE_PAGES; page++)
			if (map->page[page] == index)
				map->page[page] = 0;
	}
}

static const struct mmio_region *find_region(const struct machine *machine, uint64_t pa,
					     unsigned size)
{
	const struct physmap *map = machine->physmap;
	const struct mmio_region *region;

	if (pa < DEVICE_HOLE_START || pa >= DEVICE_HOLE_END)
		return NULL;
	region = map->region[map->page[(pa - DEVICE_HOLE_START) >> MIPS_PAGE_SHIFT]];
	if (!region || pa - region->base >= region->size ||
	    size > region->size - (pa - region->base))
		return NULL;
	return region;
}

/* ---- RAM ---- */

/* Offset into machine->ram, or ~0. */
static uint64_t ram_offset(const struct machine *machine, uint64_t pa)
{
	if (pa >= DEVICE_HOLE_END)
		pa -= HOLE_SIZE;
	else if (pa >= DEVICE_HOLE_START)
		return UINT64_MAX;
	return pa < machine->config.memory ? pa : UINT64_MAX;
}

void *ram_pointer(const struct machine *machine, uint64_t pa)
{
	uint64_t offset = ram_offset(machine, pa);

	return offset == UINT64_MAX ? NULL : machine->ram + offset;
}

bool ram_valid(const struct machine *machine, uint64_t pa, uint64_t length)
{
	uint64_t offset = ram_offset(machine, pa);

	if (offset == UINT64_MAX || length > machine->config.memory - offset)
		return false;
	return pa >= DEVICE_HOLE_START || length <= DEVICE_HOLE_START - pa;
}

bool page_has_code(const struct machine *machine, uint64_t pa)
{
	uint64_t offset = ram_offset(machine, pa);

	return offset != UINT64_MAX &&
	       (machine->page_flags[offset >> MIPS_PAGE_SHIFT] & PAGE_HAS_CODE);
}

bool phys_read(struct machine *machine, struct cpu *cpu, uint64_t pa, unsigned size,
	       uint64_t *value)
{
	const struct mmio_region *region;
	const void *ram = ram_pointer(machine, pa);

	*value = 0;
	if (ram) {
		memcpy(value, ram, size);
		return true;
	}
	region = find_region(machine, pa, size);
	if (!region || !region->read)
		return false;
	return region->read(region->opaque, cpu->number, pa - region->base, size, value);
}

bool phys_write(struct machine *machine, struct cpu *cpu, uint64_t pa, unsigned size,
		uint64_t value)
{
	const struct mmio_region *region;
	void *ram = ram_pointer(machine, pa);

	if (ram) {
		ram_will_write(machine, pa, size);
		memcpy(ram, &value, size);
		return true;
	}
	region = find_region(machine, pa, size);
	if (!region || !region->write)
		return false;
	return region->write(region->opaque, cpu->number, pa - region->base, size, value);
}

static bool is_local(const struct machine *machine, const struct mmio_region *region,
		     const struct cpu *cpu, uint64_t pa, unsigned size, bool write)
{
	const struct physmap *map = machine->physmap;
	/* cppcheck-suppress assignBoolToPointer */
	device_local *local = map->local[map->page[(pa - DEVICE_HOLE_START) >> MIPS_PAGE_SHIFT]];

	return local && local(region->opaque, cpu->number, pa - region->base, size, write);
}

bool phys_ready(struct cpu *cpu, uint64_t pa, unsigned size, bool write)
{
	struct machine *machine = cpu->machine;
	const struct mmio_region *region;

	if (!machine->parallel)
		return true;
	if (ram_pointer(machine, pa))
		return !write || !page_has_code(machine, pa) || machine_alone(cpu);
	region = find_region(machine, pa, size);
	return !region || is_local(machine, region, cpu, pa, size, write) || machine_alone(cpu);
}

/* ---- pages with translated code ---- */

void page_mark_code(struct machine *machine, uint64_t pa)
{
	uint64_t offset = ram_offset(machine, pa & ~(MIPS_PAGE_SIZE - 1));

	if (offset == UINT64_MAX ||
	    (machine->page_flags[offset >> MIPS_PAGE_SHIFT] & PAGE_HAS_CODE))
		return;
	machine->page_flags[offset >> MIPS_PAGE_SHIFT] |= PAGE_HAS_CODE;
	for (unsigned n = 0; n < machine->config.cpus; n++)
		softtlb_protect_page(machine->cpu[n], machine->ram + offset);
}

void page_clear_code(struct machine *machine, uint64_t pa)
{
	uint64_t offset = ram_offset(machine, pa);

	if (offset != UINT64_MAX)
		machine->page_flags[offset >> MIPS_PAGE_SHIFT] &= (uint8_t)~PAGE_HAS_CODE;
}

void ram_will_write(struct machine *machine, uint64_t pa, uint64_t length)
{
	uint64_t end = pa + length;

	if (!machine->engine || !machine->engine->code_written)
		return;
	while (pa < end) {
		uint64_t next = (pa | (MIPS_PAGE_SIZE - 1)) + 1;
		uint64_t offset = ram_offset(machine, pa);
		uint64_t part = (next < end ? next : end) - pa;

		if (offset != UINT64_MAX &&
		    (machine->page_flags[offset >> MIPS_PAGE_SHIFT] & PAGE_HAS_CODE))
			machine->engine->code_written(machine, pa, part);
		pa = next;
	}
}
