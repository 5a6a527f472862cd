/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated machine: CPUs, RAM, devices, simulated time and its events.
 *
 * CPUs run one after the other, each for a quantum of simulated cycles (determinism). Events of
 * devices happen between quanta, in order of time. When every CPU waits, time jumps to the next
 * deadline or event.
 *
 * With several host threads (board/threads.c) each thread runs the CPUs of some nodes, all at once
 * within a quantum, as long as they touch only their own state and RAM. For everything else, device
 * registers, memory with translated code, a monitor's trap, a CPU waits until no other one runs:
 * machine_alone(). Such runs are not repeatable to the last instruction.
 */
#ifndef EMU_MACHINE_H
#define EMU_MACHINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/cpu.h"
#include "emu/error.h"

#define MACHINE_MAX_CPUS  64
#define MACHINE_MAX_NODES 64

/* From the machine file and the command line. */
struct machine_config {
	char name[32];
	unsigned nodes;	     /* 1..64 */
	unsigned cpus;	     /* in all, 1..64; CPU n is on node n * nodes / cpus */
	uint64_t memory;     /* bytes in all, a multiple of 4 KiB * nodes; 64 MiB..64 GiB */
	uint64_t quantum;    /* cycles a CPU runs before the next one's turn */
	uint64_t seed;	     /* of everything random */
	uint64_t code_cache; /* of the translator, bytes, at least 8 MiB; 0: its default */
	bool profile;	     /* count how often translated code is entered */
	unsigned threads;    /* host threads that run CPUs, up to as many as CPUs; 0: one */
	struct cpu_config cpu;
};

/* An execution engine. */
struct engine_ops {
	const char *name;
	bool ccnuma;  /* it runs with memory model `ccnuma` */
	bool threads; /* run() may be called for CPUs of different threads at once */
	int (*create)(struct machine *machine, struct error *error);
	void (*destroy)(struct machine *machine);
	/* Runs @cpu as interpreter_run() describes. */
	void (*run)(struct cpu *cpu, uint64_t quantum_end);
	/* RAM [pa, pa + length) is about to change, and its page has code (may be NULL). */
	void (*code_written)(struct machine *machine, uint64_t pa, uint64_t length);
	/* The memory model was switched: forget code that depends on it (may be NULL). The software
	 * TLBs are empty. Between quanta. */
	void (*memory_model_changed)(struct machine *machine);
	/* No other CPU runs, which the engine asked for by machine_alone() (may be NULL). */
	void (*alone)(struct cpu *cpu);
};

extern const struct engine_ops interpreter_engine; /* cpu/interpreter.c */
extern const struct engine_ops translator_engine;  /* jit/translator.c */

/* Why a run ended. */
enum stop_reason {
	STOP_NONE,
	STOP_FINISHER, /* the guest wrote the finisher device; exit_status holds its value */
	STOP_HALTED,   /* every CPU waits with interrupts off: power-off on this kernel */
	STOP_RESET,    /* the guest asked for a reset */
	STOP_HOST,     /* machine_stop() by the host: Ctrl-C */
	STOP_WILD,     /* an exception loop, nothing executable: stop_text says what */
	STOP_LIMIT,    /* instruction limit reached */
};

struct ccnuma;
struct threads;
struct link_line;
struct ccnuma_config;
struct ccnuma_stats;
struct memory_model;
struct misses;
struct page_owners;
struct regions;
struct nodes;
struct event;
typedef void event_handler(void *opaque, uint64_t now);

/* What board/watch.c remembers of a CPU. */
struct watch {
	uint64_t instructions, exceptions; /* at the start of the window */
	unsigned nested;		   /* looks in a row with Status.EXL set */
};

struct machine {
	struct machine_config config;
	struct cpu *cpu[MACHINE_MAX_CPUS];
	uint8_t *ram;	     /* config.memory bytes, page-aligned */
	uint8_t *page_flags; /* one byte a page of RAM (PAGE_HAS_CODE) */
	uint64_t now;	     /* cycles: start of the present quantum */
	struct cpu *running; /* the CPU that runs now, NULL between quanta */
	const struct engine_ops *engine;
	void *engine_data;
	struct event *events; /* sorted by time */
	uint64_t last_event;  /* identifier */
	atomic_bool stop;     /* set to leave the run loop soon */
	bool yield;	      /* set to end the quantum with the present instruction */
	volatile bool marked; /* a guest wrote a mark: at the end of the quantum, regions_take() */
	enum stop_reason stop_reason;
	int exit_status;
	char stop_text[160];
	uint64_t instruction_limit;	       /* 0: none */
	bool parallel;			       /* CPUs run on several host threads just now */
	struct threads *threads;	       /* board/threads.c; NULL: one */
	struct link_line *links;	       /* mem/link.c; NULL with one thread */
	struct ccnuma *ccnuma;		       /* memory model; NULL: `none` */
	bool uncached_links;		       /* a CPU may have LINK_UNCACHED */
	struct misses *misses;		       /* mem/misses.c; with memory_model */
	const struct page_owners *page_owners; /* a monitor's, emu/misses.h; NULL: the machine's */
	struct memory_model *memory_model;     /* board/memory_model.c; NULL: `none` for good */
	struct board *board;		       /* devices: board/board.h */
	struct nodes *nodes; /* node controllers: board/nodes.c; with memory_model */
	/* The interrupt line of a node's controller changed (may be NULL). */
	void (*node_interrupt)(struct machine *machine, unsigned node, bool level);
	/* A second-level miss, as in emu/ccnuma.h: for displays (may be NULL). */
	void (*on_miss)(void *opaque, unsigned cpu, uint64_t offset, unsigned home, bool write);
	void *on_miss_opaque;
	struct physmap *physmap; /* mem/physmap.c */
	struct regions *regions; /* board/regions.c; NULL: marks vanish */
	struct watch watch[MACHINE_MAX_CPUS];
	/* Every CPU waits until @cycle, where time jumps to next (may be NULL). */
	void (*on_idle)(struct machine *machine, uint64_t cycle);
};

