// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the monitor does for the instruction that trapped, on the fake HAL: CP0 registers,
 * exceptions given to the guest, branches in whose delay slot an instruction was emulated, devices,
 * XKSEG and the unmapped segments without their hardware. Expected values: MD00087, MD00091.
 */
#include <stdlib.h>
#include <string.h>

#include "mips/cp0.h"
#include "support/fake_hal.h"

#define ENTRY	 UINT64_C(0xffffffffc0001000)
#define HOME	 (STATUS_KX | STATUS_SX | STATUS_UX)
#define EBASE	 UINT64_C(0xffffffff80000000)
#define V0	 2
#define A0	 4
#define A1	 5
#define RA	 31
#define XKSEG_VA UINT64_C(0xc000000000600000)

#define I_TYPE(opcode, rs, rt, immediate)                                                          \
	((uint32_t)(opcode) << 26 | (uint32_t)(rs) << 21 | (uint32_t)(rt) << 16 |                  \
	 ((uint32_t)(immediate)&0xffff))
#define COP0(rs, rt, number, select)                                                               \
	(0x40000000u | (uint32_t)(rs) << 21 | (uint32_t)(rt) << 16 | (uint32_t)(number) << 11 |    \
	 (select))
#define MFC0(rt, number, select)  COP0(0, rt, number, select)
#define DMFC0(rt, number, select) COP0(1, rt, number, select)
#define DMTC0(rt, number, select) COP0(5, rt, number, select)
#define DI(rt)			  (0x41606000u | (uint32_t)(rt) << 16)
#define EI(rt)			  (0x41606020u | (uint32_t)(rt) << 16)
#define ERET			  0x42000018u
#define WAIT			  0x42000020u
#define RDHWR(rt, number)	  (0x7c00003bu | (uint32_t)(rt) << 16 | (uint32_t)(number) << 11)

static struct vmm_config config;
static struct vmm *vmm;
static struct vm *vm;
static struct vcpu *vcpu;
static uint64_t *gpr;

static void set_status(uint32_t status)
{
	set_virtual_status(vcpu, status);
	vcpu_status_changed(vcpu);
}

static void make(void)
{
	fake_hal_reset(1, 4096, 4096);
	fake_config(&config, 1);
	vmm = fake_vmm(&config);
	vm = fake_vm(vmm, 2, 1024);
	fake_start(vm, ENTRY);
	vcpu = &vm->vcpu[0];
	gpr = fake_gpr(0);
	set_status(HOME);
}

static int setup(void **state)
{
	(void)state;
	config = (struct vmm_config){.l2tlb_entries = 64, .overcommit = true};
	make();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_end(vmm, vm);
	return 0;
}

static struct trap trap_of(enum mips_exception code, uint64_t pc, uint64_t address)
{
	return (struct trap){.pc = pc, .code = code, .bad_address = address};
}

/* ---- CP0 registers ---- */

/* Registers whose writes do more, each in a test of its own. */
static bool is_special(unsigned reg)
{
	static const uint8_t special[] = {CP0_RANDOM,  CP0_PAGEMASK, CP0_WIRED,	  CP0_COUNT,
					  CP0_STATUS,  CP0_CAUSE,    CP0_COMPARE, CP0_SEGCTL0,
					  CP0_SEGCTL1, CP0_SEGCTL2,  CP0_CONFIG5, CP0_CONFIG6};

	return memchr(special, (int)reg, sizeof(special));
}

static void every_register(void **state)
{
	(void)state;
	for (unsigned number = 0; number < 32; number++)
		for (unsigned select = 0; select < 8; select++) {
			unsigned reg = cp0_at[number][select];
			uint64_t value = UINT64_C(0xfedcba98f6543210) ^ number << 8, old, mask;
			uint64_t wanted;

			if (reg && is_special(reg - 1))
				continue;
			fake_privileged(vmm, 0, ENTRY, DMFC0(V0, number, select));
			old = gpr[V0];
			mask = reg ? cp0_description[reg - 1].write_mask : 0;
			gpr[A0] = value;
			assert_int_equal(fake_privileged(vmm, 0, ENTRY, DMTC0(A0, number, select)),
					 ENTRY + 4);
			wanted = reg ? (old & ~mask) | (value & mask) : 0;
			if (reg && cp0_description[reg - 1].width == 32)
				wanted = (uint64_t)(int32_t)wanted;
			fake_privileged(vmm, 0, ENTRY, DMFC0(V0, number, select));
			assert_int_equal(gpr[V0], wanted);
			fake_privileged(vmm, 0, ENTRY, MFC0(V0, number, select));
			assert_int_equal(gpr[V0], (uint64_t)(int32_t)wanted);
		}
}

