// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program is a stream of random instructions from the table, with operands chosen so that most
 * complete: bases point to data through different segments, destinations spare the bases. Exception
 * handlers skip what raises and map what is not mapped, so a program runs on for ever.
 */
#include <string.h>

#include "../../../emu-mips/cpu/decode.h"
#include "emu/mem.h"
#include "generator.h"

#define CODE_KSEG0  (MIPS_CKSEG0 + LOCKSTEP_CODE_PA)
#define CODE_USER   UINT64_C(0x400000)
#define DATA_KSEG0  (MIPS_CKSEG0 + LOCKSTEP_DATA_PA)
#define DATA_XKPHYS (UINT64_C(0x9800000000000000) + LOCKSTEP_DATA_PA)
#define DATA_MAPPED UINT64_C(0x10000000)
#define CODE_PAGES  2 /* pairs */
#define CODE_BYTES  (LOCKSTEP_CODE_WORDS * 4)

/* Registers: bases of memory accesses, and an index for the indexed ones. */
enum {
	BASE_KSEG0 = 16,
	BASE_XKPHYS,
	BASE_MAPPED,
	BASE_CODE,
	BASE_MAPPED_HIGH,
	BASE_BAD,
	INDEX,
	K0 = 26,
	K1 = 27,
};

uint64_t lockstep_random(struct lockstep_random *random)
{
	random->state ^= random->state << 13;
	random->state ^= random->state >> 7;
	random->state ^= random->state << 17;
	return random->state;
}

unsigned lockstep_below(struct lockstep_random *random, unsigned bound)
{
	return (unsigned)((lockstep_random(random) >> 20) % bound);
}

static bool one_in(struct lockstep_random *random, unsigned count)
{
	return lockstep_below(random, count) == 0;
}

static void put_word(struct machine *machine, uint64_t pa, uint32_t word)
{
	memcpy(ram_pointer(machine, pa), &word, sizeof(word));
}

/* ---- exception vectors ---- */

#define R(rs, rt, rd, sa, function)                                                                \
	((uint32_t)(rs) << 21 | (uint32_t)(rt) << 16 | (rd) << 11 | (sa) << 6 | (function))
#define I(opcode, rs, rt, immediate)                                                               \
	((uint32_t)(opcode) << 26 | (uint32_t)(rs) << 21 | (uint32_t)(rt) << 16 |                  \
	 ((immediate)&0xffffu))
#define DMFC0(rt, rd, select) (UINT32_C(0x40200000) | (rt) << 16 | (rd) << 11 | (select))
#define DMTC0(rt, rd, select) (UINT32_C(0x40a00000) | (rt) << 16 | (rd) << 11 | (select))
#define BEQ(rs, rt, words)    I(4, rs, rt, words)
#define BNE(rs, rt, words)    I(5, rs, rt, words)
#define DADDIU(rt, rs, value) I(0x19, rs, rt, value)
#define ANDI(rt, rs, value)   I(0xc, rs, rt, value)
#define ERET		      UINT32_C(0x42000018)
#define TLBWR		      UINT32_C(0x42000006)
#define NOP		      0u

/* Maps the page pair at BadVAddr onto data by address bits; read-only where bit 16 is set. */
static const uint32_t refill_handler[] = {
	DMFC0(K0, 8, 0),						/* BadVAddr */
	UINT32_C(0x7c000003) | K0 << 21 | K1 << 16 | 6 << 11 | 13 << 6, /* dext k1, k0, 13, 7 */
	R(0, K1, K1, 7, 0x38), /* dsll k1, k1, 7: as EntryLo.PFN */
	DADDIU(K1, K1, 0),
	I(0xf, 0, K0, 0),				/* lui k0, 0 */
	I(0xd, K0, K0, LOCKSTEP_DATA_PA >> 6 & 0xffff), /* ori k0: PFN of the data */
	R(K1, K0, K1, 0, 0x2d),				/* daddu k1, k1, k0 */
	I(0xd, K1, K1, 0x1e),				/* V, D, C = 3 */
	DMTC0(K1, 2, 0),
	DMFC0(K0, 8, 0),
	UINT32_C(0x7c000003) | K0 << 21 | K0 << 16 | 0 << 11 | 16 << 6, /* dext k0, k0, 16, 1 */
	R(0, K0, K0, 2, 0x38),						/* dsll k0, k0, 2 */
	R(K1, K0, K1, 0, 0x26),						/* xor k1, k1, k0: D away */
	I(0xd, K1, K1, 0x40), /* the odd page is the next one */
	DMTC0(K1, 3, 0),
	DMTC0(0, 5, 0), /* PageMask: 4 KiB */
	TLBWR,
	ERET,
};

