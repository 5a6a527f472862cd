/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CP0 registers: reads, writes with their side effects, Count/Compare, Random (MD00091, chapter 9).
 *
 * cp0.def says which bits software can write; write_effect[] names what else a write does.
 */
#include "emu/cpu.h"
#include "emu/mem.h"
#include "mips/cp0.h"

#define COUNT_PERIOD (UINT64_C(1) << 33) /* cycles in which Count goes round */
#define NEVER	     UINT64_MAX

static bool timer_stopped(const struct cpu *cpu)
{
	return cpu->cp0[CP0_CAUSE] & CAUSE_DC;
}

uint32_t cp0_count(const struct cpu *cpu)
{
	if (timer_stopped(cpu))
		return cpu->cp0[CP0_COUNT];
	return (cpu->cycles >> 1) + cpu->count_offset;
}

/* Sets timer_deadline to the next cycle at which Count becomes Compare. */
static void timer_arm(struct cpu *cpu)
{
	uint32_t ticks = (uint32_t)cpu->cp0[CP0_COMPARE] - cp0_count(cpu);

	if (timer_stopped(cpu)) {
		cpu->timer_deadline = NEVER;
		return;
	}
	cpu->timer_deadline = ((cpu->cycles >> 1) + ticks) << 1;
	if (!ticks)
		cpu->timer_deadline += COUNT_PERIOD;
	if (cpu->timer_deadline < cpu->limit)
		cpu->limit = cpu->timer_deadline;
}

/* Recomputes Cause.IP's timer bit from Cause.TI and the pins, and interrupt_pending. */
static void timer_pin(struct cpu *cpu, bool level)
{
	if (level)
		cpu->cp0[CP0_CAUSE] |= CAUSE_TI;
	else
		cpu->cp0[CP0_CAUSE] &= ~(uint64_t)CAUSE_TI;
	cpu_set_irq_line(cpu, 7, cpu->irq_lines & CAUSE_IP_TIMER);
}

void cpu_deadlines(struct cpu *cpu, uint64_t quantum_end)
{
	if (cpu->cycles >= cpu->timer_deadline) {
		cpu->timer_deadline += COUNT_PERIOD;
		timer_pin(cpu, true);
	}
	if (cpu->cycles >= cpu->board_deadline) {
		cpu->board_deadline = NEVER;
		cpu->on_deadline(cpu);
	}
	cpu->limit = quantum_end;
	if (cpu->timer_deadline < cpu->limit)
		cpu->limit = cpu->timer_deadline;
	if (cpu->board_deadline < cpu->limit)
		cpu->limit = cpu->board_deadline;
}

/* A new Random in Wired .. tlb_entries - 1: xorshift, the same on every run. */
static void random_step(struct cpu *cpu)
{
	unsigned wired = cpu->cp0[CP0_WIRED];
	uint64_t x = cpu->random_state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	cpu->random_state = x;
	cpu->cp0[CP0_RANDOM] = wired + (x >> 32) % (cpu->config->tlb_entries - wired);
}

unsigned cp0_random(struct cpu *cpu)
{
	unsigned value = cpu->cp0[CP0_RANDOM];

	random_step(cpu);
	return value;
}

/* Is the register there on this processor? Segmentation Control and Config6 are options. */
static bool is_present(const struct cpu *cpu, unsigned reg)
{
	if (reg == CP0_SEGCTL0 || reg == CP0_SEGCTL1 || reg == CP0_SEGCTL2)
		return cpu->config->segctl;
	return true;
}

uint64_t cp0_read(struct cpu *cpu, unsigned number, unsigned select)
{
	unsigned reg = cp0_at[number & 31][select & 7];
	uint64_t value;

	if (!reg-- || !is_present(cpu, reg))
		return 0;
	value = cpu->cp0[reg];
	if (reg == CP0_COUNT)
		value = cp0_count(cpu);
	else if (reg == CP0_RANDOM)
		value = cp0_random(cpu);
	else if (reg == CP0_LLADDR)
		value = cpu->linked_address >> 4;
	return cp0_description[reg].width == 32 ? (uint64_t)(int64_t)(int32_t)value : value;
}

/* ---- effects of writes: cp0[reg] holds the new value, @old is the one before ---- */

