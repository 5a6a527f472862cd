/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HAL of the MIPS build: vmm/hal.h on the processor itself. The monitor's memory is reached
 * through xkphys; its own code and data need no TLB entry.
 *
 * It is compiled and linked with every build, and its paths are measured on the simulated CPU
 * (measure.c). Running guests under it takes more: a boot path, and IPIs (hal_ipi) need the GIC.
 */
#include "cpu_area.h"
#include "mips/arch.h"
#include "vm.h"

#define XKPHYS_CACHED (MIPS_XKPHYS | (uint64_t)CCA_CACHED << 59)
#define HOLE_START    UINT64_C(0x10000000)
#define HOLE_SIZE     UINT64_C(0x10000000)
#define GIC_WEDGE     (MIPS_XKPHYS | (uint64_t)CCA_UNCACHED << 59 | UINT64_C(0x1bdc0280))
#define IPI_SOURCE    192			   /* GIC interrupt of CPU 0's IPI */
#define UNUSED_VPN    UINT64_C(0x4000000000000000) /* xsseg: a miss there is looked up anyway */

_Static_assert(offsetof(struct cpu_area, trap) == AREA_TRAP, "entry.S");
_Static_assert(offsetof(struct cpu_area, status) == AREA_STATUS, "entry.S");
_Static_assert(offsetof(struct cpu_area, stack) == AREA_STACK, "entry.S");
_Static_assert(offsetof(struct cpu_area, vmm) == AREA_VMM, "entry.S");
_Static_assert(offsetof(struct cpu_area, quick) == AREA_QUICK, "entry.S");
_Static_assert(8 * CP0_STATUS == QUICK_STATUS && 8 * CP0_CAUSE == QUICK_CAUSE, "entry.S");
#define AT_OFFSET(type, member, offset)                                                            \
	_Static_assert(offsetof(type, member) == (offset), "entry.S")
AT_OFFSET(struct cpu_area, vcpu, AREA_VCPU);
AT_OFFSET(struct cpu_area, count_last, AREA_COUNT_LAST);
AT_OFFSET(struct cpu_area, count_high, AREA_COUNT_HIGH);
AT_OFFSET(struct vcpu, cp0, VCPU_CP0);
AT_OFFSET(struct vcpu, real_status, VCPU_REAL_STATUS);
AT_OFFSET(struct vcpu, mode, VCPU_MODE);
AT_OFFSET(struct vcpu, view, VCPU_VIEW);
AT_OFFSET(struct vcpu, link, VCPU_LINK);
AT_OFFSET(struct vcpu, counts, VCPU_COUNTS);
AT_OFFSET(struct vcpu, count_delta, VCPU_COUNT_DELTA);
AT_OFFSET(struct vcpu, vtlb_large, VCPU_VTLB_LARGE);
AT_OFFSET(struct vcpu, counter_va, VCPU_COUNTER_VA);
AT_OFFSET(struct vcpu, counter_delta, VCPU_COUNTER_DELTA);
AT_OFFSET(struct vcpu, counter_last, VCPU_COUNTER_LAST);
AT_OFFSET(struct vcpu, linear, VCPU_LINEAR);
AT_OFFSET(struct vcpu, linear_units, VCPU_LINEAR_UNITS);
AT_OFFSET(struct vcpu, translated, VCPU_TRANSLATED);
AT_OFFSET(struct vcpu, pmap, VCPU_PMAP);
AT_OFFSET(struct vcpu, ram_pages, VCPU_RAM_PAGES);
AT_OFFSET(struct vcpu, holder, VCPU_HOLDER);
AT_OFFSET(struct vcpu, vtlb_last, VCPU_VTLB_LAST);
AT_OFFSET(struct vcpu, vtlb_valid, VCPU_VTLB_VALID);
AT_OFFSET(struct vcpu, asids, VCPU_ASIDS);
AT_OFFSET(struct pmap_entry, mpn, PMAP_MPN);
AT_OFFSET(struct pmap_entry, holders, PMAP_HOLDERS);
AT_OFFSET(struct pmap_entry, flags, PMAP_FLAGS);
AT_OFFSET(struct pmap_entry, backmap, PMAP_BACKMAP);
_Static_assert(sizeof(struct pmap_entry) == 16, "quick_tlb.S");
_Static_assert((PMAP_PRESENT | PMAP_REPLICATED | PMAP_WANTED) == 41 && PMAP_MANY == 2 &&
		       PMAP_ASIDS == 64,
	       "quick_tlb.S");
_Static_assert(VTLB_FILTER == 1 << VTLB_FILTER_BITS, "quick_tlb.S");
_Static_assert(8 * CP0_RANDOM == QUICK_RANDOM && 8 * CP0_PAGEMASK == QUICK_PAGEMASK &&
		       8 * CP0_WIRED == QUICK_WIRED && 8 * OPEN(CP0_ENTRYLO0) == QUICK_ENTRYLO0 &&
		       8 * OPEN(CP0_ENTRYLO1) == QUICK_ENTRYLO1,
	       "quick_tlb.S");
