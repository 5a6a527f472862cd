/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's state: machine, CPUs, VMs, vCPUs, and who looks after which part of it. Private to
 * vmm-core/core (and to the audit of its tests).
 */
#ifndef CORE_VM_H
#define CORE_VM_H

#include "dev/address_map.h"
#include "dev/cm.h"
#include "dev/finisher.h"
#include "dev/gic.h"
#include "dev/rtc.h"
#include "dev/uart.h"
#include "dev/virtio.h"
#include "vmm/hal.h"
#include "vmm/vmm.h"

#define PAGE_SHIFT	 12
#define PAGE_BYTES	 UINT64_C(4096)
#define PAGE_OFFSET_MASK UINT64_C(4095)

/* The order of large pages: 4 MiB, or what vmm_numa says; and of those of a unit, what is left
 * large when a part of a block with pages of LARGE_ORDER is given back. */
#define LARGE_ORDER	 10
#define UNIT_ORDER	 8
#define UNIT_PAGES	 (UINT32_C(2) << UNIT_ORDER)

#define MAX_ORDER	 10
#define VTLB_ENTRIES	 64
#define VTLB_FILTER	 1024

/* A vCPU's registers lie in a pair of pages (rewrite.c): the guest may read the first, by rewritten
 * instructions, and write the second, where those registers are that a write changes nothing but.
 */
#define REGISTER_SLOTS	 512 /* a page */
#define OPEN_REGISTERS                                                                             \
	(UINT64_C(1) << CP0_ENTRYLO0 | UINT64_C(1) << CP0_ENTRYLO1 | UINT64_C(1) << CP0_EPC |      \
	 UINT64_C(1) << CP0_ERROREPC | UINT64_C(0x3f) << CP0_KSCRATCH1)
#define OPEN(reg)    (REGISTER_SLOTS + (reg))
#define SLOT_ENABLED OPEN(CP0_STATUS) /* not zero: Status.IE; the bit of CP0_STATUS may be old */
#define SLOT_COUNTDOWN                                                                             \
	(REGISTER_SLOTS - 1) /* quick entries until one is considered for rewriting */
_Static_assert(CP0_REGISTERS <= 64, "a set of registers is 64 bits");

#define EBUSY_	(-16)
#define EINVAL_ (-22)
#define ENOMEM_ (-12)
#define ENOSPC_ (-28)

struct vm;
struct vcpu;
struct pcpu;

/* ---- memmap.c, palloc.c: machine pages ---- */

enum page_state {
	PAGE_RESERVED,	/* the monitor's own, or not there */
	PAGE_FREE_HEAD, /* first page of a free block of 2^order */
	PAGE_FREE,
	PAGE_GUEST,	/* backs (vm, ppn); previous: its first replica */
	PAGE_REPLICA,	/* a read-only copy; previous: the next */
	PAGE_REGISTERS, /* of vCPU ppn of the VM: one of its two pages */
	PAGE_SHARED,	/* page ppn of shared memory number vm */
};

struct page {
	uint32_t ppn;	   /* guest: the physical page; free head: next free block */
	uint32_t previous; /* free head: the one before */
	uint8_t vm;
	uint8_t state;
	uint8_t order;
	bool zeroed; /* free: the content is known to be zero */
	/* guest: what was done with it in interval moved_in */
	uint8_t migrations, collapses;
	uint16_t moved_in;
	uint8_t freeze; /* guest: collapses that came soon, for how long it gets no replicas */
	uint32_t frozen_until; /* interval */
	uint32_t since;	       /* interval in which it was to have replicas */
	uint32_t migrated_in;  /* interval, plus one; 0: never */
	/* guest, shared: nodes that may take it away, or with PMAP_REPLICATED make a copy of it,
	 * when one of their vCPUs uses it next */
	uint64_t wanted;
};

struct node_memory {
	struct mpn start;
	uint32_t pages;
	uint32_t free;
	uint64_t served, load;	      /* misses: in all, in the last interval */
	uint32_t list[MAX_ORDER + 1]; /* heads of the free lists, MPN_NONE: empty */
};

/* ---- pmap.c: a VM's physical pages ---- */

