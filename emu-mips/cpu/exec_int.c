// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Integer instructions. 32-bit operations use the low halves of their operands and sign-extend the
 * result; for operands that are not sign-extended the manual leaves the result open.
 *
 * Source: MIPS64 Architecture For Programmers Volume II (MD00087).
 */
#include "gpr.h"

/* 64-bit operations are reserved in user mode without 64-bit operations. */
#define REQUIRE_OP64(cpu)                                                                          \
	do {                                                                                       \
		if (__builtin_expect(!(cpu)->ops_64bit, 0))                                        \
			return cpu_raise(cpu, EXC_RI);                                             \
	} while (0)

#define HANDLER(name, check, target, expression)                                                   \
	enum exec exec_##name(struct cpu *cpu, uint32_t word)                                      \
	{                                                                                          \
		const uint64_t rs = gpr_rs(cpu, word), rt = gpr_rt(cpu, word);                     \
                                                                                                   \
		(void)rs;                                                                          \
		(void)rt;                                                                          \
		check;                                                                             \
		return write_gpr(cpu, target(word), expression);                                   \
	}
#define NO_CHECK		     ((void)0)

/* Results to rd and to rt; the OP64 kinds check for 64-bit operations first. */
#define TO_RD(name, expression)	     HANDLER(name, NO_CHECK, field_rd, expression)
#define TO_RD_OP64(name, expression) HANDLER(name, REQUIRE_OP64(cpu), field_rd, expression)
#define TO_RT(name, expression)	     HANDLER(name, NO_CHECK, field_rt, expression)
#define TO_RT_OP64(name, expression) HANDLER(name, REQUIRE_OP64(cpu), field_rt, expression)

static uint32_t rotate_32(uint32_t value, unsigned count)
{
	return count == 0 ? value : value >> count | value << (32 - count);
}

static uint64_t rotate_64(uint64_t value, unsigned count)
{
	return count == 0 ? value : value >> count | value << (64 - count);
}

/* Shifts. SRA and SRAV shift all 64 bits: the same for a sign-extended operand. */
TO_RD(sll, sign_extend_32(rt << field_sa(word)))
TO_RD(srl, sign_extend_32((uint32_t)rt >> field_sa(word)))
TO_RD(sra, (uint64_t)((int64_t)rt >> field_sa(word)))
TO_RD(rotr, sign_extend_32(rotate_32((uint32_t)rt, field_sa(word))))
TO_RD(sllv, sign_extend_32(rt << (rs & 31)))
TO_RD(srlv, sign_extend_32((uint32_t)rt >> (rs & 31)))
TO_RD(srav, (uint64_t)((int64_t)rt >> (rs & 31)))
TO_RD(rotrv, sign_extend_32(rotate_32((uint32_t)rt, rs & 31)))
TO_RD_OP64(dsll, rt << field_sa(word))
TO_RD_OP64(dsrl, rt >> field_sa(word))
TO_RD_OP64(dsra, (uint64_t)((int64_t)rt >> field_sa(word)))
TO_RD_OP64(drotr, rotate_64(rt, field_sa(word)))
TO_RD_OP64(dsll32, rt << (field_sa(word) + 32))
TO_RD_OP64(dsrl32, rt >> (field_sa(word) + 32))
TO_RD_OP64(dsra32, (uint64_t)((int64_t)rt >> (field_sa(word) + 32)))
TO_RD_OP64(drotr32, rotate_64(rt, field_sa(word) + 32))
TO_RD_OP64(dsllv, rt << (rs & 63))
TO_RD_OP64(dsrlv, rt >> (rs & 63))
TO_RD_OP64(dsrav, (uint64_t)((int64_t)rt >> (rs & 63)))
TO_RD_OP64(drotrv, rotate_64(rt, rs & 63))

/* Sums, comparisons, logic. */
TO_RD(addu, sign_extend_32(rs + rt))
TO_RD(subu, sign_extend_32(rs - rt))
TO_RD_OP64(daddu, rs + rt)
TO_RD_OP64(dsubu, rs - rt)
TO_RD(and, rs &rt)
TO_RD(or, rs | rt)
TO_RD(xor, rs ^ rt)
TO_RD(nor, ~(rs | rt))
TO_RD(slt, (int64_t)rs < (int64_t)rt)
TO_RD(sltu, rs < rt)
TO_RT(addiu, sign_extend_32(rs + (uint64_t)field_simm(word)))
TO_RT_OP64(daddiu, rs + (uint64_t)field_simm(word))
TO_RT(slti, (int64_t)rs < field_simm(word))
TO_RT(sltiu, rs < (uint64_t)field_simm(word))
TO_RT(andi, rs &field_uimm(word))
TO_RT(ori, rs | field_uimm(word))
TO_RT(xori, rs ^ field_uimm(word))
TO_RT(lui, sign_extend_32(field_uimm(word) << 16))

