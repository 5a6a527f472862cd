/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target: the ELF loader (first byte even) and the device tree (odd). A file is loaded or
 * refused with a sentence; a tree that is built must pass libfdt's full check and carry the command
 * line unchanged.
 */
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "board/devicetree.h"
#include "board/elf_file.h"
#include "emu/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct machine *machine;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void load_elf(const uint8_t *data, size_t size)
{
	struct loaded loaded;
	struct error error = {{0}};
	/* A copy whose end the address sanitizer watches. */
	uint8_t *image = malloc(size ? size : 1);
	int result;

	memcpy(image, data, size);
	result = elf_load(machine, "fuzz", image, size, &loaded, &error);
	require(result <= 0);
	require((result < 0) == (error.text[0] != 0));
	if (!result)
		require(ram_valid(machine, loaded.pa_end - 1, 1));
	free(image);
}

static void build_tree(const uint8_t *data, size_t size)
{
	static uint8_t buffer[DEVICETREE_MAX];
	struct machine_config shape = machine->config;
	struct devicetree_config config = {.machine = &shape};
	struct error error = {{0}};
	char *append;
	int result, length;
	const char *bootargs;

	if (size < 16)
		return;
	shape.cpus = 1 + data[0] % MACHINE_MAX_CPUS;
	shape.memory = ((uint64_t)64 + data[1] * 256u) << 20;
	config.cp0_timer = data[2] & 1;
	memcpy(&config.virtio_slots, data + 3, 4);
	memcpy(&config.initrd_start, data + 8, 4);
	config.initrd_end = config.initrd_start + data[7] * 4096u;
	append = strndup((const char *)data + 16, size - 16);
	config.append = append;
	result = devicetree_build(&config, buffer, &error);
	require((result < 0) == (error.text[0] != 0));
	if (result > 0) {
		require(fdt_check_full(buffer, DEVICETREE_MAX) == 0);
		bootargs = fdt_getprop(buffer, fdt_path_offset(buffer, "/chosen"), "bootargs",
				       &length);
		require(bootargs && strcmp(bootargs, append) == 0);
	}
	free(append);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct machine_config config = {
		.name = "fuzz",
		.nodes = 1,
		.cpus = 1,
		.memory = UINT64_C(64) << 20,
		.quantum = 1000,
		.cpu = {.tlb_entries = 64, .clock_mhz = 100},
	};

	if (!machine)
		machine = machine_create(&config, &interpreter_engine, NULL);
	if (size && data[0] & 1)
		build_tree(data + 1, size - 1);
	else if (size)
		load_elf(data + 1, size - 1);
	return 0;
}
