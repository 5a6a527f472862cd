/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies in memory when CPU 0 starts (UHI boot protocol: a0 = -2, a1 = device tree).
 *
 *   kernel      where it is linked
 *   tree        the next 64 KiB boundary
 *   initrd      at the top of RAM below the device hole; above the hole when it does not fit there
 *
 * The stock kernel moves itself up by a random distance, as far as RANDOMIZE_REACH beyond its end,
 * and looks at neither memory size nor initrd: where there is no room, it gets "nokaslr".
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board/devicetree.h"
#include "board/elf_file.h"
#include "board/load.h"
#include "emu/mem.h"

#define ALIGNMENT	 UINT64_C(0x10000)
#define RANDOMIZE_REACH	 (UINT64_C(64) << 20)
#define UHI_DEVICE_TREE	 UINT64_C(0xfffffffffffffffe) /* a0 = -2 */
#define MAX_COMMAND_LINE 4096			      /* COMMAND_LINE_SIZE of the stock kernel */
#define REGISTER_A0	 4
#define REGISTER_A1	 5

struct mapped_file {
	const uint8_t *data;
	size_t size;
};

static int map_file(const char *path, const char *what, struct mapped_file *file,
		    struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *data;

	if (fd < 0)
		return error_set(error, -errno, "%s %s: %s", what, path, strerror(errno));
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size == 0) {
		close(fd);
		return error_set(error, -EINVAL, "%s %s: %s", what, path,
				 S_ISREG(status.st_mode) ? "the file is empty"
							 : "not a regular file");
	}
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
		return error_set(error, -errno, "%s %s: %s", what, path, strerror(errno));
	*file = (struct mapped_file){data, (size_t)status.st_size};
	return 0;
}

static void unmap_file(const struct mapped_file *file)
{
	munmap((void *)(uintptr_t)file->data, file->size);
}

static int load_kernel(struct machine *machine, const char *path, struct loaded *kernel,
		       struct error *error)
{
	struct mapped_file file = {.data = NULL};
	int result = map_file(path, "kernel", &file, error);

	if (result)
		return result;
	result = elf_load(machine, path, file.data, file.size, kernel, error);
	unmap_file(&file);
	return result;
}

/* The place for @size bytes of initrd, not below @floor; 0 when there is none. */
static uint64_t initrd_place(const struct machine *machine, uint64_t size, uint64_t floor)
{
	uint64_t memory = machine->config.memory;
	uint64_t low_end = memory < DEVICE_HOLE_START ? memory : DEVICE_HOLE_START;

	if (size <= low_end && (low_end - size) / ALIGNMENT * ALIGNMENT >= floor)
		return (low_end - size) / ALIGNMENT * ALIGNMENT;
	if (memory > DEVICE_HOLE_START && size <= memory - DEVICE_HOLE_START)
		return DEVICE_HOLE_END;
	return 0;
}

static int load_initrd(struct machine *machine, const char *path, uint64_t floor,
		       struct devicetree_config *tree, struct error *error)
{
	struct mapped_file file = {.data = NULL};
	int result = map_file(path, "initrd", &file, error);

	if (result)
		return result;
	tree->initrd_start = initrd_place(machine, file.size, floor);
	tree->initrd_end = tree->initrd_start + file.size;
	if (tree->initrd_start) /* map_file() has filled file: NOLINTNEXTLINE */
		memcpy(ram_pointer(machine, tree->initrd_start), file.data, file.size);
	else
		result = error_set(error, -EFBIG,
				   "initrd %s: its %zu bytes do not fit into %" PRIu64
				   " MiB of memory beside the kernel",
				   path, file.size, machine->config.memory >> 20);
	unmap_file(&file);
	return result;
}

/* Where RAM is free up to, from the kernel on. */
static uint64_t free_end(const struct machine *machine, const struct devicetree_config *tree)
{
	uint64_t memory = machine->config.memory;

	if (tree->initrd_end && tree->initrd_start < DEVICE_HOLE_START)
		return tree->initrd_start;
	return memory < DEVICE_HOLE_START ? memory : DEVICE_HOLE_START;
}

static int load_tree(struct machine *machine, struct devicetree_config *config, uint64_t pa,
		     struct error *error)
{
	void *buffer = malloc(DEVICETREE_MAX);
	int size = buffer ? devicetree_build(config, buffer, error) : -ENOMEM;

	if (size > 0) {
		memcpy(ram_pointer(machine, pa), buffer, (size_t)size);
		size = 0;
	}
	free(buffer);
	return size;
}

#define CONFIG_NUMBER 16 /* CP0 register Config */

int load_guest(struct machine *machine, const struct board_config *config, uint32_t virtio_slots,
	       struct error *error)
{
	char append[MAX_COMMAND_LINE];
	struct devicetree_config tree = {.machine = &machine->config,
					 .append = append,
					 .cp0_timer = config->cp0_timer,
					 .window_base = config->window_base,
					 .window_size = config->window_size,
					 .virtio_slots = virtio_slots};
	struct loaded kernel = {0};
	uint64_t tree_pa;
	int length, result = load_kernel(machine, config->kernel, &kernel, error);

	if (result)
		return result;
	if (config->mapped_only && !kernel.mapped)
		return error_set(error, -ENOEXEC,
				 "kernel %s is linked to unmapped segments, which a VM cannot have "
				 "on a processor without Segmentation Control (segctl): only "
				 "kernels linked to mapped segments run there",
				 config->kernel);
	tree_pa = (kernel.pa_end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (!ram_valid(machine, tree_pa, DEVICETREE_MAX))
		return error_set(error, -EFBIG, "kernel %s: no room for the device tree behind it",
				 config->kernel);
	if (config->initrd)
		result = load_initrd(machine, config->initrd, tree_pa + DEVICETREE_MAX, &tree,
				     error);
	if (result)
		return result;
	length = snprintf(append, sizeof(append), "%s%s", config->append ? config->append : "",
			  kernel.pa_end + RANDOMIZE_REACH > free_end(machine, &tree) ? " nokaslr"
										     : "");
	if (length >= (int)sizeof(append))
		return error_set(error, -E2BIG,
				 "the kernel command line has %d bytes; the kernel takes %d",
				 length, MAX_COMMAND_LINE - 1);
	result = load_tree(machine, &tree, tree_pa, error);
	if (result)
		return result;
	machine->cpu[0]->pc = kernel.entry;
	/* A boot loader has made the caches usable; the kernel sets K0 for the other CPUs itself.
	 */
	cp0_write(machine->cpu[0], CONFIG_NUMBER, 0,
		  (machine->cpu[0]->cp0[CP0_CONFIG] & ~(uint64_t)CONFIG_K0) | CCA_CACHED);
	machine->cpu[0]->gpr[REGISTER_A0] = UHI_DEVICE_TREE;
	machine->cpu[0]->gpr[REGISTER_A1] = MIPS_CKSEG0 + tree_pa;
	return 0;
}
