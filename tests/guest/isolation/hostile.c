// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hostile guest: random privileged instructions, TLB entries that point anywhere, loads and
 * stores through them and through xkphys, writes to every device register it can name, and virtio
 * rings whose descriptors lie outside its memory. What it does to itself does not matter; guard.c
 * in another VM and the monitor's audit see whether it did anything to somebody else.
 */
#include "runtime.h"
#include "insn.h"
#include "cp0.h"
#include "dev/virtio.h"

PROGRAM_NAME;

#define CASES	     100000
#define MARK	     UINT64_C(0x6261646261646261) /* what it writes: guard.c would find it */
#define OWN_END	     UINT64_C(0x08000000)
#define SCRATCH	     FREE_RAM
#define DEVICES	     UINT64_C(0x10000000)
#define XKPHYS(pa)   (UINT64_C(0x9800000000000000) + (pa))
#define UNCACHED(pa) (UINT64_C(0x9000000000000000) + (pa))

static uint64_t state = UINT64_C(0x123456789abcdef);
static uint64_t traps;

static uint64_t random64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static unsigned below(unsigned limit)
{
	return (unsigned)(random64() >> 33) % limit;
}

static void attempt(const uint32_t *words, unsigned count, uint64_t a0, uint64_t a1)
{
	struct trap *trap = run_code(KERNEL, STATUS_64BIT, words, count, a0, a1);

	traps += trap_code(trap) != EXC_SYS;
}

/* An address outside the program itself: elsewhere in its memory, beyond it, or a device. */
static uint64_t target(void)
{
	switch (below(4)) {
	case 0:
		return SCRATCH + (random64() & 0xfffff8);
	case 1:
		return UINT64_C(0x20000000) + (random64() & UINT64_C(0x3fffffff8));
	case 2:
		return random64() & UINT64_C(0xfffffffff8) & ~UINT64_C(0x1fffffff);
	default:
		return UINT64_C(0x40000000) + (random64() & 0x3ffffff8);
	}
}

/* Any register but those that would end this program: EBase, Status, IntCtl, Config. */
static void registers(void)
{
	static const uint8_t numbers[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,
					  10, 11, 13, 14, 17, 18, 19, 20, 21, 22,
					  23, 24, 25, 26, 27, 28, 29, 30, 31};
	unsigned number = numbers[below(COUNT_OF(numbers))], select = below(8);
	const uint32_t words[] = {DMTC0(A0, number, select), DMFC0(V0, number, select),
				  MTC0(A1, number, select), MFC0(V1, number, select)};

	attempt(words, COUNT_OF(words), random64(), random64());
	cp0_set32(C0_CAUSE, 0);
	cp0_set32(C0_WIRED, 2);
	cp0_set32(C0_ENTRYHI, 0);
}

static void instructions(void)
{
	uint32_t words[] = {DMTC0(A1, 14, 0), 0};
	uint32_t word = 0x42000000u | (below(2) ? below(64) : below(1u << 25));

	if (below(3) == 0)
		word = CACHE(below(32), 0, A0);
	if ((word & 0x3f) == 0x20 && word >> 25 == 0x21) /* WAIT would end it */
		return;
	cp0_set32(C0_INDEX, TLB_FREE + below(tlb_entries() - TLB_FREE));
	cp0_set32(C0_ENTRYHI, UINT64_C(0x10000000) + (random64() & 0xfffe000));
	words[1] = word; /* ERET goes to nowhere, not to itself */
	attempt(words, 2, XKPHYS(target()), random64() | 1);
	cp0_set32(C0_ENTRYHI, 0);
}

static void tlb_entry(void)
{
	static const uint32_t masks[] = {0,	   0x6000,    0x1e000,	 0x7e000,   0x1fe000,
					 0x7fe000, 0x1ffe000, 0x7ffe000, 0x1fffe000};
	uint64_t va = UINT64_C(0x2000000000) + (random64() & UINT64_C(0x1fe0000000));
	unsigned index = TLB_FREE + below(8);
	static const uint32_t words[] = {LD(V0, 0, A0), SD(A1, 0, A0), SB(A1, 7, A0),
					 LW(V1, 4, A0)};

	tlb_set(index, va, entrylo(target(), LO_D | LO_V | LO_G | LO_C),
		entrylo(target(), LO_D | LO_V | LO_G | LO_C), masks[below(COUNT_OF(masks))]);
	attempt(words, COUNT_OF(words), va + (random64() & 0x1ff8), MARK);
	attempt(words, COUNT_OF(words), XKPHYS(target()), MARK);
	tlb_set(index, MIPS_CKSEG0 + index * 0x2000, 0, 0, 0);
}