#define PMAP_PRESENT	1u
#define PMAP_MANY	2u  /* mapped at more virtual addresses than the back map holds */
#define PMAP_LARGE	4u  /* part of a block, or unit, mapped by one TLB entry */
#define PMAP_REPLICATED 8u  /* there are replicas: mapped read-only */
#define PMAP_SHARED	16u /* the machine page is not the VM's own */
#define PMAP_WANTED	32u /* unless set, or shared: no node wants it (memmap) */
#define PMAP_ASIDS	64u /* mapped at the back map's address under more ASIDs than its own */

struct pmap_entry {
	struct mpn mpn;
	uint16_t holders; /* vCPUs that may hold a translation, a bit each */
	uint8_t flags;
	uint64_t backmap; /* EntryHi (VPN2 and ASID) of the one mapping made; 0: none */
};

/* Two large pages of the pmap, or what might become two. */
struct block {
	uint8_t large; /* is one */
	uint8_t units; /* or these parts of it are two pages of UNIT_ORDER each, a bit each */
	uint8_t asked; /* pages of it that a move was called for in interval asked_in */
	uint16_t asked_in;
	/* Of each large page: a vote about where it should go (Boyer, Moore: the node that more
	 * than half ask for, and by how many), in how many calls. */
	struct vote {
		uint8_t node, lead, calls;
		uint8_t written;   /* calls for pages that several nodes use and write */
		uint16_t moved_in; /* interval it was last sent off as a whole; 0: never */
		uint8_t to;	   /* the node that may fetch it, plus one; 0: none */
	} vote[2];
};

/* ---- the virtual TLB, the L2TLB ---- */

/* Views: what TLB contents hold for. In those of VIEW_SPECIAL an address that the hardware lets
 * through may not be the guest's to use: each miss is checked. */
#define VIEW_NORMAL	0 /* kernel and user mode, 64-bit kernel addresses */
#define VIEW_SUPERVISOR 1 /* the guest's supervisor mode */
#define VIEW_ERROR	2 /* Status.ERL: useg is unmapped */
#define VIEW_SX_ONLY	4 /* Status.SX without KX */
#define VIEW_NO_SX	8 /* without SX; xsseg is never in the L2TLB */
#define VIEW_SPECIAL	(VIEW_SUPERVISOR | VIEW_ERROR | VIEW_SX_ONLY)

struct vtlb_entry {
	uint64_t hi;
	uint64_t lo[2];
	uint32_t page_mask;
	uint32_t hidden; /* after reset: matches nothing */
};

/* Ready for the hardware: tag as EntryHi, and which bits of it count: not the ASID of a global
 * entry. mips/refill.S reads these. */
struct l2tlb_entry {
	uint64_t tag;
	uint64_t lo[2];
	uint64_t compare;
};
_Static_assert(sizeof(struct l2tlb_entry) == 32, "refill.S scales the index by 32");
#define L2TLB_EMPTY UINT64_C(0x1000) /* not a bit of EntryHi: matches nothing */

/* ---- vCPUs ---- */

enum guest_mode {
	GUEST_KERNEL,
	GUEST_SUPERVISOR,
	GUEST_USER,
};

enum vcpu_run {
	VCPU_OFF,     /* held by the power controller */
	VCPU_WAITING, /* in WAIT */
	VCPU_READY,   /* in a run queue */
	VCPU_RUNNING, /* on a CPU */
};

/* What maps a unit of the unmapped segments, itself or its block, ready for the hardware; zero:
 * small pages. */
struct linear {
	uint64_t lo[2];
	uint64_t page_mask;
	uint64_t unused;
};
_Static_assert(sizeof(struct linear) == 32, "refill.S scales the index by 32");
#define LINEAR_SHIFT (PAGE_SHIFT + UNIT_ORDER + 1)

#define STALE_MAX    16 /* beyond these all of the hardware TLB is flushed */

