// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where translated code meets C code: entry and exit, software TLB misses, instructions of the
 * interpreter, links to be patched, indirect jump misses. The thunks save the pinned guest
 * registers to struct cpu, call the function, and jump to the address it returns with the registers
 * loaded again.
 */
#include "jit.h"

#include <string.h>
#include <xmmintrin.h>

#include "../cpu/fpu.h"
#include "translate.h"

#define MXCSR_CLEAR	    0x1f80u /* all exceptions masked, round to nearest, no flags */
#define MXCSR_PE	    0x20u
#define OPCODE_COP1X	    0x13

#define VISITS_BEFORE_BLOCK 3

uint32_t cpu_key(const struct cpu *cpu)
{
	uint32_t key = cpu->mode;

	if (cpu->fetch_lines.base)
		key |= KEY_LINES;
	if (cpu->address_32bit)
		key |= KEY_ADDRESS32;
	if (cpu->ops_64bit)
		key |= KEY_OPS64;
	if (cpu->mode == MODE_KERNEL && cpu->cp0[CP0_SEGCTL0] == UINT64_C(0x00200010) &&
	    cpu->cp0[CP0_SEGCTL1] == UINT64_C(0x00030002) &&
	    cpu->cp0[CP0_SEGCTL2] == UINT64_C(0x003a043a) &&
	    !((key & KEY_LINES) && (cpu->cp0[CP0_CONFIG] & CONFIG_K0) == CCA_UNCACHED))
		key |= KEY_SEGMENTS; /* uncached CKSEG0 has no entry in the software TLB */
	return key;
}

/* COP1: whether the operation has one operand (the ft field is not a register then). */
static bool is_unary(uint32_t word)
{
	return decode(word)->format == FORMAT_FD_FS;
}

/*
 * FCSR.Cause of the last floating-point operation: its handler is run once more on the operands
 * kept in the frame. Flags gets the inexact results of all operations since from MXCSR; other
 * exceptions take the slow path at once.
 */
static void settle_fpu(struct cpu *cpu, struct jit_frame *frame)
{
	uint32_t word = frame->fp_word;
	unsigned regs[4] = {field_fs(word), field_ft(word), field_fr(word), field_fd(word)};
	uint64_t saved[4];

	if (!word)
		return;
	frame->fp_word = 0;
	if (_mm_getcsr() & MXCSR_PE)
		cpu->fcr31 |= (uint32_t)FPU_INEXACT << FCSR_FLAGS_SHIFT;
	for (unsigned n = 0; n < 4; n++)
		saved[n] = cpu->fpr[regs[n]];
	/* Operand 2 only counts where the fr field is a register; equal registers hold equal
	 * operands, so the order of these does not matter. */
	if (word >> 26 == OPCODE_COP1X)
		cpu->fpr[regs[2]] = frame->fp_operand[2];
	if (word >> 26 == OPCODE_COP1X || !is_unary(word))
		cpu->fpr[regs[1]] = frame->fp_operand[1];
	cpu->fpr[regs[0]] = frame->fp_operand[0];
	insn_handler(decode(word)->id)(cpu, word);
	for (unsigned n = 4; n-- > 0;)
		cpu->fpr[regs[n]] = saved[n];
}

/* Brings cycles and instructions up to date; @give_back charged instructions have not been done. */
static void sync_cycles(struct cpu *cpu, const struct jit_frame *frame, unsigned give_back)
{
	uint64_t now = frame->limit - (uint64_t)(frame->budget + give_back);

	cpu->instructions += now - cpu->cycles;
	cpu->cycles = now;
}

static void sync_time(struct cpu *cpu, struct jit_frame *frame, unsigned give_back)
{
	sync_cycles(cpu, frame, give_back);
	settle_fpu(cpu, frame);
}

static void sync_site(struct cpu *cpu, struct jit_frame *frame, const struct site *site)
{
	sync_time(cpu, frame, site->give_back);
	cpu->pc = site->pc;
	cpu->in_delay_slot = site->target != TARGET_NONE;
	switch (site->target) {
	case TARGET_STATIC:
		cpu->branch_target = site->taken;
		break;
	case TARGET_CONDITION:
		cpu->branch_target = (uint8_t)frame->condition ? site->taken : site->not_taken;
		break;
	case TARGET_FRAME:
		cpu->branch_target = frame->jump_target;
		break;
	}
}

