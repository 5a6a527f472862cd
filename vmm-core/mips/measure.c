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
#include "insn.h"
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
	set_virtual_status(vcpu, STATUS_KX | STATUS_SX | STATUS_UX);
	vcpu_status_changed(vcpu);
	vcpu->check_interrupts = false;
	vcpu->cp0[SLOT_COUNTDOWN] = 0; /* nothing is considered for rewriting */
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

static uint64_t code_global;

/* The guest's TLB entry for its code page, in the virtual TLB and everywhere else. */
static void map_code(void)
{
	vcpu->cp0[CP0_ENTRYHI] = GUEST_PC & ~UINT64_C(0x1fff);
	vcpu->cp0[OPEN(CP0_ENTRYLO0)] =
		CODE_PA >> 12 << 6 | 3 << 3 | ENTRYLO_D | ENTRYLO_V | code_global;
	vcpu->cp0[OPEN(CP0_ENTRYLO1)] =
		(CODE_PA + 0x1000) >> 12 << 6 | 3 << 3 | ENTRYLO_D | ENTRYLO_V | code_global;
	vcpu->cp0[CP0_PAGEMASK] = 0;
	vcpu->cp0[CP0_BADVADDR] = GUEST_PC;
	vtlb_write(vcpu, 5, false);
}

static void set_up_entry(void)
{
	/* A page the guest has just looked up in its page table. */
	vcpu->cp0[CP0_ENTRYHI] = 0x40000;
	vcpu->cp0[CP0_BADVADDR] = 0x40000;
	vcpu->cp0[OPEN(CP0_ENTRYLO0)] = 0x500 << 6 | 3 << 3 | ENTRYLO_V;
	vcpu->cp0[OPEN(CP0_ENTRYLO1)] = 0x501 << 6 | 3 << 3 | ENTRYLO_V;
	vcpu->cp0[CP0_INDEX] = 9;
}

static void drop_linear(void)
{
	hal_tlb_remove(0xa8 * (UINT64_C(1) << 56) & (ENTRYHI_R | ENTRYHI_VPN2));
	hal_tlb_flush();
}

static void raise_interrupt(void)
{
	set_virtual_status(vcpu, virtual_status(vcpu) | STATUS_IE | 4 << STATUS_IM_SHIFT);
	vcpu_set_pin(vcpu, 2, true);
}

/* The register pages have to be mapped again. */
static void drop_register_page(void)
{
	vcpu->vm->rewriting = true;
	vcpu->page_mapped = PAGE_UNMAPPED;
	attend(vcpu);
}

/* The site is not rewritten yet, and its turn has come. */
static void consider_again(void)
{
	vcpu->vm->rewriting = true;
	vcpu->page_mapped = PAGE_OPEN;
	vcpu->cp0[SLOT_COUNTDOWN] = 0;
}

static void rewriting(void)
{
	report("REGISTER_PAGE", measure(EXC_CPU, 0, false, 0x41626000, drop_register_page));
	map_code();
	report("REWRITE", measure(EXC_CPU, 0, false, 0x40a27000, consider_again));
	vcpu->vm->rewriting = false;
	vcpu->page_mapped = PAGE_UNMAPPED;
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
		.l2tlb_entries = 1 << L2TLB_ORDER,
		.slice_cycles = 400000,
		.large_pages = true,
		.rewrite = true,
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
	vcpu->vm->rewriting = false; /* except where that is measured */
	guest_state();
	cpu_area.trap.pc = GUEST_PC;
	map_code();
}

/* ---- the quick paths of entry.S, executed: a guest in supervisor mode takes real exceptions ----
 */

/*
 * Vectors for it: a BREAK comes back to C, TLB refills are refill_entry's, all else is
 * general_entry's. quick_enter() goes to @pc with Status = @status and the registers of @gpr, and
 * returns with them at the BREAK.
 */