AT_OFFSET(struct vcpu, vtlb_filter, VCPU_FILTER);
AT_OFFSET(struct vcpu, pcpu, VCPU_PCPU);
AT_OFFSET(struct vcpu, vtlb_hint, VCPU_HINT);
AT_OFFSET(struct vcpu, vtlb, VCPU_VTLB);
AT_OFFSET(struct vtlb_entry, page_mask, VTLB_PAGE_MASK);
AT_OFFSET(struct vtlb_entry, hidden, VTLB_HIDDEN);
_Static_assert(sizeof(struct vtlb_entry) == 32, "quick_tlb.S");
_Static_assert(UNIT_SHIFT == LINEAR_SHIFT, "refill.S");
AT_OFFSET(struct pcpu, status, PCPU_STATUS);
AT_OFFSET(struct pcpu, quick, PCPU_QUICK);
_Static_assert(8 * CP0_CONTEXT == QUICK_CONTEXT && 8 * CP0_BADVADDR == QUICK_BADVADDR &&
		       8 * CP0_ENTRYHI == QUICK_ENTRYHI && 8 * CP0_EBASE == QUICK_EBASE &&
		       8 * CP0_XCONTEXT == QUICK_XCONTEXT && 8 * OPEN(CP0_EPC) == QUICK_EPC &&
		       CP0_STATUS + 1 == SLOT_PLUS_ONE_STATUS,
	       "entry.S");
_Static_assert(GUEST_KERNEL == 0 && GUEST_USER == 2 && VIEW_NORMAL == 0, "entry.S");
_Static_assert(STATUS_KSU_S == 0x08 && STATUS_KSU_U == 0x10,
	       "entry.S changes between them by 0x18");
_Static_assert(8 * SLOT_ENABLED == QUICK_ENABLED && 8 * SLOT_COUNTDOWN == QUICK_COUNTDOWN &&
		       CP0_ENTRYHI + 1 == SLOT_PLUS_ONE_ENTRYHI,
	       "entry.S");
_Static_assert(offsetof(struct cpu_area, number) == AREA_NUMBER, "entry.S");
_Static_assert(offsetof(struct trap, pc) == TRAP_PC, "entry.S");
_Static_assert(offsetof(struct trap, bad_address) == TRAP_BAD_ADDRESS, "entry.S");
_Static_assert(offsetof(struct trap, code) == TRAP_CODE, "entry.S");
_Static_assert(offsetof(struct trap, unit) == TRAP_UNIT, "entry.S");
_Static_assert(offsetof(struct trap, in_delay_slot) == TRAP_IN_DELAY_SLOT, "entry.S");
_Static_assert(offsetof(struct trap, refill) == TRAP_REFILL, "entry.S");

#define READ(number, select)                                                                       \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("dmfc0 %0, $" #number ", " #select : "=r"(value_));               \
		value_;                                                                            \
	})