/* Interrupts: the timer is armed again. Everything else is skipped, with its branch when it stands
 * in a delay slot; a pc outside the code goes back to its start. KScratch1 counts, KScratch2 and 3
 * hold start and size of the code. */
static const uint32_t general_handler[] = {
	DMFC0(K0, 13, 0),
	ANDI(K1, K0, 0x7c),
	BNE(K1, 0, 7),
	DMFC0(K1, 31, 2),
	DMFC0(K0, 9, 0), /* Count */
	DADDIU(K0, K0, 777),
	DMTC0(K0, 11, 0), /* Compare */
	I(0xf, 0, K0, 0x0080),
	DMTC0(K0, 13, 0), /* Cause: software interrupts off, IV */
	ERET,
	DADDIU(K1, K1, 1), /* skip: */
	DMTC0(K1, 31, 2),
	R(0, K0, K0, 31, 2),   /* srl k0, k0, 31: BD */
	R(0, K0, K0, 2, 0x38), /* dsll k0, k0, 2 */
	DMFC0(K1, 14, 0),
	R(K0, K1, K1, 0, 0x2d),
	DADDIU(K1, K1, 4),
	DMTC0(K1, 14, 0),
	DMFC0(K0, 31, 3),
	R(K1, K0, K1, 0, 0x2f), /* dsubu k1, k1, k0: offset in the code */
	DMFC0(K0, 31, 4),
	R(K1, K0, K0, 0, 0x2b), /* sltu */
	BNE(K0, 0, 3),
	DMFC0(K0, 31, 3),
	DMTC0(K0, 14, 0),
	NOP,
	ERET,
};

static void put_handlers(struct machine *machine)
{
	for (unsigned i = 0; i < sizeof(refill_handler) / 4; i++) {
		put_word(machine, 0x000 + 4 * i, refill_handler[i]);
		put_word(machine, 0x080 + 4 * i, refill_handler[i]);
	}
	for (unsigned i = 0; i < sizeof(general_handler) / 4; i++) {
		put_word(machine, 0x180 + 4 * i, general_handler[i]);
		put_word(machine, 0x200 + 4 * i, general_handler[i]);
	}
}

/* ---- instructions ---- */

static unsigned any_register(struct lockstep_random *random)
{
	return lockstep_below(random, 32);
}

/* Mostly spares the bases and the handlers' registers. */
static unsigned destination(struct lockstep_random *random)
{
	unsigned number = any_register(random);

	while (number >= BASE_KSEG0 && number <= K1 && !one_in(random, 200))
		number = any_register(random);
	return number;
}

static unsigned base_register(struct lockstep_random *random)
{
	return BASE_KSEG0 + lockstep_below(random, one_in(random, 30) ? 6 : 5);
}

static uint32_t memory_operand(struct lockstep_random *random, unsigned base)
{
	uint32_t offset = (uint32_t)lockstep_random(random) & (base == BASE_CODE ? 0xffc : 0x1ff8);

	if (one_in(random, 30))
		offset = (uint32_t)lockstep_random(random);
	return base << 21 | (offset & 0xffff);
}

/* Replaces bits of @word at @shift. */
static uint32_t with_field(uint32_t word, unsigned shift, unsigned value)
{
	return (word & ~(UINT32_C(31) << shift)) | (uint32_t)value << shift;
}

static uint32_t with_branch_offset(struct lockstep_random *random, uint32_t word)
{
	unsigned forward = 1 + lockstep_below(random, 12);
	uint32_t offset = one_in(random, 8) ? 0u - lockstep_below(random, 20) : forward;

	return (word & 0xffff0000) | (offset & 0xffff);
}

/* CP0 registers that a program may write and go on: number << 3 | select. */
static const uint8_t writable_cp0[] = {
	0 << 3,	 2 << 3,  3 << 3,      4 << 3,	    4 << 3 | 2,	 5 << 3,
	7 << 3,	 9 << 3,  10 << 3,     11 << 3,	    13 << 3,	 17 << 3,
	28 << 3, 29 << 3, 31 << 3 | 5, 31 << 3 | 6, 31 << 3 | 7,
};

static uint32_t cp0_move(struct lockstep_random *random, const struct insn *insn, uint32_t word)
{
	bool write = insn->id == INSN_ID_mtc0 || insn->id == INSN_ID_dmtc0;
	unsigned reg = writable_cp0[lockstep_below(random, sizeof(writable_cp0))];

	if (!write && one_in(random, 2))
		reg = lockstep_below(random, 256);
	word = with_field(word & ~0x7ffu, 11, reg >> 3) | (reg & 7);
	return with_field(word, 16, write ? any_register(random) : destination(random));
}