struct vcpu {
	/* Touched by most traps; down to vtlb the entry code knows the offsets. */
	uint64_t *cp0;	       /* the virtual registers; slot_of() */
	uint32_t real_status;  /* for the virtual one */
	uint8_t mode;	       /* enum guest_mode */
	uint8_t view;	       /* what TLB contents hold for: VIEW_* */
	bool check_interrupts; /* look at the virtual interrupt lines before going on */
	bool link;	       /* LLbit of accesses the monitor does (xkseg.c) */
	bool flush_pending;    /* its hardware TLB entries are stale */
	uint8_t page_mapped;   /* enum page_access: what the hardware TLB has */
	bool counts;	       /* Count runs, count_delta before the hardware's */
	bool translated;       /* L2TLB or hardware TLB hold something since the last flush */
	uint32_t pins;	       /* levels from the virtual GIC, bits as in Cause.IP */
	uint32_t count_delta;
	unsigned vtlb_large;	/* entries of larger pages */
	uint64_t counter_va;	/* where the kernel reads the GIC's counter; 0: it stands still */
	uint64_t counter_delta; /* before hal_cycles() */
	_Atomic uint64_t *counter_last; /* what anyone has read of it */
	const struct linear *linear;	/* by guest-physical address, in units */
	uint64_t linear_units;
	struct pmap_entry *pmap; /* its VM's */
	uint32_t ram_pages;
	uint16_t holder;     /* its bit in pmap_entry.holders */
	uint8_t vtlb_last;   /* index of the virtual TLB's last entry */
	uint64_t vtlb_valid; /* entries with a valid half, a bit each */
	uint64_t asids[4];   /* under which it may hold pages, a bit each; 0 for global ones */
	uint8_t vtlb_filter[VTLB_FILTER]; /* 4 KiB entries by hash of VPN2, saturating never */
	uint8_t vtlb_hint[VTLB_FILTER];	  /* the one written last with that hash */
	struct pcpu *pcpu;		  /* its CPU, now or last */
	struct vm *vm;
	struct vtlb_entry vtlb[VTLB_ENTRIES];
	struct pcpu *tlb_pcpu; /* the CPU whose TLB may hold its entries */
	unsigned number;
	uint8_t run; /* enum vcpu_run */

	uint64_t count_offset;	   /* Count = cycles / 2 + count_offset */
	uint64_t compare_deadline; /* cycles */
	uint64_t gic_deadline;
	uint64_t wait_since, ready_since, run_since;

	/* Exception loops and storms. */
	uint64_t last_reflect_pc;
	uint64_t last_interrupt_time;
	uint32_t reflect_loop;
	uint32_t interrupt_storm;

	/* Scheduling. */
	uint64_t pass; /* stride scheduling: least is next */
	uint64_t pin;  /* CPUs allowed */
	uint8_t paused_run;
	bool boost; /* an interrupt waits: next in the queue */

	struct l2tlb_entry *l2tlb; /* aligned to its size */
	uint32_t l2tlb_mask;
	uint8_t stale;		      /* addresses whose hardware TLB entries are stale */
	uint64_t stale_hi[STALE_MAX]; /* EntryHi of those */

	const void *link_address; /* of the emulated LL, and what it read */
	uint64_t link_value;

	struct vcpu_context context; /* while not on a CPU */
	struct vcpu_stats stats;

	/* The register pages. */
	struct mpn registers; /* the first; MPN_NONE: they are in own */
	uint32_t rewrite_back_off;
	uint64_t own[2 * REGISTER_SLOTS];
};

/* ---- VMs ---- */

#define VM_REGIONS (12 + VMM_MAX_DISKS)

struct vm {
	struct vmm *vmm;
	unsigned number;
	struct vm_config config;
	uint8_t state; /* enum vm_state */
	uint8_t stop;  /* enum vm_stop */
	uint8_t stopped_vcpu;
	int exit_status;
	uint64_t stop_address;
	unsigned on_cpus;     /* vCPUs now on a CPU */
	uint64_t time_offset; /* VM time = machine time - time_offset */
	uint64_t paused_at;

	uint32_t pages; /* of the pmap: RAM, and the window of shared memory */
	uint32_t ram_pages;
	struct pmap_entry *pmap;
	/* Large pages are of 2^large_order pages (0: there are none), and mapped in pairs
	 * ("blocks") by one TLB entry. */
	unsigned large_order;
	struct block *block;	     /* of the pmap */
	struct linear *linear;	     /* when large_order is LARGE_ORDER */
	bool rewriting;		     /* all vCPUs that run have their register pages */
	struct rewritten *rewritten; /* the table of rewritten words */
	struct vm_memory memory;

	struct vcpu vcpu[VMM_MAX_VCPUS];

