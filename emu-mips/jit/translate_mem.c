// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loads and stores. The hot path compares with the software TLB's entry (the alignment is part of
 * the compare) and accesses RAM; a miss goes to C code, which fills the entry and has the access
 * tried again, or leaves the instruction to the interpreter. Members of an access group use the
 * host pointer of its head; see group.c.
 */
#include "translate.h"

#include "emu/link.h"
#include "mips/arch.h"

#define PAGE_BITS	   12
#define ENTRY_BITS	   5 /* log2(sizeof(struct softtlb_entry)) */
#define INDEX_MASK	   ((SOFTTLB_ENTRIES - 1) << ENTRY_BITS)
#define ENTRY_FIELD(field) ((int32_t)offsetof(struct softtlb_entry, field))

/* One access: its address, and what the software TLB must grant. */
struct access_plan {
	unsigned base, index; /* registers; index 0: none */
	int32_t offset;
	unsigned size; /* alignment required */
	unsigned span; /* the access goes on to the cell of @size bytes at address + span */
	bool write;
	bool grouped;
	bool lines_later; /* the caller checks the first-level line */
};

static struct site *memory_site(struct builder *t, const struct access_plan *plan)
{
	struct site *site = make_site(t, SITE_MEMORY);

	site->access = plan->write ? ACCESS_WRITE : ACCESS_READ;
	site->size = (uint8_t)plan->size;
	site->span = (uint16_t)plan->span;
	site->offset = plan->offset;
	site->careful = plan->grouped;
	site->index_address = plan->index != 0;
	site->host_page = t->trace->host_page[t->trace->insn[t->index].page];
	return site;
}

/* RAX = guest address. */
static void emit_address(struct builder *t, const struct access_plan *plan)
{
	struct emitter *e = &t->e;
	uint64_t value;

	struct operand base = op_reg(RAX);

	if (!value_known(t, plan->base, &value))
		base = register_place(t, plan->base);
	if (!base.memory && !operand_is(base, RAX) && plan->offset && !plan->index) {
		emit_lea(e, true, RAX, op_mem((enum host_reg)base.base, plan->offset));
	} else {
		load_register(t, RAX, plan->base);
		if (plan->index)
			emit_alu_r_rm(e, true, ALU_ADD, RAX, register_place(t, plan->index));
		if (plan->offset)
			emit_alu_rm_i(e, true, ALU_ADD, op_reg(RAX), plan->offset);
	}
	if (t->trace->key & KEY_ADDRESS32)
		emit_load(e, LOAD_S32, RAX, op_reg(RAX));
}

/* RCX = offset of the entry for the address in RAX. */
static void emit_index(struct builder *t)
{
	if (t->jit->has_bmi2) {
		emit_rorx(&t->e, false, RCX, op_reg(RAX), PAGE_BITS - ENTRY_BITS);
	} else {
		emit_mov_r_rm(&t->e, false, RCX, op_reg(RAX));
		emit_shift_i(&t->e, false, SHIFT_SHR, op_reg(RCX), PAGE_BITS - ENTRY_BITS);
	}
	emit_alu_rm_i(&t->e, false, ALU_AND, op_reg(RCX), INDEX_MASK);
}

/*
 * Memory model `ccnuma`: the host address @at must lie in a first-level line with the right to it;
 * @scratch is clobbered. A miss asks the model and comes back at @again.
 */
static void emit_line_check(struct builder *t, const struct access_plan *plan, struct operand at,
			    enum host_reg scratch, const uint8_t *again)
{
	struct emitter *e = &t->e;
	struct site *site;

	if (!(t->trace->key & KEY_LINES))
		return;
	site = memory_site(t, plan);
	site->kind = SITE_LINE;
	site->resume = again;
	emit_lea(e, true, scratch, at);
	emit_shift_i(e, true, SHIFT_SHR, op_reg(scratch), t->cpu->data_lines.shift);
	emit_alu_r_rm(e, true, ALU_ADD, scratch, CPU_FIELD(data_lines.base));
	emit_cmp8_rm_i(e, op_mem(scratch, 0), plan->write ? RIGHT_WRITE : RIGHT_READ);
	add_site_stub(t, emit_jcc(e, CC_B), site);
}

