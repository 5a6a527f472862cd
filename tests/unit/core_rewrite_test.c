// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rewriting of privileged instructions on the fake HAL: what a site becomes does what the
 * instruction did, executed here on the register pages as the hardware maps them; and nothing else
 * is touched.
 */
#include <stdlib.h>
#include <string.h>

#include "mips/cp0.h"
#include "support/fake_hal.h"

#define HOME	 (STATUS_KX | STATUS_SX | STATUS_UX)
#define CODE	 UINT32_C(0x40) /* page */
#define ENTRY	 (MIPS_CKSEG0 + CODE * PAGE_BYTES)
#define PAGES_VA UINT64_C(0xffffffffffff8000)

#define V0	 2
#define A0	 4
#define SP	 29

#define COP0(rs, rt, number, select)                                                               \
	(0x40000000u | (uint32_t)(rs) << 21 | (uint32_t)(rt) << 16 | (uint32_t)(number) << 11 |    \
	 (select))
#define MFC0(rt, number, select)  COP0(0, rt, number, select)
#define DMFC0(rt, number, select) COP0(1, rt, number, select)
#define MTC0(rt, number, select)  COP0(4, rt, number, select)
#define DMTC0(rt, number, select) COP0(5, rt, number, select)
#define DI(rt)			  (0x41606000u | (uint32_t)(rt) << 16)
#define EI(rt)			  (0x41606020u | (uint32_t)(rt) << 16)
#define ANDI_1(rt)		  (0x30000001u | (uint32_t)(rt) << 21 | (uint32_t)(rt) << 16)
#define CACHE(operation, offset, rs)                                                               \
	(0xbc000000u | (uint32_t)(rs) << 21 | (uint32_t)(operation) << 16 |                        \
	 ((uint32_t)(offset)&0xffff))
#define EHB   0x000000c0u
#define NOP   0u
#define ERET  0x42000018u
#define TLBWI 0x42000002u

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
	assert_non_null(pmap_get(vm, CODE, 0));
}

static int setup(void **state)
{
	(void)state;
	config = (struct vmm_config){.l2tlb_entries = 64, .overcommit = true, .rewrite = true};
	make();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_end(vmm, vm);
	return 0;
}

static uint32_t *word(unsigned at)
{
	return (uint32_t *)hal_page(vm->pmap[CODE].mpn) + at;
}

/* The instruction at word @at traps, its turn to be considered has come; true: it is to be executed
 * again. */
static bool consider(unsigned at, uint32_t instruction)
{
	uint64_t pc = ENTRY + 4 * at;

	*word(at) = instruction;
	vcpu->cp0[SLOT_COUNTDOWN] = 1;
	return fake_privileged(vmm, 0, pc, instruction) == pc;
}

/* As emulated. */
static void emulate(uint32_t instruction)
{
	vcpu->cp0[SLOT_COUNTDOWN] = 100;
	fake_privileged(vmm, 0, ENTRY + 0x800, instruction);
}

/* Where @va of the register pages is; NULL: not mapped so. */
static void *registers_at(uint64_t va, bool store)
{
	const struct fake_tlb_entry *entry = fake_tlb_find(0, va);
	uint64_t lo = entry ? entry->lo[va >> PAGE_SHIFT & 1] : 0;
	struct ma address = {(lo & ENTRYLO_PFN) >> 6 << PAGE_SHIFT};

	if (!(lo & ENTRYLO_V) || (store && !(lo & ENTRYLO_D)))
		return NULL;
	return (uint8_t *)hal_page(mpn_at(address)) + (va & PAGE_OFFSET_MASK);
}

/* One word of what sites become; false: it traps. */
static bool execute(uint32_t instruction)
{
	unsigned rs = instruction >> 21 & 31, rt = instruction >> 16 & 31;
	uint64_t va = gpr[rs] + (uint64_t)(int64_t)(int16_t)instruction, *at;

	gpr[0] = 0;
	switch (instruction >> 26) {
	case 0x00:
		if (instruction == NOP || instruction == EHB)
			return true;
		assert_int_equal(instruction & 0xffe007ff, 0x2b); /* SLTU rd, $0, rt */
		gpr[instruction >> 11 & 31] = gpr[rt] != 0;
		return true;
	case 0x0c:
		gpr[rt] = gpr[rs] & (instruction & 0xffff);
		return true;
	case 0x23:
		at = registers_at(va, false);
		assert_non_null(at);
		gpr[rt] = (uint64_t)(int64_t)(int32_t)*at;
		return true;
	case 0x37:
		at = registers_at(va, false);
		assert_non_null(at);
		gpr[rt] = *at;
		return true;
	case 0x3f:
		at = registers_at(va, true);
		if (at)
			*at = gpr[rt];
		return at;
	default:
		fail_msg("word 0x%08x", instruction);
		return false;
	}
}