void quick_enter(uint64_t pc, uint64_t status, uint64_t *gpr);
extern const uint32_t quick_vectors[];
#define ALL "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25"
__asm__(".pushsection .text.vectors2, \"ax\"\n"
	".set push\n.set noreorder\n.set noat\n"
	".balign 4096\n.globl quick_vectors\nquick_vectors:\n"
	".space 0x80\n"
	"j refill_entry\nnop\n"
	".space 0xf8\n"
	"mfc0 $26, $13\nandi $26, $26, 0x7c\nxori $26, $26, 0x24\n"
	"beqz $26, quick_return\nnop\nj general_entry\nnop\n"
	".globl quick_enter\nquick_enter:\n"
	"dla $8, quick_saved\n"
	".irp n, 16,17,18,19,20,21,22,23,28,29,30,31\nsd $\\n, 8*\\n($8)\n.endr\n"
	"sd $6, 0($8)\n"
	"dmtc0 $4, $14\nori $5, $5, 2\nmtc0 $5, $12\nmove $27, $6\n"
	".irp n, " ALL ",26,28,29,30,31\nld $\\n, 8*\\n($27)\n.endr\n"
	"ld $27, 8*27($27)\neret\n"
	"quick_return:\n"
	"dmtc0 $27, $31, 2\ndla $26, quick_saved\nld $27, 0($26)\n"
	".irp n, " ALL ",28,29,30,31\nsd $\\n, 8*\\n($27)\n.endr\n"
	"dmfc0 $8, $31, 2\nsd $8, 8*27($27)\n"
	".irp n, 16,17,18,19,20,21,22,23,28,29,30,31\nld $\\n, 8*\\n($26)\n.endr\n"
	"li $8, 0xe0\nmtc0 $8, $12\nehb\njr $31\nnop\n"
	".set pop\n.popsection\n"
	".pushsection .bss\n.balign 16\nquick_saved: .space 256\n.popsection\n");

#define STUB	    8 /* instructions of the vector above, and the one that traps */
#define REFILL_STUB 3 /* the same of refills */
#define SUPERVISOR  (STATUS_64BIT | STATUS_KSU_S)

static uint64_t gpr[32];
static uint32_t asid;

/* Runs @words and a BREAK with the virtual Status @status; returns the cycles it took. */
static uint64_t run_as(uint32_t status, const uint32_t *words, unsigned count)
{
	uint64_t start;

	guest_state();
	set_virtual_status(vcpu, status);
	vcpu_status_changed(vcpu);
	vcpu_apply_status(vcpu);
	for (unsigned i = 0; i < count; i++)
		code[i] = words[i];
	code[count] = BREAK;
	cp0_set32(C0_ENTRYHI, asid);
	start = ticks();
	quick_enter(GUEST_PC, vcpu->mode == GUEST_USER ? STATUS_64BIT | STATUS_KSU_U : SUPERVISOR,
		    gpr);
	return (uint32_t)(ticks() - start) * 2;
}

/* As the guest's kernel. */
static uint64_t run_guest(const uint32_t *words, unsigned count)
{
	return run_as(STATUS_64BIT, words, count);
}

static uint64_t cost_of(uint32_t instruction)
{
	uint32_t words[65];
	uint64_t none, all;

	for (unsigned i = 0; i < 64; i++)
		words[i] = instruction;
	none = run_guest(words, 0);
	all = run_guest(words, 64);
	return (all - none) / 64 - STUB;
}

/* DI in the delay slot of a BEQZ that is not taken, without what DI alone costs. */
static uint64_t cost_of_branch(void)
{
	uint32_t words[64];
	uint64_t none, all;

	for (unsigned i = 0; i < 64; i += 2) {
		words[i] = BEQ(V1, ZERO, 1);
		words[i + 1] = DI(V0);
	}
	none = run_guest(words, 0);
	all = run_guest(words, 64);
	return (all - none) / 32 - STUB - 1 - cost_of(DI(V0));
}

