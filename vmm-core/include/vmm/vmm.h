/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor as the outside (the emulator, disco run, tests) sees it.
 *
 * Threads: everything is called on the one thread that runs the machine: vmm_cpu_start() and
 * vmm_trap() on behalf of a CPU, the others between quanta or from a device's callback.
 * Functions that can fail return 0 or a negative errno value (the numbers of Linux).
 */
#ifndef VMM_VMM_H
#define VMM_VMM_H

#include "dev/device.h"
#include "dev/finisher.h"
#include "mips/arch.h"
#include "vmm/policy.h"
#include "vmm/types.h"

#define VMM_MAX_DISKS	 8
#define VMM_SPREAD_ORDER 6 /* a good one, see vmm_numa: 256 KiB; 64 entries map 32 MiB */

struct vmm;

/* Where a VM's page goes when it is first used. */
enum vmm_placement {
	PLACE_FIRST_TOUCH, /* on the node of the vCPU that uses it, or the next with room */
	PLACE_LOWEST,	   /* the lowest node with room: as if nodes were not known of */
	PLACE_ROUND_ROBIN,
	PLACE_INTERLEAVED, /* by page number */
};

/* Placement and moving of pages. With migrate or replicate the machine must have node controllers
 * and each node's pages must be contiguous; then all numbers are 1 or more. */
struct vmm_numa {
	enum vmm_placement placement;
	bool migrate, replicate;
	/* log2 of the 4 KiB pages of a large page of VMs whose vCPUs may run on several nodes: a
	 * block of two is placed as a whole. 0: as other VMs'. */
	uint8_t spread_order;
	uint16_t threshold, sharing, write, move_limit, split; /* vmm/policy.h */
	uint16_t sampling;				       /* one miss of so many is counted */
	uint16_t interval_ms; /* after which counters start from zero */
};

#define VMM_MAX_SHARED 16

/* A piece of memory that VMs share, see dev/shared_memory.h. */
struct vmm_shared {
	char name[32];
	uint32_t pages; /* 1 or more */
};

/* The machine and the monitor's options. */
struct vmm_config {
	unsigned cpus, nodes;
	unsigned cpu_node[VMM_MAX_CPUS];
	struct mpn node_start[VMM_MAX_NODES]; /* the pages of a node, contiguous */
	uint32_t node_pages[VMM_MAX_NODES];
	uint64_t cycles_per_ms;
	unsigned tlb_entries;	/* of the hardware */
	unsigned l2tlb_entries; /* pairs a vCPU; a power of two; 0: none */
	uint64_t slice_cycles;	/* time slice where vCPUs share a CPU */
	bool xkseg_bit;		/* Config6.XKSEG_S may be used */
	bool segctl;		/* Segmentation Control may be used */
	bool large_pages;	/* 4 MiB entries for the unmapped segments */
	bool rewrite;		/* privileged instructions become accesses to the register pages */
	bool overcommit;	/* VMs' memory may exceed the machine's */
	struct vmm_numa numa;
	unsigned shared_memories;
	struct vmm_shared shared_memory[VMM_MAX_SHARED];
};

struct vm_config {
	char name[32];
	unsigned vcpus;		     /* 1..VMM_MAX_VCPUS */
	uint64_t memory;	     /* bytes, a multiple of 4096, 1 MiB..32 GiB */
	unsigned shares;	     /* of CPU time relative to other VMs; 0: 100 */
	uint64_t pin[VMM_MAX_VCPUS]; /* CPUs a vCPU may use, a bit each; 0: any */
	uint64_t boot_time;	     /* seconds since 1970 its clock shows at start */
	unsigned disks;
	struct block_backend disk[VMM_MAX_DISKS];
	uint32_t shared_memory; /* those it may attach, a bit each */
	bool network;
	uint8_t mac[6];
	struct net_backend net;
	bool entropy;
	struct entropy_backend entropy_backend;
	bool balloon;
	struct console_backend console[2]; /* UARTs */
	void (*marker)(void *opaque, unsigned cpu, uint32_t value);
	void *marker_opaque;
	/* A mark of the guest, as in struct finisher; on behalf of the CPU that runs (may be NULL).
	 */
	void (*mark)(void *opaque, unsigned vcpu, enum mark_kind kind, const char *name);
	void *mark_opaque;
};

enum vm_state {
	VM_EMPTY, /* no such VM */
	VM_READY, /* made, not started */
	VM_RUNNING,
	VM_PAUSED,
	VM_RESET,   /* asks to be loaded and started again */
	VM_STOPPED, /* its memory has been given back */
};

