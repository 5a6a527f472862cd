/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine: its making, and the loop that gives each CPU its quantum. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "board/event.h"
#include "board/turn.h"
#include "board/watch.h"
#include "emu/board.h"
#include "emu/link.h"
#include "emu/machine.h"
#include "emu/mem.h"
#include "emu/regions.h"

#define MIN_MEMORY   (UINT64_C(64) << 20)
#define MAX_MEMORY   (UINT64_C(64) << 30)
#define NS_PER_US    1000

/* A single CPU takes no turns: quanta end only to look at events, and events end them. */
#define QUANTA_ALONE 20

static int check_config(const struct machine_config *config, struct error *error)
{
	if (config->nodes < 1 || config->nodes > MACHINE_MAX_NODES)
		return error_set(error, -EINVAL, "a machine has 1 to %d nodes, not %u",
				 MACHINE_MAX_NODES, config->nodes);
	if (config->cpus < config->nodes || config->cpus > MACHINE_MAX_CPUS)
		return error_set(error, -EINVAL, "a machine of %u nodes has %u to %d CPUs, not %u",
				 config->nodes, config->nodes, MACHINE_MAX_CPUS, config->cpus);
	if (config->memory < MIN_MEMORY || config->memory > MAX_MEMORY ||
	    config->memory % (MIPS_PAGE_SIZE * config->nodes))
		return error_set(error, -EINVAL,
				 "memory is 64 MiB to 64 GiB, whole pages on each of %u nodes",
				 config->nodes);
	if (!config->quantum)
		return error_set(error, -EINVAL, "the quantum must be at least one cycle");
	if (!config->cpu.clock_mhz || config->cpu.clock_mhz > 10000)
		return error_set(error, -EINVAL, "the clock is 1 to 10000 MHz, not %u",
				 config->cpu.clock_mhz);
	if (config->cpu.tlb_entries < 16 || config->cpu.tlb_entries > TLB_MAX_ENTRIES)
		return error_set(error, -EINVAL, "a TLB has 16 to %d entries, not %u",
				 TLB_MAX_ENTRIES, config->cpu.tlb_entries);
	if (config->threads > config->cpus)
		return error_set(error, -EINVAL,
				 "a machine of %u CPUs runs on 1 to %u host threads, not %u",
				 config->cpus, config->cpus, config->threads);
	return 0;
}

unsigned machine_thread_of(const struct machine *machine, unsigned cpu)
{
	return cpu * machine->config.threads / machine->config.cpus;
}

/* What several host threads need; @machine has its engine's data. */
static int use_threads(struct machine *machine, const struct engine_ops *engine,
		       struct error *error)
{
	if (!machine->config.threads)
		return 0;
	if (!engine->threads)
		return error_set(error, -ENOTSUP, "engine %s runs on one host thread",
				 engine->name);
	return threads_create(machine, error);
}

static void no_deadline(struct cpu *cpu)
{
	cpu->board_deadline = UINT64_MAX;
}

static struct cpu *create_cpu(struct machine *machine, unsigned number)
{
	struct cpu *cpu = aligned_alloc(64, (sizeof(*cpu) + 63) & ~(size_t)63);

	if (!cpu)
		return NULL;
	memset(cpu, 0, sizeof(*cpu));
	cpu->number = number;
	cpu->node = number * machine->config.nodes / machine->config.cpus;
	cpu->config = &machine->config.cpu;
	cpu->machine = machine;
	cpu->on_deadline = no_deadline;
	cpu->board_deadline = UINT64_MAX;
	cpu->present = number == 0;
	cpu->guest = -1;
	if (softtlb_create(cpu)) {
		free(cpu);
		return NULL;
	}
	cpu_reset(cpu);
	return cpu;
}

struct machine *machine_create(const struct machine_config *config, const struct engine_ops *engine,
			       struct error *error)
{
	struct machine *machine;

