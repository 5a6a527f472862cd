// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Access groups: loads and stores of a superblock whose addresses differ by a constant (a stack
 * frame, the fields of a structure) mostly fall in one page. The first of a group checks the
 * software TLB for the whole range of the group and keeps the host pointer; the others need no
 * check. That is exact: translations change only by instructions which the interpreter executes
 * and which end a block. Where the range crosses a page, or a page is readable only, the head
 * leaves for the variant of the block without groups.
 *
 * Pairs of LWL and LWR (LDL and LDR, SWL and SWR, SDL and SDR) on one word are in a group, so the
 * word is in one page: the first of the two does the whole access, the second nothing. For that,
 * nothing between them may leave the block or look at the register (or, for stores, at memory).
 */
#include "jit.h"

#define MAX_SPAN 1024 /* bytes: the wider, the more often a page end falls inside */

/* A register's value as "what register `origin` held at its version" plus a constant. */
struct symbolic {
	uint32_t version;
	int64_t offset;
};

struct open_group {
	uint32_t version;
	int64_t low, high; /* offsets from the version: first byte, past the last byte */
	int64_t reference; /* offset of the widest access: alignment is relative to it */
	unsigned alignment;
	unsigned members;
	bool write;
	bool unaligned;
	unsigned member[BLOCK_MAX_LENGTH + 2];
	int64_t offset[BLOCK_MAX_LENGTH + 2];
};

struct grouping {
	struct symbolic reg[32];
	uint32_t versions;
	unsigned count;
	struct open_group group[JIT_GROUPS * 2];
};

unsigned access_size(const struct insn *insn)
{
	switch (insn->id) {
	case INSN_ID_lb:
	case INSN_ID_lbu:
	case INSN_ID_sb:
		return 1;
	case INSN_ID_lh:
	case INSN_ID_lhu:
	case INSN_ID_sh:
		return 2;
	case INSN_ID_lw:
	case INSN_ID_lwu:
	case INSN_ID_sw:
	case INSN_ID_lwc1:
	case INSN_ID_swc1:
		return 4;
	case INSN_ID_ld:
	case INSN_ID_sd:
	case INSN_ID_ldc1:
	case INSN_ID_sdc1:
		return 8;
	default:
		return 0;
	}
}

unsigned unaligned_size(const struct insn *insn)
{
	switch (insn->id) {
	case INSN_ID_lwl:
	case INSN_ID_lwr:
	case INSN_ID_swl:
	case INSN_ID_swr:
		return 4;
	case INSN_ID_ldl:
	case INSN_ID_ldr:
	case INSN_ID_sdl:
	case INSN_ID_sdr:
		return 8;
	default:
		return 0;
	}
}

unsigned unaligned_bias(const struct insn *insn)
{
	switch (insn->id) {
	case INSN_ID_lwl:
	case INSN_ID_swl:
		return 3;
	case INSN_ID_ldl:
	case INSN_ID_sdl:
		return 7;
	default:
		return 0;
	}
}

/* Of the word's first byte (the only one of an aligned access) from the base register. */
static int64_t access_offset(const struct trace_insn *i)
{
	return field_simm(i->word) - unaligned_bias(i->insn);
}

static bool is_store(const struct insn *insn)
{
	return insn->class == CLASS_STORE || insn->class == CLASS_FPU_STORE;
}

/* ---- Pairs ---- */

static bool are_pair(const struct trace_insn *a, const struct trace_insn *b)
{
	unsigned size = unaligned_size(a->insn);

	return unaligned_size(b->insn) == size && is_store(a->insn) == is_store(b->insn) &&
	       unaligned_bias(a->insn) != unaligned_bias(b->insn) &&
	       field_rs(a->word) == field_rs(b->word) && field_rt(a->word) == field_rt(b->word) &&
	       access_offset(a) == access_offset(b);
}

/* Whether @i between the two of a pair that begins with @first does not keep them apart. */
static bool may_stand_between(const struct trace_insn *first, const struct trace_insn *i)
{
	unsigned base = field_rs(first->word), rt = field_rt(first->word);

	if (i->check_page || i->destination == base || i->destination == rt ||
	    (i->sources >> rt & 1))
		return false;
	if (unaligned_size(i->insn))
		return !is_store(first->insn) && !is_store(i->insn) && field_rs(i->word) == base;
	return i->insn->class == CLASS_INT && !(i->insn->flags & (INSN_TRAPS | INSN_FPU));
}

static void find_second(struct trace *trace, unsigned index)
{
	struct trace_insn *first = &trace->insn[index];

	if (first->pair || first->delay_slot || !exact_here(first->insn, trace->key) ||
	    field_rt(first->word) == 0 || field_rt(first->word) == field_rs(first->word))
		return;
	for (unsigned n = index + 1; n < trace->length; n++) {
		struct trace_insn *i = &trace->insn[n];

		if (!i->check_page && are_pair(first, i)) {
			first->pair = PAIR_FIRST;
			i->pair = PAIR_SECOND;
			return;
		}
		if (!may_stand_between(first, i))
			return;
	}
}

