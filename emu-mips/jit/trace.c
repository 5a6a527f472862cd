// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Superblock formation: the guest instructions that one block translates. The trace runs on
 * through forward branches (not taken), branch-likely (taken: that is what they are for), direct
 * jumps and calls, and returns whose address is known because the call is in the trace. It ends at
 * a backward branch, at a register jump, at an instruction that only the interpreter executes, or
 * when it is long enough.
 */
#include "jit.h"

#include "mips/arch.h"

#define REGISTER_RA 31

bool address_unmapped(uint32_t key, uint64_t va)
{
	if (!(key & KEY_SEGMENTS))
		return false;
	return va >> 62 == 2 || (va >= MIPS_CKSEG0 && va < MIPS_CKSSEG);
}

/* The general register that @insn writes, 0 for none (or $zero). */
static unsigned destination(const struct insn *insn, uint32_t word)
{
	switch (insn->format) {
	case FORMAT_RD:
	case FORMAT_RD_RS:
	case FORMAT_RD_RT:
	case FORMAT_RD_RS_RT:
	case FORMAT_RD_RT_RS:
	case FORMAT_RD_RT_SA:
	case FORMAT_RD_RS_CC:
		return field_rd(word);
	case FORMAT_RT_RS_SIMM:
	case FORMAT_RT_RS_UIMM:
	case FORMAT_RT_UIMM:
	case FORMAT_EXTRACT:
	case FORMAT_INSERT:
	case FORMAT_RT_HWR:
	case FORMAT_RT_CP0:
	case FORMAT_RT:
	case FORMAT_RT_FS:
	case FORMAT_RT_FCR:
		return field_rt(word);
	case FORMAT_RT_MEM:
		return insn->class == CLASS_STORE || insn->class == CLASS_CP2 ? 0 : field_rt(word);
	default:
		return insn->flags & INSN_LINKS ? REGISTER_RA : 0;
	}
}

/* Mask of the general registers that @insn reads. */
static uint32_t sources(const struct insn *insn, uint32_t word)
{
	uint32_t rs = UINT32_C(1) << field_rs(word), rt = UINT32_C(1) << field_rt(word);
	uint32_t rd = UINT32_C(1) << field_rd(word);

	switch (insn->format) {
	case FORMAT_RS:
	case FORMAT_RD_RS:
	case FORMAT_RS_SIMM:
	case FORMAT_RS_BRANCH:
	case FORMAT_RT_RS_SIMM:
	case FORMAT_RT_RS_UIMM:
	case FORMAT_EXTRACT:
	case FORMAT_MEM:
	case FORMAT_HINT_MEM:
	case FORMAT_FT_MEM:
	case FORMAT_FD_FS_FT_RS:
		return rs;
	case FORMAT_RT:
	case FORMAT_RD_RT:
	case FORMAT_RD_RT_SA:
	case FORMAT_RT_CP0:
	case FORMAT_RT_FS:
	case FORMAT_RT_FCR:
	case FORMAT_FD_FS_RT:
		return rt;
	case FORMAT_RD_RS_CC:
		return rs | rd;
	case FORMAT_RD_RS_RT:
		return insn->id == INSN_ID_movz || insn->id == INSN_ID_movn ? rs | rt | rd
									    : rs | rt;
	case FORMAT_RS_RT:
	case FORMAT_RD_RT_RS:
	case FORMAT_RS_RT_BRANCH:
	case FORMAT_INSERT:
	case FORMAT_FD_INDEX:
	case FORMAT_FS_INDEX:
	case FORMAT_HINT_INDEX:
		return rs | rt;
	case FORMAT_RT_MEM:
		return insn->class == CLASS_LOAD_LINKED ||
				       (insn->class == CLASS_LOAD && access_size(insn))
			       ? rs
			       : rs | rt;
	default:
		return 0;
	}
}