/* ---- moves ---- */

/* Of every register, in both widths: rewritten or not, it reads what emulation reads. */
static void reads(void **state)
{
	unsigned rewritten = 0, left = 0;

	(void)state;
	for (unsigned i = 0; i < CP0_REGISTERS; i++)
		if (i != CP0_STATUS && i != CP0_WIRED && i != CP0_INTCTL)
			vcpu->cp0[slot_of(i)] =
				(UINT64_C(0xfedc000087650000) + i) &
				(cp0_description[i].width == 64 ? ~UINT64_C(0) : UINT32_MAX);
	vcpu->cp0[CP0_CAUSE] = 0;
	for (unsigned at = 0; at < 512; at++) {
		unsigned number = at >> 4, select = at >> 1 & 7;
		uint32_t instruction = COP0(at & 1, V0, number, select);
		uint64_t wanted;

		if (!consider(at, instruction)) {
			assert_int_equal(*word(at), instruction);
			left++;
			continue;
		}
		rewritten++;
		emulate(instruction);
		wanted = gpr[V0];
		gpr[V0] = 0x5555;
		assert_true(execute(*word(at)));
		assert_int_equal(gpr[V0], wanted);
	}
	assert_true(rewritten >= 40 && left > 300);
	assert_int_equal(vcpu->stats.rewritten_reads, rewritten);
}

/* What changes by itself, or has bits elsewhere, stays a trap. */
static void reads_that_stay(void **state)
{
	static const uint8_t number[] = {1, 2, 3, 9, 11, 12};

	(void)state;
	for (unsigned i = 0; i < sizeof(number); i++) {
		assert_false(consider(i, MFC0(V0, number[i], 0)));
		assert_int_equal(*word(i), MFC0(V0, number[i], 0));
	}
	assert_int_equal(vcpu->stats.rewritten_reads, 0);
}

static void writes(void **state)
{
	unsigned rewritten = 0;

	(void)state;
	for (unsigned at = 0; at < 512; at++) {
		unsigned number = at >> 4, select = at >> 1 & 7;
		unsigned reg = cp0_at[number][select];
		uint32_t instruction = COP0(4 + (at & 1), A0, number, select);
		bool open = reg && (OPEN_REGISTERS >> (reg - 1) & 1);

		gpr[A0] = 0;
		assert_int_equal(consider(at, instruction), open);
		if (!open) {
			assert_int_equal(*word(at), instruction);
			continue;
		}
		rewritten++;
		gpr[A0] = UINT64_C(0x123456789abcdef0) + at;
		assert_true(execute(*word(at)));
		emulate(DMFC0(V0, number, select));
		assert_int_equal(gpr[V0], gpr[A0] & (cp0_description[reg - 1].write_mask |
						     ~UINT64_C(0x3ffffffff) *
							     !(number == 2 || number == 3)));
	}
	assert_int_equal(rewritten, 2 * 10);
	assert_int_equal(vcpu->stats.rewritten_writes, rewritten);
	set_status(HOME); /* the writes that were emulated have changed it */
}

/* ---- interrupt enable ---- */

static void di_ei(void **state)
{
	(void)state;
	gpr[SP] = UINT64_C(0x9800000000004000);
	assert_true(consider(0, EI(0)));
	assert_true(consider(1, DI(0)));
	assert_true(execute(*word(0)));
	assert_int_equal(virtual_status(vcpu), HOME | STATUS_IE);
	assert_true(execute(*word(1)));
	assert_int_equal(virtual_status(vcpu), HOME);
	/* Without a stack pointer to store. */
	gpr[SP] = 0;
	assert_false(consider(2, EI(0)));
	assert_int_equal(vcpu->stats.rewritten_di_ei, 2);
}

