/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the exception to what handles it, and back to a guest. The frequent ones are first: a TLB
 * refill that the L2TLB or the map of the unmapped segments answers does nothing else.
 */
#include "vm.h"

#define TAG (ENTRYHI_R | ENTRYHI_VPN2)

static bool is_store(const struct trap *trap)
{
	return trap->code == EXC_TLBS || trap->code == EXC_MOD || trap->code == EXC_ADES;
}

static bool is_fetch(const struct trap *trap)
{
	return !is_store(trap) && trap->bad_address == trap->pc + (trap->in_delay_slot ? 4 : 0);
}

/* ---- the unmapped segments ---- */

static uint64_t large_lo(const struct vm *vm, uint32_t index)
{
	return hal_mpn_address(vm->pmap[index].mpn).value >> PAGE_SHIFT << 6 | CCA_CACHED << 3 |
	       ENTRYLO_D | ENTRYLO_V | ENTRYLO_G;
}

static void fill_large(struct vcpu *vcpu, uint64_t va, uint32_t first, uint32_t pages)
{
	uint64_t page_mask = (pages * PAGE_BYTES - 1) & ~UINT64_C(0x1fff);
	uint64_t hi = (va & TAG & ~page_mask) | (vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID);
	const uint64_t lo[2] = {large_lo(vcpu->vm, first), large_lo(vcpu->vm, first + pages / 2)};

	vcpu->vm->pmap[first].holders |= vcpu->holder;
	hal_tlb_write(hi, lo, page_mask, false);
}

/* Of a page that may have replicas. */
static uint64_t small_lo(const struct vcpu *vcpu, const struct pmap_entry *entry)
{
	uint64_t lo = CCA_CACHED << 3 | ENTRYLO_V | ENTRYLO_G;

	if (!(entry->flags & PMAP_REPLICATED))
		lo |= ENTRYLO_D;
	return hal_mpn_address(move_copy(vcpu->vm, entry, vcpu->pcpu->node)).value >> PAGE_SHIFT
											      << 6 |
	       lo;
}

static void fill_small(struct vcpu *vcpu, uint64_t va, uint32_t index, bool replace)
{
	uint64_t hi = (va & TAG) | (vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID);
	uint32_t first = index & ~UINT32_C(1);
	struct vm *vm = vcpu->vm;
	uint64_t lo[2] = {ENTRYLO_G, ENTRYLO_G};

	for (unsigned half = 0; half < 2; half++) {
		if (first + half >= vm->pages || !(vm->pmap[first + half].flags & PMAP_PRESENT) ||
		    !move_arrive(vcpu, first + half, first + half == index))
			continue;
		lo[half] = small_lo(vcpu, &vm->pmap[first + half]);
		pmap_note_mapping(&vm->pmap[first + half], vcpu, va & TAG);
	}
	vcpu->translated = true;
	if (!(vcpu->view & VIEW_SPECIAL))
		l2tlb_insert(vcpu, hi, true, lo);
	hal_tlb_write(hi, lo, 0, replace);
}

static void fill_unmapped(struct vcpu *vcpu, struct trap *trap, struct gpa gpa, bool replace)
{
	uint32_t index, first, pages;

	if (!pmap_ram(vcpu->vm, gpa, &index)) {
		mmio_access(vcpu, trap, gpa, is_fetch(trap));
		return;
	}
	hal_charge(CHARGE_LINEAR_HIT, 1);
	vcpu->stats.linear_hits++;
	if (!pmap_get(vcpu->vm, index, vcpu->pcpu->node))
		return;
	pages = pmap_large(vcpu->vm, index, &first);
	if (pages && move_arrive(vcpu, index, true))
		fill_large(vcpu, trap->bad_address, first, pages);
	else
		fill_small(vcpu, trap->bad_address, index, replace);
}

/* ---- the mapped segments ---- */

