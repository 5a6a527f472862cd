/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The native HAL: vmm/hal.h on struct cpu. */
#include <string.h>

#include "dev/address_map.h"
#include "emu/misses.h"
#include "monitor/native.h"

#define IP_IPI	  2
#define IP_TIMER  3

#define COPY_STEP 32 /* bytes: no more than a first-level line */

_Thread_local struct monitor *native;

static const struct {
	const char *name;
	unsigned instructions;
} charge_table[CHARGES] = {
#define CHARGE(name, instructions, references) [CHARGE_##name] = {#name, instructions},
#include "vmm/charge.def"
#undef CHARGE
};

const char *monitor_charge_name(unsigned operation)
{
	return operation < CHARGES ? charge_table[operation].name : NULL;
}

/* ---- entry and exit ---- */

/* What the return from exception does: EXL clear, on at pc. LLbit stays, as with ERETNC of later
 * releases: the stock kernel has TLBP between LL and SC, which would never succeed otherwise. */
static void resume(struct monitor *monitor, struct cpu *cpu, const struct trap *trap)
{
	struct native_cpu *state = &monitor->cpu[cpu->number];
	int vm;

	cpu->pc = trap->pc;
	cpu->in_delay_slot = false;
	cpu->cp0[CP0_STATUS] &= ~(uint64_t)STATUS_EXL;
	cpu->waiting = state->idle;
	state->idle = false;
	cpu_state_changed(cpu);
	monitor->current = NULL;
	vm = vmm_cpu_vm(monitor->vmm, cpu->number);
	if (vm == cpu->guest)
		return;
	if (cpu->machine->memory_model)
		native_count_memory(monitor, cpu);
	cpu->guest = (int16_t)vm;
}

void native_trap(struct cpu_monitor *hook, struct cpu *cpu, enum mips_exception code, bool refill)
{
	struct monitor *monitor = (struct monitor *)hook;
	uint32_t cause = (uint32_t)cpu->cp0[CP0_CAUSE];
	struct trap trap = {
		.gpr = cpu->gpr,
		.pc = cpu->cp0[CP0_EPC],
		.bad_address = cpu->cp0[CP0_BADVADDR],
		.code = code,
		.unit = cause >> CAUSE_CE_SHIFT & 3,
		.in_delay_slot = cause & CAUSE_BD,
		.refill = refill,
	};

	native = monitor;
	monitor->current = cpu;
	if (!vmm_quick(monitor->vmm, cpu->number, &trap))
		vmm_trap(monitor->vmm, cpu->number, &trap);
	resume(monitor, cpu, &trap);
	if (monitor->options.audit_traps && ++monitor->entries >= monitor->options.audit_traps) {
		monitor->entries = 0;
		native_audit(monitor);
	}
}

void native_start_cpu(struct monitor *monitor, struct cpu *cpu)
{
	struct trap trap = {.gpr = cpu->gpr, .pc = VECTOR_RESET};

	native = monitor;
	cpu->monitor = &monitor->hook;
	cpu->on_deadline = native_on_deadline;
	cpu->present = true;
	cpu->cp0[CP0_STATUS] = 0;
	monitor->current = cpu;
	vmm_cpu_start(monitor->vmm, cpu->number, &trap);
	resume(monitor, cpu, &trap);
}

/* ---- CP0 ---- */

uint64_t hal_cp0_read(enum cp0_register reg)
{
	return (native->current ? native->current : native->machine->cpu[0])->cp0[reg];
}

void hal_cp0_write(enum cp0_register reg, uint64_t value)
{
	struct cpu *cpu = native->current;

	switch ((int)reg) {
	case CP0_SEGCTL0:
		cp0_write(cpu, 5, 2, value);
		break;
	case CP0_SEGCTL1:
		cp0_write(cpu, 5, 3, value);
		break;
	case CP0_SEGCTL2:
		cp0_write(cpu, 5, 4, value);
		break;
	case CP0_CONFIG6:
		cp0_write(cpu, 16, 6, value);
		break;
	case CP0_STATUS:
		cpu->cp0[CP0_STATUS] = value | STATUS_EXL;
		break;
	default: /* EntryHi, HWREna, UserLocal: resume() makes them effective */
		cpu->cp0[reg] = value;
	}
}

