// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The interpreter: the reference engine. It keeps nothing of the code it has executed; every
 * instruction is fetched from memory and decoded again, so self-modifying code needs no care.
 *
 * The sequencing rule, which the translator has to reproduce:
 *  - An instruction is executed at pc. When it completes (EXEC_OK), pc moves by 4, or to
 *    branch_target when the instruction stood in a delay slot.
 *  - A branch sets branch_target and in_delay_slot; a branch-likely that is not taken moves pc by
 *    another 4.
 *  - An instruction that raises an exception (its fetch included) has done nothing else; pc is then
 *    where cpu_raise() has set it.
 *  - Either way it counts as one instruction and one cycle. An interrupt counts nothing, nor does
 * an instruction that has to wait until its CPU runs alone (machine_alone()).
 *  - Before each instruction: first, deadlines that cycles has reached; then the end of the
 * quantum; then, if one is pending, the interrupt (also before a delay slot).
 */
#include <stddef.h>

#include "access.h"
#include "decode.h"
#include "emu/machine.h"

/* So many exceptions without progress at one address mean that there will never be any. */
#define STUCK_EXCEPTIONS    1000

#define unlikely(condition) __builtin_expect(!!(condition), 0)

static exec_handler *const handlers[INSN_COUNT] = {
#define INSN(name, mnemonic, mask, match, format, class, flags) exec_##name,
#include "insn.def"
#undef INSN
};

/* A handler for each bucket of the decoder. */
static exec_handler *dispatch[DECODE_BUCKETS];

/* Coprocessors are unusable before their instructions are reserved; 0x13 is coprocessor 1's. */
static enum exec raise_reserved(struct cpu *cpu, uint32_t word)
{
	unsigned opcode = word >> 26;

	if (opcode == 0x10 && cpu->mode != MODE_KERNEL && !(cpu->cp0[CP0_STATUS] & STATUS_CU0))
		return cpu_raise_coprocessor(cpu, 0);
	if ((opcode == 0x11 || opcode == 0x13) && !cpu->fpu_usable)
		return cpu_raise_coprocessor(cpu, 1);
	return cpu_raise(cpu, EXC_RI);
}

/* For the buckets that several instructions, or none, share. */
static enum exec decode_and_execute(struct cpu *cpu, uint32_t word)
{
	const struct insn *insn = decode(word);

	return insn ? handlers[insn->id](cpu, word) : raise_reserved(cpu, word);
}

static void fill_dispatch(void)
{
	for (unsigned bucket = 0; bucket < DECODE_BUCKETS; bucket++) {
		const struct insn *insn = decode_sole(bucket);

		dispatch[bucket] = insn ? handlers[insn->id] : decode_and_execute;
	}
}

/* A fetch that misses the software TLB: misaligned, not entered yet, or not from RAM. */
static enum exec fetch_slow(struct cpu *cpu, uint32_t *word)
{
	bool exception = false;
	uint64_t pa = 0, value;
	const void *host;

	if ((cpu->pc & 3) != 0)
		return cpu_raise_address(cpu, EXC_ADEL, cpu->pc, false);
	host = softtlb_fill(cpu, cpu->pc, ACCESS_FETCH, false, &pa, &exception);
	if (exception)
		return EXEC_EXCEPTION;
	if (host) {
		line_access(cpu, cpu->pc, host, ACCESS_FETCH);
		*word = (uint32_t)ram_load(host, sizeof(*word));
		return EXEC_OK;
	}
	if (!phys_ready(cpu, pa, sizeof(*word), false))
		return EXEC_EXCEPTION;
	if (!phys_read(cpu->machine, cpu, pa, sizeof(*word), &value))
		return cpu_raise(cpu, EXC_IBE);
	*word = (uint32_t)value;
	return EXEC_OK;
}

static inline enum exec fetch(struct cpu *cpu, uint32_t *word)
{
	const struct softtlb_entry *entry = softtlb_entry_of(cpu, cpu->pc);
	const void *host = (const void *)(uintptr_t)(cpu->pc + entry->addend);

	if (unlikely(entry->fetch_tag != softtlb_tag(cpu->pc, sizeof(*word))))
		return fetch_slow(cpu, word);
	if (unlikely(!line_ready(&cpu->fetch_lines, (uintptr_t)host, RIGHT_READ)))
		line_miss(cpu, host, ACCESS_FETCH);
	*word = (uint32_t)ram_load(host, sizeof(*word));
	return EXEC_OK;
}

/* Counts the instruction that came to @result and moves pc behind it. */
static inline void complete(struct cpu *cpu, bool in_delay_slot, enum exec result)
{
	cpu->cycles++;
	cpu->instructions++;
	if (unlikely(result != EXEC_OK)) {
		if (cpu->wants_alone) { /* it has not been executed */
			cpu->cycles--;
			cpu->instructions--;
		}
		return;
	}
	if (in_delay_slot) {
		cpu->pc = cpu->branch_target;
		cpu->in_delay_slot = false;
	} else {
		cpu->pc += 4;
	}
}

static inline void execute(struct cpu *cpu)
{
	bool in_delay_slot = cpu->in_delay_slot;
	enum exec result;
	uint32_t word = 0;

	result = fetch(cpu, &word);
	if (result == EXEC_OK)
		result = dispatch[decode_bucket(word)](cpu, word);
	complete(cpu, in_delay_slot, result);
}

void interpreter_execute(struct cpu *cpu, uint32_t word)
{
	bool in_delay_slot = cpu->in_delay_slot;

	complete(cpu, in_delay_slot, dispatch[decode_bucket(word)](cpu, word));
}

void interpreter_step(struct cpu *cpu)
{
	execute(cpu);
}

/* Instructions until something else than an instruction is due. */
static void run_instructions(struct cpu *cpu)
{
	while (cpu->cycles < cpu->limit && !cpu->interrupt_pending && !cpu->waiting)
		execute(cpu);
}

void interpreter_run(struct cpu *cpu, uint64_t quantum_end)
{
	for (;;) {
		cpu_deadlines(cpu, quantum_end);
		if (cpu->cycles >= quantum_end || cpu->waiting || cpu->machine->stop ||
		    cpu->machine->yield || cpu->wants_alone)
			return;
		if (cpu->interrupt_pending)
			cpu_take_interrupt(cpu);
		run_instructions(cpu);
	}
}

static int interpreter_create(struct machine *machine, struct error *error)
{
	(void)machine;
	(void)error;
	decode_init();
	fill_dispatch();
	return 0;
}

static void interpreter_destroy(struct machine *machine)
{
	(void)machine;
}

const struct engine_ops interpreter_engine = {
	.name = "interpreter",
	.threads = true,
	.create = interpreter_create,
	.destroy = interpreter_destroy,
	.run = interpreter_run,
};
