/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The binary translator: what its files share.
 *
 *	trace.c           chooses the guest instructions of a superblock
 *	group.c           finds memory accesses that can share one software TLB check
 *	translate.c       makes host code of it: driver, cold stubs
 *	registers.c       where guest registers are meanwhile
 *	translate_*.c     the instructions by kind
 *	cache.c           code memory, lookup, chaining by patching, invalidation, eviction
 *	runtime.c         entry and exit of translated code, its slow paths
 *	translator.c      the engine's operations
 *
 * Host registers in translated code: RBP = cpu + CPU_BIAS, R15 = budget (cycles left to cpu->limit
 * after those charged to the present block), RAX RCX RDX scratch, RSP = struct jit_frame; the rest
 * hold guest registers and pointers for memory accesses (registers.c).
 *
 * A block charges its whole length to the budget when it is entered; an exit before its end gives
 * the rest back. cycles, instructions and pc in struct cpu are brought up to date only where C code
 * is called (jit_sync()).
 */
#ifndef JIT_H
#define JIT_H

#include <stddef.h>

#include "emu/cpu.h"
#include "emu/machine.h"
#include "emu/mem.h"

#include "../cpu/decode.h"
#include "emit_x64.h"

#define CPU_BIAS	 128 /* makes gpr[0..31] reachable with 8-bit displacements */
#define REG_CPU		 RBP
#define REG_BUDGET	 R15
#define JIT_GROUPS	 8  /* access groups a block can have */
#define BLOCK_MAX_LENGTH 64 /* guest instructions */
#define BLOCK_MAX_PAGES	 4
#define CODE_REGIONS	 8
#define BLOCK_MAX_CODE	 (48 * 1024) /* bytes of host code, with room to spare */

#define COPIES		 7

/* The frame of translated code on the host stack, RSP points at it. */
struct jit_frame {
	uint64_t group[JIT_GROUPS]; /* host pointers of access groups */
	int64_t budget;		    /* R15, while C code runs */
	uint64_t limit;		    /* what the budget counts down to */
	uint64_t jump_target;	    /* of an indirect jump, while its delay slot runs */
	uint64_t condition;	    /* of a branch, while its delay slot runs */
	uint64_t fp_operand[3];	    /* operands of the last FP operation, for FCSR.Cause */
	uint64_t link_line;	    /* host address, inside an SC */
	uint64_t stub;		    /* where the line thunk was called from */
	uint32_t fp_word;	    /* that operation's word; 0: FCSR is exact */
	uint32_t mxcsr;
	uint64_t copy[COPIES]; /* registers.c: kept over calls of C code */
};
_Static_assert(sizeof(struct jit_frame) % 16 == 8, "RSP must be aligned at calls");

/* Processor state that translated code depends on; part of a block's key. */
enum key_bits {
	KEY_MODE = 3, /* enum cpu_mode */
	KEY_ADDRESS32 = 1 << 2,
	KEY_OPS64 = 1 << 3,
	KEY_SEGMENTS = 1 << 4, /* kernel mode and legacy segments: CKSEG0/1, XKPHYS unmapped */
	KEY_CAREFUL = 1 << 5,  /* variant without access groups and floating point */
	KEY_SHORT = 1 << 6,    /* variant of few instructions, where a superblock does not pay */
	KEY_LINES = 1 << 7,    /* memory model `ccnuma`: checks first-level lines */
	KEYS = 1 << 8,
	KEY_VARIANTS = KEY_CAREFUL | KEY_SHORT,
};

#define SHORT_MAX_LENGTH 12

struct block;

/* A direct exit of a block, patched to lead to the next block when that is known. */
struct link {
	struct block *from;
	struct block *to;  /* NULL: leads to its stub */
	struct link *next; /* of the links to the same block */
	struct link **previous;
	uint8_t *place;	     /* displacement, writable view */
	const uint8_t *stub; /* executable view */
	uint64_t target;     /* guest address */
	bool middle;	     /* leads into the middle of straight code */
	bool same_page;	     /* the target's page is known to be mapped as it was */
	bool same_line;	     /* and its line is in the first-level cache */
};