uint32_t hal_fcsr(void)
{
	return native->current->fcr31;
}

void hal_quick(struct vcpu *vcpu, uint64_t *cp0)
{
	(void)vcpu;
	(void)cp0; /* native_trap() asks vmm_quick() each time */
}

void hal_link_clear(void)
{
	native->current->linked = LINK_NONE;
}

/* ---- TLB ---- */

void hal_tlb_write(uint64_t hi, const uint64_t lo[2], uint64_t page_mask, bool replace)
{
	struct cpu *cpu = native->current;
	unsigned index;

	cpu->cp0[CP0_ENTRYHI] = hi;
	cpu->cp0[CP0_ENTRYLO0] = lo[0];
	cpu->cp0[CP0_ENTRYLO1] = lo[1];
	cpu->cp0[CP0_PAGEMASK] = page_mask;
	if (replace)
		tlb_probe(cpu);
	if (!replace || (cpu->cp0[CP0_INDEX] & INDEX_P))
		index = cp0_random(cpu);
	else
		index = (unsigned)cpu->cp0[CP0_INDEX];
	if (!tlb_write(cpu, index)) {
		native->stats.tlb_conflicts++;
		hal_tlb_flush();
		tlb_write(cpu, index);
	}
	cpu->cp0[CP0_ENTRYHI] = hi & ENTRYHI_ASID;
}

void hal_tlb_wire(uint64_t hi, const uint64_t lo[2])
{
	struct cpu *cpu = native->current;
	bool valid = (lo[0] | lo[1]) & ENTRYLO_V;
	uint64_t asid = cpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID;

	if (cpu->cp0[CP0_WIRED] != valid)
		cp0_write(cpu, 6, 0, valid);
	tlb_invalidate(cpu, 0);
	if (!valid)
		return;
	cpu->cp0[CP0_ENTRYHI] = hi;
	cpu->cp0[CP0_ENTRYLO0] = lo[0];
	cpu->cp0[CP0_ENTRYLO1] = lo[1];
	cpu->cp0[CP0_PAGEMASK] = 0;
	if (!tlb_write(cpu, 0))
		native->stats.tlb_conflicts++;
	cpu->cp0[CP0_ENTRYHI] = asid;
}

void hal_tlb_remove(uint64_t hi)
{
	struct cpu *cpu = native->current;
	uint64_t asid;

	if (!cpu)
		return;
	asid = cpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID;
	cpu->cp0[CP0_ENTRYHI] = hi;
	tlb_probe(cpu);
	cpu->cp0[CP0_ENTRYHI] = asid;
	if (!(cpu->cp0[CP0_INDEX] & INDEX_P))
		tlb_invalidate(cpu, (unsigned)cpu->cp0[CP0_INDEX]);
}

void hal_tlb_flush(void)
{
	struct cpu *cpu = native->current;

	for (unsigned i = 0; i < cpu->config->tlb_entries; i++)
		cpu->tlb[i].hidden = true;
	softtlb_flush_all(cpu);
}

bool hal_tlb_read(unsigned number, unsigned index, uint64_t *hi, uint64_t lo[2],
		  uint64_t *page_mask)
{
	const struct tlb_entry *entry = &native->machine->cpu[number]->tlb[index];

	*hi = entry->entry_hi;
	lo[0] = entry->entry_lo[0];
	lo[1] = entry->entry_lo[1];
	*page_mask = entry->page_mask;
	return !entry->hidden;
}

/* ---- memory ---- */

