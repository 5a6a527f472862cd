/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A HAL for tests of the monitor's core: memory is an array, each CPU has a TLB and CP0 registers
 * that only remember, time passes by what is charged, and a test reads and sets all of it.
 */
#ifndef TESTS_FAKE_HAL_H
#define TESTS_FAKE_HAL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../vmm-core/core/vm.h"

#define FAKE_NODES 4
#define FAKE_CODE  64

struct fake_tlb_entry {
	bool valid;
	uint64_t hi, lo[2], page_mask;
};

struct fake_cpu {
	uint64_t cp0[CP0_REGISTERS];
	struct fake_tlb_entry tlb[VTLB_ENTRIES];
	unsigned next;		     /* entry that a random write takes */
	unsigned wired;		     /* entries it does not take */
	struct vcpu_context context; /* the registers of the guest on it */
	uint64_t timer; /* it fires once: a test that sees it expire sets it to VMM_NO_TIME */
	unsigned interrupts, ipis, flushes, links_cleared;
	bool idle;
	const struct vcpu *quick; /* whom hal_quick() was told of last */
	uint8_t quick_view;
};

struct fake_hal {
	uint8_t (*ram)[4096];	  /* node after node */
	uint32_t nodes, per_node; /* pages of a node */
	uint32_t stride;	  /* between the first page numbers of two nodes */
	uint64_t cycles;
	uint64_t random;
	unsigned current; /* CPU that executes the monitor */
	struct fake_cpu cpu[VMM_MAX_CPUS];
	/* What hal_fetch() finds; nowhere else can it fetch. */
	uint64_t code_va;
	uint32_t code[FAKE_CODE];
	uint32_t fcsr;
	unsigned charged[CHARGES];
	unsigned page_changes, decisions, vm_events;
	struct vmm_decision last;
	uint64_t (*node_read)(unsigned node, unsigned offset);
	void (*node_write)(unsigned node, unsigned offset, uint64_t value);
};
extern struct fake_hal fake;

/* Forgets all of the above and has @nodes of @per_node pages of zeroes, their numbers @stride
 * apart. fake_hal_free() frees them. */
void fake_hal_reset(uint32_t nodes, uint32_t per_node, uint32_t stride);
void fake_hal_free(void);

/* A monitor on that memory with @cpus CPUs, spread over the nodes; more of @config may be set
 * before: fake_config() fills in the machine. */
void fake_config(struct vmm_config *config, unsigned cpus);
struct vmm *fake_vmm(const struct vmm_config *config);
/* A VM in memory of its own (free() takes the VM's pointer), made, not started. */
struct vm *fake_vm(struct vmm *vmm, unsigned vcpus, uint32_t pages);
/* Starts it on the CPUs: vCPU 0 is picked by CPU 0, in VMs of one after the other. */
void fake_start(struct vm *vm, uint64_t pc);

/* An exception on @cpu; the rest of the trap as given in @trap, gpr is filled in. */
void fake_trap(struct vmm *vmm, unsigned cpu, struct trap *trap);
/* The exception of @instruction (coprocessor 0 unusable) at @pc; returns where it goes on. */
uint64_t fake_privileged(struct vmm *vmm, unsigned cpu, uint64_t pc, uint32_t instruction);
uint64_t *fake_gpr(unsigned cpu);
/* The entry of @cpu's TLB that translates @va; NULL: none. */
const struct fake_tlb_entry *fake_tlb_find(unsigned cpu, uint64_t va);

/* A random number below @limit: the same ones after each fake_hal_reset(). */
uint32_t fake_random(uint32_t limit);

/* The end of a test: the audit is content, and all is freed. */
void fake_end(struct vmm *vmm, struct vm *vm);

/* The audit is content; prints what it says otherwise. */
void fake_audit(struct vmm *vmm);
/* The audit's first complaint is @what. */
void fake_audit_says(struct vmm *vmm, const char *what);

#endif