static uint64_t read_register(unsigned number, unsigned select)
{
	fake_privileged(vmm, 0, ENTRY, DMFC0(V0, number, select));
	return gpr[V0];
}

static void write_register(unsigned number, unsigned select, uint64_t value)
{
	gpr[A0] = value;
	fake_privileged(vmm, 0, ENTRY, DMTC0(A0, number, select));
}

static void hidden_registers(void **state)
{
	(void)state;
	for (unsigned select = 2; select < 5; select++) { /* Segmentation Control */
		write_register(5, select, ~UINT64_C(0));
		assert_int_equal(read_register(5, select), 0);
	}
	write_register(16, 6, 1);
	assert_int_equal(read_register(16, 6), 0);
	write_register(16, 5, ~UINT64_C(0));
	assert_int_equal(read_register(16, 5), 0);
	assert_false(read_register(16, 3) & CONFIG3_SC);
	assert_true(read_register(16, 3) & CONFIG3_CMGCR);
}

static void registers_with_effects(void **state)
{
	(void)state;
	write_register(5, 0, 0x6000);
	assert_int_equal(read_register(5, 0), 0x6000);
	write_register(5, 0, 0x1fffe000);
	assert_int_equal(read_register(5, 0), 0x1fffe000);
	write_register(5, 0, 0x1fffe000 & ~0x8000); /* not a run of pairs of ones */
	assert_int_equal(read_register(5, 0), 0x6000);
	write_register(6, 0, 17);
	assert_int_equal(read_register(6, 0), 17);
	for (unsigned n = 0; n < 500; n++)
		assert_in_range(read_register(1, 0), 17, 63);
	write_register(10, 0, 0x2000 | 5); /* EntryHi: the ASID is the hardware's too */
	assert_int_equal(fake.cpu[0].cp0[CP0_ENTRYHI] & 0xff, 5);
	write_register(12, 0, HOME | STATUS_KSU); /* reserved: stays as it was */
	assert_int_equal(read_register(12, 0) & STATUS_KSU, STATUS_KSU_K);
	write_register(4, 2, 0x1234);
	assert_int_equal(fake.cpu[0].cp0[CP0_USERLOCAL], 0x1234);
	write_register(7, 0, 0xf);
	assert_false(fake.cpu[0].cp0[CP0_HWRENA] & 5); /* CPU number, counter: emulated */
}

static void count_and_compare(void **state)
{
	uint32_t before;

	(void)state;
	write_register(9, 0, 1000);
	before = (uint32_t)read_register(9, 0);
	fake.cycles += 2000;
	assert_in_range((uint32_t)read_register(9, 0) - before, 1000, 1100);
	write_register(11, 0, before + 5000);
	assert_false(read_register(13, 0) & CAUSE_TI);
	assert_true(fake.cpu[0].timer > fake.cycles);
	fake.cycles = fake.cpu[0].timer;
	fake.cpu[0].interrupts = HAL_INTERRUPT_TIMER;
	fake_trap(vmm, 0, &(struct trap){.pc = ENTRY, .code = EXC_INT});
	assert_true(read_register(13, 0) & CAUSE_TI);
	assert_true(read_register(13, 0) & CAUSE_IP_TIMER);
	write_register(11, 0, before);
	assert_false(read_register(13, 0) & (CAUSE_TI | CAUSE_IP_TIMER));
	write_register(13, 0, CAUSE_DC); /* Count stands still */
	before = (uint32_t)read_register(9, 0);
	fake.cycles += 5000;
	assert_int_equal((uint32_t)read_register(9, 0), before);
}

/* ---- instructions ---- */

static void interrupts_off_and_on(void **state)
{
	(void)state;
	set_status(HOME | STATUS_IE);
	fake_privileged(vmm, 0, ENTRY, DI(V0));
	assert_int_equal(gpr[V0], HOME | STATUS_IE);
	assert_int_equal(virtual_status(vcpu), HOME);
	fake_privileged(vmm, 0, ENTRY, EI(V0));
	assert_int_equal(gpr[V0], HOME);
	assert_int_equal(virtual_status(vcpu), HOME | STATUS_IE);
	fake_privileged(vmm, 0, ENTRY, DI(0)); /* $0 stays */
	assert_int_equal(gpr[0], 0);
}

