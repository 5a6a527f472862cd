/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual CP0 registers: cp0.def says what they are; here is what reads and writes do beyond
 * that. VMs see the machine's processor with Segmentation Control and Config6 hidden.
 */
#include "mips/cp0.h"
#include "vm.h"

static bool is_hidden(unsigned reg)
{
	return reg == CP0_SEGCTL0 || reg == CP0_SEGCTL1 || reg == CP0_SEGCTL2 || reg == CP0_CONFIG6;
}

/* The fixed registers come from the hardware, once. */
static void know_hardware(struct vmm *vmm)
{
	static const uint8_t fixed[] = {CP0_PRID,    CP0_CONFIG,  CP0_CONFIG1, CP0_CONFIG2,
					CP0_CONFIG3, CP0_CONFIG4, CP0_CONFIG7};

	for (unsigned i = 0; i < CP0_REGISTERS; i++)
		vmm->reset_cp0[i] = cp0_description[i].reset;
	for (unsigned i = 0; i < sizeof(fixed); i++)
		vmm->reset_cp0[fixed[i]] = hal_cp0_read(fixed[i]);
	vmm->reset_cp0[CP0_CONFIG3] &= ~(uint64_t)CONFIG3_SC;
	vmm->reset_cp0[CP0_CONFIG3] |= CONFIG3_CMGCR;
	vmm->reset_cp0[CP0_CONFIG] =
		(vmm->reset_cp0[CP0_CONFIG] & ~(uint64_t)CONFIG_K0) | CCA_UNCACHED;
	vmm->reset_cp0[CP0_RANDOM] = vmm->vtlb_entries - 1;
	vmm->cpu_known = true;
}

void vcp0_reset(struct vcpu *vcpu)
{
	struct vmm *vmm = vcpu->vm->vmm;

	if (!vmm->cpu_known)
		know_hardware(vmm);
	for (unsigned i = 0; i < CP0_REGISTERS; i++)
		vcpu->cp0[slot_of(i)] = vmm->reset_cp0[i];
	set_virtual_status(vcpu, vmm->reset_cp0[CP0_STATUS]);
	vcpu->cp0[CP0_EBASE] |= vcpu->number;
	vcpu->cp0[CP0_CMGCRBASE] = vcpu->vm->cm.base >> 4;
	vcpu->cp0[CP0_CAUSE] |= vcpu->pins;
	vcpu->count_offset = 0;
	timer_compare(vcpu);
}

static bool timer_stopped(const struct vcpu *vcpu)
{
	return vcpu->cp0[CP0_CAUSE] & CAUSE_DC;
}

uint32_t vcp0_count(const struct vcpu *vcpu)
{
	if (timer_stopped(vcpu))
		return (uint32_t)vcpu->cp0[CP0_COUNT];
	return (uint32_t)((vm_now(vcpu->vm) >> 1) + vcpu->count_offset);
}

uint64_t vcp0_read(struct vcpu *vcpu, unsigned number, unsigned select, unsigned *reg)
{
	unsigned which = cp0_at[number & 31][select & 7];
	uint64_t value;

	*reg = CP0_REGISTERS;
	if (!which-- || is_hidden(which))
		return 0;
	*reg = which;
	value = vcpu->cp0[slot_of(which)];
	if (OPEN_REGISTERS >> which & 1) /* as the guest left it */
		value &= cp0_description[which].write_mask;
	else if (which == CP0_STATUS)
		value = virtual_status(vcpu);
	else if (which == CP0_COUNT)
		value = vcp0_count(vcpu);
	else if (which == CP0_RANDOM)
		value = vtlb_random(vcpu);
	return cp0_description[which].width == 32 ? (uint64_t)(int64_t)(int32_t)value : value;
}

/* ---- effects of writes: cp0[reg] holds the new value, @old is the one before ---- */

static void wrote_pagemask(struct vcpu *vcpu, uint64_t old)
{
	uint64_t wanted = vcpu->cp0[CP0_PAGEMASK], mask = 0;

	(void)old;
	for (uint64_t next = 0x6000; (wanted & next) == next; next |= next << 2)
		mask = next;
	vcpu->cp0[CP0_PAGEMASK] = mask;
}

