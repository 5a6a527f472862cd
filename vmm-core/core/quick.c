/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exceptions that the entry code of the MIPS build (mips/quick.S, quick_tlb.S) finishes by
 * itself, in a few dozen instructions: TLB refills (quick_tlb.c), TLB writes (vtlb.c), and
 * privileged instructions of the guest's kernel that only move a virtual register, or leave it in a
 * mode without interrupts, or have nothing to do. The tables are the entry code's too. vmm_quick()
 * is the same in C, for the native build, with the entry code's cost.
 */
#include "mips/cp0.h"
#include "vm.h"

#define OP_CACHE 0x2f
#define MFC0	 0x200 /* opcode and rs */
#define DMFC0	 0x201
#define MTC0	 0x204
#define DMTC0	 0x205
#define MFMC0	 0x20b
#define CO	 0x210
#define TLBWI	 2
#define TLBWR	 6
#define TLBP	 8
#define ERET	 24
#define COUNT	 (9 * 8)
#define ENTRYHI	 (10 * 8)
#define STATUS	 (12 * 8) /* register number * 8 + select */
#define JR_RA	 0x03e00008
#define BEQZ	 0x10000000 /* BEQ with rt = $0 */

/* Slots of registers by number * 8 + select, + 1; 0: not here. */
extern const uint16_t quick_read32[256], quick_read64[256], quick_write[256];
extern const uint64_t quick_mask[CP0_REGISTERS];

#define AT(number, select, name)      [(number)*8 + (select)] = CP0_##name + 1
#define AT_OPEN(number, select, name) [(number)*8 + (select)] = OPEN(CP0_##name) + 1

/* MFC0 of registers of 32 bits without effects. */
const uint16_t quick_read32[256] = {
	AT(0, 0, INDEX),   AT(5, 0, PAGEMASK), AT(6, 0, WIRED),	   AT(7, 0, HWRENA),
	AT(12, 1, INTCTL), AT(13, 0, CAUSE),   AT(15, 0, PRID),	   AT(15, 1, EBASE),
	AT(16, 0, CONFIG), AT(16, 1, CONFIG1), AT(16, 2, CONFIG2), AT(16, 3, CONFIG3),
	AT(28, 0, TAGLO),
};

/* DMFC0 of registers of 64 bits. */
const uint16_t quick_read64[256] = {
	AT(4, 0, CONTEXT),	   AT(4, 2, USERLOCAL),	      AT(8, 0, BADVADDR),
	AT(10, 0, ENTRYHI),	   AT(20, 0, XCONTEXT),	      AT_OPEN(14, 0, EPC),
	AT_OPEN(30, 0, ERROREPC),  AT_OPEN(31, 2, KSCRATCH1), AT_OPEN(31, 3, KSCRATCH2),
	AT_OPEN(31, 4, KSCRATCH3), AT_OPEN(31, 5, KSCRATCH4), AT_OPEN(31, 6, KSCRATCH5),
	AT_OPEN(31, 7, KSCRATCH6),
};

/* MTC0 and DMTC0 without effects beyond the register; of EntryHi the ASID goes to the hardware. */
const uint16_t quick_write[256] = {
	AT(0, 0, INDEX),	   AT(4, 0, CONTEXT),	      AT(10, 0, ENTRYHI),
	AT(12, 0, STATUS),	   AT(20, 0, XCONTEXT),	      AT(28, 0, TAGLO),
	AT_OPEN(2, 0, ENTRYLO0),   AT_OPEN(3, 0, ENTRYLO1),   AT_OPEN(14, 0, EPC),
	AT_OPEN(30, 0, ERROREPC),  AT_OPEN(31, 2, KSCRATCH1), AT_OPEN(31, 3, KSCRATCH2),
	AT_OPEN(31, 4, KSCRATCH3), AT_OPEN(31, 5, KSCRATCH4), AT_OPEN(31, 6, KSCRATCH5),
	AT_OPEN(31, 7, KSCRATCH6),
};

const uint64_t quick_mask[CP0_REGISTERS] = {
#define CP0(name, number, select, width, write_mask, reset) [CP0_##name] = write_mask,
#include "mips/cp0.def"
#undef CP0
};

static void set_rt(struct trap *trap, uint32_t instruction, uint64_t value)
{
	unsigned rt = instruction >> 16 & 31;

	if (rt)
		trap->gpr[rt] = value;
}

static unsigned register_of(uint32_t instruction)
{
	return (instruction >> 11 & 31) * 8 + (instruction & 7);
}