/* EI with an interrupt waiting: it is taken before the next instruction. */
static void interrupt_at_once(void **state)
{
	(void)state;
	set_status(HOME | 1 << 8);
	vcpu->cp0[CP0_EBASE] = EBASE;
	vcpu->cp0[CP0_STATUS] &= ~(uint64_t)STATUS_BEV;
	write_register(13, 0, 1 << 8); /* software interrupt 0 */
	assert_int_equal(fake_privileged(vmm, 0, ENTRY, EI(0)), EBASE + VECTOR_GENERAL);
	assert_int_equal(vcpu->cp0[OPEN(CP0_EPC)], ENTRY + 4);
	assert_true(vcpu->cp0[CP0_STATUS] & STATUS_EXL);
	assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, 0);
}

static void interrupt_vectors(void **state)
{
	static const struct {
		uint32_t status, cause, spacing;
		uint64_t vector;
	} cases[] = {
		{0, 0, 0, EBASE + 0x180},
		{0, CAUSE_IV, 0, EBASE + 0x200},
		{0, CAUSE_IV, 1 << 5, EBASE + 0x200 + 0x20},
		{0, CAUSE_IV, 4 << 5, EBASE + 0x200 + 0x80},
		{STATUS_BEV, CAUSE_IV, 4 << 5, VECTOR_BEV_BASE + 0x200},
		{STATUS_BEV, 0, 0, VECTOR_BEV_BASE + 0x180},
	};

	(void)state;
	vcpu->cp0[CP0_EBASE] = EBASE;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_status(HOME | 3 << 8 | cases[i].status);
		vcpu->cp0[CP0_INTCTL] = cases[i].spacing;
		vcpu->cp0[CP0_CAUSE] = cases[i].cause | 2 << 8; /* software interrupt 1 */
		assert_int_equal(fake_privileged(vmm, 0, ENTRY, EI(0)), cases[i].vector);
	}
}

static void return_from_exception(void **state)
{
	unsigned cleared = fake.cpu[0].links_cleared;

	(void)state;
	vcpu->cp0[OPEN(CP0_EPC)] = 0x12345678;
	vcpu->cp0[OPEN(CP0_ERROREPC)] = 0x87654320;
	vcpu->link = true;
	set_status(HOME | STATUS_EXL | STATUS_ERL);
	assert_int_equal(fake_privileged(vmm, 0, ENTRY, ERET), 0x87654320);
	assert_int_equal(virtual_status(vcpu), HOME | STATUS_EXL);
	assert_int_equal(fake_privileged(vmm, 0, ENTRY, ERET), 0x12345678);
	assert_int_equal(virtual_status(vcpu), HOME);
	assert_false(vcpu->link);
	assert_int_equal(fake.cpu[0].links_cleared, cleared + 2);
}

static void wait_gives_the_cpu_up(void **state)
{
	(void)state;
	set_status(HOME | STATUS_IE | 1 << 15);
	fake_privileged(vmm, 0, ENTRY, WAIT);
	assert_int_equal(vcpu->run, VCPU_WAITING);
	assert_true(fake.cpu[0].idle);
	assert_int_equal(vcpu->context.pc, ENTRY + 4);
	assert_int_equal(vm->state, VM_RUNNING);
}

static void hardware_registers(void **state)
{
	struct trap trap = trap_of(EXC_RI, ENTRY, 0);

	(void)state;
	fake.code_va = ENTRY;
	vcpu->cp0[CP0_USERLOCAL] = 0xabc;
	fake.code[0] = RDHWR(V0, 29);
	fake_trap(vmm, 0, &trap);
	assert_int_equal(gpr[V0], 0xabc);
	assert_int_equal(trap.pc, ENTRY + 4);
	trap = trap_of(EXC_RI, ENTRY, 0);
	fake.code[0] = RDHWR(V0, 3);
	fake_trap(vmm, 0, &trap);
	assert_int_equal(gpr[V0], 2);
	set_status(HOME | STATUS_KSU_U); /* a program: only what HWREna lets it */
	trap = trap_of(EXC_RI, ENTRY, 0);
	fake_trap(vmm, 0, &trap);
	assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_RI << CAUSE_EXC_SHIFT);
	set_status(HOME | STATUS_KSU_U);
	vcpu->cp0[CP0_HWRENA] = 1 << 3;
	trap = trap_of(EXC_RI, ENTRY, 0);
	fake_trap(vmm, 0, &trap);
	assert_int_equal(trap.pc, ENTRY + 4);
	trap = trap_of(EXC_RI, ENTRY, 0);
	fake.code[0] = 0x0000000e; /* nothing */
	fake_trap(vmm, 0, &trap);
	assert_true(vcpu->cp0[CP0_STATUS] & STATUS_EXL);
}

