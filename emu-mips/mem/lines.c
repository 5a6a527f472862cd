/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory model `ccnuma` beside the software TLB. The software TLB stays one of pages; what is in a
 * first-level cache stands in a byte for each line of RAM, kept by the model. So a hit costs a look
 * at that byte, a TLB write forgets pages and not hundreds of lines, two virtual addresses of a
 * line need nothing, and exactly the accesses that miss ask the model, whichever engine makes them.
 */
#include "emu/machine.h"
#include "emu/mem.h"

void line_miss(struct cpu *cpu, const void *host, enum access access)
{
	struct machine *machine = cpu->machine;
	uint64_t offset = (uint64_t)((const uint8_t *)host - machine->ram);

	cpu->cycles +=
		ccnuma_access(machine->ccnuma, cpu->number, offset, access, cpu->cycles).cycles;
	if (access == ACCESS_WRITE && machine->uncached_links) {
		uint64_t line = cpu->data_lines.rights ? UINT64_C(1) << cpu->data_lines.shift : 8;

		machine_break_links(machine, cpu, ram_address(offset & ~(line - 1)), line);
	}
}

bool page_uncached(const struct cpu *cpu, uint64_t va)
{
	uint64_t page = va & ~(MIPS_PAGE_SIZE - 1);

	return cpu->machine->ccnuma &&
	       cpu->softtlb->entry[va / MIPS_PAGE_SIZE % SOFTTLB_ENTRIES].read_tag != page;
}

void line_access(struct cpu *cpu, uint64_t va, const void *host, enum access access)
{
	const struct line_view *lines =
		access == ACCESS_FETCH ? &cpu->fetch_lines : &cpu->data_lines;
	struct machine *machine = cpu->machine;
	uint64_t offset = (uint64_t)((const uint8_t *)host - machine->ram);

	if (!machine->ccnuma)
		return;
	if (!page_uncached(cpu, va)) {
		if (!line_ready(lines, (uintptr_t)host,
				access == ACCESS_WRITE ? RIGHT_WRITE : RIGHT_READ))
			line_miss(cpu, host, access);
		return;
	}
	cpu->cycles += ccnuma_uncached(machine->ccnuma, cpu->number, offset, cpu->cycles);
	if (access != ACCESS_WRITE)
		return;
	/* As a device's write: no cache keeps the line, nor a link to it. */
	ccnuma_dma(machine->ccnuma, offset, 1, true);
	machine_break_links(machine, cpu, ram_address(offset), 8);
}