#define WRITE(number, select, value)                                                               \
	__asm__ volatile("dmtc0 %0, $" #number ", " #select ::"r"((uint64_t)(value)) : "memory")
#define INSTRUCTION(name) __asm__ volatile(name "\n\tehb" ::: "memory")

static struct cpu_area *area(void)
{
	return (struct cpu_area *)READ(31, 3);
}

uint64_t hal_cp0_read(enum cp0_register reg)
{
	switch ((int)reg) {
	case CP0_PRID:
		return READ(15, 0);
	case CP0_CONFIG:
		return READ(16, 0);
	case CP0_CONFIG1:
		return READ(16, 1);
	case CP0_CONFIG2:
		return READ(16, 2);
	case CP0_CONFIG3:
		return READ(16, 3);
	case CP0_CONFIG4:
		return READ(16, 4);
	case CP0_CONFIG7:
		return READ(16, 7);
	default:
		return 0;
	}
}

void hal_cp0_write(enum cp0_register reg, uint64_t value)
{
	switch ((int)reg) {
	case CP0_STATUS:
		area()->status = value | STATUS_EXL;
		break;
	case CP0_ENTRYHI:
		WRITE(10, 0, value);
		break;
	case CP0_HWRENA:
		WRITE(7, 0, value);
		break;
	case CP0_USERLOCAL:
		WRITE(4, 2, value);
		break;
	case CP0_SEGCTL0:
		WRITE(5, 2, value);
		break;
	case CP0_SEGCTL1:
		WRITE(5, 3, value);
		break;
	case CP0_SEGCTL2: /* region 0 of xkphys stays the monitor's own, unmapped */
		WRITE(5, 4, value & ~(UINT64_C(1) << SEGCTL2_XR_SHIFT));
		break;
	case CP0_CONFIG6:
		WRITE(16, 6, value);
		break;
	}
}

uint32_t hal_fcsr(void)
{
	uint32_t value;

	__asm__ volatile("cfc1 %0, $31" : "=r"(value));
	return value;
}

void hal_quick(struct vcpu *vcpu, uint64_t *cp0)
{
	/* In a special view, or without an L2TLB, one that has nothing: an entry of page 0 whose
	 * halves are not valid. */
	static struct l2tlb_entry nothing[1 << L2TLB_ORDER]
		__attribute__((aligned(sizeof(struct l2tlb_entry) << L2TLB_ORDER)));

	area()->vcpu = vcpu;
	area()->quick = cp0;
	WRITE(31, 7, vcpu->l2tlb && !(vcpu->view & VIEW_SPECIAL) ? vcpu->l2tlb : nothing);
}

void hal_link_clear(void)
{
	/* ERET on the way back does it. */
}

void hal_tlb_write(uint64_t hi, const uint64_t lo[2], uint64_t page_mask, bool replace)
{
	WRITE(10, 0, hi);
	WRITE(2, 0, lo[0]);
	WRITE(3, 0, lo[1]);
	if (page_mask)
		WRITE(5, 0, page_mask);
	if (replace) {
		INSTRUCTION("ehb\n\ttlbp");
		if ((int32_t)READ(0, 0) >= 0) {
			INSTRUCTION("tlbwi");
			if (page_mask)
				WRITE(5, 0, 0);
			return;
		}
	}
	INSTRUCTION("ehb\n\ttlbwr");
	if (page_mask)
		WRITE(5, 0, 0);
}

static void make_unused(unsigned index)
{
	WRITE(10, 0, UNUSED_VPN + (uint64_t)index * 0x2000);
	WRITE(2, 0, 0);
	WRITE(3, 0, 0);
	WRITE(5, 0, 0);
	WRITE(0, 0, index);
	INSTRUCTION("ehb\n\ttlbwi");
}

void hal_tlb_wire(uint64_t hi, const uint64_t lo[2])
{
	uint64_t asid = READ(10, 0) & ENTRYHI_ASID;

	if (!((lo[0] | lo[1]) & ENTRYLO_V)) {
		make_unused(0);
		WRITE(6, 0, 0);
	} else {
		WRITE(6, 0, 1);
		WRITE(10, 0, hi);
		WRITE(2, 0, lo[0]);
		WRITE(3, 0, lo[1]);
		WRITE(0, 0, 0);
		INSTRUCTION("ehb\n\ttlbwi");
	}
	WRITE(10, 0, asid);
}

void hal_tlb_remove(uint64_t hi)
{
	uint64_t old = READ(10, 0);

	WRITE(10, 0, hi);
	INSTRUCTION("ehb\n\ttlbp");
	if ((int32_t)READ(0, 0) >= 0)
		make_unused((unsigned)READ(0, 0));
	WRITE(10, 0, old & ENTRYHI_ASID);
}

void hal_tlb_flush(void)
{
	uint64_t old = READ(10, 0);
	unsigned entries = ((uint32_t)READ(16, 1) >> CONFIG1_MMU_SHIFT & 63) + 1;

	for (unsigned i = 0; i < entries; i++)
		make_unused(i);
	WRITE(10, 0, old & ENTRYHI_ASID);
}

bool hal_tlb_read(unsigned cpu, unsigned index, uint64_t *hi, uint64_t lo[2], uint64_t *page_mask)
{
	uint64_t old = READ(10, 0);

	if (cpu != area()->number)
		return false;
	WRITE(0, 0, index);
	INSTRUCTION("ehb\n\ttlbr");
	*hi = READ(10, 0);
	lo[0] = READ(2, 0);
	lo[1] = READ(3, 0);
	*page_mask = READ(5, 0);
	WRITE(5, 0, 0);
	WRITE(10, 0, old);
	return (lo[0] | lo[1]) & ENTRYLO_V;
}

/* The page is in the TLB when the probe finds it: the load then cannot miss. */
bool hal_fetch(struct gva va, uint32_t *instruction)
{
	uint64_t old = READ(10, 0);

	WRITE(10, 0, (va.value & (ENTRYHI_R | ENTRYHI_VPN2)) | (old & ENTRYHI_ASID));
	INSTRUCTION("ehb\n\ttlbp");
	if ((int32_t)READ(0, 0) < 0)
		return false;
	*instruction = *(const volatile uint32_t *)va.value;
	return true;
}

struct ma hal_mpn_address(struct mpn mpn)
{
	uint64_t address = (uint64_t)mpn.value << 12;

	return (struct ma){address >= HOLE_START ? address + HOLE_SIZE : address};
}

void *hal_page(struct mpn mpn)
{
	return (void *)(XKPHYS_CACHED | hal_mpn_address(mpn).value);
}

void hal_page_changes(struct mpn mpn, unsigned count)
{
	(void)mpn; /* instruction fetch is coherent on this machine */
	(void)count;
}

void hal_page_zero(struct mpn mpn, unsigned count)
{
	for (unsigned n = 0; n < count; n++) {
		uint64_t *at = hal_page((struct mpn){mpn.value + n});

		for (unsigned i = 0; i < 512; i += 8) {
			at[i] = at[i + 1] = at[i + 2] = at[i + 3] = 0;
			at[i + 4] = at[i + 5] = at[i + 6] = at[i + 7] = 0;
		}
	}
}

void hal_page_copy(struct mpn to, struct mpn from)
{
	uint64_t *target = hal_page(to);
	const uint64_t *source = hal_page(from);

	for (unsigned i = 0; i < 512; i += 4) {
		uint64_t a = source[i], b = source[i + 1], c = source[i + 2], d = source[i + 3];

		target[i] = a;
		target[i + 1] = b;
		target[i + 2] = c;
		target[i + 3] = d;
	}
}

uint64_t hal_cycles(void)
{
	struct cpu_area *cpu = area();
	uint32_t count = (uint32_t)READ(9, 0);

	if (count < cpu->count_last)
		cpu->count_high += UINT64_C(1) << 32;
	cpu->count_last = count;
	return (cpu->count_high | count) << 1;
}

void hal_timer_set(uint64_t cycle)
{
	uint64_t now = hal_cycles();

	if (cycle == VMM_NO_TIME || cycle - now >= UINT64_C(1) << 32)
		cycle = now + (UINT64_C(1) << 32);
	WRITE(11, 0, cycle > now ? cycle >> 1 : (now >> 1) + 1);
}

unsigned hal_interrupts(void)
{
	uint32_t cause = (uint32_t)READ(13, 0);
	unsigned sources = 0;

	if (cause & CAUSE_TI)
		sources |= HAL_INTERRUPT_TIMER;
	if (cause & CAUSE_IP & ~(CAUSE_IP_SW | CAUSE_IP_TIMER)) {
		sources |= HAL_INTERRUPT_IPI;
		*(volatile uint32_t *)GIC_WEDGE = IPI_SOURCE + (uint32_t)area()->number;
	}
	return sources;
}

void hal_ipi(unsigned cpu)
{
	*(volatile uint32_t *)GIC_WEDGE = UINT32_C(1) << 31 | (IPI_SOURCE + cpu);
}

/* clang-format off */
#define EACH_FPR(X)                                                                                \
	X(0)                                                                                       \
	X(1)                                                                                       \
	X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17)    \
		X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30)      \
			X(31)
