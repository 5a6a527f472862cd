/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory as the CPUs see it: the physical map (RAM and devices) and the software TLB, which
 * remembers translations from virtual pages to host memory so that an access costs a compare.
 *
 * Physical map: RAM from address zero with a hole at 0x10000000-0x1fffffff for devices; all RAM is
 * one host mapping, so host = ram + pa, less the hole's size above it.
 */
#ifndef EMU_MEM_H
#define EMU_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dev/device.h"
#include "emu/ccnuma.h"
#include "emu/cpu.h"
#include "emu/error.h"

#define DEVICE_HOLE_START UINT64_C(0x10000000)
#define DEVICE_HOLE_END	  UINT64_C(0x20000000)

/* ---- mem/physmap.c ---- */

/* Maps RAM (lazily) and an empty device hole; 0 or a negative errno with @error set. */
int physmap_create(struct machine *machine, struct error *error);
void physmap_destroy(struct machine *machine);

/* Adds the registers of a device to the hole, or takes them out. @region is kept, not copied. Every
 * 4 KiB page of the hole belongs to one device. -EINVAL: not in the hole; -EBUSY: page taken. */
int physmap_add(struct machine *machine, const struct mmio_region *region);
/* @local says which accesses to @region several CPUs may make at once (none, if never called). */
void physmap_set_local(struct machine *machine, const struct mmio_region *region,
		       device_local *local);
void physmap_remove(struct machine *machine, const struct mmio_region *region);

/* Whether [pa, pa + length) is RAM altogether. */
bool ram_valid(const struct machine *machine, uint64_t pa, uint64_t length);

/* Host address of RAM at physical address @pa, or NULL when that is not RAM. The pointer is good to
 * the end of the 4 KiB page, and for whatever ram_valid() says yes to. */
void *ram_pointer(const struct machine *machine, uint64_t pa);

/* Physical address of the byte of RAM at @offset from its start. */
static inline uint64_t ram_address(uint64_t offset)
{
	return offset < DEVICE_HOLE_START ? offset : offset + (DEVICE_HOLE_END - DEVICE_HOLE_START);
}

/* Reads or writes a device (or RAM) register of 1, 2, 4 or 8 bytes at @pa on behalf of @cpu.
 * Returns false when nothing is there: the caller raises a bus error. */
bool phys_read(struct machine *machine, struct cpu *cpu, uint64_t pa, unsigned size,
	       uint64_t *value);
bool phys_write(struct machine *machine, struct cpu *cpu, uint64_t pa, unsigned size,
		uint64_t value);

/* Whether phys_read() or phys_write() may be called for @cpu now; if not, see machine_alone(). */
bool phys_ready(struct cpu *cpu, uint64_t pa, unsigned size, bool write);

/*
 * Code pages. An engine that keeps translated code of a physical page marks it; from then on
 * stores and DMA to it call the engine's code_written() first. One byte a page in
 * machine->page_flags, which change only while CPUs run one at a time.
 */
#define PAGE_HAS_CODE 1u
void page_mark_code(struct machine *machine, uint64_t pa); /* drops write entries everywhere */
void page_clear_code(struct machine *machine, uint64_t pa);
bool page_has_code(const struct machine *machine, uint64_t pa);

/* To be called before host code (DMA, loader, monitor) writes RAM: tells the engine about code. */
void ram_will_write(struct machine *machine, uint64_t pa, uint64_t length);

/* ---- mem/softtlb.c ---- */

#define SOFTTLB_ENTRIES	 1024 /* per context; direct-mapped by virtual page number */
#define SOFTTLB_CONTEXTS 8    /* contexts (mode, ASID) a CPU keeps; least recently used is reused */

/*
 * An entry serves an access of its kind when tag == (va & ~(MIPS_PAGE_SIZE - 1)); va's low bits
 * below the access size are kept in that compare, so misaligned accesses miss. Empty tag: ~0. host
 * = va + addend. In memory model `ccnuma` uncached pages have none, and a cached access looks at
 * the CPU's line rights too.
 */
struct softtlb_entry {
	uint64_t read_tag;
	uint64_t write_tag;
	uint64_t fetch_tag;
	uintptr_t addend;
};
_Static_assert(sizeof(struct softtlb_entry) == 32, "translated code scales the index by 32");

struct softtlb {
	struct softtlb_entry entry[SOFTTLB_ENTRIES];
	/* the context this table serves */
	uint64_t last_used;
	uint8_t mode; /* with the Status bits that decide which addresses are legal */
	uint8_t asid;
	bool in_use;
};

/* Allocates a CPU's tables; 0 or -ENOMEM. Freed by softtlb_destroy. */
int softtlb_create(struct cpu *cpu);
void softtlb_destroy(struct cpu *cpu);

/* Points cpu->softtlb at the table for the present mode and EntryHi.ASID (ERL counts as its own
 * mode). Keeps the others: no flush on an ASID change. */
void softtlb_select(struct cpu *cpu);

/* Forgets the translations of the page of @size bytes at @va in every context of @cpu (global) or
 * in those of @asid. */
void softtlb_flush_page(struct cpu *cpu, uint64_t va, uint64_t size, bool global, uint8_t asid);
void softtlb_flush_all(struct cpu *cpu);

/* Drops every write entry of @cpu for the 4 KiB page of RAM at host address @host: its next write
 * takes the slow path. For page_mark_code(). */
void softtlb_protect_page(struct cpu *cpu, const void *host);

/*
 * The slow path of an access in the present mode: translates @va, enters it into the software TLB
 * when it is RAM, and returns the host address. NULL: not plain RAM (device, page with code on a
 * write) and *@exception is false; or an exception was raised and *@exception is true. *@pa holds
 * the physical address unless there was an exception. @probe_only: raise nothing, just return NULL;
 * the translator uses it and leaves the rest to the interpreter.
 */
void *softtlb_fill(struct cpu *cpu, uint64_t va, enum access access, bool probe_only, uint64_t *pa,
		   bool *exception);

/* ---- mem/lines.c: memory model `ccnuma` beside the software TLB ---- */

/* Whether @cpu may access RAM at @host without asking the model (always in model `none`). */
static inline bool line_ready(const struct line_view *lines, uintptr_t host, enum line_right need)
{
	return !lines->base || *(const uint8_t *)(lines->base + (host >> lines->shift)) >= need;
}

/* An access of @cpu to RAM at @host, in a cached page, that line_ready() denies: asks the model and
 * adds what it costs to cycles. Afterwards the line is ready, unless lines->rights is NULL. */
void line_miss(struct cpu *cpu, const void *host, enum access access);

/* An access of @cpu at @va to RAM at @host, just found by softtlb_fill(): what it costs by the
 * memory model, if anything, by whether the page is cached. Ends links for uncached writes. */
void line_access(struct cpu *cpu, uint64_t va, const void *host, enum access access);

/* Whether the page of @va, just translated for @cpu, is uncached RAM in model `ccnuma`. */
bool page_uncached(const struct cpu *cpu, uint64_t va);

#endif
