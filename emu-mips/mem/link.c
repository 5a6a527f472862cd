// SPDX-License-Identifier: GPL-2.0-or-later
/* LL and SC between CPUs on several host threads; see emu/link.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/access.h"
#include "emu/link.h"

int link_create(struct machine *machine)
{
	size_t bytes = LINK_LINES * sizeof(struct link_line);

	machine->links = aligned_alloc(LINK_LINE, bytes);
	if (!machine->links)
		return -ENOMEM;
	memset(machine->links, 0, bytes);
	return 0;
}

void link_destroy(struct machine *machine)
{
	free(machine->links);
	machine->links = NULL;
}

static _Atomic uint64_t *version_of(const struct machine *machine, const void *host)
{
	return &machine->links[link_offset((uintptr_t)host) / LINK_LINE].version;
}

uint64_t link_load(struct cpu *cpu, uint64_t pa, unsigned size)
{
	const void *host = ram_pointer(cpu->machine, pa);

	cpu->linked_version =
		atomic_load_explicit(version_of(cpu->machine, host), memory_order_acquire);
	cpu->linked_value = ram_load(host, size);
	return cpu->linked_value;
}

static bool exchange(void *host, unsigned size, uint64_t expected, uint64_t value)
{
	uint32_t expected32 = (uint32_t)expected;

	if (size == 8)
		return __atomic_compare_exchange_n((ram_u64 *)host, &expected, value, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	return __atomic_compare_exchange_n((ram_u32 *)host, &expected32, (uint32_t)value, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

bool link_store(struct cpu *cpu, uint64_t pa, unsigned size, uint64_t value)
{
	void *host = ram_pointer(cpu->machine, pa);
	_Atomic uint64_t *version = version_of(cpu->machine, host);
	uint64_t seen = cpu->linked_version;
	bool stored;

	if ((seen & 1) || !atomic_compare_exchange_strong(version, &seen, seen + 1))
		return false;
	stored = exchange(host, size, cpu->linked_value, value);
	/* One that failed has changed nothing: links of others to the line hold. */
	atomic_store_explicit(version, stored ? seen + 2 : seen, memory_order_release);
	return stored;
}
