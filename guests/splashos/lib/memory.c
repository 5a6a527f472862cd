/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory: what is free behind the image and the device tree, given out in order. */
#include "system.h"

#define PAIR_SHIFT 29 /* two pages of 256 MiB */
#define LOW_MEMORY UINT64_C(0x10000000)

uint64_t mapped_pairs = 1;
extern char __bss_end[];
static struct memory_range area[4]; /* free */
static struct lock memory_lock;

static unsigned tlb_entries(void)
{
	uint32_t config1;

	__asm__ volatile("mfc0 %0, $16, 1" : "=r"(config1));
	return (config1 >> CONFIG1_MMU_SHIFT & 0x3f) + 1;
}

uint64_t physical_address(const void *pointer)
{
	uint64_t va = (uint64_t)pointer;

	/* static: CKSEG0 or CKSSEG, 256 MiB that begin at zero */
	return va >= MIPS_CKSEG0 ? va & (LOW_MEMORY - 1) : va - memory_window;
}

void memory_setup(void)
{
	uint64_t used = (boot_info.tree_end + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1), end = 0;

	if (used < physical_address(__bss_end))
		fail("the device tree is not behind the program");
	for (unsigned n = 0; n < boot_info.ranges; n++) {
		area[n] = boot_info.memory[n];
		if (area[n].base + area[n].size > end)
			end = area[n].base + area[n].size;
		if (used <= area[n].base || used >= area[n].base + area[n].size)
			continue;
		area[n].size -= used - area[n].base;
		area[n].base = used;
	}
	if (boot_info.shared_window.size)
		end = boot_info.shared_window.base + boot_info.shared_window.size;
	if (!is_mapped)
		return;
	mapped_pairs = (end + (UINT64_C(1) << PAIR_SHIFT) - 1) >> PAIR_SHIFT;
	if (mapped_pairs + 1 > tlb_entries())
		fail("%lu MiB of memory: the %u entries of the TLB map less",
		     (unsigned long)(end >> 20), tlb_entries());
	map_memory();
}

void *allocate(size_t size)
{
	void *result = NULL;

	size = (size + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
	lock(&memory_lock);
	for (unsigned n = 0; n < 4 && !result; n++) {
		if (area[n].size < size)
			continue;
		result = memory_at(area[n].base);
		area[n].base += size;
		area[n].size -= size;
	}
	unlock(&memory_lock);
	if (!result)
		fail("no %lu KiB of memory in one piece", size >> 10);
	return result;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	uint8_t *d = to;
	const uint8_t *s = from;

	if ((((uintptr_t)d | (uintptr_t)s) & 7) == 0)
		for (; size >= 8; size -= 8, d += 8, s += 8)
			*(uint64_t *)d = *(const uint64_t *)s;
	while (size--)
		*d++ = *s++;
	return to;
}

void *memset(void *to, int value, size_t size)
{
	uint8_t *d = to;

	while (size--)
		*d++ = (uint8_t)value;
	return to;
}