static bool must_leave(const struct cpu *cpu)
{
	return cpu->cycles >= cpu->limit || cpu->interrupt_pending || cpu->waiting ||
	       cpu->machine->stop || cpu->machine->yield;
}

/* Host address of the code at pc, or NULL when a fetch there is not plain RAM. */
static const uint8_t *fetch_page(struct cpu *cpu)
{
	uint64_t page = cpu->pc & ~(MIPS_PAGE_SIZE - 1);
	const struct softtlb_entry *entry =
		&cpu->softtlb->entry[page / MIPS_PAGE_SIZE % SOFTTLB_ENTRIES];
	bool exception;
	uint64_t pa;

	if (cpu->pc & 3)
		return NULL;
	if (entry->fetch_tag != page &&
	    !softtlb_fill(cpu, cpu->pc, ACCESS_FETCH, true, &pa, &exception))
		return NULL;
	if (entry->fetch_tag != page)
		return NULL;
	return (const uint8_t *)(uintptr_t)(page + entry->addend);
}

/* A block without code: remembers that the instruction is the interpreter's. */
static struct block *empty_block(struct translator *jit, struct cpu *cpu, uint32_t key,
				 const uint8_t *host_page)
{
	struct emitter e;
	struct block *block;

	cache_begin(jit, &e);
	block = cache_allocate(jit, sizeof(*block));
	*block = (struct block){.va = cpu->pc, .key = key, .host_page = host_page, .pages = 1};
	block->page[0].block = block;
	block->page[0].page = (uint32_t)((size_t)(host_page - jit->machine->ram) / MIPS_PAGE_SIZE);
	block->first_word[0] = block->last_word[0] = (uint32_t)(cpu->pc % MIPS_PAGE_SIZE);
	cache_add(jit, block, &e);
	return block;
}

/*
 * Whether code may be made of @page. Other host threads may be writing it now through their
 * software TLBs: then it is marked first, while no other CPU runs, and the CPU comes here again.
 */
static bool page_ready(struct translator *jit, struct cpu *cpu, const uint8_t *page)
{
	uint64_t offset = (uint64_t)(page - jit->machine->ram);

	if (!jit->machine->parallel ||
	    (jit->machine->page_flags[offset / MIPS_PAGE_SIZE] & PAGE_HAS_CODE))
		return true;
	if (jit->wanted_count < BLOCK_MAX_PAGES)
		jit->wanted[jit->wanted_count++] = offset;
	return machine_alone(cpu);
}

/* The block at the present pc with @variant, translated now if need be; NULL: interpret. */
static struct block *make_block(struct translator *jit, struct cpu *cpu, uint32_t variant,
				const uint8_t *host_page)
{
	static _Thread_local struct trace trace;
	uint32_t key = cpu_key(cpu) | variant;
	struct block *block = cache_find(jit, cpu->pc, key, host_page);
	bool ready = true;

	if (block)
		return block->length ? block : NULL;
	trace.pages = 0;
	if (!trace_build(jit, cpu, cpu->pc, key, &trace)) {
		if (page_ready(jit, cpu, host_page))
			empty_block(jit, cpu, key, host_page);
		return NULL;
	}
	for (unsigned p = 0; p < trace.pages; p++)
		ready &= page_ready(jit, cpu, trace.host_page[p]);
	if (!ready)
		return NULL;
	block = translate(jit, cpu, &trace);
	return block && block->length ? block : NULL;
}

/* Whether code without a block has been come to often enough to be translated. */
static bool worth_a_block(struct translator *jit, const struct cpu *cpu, uint32_t key)
{
	uint8_t *visits = &jit->visits[(cpu->pc / 4 ^ (uint64_t)key << 8) % VISIT_COUNTERS];

	if (*visits >= VISITS_BEFORE_BLOCK)
		return true;
	++*visits;
	return false;
}

static bool fits(const struct cpu *cpu, const struct block *block)
{
	return block && cpu->cycles + block->length <= cpu->limit;
}

/*
 * The block to enter now: the superblock, unless there is none and it is not worth one, or it does
 * not fit before the limit; then the short one. NULL: interpret, at least to the next branch, or
 * (*@to_limit) to the limit.
 */
