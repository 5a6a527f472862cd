/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device tree given to the kernel (UHI: in a1). Nodes and properties are those that Linux 6.1's
 * generic MIPS platform reads. The number of CPUs Linux takes from GCR_CONFIG, not from here.
 */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "board/devicetree.h"
#include "dev/address_map.h"
#include "dev/finisher.h"
#include "emu/mem.h"

#define PHANDLE_GIC	  1
#define PHANDLE_CLOCK	  2
#define PHANDLE_FINISHER  3

#define GIC_SHARED	  0
#define GIC_LOCAL	  1
#define GIC_LOCAL_COMPARE 1
#define IRQ_NONE	  0
#define IRQ_LEVEL_HIGH	  4
#define UART_CLOCK	  1843200

/* libfdt's sequential-write functions return an error code; the first one sticks. */
struct tree {
	void *fdt;
	int error;
};

static void note(struct tree *tree, int error)
{
	if (!tree->error)
		tree->error = error;
}

static void begin(struct tree *tree, const char *name)
{
	note(tree, fdt_begin_node(tree->fdt, name));
}

static void end(struct tree *tree)
{
	note(tree, fdt_end_node(tree->fdt));
}

static void cell(struct tree *tree, const char *name, uint32_t value)
{
	note(tree, fdt_property_u32(tree->fdt, name, value));
}

static void text(struct tree *tree, const char *name, const char *value)
{
	note(tree, fdt_property_string(tree->fdt, name, value));
}

static void empty(struct tree *tree, const char *name)
{
	note(tree, fdt_property(tree->fdt, name, NULL, 0));
}

static void cells(struct tree *tree, const char *name, const uint32_t *values, unsigned count)
{
	fdt32_t data[16];

	for (unsigned n = 0; n < count; n++)
		data[n] = cpu_to_fdt32(values[n]);
	note(tree, fdt_property(tree->fdt, name, data, (int)(count * sizeof(data[0]))));
}

/* Node NAME@BASE below soc, with its registers. */
static void begin_device(struct tree *tree, const char *kind, uint64_t base, uint64_t size)
{
	const uint32_t reg[] = {(uint32_t)base, (uint32_t)size};
	char name[48];

	snprintf(name, sizeof(name), "%s@%llx", kind, (unsigned long long)base);
	begin(tree, name);
	cells(tree, "reg", reg, 2);
}

static void interrupt(struct tree *tree, uint32_t number)
{
	const uint32_t values[] = {GIC_SHARED, number, IRQ_LEVEL_HIGH};

	cells(tree, "interrupts", values, 3);
}

static void add_memory(struct tree *tree, const struct machine_config *machine)
{
	uint64_t low = machine->memory < DEVICE_HOLE_START ? machine->memory : DEVICE_HOLE_START;
	uint64_t high = machine->memory - low;
	const uint32_t reg[] = {
		0,
		0,
		0,
		(uint32_t)low,
		(uint32_t)(DEVICE_HOLE_END >> 32),
		(uint32_t)DEVICE_HOLE_END,
		(uint32_t)(high >> 32),
		(uint32_t)high,
	};

	begin(tree, "memory@0");
	text(tree, "device_type", "memory");
	cells(tree, "reg", reg, high ? 8 : 4);
	end(tree);
}

static void add_chosen(struct tree *tree, const struct devicetree_config *config)
{
	char stdout_path[48];

	snprintf(stdout_path, sizeof(stdout_path), "/soc/uart@%llx:115200",
		 (unsigned long long)MAP_UART_BASE);
	begin(tree, "chosen");
	text(tree, "stdout-path", stdout_path);
	text(tree, "bootargs", config->append);
	if (config->initrd_end > config->initrd_start) {
		note(tree, fdt_property_u64(tree->fdt, "linux,initrd-start", config->initrd_start));
		note(tree, fdt_property_u64(tree->fdt, "linux,initrd-end", config->initrd_end));
	}
	end(tree);
}

static void add_cpus(struct tree *tree, const struct machine_config *machine)
{
	char name[16];

	begin(tree, "cpus");
	cell(tree, "#address-cells", 1);
	cell(tree, "#size-cells", 0);
	for (unsigned n = 0; n < machine->cpus; n++) {
		snprintf(name, sizeof(name), "cpu@%x", n);
		begin(tree, name);
		text(tree, "device_type", "cpu");
		text(tree, "compatible", "mti,mips64r2");
		cell(tree, "reg", n);
		cell(tree, "clocks", PHANDLE_CLOCK);
		end(tree);
	}
	end(tree);
	begin(tree, "cpuclk");
	text(tree, "compatible", "fixed-clock");
	cell(tree, "#clock-cells", 0);
	cell(tree, "clock-frequency", machine->cpu.clock_mhz * 1000000);
	cell(tree, "phandle", PHANDLE_CLOCK);
	end(tree);
}

