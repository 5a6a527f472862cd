// SPDX-License-Identifier: GPL-2.0-or-later
/* The monitor's virtual TLB and its L2TLB on the fake HAL, against plain models. */
#include <stdlib.h>
#include <string.h>

#include "support/fake_hal.h"

#define PER_NODE	 4096
#define STRIDE		 0x8000
#define ENTRY		 (MIPS_CKSEG0 + 0x1000)
#define ENTRYHI_WRITABLE UINT64_C(0xc00000ffffffe0ff)

static struct vmm_config config;
static struct vmm *vmm;
static struct vm *vm;

/* A VM of one running vCPU, which is returned. */
static struct vcpu *make(unsigned l2tlb_entries)
{
	config = (struct vmm_config){.l2tlb_entries = l2tlb_entries, .overcommit = true};
	fake_hal_reset(1, PER_NODE, STRIDE);
	fake_config(&config, 1);
	vmm = fake_vmm(&config);
	vm = fake_vm(vmm, 1, 512);
	fake_start(vm, ENTRY);
	return &vm->vcpu[0];
}

static int teardown(void **state)
{
	(void)state;
	fake_end(vmm, vm);
	return 0;
}

/* ---- the virtual TLB against a plain one ---- */

struct plain_entry {
	uint64_t hi, lo[2], mask;
	bool used;
};

static bool plain_matches(const struct plain_entry *entry, uint64_t va, uint64_t asid)
{
	return entry->used && !((entry->hi ^ va) & (ENTRYHI_R | ENTRYHI_VPN2) & ~entry->mask) &&
	       ((entry->lo[0] & ENTRYLO_G) || (entry->hi & ENTRYHI_ASID) == asid);
}

static bool plain_overlap(const struct plain_entry *a, const struct plain_entry *b)
{
	return a->used && !((a->hi ^ b->hi) & (ENTRYHI_R | ENTRYHI_VPN2) & ~(a->mask | b->mask)) &&
	       (((a->lo[0] | b->lo[0]) & ENTRYLO_G) || !((a->hi ^ b->hi) & ENTRYHI_ASID));
}

static uint64_t random_va(void)
{
	static const uint64_t base[] = {0, UINT64_C(0xc000000000000000), MIPS_CKSSEG,
					UINT64_C(0x4000000000000000)};

	return base[fake_random(4)] + fake_random(12) * UINT64_C(0x2000);
}

static struct plain_entry random_entry(struct vcpu *vcpu)
{
	uint64_t mask = fake_random(8) ? 0 : 0x6000, global = fake_random(3) ? 0 : ENTRYLO_G;
	struct plain_entry entry = {.mask = mask, .used = true};

	entry.hi = (random_va() & ENTRYHI_WRITABLE & ~mask) | fake_random(3);
	for (unsigned half = 0; half < 2; half++)
		entry.lo[half] = (uint64_t)(fake_random(64) * 4) << 6 | global | CCA_CACHED << 3 |
				 (fake_random(3) ? ENTRYLO_V : 0) |
				 (fake_random(2) ? ENTRYLO_D : 0);
	vcpu->cp0[CP0_PAGEMASK] = mask;
	vcpu->cp0[CP0_ENTRYHI] = entry.hi;
	vcpu->cp0[OPEN(CP0_ENTRYLO0)] = entry.lo[0];
	vcpu->cp0[OPEN(CP0_ENTRYLO1)] = entry.lo[1];
	vcpu->cp0[CP0_BADVADDR] = entry.hi & ~UINT64_C(0xfff);
	return entry;
}

static void check_find(struct vcpu *vcpu, const struct plain_entry *plain)
{
	uint64_t va = random_va(), asid = fake_random(3);
	const struct vtlb_entry *found;
	int wanted = -1;

	for (int i = 0; i < VTLB_ENTRIES; i++)
		if (plain_matches(&plain[i], va, asid))
			wanted = i;
	vcpu->cp0[CP0_ENTRYHI] = va | asid;
	hal_cp0_write(CP0_ENTRYHI, asid);
	found = vtlb_find(vcpu, va);
	assert_int_equal(found ? (int)(found - vcpu->vtlb) : -1, wanted);
	vtlb_probe(vcpu);
	if (wanted < 0)
		assert_true(vcpu->cp0[CP0_INDEX] & INDEX_P);
	else
		assert_int_equal(vcpu->cp0[CP0_INDEX], wanted);
}

static void check_read(struct vcpu *vcpu, const struct plain_entry *plain)
{
	unsigned index = fake_random(VTLB_ENTRIES);

	if (!plain[index].used)
		return;
	vcpu->cp0[CP0_INDEX] = index;
	vtlb_read(vcpu);
	assert_int_equal(vcpu->cp0[CP0_ENTRYHI], plain[index].hi);
	assert_int_equal(vcpu->cp0[OPEN(CP0_ENTRYLO0)], plain[index].lo[0]);
	assert_int_equal(vcpu->cp0[OPEN(CP0_ENTRYLO1)], plain[index].lo[1]);
	assert_int_equal(vcpu->cp0[CP0_PAGEMASK], plain[index].mask);
}

