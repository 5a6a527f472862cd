/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instruction table (insn.def) and the decoder made from it. */
#ifndef CPU_DECODE_H
#define CPU_DECODE_H

#include <stdint.h>

#include "emu/cpu.h"

/* Operands, in the order of assembler syntax. */
enum insn_format {
	FORMAT_NONE,
	FORMAT_RD,	      /* mfhi rd */
	FORMAT_RS,	      /* jr rs */
	FORMAT_RT,	      /* di rt */
	FORMAT_RD_RS,	      /* jalr rd, rs */
	FORMAT_RD_RT,	      /* seb rd, rt */
	FORMAT_RS_RT,	      /* mult rs, rt */
	FORMAT_RD_RS_RT,      /* addu rd, rs, rt */
	FORMAT_RD_RT_RS,      /* sllv rd, rt, rs */
	FORMAT_RD_RT_SA,      /* sll rd, rt, sa */
	FORMAT_RD_RS_CC,      /* movf rd, rs, cc */
	FORMAT_RT_RS_SIMM,    /* addiu rt, rs, signed immediate */
	FORMAT_RT_RS_UIMM,    /* ori rt, rs, unsigned immediate */
	FORMAT_RT_UIMM,	      /* lui rt, unsigned immediate */
	FORMAT_RS_SIMM,	      /* teqi rs, signed immediate */
	FORMAT_EXTRACT,	      /* ext rt, rs, lsb, size - 1 */
	FORMAT_INSERT,	      /* ins rt, rs, lsb, msb */
	FORMAT_RS_BRANCH,     /* bltz rs, offset */
	FORMAT_RS_RT_BRANCH,  /* beq rs, rt, offset */
	FORMAT_CC_BRANCH,     /* bc1f cc, offset */
	FORMAT_TARGET,	      /* j target */
	FORMAT_CODE,	      /* syscall code (20 bits) */
	FORMAT_STYPE,	      /* sync stype */
	FORMAT_MEM,	      /* synci offset(base) */
	FORMAT_RT_MEM,	      /* lw rt, offset(base) */
	FORMAT_HINT_MEM,      /* pref hint, offset(base); cache op, offset(base) */
	FORMAT_RT_HWR,	      /* rdhwr rt, register */
	FORMAT_RT_CP0,	      /* mfc0 rt, rd, select */
	FORMAT_COFUN,	      /* cop2 function (25 bits) */
	FORMAT_RT_FS,	      /* mfc1 rt, fs */
	FORMAT_RT_FCR,	      /* cfc1 rt, control register */
	FORMAT_FT_MEM,	      /* lwc1 ft, offset(base) */
	FORMAT_FD_INDEX,      /* lwxc1 fd, index(base): index is rt's field, base rs's */
	FORMAT_FS_INDEX,      /* swxc1 fs, index(base) */
	FORMAT_HINT_INDEX,    /* prefx hint, index(base) */
	FORMAT_FD_FS,	      /* sqrt.d fd, fs */
	FORMAT_FD_FS_FT,      /* add.d fd, fs, ft */
	FORMAT_FD_FS_CC,      /* movf.d fd, fs, cc */
	FORMAT_FD_FS_RT,      /* movz.d fd, fs, rt */
	FORMAT_FD_FR_FS_FT,   /* madd.d fd, fr, fs, ft */
	FORMAT_FD_FS_FT_RS,   /* alnv.ps fd, fs, ft, rs */
	FORMAT_COND_CC_FS_FT, /* c.cond.d cc, fs, ft: cond is bits 3-0 */
};