enum vm_stop {
	VM_STOP_NONE,
	VM_STOP_FINISHED,  /* wrote the finisher: status */
	VM_STOP_HALTED,	   /* all vCPUs wait with interrupts off */
	VM_STOP_RESET,	   /* asked for a reset */
	VM_STOP_KILLED,	   /* vmm_vm_kill() */
	VM_STOP_PANIC,	   /* the outside saw its kernel panic */
	VM_STOP_WILD,	   /* exception in the exception vector, without end */
	VM_STOP_STORM,	   /* interrupts without end */
	VM_STOP_NO_MEMORY, /* out of machine memory */
	VM_STOP_UNMAPPED,  /* used an unmapped segment, without Segmentation Control: address */
	VM_STOPS,
};

struct vm_status {
	enum vm_state state;
	enum vm_stop stop;
	int exit_status;  /* 0..255 for VM_STOP_FINISHED */
	uint64_t address; /* VM_STOP_WILD: the pc */
	unsigned vcpu;
};

/* Where time went, in cycles. */
enum vcpu_time {
	TIME_USER,
	TIME_KERNEL, /* the guest's kernel (and supervisor) mode */
	TIME_MONITOR,
	TIME_IDLE,   /* in WAIT */
	TIME_QUEUED, /* ready, waiting for a CPU */
	VCPU_TIMES,
};

struct vcpu_stats {
#define STAT(name, text) uint64_t name;
#include "vmm/stats.def"
#undef STAT
	uint64_t time[VCPU_TIMES];
	uint64_t emulated_reads[CP0_REGISTERS], emulated_writes[CP0_REGISTERS];
};

struct vm_memory {
	uint64_t pages;	  /* of the VM */
	uint64_t machine; /* machine pages it has now */
	uint64_t machine_max;
	uint64_t large;	   /* of them in 4 MiB blocks */
	uint64_t shared;   /* mapped pages of shared memory, beside them */
	uint64_t released; /* given back by the guest so far (balloon, page reporting) */
};

/* One exception, from the hardware to the monitor. */
struct trap {
	uint64_t *gpr; /* the guest's 32 registers, in place */
	uint64_t pc;   /* EPC (of the branch when in_delay_slot); on return: where to go on */
	uint64_t bad_address; /* BadVAddr */
	enum mips_exception code;
	uint8_t unit;	    /* Cause.CE */
	bool in_delay_slot; /* Cause.BD */
	bool refill;	    /* TLB exceptions: no entry matched */
	uint64_t next_pc;   /* the monitor's own: after the trapped instruction */
};

/* ---- The monitor ---- */

/* Bytes of memory vmm_create() wants for @config and VMs of @vms. */
size_t vmm_memory_needed(const struct vmm_config *config);

/* Makes a monitor in @memory (zeroed, 16-byte aligned, of vmm_memory_needed() bytes, the caller's
 * until the monitor is no longer used). -EINVAL: a value of @config is out of range. */
int vmm_create(struct vmm **vmm, void *memory, const struct vmm_config *config);

/* This CPU comes up in kernel mode: programs it for guests and picks a vCPU or idles. @trap->pc
 * and the rest of the state are set as at the end of vmm_trap(). */
void vmm_cpu_start(struct vmm *vmm, unsigned cpu, struct trap *trap);

/* For the native HAL, before vmm_trap(): does what the entry code of the MIPS build finishes by
 * itself, and returns whether that was all. */
bool vmm_quick(struct vmm *vmm, unsigned cpu, struct trap *trap);

/* An exception on @cpu. */
void vmm_trap(struct vmm *vmm, unsigned cpu, struct trap *trap);

/* ---- VMs ---- */

/* Bytes of memory vmm_vm_create() wants. */
size_t vmm_vm_memory_needed(const struct vmm *vmm, const struct vm_config *config);

/* Makes VM *@number (the first free one) in @memory, as above. -EINVAL, -ENOSPC: no free number,
 * -ENOMEM: the machine has not the memory and overcommit is off. */
int vmm_vm_create(struct vmm *vmm, const struct vm_config *config, void *memory, unsigned *number);

/* Guest-physical memory of a VM, for a loader and for disk back ends. */
const struct guest_memory *vmm_vm_memory(struct vmm *vmm, unsigned vm);

/* Starts vCPU 0 at @pc with four argument registers, and all else as after a cold reset. -EBUSY
 * unless VM_READY. */
int vmm_vm_start(struct vmm *vmm, unsigned vm, uint64_t pc, const uint64_t arguments[4]);

/* Stops a VM for good and gives its memory back; harmless on a stopped one. @why: VM_STOP_KILLED
 * or VM_STOP_PANIC. The memory given to vmm_vm_create() stays in use: statistics remain. */
void vmm_vm_kill(struct vmm *vmm, unsigned vm, enum vm_stop why);
/* VM_RESET or VM_STOPPED to VM_READY: devices and memory as new. -EBUSY in another state. */
int vmm_vm_reset(struct vmm *vmm, unsigned vm);
int vmm_vm_set_shares(struct vmm *vmm, unsigned vm, unsigned shares); /* -EINVAL: 0 */
int vmm_vm_pause(struct vmm *vmm, unsigned vm);			      /* -EBUSY unless running */
int vmm_vm_resume(struct vmm *vmm, unsigned vm);		      /* -EBUSY unless paused */

