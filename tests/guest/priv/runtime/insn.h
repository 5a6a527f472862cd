/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instruction words for probes. Operands are in assembler order. */
#ifndef INSN_H
#define INSN_H

enum {
	ZERO,
	AT,
	V0,
	V1,
	A0,
	A1,
	A2,
	A3,
	A4,
	A5,
	A6,
	A7,
	T0,
	T1,
	T2,
	T3,
	S0,
	S1,
	S2,
	S3,
	S4,
	S5,
	S6,
	S7,
	T8,
	T9,
	K0,
	K1,
	GP,
	SP,
	FP,
	RA
};

#define IMM16(value) ((uint32_t)(value)&0xffffu)
#define I_TYPE(opcode, rs, rt, imm)                                                                \
	((uint32_t)(opcode) << 26 | (uint32_t)(rs) << 21 | (uint32_t)(rt) << 16 | IMM16(imm))
#define R_TYPE(function, rs, rt, rd, sa)                                                           \
	((uint32_t)(rs) << 21 | (uint32_t)(rt) << 16 | (uint32_t)(rd) << 11 |                      \
	 (uint32_t)(sa) << 6 | (uint32_t)(function))

#define NOP			 0u
#define SYSCALL			 0x0000000cu
#define BREAK			 0x0000000du
#define ADDIU(rt, rs, imm)	 I_TYPE(0x09, rs, rt, imm)
#define DADDIU(rt, rs, imm)	 I_TYPE(0x19, rs, rt, imm)
#define ORI(rt, rs, imm)	 I_TYPE(0x0d, rs, rt, imm)
#define ADDI(rt, rs, imm)	 I_TYPE(0x08, rs, rt, imm)
#define DADDI(rt, rs, imm)	 I_TYPE(0x18, rs, rt, imm)
#define ADDU(rd, rs, rt)	 R_TYPE(0x21, rs, rt, rd, 0)
#define DADDU(rd, rs, rt)	 R_TYPE(0x2d, rs, rt, rd, 0)
#define MOVE(rd, rs)		 R_TYPE(0x25, rs, 0, rd, 0)
#define LB(rt, offset, base)	 I_TYPE(0x20, base, rt, offset)
#define LH(rt, offset, base)	 I_TYPE(0x21, base, rt, offset)
#define LW(rt, offset, base)	 I_TYPE(0x23, base, rt, offset)
#define LBU(rt, offset, base)	 I_TYPE(0x24, base, rt, offset)
#define LHU(rt, offset, base)	 I_TYPE(0x25, base, rt, offset)
#define LWU(rt, offset, base)	 I_TYPE(0x27, base, rt, offset)
#define LD(rt, offset, base)	 I_TYPE(0x37, base, rt, offset)
#define SB(rt, offset, base)	 I_TYPE(0x28, base, rt, offset)
#define SH(rt, offset, base)	 I_TYPE(0x29, base, rt, offset)
#define SW(rt, offset, base)	 I_TYPE(0x2b, base, rt, offset)
#define SD(rt, offset, base)	 I_TYPE(0x3f, base, rt, offset)
#define LL(rt, offset, base)	 I_TYPE(0x30, base, rt, offset)
#define LLD(rt, offset, base)	 I_TYPE(0x34, base, rt, offset)
#define SC(rt, offset, base)	 I_TYPE(0x38, base, rt, offset)
#define SCD(rt, offset, base)	 I_TYPE(0x3c, base, rt, offset)
#define LWC1(ft, offset, base)	 I_TYPE(0x31, base, ft, offset)
#define LDC1(ft, offset, base)	 I_TYPE(0x35, base, ft, offset)
#define SWC1(ft, offset, base)	 I_TYPE(0x39, base, ft, offset)
#define SDC1(ft, offset, base)	 I_TYPE(0x3d, base, ft, offset)
#define CACHE(op, offset, base)	 I_TYPE(0x2f, base, op, offset)
#define PREF(hint, offset, base) I_TYPE(0x33, base, hint, offset)
#define SYNCI(offset, base)	 I_TYPE(0x01, base, 0x1f, offset)
#define BEQ(rs, rt, offset)	 I_TYPE(0x04, rs, rt, offset)
#define BNE(rs, rt, offset)	 I_TYPE(0x05, rs, rt, offset)
#define JR(rs)			 R_TYPE(0x08, rs, 0, 0, 0)
#define JALR(rd, rs)		 R_TYPE(0x09, rs, 0, rd, 0)
#define MFC0(rt, number, select)                                                                   \
	(0x40000000u | (uint32_t)(rt) << 16 | (uint32_t)(number) << 11 | (uint32_t)(select))
#define DMFC0(rt, number, select) (MFC0(rt, number, select) | 1u << 21)
#define MTC0(rt, number, select)  (MFC0(rt, number, select) | 4u << 21)
#define DMTC0(rt, number, select) (MFC0(rt, number, select) | 5u << 21)
#define RDPGPR(rd, rt)		  (0x41400000u | (uint32_t)(rt) << 16 | (uint32_t)(rd) << 11)
#define WRPGPR(rd, rt)		  (0x41c00000u | (uint32_t)(rt) << 16 | (uint32_t)(rd) << 11)
#define DI(rt)			  (0x41606000u | (uint32_t)(rt) << 16)
#define EI(rt)			  (0x41606020u | (uint32_t)(rt) << 16)
#define TLBR			  0x42000001u
#define TLBWI			  0x42000002u
#define TLBWR			  0x42000006u
#define TLBP			  0x42000008u
#define ERET			  0x42000018u
#define WAIT			  0x42000020u
#define RDHWR(rt, number)	  (0x7c00003bu | (uint32_t)(rt) << 16 | (uint32_t)(number) << 11)
#define EHB			  0x000000c0u

#endif
