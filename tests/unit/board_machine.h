/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine with a board for tests: CPU 0 waits with interrupts on, until an event stops the run.
 */
#ifndef TESTS_BOARD_MACHINE_H
#define TESTS_BOARD_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dev/address_map.h"
#include "emu/board.h"
#include "emu/machine.h"
#include "emu/mem.h"

#define PROGRAM_PA UINT64_C(0x1000)

static inline struct machine_config test_config(unsigned cpus)
{
	return (struct machine_config){
		.name = "test",
		.nodes = 1,
		.cpus = cpus,
		.memory = UINT64_C(64) << 20,
		.quantum = 1000,
		.seed = 1,
		.cpu = {.tlb_entries = 64, .clock_mhz = 100, .segctl = true},
	};
}

/* Starts @cpu at @words, put at PROGRAM_PA, in kernel mode with @status. */
static inline void test_program(struct machine *machine, unsigned cpu, const uint32_t *words,
				size_t bytes, uint32_t status)
{
	struct cpu *it = machine->cpu[cpu];

	memcpy(ram_pointer(machine, PROGRAM_PA), words, bytes);
	it->pc = MIPS_CKSEG0 + PROGRAM_PA;
	it->present = true;
	cp0_write(it, 12, 0, status);
}

/* wait; b .-1; nop */
static inline void test_wait_loop(struct machine *machine)
{
	static const uint32_t wait_loop[] = {0x42000020, 0x1000fffe, 0};

	test_program(machine, 0, wait_loop, sizeof(wait_loop), STATUS_IE | STATUS_IM);
}

static inline void test_stop(void *opaque, uint64_t now)
{
	(void)now;
	machine_stop(opaque, STOP_HOST, 0);
}

/* Runs @cycles of simulated time. */
static inline void test_run(struct machine *machine, uint64_t cycles)
{
	machine->stop = false;
	machine->stop_reason = STOP_NONE;
	event_at(machine, machine->now + cycles, test_stop, machine);
	machine_run(machine);
}

static inline uint32_t test_read(struct machine *machine, uint64_t pa)
{
	uint64_t value;

	assert_true(phys_read(machine, machine->cpu[0], pa, 4, &value));
	return (uint32_t)value;
}

static inline void test_write(struct machine *machine, uint64_t pa, uint32_t value)
{
	assert_true(phys_write(machine, machine->cpu[0], pa, 4, value));
}

#endif
