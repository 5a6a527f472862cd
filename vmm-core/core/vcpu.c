/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vCPU's processor state: reset, and what follows from the virtual Status. The guest's kernel
 * runs in supervisor mode, its programs in user mode; the real interrupts are always on.
 */
#include "vm.h"

static enum guest_mode mode_of(uint32_t status)
{
	if (status & (STATUS_EXL | STATUS_ERL))
		return GUEST_KERNEL;
	if ((status & STATUS_KSU) == STATUS_KSU_K)
		return GUEST_KERNEL;
	return (status & STATUS_KSU) == STATUS_KSU_S ? GUEST_SUPERVISOR : GUEST_USER;
}

/* Guest kernel and user mode can share hardware TLB entries: a user cannot reach what is the
 * kernel's. Virtual supervisor mode runs in the same real mode as the guest's kernel, and
 * Status.ERL changes useg: those need a TLB of their own. */
static uint8_t view_of(uint32_t status, enum guest_mode mode)
{
	uint8_t view = mode == GUEST_SUPERVISOR ? VIEW_SUPERVISOR : VIEW_NORMAL;

	if (status & STATUS_ERL)
		view |= VIEW_ERROR;
	if (!(status & STATUS_SX))
		view |= VIEW_NO_SX;
	else if (!(status & STATUS_KX))
		view |= VIEW_SX_ONLY;
	return view;
}

static uint32_t real_status(const struct vcpu *vcpu)
{
	const uint32_t same = STATUS_UX | STATUS_PX | STATUS_FR | STATUS_CU1;
	uint32_t virtual = (uint32_t)vcpu->cp0[CP0_STATUS];
	uint32_t status = (virtual & same) | STATUS_KX | STATUS_IE | HAL_STATUS_IM;

	status |= vcpu->mode == GUEST_USER ? STATUS_KSU_U : STATUS_KSU_S;
	/* Supervisor's 64-bit addressing stands for the guest kernel's: its own for xsseg, KX for
	 * the rest. */
	if (virtual & (vcpu->mode == GUEST_SUPERVISOR ? STATUS_SX : STATUS_KX | STATUS_SX))
		status |= STATUS_SX;
	return status;
}

void vcpu_apply_status(struct vcpu *vcpu)
{
	uint64_t *quick = vcpu->mode == GUEST_KERNEL ? vcpu->cp0 : NULL;
	struct pcpu *cpu = vcpu->pcpu;

	if (cpu->quick != quick || !cpu->quick_known) {
		cpu->quick = quick;
		cpu->quick_known = true;
		hal_quick(vcpu, quick);
	}
	if (cpu->status == vcpu->real_status)
		return;
	cpu->status = vcpu->real_status;
	hal_cp0_write(CP0_STATUS, cpu->status);
}

void vcpu_status_changed(struct vcpu *vcpu)
{
	uint32_t status = (uint32_t)vcpu->cp0[CP0_STATUS];
	uint8_t view;

	vcpu->mode = mode_of(status);
	view = view_of(status, vcpu->mode);
	if (view != vcpu->view) {
		vcpu->view = view;
		vcpu->flush_pending = true;
		attend(vcpu);
		if (vcpu->run == VCPU_RUNNING)
			vcpu->pcpu->quick_known = false;
	}
	if (interrupt_deliverable(vcpu))
		vcpu->check_interrupts = true;
	if (vcpu->check_interrupts || vcpu->page_mapped != rewrite_wanted(vcpu))
		attend(vcpu);
	vcpu->real_status = real_status(vcpu);
	if (vcpu->run == VCPU_RUNNING)
		vcpu_apply_status(vcpu);
}

void vcpu_reset(struct vcpu *vcpu)
{
	vcpu->context = (struct vcpu_context){.pc = VECTOR_RESET};
	vcpu->gic_deadline = VMM_NO_TIME;
	vcpu->compare_deadline = VMM_NO_TIME;
	vcp0_reset(vcpu);
	vtlb_reset(vcpu);
	l2tlb_flush(vcpu);
	vcpu->translated = false;
	vcpu->flush_pending = true;
	vcpu->reflect_loop = vcpu->interrupt_storm = 0;
	vcpu->link = false;
	vcpu_status_changed(vcpu);
}

void vcpu_set_pin(struct vcpu *vcpu, unsigned ip, bool level)
{
	uint32_t bit = UINT32_C(1) << (CAUSE_IP_SHIFT + ip);
	uint32_t timer = vcpu->cp0[CP0_CAUSE] & CAUSE_TI ? CAUSE_IP_TIMER : 0;

	vcpu->pins = level ? vcpu->pins | bit : vcpu->pins & ~bit;
	vcpu->cp0[CP0_CAUSE] =
		(vcpu->cp0[CP0_CAUSE] & ~(uint64_t)(CAUSE_IP & ~CAUSE_IP_SW)) | vcpu->pins | timer;
	if (interrupt_deliverable(vcpu)) {
		sched_kick(vcpu);
	} else if (vcpu->run == VCPU_RUNNING && vcpu->page_mapped != rewrite_wanted(vcpu)) {
		/* Rewritten code may be about to enable interrupts without our knowing. */
		attend(vcpu);
		if (vcpu->pcpu != vcpu->pcpu->vmm->active)
			hal_ipi(vcpu->pcpu->number);
	}
}
