/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One simulated MIPS64 Release 2 processor: its state, and the functions every engine shares.
 *
 * Two engines run this state: the interpreter (cpu/interpreter.c, the reference) and the translator
 * (jit/). They must agree cycle for cycle: anything but a plain register operation, a branch, or a
 * memory access that hits in the software TLB is left by the translator to the interpreter, one
 * instruction at a time, with exact state. So there is one implementation of exceptions, CP0,
 * device accesses and TLB misses: the functions below.
 *
 * Time: in memory model `none` each instruction takes one cycle. cycles counts from machine start.
 * The engine may run while cycles < limit. An interrupt is taken before an instruction whenever it
 * is pending and enabled at that point; nothing but the CPU's own instructions, its own deadlines
 * and the board between quanta can change that.
 *
 * LL/SC: linked is set by LL, cleared by SC, ERET and by the board at the end of a quantum when
 * another CPU may have run; where CPUs run one after the other within a quantum, a store by another
 * CPU never comes between an LL and an SC that succeeds. A quantum that ended in the monitor's work
 * goes on for some cycles, to the SC. In `ccnuma` a link outlives the quantum
 * until its line is lost, or for an uncached one until another CPU writes there. With several host
 * threads an SC succeeds only if no other SC has gone to the line since, and memory still holds
 * what the LL read: see emu/link.h.
 */
#ifndef EMU_CPU_H
#define EMU_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "mips/arch.h"

struct cpu;
struct machine;
struct softtlb;

enum cpu_mode {
	MODE_KERNEL = 0,
	MODE_SUPERVISOR = 1,
	MODE_USER = 2,
	MODES = 3,
};

/* LLbit, and how the word was loaded. */
enum link_bit {
	LINK_NONE,
	LINK_CACHED,
	LINK_UNCACHED, /* memory model `ccnuma`: ends when another CPU writes there, uncached */
};

/*
 * Memory model `ccnuma`: what of RAM is in one of the CPU's first-level caches. The byte at base +
 * (host address >> shift) is the enum line_right of the line there; rights points at the first
 * byte of RAM's. base is zero in model `none`.
 */
struct line_view {
	uintptr_t base;
	const uint8_t *rights; /* NULL: no line ever has a right */
	uint8_t shift;
};

/* One dual entry of the joint TLB, as TLBR gives it back. page_mask has PageMask's layout. */
struct tlb_entry {
	uint64_t entry_hi;    /* R, VPN2 and ASID; the VPN2 bits under the mask are zero */
	uint64_t entry_lo[2]; /* PFN, C, D, V; G in both or in none */
	uint32_t page_mask;
	bool hidden; /* never matches (reset state) */
};

#define TLB_MAX_ENTRIES 64
#define TLB_BUCKETS	256

/* What the CPU counts. Everything here is deterministic. */
struct cpu_stats {
	uint64_t instructions[MODES]; /* kept by cpu_account_mode() */
	uint64_t cycles_idle;	      /* in WAIT */
	uint64_t exceptions[EXC_CODES];
	uint64_t tlb_refills;  /* TLB refill exceptions (no matching entry) */
	uint64_t tlb_invalids; /* matching entry not valid */
	uint64_t tlb_writes;
	uint64_t device_accesses;
	uint64_t sc_failures;
};

/* Fixed description of the processor, from the machine file; shared by all CPUs. */
struct cpu_config {
	unsigned tlb_entries; /* 16..64 */
	unsigned clock_mhz;   /* Count runs at half of it */
	bool segctl;	      /* Segmentation Control present */
	bool xkseg_bit;	      /* Config6.XKSEG_S writable */
};

/*
 * What a software monitor (vmm-core, native HAL) hooks in. With a monitor, an exception updates CP0
 * exactly as the hardware does (EXL, EPC, Cause, BadVAddr, EntryHi, Context...), but in place of
 * the jump to the vector, trap() is called; it changes the CPU's state through the functions below,
 * adds the cycles it took, and returns with pc where the processor goes on.
 */
struct cpu_monitor {
	void (*trap)(struct cpu_monitor *monitor, struct cpu *cpu, enum mips_exception code,
		     bool tlb_refill);
};

