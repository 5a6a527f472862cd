/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads and stores to the VM's devices, whose pages are never mapped. */
#include "vm.h"

const struct access access_of[64] = {
	[32] = {1, false, true, 0, ACCESS_WHOLE},  [33] = {2, false, true, 0, ACCESS_WHOLE},
	[35] = {4, false, true, 0, ACCESS_WHOLE},  [36] = {1, false, false, 0, ACCESS_WHOLE},
	[37] = {2, false, false, 0, ACCESS_WHOLE}, [39] = {4, false, false, 0, ACCESS_WHOLE},
	[40] = {1, true, false, 0, ACCESS_WHOLE},  [41] = {2, true, false, 0, ACCESS_WHOLE},
	[43] = {4, true, false, 0, ACCESS_WHOLE},  [48] = {4, false, true, 1, ACCESS_WHOLE},
	[52] = {8, false, false, 1, ACCESS_WHOLE}, [55] = {8, false, false, 0, ACCESS_WHOLE},
	[26] = {8, false, false, 0, ACCESS_LEFT},  [27] = {8, false, false, 0, ACCESS_RIGHT},
	[34] = {4, false, true, 0, ACCESS_LEFT},   [38] = {4, false, true, 0, ACCESS_RIGHT},
	[42] = {4, true, false, 0, ACCESS_LEFT},   [46] = {4, true, false, 0, ACCESS_RIGHT},
	[44] = {8, true, false, 0, ACCESS_LEFT},   [45] = {8, true, false, 0, ACCESS_RIGHT},
	[56] = {4, true, false, 1, ACCESS_WHOLE},  [60] = {8, true, false, 1, ACCESS_WHOLE},
	[63] = {8, true, false, 0, ACCESS_WHOLE},
};

uint64_t access_extend(uint64_t value, const struct access *access)
{
	unsigned shift = 8 * (8u - access->size) % 64; /* size is 1 to 8 */

	if (access->sign)
		return (uint64_t)((int64_t)(value << shift) >> shift);
	return value << shift >> shift;
}

static void bus_error(struct vcpu *vcpu, struct trap *trap, bool fetch)
{
	reflect(vcpu, trap, fetch ? EXC_IBE : EXC_DBE);
}

void mmio_access(struct vcpu *vcpu, struct trap *trap, struct gpa gpa, bool fetch)
{
	struct mmio_region *region;
	const struct access *access;
	uint32_t instruction;
	uint64_t offset, value = 0;
	unsigned rt;

	if (fetch) {
		bus_error(vcpu, trap, true);
		return;
	}
	if (!fetch_trapped(trap, &instruction))
		return;
	access = &access_of[instruction >> 26];
	rt = instruction >> 16 & 31;
	if (!rt && !access->store && rewrite_was_cache(vcpu, trap)) {
		skip_instruction(trap);
		return;
	}
	region = access->size && !access->link && !access->part
			 ? vboard_region(vcpu->vm, gpa, access->size)
			 : NULL;
	if (!region || (access->store ? !region->write : !region->read)) {
		bus_error(vcpu, trap, false);
		return;
	}
	hal_charge(CHARGE_MMIO, 1);
	offset = gpa.value - region->base;
	if (access->store) {
		vcpu->stats.mmio_writes++;
		if (!region->write(
			    region->opaque, vcpu->number, offset, access->size,
			    access_extend(trap->gpr[rt], &(struct access){.size = access->size}))) {
			bus_error(vcpu, trap, false);
			return;
		}
		if (region->opaque == &vcpu->vm->gic && offset <= GIC_COUNTER + 4)
			for (unsigned i = 0; i < vcpu->vm->config.vcpus; i++)
				timer_quick(&vcpu->vm->vcpu[i]);
	} else {
		vcpu->stats.mmio_reads++;
		if (!region->read(region->opaque, vcpu->number, offset, access->size, &value)) {
			bus_error(vcpu, trap, false);
			return;
		}
		if (rt)
			trap->gpr[rt] = access_extend(value, access);
	}
	skip_instruction(trap);
}