static void virtual_tlb(void **state)
{
	struct plain_entry plain[VTLB_ENTRIES] = {{0}};
	struct vcpu *vcpu = make(64);

	(void)state;
	for (unsigned step = 0; step < 20000; step++) {
		struct plain_entry entry = random_entry(vcpu);
		unsigned index = fake_random(VTLB_ENTRIES);
		bool clash = false;

		for (unsigned i = 0; i < VTLB_ENTRIES; i++)
			clash |= i != index && plain_overlap(&plain[i], &entry);
		assert_int_equal(vtlb_write(vcpu, index, false), !clash);
		if (!clash)
			plain[index] = entry;
		check_find(vcpu, plain);
		check_read(vcpu, plain);
		if (step % 200 == 0)
			fake_audit(vmm);
	}
	assert_int_equal(vm->state, VM_RUNNING);
}

/* ---- what the entry code does of TLBWI and TLBWR, against all of them ---- */

/* Everything that a TLB write may change. */
struct everything {
	struct vcpu vcpu;
	struct l2tlb_entry l2tlb[64];
	struct pmap_entry pmap[512];
	struct fake_cpu cpu;
};

static void save(struct everything *to, const struct vcpu *vcpu)
{
	to->vcpu = *vcpu;
	memcpy(to->l2tlb, vcpu->l2tlb, sizeof(to->l2tlb));
	memcpy(to->pmap, vm->pmap, sizeof(to->pmap));
	to->cpu = fake.cpu[0];
}

static void restore(const struct everything *from, struct vcpu *vcpu)
{
	*vcpu = from->vcpu;
	memcpy(vcpu->l2tlb, from->l2tlb, sizeof(from->l2tlb));
	memcpy(vm->pmap, from->pmap, sizeof(from->pmap));
	fake.cpu[0] = from->cpu;
}

static void assert_same(const struct everything *a, const struct everything *b)
{
	assert_memory_equal(a->vcpu.vtlb, b->vcpu.vtlb, sizeof(a->vcpu.vtlb));
	assert_memory_equal(a->vcpu.vtlb_filter, b->vcpu.vtlb_filter, VTLB_FILTER);
	assert_memory_equal(a->vcpu.vtlb_hint, b->vcpu.vtlb_hint, VTLB_FILTER);
	assert_memory_equal(a->vcpu.own, b->vcpu.own, sizeof(a->vcpu.own));
	assert_int_equal(a->vcpu.vtlb_valid, b->vcpu.vtlb_valid);
	assert_int_equal(a->vcpu.translated, b->vcpu.translated);
	for (unsigned i = 0; i < 64; i++) {
		assert_int_equal(a->l2tlb[i].tag, b->l2tlb[i].tag);
		if (a->l2tlb[i].tag != L2TLB_EMPTY)
			assert_memory_equal(&a->l2tlb[i], &b->l2tlb[i], sizeof(a->l2tlb[i]));
	}
	for (unsigned i = 0; i < VTLB_ENTRIES; i++) {
		assert_int_equal(a->cpu.tlb[i].valid, b->cpu.tlb[i].valid);
		assert_int_equal(a->cpu.tlb[i].hi, b->cpu.tlb[i].hi);
		assert_int_equal(a->cpu.tlb[i].lo[0], b->cpu.tlb[i].lo[0]);
		assert_int_equal(a->cpu.tlb[i].lo[1], b->cpu.tlb[i].lo[1]);
	}
	for (unsigned i = 0; i < 512; i++) {
		assert_int_equal(a->pmap[i].holders, b->pmap[i].holders);
		assert_int_equal(a->pmap[i].backmap, b->pmap[i].backmap);
		assert_int_equal(a->pmap[i].flags, b->pmap[i].flags);
	}
}

static void random_user_entry(struct vcpu *vcpu)
{
	uint64_t base = fake_random(30) ? 0 : UINT64_C(0xc000000000000000);
	uint64_t page = base + UINT64_C(0x2000) * (fake_random(300) + 0x400 * fake_random(3));

	vcpu->cp0[CP0_ENTRYHI] = page | fake_random(3);
	vcpu->cp0[CP0_BADVADDR] = page + fake_random(2) * PAGE_BYTES;
	for (unsigned half = 0; half < 2; half++)
		vcpu->cp0[OPEN(CP0_ENTRYLO0 + half)] =
			(uint64_t)fake_random(520) << 6 | CCA_CACHED << 3 |
			(fake_random(4) ? ENTRYLO_V : 0) | (fake_random(2) ? ENTRYLO_D : 0) |
			(fake_random(60) ? 0 : ENTRYLO_G);
	vcpu->cp0[CP0_INDEX] = fake_random(VTLB_ENTRIES);
}

