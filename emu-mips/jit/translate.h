/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of one translation (struct builder), and the functions its files share.
 *
 * Guest registers during translation: each has a home (its pinned host register, or its place in
 * struct cpu), see registers.c. A register whose value is known at translation time may be
 * `pending`: its home is stale until the value is needed there, as that of a written copy. So
 * LUI/ORI/DADDIU/DSLL chains cost nothing.
 */
#ifndef JIT_TRANSLATE_H
#define JIT_TRANSLATE_H

#include "jit.h"

#define NEVER_USED 1000u

/* Masks are of guest registers, but for `dirty`. */
struct register_state {
	uint32_t known;	  /* value[] is valid */
	uint32_t pending; /* known, and the home is stale; it has no copy then */
	uint32_t word;	  /* a sign-extended 32-bit value (where not known) */
	uint32_t narrow;  /* of these: the upper half of the host register (of the home, where it
			   * has none) is anything */
	uint64_t value[32];
	uint8_t dirty;	      /* mask of copies whose home is stale */
	uint8_t copy[COPIES]; /* register whose value copy_registers[n] holds; 0: none */
};

/* How the branch whose delay slot is being translated goes on. */
struct slot_context {
	uint8_t target; /* enum site_target */
	bool evaluate;	/* stubs must store the condition into the frame first */
	const struct trace_insn *branch;
	uint64_t taken, not_taken;
};

/* Which zero results need no handler: the exact ones. */
enum zero_rule {
	ZERO_NONE,	/* the stub is no floating-point check */
	ZERO_EXACT,	/* a zero result is always exact (sums, roots, conversions) */
	ZERO_OF_FIRST,	/* when operand 0 is zero (quotients) */
	ZERO_OF_DOUBLE, /* the same, operand 0 being a double whatever the result (CVT.S.D) */
	ZERO_OF_EITHER, /* when operand 0 or 1 is zero (products) */
};

/* Code to be emitted after the block's hot part. */
struct stub {
	uint8_t *place; /* jump that leads here */
	struct site *site;
	struct link *link;
	uint16_t give_back;
	bool evaluate;
	bool dbl;
	uint8_t zero;	     /* enum zero_rule */
	const uint8_t *back; /* executable view: where an exact zero goes on */
	const struct trace_insn *branch;
	struct register_state state;
};

#define MAX_STUBS (BLOCK_MAX_LENGTH * 6 + 8)
#define MAX_LINKS (BLOCK_MAX_LENGTH + 4)

struct builder {
	struct translator *jit;
	struct cpu *cpu;
	struct trace *trace;
	struct block *block;
	struct emitter e;
	unsigned index; /* instruction being translated */
	bool fpu_checked;
	bool skip;	 /* the next instruction has been done with this one */
	bool in_stub;	 /* no new copies */
	unsigned locked; /* mask of copies that the present instruction uses */
	struct register_state state;
	struct slot_context slot;
	unsigned stubs;
	unsigned links;
	struct stub stub[MAX_STUBS];
	struct link link[MAX_LINKS];
};

/* Emits host code for one instruction; false: leave it to the interpreter. */
typedef bool translate_function(struct builder *t, const struct trace_insn *i);

/* By enum insn_id; NULL: the interpreter's. Each file fills in its kind. */
extern translate_function *const translate_int_table[INSN_COUNT];
extern translate_function *const translate_bits_table[INSN_COUNT];
extern translate_function *const translate_muldiv_table[INSN_COUNT];
extern translate_function *const translate_mem_table[INSN_COUNT];
extern translate_function *const translate_fpu_table[INSN_COUNT];
extern translate_function *const translate_cp0_table[INSN_COUNT];

/* ---- registers.c ---- */

enum host_reg pinned_register(unsigned r); /* NO_REG: lives in memory */
extern const enum host_reg copy_registers[COPIES];
struct operand cpu_field(size_t offset);
struct operand frame_field(size_t offset);
#define CPU_FIELD(field)   cpu_field(offsetof(struct cpu, field))
#define FRAME_FIELD(field) frame_field(offsetof(struct jit_frame, field))