static struct block *choose_block(struct translator *jit, struct cpu *cpu, enum arrival arrival,
				  bool *to_limit)
{
	const uint8_t *host_page = fetch_page(cpu);
	uint32_t key = cpu_key(cpu);
	struct block *block;

	if (!host_page)
		return NULL;
	if (arrival == ARRIVAL_CAREFUL) {
		block = make_block(jit, cpu, KEY_CAREFUL, host_page);
		return fits(cpu, block) ? block : NULL;
	}
	block = cache_find(jit, cpu->pc, key, host_page);
	if (!block) {
		if (!worth_a_block(jit, cpu, key))
			return NULL;
		block = make_block(jit, cpu, arrival == ARRIVAL_MIDDLE ? KEY_SHORT : 0, host_page);
	}
	if (!block || !block->length)
		return NULL;
	if (fits(cpu, block)) {
		if (!jit->single)
			cache_ibtc_set(jit, block);
		return block;
	}
	block = make_block(jit, cpu, KEY_SHORT, host_page);
	if (fits(cpu, block))
		return block;
	*to_limit = true;
	return NULL;
}

/* Interprets until behind the next branch and its delay slot (or exception), or to the limit. */
static void interpret(struct translator *jit, struct cpu *cpu, bool to_limit)
{
	bool slot;

	do {
		uint64_t pc = cpu->pc;

		slot = cpu->in_delay_slot;
		jit->stats.interpreted++;
		interpreter_step(cpu);
		slot |= cpu->pc != pc + 4;
	} while ((to_limit || !slot || cpu->in_delay_slot) && !must_leave(cpu));
}

/* The checked entry of the superblock at pc by the indirect jump cache, which needs no look at the
 * block; NULL: not there, or it might not fit. */
static const uint8_t *cached_entry(struct translator *jit, struct cpu *cpu, uint32_t variant)
{
	const struct ibtc_entry *table = cache_ibtc(jit, cpu_key(cpu) | variant);
	const struct ibtc_entry *entry = &table[cpu->pc / 4 % IBTC_ENTRIES];

	if (entry->va != cpu->pc || cpu->cycles + BLOCK_MAX_LENGTH > cpu->limit ||
	    entry->target == jit->thunk_indirect || !fetch_page(cpu))
		return NULL;
	return entry->target;
}

const uint8_t *jit_continue(struct translator *jit, struct cpu *cpu, uint64_t *limit,
			    int64_t *budget, enum arrival arrival)
{
	while (!must_leave(cpu)) {
		const uint8_t *entry = NULL;
		bool to_limit = false;

		if (!cpu->in_delay_slot && arrival <= ARRIVAL_MIDDLE)
			entry = cached_entry(jit, cpu, 0);
		if (!entry && !cpu->in_delay_slot && arrival == ARRIVAL_MIDDLE)
			entry = cached_entry(jit, cpu, KEY_SHORT);
		if (entry) {
			*limit = cpu->limit;
			*budget = (int64_t)(cpu->limit - cpu->cycles);
			return entry;
		}
		if (!cpu->in_delay_slot) {
			struct block *block = choose_block(jit, cpu, arrival, &to_limit);

			if (block) {
				*limit = cpu->limit;
				*budget = (int64_t)(cpu->limit - cpu->cycles);
				return block->entry;
			}
		}
		interpret(jit, cpu, to_limit);
		arrival = ARRIVAL_HEAD;
	}
	return NULL;
}

static const uint8_t *go_on(struct cpu *cpu, struct jit_frame *frame, enum arrival arrival)
{
	struct translator *jit = translator_of_cpu(cpu);
	const uint8_t *code;

	if (jit->single)
		return jit->thunk_exit;
	code = jit_continue(jit, cpu, &frame->limit, &frame->budget, arrival);
	return code ? code : jit->thunk_exit;
}

/* The address that @site checks. */
static uint64_t accessed_address(const struct cpu *cpu, const struct site *site)
{
	uint64_t va = cpu->gpr[field_rs(site->word)] + (uint64_t)(int64_t)site->offset;

	if (site->index_address)
		va += cpu->gpr[field_rt(site->word)];
	return cpu->address_32bit ? (uint64_t)(int64_t)(int32_t)va : va;
}

