/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking translations back. The back map says which vCPUs may hold one of a page, and where; only
 * the CPUs those run on are interrupted, and a vCPU that is not on a CPU pays when it comes back.
 * Few pages are taken out of the hardware TLB one by one: a flush costs 64 refills on top.
 */
#include "vm.h"

static void tell(struct vcpu *vcpu)
{
	struct pcpu *cpu = vcpu->pcpu;

	attend(vcpu);
	if (!cpu || cpu->current != vcpu || cpu == cpu->vmm->active)
		return;
	vcpu->stats.shootdown_ipis++;
	hal_ipi(cpu->number);
}

static void note_stale(struct vcpu *vcpu, uint64_t hi)
{
	if (vcpu->stale == STALE_MAX)
		vcpu->flush_pending = true;
	else
		vcpu->stale_hi[vcpu->stale++] = hi;
}

static void remove_all(struct vcpu *vcpu)
{
	l2tlb_flush(vcpu);
	vcpu->flush_pending = true;
}

static void remove_one(struct vcpu *vcpu, uint64_t hi)
{
	l2tlb_remove(vcpu, hi, 0x2000, hi & ENTRYHI_ASID);
	note_stale(vcpu, hi);
}

/* The page at @hi's address under whatever ASID the vCPU has had. */
static void remove_under_all(struct vcpu *vcpu, uint64_t hi)
{
	hi &= ~ENTRYHI_ASID;
	for (unsigned i = 0; i < 4; i++)
		for (uint64_t set = vcpu->asids[i]; set; set &= set - 1) {
			hal_charge(CHARGE_SHOOTDOWN, 1);
			remove_one(vcpu, hi | (64 * i + (unsigned)__builtin_ctzll(set)));
		}
}

void shootdown_page(struct vm *vm, uint32_t index)
{
	struct pmap_entry *entry = &vm->pmap[index];
	uint64_t hi = entry->backmap & ~UINT64_C(0x1000);

	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpu[i];

		if (!(entry->holders >> i & 1))
			continue;
		vcpu->stats.shootdowns++;
		hal_charge(CHARGE_SHOOTDOWN, 1);
		if (entry->flags & PMAP_MANY)
			remove_all(vcpu);
		else if (entry->flags & PMAP_ASIDS)
			remove_under_all(vcpu, hi);
		else
			remove_one(vcpu, hi);
		tell(vcpu);
	}
	entry->holders = 0;
	entry->backmap = 0;
	entry->flags &= ~(PMAP_MANY | PMAP_ASIDS);
}

void shootdown_block(struct vm *vm, uint32_t first)
{
	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		if (!(vm->pmap[first].holders >> i & 1))
			continue;
		vm->vcpu[i].stats.shootdowns++;
		hal_charge(CHARGE_SHOOTDOWN, 1);
		vm->vcpu[i].flush_pending = true;
		tell(&vm->vcpu[i]);
	}
}