/*
 * RAX = host address of the access. One compare covers the page and the alignment, and with a span
 * also that the last cell is in the same page: the entry found by the first address can only hold
 * the page of the last one when that is the same page. Returns where to try it again.
 */
static const uint8_t *emit_host_address(struct builder *t, const struct access_plan *plan)
{
	struct emitter *e = &t->e;
	int32_t tag = plan->write ? ENTRY_FIELD(write_tag) : ENTRY_FIELD(read_tag);
	struct site *site = memory_site(t, plan);
	struct operand softtlb, entry;
	uint64_t value;

	/* What is emitted from here to the compare is executed again after a miss: no registers may
	 * change places in it. */
	if (!value_known(t, plan->base, &value))
		source(t, plan->base);
	if (plan->index)
		source(t, plan->index);
	softtlb = source(t, VIRTUAL_SOFTTLB);
	site->resume = emit_here(e);
	emit_address(t, plan);
	emit_index(t);
	if (plan->span)
		emit_lea(e, true, RDX, op_mem(RAX, (int32_t)plan->span));
	else
		emit_mov_r_rm(e, true, RDX, op_reg(RAX));
	emit_alu_rm_i(e, true, ALU_AND, op_reg(RDX),
		      -(int32_t)MIPS_PAGE_SIZE | (int32_t)(plan->size - 1));
	if (softtlb.memory) {
		emit_alu_r_rm(e, true, ALU_ADD, RCX, softtlb);
		entry = op_mem(RCX, tag);
	} else {
		entry = op_index((enum host_reg)softtlb.base, RCX, 0, tag);
	}
	emit_alu_r_rm(e, true, ALU_CMP, RDX, entry);
	add_site_stub(t, emit_jcc(e, CC_NE), site);
	site->resumable =
		site->target == TARGET_NONE && !(t->trace->key & KEY_LINES) && survives_refill(t);
	entry.disp = ENTRY_FIELD(addend);
	emit_alu_r_rm(e, true, ALU_ADD, RAX, entry);
	if (!plan->grouped && !plan->lines_later)
		emit_line_check(t, plan, op_mem(RAX, 0), RCX, site->resume);
	return site->resume;
}

/* Member @i of a group, whose pointer is in @pointer or, where that is RAX, in its home too. */
static struct operand group_access(struct builder *t, const struct trace_insn *i,
				   const struct access_plan *plan, enum host_reg pointer)
{
	const uint8_t *again = emit_here(&t->e);

	if (pointer == RAX && (t->trace->key & KEY_LINES))
		emit_mov_r_rm(&t->e, true, RAX, FRAME_FIELD(group[i->group]));
	/* Of an unaligned access the addressed byte, which lies in the aligned word. */
	emit_line_check(t, plan,
			op_mem(pointer, i->group_offset + (int32_t)unaligned_bias(i->insn)), RCX,
			again);
	return op_mem(pointer, i->group_offset);
}

/* The operand in host memory that instruction @i (base and offset) accesses. */
static struct operand emit_access(struct builder *t, const struct trace_insn *i, bool write)
{
	struct access_plan plan = {.base = field_rs(i->word),
				   .offset = (int32_t)field_simm(i->word),
				   .size = access_size(i->insn),
				   .write = write};
	enum host_reg pointer;

