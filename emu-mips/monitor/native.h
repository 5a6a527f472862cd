/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the native monitor: the HAL's state, VMs' host resources. */
#ifndef MONITOR_NATIVE_H
#define MONITOR_NATIVE_H

#include "board/disk.h"
#include "emu/monitor.h"
#include "emu/mem.h"
#include "vmm/hal.h"

#define MONITOR_SHARE 64 /* the monitor keeps a 64th of each node's memory for itself */

/* What the HAL keeps of a CPU. */
struct native_cpu {
	unsigned interrupts; /* HAL_INTERRUPT_* not yet taken */
	bool idle;
	uint64_t guest_ksu;	     /* of the guest that trapped */
	struct ccnuma_stats counted; /* what has been given to VMs */
};

struct native_vm {
	struct monitor *monitor;
	bool used;
	void *memory; /* of vmm_vm_create() */
	char name[32];
	unsigned disks;
	struct disk *disk[VMM_MAX_DISKS];
	struct guest_memory lazy; /* to the VM's memory, which is there once it has been made */
	unsigned number;
	uint64_t random;
	struct ccnuma_stats counted; /* what memory model `ccnuma` counted while it ran */
	void (*output)(void *opaque, unsigned port, const uint8_t *data, size_t length);
	void *opaque;
	struct native_port {
		struct native_vm *vm;
		unsigned number;
	} port[2];
};

struct monitor {
	struct cpu_monitor hook; /* first: what the CPUs point to */
	struct machine *machine;
	struct monitor_options options;
	struct vmm *vmm;
	void *memory;
	struct cpu *current; /* in the monitor now */
	struct native_cpu cpu[MACHINE_MAX_CPUS];
	struct native_vm vm[VMM_MAX_VMS];
	struct host_io *io;
	uint64_t entries;	     /* since the last audit */
	struct ccnuma_stats counted; /* what memory model `ccnuma` counted while no VM ran */
	struct monitor_stats stats;
};

/* The HAL's functions have no argument for it: the monitor they work for. One machine runs at a
 * time on a thread. */
extern _Thread_local struct monitor *native;

void native_trap(struct cpu_monitor *hook, struct cpu *cpu, enum mips_exception code, bool refill);
void native_on_deadline(struct cpu *cpu);
void native_audit(struct monitor *monitor);
void native_node_interrupt(struct machine *machine, unsigned node, bool level);
void native_start_cpu(struct monitor *monitor, struct cpu *cpu);

/* monitor/references.c: lets @cpu make the references of an @operation of the monitor; the machine
 * has memory model `ccnuma`. */
void native_references(struct monitor *monitor, struct cpu *cpu, enum charge operation);

/* monitor/memory_stats.c: gives @cpu's counts since last time to the VM that ran on it. */
void native_count_memory(struct monitor *monitor, const struct cpu *cpu);
extern const struct page_owners native_page_owners;

/* monitor/vm_load.c: kernel, initrd and device tree into VM @number. */
int vm_load(struct monitor *monitor, const struct monitor_vm *config, unsigned number,
	    struct error *error);

#endif
