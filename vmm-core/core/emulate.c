/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Privileged instructions, which trap because the guest's kernel runs in supervisor mode. Their
 * semantics: MD00087; encodings: its appendix A.
 */
#include "vm.h"

#define OP_COP0	     16
#define OP_CACHE     47
#define COP0_MFC0    0
#define COP0_DMFC0   1
#define COP0_MTC0    4
#define COP0_DMTC0   5
#define COP0_RDPGPR  10
#define COP0_MFMC0   11
#define COP0_WRPGPR  14
#define COP0_CO	     16

#define RDHWR_MASK   UINT32_C(0xffe007ff)
#define RDHWR_MATCH  UINT32_C(0x7c00003b)
#define SYNCI_STEP   32
#define COUNT_CYCLES 2

static unsigned rs_of(uint32_t instruction)
{
	return instruction >> 21 & 31;
}

static unsigned rt_of(uint32_t instruction)
{
	return instruction >> 16 & 31;
}

static unsigned rd_of(uint32_t instruction)
{
	return instruction >> 11 & 31;
}

static void set_gpr(struct trap *trap, unsigned number, uint64_t value)
{
	if (number)
		trap->gpr[number] = value;
}

static uint64_t sign_extend_32(uint64_t value)
{
	return (uint64_t)(int64_t)(int32_t)value;
}

static bool cp0_usable(const struct vcpu *vcpu)
{
	return vcpu->mode == GUEST_KERNEL || (vcpu->cp0[CP0_STATUS] & STATUS_CU0);
}

static bool has_64bit(const struct vcpu *vcpu)
{
	return vcpu->mode != GUEST_USER || (vcpu->cp0[CP0_STATUS] & (STATUS_PX | STATUS_UX));
}

/* What an emulated instruction came to. */
enum outcome {
	GO_ON,	  /* with the next instruction */
	RESERVED, /* reserved instruction exception */
	DONE,	  /* trap->pc is set */
};

static enum outcome move_from(struct vcpu *vcpu, struct trap *trap, uint32_t instruction)
{
	bool wide = rs_of(instruction) == COP0_DMFC0;
	uint64_t value;
	unsigned reg;

	if (wide && !has_64bit(vcpu))
		return RESERVED;
	value = vcp0_read(vcpu, rd_of(instruction), instruction & 7, &reg);
	set_gpr(trap, rt_of(instruction), wide ? value : sign_extend_32(value));
	if (reg < CP0_REGISTERS)
		vcpu->stats.emulated_reads[reg]++;
	hal_charge(CHARGE_CP0_READ, 1);
	return GO_ON;
}

static enum outcome move_to(struct vcpu *vcpu, struct trap *trap, uint32_t instruction)
{
	unsigned reg;

	if (rs_of(instruction) == COP0_DMTC0 && !has_64bit(vcpu))
		return RESERVED;
	vcp0_write(vcpu, rd_of(instruction), instruction & 7, trap->gpr[rt_of(instruction)], &reg);
	if (reg < CP0_REGISTERS)
		vcpu->stats.emulated_writes[reg]++;
	hal_charge(reg == CP0_STATUS ? CHARGE_STATUS_WRITE : CHARGE_CP0_WRITE, 1);
	return GO_ON;
}

static enum outcome interrupt_enable(struct vcpu *vcpu, struct trap *trap, uint32_t instruction)
{
	uint32_t old = virtual_status(vcpu);

	if (rd_of(instruction) != 12 || (instruction & 0x7df))
		return RESERVED;
	if (instruction & 0x20) {
		vcpu->cp0[SLOT_ENABLED] = 1;
		if (interrupt_deliverable(vcpu)) {
			vcpu->check_interrupts = true;
			attend(vcpu);
		}
	} else {
		vcpu->cp0[SLOT_ENABLED] = 0;
	}
	set_gpr(trap, rt_of(instruction), sign_extend_32(old));
	vcpu->stats.emulated_di_ei++;
	hal_charge(CHARGE_DI_EI, 1);
	return GO_ON;
}

