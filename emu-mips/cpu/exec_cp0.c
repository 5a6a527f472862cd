/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The privileged instructions, CACHE and RDHWR. */
#include "access.h"
#include "decode.h"

static void set_gpr(struct cpu *cpu, unsigned number, uint64_t value)
{
	if (number)
		cpu->gpr[number] = value;
}

static uint64_t sign_extend_32(uint64_t value)
{
	return (uint64_t)(int64_t)(int32_t)value;
}

/* Coprocessor 0 is for kernel mode, and for others where Status.CU0 lets them. */
static bool cp0_usable(const struct cpu *cpu)
{
	return cpu->mode == MODE_KERNEL || (cpu->cp0[CP0_STATUS] & STATUS_CU0);
}

#define NEEDS_CP0(cpu)                                                                             \
	do {                                                                                       \
		if (!cp0_usable(cpu))                                                              \
			return cpu_raise_coprocessor(cpu, 0);                                      \
	} while (0)

#define NEEDS_64BIT(cpu)                                                                           \
	do {                                                                                       \
		if (!(cpu)->ops_64bit)                                                             \
			return cpu_raise(cpu, EXC_RI);                                             \
	} while (0)

enum exec exec_mfc0(struct cpu *cpu, uint32_t word)
{
	NEEDS_CP0(cpu);
	set_gpr(cpu, field_rt(word), sign_extend_32(cp0_read(cpu, field_rd(word), word & 7)));
	return EXEC_OK;
}

enum exec exec_dmfc0(struct cpu *cpu, uint32_t word)
{
	NEEDS_CP0(cpu);
	NEEDS_64BIT(cpu);
	set_gpr(cpu, field_rt(word), cp0_read(cpu, field_rd(word), word & 7));
	return EXEC_OK;
}

/* MTC0 to a 64-bit register writes the whole general register (MD00087, MTC0). */
enum exec exec_mtc0(struct cpu *cpu, uint32_t word)
{
	NEEDS_CP0(cpu);
	cp0_write(cpu, field_rd(word), word & 7, cpu->gpr[field_rt(word)]);
	return EXEC_OK;
}

enum exec exec_dmtc0(struct cpu *cpu, uint32_t word)
{
	NEEDS_CP0(cpu);
	NEEDS_64BIT(cpu);
	cp0_write(cpu, field_rd(word), word & 7, cpu->gpr[field_rt(word)]);
	return EXEC_OK;
}

/* There is one shadow set, number 0: the previous set is the present one. */
enum exec exec_rdpgpr(struct cpu *cpu, uint32_t word)
{
	NEEDS_CP0(cpu);
	set_gpr(cpu, field_rd(word), cpu->gpr[field_rt(word)]);
	return EXEC_OK;
}

enum exec exec_wrpgpr(struct cpu *cpu, uint32_t word)
{
	return exec_rdpgpr(cpu, word);
}

static enum exec set_interrupt_enable(struct cpu *cpu, uint32_t word, uint64_t enable)
{
	uint64_t old = cpu->cp0[CP0_STATUS];

	NEEDS_CP0(cpu);
	cpu->cp0[CP0_STATUS] = (old & ~(uint64_t)STATUS_IE) | enable;
	cpu_interrupts_changed(cpu);
	set_gpr(cpu, field_rt(word), sign_extend_32(old));
	return EXEC_OK;
}

enum exec exec_di(struct cpu *cpu, uint32_t word)
{
	return set_interrupt_enable(cpu, word, 0);
}

enum exec exec_ei(struct cpu *cpu, uint32_t word)
{
	return set_interrupt_enable(cpu, word, STATUS_IE);
}

enum exec exec_eret(struct cpu *cpu, uint32_t word)
{
	uint64_t status = cpu->cp0[CP0_STATUS];