static enum cpu_mode guest_mode(const struct cpu *cpu)
{
	return (cpu->cp0[CP0_STATUS] & STATUS_KSU) == STATUS_KSU_U ? MODE_USER : MODE_SUPERVISOR;
}

bool hal_fetch(struct gva va, uint32_t *instruction)
{
	struct cpu *cpu = native->current;
	struct translation where;
	enum mips_exception code;
	const void *host;
	bool refill;

	if (va.value & 3)
		return false;
	if (!cpu_translate(cpu, va.value, ACCESS_FETCH, guest_mode(cpu), &where, &code, &refill))
		return false;
	host = ram_pointer(cpu->machine, where.pa);
	if (!host)
		return false;
	memcpy(instruction, host, sizeof(*instruction));
	return true;
}

struct ma hal_mpn_address(struct mpn mpn)
{
	uint64_t address = (uint64_t)mpn.value << MIPS_PAGE_SHIFT;

	if (address >= DEVICE_HOLE_START)
		address += DEVICE_HOLE_END - DEVICE_HOLE_START;
	return (struct ma){address};
}

void *hal_page(struct mpn mpn)
{
	return native->machine->ram + ((uint64_t)mpn.value << MIPS_PAGE_SHIFT);
}

void hal_page_changes(struct mpn mpn, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		machine_dma(native->machine, hal_mpn_address((struct mpn){mpn.value + i}).value,
			    MIPS_PAGE_SIZE, true);
}

void hal_page_zero(struct mpn mpn, unsigned count)
{
	hal_page_changes(mpn, count);
	memset(hal_page(mpn), 0, count * MIPS_PAGE_SIZE);
	hal_charge(CHARGE_PAGE_ZERO, count);
}

/* What a copy costs beyond its instructions: both pages go through this CPU's caches. */
static void copy_misses(struct cpu *cpu, struct mpn to, struct mpn from)
{
	struct ccnuma *ccnuma = cpu->machine->ccnuma;
	uint64_t source = (uint64_t)from.value << MIPS_PAGE_SHIFT;
	uint64_t target = (uint64_t)to.value << MIPS_PAGE_SHIFT;
	uint64_t before = cpu->cycles;

	misses_set_operation(cpu->machine, CHARGE_PAGE_COPY);
	for (unsigned at = 0; at < MIPS_PAGE_SIZE; at += COPY_STEP) {
		cpu->cycles +=
			ccnuma_access(ccnuma, cpu->number, source + at, ACCESS_READ, cpu->cycles)
				.cycles;
		cpu->cycles +=
			ccnuma_access(ccnuma, cpu->number, target + at, ACCESS_WRITE, cpu->cycles)
				.cycles;
	}
	misses_set_operation(cpu->machine, -1);
	native->stats.cycles[CHARGE_PAGE_COPY] += cpu->cycles - before;
}

void hal_page_copy(struct mpn to, struct mpn from)
{
	hal_page_changes(to, 1);
	memcpy(hal_page(to), hal_page(from), MIPS_PAGE_SIZE);
	hal_charge(CHARGE_PAGE_COPY, 1);
	if (native->current && native->machine->ccnuma)
		copy_misses(native->current, to, from);
}

/* ---- time, interrupts ---- */

uint64_t hal_cycles(void)
{
	return native->current ? native->current->cycles : machine_time(native->machine);
}

uint32_t hal_ticks(void)
{
	return (uint32_t)hal_cycles();
}

void hal_timer_set(uint64_t cycle)
{
	struct cpu *cpu = native->current;

	cpu->board_deadline = cycle;
	if (cycle < cpu->limit)
		cpu->limit = cycle;
}

void native_on_deadline(struct cpu *cpu)
{
	struct monitor *monitor = (struct monitor *)cpu->monitor;

	monitor->cpu[cpu->number].interrupts |= HAL_INTERRUPT_TIMER;
	cpu_set_irq_line(cpu, IP_TIMER, true);
}