static void fill_mapped(struct vcpu *vcpu, struct trap *trap, const struct vtlb_entry *entry,
			bool replace)
{
	uint64_t size = (((uint64_t)entry->page_mask | 0x1fff) + 1) / 2;
	uint64_t va = trap->bad_address;
	uint64_t lo = entry->lo[(va & size) != 0];
	struct gpa gpa = {((lo & ENTRYLO_PFN) >> 6 << PAGE_SHIFT & ~(size - 1)) |
			  (va & (size - 1))};
	uint32_t index;

	if (!(lo & ENTRYLO_V)) {
		reflect_address(vcpu, trap, trap->code, va, false);
		return;
	}
	if (trap->code == EXC_TLBS && !(lo & ENTRYLO_D)) {
		reflect_address(vcpu, trap, EXC_MOD, va, false);
		return;
	}
	if (!pmap_ram(vcpu->vm, gpa, &index)) {
		mmio_access(vcpu, trap, gpa, is_fetch(trap));
		return;
	}
	vcpu->stats.vtlb_hits++;
	hal_charge(CHARGE_TLB_FILL, 1);
	vtlb_fill(vcpu, entry, va, replace);
}

static void slow_tlb(struct vcpu *vcpu, struct trap *trap, bool replace)
{
	const struct vtlb_entry *entry;
	struct gpa gpa;

	hal_charge(CHARGE_REFILL_SLOW, 1);
	switch (segment_find(vcpu, trap->bad_address, &gpa)) {
	case SEGMENT_ERROR:
		reflect_address(vcpu, trap, is_store(trap) ? EXC_ADES : EXC_ADEL, trap->bad_address,
				false);
		return;
	case SEGMENT_UNMAPPED:
		fill_unmapped(vcpu, trap, gpa, replace);
		return;
	case SEGMENT_MAPPED:
		break;
	}
	entry = vtlb_find(vcpu, trap->bad_address);
	if (!entry && rewrite_miss(vcpu, trap->bad_address))
		return;
	if (entry)
		fill_mapped(vcpu, trap, entry, replace);
	else
		reflect_address(vcpu, trap, trap->code, trap->bad_address, true);
}

static void tlb_miss(struct vcpu *vcpu, struct trap *trap)
{
	/* Not a refill: an entry of the hardware with the other half valid. */
	if (trap->refill)
		vcpu->stats.trap_refill++;
	else
		vcpu->stats.trap_invalid++;
	slow_tlb(vcpu, trap, !trap->refill);
}

/* A store through an unmapped segment to a page with replicas. */
static bool write_unmapped(struct vcpu *vcpu, struct trap *trap)
{
	struct gpa gpa;
	uint32_t index;

	if (segment_find(vcpu, trap->bad_address, &gpa) != SEGMENT_UNMAPPED ||
	    !pmap_ram(vcpu->vm, gpa, &index))
		return false;
	move_collapse(vcpu->vm, index);
	fill_unmapped(vcpu, trap, gpa, true);
	return true;
}

/* The page of @entry at @va is going to be written. */
static void make_writable(struct vcpu *vcpu, uint64_t lo, uint64_t va, uint64_t size)
{
	struct gpa gpa = {((lo & ENTRYLO_PFN) >> 6 << PAGE_SHIFT & ~(size - 1)) |
			  (va & (size - 1))};
	uint32_t index;

	if (pmap_ram(vcpu->vm, gpa, &index))
		move_collapse(vcpu->vm, index);
}

/* A store to a page that is clean for the guest. Should the guest's TLB have lost the entry by now,
 * the guest would look for it in vain: then it is a refill. */
static void tlb_modified(struct vcpu *vcpu, struct trap *trap)
{
	const struct vtlb_entry *entry = vtlb_find(vcpu, trap->bad_address);
	uint64_t asid = vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID;
	uint64_t size, lo;

	vcpu->stats.trap_modified++;
	if (!entry && (write_unmapped(vcpu, trap) || rewrite_store(vcpu, trap)))
		return;
	if (!entry) {
		l2tlb_remove(vcpu, trap->bad_address, 0x2000, asid);
		hal_tlb_remove((trap->bad_address & TAG) | asid);
		reflect_address(vcpu, trap, EXC_TLBS, trap->bad_address, true);
		return;
	}
	size = (((uint64_t)entry->page_mask | 0x1fff) + 1) / 2;
	lo = entry->lo[(trap->bad_address & size) != 0];
	if (lo & ENTRYLO_D) {
		make_writable(vcpu, lo, trap->bad_address, size);
		hal_charge(CHARGE_TLB_FILL, 1);
		vtlb_fill(vcpu, entry, trap->bad_address, true);
	} else {
		reflect_address(vcpu, trap, EXC_MOD, trap->bad_address, false);
	}
}