/* Reads into, and writes from, every general register. */
static void quick_moves(void)
{
	for (unsigned r = 1; r < 32; r++) {
		const uint32_t read[] = {MFC0(r, 12, 0)}, wide[] = {DMFC0(r, 8, 0)};
		const uint32_t write[] = {DMTC0(r, 31, 4)}, narrow[] = {MTC0(r, 2, 0)};

		about("register", r, 0, 0, 0);
		for (unsigned i = 1; i < 32; i++)
			gpr[i] = UINT64_C(0x1111000000000000) + i;
		vcpu->cp0[CP0_BADVADDR] = UINT64_C(0xc000000012345678) + r;
		run_guest(wide, 1);
		if (r != 26)
			check_eq("DMFC0 BadVAddr", gpr[r], vcpu->cp0[CP0_BADVADDR]);
		for (unsigned i = 1; i < 32; i++)
			if (i != r && i != 26)
				check_eq("others keep", gpr[i], UINT64_C(0x1111000000000000) + i);
		run_guest(read, 1);
		if (r == 26) /* the vector above uses it */
			continue;
		check_eq("MFC0 Status", gpr[r], STATUS_64BIT);
		gpr[r] = UINT64_C(0xfedcba9876543210) + r;
		run_guest(write, 1);
		check_eq("DMTC0 KScratch3", vcpu->cp0[OPEN(CP0_KSCRATCH3)],
			 UINT64_C(0xfedcba9876543210) + r);
		run_guest(narrow, 1);
		check_eq("MTC0 EntryLo0 by its mask", vcpu->cp0[OPEN(CP0_ENTRYLO0)],
			 (UINT64_C(0xfedcba9876543210) + r) & UINT64_C(0x3ffffffff));
	}
}

static void quick_others(void)
{
	static const uint32_t cache[] = {CACHE(0x15, 8, A0), CACHE(0x00, 0, A0),
					 CACHE(0x10, -4, A1)};
	static const uint32_t return_di[] = {JR(RA), DI(V0), SYSCALL, ADDIU(V1, ZERO, 7)};
	static const uint32_t ei[] = {EI(V0), MFC0(V1, 12, 0), DI(T0), MFC0(T1, 12, 0)};

	about("others", 0, 0, 0, 0);
	run_guest(ei, COUNT_OF(ei));
	check_eq("EI gives the old Status", gpr[V0], STATUS_64BIT);
	check_eq("EI enables", gpr[V1], STATUS_64BIT | STATUS_IE);
	check_eq("DI gives the old Status", gpr[T0], STATUS_64BIT | STATUS_IE);
	check_eq("DI disables", gpr[T1], STATUS_64BIT);
	gpr[A0] = UINT64_C(0xffffffff80001000);
	gpr[A1] = UINT64_C(0x9800000000002000);
	run_guest(cache, COUNT_OF(cache));
	check_eq("CACHE goes on", cp0_get32(C0_EPC), GUEST_PC + 4 * COUNT_OF(cache));
	gpr[RA] = GUEST_PC + 12;
	gpr[V1] = 0;
	run_guest(return_di, COUNT_OF(return_di));
	check_eq("DI in the delay slot of JR $31", gpr[V1], 7);
	check_eq("EPC after it", cp0_get32(C0_EPC), GUEST_PC + 16);
	/* BEQZ over one instruction, taken and not, with DI in its delay slot. */
	for (unsigned r = 1; r < 26; r++)
		for (unsigned taken = 0; taken < 2; taken++) {
			const uint32_t words[] = {BEQ(r, ZERO, 2), DI(ZERO), ADDIU(r, r, 16)};

			about("BEQZ", r, taken, 0, 0);
			gpr[r] = !taken;
			run_guest(words, COUNT_OF(words));
			check_eq("goes on", gpr[r], taken ? 0 : 17);
		}
}

/* The cycles of @instruction alone, whose exception costs @stub before it gets anywhere. */
static uint64_t cost_once(uint32_t status, uint32_t instruction, unsigned stub)
{
	uint64_t none = run_as(status, &instruction, 0);

	return run_as(status, &instruction, 1) - none - stub;
}

static void check_mode(enum guest_mode mode, uint32_t status)
{
	const struct pcpu *cpu = &vmm->cpu[0];
	uint32_t ksu = mode == GUEST_USER ? STATUS_KSU_U : STATUS_KSU_S;

	check_eq("mode", vcpu->mode, mode);
	check_eq("Status", virtual_status(vcpu), status);
	check_eq("real Status", vcpu->real_status & STATUS_KSU, ksu);
	check_eq("CPU's Status", cpu->status, vcpu->real_status);
	check_eq("Status for the return", cpu_area.status & STATUS_KSU, ksu);
	check_eq("registers of kernel mode", (uintptr_t)cpu_area.quick,
		 mode == GUEST_USER ? 0 : (uintptr_t)vcpu->cp0);
	check_eq("as the core has it", (uintptr_t)cpu->quick, (uintptr_t)cpu_area.quick);
}