static void wrote_wired(struct vcpu *vcpu, uint64_t old)
{
	unsigned entries = vcpu->vm->vmm->vtlb_entries;

	if (vcpu->cp0[CP0_WIRED] >= entries)
		vcpu->cp0[CP0_WIRED] = old;
	vcpu->cp0[CP0_RANDOM] = entries - 1;
}

static void wrote_hwrena(struct vcpu *vcpu, uint64_t old)
{
	/* CPUNum and the counter are virtual: those are emulated. */
	uint32_t real =
		(uint32_t)vcpu->cp0[CP0_HWRENA] & (HWRENA_SYNCI_STEP | HWRENA_CCRES | HWRENA_ULR);

	(void)old;
	if (vcpu->pcpu->hwrena != real) {
		vcpu->pcpu->hwrena = real;
		hal_cp0_write(CP0_HWRENA, real);
	}
}

static void wrote_userlocal(struct vcpu *vcpu, uint64_t old)
{
	(void)old;
	vcpu->pcpu->userlocal = vcpu->cp0[CP0_USERLOCAL];
	hal_cp0_write(CP0_USERLOCAL, vcpu->cp0[CP0_USERLOCAL]);
}

static void wrote_count(struct vcpu *vcpu, uint64_t old)
{
	(void)old;
	vcpu->count_offset = vcpu->cp0[CP0_COUNT] - (vm_now(vcpu->vm) >> 1);
	timer_compare(vcpu);
}

static void wrote_compare(struct vcpu *vcpu, uint64_t old)
{
	(void)old;
	vcpu->cp0[CP0_CAUSE] &= ~(uint64_t)CAUSE_TI;
	vcpu_set_pin(vcpu, 7, vcpu->pins & CAUSE_IP_TIMER);
	timer_compare(vcpu);
}

static void wrote_entryhi(struct vcpu *vcpu, uint64_t old)
{
	if ((vcpu->cp0[CP0_ENTRYHI] ^ old) & ENTRYHI_ASID)
		hal_cp0_write(CP0_ENTRYHI, vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID);
}

static void wrote_status(struct vcpu *vcpu, uint64_t old)
{
	const uint32_t clear_only = STATUS_TS | STATUS_SR | STATUS_NMI;
	uint32_t status = (uint32_t)vcpu->cp0[CP0_STATUS];

	status &= ~(clear_only & ~(uint32_t)old);
	if ((status & STATUS_KSU) == STATUS_KSU) /* reserved */
		status = (status & ~STATUS_KSU) | ((uint32_t)old & STATUS_KSU);
	set_virtual_status(vcpu, status);
	vcpu_status_changed(vcpu);
}

static void wrote_cause(struct vcpu *vcpu, uint64_t old)
{
	if ((vcpu->cp0[CP0_CAUSE] ^ old) & CAUSE_DC) {
		uint32_t count = old & CAUSE_DC
					 ? (uint32_t)vcpu->cp0[CP0_COUNT]
					 : (uint32_t)((vm_now(vcpu->vm) >> 1) + vcpu->count_offset);

		vcpu->cp0[CP0_COUNT] = count;
		wrote_count(vcpu, 0);
	}
	vcpu->check_interrupts = true;
	attend(vcpu);
}

static void (*const write_effect[CP0_REGISTERS])(struct vcpu *vcpu, uint64_t old) = {
	[CP0_PAGEMASK] = wrote_pagemask, [CP0_WIRED] = wrote_wired,
	[CP0_HWRENA] = wrote_hwrena,	 [CP0_USERLOCAL] = wrote_userlocal,
	[CP0_COUNT] = wrote_count,	 [CP0_COMPARE] = wrote_compare,
	[CP0_ENTRYHI] = wrote_entryhi,	 [CP0_STATUS] = wrote_status,
	[CP0_CAUSE] = wrote_cause,
};

void vcp0_write(struct vcpu *vcpu, unsigned number, unsigned select, uint64_t value, unsigned *reg)
{
	unsigned which = cp0_at[number & 31][select & 7];
	uint64_t old, mask;

	*reg = CP0_REGISTERS;
	if (!which-- || is_hidden(which) || which == CP0_CONFIG5)
		return;
	*reg = which;
	mask = cp0_description[which].write_mask;
	old = vcpu->cp0[slot_of(which)];
	vcpu->cp0[slot_of(which)] = (old & ~mask) | (value & mask);
	if (write_effect[which])
		write_effect[which](vcpu, old);
}