/* Takes a stopped VM off the list: its number and the memory given to vmm_vm_create() are free.
 * -EBUSY: not stopped yet, or still on a CPU. */
int vmm_vm_forget(struct vmm *vmm, unsigned vm);

void vmm_vm_status(const struct vmm *vmm, unsigned vm, struct vm_status *status);
/* Up to now; between quanta, or on behalf of no CPU. Good until the next call for that vCPU. */
const struct vcpu_stats *vmm_vcpu_stats(struct vmm *vmm, unsigned vm, unsigned vcpu);
void vmm_vm_memory_stats(const struct vmm *vmm, unsigned vm, struct vm_memory *memory);
unsigned vmm_vcpu_cpu(const struct vmm *vmm, unsigned vm, unsigned vcpu); /* its CPU now or last */

/* Where a VM sees shared memory: guest-physical addresses behind its RAM; no bytes: it may use
 * none.
 */
void vmm_shared_window(const struct vmm *vmm, unsigned vm, uint64_t *base, uint64_t *bytes);

struct vmm_shared_stats {
	uint64_t pages; /* that have been used */
	uint64_t users; /* VMs that have it attached now */
	uint64_t attached, refused;
};
/* Of shared memory @number of the configuration; false: there is no such one. */
bool vmm_shared_stats(const struct vmm *vmm, unsigned number, struct vmm_shared_stats *stats);

/* The VM that runs on @cpu; -1: none. */
int vmm_cpu_vm(const struct vmm *vmm, unsigned cpu);

/* What a machine page is used for. */
enum vmm_page_kind {
	VMM_PAGE_OTHER,	    /* the monitor's own, or free; number: the machine page's */
	VMM_PAGE_VM,	    /* page @number of VM @owner, or a replica of it */
	VMM_PAGE_REGISTERS, /* of vCPU @number of VM @owner */
	VMM_PAGE_SHARED,    /* page @number of shared memory @owner */
};
struct vmm_page {
	enum vmm_page_kind kind;
	unsigned owner;
	uint32_t number;
	uint64_t mapped_at; /* a virtual address in the VM, of its last mapping; 0: not known */
};
struct vmm_page vmm_page(const struct vmm *vmm, struct mpn mpn);

/* Guest-physical address of a VM's page @number. */
struct gpa vmm_page_address(uint32_t number);

/* Input for UART @port: bytes taken (its FIFO holds 16). */
size_t vmm_console_input(struct vmm *vmm, unsigned vm, unsigned port, const uint8_t *data,
			 size_t length);
/* A frame for the VM's network device; false: dropped. */
bool vmm_net_receive(struct vmm *vmm, unsigned vm, const uint8_t *frame, size_t length);

/* Time of each CPU: cycles in the monitor while no vCPU was charged, and idle. */
struct cpu_times {
	uint64_t monitor, idle;
};
void vmm_cpu_times(const struct vmm *vmm, unsigned cpu, struct cpu_times *times);

/* What became of hot pages. */
struct vmm_numa_stats {
	uint64_t hot_pages;
	uint64_t decisions[POLICY_REASONS];
	uint64_t migrations, replications, collapses; /* replications: copies made */
	uint64_t migrate_cycles, replicate_cycles, collapse_cycles;
	uint64_t large_migrations, large_cycles; /* of large pages as a whole */
	uint64_t replicas, replicas_max;
	uint64_t given_up; /* replicas given up for memory */
};
const struct vmm_numa_stats *vmm_numa_stats(const struct vmm *vmm);

/* A decision about a hot page, with all it was made of. */
struct vmm_decision {
	uint64_t cycle;
	unsigned vm;
	struct gpa address; /* of the page in the VM */
	uint64_t backmap;   /* EntryHi of a mapping of it, for its virtual address; 0: none */
	struct mpn mpn;	    /* the copy that was hot */
	unsigned home, hot; /* its node; the node that missed */
	uint64_t copies;    /* nodes that had one before, a bit each */
	uint16_t misses[POLICY_MAX_NODES], writes;
	struct policy_decision decision;
	uint64_t cycles; /* that carrying it out took */
};

/* Free machine pages of @node. */
uint32_t vmm_free_pages(const struct vmm *vmm, unsigned node);

/*
 * Checks pmaps, memmap, free lists, L2TLBs and hardware TLBs against each other. Returns the number
 * of inconsistencies; the first is described in *@what (a static string) and *@value.
 */
unsigned vmm_audit(struct vmm *vmm, const char **what, uint64_t *value);

#endif