unsigned hal_interrupts(void)
{
	struct cpu *cpu = native->current;
	struct native_cpu *state = &native->cpu[cpu->number];
	unsigned taken = state->interrupts;

	state->interrupts = 0;
	cpu_set_irq_line(cpu, IP_TIMER, false);
	cpu_set_irq_line(cpu, IP_IPI, false);
	return taken;
}

void hal_ipi(unsigned number)
{
	native->cpu[number].interrupts |= HAL_INTERRUPT_IPI;
	native->stats.ipis++;
	if (native->current)
		hal_charge(CHARGE_IPI, 1);
	cpu_set_irq_line(native->machine->cpu[number], IP_IPI, true);
}

/* ---- node controllers ---- */

static uint64_t node_address(unsigned node, unsigned offset)
{
	return MAP_NODE_BASE + node * MAP_NODE_STRIDE + offset;
}

uint64_t hal_node_read(unsigned node, unsigned offset)
{
	struct machine *machine = native->machine;
	uint64_t value = 0;

	hal_charge(CHARGE_NODE_REGISTER, 1);
	phys_read(machine, machine->cpu[0], node_address(node, offset), 8, &value);
	return value;
}

void hal_node_write(unsigned node, unsigned offset, uint64_t value)
{
	struct machine *machine = native->machine;

	hal_charge(CHARGE_NODE_REGISTER, 1);
	phys_write(machine, machine->cpu[0], node_address(node, offset), 8, value);
}

/* Hot pages are the business of the first CPU of their node. */
void native_node_interrupt(struct machine *machine, unsigned node, bool level)
{
	unsigned n = 0;

	while (n < machine->config.cpus && machine->cpu[n]->node != node)
		n++;
	if (!level || n == machine->config.cpus)
		return;
	native->cpu[n].interrupts |= HAL_INTERRUPT_NODE;
	cpu_set_irq_line(machine->cpu[n], IP_IPI, true);
}

void hal_decision(const struct vmm_decision *decision)
{
	if (native->options.decision)
		native->options.decision(native->options.opaque, decision);
}

/* ---- context ---- */

void hal_context_save(struct vcpu_context *context)
{
	const struct cpu *cpu = native->current;

	memcpy(context->gpr, cpu->gpr, sizeof(context->gpr));
	memcpy(context->fpr, cpu->fpr, sizeof(context->fpr));
	context->hi = cpu->hi;
	context->lo = cpu->lo;
	context->fcr31 = cpu->fcr31;
}

void hal_context_load(const struct vcpu_context *context)
{
	struct cpu *cpu = native->current;

	memcpy(cpu->gpr, context->gpr, sizeof(context->gpr));
	memcpy(cpu->fpr, context->fpr, sizeof(context->fpr));
	cpu->hi = context->hi;
	cpu->lo = context->lo;
	cpu->linked = LINK_NONE;
	cpu->fcr31 = context->fcr31;
}

void hal_idle(void)
{
	native->cpu[native->current->number].idle = true;
}

void hal_charge(enum charge operation, unsigned count)
{
	uint64_t cycles = (uint64_t)charge_table[operation].instructions * count;

	if (!native->current) /* before the machine runs, or on behalf of a device */
		return;
	native->current->cycles += cycles;
	native->stats.charged[operation] += count;
	native->stats.cycles[operation] += cycles;
	if (native->machine->ccnuma)
		native_references(native, native->current, operation);
}

/* ---- the outside ---- */

static void tell_owner(void *opaque, uint64_t now)
{
	struct native_vm *vm = opaque;
	struct monitor *monitor = vm->monitor;

	(void)now;
	if (monitor->options.vm_event)
		monitor->options.vm_event(monitor->options.opaque, vm->number);
}

void hal_vm_event(unsigned number)
{
	native->vm[number].number = number;
	event_at(native->machine, machine_time(native->machine), tell_owner, &native->vm[number]);
}