/* Not the finisher and the power controller, which end it, nor the UARTs, which would print. */
static void device(void)
{
	static const struct {
		uint64_t base, size;
	} devices[] = {
		{MAP_GIC_BASE, MAP_GIC_SIZE},
		{MAP_GCR_BASE + 0x4000, 0x2000},
		{MAP_VIRTIO_BASE, 32 * MAP_VIRTIO_STRIDE},
		{MAP_NODE_BASE, MAP_NODE_SIZE},
		{DEVICES, 0x2000000},
	};
	static const uint32_t stores[] = {SW(A1, 0, A0), SD(A1, 0, A0), SH(A1, 0, A0),
					  SB(A1, 0, A0), LW(V0, 0, A0), LD(V0, 0, A0)};
	unsigned which = below(COUNT_OF(devices));
	uint64_t pa = devices[which].base + (random64() % devices[which].size & ~UINT64_C(7));
	uint64_t value = below(2) ? random64() : target();

	attempt(&stores[below(COUNT_OF(stores))], 1, UNCACHED(pa), value);
}

static void set_register(unsigned slot, unsigned offset, uint32_t value)
{
	static const uint32_t store[] = {SW(A1, 0, A0)};

	attempt(store, 1, UNCACHED(MAP_VIRTIO_BASE + slot * MAP_VIRTIO_STRIDE + offset), value);
}

/* A ring in its own memory whose descriptors point anywhere: disk (slot 0) and entropy (20). */
static void dma(void)
{
	unsigned slot = below(2) ? 0 : 20;
	uint64_t ring = SCRATCH + 0x10000;
	volatile uint64_t *descriptor = (uint64_t *)XKPHYS(ring);
	volatile uint16_t *available = (uint16_t *)XKPHYS(ring + 0x1000);
	uint64_t rings = below(4) ? ring : target();

	for (unsigned i = 0; i < 3; i++) {
		descriptor[2 * i] = below(3) ? target() : SCRATCH + 0x20000;
		descriptor[2 * i + 1] = (uint64_t)(i + 1) << 48 |
					(uint64_t)((i < 2) | (below(2) << 1)) << 32 |
					(below(2) ? 512u : below(1u << 20));
	}
	available[0] = 0;
	available[1] = 1;
	available[2] = 0;
	set_register(slot, VIRTIO_MMIO_STATUS, 0);
	set_register(slot, VIRTIO_MMIO_STATUS, 3);
	set_register(slot, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set_register(slot, VIRTIO_MMIO_DRIVER_FEATURES, 1);
	set_register(slot, VIRTIO_MMIO_STATUS, 11);
	set_register(slot, VIRTIO_MMIO_QUEUE_SEL, 0);
	set_register(slot, VIRTIO_MMIO_QUEUE_NUM, 8);
	set_register(slot, VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)ring);
	set_register(slot, VIRTIO_MMIO_QUEUE_DESC_HIGH, 0);
	set_register(slot, VIRTIO_MMIO_QUEUE_DRIVER_LOW, (uint32_t)(ring + 0x1000));
	set_register(slot, VIRTIO_MMIO_QUEUE_DRIVER_HIGH, 0);
	set_register(slot, VIRTIO_MMIO_QUEUE_DEVICE_LOW, (uint32_t)(rings + 0x2000));
	set_register(slot, VIRTIO_MMIO_QUEUE_DEVICE_HIGH, (uint32_t)(rings >> 32));
	set_register(slot, VIRTIO_MMIO_QUEUE_READY, 1);
	set_register(slot, VIRTIO_MMIO_STATUS, 15);
	set_register(slot, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

void test(void)
{
	tlb_clear();
	for (unsigned n = 0; n < CASES; n++) {
		switch (n % 5) {
		case 0:
			registers();
			break;
		case 1:
			instructions();
			break;
		case 2:
			tlb_entry();
			break;
		case 3:
			device();
			break;
		default:
			dma();
		}
	}
	about("hostile", traps, 0, 0, 0);
	check("its accesses trapped", traps > CASES / 10);
}