/* local_irq_save(): the old enable, and disabled. */
static void di_save(void **state)
{
	(void)state;
	*word(1) = ANDI_1(V0);
	*word(2) = EHB;
	assert_true(consider(0, DI(V0)));
	for (unsigned enabled = 0; enabled < 2; enabled++) {
		set_status(HOME | enabled);
		gpr[V0] = 0x5555;
		for (unsigned i = 0; i < 3; i++)
			assert_true(execute(*word(i)));
		assert_int_equal(gpr[V0], enabled);
		assert_int_equal(virtual_status(vcpu), HOME);
	}
	/* Not when all of Status is wanted, or the words around are others. */
	*word(11) = NOP;
	assert_false(consider(10, DI(V0)));
	*word(21) = ANDI_1(A0);
	*word(22) = EHB;
	assert_false(consider(20, DI(V0)));
	*word(31) = ANDI_1(V0);
	*word(32) = NOP;
	assert_false(consider(30, DI(V0)));
	assert_int_equal(*word(30), DI(V0));
	/* Nor over the end of the page. */
	*word(1023) = ANDI_1(V0);
	assert_false(consider(1022, DI(V0)));
	assert_int_equal(*word(1022), DI(V0));
}

/* local_save_flags() when only IE is looked at. */
static void status_enable(void **state)
{
	(void)state;
	*word(1) = ANDI_1(V0);
	assert_true(consider(0, MFC0(V0, 12, 0)));
	for (unsigned enabled = 0; enabled < 2; enabled++) {
		set_status(HOME | enabled);
		assert_true(execute(*word(0)) && execute(*word(1)));
		assert_int_equal(gpr[V0], enabled);
	}
	*word(11) = NOP;
	assert_false(consider(10, MFC0(V0, 12, 0)));
}

/* While an interrupt waits the store of EI traps, and the interrupt is taken. */
static void enable_with_pending_interrupt(void **state)
{
	const uint64_t va = PAGES_VA + SLOT_ENABLED * 8;
	struct trap trap = {.pc = ENTRY, .bad_address = va, .code = EXC_MOD};

	(void)state;
	gpr[SP] = 1;
	set_status(HOME | 4 << STATUS_IM_SHIFT);
	assert_true(consider(0, EI(0)));
	vcpu_set_pin(vcpu, 2, true);
	emulate(DI(0)); /* in and out of the monitor */
	assert_false(execute(*word(0)));
	fake.code_va = ENTRY;
	fake.code[0] = *word(0);
	fake_trap(vmm, 0, &trap);
	assert_int_equal(vcpu->stats.interrupts, 1);
	assert_int_equal(vcpu->cp0[OPEN(CP0_EPC)], ENTRY + 4);
	assert_true(virtual_status(vcpu) & STATUS_EXL);
	assert_int_equal(vcpu->stats.register_stores, 1);
	/* The device is served: stores go through again. */
	vcpu_set_pin(vcpu, 2, false);
	emulate(DI(0));
	assert_true(execute(*word(0)));
}

/* ---- CACHE ---- */

static void cache(void **state)
{
	(void)state;
	gpr[A0] = MIPS_CKSEG0 + 0x2000;
	assert_true(consider(0, CACHE(0x00, 0, A0))); /* by index */
	assert_int_equal(*word(0), NOP);
	assert_true(consider(1, CACHE(0x15, 16, A0))); /* an address that needs no TLB */
	assert_int_equal(*word(1), NOP);
	assert_false(consider(2, CACHE(0x04, 0, A0))); /* Index Load Tag has a result */
	gpr[A0] = 0x10000;
	consider(3, CACHE(0x15, -8, A0)); /* translated: a load translates, too */
	assert_int_equal(*word(3), 0x80000000u | A0 << 21 | 0xfff8);
	assert_int_equal(vcpu->stats.rewritten_cache, 3);
}

static void was_cache(void **state)
{
	const struct trap first = {.pc = ENTRY}, second = {.pc = ENTRY + 4};

	(void)state;
	gpr[A0] = 0x10000;
	consider(0, CACHE(0x15, 0, A0));
	consider(1, MFC0(V0, 15, 0));
	assert_true(rewrite_was_cache(vcpu, &first));
	assert_false(rewrite_was_cache(vcpu, &second));
}

/* ---- which sites ---- */

static void in_delay_slot(void **state)
{
	struct trap trap = {.pc = ENTRY, .code = EXC_CPU, .in_delay_slot = true};

	(void)state;
	*word(0) = fake.code[0] = 0x03e00008; /* JR $31 */
	fake.code_va = ENTRY;
	/* One word becomes one. */
	*word(1) = fake.code[1] = MFC0(V0, 14, 0);
	vcpu->cp0[SLOT_COUNTDOWN] = 1;
	fake_trap(vmm, 0, &trap);
	assert_int_equal(trap.pc, ENTRY);
	assert_int_not_equal(*word(1), MFC0(V0, 14, 0));
	/* The words behind a delay slot are not executed after it. */
	*word(1) = fake.code[1] = DI(V0);
	*word(2) = ANDI_1(V0);
	*word(3) = EHB;
	trap = (struct trap){.pc = ENTRY, .code = EXC_CPU, .in_delay_slot = true};
	gpr[31] = ENTRY + 0x100;
	vcpu->cp0[SLOT_COUNTDOWN] = 1;
	fake_trap(vmm, 0, &trap);
	assert_int_equal(trap.pc, ENTRY + 0x100);
	assert_int_equal(*word(1), DI(V0));
}

