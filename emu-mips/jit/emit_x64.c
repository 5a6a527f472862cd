// SPDX-License-Identifier: GPL-2.0-or-later
/* The x86-64 encoder; see emit_x64.h. */
#include "emit_x64.h"

#include <string.h>

#define MAX_INSTRUCTION 16

enum prefix {
	PREFIX_NONE = 0,
	PREFIX_66 = 0x66,
	PREFIX_F2 = 0xf2,
	PREFIX_F3 = 0xf3,
};

/* One instruction with ModRM, before its operands are known. */
struct form {
	uint8_t prefix;
	bool two_byte; /* 0F escape */
	uint8_t opcode;
	bool wide;     /* REX.W */
	bool byte_reg; /* reg names an 8-bit register: SPL.. need an empty REX */
	bool byte_rm;  /* the same for r/m */
};

static void put8(struct emitter *e, uint8_t byte)
{
	*e->p++ = byte;
}

static void put32(struct emitter *e, uint32_t value)
{
	memcpy(e->p, &value, sizeof(value));
	e->p += sizeof(value);
}

static void put64(struct emitter *e, uint64_t value)
{
	memcpy(e->p, &value, sizeof(value));
	e->p += sizeof(value);
}

static bool room(struct emitter *e)
{
	if (e->end - e->p >= MAX_INSTRUCTION)
		return true;
	e->overflow = true;
	return false;
}

static void put_sib(struct emitter *e, unsigned mod, unsigned reg, struct operand rm)
{
	unsigned index = rm.index == NO_REG ? 4u : rm.index & 7u;

	put8(e, (uint8_t)(mod << 6 | (reg & 7) << 3 | 4));
	put8(e, (uint8_t)(rm.scale << 6 | index << 3 | (rm.base & 7)));
}

static void put_modrm(struct emitter *e, unsigned reg, struct operand rm)
{
	unsigned mod;

	if (!rm.memory) {
		put8(e, (uint8_t)(3u << 6 | (reg & 7) << 3 | (rm.base & 7)));
		return;
	}
	/* RBP and R13 as a base have no form without displacement. */
	if (rm.disp == 0 && (rm.base & 7) != RBP)
		mod = 0;
	else
		mod = fits_s8(rm.disp) ? 1 : 2;
	if (rm.index != NO_REG || (rm.base & 7) == RSP)
		put_sib(e, mod, reg, rm);
	else
		put8(e, (uint8_t)(mod << 6 | (reg & 7) << 3 | (rm.base & 7)));
	if (mod == 1)
		put8(e, (uint8_t)rm.disp);
	else if (mod == 2)
		put32(e, (uint32_t)rm.disp);
}

static bool put_form(struct emitter *e, struct form f, unsigned reg, struct operand rm)
{
	unsigned rex = 0;

	if (!room(e))
		return false;
	if (f.prefix)
		put8(e, f.prefix);
	if (f.wide)
		rex |= 0x48;
	if (reg & 8)
		rex |= 0x44;
	if (rm.memory && rm.index != NO_REG && (rm.index & 8))
		rex |= 0x42;
	if (rm.base & 8)
		rex |= 0x41;
	if ((f.byte_reg && reg >= 4) || (f.byte_rm && !rm.memory && rm.base >= 4))
		rex |= 0x40;
	if (rex)
		put8(e, (uint8_t)rex);
	if (f.two_byte)
		put8(e, 0x0f);
	put8(e, f.opcode);
	put_modrm(e, reg, rm);
	return true;
}

static bool put_plain(struct emitter *e, bool wide, uint8_t opcode, unsigned reg, struct operand rm)
{
	return put_form(e, (struct form){.opcode = opcode, .wide = wide}, reg, rm);
}

static bool put_0f(struct emitter *e, uint8_t prefix, bool wide, uint8_t opcode, unsigned reg,
		   struct operand rm)
{
	struct form f = {.prefix = prefix, .two_byte = true, .opcode = opcode, .wide = wide};

	return put_form(e, f, reg, rm);
}

void emit_alu_r_rm(struct emitter *e, bool wide, enum alu_op op, enum host_reg dst,
		   struct operand src)
{
	put_plain(e, wide, (uint8_t)(op << 3 | 3), dst, src);
}