struct cpu {
	/* Hot: used by every instruction and by translated code. */
	uint64_t gpr[32]; /* gpr[0] is always zero */
	uint64_t hi, lo;
	uint64_t pc;		/* the next instruction to execute */
	uint64_t branch_target; /* where to go after it, when in_delay_slot */
	uint64_t cycles;	/* simulated time of this CPU */
	uint64_t limit;		/* run while cycles < limit; lowered when a deadline moves nearer */
	struct softtlb *softtlb; /* translations valid for the present mode, ASID and SegCtl */
	struct line_view data_lines, fetch_lines;
	uint32_t fcr31;
	bool in_delay_slot;	/* pc is the delay slot of the branch at pc - 4 */
	uint8_t linked;		/* enum link_bit */
	bool waiting;		/* in WAIT: runs on when an interrupt comes */
	bool interrupt_pending; /* (Cause.IP & Status.IM) != 0, IE set, EXL and ERL clear */
	uint8_t mode;		/* enum cpu_mode now in force */
	uint8_t fr;		/* Status.FR */
	uint8_t fpu_usable;	/* Status.CU1 */
	uint8_t address_32bit;	/* user mode with UX clear: addresses wrap at 32 bits */
	uint8_t ops_64bit; /* 64-bit operations allowed: kernel, supervisor, user with PX or UX */
	bool wants_alone;  /* the present instruction waits until no other CPU runs: machine.h */
	uint64_t linked_address; /* physical address of the LL */
	uint64_t linked_value;	 /* with several host threads: what it read */
	uint64_t linked_version; /* and its line's version then */
	uint64_t fpr[32];	 /* FR = 1: 32 of 64 bits; FR = 0: 16 pairs, see fpu.c */
	uint64_t instructions;	 /* executed since start */

	/* Privileged state. */
	uint64_t cp0[CP0_REGISTERS]; /* Count and Random: through cp0_count(), cp0_random() */
	struct tlb_entry tlb[TLB_MAX_ENTRIES];
	uint64_t tlb_bucket[TLB_BUCKETS]; /* index of tlb, kept by tlb.c: entries of 4 KiB pages */
	uint64_t tlb_large;		  /* the others (bits are entries) */
	uint64_t count_offset;		  /* Count = cycles / 2 + count_offset, modulo 2^32 */
	uint64_t timer_deadline;	  /* cycle at which Count reaches Compare */
	uint64_t board_deadline; /* cycle at which the board's on_deadline is called; ~0: none */
	uint32_t irq_lines;	 /* levels of the hardware interrupt pins, bits as in Cause.IP */
	uint64_t random_state;	 /* for Random: deterministic */
	uint64_t accounted_instructions; /* for cpu_account_mode() */

	/* Fixed. */
	unsigned number; /* CPU number in the machine */
	unsigned node;
	int16_t guest; /* under a monitor: the VM whose turn it is, and while the monitor works,
			  was; -1: none */
	bool present;  /* powered up and not held in reset */
	const struct cpu_config *config;
	struct machine *machine;
	struct cpu_monitor *monitor;	      /* NULL: exceptions go to the vectors */
	void (*on_deadline)(struct cpu *cpu); /* board: GIC timer; sets the next board_deadline */
	void *engine;			      /* the engine's data for this CPU */
	struct softtlb *softtlb_contexts;     /* SOFTTLB_CONTEXTS tables */
	struct cpu_stats stats;
};

/* Kinds of access for translation. */
enum access {
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_FETCH,
};

/* What one instruction came to. */
enum exec {
	EXEC_OK,	/* done; go on with the next one */
	EXEC_EXCEPTION, /* cpu_raise() has been called: pc is the vector, or what the monitor set */
};

/* ---- cpu/reset.c ---- */

/* Puts @cpu into the state after a cold reset (Status.BEV and ERL set, pc 0xbfc00000, TLB empty).
 * number, node, config, machine, engine, softtlb_contexts, present, interrupt lines, statistics and
 * the time are kept; so is CMGCRBase once it has a value (the GCRs may have moved). Every TLB entry
 * reads back with a VPN2 of its own, so that software that writes back what it read makes no
 * duplicates. */
void cpu_reset(struct cpu *cpu);

/* ---- cpu/exception.c ---- */

/*
 * Takes exception @code at the present instruction (pc, in_delay_slot): sets EPC, Cause.BD,
 * ExcCode, EXL, counts it, and continues at the vector that Status.BEV, EBase, Cause.IV and IntCtl
 * give, or in the monitor. The caller abandons the instruction with EXEC_EXCEPTION.
 */
enum exec cpu_raise(struct cpu *cpu, enum mips_exception code);