static void not_in_user_mode(void **state)
{
	(void)state;
	set_status(HOME | STATUS_KSU_U | STATUS_CU0);
	assert_false(consider(0, MFC0(V0, 15, 0)));
	assert_int_equal(*word(0), MFC0(V0, 15, 0));
}

/* The instruction that trapped is not the one in memory any more. */
static void changed_meanwhile(void **state)
{
	(void)state;
	*word(0) = NOP;
	vcpu->cp0[SLOT_COUNTDOWN] = 1;
	assert_int_equal(fake_privileged(vmm, 0, ENTRY, MFC0(V0, 15, 0)), ENTRY + 4);
	assert_int_equal(*word(0), NOP);
}

/* What cannot be rewritten makes the next time later. */
static void back_off(void **state)
{
	uint64_t last = 1;

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		assert_false(consider(0, MFC0(V0, 9, 0)));
		assert_int_equal(vcpu->cp0[SLOT_COUNTDOWN], last < 256 ? 2 * last : 256);
		last = vcpu->cp0[SLOT_COUNTDOWN];
	}
	fake_privileged(vmm, 0, ENTRY, MFC0(V0, 9, 0));
	assert_int_equal(vcpu->cp0[SLOT_COUNTDOWN], last - 1);
	/* TLB instructions and ERET are for the entry code: the next one is considered. */
	assert_false(consider(0, ERET));
	assert_int_equal(vcpu->cp0[SLOT_COUNTDOWN], 1);
	assert_true(consider(0, MFC0(V0, 15, 0)));
	assert_int_equal(vcpu->cp0[SLOT_COUNTDOWN], 1);
}

static void off(void **state)
{
	(void)state;
	free(vm);
	free(vmm);
	config.rewrite = false;
	make();
	assert_int_equal(vcpu->registers.value, MPN_NONE);
	assert_false(consider(0, MFC0(V0, 15, 0)));
	assert_int_equal(*word(0), MFC0(V0, 15, 0));
	assert_null(fake_tlb_find(0, PAGES_VA));
}

/* ---- the guest's own words ---- */

/* Maps guest page 2 at @va by the guest's TLB entry 3. */
static void guest_maps(uint64_t va)
{
	vcpu->cp0[CP0_ENTRYHI] = va & (ENTRYHI_R | ENTRYHI_VPN2);
	vcpu->cp0[OPEN(CP0_ENTRYLO0)] = vcpu->cp0[OPEN(CP0_ENTRYLO1)] =
		2 << 6 | CCA_CACHED << 3 | ENTRYLO_V | ENTRYLO_D | ENTRYLO_G;
	vcpu->cp0[CP0_INDEX] = 3;
	emulate(TLBWI);
}

/* A guest that maps the pages' address itself gets its words back, but where it has written others.
 */
static void stops(void **state)
{
	const uint32_t before[] = {MFC0(V0, 15, 0), DI(V0), ANDI_1(V0), EHB, MTC0(A0, 14, 0)};
	struct trap trap = {.pc = ENTRY, .bad_address = PAGES_VA, .code = EXC_TLBL, .refill = true};

	(void)state;
	memcpy(word(0), before, sizeof(before));
	assert_true(consider(0, before[0]));
	assert_true(consider(1, before[1]));
	assert_true(consider(4, before[4]));
	for (unsigned i = 0; i < 5; i++)
		assert_int_not_equal(*word(i), before[i]);
	*word(4) = 0x24420001; /* the guest's new code */
	guest_maps(0x10000);
	assert_int_not_equal(*word(0), before[0]);
	guest_maps(PAGES_VA);
	assert_false(vm->rewriting);
	assert_memory_equal(word(0), before, 4 * sizeof(before[0]));
	assert_int_equal(*word(4), 0x24420001);
	assert_false(consider(0, before[0]));
	assert_int_equal(*word(0), before[0]);
	/* The address is the guest's page, when it gets there. */
	fake_trap(vmm, 0, &trap);
	assert_int_equal(fake_tlb_find(0, PAGES_VA)->lo[0] & ENTRYLO_PFN,
			 hal_mpn_address(vm->pmap[2].mpn).value >> PAGE_SHIFT << 6);
}

