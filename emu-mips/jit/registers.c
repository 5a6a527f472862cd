// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where guest registers are during translation: pinned ones in their host register always; the
 * others in struct cpu, with copies in a few host registers inside a block. A copy that has been
 * written is stored only where its home is needed: when the host register is taken for another
 * one, in the cold stub of an exit, at the end of the block; never, where the value is overwritten
 * before any of these. Which ones are kept is decided by their next use in the superblock (Belady's
 * rule).
 *
 * 32-bit operations leave the low half of a result in its host register and do not extend the sign
 * (`narrow`); that is done when something needs all 64 bits, or the home does.
 */
#include "translate.h"

#include <string.h>

#define REGISTER_K0 26
#define REGISTER_K1 27

#define OVERWRITTEN (NEVER_USED + 1) /* next_use(): written before it is read */
#define UNUSED	    (NEVER_USED + 2) /* next_use(): neither in this block */

/* Most used by compiled code: v0 a0 sp. A jump between blocks moves nothing. */
static const uint8_t pinned[32] = {[2] = RBX, [4] = RDI, [29] = R12};

const enum host_reg copy_registers[COPIES] = {RSI, R8, R9, R10, R11, R13, R14};

enum host_reg pinned_register(unsigned r)
{
	return r < 32 && pinned[r] ? (enum host_reg)pinned[r] : NO_REG;
}

struct operand cpu_field(size_t offset)
{
	return op_mem(REG_CPU, (int32_t)offset - CPU_BIAS);
}

struct operand frame_field(size_t offset)
{
	return op_mem(RSP, (int32_t)offset);
}

static struct operand home(unsigned r)
{
	if (r >= VIRTUAL_GROUP)
		return FRAME_FIELD(group[r - VIRTUAL_GROUP]);
	if (r == VIRTUAL_SOFTTLB)
		return CPU_FIELD(softtlb);
	return pinned[r] ? op_reg((enum host_reg)pinned[r]) : CPU_FIELD(gpr[r]);
}

/* In masks of general registers, so none for virtual ones. */
static uint32_t bit(unsigned r)
{
	return (uint32_t)(UINT64_C(1) << r);
}

/* ---- Copies ---- */

static int copy_of(const struct builder *t, unsigned r)
{
	for (int n = 0; r && n < COPIES; n++) {
		if (t->state.copy[n] == r)
			return n;
	}
	return -1;
}

struct operand register_place(const struct builder *t, unsigned r)
{
	int n = copy_of(t, r);

	return n >= 0 ? op_reg(copy_registers[n]) : home(r);
}

void forget_copy(struct builder *t, unsigned r)
{
	int n = copy_of(t, r);

	t->state.narrow &= ~bit(r);
	if (n < 0)
		return;
	t->state.copy[n] = 0;
	t->state.dirty &= (uint8_t) ~(1u << n);
}

/* May clobber RDX. */
static void widen(struct builder *t, unsigned r)
{
	struct operand o = register_place(t, r);
	int n = copy_of(t, r);

	if (!(t->state.narrow & bit(r)))
		return;
	t->state.narrow &= ~bit(r);
	emit_load(&t->e, LOAD_S32, o.memory ? RDX : (enum host_reg)o.base, o);
	if (o.memory)
		emit_mov_rm_r(&t->e, true, o, RDX);
	else if (n >= 0)
		t->state.dirty |= (uint8_t)(1u << n);
}

/* Whether the block writes @r later on. */
static bool overwritten(const struct builder *t, unsigned r)
{
	for (unsigned n = t->index + 1; n < t->trace->length; n++) {
		if (t->trace->insn[n].destination == r)
			return true;
	}
	return false;
}

/* Stores @reg in the home of @r. Where that is not for the end of the block, the low half does. */
static void store_home(struct builder *t, unsigned r, enum host_reg reg)
{
	if ((t->state.narrow & bit(r)) && !overwritten(t, r)) {
		emit_load(&t->e, LOAD_S32, reg, op_reg(reg));
		t->state.narrow &= ~bit(r);
	}
	emit_mov_rm_r(&t->e, !(t->state.narrow & bit(r)), home(r), reg);
}

static void write_back(struct builder *t, unsigned n)
{
	unsigned r = t->state.copy[n];

	if (!(t->state.dirty >> n & 1))
		return;
	store_home(t, r, copy_registers[n]);
	t->state.dirty &= (uint8_t) ~(1u << n);
}

/* Instructions until @r is read, or one of the large numbers. */
static unsigned next_use(const struct builder *t, unsigned r)
{
	for (unsigned n = t->index + 1; n < t->trace->length; n++) {
		if (t->trace->insn[n].sources >> r & 1)
			return n - t->index;
		if (t->trace->insn[n].destination == r)
			return OVERWRITTEN;
	}
	return UNUSED;
}

