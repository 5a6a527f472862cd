// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "fake_hal.h"

struct fake_hal fake;

static struct fake_cpu *here(void)
{
	return &fake.cpu[fake.current];
}

/* ---- set-up ---- */

void fake_hal_reset(uint32_t nodes, uint32_t per_node, uint32_t stride)
{
	fake_hal_free();
	memset(&fake, 0, sizeof(fake));
	fake.nodes = nodes;
	fake.per_node = per_node;
	fake.stride = stride;
	fake.cycles = 1;
	fake.random = UINT64_C(88172645463325252);
	for (unsigned n = 0; n < VMM_MAX_CPUS; n++)
		fake.cpu[n].timer = VMM_NO_TIME;
	fake.ram = calloc(nodes, per_node * PAGE_BYTES);
	assert_non_null(fake.ram);
}

void fake_hal_free(void)
{
	free(fake.ram);
	fake.ram = NULL;
}

void fake_config(struct vmm_config *config, unsigned cpus)
{
	config->cpus = cpus;
	config->nodes = fake.nodes;
	config->cycles_per_ms = 1000;
	config->tlb_entries = 64;
	config->slice_cycles = 2000;
	config->xkseg_bit = config->segctl = true;
	for (unsigned n = 0; n < cpus; n++)
		config->cpu_node[n] = n * fake.nodes / cpus;
	for (unsigned n = 0; n < fake.nodes; n++) {
		config->node_start[n].value = n * fake.stride;
		config->node_pages[n] = fake.per_node;
	}
}

struct vmm *fake_vmm(const struct vmm_config *config)
{
	void *memory = calloc(1, vmm_memory_needed(config));
	struct vmm *vmm;

	assert_int_equal(vmm_create(&vmm, memory, config), 0);
	return vmm;
}

struct vm *fake_vm(struct vmm *vmm, unsigned vcpus, uint32_t pages)
{
	const struct vm_config config = {.vcpus = vcpus, .memory = pages * PAGE_BYTES};
	unsigned number;

	assert_int_equal(
		vmm_vm_create(vmm, &config, calloc(1, vmm_vm_memory_needed(vmm, &config)), &number),
		0);
	return vmm->vm[number];
}

void fake_start(struct vm *vm, uint64_t pc)
{
	const uint64_t arguments[4] = {1, 2, 3, 4};
	struct vmm *vmm = vm->vmm;

	assert_int_equal(vmm_vm_start(vmm, vm->number, pc, arguments), 0);
	for (unsigned n = 0; n < vmm->config.cpus; n++) {
		struct trap trap = {.gpr = fake_gpr(n)};

		if (vmm->cpu[n].current)
			continue;
		fake.current = n;
		vmm_cpu_start(vmm, n, &trap);
		fake.cpu[n].context.pc = trap.pc;
	}
	fake.current = 0;
}

/* ---- traps ---- */

uint64_t *fake_gpr(unsigned cpu)
{
	return fake.cpu[cpu].context.gpr;
}

void fake_trap(struct vmm *vmm, unsigned cpu, struct trap *trap)
{
	fake.current = cpu;
	fake.cpu[cpu].idle = false;
	trap->gpr = fake_gpr(cpu);
	vmm_trap(vmm, cpu, trap);
	fake.cpu[cpu].context.pc = trap->pc;
}

uint64_t fake_privileged(struct vmm *vmm, unsigned cpu, uint64_t pc, uint32_t instruction)
{
	struct trap trap = {.pc = pc, .code = EXC_CPU};

	fake.code_va = pc;
	fake.code[0] = instruction;
	fake_trap(vmm, cpu, &trap);
	return trap.pc;
}

const struct fake_tlb_entry *fake_tlb_find(unsigned cpu, uint64_t va)
{
	const uint64_t asid = fake.cpu[cpu].cp0[CP0_ENTRYHI] & ENTRYHI_ASID;

	for (unsigned i = 0; i < VTLB_ENTRIES; i++) {
		const struct fake_tlb_entry *entry = &fake.cpu[cpu].tlb[i];

		if (!entry->valid ||
		    ((entry->hi ^ va) & (ENTRYHI_R | ENTRYHI_VPN2) & ~entry->page_mask))
			continue;
		if ((entry->lo[0] & entry->lo[1] & ENTRYLO_G) || (entry->hi & ENTRYHI_ASID) == asid)
			return entry;
	}
	return NULL;
}

uint32_t fake_random(uint32_t limit)
{
	fake.random ^= fake.random << 13;
	fake.random ^= fake.random >> 7;
	fake.random ^= fake.random << 17;
	return (uint32_t)(fake.random >> 32) % limit;
}

void fake_end(struct vmm *vmm, struct vm *vm)
{
	fake_audit(vmm);
	free(vm);
	free(vmm);
	fake_hal_free();
}

/* ---- audits ---- */

void fake_audit(struct vmm *vmm)
{
	const char *what = "";
	uint64_t value;
	unsigned errors = vmm_audit(vmm, &what, &value);

	if (errors)
		print_message("audit: %s 0x%llx\n", what, (unsigned long long)value);
	assert_int_equal(errors, 0);
}

void fake_audit_says(struct vmm *vmm, const char *wanted)
{
	const char *what = "nothing";
	uint64_t value;

	assert_true(vmm_audit(vmm, &what, &value) > 0);
	assert_string_equal(what, wanted);
}

/* ---- the HAL: CP0 ---- */