/* ---- exceptions ---- */

static void coprocessors(void **state)
{
	struct trap trap;

	(void)state;
	vcpu->cp0[CP0_EBASE] = EBASE;
	set_status(HOME | STATUS_KSU_U);
	assert_int_equal(fake_privileged(vmm, 0, ENTRY, MFC0(V0, 12, 0)), EBASE + 0x180);
	assert_int_equal(vcpu->cp0[CP0_CAUSE] & (CAUSE_EXC | CAUSE_CE), EXC_CPU << CAUSE_EXC_SHIFT);
	assert_int_equal(vcpu->cp0[OPEN(CP0_EPC)], ENTRY);
	set_status(HOME | STATUS_KSU_U | STATUS_CU0); /* a program that may */
	assert_int_equal(fake_privileged(vmm, 0, ENTRY, MFC0(V0, 12, 0)), ENTRY + 4);
	assert_int_equal(gpr[V0], HOME | STATUS_KSU_U | STATUS_CU0);
	set_status(HOME);
	trap = trap_of(EXC_CPU, ENTRY, 0);
	trap.unit = 1;
	fake_trap(vmm, 0, &trap);
	assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_CE, 1 << CAUSE_CE_SHIFT);
}

static void reserved_instructions(void **state)
{
	static const uint32_t words[] = {
		0x42000000 | 31, 0x42000000 | 5, COP0(2, V0, 0, 0), COP0(11, V0, 13, 0), 0x41606001,
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		set_status(HOME);
		fake_privileged(vmm, 0, ENTRY, words[i]);
		assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_RI << CAUSE_EXC_SHIFT);
		assert_int_equal(vcpu->cp0[OPEN(CP0_EPC)], ENTRY);
	}
}

/* An exception in an exception handler leaves EPC alone. */
static void nested(void **state)
{
	struct trap trap = trap_of(EXC_SYS, ENTRY, 0);

	(void)state;
	vcpu->cp0[CP0_EBASE] = EBASE;
	trap.in_delay_slot = true;
	fake_trap(vmm, 0, &trap);
	assert_int_equal(trap.pc, EBASE + VECTOR_GENERAL);
	assert_true(vcpu->cp0[CP0_CAUSE] & CAUSE_BD);
	trap = trap_of(EXC_BP, EBASE + 0x200, 0);
	fake_trap(vmm, 0, &trap);
	assert_int_equal(vcpu->cp0[OPEN(CP0_EPC)], ENTRY);
	assert_true(vcpu->cp0[CP0_CAUSE] & CAUSE_BD);
	assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_BP << CAUSE_EXC_SHIFT);
}

static void tlb_refills(void **state)
{
	static const struct {
		uint32_t status;
		uint64_t va, offset;
	} cases[] = {
		{STATUS_UX, 0x123456789, 0x080},	{0, 0x12345678, 0x000},
		{STATUS_KX, 0x12345678, 0x000},		{HOME, 0xc000000012345678, 0x080},
		{HOME, 0xffffffffc2345678, 0x080},	{STATUS_KX, 0xffffffffc2345678, 0x000},
		{HOME | STATUS_EXL, 0x12345678, 0x180},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t va = cases[i].va;
		struct trap trap = trap_of(EXC_TLBS, ENTRY, va);

		vcpu->cp0[CP0_EBASE] = EBASE;
		set_status(cases[i].status);
		trap.refill = true;
		fake_trap(vmm, 0, &trap);
		assert_int_equal(trap.pc, EBASE + cases[i].offset);
		assert_int_equal(vcpu->cp0[CP0_BADVADDR], va);
		assert_int_equal(vcpu->cp0[CP0_ENTRYHI], va & (ENTRYHI_R | ENTRYHI_VPN2));
		assert_int_equal(vcpu->cp0[CP0_CONTEXT] & CONTEXT_BADVPN2,
				 va >> 9 & CONTEXT_BADVPN2);
		assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_TLBS << CAUSE_EXC_SHIFT);
	}
}

