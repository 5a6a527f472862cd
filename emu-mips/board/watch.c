/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches for the two ways in which software can end without saying so.
 *
 * Halted: every CPU waits, or branches to itself, with interrupts off. The stock kernel's power-off
 * ends so: the last CPU in WAIT, the others in a branch to itself.
 *
 * Wild: over a window of instructions a CPU took an exception at least every third instruction, or
 * it was found inside an exception handler at every look while it went on taking exceptions. No
 * handler that returns does that: the shortest useful one has more instructions. Under a monitor,
 * whose own instructions are not seen here, that does not hold; it watches its VMs itself.
 */
#include <inttypes.h>
#include <stdio.h>

#include "board/watch.h"
#include "emu/mem.h"

#define WINDOW	     UINT64_C(1000000) /* instructions */
#define SHARE	     3
#define NESTED_LOOKS 1000	 /* looks in a row with EXL set */
#define SELF_BRANCH  0x1000ffffu /* beq $zero, $zero, . */

static const char *const exception_name[EXC_CODES] = {
	[EXC_INT] = "interrupt",
	[EXC_MOD] = "TLB modified",
	[EXC_TLBL] = "TLB load or fetch",
	[EXC_TLBS] = "TLB store",
	[EXC_ADEL] = "address error on load or fetch",
	[EXC_ADES] = "address error on store",
	[EXC_IBE] = "instruction bus error",
	[EXC_DBE] = "data bus error",
	[EXC_SYS] = "system call",
	[EXC_BP] = "breakpoint",
	[EXC_RI] = "reserved instruction",
	[EXC_CPU] = "coprocessor unusable",
	[EXC_OV] = "overflow",
	[EXC_TR] = "trap",
	[EXC_FPE] = "floating point",
	[EXC_MCHECK] = "machine check",
};

static bool interrupts_off(const struct cpu *cpu)
{
	uint32_t status = (uint32_t)cpu->cp0[CP0_STATUS];

	return (status & (STATUS_IE | STATUS_EXL | STATUS_ERL)) != STATUS_IE ||
	       !(status & STATUS_IM);
}

static bool branches_to_itself(const struct cpu *cpu)
{
	uint64_t pc = cpu->in_delay_slot ? cpu->pc - 4 : cpu->pc;
	struct translation where;
	enum mips_exception code;
	const uint32_t *instruction;
	bool refill;

	if (!cpu_translate(cpu, pc, ACCESS_FETCH, (enum cpu_mode)cpu->mode, &where, &code, &refill))
		return false;
	instruction = ram_pointer(cpu->machine, where.pa);
	return instruction && *instruction == SELF_BRANCH;
}

static bool halted(const struct cpu *cpu)
{
	return !cpu->present || (interrupts_off(cpu) && (cpu->waiting || branches_to_itself(cpu)));
}

static bool all_halted(const struct machine *machine)
{
	for (unsigned n = 0; n < machine->config.cpus; n++)
		if (!halted(machine->cpu[n]))
			return false;
	return true;
}

static uint64_t count_exceptions(const struct cpu *cpu)
{
	uint64_t sum = 0;

	for (unsigned code = 0; code < EXC_CODES; code++)
		sum += cpu->stats.exceptions[code];
	return sum;
}

static void stop_wild(const struct cpu *cpu, const char *what)
{
	unsigned code = (unsigned)(cpu->cp0[CP0_CAUSE] & CAUSE_EXC) >> CAUSE_EXC_SHIFT;
	const char *name = exception_name[code];

	snprintf(cpu->machine->stop_text, sizeof(cpu->machine->stop_text),
		 "CPU %u runs wild: %s (last: %s, code %u), pc 0x%" PRIx64 ", EPC 0x%" PRIx64
		 ", BadVAddr 0x%" PRIx64,
		 cpu->number, what, name ? name : "reserved", code, cpu->pc, cpu->cp0[CP0_EPC],
		 cpu->cp0[CP0_BADVADDR]);
	machine_stop(cpu->machine, STOP_WILD, 0);
}

static void watch_wild(const struct cpu *cpu, struct watch *watch)
{
	uint64_t instructions = cpu->instructions - watch->instructions;
	uint64_t exceptions;

	watch->nested = cpu->cp0[CP0_STATUS] & STATUS_EXL ? watch->nested + 1 : 0;
	if (instructions < WINDOW)
		return;
	exceptions = count_exceptions(cpu) - watch->exceptions;
	if (exceptions >= instructions / SHARE)
		stop_wild(cpu, "one exception after the other");
	else if (watch->nested >= NESTED_LOOKS && exceptions > instructions / 1000)
		stop_wild(cpu, "exceptions inside the exception handler");
	watch->instructions += instructions;
	watch->exceptions += exceptions;
}

void watch_cpus(struct machine *machine)
{
	for (unsigned n = 0; n < machine->config.cpus; n++)
		if (machine->cpu[n]->present && !machine->cpu[n]->monitor)
			watch_wild(machine->cpu[n], &machine->watch[n]);
	if (all_halted(machine) && !machine->stop)
		machine_stop(machine, STOP_HALTED, 0);
}