static void quick_writes(void **state)
{
	struct vcpu *vcpu = make(64);
	struct everything *before = malloc(sizeof(*before)), *quick = malloc(sizeof(*quick)),
			  *all = malloc(sizeof(*all));
	unsigned done[2] = {0, 0};

	(void)state;
	set_virtual_status(vcpu, STATUS_KX | STATUS_SX | STATUS_UX);
	vcpu_status_changed(vcpu);
	for (uint32_t i = 0; i < 500; i++)
		assert_non_null(pmap_get(vm, i, 0));
	for (unsigned step = 0; step < 20000; step++) {
		bool random = fake_random(2), is_quick;
		unsigned index;

		random_user_entry(vcpu);
		index = (unsigned)vcpu->cp0[CP0_INDEX];
		if (fake_random(2) && !vcpu->vtlb[index].hidden) /* as after a TLBP */
			vcpu->cp0[CP0_ENTRYHI] = vcpu->vtlb[index].hi;
		hal_cp0_write(CP0_ENTRYHI, vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID);
		save(before, vcpu);
		is_quick = vtlb_write_quick(vcpu, random);
		save(quick, vcpu);
		if (!is_quick)
			assert_same(before, quick);
		restore(before, vcpu);
		if (random)
			index = vtlb_random(vcpu);
		assert_true(vtlb_write(vcpu, index, random) || !is_quick);
		save(all, vcpu);
		if (is_quick)
			assert_same(all, quick);
		done[random] += is_quick;
		if (step % 500 == 0)
			fake_audit(vmm);
	}
	assert_true(done[0] > 1500 && done[1] > 3000);
	free(before);
	free(quick);
	free(all);
}

/* A trap of user mode's at an address that is often mapped, with the guest's kernel not in a
 * handler most of the time. */
static struct trap random_fault(struct vcpu *vcpu)
{
	static const enum mips_exception code[] = {EXC_TLBL, EXC_TLBS, EXC_TLBL, EXC_TLBS, EXC_MOD};
	const struct fake_tlb_entry *hardware;
	struct trap trap = {.pc = 0x5000, .code = code[fake_random(5)]};
	uint32_t status = STATUS_KX | STATUS_SX | STATUS_UX;
	const struct vtlb_entry *entry;

	random_user_entry(vcpu);
	entry = &vcpu->vtlb[fake_random(VTLB_ENTRIES)];
	if (fake_random(4) && !entry->hidden)
		vcpu->cp0[CP0_ENTRYHI] = entry->hi;
	hal_cp0_write(CP0_ENTRYHI, vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID);
	trap.bad_address = (vcpu->cp0[CP0_ENTRYHI] & ~UINT64_C(0x1fff)) + fake_random(0x2000);
	status |= fake_random(3) ? STATUS_KSU_U : 0;
	status |= fake_random(20) ? 0 : STATUS_EXL;
	set_virtual_status(vcpu, status);
	vcpu_status_changed(vcpu);
	if (fake_random(3) == 0)
		hal_tlb_remove((trap.bad_address & ~UINT64_C(0x1fff)) |
			       (vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID));
	if (fake_random(3) == 0)
		l2tlb_remove(vcpu, trap.bad_address, 0x2000, vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID);
	hardware = fake_tlb_find(0, trap.bad_address);
	trap.refill = !hardware && trap.code != EXC_MOD;
	trap.gpr = fake_gpr(0);
	return trap;
}

/* Whether the hardware would raise it: the entry's half is not there, not valid, or clean. */
static bool can_happen(const struct trap *trap)
{
	const struct fake_tlb_entry *entry = fake_tlb_find(0, trap->bad_address);
	uint64_t lo = entry ? entry->lo[trap->bad_address >> PAGE_SHIFT & 1] : 0;

	if (trap->code == EXC_MOD)
		return (lo & (ENTRYLO_V | ENTRYLO_D)) == ENTRYLO_V;
	return trap->refill || !(lo & ENTRYLO_V);
}