/* ---- the others ---- */

static void address_error(struct vcpu *vcpu, struct trap *trap)
{
	const struct vmm_config *config = &vcpu->vm->vmm->config;
	uint64_t va = trap->bad_address;
	struct gpa gpa;

	vcpu->stats.trap_address++;
	if (!config->segctl && segment_find(vcpu, va, &gpa) == SEGMENT_UNMAPPED) {
		unmapped_access(vcpu, trap, is_fetch(trap));
		return;
	}
	if (!config->xkseg_bit && va - MIPS_XKSEG < UINT64_C(1) << MIPS_SEGBITS &&
	    segment_find(vcpu, va, &gpa) == SEGMENT_MAPPED)
		xkseg_access(vcpu, trap, is_fetch(trap));
	else
		reflect_address(vcpu, trap, trap->code, va, false);
}

static void coprocessor(struct vcpu *vcpu, struct trap *trap)
{
	if (trap->unit) {
		vcpu->stats.trap_other++;
		reflect_coprocessor(vcpu, trap, trap->unit);
		return;
	}
	vcpu->stats.trap_privileged++;
	emulate_privileged(vcpu, trap);
}

static void reserved(struct vcpu *vcpu, struct trap *trap)
{
	vcpu->stats.trap_other++;
	emulate_reserved(vcpu, trap);
}

static void system_call(struct vcpu *vcpu, struct trap *trap)
{
	vcpu->stats.trap_syscall++;
	reflect(vcpu, trap, EXC_SYS);
}

static void other(struct vcpu *vcpu, struct trap *trap)
{
	vcpu->stats.trap_other++;
	reflect(vcpu, trap, trap->code);
}

static void interrupt(struct pcpu *cpu)
{
	unsigned sources = hal_interrupts();
	struct vcpu *vcpu = cpu->current;

	cpu->attention = cpu->timer_dirty = true;
	if (vcpu)
		vcpu->check_interrupts = true;
	if (sources & HAL_INTERRUPT_NODE)
		move_hot_pages(cpu);
	if (!(sources & HAL_INTERRUPT_TIMER))
		return;
	hal_charge(CHARGE_TIMER, 1);
	cpu->timer = VMM_NO_TIME;
	if (vcpu)
		timer_expire(vcpu);
	timer_check_waiting(cpu);
	if (hal_cycles() >= cpu->slice_end)
		cpu->reschedule = true;
}

static void interrupt_guest(struct vcpu *vcpu, struct trap *trap)
{
	(void)trap;
	vcpu->stats.trap_interrupt++;
	interrupt(vcpu->pcpu);
}

static void (*const handler[EXC_CODES])(struct vcpu *vcpu, struct trap *trap) = {
	[EXC_INT] = interrupt_guest, [EXC_MOD] = tlb_modified,	 [EXC_TLBL] = tlb_miss,
	[EXC_TLBS] = tlb_miss,	     [EXC_ADEL] = address_error, [EXC_ADES] = address_error,
	[EXC_SYS] = system_call,     [EXC_RI] = reserved,	 [EXC_CPU] = coprocessor,
};

/* ---- the way back ---- */

static void idle_status(struct pcpu *cpu)
{
	const uint32_t status = STATUS_KX | STATUS_IE | HAL_STATUS_IM;

	if (cpu->status == status)
		return;
	cpu->status = status;
	hal_cp0_write(CP0_STATUS, status);
}

static void flush_tlb(struct vcpu *vcpu)
{
	vcpu->flush_pending = false;
	vcpu->stale = 0;
	vcpu->stats.tlb_flushes++;
	hal_charge(CHARGE_TLB_FLUSH, 1);
	flush_hardware(vcpu);
}