	if (i->group < 0) {
		emit_host_address(t, &plan);
		return op_mem(RAX, 0);
	}
	if (i->group_head) {
		const struct access_group *group = &t->trace->group[i->group];
		struct access_plan whole = {.base = plan.base,
					    .offset = group->head_offset,
					    .size = group->alignment,
					    .span = group->span,
					    .write = group->write,
					    .grouped = true};

		emit_host_address(t, &whole);
		pointer = target(t, VIRTUAL_GROUP + (unsigned)i->group);
		emit_mov_r_rm(&t->e, true, pointer, op_reg(RAX));
		finish(t, VIRTUAL_GROUP + (unsigned)i->group, pointer);
	} else {
		pointer = source_register(t, VIRTUAL_GROUP + (unsigned)i->group, RAX);
	}
	return group_access(t, i, &plan, pointer);
}

static bool load(struct builder *t, const struct trace_insn *i, enum load_kind kind)
{
	unsigned rt = field_rt(i->word);
	enum host_reg dst = target(t, rt);
	struct operand from = emit_access(t, i, false);

	emit_load(&t->e, kind, dst, from);
	if (kind == LOAD_64 || kind == LOAD_U32)
		finish(t, rt, dst);
	else
		finish_word(t, rt, dst);
	return true;
}

#define LOAD(name, kind)                                                                           \
	static bool t_##name(struct builder *t, const struct trace_insn *i)                        \
	{                                                                                          \
		return load(t, i, kind);                                                           \
	}
LOAD(lb, LOAD_S8)
LOAD(lbu, LOAD_U8)
LOAD(lh, LOAD_S16)
LOAD(lhu, LOAD_U16)
LOAD(lw, LOAD_S32)
LOAD(lwu, LOAD_U32)
LOAD(ld, LOAD_64)

static bool store(struct builder *t, const struct trace_insn *i)
{
	unsigned rt = field_rt(i->word);
	unsigned size = i->pair ? unaligned_size(i->insn) : access_size(i->insn);
	struct operand to = emit_access(t, i, true);
	uint64_t value;

	if (size == 8 && value_known(t, rt, &value) && fits_s32((int64_t)value)) {
		emit_mov_rm_i(&t->e, true, to, (int32_t)value);
		return true;
	}
	if (size == 4 && value_known(t, rt, &value)) {
		emit_mov_rm_i(&t->e, false, to, (int32_t)value);
		return true;
	}
	emit_store(&t->e, size, to,
		   size == 8 ? source_register(t, rt, RCX) : source_register_low(t, rt, RCX));
	return true;
}

/* ---- Floating-point registers: fpr[n], FR = 1 ---- */

static struct operand fpr(unsigned n)
{
	return cpu_field(offsetof(struct cpu, fpr) + n * sizeof(uint64_t));
}

static bool load_fpr(struct builder *t, unsigned n, bool wide, struct operand from)
{
	emit_mov_r_rm(&t->e, wide, RCX, from);
	emit_mov_rm_r(&t->e, wide, fpr(n), RCX);
	return true;
}

static bool store_fpr(struct builder *t, unsigned n, bool wide, struct operand to)
{
	emit_mov_r_rm(&t->e, wide, RCX, fpr(n));
	emit_mov_rm_r(&t->e, wide, to, RCX);
	return true;
}

static bool t_lwc1(struct builder *t, const struct trace_insn *i)
{
	return load_fpr(t, field_ft(i->word), false, emit_access(t, i, false));
}

static bool t_ldc1(struct builder *t, const struct trace_insn *i)
{
	return load_fpr(t, field_ft(i->word), true, emit_access(t, i, false));
}

static bool t_swc1(struct builder *t, const struct trace_insn *i)
{
	return store_fpr(t, field_ft(i->word), false, emit_access(t, i, true));
}

static bool t_sdc1(struct builder *t, const struct trace_insn *i)
{
	return store_fpr(t, field_ft(i->word), true, emit_access(t, i, true));
}

static void emit_indexed(struct builder *t, const struct trace_insn *i, unsigned size, bool write)
{
	struct access_plan plan = {.base = field_rs(i->word),
				   .index = field_rt(i->word),
				   .size = size,
				   .write = write};

	emit_host_address(t, &plan);
}