/* Whether the TLB has no entry for it. */
static bool needs_refill(const struct cpu *cpu, const struct site *site)
{
	struct translation translation;
	enum mips_exception code;
	bool refill;

	return !cpu_translate(cpu, accessed_address(cpu, site), (enum access)site->access,
			      (enum cpu_mode)cpu->mode, &translation, &code, &refill) &&
	       refill;
}

/* Fills the software TLB for a missed access; whether the access will hit now. */
static bool fill(struct cpu *cpu, const struct site *site)
{
	uint64_t va = accessed_address(cpu, site);
	const struct softtlb_entry *entry;
	bool exception;
	uint64_t pa, tag;

	if (va & (site->size - 1u))
		return false;
	if (!softtlb_fill(cpu, va, (enum access)site->access, true, &pa, &exception))
		return false;
	entry = &cpu->softtlb->entry[va / MIPS_PAGE_SIZE % SOFTTLB_ENTRIES];
	tag = site->access == ACCESS_WRITE ? entry->write_tag : entry->read_tag;
	return tag == ((va + site->span) & ~(MIPS_PAGE_SIZE - 1));
}

/* Whether what follows an instruction in its line can be executed without a fetch. */
static bool line_present(const struct cpu *cpu, uint32_t fetch_line)
{
	return !cpu->fetch_lines.base || cpu->fetch_lines.rights[fetch_line] != RIGHT_NONE;
}

/* Host address of what @line's check was about. The entry of the software TLB may have been reused
 * since the head of an access group looked at it. */
static const uint8_t *missed_address(struct cpu *cpu, const struct line_site *line)
{
	const struct softtlb_entry *entry;
	bool exception;
	uint64_t va, pa;

	if (line->fetch) {
		uint64_t size = UINT64_C(1) << cpu->fetch_lines.shift;

		/* To the byte: what invalidated the line may have written there, or beside. */
		return cpu->machine->ram + line->fetch_line * size + (line->pc & (size - 1));
	}
	va = cpu->gpr[line->base] + cpu->gpr[line->index] + (uint64_t)(int64_t)line->offset;
	if (cpu->address_32bit)
		va = (uint64_t)(int64_t)(int32_t)va;
	entry = &cpu->softtlb->entry[va / MIPS_PAGE_SIZE % SOFTTLB_ENTRIES];
	if (entry->read_tag != (va & ~(MIPS_PAGE_SIZE - 1)))
		return softtlb_fill(cpu, va, ACCESS_READ, true, &pa, &exception);
	return (const uint8_t *)(uintptr_t)(va + entry->addend);
}

/* The block does not go on by itself. */
static const uint8_t *line_elsewhere(struct cpu *cpu, struct jit_frame *frame,
				     const struct site *site, bool paid)
{
	const uint8_t *code;

	sync_site(cpu, frame, site);
	if (paid) {
		translator_of_cpu(cpu)->stats.interpreted++;
		interpreter_execute(cpu, site->word);
	}
	code = go_on(cpu, frame, paid ? ARRIVAL_MIDDLE : ARRIVAL_AGAIN);
	_mm_setcsr(frame->mxcsr);
	return code;
}

/*
 * Memory model `ccnuma`: the present instruction's line (or that of its data) is missing. The model
 * is asked as the interpreter would at this point, the CPU stalls, and translated code goes on if
 * the rest of the block still fits before the limit and nothing else has come up. Otherwise this
 * instruction, whose fetch has been paid for, is executed here. Only then is more state needed than
 * the time. NULL: the block goes on where its site says. Called by the line thunk, which leaves
 * MXCSR as it is: nothing on the short way computes with the host's FPU.
 */
static const uint8_t *line_missed(struct cpu *cpu, struct jit_frame *frame,
				  const struct line_site *line)
{
	int64_t needed = line->at_entry ? line->length : 0; /* charged behind the check */
	uint64_t before;

	sync_cycles(cpu, frame, line->give_back);
	if (line->at_entry && must_leave(cpu))
		return line_elsewhere(cpu, frame, line->site, false);
	cpu->pc = line->pc; /* for profiles */
	before = cpu->cycles;
	translator_of_cpu(cpu)->stats.line_misses++;
	line_miss(cpu, missed_address(cpu, line), (enum access)line->access);
	frame->budget -= (int64_t)(cpu->cycles - before);
	if (frame->budget >= needed && cpu->limit == frame->limit && !must_leave(cpu) &&
	    line_present(cpu, line->fetch_line))
		return NULL;
	return line_elsewhere(cpu, frame, line->site, true);
}

