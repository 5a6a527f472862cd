/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Privileged instructions rewritten in place, in the guest's memory only. Two pages per vCPU hold
 * its virtual registers, mapped for its kernel at the same address in CKSEG3 whatever the vCPU: the
 * first to read, the second, with the registers that a write has no effect beyond, to write too. A
 * site of MFC0 becomes a load at a negative offset from $0, MTC0 a store, DI and EI stores of the
 * interrupt enable, CACHE a load into $0, which translates its address as it does, or, by index or
 * when its first address was an unmapped one, nothing.
 *
 * EI as a store cannot see that an interrupt waits: while one does, the second page is mapped read-
 * only, and the next store comes to rewrite_store(). The value stored for "enabled" is $sp, which
 * no kernel has zero.
 *
 * A guest that reads its own code sees what was written there. One that writes or copies it need
 * not care: a rewritten word is position-independent and does what the old one did.
 */
#include "mips/cp0.h"
#include "vm.h"

/* Not the last page, where small negative numbers taken for pointers go. */
#define PAGE_VA	       UINT64_C(0xffffffffffff8000)
#define PAGE_TAG       (PAGE_VA & (ENTRYHI_R | ENTRYHI_VPN2))
#define ENTRIES	       UINT32_C(16384)
#define PROBES	       16
#define MAX_BACK_OFF   256
#define WORDS_PER_PAGE (PAGE_BYTES / 4)

#define OP_COP0	       16
#define OP_CACHE       47
#define ANDI	       0x30000000u
#define LB	       0x80000000u
#define LW	       0x8c000000u
#define LD	       0xdc000000u
#define SD	       0xfc000000u
#define SLTU	       0x0000002bu
#define EHB	       0x000000c0u
#define NOP	       0
#define SP	       29

/* One word of the guest's code. */
struct rewritten {
	uint32_t page; /* its RAM page */
	uint16_t word;
	bool used;
	uint32_t before, now;
};

/* MFC0 of these is a load; of the open ones too, but EntryLo, whose bits beyond the mask read zero.
 */
#define BIT(name) (UINT64_C(1) << CP0_##name)
static const uint64_t readable =
	BIT(INDEX) | BIT(CONTEXT) | BIT(USERLOCAL) | BIT(PAGEMASK) | BIT(WIRED) | BIT(HWRENA) |
	BIT(BADVADDR) | BIT(ENTRYHI) | BIT(INTCTL) | BIT(CAUSE) | BIT(EPC) | BIT(PRID) |
	BIT(EBASE) | BIT(CMGCRBASE) | BIT(CONFIG) | BIT(CONFIG1) | BIT(CONFIG2) | BIT(CONFIG3) |
	BIT(CONFIG4) | BIT(XCONTEXT) | BIT(TAGLO) | BIT(ERROREPC) | UINT64_C(0x3f) << CP0_KSCRATCH1;

size_t rewrite_memory_needed(const struct vmm *vmm)
{
	return vmm->config.rewrite ? ENTRIES * sizeof(struct rewritten) : 0;
}

/* ---- the pages ---- */

static void *page_of(const struct vcpu *vcpu, unsigned which)
{
	return hal_page((struct mpn){vcpu->registers.value + which});
}

static void copy_slots(uint64_t *to, const uint64_t *from)
{
	for (unsigned i = 0; i < CP0_REGISTERS; i++) {
		to[i] = from[i];
		to[OPEN(i)] = from[OPEN(i)];
	}
	to[SLOT_COUNTDOWN] = from[SLOT_COUNTDOWN];
}

void rewrite_attach(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	struct vmm *vmm = vm->vmm;
	struct mpn mpn;

	if (!vmm->config.rewrite || !vmm->config.segctl || vcpu->registers.value != MPN_NONE)
		return;
	mpn = palloc_get(vmm, vcpu->pcpu->node, 1);
	if (mpn.value == MPN_NONE) {
		rewrite_stop(vm);
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		struct page *page = &vmm->page[mpn.value + i];

		page->state = PAGE_REGISTERS;
		page->vm = (uint8_t)vm->number;
		page->ppn = vcpu->number;
		page->previous = MPN_NONE;
	}
	vcpu->registers = mpn;
	copy_slots(page_of(vcpu, 0), vcpu->own);
	vcpu->cp0 = page_of(vcpu, 0);
	vcpu->cp0[SLOT_COUNTDOWN] = vcpu->rewrite_back_off = 1;
	if (!vcpu->number) /* the first to run */
		vm->rewriting = true;
}