	/* Shared memory: what is attached, and the registers of the port. */
	uint32_t shared_attached;
	uint32_t shared_pages, shared_result;
	uint64_t shared_address;
	char shared_name[32];

	/* The virtual board. */
	struct guest_memory guest_memory;
	struct mmio_region region[VM_REGIONS];
	unsigned regions;
	struct mmio_region *last_region;
	struct gic gic;
	struct cm cm;
	struct uart uart[MAP_UARTS];
	struct finisher finisher;
	struct rtc rtc;
	struct mmio_region *gcr_region;
	struct virtio_block *disk; /* config.disks of them */
	struct virtio_net net;
	struct virtio_entropy entropy;
	struct virtio_balloon balloon;
};

/* ---- CPUs ---- */

#define QUEUE_MAX (VMM_MAX_VMS * VMM_MAX_VCPUS)

struct pcpu {
	unsigned number, node;
	struct vmm *vmm;
	struct vcpu *current;	/* NULL: idle */
	struct vcpu *tlb_owner; /* whose entries the hardware TLB holds */
	uint32_t status;	/* the real Status last written */
	uint32_t hwrena;
	uint64_t *quick; /* what hal_quick() was told */
	uint64_t userlocal;
	/* What has to be done before a guest goes on; attention: look at the others. */
	bool attention;
	bool reschedule;
	bool called; /* idle, and told that there is something in another queue */
	bool timer_dirty;
	bool quick_known; /* hal_quick() was told of this vCPU, in this view */
	uint64_t timer;
	uint64_t slice_end;
	uint32_t resumed_at; /* ticks: when the guest went on */
	uint64_t idle_since;
	uint64_t pass; /* of the vCPU last picked: newcomers start there */
	struct cpu_times times;
	unsigned ready; /* vCPUs in the queue */
	struct vcpu *queue[QUEUE_MAX];
	unsigned homed; /* waiting vCPUs whose timers this CPU keeps */
	struct vcpu *home[QUEUE_MAX];
};

/* ---- shared.c: memory that VMs share ---- */

struct shared_memory {
	struct mpn *mpn;  /* of its pages; MPN_NONE: not used yet */
	uint32_t present; /* pages that are */
	unsigned users;	  /* VMs that have it attached */
	uint64_t attached, refused;
};

struct vmm {
	struct vmm_config config;
	struct node_memory node[VMM_MAX_NODES];
	uint32_t pages; /* of the machine */
	struct page *page;
	struct pcpu cpu[VMM_MAX_CPUS];
	struct pcpu *active; /* the CPU that executes the monitor now */
	struct vm *vm[VMM_MAX_VMS];
	uint64_t committed;		   /* pages promised to VMs */
	uint64_t reset_cp0[CP0_REGISTERS]; /* what a virtual processor shows after reset */
	uint32_t vtlb_entries;
	struct vmm_numa_stats numa;
	uint32_t give_up_at;	     /* where the search for replicas to give up goes on */
	unsigned next_node;	     /* PLACE_ROUND_ROBIN */
	uint64_t load_in, load_mean; /* when the nodes' load was taken, and its mean */
	struct shared_memory shared[VMM_MAX_SHARED];
	bool cpu_known; /* reset_cp0 has been read from the hardware */
};

static inline uint32_t block_pages(const struct vm *vm)
{
	return UINT32_C(2) << vm->large_order;
}

static inline uint32_t block_start(const struct vm *vm, uint32_t index)
{
	return index & ~(block_pages(vm) - 1);
}

/* ---- palloc.c ---- */
void palloc_init(struct vmm *vmm);
/* A block of 2^order pages, zeroed, on @node or else the nearest with room; MPN_NONE: none. */
struct mpn palloc_get(struct vmm *vmm, unsigned node, unsigned order);
/* One page on @node exactly, of any content. */
struct mpn palloc_get_on(struct vmm *vmm, unsigned node);
/* 2^order pages on @node exactly, of any content. */
struct mpn palloc_get_block_on(struct vmm *vmm, unsigned node, unsigned order, uint32_t colour);
/* The same, with a number that agrees with @colour, a page number, in the bits that choose the set
 * of a cache; any other if there is none free. */
