/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86-64 machine code encoder: the instruction forms the translator uses, nothing more.
 *
 * The code is written through the writable view of the code cache; rx_delta leads from there to
 * the executable view. When the buffer is full, overflow is set and nothing more is written: the
 * caller looks at it once, at the end of a block.
 *
 * Encodings: AMD64 Architecture Programmer's Manual, volume 3 and 4.
 */
#ifndef JIT_EMIT_X64_H
#define JIT_EMIT_X64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum host_reg {
	RAX = 0,
	RCX = 1,
	RDX = 2,
	RBX = 3,
	RSP = 4,
	RBP = 5,
	RSI = 6,
	RDI = 7,
	R8 = 8,
	R9 = 9,
	R10 = 10,
	R11 = 11,
	R12 = 12,
	R13 = 13,
	R14 = 14,
	R15 = 15,
	NO_REG = 255,
};

/* The operation field of the ALU group (opcodes 00-3F and 80/81/83). */
enum alu_op {
	ALU_ADD = 0,
	ALU_OR = 1,
	ALU_ADC = 2,
	ALU_SBB = 3,
	ALU_AND = 4,
	ALU_SUB = 5,
	ALU_XOR = 6,
	ALU_CMP = 7,
};

/* The shift group (C1, D3). */
enum shift_op {
	SHIFT_ROL = 0,
	SHIFT_ROR = 1,
	SHIFT_SHL = 4,
	SHIFT_SHR = 5,
	SHIFT_SAR = 7,
};

/* The F7 group. */
enum unary_op {
	UNARY_NOT = 2,
	UNARY_NEG = 3,
	UNARY_MUL = 4,
	UNARY_IMUL = 5,
	UNARY_DIV = 6,
	UNARY_IDIV = 7,
};

/* Condition codes of Jcc, SETcc and CMOVcc. */
enum condition {
	CC_O = 0,
	CC_NO = 1,
	CC_B = 2,
	CC_AE = 3,
	CC_E = 4,
	CC_NE = 5,
	CC_BE = 6,
	CC_A = 7,
	CC_S = 8,
	CC_NS = 9,
	CC_P = 10,
	CC_NP = 11,
	CC_L = 12,
	CC_GE = 13,
	CC_LE = 14,
	CC_G = 15,
};

/* Memory access widths of loads. */
enum load_kind {
	LOAD_U8,
	LOAD_S8,
	LOAD_U16,
	LOAD_S16,
	LOAD_U32,
	LOAD_S32,
	LOAD_64,
};

/* Scalar SSE2 operations: the opcode byte after F2/F3 0F. */
enum sse_op {
	SSE_SQRT = 0x51,
	SSE_ADD = 0x58,
	SSE_MUL = 0x59,
	SSE_SUB = 0x5c,
	SSE_DIV = 0x5e,
};

/* A register or memory operand (the r/m side of ModRM). */
struct operand {
	bool memory;
	uint8_t base;  /* the register itself when not memory; */
	uint8_t index; /* NO_REG: none */
	uint8_t scale; /* 0..3 */
	int32_t disp;
};

struct emitter {
	uint8_t *p;   /* next byte, writable view */
	uint8_t *end; /* writable view */
	intptr_t rx_delta;
	bool overflow;
};

static inline struct operand op_reg(enum host_reg reg)
{
	return (struct operand){.base = (uint8_t)reg, .index = NO_REG};
}

static inline struct operand op_mem(enum host_reg base, int32_t disp)
{
	return (struct operand){
		.memory = true, .base = (uint8_t)base, .index = NO_REG, .disp = disp};
}

static inline struct operand op_index(enum host_reg base, enum host_reg index, unsigned scale,
				      int32_t disp)
{
	return (struct operand){.memory = true,
				.base = (uint8_t)base,
				.index = (uint8_t)index,
				.scale = (uint8_t)scale,
				.disp = disp};
}

static inline bool operand_is(struct operand o, enum host_reg reg)
{
	return !o.memory && o.base == reg;
}

static inline bool fits_s8(int64_t v)
{
	return v == (int8_t)v;
}

static inline bool fits_s32(int64_t v)
{
	return v == (int32_t)v;
}

/* Where the next instruction will execute. */
static inline const uint8_t *emit_here(const struct emitter *e)
{
	return e->p + e->rx_delta;
}

/* In all of these, @wide selects 64-bit operation, otherwise 32-bit (which clears the upper half
 * of a register destination). */
void emit_alu_r_rm(struct emitter *e, bool wide, enum alu_op op, enum host_reg dst,
		   struct operand src);
void emit_alu_rm_r(struct emitter *e, bool wide, enum alu_op op, struct operand dst,
		   enum host_reg src);
void emit_alu_rm_i(struct emitter *e, bool wide, enum alu_op op, struct operand dst, int32_t imm);
void emit_test_rr(struct emitter *e, bool wide, enum host_reg a, enum host_reg b);
void emit_test_rm_i(struct emitter *e, bool wide, struct operand a, int32_t imm);
void emit_test8_rm_i(struct emitter *e, struct operand a, uint8_t imm);
void emit_cmp8_rm_i(struct emitter *e, struct operand a, uint8_t imm);