static bool t_lwxc1(struct builder *t, const struct trace_insn *i)
{
	emit_indexed(t, i, 4, false);
	return load_fpr(t, field_fd(i->word), false, op_mem(RAX, 0));
}

static bool t_ldxc1(struct builder *t, const struct trace_insn *i)
{
	emit_indexed(t, i, 8, false);
	return load_fpr(t, field_fd(i->word), true, op_mem(RAX, 0));
}

static bool t_swxc1(struct builder *t, const struct trace_insn *i)
{
	emit_indexed(t, i, 4, true);
	return store_fpr(t, field_fs(i->word), false, op_mem(RAX, 0));
}

static bool t_sdxc1(struct builder *t, const struct trace_insn *i)
{
	emit_indexed(t, i, 8, true);
	return store_fpr(t, field_fs(i->word), true, op_mem(RAX, 0));
}

/* ---- LL, SC ---- */

/* RAX = host address to physical address; clobbers RDX. */
static void emit_physical(struct builder *t)
{
	struct emitter *e = &t->e;

	emit_mov_r_imm(e, RDX, (uint64_t)(uintptr_t)t->jit->machine->ram);
	emit_alu_r_rm(e, true, ALU_SUB, RAX, op_reg(RDX));
	emit_lea(e, true, RDX, op_mem(RAX, (int32_t)(DEVICE_HOLE_END - DEVICE_HOLE_START)));
	emit_alu_rm_i(e, true, ALU_CMP, op_reg(RAX), (int32_t)DEVICE_HOLE_START);
	emit_cmov(e, true, CC_AE, RAX, op_reg(RDX));
}

/* As link_in_use(). */
static bool links_shared(const struct builder *t)
{
	return t->jit->machine->links && !(t->trace->key & KEY_LINES);
}

/* RDX = address of the version of the line at the host address in RAX. */
static void emit_link_line(struct builder *t, enum host_reg host)
{
	struct emitter *e = &t->e;
	const uint32_t mask = (LINK_LINES - 1) * LINK_LINE;

	emit_mov_r_imm(e, RDX, mask);
	emit_alu_r_rm(e, true, ALU_AND, RDX, op_reg(host));
	emit_mov_r_imm(e, RAX, (uint64_t)(uintptr_t)t->jit->machine->links);
	emit_alu_r_rm(e, true, ALU_ADD, RDX, op_reg(RAX));
}

/* The load of an LL with several host threads, from the host address in RAX to RCX: the version
 * first. Keeps RAX. */
static void emit_link_load(struct builder *t, unsigned size)
{
	struct emitter *e = &t->e;

	emit_mov_r_rm(e, true, RCX, op_reg(RAX));
	emit_link_line(t, RCX);
	emit_mov_r_rm(e, true, RAX, op_reg(RCX));
	emit_mov_r_rm(e, true, RDX, op_mem(RDX, 0));
	emit_mov_rm_r(e, true, CPU_FIELD(linked_version), RDX);
	emit_load(e, size == 4 ? LOAD_S32 : LOAD_64, RCX, op_mem(RAX, 0));
	emit_mov_rm_r(e, true, CPU_FIELD(linked_value), RCX);
}

/*
 * The store of an SC with several host threads, as link_store(), at the host address in RCX. When
 * it fails it leaves everything as it was, and the interpreter finds the same. Returns that site.
 */
static struct site *emit_link_store(struct builder *t, unsigned rt, unsigned size)
{
	struct emitter *e = &t->e;
	uint8_t *busy, *passed, *stored;
	struct site *failed;