/* Finds the host page of @va, entering it into the trace; returns its index or -1. */
static int find_page(struct cpu *cpu, struct trace *trace, uint64_t va)
{
	uint64_t page = va & ~(MIPS_PAGE_SIZE - 1);
	const struct softtlb_entry *entry;
	bool exception = false;
	uint64_t pa;

	for (unsigned i = 0; i < trace->pages; i++) {
		if (trace->page_va[i] == page)
			return (int)i;
	}
	if (trace->pages == BLOCK_MAX_PAGES)
		return -1;
	entry = &cpu->softtlb->entry[va / MIPS_PAGE_SIZE % SOFTTLB_ENTRIES];
	if (entry->fetch_tag != page && !softtlb_fill(cpu, va, ACCESS_FETCH, true, &pa, &exception))
		return -1;
	if (entry->fetch_tag != page)
		return -1;
	trace->page_va[trace->pages] = page;
	trace->host_page[trace->pages] = (const uint8_t *)(uintptr_t)(page + entry->addend);
	return (int)trace->pages++;
}

static bool append(struct cpu *cpu, struct trace *trace, uint64_t pc, bool delay_slot)
{
	struct trace_insn *i = &trace->insn[trace->length];
	int page = find_page(cpu, trace, pc);

	if (page < 0 || (pc & 3))
		return false;
	*i = (struct trace_insn){.pc = pc, .delay_slot = delay_slot, .group = -1};
	i->word = *(const uint32_t *)(const void *)(trace->host_page[page] + pc % MIPS_PAGE_SIZE);
	i->insn = decode(i->word);
	if (!i->insn)
		return false;
	i->page = (uint8_t)page;
	i->check_page = trace->length > 0 && i->page != trace->insn[trace->length - 1].page &&
			!address_unmapped(trace->key, pc);
	i->sources = sources(i->insn, i->word) & ~UINT32_C(1);
	i->check_line = (trace->key & KEY_LINES) && trace->length > 0 &&
			pc >> cpu->fetch_lines.shift !=
				trace->insn[trace->length - 1].pc >> cpu->fetch_lines.shift;
	i->destination = (uint8_t)destination(i->insn, i->word);
	trace->length++;
	return true;
}

static bool is_branch(const struct insn *insn)
{
	return insn->class == CLASS_BRANCH || insn->class == CLASS_BRANCH_LIKELY ||
	       insn->class == CLASS_JUMP;
}

/* A delay slot may hold anything but a branch; what cannot be translated is interpreted there. */
static bool append_slot(struct cpu *cpu, struct trace *trace, uint64_t pc)
{
	if (!append(cpu, trace, pc, true))
		return false;
	return !is_branch(trace->insn[trace->length - 1].insn);
}

static bool in_trace(const struct trace *trace, uint64_t pc)
{
	for (unsigned i = 0; i < trace->length; i++) {
		if (trace->insn[i].pc == pc)
			return true;
	}
	return false;
}

static bool always_taken(const struct insn *insn, uint32_t word)
{
	switch (insn->id) {
	case INSN_ID_beq:
	case INSN_ID_beql:
		return field_rs(word) == field_rt(word);
	case INSN_ID_bgez:
	case INSN_ID_bgezal:
	case INSN_ID_blez:
		return field_rs(word) == 0;
	default:
		return false;
	}
}

struct cursor {
	uint64_t pc;
	uint64_t ra; /* known value of $ra, or 0 */
};

/* Where a direct branch or jump leads. */
static uint64_t direct_target(const struct trace_insn *i)
{
	if (i->insn->format == FORMAT_TARGET)
		return ((i->pc + 4) & ~UINT64_C(0xfffffff)) | (uint64_t)(i->word & 0x3ffffff) << 2;
	return i->pc + 4 + (uint64_t)(field_simm(i->word) * 4);
}

/*
 * Handles the branch just appended, with its slot after it. Returns true when the trace goes on at
 * cursor->pc.
 */