void emit_mov_r_rm(struct emitter *e, bool wide, enum host_reg dst, struct operand src);
void emit_mov_rm_r(struct emitter *e, bool wide, struct operand dst, enum host_reg src);
/* Shortest encoding of a 64-bit constant. Leaves the flags alone. */
void emit_mov_r_imm(struct emitter *e, enum host_reg dst, uint64_t value);
/* Stores a sign-extended 32-bit constant. */
void emit_mov_rm_i(struct emitter *e, bool wide, struct operand dst, int32_t imm);
void emit_mov8_rm_i(struct emitter *e, struct operand dst, uint8_t imm);
/* Load with extension to 64 bits. @src may be a register too (extension of its low part). */
void emit_load(struct emitter *e, enum load_kind kind, enum host_reg dst, struct operand src);
/* Stores the low @size bytes (1, 2, 4, 8). */
void emit_store(struct emitter *e, unsigned size, struct operand dst, enum host_reg src);
void emit_lea(struct emitter *e, bool wide, enum host_reg dst, struct operand address);

void emit_shift_i(struct emitter *e, bool wide, enum shift_op op, struct operand dst,
		  unsigned count);
void emit_shift_cl(struct emitter *e, bool wide, enum shift_op op, struct operand dst);
void emit_rorx(struct emitter *e, bool wide, enum host_reg dst, struct operand src,
	       unsigned count); /* BMI2 */
void emit_unary(struct emitter *e, bool wide, enum unary_op op, struct operand operand);
/* For memory that other threads access too. */
void emit_lock_cmpxchg(struct emitter *e, bool wide, struct operand dst, enum host_reg src);
void emit_lock_bts(struct emitter *e, struct operand dst, unsigned bit); /* 64-bit */
void emit_fence(struct emitter *e); /* a locked operation that changes nothing, at RSP */
void emit_imul_r_rm(struct emitter *e, bool wide, enum host_reg dst, struct operand src);
void emit_cdq(struct emitter *e, bool wide); /* CDQ or CQO */
void emit_bswap(struct emitter *e, bool wide, enum host_reg reg);
void emit_lzcnt(struct emitter *e, bool wide, enum host_reg dst, struct operand src);

void emit_setcc(struct emitter *e, enum condition cc, struct operand dst); /* writes 8 bits */
void emit_cmov(struct emitter *e, bool wide, enum condition cc, enum host_reg dst,
	       struct operand src);

/* Jumps. The forms without a target return the place of the 32-bit displacement, to be given to
 * emit_patch(). Targets are addresses in the executable view. */
uint8_t *emit_jcc(struct emitter *e, enum condition cc);
uint8_t *emit_jmp(struct emitter *e);
void emit_jmp_to(struct emitter *e, const uint8_t *target);
/* Bytes that are not executed. */
void emit_data(struct emitter *e, const void *data, size_t size);
void emit_call_to(struct emitter *e, const uint8_t *target);
void emit_jcc_to(struct emitter *e, enum condition cc, const uint8_t *target);
void emit_jmp_rm(struct emitter *e, struct operand target);
void emit_call_rm(struct emitter *e, struct operand target);
void emit_ret(struct emitter *e);
void emit_push(struct emitter *e, enum host_reg reg);
void emit_pop(struct emitter *e, enum host_reg reg);
void emit_trap(struct emitter *e); /* UD2 */
/* Makes the displacement at @place (writable view) lead to @target (executable view). */
void emit_patch(const struct emitter *e, uint8_t *place, const uint8_t *target);

/* Scalar floating point; @dbl selects double precision. */
void emit_sse_load(struct emitter *e, bool dbl, unsigned xmm, struct operand src);
void emit_sse_store(struct emitter *e, bool dbl, struct operand dst, unsigned xmm);
void emit_sse_op(struct emitter *e, bool dbl, enum sse_op op, unsigned xmm, struct operand src);
void emit_ucomis(struct emitter *e, bool dbl, unsigned xmm, struct operand src);
void emit_movq_r_xmm(struct emitter *e, bool wide, enum host_reg dst, unsigned xmm);
void emit_movq_xmm_r(struct emitter *e, bool wide, unsigned xmm, enum host_reg src);
/* CVTSS2SD (@to_double) or CVTSD2SS. */
void emit_cvt_float(struct emitter *e, bool to_double, unsigned xmm, struct operand src);
/* CVTSI2SD/SS from a 32- or 64-bit integer. */
void emit_cvt_from_int(struct emitter *e, bool dbl, bool wide, unsigned xmm, struct operand src);
/* CVTTSD2SI/CVTTSS2SI (truncate) or CVTSD2SI/CVTSS2SI (MXCSR rounding). */
void emit_cvt_to_int(struct emitter *e, bool dbl, bool wide, bool truncate, enum host_reg dst,
		     unsigned xmm);
void emit_ldmxcsr(struct emitter *e, struct operand src);
void emit_stmxcsr(struct emitter *e, struct operand dst);

#endif