static void addresses_a_program_may_not_use(void **state)
{
	struct trap trap = trap_of(EXC_TLBL, ENTRY, UINT64_C(0xffffffffc0004000));

	(void)state;
	set_status(HOME | STATUS_KSU_U);
	trap.refill = true;
	fake_trap(vmm, 0, &trap);
	assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_ADEL << CAUSE_EXC_SHIFT);
}

/* 64 exceptions at one place of an exception handler: it will never end. */
static void wild(void **state)
{
	(void)state;
	set_status(HOME | STATUS_EXL);
	for (unsigned n = 0; n < 64; n++) {
		struct trap trap = trap_of(EXC_SYS, ENTRY, 0);

		assert_int_equal(vm->state, VM_RUNNING);
		fake_trap(vmm, 0, &trap);
	}
	fake_trap(vmm, 0, &(struct trap){.pc = ENTRY, .code = EXC_SYS});
	assert_int_equal(vm->state, VM_STOPPED);
	assert_int_equal(vm->stop, VM_STOP_WILD);
	assert_int_equal(vm->stop_address, ENTRY);
	assert_true(fake.cpu[0].idle);
}

/* What cannot be fetched any more is executed again. */
static void lost_instruction(void **state)
{
	struct trap trap = trap_of(EXC_CPU, ENTRY, 0);

	(void)state;
	fake.code_va = 0;
	fake_trap(vmm, 0, &trap);
	assert_int_equal(trap.pc, ENTRY);
	assert_int_equal(virtual_status(vcpu), HOME);
}

/* ---- delay slots ---- */

static void delay_slots(void **state)
{
	const uint64_t next = ENTRY + 8, there = ENTRY + 4 + 0x40;
	static const uint64_t minus = UINT64_C(0xffffffffffffffff);
	const struct {
		uint32_t branch;
		uint64_t a0, a1;
		uint64_t target;
	} cases[] = {
		{I_TYPE(4, A0, A1, 16), 5, 5, there}, /* BEQ */
		{I_TYPE(4, A0, A1, 16), 5, 6, next},
		{I_TYPE(5, A0, A1, 16), 5, 6, there}, /* BNE */
		{I_TYPE(5, A0, A1, 16), 5, 5, next},
		{I_TYPE(6, A0, 0, 16), 0, 0, there}, /* BLEZ */
		{I_TYPE(6, A0, 0, 16), 1, 0, next},
		{I_TYPE(7, A0, 0, 16), 1, 0, there}, /* BGTZ */
		{I_TYPE(7, A0, 0, 16), minus, 0, next},
		{I_TYPE(1, A0, 0, 16), minus, 0, there}, /* BLTZ */
		{I_TYPE(1, A0, 0, 16), 0, 0, next},
		{I_TYPE(1, A0, 1, 16), 0, 0, there}, /* BGEZ */
		{I_TYPE(1, A0, 1, 16), minus, 0, next},
		{I_TYPE(1, A0, 17, 16), 0, 0, there},  /* BGEZAL */
		{I_TYPE(20, A0, A1, 16), 1, 2, there}, /* BEQL: taken, or no delay slot */
		{I_TYPE(4, 0, 0, -2), 0, 0, ENTRY + 4 - 8},
		{0x00800008, 0x1234560, 0, 0x1234560},				    /* JR $4 */
		{0x0080f809, 0x1234560, 0, 0x1234560},				    /* JALR $4 */
		{0x08000000 | 0x100, 0, 0, (ENTRY & ~UINT64_C(0xfffffff)) | 0x400}, /* J */
		{0x45010010, 0, 0, there}, /* BC1T, condition 0 */
		{0x45000010, 0, 0, next},  /* BC1F */
		{0x45050010, 0, 0, next},  /* BC1T, condition 1 */
	};

	(void)state;
	fake.fcsr = 1 << 23;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trap trap = trap_of(EXC_CPU, ENTRY, 0);

		fake.code_va = ENTRY;
		fake.code[0] = cases[i].branch;
		fake.code[1] = MFC0(A0, 12, 0); /* overwrites what the branch looked at */
		gpr[A0] = cases[i].a0;
		gpr[A1] = cases[i].a1;
		trap.in_delay_slot = true;
		fake_trap(vmm, 0, &trap);
		assert_int_equal(trap.pc, cases[i].target);
		assert_int_equal(gpr[A0], HOME);
	}
}

