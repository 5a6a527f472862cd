// SPDX-License-Identifier: GPL-2.0-or-later
/* One superblock from trace to host code: entry, instructions, exits, cold stubs. */
#include "translate.h"

#include <string.h>
#include <time.h>

#include "mips/arch.h"

/* The first-level line of @i, counted from the start of RAM. */
static uint32_t fetch_line(const struct builder *t, const struct trace_insn *i)
{
	uint64_t offset = (uint64_t)(t->trace->host_page[i->page] - t->jit->machine->ram) +
			  i->pc % MIPS_PAGE_SIZE;

	return (uint32_t)(offset >> t->cpu->fetch_lines.shift);
}

struct site *make_site(struct builder *t, enum site_kind kind)
{
	const struct trace_insn *i = &t->trace->insn[t->index];
	struct site *site = cache_allocate(t->jit, sizeof(*site));

	*site = (struct site){.kind = (uint8_t)kind,
			      .give_back = (uint16_t)(t->trace->length - t->index),
			      .word = i->word,
			      .pc = i->pc,
			      .block = t->block,
			      .fetch_line = fetch_line(t, i)};
	if (i->delay_slot) {
		site->target = t->slot.target;
		site->taken = t->slot.taken;
		site->not_taken = t->slot.not_taken;
	}
	return site;
}

static struct stub *add_stub(struct builder *t, uint8_t *place)
{
	struct stub *stub = &t->stub[t->stubs++];

	stub->place = place;
	stub->site = NULL;
	stub->link = NULL;
	stub->give_back = 0;
	stub->evaluate = false;
	stub->zero = ZERO_NONE;
	stub->state = t->state;
	return stub;
}

void add_site_stub(struct builder *t, uint8_t *place, struct site *site)
{
	struct stub *stub = add_stub(t, place);

	stub->site = site;
	if (site->target == TARGET_CONDITION) {
		stub->evaluate = t->slot.evaluate;
		stub->branch = t->slot.branch;
	}
}

void add_zero_stub(struct builder *t, uint8_t *place, struct site *site, bool dbl,
		   enum zero_rule rule)
{
	struct stub *stub;

	add_site_stub(t, place, site);
	stub = &t->stub[t->stubs - 1];
	stub->dbl = dbl;
	stub->zero = (uint8_t)rule;
	stub->back = emit_here(&t->e);
}

static struct link *make_link(struct builder *t, uint64_t pc)
{
	struct link *link = &t->link[t->links++];
	uint64_t from = t->trace->insn[t->index].pc;
	uint64_t page = from & ~(MIPS_PAGE_SIZE - 1);

	*link = (struct link){.target = pc};
	link->same_page =
		(pc & ~(MIPS_PAGE_SIZE - 1)) == page || address_unmapped(t->trace->key, pc);
	link->same_line = (t->trace->key & KEY_LINES) &&
			  pc >> t->cpu->fetch_lines.shift == from >> t->cpu->fetch_lines.shift;
	return link;
}

void add_exit_stub(struct builder *t, uint8_t *place, uint64_t pc, unsigned executed)
{
	struct stub *stub = add_stub(t, place);

	stub->link = make_link(t, pc);
	stub->give_back = (uint16_t)(t->trace->length - executed);
}

static void emit_site_jump(struct emitter *e, const struct site *site, const uint8_t *thunk)
{
	emit_mov_r_imm(e, RAX, (uint64_t)(uintptr_t)site);
	emit_jmp_to(e, thunk);
}

void emit_interpret(struct builder *t, const struct trace_insn *i)
{
	struct site *site = make_site(t, SITE_INTERPRET);

	settle(t);
	if (site->target == TARGET_CONDITION && t->slot.evaluate) {
		enum condition cc = emit_compare(t, t->slot.branch);

		emit_setcc(&t->e, cc, FRAME_FIELD(condition));
	}
	emit_site_jump(&t->e, site, t->jit->thunk_site);
	site->resume = emit_here(&t->e);
	t->state.known &= ~(UINT32_C(1) << i->destination) | 1;
	t->state.word &= ~(UINT32_C(1) << i->destination);
	forget_copy(t, i->destination);
}

struct site *interpret_if(struct builder *t, enum condition cc)
{
	uint8_t *place = emit_jcc(&t->e, cc);
	struct site *site = make_site(t, SITE_INTERPRET);

	add_site_stub(t, place, site);
	return site;
}

