/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that run wild, on the runtime of tests/guest/priv. "seed=N" on the kernel command line
 * makes every run another one. */
#ifndef WILD_H
#define WILD_H

#include "runtime.h"

extern uint64_t boot_a1; /* the device tree's address */

/* The number behind @name, such as "seed=", on the command line; 0 when it is not there. */
static inline uint64_t boot_number(const char *name)
{
	const char *tree = (const char *)boot_a1;
	uint64_t value = 0;

	for (unsigned at = 0; at < 65536; at++) {
		unsigned length = 0;

		while (name[length] && tree[at + length] == name[length])
			length++;
		if (name[length])
			continue;
		for (at += length; tree[at] >= '0' && tree[at] <= '9'; at++)
			value = value * 10 + (tree[at] - '0');
		return value;
	}
	return 0;
}

static uint64_t random_state;

static inline uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

/* 0 .. @limit - 1 */
static inline unsigned random_below(unsigned limit)
{
	return (random64() >> 32) % limit;
}

static inline void random_start(void)
{
	random_state = (boot_number("seed=") + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

/* A number as drivers and attackers choose them: small, all ones, an address, or anything. */
static inline uint64_t random_value(void)
{
	switch (random_below(8)) {
	case 0:
		return 0;
	case 1:
		return random_below(32);
	case 2:
		return ~UINT64_C(0) >> random_below(64);
	case 3:
		return UINT64_C(1) << random_below(64);
	case 4:
		return FREE_RAM + random_below(1 << 24);
	case 5:
		return UINT64_C(0x10000000) + random_below(0x10000000);
	default:
		return random64();
	}
}

#endif