enum insn_class {
	CLASS_INT,    /* general registers and HI/LO only, except traps on overflow */
	CLASS_MULDIV, /* writes HI and LO */
	CLASS_LOAD,
	CLASS_STORE,
	CLASS_LOAD_LINKED,
	CLASS_STORE_CONDITIONAL,
	CLASS_BRANCH,	     /* conditional, with a delay slot */
	CLASS_BRANCH_LIKELY, /* conditional; not taken: the delay slot is skipped */
	CLASS_JUMP,	     /* unconditional, with a delay slot */
	CLASS_TRAP,	     /* conditional trap */
	CLASS_SYSTEM,	     /* syscall, break */
	CLASS_SYNC,
	CLASS_CACHE,
	CLASS_HINT, /* prefetches: no effect */
	CLASS_CP0,
	CLASS_CP2,
	CLASS_FPU,
	CLASS_FPU_LOAD,
	CLASS_FPU_STORE,
};

#define INSN_PRIV  0x01u /* needs kernel mode or Status.CU0 */
#define INSN_OP64  0x02u /* reserved instruction where cpu->ops_64bit is clear */
#define INSN_FPU   0x04u /* coprocessor 1 unusable where cpu->fpu_usable is clear */
#define INSN_ENDS  0x08u /* ends a translated block (after its delay slot, if it has one) */
#define INSN_R2	   0x10u /* new in Release 2 */
#define INSN_TRAPS 0x20u /* may trap on its operands (overflow, trap) */
#define INSN_LINKS 0x40u /* writes $31 */

enum insn_id {
#define INSN(name, mnemonic, mask, match, format, class, flags) INSN_ID_##name,
#include "insn.def"
#undef INSN
	INSN_COUNT
};

struct insn {
	const char *name; /* of the row */
	const char *mnemonic;
	uint32_t mask;
	uint32_t match;
	uint8_t format; /* enum insn_format */
	uint8_t class;	/* enum insn_class */
	uint16_t flags;
	uint16_t id; /* enum insn_id */
};

/* Every instruction, indexed by enum insn_id. */
extern const struct insn insn_table[INSN_COUNT];

/* Builds the lookup tables; called by every engine's create(), harmless when called again. Must be
 * called once before threads use the decoder. */
void decode_init(void);

/* The instruction that @word is, or NULL when it is reserved. */
const struct insn *decode(uint32_t word);

/*
 * For dispatch tables of engines: the bucket of a word, below DECODE_BUCKETS, and the instruction
 * of a bucket when all its words are that instruction (NULL: decode() has to look at the word).
 */
#define DECODE_BUCKETS 6617
struct decode_selector {
	uint8_t shift1;
	uint8_t shift2;
	uint16_t mask1;
	uint16_t mask2;
	uint16_t base;
};
extern struct decode_selector decode_selectors[64]; /* by opcode; constant after decode_init() */

static inline unsigned decode_bucket(uint32_t word)
{
	const struct decode_selector *selector = &decode_selectors[word >> 26];

	return selector->base + ((word >> selector->shift1 & selector->mask1) |
				 (word >> selector->shift2 & selector->mask2));
}

const struct insn *decode_sole(unsigned bucket);

/* A handler: executes @word (its own instruction) on @cpu. On EXEC_OK the interpreter advances pc;
 * see interpreter.c for the sequencing rule. */
typedef enum exec exec_handler(struct cpu *cpu, uint32_t word);

#define INSN(name, mnemonic, mask, match, format, class, flags) exec_handler exec_##name;
#include "insn.def"
#undef INSN

/* Fields of an instruction word. */
static inline unsigned field_rs(uint32_t word)
{
	return word >> 21 & 31;
}

static inline unsigned field_rt(uint32_t word)
{
	return word >> 16 & 31;
}

static inline unsigned field_rd(uint32_t word)
{
	return word >> 11 & 31;
}

static inline unsigned field_sa(uint32_t word)
{
	return word >> 6 & 31;
}

/* Floating point: fr, ft, fs, fd stand where rs, rt, rd, sa do. */
#define field_fr field_rs
#define field_ft field_rt
#define field_fs field_rd
#define field_fd field_sa

static inline int64_t field_simm(uint32_t word)
{
	return (int16_t)word;
}

static inline uint64_t field_uimm(uint32_t word)
{
	return word & 0xffff;
}

#endif