static void remove_stale(struct vcpu *vcpu)
{
	hal_charge(CHARGE_TLB_REMOVE, vcpu->stale);
	while (vcpu->stale)
		hal_tlb_remove(vcpu->stale_hi[--vcpu->stale]);
}

/* Chooses who goes on, until that is somebody who can. */
static void settle(struct pcpu *cpu, struct trap *trap)
{
	for (;;) {
		struct vcpu *vcpu = cpu->current;

		if (cpu->reschedule || !vcpu || !vm_runnable(vcpu->vm) ||
		    vcpu->run != VCPU_RUNNING) {
			sched_pick(cpu, trap);
			vcpu = cpu->current;
			if (!vcpu) {
				idle_status(cpu);
				cpu->idle_since = hal_cycles();
				return;
			}
		}
		if (vcpu->check_interrupts)
			deliver_interrupt(vcpu, trap);
		if (!cpu->reschedule && vm_runnable(vcpu->vm))
			break;
	}
	if (cpu->current->flush_pending)
		flush_tlb(cpu->current);
	if (cpu->current->stale)
		remove_stale(cpu->current);
	rewrite_map(cpu->current);
	vcpu_apply_status(cpu->current);
}

/* Almost always nothing has happened that the guest's CPU must see to. */
static void leave(struct pcpu *cpu, struct trap *trap, struct vcpu *entered, uint32_t entry)
{
	uint64_t spent;

	while (cpu->attention) {
		cpu->attention = false;
		settle(cpu, trap);
		if (cpu->timer_dirty)
			timer_arm(cpu);
	}
	cpu->resumed_at = hal_ticks();
	spent = (uint64_t)(uint32_t)(cpu->resumed_at - entry) * HAL_TICK;
	if (entered)
		entered->stats.time[TIME_MONITOR] += spent;
	else
		cpu->times.monitor += spent;
	cpu->vmm->active = NULL;
}

void vmm_trap(struct vmm *vmm, unsigned number, struct trap *trap)
{
	struct pcpu *cpu = &vmm->cpu[number];
	struct vcpu *vcpu = cpu->current;
	uint32_t entry = hal_ticks();
	uint64_t ran = (uint64_t)(uint32_t)(entry - cpu->resumed_at) * HAL_TICK;

	vmm->active = cpu;
	if (!vcpu) {
		cpu->times.idle += hal_cycles() - cpu->idle_since;
		hal_charge(CHARGE_ENTRY_EXIT, 1);
		interrupt(cpu);
	} else {
		vcpu->stats.time[vcpu->mode == GUEST_USER ? TIME_USER : TIME_KERNEL] += ran;
		hal_charge(CHARGE_ENTRY_EXIT, 1);
		if (handler[trap->code])
			handler[trap->code](vcpu, trap);
		else
			other(vcpu, trap);
	}
	leave(cpu, trap, vcpu, entry);
}

/* Segmentation Control: every segment but useg mapped, for kernel and supervisor mode (MSK). */
static void open_segments(const struct vmm_config *config)
{
	const uint64_t msk = (uint64_t)AM_MSK << SEGCTL_AM_SHIFT;
	const uint64_t useg = 0x003a043a; /* as after reset */

	if (config->segctl) {
		hal_cp0_write(CP0_SEGCTL0, msk << 16 | msk);
		hal_cp0_write(CP0_SEGCTL1, (uint64_t)AM_MSK << SEGCTL1_XAM_SHIFT | msk << 16 | msk);
		hal_cp0_write(CP0_SEGCTL2, UINT64_C(0xff) << SEGCTL2_XR_SHIFT | useg);
	}
	if (config->xkseg_bit)
		hal_cp0_write(CP0_CONFIG6, CONFIG6_XKSEG_S);
}

void vmm_cpu_start(struct vmm *vmm, unsigned number, struct trap *trap)
{
	struct pcpu *cpu = &vmm->cpu[number];
	uint32_t entry = hal_ticks();

	vmm->active = cpu;
	cpu->attention = true;
	open_segments(&vmm->config);
	hal_tlb_flush();
	hal_cp0_write(CP0_HWRENA, 0);
	move_cpu_start(cpu);
	leave(cpu, trap, NULL, entry);
}