/* Checks that the page of the present instruction is mapped as it was at translation. */
static void emit_page_check(struct builder *t, const struct trace_insn *i)
{
	uint64_t page = i->pc & ~(MIPS_PAGE_SIZE - 1);
	int32_t entry =
		(int32_t)(page / MIPS_PAGE_SIZE % SOFTTLB_ENTRIES * sizeof(struct softtlb_entry));
	uint64_t addend = (uint64_t)(uintptr_t)t->trace->host_page[i->page] - page;

	emit_mov_r_rm(&t->e, true, RCX, CPU_FIELD(softtlb));
	emit_mov_r_imm(&t->e, RAX, page);
	emit_alu_r_rm(&t->e, true, ALU_CMP, RAX,
		      op_mem(RCX, entry + (int32_t)offsetof(struct softtlb_entry, fetch_tag)));
	add_site_stub(t, emit_jcc(&t->e, CC_NE), make_site(t, SITE_CONTINUE));
	emit_mov_r_imm(&t->e, RAX, addend);
	emit_alu_r_rm(&t->e, true, ALU_CMP, RAX,
		      op_mem(RCX, entry + (int32_t)offsetof(struct softtlb_entry, addend)));
	add_site_stub(t, emit_jcc(&t->e, CC_NE), make_site(t, SITE_CONTINUE));
}

/* Checks that the line of the present instruction is in the first-level cache. */
static struct site *emit_line_check(struct builder *t)
{
	struct site *site = make_site(t, SITE_FETCH);
	struct operand right = op_mem(RAX, (int32_t)site->fetch_line);

	site->access = ACCESS_FETCH;
	emit_mov_r_rm(&t->e, true, RAX, CPU_FIELD(fetch_lines.rights));
	if (site->fetch_line > INT32_MAX) {
		emit_mov_r_imm(&t->e, RCX, site->fetch_line);
		right = op_index(RAX, RCX, 0, 0);
	}
	emit_cmp8_rm_i(&t->e, right, RIGHT_NONE);
	add_site_stub(t, emit_jcc(&t->e, CC_E), site);
	site->resume = emit_here(&t->e);
	return site;
}

void emit_fetch_checks(struct builder *t, const struct trace_insn *i)
{
	if (i->check_page)
		emit_page_check(t, i);
	if (i->check_line)
		emit_line_check(t);
}

translate_function *translator_of(const struct insn *insn)
{
	static translate_function *const *const tables[] = {
		translate_int_table, translate_bits_table, translate_muldiv_table,
		translate_mem_table, translate_fpu_table,  translate_cp0_table,
	};

	for (size_t n = 0; n < sizeof(tables) / sizeof(tables[0]); n++) {
		if (tables[n][insn->id])
			return tables[n][insn->id];
	}
	return NULL;
}

/* Instructions that end a block elsewhere, but in unmapped kernel code cannot change what comes
 * after them in it: interrupts and modes are looked at after each. */
bool changes_translation(const struct insn *insn)
{
	switch (insn->id) {
	case INSN_ID_mtc0:
	case INSN_ID_dmtc0:
	case INSN_ID_di:
	case INSN_ID_ei:
	case INSN_ID_tlbr:
	case INSN_ID_tlbwi:
	case INSN_ID_tlbwr:
	case INSN_ID_tlbp:
	case INSN_ID_cache:
		return true;
	default:
		return false;
	}
}

/* Whether the instruction can stand in a translated block, translated or interpreted inside it. */
bool can_translate(const struct insn *insn, uint64_t pc, uint32_t key)
{
	if (insn->class == CLASS_BRANCH || insn->class == CLASS_BRANCH_LIKELY ||
	    insn->class == CLASS_JUMP)
		return !(insn->flags & INSN_FPU) || !(key & KEY_CAREFUL);
	if (changes_translation(insn))
		return address_unmapped(key, pc);
	return !(insn->flags & INSN_ENDS);
}

bool exact_here(const struct insn *insn, uint32_t key)
{
	if ((insn->flags & INSN_OP64) && !(key & KEY_OPS64))
		return false;
	return !(insn->flags & INSN_FPU) || !(key & KEY_CAREFUL);
}

static exec_handler *const handlers[INSN_COUNT] = {
#define INSN(name, mnemonic, mask, match, format, class, flags) exec_##name,
#include "../cpu/insn.def"
#undef INSN
};

exec_handler *insn_handler(unsigned id)
{
	return handlers[id];
}

/* Whether the result of @i follows from register values that are all known; then folds it by
 * running the interpreter's handler on a scratch CPU. */