static bool move_from(struct vcpu *vcpu, struct trap *trap, uint32_t instruction, bool wide)
{
	unsigned slot = (wide ? quick_read64 : quick_read32)[register_of(instruction)];
	uint64_t value;

	if (!wide && register_of(instruction) == STATUS) {
		set_rt(trap, instruction, (uint64_t)(int64_t)(int32_t)virtual_status(vcpu));
		vcpu->stats.emulated_reads[CP0_STATUS]++;
		hal_charge(CHARGE_QUICK_STATUS, 1);
		return true;
	}
	if (register_of(instruction) == COUNT && vcpu->counts) {
		set_rt(trap, instruction, (uint64_t)(int64_t)(int32_t)vcp0_count(vcpu));
		vcpu->stats.emulated_reads[CP0_COUNT]++;
		hal_charge(CHARGE_QUICK_COUNT, 1);
		return true;
	}
	if (!slot--)
		return false;
	value = vcpu->cp0[slot];
	set_rt(trap, instruction, wide ? value : (uint64_t)(int64_t)(int32_t)value);
	vcpu->stats.emulated_reads[slot % REGISTER_SLOTS]++;
	hal_charge(CHARGE_QUICK_READ, 1);
	return true;
}

/* Status, when only IE, EXL, user mode under EXL, IM and CU0 change, and no interrupt gets in. */
static bool write_status(struct vcpu *vcpu, uint32_t value)
{
	const uint32_t simple = STATUS_CU0 | STATUS_IM | STATUS_KSU_U | STATUS_EXL | STATUS_IE;
	const uint32_t writable = (uint32_t)cp0_description[CP0_STATUS].write_mask;
	uint32_t old = virtual_status(vcpu), changes = old ^ value;

	if (changes & writable & ~simple)
		return false;
	value = old ^ (changes & simple);
	if ((value & vcpu->cp0[CP0_CAUSE] & STATUS_IM) ||
	    (!(value & (STATUS_EXL | STATUS_ERL)) && (value & STATUS_KSU)))
		return false;
	set_virtual_status(vcpu, value);
	vcpu->stats.emulated_writes[CP0_STATUS]++;
	hal_charge(CHARGE_QUICK_STATUS_WRITE, 1);
	return true;
}

static bool move_to(struct vcpu *vcpu, const struct trap *trap, uint32_t instruction)
{
	unsigned slot = quick_write[register_of(instruction)];
	uint64_t mask, value;

	if (!slot--)
		return false;
	if (slot == CP0_STATUS)
		return write_status(vcpu, (uint32_t)trap->gpr[instruction >> 16 & 31]);
	mask = quick_mask[slot % REGISTER_SLOTS];
	value = (vcpu->cp0[slot] & ~mask) | (trap->gpr[instruction >> 16 & 31] & mask);
	vcpu->cp0[slot] = value;
	if (slot == CP0_ENTRYHI)
		hal_cp0_write(CP0_ENTRYHI, value & ENTRYHI_ASID);
	vcpu->stats.emulated_writes[slot % REGISTER_SLOTS]++;
	hal_charge(slot == CP0_ENTRYHI ? CHARGE_QUICK_ENTRYHI : CHARGE_QUICK_WRITE, 1);
	return true;
}

static bool interrupt_enable(struct vcpu *vcpu, struct trap *trap, uint32_t instruction)
{
	uint32_t old = virtual_status(vcpu);
	bool enable = instruction & 0x20;

	if ((instruction & 0xffdf) != 0x6000)
		return false;
	if (enable && (old & vcpu->cp0[CP0_CAUSE] & STATUS_IM))
		return false;
	vcpu->cp0[SLOT_ENABLED] = enable;
	set_rt(trap, instruction, (uint64_t)(int64_t)(int32_t)old);
	vcpu->stats.emulated_di_ei++;
	hal_charge(CHARGE_QUICK_DI_EI, 1);
	return true;
}

static bool cache(struct vcpu *vcpu, const struct trap *trap, uint32_t instruction)
{
	unsigned operation = instruction >> 18 & 7;
	uint64_t va = trap->gpr[instruction >> 21 & 31] + (uint64_t)(int64_t)(int16_t)instruction;

	if (operation == 1)
		return false;
	if (operation >= 4 && va >> 29 != MIPS_CKSEG0 >> 29 &&
	    (va >> 62 != 2 || (va >> MIPS_PABITS & 0x7ffff)))
		return false;
	vcpu->stats.emulated_cache++;
	hal_charge(operation < 4 ? CHARGE_QUICK_CACHE_INDEX : CHARGE_QUICK_CACHE, 1);
	return true;
}

/* TLBP of an entry written last of those with its hash, or of a user page that has none. */
static bool probe(struct vcpu *vcpu, uint32_t instruction)
{
	uint64_t hi = vcpu->cp0[CP0_ENTRYHI];

	if ((instruction & 0x3f) != TLBP || vcpu->vtlb_large)
		return false;
	if (!vtlb_may_have(vcpu, hi)) {
		if (vcpu->view || hi >> 62)
			return false;
		hal_charge(CHARGE_QUICK_TLBP_MISS, 1);
	} else {
		if (!vtlb_hinted(vcpu, hi))
			return false;
		hal_charge(CHARGE_QUICK_TLBP, 1);
	}
	vtlb_probe(vcpu);
	vcpu->stats.emulated_tlb++;
	return true;
}

static bool tlb_write(struct vcpu *vcpu, uint32_t instruction)
{
	unsigned function = instruction & 0x3f;

	if ((function != TLBWI && function != TLBWR) || !vtlb_write_quick(vcpu, function == TLBWR))
		return false;
	vcpu->stats.emulated_tlb++;
	return true;
}