struct mpn palloc_get_like(struct vmm *vmm, unsigned node, unsigned order, uint32_t colour);
struct mpn palloc_get_on_like(struct vmm *vmm, unsigned node, uint32_t colour);
/* Page @mpn itself, zeroed, if it is free. */
bool palloc_take(struct vmm *vmm, struct mpn mpn);
void palloc_put(struct vmm *vmm, struct mpn mpn, unsigned order);
unsigned palloc_node_of(const struct vmm *vmm, struct mpn mpn);

/* The page of machine address @at: hal_mpn_address() turned round, page numbers are dense but for
 * the device hole. */
static inline struct mpn mpn_at(struct ma at)
{
	uint64_t mpn = at.value >> PAGE_SHIFT;

	if (at.value >= UINT64_C(0x20000000))
		mpn -= UINT64_C(0x10000000) >> PAGE_SHIFT;
	return (struct mpn){(uint32_t)mpn};
}

/* ---- pmap.c ---- */
static inline struct ppn ppn_of(struct gpa gpa)
{
	return (struct ppn){(uint32_t)(gpa.value >> PAGE_SHIFT)};
}
/* The RAM page number of a guest-physical address: pages are numbered densely, the device hole is
 * left out. false: not RAM. */
bool pmap_ram(const struct vm *vm, struct gpa gpa, uint32_t *index);
struct gpa pmap_address(uint32_t index);
/* The entry of RAM page @index, backed by machine memory; NULL: the machine has none left and the
 * VM has been stopped. */
struct pmap_entry *pmap_get(struct vm *vm, uint32_t index, unsigned node);
/* Whether the block of @index is, or can be made, two large pages. */
bool pmap_large_block(struct vm *vm, uint32_t index, unsigned node);
/* Page @index is absent, others of its block may be there: makes it a block of large pages again if
 * its VM can be rid of all translations, and the machine pages beside those are free. */
bool pmap_join(struct vm *vm, uint32_t index, unsigned node);
/* Gives back one page (its mappings shot down), or all. */
void pmap_release(struct vm *vm, uint32_t index);
void pmap_release_all(struct vm *vm);
/* What page @index is mapped by as part of a large block or unit: pages of it, the first in *first;
 * 0: it is not. */
uint32_t pmap_large(const struct vm *vm, uint32_t index, uint32_t *first);
/* The unit of @index, or the block where there are no units, becomes single pages; the other units
 * of its block stay large. */
void pmap_split(struct vm *vm, uint32_t index);
void pmap_note_mapping(struct pmap_entry *entry, struct vcpu *vcpu, uint64_t hi);

/* ---- move.c ---- */
/* The node for page @index, first used on @toucher. */
unsigned move_place(struct vmm *vmm, uint32_t index, unsigned toucher);
/* The copy of the page that vCPUs of @node use. */
struct mpn move_copy(const struct vm *vm, const struct pmap_entry *entry, unsigned node);
/* To be called before the page, which is there, is mapped for @vcpu. @used: the vCPU is at work on
 * it, so that it comes to its node if it is to; otherwise false is returned when it is to, and the
 * page is best left unmapped. */
bool move_fetch(struct vm *vm, uint32_t index, unsigned node, bool used)
	__attribute__((noinline, cold));
static inline bool move_arrive(const struct vcpu *vcpu, uint32_t index, bool used)
{
	if (!(vcpu->vm->pmap[index].flags & (PMAP_WANTED | PMAP_SHARED)))
		return true;
	return move_fetch(vcpu->vm, index, vcpu->pcpu->node, used);
}
/* To be called before a page is written: it has no replicas any more. */
void move_collapse(struct vm *vm, uint32_t index);
/* Frees the replicas of a page that nothing maps. */
void move_drop_replicas(struct vm *vm, struct pmap_entry *entry);
/* Memory has run out: gives up replicas; false: there were none. */
bool move_give_up(struct vmm *vmm);
/* The number of the reset interval that is now. */
uint64_t move_interval(const struct vmm *vmm);
/* The page's memmap entry, with what was done with it in this interval. */
struct page *move_history(struct vmm *vmm, struct mpn mpn);
/* Nodes with a copy of the page, a bit each. */
uint64_t move_copies(const struct vm *vm, const struct pmap_entry *entry);
/* Whether a disk transfer from or to the page is under way: it must not move meanwhile. */
bool move_busy(const struct vm *vm, uint32_t index);
/* The counters of what has moved tell nothing any more. */
void move_reset_counters(struct vmm *vmm, struct mpn mpn);
/* Takes the translations of the page back; @nodes (a bit each) may fetch it. */
void move_want(struct vm *vm, uint32_t index, uint64_t nodes);
/* The same for the large page of @index. */
void move_want_large(struct vm *vm, uint32_t index, unsigned node);
void move_collapse_page(struct vm *vm, uint32_t index);