/* Counts, bytes. */
TO_RD(clz, (uint32_t)rs == 0 ? 32 : (uint64_t)__builtin_clz((uint32_t)rs))
TO_RD(clo, (uint32_t)~rs == 0 ? 32 : (uint64_t)__builtin_clz((uint32_t)~rs))
TO_RD_OP64(dclz, rs == 0 ? 64 : (uint64_t)__builtin_clzll(rs))
TO_RD_OP64(dclo, ~rs == 0 ? 64 : (uint64_t)__builtin_clzll(~rs))
TO_RD(seb, (uint64_t)(int64_t)(int8_t)rt)
TO_RD(seh, (uint64_t)(int64_t)(int16_t)rt)

static uint64_t swap_bytes_in_halves(uint64_t value)
{
	const uint64_t low_bytes = UINT64_C(0x00ff00ff00ff00ff);

	return (value >> 8 & low_bytes) | (value & low_bytes) << 8;
}

static uint64_t swap_halves(uint64_t value)
{
	value = value >> 32 | value << 32;
	return (value >> 16 & UINT64_C(0x0000ffff0000ffff)) | (value & UINT64_C(0x0000ffff0000ffff))
								      << 16;
}

TO_RD(wsbh, sign_extend_32(swap_bytes_in_halves(rt)))
TO_RD_OP64(dsbh, swap_bytes_in_halves(rt))
TO_RD_OP64(dshd, swap_halves(rt))

/* HI, LO. MUL leaves both alone. */
TO_RD(mfhi, cpu->hi)
TO_RD(mflo, cpu->lo)
TO_RD(mul, sign_extend_32((uint64_t)((int64_t)(int32_t)rs *(int32_t)rt)))

enum exec exec_mthi(struct cpu *cpu, uint32_t word)
{
	cpu->hi = gpr_rs(cpu, word);
	return EXEC_OK;
}

enum exec exec_mtlo(struct cpu *cpu, uint32_t word)
{
	cpu->lo = gpr_rs(cpu, word);
	return EXEC_OK;
}

/* Conditional moves. */
enum exec exec_movz(struct cpu *cpu, uint32_t word)
{
	return gpr_rt(cpu, word) == 0 ? write_gpr(cpu, field_rd(word), gpr_rs(cpu, word)) : EXEC_OK;
}

enum exec exec_movn(struct cpu *cpu, uint32_t word)
{
	return gpr_rt(cpu, word) != 0 ? write_gpr(cpu, field_rd(word), gpr_rs(cpu, word)) : EXEC_OK;
}

static enum exec move_on_condition(struct cpu *cpu, uint32_t word, bool wanted)
{
	if (!cpu->fpu_usable)
		return cpu_raise_coprocessor(cpu, 1);
	if (fpu_condition(cpu, word >> 18 & 7) != wanted)
		return EXEC_OK;
	return write_gpr(cpu, field_rd(word), gpr_rs(cpu, word));
}

enum exec exec_movf(struct cpu *cpu, uint32_t word)
{
	return move_on_condition(cpu, word, false);
}

enum exec exec_movt(struct cpu *cpu, uint32_t word)
{
	return move_on_condition(cpu, word, true);
}

/* Sums that trap on overflow: rd or rt keeps its value then. */
static enum exec sum_32(struct cpu *cpu, unsigned target, bool overflow, int32_t sum)
{
	if (overflow)
		return cpu_raise(cpu, EXC_OV);
	return write_gpr(cpu, target, (uint64_t)(int64_t)sum);
}

static enum exec sum_64(struct cpu *cpu, unsigned target, bool overflow, int64_t sum)
{
	if (overflow)
		return cpu_raise(cpu, EXC_OV);
	return write_gpr(cpu, target, (uint64_t)sum);
}

enum exec exec_add(struct cpu *cpu, uint32_t word)
{
	int32_t sum;
	bool overflow = __builtin_add_overflow((int32_t)gpr_rs(cpu, word),
					       (int32_t)gpr_rt(cpu, word), &sum);

	return sum_32(cpu, field_rd(word), overflow, sum);
}

enum exec exec_addi(struct cpu *cpu, uint32_t word)
{
	int32_t sum;
	bool overflow =
		__builtin_add_overflow((int32_t)gpr_rs(cpu, word), (int32_t)field_simm(word), &sum);

	return sum_32(cpu, field_rt(word), overflow, sum);
}