	emit_link_line(t, RCX);
	emit_lock_bts(e, op_mem(RDX, 0), 0);
	busy = emit_jcc(e, CC_B);
	emit_mov_r_rm(e, true, RAX, CPU_FIELD(linked_version));
	emit_alu_rm_i(e, true, ALU_ADD, op_reg(RAX), 1);
	emit_alu_r_rm(e, true, ALU_CMP, RAX, op_mem(RDX, 0));
	passed = emit_jcc(e, CC_NE);
	emit_mov_rm_r(e, true, FRAME_FIELD(link_line), RDX);
	load_register(t, RDX, rt);
	emit_mov_r_rm(e, true, RAX, CPU_FIELD(linked_value));
	emit_lock_cmpxchg(e, size == 8, op_mem(RCX, 0), RDX);
	emit_mov_r_rm(e, true, RDX, FRAME_FIELD(link_line));
	stored = emit_jcc(e, CC_E);
	emit_patch(e, passed, emit_here(e));
	emit_alu_rm_i(e, true, ALU_SUB, op_mem(RDX, 0), 1);
	emit_patch(e, busy, emit_here(e));
	emit_alu_r_rm(e, true, ALU_CMP, RDX, op_reg(RDX));
	failed = interpret_if(t, CC_E);
	emit_patch(e, stored, emit_here(e));
	emit_alu_rm_i(e, true, ALU_ADD, op_mem(RDX, 0), 1);
	return failed;
}

static bool load_linked(struct builder *t, const struct trace_insn *i, unsigned size)
{
	struct access_plan plan = {
		.base = field_rs(i->word), .offset = (int32_t)field_simm(i->word), .size = size};

	emit_host_address(t, &plan);
	if (links_shared(t))
		emit_link_load(t, size);
	else
		emit_load(&t->e, size == 4 ? LOAD_S32 : LOAD_64, RCX, op_mem(RAX, 0));
	emit_physical(t);
	emit_mov_rm_r(&t->e, true, CPU_FIELD(linked_address), RAX);
	emit_mov8_rm_i(&t->e, CPU_FIELD(linked), 1);
	finish(t, field_rt(i->word), RCX);
	return true;
}

static bool t_ll(struct builder *t, const struct trace_insn *i)
{
	return load_linked(t, i, 4);
}

static bool t_lld(struct builder *t, const struct trace_insn *i)
{
	return load_linked(t, i, 8);
}

/* A failing one is the interpreter's: it counts them. */
static bool store_conditional(struct builder *t, const struct trace_insn *i, unsigned size)
{
	struct access_plan plan = {.base = field_rs(i->word),
				   .offset = (int32_t)field_simm(i->word),
				   .size = size,
				   .write = true,
				   .lines_later = true};
	struct emitter *e = &t->e;
	struct site *broken, *elsewhere, *failed = NULL;
	unsigned rt = field_rt(i->word);
	const uint8_t *again;

	/* The slow paths come back behind all this. */
	settle_and_forget(t);
	again = emit_host_address(t, &plan);
	emit_mov_r_rm(e, true, RCX, op_reg(RAX));
	/* Behind the address, where a TLB refill, whose ERET ends the link, comes back to. */
	emit_cmp8_rm_i(e, CPU_FIELD(linked), 0);
	broken = interpret_if(t, CC_E);
	emit_physical(t);
	emit_alu_r_rm(e, true, ALU_CMP, RAX, CPU_FIELD(linked_address));
	elsewhere = interpret_if(t, CC_NE);
	emit_line_check(t, &plan, op_mem(RCX, 0), RAX, again);
	if (links_shared(t))
		failed = emit_link_store(t, rt, size);
	else
		emit_store(e, size, op_mem(RCX, 0), source_register(t, rt, RAX));
	emit_mov8_rm_i(e, CPU_FIELD(linked), 0);
	emit_mov_r_imm(e, RAX, 1);
	finish(t, rt, RAX);
	settle_and_forget(t);
	broken->resume = elsewhere->resume = emit_here(e);
	if (failed)
		failed->resume = emit_here(e);
	return true;
}

static bool t_sc(struct builder *t, const struct trace_insn *i)
{
	return store_conditional(t, i, 4);
}

static bool t_scd(struct builder *t, const struct trace_insn *i)
{
	return store_conditional(t, i, 8);
}