/* Random bits outside the mask, then sensible operands by format. */
static uint32_t random_operands(struct lockstep_random *random, const struct insn *insn)
{
	uint32_t word = insn->match | ((uint32_t)lockstep_random(random) & ~insn->mask);
	unsigned base = base_register(random);

	switch (insn->format) {
	case FORMAT_RD:
	case FORMAT_RD_RS:
	case FORMAT_RD_RT:
	case FORMAT_RD_RS_RT:
	case FORMAT_RD_RT_RS:
	case FORMAT_RD_RT_SA:
	case FORMAT_RD_RS_CC:
		return with_field(word, 11, destination(random));
	case FORMAT_RT:
	case FORMAT_RT_RS_SIMM:
	case FORMAT_RT_RS_UIMM:
	case FORMAT_RT_UIMM:
	case FORMAT_EXTRACT:
	case FORMAT_INSERT:
	case FORMAT_RT_FS:
	case FORMAT_RT_HWR:
		return with_field(word, 16, destination(random));
	case FORMAT_RT_FCR:
		word = with_field(word, 11, one_in(random, 2) ? 31 : 25);
		return with_field(word, 16, destination(random));
	case FORMAT_RS_BRANCH:
	case FORMAT_RS_RT_BRANCH:
	case FORMAT_CC_BRANCH:
		return with_branch_offset(random, word);
	case FORMAT_MEM:
	case FORMAT_HINT_MEM:
	case FORMAT_FT_MEM:
		return (word & 0xfc1f0000) | memory_operand(random, base);
	case FORMAT_RT_MEM:
		word = (word & 0xfc000000) | memory_operand(random, base);
		return with_field(word, 16, destination(random));
	case FORMAT_FD_INDEX:
	case FORMAT_FS_INDEX:
	case FORMAT_HINT_INDEX:
		return with_field(with_field(word, 21, base), 16, one_in(random, 2) ? 0 : INDEX);
	case FORMAT_RT_CP0:
		return cp0_move(random, insn, word);
	default:
		return word;
	}
}

/* Rows that programs do without, or that need more than one word. */
static bool is_excluded(const struct insn *insn)
{
	return insn->id == INSN_ID_wait || insn->id == INSN_ID_eret || insn->class == CLASS_JUMP;
}

/* How often a class is taken: of 16. */
static unsigned weight(const struct insn *insn)
{
	switch (insn->class) {
	case CLASS_INT:
	case CLASS_LOAD:
	case CLASS_STORE:
	case CLASS_BRANCH:
		return 16;
	case CLASS_FPU:
		return 5;
	case CLASS_CP0:
		return 2;
	case CLASS_SYSTEM:
	case CLASS_CP2:
	case CLASS_CACHE:
		return 1;
	default:
		return 6;
	}
}

static const struct insn *choose(struct lockstep_random *random)
{
	const struct insn *insn;

	do {
		insn = &insn_table[lockstep_below(random, INSN_COUNT)];
	} while (is_excluded(insn) || lockstep_below(random, 16) >= weight(insn));
	return insn;
}

static uint32_t plain_word(struct lockstep_random *random)
{
	return random_operands(random, choose(random));
}

/* A word that no branch follows badly: for delay slots. */
static uint32_t delay_slot_word(struct lockstep_random *random)
{
	const struct insn *insn;

	do {
		insn = choose(random);
	} while (!one_in(random, 100) &&
		 (insn->class == CLASS_BRANCH || insn->class == CLASS_BRANCH_LIKELY));
	return random_operands(random, insn);
}

/* ---- the stream: single words and idioms of several ---- */

struct stream {
	struct machine *machine;
	struct lockstep_random *random;
	uint64_t base; /* where the code runs */
	unsigned position;
};

static void emit(struct stream *stream, uint32_t word)
{
	if (stream->position < LOCKSTEP_CODE_WORDS)
		put_word(stream->machine, LOCKSTEP_CODE_PA + 4 * stream->position++, word);
}

/* Jumps near: J and JAL directly, JR and JALR through a register set to the place. */
static void emit_jump(struct stream *stream)
{
	unsigned ahead = 4 + lockstep_below(stream->random, 30);
	uint64_t target;

	if (one_in(stream->random, 10))
		ahead = 0u - lockstep_below(stream->random, 40);
	target = stream->base + 4 * (uint64_t)((stream->position + ahead) % LOCKSTEP_CODE_WORDS);
	if (one_in(stream->random, 2)) {
		unsigned opcode = one_in(stream->random, 2) ? 2 : 3;

		emit(stream, opcode << 26 | (uint32_t)(target >> 2 & 0x03ffffff));
	} else {
		emit(stream, I(0xf, 0, 1, (uint32_t)(target >> 16)));
		emit(stream, I(0xd, 1, 1, (uint32_t)target));
		emit(stream, one_in(stream->random, 2) ? R(1, 0, 0, 0, 8) : R(1, 0, 31, 0, 9));
	}
	emit(stream, delay_slot_word(stream->random));
}