void emit_alu_rm_r(struct emitter *e, bool wide, enum alu_op op, struct operand dst,
		   enum host_reg src)
{
	put_plain(e, wide, (uint8_t)(op << 3 | 1), src, dst);
}

void emit_alu_rm_i(struct emitter *e, bool wide, enum alu_op op, struct operand dst, int32_t imm)
{
	if (fits_s8(imm)) {
		if (put_plain(e, wide, 0x83, op, dst))
			put8(e, (uint8_t)imm);
	} else if (put_plain(e, wide, 0x81, op, dst)) {
		put32(e, (uint32_t)imm);
	}
}

void emit_test_rr(struct emitter *e, bool wide, enum host_reg a, enum host_reg b)
{
	put_plain(e, wide, 0x85, b, op_reg(a));
}

void emit_test_rm_i(struct emitter *e, bool wide, struct operand a, int32_t imm)
{
	if (put_plain(e, wide, 0xf7, 0, a))
		put32(e, (uint32_t)imm);
}

void emit_test8_rm_i(struct emitter *e, struct operand a, uint8_t imm)
{
	if (put_form(e, (struct form){.opcode = 0xf6, .byte_rm = true}, 0, a))
		put8(e, imm);
}

void emit_cmp8_rm_i(struct emitter *e, struct operand a, uint8_t imm)
{
	if (put_form(e, (struct form){.opcode = 0x80, .byte_rm = true}, ALU_CMP, a))
		put8(e, imm);
}

void emit_mov_r_rm(struct emitter *e, bool wide, enum host_reg dst, struct operand src)
{
	if (wide && operand_is(src, dst))
		return;
	put_plain(e, wide, 0x8b, dst, src);
}

void emit_mov_rm_r(struct emitter *e, bool wide, struct operand dst, enum host_reg src)
{
	if (wide && operand_is(dst, src))
		return;
	put_plain(e, wide, 0x89, src, dst);
}

void emit_mov_r_imm(struct emitter *e, enum host_reg dst, uint64_t value)
{
	if (value <= UINT32_MAX) {
		if (!room(e))
			return;
		if (dst & 8)
			put8(e, 0x41);
		put8(e, (uint8_t)(0xb8 | (dst & 7)));
		put32(e, (uint32_t)value);
	} else if (fits_s32((int64_t)value)) {
		emit_mov_rm_i(e, true, op_reg(dst), (int32_t)value);
	} else {
		if (!room(e))
			return;
		put8(e, (dst & 8) ? 0x49 : 0x48);
		put8(e, (uint8_t)(0xb8 | (dst & 7)));
		put64(e, value);
	}
}

void emit_mov_rm_i(struct emitter *e, bool wide, struct operand dst, int32_t imm)
{
	if (put_plain(e, wide, 0xc7, 0, dst))
		put32(e, (uint32_t)imm);
}

void emit_mov8_rm_i(struct emitter *e, struct operand dst, uint8_t imm)
{
	if (put_form(e, (struct form){.opcode = 0xc6, .byte_rm = true}, 0, dst))
		put8(e, imm);
}

void emit_load(struct emitter *e, enum load_kind kind, enum host_reg dst, struct operand src)
{
	static const struct form forms[] = {
		[LOAD_U8] = {.two_byte = true, .opcode = 0xb6, .byte_rm = true},
		[LOAD_S8] = {.two_byte = true, .opcode = 0xbe, .wide = true, .byte_rm = true},
		[LOAD_U16] = {.two_byte = true, .opcode = 0xb7},
		[LOAD_S16] = {.two_byte = true, .opcode = 0xbf, .wide = true},
		[LOAD_U32] = {.opcode = 0x8b},
		[LOAD_S32] = {.opcode = 0x63, .wide = true},
		[LOAD_64] = {.opcode = 0x8b, .wide = true},
	};

	put_form(e, forms[kind], dst, src);
}

void emit_store(struct emitter *e, unsigned size, struct operand dst, enum host_reg src)
{
	struct form f = {.opcode = 0x89};

	if (size == 1) {
		f.opcode = 0x88;
		f.byte_reg = true;
	}
	if (size == 2)
		f.prefix = PREFIX_66;
	f.wide = size == 8;
	put_form(e, f, src, dst);
}