enum site_kind {
	SITE_MEMORY,	/* software TLB miss: fill and retry, or interpret */
	SITE_INTERPRET, /* this instruction is the interpreter's */
	SITE_CONTINUE,	/* go on at pc through the block lookup */
	SITE_FPU,	/* FP operation off the fast path: its handler, then resume */
	SITE_LINE,	/* `ccnuma`: the line accessed lacks the right: ask the model, retry */
	SITE_FETCH,	/* the same for the instruction's own line */
};

enum site_target {
	TARGET_NONE,	  /* not in a delay slot */
	TARGET_STATIC,	  /* branch_target is taken */
	TARGET_CONDITION, /* frame->condition chooses taken or not_taken */
	TARGET_FRAME,	  /* frame->jump_target */
};

/* A place in translated code where C code is called: what it needs for exact state. */
struct site {
	uint8_t kind;
	uint8_t target;
	uint8_t access;	    /* enum access, of SITE_MEMORY */
	uint8_t size;	    /* bytes, a power of two: required alignment of SITE_MEMORY */
	uint16_t span;	    /* from the address checked to the last cell of @size (groups) */
	uint16_t give_back; /* charged instructions that have not been executed */
	uint32_t word;
	bool careful;	    /* go on in the careful variant */
	bool index_address; /* the address is rs + rt (indexed FP accesses) */
	bool resumable;	    /* after a TLB refill the block may go on here; see struct refill */
	int32_t offset;	    /* of the address checked from gpr[rs] */
	uint64_t pc;
	uint64_t taken, not_taken;
	struct block *block;
	const uint8_t *resume;	  /* executable view */
	uint32_t fetch_line;	  /* `ccnuma`: the instruction's line, counted from RAM's start */
	const uint8_t *host_page; /* of the instruction, of SITE_MEMORY */
};

/* In the code behind a call of the line thunk: what a first-level miss needs of its SITE_LINE or
 * SITE_FETCH. */
struct line_site {
	bool at_entry; /* before the block is charged for */
	bool fetch;    /* of the instruction; else of its data */
	uint8_t access;
	uint8_t base,
		index;	/* data: registers whose sum with offset is the address; index 0: none */
	uint8_t length; /* of the block */
	uint16_t give_back;
	int32_t offset;
	uint32_t fetch_line;
	uint64_t pc;
	const struct site *site;
} __attribute__((packed)); /* not aligned there */
_Static_assert(sizeof(struct line_site) == 32, "");

/*
 * The last TLB refill, as ERET finds it: where the exception came from, and what the block relies
 * on there. When ERET comes back to a CPU that is the same but for k0 and k1, the block goes on in
 * its middle.
 */
struct refill {
	const struct cpu *cpu; /* NULL: none */
	const struct site *site;
	const struct softtlb *softtlb;
	uint64_t evictions; /* an eviction frees sites */
	uint64_t gpr[32], copy[COPIES];
	uint32_t key, fcr31;
	uint8_t fr, fpu_usable;
};

struct page_ref {
	struct block *block;
	struct page_ref *next;
	uint32_t page; /* number of the 4 KiB page in RAM (offset in machine->ram) */
};

struct block {
	struct block *hash_next;
	uint64_t va;
	const uint8_t *host_page; /* in RAM: of the first instruction */
	uint32_t key;
	uint16_t length; /* guest instructions */
	uint8_t pages;
	uint8_t region;
	bool dead;
	int16_t guest;		      /* cpu->guest, for profiles */
	const uint8_t *entry;	      /* executable view */
	const uint8_t *checked_entry; /* verifies first that va is still mapped to host_page */
	const uint8_t *line_entry;    /* the first line is known to be in the first-level cache */
	struct link *incoming;
	struct link *links;
	uint16_t link_count;
	uint32_t code_size;
	uint32_t hot_size;   /* of it, up to the stubs */
	uint64_t executions; /* counted with profiling only */
	struct block *region_next;
	struct page_ref page[BLOCK_MAX_PAGES];
	uint32_t first_word[BLOCK_MAX_PAGES]; /* per page: byte range of code */
	uint32_t last_word[BLOCK_MAX_PAGES];
};

/* Indirect jump cache: one table per key. The target of an empty entry is the miss thunk. */
#define IBTC_ENTRIES 65536
struct ibtc_entry {
	uint64_t va;
	const uint8_t *target;
};

struct arena_chunk;