/* ---- hot.c ---- */
/* Deals with the hot pages of the CPU's node. */
void move_hot_pages(struct pcpu *cpu);
void move_cpu_start(struct pcpu *cpu);

/* ---- shared.c ---- */
/* Pages of the window of a VM that may use the memories in @allowed. */
uint32_t shared_window_pages(const struct vmm_config *config, uint32_t allowed);
/* Which page of which memory is at @index of the VM's window; false: none is attached there. */
bool shared_at(const struct vm *vm, uint32_t index, unsigned *number, uint32_t *page);
/* The other way round; false: the VM has not attached that memory. */
bool shared_index(const struct vm *vm, unsigned number, uint32_t page, uint32_t *index);
/* The machine page for @index of the window, given on @node if it has not been used yet. */
struct mpn shared_get(struct vm *vm, uint32_t index, unsigned node);
void shared_detach_all(struct vm *vm);
bool shared_read(void *vm, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value);
bool shared_write(void *vm, unsigned cpu, uint64_t offset, unsigned size, uint64_t value);

/* ---- l2tlb.c ---- */
/* @entries at @table, a power of two, aligned to their size for the MIPS build. */
void l2tlb_init(struct vcpu *vcpu, struct l2tlb_entry *table, uint32_t entries);
struct l2tlb_entry *l2tlb_find(struct vcpu *vcpu, uint64_t va);
void l2tlb_insert(struct vcpu *vcpu, uint64_t hi, bool global, const uint64_t lo[2]);
/* Forgets [va, va + size) for @asid (and global entries). */
void l2tlb_remove(struct vcpu *vcpu, uint64_t va, uint64_t size, uint64_t asid);
void l2tlb_flush(struct vcpu *vcpu);

/* ---- vtlb.c: the TLB the guest sees ---- */
void vtlb_reset(struct vcpu *vcpu);
const struct vtlb_entry *vtlb_find(struct vcpu *vcpu, uint64_t va);
/* The instructions on the virtual registers. vtlb_write(): false: machine check. */
void vtlb_probe(struct vcpu *vcpu);
void vtlb_read(struct vcpu *vcpu);
bool vtlb_write(struct vcpu *vcpu, unsigned index, bool random);
/* TLBWI or TLBWR of a user page that needs no search; false: nothing was done. */
bool vtlb_write_quick(struct vcpu *vcpu, bool random);
unsigned vtlb_random(struct vcpu *vcpu);
/* Whether it may have an entry for @va; false: certainly not. */
bool vtlb_may_have(const struct vcpu *vcpu, uint64_t va);
/* Its entry for @va, when that is the one written last of those with its hash; else NULL. */
const struct vtlb_entry *vtlb_hinted(const struct vcpu *vcpu, uint64_t va);
/* Puts the translation of @va by @entry into L2TLB and hardware. @replace as in hal_tlb_write().
 * false: not RAM, or no memory. */
bool vtlb_fill(struct vcpu *vcpu, const struct vtlb_entry *entry, uint64_t va, bool replace);

/* The same without a search and on no other entry's place; false: nothing was done. */
bool vtlb_fill_quick(struct vcpu *vcpu, const struct vtlb_entry *entry, uint64_t va);

/* ---- segment.c ---- */
enum guest_segment_kind {
	SEGMENT_ERROR,
	SEGMENT_UNMAPPED,
	SEGMENT_MAPPED,
};
/* How the guest's processor would take @va in its present mode; *gpa for unmapped. */
enum guest_segment_kind segment_find(const struct vcpu *vcpu, uint64_t va, struct gpa *gpa);
/* The guest-physical address of @va through segment and virtual TLB. false: the exception. */
bool segment_translate(struct vcpu *vcpu, uint64_t va, bool write, struct gpa *gpa,
		       enum mips_exception *code, bool *refill);