/* ---- devices ---- */

static uint64_t device(uint32_t instruction, uint64_t gpa)
{
	struct trap trap = trap_of(EXC_TLBL, ENTRY, MIPS_CKSEG1 + gpa);

	fake.code_va = ENTRY;
	fake.code[0] = instruction;
	trap.refill = true;
	fake_trap(vmm, 0, &trap);
	return trap.pc;
}

static void devices(void **state)
{
	const uint64_t scratch = MAP_UART_BASE + 0x1c; /* register 7, a byte every 4 */
	static const uint32_t wrong[] = {
		I_TYPE(48, A0, V0, 0), /* LL */
		I_TYPE(56, A0, V0, 0), /* SC */
		I_TYPE(34, A0, V0, 0), /* LWL */
		I_TYPE(53, A0, V0, 0), /* LDC1 */
	};

	(void)state;
	vcpu->cp0[CP0_EBASE] = EBASE;
	gpr[V0] = 0xa5;
	assert_int_equal(device(I_TYPE(40, A0, V0, 0), scratch), ENTRY + 4); /* SB */
	gpr[V0] = 0;
	assert_int_equal(device(I_TYPE(36, A0, V0, 0), scratch), ENTRY + 4); /* LBU */
	assert_int_equal(gpr[V0], 0xa5);
	device(I_TYPE(32, A0, V0, 0), scratch); /* LB */
	assert_int_equal(gpr[V0], UINT64_C(0xffffffffffffffa5));
	device(I_TYPE(32, A0, 0, 0), scratch);
	assert_int_equal(gpr[0], 0);
	assert_int_equal(vcpu->stats.mmio_reads, 3);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		set_status(HOME);
		device(wrong[i], scratch);
		assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_DBE << CAUSE_EXC_SHIFT);
	}
	set_status(HOME);
	device(I_TYPE(35, A0, V0, 0), 0x1ff00000); /* nothing there */
	assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_DBE << CAUSE_EXC_SHIFT);
	set_status(HOME);
	fake_trap(vmm, 0,
		  &(struct trap){.pc = MIPS_CKSEG1 + MAP_UART_BASE,
				 .bad_address = MIPS_CKSEG1 + MAP_UART_BASE,
				 .code = EXC_TLBL,
				 .refill = true});
	assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_IBE << CAUSE_EXC_SHIFT);
}

/* ---- XKSEG without its bit ---- */

static uint8_t *map_xkseg(void)
{
	const uint64_t flags = CCA_CACHED << 3 | ENTRYLO_V | ENTRYLO_D | ENTRYLO_G;

	vmm->config.xkseg_bit = false;
	vcpu->cp0[CP0_ENTRYHI] = vcpu->cp0[CP0_BADVADDR] = XKSEG_VA;
	vcpu->cp0[OPEN(CP0_ENTRYLO0)] = 0x77 << 6 | flags;
	vcpu->cp0[OPEN(CP0_ENTRYLO1)] = ENTRYLO_G;
	assert_true(vtlb_write(vcpu, 5, false));
	return hal_page(vm->pmap[0x77].mpn);
}

static uint64_t xkseg(uint32_t instruction, uint64_t va)
{
	unsigned opcode = instruction >> 26;
	bool store = opcode >= 56 || (opcode >= 40 && opcode < 47);
	struct trap trap = trap_of(store ? EXC_ADES : EXC_ADEL, ENTRY, va);

	fake.code_va = ENTRY;
	fake.code[0] = instruction;
	fake_trap(vmm, 0, &trap);
	return trap.pc;
}