void emit_lea(struct emitter *e, bool wide, enum host_reg dst, struct operand address)
{
	put_plain(e, wide, 0x8d, dst, address);
}

void emit_shift_i(struct emitter *e, bool wide, enum shift_op op, struct operand dst,
		  unsigned count)
{
	if (put_plain(e, wide, 0xc1, op, dst))
		put8(e, (uint8_t)count);
}

void emit_shift_cl(struct emitter *e, bool wide, enum shift_op op, struct operand dst)
{
	put_plain(e, wide, 0xd3, op, dst);
}

/* VEX.LZ.F2.0F3A.W F0 /r ib, register source or memory without index. */
void emit_rorx(struct emitter *e, bool wide, enum host_reg dst, struct operand src, unsigned count)
{
	if (!room(e))
		return;
	put8(e, 0xc4);
	put8(e, (uint8_t)(((dst & 8) ? 0 : 0x80) | 0x40 | ((src.base & 8) ? 0 : 0x20) | 0x03));
	put8(e, wide ? 0xfb : 0x7b);
	put8(e, 0xf0);
	put_modrm(e, dst, src);
	put8(e, (uint8_t)count);
}

void emit_unary(struct emitter *e, bool wide, enum unary_op op, struct operand operand)
{
	put_plain(e, wide, 0xf7, op, operand);
}

#define PREFIX_LOCK 0xf0

void emit_lock_cmpxchg(struct emitter *e, bool wide, struct operand dst, enum host_reg src)
{
	put_0f(e, PREFIX_LOCK, wide, 0xb1, src, dst);
}

void emit_lock_bts(struct emitter *e, struct operand dst, unsigned bit)
{
	if (put_0f(e, PREFIX_LOCK, true, 0xba, 5, dst))
		put8(e, (uint8_t)bit);
}

void emit_fence(struct emitter *e)
{
	const struct form f = {.prefix = PREFIX_LOCK, .opcode = 0x83};

	if (put_form(e, f, ALU_OR, op_mem(RSP, 0)))
		put8(e, 0);
}

void emit_imul_r_rm(struct emitter *e, bool wide, enum host_reg dst, struct operand src)
{
	put_0f(e, PREFIX_NONE, wide, 0xaf, dst, src);
}

void emit_cdq(struct emitter *e, bool wide)
{
	if (!room(e))
		return;
	if (wide)
		put8(e, 0x48);
	put8(e, 0x99);
}

void emit_bswap(struct emitter *e, bool wide, enum host_reg reg)
{
	unsigned rex = (wide ? 0x48u : 0u) | ((reg & 8) ? 0x41u : 0u);

	if (!room(e))
		return;
	if (rex)
		put8(e, (uint8_t)rex);
	put8(e, 0x0f);
	put8(e, (uint8_t)(0xc8 | (reg & 7)));
}

void emit_lzcnt(struct emitter *e, bool wide, enum host_reg dst, struct operand src)
{
	put_0f(e, PREFIX_F3, wide, 0xbd, dst, src);
}

void emit_setcc(struct emitter *e, enum condition cc, struct operand dst)
{
	struct form f = {.two_byte = true, .opcode = (uint8_t)(0x90 | cc), .byte_rm = true};

	put_form(e, f, 0, dst);
}

void emit_cmov(struct emitter *e, bool wide, enum condition cc, enum host_reg dst,
	       struct operand src)
{
	put_0f(e, PREFIX_NONE, wide, (uint8_t)(0x40 | cc), dst, src);
}

uint8_t *emit_jcc(struct emitter *e, enum condition cc)
{
	if (!room(e))
		return e->p - 4;
	put8(e, 0x0f);
	put8(e, (uint8_t)(0x80 | cc));
	put32(e, 0);
	return e->p - 4;
}

uint8_t *emit_jmp(struct emitter *e)
{
	if (!room(e))
		return e->p - 4;
	put8(e, 0xe9);
	put32(e, 0);
	return e->p - 4;
}

void emit_patch(const struct emitter *e, uint8_t *place, const uint8_t *target)
{
	int32_t disp = (int32_t)(target - (place + e->rx_delta + 4));

	if (!e->overflow)
		memcpy(place, &disp, sizeof(disp));
}

