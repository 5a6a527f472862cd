/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Disco monitor on the machine, native: vmm-core as host code, called in place of the exception
 * vectors; its work is charged to the simulated CPU.
 *
 * Order: machine_create(), monitor_create(), monitor_add_vm()..., monitor_start(), machine_run(),
 * monitor_destroy(), machine_destroy(). No board_create(): the machine's devices are the VMs'.
 */
#ifndef EMU_MONITOR_H
#define EMU_MONITOR_H

#include "emu/board.h"
#include "emu/ccnuma.h"
#include "vmm/hal.h"
#include "vmm/vmm.h"

struct monitor;

struct monitor_options {
	unsigned l2tlb_entries; /* pairs a vCPU, a power of two up to 65536; 0: none */
	unsigned slice_us;	/* time slice */
	bool large_pages, overcommit, rewrite;
	unsigned audit_ms;    /* vmm_audit() every so many ms of simulated time; 0: never */
	unsigned audit_traps; /* and after every so many monitor entries; 0: never */
	struct vmm_numa numa;
	bool monitor_remote; /* model `ccnuma`: the monitor's own text and data are on node 0 */
	unsigned shared_memories;
	struct vmm_shared shared_memory[VMM_MAX_SHARED];
	/* A hot page was decided about (may be NULL). */
	void (*decision)(void *opaque, const struct vmm_decision *decision);
	/* A VM stopped or asks for a reset; called between quanta. */
	void (*vm_event)(void *opaque, unsigned vm);
	void *opaque;
};

struct monitor_vm {
	const char *name;
	unsigned vcpus;	 /* 1..VMM_MAX_VCPUS */
	uint64_t memory; /* bytes, 64 MiB or more, whole pages */
	unsigned shares;
	uint64_t pin[VMM_MAX_VCPUS];
	const char *kernel, *initrd, *append; /* as in struct board_config */
	bool cp0_timer;
	uint64_t boot_time;
	unsigned disks;
	struct board_disk disk[VMM_MAX_DISKS];
	uint32_t shared_memory; /* those it may attach, a bit each */
	bool network;
	enum board_nic_kind nic;
	/* Bytes the VM wrote to its UART @port. */
	void (*output)(void *opaque, unsigned port, const uint8_t *data, size_t length);
	void (*marker)(void *opaque, unsigned cpu, uint32_t value);
	void *opaque;
};

/* What the native HAL counts. */
struct monitor_stats {
	uint64_t charged[CHARGES]; /* times each operation of charge.def was charged */
	uint64_t cycles[CHARGES];  /* and what that came to */
	uint64_t reference_cycles; /* beyond that, misses of the monitor's own references */
	uint64_t tlb_conflicts; /* entries the hardware would not take: a fault of the monitor's */
	uint64_t audits, audit_errors;
	char audit_text[160];
	uint64_t ipis;
	uint64_t reserved_pages; /* machine pages kept for the monitor itself */
};

/* Puts a monitor on @machine. NULL with @error set on failure. */
struct monitor *monitor_create(struct machine *machine, const struct monitor_options *options,
			       struct error *error);
/* Ends all VMs, closes their disks. 0, or a negative errno with @error set when a disk could not be
 * flushed. */
int monitor_destroy(struct monitor *monitor, struct error *error);

struct vmm *monitor_vmm(struct monitor *monitor);

/* Makes a VM, opens its disks, loads its kernel and starts its first vCPU. @config and its strings
 * need not outlive the call, except opaque. 0, or a negative errno with @error set. */
int monitor_add_vm(struct monitor *monitor, const struct monitor_vm *config, unsigned *number,
		   struct error *error);
/* Loads and starts a VM that asked for a reset again, from @config. */
int monitor_reload_vm(struct monitor *monitor, const struct monitor_vm *config, unsigned number,
		      struct error *error);

/* Forgets a stopped VM: closes its disks, frees its number. 0, or a negative errno with @error set:
 * it has not stopped yet. */
int monitor_remove_vm(struct monitor *monitor, unsigned number, struct error *error);

/* Starts the CPUs. */
void monitor_start(struct monitor *monitor);

const struct monitor_stats *monitor_stats(const struct monitor *monitor);
/* Disk @disk of VM @vm; false when there is none. */
bool monitor_disk_stats(const struct monitor *monitor, unsigned vm, unsigned disk,
			struct board_disk_stats *stats);
/* What memory model `ccnuma` counted of VM @vm, on whatever CPU it ran, without what the monitor
 * did meanwhile for others; all zero in model `none`. */
void monitor_memory_stats(struct monitor *monitor, unsigned vm, struct ccnuma_stats *stats);
/* The same of what is no VM's: the monitor at work while no VM had the CPU. */
void monitor_other_memory_stats(struct monitor *monitor, struct ccnuma_stats *stats);
/* Names of charge.def's operations; NULL beyond the last. */
const char *monitor_charge_name(unsigned operation);

#endif