static bool fold(struct builder *t, const struct trace_insn *i)
{
	const struct insn *insn = i->insn;
	unsigned rs = field_rs(i->word), rt = field_rt(i->word);
	uint32_t needed = UINT32_C(1) << rs | UINT32_C(1) << rt;
	struct cpu *scratch = t->jit->folding;

	if (insn->class != CLASS_INT || (insn->flags & (INSN_TRAPS | INSN_FPU)) ||
	    i->destination == 0)
		return false;
	switch (insn->format) {
	case FORMAT_RT_RS_SIMM:
	case FORMAT_RT_RS_UIMM:
	case FORMAT_RD_RS:
		needed = UINT32_C(1) << rs;
		break;
	case FORMAT_RT_UIMM:
		needed = 0;
		break;
	case FORMAT_RD_RT_SA:
	case FORMAT_RD_RT:
		needed = UINT32_C(1) << rt;
		break;
	case FORMAT_RD_RS_RT:
	case FORMAT_RD_RT_RS:
		if (insn->id == INSN_ID_movz || insn->id == INSN_ID_movn || insn->id == INSN_ID_mul)
			return false;
		break;
	default: /* EXT and INS may be reserved instructions, by their fields */
		return false;
	}
	if (needed & ~t->state.known)
		return false;
	memcpy(scratch->gpr, t->state.value, sizeof(scratch->gpr));
	scratch->ops_64bit = 1;
	if (handlers[insn->id](scratch, i->word) != EXEC_OK)
		return false;
	set_known(t, i->destination, scratch->gpr[i->destination]);
	return true;
}

/*
 * Before the first floating-point instruction of a block: the FPU must be usable with 64-bit
 * registers, FCSR must say round to nearest, no exception enabled, no flush to zero. Otherwise the
 * careful variant goes on, which leaves floating point to the interpreter.
 */
void check_fpu(struct builder *t, const struct trace_insn *i)
{
	struct site *site;

	if (!(i->insn->flags & INSN_FPU) || t->fpu_checked)
		return;
	t->fpu_checked = true;
	site = make_site(t, SITE_CONTINUE);
	site->careful = true;
	emit_cmp8_rm_i(&t->e, CPU_FIELD(fpu_usable), 0);
	add_site_stub(t, emit_jcc(&t->e, CC_E), site);
	emit_cmp8_rm_i(&t->e, CPU_FIELD(fr), 0);
	add_site_stub(t, emit_jcc(&t->e, CC_E), site);
	emit_test_rm_i(&t->e, false, CPU_FIELD(fcr31),
		       (int32_t)(FCSR_RM | FCSR_FS | 0x1fu << FCSR_ENABLE_SHIFT));
	add_site_stub(t, emit_jcc(&t->e, CC_NE), site);
}

void translate_plain(struct builder *t, const struct trace_insn *i)
{
	translate_function *f = translator_of(i->insn);

	t->locked = 0;
	emit_fetch_checks(t, i);
	if (exact_here(i->insn, t->trace->key)) {
		check_fpu(t, i);
		if (fold(t, i))
			return;
		if (f && f(t, i)) {
			/* Status.CU1 and FR may be others now. */
			if (changes_translation(i->insn))
				t->fpu_checked = false;
			return;
		}
	}
	emit_interpret(t, i);
	if (i->insn->id == INSN_ID_ctc1 || changes_translation(i->insn))
		t->fpu_checked = false;
}

/* Goes back to the hot path when doubling @value (which drops the sign) gives zero. */
static void back_if_zero(struct emitter *e, bool dbl, struct operand value, const uint8_t *back)
{
	emit_mov_r_rm(e, dbl, RAX, value);
	emit_alu_r_rm(e, dbl, ALU_ADD, RAX, op_reg(RAX));
	emit_jcc_to(e, CC_E, back);
}

static void emit_zero_checks(struct builder *t, const struct stub *stub)
{
	struct emitter *e = &t->e;
	uint8_t *not_zero;

	emit_movq_r_xmm(e, stub->dbl, RAX, 0);
	emit_alu_r_rm(e, stub->dbl, ALU_ADD, RAX, op_reg(RAX));
	if (stub->zero == ZERO_EXACT) {
		emit_jcc_to(e, CC_E, stub->back);
		return;
	}
	not_zero = emit_jcc(e, CC_NE);
	back_if_zero(e, stub->dbl || stub->zero == ZERO_OF_DOUBLE, FRAME_FIELD(fp_operand[0]),
		     stub->back);
	if (stub->zero == ZERO_OF_EITHER)
		back_if_zero(e, stub->dbl, FRAME_FIELD(fp_operand[1]), stub->back);
	emit_patch(e, not_zero, emit_here(e));
}

