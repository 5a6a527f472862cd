/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board, read from top to bottom: what is where and connected to what. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "board/board.h"
#include "board/event.h"
#include "board/load.h"
#include "emu/mem.h"
#include "emu/regions.h"

#define DEFAULT_BOOT_TIME UINT64_C(1767225600) /* 2026-01-01 00:00:00 UTC */
#define NS_PER_SECOND	  UINT64_C(1000000000)

struct mmio_region *board_add_region(struct board *board, struct mmio_region region, int *result)
{
	struct mmio_region *kept = &board->region[board->regions++];

	*kept = region;
	if (!*result)
		*result = physmap_add(board->machine, kept);
	return kept;
}

/* ---- finisher, clock, entropy ---- */

static void finished(void *opaque, int status)
{
	machine_stop(((struct board *)opaque)->machine, STOP_FINISHER, status);
}

static void reset_asked(void *opaque)
{
	machine_stop(((struct board *)opaque)->machine, STOP_RESET, 0);
}

static void marker(void *opaque, unsigned cpu, uint32_t value)
{
	const struct board_console *console = &((struct board *)opaque)->console;

	if (console->marker)
		console->marker(console->opaque, cpu, value);
}

static void mark(void *opaque, unsigned cpu, enum mark_kind kind, const char *name)
{
	regions_mark(((struct board *)opaque)->machine, cpu, 0, kind, name);
}

static uint64_t clock_ns(void *opaque)
{
	const struct board *board = opaque;

	return board->boot_time * NS_PER_SECOND +
	       machine_ns(board->machine, machine_time(board->machine));
}

/* splitmix64: what the guest gets depends on the seed alone. */
static void fill_random(void *opaque, uint8_t *data, size_t length)
{
	struct board *board = opaque;

	for (size_t n = 0; n < length; n++) {
		uint64_t z = board->random += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		data[n] = (uint8_t)(z >> 56);
	}
}

/* ---- devices ---- */

static bool always_local(void *opaque, unsigned cpu, uint64_t offset, unsigned size, bool write)
{
	(void)opaque;
	(void)cpu;
	(void)offset;
	(void)size;
	(void)write;
	return true;
}

/* Stores to the page after the GCRs are the kernel's "L2-only sync"; nothing happens on them. */
static bool ignore_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	(void)opaque;
	(void)cpu;
	(void)offset;
	(void)size;
	(void)value;
	return true;
}

static int add_core_devices(struct board *board)
{
	const struct mmio_region *region;
	int result = 0;

	wire_gic(board);
	wire_nodes(board);
	wire_cm(board);
	wire_memory(board);
	board->gcr_region = board_add_region(board,
					     (struct mmio_region){"gcr", MAP_GCR_BASE, MAP_GCR_SIZE,
								  gcr_read, gcr_write, &board->cm},
					     &result);
	region = board_add_region(board,
				  (struct mmio_region){"l2-sync", MAP_GCR_BASE + MAP_GCR_SIZE,
						       MAP_L2SYNC_SIZE, NULL, ignore_write, NULL},
				  &result);
	physmap_set_local(board->machine, region, always_local);
	board_add_region(board,
			 (struct mmio_region){"cpc", MAP_CPC_BASE, MAP_CPC_SIZE, cpc_read,
					      cpc_write, &board->cm},
			 &result);
	region = board_add_region(board,
				  (struct mmio_region){"gic", MAP_GIC_BASE, MAP_GIC_SIZE, gic_read,
						       gic_write, &board->gic},
				  &result);
	physmap_set_local(board->machine, region, gic_local);
	return result;
}

static int add_system_devices(struct board *board)
{
	int result = 0;

	board->finisher = (struct finisher){.finish = finished,
					    .reset = reset_asked,
					    .marker = marker,
					    .mark = mark,
					    .opaque = board};
	board_add_region(board,
			 (struct mmio_region){"finisher", MAP_FINISHER_BASE, MAP_FINISHER_SIZE,
					      finisher_read, finisher_write, &board->finisher},
			 &result);
	rtc_init(&board->rtc, clock_ns, board);
	board_add_region(board,
			 (struct mmio_region){"rtc", MAP_RTC_BASE, MAP_RTC_SIZE, rtc_read,
					      rtc_write, &board->rtc},
			 &result);
	for (unsigned n = 0; n < MAP_UARTS; n++) {
		const struct console_backend console = console_port(board, n);
		const struct irq_line irq = wire_irq(board, IRQ_UART(n));

		uart_init(&board->uart[n], &console, &irq);
		board_add_region(board,
				 (struct mmio_region){"uart", MAP_UART_BASE + n * MAP_UART_STRIDE,
						      MAP_UART_SIZE, uart_read, uart_write,
						      &board->uart[n]},
				 &result);
	}
	return result;
}

static void add_virtio_region(struct board *board, unsigned slot, struct virtio_device *device,
			      int *result)
{
	board->virtio_slots |= UINT32_C(1) << slot;
	board_add_region(board,
			 (struct mmio_region){"virtio", MAP_VIRTIO_BASE + slot * MAP_VIRTIO_STRIDE,
					      MAP_VIRTIO_SIZE, virtio_read, virtio_write, device},
			 result);
}

static int add_disk(struct board *board, const struct board_disk *config, struct error *error)
{
	unsigned n = board->disks;
	const struct irq_line irq = wire_irq(board, IRQ_VIRTIO(SLOT_DISK(n)));
	struct block_backend backend;
	int result = 0;

	board->disk[n] = disk_open(board->machine, NULL, board->io, config, n, error);
	if (!board->disk[n])
		return -EINVAL;
	board->disks++;
	board->block[n] = malloc(sizeof(*board->block[n]));
	if (!board->block[n])
		return error_set(error, -ENOMEM, "out of memory");
	backend = disk_backend(board->disk[n]);
	virtio_block_init(board->block[n], &backend, &board->memory, &irq);
	add_virtio_region(board, SLOT_DISK(n), &board->block[n]->device, &result);
	return result;
}

