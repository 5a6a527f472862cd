/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random instructions in random modes: sixteen words at a time until the first exception or the
 * timer. Registers, exceptions and memory go into a hash that is printed, so that two engines can
 * be compared.
 */
#include "wild.h"

PROGRAM_NAME;

#define WORDS 16

static uint64_t hash;

static void mix(uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x100000001b3);
	hash ^= hash >> 29;
}

static const uint32_t privileged[] = {
	TLBR,
	TLBWI,
	TLBWR,
	TLBP,
	ERET,
	DI(V0),
	EI(V1),
	MFC0(V0, 9, 0),
	DMFC0(V1, 8, 0),
	MTC0(A0, 2, 0),
	MTC0(A1, 3, 0),
	MTC0(A2, 10, 0),
	MTC0(V0, 5, 0),
	MTC0(V1, 0, 0),
	MTC0(A0, 4, 0),
	MTC0(A0, 14, 0),
	MTC0(A1, 30, 0),
	MTC0(V1, 13, 0),
	DMTC0(A2, 10, 0),
	RDHWR(V0, 2),
	CACHE(0x15, 0, A0),
	MTC0(V0, 31, 2),
};

/* Register numbers that leave $sp and $k0, $k1 alone most of the time do no harm either way. */
static uint32_t word(bool kernel)
{
	static const uint8_t loads[] = {0x20, 0x21, 0x23, 0x24, 0x25, 0x27, 0x37, 0x22, 0x26,
					0x1a, 0x1b, 0x28, 0x29, 0x2b, 0x3f, 0x2a, 0x2e, 0x2c,
					0x2d, 0x30, 0x34, 0x38, 0x3c, 0x31, 0x35, 0x39, 0x3d};

	switch (random_below(12)) {
	case 0:
		return (uint32_t)random64();
	case 1: /* branches within the code */
		return I_TYPE(4 + random_below(4), random_below(8), random_below(8),
			      random_below(WORDS) - WORDS / 2);
	case 2:
		return I_TYPE(1, random_below(8), random_below(4) | random_below(2) << 4,
			      random_below(WORDS) - WORDS / 2);
	case 3:
		return I_TYPE(0x14 + random_below(4), random_below(8), random_below(8),
			      random_below(WORDS) - WORDS / 2);
	case 4:
	case 5: /* loads and stores around a0..a3 */
		return I_TYPE(loads[random_below(sizeof(loads))], A0 + random_below(4),
			      random_below(32), random_below(64) * 8 - (random_below(8) ? 0 : 3));
	case 6:
		return ((uint32_t)random64() & 0x03ffffffu) | 0x11u << 26; /* COP1 */
	case 7:
		if (kernel)
			return privileged[random_below(COUNT_OF(privileged))];
		/* fall through */
	case 8: /* SPECIAL2, SPECIAL3, COP1X */
		return ((uint32_t)random64() & 0x03ffffffu) |
		       (uint32_t[]){0x1c, 0x1f, 0x13}[random_below(3)] << 26;
	default: /* SPECIAL and immediates */
		if (random_below(2))
			return ((uint32_t)random64() & 0x03ffffffu);
		return ((uint32_t)random64() & 0x03ffffffu) | (8 + random_below(8)) << 26;
	}
}

static void mix_trap(const struct trap *trap)
{
	for (unsigned i = 0; i < 32; i++)
		if (i != K0 && i != K1)
			mix(trap->gpr[i]);
	mix(trap->cause);
	mix(trap->epc);
	mix(trap->status);
	mix(trap->badvaddr);
	mix(trap->vector);
}

static void fresh_tlb(void)
{
	cp0_set(C0_INTCTL, 0);
	cp0_set(C0_CAUSE, 0);
	tlb_clear();
	for (unsigned i = 0; i < 4; i++)
		tlb_set(TLB_FREE + i, UINT64_C(0x00800000) + i * 0x2000,
			entrylo(FREE_RAM + i * 0x2000, LO_C | random_below(4) << 1 | LO_G),
			entrylo(FREE_RAM + i * 0x2000 + 0x1000, LO_C | LO_V | LO_D | LO_G), 0);
}

void test(void)
{
	static const enum mode modes[] = {KERNEL, SUPERVISOR, USER};
	uint64_t base = cp0_get32(C0_EBASE);

	random_start();
	for (unsigned i = 0; i < 4096; i++)
		((volatile uint64_t *)CKSEG0(FREE_RAM))[i] = random64();
	fresh_tlb();
	for (unsigned n = 1;; n++) {
		enum mode mode = modes[random_below(3)];
		uint64_t status = STATUS_64BIT | STATUS_IE | UINT32_C(1) << 15 |
				  (random_below(4) ? STATUS_CU1 : 0) |
				  (random_below(2) ? STATUS_FR : 0) |
				  (random_below(32) ? 0 : STATUS_CU0);
		uint32_t words[WORDS];
		uint64_t data =
			mode == KERNEL && random_below(2) ? CKSEG0(FREE_RAM) : UINT64_C(0x00800000);

		if (random_below(64) == 0)
			status &= ~(random64() & STATUS_64BIT);
		for (unsigned i = 0; i < WORDS; i++)
			words[i] = word(mode == KERNEL || (status & STATUS_CU0));
		cp0_set32(C0_COMPARE, cp0_get32(C0_COUNT) + 400 + random_below(400));
		mix_trap(run_code(mode, status, words, WORDS, data + random_below(2048) * 8,
				  random_below(2) ? data + 0x4000 : random_value()));
		if (mode == KERNEL || n % 64 == 0) {
			cp0_set(C0_EBASE, base);
			cp0_set(C0_WIRED, TLB_FREE);
			fresh_tlb();
		}
		if (n % 512 == 0) {
			for (unsigned i = 0; i < 4096; i++)
				mix(((volatile uint64_t *)CKSEG0(FREE_RAM))[i]);
			print_hex(hash);
			print("\n");
		}
	}
}