enum exec exec_sub(struct cpu *cpu, uint32_t word)
{
	int32_t difference;
	bool overflow = __builtin_sub_overflow((int32_t)gpr_rs(cpu, word),
					       (int32_t)gpr_rt(cpu, word), &difference);

	return sum_32(cpu, field_rd(word), overflow, difference);
}

enum exec exec_dadd(struct cpu *cpu, uint32_t word)
{
	int64_t sum;

	REQUIRE_OP64(cpu);
	bool overflow = __builtin_add_overflow((int64_t)gpr_rs(cpu, word),
					       (int64_t)gpr_rt(cpu, word), &sum);
	return sum_64(cpu, field_rd(word), overflow, sum);
}

enum exec exec_daddi(struct cpu *cpu, uint32_t word)
{
	int64_t sum;

	REQUIRE_OP64(cpu);
	bool overflow = __builtin_add_overflow((int64_t)gpr_rs(cpu, word), field_simm(word), &sum);
	return sum_64(cpu, field_rt(word), overflow, sum);
}

enum exec exec_dsub(struct cpu *cpu, uint32_t word)
{
	int64_t difference;

	REQUIRE_OP64(cpu);
	bool overflow = __builtin_sub_overflow((int64_t)gpr_rs(cpu, word),
					       (int64_t)gpr_rt(cpu, word), &difference);
	return sum_64(cpu, field_rd(word), overflow, difference);
}

/* Multiplications and divisions into HI and LO. */
static enum exec write_hi_lo(struct cpu *cpu, uint64_t hi, uint64_t lo)
{
	cpu->hi = hi;
	cpu->lo = lo;
	return EXEC_OK;
}

/* The halves of a 64-bit result, each sign-extended. */
static enum exec write_hi_lo_32(struct cpu *cpu, uint64_t value)
{
	return write_hi_lo(cpu, sign_extend_32(value >> 32), sign_extend_32(value));
}

static uint64_t product_signed(const struct cpu *cpu, uint32_t word)
{
	return (uint64_t)((int64_t)(int32_t)gpr_rs(cpu, word) * (int32_t)gpr_rt(cpu, word));
}

static uint64_t product_unsigned(const struct cpu *cpu, uint32_t word)
{
	return (uint64_t)(uint32_t)gpr_rs(cpu, word) * (uint32_t)gpr_rt(cpu, word);
}

static uint64_t accumulator(const struct cpu *cpu)
{
	return cpu->hi << 32 | (uint32_t)cpu->lo;
}

enum exec exec_mult(struct cpu *cpu, uint32_t word)
{
	return write_hi_lo_32(cpu, product_signed(cpu, word));
}

enum exec exec_multu(struct cpu *cpu, uint32_t word)
{
	return write_hi_lo_32(cpu, product_unsigned(cpu, word));
}

enum exec exec_madd(struct cpu *cpu, uint32_t word)
{
	return write_hi_lo_32(cpu, accumulator(cpu) + product_signed(cpu, word));
}

enum exec exec_maddu(struct cpu *cpu, uint32_t word)
{
	return write_hi_lo_32(cpu, accumulator(cpu) + product_unsigned(cpu, word));
}

enum exec exec_msub(struct cpu *cpu, uint32_t word)
{
	return write_hi_lo_32(cpu, accumulator(cpu) - product_signed(cpu, word));
}

enum exec exec_msubu(struct cpu *cpu, uint32_t word)
{
	return write_hi_lo_32(cpu, accumulator(cpu) - product_unsigned(cpu, word));
}

enum exec exec_dmult(struct cpu *cpu, uint32_t word)
{
	__int128 product = (__int128)(int64_t)gpr_rs(cpu, word) * (int64_t)gpr_rt(cpu, word);

	REQUIRE_OP64(cpu);
	return write_hi_lo(cpu, (uint64_t)(product >> 64), (uint64_t)product);
}

enum exec exec_dmultu(struct cpu *cpu, uint32_t word)
{
	unsigned __int128 product = (unsigned __int128)gpr_rs(cpu, word) * gpr_rt(cpu, word);

	REQUIRE_OP64(cpu);
	return write_hi_lo(cpu, (uint64_t)(product >> 64), (uint64_t)product);
}

/*
 * Division by zero and the overflow of the most negative number by -1 never trap; the manual leaves
 * the result open. Here the divisor counts as 1 then, as in QEMU, the oracle of the tests.
 */
enum exec exec_div(struct cpu *cpu, uint32_t word)
{
	int32_t dividend = (int32_t)gpr_rs(cpu, word), divisor = (int32_t)gpr_rt(cpu, word);

