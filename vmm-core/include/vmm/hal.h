/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hardware as the monitor sees it: the only functions vmm-core calls. Bound at link time:
 * emu-mips/monitor/hal_native.c (the emulator calls the monitor in place of the exception vectors),
 * the MIPS build, and tests' fake.
 *
 * All act on the CPU that executes the monitor, do not block, and cannot fail unless they say so.
 * Calls come from vmm_trap() on that CPU, or from the outside between quanta (vmm.h); then there is
 * no present CPU, and only the functions marked [any] may be called.
 */
#ifndef VMM_HAL_H
#define VMM_HAL_H

#include "mips/arch.h"
#include "vmm/types.h"

enum charge {
#define CHARGE(name, instructions, references) CHARGE_##name,
#include "vmm/charge.def"
#undef CHARGE
	CHARGES
};

/* Sources of real interrupts, a set. */
#define HAL_INTERRUPT_TIMER 1u
#define HAL_INTERRUPT_IPI   2u
#define HAL_INTERRUPT_NODE  4u /* this CPU's node controller has hot pages */

/* The interrupt lines they use, as bits of Status.IM. */
#define HAL_STATUS_IM	    (UINT32_C(3) << 10)

/* A vCPU's registers while it is not on a CPU. */
struct vcpu_context {
	uint64_t gpr[32];
	uint64_t hi, lo;
	uint64_t pc;
	uint64_t fpr[32]; /* as the hardware holds them for the Status.FR in force */
	uint32_t fcr31;
};

/* ---- CP0 ---- */

/* Reads a real CP0 register: the Config registers, PRId. */
uint64_t hal_cp0_read(enum cp0_register reg);

/* Writes a real CP0 register: Status (with EXL clear: it takes force when the monitor returns to
 * the guest), EntryHi (ASID), HWREna, UserLocal, SegCtl, Config6. */
void hal_cp0_write(enum cp0_register reg, uint64_t value);

/* FCSR of the guest, for BC1F and BC1T in whose delay slot an instruction is emulated. */
uint32_t hal_fcsr(void);

/* @vcpu runs. The exception entry may itself emulate what core/quick.c says of its kernel mode, on
 * the virtual registers @cp0; NULL: it is not in kernel mode. */
struct vcpu;
void hal_quick(struct vcpu *vcpu, uint64_t *cp0);

/* Clears LLbit, for the guest's ERET. The monitor's own return to the guest leaves it as it is. */
void hal_link_clear(void);

/* ---- TLB ---- */

/* Writes the entry (@hi with ASID, @lo with machine page frames, @page_mask as PageMask) into the
 * hardware TLB: at the entry that @hi matches when @replace, else at a random one. The caller knows
 * that without @replace none matches. EntryHi.ASID is left as @hi has it. */
void hal_tlb_write(uint64_t hi, const uint64_t lo[2], uint64_t page_mask, bool replace);

/* Writes the one entry that hal_tlb_write() never replaces. Both of @lo invalid: there is none. */
void hal_tlb_wire(uint64_t hi, const uint64_t lo[2]);

/* Removes the entry that matches @hi (VPN2 and ASID), if any. EntryHi.ASID is left unchanged. */
void hal_tlb_remove(uint64_t hi);

/* Removes all entries. */
void hal_tlb_flush(void);

/* Reads entry @index of @cpu's TLB [any]; false: the entry is empty. Audit only. */
bool hal_tlb_read(unsigned cpu, unsigned index, uint64_t *hi, uint64_t lo[2], uint64_t *page_mask);

/* ---- Memory ---- */

/* Reads the guest's instruction at @va through the hardware TLB, in the guest's mode; false when
 * that would miss. */
bool hal_fetch(struct gva va, uint32_t *instruction);

/* The machine address of a page, and a pointer to its 4096 bytes [any]. */
struct ma hal_mpn_address(struct mpn mpn);
void *hal_page(struct mpn mpn);

/* @count pages from @mpn are going to be written by the monitor or a device: an instruction cache
 * or translated code of them is to be dropped [any]. */
void hal_page_changes(struct mpn mpn, unsigned count);

/* Fills @count contiguous pages with zeroes; copies a page [any]. Charged per page. */
void hal_page_zero(struct mpn mpn, unsigned count);
void hal_page_copy(struct mpn to, struct mpn from);

/* ---- Time, interrupts, other CPUs ---- */

/* Cycles since the machine started, as this CPU sees it [any]. */
uint64_t hal_cycles(void);

/* The same time in units of HAL_TICK cycles, 32 bits of it: for measuring what is short. */
#ifdef __mips__
#define HAL_TICK 2
static inline uint32_t hal_ticks(void)
{
	uint32_t count;

	__asm__ volatile("mfc0 %0, $9" : "=r"(count));
	return count;
}
#else
#define HAL_TICK 1
uint32_t hal_ticks(void);
#endif

/* A timer interrupt when hal_cycles() reaches @cycle; replaces the one before; VMM_NO_TIME: none.
 */
void hal_timer_set(uint64_t cycle);

/* Which interrupts are up on this CPU; they are acknowledged. */
unsigned hal_interrupts(void);

/* Makes @cpu enter the monitor soon [any]. */
void hal_ipi(unsigned cpu);

/* ---- Context ---- */

/* Stores the guest's registers, or loads them (LLbit clear); pc is that of the trap structure. */
void hal_context_save(struct vcpu_context *context);
void hal_context_load(const struct vcpu_context *context);

/* The CPU has nothing to run: when the monitor returns, it waits for an interrupt. */
void hal_idle(void);

/* The monitor did one @operation: in the native build the simulated CPU's time advances by what
 * charge.def says; compiled for MIPS it takes its own time. [any] */
#ifdef __mips__
static inline void hal_charge(enum charge operation, unsigned count)
{
	(void)operation;
	(void)count;
}
#else
void hal_charge(enum charge operation, unsigned count);
#endif

/* ---- Node controllers (dev/node_controller.h) ---- */

uint64_t hal_node_read(unsigned node, unsigned offset);
void hal_node_write(unsigned node, unsigned offset, uint64_t value);

/* ---- The outside ---- */

/* A hot page was decided about, or replicas were given up; @decision is gone when this returns. */
struct vmm_decision;
void hal_decision(const struct vmm_decision *decision);

/* VM @vm stopped or asks to be reset [any]: vmm_vm_status() says why. It may only be noted; the
 * outside acts on it between quanta. */
void hal_vm_event(unsigned vm);

#endif