static int add_disks(struct board *board, const struct board_config *config, struct error *error)
{
	bool direct = false;
	int result = 0;

	if (config->disks > BOARD_MAX_DISKS)
		return error_set(error, -EINVAL, "a machine has at most %d disks, not %u",
				 BOARD_MAX_DISKS, config->disks);
	board->io = host_io_create(&config->disk_faults, error);
	if (!board->io)
		return -ENOMEM;
	for (unsigned n = 0; n < config->disks && !result; n++) {
		result = add_disk(board, &config->disk[n], error);
		direct |= config->disk[n].direct;
	}
	/* Pins all of RAM, which only direct transfers are worth; without it they go unregistered.
	 */
	if (direct && !result)
		host_io_register_memory(board->io, board->machine->ram,
					board->machine->config.memory);
	return result;
}

static void add_nic(struct board *board, const struct board_nic *config, int *result)
{
	static const uint8_t none[6];
	unsigned n = board->nics++;
	const uint8_t own[6] = {0x52, 0x54, 0x00, 0xd1, 0x5c, (uint8_t)n};
	const struct irq_line irq = wire_irq(board, IRQ_VIRTIO(SLOT_NIC(n)));
	struct net_backend backend = {.transmit = net_null_transmit, .opaque = &board->nic[n]};

	if (config->kind == NIC_LOOPBACK)
		backend.transmit = net_loopback_transmit;
	virtio_net_init(&board->nic[n], &backend,
			memcmp(config->mac, none, sizeof(none)) ? config->mac : own, &board->memory,
			&irq);
	add_virtio_region(board, SLOT_NIC(n), &board->nic[n].device, result);
}

static int add_virtio_devices(struct board *board, const struct board_config *config,
			      struct error *error)
{
	const struct entropy_backend entropy = {.fill = fill_random, .opaque = board};
	const struct console_backend console = console_port(board, CONSOLE_PORT_VIRTIO);
	const struct irq_line entropy_irq = wire_irq(board, IRQ_VIRTIO(SLOT_ENTROPY));
	const struct irq_line console_irq = wire_irq(board, IRQ_VIRTIO(SLOT_CONSOLE));
	int result = 0;

	if (config->nics > BOARD_MAX_NICS)
		return error_set(error, -EINVAL, "a machine has at most %d NICs, not %u",
				 BOARD_MAX_NICS, config->nics);
	for (unsigned n = 0; n < config->nics; n++)
		add_nic(board, &config->nic[n], &result);
	virtio_entropy_init(&board->entropy, &entropy, &board->memory, &entropy_irq);
	add_virtio_region(board, SLOT_ENTROPY, &board->entropy.device, &result);
	virtio_console_init(&board->virtio_console, &console, &board->memory, &console_irq);
	add_virtio_region(board, SLOT_CONSOLE, &board->virtio_console.device, &result);
	return result;
}

int board_create(struct machine *machine, const struct board_config *config, struct error *error)
{
	struct board *board = calloc(1, sizeof(*board));
	int result;

	if (!board)
		return error_set(error, -ENOMEM, "out of memory");
	machine->board = board;
	board->machine = machine;
	board->console = config->console;
	board->boot_time = config->boot_time ? config->boot_time : DEFAULT_BOOT_TIME;
	board->random = machine->config.seed;
	error_set(error, 0, "board: two devices at one address");
	result = add_core_devices(board);
	if (!result)
		result = add_system_devices(board);
	if (!result)
		result = add_virtio_devices(board, config, error);
	if (!result)
		result = add_disks(board, config, error);
	if (!result && config->kernel)
		result = load_guest(machine, config, board->virtio_slots, error);
	if (!result)
		console_start(board);
	return result;
}

int board_destroy(struct machine *machine, struct error *error)
{
	struct board *board = machine->board;
	int result = 0;

	if (!board)
		return 0;
	for (unsigned n = 0; n < board->disks; n++) {
		int closed = disk_close(board->disk[n], result ? NULL : error);

		if (!result)
			result = closed;
		free(board->block[n]);
	}
	host_io_destroy(board->io);
	event_cancel_all(machine); /* all of them are the board's */
	for (unsigned n = 0; n < board->regions; n++)
		physmap_remove(machine, &board->region[n]);
	for (unsigned n = 0; n < machine->config.cpus; n++)
		if (machine->cpu[n])
			machine->cpu[n]->board_deadline = UINT64_MAX;
	machine->on_idle = NULL;
	machine->node_interrupt = NULL;
	machine->board = NULL;
	free(board);
	return result;
}

/* ---- statistics ---- */

bool board_disk_stats(const struct machine *machine, unsigned number,
		      struct board_disk_stats *stats)
{
	if (!machine->board || number >= machine->board->disks)
		return false;
	disk_stats(machine->board->disk[number], stats);
	return true;
}

uint64_t board_disk_size(const struct machine *machine, unsigned number)
{
	if (!machine->board || number >= machine->board->disks)
		return 0;
	return disk_size(machine->board->disk[number]);
}

bool board_nic_stats(const struct machine *machine, unsigned number, uint64_t *sent,
		     uint64_t *received, uint64_t *dropped)
{
	if (!machine->board || number >= machine->board->nics)
		return false;
	*sent = machine->board->nic[number].frames_sent;
	*received = machine->board->nic[number].frames_received;
	*dropped = machine->board->nic[number].frames_dropped;
	return true;
}