static void quick_status(void)
{
	const uint32_t home = STATUS_64BIT, in_handler = home | STATUS_KSU_U | STATUS_EXL;
	const uint32_t write[] = {MTC0(A0, 12, 0)}, eret[] = {ERET}, count[] = {MFC0(V0, 9, 0)};
	const uint32_t probe[] = {TLBP};
	const uint64_t found[2] = {ENTRYLO_V, ENTRYLO_V};
	uint32_t before;

	about("Status", 0, 0, 0, 0);
	gpr[A0] = home | STATUS_IE | STATUS_CU0 | 0x0400;
	run_guest(write, 1);
	check_mode(GUEST_KERNEL, (uint32_t)gpr[A0]);
	gpr[A0] = home | STATUS_EXL | STATUS_KSU_U;
	run_guest(write, 1);
	check_mode(GUEST_KERNEL, (uint32_t)gpr[A0]);
	gpr[A0] = home;
	report("QUICK_STATUS_WRITE", cost_of(MTC0(A0, 12, 0)));
	about("ERET", 0, 0, 0, 0);
	vcpu->cp0[OPEN(CP0_EPC)] = GUEST_PC + 4;
	run_as(home | STATUS_EXL, eret, 1);
	check_mode(GUEST_KERNEL, home);
	report("QUICK_ERET", cost_once(home | STATUS_EXL, ERET, STUB));
	run_as(in_handler, eret, 1);
	check_mode(GUEST_USER, home | STATUS_KSU_U);
	report("QUICK_ERET_USER", cost_once(in_handler, ERET, STUB));
	about("TLBP", 0, 0, 0, 0);
	vcpu->cp0[CP0_ENTRYHI] = GUEST_PC;
	run_guest(probe, 1);
	check_eq("Index", vcpu->cp0[CP0_INDEX], 5);
	report("QUICK_TLBP", cost_of(TLBP));
	vcpu->cp0[CP0_ENTRYHI] = 0x7000000;
	l2tlb_insert(vcpu, 0x7000000, false, found);
	hal_tlb_write(0x7000000, found, 0, true);
	run_guest(probe, 1);
	check_eq("nothing", vcpu->cp0[CP0_INDEX], INDEX_P);
	check_eq("nor in the L2TLB", l2tlb_find(vcpu, 0x7000000) != NULL, 0);
	cp0_set(C0_ENTRYHI, 0x7000000);
	__asm__ volatile("ehb\n\ttlbp\n\tehb");
	check_eq("nor in the hardware", cp0_get32(C0_INDEX) >> 31 & 1, 1);
	report("QUICK_TLBP_MISS", cost_of(TLBP));
	about("Count", 0, 0, 0, 0);
	before = vcp0_count(vcpu);
	run_guest(count, 1);
	check_eq("between before and after", gpr[V0] - before < vcp0_count(vcpu) - before, 1);
	report("QUICK_COUNT", cost_of(MFC0(V0, 9, 0)));
}

/* Exceptions that are the guest's: its vectors are in the code page, too. */
static void quick_reflection(void)
{
	const uint32_t home = STATUS_64BIT | STATUS_KSU_U, call[] = {NOP, SYSCALL};
	const uint32_t load[] = {BEQ(ZERO, ZERO, 1), LW(V0, 0, A0)};

	vcpu->cp0[CP0_EBASE] = GUEST_PC;
	code[0x180 / 4] = code[0x80 / 4] = BREAK;
	about("SYSCALL", 0, 0, 0, 0);
	run_as(home, call, 2);
	check_mode(GUEST_KERNEL, home | STATUS_EXL);
	check_eq("EPC", vcpu->cp0[OPEN(CP0_EPC)], GUEST_PC + 4);
	check_eq("ExcCode", vcpu->cp0[CP0_CAUSE] & (CAUSE_EXC | CAUSE_BD), EXC_SYS << 2);
	check_eq("at the vector", cp0_get(C0_EPC), GUEST_PC + 0x180);
	report("QUICK_CALL", cost_once(home, SYSCALL, STUB));
	about("refill", 0, 0, 0, 0);
	gpr[A0] = 0x7654321000;
	vcpu->cp0[CP0_CONTEXT] = UINT64_C(0xaaaaaaaaaa800000);
	vcpu->cp0[CP0_XCONTEXT] = UINT64_C(0xbbbbbbba00000000);
	run_as(home, load, 2);
	check_mode(GUEST_KERNEL, home | STATUS_EXL);
	check_eq("EPC of the branch", vcpu->cp0[OPEN(CP0_EPC)], GUEST_PC);
	check_eq("BD, ExcCode", (uint32_t)vcpu->cp0[CP0_CAUSE] & (CAUSE_EXC | CAUSE_BD),
		 CAUSE_BD | EXC_TLBL << 2);
	check_eq("BadVAddr", vcpu->cp0[CP0_BADVADDR], gpr[A0]);
	check_eq("EntryHi", vcpu->cp0[CP0_ENTRYHI], gpr[A0] & ~UINT64_C(0x1fff));
	check_eq("Context", vcpu->cp0[CP0_CONTEXT],
		 UINT64_C(0xaaaaaaaaaa800000) | (gpr[A0] >> 13 << 4 & 0x7ffff0));
	check_eq("XContext", vcpu->cp0[CP0_XCONTEXT],
		 UINT64_C(0xbbbbbbba00000000) | gpr[A0] >> 13 << 4);
	check_eq("at the vector", cp0_get(C0_EPC), GUEST_PC + 0x80);
	report("QUICK_REFILL", cost_once(home, LW(V0, 0, A0), REFILL_STUB));
	check_eq("BD", (uint32_t)vcpu->cp0[CP0_CAUSE] & CAUSE_BD, 0);
}

