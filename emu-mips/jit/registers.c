// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where guest registers are during translation: pinned ones in their host register always; the
 * others in struct cpu, with copies in a few host registers inside a block. The copies are written
 * through, so an exit has nothing to store, except where the value is overwritten before any exit
 * can happen. Which ones are kept is decided by their next use in the superblock (Belady's rule).
 */
#include "translate.h"

/* Most used by compiled code: v0 a0 sp. A jump between blocks moves nothing. */
static const uint8_t pinned[32] = {[2] = RBX, [4] = RDI, [29] = R12};

const enum host_reg copy_registers[COPIES] = {RSI, R8, R9, R10, R11};

enum host_reg pinned_register(unsigned r)
{
	return pinned[r] ? (enum host_reg)pinned[r] : NO_REG;
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
	return pinned[r] ? op_reg((enum host_reg)pinned[r]) : CPU_FIELD(gpr[r]);
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

void forget_copy(struct builder *t, unsigned r)
{
	int n = copy_of(t, r);

	if (n < 0)
		return;
	t->state.copy[n] = 0;
	t->state.unsaved &= (uint8_t) ~(1u << n);
}

static bool reads(const struct trace_insn *i, unsigned r)
{
	if (i->insn->format == FORMAT_TARGET || i->insn->format == FORMAT_RT_UIMM)
		return false;
	if (field_rs(i->word) == r)
		return true;
	return field_rt(i->word) == r &&
	       (i->destination != r || i->insn->format == FORMAT_RD_RS_RT ||
		i->insn->format == FORMAT_RD_RT_SA || i->insn->format == FORMAT_INSERT);
}

/* Instructions until @r is read, or a large number when it is written first or not read. */
static unsigned next_use(const struct builder *t, unsigned r)
{
	for (unsigned n = t->index + 1; n < t->trace->length; n++) {
		if (reads(&t->trace->insn[n], r))
			return n - t->index;
		if (t->trace->insn[n].destination == r)
			break;
	}
	return NEVER_USED;
}

/* A host register for a copy of @r, or -1 when it would not pay. */
static int take_copy(struct builder *t, unsigned r)
{
	unsigned use = next_use(t, r), farthest = use;
	int victim = -1;

	if (use == NEVER_USED || t->in_stub)
		return -1;
	for (int n = 0; n < COPIES; n++) {
		unsigned other;

		if (t->locked >> n & 1)
			continue;
		other = t->state.copy[n] ? next_use(t, t->state.copy[n]) : NEVER_USED + 1;
		if (other > farthest) {
			farthest = other;
			victim = n;
		}
	}
	if (victim >= 0) {
		if (t->state.unsaved >> victim & 1)
			emit_mov_rm_r(&t->e, true, home(t->state.copy[victim]),
				      copy_registers[victim]);
		t->state.unsaved &= (uint8_t) ~(1u << victim);
		t->state.copy[victim] = 0;
		t->locked |= 1u << victim;
	}
	return victim;
}

/* Where @r can be read now, without emitting anything. */
static struct operand place(const struct builder *t, unsigned r)
{
	int n = copy_of(t, r);

	return n >= 0 ? op_reg(copy_registers[n]) : home(r);
}

/* ---- Known values ---- */

bool value_known(const struct builder *t, unsigned r, uint64_t *value)
{
	*value = t->state.value[r];
	return t->state.known >> r & 1;
}

/* May clobber RDX, leaves the flags. */
void materialise(struct builder *t, unsigned r)
{
	uint64_t value = t->state.value[r];

	if (!(t->state.pending >> r & 1))
		return;
	t->state.pending &= ~(UINT32_C(1) << r);
	if (pinned[r]) {
		emit_mov_r_imm(&t->e, (enum host_reg)pinned[r], value);
	} else if (fits_s32((int64_t)value)) {
		emit_mov_rm_i(&t->e, true, home(r), (int32_t)value);
	} else {
		emit_mov_r_imm(&t->e, RDX, value);
		emit_mov_rm_r(&t->e, true, home(r), RDX);
	}
}

void materialise_all(struct builder *t)
{
	for (unsigned r = 1; t->state.pending; r++)
		materialise(t, r);
}

void set_known(struct builder *t, unsigned r, uint64_t value)
{
	if (r == 0)
		return;
	forget_copy(t, r);
	t->state.known |= UINT32_C(1) << r;
	t->state.pending |= UINT32_C(1) << r;
	t->state.value[r] = value;
}

/* ---- Reading and writing ---- */

struct operand source(struct builder *t, unsigned r)
{
	int n;

	materialise(t, r);
	n = copy_of(t, r);
	if (n >= 0) {
		t->locked |= 1u << n;
		return op_reg(copy_registers[n]);
	}
	if (pinned[r] || r == 0)
		return home(r);
	n = take_copy(t, r);
	if (n < 0)
		return home(r);
	emit_mov_r_rm(&t->e, true, copy_registers[n], home(r));
	t->state.copy[n] = (uint8_t)r;
	return op_reg(copy_registers[n]);
}

void load_register(struct builder *t, enum host_reg reg, unsigned r)
{
	if (t->state.known >> r & 1)
		emit_mov_r_imm(&t->e, reg, t->state.value[r]);
	else
		emit_mov_r_rm(&t->e, true, reg, place(t, r));
}

enum host_reg source_register(struct builder *t, unsigned r, enum host_reg scratch)
{
	struct operand o;

	if (!pinned[r] && (t->state.known >> r & 1)) {
		emit_mov_r_imm(&t->e, scratch, t->state.value[r]);
		return scratch;
	}
	o = source(t, r);
	if (!o.memory)
		return (enum host_reg)o.base;
	emit_mov_r_rm(&t->e, true, scratch, o);
	return scratch;
}

enum host_reg target(struct builder *t, unsigned r)
{
	int n = copy_of(t, r);

	if (pinned[r])
		return (enum host_reg)pinned[r];
	if (n < 0 && r)
		n = take_copy(t, r);
	if (n < 0)
		return RAX;
	t->locked |= 1u << n;
	return copy_registers[n];
}

/* Whether @r's new value is gone again before anything can leave the block. */
static bool overwritten_first(const struct builder *t, unsigned r)
{
	/* The branch of a delay slot leaves behind it. */
	if (t->trace->insn[t->index].delay_slot)
		return false;
	for (unsigned n = t->index + 1; n < t->trace->length; n++) {
		const struct trace_insn *i = &t->trace->insn[n];

		if (!cannot_leave(t, i))
			return false;
		if (i->destination == r)
			return true;
	}
	return false;
}

void finish(struct builder *t, unsigned r, enum host_reg reg)
{
	if (r == 0)
		return;
	t->state.known &= ~(UINT32_C(1) << r);
	t->state.pending &= ~(UINT32_C(1) << r);
	forget_copy(t, r);
	for (int n = 0; n < COPIES; n++) {
		if (copy_registers[n] != reg)
			continue;
		t->state.copy[n] = (uint8_t)r;
		if (overwritten_first(t, r)) {
			t->state.unsaved |= (uint8_t)(1u << n);
			return;
		}
		t->state.unsaved &= (uint8_t) ~(1u << n);
	}
	emit_mov_rm_r(&t->e, true, home(r), reg);
}