void rewrite_detach(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	if (!vcpu->number && rewrite_memory_needed(vm->vmm))
		for (uint32_t i = 0; i < ENTRIES; i++)
			vm->rewritten[i].used = false;
	vm->rewriting = false;
	vcpu->page_mapped = PAGE_UNMAPPED;
	if (vcpu->registers.value == MPN_NONE)
		return;
	copy_slots(vcpu->own, vcpu->cp0);
	vcpu->cp0 = vcpu->own;
	vcpu->cp0[SLOT_COUNTDOWN] = 0;
	hal_page_changes(vcpu->registers, 2);
	palloc_put(vm->vmm, vcpu->registers, 1);
	vcpu->registers.value = MPN_NONE;
}

enum page_access rewrite_wanted(const struct vcpu *vcpu)
{
	if (!vcpu->vm->rewriting || vcpu->registers.value == MPN_NONE ||
	    (vcpu->view & VIEW_SUPERVISOR))
		return PAGE_UNMAPPED;
	return interrupt_pending(vcpu) ? PAGE_READ_ONLY : PAGE_OPEN;
}

void rewrite_map(struct vcpu *vcpu)
{
	enum page_access wanted = rewrite_wanted(vcpu);
	uint64_t lo[2] = {0, 0};

	if (vcpu->page_mapped == wanted)
		return;
	vcpu->page_mapped = (uint8_t)wanted;
	if (wanted != PAGE_UNMAPPED) {
		uint64_t pfn = hal_mpn_address(vcpu->registers).value >> PAGE_SHIFT << 6;

		lo[0] = pfn | CCA_CACHED << 3 | ENTRYLO_V | ENTRYLO_G;
		lo[1] = lo[0] + (1 << 6);
		if (wanted == PAGE_OPEN)
			lo[1] |= ENTRYLO_D;
	}
	hal_charge(CHARGE_REGISTER_PAGE, 1);
	hal_tlb_wire(PAGE_TAG | (vcpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID), lo);
}

static bool in_pages(const struct vcpu *vcpu, uint64_t va)
{
	return va - PAGE_VA < 2 * PAGE_BYTES && rewrite_wanted(vcpu) != PAGE_UNMAPPED;
}

bool rewrite_miss(struct vcpu *vcpu, uint64_t va)
{
	if (!in_pages(vcpu, va))
		return false;
	vcpu->page_mapped = PAGE_UNMAPPED;
	attend(vcpu);
	return true;
}

bool rewrite_store(struct vcpu *vcpu, struct trap *trap)
{
	uint32_t instruction;
	unsigned slot;

	if (!in_pages(vcpu, trap->bad_address) || trap->bad_address - PAGE_VA < PAGE_BYTES ||
	    vcpu->mode != GUEST_KERNEL)
		return false;
	if (!fetch_trapped(trap, &instruction))
		return true;
	if ((instruction & 0xffe00000) != SD || (trap->bad_address & 7))
		return false;
	slot = (unsigned)(trap->bad_address - PAGE_VA) / 8;
	vcpu->cp0[slot] = trap->gpr[instruction >> 16 & 31];
	if (slot == SLOT_ENABLED && interrupt_deliverable(vcpu))
		vcpu->check_interrupts = true;
	attend(vcpu);
	vcpu->stats.register_stores++;
	hal_charge(CHARGE_CP0_WRITE, 1);
	skip_instruction(trap);
	return true;
}

/* ---- the table ---- */

static uint32_t *word_at(const struct vm *vm, uint32_t page, uint32_t word)
{
	const struct pmap_entry *entry = &vm->pmap[page];

	return entry->flags & PMAP_PRESENT ? (uint32_t *)hal_page(entry->mpn) + word : NULL;
}

/* Entries whose word the guest has written since are free again. */
static bool is_stale(const struct vm *vm, const struct rewritten *entry)
{
	const uint32_t *word;

	if (!entry->used)
		return true;
	word = word_at(vm, entry->page, entry->word);
	return !word || *word != entry->now;
}

/* The entry of a word, or else a free one for it; NULL: none. */
static struct rewritten *entry_of(const struct vm *vm, uint32_t page, uint32_t word)
{
	uint32_t hash = (page * WORDS_PER_PAGE + word) * UINT32_C(0x9e3779b1) >> 18;
	struct rewritten *room = NULL;

	for (unsigned i = 0; i < PROBES; i++) {
		struct rewritten *entry = &vm->rewritten[(hash + i) % ENTRIES];

		if (entry->used && entry->page == page && entry->word == word)
			return entry;
		if (!room && is_stale(vm, entry))
			room = entry;
	}
	return room;
}