/* Refills that are answered, from supervisor mode: the uncached window of xkphys is open to it. */
static void quick_refills(void)
{
	const uint64_t window = MIPS_XKPHYS | (uint64_t)CCA_UNCACHED << 59;
	const uint64_t page = 0x3000, small = UINT64_C(0x5000);
	const uint32_t load[] = {LW(V0, 0, A0)};
	uint64_t lo[2] = {0, 0}, before;

	cp0_set(C0_SEGCTL1, cp0_get(C0_SEGCTL1) | (uint64_t)AM_MSK << SEGCTL1_XAM_SHIFT);
	cp0_set(C0_SEGCTL2, cp0_get(C0_SEGCTL2) | UINT64_C(1) << (SEGCTL2_XR_SHIFT + CCA_UNCACHED));
	about("large page", 0, 0, 0, 0);
	gpr[A0] = window + CODE_PA + 0x100;
	code[0x40] = 0x1234567;
	run_guest(load, 1);
	check_eq("what is there", gpr[V0], 0x1234567);
	hal_tlb_remove(gpr[A0] & (ENTRYHI_R | ENTRYHI_VPN2));
	report("QUICK_LINEAR", cost_once(STATUS_64BIT, LW(V0, 0, A0), REFILL_STUB));
	about("counter", 0, 0, 0, 0);
	gpr[A0] = window + 0x1bdc0010;
	before = vm_now(vcpu->vm);
	run_guest(load, 1);
	check_eq("low half", (uint32_t)(gpr[V0] - before) < 10000, 1);
	report("QUICK_COUNTER", cost_once(STATUS_64BIT, LW(V0, 0, A0), REFILL_STUB));
	gpr[A0] += 4;
	run_guest(load, 1);
	check_eq("high half", gpr[V0], vm_now(vcpu->vm) >> 32);
	about("L2TLB", 0, 0, 0, 0);
	lo[0] = lo[1] = hal_mpn_address(vcpu->vm->pmap[CODE_PA >> 12].mpn).value >> 12 << 6 |
			CCA_CACHED << 3 | ENTRYLO_V;
	l2tlb_insert(vcpu, small, false, lo);
	gpr[A0] = small + 0x100;
	report("L2TLB_HIT", cost_once(STATUS_64BIT, LW(V0, 0, A0), REFILL_STUB));
	check_eq("a user page", gpr[V0], 0x1234567);
	lo[0] |= ENTRYLO_G;
	lo[1] |= ENTRYLO_G;
	gpr[A0] = window + (UINT64_C(1) << 32) + page + 0x100;
	l2tlb_insert(vcpu, gpr[A0] & (ENTRYHI_R | ENTRYHI_VPN2), true, lo);
	asid = 5; /* its slot is the same under each */
	report("L2TLB_HIT_KERNEL", cost_once(STATUS_64BIT, LW(V0, 0, A0), REFILL_STUB));
	check_eq("a kernel page", gpr[V0], 0x1234567);
	asid = 0;
}

