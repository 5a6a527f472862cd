// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The software TLB: per CPU a few direct-mapped tables, one a context. A context is an ASID
 * together with the processor mode and the Status bits that decide which addresses are legal (KX,
 * SX, UX and ERL), so that a change of any of them selects another table in place of a flush.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "emu/machine.h"
#include "emu/mem.h"

#define EMPTY_TAG	       UINT64_MAX
#define PAGE_NUMBERS	       (~(MIPS_PAGE_SIZE - 1))
#define CONTEXT_ERL	       0x04u
#define CONTEXT_KX_SX_UX_SHIFT 3

static void empty_entry(struct softtlb_entry *entry)
{
	entry->read_tag = EMPTY_TAG;
	entry->write_tag = EMPTY_TAG;
	entry->fetch_tag = EMPTY_TAG;
}

static void clear(struct softtlb *softtlb)
{
	memset(softtlb->entry, 0xff, sizeof(softtlb->entry));
}

int softtlb_create(struct cpu *cpu)
{
	cpu->softtlb_contexts = calloc(SOFTTLB_CONTEXTS, sizeof(struct softtlb));
	if (!cpu->softtlb_contexts)
		return -ENOMEM;
	for (unsigned i = 0; i < SOFTTLB_CONTEXTS; i++)
		clear(&cpu->softtlb_contexts[i]);
	cpu->softtlb = cpu->softtlb_contexts;
	return 0;
}

void softtlb_destroy(struct cpu *cpu)
{
	free(cpu->softtlb_contexts);
	cpu->softtlb_contexts = NULL;
	cpu->softtlb = NULL;
}

static uint8_t context_mode(const struct cpu *cpu)
{
	uint32_t status = (uint32_t)cpu->cp0[CP0_STATUS];
	uint32_t extended = (status & (STATUS_KX | STATUS_SX | STATUS_UX)) / STATUS_UX;
	unsigned erl = (status & STATUS_ERL) != 0 ? CONTEXT_ERL : 0;

	return (uint8_t)(cpu->mode | erl | extended << CONTEXT_KX_SX_UX_SHIFT);
}

static bool serves(const struct softtlb *softtlb, uint8_t mode, uint8_t asid)
{
	return softtlb->in_use && softtlb->mode == mode && softtlb->asid == asid;
}

/* The table of a context, or else the one to take for it: least recently used. */
static struct softtlb *find_context(struct cpu *cpu, uint8_t mode, uint8_t asid)
{
	struct softtlb *oldest = cpu->softtlb_contexts;

	for (unsigned i = 0; i < SOFTTLB_CONTEXTS; i++) {
		struct softtlb *softtlb = &cpu->softtlb_contexts[i];

		if (serves(softtlb, mode, asid))
			return softtlb;
		if (softtlb->last_used < oldest->last_used)
			oldest = softtlb;
	}
	return oldest;
}

void softtlb_select(struct cpu *cpu)
{
	uint8_t mode = context_mode(cpu);
	uint8_t asid = (uint8_t)(cpu->cp0[CP0_ENTRYHI] & ENTRYHI_ASID);
	uint64_t now = cpu->softtlb->last_used;
	struct softtlb *softtlb;

	if (serves(cpu->softtlb, mode, asid))
		return;
	softtlb = find_context(cpu, mode, asid);
	if (!serves(softtlb, mode, asid)) {
		if (softtlb->in_use)
			clear(softtlb);
		softtlb->in_use = true;
		softtlb->mode = mode;
		softtlb->asid = asid;
	}
	softtlb->last_used = now + 1; /* the present one was used last, so this is the newest */
	cpu->softtlb = softtlb;
}

static void flush_entry(struct softtlb *softtlb, uint64_t page)
{
	struct softtlb_entry *entry = &softtlb->entry[page / MIPS_PAGE_SIZE % SOFTTLB_ENTRIES];

	if (entry->read_tag == page || entry->write_tag == page || entry->fetch_tag == page)
		empty_entry(entry);
}

void softtlb_flush_page(struct cpu *cpu, uint64_t va, uint64_t size, bool global, uint8_t asid)
{
	uint64_t first = va & PAGE_NUMBERS;

	for (unsigned i = 0; i < SOFTTLB_CONTEXTS; i++) {
		struct softtlb *softtlb = &cpu->softtlb_contexts[i];

		if (!softtlb->in_use || (!global && softtlb->asid != asid))
			continue;
		if (size >= SOFTTLB_ENTRIES * MIPS_PAGE_SIZE) {
			clear(softtlb);
			continue;
		}
		for (uint64_t offset = 0; offset < size; offset += MIPS_PAGE_SIZE)
			flush_entry(softtlb, first + offset);
	}
}

void softtlb_flush_all(struct cpu *cpu)
{
	for (unsigned i = 0; i < SOFTTLB_CONTEXTS; i++) {
		struct softtlb *softtlb = &cpu->softtlb_contexts[i];

		if (softtlb->in_use)
			clear(softtlb);
		if (softtlb == cpu->softtlb)
			continue;
		softtlb->in_use = false;
		softtlb->last_used = 0;
	}
}

void softtlb_protect_page(struct cpu *cpu, const void *host)
{
	uintptr_t page = (uintptr_t)host & PAGE_NUMBERS;

	for (unsigned i = 0; i < SOFTTLB_CONTEXTS; i++) {
		struct softtlb *softtlb = &cpu->softtlb_contexts[i];

		for (unsigned j = 0; softtlb->in_use && j < SOFTTLB_ENTRIES; j++) {
			struct softtlb_entry *entry = &softtlb->entry[j];

			if (entry->write_tag != EMPTY_TAG &&
			    ((entry->write_tag + entry->addend) & PAGE_NUMBERS) == page)
				entry->write_tag = EMPTY_TAG;
		}
	}
}

static bool has_code(const struct machine *machine, const uint8_t *host)
{
	size_t page = (size_t)(host - machine->ram) / MIPS_PAGE_SIZE;

	return (machine->page_flags[page] & PAGE_HAS_CODE) != 0;
}

/* Every valid page may be read and fetched from; MIPS64 Release 2 has no bits against it. */
static void enter(struct cpu *cpu, uint64_t va, uint8_t *host, bool writable)
{
	uint64_t page = va & PAGE_NUMBERS;
	struct softtlb_entry *entry = &cpu->softtlb->entry[page / MIPS_PAGE_SIZE % SOFTTLB_ENTRIES];

	entry->read_tag = page;
	entry->fetch_tag = page;
	entry->write_tag = writable ? page : EMPTY_TAG;
	entry->addend = (uintptr_t)host - va;
}

void *softtlb_fill(struct cpu *cpu, uint64_t va, enum access access, bool probe_only, uint64_t *pa,
		   bool *exception)
{
	struct translation translation;
	enum mips_exception code;
	bool refill, code_page;
	uint8_t *host;

	*exception = false;
	if (!cpu_translate(cpu, va, access, cpu->mode, &translation, &code, &refill)) {
		if (!probe_only) {
			cpu_raise_address(cpu, code, va, refill);
			*exception = true;
		}
		return NULL;
	}
	*pa = translation.pa;
	host = ram_pointer(cpu->machine, translation.pa);
	if (!host)
		return NULL;
	code_page = has_code(cpu->machine, host);
	if (!cpu->machine->ccnuma || translation.cca != CCA_UNCACHED)
		enter(cpu, va, host, translation.writable && !code_page);
	return access == ACCESS_WRITE && code_page ? NULL : host;
}