/* Stores an instruction over one that comes a little later, or that went before. */
static void emit_self_modification(struct stream *stream)
{
	uint32_t word = plain_word(stream->random);
	unsigned place = stream->position + 3 + lockstep_below(stream->random, 12);

	if (one_in(stream->random, 2))
		place = lockstep_below(stream->random, LOCKSTEP_CODE_WORDS);
	emit(stream, I(0xf, 0, 2, word >> 16));
	emit(stream, I(0xd, 2, 2, word));
	emit(stream, I(0x2b, BASE_CODE, 2, 4 * (place % LOCKSTEP_CODE_WORDS)));
}

/* Changes Status: interrupt enable, FR, coprocessor 1; ends in an EHB. */
static void emit_status_change(struct stream *stream)
{
	uint32_t status = STATUS_KX | STATUS_SX | STATUS_UX | UINT32_C(0x8100);

	status |= one_in(stream->random, 4) ? 0 : STATUS_CU1;
	status |= one_in(stream->random, 2) ? 0 : STATUS_FR;
	status |= one_in(stream->random, 3) ? 0 : STATUS_IE;
	emit(stream, I(0xf, 0, 3, status >> 16));
	emit(stream, I(0xd, 3, 3, status));
	emit(stream, UINT32_C(0x40800000) | 3 << 16 | 12 << 11);
	emit(stream, UINT32_C(0xc0)); /* ehb */
}

/* LL, some word, SC on the same address. */
static void emit_atomic(struct stream *stream)
{
	unsigned base = base_register(stream->random);
	uint32_t operand = memory_operand(stream->random, base);
	bool is_double = one_in(stream->random, 2);

	emit(stream, (is_double ? 0x34u : 0x30u) << 26 | 4 << 16 | operand);
	emit(stream, plain_word(stream->random));
	emit(stream, (is_double ? 0x3cu : 0x38u) << 26 | 4 << 16 | operand);
}

/* A loop of a known number of turns around a few words. */
static void emit_loop(struct stream *stream)
{
	unsigned length = 1 + lockstep_below(stream->random, 8);

	emit(stream, I(0x9, 0, 24, 1 + lockstep_below(stream->random, 40)));
	for (unsigned i = 0; i < length; i++) {
		uint32_t word;
		const struct insn *insn;

		do {
			word = plain_word(stream->random);
			insn = decode(word);
		} while (insn->class != CLASS_INT && insn->class != CLASS_LOAD &&
			 insn->class != CLASS_STORE && insn->class != CLASS_FPU);
		emit(stream, word);
	}
	emit(stream, I(0x9, 24, 24, 0xffff));
	emit(stream, BNE(24, 0, 0u - (length + 2)));
	emit(stream, delay_slot_word(stream->random));
}

static void (*const idioms[])(struct stream *stream) = {
	emit_jump, emit_jump, emit_self_modification, emit_status_change, emit_atomic, emit_loop,
};

static void emit_code(struct stream *stream)
{
	while (stream->position < LOCKSTEP_CODE_WORDS - 2) {
		if (one_in(stream->random, 16)) {
			idioms[lockstep_below(stream->random, sizeof(idioms) / sizeof(idioms[0]))](
				stream);
			continue;
		}
		emit(stream, plain_word(stream->random));
	}
	stream->position = LOCKSTEP_CODE_WORDS - 2;
	emit(stream, 2u << 26 | (uint32_t)(stream->base >> 2 & 0x03ffffff)); /* from the start */
	emit(stream, NOP);
}

/* ---- state ---- */

static const uint64_t edge_values[] = {
	0,
	1,
	UINT64_MAX,
	INT32_MAX,
	UINT64_C(0xffffffff80000000),
	INT64_MAX,
	UINT64_C(1) << 63,
	UINT64_C(0x3f800000),
	UINT64_C(0x3ff0000000000000),
	0x7fc00000,
	0x100,
};

static uint64_t random_value(struct lockstep_random *random)
{
	if (one_in(random, 3))
		return edge_values[lockstep_below(random,
						  sizeof(edge_values) / sizeof(edge_values[0]))];
	if (one_in(random, 2))
		return (uint64_t)(int64_t)(int32_t)lockstep_random(random);
	return lockstep_random(random);
}

