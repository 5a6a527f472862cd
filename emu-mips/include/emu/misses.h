/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where second-level misses happened (memory model `ccnuma`): counted for each page and the node
 * that missed on it, and with machine_config.profile for each instruction that stalled. Counts stay
 * over switches of the model.
 *
 * Under a monitor a page is its owner's, a VM's physical page say, wherever it moves in the
 * machine's memory; and an instruction is that of the guest that ran on the CPU (cpu->guest).
 */
#ifndef EMU_MISSES_H
#define EMU_MISSES_H

#include "emu/ccnuma.h"
#include "emu/machine.h"

#define MISSES_MAX_GUESTS 64

enum miss_owner {
	MISS_OF_MACHINE, /* number: of the machine's page; under a monitor, its own or free ones */
	MISS_OF_GUEST,	 /* number: of the VM's physical page */
	MISS_OF_REGISTERS, /* the pages with a vCPU's registers; number: of the vCPU */
	MISS_OF_SHARED,	   /* memory that VMs share; guest: its number */
	MISS_OWNERS,
};

struct miss_page {
	enum miss_owner owner;
	unsigned guest;	 /* 0 .. MISSES_MAX_GUESTS - 1; 0 of the machine */
	uint32_t number; /* of the page */
};

/* Who has which page: a monitor, in machine->page_owners. */
struct page_owners {
	struct miss_page (*owner)(const struct machine *machine, uint64_t offset);
	/* A virtual address at which the page at @offset in RAM is mapped now; 0: not known. */
	uint64_t (*mapped_at)(const struct machine *machine, uint64_t offset);
};

/* Misses and upgrades of a node on a page. Those that are not remote are local. */
struct page_misses {
	uint64_t cycles; /* stalled */
	uint32_t cause[CAUSES];
	uint32_t remote;
	uint32_t writes;
	uint8_t home;	       /* of the last one */
	uint8_t until_address; /* misses until the page's virtual address is asked for again */
};

struct missed_page {
	struct miss_page page;
	uint64_t mapped_at;			    /* as in struct page_owners, some time ago */
	struct page_misses node[MACHINE_MAX_NODES]; /* by node that missed */
};

/* Misses, upgrades and first-level misses served by the second level, of an instruction. */
struct code_misses {
	uint64_t pc;	 /* of the monitor's own references: the operation */
	uint64_t code;	 /* machine page with the instruction, user mode only */
	uint64_t hash;	 /* page_hash() of it; 0 in other modes, or: unknown */
	uint64_t cycles; /* stalled, those for the second level too */
	uint64_t cause[CAUSES];
	uint64_t remote; /* of the second-level misses and upgrades */
	int16_t guest;	 /* of the CPU; -1: none */
	uint8_t mode;	 /* enum cpu_mode */
	bool monitor;
};

/* 0 or -ENOMEM; freed by misses_destroy(). machine->misses. */
int misses_create(struct machine *machine);
void misses_destroy(struct machine *machine);

/* @cpu, at its pc, waited for @result on RAM at @offset. */
void misses_count(struct machine *machine, unsigned cpu, uint64_t offset, bool write,
		  const struct ccnuma_result *result);

/* From now on the CPU's references are those of the monitor's @operation; -1: of its instruction.
 */
void misses_set_operation(struct machine *machine, int operation);

/* Calls @visit for every page that was missed on. */
void misses_visit_pages(const struct machine *machine,
			void (*visit)(void *opaque, const struct missed_page *page), void *opaque);

/* Calls @visit for every instruction counted; nothing without machine_config.profile. */
void misses_visit_code(const struct machine *machine,
		       void (*visit)(void *opaque, const struct code_misses *code), void *opaque);

/* Calls @visit for every instruction that had second-level misses on @page, with the @cycles it
 * waited for them. */
void misses_visit_page_code(const struct machine *machine, const struct miss_page *page,
			    void (*visit)(void *opaque, const struct code_misses *code,
					  uint64_t cycles),
			    void *opaque);

/* Identifies what is in the 4 KiB page at @page. */
uint64_t page_hash(const void *page);

#endif