/* ---- reflect.c ---- */
void reflect(struct vcpu *vcpu, struct trap *trap, enum mips_exception code);
void reflect_coprocessor(struct vcpu *vcpu, struct trap *trap, unsigned unit);
void reflect_address(struct vcpu *vcpu, struct trap *trap, enum mips_exception code, uint64_t va,
		     bool refill);
/* Takes a pending virtual interrupt if it can be taken. */
void deliver_interrupt(struct vcpu *vcpu, struct trap *trap);
bool interrupt_deliverable(const struct vcpu *vcpu);

/* A TLB refill of user mode's addresses, at the guest's vector; not in an exception handler. */
void reflect_refill(struct vcpu *vcpu, struct trap *trap);
/* TLB invalid or modified, likewise. */
void reflect_fault(struct vcpu *vcpu, struct trap *trap);
/* A system call from user mode. */
void reflect_call(struct vcpu *vcpu, struct trap *trap);

/* ---- quick_tlb.c ---- */
bool quick_refill(struct vcpu *vcpu, struct trap *trap);
/* TLB invalid, TLB modified. */
bool quick_fault(struct vcpu *vcpu, struct trap *trap);
/* Tells the entry code what it needs to read Count and the GIC's counter. */
void timer_quick(struct vcpu *vcpu);

/* ---- vcp0.c ---- */
uint64_t vcp0_read(struct vcpu *vcpu, unsigned number, unsigned select, unsigned *reg);
void vcp0_write(struct vcpu *vcpu, unsigned number, unsigned select, uint64_t value, unsigned *reg);
void vcp0_reset(struct vcpu *vcpu);
uint32_t vcp0_count(const struct vcpu *vcpu);

/* ---- rewrite.c ---- */
enum page_access {
	PAGE_UNMAPPED,
	PAGE_READ_ONLY, /* an interrupt is pending: the next store comes here */
	PAGE_OPEN,
};
size_t rewrite_memory_needed(const struct vmm *vmm);
/* The vCPU goes on a CPU: has register pages from now on, when its VM's code is to be rewritten. */
void rewrite_attach(struct vcpu *vcpu);
void rewrite_detach(struct vcpu *vcpu);
/* What the hardware should map of the register pages, and making it so. */
enum page_access rewrite_wanted(const struct vcpu *vcpu);
void rewrite_map(struct vcpu *vcpu);
/* A miss, or a store that the hardware refused, at @va: whether it was the register pages'. */
bool rewrite_miss(struct vcpu *vcpu, uint64_t va);
bool rewrite_store(struct vcpu *vcpu, struct trap *trap);
/* Considers the trapped instruction; true: rewritten, nothing has been executed. */
bool rewrite_consider(struct vcpu *vcpu, const struct trap *trap, uint32_t instruction);
/* Whether the instruction at trap->pc was a CACHE before. */
bool rewrite_was_cache(struct vcpu *vcpu, const struct trap *trap);
/* The guest maps something where the register pages are: no rewriting any more. */
void rewrite_stop(struct vm *vm);
bool rewrite_conflicts(const struct vtlb_entry *entry);

/* Where register @reg is in vcpu->cp0. */
static inline unsigned slot_of(unsigned reg)
{
	return OPEN_REGISTERS >> reg & 1 ? OPEN(reg) : reg;
}

/* The virtual Status with its IE. */
static inline uint32_t virtual_status(const struct vcpu *vcpu)
{
	return ((uint32_t)vcpu->cp0[CP0_STATUS] & ~STATUS_IE) | (vcpu->cp0[SLOT_ENABLED] != 0);
}

static inline void set_virtual_status(struct vcpu *vcpu, uint64_t status)
{
	vcpu->cp0[CP0_STATUS] = (uint32_t)status;
	vcpu->cp0[SLOT_ENABLED] = status & STATUS_IE;
}

static inline bool interrupt_pending(const struct vcpu *vcpu)
{
	return vcpu->cp0[CP0_STATUS] & vcpu->cp0[CP0_CAUSE] & STATUS_IM;
}