static void xkseg_links(void **state)
{
	uint8_t *page = map_xkseg();

	(void)state;
	*(uint32_t *)page = 100;
	for (unsigned l2tlb = 0; l2tlb < 2; l2tlb++) { /* with it and without */
		assert_int_equal(xkseg(I_TYPE(48, A0, V0, 0), XKSEG_VA), ENTRY + 4); /* LL */
		assert_int_equal(gpr[V0], 100);
		gpr[V0] = 7;
		*(uint32_t *)page = 101; /* another CPU's store */
		xkseg(I_TYPE(56, A0, V0, 0), XKSEG_VA);
		assert_int_equal(gpr[V0], 0);
		assert_int_equal(*(uint32_t *)page, 101);
		*(uint32_t *)page = 100;
		xkseg(I_TYPE(48, A0, V0, 0), XKSEG_VA);
		gpr[V0] = 7;
		xkseg(I_TYPE(56, A0, V0, 0), XKSEG_VA);
		assert_int_equal(gpr[V0], 1);
		assert_int_equal(*(uint32_t *)page, 7);
		*(uint32_t *)page = 100;
		xkseg(I_TYPE(48, A0, V0, 0), XKSEG_VA);
		fake_trap(vmm, 0, &(struct trap){.pc = ENTRY, .code = EXC_SYS});
		fake_privileged(vmm, 0, ENTRY, ERET);
		xkseg(I_TYPE(56, A0, V0, 0), XKSEG_VA);
		assert_int_equal(gpr[V0], 0);
		l2tlb_flush(vcpu);
	}
	assert_true(vcpu->stats.emulated_xkseg >= 8);
}

static void xkseg_wide_link(void **state)
{
	uint8_t *page = map_xkseg();

	(void)state;
	*(uint64_t *)page = UINT64_C(0x100000000);
	xkseg(I_TYPE(52, A0, V0, 0), XKSEG_VA);	   /* LLD */
	*(uint64_t *)page = UINT64_C(0x200000000); /* other in the upper half only */
	xkseg(I_TYPE(60, A0, V0, 0), XKSEG_VA);
	assert_int_equal(gpr[V0], 0);
	assert_int_equal(*(uint64_t *)page, UINT64_C(0x200000000));
}

static void xkseg_exceptions(void **state)
{
	(void)state;
	map_xkseg();
	vcpu->cp0[CP0_EBASE] = EBASE;
	assert_int_equal(xkseg(I_TYPE(35, A0, V0, 0), XKSEG_VA + 0x1000), EBASE + 0x180);
	assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_TLBL << CAUSE_EXC_SHIFT);
	set_status(HOME);
	assert_int_equal(xkseg(I_TYPE(35, A0, V0, 0), XKSEG_VA + 0x10000), EBASE + 0x080);
	set_status(HOME);
	xkseg(I_TYPE(53, A0, V0, 0), XKSEG_VA); /* LDC1: not emulated */
	assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_ADEL << CAUSE_EXC_SHIFT);
	set_status(HOME | STATUS_KSU_U); /* a program has no XKSEG */
	xkseg(I_TYPE(35, A0, V0, 0), XKSEG_VA);
	assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_ADEL << CAUSE_EXC_SHIFT);
	set_status(HOME);
	fake_trap(vmm, 0,
		  &(struct trap){.pc = XKSEG_VA, .code = EXC_ADEL, .bad_address = XKSEG_VA});
	assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_ADEL << CAUSE_EXC_SHIFT);
}

/* ---- unmapped segments without Segmentation Control ---- */

static uint32_t *start_unmapped(void)
{
	vmm->config.segctl = false;
	return (uint32_t *)hal_page(pmap_get(vm, 1, 0)->mpn);
}

static struct trap execute(uint64_t pc)
{
	struct trap trap = trap_of(EXC_ADEL, pc, pc);

	fake_trap(vmm, 0, &trap);
	return trap;
}

static void unmapped_start(void **state)
{
	static const uint32_t words[] = {
		I_TYPE(15, 0, 8, 0xc000),  /* LUI $8, 0xc000 */
		I_TYPE(13, 8, 9, 0x8001),  /* ORI */
		I_TYPE(12, 9, 10, 0xffff), /* ANDI */
		I_TYPE(25, 8, 11, -1),	   /* DADDIU */
		I_TYPE(9, 8, 12, 0x7fff),  /* ADDIU */
		0x00086c38,		   /* DSLL $13, $8, 16 */
		0x0008703c,		   /* DSLL32 $14, $8, 0 */
		0x00097c40,		   /* SLL $15, $9, 17 */
		0x01098025,		   /* OR $16, $8, $9 */
		0x0109882d,		   /* DADDU $17, $8, $9 */
		0x7d5240c4,		   /* INS $18, $10, 3, 6 */
		DMTC0(8, 14, 0),	   /* EPC */
		MFC0(19, 12, 0),	   /* Status */
		0x000000c0,		   /* EHB */
		0x01000008,		   /* JR $8 */
		I_TYPE(13, 0, 20, 0x77),   /* its delay slot */
	};
	uint32_t *code = start_unmapped();
	const uint64_t base = UINT64_C(0xffffffffc0000000);
	struct trap trap;

	(void)state;
	memcpy(code, words, sizeof(words));
	gpr[18] = UINT64_C(0xffffffff);
	trap = execute(MIPS_CKSEG1 + 0x1000);
	assert_int_equal(trap.pc, base);
	assert_int_equal(gpr[8], base);
	assert_int_equal(gpr[9], base | 0x8001);
	assert_int_equal(gpr[10], 0x8001);
	assert_int_equal(gpr[11], base - 1);
	assert_int_equal(gpr[12], base + 0x7fff);
	assert_int_equal(gpr[13], base << 16);
	assert_int_equal(gpr[14], base << 32);
	assert_int_equal(gpr[15], 0x20000);
	assert_int_equal(gpr[16], base | 0x8001);
	assert_int_equal(gpr[17], base + (base | 0x8001));
	assert_int_equal(gpr[18], UINT64_C(0xfffffffffffffe0f)); /* bits 3 to 8 from 0x8001: 1 */
	assert_int_equal(vcpu->cp0[OPEN(CP0_EPC)], base);
	assert_int_equal(gpr[19], HOME);
	assert_int_equal(gpr[20], 0x77);
	assert_int_equal(vm->state, VM_RUNNING);
}