/* Only the low bits that come in pairs from the bottom make a page size (table 9.10). */
static void wrote_pagemask(struct cpu *cpu, uint64_t old)
{
	uint64_t wanted = cpu->cp0[CP0_PAGEMASK];
	uint64_t mask = 0;

	(void)old;
	for (uint64_t next = 0x6000; (wanted & next) == next; next |= next << 2)
		mask = next;
	cpu->cp0[CP0_PAGEMASK] = mask;
}

static void wrote_wired(struct cpu *cpu, uint64_t old)
{
	if (cpu->cp0[CP0_WIRED] >= cpu->config->tlb_entries)
		cpu->cp0[CP0_WIRED] = old;
	cpu->cp0[CP0_RANDOM] = cpu->config->tlb_entries - 1;
}

static void wrote_segctl(struct cpu *cpu, uint64_t old)
{
	(void)old;
	softtlb_flush_all(cpu);
}

static void wrote_config5(struct cpu *cpu, uint64_t old)
{
	if (!cpu->config->segctl)
		cpu->cp0[CP0_CONFIG5] = old;
	softtlb_flush_all(cpu);
}

static void wrote_config6(struct cpu *cpu, uint64_t old)
{
	if (!cpu->config->xkseg_bit)
		cpu->cp0[CP0_CONFIG6] = old;
	softtlb_flush_all(cpu);
}

static void wrote_config(struct cpu *cpu, uint64_t old)
{
	if (cpu->cp0[CP0_CONFIG] != old)
		softtlb_flush_all(cpu); /* kseg0's coherency attribute */
}

static void wrote_count(struct cpu *cpu, uint64_t old)
{
	(void)old;
	cpu->count_offset = cpu->cp0[CP0_COUNT] - (cpu->cycles >> 1);
	timer_arm(cpu);
}

static void wrote_compare(struct cpu *cpu, uint64_t old)
{
	(void)old;
	timer_pin(cpu, false);
	timer_arm(cpu);
}

static void wrote_entryhi(struct cpu *cpu, uint64_t old)
{
	if ((cpu->cp0[CP0_ENTRYHI] ^ old) & ENTRYHI_ASID)
		softtlb_select(cpu);
}

static void wrote_status(struct cpu *cpu, uint64_t old)
{
	const uint32_t clear_only = STATUS_TS | STATUS_SR | STATUS_NMI;
	uint32_t status = cpu->cp0[CP0_STATUS];

	status &= ~(clear_only & ~(uint32_t)old);
	if ((status & STATUS_KSU) == STATUS_KSU) /* reserved */
		status = (status & ~STATUS_KSU) | (old & STATUS_KSU);
	cpu->cp0[CP0_STATUS] = status;
	cpu_state_changed(cpu);
}

static void wrote_cause(struct cpu *cpu, uint64_t old)
{
	if ((cpu->cp0[CP0_CAUSE] ^ old) & CAUSE_DC) {
		/* Count as it was while the old state held, then go on from there. */
		uint32_t count = old & CAUSE_DC ? cpu->cp0[CP0_COUNT]
						: (cpu->cycles >> 1) + cpu->count_offset;

		cpu->cp0[CP0_COUNT] = count;
		wrote_count(cpu, 0);
	}
	cpu_state_changed(cpu);
}

static void (*const write_effect[CP0_REGISTERS])(struct cpu *cpu, uint64_t old) = {
	[CP0_PAGEMASK] = wrote_pagemask, [CP0_WIRED] = wrote_wired,
	[CP0_SEGCTL0] = wrote_segctl,	 [CP0_SEGCTL1] = wrote_segctl,
	[CP0_SEGCTL2] = wrote_segctl,	 [CP0_CONFIG] = wrote_config,
	[CP0_CONFIG5] = wrote_config5,	 [CP0_CONFIG6] = wrote_config6,
	[CP0_COUNT] = wrote_count,	 [CP0_COMPARE] = wrote_compare,
	[CP0_ENTRYHI] = wrote_entryhi,	 [CP0_STATUS] = wrote_status,
	[CP0_CAUSE] = wrote_cause,
};

void cp0_write(struct cpu *cpu, unsigned number, unsigned select, uint64_t value)
{
	unsigned reg = cp0_at[number & 31][select & 7];
	uint64_t old, mask;

	if (!reg-- || !is_present(cpu, reg))
		return;
	mask = cp0_description[reg].write_mask;
	old = cpu->cp0[reg];
	cpu->cp0[reg] = (old & ~mask) | (value & mask);
	if (write_effect[reg])
		write_effect[reg](cpu, old);
}