/* What the entry code does of the faults of user pages, against vmm_trap(). */
static void quick_faults(void **state)
{
	struct vcpu *vcpu = make(64);
	struct everything *before = malloc(sizeof(*before)), *quick = malloc(sizeof(*quick)),
			  *all = malloc(sizeof(*all));
	unsigned refills = 0, faults = 0, fills = 0;

	(void)state;
	vcpu->cp0[CP0_EBASE] = 0x80000000;
	for (uint32_t i = 0; i < 500; i++)
		assert_non_null(pmap_get(vm, i, 0));
	for (unsigned step = 0; step < 60000; step++) {
		struct trap trap, again;
		bool done;

		random_user_entry(vcpu);
		if (fake_random(2))
			vtlb_write(vcpu, fake_random(VTLB_ENTRIES), true);
		again = trap = random_fault(vcpu);
		/* What is in the L2TLB alone is answered by it, and not looked up in between. */
		if (!can_happen(&trap) || (trap.refill && l2tlb_find(vcpu, trap.bad_address)))
			continue;
		save(before, vcpu);
		done = vmm_quick(vmm, 0, &trap);
		save(quick, vcpu);
		if (!done) {
			assert_same(before, quick);
			assert_int_equal(trap.pc, again.pc);
			continue;
		}
		restore(before, vcpu);
		fake_trap(vmm, 0, &again);
		save(all, vcpu);
		assert_same(all, quick);
		assert_int_equal(trap.pc, again.pc);
		assert_int_equal(all->vcpu.mode, quick->vcpu.mode);
		assert_int_equal(all->vcpu.real_status, quick->vcpu.real_status);
		refills += (uint32_t)trap.pc == 0x80000080;
		faults += (uint32_t)trap.pc == 0x80000180;
		fills += trap.pc == 0x5000;
		if (step % 500 == 0)
			fake_audit(vmm);
	}
	assert_true(refills > 1000 && faults > 1000 && fills > 1000);
	free(before);
	free(quick);
	free(all);
}

/* Whatever is in the L2TLB is what the guest's TLB said when it was put there, or is gone. */
static void l2tlb(void **state)
{
	enum { PAGES = 40, ASIDS = 3 };
	uint64_t want[PAGES][ASIDS] = {{0}};
	struct vcpu *vcpu = make(64);
	unsigned hits = 0;

	(void)state;
	for (unsigned step = 0; step < 50000; step++) {
		unsigned page = fake_random(PAGES), asid = fake_random(ASIDS);
		uint64_t va = 0x10000 + page * UINT64_C(0x2000);
		const uint64_t lo[2] = {(uint64_t)step << 6, (uint64_t)step << 6 | 1 << 6};
		const struct l2tlb_entry *found;

		if (fake_random(3) == 0) {
			l2tlb_insert(vcpu, va | asid, false, lo);
			want[page][asid] = lo[0];
		} else if (fake_random(20) == 0) {
			l2tlb_remove(vcpu, va, 0x2000, asid);
			want[page][asid] = 0;
		} else if (fake_random(500) == 0) {
			l2tlb_remove(vcpu, va & ~UINT64_C(0xffff), 0x10000, asid);
			for (unsigned i = 0; i < PAGES; i++)
				if (!((va ^ (0x10000 + i * UINT64_C(0x2000))) & ~UINT64_C(0xffff)))
					want[i][asid] = 0;
		} else if (fake_random(2000) == 0) {
			l2tlb_flush(vcpu);
			memset(want, 0, sizeof(want));
		}
		vcpu->cp0[CP0_ENTRYHI] = asid;
		found = l2tlb_find(vcpu, va);
		if (found) {
			assert_int_equal(found->lo[0], want[page][asid]);
			hits++;
		}
	}
	assert_true(hits > 5000);
	l2tlb_flush(vcpu); /* the audit would find pages that are not the VM's */
}

static void l2tlb_global(void **state)
{
	const uint64_t lo[2] = {ENTRYLO_G | 64, ENTRYLO_G | 128}, va = UINT64_C(0xc000000000200000);
	struct vcpu *vcpu = make(64);

	(void)state;
	l2tlb_insert(vcpu, va | 1, true, lo);
	vcpu->cp0[CP0_ENTRYHI] = 77;
	assert_non_null(l2tlb_find(vcpu, va));
	l2tlb_remove(vcpu, va, 0x2000, 33);
	assert_null(l2tlb_find(vcpu, va));
	l2tlb_insert(vcpu, 0x2000 | 1, true, lo); /* a global user page: never kept */
	vcpu->cp0[CP0_ENTRYHI] = 1;
	assert_null(l2tlb_find(vcpu, 0x2000));
	l2tlb_insert(vcpu, UINT64_C(0x4000000000002000) | 1, false, lo); /* nor xsseg */
	assert_null(l2tlb_find(vcpu, UINT64_C(0x4000000000002000)));
}

static void without_l2tlb(void **state)
{
	const uint64_t lo[2] = {0, 0};
	struct vcpu *vcpu = make(0);

	(void)state;
	l2tlb_insert(vcpu, 0x2000, false, lo);
	assert_null(l2tlb_find(vcpu, 0x2000));
	l2tlb_remove(vcpu, 0x2000, 0x2000, 0);
	l2tlb_flush(vcpu);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		TEST(virtual_tlb), TEST(quick_writes), TEST(quick_faults),
		TEST(l2tlb),	   TEST(l2tlb_global), TEST(without_l2tlb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