	if (check_config(config, error))
		return NULL;
	machine = calloc(1, sizeof(*machine));
	if (!machine) {
		error_set(error, -ENOMEM, "out of memory");
		return NULL;
	}
	machine->config = *config;
	if (config->threads == 1)
		machine->config.threads = 0;
	if (physmap_create(machine, error))
		goto fail;
	if (machine->config.threads && link_create(machine)) {
		error_set(error, -ENOMEM, "out of memory");
		goto fail;
	}
	for (unsigned n = 0; n < config->cpus; n++) {
		machine->cpu[n] = create_cpu(machine, n);
		if (!machine->cpu[n]) {
			error_set(error, -ENOMEM, "out of memory for CPU %u", n);
			goto fail;
		}
	}
	if (engine->create && engine->create(machine, error))
		goto fail;
	machine->engine = engine;
	if (use_threads(machine, engine, error))
		goto fail;
	return machine;
fail:
	machine_destroy(machine);
	return NULL;
}

void machine_destroy(struct machine *machine)
{
	if (!machine)
		return;
	threads_destroy(machine);
	board_destroy(machine, NULL);
	event_cancel_all(machine);
	regions_destroy(machine);
	machine_use_ccnuma(machine, NULL, NULL);
	if (machine->engine && machine->engine->destroy)
		machine->engine->destroy(machine);
	for (unsigned n = 0; n < machine->config.cpus; n++) {
		if (!machine->cpu[n])
			continue;
		softtlb_destroy(machine->cpu[n]);
		free(machine->cpu[n]);
	}
	link_destroy(machine);
	physmap_destroy(machine);
	free(machine);
}

/* ---- time ---- */

uint64_t machine_time(const struct machine *machine)
{
	return machine->running ? machine->running->cycles : machine->now;
}

uint64_t machine_cycles_from_ns(const struct machine *machine, uint64_t ns)
{
	return (uint64_t)((unsigned __int128)ns * machine->config.cpu.clock_mhz / NS_PER_US);
}

uint64_t machine_ns(const struct machine *machine, uint64_t cycles)
{
	return (uint64_t)((unsigned __int128)cycles * NS_PER_US / machine->config.cpu.clock_mhz);
}

/* ---- running ---- */

void machine_stop(struct machine *machine, enum stop_reason reason, int exit_status)
{
	struct cpu *running = machine->running;

	if (machine->stop_reason == STOP_NONE) {
		machine->stop_reason = reason;
		machine->exit_status = exit_status;
	}
	machine->stop = true;
	/* The running CPU leaves its fast loop after the present instruction. */
	if (running)
		running->limit = 0;
}

static void idle_until(struct cpu *cpu, uint64_t cycle)
{
	if (cycle <= cpu->cycles)
		return;
	if (cpu->waiting)
		cpu->stats.cycles_idle += cycle - cpu->cycles;
	cpu->cycles = cycle;
}

static uint64_t next_deadline(const struct cpu *cpu)
{
	return cpu->timer_deadline < cpu->board_deadline ? cpu->timer_deadline
							 : cpu->board_deadline;
}

/* Runs the engine, to the exact instruction where the limit on instructions lies. */
static void run_engine(struct cpu *cpu, uint64_t end, uint64_t *executed)
{
	struct machine *machine = cpu->machine;
	uint64_t before = cpu->instructions;
	uint64_t left = executed ? machine->instruction_limit - *executed : 0;

	/* An instruction takes at least a cycle. */
	if (executed && machine->instruction_limit && left < end - cpu->cycles)
		end = cpu->cycles + left;
	cpu_deadlines(cpu, end);
	machine->engine->run(cpu, end);
	if (!executed)
		return;
	*executed += cpu->instructions - before;
	if (machine->instruction_limit && *executed >= machine->instruction_limit)
		machine_stop(machine, STOP_LIMIT, 0);
}

void turn_run(struct cpu *cpu, uint64_t end, uint64_t *executed)
{
	struct machine *machine = cpu->machine;

	while (cpu->cycles < end && !machine->stop && !machine->yield && !cpu->wants_alone) {
		if (!cpu->present) {
			idle_until(cpu, end);
		} else if (!cpu->waiting) {
			run_engine(cpu, end, executed);
		} else if (next_deadline(cpu) < end) {
			idle_until(cpu, next_deadline(cpu));
			cpu_deadlines(cpu, end);
		} else {
			idle_until(cpu, end);
		}
	}
}