/* What a TLB write has to leave everywhere: the entry at @index, ready in L2TLB and hardware. */
static void check_written(unsigned index, uint64_t hi, bool valid)
{
	const struct vtlb_entry *entry = &vcpu->vtlb[index];
	const struct l2tlb_entry *ready = l2tlb_find(vcpu, hi);

	check_eq("EntryHi", entry->hi, hi);
	check_eq("EntryLo0", entry->lo[0], vcpu->cp0[OPEN(CP0_ENTRYLO0)] & UINT64_C(0x3ffffffff));
	check_eq("EntryLo1", entry->lo[1], vcpu->cp0[OPEN(CP0_ENTRYLO1)] & UINT64_C(0x3ffffffff));
	check_eq("PageMask, hidden", entry->page_mask | entry->hidden, 0);
	check_eq("a valid half", vcpu->vtlb_valid >> index & 1, valid);
	check_eq("hint", (uintptr_t)vtlb_hinted(vcpu, hi), (uintptr_t)entry);
	check_eq("in the L2TLB", ready != NULL, valid);
	cp0_set(C0_ENTRYHI, hi);
	__asm__ volatile("ehb\n\ttlbp\n\tehb");
	check_eq("in the hardware", !(cp0_get32(C0_INDEX) >> 31 & 1), valid);
	if (!valid || !ready || (cp0_get32(C0_INDEX) >> 31 & 1))
		return;
	__asm__ volatile("tlbr\n\tehb");
	check_eq("hardware's EntryLo0", cp0_get(C0_ENTRYLO0), ready->lo[0]);
	check_eq("hardware's EntryLo1", cp0_get(C0_ENTRYLO1), ready->lo[1]);
}

/* The machine's EntryLo for the guest's; 0 when it is not valid. */
static uint64_t expected_lo(uint64_t lo)
{
	const struct pmap_entry *page = &vcpu->vm->pmap[(lo & ENTRYLO_PFN) >> 6];

	if (!(lo & ENTRYLO_V))
		return 0;
	check_eq("holders", page->holders & 1, 1);
	check_eq("ASID", vcpu->asids[asid / 64] >> asid % 64 & 1, 1);
	return hal_mpn_address(page->mpn).value >> 12 << 6 | (lo & 0x3e);
}

static void write_registers(uint64_t hi, uint64_t lo0, uint64_t lo1)
{
	vcpu->cp0[CP0_ENTRYHI] = hi;
	vcpu->cp0[CP0_BADVADDR] = hi & ~UINT64_C(0x1fff);
	vcpu->cp0[OPEN(CP0_ENTRYLO0)] = lo0;
	vcpu->cp0[OPEN(CP0_ENTRYLO1)] = lo1;
	asid = (uint32_t)hi & 0xff;
}