/* ERET that does not end Status.ERL, nor goes to supervisor mode, nor lets an interrupt in. */
static bool eret(struct vcpu *vcpu, uint32_t instruction, uint64_t *next)
{
	uint32_t status = virtual_status(vcpu);

	if ((instruction & 0x3f) != ERET || interrupt_pending(vcpu) ||
	    (status & (STATUS_ERL | STATUS_KSU_S)))
		return false;
	set_virtual_status(vcpu, status & ~STATUS_EXL);
	vcpu_status_changed(vcpu);
	vcpu->link = false;
	hal_link_clear();
	*next = vcpu->cp0[OPEN(CP0_EPC)];
	vcpu->stats.emulated_eret++;
	hal_charge(status & STATUS_KSU ? CHARGE_QUICK_ERET_USER : CHARGE_QUICK_ERET, 1);
	return true;
}

static bool system_call(struct vcpu *vcpu, struct trap *trap)
{
	if (vcpu->mode != GUEST_USER || (vcpu->cp0[CP0_STATUS] & STATUS_BEV))
		return false;
	reflect_call(vcpu, trap);
	vcpu->stats.trap_syscall++;
	hal_charge(CHARGE_QUICK_CALL, 1);
	return true;
}

/* Where JR $31 and BEQZ at trap->pc go; other branches take the long way. */
static bool delay_slot(const struct trap *trap, uint32_t branch, uint64_t *next)
{
	if (branch == JR_RA) {
		*next = trap->gpr[31];
		hal_charge(CHARGE_QUICK_JR, 1);
		return true;
	}
	if ((branch & 0xfc1f0000) != BEQZ)
		return false;
	*next = trap->pc + 8;
	if (!trap->gpr[branch >> 21 & 31])
		*next = trap->pc + 4 + (uint64_t)((int64_t)(int16_t)branch * 4);
	hal_charge(CHARGE_QUICK_BEQZ, 1);
	return true;
}

/* All but TLB instructions and ERET, and writes of Status and EntryHi. */
static bool may_be_rewritten(uint32_t instruction)
{
	unsigned operation = instruction >> 21;

	if (operation == CO)
		return false;
	return (operation != MTC0 && operation != DMTC0) ||
	       (register_of(instruction) != STATUS && register_of(instruction) != ENTRYHI);
}

static bool privileged(struct vcpu *vcpu, struct trap *trap)
{
	uint64_t next = trap->pc + 4;
	uint32_t instruction;
	bool done;

	if (trap->unit || vcpu->mode != GUEST_KERNEL)
		return false;
	if (!hal_fetch((struct gva){trap->pc}, &instruction))
		return false;
	if (trap->in_delay_slot) {
		if (!delay_slot(trap, instruction, &next) ||
		    !hal_fetch((struct gva){trap->pc + 4}, &instruction))
			return false;
	}
	/* Now and then one is considered for rewriting. */
	if (may_be_rewritten(instruction) && !--vcpu->cp0[SLOT_COUNTDOWN]) {
		hal_charge(CHARGE_QUICK_MISS, 1);
		return false;
	}
	switch (instruction >> 21) {
	case MFC0:
	case DMFC0:
		done = move_from(vcpu, trap, instruction, instruction >> 21 & 1);
		break;
	case MTC0:
	case DMTC0:
		done = move_to(vcpu, trap, instruction);
		break;
	case MFMC0:
		done = interrupt_enable(vcpu, trap, instruction);
		break;
	case CO:
		done = probe(vcpu, instruction) || eret(vcpu, instruction, &next) ||
		       tlb_write(vcpu, instruction);
		break;
	default:
		done = instruction >> 26 == OP_CACHE && cache(vcpu, trap, instruction);
	}
	if (!done) {
		hal_charge(CHARGE_QUICK_MISS, 1);
		return false;
	}
	trap->pc = next;
	vcpu->stats.trap_privileged++;
	return true;
}

bool vmm_quick(struct vmm *vmm, unsigned number, struct trap *trap)
{
	struct pcpu *cpu = &vmm->cpu[number];
	struct vcpu *vcpu = cpu->current;
	uint32_t entry = hal_ticks(), ran;
	bool user, done = false;

	if (!vcpu)
		return false;
	user = vcpu->mode == GUEST_USER;
	if (trap->refill)
		done = quick_refill(vcpu, trap);
	else if (trap->code == EXC_CPU)
		done = privileged(vcpu, trap);
	else if (trap->code == EXC_MOD || trap->code == EXC_TLBL || trap->code == EXC_TLBS)
		done = quick_fault(vcpu, trap);
	else if (trap->code == EXC_SYS)
		done = system_call(vcpu, trap);
	ran = entry - cpu->resumed_at;
	vcpu->stats.time[user ? TIME_USER : TIME_KERNEL] += (uint64_t)ran * HAL_TICK;
	cpu->resumed_at = hal_ticks();
	vcpu->stats.time[TIME_MONITOR] += (uint64_t)(uint32_t)(cpu->resumed_at - entry) * HAL_TICK;
	return done;
}