uint64_t hal_cp0_read(enum cp0_register reg)
{
	return here()->cp0[reg];
}

void hal_cp0_write(enum cp0_register reg, uint64_t value)
{
	here()->cp0[reg] = value;
}

uint32_t hal_fcsr(void)
{
	return fake.fcsr;
}

void hal_quick(struct vcpu *vcpu, uint64_t *cp0)
{
	here()->quick = vcpu;
	here()->quick_view = vcpu->view;
	assert_true(!cp0 || cp0 == vcpu->cp0);
}

void hal_link_clear(void)
{
	here()->links_cleared++;
}

/* ---- TLB ---- */

void hal_tlb_write(uint64_t hi, const uint64_t lo[2], uint64_t page_mask, bool replace)
{
	struct fake_cpu *cpu = here();
	struct fake_tlb_entry *old;

	cpu->cp0[CP0_ENTRYHI] = hi & ENTRYHI_ASID;
	old = (struct fake_tlb_entry *)fake_tlb_find(fake.current, hi);
	assert_true(replace || !old); /* two entries for an address: a machine check */
	if (!old)
		old = &cpu->tlb[cpu->wired + cpu->next++ % (VTLB_ENTRIES - cpu->wired)];
	*old = (struct fake_tlb_entry){true, hi, {lo[0], lo[1]}, page_mask};
}

void hal_tlb_wire(uint64_t hi, const uint64_t lo[2])
{
	here()->tlb[0] =
		(struct fake_tlb_entry){(lo[0] | lo[1]) & ENTRYLO_V, hi, {lo[0], lo[1]}, 0};
	here()->wired = here()->tlb[0].valid;
}

void hal_tlb_remove(uint64_t hi)
{
	uint64_t *asid = &here()->cp0[CP0_ENTRYHI], before = *asid;
	struct fake_tlb_entry *entry;

	*asid = hi & ENTRYHI_ASID;
	entry = (struct fake_tlb_entry *)fake_tlb_find(fake.current, hi);
	*asid = before;
	if (entry)
		entry->valid = false;
}

void hal_tlb_flush(void)
{
	here()->flushes++;
	for (unsigned i = 0; i < VTLB_ENTRIES; i++)
		here()->tlb[i].valid = false;
}

bool hal_tlb_read(unsigned cpu, unsigned index, uint64_t *hi, uint64_t lo[2], uint64_t *page_mask)
{
	const struct fake_tlb_entry *entry = &fake.cpu[cpu].tlb[index];

	*hi = entry->hi;
	lo[0] = entry->lo[0];
	lo[1] = entry->lo[1];
	*page_mask = entry->page_mask;
	return entry->valid;
}

/* ---- memory ---- */

bool hal_fetch(struct gva va, uint32_t *instruction)
{
	uint64_t word = (va.value - fake.code_va) / 4;

	if (word >= FAKE_CODE)
		return false;
	*instruction = fake.code[word];
	return true;
}

struct ma hal_mpn_address(struct mpn mpn)
{
	uint64_t address = (uint64_t)mpn.value << PAGE_SHIFT;

	return (struct ma){address < UINT64_C(0x10000000) ? address
							  : address + UINT64_C(0x10000000)};
}

void *hal_page(struct mpn mpn)
{
	uint32_t node = mpn.value / fake.stride, page = mpn.value % fake.stride;

	assert_true(node < fake.nodes && page < fake.per_node);
	return fake.ram[node * fake.per_node + page];
}

void hal_page_changes(struct mpn mpn, unsigned count)
{
	(void)mpn;
	fake.page_changes += count;
}

void hal_page_zero(struct mpn mpn, unsigned count)
{
	memset(hal_page(mpn), 0, count * PAGE_BYTES);
}

void hal_page_copy(struct mpn to, struct mpn from)
{
	memcpy(hal_page(to), hal_page(from), PAGE_BYTES);
}

/* ---- time, interrupts ---- */

uint64_t hal_cycles(void)
{
	return fake.cycles;
}

uint32_t hal_ticks(void)
{
	return (uint32_t)fake.cycles;
}

void hal_timer_set(uint64_t cycle)
{
	here()->timer = cycle;
}

unsigned hal_interrupts(void)
{
	unsigned taken = here()->interrupts;

	here()->interrupts = 0;
	return taken;
}

void hal_ipi(unsigned cpu)
{
	fake.cpu[cpu].ipis++;
	fake.cpu[cpu].interrupts |= HAL_INTERRUPT_IPI;
}

/* ---- context, charges ---- */

void hal_context_save(struct vcpu_context *context)
{
	uint64_t pc = context->pc;

	*context = here()->context;
	context->pc = pc;
}

void hal_context_load(const struct vcpu_context *context)
{
	here()->context = *context;
}

void hal_idle(void)
{
	here()->idle = true;
}

void hal_charge(enum charge operation, unsigned count)
{
	fake.charged[operation] += count;
	fake.cycles += count;
}

/* ---- node controllers, the outside ---- */

uint64_t hal_node_read(unsigned node, unsigned offset)
{
	return fake.node_read ? fake.node_read(node, offset) : 0;
}

void hal_node_write(unsigned node, unsigned offset, uint64_t value)
{
	if (fake.node_write)
		fake.node_write(node, offset, value);
}

void hal_decision(const struct vmm_decision *decision)
{
	fake.decisions++;
	fake.last = *decision;
}

void hal_vm_event(unsigned number)
{
	(void)number;
	fake.vm_events++;
}