static void fill_data(struct machine *machine, struct lockstep_random *random)
{
	for (uint64_t offset = 0; offset < LOCKSTEP_DATA_SIZE; offset += 8) {
		uint64_t value = random_value(random);

		memcpy(ram_pointer(machine, LOCKSTEP_DATA_PA + offset), &value, sizeof(value));
	}
}

/* Wired entries map the code for user and supervisor mode. */
static void map_code(struct cpu *cpu)
{
	for (unsigned i = 0; i < CODE_PAGES; i++) {
		uint64_t pa = LOCKSTEP_CODE_PA + i * 2 * MIPS_PAGE_SIZE;

		cp0_write(cpu, 0, 0, i);
		cp0_write(cpu, 5, 0, 0);
		cp0_write(cpu, 10, 0, CODE_USER + i * 2 * MIPS_PAGE_SIZE);
		cp0_write(cpu, 2, 0, pa >> 6 | 0x1f);
		cp0_write(cpu, 3, 0, (pa + MIPS_PAGE_SIZE) >> 6 | 0x1f);
		tlb_write(cpu, i);
	}
	cp0_write(cpu, 6, 0, CODE_PAGES);
	cp0_write(cpu, 10, 0, 1);
}

/* The modes programs run in. */
static const uint32_t mode_bits[] = {
	STATUS_KX | STATUS_SX | STATUS_UX, /* kernel, 64-bit */
	STATUS_KX | STATUS_SX | STATUS_UX,
	STATUS_KX | STATUS_SX | STATUS_UX | STATUS_KSU_U,
	STATUS_KX | STATUS_KSU_U, /* 32-bit user */
	STATUS_KX | STATUS_KSU_U | STATUS_PX,
	STATUS_KX | STATUS_SX | STATUS_UX | STATUS_KSU_S,
};

static void set_registers(struct cpu *cpu, struct lockstep_random *random, uint64_t base)
{
	for (unsigned i = 1; i < 32; i++)
		cpu->gpr[i] = random_value(random);
	for (unsigned i = 0; i < 32; i++)
		cpu->fpr[i] = random_value(random);
	cpu->hi = random_value(random);
	cpu->lo = random_value(random);
	cpu->gpr[BASE_KSEG0] = base == CODE_KSEG0 ? DATA_KSEG0 : DATA_MAPPED;
	cpu->gpr[BASE_XKPHYS] = base == CODE_KSEG0 ? DATA_XKPHYS : DATA_MAPPED + 0x4000;
	cpu->gpr[BASE_MAPPED] = DATA_MAPPED + 0x20000;
	cpu->gpr[BASE_CODE] = base;
	cpu->gpr[BASE_MAPPED_HIGH] = DATA_MAPPED + 0x48000;
	cpu->gpr[BASE_BAD] = random_value(random);
	cpu->gpr[INDEX] = lockstep_below(random, 64) * 8;
}

/* CPUs run the same code, each with registers, FPU and timer of its own. */
static void start_cpu(struct cpu *cpu, struct lockstep_random *random, uint32_t status)
{
	uint64_t base = (status & STATUS_KSU) == 0 ? CODE_KSEG0 : CODE_USER;

	cp0_write(cpu, 12, 0, STATUS_KX | STATUS_SX | STATUS_UX);
	map_code(cpu);
	cp0_write(cpu, 31, 3, base);
	cp0_write(cpu, 31, 4, CODE_BYTES);
	cp0_write(cpu, 11, 0, 500 + lockstep_below(random, 1000));
	cp0_write(cpu, 13, 0, CAUSE_IV);
	set_registers(cpu, random, base);
	status |= STATUS_CU1 | UINT32_C(0x8100) | STATUS_IE;
	if (one_in(random, 3))
		status &= ~STATUS_CU1;
	if (one_in(random, 2))
		status |= STATUS_FR;
	cp0_write(cpu, 12, 0, status);
	cpu->pc = base;
	cpu->in_delay_slot = false;
}

void lockstep_generate(struct machine *machine, uint64_t seed)
{
	struct lockstep_random random = {(seed + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1};
	uint32_t status = mode_bits[lockstep_below(&random, sizeof(mode_bits) / 4)];
	uint64_t base = (status & STATUS_KSU) == 0 ? CODE_KSEG0 : CODE_USER;
	struct stream stream = {machine, &random, base, 0};

	decode_init();
	put_handlers(machine);
	fill_data(machine, &random);
	emit_code(&stream);
	for (unsigned n = 0; n < machine->config.cpus; n++)
		start_cpu(machine->cpu[n], &random, status);
}
