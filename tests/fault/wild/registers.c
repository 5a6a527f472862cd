/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and writes of every size, aligned or not, at random places of the device hole. */
#include "dev/address_map.h"
#include "wild.h"

PROGRAM_NAME;

static const struct {
	uint64_t base, size;
} regions[] = {
	{MAP_NODE_BASE, MAP_NODE_SIZE},
	{MAP_UART_BASE + MAP_UART_STRIDE, MAP_UART_SIZE}, /* not the console's */
	{MAP_VIRTIO_BASE, MAP_VIRTIO_STRIDE *MAP_VIRTIO_SLOTS},
	{MAP_GIC_BASE, MAP_GIC_SIZE},
	{MAP_CPC_BASE, MAP_CPC_SIZE},
	{MAP_GCR_BASE, MAP_GCR_SIZE + MAP_L2SYNC_SIZE},
	{MAP_FINISHER_BASE + 4, MAP_FINISHER_SIZE},
	{UINT64_C(0x10000000), UINT64_C(0x10000000)},
};

static uint64_t place(void)
{
	unsigned n = random_below(COUNT_OF(regions));
	uint64_t size = regions[n].size;

	if (random_below(4) == 0) /* first registers */
		size = size < 256 ? size : 256;
	return regions[n].base + random64() % size;
}

/* The power controller can stop the very CPU that runs this; that ends the run. */
static bool ends_the_run(uint64_t pa)
{
	return (pa & ~UINT64_C(7)) == MAP_FINISHER_BASE ||
	       (pa >= MAP_CPC_BASE + 0x2000 && pa < MAP_CPC_BASE + 0x2008 && random_below(64));
}

void test(void)
{
	static const uint32_t accesses[] = {
		LB(V0, 0, A0), LHU(V0, 0, A0), LW(V0, 0, A0),	   LD(V0, 0, A0), SB(A1, 0, A0),
		SH(A1, 0, A0), SW(A1, 0, A0),  SD(A1, 0, A0),	   SW(A1, 0, A0), SW(A1, 0, A0),
		LL(V0, 0, A0), SC(A1, 0, A0),  CACHE(0x15, 0, A0), JR(A0),
	};
	uint64_t hash = 0;

	random_start();
	for (unsigned n = 1;; n++) {
		uint32_t words[] = {accesses[random_below(COUNT_OF(accesses))], NOP};
		uint64_t pa = place();
		struct trap *trap;

		if (random_below(8))
			pa &= ~UINT64_C(7);
		if (ends_the_run(pa))
			continue;
		trap = run_code(KERNEL, STATUS_64BIT, words, 2,
				(random_below(2) ? CKSEG1(0) : UINT64_C(0x9800000000000000)) + pa,
				random_value());
		hash = hash * 31 + trap->gpr[V0] + trap_code(trap);
		if (n % 4096 == 0) {
			print_hex(hash);
			print("\n");
		}
	}
}