/* The same for coprocessor unusable, with Cause.CE = @unit. */
enum exec cpu_raise_coprocessor(struct cpu *cpu, unsigned unit);

/* The same for address errors and TLB exceptions at @va: sets BadVAddr, and for TLB exceptions
 * Context, XContext and EntryHi. @refill: no entry matched (TLB or XTLB refill vector). */
enum exec cpu_raise_address(struct cpu *cpu, enum mips_exception code, uint64_t va, bool refill);

/* Takes the interrupt exception if interrupt_pending; returns whether it did. */
bool cpu_take_interrupt(struct cpu *cpu);

/* Sets the hardware interrupt pin @ip (2..7) to @level and recomputes interrupt_pending (and ends
 * waiting when an enabled line is up). */
void cpu_set_irq_line(struct cpu *cpu, unsigned ip, bool level);

/* To be called after any change of Status, Cause or EntryHi.ASID in cp0[]: recomputes mode,
 * interrupt_pending, fr, fpu_usable, address_32bit, ops_64bit and selects the software TLB. SegCtl
 * and Config6 are changed through cp0_write(). */
void cpu_state_changed(struct cpu *cpu);

/* The part of it that a change of Status.IE, Status.IM or Cause.IP alone needs: recomputes
 * interrupt_pending, and ends waiting when it is set. */
void cpu_interrupts_changed(struct cpu *cpu);

/* Adds the instructions since the last call to the counter of the present mode; called by
 * cpu_state_changed() before the mode changes, and before reading stats. */
void cpu_account_mode(struct cpu *cpu);

/* ---- cpu/cp0.c ---- */

/* MFC0/DMFC0 and MTC0/DMTC0 of any number and select, with all side effects. Unimplemented ones
 * read as zero and ignore writes. */
uint64_t cp0_read(struct cpu *cpu, unsigned number, unsigned select);
void cp0_write(struct cpu *cpu, unsigned number, unsigned select, uint64_t value);

/* The present values of Count and Random. Each call of cp0_random() moves Random on. */
uint32_t cp0_count(const struct cpu *cpu);
unsigned cp0_random(struct cpu *cpu);

/* Handles the deadlines (timer_deadline, board_deadline) that cycles has reached, and sets limit
 * to the earliest of @quantum_end and the next deadlines. Called by the engines' run loops whenever
 * cycles >= limit. */
void cpu_deadlines(struct cpu *cpu, uint64_t quantum_end);

/* ---- cpu/tlb.c ---- */

/* The TLB instructions TLBR, TLBWI or TLBWR, TLBP on the CP0 registers. tlb_write() returns false
 * and writes nothing when the entry would overlap another one: the caller raises EXC_MCHECK. */
void tlb_read(struct cpu *cpu);
bool tlb_write(struct cpu *cpu, unsigned index);
void tlb_probe(struct cpu *cpu);

/* Makes entry @index match nothing (EntryHi.EHINV of later releases), for the native monitor. */
void tlb_invalidate(struct cpu *cpu, unsigned index);

/* The entry that matches @va (region and VPN2) and the present ASID, or NULL. */
const struct tlb_entry *tlb_lookup(const struct cpu *cpu, uint64_t va);

/* ---- cpu/segment.c ---- */

struct translation {
	uint64_t pa;	    /* physical address */
	uint64_t page_size; /* the translation holds for the aligned page of this size (>= 4 KiB) */
	bool writable;	    /* a write to this page needs no exception */
	bool global;	    /* holds for every ASID */
	uint8_t cca;	    /* cache coherency attribute */
};

/*
 * Translates @va for @access in @mode by segment and TLB, without side effects. Returns true and
 * fills @out; or false with the exception that the access takes in @code and @refill.
 */
bool cpu_translate(const struct cpu *cpu, uint64_t va, enum access access, enum cpu_mode mode,
		   struct translation *out, enum mips_exception *code, bool *refill);

/* ---- cpu/interpreter.c ---- */

/* Executes exactly one instruction (a branch and its delay slot are two); interrupts and deadlines
 * are not looked at. Advances cycles and instructions. */
void interpreter_step(struct cpu *cpu);

/* The same for an instruction @word that has been fetched already. */
void interpreter_execute(struct cpu *cpu, uint32_t word);

/* Runs until cycles >= @quantum_end, the CPU waits, or the machine stops: deadlines, interrupts and
 * instructions in their exact order. */
void interpreter_run(struct cpu *cpu, uint64_t quantum_end);

#endif