static void write_word(struct vm *vm, uint32_t page, uint32_t word, uint32_t value)
{
	move_collapse(vm, page);
	hal_page_changes(vm->pmap[page].mpn, 1);
	*word_at(vm, page, word) = value;
}

void rewrite_stop(struct vm *vm)
{
	if (!vm->rewriting)
		return;
	vm->rewriting = false;
	for (uint32_t i = 0; i < ENTRIES; i++) {
		struct rewritten *entry = &vm->rewritten[i];

		if (!is_stale(vm, entry))
			write_word(vm, entry->page, entry->word, entry->before);
	}
	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpu[i];

		attend(vcpu);
		if (vcpu->run == VCPU_RUNNING && vcpu->pcpu != vcpu->pcpu->vmm->active)
			hal_ipi(vcpu->pcpu->number);
	}
}

/* ---- instructions ---- */

static uint32_t at_slot(uint32_t operation, unsigned rt, unsigned slot)
{
	return operation | rt << 16 | (uint32_t)((PAGE_VA + slot * 8) & 0xffff);
}

static unsigned from_cp0(unsigned reg, uint32_t instruction, uint32_t *now)
{
	bool wide = instruction >> 21 & 1;

	if (!(readable >> reg & 1))
		return 0;
	now[0] = at_slot(wide && cp0_description[reg].width == 64 ? LD : LW, instruction >> 16 & 31,
			 slot_of(reg));
	return 1;
}

/* Of Status only IE is wanted when all else is masked off by the next instruction. */
static unsigned from_status(uint32_t instruction, const uint32_t *word, unsigned words,
			    uint32_t *now)
{
	unsigned rt = instruction >> 16 & 31;

	if (words < 2 || !rt || word[1] != (ANDI | rt << 21 | rt << 16 | 1))
		return 0;
	now[0] = at_slot(LD, rt, SLOT_ENABLED);
	now[1] = SLTU | rt << 16 | rt << 11;
	return 2;
}

/* DI and EI, with rt only as in local_irq_save(): DI, ANDI with 1, EHB. */
static unsigned interrupt_enable(const struct trap *trap, const uint32_t *word, unsigned words,
				 uint32_t *now)
{
	bool enable = word[0] & 0x20;
	unsigned rt = word[0] >> 16 & 31;

	if ((word[0] & 0xffdf) != 0x6000)
		return 0;
	if (!rt) {
		if (enable && !trap->gpr[SP])
			return 0;
		now[0] = at_slot(SD, enable ? SP : 0, SLOT_ENABLED);
		return 1;
	}
	if (enable || words < 3 || word[1] != (ANDI | rt << 21 | rt << 16 | 1) || word[2] != EHB)
		return 0;
	now[0] = at_slot(LD, rt, SLOT_ENABLED);
	now[1] = at_slot(SD, 0, SLOT_ENABLED);
	now[2] = SLTU | rt << 16 | rt << 11;
	return 3;
}

/* What @word and @words - 1 following ones may become: the number of words changed, 0: nothing. */
static unsigned rewrite(struct vcpu *vcpu, const struct trap *trap, const uint32_t *word,
			unsigned words, uint32_t *now)
{
	const unsigned index_load_tag = 1, first_by_address = 4;
	uint32_t instruction = word[0];
	unsigned operation = instruction >> 18 & 7, reg, count = 0;
	struct gpa gpa;
	uint64_t va;

	if (instruction >> 26 == OP_CACHE) {
		va = trap->gpr[instruction >> 21 & 31] + (uint64_t)(int64_t)(int16_t)instruction;
		now[0] = LB | (instruction & 0x03e0ffff);
		if (operation < first_by_address ||
		    segment_find(vcpu, va, &gpa) == SEGMENT_UNMAPPED)
			now[0] = NOP;
		vcpu->stats.rewritten_cache += operation != index_load_tag;
		return operation != index_load_tag;
	}
	reg = cp0_at[instruction >> 11 & 31][instruction & 7];
	switch (instruction >> 21 & 31) {
	case 0: /* MFC0, DMFC0 */
	case 1:
		if (reg-- == CP0_STATUS + 1)
			count = from_status(instruction, word, words, now);
		else if (reg < CP0_REGISTERS)
			count = from_cp0(reg, instruction, now);
		vcpu->stats.rewritten_reads += count != 0;
		return count;
	case 4: /* MTC0, DMTC0 */
	case 5:
		if (!reg-- || !(OPEN_REGISTERS >> reg & 1))
			return 0;
		now[0] = at_slot(SD, instruction >> 16 & 31, slot_of(reg));
		vcpu->stats.rewritten_writes++;
		return 1;
	case 11:
		count = interrupt_enable(trap, word, words, now);
		vcpu->stats.rewritten_di_ei += count != 0;
		return count;
	default:
		return 0;
	}
}