struct code_region {
	uint8_t *start, *end; /* writable view */
	struct block *blocks;
	struct arena_chunk *arena;
};

#define BLOCK_HASH     (1u << 18)
#define VISIT_COUNTERS (1u << 15)

struct jit_stats {
	uint64_t blocks, instructions, host_bytes; /* translated */
	uint64_t evictions, invalidations;
	uint64_t slow_memory, interpreted, continues, links, indirect_misses, fpu_slow;
	uint64_t translate_ns, line_misses;
};

struct code_cache {
	uint8_t *writable, *executable;
	size_t size;
	int fd;
	uint8_t *p; /* next free byte, writable view */
	unsigned region;
	struct code_region regions[CODE_REGIONS];
	uint8_t *thunks_end;
	struct block *hash[BLOCK_HASH];
	struct ibtc_entry *ibtc[KEYS];
	struct page_ref **page_blocks; /* per page of RAM */
	uint8_t *page_stores;	       /* stores seen beside the code of a page */
	size_t ram_pages;
};

struct retired;

typedef const uint8_t *enter_function(struct cpu *cpu, const uint8_t *code, uint64_t limit,
				      int64_t budget);

struct translator {
	struct machine *machine;
	struct code_cache cache;
	enter_function *enter;
	const uint8_t *thunk_exit, *thunk_site, *thunk_line, *thunk_link, *thunk_indirect;
	uint8_t visits[VISIT_COUNTERS]; /* of code that has no block yet */
	bool profile;
	bool single; /* leave after every block (lock-step) */
	bool has_bmi2, has_lzcnt;
	struct refill refill;
	struct cpu *folding;		  /* scratch CPU for constant folding */
	uint64_t wanted[BLOCK_MAX_PAGES]; /* pages (RAM offsets) to be marked before translation */
	unsigned wanted_count;
	uint8_t data_shift, fetch_shift; /* that code with KEY_LINES was made for */
	struct jit_stats stats;
	struct retired *retired; /* jit/profile.c: blocks that are gone, for profiles */
	size_t retired_count, retired_room;
};

/* The engine's data of a machine: a translator for each host thread. A CPU's is cpu->engine; it is
 * used by one host thread at a time. */
struct translators {
	unsigned count;
	struct translator *of[MACHINE_MAX_CPUS];
};

static inline struct translator *translator_of_cpu(const struct cpu *cpu)
{
	return cpu->engine;
}

/* ---- cache.c ---- */
int cache_create(struct translator *jit, size_t size, struct error *error);
void cache_destroy(struct translator *jit);
/* Room for one block's code and an emitter on it; evicts the oldest region when there is none. */
void cache_begin(struct translator *jit, struct emitter *e);
/* Memory that lives as long as the blocks of the present region. Never NULL short of exhaustion. */
void *cache_allocate(struct translator *jit, size_t size);
void cache_add(struct translator *jit, struct block *block, struct emitter *e);
struct block *cache_find(struct translator *jit, uint64_t va, uint32_t key,
			 const uint8_t *host_page);
void cache_link(struct translator *jit, struct link *link, struct block *to);
struct ibtc_entry *cache_ibtc(struct translator *jit, uint32_t key);
void cache_ibtc_set(struct translator *jit, struct block *block);
/* Whether @page of RAM has code in this cache. */
bool cache_has_page(const struct translator *jit, uint64_t page);
/* Invalidates code at RAM offset [offset, offset + length); see engine_ops.code_written. */
void cache_written(struct translator *jit, uint64_t offset, uint64_t length);
void cache_flush(struct translator *jit);

/* ---- trace.c ---- */

/* Registers of the translator's own, numbered behind the general ones: cpu->softtlb, and the host
 * pointers of access groups. */
enum {
	VIRTUAL_SOFTTLB = 32,
	VIRTUAL_GROUP = 33,
};
struct trace_insn {
	uint64_t pc;
	uint32_t word;
	const struct insn *insn;
	uint64_t sources; /* mask of registers read (perhaps one too many): general, then virtual */
	uint8_t destination; /* general register written, 0: none */
	bool delay_slot;
	bool check_page; /* enters another mapped page: its translation must be checked */
	bool check_line; /* enters another first-level line: its presence must be checked */
	uint8_t page;	 /* index in trace.host_page */
	int8_t group;	 /* -1: none */
	bool group_head;
	int32_t group_offset; /* from the group's host pointer */
	uint8_t pair;	      /* enum pair */
	bool always;	      /* branch that is always taken */
	bool jump_known;      /* register jump whose target is known */
	uint64_t target;      /* of a branch, or of a register jump if known */
};