/* Whether the present value of @r, which nothing reads any more, is gone before anything can leave
 * the block. */
static bool dead(const struct builder *t, unsigned r)
{
	/* The branch of a delay slot leaves behind it. */
	if (t->trace->insn[t->index].delay_slot || (t->trace->insn[t->index].sources >> r & 1))
		return false;
	for (unsigned n = t->index; n < t->trace->length; n++) {
		const struct trace_insn *i = &t->trace->insn[n];

		if (!cannot_leave(t->trace->key, i))
			return false;
		if (i->destination == r)
			return true;
	}
	return false;
}

/* The copy to give up for something used in @use instructions, or -1. */
static int find_victim(const struct builder *t, unsigned use)
{
	uint64_t sources = t->trace->insn[t->index].sources & ~UINT64_C(1);
	unsigned farthest = use;
	int victim = -1;

	for (int n = 0; n < COPIES; n++) {
		unsigned other = t->state.copy[n];

		if ((t->locked >> n & 1) || (sources >> other & 1))
			continue;
		if (!other)
			return n;
		use = next_use(t, other);
		if (use > farthest) {
			farthest = use;
			victim = n;
		}
	}
	return victim;
}

/* Whether the value of @r, about to lose its copy, is needed in its home. */
static bool needed(const struct builder *t, unsigned r)
{
	unsigned use = next_use(t, r);

	if (r >= VIRTUAL_SOFTTLB)
		return use < NEVER_USED;
	return use != OVERWRITTEN || !dead(t, r);
}

/* A host register for a copy of @r, or -1 when it would not pay. */
static int take_copy(struct builder *t, unsigned r)
{
	unsigned use = next_use(t, r), old;
	int victim;

	if (use == UNUSED || t->in_stub)
		return -1;
	victim = find_victim(t, use);
	if (victim < 0)
		return -1;
	old = t->state.copy[victim];
	if (old) {
		if (needed(t, old))
			write_back(t, (unsigned)victim);
		t->state.copy[victim] = 0;
		t->state.dirty &= (uint8_t) ~(1u << victim);
	}
	t->locked |= 1u << victim;
	return victim;
}

bool survives_refill(const struct builder *t)
{
	const uint32_t handler = bit(REGISTER_K0) | bit(REGISTER_K1);

	if ((t->state.known | t->state.word) & handler)
		return false;
	for (unsigned n = 0; n < COPIES; n++) {
		if (t->state.copy[n] == REGISTER_K0 || t->state.copy[n] == REGISTER_K1)
			return false;
	}
	for (unsigned n = 0; n < t->index; n++) {
		const struct trace_insn *i = &t->trace->insn[n];

		if (i->group_head && next_use(t, VIRTUAL_GROUP + (unsigned)i->group) < NEVER_USED)
			return false;
	}
	return true;
}

/* ---- Known values ---- */

bool value_known(const struct builder *t, unsigned r, uint64_t *value)
{
	*value = t->state.value[r];
	return t->state.known >> r & 1;
}

/* May clobber RDX, leaves the flags. */
static void materialise(struct builder *t, unsigned r)
{
	uint64_t value;

	if (!(t->state.pending & bit(r)))
		return;
	value = t->state.value[r];
	t->state.pending &= ~bit(r);
	if (pinned[r]) {
		emit_mov_r_imm(&t->e, (enum host_reg)pinned[r], value);
	} else if (fits_s32((int64_t)value)) {
		emit_mov_rm_i(&t->e, true, home(r), (int32_t)value);
	} else {
		emit_mov_r_imm(&t->e, RDX, value);
		emit_mov_rm_r(&t->e, true, home(r), RDX);
	}
}

bool unsettled(const struct builder *t)
{
	for (unsigned n = 0; n < COPIES; n++) {
		if (t->state.copy[n] < VIRTUAL_SOFTTLB && (t->state.dirty >> n & 1))
			return true;
	}
	return t->state.pending || t->state.narrow;
}

void settle(struct builder *t)
{
	for (unsigned r = 1; t->state.narrow; r++)
		widen(t, r);
	for (unsigned n = 0; n < COPIES; n++) {
		if (t->state.copy[n] < VIRTUAL_SOFTTLB)
			write_back(t, n);
	}
	for (unsigned r = 1; t->state.pending; r++)
		materialise(t, r);
}

void settle_and_forget(struct builder *t)
{
	settle(t);
	for (unsigned n = 0; n < COPIES; n++)
		write_back(t, n);
	memset(t->state.copy, 0, sizeof(t->state.copy));
}

void set_known(struct builder *t, unsigned r, uint64_t value)
{
	if (r == 0)
		return;
	forget_copy(t, r);
	t->state.known |= bit(r);
	t->state.pending |= bit(r);
	t->state.value[r] = value;
}

