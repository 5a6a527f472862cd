// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loads and stores of general registers, LL and SC, SYNC, SYNCI and PREF. The simulated caches are
 * coherent, so SYNCI does nothing but translate its address.
 *
 * Source: MIPS64 Architecture For Programmers Volume II (MD00087).
 */
#include <stddef.h>

#include "access.h"
#include "emu/link.h"
#include "emu/machine.h"
#include "gpr.h"

static uint64_t effective_address(const struct cpu *cpu, uint32_t word)
{
	return access_address(cpu, gpr_rs(cpu, word), (uint64_t)field_simm(word));
}

#define NEEDS_NOTHING(cpu) true
#define NEEDS_OP64(cpu)	   __builtin_expect((cpu)->ops_64bit, 1)

/* @type: how the register gets the value: its width and sign. */
#define LOAD(name, type, needs)                                                                    \
	enum exec exec_##name(struct cpu *cpu, uint32_t word)                                      \
	{                                                                                          \
		uint64_t value;                                                                    \
                                                                                                   \
		if (!needs(cpu))                                                                   \
			return cpu_raise(cpu, EXC_RI);                                             \
		if (access_read(cpu, effective_address(cpu, word), sizeof(type), &value) !=        \
		    EXEC_OK)                                                                       \
			return EXEC_EXCEPTION;                                                     \
		return write_gpr(cpu, field_rt(word), (uint64_t)(int64_t)(type)value);             \
	}

LOAD(lb, int8_t, NEEDS_NOTHING)
LOAD(lbu, uint8_t, NEEDS_NOTHING)
LOAD(lh, int16_t, NEEDS_NOTHING)
LOAD(lhu, uint16_t, NEEDS_NOTHING)
LOAD(lw, int32_t, NEEDS_NOTHING)
LOAD(lwu, uint32_t, NEEDS_OP64)
LOAD(ld, uint64_t, NEEDS_OP64)

#define STORE(name, size, needs)                                                                   \
	enum exec exec_##name(struct cpu *cpu, uint32_t word)                                      \
	{                                                                                          \
		if (!needs(cpu))                                                                   \
			return cpu_raise(cpu, EXC_RI);                                             \
		return access_write(cpu, effective_address(cpu, word), size, gpr_rt(cpu, word));   \
	}

STORE(sb, 1, NEEDS_NOTHING)
STORE(sh, 2, NEEDS_NOTHING)
STORE(sw, 4, NEEDS_NOTHING)
STORE(sd, 8, NEEDS_OP64)

/*
 * Unaligned loads. Little-endian: LWL and LDL put the bytes from the aligned word's start to the
 * address into the upper end of the register; LWR and LDR those from the address to the word's end
 * into the lower end. The aligned word is read; an exception reports the unaligned address.
 */
static enum exec read_containing_word(struct cpu *cpu, uint64_t va, unsigned size, uint64_t *value)
{
	bool exception = false;
	uint64_t pa = 0;

	if (softtlb_entry_of(cpu, va)->read_tag != softtlb_tag(va, 1)) {
		const void *host = softtlb_fill(cpu, va, ACCESS_READ, false, &pa, &exception);

		if (exception)
			return EXEC_EXCEPTION;
		if (!host)
			return access_read_physical(cpu, pa & ~(uint64_t)(size - 1), size, value);
	}
	return access_read(cpu, va & ~(uint64_t)(size - 1), size, value);
}

static uint64_t low_bytes(unsigned count)
{
	return count >= 8 ? ~UINT64_C(0) : (UINT64_C(1) << 8 * count) - 1;
}

enum exec exec_lwl(struct cpu *cpu, uint32_t word)
{
	uint64_t va = effective_address(cpu, word), value;
	unsigned kept = 3 - (va & 3); /* bytes of the register that stay */

	if (read_containing_word(cpu, va, 4, &value) != EXEC_OK)
		return EXEC_EXCEPTION;
	value = value << 8 * kept | (gpr_rt(cpu, word) & low_bytes(kept));
	return write_gpr(cpu, field_rt(word), sign_extend_32(value));
}

/* The manual leaves the upper half open unless LWR loads bit 31; here it is the sign, as in QEMU.
 */