/* Builds a machine: RAM mapped (lazily), CPUs in reset. NULL with @error set on failure. The
 * board's devices are added by board_create(). Freed by machine_destroy(). */
struct machine *machine_create(const struct machine_config *config, const struct engine_ops *engine,
			       struct error *error);
void machine_destroy(struct machine *machine);

/* Other CPUs are going to run and may write what @cpu is linked to: the link ends, unless memory
 * model `ccnuma` holds the line in its caches and would tell of a write. */
void machine_end_link(struct cpu *cpu);

/* @cpu's link to linked_address was made by an uncached LL, in model `ccnuma`: it holds until
 * another CPU or a device writes there. All caches lose the right to write the line without asking,
 * so that a cached write is seen too (the architecture leaves such mixing open: MD00091,
 * Cacheability and Coherency Attributes). */
void machine_link_uncached(struct cpu *cpu);

/* @writer (NULL: a device) writes [pa, pa + length): uncached links of the other CPUs there end. */
void machine_break_links(struct machine *machine, const struct cpu *writer, uint64_t pa,
			 uint64_t length);
/* The host thread that runs @cpu, 0 .. threads - 1: neighbours, and so nodes, go together. */
unsigned machine_thread_of(const struct machine *machine, unsigned cpu);

/* What the host threads did; all zero with one. */
struct machine_threads_stats {
	uint64_t phases; /* in which CPUs ran at once */
	uint64_t alone;	 /* times a CPU waited to be alone */
	uint64_t late;	 /* groups of CPUs that another thread than theirs had to run */
};

void machine_threads_stats(const struct machine *machine, struct machine_threads_stats *stats);

/*
 * Whether the present instruction of @cpu may touch what CPUs share besides RAM. If not, other CPUs
 * run on other host threads now: the caller changes nothing and abandons the instruction with
 * EXEC_EXCEPTION; it is done over soon, when no other CPU runs. To be asked before the instruction
 * has changed anything.
 */
static inline bool machine_alone(struct cpu *cpu)
{
	if (!cpu->machine->parallel)
		return true;
	cpu->wants_alone = true;
	cpu->limit = 0; /* leaves the engine's fast loop */
	return false;
}

/* A device is about to read or write RAM [pa, pa + length): tells the engine about code, and the
 * memory model. */
void machine_dma(struct machine *machine, uint64_t pa, uint64_t length, bool write);

/*
 * Memory model `ccnuma`, for machines that switch: gives the machine its node controllers and keeps
 * @config (cpus, nodes, node_of and memory are filled in here); the model stays `none` until
 * machine_set_memory_model(). 0, or a negative errno with @error set: a bad configuration.
 */
int machine_configure_ccnuma(struct machine *machine, const struct ccnuma_config *config,
			     struct error *error);

/*
 * Switches model `ccnuma` on, with cold caches, or off. Between quanta only (from an event, or a
 * mark of emu/regions.h). 0, or a negative errno with @error set: the machine stays in `none`.
 */
int machine_set_memory_model(struct machine *machine, bool ccnuma, struct error *error);

/* Both, for machines that have the model from the start. @config
 * NULL: takes model and node controllers away, and what was counted. */
int machine_use_ccnuma(struct machine *machine, const struct ccnuma_config *config,
		       struct error *error);

/* Whether the machine has model `ccnuma`, on or off. */
bool machine_has_ccnuma(const struct machine *machine);
/* What it counted of @cpu so far, over all the times it was on. All zero when it never was. */
struct ccnuma_stats machine_memory_stats(const struct machine *machine, unsigned cpu);
/* Cycles of simulated time it has been on, and how often it was switched. */
uint64_t machine_modelled_cycles(const struct machine *machine);
unsigned machine_model_switches(const struct machine *machine);

/* The home node of the page at RAM @offset by the machine's model `ccnuma`; 0 without one. */
unsigned machine_home(const struct machine *machine, uint64_t offset);

/* board/nodes.c: the node controllers, and what feeds them (an observer's miss of emu/ccnuma.h). */
int nodes_create(struct machine *machine, const struct ccnuma_config *ccnuma);
void nodes_destroy(struct machine *machine);
void nodes_miss(void *machine, unsigned cpu, uint64_t offset, unsigned home, bool write);

/* Runs until a stop reason; returns it. */
enum stop_reason machine_run(struct machine *machine);

/* Stops the run with @reason; callable from devices and (async-signal-safe, STOP_HOST only) from a
 * signal handler. The first reason stays. */
void machine_stop(struct machine *machine, enum stop_reason reason, int exit_status);

/* Simulated time as the CPU that now runs sees it (its cycles), or `now` between quanta. */
uint64_t machine_time(const struct machine *machine);
uint64_t machine_cycles_from_ns(const struct machine *machine, uint64_t ns);
uint64_t machine_ns(const struct machine *machine, uint64_t cycles);

/* Calls @handler at @cycle (or at the next quantum boundary when that is past). Events of equal
 * time happen in the order of their making. Returns an identifier for event_cancel(). */
uint64_t event_at(struct machine *machine, uint64_t cycle, event_handler *handler, void *opaque);
void event_cancel(struct machine *machine, uint64_t identifier);

#endif