	(void)word;
	NEEDS_CP0(cpu);
	if (status & STATUS_ERL) {
		cpu->pc = cpu->cp0[CP0_ERROREPC];
		status &= ~(uint64_t)STATUS_ERL;
	} else {
		cpu->pc = cpu->cp0[CP0_EPC];
		status &= ~(uint64_t)STATUS_EXL;
	}
	cpu->cp0[CP0_STATUS] = status;
	cpu->in_delay_slot = false;
	cpu->linked = LINK_NONE;
	cpu_state_changed(cpu);
	return EXEC_EXCEPTION;
}

/* Only an interrupt that will be taken ends the wait (Config7.WII is clear). */
enum exec exec_wait(struct cpu *cpu, uint32_t word)
{
	(void)word;
	NEEDS_CP0(cpu);
	cpu->waiting = !cpu->interrupt_pending;
	return EXEC_OK;
}

enum exec exec_tlbr(struct cpu *cpu, uint32_t word)
{
	(void)word;
	NEEDS_CP0(cpu);
	tlb_read(cpu);
	return EXEC_OK;
}

static enum exec write_entry(struct cpu *cpu, unsigned index)
{
	if (tlb_write(cpu, index))
		return EXEC_OK;
	cpu->cp0[CP0_STATUS] |= STATUS_TS;
	return cpu_raise(cpu, EXC_MCHECK);
}

enum exec exec_tlbwi(struct cpu *cpu, uint32_t word)
{
	(void)word;
	NEEDS_CP0(cpu);
	return write_entry(cpu, cpu->cp0[CP0_INDEX] & 0x3f);
}

enum exec exec_tlbwr(struct cpu *cpu, uint32_t word)
{
	(void)word;
	NEEDS_CP0(cpu);
	return write_entry(cpu, cp0_random(cpu));
}

enum exec exec_tlbp(struct cpu *cpu, uint32_t word)
{
	(void)word;
	NEEDS_CP0(cpu);
	tlb_probe(cpu);
	return EXEC_OK;
}

/*
 * Code and data are always coherent here and reset caches hold nothing, so a CACHE instruction has
 * nothing to move; the operations by address (4 to 7) still translate it, and an Index Load Tag
 * finds an invalid line.
 */
enum exec exec_cache(struct cpu *cpu, uint32_t word)
{
	const unsigned index_load_tag = 1, first_by_address = 4;
	unsigned operation = word >> 18 & 7;
	uint64_t va = access_address(cpu, cpu->gpr[field_rs(word)], field_simm(word));
	struct translation translation;
	enum mips_exception code;
	bool refill;

	NEEDS_CP0(cpu);
	if (operation == index_load_tag) {
		cpu->cp0[CP0_TAGLO] = cpu->cp0[CP0_TAGLO2] = 0;
		cpu->cp0[CP0_TAGHI] = cpu->cp0[CP0_TAGHI2] = 0;
	}
	if (operation < first_by_address)
		return EXEC_OK;
	if (cpu_translate(cpu, va, ACCESS_READ, cpu->mode, &translation, &code, &refill))
		return EXEC_OK;
	return cpu_raise_address(cpu, code, va, refill);
}

#define SYNCI_STEP	 32 /* a cache line, as in Config1 */
#define COUNT_RESOLUTION 2  /* cycles a tick of Count */

enum exec exec_rdhwr(struct cpu *cpu, uint32_t word)
{
	unsigned number = field_rd(word);
	uint64_t value;

	if (!cp0_usable(cpu) && !(cpu->cp0[CP0_HWRENA] >> number & 1))
		return cpu_raise(cpu, EXC_RI);
	switch (number) {
	case 0:
		value = cpu->cp0[CP0_EBASE] & EBASE_CPUNUM;
		break;
	case 1:
		value = SYNCI_STEP;
		break;
	case 2:
		value = sign_extend_32(cp0_count(cpu));
		break;
	case 3:
		value = COUNT_RESOLUTION;
		break;
	case 29:
		value = cpu->cp0[CP0_USERLOCAL];
		break;
	default:
		return cpu_raise(cpu, EXC_RI);
	}
	set_gpr(cpu, field_rt(word), value);
	return EXEC_OK;
}
