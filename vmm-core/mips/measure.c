/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures the monitor's operations as compiled for MIPS, on the simulated CPU: where charge.def
 * comes from. A bare program: it makes a monitor with one VM in its own memory, puts the hardware's
 * TLB entries there that a guest would have, and calls vmm_trap() with made-up exceptions. Count
 * runs at half the clock and an instruction takes a cycle, so ticks * 2 / repetitions is
 * instructions. Built with the runtime of tests/guest/priv. Prints "NAME cycles" lines.
 */
#define trap runtime_trap /* has a structure of that name, too */
#include "runtime.h"
#undef trap
#include "cpu_area.h"
#include "vm.h"

PROGRAM_NAME;

#define REPEAT	   64
#define CODE_PA	   UINT64_C(0x00400000)		/* of the VM: where the made-up instructions are */
#define GUEST_PC   UINT64_C(0x0000000000010000) /* useg page mapped to it by the guest */
#define MONITOR_PA UINT64_C(0x04000000)
#define FIRST_MPN  0x6000 /* 96 MiB */
#define MPNS	   0x4000

extern const uint32_t refill_entry[], refill_end[], long_entry[], return_to_guest[], general_end[];

static struct cpu_area cpu_area;
static struct vmm *vmm;
static struct vcpu *vcpu;
static uint32_t *code; /* the guest's page */

static uint64_t ticks(void)
{
	return cp0_get32(C0_COUNT);
}

static void report(const char *name, uint64_t cycles)
{
	print("measure ");
	print(name);
	print(" ");
	print_dec(cycles);
	print("\n");
}

static void prepare(enum mips_exception code_, uint64_t bad, bool refill)
{
	cpu_area.trap = (struct trap){
		.gpr = cpu_area.gpr,
		.pc = GUEST_PC,
		.bad_address = bad,
		.code = code_,
		.refill = refill,
	};
}

static void guest_state(void)
{
	vcpu->cp0[CP0_STATUS] = STATUS_KX | STATUS_SX | STATUS_UX;
	vcpu_status_changed(vcpu);
	vcpu->check_interrupts = false;
	vcpu->flush_pending = false;
}

/* Cycles of one vmm_trap() of the kind, without the measuring itself. @reset: between two. */
static uint64_t measure(enum mips_exception kind, uint64_t bad, bool refill, uint32_t instruction,
			void (*reset)(void))
{
	uint64_t sum = 0, empty = 0;

	for (unsigned i = 0; i < REPEAT; i++) {
		uint64_t start;

		guest_state();
		if (reset)
			reset();
		code[0] = instruction;
		prepare(kind, bad, refill);
		start = ticks();
		vmm_trap(vmm, 0, &cpu_area.trap);
		sum += (uint32_t)(ticks() - start);
		start = ticks();
		empty += (uint32_t)(ticks() - start);
	}
	return (sum - empty) * 2 / REPEAT;
}

/* The guest's TLB entry for its code page, in the virtual TLB and everywhere else. */
static void map_code(void)
{
	vcpu->cp0[CP0_ENTRYHI] = GUEST_PC & ~UINT64_C(0x1fff);
	vcpu->cp0[CP0_ENTRYLO0] = CODE_PA >> 12 << 6 | 3 << 3 | ENTRYLO_D | ENTRYLO_V;
	vcpu->cp0[CP0_ENTRYLO1] = (CODE_PA + 0x1000) >> 12 << 6 | 3 << 3 | ENTRYLO_D | ENTRYLO_V;
	vcpu->cp0[CP0_PAGEMASK] = 0;
	vcpu->cp0[CP0_BADVADDR] = GUEST_PC;
	vtlb_write(vcpu, 5, false);
}

static void set_up_entry(void)
{
	/* A page the guest has just looked up in its page table. */
	vcpu->cp0[CP0_ENTRYHI] = 0x40000;
	vcpu->cp0[CP0_BADVADDR] = 0x40000;
	vcpu->cp0[CP0_ENTRYLO0] = 0x500 << 6 | 3 << 3 | ENTRYLO_V;
	vcpu->cp0[CP0_ENTRYLO1] = 0x501 << 6 | 3 << 3 | ENTRYLO_V;
	vcpu->cp0[CP0_INDEX] = 9;
}