/*
 * Interprets the present instruction. Returns true when translated code may go on right behind it:
 * it went the plain way, and nothing that the code relies on has changed.
 */
static bool interpret_inside(struct translator *jit, struct cpu *cpu, struct jit_frame *frame,
			     const struct site *site)
{
	uint32_t key = cpu_key(cpu);
	const struct softtlb *softtlb = cpu->softtlb;
	uint64_t next = cpu->in_delay_slot ? cpu->branch_target : cpu->pc + 4;
	uint64_t cycles = cpu->cycles + 1;

	jit->stats.interpreted++;
	interpreter_step(cpu);
	return site->resume && cpu->pc == next && cpu->cycles == cycles && !cpu->in_delay_slot &&
	       cpu->limit == frame->limit && !cpu->interrupt_pending && !cpu->waiting &&
	       !cpu->machine->stop && cpu->softtlb == softtlb && cpu_key(cpu) == key &&
	       !site->block->dead && line_present(cpu, site->fetch_line);
}

/* Notes, before the access of @site is interpreted, what a refill exception would need to go on. */
static void note_refill(struct translator *jit, const struct cpu *cpu,
			const struct jit_frame *frame, const struct site *site)
{
	struct refill *refill = &jit->refill;

	refill->cpu = NULL;
	if (!site->resumable || jit->single)
		return;
	refill->cpu = cpu;
	refill->site = site;
	refill->softtlb = cpu->softtlb;
	refill->evictions = jit->stats.evictions;
	refill->key = cpu_key(cpu);
	refill->fcr31 = cpu->fcr31;
	refill->fr = cpu->fr;
	refill->fpu_usable = cpu->fpu_usable;
	memcpy(refill->gpr, cpu->gpr, sizeof(refill->gpr));
	memcpy(refill->copy, frame->copy, sizeof(refill->copy));
}

/* Whether an ERET has come back to where the last refill exception was, and the block can go on. */
static bool refilled(struct translator *jit, struct cpu *cpu)
{
	const struct refill *refill = &jit->refill;
	const unsigned k0 = 26, behind = 28;

	if (refill->cpu != cpu || refill->evictions != jit->stats.evictions)
		return false;
	return cpu->pc == refill->site->pc && !cpu->in_delay_slot && !refill->site->block->dead &&
	       cpu->softtlb == refill->softtlb && cpu_key(cpu) == refill->key &&
	       cpu->fcr31 == refill->fcr31 && cpu->fr == refill->fr &&
	       cpu->fpu_usable == refill->fpu_usable &&
	       memcmp(cpu->gpr, refill->gpr, k0 * sizeof(uint64_t)) == 0 &&
	       memcmp(cpu->gpr + behind, refill->gpr + behind, (32 - behind) * sizeof(uint64_t)) ==
		       0;
}

/* Goes on in the middle of the block that took the last refill exception; NULL: cannot. */
static const uint8_t *go_on_after_refill(struct translator *jit, struct cpu *cpu,
					 struct jit_frame *frame)
{
	const struct site *site = jit->refill.site;

	if (!refilled(jit, cpu))
		return NULL;
	jit->refill.cpu = NULL;
	if (must_leave(cpu) || cpu->cycles + site->give_back > cpu->limit ||
	    fetch_page(cpu) != site->host_page || !fill(cpu, site))
		return NULL;
	frame->limit = cpu->limit;
	frame->budget = (int64_t)(cpu->limit - cpu->cycles) - site->give_back;
	memcpy(frame->copy, jit->refill.copy, sizeof(frame->copy));
	return site->resume;
}

static bool is_eret(uint32_t word)
{
	const struct insn *insn = &insn_table[INSN_ID_eret];

	return (word & insn->mask) == insn->match;
}

