/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What joins the freestanding device models to this machine's CPUs, memory and time. */
#include "board/board.h"
#include "dev/address_map.h"
#include "emu/mem.h"

#define GIC_PIN_TO_IP 2 /* GIC pin 0 is Cause.IP2 */

/* ---- GIC ---- */

static void gic_set_pin(void *opaque, unsigned cpu, unsigned pin, bool level)
{
	struct board *board = opaque;

	cpu_set_irq_line(board->machine->cpu[cpu], pin + GIC_PIN_TO_IP, level);
}

/* Time of @cpu, also when another one touches its registers; between quanta all have reached now.
 */
static uint64_t gic_now(void *opaque, unsigned cpu)
{
	const struct board *board = opaque;

	return board->machine->cpu[cpu]->cycles;
}

static void gic_set_timer(void *opaque, unsigned number, uint64_t cycle)
{
	struct board *board = opaque;
	struct cpu *cpu = board->machine->cpu[number];

	cpu->board_deadline = cycle;
	if (cycle < cpu->limit)
		cpu->limit = cycle;
}

static void on_deadline(struct cpu *cpu)
{
	gic_timer(&cpu->machine->board->gic, cpu->number);
}

void wire_gic(struct board *board)
{
	const struct gic_board gic = {
		.set_pin = gic_set_pin,
		.now = gic_now,
		.set_timer = gic_set_timer,
		.opaque = board,
	};
	struct machine *machine = board->machine;

	gic_init(&board->gic, &gic, machine->config.cpus, MAP_GIC_SHARED);
	for (unsigned n = 0; n < machine->config.cpus; n++)
		machine->cpu[n]->on_deadline = on_deadline;
}

struct irq_line wire_irq(struct board *board, unsigned number)
{
	return (struct irq_line){.set = gic_set_shared, .opaque = &board->gic, .number = number};
}

/* ---- node controllers: one line of the GIC for all ---- */

static void node_interrupt(struct machine *machine, unsigned node, bool level)
{
	struct board *board = machine->board;

	if (level)
		board->hot_nodes |= UINT64_C(1) << node;
	else
		board->hot_nodes &= ~(UINT64_C(1) << node);
	gic_set_shared(&board->gic, IRQ_NODE, board->hot_nodes != 0);
}

void wire_nodes(struct board *board)
{
	board->machine->node_interrupt = node_interrupt;
}

/* ---- Coherence Manager and power controller ---- */

static void cm_start(void *opaque, unsigned number, uint64_t vector)
{
	struct board *board = opaque;
	struct cpu *cpu = board->machine->cpu[number];

	cpu_reset(cpu);
	cpu->pc = (uint64_t)(int64_t)(int32_t)vector;
	cpu->present = true;
}

static void cm_stop(void *opaque, unsigned number)
{
	struct board *board = opaque;
	struct cpu *cpu = board->machine->cpu[number];

	cpu->present = false;
	cpu->waiting = true; /* an engine that runs it comes back at once */
}

static void cm_moved(void *opaque, uint64_t base)
{
	struct board *board = opaque;
	struct machine *machine = board->machine;

	physmap_remove(machine, board->gcr_region);
	board->gcr_region->base = base;
	/* Outside the device hole nothing answers any more, which is the guest's own doing. */
	physmap_add(machine, board->gcr_region);
	for (unsigned n = 0; n < machine->config.cpus; n++)
		machine->cpu[n]->cp0[CP0_CMGCRBASE] = base >> 4;
}

void wire_cm(struct board *board)
{
	const struct cm_board cm = {
		.start = cm_start, .stop = cm_stop, .moved = cm_moved, .opaque = board};
	struct machine *machine = board->machine;

	cm_init(&board->cm, &cm, machine->config.cpus, MAP_GCR_BASE);
	for (unsigned n = 0; n < machine->config.cpus; n++)
		machine->cpu[n]->cp0[CP0_CMGCRBASE] = MAP_GCR_BASE >> 4;
}

/* ---- memory ---- */

static void *memory_map(void *opaque, uint64_t pa, size_t *length, bool write)
{
	struct machine *machine = ((struct board *)opaque)->machine;
	uint64_t left = MIPS_PAGE_SIZE - pa % MIPS_PAGE_SIZE;

	if (*length > left)
		*length = left;
	machine_dma(machine, pa, *length, write);
	return ram_pointer(machine, pa);
}

static bool memory_valid(void *opaque, uint64_t pa, uint64_t length)
{
	return ram_valid(((struct board *)opaque)->machine, pa, length);
}

void wire_memory(struct board *board)
{
	board->memory =
		(struct guest_memory){.map = memory_map, .valid = memory_valid, .opaque = board};
}
