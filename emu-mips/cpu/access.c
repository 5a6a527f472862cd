// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory accesses that are not a hit in the software TLB. */
#include <stddef.h>

#include "access.h"
#include "emu/machine.h"

static void count_device_access(struct cpu *cpu, uint64_t pa)
{
	if (!ram_pointer(cpu->machine, pa))
		cpu->stats.device_accesses++;
}

enum exec access_read_physical(struct cpu *cpu, uint64_t pa, unsigned size, uint64_t *value)
{
	if (!phys_ready(cpu, pa, size, false))
		return EXEC_EXCEPTION;
	count_device_access(cpu, pa);
	if (!phys_read(cpu->machine, cpu, pa, size, value))
		return cpu_raise(cpu, EXC_DBE);
	return EXEC_OK;
}

enum exec access_write_physical(struct cpu *cpu, uint64_t pa, unsigned size, uint64_t value)
{
	if (!phys_ready(cpu, pa, size, true))
		return EXEC_EXCEPTION;
	count_device_access(cpu, pa);
	if (!phys_write(cpu->machine, cpu, pa, size, value))
		return cpu_raise(cpu, EXC_DBE);
	return EXEC_OK;
}

enum exec access_read_slow(struct cpu *cpu, uint64_t va, unsigned size, uint64_t *value)
{
	bool exception = false;
	uint64_t pa = 0;
	const void *host;

	if ((va & (size - 1)) != 0)
		return cpu_raise_address(cpu, EXC_ADEL, va, false);
	host = softtlb_fill(cpu, va, ACCESS_READ, false, &pa, &exception);
	if (exception)
		return EXEC_EXCEPTION;
	if (!host)
		return access_read_physical(cpu, pa, size, value);
	line_access(cpu, va, host, ACCESS_READ);
	*value = ram_load(host, size);
	return EXEC_OK;
}

enum exec access_write_slow(struct cpu *cpu, uint64_t va, unsigned size, uint64_t value)
{
	bool exception = false;
	uint64_t pa = 0;
	void *host;

	if ((va & (size - 1)) != 0)
		return cpu_raise_address(cpu, EXC_ADES, va, false);
	host = softtlb_fill(cpu, va, ACCESS_WRITE, false, &pa, &exception);
	if (exception)
		return EXEC_EXCEPTION;
	if (!host) { /* a page with code, or a device */
		host = ram_pointer(cpu->machine, pa);
		if (host)
			line_access(cpu, va, host, ACCESS_WRITE);
		return access_write_physical(cpu, pa, size, value);
	}
	line_access(cpu, va, host, ACCESS_WRITE);
	ram_store(host, size, value);
	return EXEC_OK;
}

enum exec access_write_part(struct cpu *cpu, uint64_t va, uint64_t start, unsigned count,
			    uint64_t value)
{
	const struct softtlb_entry *entry = softtlb_entry_of(cpu, va);
	bool exception = false;
	uint64_t pa = 0;
	uint8_t *host = (uint8_t *)(uintptr_t)(va + entry->addend);

	if (entry->write_tag != softtlb_tag(va, 1))
		host = softtlb_fill(cpu, va, ACCESS_WRITE, false, &pa, &exception);
	if (exception)
		return EXEC_EXCEPTION;
	if (host) {
		line_access(cpu, va, host, ACCESS_WRITE);
		ram_store_part(host - (va - start), count, value);
		return EXEC_OK;
	}
	host = ram_pointer(cpu->machine, pa);
	if (host)
		line_access(cpu, va, host, ACCESS_WRITE);
	for (unsigned i = 0; i < count; i++) {
		if (access_write_physical(cpu, pa - (va - start) + i, 1, value >> 8 * i) != EXEC_OK)
			return EXEC_EXCEPTION;
	}
	return EXEC_OK;
}