/* The thunk comes back here. Behind the jump, in what the host has just fetched, lies what it needs
 * to know: the site itself is hardly ever in the host's caches. */
static void emit_line_stub(struct builder *t, struct site *site)
{
	const struct line_site line = {
		.at_entry = site->kind == SITE_FETCH && !site->give_back,
		.fetch = site->kind == SITE_FETCH,
		.access = site->access,
		.base = (uint8_t)field_rs(site->word),
		.index = site->index_address ? (uint8_t)field_rt(site->word) : 0,
		.length = (uint8_t)t->trace->length,
		.give_back = site->give_back,
		.offset = site->offset,
		.fetch_line = site->fetch_line,
		.pc = site->pc,
		.site = site,
	};

	emit_call_to(&t->e, t->jit->thunk_line);
	emit_jmp_to(&t->e, site->resume);
	emit_data(&t->e, &line, sizeof(line));
}

static void emit_stub(struct builder *t, struct stub *stub)
{
	struct emitter *e = &t->e;

	if (stub->place)
		emit_patch(e, stub->place, emit_here(e));
	t->state = stub->state;
	if (stub->zero != ZERO_NONE)
		emit_zero_checks(t, stub);
	if (stub->site) {
		settle(t);
		if (stub->evaluate) {
			enum condition cc = emit_compare(t, stub->branch);

			emit_setcc(e, cc, FRAME_FIELD(condition));
		}
		if (stub->site->kind == SITE_LINE || stub->site->kind == SITE_FETCH) {
			emit_line_stub(t, stub->site);
		} else {
			emit_site_jump(e, stub->site, t->jit->thunk_site);
		}
		return;
	}
	/* A link: where nothing is to be done before it, the jump itself is what gets patched. */
	if (stub->give_back || unsettled(t)) {
		settle(t);
		if (stub->give_back)
			emit_alu_rm_i(e, true, ALU_ADD, op_reg(REG_BUDGET), stub->give_back);
		stub->link->place = emit_jmp(e);
	} else {
		stub->link->place = stub->place;
	}
	emit_patch(e, stub->link->place, emit_here(e));
	stub->link->stub = emit_here(e);
	/* The links are copied to their final place when the block is complete; see below. */
	emit_mov_r_imm(e, RAX, (uint64_t)(uintptr_t)&t->block->links[stub->link - t->link]);
	emit_jmp_to(e, t->jit->thunk_link);
}

/* The entry that verifies the mapping, and the charge of the block's length. */
static void emit_entry(struct builder *t)
{
	struct block *block = t->block;
	struct site *site;

	t->index = 0;
	block->checked_entry = emit_here(&t->e);
	if (!address_unmapped(t->trace->key, t->trace->va)) {
		size_t first = t->stubs;

		emit_page_check(t, &t->trace->insn[0]);
		for (size_t n = first; n < t->stubs; n++)
			t->stub[n].site->give_back = 0; /* nothing charged yet */
	}
	block->entry = emit_here(&t->e);
	if (t->trace->key & KEY_LINES)
		emit_line_check(t)->give_back = 0;
	block->line_entry = emit_here(&t->e);
	emit_alu_rm_i(&t->e, true, ALU_SUB, op_reg(REG_BUDGET), (int32_t)t->trace->length);
	site = make_site(t, SITE_CONTINUE);
	add_site_stub(t, emit_jcc(&t->e, CC_S), site);
	if (t->jit->profile) {
		emit_mov_r_imm(&t->e, RAX, (uint64_t)(uintptr_t)&block->executions);
		emit_alu_rm_i(&t->e, true, ALU_ADD, op_mem(RAX, 0), 1);
	}
}

/* Register jump: target in RAX. */
static void emit_indirect(struct builder *t)
{
	struct emitter *e = &t->e;
	struct ibtc_entry *table = cache_ibtc(t->jit, t->trace->key);

	emit_mov_r_rm(e, false, RCX, op_reg(RAX));
	emit_alu_rm_i(e, false, ALU_AND, op_reg(RCX), (IBTC_ENTRIES - 1) << 2);
	emit_mov_r_imm(e, RDX, (uint64_t)(uintptr_t)table);
	emit_alu_r_rm(e, true, ALU_CMP, RAX, op_index(RDX, RCX, 2, 0));
	emit_jcc_to(e, CC_NE, t->jit->thunk_indirect);
	emit_jmp_rm(e, op_index(RDX, RCX, 2, (int32_t)offsetof(struct ibtc_entry, target)));
}

