// SPDX-License-Identifier: GPL-2.0-or-later
/* Lock-step of translator and interpreter in two processes; see emu/lockstep.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/lockstep.h"
#include "jit.h"

#define RECORDS	      1024
#define LONGEST_SLICE 1000 /* cycles */
#define POLL_US	      20
#define GIVE_UP_POLLS (60 * 1000 * 1000 / POLL_US) /* a minute: the other process is gone */
#define CPU_MEMORY    UINT32_MAX

/* The state after a slice. */
struct record {
	uint32_t cpu; /* CPU_MEMORY: the end, hi holds a hash of memory */
	uint32_t fcr31;
	uint64_t cycles, instructions, pc, branch_target, hi, lo, linked_address;
	uint64_t flags;
	uint64_t gpr[32], fpr[32], cp0[CP0_REGISTERS];
};

struct ring {
	_Atomic uint64_t written, read;
	atomic_bool differs;
	uint64_t instructions;
	char text[512];
	struct record record[RECORDS];
};

static struct ring *ring;

int lockstep_create(struct error *error)
{
	ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ring == MAP_FAILED) {
		ring = NULL;
		return error_set(error, -ENOMEM, "no memory for the lock-step ring");
	}
	return 0;
}

const char *lockstep_difference(void)
{
	return ring && atomic_load(&ring->differs) ? ring->text : NULL;
}

void lockstep_counts(uint64_t *slices, uint64_t *instructions)
{
	*slices = ring ? atomic_load(&ring->read) : 0;
	*instructions = ring ? ring->instructions : 0;
}

static void take_state(const struct cpu *cpu, struct record *r)
{
	*r = (struct record){.cpu = cpu->number,
			     .fcr31 = cpu->fcr31,
			     .cycles = cpu->cycles,
			     .instructions = cpu->instructions,
			     .pc = cpu->pc,
			     .branch_target = cpu->in_delay_slot ? cpu->branch_target : 0,
			     .hi = cpu->hi,
			     .lo = cpu->lo,
			     .linked_address = cpu->linked_address};
	r->flags = (uint64_t)cpu->in_delay_slot | (uint64_t)cpu->linked << 12 |
		   (uint64_t)cpu->waiting << 2 | (uint64_t)cpu->interrupt_pending << 3 |
		   (uint64_t)cpu->mode << 4 | (uint64_t)cpu->fr << 8 |
		   (uint64_t)cpu->fpu_usable << 9 | (uint64_t)cpu->address_32bit << 10 |
		   (uint64_t)cpu->ops_64bit << 11;
	memcpy(r->gpr, cpu->gpr, sizeof(r->gpr));
	memcpy(r->fpr, cpu->fpr, sizeof(r->fpr));
	memcpy(r->cp0, cpu->cp0, sizeof(r->cp0));
}

/* Waits until the ring has room (leader) or a record (follower); false: the other side gave up. */
static bool wait_until(bool room)
{
	for (unsigned polls = 0; polls < GIVE_UP_POLLS; polls++) {
		uint64_t filled = atomic_load(&ring->written) - atomic_load(&ring->read);

		if (room ? filled < RECORDS : filled > 0)
			return true;
		if (atomic_load(&ring->differs))
			return false;
		usleep(POLL_US);
	}
	return false;
}

static struct record *next_to_write(void)
{
	return wait_until(true) ? &ring->record[atomic_load(&ring->written) % RECORDS] : NULL;
}

static void stop(struct machine *machine)
{
	snprintf(machine->stop_text, sizeof(machine->stop_text), "%.150s",
		 lockstep_difference() ? ring->text : "lock-step: the other process is gone");
	machine_stop(machine, STOP_WILD, 1);
}

static void report(const char *what, uint64_t interpreter, uint64_t translator,
		   const struct record *r)
{
	snprintf(ring->text, sizeof(ring->text),
		 "lock-step: CPU %u, cycle %" PRIu64 ", pc 0x%" PRIx64 ": %s is 0x%" PRIx64
		 " with the interpreter, 0x%" PRIx64 " with the translator",
		 r->cpu, r->cycles, r->pc, what, interpreter, translator);
	atomic_store(&ring->differs, true);
}

static bool same_array(const char *name, const uint64_t *mine, const uint64_t *theirs, unsigned n,
		       const struct record *r)
{
	for (unsigned i = 0; i < n; i++) {
		char text[32];

		if (mine[i] == theirs[i])
			continue;
		snprintf(text, sizeof(text), "%s%u", name, i);
		report(text, mine[i], theirs[i], r);
		return false;
	}
	return true;
}