static void drop_linear(void)
{
	hal_tlb_remove(0xa8 * (UINT64_C(1) << 56) & (ENTRYHI_R | ENTRYHI_VPN2));
	hal_tlb_flush();
}

static void raise_interrupt(void)
{
	vcpu->cp0[CP0_STATUS] |= STATUS_IE | 4 << STATUS_IM_SHIFT;
	vcpu_set_pin(vcpu, 2, true);
}

static uint64_t count_static(const uint32_t *from, const uint32_t *to)
{
	return (uint64_t)(to - from);
}

static void start_monitor(void)
{
	static const uint64_t arguments[4];
	static struct vm_config vm = {.name = "measure", .vcpus = 1, .memory = 32 << 20};
	struct vmm_config config = {
		.cpus = 1,
		.nodes = 1,
		.cycles_per_ms = 200000,
		.tlb_entries = 64,
		.l2tlb_entries = 4096,
		.slice_cycles = 400000,
		.large_pages = true,
	};
	uint8_t *memory = (uint8_t *)(MIPS_CKSEG0 + MONITOR_PA);
	unsigned number;
	size_t length = 8;

	config.node_start[0].value = FIRST_MPN;
	config.node_pages[0] = MPNS;
	__asm__ volatile("dmtc0 %0, $31, 3\n\tehb" ::"r"(&cpu_area));
	vmm_create(&vmm, memory, &config);
	memory += (vmm_memory_needed(&config) + 4095) & ~4095ull;
	vmm_vm_create(vmm, &vm, memory, &number);
	code = vmm->vm[0]->guest_memory.map(vmm->vm[0], CODE_PA, &length, true);
	vmm_vm_start(vmm, 0, GUEST_PC, arguments);
	prepare(EXC_INT, 0, false);
	vmm_cpu_start(vmm, 0, &cpu_area.trap);
	vcpu = &vmm->vm[0]->vcpu[0];
	guest_state();
	cpu_area.trap.pc = GUEST_PC;
	map_code();
}

void test(void)
{
	const uint64_t linear = UINT64_C(0xa800000000000000);

	start_monitor();
	report("REFILL_PATH", count_static(refill_entry, refill_end));
	/* With the first ten of general_entry, which find that it is not a quick one. */
	report("ENTRY_EXIT_PATH", count_static(long_entry, general_end) + 10);
	report("SYSCALL", measure(EXC_SYS, 0, false, 0, NULL));
	report("MFC0_STATUS", measure(EXC_CPU, 0, false, 0x40026000, NULL));
	report("MTC0_EPC", measure(EXC_CPU, 0, false, 0x40a27000, NULL));
	report("MTC0_STATUS", measure(EXC_CPU, 0, false, 0x40826000, NULL));
	report("MTC0_ENTRYHI", measure(EXC_CPU, 0, false, 0x40a05000, NULL));
	report("DI", measure(EXC_CPU, 0, false, 0x41626000, NULL));
	report("ERET", measure(EXC_CPU, 0, false, 0x42000018, NULL));
	report("CACHE_INDEX", measure(EXC_CPU, 0, false, 0xbc000000, NULL));
	report("CACHE_HIT", measure(EXC_CPU, 0, false, 0xbc150000 | 0x10, NULL));
	report("TLBP_MISS", measure(EXC_CPU, 0, false, 0x42000008, set_up_entry));
	report("TLBR", measure(EXC_CPU, 0, false, 0x42000001, set_up_entry));
	map_code();
	report("TLBWI", measure(EXC_CPU, 0, false, 0x42000002, set_up_entry));
	report("REFILL_GUEST", measure(EXC_TLBL, 0x123456000, true, 0, NULL));
	report("REFILL_LINEAR", measure(EXC_TLBL, linear, true, 0, drop_linear));
	map_code();
	report("MMIO_READ",
	       measure(EXC_TLBL, UINT64_C(0x900000001bdc0010), true, 0x8c820010, NULL));
	report("INTERRUPT", measure(EXC_CPU, 0, false, 0x41626020, raise_interrupt));
	vcpu_set_pin(vcpu, 2, false);
}