/* Cycles that a CPU may go on for, to the SC of its link, when its quantum ended in the monitor. */
#define LINK_GRACE 200

void turn_run_alone(struct cpu *cpu, uint64_t end, uint64_t *executed)
{
	struct machine *machine = cpu->machine;

	machine->running = cpu;
	turn_run(cpu, end, executed);
	/* The monitor's work for an instruction between LL and SC, a TLBP in Linux's TLB handlers,
	 * can take longer than a quantum: no such SC would ever succeed. */
	if (cpu->linked && cpu->cycles > end && !machine->ccnuma)
		turn_run(cpu, cpu->cycles + LINK_GRACE, executed);
	machine->running = NULL;
	/* Other CPUs run before this one does again: they may write what it linked to. */
	if (machine->config.cpus > 1)
		machine_end_link(cpu);
}

/* When every CPU waits: the cycle at which the first goes on; otherwise zero. */
static uint64_t idle_end(const struct machine *machine)
{
	uint64_t end = event_next(machine);

	for (unsigned n = 0; n < machine->config.cpus; n++) {
		const struct cpu *cpu = machine->cpu[n];

		if (!cpu->present)
			continue;
		if (!cpu->waiting)
			return 0;
		if (next_deadline(cpu) < end)
			end = next_deadline(cpu);
	}
	return end;
}

/* Time jumps while all CPUs wait. */
static void skip_idle(struct machine *machine)
{
	uint64_t end = idle_end(machine);

	if (end <= machine->now)
		return;
	if (end == UINT64_MAX) {
		machine_stop(machine, STOP_HALTED, 0);
		return;
	}
	if (machine->on_idle)
		machine->on_idle(machine, end);
	for (unsigned n = 0; n < machine->config.cpus; n++)
		idle_until(machine->cpu[n], end);
	machine->now = end;
}

static uint64_t count_instructions(const struct machine *machine)
{
	uint64_t sum = 0;

	for (unsigned n = 0; n < machine->config.cpus; n++)
		sum += machine->cpu[n]->instructions;
	return sum;
}

static uint64_t quantum_end(const struct machine *machine, uint64_t quantum)
{
	uint64_t end = machine->now + quantum, event = event_next(machine);

	return event < end ? event : end;
}

/*
 * Whether CPUs run together up to *@end, which is then put farther away. Not in memory model
 * `ccnuma`, which has one state for all CPUs, and not close to the limit on instructions, which are
 * counted one by one there.
 */
static bool together(struct machine *machine, uint64_t *end, uint64_t executed)
{
	uint64_t limit = machine->instruction_limit, far;

	if (!machine->threads || machine->ccnuma)
		return false;
	far = quantum_end(machine, threads_quantum(machine));
	if (limit &&
	    (executed >= limit || limit - executed <= machine->config.cpus * (far - machine->now)))
		return false;
	if (!threads_pay(machine, far))
		return false;
	*end = far;
	return true;
}

enum stop_reason machine_run(struct machine *machine)
{
	uint64_t executed = count_instructions(machine);
	uint64_t quantum = machine->config.quantum;

	if (machine->config.cpus == 1)
		quantum *= QUANTA_ALONE;
	while (!machine->stop) {
		uint64_t end = quantum_end(machine, quantum);

		if (together(machine, &end, executed)) {
			threads_run(machine, end);
			executed = count_instructions(machine);
		}
		for (unsigned n = 0; n < machine->config.cpus && !machine->stop; n++)
			turn_run_alone(machine->cpu[n], end, &executed);
		if (machine->stop)
			break;
		machine->now = machine->yield ? machine->cpu[0]->cycles : end;
		machine->yield = false;
		if (machine->marked)
			regions_take(machine);
		event_run_due(machine);
		watch_cpus(machine);
		if (!machine->stop)
			skip_idle(machine);
		event_run_due(machine);
	}
	for (unsigned n = 0; n < machine->config.cpus; n++)
		cpu_account_mode(machine->cpu[n]);
	if (machine->marked)
		regions_take(machine);
	return machine->stop_reason;
}