static bool same(const struct record *mine, const struct record *theirs)
{
	if (memcmp(mine, theirs, sizeof(*mine)) == 0)
		return true;
#define COMPARE(field)                                                                             \
	do {                                                                                       \
		if (mine->field != theirs->field) {                                                \
			report(#field, mine->field, theirs->field, mine);                          \
			return false;                                                              \
		}                                                                                  \
	} while (0)
	COMPARE(cpu);
	COMPARE(cycles);
	COMPARE(pc);
	COMPARE(instructions);
	COMPARE(branch_target);
	COMPARE(flags);
	COMPARE(hi);
	COMPARE(lo);
	COMPARE(fcr31);
	COMPARE(linked_address);
	return same_array("r", mine->gpr, theirs->gpr, 32, mine) &&
	       same_array("f", mine->fpr, theirs->fpr, 32, mine) &&
	       same_array("CP0 register ", mine->cp0, theirs->cp0, CP0_REGISTERS, mine);
}

/* ---- The leader ---- */

static uint64_t slice_end(const struct cpu *cpu, uint64_t quantum_end)
{
	static uint64_t state = 0x9e3779b97f4a7c15;
	uint64_t end;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	end = cpu->cycles + 1 + (state >> 33) % LONGEST_SLICE;
	return end < quantum_end ? end : quantum_end;
}

static bool over(const struct cpu *cpu, uint64_t quantum_end)
{
	return cpu->cycles >= quantum_end || cpu->waiting || cpu->machine->stop ||
	       cpu->machine->yield;
}

static void leader_run(struct cpu *cpu, uint64_t quantum_end)
{
	while (!over(cpu, quantum_end)) {
		struct record *r = next_to_write();

		if (!r) {
			stop(cpu->machine);
			return;
		}
		translator_engine.run(cpu, slice_end(cpu, quantum_end));
		take_state(cpu, r);
		atomic_fetch_add(&ring->written, 1);
	}
}

static uint64_t memory_hash(const struct machine *machine)
{
	const uint64_t *words = (const uint64_t *)(const void *)machine->ram;
	uint64_t hash = 0;

	for (size_t n = 0; n < machine->config.memory / 8; n++) {
		if (words[n])
			hash += (words[n] ^ n) * UINT64_C(0x9e3779b97f4a7c15);
	}
	return hash;
}

static int leader_create(struct machine *machine, struct error *error)
{
	return translator_engine.create(machine, error);
}

static int blocks_create(struct machine *machine, struct error *error)
{
	int result = translator_engine.create(machine, error);

	if (result == 0)
		translator_of_cpu(machine->cpu[0])->single = true;
	return result;
}

static void leader_destroy(struct machine *machine)
{
	struct record *r = ring && machine->cpu[0]->cycles ? next_to_write() : NULL;

	if (r) {
		*r = (struct record){.cpu = CPU_MEMORY, .hi = memory_hash(machine)};
		atomic_fetch_add(&ring->written, 1);
	}
	translator_engine.destroy(machine);
}

static void leader_code_written(struct machine *machine, uint64_t pa, uint64_t length)
{
	translator_engine.code_written(machine, pa, length);
}

static void leader_memory_model_changed(struct machine *machine)
{
	translator_engine.memory_model_changed(machine);
}

const struct engine_ops lockstep_engine = {
	.name = "lockstep",
	.memory_model_changed = leader_memory_model_changed,
	.create = leader_create,
	.destroy = leader_destroy,
	.run = leader_run,
	.code_written = leader_code_written,
};

const struct engine_ops lockstep_blocks_engine = {
	.name = "lockstep-blocks",
	.memory_model_changed = leader_memory_model_changed,
	.create = blocks_create,
	.destroy = leader_destroy,
	.run = leader_run,
	.code_written = leader_code_written,
};

/* ---- The follower ---- */

static void follower_run(struct cpu *cpu, uint64_t quantum_end)
{
	while (!over(cpu, quantum_end)) {
		uint64_t before = cpu->instructions;
		const struct record *theirs;
		struct record mine;

		if (!wait_until(false)) {
			stop(cpu->machine);
			return;
		}
		theirs = &ring->record[atomic_load(&ring->read) % RECORDS];
		if (theirs->cpu == cpu->number && theirs->cycles > cpu->cycles)
			interpreter_engine.run(cpu, theirs->cycles);
		take_state(cpu, &mine);
		ring->instructions += cpu->instructions - before;
		if (!same(&mine, theirs)) {
			stop(cpu->machine);
			return;
		}
		atomic_fetch_add(&ring->read, 1);
	}
}

static void follower_destroy(struct machine *machine)
{
	struct record mine = {.cpu = CPU_MEMORY, .hi = memory_hash(machine)};

	if (!ring || atomic_load(&ring->differs) || !machine->cpu[0]->cycles)
		return;
	if (!wait_until(false)) {
		report("the leader's end", 0, 0, &mine);
		return;
	}
	if (same(&mine, &ring->record[atomic_load(&ring->read) % RECORDS]))
		atomic_fetch_add(&ring->read, 1);
}

static int follower_create(struct machine *machine, struct error *error)
{
	return interpreter_engine.create(machine, error);
}

const struct engine_ops lockstep_follower_engine = {
	.name = "lockstep-follower",
	.create = follower_create,
	.destroy = follower_destroy,
	.run = follower_run,
};