static void quick_tlb_writes(void)
{
	const uint64_t hi = 0x80000 + 7, lo0 = 0x510 << 6 | 3 << 3 | ENTRYLO_V,
		       lo1 = 0x511 << 6 | 3 << 3 | ENTRYLO_V;
	const uint32_t indexed[] = {TLBWI}, random[] = {TLBWR};
	const struct mpn code_mpn = vcpu->vm->pmap[CODE_PA >> 12].mpn;
	uint64_t wired[2] = {0, 0};
	unsigned at;

	/* The code's page stays in the hardware. */
	hal_tlb_remove(GUEST_PC & ~UINT64_C(0x1fff));
	wired[0] = hal_mpn_address(code_mpn).value >> 12 << 6 | CCA_CACHED << 3 | ENTRYLO_V |
		   ENTRYLO_D | ENTRYLO_G;
	wired[1] = wired[0] + (1 << 6);
	hal_tlb_wire(GUEST_PC & ~UINT64_C(0x1fff), wired);
	about("TLBWI", 0, 0, 0, 0);
	vcpu->cp0[CP0_INDEX] = 10;
	for (unsigned i = 1; i < 32; i++)
		gpr[i] = UINT64_C(0x1111000000000000) + i;
	write_registers(hi, lo0, lo1);
	run_guest(indexed, 1);
	for (unsigned i = 1; i < 26; i++)
		check_eq("registers keep", gpr[i], UINT64_C(0x1111000000000000) + i);
	check_written(10, hi, true);
	check_eq("machine page", l2tlb_find(vcpu, hi)->lo[0], expected_lo(lo0));
	check_eq("machine page", l2tlb_find(vcpu, hi)->lo[1], expected_lo(lo1));
	check_eq("back map", vcpu->vm->pmap[0x510].backmap, hi | 0x1000);
	write_registers(hi, lo0 | ENTRYLO_D, lo1);
	report("QUICK_TLBWI", cost_once(STATUS_64BIT, TLBWI, STUB));
	check_written(10, hi, true);
	check_eq("dirty", l2tlb_find(vcpu, hi)->lo[0], expected_lo(lo0 | ENTRYLO_D));
	about("TLBWR", 0, 0, 0, 0);
	for (unsigned i = 0; i < 80; i++) {
		uint64_t page = (UINT64_C(0x120000) + i) << 13 | 7;

		at = (unsigned)vcpu->cp0[CP0_RANDOM];
		if (at == 5 || at == 10) /* the code's, and that of above */
			vcpu->cp0[CP0_RANDOM] = at -= 1;
		write_registers(page, i % 3 ? lo0 : 0, i % 3 == 1 ? 0 : lo1);
		about("TLBWR", i, at, 0, 0);
		run_guest(random, 1);
		check_written(at, page, true);
		check_eq("first half", l2tlb_find(vcpu, page)->lo[0],
			 expected_lo(vcpu->cp0[OPEN(CP0_ENTRYLO0)]));
		check_eq("second half", l2tlb_find(vcpu, page)->lo[1],
			 expected_lo(vcpu->cp0[OPEN(CP0_ENTRYLO1)]));
		check_eq("the next", vcpu->cp0[CP0_RANDOM], at ? at - 1 : 63);
	}
	check_eq("mapped more than once", vcpu->vm->pmap[0x510].flags & PMAP_MANY, PMAP_MANY);
	write_registers(UINT64_C(0x130200) << 13 | 7, lo0, lo1);
	report("QUICK_TLBWR", cost_once(STATUS_64BIT, TLBWR, STUB));
	about("without a valid half", 0, 0, 0, 0);
	at = (unsigned)vcpu->cp0[CP0_RANDOM];
	write_registers(UINT64_C(0x140200) << 13 | 7, 0, 0);
	report("QUICK_TLBW_INVALID", cost_once(STATUS_64BIT, TLBWR, STUB));
	check_written(at, vcpu->cp0[CP0_ENTRYHI], false);
	vcpu->cp0[CP0_INDEX] = 10;
	write_registers(hi, 0, 0);
	run_guest(indexed, 1);
	check_written(10, hi, false);
	asid = 0;
	vcpu->cp0[CP0_ENTRYHI] = wired[0] = wired[1] = 0;
	hal_tlb_wire(0, wired);
	map_code();
}

/* What a page of the virtual TLB faults for. */
static void quick_faults(void)
{
	const uint64_t va = 0x90000, page = 0x512, known = va | 7;
	const uint64_t clean = page << 6 | 3 << 3 | ENTRYLO_V, lo = clean | ENTRYLO_D;
	const uint32_t home = STATUS_64BIT | STATUS_KSU_U;
	const uint32_t load[] = {LW(V0, 0, A0)}, store[] = {SW(V0, 0, A0)};
	uint32_t *there = hal_page(vcpu->vm->pmap[page].mpn);

	code[0x180 / 4] = BREAK;
	vcpu->cp0[CP0_INDEX] = 12;
	about("not in the L2TLB any more", 0, 0, 0, 0);
	write_registers(known, lo, 0);
	vtlb_write(vcpu, 12, false);
	l2tlb_remove(vcpu, va, 0x2000, 7);
	hal_tlb_remove(known);
	there[0x40] = 0x7654321;
	gpr[A0] = va + 0x100;
	report("QUICK_FILL", cost_once(home, LW(V0, 0, A0), REFILL_STUB));
	check_eq("what is there", gpr[V0], 0x7654321);
	check_written(12, known, true);
	check_eq("machine page", l2tlb_find(vcpu, va)->lo[0], expected_lo(lo));
	about("other half", 0, 0, 0, 0);
	gpr[A0] = va + 0x1100;
	run_as(home, load, 1);
	check_mode(GUEST_KERNEL, home | STATUS_EXL);
	check_eq("at the vector", cp0_get(C0_EPC), GUEST_PC + 0x180);
	check_eq("EPC", vcpu->cp0[OPEN(CP0_EPC)], GUEST_PC);
	check_eq("ExcCode", vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_TLBL << 2);
	check_eq("BadVAddr", vcpu->cp0[CP0_BADVADDR], gpr[A0]);
	check_eq("EntryHi", vcpu->cp0[CP0_ENTRYHI], known);
	report("QUICK_INVALID", cost_once(home, LW(V0, 0, A0), STUB));
	about("not valid, nor in the hardware", 0, 0, 0, 0);
	hal_tlb_remove(known);
	l2tlb_remove(vcpu, va, 0x2000, 7);
	run_as(home, store, 1);
	check_mode(GUEST_KERNEL, home | STATUS_EXL);
	check_eq("at the general vector", cp0_get(C0_EPC), GUEST_PC + 0x180);
	check_eq("ExcCode", vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_TLBS << 2);
	report("QUICK_FAULT", cost_once(home, LW(V0, 0, A0), REFILL_STUB));
	about("modified", 0, 0, 0, 0);
	write_registers(known, clean, 0);
	vtlb_write(vcpu, 12, false);
	gpr[A0] = va + 0x100;
	run_as(home, store, 1);
	check_mode(GUEST_KERNEL, home | STATUS_EXL);
	check_eq("ExcCode", vcpu->cp0[CP0_CAUSE] & CAUSE_EXC, EXC_MOD << 2);
	check_eq("BadVAddr", vcpu->cp0[CP0_BADVADDR], gpr[A0]);
	report("QUICK_MODIFIED", cost_once(home, SW(V0, 0, A0), STUB));
	asid = 0;
	vcpu->cp0[CP0_ENTRYHI] = 0;
}