static void add_interrupt_controller(struct tree *tree, bool cp0_timer)
{
	static const uint32_t timer[] = {GIC_LOCAL, GIC_LOCAL_COMPARE, IRQ_NONE};

	begin_device(tree, "interrupt-controller", MAP_GIC_BASE, MAP_GIC_SIZE);
	text(tree, "compatible", "mti,gic");
	empty(tree, "interrupt-controller");
	cell(tree, "#interrupt-cells", 3);
	cell(tree, "phandle", PHANDLE_GIC);
	if (!cp0_timer) {
		begin(tree, "timer");
		text(tree, "compatible", "mti,gic-timer");
		cells(tree, "interrupts", timer, 3);
		cell(tree, "clocks", PHANDLE_CLOCK);
		end(tree);
	}
	end(tree);
	begin_device(tree, "cpc", MAP_CPC_BASE, MAP_CPC_SIZE);
	text(tree, "compatible", "mti,mips-cpc");
	end(tree);
}

static void add_uart(struct tree *tree, unsigned n)
{
	begin_device(tree, "uart", MAP_UART_BASE + n * MAP_UART_STRIDE, MAP_UART_SIZE);
	text(tree, "compatible", "ns16550a");
	cell(tree, "reg-shift", 2);
	cell(tree, "clock-frequency", UART_CLOCK);
	interrupt(tree, IRQ_UART(n));
	end(tree);
}

static void add_virtio(struct tree *tree, unsigned slot)
{
	begin_device(tree, "virtio", MAP_VIRTIO_BASE + slot * MAP_VIRTIO_STRIDE, MAP_VIRTIO_SIZE);
	text(tree, "compatible", "virtio,mmio");
	empty(tree, "dma-coherent");
	interrupt(tree, IRQ_VIRTIO(slot));
	end(tree);
}

/* Clock, and the finisher, whose reset the kernel knows as syscon-reboot. */
static void add_system(struct tree *tree)
{
	begin_device(tree, "rtc", MAP_RTC_BASE, MAP_RTC_SIZE);
	text(tree, "compatible", "google,goldfish-rtc");
	interrupt(tree, IRQ_RTC);
	end(tree);
	begin_device(tree, "finisher", MAP_FINISHER_BASE, MAP_FINISHER_SIZE);
	text(tree, "compatible", "syscon");
	cell(tree, "phandle", PHANDLE_FINISHER);
	end(tree);
}

static void add_reboot(struct tree *tree)
{
	begin(tree, "reboot");
	text(tree, "compatible", "syscon-reboot");
	cell(tree, "regmap", PHANDLE_FINISHER);
	cell(tree, "offset", FINISHER_FINISH);
	cell(tree, "value", FINISHER_RESET);
	end(tree);
}

static void add_soc(struct tree *tree, const struct devicetree_config *config)
{
	const uint32_t ranges[] = {(uint32_t)DEVICE_HOLE_START, 0, (uint32_t)DEVICE_HOLE_START,
				   (uint32_t)(DEVICE_HOLE_END - DEVICE_HOLE_START)};

	begin(tree, "soc");
	text(tree, "compatible", "simple-bus");
	cell(tree, "#address-cells", 1);
	cell(tree, "#size-cells", 1);
	cell(tree, "interrupt-parent", PHANDLE_GIC);
	cells(tree, "ranges", ranges, 4);
	add_interrupt_controller(tree, config->cp0_timer);
	for (unsigned n = 0; n < MAP_UARTS; n++)
		add_uart(tree, n);
	for (unsigned slot = 0; slot < MAP_VIRTIO_SLOTS; slot++)
		if (config->virtio_slots >> slot & 1)
			add_virtio(tree, slot);
	add_system(tree);
	end(tree);
	add_reboot(tree);
}

/* A VM's port to shared memory (dev/shared_memory.h), and where that appears. */
static void add_shared_memory(struct tree *tree, const struct devicetree_config *config)
{
	const uint32_t reg[] = {
		0,
		(uint32_t)MAP_SHARED_BASE,
		0,
		(uint32_t)MAP_SHARED_SIZE,
		(uint32_t)(config->window_base >> 32),
		(uint32_t)config->window_base,
		(uint32_t)(config->window_size >> 32),
		(uint32_t)config->window_size,
	};

	begin(tree, "shared-memory@1e000000");
	text(tree, "compatible", "disco,shared-memory");
	cells(tree, "reg", reg, 8);
	end(tree);
}

int devicetree_build(const struct devicetree_config *config, void *buffer, struct error *error)
{
	struct tree tree = {.fdt = buffer};

	note(&tree, fdt_create(buffer, DEVICETREE_MAX));
	note(&tree, fdt_finish_reservemap(buffer));
	begin(&tree, "");
	cell(&tree, "#address-cells", 2);
	cell(&tree, "#size-cells", 2);
	text(&tree, "compatible", "disco,ccnuma");
	text(&tree, "model", "Disco ccNUMA machine");
	add_memory(&tree, config->machine);
	add_chosen(&tree, config);
	add_cpus(&tree, config->machine);
	add_soc(&tree, config);
	if (config->window_size)
		add_shared_memory(&tree, config);
	end(&tree);
	note(&tree, fdt_finish(buffer));
	if (tree.error)
		return error_set(error, -E2BIG,
				 "device tree: %s (is the command line of %zu bytes "
				 "too long?)",
				 fdt_strerror(tree.error), strlen(config->append));
	return (int)fdt_totalsize(buffer);
}
