// SPDX-License-Identifier: GPL-2.0-or-later
/* Random numbers that are often interesting: edge cases, neighbours of powers of two, NaNs. */
#include "user.h"

uint64_t random_state;

/* Marsaglia's xorshift64*. */
uint64_t random64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

unsigned random_below(unsigned limit)
{
	return (unsigned)((random64() >> 32) * limit >> 32);
}

uint64_t random_integer(void)
{
	static const uint64_t edges[] = {
		0,
		1,
		2,
		3,
		0x7f,
		0x80,
		0xff,
		0x7fff,
		0x8000,
		0xffff,
		0x7fffffff,
		0x80000000u,
		0xffffffffu,
		0x100000000u,
		0x7fffffffffffffffu,
		0x8000000000000000u,
		0x5555555555555555u,
		0x0123456789abcdefu,
	};
	uint64_t value = random64();

	switch (random_below(8)) {
	case 0:
		value = edges[random_below(sizeof(edges) / sizeof(edges[0]))];
		break;
	case 1:
		value = -edges[random_below(sizeof(edges) / sizeof(edges[0]))];
		break;
	case 2:
		value = (UINT64_C(1) << random_below(64)) - random_below(3) + 1;
		break;
	case 3:
		value = random_below(64);
		break;
	case 4:
		break; /* any 64 bits */
	default:       /* what 32-bit instructions take */
		value = (uint64_t)(int64_t)(int32_t)value;
	}
	return value;
}

uint64_t random_double(void)
{
	static const uint64_t edges[] = {
		0,
		1,
		0x000fffffffffffffu,
		0x0010000000000000u,
		0x0010000000000001u,
		0x001fffffffffffffu,
		0x3fefffffffffffffu,
		0x3ff0000000000000u,
		0x3ff0000000000001u,
		0x3fe0000000000000u,
		0x3ff8000000000000u,
		0x4004000000000000u,
		0x4000000000000000u,
		0x41dfffffffc00000u,
		0x41dfffffffdfffffu,
		0x41e0000000000000u,
		0x43dfffffffffffffu,
		0x43e0000000000000u,
		0x36a0000000000000u,
		0x380fffffffffffffu,
		0x380fffffe0000000u,
		0x47efffffe0000000u,
		0x47effffff0000000u,
		0x7fefffffffffffffu,
		0x7ff0000000000000u,
		0x7ff0000000000001u,
		0x7ff7ffffffffffffu,
		0x7ff8000000000000u,
		0x7fffffffffffffffu,
	};
	uint64_t sign = random64() & UINT64_C(1) << 63, fraction = random64() >> 12;

	switch (random_below(8)) {
	case 0:
	case 1:
		return edges[random_below(sizeof(edges) / sizeof(edges[0]))] | sign;
	case 2: /* few significant bits: exact results, ties */
		return (uint64_t)(1023 - 60 + random_below(120)) << 52 | fraction >> 49 << 49 |
		       sign;
	case 3: /* near the ends of the range */
		return (uint64_t)((fraction & 1 ? 0 : 2030) + random_below(16)) << 52 | fraction |
		       sign;
	case 4: /* near the ends of single precision */
		return (uint64_t)((fraction & 1 ? 868 : 1140) + random_below(30)) << 52 | fraction |
		       sign;
	case 5: /* near the ends of the integers */
		return (uint64_t)(1023 + 28 + random_below(40)) << 52 | fraction | sign;
	case 6: /* moderate */
		return (uint64_t)(1023 - 4 + random_below(8)) << 52 | fraction | sign;
	default:
		return random64();
	}
}

uint32_t random_single(void)
{
	static const uint32_t edges[] = {
		0,	    1,		0x007fffff, 0x00800000, 0x00800001, 0x00ffffff,
		0x3f7fffff, 0x3f800000, 0x3f800001, 0x3f000000, 0x3fc00000, 0x40200000,
		0x40000000, 0x4effffff, 0x4f000000, 0x5effffff, 0x5f000000, 0x7f7fffff,
		0x7f800000, 0x7f800001, 0x7fbfffff, 0x7fc00000, 0x7fffffff,
	};
	uint32_t sign = (uint32_t)random64() & UINT32_C(1) << 31;
	uint32_t fraction = (uint32_t)(random64() >> 41);

	switch (random_below(8)) {
	case 0:
	case 1:
		return edges[random_below(sizeof(edges) / sizeof(edges[0]))] | sign;
	case 2:
		return (127 - 30 + random_below(60)) << 23 | fraction >> 20 << 20 | sign;
	case 3:
		return ((fraction & 1 ? 0 : 246) + random_below(10)) << 23 | fraction | sign;
	case 4:
		return (127 + 20 + random_below(46)) << 23 | fraction | sign;
	case 5:
	case 6:
		return (127 - 4 + random_below(8)) << 23 | fraction | sign;
	default:
		return (uint32_t)random64();
	}
}