/* Called by the site thunk. Returns where to go on, in the executable view. */
static const uint8_t *site_reached(struct cpu *cpu, struct jit_frame *frame,
				   const struct site *site)
{
	struct translator *jit = translator_of_cpu(cpu);
	const uint8_t *code;

	sync_site(cpu, frame, site);
	switch (site->kind) {
	case SITE_MEMORY:
		jit->stats.slow_memory++;
		if (fill(cpu, site))
			return site->resume;
		if (site->careful && !(site->resumable && needs_refill(cpu, site)))
			return go_on(cpu, frame, ARRIVAL_CAREFUL);
		note_refill(jit, cpu, frame, site);
		jit->stats.interpreted++;
		interpreter_step(cpu);
		return go_on(cpu, frame, ARRIVAL_HEAD);
	case SITE_INTERPRET:
		/* Behind the end of a block the instruction has not been charged. */
		if (cpu->cycles < cpu->limit && interpret_inside(jit, cpu, frame, site))
			return site->resume;
		if (!is_eret(site->word))
			return go_on(cpu, frame, ARRIVAL_HEAD);
		code = go_on_after_refill(jit, cpu, frame);
		return code ? code : go_on(cpu, frame, ARRIVAL_MIDDLE);
	default:
		jit->stats.continues++;
		return go_on(cpu, frame, site->careful ? ARRIVAL_CAREFUL : ARRIVAL_AGAIN);
	}
}

/* Called by the link thunk: a direct exit that has not been patched. */
static const uint8_t *link_reached(struct cpu *cpu, struct jit_frame *frame, struct link *link)
{
	struct translator *jit = translator_of_cpu(cpu);
	uint64_t generation = jit->stats.evictions + jit->stats.invalidations;
	const uint8_t *host_page;

	sync_time(cpu, frame, 0);
	cpu->pc = link->target;
	cpu->in_delay_slot = false;
	jit->stats.links++;
	host_page = fetch_page(cpu);
	if (!jit->single && !must_leave(cpu) && host_page &&
	    worth_a_block(jit, cpu, cpu_key(cpu))) {
		struct block *block = make_block(jit, cpu, link->middle ? KEY_SHORT : 0, host_page);

		/* Making the block may have evicted the one the link is in. */
		if (block && generation == jit->stats.evictions + jit->stats.invalidations)
			cache_link(jit, link, block);
	}
	return go_on(cpu, frame, ARRIVAL_HEAD);
}

/* Called by the indirect thunk, the guest address as third argument. */
static const uint8_t *indirect_reached(struct cpu *cpu, struct jit_frame *frame, uint64_t pc)
{
	struct translator *jit = translator_of_cpu(cpu);

	sync_time(cpu, frame, 0);
	cpu->pc = pc;
	cpu->in_delay_slot = false;
	jit->stats.indirect_misses++;
	return go_on(cpu, frame, ARRIVAL_HEAD);
}

/* ---- The thunks ---- */

static void emit_pinned(struct emitter *e, bool load)
{
	for (unsigned r = 0; r < 32; r++) {
		enum host_reg reg = pinned_register(r);

		if (reg == NO_REG)
			continue;
		if (load)
			emit_mov_r_rm(e, true, reg, CPU_FIELD(gpr[r]));
		else
			emit_mov_rm_r(e, true, CPU_FIELD(gpr[r]), reg);
	}
}

/* Calls @function, RAX holds its third argument. */
static void emit_function(struct emitter *e, const void *function)
{
	emit_pinned(e, false);
	for (unsigned n = 0; n < COPIES; n++)
		emit_mov_rm_r(e, true, FRAME_FIELD(copy[n]), copy_registers[n]);
	emit_mov_rm_r(e, true, FRAME_FIELD(budget), REG_BUDGET);
	emit_lea(e, true, RDI, op_mem(REG_CPU, -CPU_BIAS));
	emit_mov_r_rm(e, true, RSI, op_reg(RSP));
	emit_mov_r_rm(e, true, RDX, op_reg(RAX));
	emit_mov_r_imm(e, RAX, (uint64_t)(uintptr_t)function);
	emit_call_rm(e, op_reg(RAX));
	emit_mov_r_rm(e, true, REG_BUDGET, FRAME_FIELD(budget));
}