static void emit_end(struct builder *t)
{
	struct trace *trace = t->trace;
	struct site *site;

	t->index = trace->length - 1;
	switch (trace->end) {
	case END_LINK:
		settle(t);
		add_exit_stub(t, emit_jmp(&t->e), trace->next, trace->length);
		t->link[t->links - 1].middle = (trace->key & KEY_SHORT) &&
					       trace->next == trace->insn[t->index].pc + 4 &&
					       !trace->insn[t->index].delay_slot;
		break;
	case END_INDIRECT:
		emit_indirect(t);
		break;
	case END_INTERPRET:
		settle(t);
		site = make_site(t, SITE_INTERPRET);
		site->pc = trace->next;
		site->word = trace->next_word;
		site->give_back = 0;
		site->target = TARGET_NONE;
		emit_site_jump(&t->e, site, t->jit->thunk_site);
		break;
	default: /* the branch has emitted its exits */
		break;
	}
}

static void fill_block(struct builder *t)
{
	struct block *block = t->block;
	const struct trace *trace = t->trace;

	block->va = trace->va;
	block->key = trace->key;
	block->length = (uint16_t)trace->length;
	block->host_page = trace->host_page[0];
	block->guest = t->cpu->guest;
	block->pages = (uint8_t)trace->pages;
	for (unsigned p = 0; p < trace->pages; p++) {
		block->page[p].block = block;
		block->page[p].page =
			(uint32_t)((size_t)(trace->host_page[p] - t->jit->machine->ram) /
				   MIPS_PAGE_SIZE);
		block->first_word[p] = MIPS_PAGE_SIZE;
		block->last_word[p] = 0;
	}
	for (unsigned n = 0; n < trace->length; n++) {
		const struct trace_insn *i = &trace->insn[n];
		uint32_t offset = (uint32_t)(i->pc % MIPS_PAGE_SIZE);

		if (offset < block->first_word[i->page])
			block->first_word[i->page] = offset;
		if (offset > block->last_word[i->page])
			block->last_word[i->page] = offset;
	}
}

static void finish_block(struct builder *t)
{
	struct block *block = t->block;

	block->link_count = (uint16_t)t->links;
	memcpy(block->links, t->link, t->links * sizeof(t->link[0]));
	for (unsigned n = 0; n < t->links; n++)
		block->links[n].from = block;
	cache_add(t->jit, block, &t->e);
	for (unsigned n = 0; n < t->links; n++) {
		struct link *link = &block->links[n];

		if (link->target == block->va && link->same_page && !(block->key & KEY_VARIANTS) &&
		    !t->jit->single)
			cache_link(t->jit, link, block);
	}
}

static uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct block *translate(struct translator *jit, struct cpu *cpu, struct trace *trace)
{
	static _Thread_local struct builder builder;
	struct builder *t = &builder;
	uint64_t start = nanoseconds();
	unsigned n = 0;

	t->jit = jit;
	t->cpu = cpu;
	t->trace = trace;
	t->stubs = 0;
	t->links = 0;
	t->fpu_checked = false;
	t->in_stub = false;
	t->skip = false;
	t->locked = 0;
	t->state = (struct register_state){.known = 1}; /* $zero */
	cache_begin(jit, &t->e);
	t->block = cache_allocate(jit, sizeof(*t->block));
	*t->block = (struct block){0};
	fill_block(t);
	emit_entry(t);
	while (n < trace->length) {
		const struct trace_insn *i = &trace->insn[n];

		t->index = n;
		t->locked = 0;
		if (i->insn->class == CLASS_BRANCH || i->insn->class == CLASS_BRANCH_LIKELY ||
		    i->insn->class == CLASS_JUMP) {
			n += translate_branch(t, i);
		} else {
			translate_plain(t, i);
			n += t->skip ? 2 : 1;
			t->skip = false;
		}
	}
	emit_end(t);
	t->block->links = cache_allocate(jit, t->links * sizeof(struct link));
	t->in_stub = true;
	t->block->hot_size = (uint32_t)(emit_here(&t->e) - t->block->checked_entry);
	for (unsigned s = 0; s < t->stubs; s++)
		emit_stub(t, &t->stub[s]);
	if (t->e.overflow)
		return NULL;
	finish_block(t);
	jit->stats.blocks++;
	jit->stats.instructions += trace->length;
	jit->stats.translate_ns += nanoseconds() - start;
	return t->block;
}