bool value_known(const struct builder *t, unsigned r, uint64_t *value);
/* Whether @r holds a sign-extended 32-bit value; and its host register only the low half of it. */
bool is_word(const struct builder *t, unsigned r);
bool is_narrow(const struct builder *t, unsigned r);
/* Operand to read @r from. Of the _low forms only the low 32 bits are right. */
struct operand source(struct builder *t, unsigned r);
struct operand source_low(struct builder *t, unsigned r);
/* A host register holding @r: its own, or @scratch loaded with it. */
enum host_reg source_register(struct builder *t, unsigned r, enum host_reg scratch);
enum host_reg source_register_low(struct builder *t, unsigned r, enum host_reg scratch);
/* Where @r is now; nothing is emitted and nothing changes. Not for pending or narrow registers. */
struct operand register_place(const struct builder *t, unsigned r);
/* Copies @r into @reg. */
void load_register(struct builder *t, enum host_reg reg, unsigned r);
void load_low(struct builder *t, enum host_reg reg, unsigned r);
/* Where to compute @r: a host register, which may hold its old value. To be followed by finish();
 * operands are to be taken by source() or load_register(), before or after. RAX: no better one. */
enum host_reg target(struct builder *t, unsigned r);
/* Whether what is known of registers here still holds when a refill handler has written k0 and k1
 * and the TLB: nothing of these two, and no host pointers of groups. */
bool survives_refill(const struct builder *t);
/* The copy of @r does not hold any more: memory has been written behind it. It must be clean, or
 * its value overwritten. */
void forget_copy(struct builder *t, unsigned r);
/* @r's new value is in @reg, and what was known of the old one is forgotten. */
void finish(struct builder *t, unsigned r, enum host_reg reg);
/* The same for a sign-extended 32-bit value; or one to be extended from the low half of @reg. */
void finish_word(struct builder *t, unsigned r, enum host_reg reg);
void finish_low(struct builder *t, unsigned r, enum host_reg reg);
void set_known(struct builder *t, unsigned r, uint64_t value);
/* Brings the homes of guest registers up to date. May clobber RDX, leaves the flags. */
void settle(struct builder *t);
/* Whether that has something to do. */
bool unsettled(const struct builder *t);
/* The same, and no copies after it: for code that comes back from C code in several places. */
void settle_and_forget(struct builder *t);

/* ---- translate.c ---- */

/* A description of the present instruction for C code. */
struct site *make_site(struct builder *t, enum site_kind kind);
/* A stub that hands @site to C code, reached by the jump at @place. */
void add_site_stub(struct builder *t, uint8_t *place, struct site *site);
/* The same, but comes back at once when the result in XMM0 is a zero that is exact by @rule; the
 * operands are in the frame. */
void add_zero_stub(struct builder *t, uint8_t *place, struct site *site, bool dbl,
		   enum zero_rule rule);
/* A stub that leaves to @pc; @executed: instructions of the block done then. */
void add_exit_stub(struct builder *t, uint8_t *place, uint64_t pc, unsigned executed);
/* Executes the present instruction by the interpreter and goes on behind it. */
void emit_interpret(struct builder *t, const struct trace_insn *i);
/* Leaves to the interpreter for the present instruction when @cc holds. The caller may set the
 * site's resume address for it to come back. */
struct site *interpret_if(struct builder *t, enum condition cc);

/* Emits instruction t->index (not a branch). */
void translate_plain(struct builder *t, const struct trace_insn *i);
/* Checks, before the first floating-point instruction, that the FPU is as translated code needs. */
void check_fpu(struct builder *t, const struct trace_insn *i);
/* Checks what the trace says is to be checked before the present instruction: that its page is
 * mapped as it was at translation, and (`ccnuma`) that its line is in the first-level cache. */
void emit_fetch_checks(struct builder *t, const struct trace_insn *i);

/* How @insn is translated; NULL: it is the interpreter's. */
translate_function *translator_of(const struct insn *insn);
/* The interpreter's handler of an instruction. */
exec_handler *insn_handler(unsigned id);

/* ---- translate_branch.c ---- */

/* Emits the branch at t->index and its slot; returns how many instructions of the trace it used. */
unsigned translate_branch(struct builder *t, const struct trace_insn *i);
/* Compares for the conditional branch @i and returns the condition on which it is taken. */
enum condition emit_compare(struct builder *t, const struct trace_insn *i);
/* Sets the flags as for rs - rt, whose low or all bits it compares as they are at hand. */
void emit_compare_registers(struct builder *t, unsigned rs, unsigned rt);

#endif