enum exec exec_lwr(struct cpu *cpu, uint32_t word)
{
	uint64_t va = effective_address(cpu, word), value;
	unsigned skipped = va & 3;
	uint64_t loaded = low_bytes(4 - skipped);

	if (read_containing_word(cpu, va, 4, &value) != EXEC_OK)
		return EXEC_EXCEPTION;
	value = (value >> 8 * skipped & loaded) | (gpr_rt(cpu, word) & ~loaded);
	return write_gpr(cpu, field_rt(word), sign_extend_32(value));
}

enum exec exec_ldl(struct cpu *cpu, uint32_t word)
{
	uint64_t va = effective_address(cpu, word), value;
	unsigned kept = 7 - (va & 7);

	if (!NEEDS_OP64(cpu))
		return cpu_raise(cpu, EXC_RI);
	if (read_containing_word(cpu, va, 8, &value) != EXEC_OK)
		return EXEC_EXCEPTION;
	value = value << 8 * kept | (gpr_rt(cpu, word) & low_bytes(kept));
	return write_gpr(cpu, field_rt(word), value);
}

enum exec exec_ldr(struct cpu *cpu, uint32_t word)
{
	uint64_t va = effective_address(cpu, word), value;
	unsigned skipped = va & 7;
	uint64_t loaded = low_bytes(8 - skipped);

	if (!NEEDS_OP64(cpu))
		return cpu_raise(cpu, EXC_RI);
	if (read_containing_word(cpu, va, 8, &value) != EXEC_OK)
		return EXEC_EXCEPTION;
	value = (value >> 8 * skipped & loaded) | (gpr_rt(cpu, word) & ~loaded);
	return write_gpr(cpu, field_rt(word), value);
}

/* Unaligned stores: from the start of the aligned word to the address, or from there to its end. It
 * is one access to memory. */
static enum exec store_left(struct cpu *cpu, uint64_t va, unsigned size, uint64_t value)
{
	unsigned count = (unsigned)(va & (size - 1)) + 1;

	return access_write_part(cpu, va, va + 1 - count, count, value >> 8 * (size - count));
}

static enum exec store_right(struct cpu *cpu, uint64_t va, unsigned size, uint64_t value)
{
	return access_write_part(cpu, va, va, size - (unsigned)(va & (size - 1)), value);
}

enum exec exec_swl(struct cpu *cpu, uint32_t word)
{
	return store_left(cpu, effective_address(cpu, word), 4, gpr_rt(cpu, word));
}

enum exec exec_swr(struct cpu *cpu, uint32_t word)
{
	return store_right(cpu, effective_address(cpu, word), 4, gpr_rt(cpu, word));
}

enum exec exec_sdl(struct cpu *cpu, uint32_t word)
{
	if (!NEEDS_OP64(cpu))
		return cpu_raise(cpu, EXC_RI);
	return store_left(cpu, effective_address(cpu, word), 8, gpr_rt(cpu, word));
}

enum exec exec_sdr(struct cpu *cpu, uint32_t word)
{
	if (!NEEDS_OP64(cpu))
		return cpu_raise(cpu, EXC_RI);
	return store_right(cpu, effective_address(cpu, word), 8, gpr_rt(cpu, word));
}

/* Load linked, store conditional. */
/* The physical address of an access to @va, in *@pa, by the software TLB when it has it. */
static enum exec physical_address(struct cpu *cpu, uint64_t va, enum access access, uint64_t *pa)
{
	const struct softtlb_entry *entry = softtlb_entry_of(cpu, va);
	uint64_t tag = access == ACCESS_WRITE ? entry->write_tag : entry->read_tag;
	bool exception = false;

	if (tag == softtlb_tag(va, 1))
		*pa = ram_address(va + entry->addend - (uintptr_t)cpu->machine->ram);
	else
		softtlb_fill(cpu, va, access, false, pa, &exception);
	return exception ? EXEC_EXCEPTION : EXEC_OK;
}

static enum exec load_linked(struct cpu *cpu, uint32_t word, unsigned size)
{
	uint64_t va = effective_address(cpu, word), pa = 0, value;

