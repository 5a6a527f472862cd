/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory shared with other VMs, through the monitor: see dev/shared_memory.h. */
#include "dev/shared_memory.h"
#include "system.h"

#define ENOSYS_ 38

static struct lock port_lock;

static int call(const char *name, size_t size, uint32_t what)
{
	volatile uint32_t *port = device(MAP_SHARED_BASE);
	bool ended = false;

	if (!boot_info.shared_window.size || port[SHARED_ID / 4] != SHARED_ID_VALUE)
		return ENOSYS_;
	for (unsigned i = 0; i < SHARED_NAME_MAX; i += 4) {
		uint32_t word = 0;

		for (unsigned n = 0; n < 4; n++) {
			ended = ended || !name[i + n];
			if (!ended)
				word |= (uint32_t)(uint8_t)name[i + n] << 8 * n;
		}
		port[(SHARED_NAME + i) / 4] = word;
	}
	port[SHARED_PAGES / 4] = (uint32_t)((size + PAGE_SIZE - 1) / PAGE_SIZE);
	memory_barrier();
	port[SHARED_CALL / 4] = what;
	return (int)port[SHARED_RESULT / 4];
}

int region_attach(const char *name, size_t size, void **at)
{
	volatile uint32_t *port = device(MAP_SHARED_BASE);
	int result;

	lock(&port_lock);
	result = call(name, size, SHARED_ATTACH);
	if (!result)
		*at = memory_at((uint64_t)port[SHARED_HIGH / 4] << 32 | port[SHARED_LOW / 4]);
	unlock(&port_lock);
	return result;
}

int region_detach(const char *name)
{
	int result;

	lock(&port_lock);
	result = call(name, 0, SHARED_DETACH);
	unlock(&port_lock);
	return result;
}