/* Undoes the pairs between whose two something can leave the block, now that groups are known. */
static void check_pair(struct trace *trace, unsigned index)
{
	struct trace_insn *first = &trace->insn[index], *second = first + 1;
	bool apart = first->group < 0;

	while (second->pair != PAIR_SECOND || !are_pair(first, second))
		apart |= !cannot_leave(trace->key, second++);
	if (apart || !cannot_leave(trace->key, second))
		first->pair = second->pair = PAIR_NONE;
}

/* ---- Groups ---- */

static bool fits(const struct open_group *g, int64_t offset, unsigned size, bool unaligned)
{
	int64_t low = offset < g->low ? offset : g->low;
	int64_t high = offset + size > g->high ? offset + size : g->high;
	unsigned smaller = size < g->alignment ? size : g->alignment;

	return high - low <= MAX_SPAN && g->unaligned == unaligned &&
	       (unaligned || (smaller && (offset - g->reference) % smaller == 0));
}

static void add_access(struct grouping *s, const struct trace *trace, unsigned index)
{
	const struct trace_insn *i = &trace->insn[index];
	const struct symbolic *base = &s->reg[field_rs(i->word)];
	int64_t offset = base->offset + access_offset(i);
	unsigned size = i->pair ? unaligned_size(i->insn) : access_size(i->insn);
	struct open_group *g = NULL;

	for (unsigned n = s->count; n-- > 0 && !g;) {
		if (s->group[n].version == base->version &&
		    fits(&s->group[n], offset, size, i->pair))
			g = &s->group[n];
	}
	if (!g) {
		if (s->count == JIT_GROUPS * 2)
			return;
		g = &s->group[s->count++];
		*g = (struct open_group){.version = base->version,
					 .low = offset,
					 .high = offset,
					 .reference = offset,
					 .alignment = i->pair ? 1 : size,
					 .unaligned = i->pair};
	}
	if (!i->pair && size > g->alignment) {
		g->alignment = size;
		g->reference = offset;
	}
	if (offset < g->low)
		g->low = offset;
	if (offset + size > g->high)
		g->high = offset + size;
	if (is_store(i->insn))
		g->write = true;
	g->member[g->members] = index;
	g->offset[g->members++] = offset;
}

/* Follows what an instruction does to the symbolic values. */
static void update(struct grouping *s, const struct trace_insn *i)
{
	unsigned d = i->destination;
	unsigned rs = field_rs(i->word), rt = field_rt(i->word);

	/* No group may reach over a change of translations. */
	for (unsigned r = 0; r < 32 && changes_translation(i->insn); r++)
		s->reg[r] = (struct symbolic){s->versions++, 0};
	if (d == 0)
		return;
	if (i->insn->id == INSN_ID_daddiu) {
		int64_t offset = s->reg[rs].offset + field_simm(i->word);

		s->reg[d] = (struct symbolic){s->reg[rs].version, offset};
	} else if ((i->insn->id == INSN_ID_or || i->insn->id == INSN_ID_daddu) && rt == 0) {
		s->reg[d] = s->reg[rs];
	} else {
		s->reg[d] = (struct symbolic){s->versions++, 0};
	}
}

static void assign(struct trace *trace, const struct open_group *g)
{
	struct access_group *out = &trace->group[trace->groups];
	int64_t a = g->alignment;
	int64_t below = (g->reference - g->low + a - 1) / a * a;
	int64_t low = g->reference - below;
	int64_t cells = (g->high - low + a - 1) / a;
	const struct trace_insn *head = &trace->insn[g->member[0]];

	out->alignment = (uint8_t)a;
	out->span = (uint16_t)((cells - 1) * a);
	out->write = g->write;
	out->members = (uint8_t)g->members;
	out->head_offset = (int32_t)(access_offset(head) - (g->offset[0] - low));
	for (unsigned n = 0; n < g->members; n++) {
		struct trace_insn *i = &trace->insn[g->member[n]];

		i->group = (int8_t)trace->groups;
		i->group_head = n == 0;
		i->group_offset = (int32_t)(g->offset[n] - low);
	}
	trace->groups++;
}

void group_accesses(struct trace *trace)
{
	struct grouping s;

	s.versions = 32;
	s.count = 0;
	if (trace->key & KEY_ADDRESS32)
		return;
	for (unsigned n = 0; n < trace->length; n++) {
		/* With lines to be checked the two are two accesses, perhaps of two lines. */
		if (unaligned_size(trace->insn[n].insn) && !(trace->key & KEY_LINES))
			find_second(trace, n);
	}
	for (unsigned r = 0; r < 32; r++)
		s.reg[r] = (struct symbolic){r, 0};
	for (unsigned n = 0; n < trace->length; n++) {
		const struct trace_insn *i = &trace->insn[n];

		if (i->pair || (access_size(i->insn) && exact_here(i->insn, trace->key)))
			add_access(&s, trace, n);
		update(&s, i);
	}
	for (unsigned n = 0; n < s.count; n++) {
		bool wide_offsets =
			s.group[n].low < INT16_MIN * 4 || s.group[n].high > INT16_MAX * 4;

		if (s.group[n].members > 1 && !wide_offsets && trace->groups < JIT_GROUPS)
			assign(trace, &s.group[n]);
	}
	for (unsigned n = 0; n < trace->length; n++) {
		if (trace->insn[n].pair == PAIR_FIRST)
			check_pair(trace, n);
	}
}