static uint8_t *emit_call(struct emitter *e)
{
	if (!room(e))
		return e->p - 4;
	put8(e, 0xe8);
	put32(e, 0);
	return e->p - 4;
}

void emit_data(struct emitter *e, const void *data, size_t size)
{
	if (e->p + size > e->end) {
		e->overflow = true;
		return;
	}
	memcpy(e->p, data, size);
	e->p += size;
}

void emit_call_to(struct emitter *e, const uint8_t *target)
{
	emit_patch(e, emit_call(e), target);
}

void emit_jmp_to(struct emitter *e, const uint8_t *target)
{
	emit_patch(e, emit_jmp(e), target);
}

void emit_jcc_to(struct emitter *e, enum condition cc, const uint8_t *target)
{
	emit_patch(e, emit_jcc(e, cc), target);
}

void emit_jmp_rm(struct emitter *e, struct operand target)
{
	put_plain(e, false, 0xff, 4, target);
}

void emit_call_rm(struct emitter *e, struct operand target)
{
	put_plain(e, false, 0xff, 2, target);
}

void emit_ret(struct emitter *e)
{
	if (room(e))
		put8(e, 0xc3);
}

void emit_push(struct emitter *e, enum host_reg reg)
{
	if (!room(e))
		return;
	if (reg & 8)
		put8(e, 0x41);
	put8(e, (uint8_t)(0x50 | (reg & 7)));
}

void emit_pop(struct emitter *e, enum host_reg reg)
{
	if (!room(e))
		return;
	if (reg & 8)
		put8(e, 0x41);
	put8(e, (uint8_t)(0x58 | (reg & 7)));
}

void emit_trap(struct emitter *e)
{
	if (!room(e))
		return;
	put8(e, 0x0f);
	put8(e, 0x0b);
}

static uint8_t scalar_prefix(bool dbl)
{
	return dbl ? PREFIX_F2 : PREFIX_F3;
}

void emit_sse_load(struct emitter *e, bool dbl, unsigned xmm, struct operand src)
{
	put_0f(e, scalar_prefix(dbl), false, 0x10, xmm, src);
}

void emit_sse_store(struct emitter *e, bool dbl, struct operand dst, unsigned xmm)
{
	put_0f(e, scalar_prefix(dbl), false, 0x11, xmm, dst);
}

void emit_sse_op(struct emitter *e, bool dbl, enum sse_op op, unsigned xmm, struct operand src)
{
	put_0f(e, scalar_prefix(dbl), false, (uint8_t)op, xmm, src);
}

void emit_ucomis(struct emitter *e, bool dbl, unsigned xmm, struct operand src)
{
	put_0f(e, dbl ? PREFIX_66 : PREFIX_NONE, false, 0x2e, xmm, src);
}

void emit_movq_r_xmm(struct emitter *e, bool wide, enum host_reg dst, unsigned xmm)
{
	put_0f(e, PREFIX_66, wide, 0x7e, xmm, op_reg(dst));
}

void emit_movq_xmm_r(struct emitter *e, bool wide, unsigned xmm, enum host_reg src)
{
	put_0f(e, PREFIX_66, wide, 0x6e, xmm, op_reg(src));
}

void emit_cvt_float(struct emitter *e, bool to_double, unsigned xmm, struct operand src)
{
	put_0f(e, to_double ? PREFIX_F3 : PREFIX_F2, false, 0x5a, xmm, src);
}

void emit_cvt_from_int(struct emitter *e, bool dbl, bool wide, unsigned xmm, struct operand src)
{
	put_0f(e, scalar_prefix(dbl), wide, 0x2a, xmm, src);
}

void emit_cvt_to_int(struct emitter *e, bool dbl, bool wide, bool truncate, enum host_reg dst,
		     unsigned xmm)
{
	struct operand src = op_reg((enum host_reg)xmm);

	put_0f(e, scalar_prefix(dbl), wide, truncate ? 0x2c : 0x2d, dst, src);
}

void emit_ldmxcsr(struct emitter *e, struct operand src)
{
	put_0f(e, PREFIX_NONE, false, 0xae, 2, src);
}

void emit_stmxcsr(struct emitter *e, struct operand dst)
{
	put_0f(e, PREFIX_NONE, false, 0xae, 3, dst);
}