	if (divisor == 0 || (dividend == INT32_MIN && divisor == -1))
		divisor = 1;
	return write_hi_lo(cpu, (uint64_t)(int64_t)(dividend % divisor),
			   (uint64_t)(int64_t)(dividend / divisor));
}

enum exec exec_divu(struct cpu *cpu, uint32_t word)
{
	uint32_t dividend = (uint32_t)gpr_rs(cpu, word), divisor = (uint32_t)gpr_rt(cpu, word);

	if (divisor == 0)
		divisor = 1;
	return write_hi_lo(cpu, sign_extend_32(dividend % divisor),
			   sign_extend_32(dividend / divisor));
}

enum exec exec_ddiv(struct cpu *cpu, uint32_t word)
{
	int64_t dividend = (int64_t)gpr_rs(cpu, word), divisor = (int64_t)gpr_rt(cpu, word);

	REQUIRE_OP64(cpu);
	if (divisor == 0 || (dividend == INT64_MIN && divisor == -1))
		divisor = 1;
	return write_hi_lo(cpu, (uint64_t)(dividend % divisor), (uint64_t)(dividend / divisor));
}

enum exec exec_ddivu(struct cpu *cpu, uint32_t word)
{
	uint64_t dividend = gpr_rs(cpu, word), divisor = gpr_rt(cpu, word);

	REQUIRE_OP64(cpu);
	if (divisor == 0)
		divisor = 1;
	return write_hi_lo(cpu, dividend % divisor, dividend / divisor);
}

/*
 * Bit fields. In the word, the 64-bit kinds have @lsb_base added to the lsb field and @msb_base to
 * the msb (or size - 1) field. Fields that leave the register are reserved.
 */
static uint64_t low_bits(unsigned count)
{
	return count >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
}

static enum exec extract_64(struct cpu *cpu, uint32_t word, unsigned lsb_base, unsigned size_base)
{
	unsigned lsb = field_sa(word) + lsb_base, size = field_rd(word) + size_base + 1;

	REQUIRE_OP64(cpu);
	if (lsb + size > 64)
		return cpu_raise(cpu, EXC_RI);
	return write_gpr(cpu, field_rt(word), gpr_rs(cpu, word) >> lsb & low_bits(size));
}

static uint64_t insert_bits(uint64_t into, uint64_t from, unsigned lsb, unsigned msb)
{
	uint64_t mask = low_bits(msb - lsb + 1) << lsb;

	return (into & ~mask) | (from << lsb & mask);
}

static enum exec insert_64(struct cpu *cpu, uint32_t word, unsigned lsb_base, unsigned msb_base)
{
	unsigned lsb = field_sa(word) + lsb_base, msb = field_rd(word) + msb_base;

	REQUIRE_OP64(cpu);
	if (lsb > msb)
		return cpu_raise(cpu, EXC_RI);
	return write_gpr(cpu, field_rt(word),
			 insert_bits(gpr_rt(cpu, word), gpr_rs(cpu, word), lsb, msb));
}

enum exec exec_ext(struct cpu *cpu, uint32_t word)
{
	unsigned lsb = field_sa(word), size = field_rd(word) + 1;

	if (lsb + size > 32)
		return cpu_raise(cpu, EXC_RI);
	return write_gpr(cpu, field_rt(word),
			 sign_extend_32(gpr_rs(cpu, word) >> lsb & low_bits(size)));
}

enum exec exec_ins(struct cpu *cpu, uint32_t word)
{
	unsigned lsb = field_sa(word), msb = field_rd(word);
	uint64_t value;

	if (lsb > msb)
		return cpu_raise(cpu, EXC_RI);
	value = insert_bits(gpr_rt(cpu, word), gpr_rs(cpu, word), lsb, msb);
	return write_gpr(cpu, field_rt(word), sign_extend_32(value));
}

enum exec exec_dext(struct cpu *cpu, uint32_t word)
{
	return extract_64(cpu, word, 0, 0);
}

enum exec exec_dextm(struct cpu *cpu, uint32_t word)
{
	return extract_64(cpu, word, 0, 32);
}

enum exec exec_dextu(struct cpu *cpu, uint32_t word)
{
	return extract_64(cpu, word, 32, 0);
}

enum exec exec_dins(struct cpu *cpu, uint32_t word)
{
	return insert_64(cpu, word, 0, 0);
}

enum exec exec_dinsm(struct cpu *cpu, uint32_t word)
{
	return insert_64(cpu, word, 0, 32);
}

enum exec exec_dinsu(struct cpu *cpu, uint32_t word)
{
	return insert_64(cpu, word, 32, 32);
}
