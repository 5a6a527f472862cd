/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of a processor after a cold reset (MD00091, section 6.4.1 and the reset columns of
 * chapter 9). */
#include <string.h>

#include "emu/cpu.h"
#include "emu/machine.h"
#include "emu/mem.h"
#include "mips/cp0.h"

/*
 * Config1: 32 KiB, eight-way, 32-byte lines, for both caches. What the model's caches really are is
 * the machine file's; 4 KiB a way keeps the stock kernel from seeing cache aliases, which would
 * make it a uniprocessor kernel. Fields: sets 64 << S, line size 2 << L, ways A + 1.
 */
#define CONFIG1_CACHES ((UINT32_C(1) << 22 | 4u << 19 | 7u << 16) | (1u << 13 | 4u << 10 | 7u << 7))

static void reset_config(struct cpu *cpu)
{
	const struct cpu_config *config = cpu->config;

	cpu->cp0[CP0_CONFIG1] |=
		(config->tlb_entries - 1) << CONFIG1_MMU_SHIFT | CONFIG1_CACHES | CONFIG1_FP;
	cpu->cp0[CP0_CONFIG3] |= CONFIG3_VINT | CONFIG3_ULRI | CONFIG3_CMGCR;
	if (config->segctl)
		cpu->cp0[CP0_CONFIG3] |= CONFIG3_SC;
	cpu->cp0[CP0_EBASE] |= cpu->number & EBASE_CPUNUM;
	cpu->cp0[CP0_RANDOM] = config->tlb_entries - 1;
}

/* Entries match nothing, and read back as unmapped kernel addresses, all different. */
static void reset_tlb(struct cpu *cpu)
{
	for (unsigned i = 0; i < TLB_MAX_ENTRIES; i++)
		cpu->tlb[i] = (struct tlb_entry){
			.entry_hi = (MIPS_CKSEG0 & (ENTRYHI_R | ENTRYHI_VPN2)) + i * 0x2000,
			.hidden = true,
		};
	memset(cpu->tlb_bucket, 0, sizeof(cpu->tlb_bucket));
	cpu->tlb_large = 0;
}

void cpu_reset(struct cpu *cpu)
{
	uint64_t seed = cpu->machine ? cpu->machine->config.seed : 0;
	uint64_t cmgcr_base = cpu->cp0[CP0_CMGCRBASE];

	cpu_account_mode(cpu);
	memset(cpu->gpr, 0, sizeof(cpu->gpr));
	memset(cpu->fpr, 0, sizeof(cpu->fpr));
	for (unsigned reg = 0; reg < CP0_REGISTERS; reg++)
		cpu->cp0[reg] = cp0_description[reg].reset;
	if (cmgcr_base)
		cpu->cp0[CP0_CMGCRBASE] = cmgcr_base;
	reset_config(cpu);
	reset_tlb(cpu);
	cpu->hi = cpu->lo = 0;
	cpu->fcr31 = 0;
	cpu->pc = VECTOR_RESET;
	cpu->in_delay_slot = false;
	cpu->linked = LINK_NONE;
	cpu->linked_address = 0;
	cpu->waiting = false;
	/* Never zero, which xorshift could not leave. */
	cpu->random_state = (seed + cpu->number + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
	cpu->count_offset = 0;
	cpu->cp0[CP0_CAUSE] |= cpu->irq_lines;
	cp0_write(cpu, 11, 0, 0); /* arms the timer */
	cpu_state_changed(cpu);
	softtlb_flush_all(cpu);
}