/* The whole hardware TLB, register pages included. */
static inline void flush_hardware(struct vcpu *vcpu)
{
	hal_tlb_flush();
	vcpu->page_mapped = PAGE_UNMAPPED;
	if (vcpu->pcpu)
		vcpu->pcpu->attention = true;
}

/* ---- emulate.c, branch.c, mmio.c, xkseg.c, unmapped.c ---- */

/* A load or store, by opcode; size in bytes, 0: not one we emulate. */
enum access_part { ACCESS_WHOLE, ACCESS_LEFT, ACCESS_RIGHT }; /* LWL..., LWR... */
struct access {
	uint8_t size;
	bool store;
	bool sign;    /* loads: sign-extended */
	uint8_t link; /* LL, SC */
	uint8_t part;
};
extern const struct access access_of[64];
/* @value as a load of that kind leaves it in a register. */
uint64_t access_extend(uint64_t value, const struct access *access);
void emulate_privileged(struct vcpu *vcpu, struct trap *trap);
/* @instruction at trap->pc, with trap->next_pc after it. */
void emulate_cop0(struct vcpu *vcpu, struct trap *trap, uint32_t instruction);
void emulate_reserved(struct vcpu *vcpu, struct trap *trap);
/* The trapped instruction, and trap->next_pc; false: the guest cannot fetch it any more (resumed,
 * it sees why). skip_instruction(): goes on after it. */
bool fetch_trapped(struct trap *trap, uint32_t *instruction);
void skip_instruction(struct trap *trap);
void mmio_access(struct vcpu *vcpu, struct trap *trap, struct gpa gpa, bool fetch);
/* An access to XKSEG, which the hardware does not do for supervisor mode without its bit. */
void xkseg_access(struct vcpu *vcpu, struct trap *trap, bool fetch);
/* An access of the guest's kernel to an unmapped segment, without Segmentation Control. */
void unmapped_access(struct vcpu *vcpu, struct trap *trap, bool fetch);

/* ---- vcpu.c ---- */
void vcpu_reset(struct vcpu *vcpu);
/* To be called when the virtual Status changed. */
void vcpu_status_changed(struct vcpu *vcpu);
/* The hardware's Status becomes the one for this vCPU, which runs. */
void vcpu_apply_status(struct vcpu *vcpu);
void vcpu_set_pin(struct vcpu *vcpu, unsigned ip, bool level);

/* ---- sched.c ---- */
void sched_ready(struct vcpu *vcpu);  /* from off or waiting to ready */
void sched_wait(struct vcpu *vcpu);   /* the running vCPU executes WAIT */
void sched_remove(struct vcpu *vcpu); /* off, wherever it is */
void sched_kick(struct vcpu *vcpu);   /* something happened that it must see */
void sched_pick(struct pcpu *cpu, struct trap *trap);

/* ---- timer.c ---- */
uint64_t vm_now(const struct vm *vm);
void timer_expire(struct vcpu *vcpu);
void timer_changed(struct vcpu *vcpu);
void timer_arm(struct pcpu *cpu);
void timer_check_waiting(struct pcpu *cpu);
void timer_compare(struct vcpu *vcpu); /* Count or Compare was written */

/* ---- shootdown.c ---- */
/* Removes every translation of page @index of @vm from hardware TLBs and L2TLBs. */
void shootdown_page(struct vm *vm, uint32_t index);
/* Removes the entry for the block or unit at @first from hardware TLBs: L2TLBs do not have it. */
void shootdown_block(struct vm *vm, uint32_t first);

/* ---- board.c ---- */
void vboard_init(struct vm *vm);  /* all devices as after power-on */
void vboard_drain(struct vm *vm); /* no disk request is under way any more */
struct mmio_region *vboard_region(struct vm *vm, struct gpa gpa, unsigned size);

/* ---- vm.c ---- */
void vm_stopped(struct vm *vm, enum vm_stop why, unsigned vcpu);
void vm_reap(struct vm *vm);
void vm_check_halted(struct vm *vm);

/* Something has changed that the vCPU's CPU must see to before a guest goes on. */
static inline void attend(const struct vcpu *vcpu)
{
	if (vcpu->pcpu)
		vcpu->pcpu->attention = true;
}

static inline bool vm_runnable(const struct vm *vm)
{
	return vm->state == VM_RUNNING;
}

#endif