static bool follow(struct trace *trace, struct trace_insn *branch, struct cursor *cursor)
{
	const struct insn *insn = branch->insn;
	uint64_t target;

	if (insn->id == INSN_ID_jr || insn->id == INSN_ID_jalr) {
		bool known = insn->id == INSN_ID_jr && field_rs(branch->word) == REGISTER_RA &&
			     cursor->ra != 0;

		if (!known) {
			trace->end = END_INDIRECT;
			return false;
		}
		target = cursor->ra;
		cursor->ra = 0;
		branch->jump_known = true;
	} else {
		target = direct_target(branch);
		branch->always = always_taken(insn, branch->word);
		branch->target = target;
		if (insn->flags & INSN_LINKS)
			cursor->ra = branch->pc + 8;
		if (insn->class != CLASS_JUMP && !branch->always) {
			bool backward = target <= branch->pc;

			if (backward || in_trace(trace, target) || (trace->key & KEY_SHORT)) {
				trace->end = END_BRANCH;
				return false;
			}
			cursor->pc = insn->class == CLASS_BRANCH_LIKELY ? target : branch->pc + 8;
			trace->next = cursor->pc;
			return true;
		}
	}
	branch->target = target;
	cursor->pc = target;
	trace->next = target;
	trace->end = END_LINK;
	return !in_trace(trace, target) && !(trace->key & KEY_SHORT);
}

static bool step(struct cpu *cpu, struct trace *trace, struct cursor *cursor)
{
	unsigned start = trace->length;
	struct trace_insn *i = &trace->insn[start];
	const struct trace_insn *slot = i + 1;
	unsigned pages = trace->pages;
	bool more;

	trace->next = cursor->pc;
	trace->next_word = 0;
	trace->end = END_LINK;
	if (trace->length + 2 > (trace->key & KEY_SHORT ? SHORT_MAX_LENGTH : BLOCK_MAX_LENGTH))
		return false;
	if (!append(cpu, trace, cursor->pc, false) || !can_translate(i->insn, i->pc, trace->key)) {
		if (trace->length > start)
			trace->next_word = i->word;
		trace->length = start;
		trace->pages = pages;
		trace->end = END_INTERPRET;
		return false;
	}
	if (!is_branch(i->insn)) {
		if (i->destination == REGISTER_RA)
			cursor->ra = 0;
		cursor->pc += 4;
		trace->next = cursor->pc;
		return true;
	}
	if (!append_slot(cpu, trace, cursor->pc + 4)) {
		trace->length = start;
		trace->pages = pages;
		trace->end = END_INTERPRET;
		return false;
	}
	more = follow(trace, i, cursor);
	if (slot->destination == REGISTER_RA)
		cursor->ra = 0;
	if (can_translate(slot->insn, slot->pc, trace->key))
		return more;
	trace->length--;
	trace->end = END_SLOT;
	return false;
}

/* Which pointers each access needs. */
static void note_pointers(struct trace *trace)
{
	for (unsigned n = 0; n < trace->length; n++) {
		struct trace_insn *i = &trace->insn[n];

		if (i->group >= 0 && !i->group_head)
			i->sources |= UINT64_C(1) << (VIRTUAL_GROUP + i->group);
		else if (i->insn->class >= CLASS_LOAD && i->insn->class <= CLASS_STORE_CONDITIONAL)
			i->sources |= UINT64_C(1) << VIRTUAL_SOFTTLB;
		else if (i->insn->class == CLASS_FPU_LOAD || i->insn->class == CLASS_FPU_STORE)
			i->sources |= UINT64_C(1) << VIRTUAL_SOFTTLB;
	}
}

bool trace_build(struct translator *jit, struct cpu *cpu, uint64_t va, uint32_t key,
		 struct trace *trace)
{
	struct cursor cursor = {.pc = va};

	(void)jit;
	trace->va = va;
	trace->key = key;
	trace->length = 0;
	trace->pages = 0;
	trace->groups = 0;
	while (step(cpu, trace, &cursor))
		;
	if (trace->length == 0)
		return false;
	if (!(key & KEY_CAREFUL))
		group_accesses(trace);
	note_pointers(trace);
	return true;
}