static enum outcome previous_set(struct vcpu *vcpu, struct trap *trap, uint32_t instruction)
{
	set_gpr(trap, rd_of(instruction), trap->gpr[rt_of(instruction)]);
	vcpu->stats.emulated_other++;
	hal_charge(CHARGE_CP0_READ, 1);
	return GO_ON;
}

static enum outcome eret(struct vcpu *vcpu, struct trap *trap, uint32_t instruction)
{
	uint64_t status = virtual_status(vcpu);

	(void)instruction;
	if (status & STATUS_ERL) {
		trap->pc = vcpu->cp0[OPEN(CP0_ERROREPC)];
		status &= ~(uint64_t)STATUS_ERL;
	} else {
		trap->pc = vcpu->cp0[OPEN(CP0_EPC)];
		status &= ~(uint64_t)STATUS_EXL;
	}
	trap->in_delay_slot = false;
	vcpu->link = false;
	hal_link_clear();
	set_virtual_status(vcpu, status);
	vcpu_status_changed(vcpu);
	vcpu->stats.emulated_eret++;
	hal_charge(CHARGE_ERET, 1);
	return DONE;
}

static enum outcome wait(struct vcpu *vcpu, struct trap *trap, uint32_t instruction)
{
	(void)instruction;
	skip_instruction(trap);
	vcpu->stats.emulated_wait++;
	hal_charge(CHARGE_WAIT, 1);
	if (!interrupt_deliverable(vcpu))
		sched_wait(vcpu);
	return DONE;
}

static enum outcome tlb_read(struct vcpu *vcpu, struct trap *trap, uint32_t instruction)
{
	(void)trap;
	(void)instruction;
	vtlb_read(vcpu);
	vcpu->stats.emulated_tlb++;
	hal_charge(CHARGE_TLBR, 1);
	return GO_ON;
}

static enum outcome tlb_probe(struct vcpu *vcpu, struct trap *trap, uint32_t instruction)
{
	(void)trap;
	(void)instruction;
	vtlb_probe(vcpu);
	vcpu->stats.emulated_tlb++;
	hal_charge(CHARGE_TLBP, 1);
	return GO_ON;
}

static enum outcome write_entry(struct vcpu *vcpu, struct trap *trap, unsigned index, bool random)
{
	vcpu->stats.emulated_tlb++;
	hal_charge(CHARGE_TLBW, 1);
	if (vtlb_write(vcpu, index, random))
		return GO_ON;
	vcpu->cp0[CP0_STATUS] |= STATUS_TS;
	reflect(vcpu, trap, EXC_MCHECK);
	return DONE;
}

static enum outcome tlb_write_indexed(struct vcpu *vcpu, struct trap *trap, uint32_t instruction)
{
	(void)instruction;
	return write_entry(vcpu, trap, vcpu->cp0[CP0_INDEX] & 0x3f, false);
}

static enum outcome tlb_write_random(struct vcpu *vcpu, struct trap *trap, uint32_t instruction)
{
	(void)instruction;
	return write_entry(vcpu, trap, vtlb_random(vcpu), true);
}

/*
 * The machine keeps instruction fetch coherent with stores, so nothing has to move; operations by
 * address (4 to 7) still translate it, as the machine's own CACHE does.
 */
static enum outcome cache(struct vcpu *vcpu, struct trap *trap, uint32_t instruction)
{
	const unsigned index_load_tag = 1, first_by_address = 4;
	unsigned operation = instruction >> 18 & 7;
	uint64_t va = trap->gpr[rs_of(instruction)] + (uint64_t)(int64_t)(int16_t)instruction;
	struct l2tlb_entry *known;
	enum mips_exception code;
	struct gpa gpa;
	bool refill;