	if ((va & (size - 1)) != 0)
		return cpu_raise_address(cpu, EXC_ADEL, va, false);
	if (physical_address(cpu, va, ACCESS_READ, &pa) != EXEC_OK ||
	    access_read(cpu, va, size, &value) != EXEC_OK)
		return EXEC_EXCEPTION;
	if (link_in_use(cpu->machine) && ram_pointer(cpu->machine, pa))
		value = link_load(cpu, pa, size);
	cpu->linked = LINK_CACHED;
	cpu->linked_address = pa;
	if (page_uncached(cpu, va))
		machine_link_uncached(cpu);
	return write_gpr(cpu, field_rt(word), size == 4 ? sign_extend_32(value) : value);
}

/* The address is translated, with all exceptions, before LLbit is looked at (MD00087, SC). */
static enum exec check_store(struct cpu *cpu, uint64_t va)
{
	struct translation where;
	enum mips_exception code;
	bool refill;

	if (cpu_translate(cpu, va, ACCESS_WRITE, (enum cpu_mode)cpu->mode, &where, &code, &refill))
		return EXEC_OK;
	return cpu_raise_address(cpu, code, va, refill);
}

/* The store of an SC to RAM whose link still stands, with several host threads. */
static enum exec store_linked(struct cpu *cpu, uint64_t pa, unsigned size, uint64_t value,
			      bool *stored)
{
	if (page_has_code(cpu->machine, pa)) {
		if (!machine_alone(cpu))
			return EXEC_EXCEPTION;
		ram_will_write(cpu->machine, pa, size);
	}
	*stored = link_store(cpu, pa, size, value);
	return EXEC_OK;
}

/* Fails without touching memory when the link is gone, or was made for another address. */
static enum exec store_conditional(struct cpu *cpu, uint32_t word, unsigned size)
{
	uint64_t va = effective_address(cpu, word), pa = 0;
	bool stored = false;

	if ((va & (size - 1)) != 0)
		return cpu_raise_address(cpu, EXC_ADES, va, false);
	if (!cpu->linked) {
		if (check_store(cpu, va) != EXEC_OK)
			return EXEC_EXCEPTION;
	} else {
		if (physical_address(cpu, va, ACCESS_WRITE, &pa) != EXEC_OK)
			return EXEC_EXCEPTION;
		stored = pa == cpu->linked_address;
	}
	if (stored && link_in_use(cpu->machine) && ram_pointer(cpu->machine, pa)) {
		if (store_linked(cpu, pa, size, gpr_rt(cpu, word), &stored) != EXEC_OK)
			return EXEC_EXCEPTION;
	} else if (stored && access_write(cpu, va, size, gpr_rt(cpu, word)) != EXEC_OK) {
		return EXEC_EXCEPTION;
	}
	if (!stored)
		cpu->stats.sc_failures++;
	cpu->linked = LINK_NONE;
	return write_gpr(cpu, field_rt(word), stored);
}

enum exec exec_ll(struct cpu *cpu, uint32_t word)
{
	return load_linked(cpu, word, 4);
}

enum exec exec_lld(struct cpu *cpu, uint32_t word)
{
	if (!NEEDS_OP64(cpu))
		return cpu_raise(cpu, EXC_RI);
	return load_linked(cpu, word, 8);
}

enum exec exec_sc(struct cpu *cpu, uint32_t word)
{
	return store_conditional(cpu, word, 4);
}

enum exec exec_scd(struct cpu *cpu, uint32_t word)
{
	if (!NEEDS_OP64(cpu))
		return cpu_raise(cpu, EXC_RI);
	return store_conditional(cpu, word, 8);
}

/* Synchronization. */
enum exec exec_synci(struct cpu *cpu, uint32_t word)
{
	uint64_t pa;

	return physical_address(cpu, effective_address(cpu, word), ACCESS_READ, &pa);
}

/* SYNC's lighter forms order what a host with several threads orders no less: see link.h. */
enum exec exec_sync(struct cpu *cpu, uint32_t word)
{
	(void)word;
	if (cpu->machine->links)
		atomic_thread_fence(memory_order_seq_cst);
	return EXEC_OK;
}

enum exec exec_pref(struct cpu *cpu, uint32_t word)
{
	(void)cpu;
	(void)word;
	return EXEC_OK;
}