/* A word the guest has written over a rewritten one is considered anew. */
static void written_over(void **state)
{
	(void)state;
	assert_true(consider(0, MFC0(V0, 15, 0)));
	assert_true(consider(0, MFC0(A0, 8, 0)));
	vcpu->cp0[CP0_BADVADDR] = 0x1234;
	assert_true(execute(*word(0)));
	assert_int_equal(gpr[A0], 0x1234);
	rewrite_stop(vm);
	assert_int_equal(*word(0), MFC0(A0, 8, 0));
}

/* The page with rewritten words moves with them. */
static void words_move_with_their_page(void **state)
{
	struct mpn to = palloc_get_on(vmm, 0);

	(void)state;
	assert_true(consider(0, MFC0(V0, 15, 0)));
	hal_page_copy(to, vm->pmap[CODE].mpn);
	shootdown_page(vm, CODE);
	vmm->page[to.value] = vmm->page[vm->pmap[CODE].mpn.value];
	palloc_put(vmm, vm->pmap[CODE].mpn, 0);
	vm->pmap[CODE].mpn = to;
	assert_int_not_equal(*word(0), MFC0(V0, 15, 0));
	rewrite_stop(vm);
	assert_int_equal(*word(0), MFC0(V0, 15, 0));
}

/* More sites than the table has room for: those that found none trap as before. */
static void table_full(void **state)
{
	unsigned rewritten = 0, pages = 0;

	(void)state;
	for (uint32_t page = CODE; page < CODE + 20; page++, pages++) {
		uint32_t *words;

		assert_non_null(pmap_get(vm, page, 0));
		words = hal_page(vm->pmap[page].mpn);
		for (unsigned i = 0; i < 1024; i++) {
			uint64_t pc = MIPS_CKSEG0 + page * PAGE_BYTES + 4 * i;

			words[i] = MFC0(V0, 15, 0);
			vcpu->cp0[SLOT_COUNTDOWN] = 1;
			rewritten += fake_privileged(vmm, 0, pc, words[i]) == pc;
		}
	}
	assert_true(rewritten > 14000 && rewritten < 16385);
	rewrite_stop(vm);
	for (uint32_t page = CODE; page < CODE + pages; page++)
		for (unsigned i = 0; i < 1024; i++)
			assert_int_equal(((uint32_t *)hal_page(vm->pmap[page].mpn))[i],
					 MFC0(V0, 15, 0));
}

/* ---- the pages ---- */

static void pages_come_and_go(void **state)
{
	uint32_t before = vmm->node[0].free;

	(void)state;
	assert_true(vm->rewriting);
	assert_int_not_equal(vcpu->registers.value, MPN_NONE);
	assert_non_null(registers_at(PAGES_VA, false));
	assert_null(registers_at(PAGES_VA, true)); /* the first is read-only */
	assert_non_null(registers_at(PAGES_VA + PAGE_BYTES, true));
	vcpu->cp0[CP0_EBASE] = 0x1234;
	rewrite_detach(vcpu);
	assert_int_equal(vcpu->cp0[CP0_EBASE], 0x1234);
	assert_int_equal(vmm->node[0].free, before + 2);
	assert_int_equal(rewrite_wanted(vcpu), PAGE_UNMAPPED);
	rewrite_map(vcpu);
	vcpu->page_mapped = PAGE_OPEN;
	rewrite_map(vcpu);
	assert_null(fake_tlb_find(0, PAGES_VA));
}

/* A miss there is the monitor's to answer: the entry was flushed. */
static void missed(void **state)
{
	struct trap trap = {
		.pc = ENTRY, .bad_address = PAGES_VA + 8, .code = EXC_TLBL, .refill = true};

	(void)state;
	hal_tlb_flush();
	fake_trap(vmm, 0, &trap);
	assert_int_equal(trap.pc, ENTRY);
	assert_non_null(registers_at(PAGES_VA, false));
	assert_int_equal(vcpu->stats.guest_refills, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(reads),
		TEST(reads_that_stay),
		TEST(writes),
		TEST(di_ei),
		TEST(di_save),
		TEST(status_enable),
		TEST(enable_with_pending_interrupt),
		TEST(cache),
		TEST(was_cache),
		TEST(in_delay_slot),
		TEST(not_in_user_mode),
		TEST(changed_meanwhile),
		TEST(back_off),
		TEST(off),
		TEST(stops),
		TEST(written_over),
		TEST(words_move_with_their_page),
		TEST(table_full),
		TEST(pages_come_and_go),
		TEST(missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