static void emit_reload(struct emitter *e)
{
	for (unsigned n = 0; n < COPIES; n++)
		emit_mov_r_rm(e, true, copy_registers[n], FRAME_FIELD(copy[n]));
	emit_pinned(e, true);
}

/* RAX holds the third argument of @function; what it returns is jumped to. */
static const uint8_t *make_call(struct emitter *e, const void *function)
{
	const uint8_t *start = emit_here(e);

	emit_function(e, function);
	emit_ldmxcsr(e, FRAME_FIELD(mxcsr));
	emit_reload(e);
	emit_jmp_rm(e, op_reg(RAX));
	return start;
}

#define JUMP_BYTES 5 /* of emit_jmp() */

/* Called by stubs, with a struct line_site behind the jump that follows the call. Where
 * line_missed() says that the block goes on, it goes back to that jump, which the host foresees;
 * MXCSR stays as it is. */
static const uint8_t *make_line(struct emitter *e)
{
	const uint8_t *start = emit_here(e);
	uint8_t *elsewhere;

	emit_pop(e, RCX);
	emit_mov_rm_r(e, true, FRAME_FIELD(stub), RCX);
	emit_lea(e, true, RAX, op_mem(RCX, JUMP_BYTES));
	emit_function(e, (const void *)line_missed);
	emit_reload(e);
	emit_test_rr(e, true, RAX, RAX);
	elsewhere = emit_jcc(e, CC_NE);
	emit_mov_r_rm(e, true, RCX, FRAME_FIELD(stub));
	emit_push(e, RCX);
	emit_ret(e);
	emit_patch(e, elsewhere, emit_here(e));
	emit_jmp_rm(e, op_reg(RAX));
	return start;
}

static const enum host_reg callee_saved[] = {RBX, RBP, R12, R13, R14, R15};
#define CALLEE_SAVED (sizeof(callee_saved) / sizeof(callee_saved[0]))

/* enter(cpu, code, limit, budget). Six pushes and the frame leave RSP a multiple of 16. */
static const uint8_t *make_enter(struct emitter *e)
{
	const uint8_t *start = emit_here(e);

	for (unsigned n = 0; n < CALLEE_SAVED; n++)
		emit_push(e, callee_saved[n]);
	emit_alu_rm_i(e, true, ALU_SUB, op_reg(RSP), sizeof(struct jit_frame));
	emit_lea(e, true, REG_CPU, op_mem(RDI, CPU_BIAS));
	emit_mov_rm_r(e, true, FRAME_FIELD(limit), RDX);
	emit_mov_r_rm(e, true, REG_BUDGET, op_reg(RCX));
	emit_mov_rm_i(e, true, FRAME_FIELD(fp_word), 0);
	emit_mov_rm_i(e, false, FRAME_FIELD(mxcsr), MXCSR_CLEAR);
	emit_ldmxcsr(e, FRAME_FIELD(mxcsr));
	emit_mov_r_rm(e, true, RAX, op_reg(RSI));
	emit_pinned(e, true);
	emit_jmp_rm(e, op_reg(RAX));
	return start;
}

static const uint8_t *make_exit(struct emitter *e)
{
	const uint8_t *start = emit_here(e);

	emit_alu_rm_i(e, true, ALU_ADD, op_reg(RSP), sizeof(struct jit_frame));
	for (unsigned n = CALLEE_SAVED; n-- > 0;)
		emit_pop(e, callee_saved[n]);
	emit_ret(e);
	return start;
}

int runtime_create(struct translator *jit, struct error *error)
{
	struct code_cache *cache = &jit->cache;
	struct emitter e = {.p = cache->p,
			    .end = cache->p + BLOCK_MAX_CODE,
			    .rx_delta = cache->executable - cache->writable};
	const uint8_t *enter = make_enter(&e);

	memcpy(&jit->enter, &enter, sizeof(jit->enter));
	jit->thunk_exit = make_exit(&e);
	jit->thunk_site = make_call(&e, (const void *)site_reached);
	jit->thunk_line = make_line(&e);
	jit->thunk_link = make_call(&e, (const void *)link_reached);
	jit->thunk_indirect = make_call(&e, (const void *)indirect_reached);
	cache->p = e.p;
	cache->regions[0].start = e.p;
	if (e.overflow)
		return error_set(error, -1, "the code cache is too small for its entry code");
	return 0;
}