/* clang-format on */

static void use_fpu(void)
{
	WRITE(12, 0, READ(12, 0) | STATUS_CU1 | STATUS_FR);
	INSTRUCTION("");
}

void hal_context_save(struct vcpu_context *context)
{
	const struct cpu_area *cpu = area();

	use_fpu();
	for (unsigned i = 0; i < 32; i++)
		context->gpr[i] = cpu->gpr[i];
	context->hi = cpu->hi;
	context->lo = cpu->lo;
#define SAVE(n) __asm__ volatile("sdc1 $f" #n ", %0" : "=m"(context->fpr[n]));
	EACH_FPR(SAVE)
	context->fcr31 = hal_fcsr();
}

void hal_context_load(const struct vcpu_context *context)
{
	struct cpu_area *cpu = area();

	use_fpu();
	for (unsigned i = 0; i < 32; i++)
		cpu->gpr[i] = context->gpr[i];
	cpu->hi = context->hi;
	cpu->lo = context->lo;
#define LOAD(n) __asm__ volatile("ldc1 $f" #n ", %0" ::"m"(context->fpr[n]));
	EACH_FPR(LOAD)
	__asm__ volatile("ctc1 %0, $31" ::"r"(context->fcr31));
}

void hal_idle(void)
{
	area()->idle = 1;
}

#define NODE_REGISTER(node, offset)                                                                \
	(*(volatile uint64_t *)(MIPS_XKPHYS | (uint64_t)CCA_UNCACHED << 59 |                       \
				(UINT64_C(0x12000000) + (node)*UINT64_C(0x80000) + (offset))))

uint64_t hal_node_read(unsigned node, unsigned offset)
{
	return NODE_REGISTER(node, offset);
}

void hal_node_write(unsigned node, unsigned offset, uint64_t value)
{
	NODE_REGISTER(node, offset) = value;
}

void hal_decision(const struct vmm_decision *decision)
{
	(void)decision; /* nobody to tell */
}

void hal_vm_event(unsigned vm)
{
	(void)vm; /* whoever manages the VMs asks vmm_vm_status() */
}