	vcpu->stats.emulated_cache++;
	hal_charge(CHARGE_CACHE, 1);
	if (vcpu->mode == GUEST_USER && !(vcpu->cp0[CP0_STATUS] & STATUS_UX))
		va = sign_extend_32(va);
	if (operation == index_load_tag) {
		vcpu->cp0[CP0_TAGLO] = vcpu->cp0[CP0_TAGLO2] = 0;
		vcpu->cp0[CP0_TAGHI] = vcpu->cp0[CP0_TAGHI2] = 0;
	}
	if (operation < first_by_address)
		return GO_ON;
	known = segment_find(vcpu, va, &gpa) == SEGMENT_MAPPED ? l2tlb_find(vcpu, va) : NULL;
	if (known && (known->lo[va >> PAGE_SHIFT & 1] & ENTRYLO_V))
		return GO_ON;
	if (segment_translate(vcpu, va, false, &gpa, &code, &refill))
		return GO_ON;
	reflect_address(vcpu, trap, code, va, refill);
	return DONE;
}

typedef enum outcome emulator(struct vcpu *vcpu, struct trap *trap, uint32_t instruction);

static emulator *const by_rs[COP0_CO] = {
	[COP0_MFC0] = move_from,	 [COP0_DMFC0] = move_from,     [COP0_MTC0] = move_to,
	[COP0_DMTC0] = move_to,		 [COP0_RDPGPR] = previous_set, [COP0_WRPGPR] = previous_set,
	[COP0_MFMC0] = interrupt_enable,
};

static emulator *const by_function[64] = {
	[1] = tlb_read,
	[2] = tlb_write_indexed,
	[6] = tlb_write_random,
	[8] = tlb_probe,
	[24] = eret,
	[32] = wait,
};

static emulator *find(uint32_t instruction)
{
	if (instruction >> 26 == OP_CACHE)
		return cache;
	if (instruction >> 26 != OP_COP0)
		return NULL;
	if (rs_of(instruction) < COP0_CO)
		return by_rs[rs_of(instruction)];
	return by_function[instruction & 63];
}

void emulate_cop0(struct vcpu *vcpu, struct trap *trap, uint32_t instruction)
{
	enum outcome outcome = RESERVED;
	emulator *emulate = find(instruction);

	if (emulate)
		outcome = emulate(vcpu, trap, instruction);
	if (outcome == GO_ON)
		skip_instruction(trap);
	else if (outcome == RESERVED)
		reflect(vcpu, trap, EXC_RI);
}

/* Now and then an instruction is considered for rewriting; true: it is to be executed again. */
static bool its_turn(struct vcpu *vcpu, const struct trap *trap, uint32_t instruction)
{
	uint64_t *countdown = &vcpu->cp0[SLOT_COUNTDOWN];

	return (!*countdown || !--*countdown) && rewrite_consider(vcpu, trap, instruction);
}

void emulate_privileged(struct vcpu *vcpu, struct trap *trap)
{
	uint32_t instruction;

	if (!cp0_usable(vcpu))
		reflect_coprocessor(vcpu, trap, 0);
	else if (fetch_trapped(trap, &instruction) && !its_turn(vcpu, trap, instruction))
		emulate_cop0(vcpu, trap, instruction);
}

/* RDHWR of what the hardware does not let the guest read; everything else is really reserved. */
void emulate_reserved(struct vcpu *vcpu, struct trap *trap)
{
	uint32_t instruction;
	uint64_t value;

	if (!fetch_trapped(trap, &instruction))
		return;
	if ((instruction & RDHWR_MASK) != RDHWR_MATCH ||
	    (!cp0_usable(vcpu) && !(vcpu->cp0[CP0_HWRENA] >> rd_of(instruction) & 1))) {
		reflect(vcpu, trap, EXC_RI);
		return;
	}
	switch (rd_of(instruction)) {
	case 0:
		value = vcpu->cp0[CP0_EBASE] & EBASE_CPUNUM;
		break;
	case 1:
		value = SYNCI_STEP;
		break;
	case 2:
		value = sign_extend_32(vcp0_count(vcpu));
		break;
	case 3:
		value = COUNT_CYCLES;
		break;
	case 29:
		value = vcpu->cp0[CP0_USERLOCAL];
		break;
	default:
		reflect(vcpu, trap, EXC_RI);
		return;
	}
	set_gpr(trap, rt_of(instruction), value);
	vcpu->stats.emulated_other++;
	hal_charge(CHARGE_RDHWR, 1);
	skip_instruction(trap);
}