/* ---- Unaligned loads and stores, little-endian ---- */

/* RAX = host address of the addressed byte. */
static void emit_unaligned_address(struct builder *t, const struct trace_insn *i, bool write)
{
	struct access_plan plan = {.base = field_rs(i->word),
				   .offset = (int32_t)field_simm(i->word),
				   .size = 1,
				   .write = write};
	struct operand grouped;

	if (i->group < 0) {
		emit_host_address(t, &plan);
		return;
	}
	grouped = emit_access(t, i, write);
	grouped.disp += (int32_t)unaligned_bias(i->insn);
	emit_lea(&t->e, true, RAX, grouped);
}

/*
 * RAX = host address of the aligned word that holds the addressed byte, RCX = number of bits that
 * word is shifted by: for the right forms the bytes below the addressed one, for the left forms
 * those above it. Host and guest address agree in their low bits.
 */
static void emit_unaligned(struct builder *t, const struct trace_insn *i, unsigned size, bool left,
			   bool write)
{
	struct emitter *e = &t->e;

	emit_unaligned_address(t, i, write);
	emit_mov_r_rm(e, false, RCX, op_reg(RAX));
	emit_alu_rm_i(e, false, ALU_AND, op_reg(RCX), (int32_t)size - 1);
	if (left)
		emit_alu_rm_i(e, false, ALU_XOR, op_reg(RCX), (int32_t)size - 1);
	emit_shift_i(e, false, SHIFT_SHL, op_reg(RCX), 3);
	emit_alu_rm_i(e, true, ALU_AND, op_reg(RAX), -(int32_t)size);
}

/* The bytes loaded replace those at the top (left) or bottom (right) of rt. */
static bool unaligned_load(struct builder *t, const struct trace_insn *i, unsigned size, bool left)
{
	enum shift_op shift = left ? SHIFT_SHL : SHIFT_SHR;
	struct emitter *e = &t->e;
	unsigned rt = field_rt(i->word);
	bool wide = size == 8;

	if (i->pair == PAIR_FIRST)
		return load(t, i, wide ? LOAD_64 : LOAD_S32);
	if (i->pair == PAIR_SECOND)
		return true;
	emit_unaligned(t, i, size, left, false);
	emit_mov_r_rm(e, wide, RDX, op_mem(RAX, 0));
	emit_shift_cl(e, wide, shift, op_reg(RDX));
	emit_mov_rm_i(e, wide, op_reg(RAX), -1);
	emit_shift_cl(e, wide, shift, op_reg(RAX));
	emit_unary(e, wide, UNARY_NOT, op_reg(RAX));
	load_register(t, RCX, rt);
	emit_alu_r_rm(e, wide, ALU_AND, RAX, op_reg(RCX));
	emit_alu_r_rm(e, wide, ALU_OR, RAX, op_reg(RDX));
	if (!wide)
		emit_load(e, LOAD_S32, RAX, op_reg(RAX));
	finish(t, rt, RAX);
	return true;
}

/* The low 8..64 bits of RDX, as RCX says, go to memory at RAX, and no byte beside them: another
 * host thread may be writing those. */
static void emit_store_bits(struct builder *t, unsigned size)
{
	struct emitter *e = &t->e;

	for (unsigned part = size; part; part /= 2) {
		uint8_t *without;

		emit_test_rm_i(e, false, op_reg(RCX), (int32_t)(8 * part));
		without = emit_jcc(e, CC_E);
		emit_store(e, part, op_mem(RAX, 0), RDX);
		if (part < size) {
			emit_alu_rm_i(e, true, ALU_ADD, op_reg(RAX), (int32_t)part);
			emit_shift_i(e, true, SHIFT_SHR, op_reg(RDX), 8 * part);
		}
		emit_patch(e, without, emit_here(e));
	}
}