bool is_word(const struct builder *t, unsigned r)
{
	if (t->state.known & bit(r))
		return fits_s32((int64_t)t->state.value[r]);
	return t->state.word & bit(r);
}

bool is_narrow(const struct builder *t, unsigned r)
{
	return t->state.narrow & bit(r);
}

/* ---- Reading ---- */

static struct operand read_operand(struct builder *t, unsigned r, bool full)
{
	int n = copy_of(t, r);

	if (n >= 0)
		t->locked |= 1u << n;
	if (n >= 0 || pinned_register(r) != NO_REG) {
		materialise(t, r);
		if (full)
			widen(t, r);
		return register_place(t, r);
	}
	if (r)
		n = take_copy(t, r);
	if (n < 0) {
		materialise(t, r);
		if (full)
			widen(t, r);
		return home(r);
	}
	if (t->state.pending & bit(r)) {
		emit_mov_r_imm(&t->e, copy_registers[n], t->state.value[r]);
		t->state.pending &= ~bit(r);
		t->state.dirty |= (uint8_t)(1u << n);
	} else {
		emit_mov_r_rm(&t->e, !is_narrow(t, r), copy_registers[n], home(r));
	}
	t->state.copy[n] = (uint8_t)r;
	if (full)
		widen(t, r);
	return op_reg(copy_registers[n]);
}

struct operand source(struct builder *t, unsigned r)
{
	return read_operand(t, r, true);
}

struct operand source_low(struct builder *t, unsigned r)
{
	return read_operand(t, r, false);
}

void load_register(struct builder *t, enum host_reg reg, unsigned r)
{
	if (t->state.known & bit(r))
		emit_mov_r_imm(&t->e, reg, t->state.value[r]);
	else if (is_narrow(t, r))
		emit_load(&t->e, LOAD_S32, reg, register_place(t, r));
	else
		emit_mov_r_rm(&t->e, true, reg, register_place(t, r));
}

void load_low(struct builder *t, enum host_reg reg, unsigned r)
{
	if (t->state.known & bit(r))
		emit_mov_r_imm(&t->e, reg, (uint32_t)t->state.value[r]);
	else if (!operand_is(register_place(t, r), reg))
		emit_mov_r_rm(&t->e, false, reg, register_place(t, r));
}

static enum host_reg read_register(struct builder *t, unsigned r, enum host_reg scratch, bool full)
{
	struct operand o;

	if (pinned_register(r) == NO_REG && (t->state.known & bit(r))) {
		emit_mov_r_imm(&t->e, scratch, t->state.value[r]);
		return scratch;
	}
	o = read_operand(t, r, full);
	if (!o.memory)
		return (enum host_reg)o.base;
	emit_mov_r_rm(&t->e, true, scratch, o);
	return scratch;
}

enum host_reg source_register(struct builder *t, unsigned r, enum host_reg scratch)
{
	return read_register(t, r, scratch, true);
}

enum host_reg source_register_low(struct builder *t, unsigned r, enum host_reg scratch)
{
	return read_register(t, r, scratch, false);
}

/* ---- Writing ---- */

enum host_reg target(struct builder *t, unsigned r)
{
	int n = copy_of(t, r);

	if (pinned_register(r) != NO_REG)
		return pinned_register(r);
	if (n < 0 && r)
		n = take_copy(t, r);
	if (n < 0)
		return RAX;
	t->locked |= 1u << n;
	return copy_registers[n];
}

static void set_value(struct builder *t, unsigned r, enum host_reg reg, bool narrow)
{
	int n;

	if (r == 0)
		return;
	t->state.known &= ~bit(r);
	t->state.pending &= ~bit(r);
	t->state.word &= ~bit(r);
	forget_copy(t, r);
	for (n = COPIES - 1; n >= 0; n--) {
		if (copy_registers[n] == reg)
			break;
	}
	if (narrow)
		t->state.narrow |= bit(r);
	if (n >= 0) {
		t->state.copy[n] = (uint8_t)r;
		t->state.dirty |= (uint8_t)(1u << n);
	} else if (pinned_register(r) != NO_REG) {
		emit_mov_rm_r(&t->e, true, home(r), reg);
	} else {
		store_home(t, r, reg);
	}
}

void finish(struct builder *t, unsigned r, enum host_reg reg)
{
	set_value(t, r, reg, false);
}

void finish_word(struct builder *t, unsigned r, enum host_reg reg)
{
	set_value(t, r, reg, false);
	t->state.word |= bit(r);
}

void finish_low(struct builder *t, unsigned r, enum host_reg reg)
{
	set_value(t, r, reg, true);
	t->state.word |= bit(r);
}
