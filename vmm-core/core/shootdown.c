/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking translations back. The back map says which vCPUs may hold one of a page, and where; only
 * the CPUs those run on are interrupted, and a vCPU that is not on a CPU pays when it comes back.
 */
#include "vm.h"

static void flush_later(struct vcpu *vcpu)
{
	struct pcpu *cpu = vcpu->pcpu;

	vcpu->flush_pending = true;
	attend(vcpu);
	if (!cpu || cpu->current != vcpu || cpu == cpu->vmm->active)
		return;
	vcpu->stats.shootdown_ipis++;
	hal_ipi(cpu->number);
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
			l2tlb_flush(vcpu);
		else
			l2tlb_remove(vcpu, hi, 0x2000, hi & ENTRYHI_ASID);
		flush_later(vcpu);
	}
	entry->holders = 0;
	entry->backmap = 0;
	entry->flags &= ~PMAP_MANY;
}

void shootdown_block(struct vm *vm, uint32_t first)
{
	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		if (!(vm->pmap[first].holders >> i & 1))
			continue;
		vm->vcpu[i].stats.shootdowns++;
		hal_charge(CHARGE_SHOOTDOWN, 1);
		flush_later(&vm->vcpu[i]);
	}
}