static bool unaligned_store_exact(struct builder *t, const struct trace_insn *i, unsigned size,
				  bool left)
{
	struct emitter *e = &t->e;

	/* RCX = bits that are not stored: below the addressed byte, or (left) above it. */
	emit_unaligned_address(t, i, true);
	emit_mov_r_rm(e, false, RCX, op_reg(RAX));
	emit_alu_rm_i(e, false, ALU_AND, op_reg(RCX), (int32_t)size - 1);
	if (left)
		emit_alu_rm_i(e, false, ALU_XOR, op_reg(RCX), (int32_t)size - 1);
	emit_shift_i(e, false, SHIFT_SHL, op_reg(RCX), 3);
	load_register(t, RDX, field_rt(i->word));
	if (left) {
		emit_alu_rm_i(e, true, ALU_AND, op_reg(RAX), -(int32_t)size);
		emit_shift_cl(e, size == 8, SHIFT_SHR, op_reg(RDX));
	}
	emit_unary(e, false, UNARY_NEG, op_reg(RCX));
	emit_alu_rm_i(e, false, ALU_ADD, op_reg(RCX), (int32_t)(8 * size));
	emit_store_bits(t, size);
	return true;
}

/* The top (left) or bottom (right) bytes of rt go to memory. */
static bool unaligned_store(struct builder *t, const struct trace_insn *i, unsigned size, bool left)
{
	enum shift_op shift = left ? SHIFT_SHR : SHIFT_SHL;
	struct emitter *e = &t->e;
	bool wide = size == 8;

	if (i->pair == PAIR_FIRST)
		return store(t, i);
	if (i->pair == PAIR_SECOND)
		return true;
	if (t->jit->machine->links)
		return unaligned_store_exact(t, i, size, left);
	emit_unaligned(t, i, size, left, true);
	emit_mov_rm_i(e, wide, op_reg(RDX), -1);
	emit_shift_cl(e, wide, shift, op_reg(RDX));
	emit_unary(e, wide, UNARY_NOT, op_reg(RDX));
	emit_alu_rm_r(e, wide, ALU_AND, op_mem(RAX, 0), RDX);
	load_register(t, RDX, field_rt(i->word));
	emit_shift_cl(e, wide, shift, op_reg(RDX));
	emit_alu_rm_r(e, wide, ALU_OR, op_mem(RAX, 0), RDX);
	return true;
}

#define UNALIGNED(name, kind, size, left)                                                          \
	static bool t_##name(struct builder *t, const struct trace_insn *i)                        \
	{                                                                                          \
		return unaligned_##kind(t, i, size, left);                                         \
	}
UNALIGNED(lwl, load, 4, true)
UNALIGNED(lwr, load, 4, false)
UNALIGNED(ldl, load, 8, true)
UNALIGNED(ldr, load, 8, false)
UNALIGNED(swl, store, 4, true)
UNALIGNED(swr, store, 4, false)
UNALIGNED(sdl, store, 8, true)
UNALIGNED(sdr, store, 8, false)

#define ROW(name) [INSN_ID_##name] = t_##name
translate_function *const translate_mem_table[INSN_COUNT] = {
	ROW(lb),
	ROW(ll),
	ROW(lld),
	ROW(sc),
	ROW(scd),
	ROW(lwl),
	ROW(lwr),
	ROW(ldl),
	ROW(ldr),
	ROW(swl),
	ROW(swr),
	ROW(sdl),
	ROW(sdr),
	ROW(lbu),
	ROW(lh),
	ROW(lhu),
	ROW(lw),
	ROW(lwu),
	ROW(ld),
	[INSN_ID_sb] = store,
	[INSN_ID_sh] = store,
	[INSN_ID_sw] = store,
	[INSN_ID_sd] = store,
	ROW(lwc1),
	ROW(ldc1),
	ROW(swc1),
	ROW(sdc1),
	ROW(lwxc1),
	ROW(ldxc1),
	ROW(swxc1),
	ROW(sdxc1),
};