/* Where the instruction that trapped is; false: not in RAM. */
static bool find_word(struct vcpu *vcpu, const struct trap *trap, uint32_t *page, uint32_t *word)
{
	uint64_t pc = trap->pc + (trap->in_delay_slot ? 4 : 0);
	enum mips_exception code;
	struct gpa gpa;
	bool refill;

	if (!segment_translate(vcpu, pc, false, &gpa, &code, &refill) ||
	    !pmap_ram(vcpu->vm, gpa, page) || !word_at(vcpu->vm, *page, 0))
		return false;
	*word = (uint32_t)(gpa.value & PAGE_OFFSET_MASK) / 4;
	return true;
}

static bool rewrite_site(struct vcpu *vcpu, const struct trap *trap, uint32_t instruction)
{
	struct vm *vm = vcpu->vm;
	struct rewritten *entry[3];
	uint32_t page, at, before[3] = {0}, now[3];
	unsigned words, count;

	if (vcpu->mode != GUEST_KERNEL || !find_word(vcpu, trap, &page, &at))
		return false;
	words = trap->in_delay_slot ? 1 : (unsigned)(WORDS_PER_PAGE - at);
	for (unsigned i = 0; i < 3 && i < words; i++)
		before[i] = *word_at(vm, page, at + i);
	if (before[0] != instruction)
		return false;
	count = rewrite(vcpu, trap, before, words, now);
	for (unsigned i = 0; i < count; i++) {
		entry[i] = entry_of(vm, page, at + i);
		if (!entry[i])
			return false;
		*entry[i] = (struct rewritten){page, (uint16_t)(at + i), true, before[i], now[i]};
	}
	for (unsigned i = 0; i < count; i++)
		write_word(vm, page, at + i, now[i]);
	return count;
}

/* Whether the instruction is of a kind that is ever rewritten. */
static bool can_be(uint32_t instruction)
{
	unsigned operation = instruction >> 21 & 31;
	unsigned reg = cp0_at[instruction >> 11 & 31][instruction & 7];

	if (instruction >> 26 == OP_CACHE || operation == 11)
		return true;
	if (!reg--)
		return false;
	if (operation < 2)
		return reg == CP0_STATUS || (readable >> reg & 1);
	return operation - 4 < 2 && (OPEN_REGISTERS >> reg & 1);
}

/* Called when the countdown of the quick entries is over. true: rewritten, and to be executed again
 * (the words after it may have changed, too). What cannot be rewritten makes the next
 * time later, so that it does not take the long way each time. */
bool rewrite_consider(struct vcpu *vcpu, const struct trap *trap, uint32_t instruction)
{
	const unsigned co = 16;

	if (!vcpu->vm->rewriting)
		return false;
	vcpu->cp0[SLOT_COUNTDOWN] = 1;
	if (instruction >> 26 == OP_COP0 && (instruction >> 21 & 31) >= co)
		return false;
	if (can_be(instruction))
		hal_charge(CHARGE_REWRITE, 1);
	if (can_be(instruction) && rewrite_site(vcpu, trap, instruction)) {
		vcpu->cp0[SLOT_COUNTDOWN] = vcpu->rewrite_back_off = 1;
		return true;
	}
	vcpu->stats.rewrite_failures++;
	if (vcpu->rewrite_back_off < MAX_BACK_OFF)
		vcpu->rewrite_back_off *= 2;
	vcpu->cp0[SLOT_COUNTDOWN] = vcpu->rewrite_back_off;
	return false;
}

bool rewrite_was_cache(struct vcpu *vcpu, const struct trap *trap)
{
	const struct rewritten *entry;
	uint32_t page, word;

	if (!vcpu->vm->rewriting || !find_word(vcpu, trap, &page, &word))
		return false;
	entry = entry_of(vcpu->vm, page, word);
	return entry && entry->used && entry->page == page && entry->word == word &&
	       entry->before >> 26 == OP_CACHE;
}

bool rewrite_conflicts(const struct vtlb_entry *entry)
{
	return !((entry->hi ^ PAGE_TAG) & (ENTRYHI_R | ENTRYHI_VPN2) & ~(uint64_t)entry->page_mask);
}