static void unmapped_stops(void **state)
{
	static const uint32_t wrong[] = {
		I_TYPE(35, 8, 9, 0), /* LW */
		I_TYPE(63, 8, 9, 0), /* SD */
		I_TYPE(4, 0, 0, 5),  /* BEQ */
		0x0000000c,	     /* SYSCALL */
	};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint32_t *code = start_unmapped();

		code[0] = 0;
		code[1] = wrong[i];
		execute(MIPS_CKSEG0 + 0x1000);
		assert_int_equal(vm->stop, VM_STOP_UNMAPPED);
		assert_int_equal(vm->stop_address, MIPS_CKSEG0 + 0x1004);
		teardown(state);
		setup(state);
	}
}

/* A load by an instruction in a mapped segment, a jump to nowhere. */
static void unmapped_data_and_nowhere(void **state)
{
	struct trap trap;

	start_unmapped();
	trap = trap_of(EXC_ADES, ENTRY, MIPS_CKSEG0 + 0x2000);
	fake_trap(vmm, 0, &trap);
	assert_int_equal(vm->stop, VM_STOP_UNMAPPED);
	assert_int_equal(vm->stop_address, ENTRY);
	teardown(state);
	setup(state);
	start_unmapped();
	execute(MIPS_CKSEG1 + 0x1f000000); /* not RAM */
	assert_int_equal(vm->stop, VM_STOP_UNMAPPED);
}

/* A loop there does not keep the monitor: each entry ends after a while. */
static void unmapped_loop(void **state)
{
	uint32_t *code = start_unmapped();

	(void)state;
	code[0] = 0x01000008; /* JR $8, NOP */
	code[1] = 0;
	gpr[8] = MIPS_CKSEG0 + 0x1000;
	for (unsigned n = 0; n < 100; n++)
		assert_int_equal(execute(MIPS_CKSEG0 + 0x1000).pc, MIPS_CKSEG0 + 0x1000);
	assert_int_equal(vm->state, VM_RUNNING);
}

/* A program's address error is its own affair. */
static void unmapped_program(void **state)
{
	(void)state;
	start_unmapped();
	set_status(HOME | STATUS_KSU_U);
	execute(MIPS_CKSEG0 + 0x1000);
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_ADEL << CAUSE_EXC_SHIFT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_register),
		TEST(hidden_registers),
		TEST(registers_with_effects),
		TEST(count_and_compare),
		TEST(interrupts_off_and_on),
		TEST(interrupt_at_once),
		TEST(interrupt_vectors),
		TEST(return_from_exception),
		TEST(wait_gives_the_cpu_up),
		TEST(hardware_registers),
		TEST(coprocessors),
		TEST(reserved_instructions),
		TEST(nested),
		TEST(tlb_refills),
		TEST(addresses_a_program_may_not_use),
		TEST(wild),
		TEST(lost_instruction),
		TEST(delay_slots),
		TEST(devices),
		TEST(xkseg_links),
		TEST(xkseg_wide_link),
		TEST(xkseg_exceptions),
		TEST(unmapped_start),
		TEST(unmapped_stops),
		TEST(unmapped_data_and_nowhere),
		TEST(unmapped_loop),
		TEST(unmapped_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
