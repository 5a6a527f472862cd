/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory accesses of instructions: a compare with the software TLB, and the slow path (TLB miss,
 * device, exception) out of line in access.c. The handlers of exec_mem.c and exec_fpu.c use these.
 * EXEC_EXCEPTION means that the exception has been raised; the handler returns it at once, with no
 * register changed.
 */
#ifndef CPU_ACCESS_H
#define CPU_ACCESS_H

#include <string.h>

#include "emu/cpu.h"
#include "emu/mem.h"

/* RAM, @size (1, 2, 4, 8) bytes, aligned: one host access each, since other host threads may access
 * the same bytes. Order is the guest's business (SYNC). */
typedef uint16_t __attribute__((may_alias)) ram_u16;
typedef uint32_t __attribute__((may_alias)) ram_u32;
typedef uint64_t __attribute__((may_alias)) ram_u64;

static inline uint64_t ram_load(const void *host, unsigned size)
{
	switch (size) {
	case 1:
		return __atomic_load_n((const uint8_t *)host, __ATOMIC_RELAXED);
	case 2:
		return __atomic_load_n((const ram_u16 *)host, __ATOMIC_RELAXED);
	case 4:
		return __atomic_load_n((const ram_u32 *)host, __ATOMIC_RELAXED);
	default:
		return __atomic_load_n((const ram_u64 *)host, __ATOMIC_RELAXED);
	}
}

static inline void ram_store(void *host, unsigned size, uint64_t value)
{
	switch (size) {
	case 1:
		__atomic_store_n((uint8_t *)host, (uint8_t)value, __ATOMIC_RELAXED);
		break;
	case 2:
		__atomic_store_n((ram_u16 *)host, (uint16_t)value, __ATOMIC_RELAXED);
		break;
	case 4:
		__atomic_store_n((ram_u32 *)host, (uint32_t)value, __ATOMIC_RELAXED);
		break;
	default:
		__atomic_store_n((ram_u64 *)host, value, __ATOMIC_RELAXED);
	}
}

/* The low @count (1..8) bytes of @value, each written once, and none beside them. */
static inline void ram_store_part(uint8_t *host, unsigned count, uint64_t value)
{
	for (unsigned i = 0; i < count; i++)
		ram_store(host + i, 1, value >> 8 * i);
}

/* Effective address of base + offset: wraps to 32 bits in user mode without UX. */
static inline uint64_t access_address(const struct cpu *cpu, uint64_t base, uint64_t offset)
{
	uint64_t va = base + offset;

	return cpu->address_32bit ? (uint64_t)(int64_t)(int32_t)va : va;
}

static inline struct softtlb_entry *softtlb_entry_of(const struct cpu *cpu, uint64_t va)
{
	return &cpu->softtlb->entry[va / MIPS_PAGE_SIZE % SOFTTLB_ENTRIES];
}

/* The part of @va that must equal an entry's tag for an access of @size bytes. */
static inline uint64_t softtlb_tag(uint64_t va, unsigned size)
{
	return va & ~(MIPS_PAGE_SIZE - size);
}

/* Slow paths: misaligned (address error), not in the software TLB, a device. */
enum exec access_read_slow(struct cpu *cpu, uint64_t va, unsigned size, uint64_t *value);
enum exec access_write_slow(struct cpu *cpu, uint64_t va, unsigned size, uint64_t value);

/* Writes the low @count bytes of @value from @start on. They are in one aligned word with @va, the
 * address that an exception reports. */
enum exec access_write_part(struct cpu *cpu, uint64_t va, uint64_t start, unsigned count,
			    uint64_t value);

/* Device registers, or RAM that has no entry in the software TLB; a bus error when nothing is at
 * physical address @pa. */
enum exec access_read_physical(struct cpu *cpu, uint64_t pa, unsigned size, uint64_t *value);
enum exec access_write_physical(struct cpu *cpu, uint64_t pa, unsigned size, uint64_t value);

/* Reads @size (1, 2, 4, 8) bytes at @va, which must be aligned; the value is zero-extended. */
static inline enum exec access_read(struct cpu *cpu, uint64_t va, unsigned size, uint64_t *value)
{
	const struct softtlb_entry *entry = softtlb_entry_of(cpu, va);
	const void *host = (const void *)(uintptr_t)(va + entry->addend);

	if (__builtin_expect(entry->read_tag != softtlb_tag(va, size), 0))
		return access_read_slow(cpu, va, size, value);
	if (__builtin_expect(!line_ready(&cpu->data_lines, (uintptr_t)host, RIGHT_READ), 0))
		line_miss(cpu, host, ACCESS_READ);
	*value = ram_load(host, size);
	return EXEC_OK;
}

/* Writes the low @size (1, 2, 4, 8) bytes of @value at @va, which must be aligned. */
static inline enum exec access_write(struct cpu *cpu, uint64_t va, unsigned size, uint64_t value)
{
	const struct softtlb_entry *entry = softtlb_entry_of(cpu, va);
	void *host = (void *)(uintptr_t)(va + entry->addend);

	if (__builtin_expect(entry->write_tag != softtlb_tag(va, size), 0))
		return access_write_slow(cpu, va, size, value);
	if (__builtin_expect(!line_ready(&cpu->data_lines, (uintptr_t)host, RIGHT_WRITE), 0))
		line_miss(cpu, host, ACCESS_WRITE);
	ram_store(host, size, value);
	return EXEC_OK;
}

#endif