static void quick_paths(void)
{
	cp0_set32(C0_EBASE, (uint32_t)(uintptr_t)quick_vectors);
	hal_quick(vcpu, vcpu->cp0);
	code_global = ENTRYLO_G;
	map_code();
	quick_status();
	quick_reflection();
	map_code();
	quick_refills();
	map_code();
	quick_tlb_writes();
	quick_faults();
	map_code();
	quick_moves();
	quick_others();
	gpr[A0] = UINT64_C(0xffffffff80001000);
	gpr[A1] = UINT64_C(0x9800000000002000);
	gpr[V1] = 1;
	report("QUICK_BEQZ", cost_of_branch());
	report("QUICK_STATUS", cost_of(MFC0(V0, 12, 0)));
	report("QUICK_ENTRYHI", cost_of(DMTC0(ZERO, 10, 0)));
	report("QUICK_READ", cost_of(DMFC0(V0, 8, 0)));
	report("QUICK_WRITE", cost_of(MTC0(V0, 14, 0)));
	report("QUICK_DI_EI", cost_of(DI(V0)));
	report("QUICK_CACHE_INDEX", cost_of(CACHE(0x00, 0, A0)));
	report("QUICK_CACHE", cost_of(CACHE(0x15, 0, A1)));
}

/* Of an address that shares its hash with the code's, and is in no entry. */
static uint64_t vtlb_search(void)
{
	const uint64_t va = UINT64_C(0x409) << 13;
	uint64_t before = ticks();

	check_eq("no entry", vtlb_may_have(vcpu, va) && !vtlb_find(vcpu, va), 1);
	return (ticks() - before) * 2;
}

void test(void)
{
	const uint64_t linear = UINT64_C(0xa800000000000000);
	uint64_t before;

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
	report("VTLB_SEARCH", vtlb_search());
	before = ticks();
	l2tlb_flush(vcpu);
	report("L2TLB_FLUSH", ((ticks() - before) * 2 * 256) >> L2TLB_ORDER);
	map_code();
	report("TLBWI", measure(EXC_CPU, 0, false, 0x42000002, set_up_entry));
	report("REFILL_GUEST", measure(EXC_TLBL, 0x123456000, true, 0, NULL));
	report("REFILL_LINEAR", measure(EXC_TLBL, linear, true, 0, drop_linear));
	map_code();
	report("MMIO_READ",
	       measure(EXC_TLBL, UINT64_C(0x900000001bdc0010), true, 0x8c820010, NULL));
	report("INTERRUPT", measure(EXC_CPU, 0, false, 0x41626020, raise_interrupt));
	vcpu_set_pin(vcpu, 2, false);
	rewriting();
	quick_paths();
}