/* LWL and LWR and their like, of one word: the first does the whole access. */
enum pair {
	PAIR_NONE,
	PAIR_FIRST,
	PAIR_SECOND,
};

enum trace_end {
	END_LINK,      /* goes on at trace.next */
	END_BRANCH,    /* conditional branch (and its slot) at the end */
	END_INDIRECT,  /* register jump at the end */
	END_INTERPRET, /* the instruction at trace.next is the interpreter's */
	END_SLOT,      /* branch at the end whose delay slot is the interpreter's */
};

struct access_group {
	int32_t head_offset; /* of the group's first byte from the head's base register */
	uint16_t span;	     /* to the last aligned cell */
	uint8_t alignment;
	bool write;
	uint8_t members;
};

struct trace {
	uint64_t va;
	uint32_t key;
	unsigned length;
	struct trace_insn insn[BLOCK_MAX_LENGTH + 2];
	enum trace_end end;
	uint64_t next;
	uint32_t next_word; /* the instruction there, if the interpreter's; 0: unknown */
	unsigned pages;
	uint64_t page_va[BLOCK_MAX_PAGES];
	const uint8_t *host_page[BLOCK_MAX_PAGES];
	unsigned groups;
	struct access_group group[JIT_GROUPS];
};

/* Collects the superblock at @va. Returns false when not even one instruction can be translated. */
bool trace_build(struct translator *jit, struct cpu *cpu, uint64_t va, uint32_t key,
		 struct trace *trace);
bool address_unmapped(uint32_t key, uint64_t va);

/* ---- group.c ---- */
void group_accesses(struct trace *trace);
/* Size in bytes of an aligned load or store with base and offset, 0 for any other instruction. */
unsigned access_size(const struct insn *insn);
/* The same for LWL and its like; and how far behind the first byte of the word it points. */
unsigned unaligned_size(const struct insn *insn);
unsigned unaligned_bias(const struct insn *insn);

/* ---- translate.c ---- */
struct builder;
/* Translates @trace; NULL when out of memory. */
struct block *translate(struct translator *jit, struct cpu *cpu, struct trace *trace);
bool can_translate(const struct insn *insn, uint64_t pc, uint32_t key);
/* Whether no exit from the block can happen in @i, once groups are known. */
bool cannot_leave(uint32_t key, const struct trace_insn *i);
/* Whether addresses may be translated differently behind @insn. */
bool changes_translation(const struct insn *insn);
/* Whether processor state @key makes the instruction do what its name says (no exception). */
bool exact_here(const struct insn *insn, uint32_t key);

/* ---- runtime.c ---- */
int runtime_create(struct translator *jit, struct error *error);
uint32_t cpu_key(const struct cpu *cpu);

/* How jit_continue() was come to. */
enum arrival {
	ARRIVAL_HEAD,	 /* by a branch or exception: a place worth a superblock */
	ARRIVAL_MIDDLE,	 /* anywhere: a quantum ended or an exception happened there */
	ARRIVAL_AGAIN,	 /* a block's entry could not be passed */
	ARRIVAL_CAREFUL, /* an access group's or the FPU's check failed */
};

/* Where to go on at the present state of @cpu: code to enter, and the budget for it; or NULL when
 * the run loop has to look (deadline, interrupt, waiting, stop). */
const uint8_t *jit_continue(struct translator *jit, struct cpu *cpu, uint64_t *limit,
			    int64_t *budget, enum arrival arrival);

/* Physical address of byte @offset of RAM. */
static inline uint64_t ram_address_of(const struct machine *machine, uint64_t offset)
{
	(void)machine;
	return offset < DEVICE_HOLE_START ? offset : offset + (DEVICE_HOLE_END - DEVICE_HOLE_START);
}

/* ---- profile.c ---- */

/* @block goes: keeps what a profile says of it. Its page has not changed yet. */
void profile_retire(struct translator *jit, const struct block *block);

#endif
