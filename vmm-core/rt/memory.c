/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions a freestanding compiler may call by itself. Built for MIPS only; natively libc has
 * them. Compiled with -fno-tree-loop-distribute-patterns, or memset would call memset. */
#include <stddef.h>
#include <stdint.h>

void *memset(void *to, int value, size_t length);
void *memcpy(void *restrict to, const void *restrict from, size_t length);
void *memmove(void *to, const void *from, size_t length);
int memcmp(const void *a, const void *b, size_t length);
int __popcountdi2(uint64_t value);

void *memset(void *to, int value, size_t length)
{
	uint64_t pattern = (uint8_t)value * UINT64_C(0x0101010101010101);
	uint8_t *at = to;

	for (; length && ((uintptr_t)at & 7); length--)
		*at++ = (uint8_t)value;
	for (; length >= 8; length -= 8, at += 8)
		*(uint64_t *)(void *)at = pattern;
	for (; length; length--)
		*at++ = (uint8_t)value;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
	uint8_t *at = to;
	const uint8_t *source = from;

	if (!(((uintptr_t)at | (uintptr_t)source) & 7))
		for (; length >= 8; length -= 8, at += 8, source += 8)
			*(uint64_t *)(void *)at = *(const uint64_t *)(const void *)source;
	for (; length; length--)
		*at++ = *source++;
	return to;
}

void *memmove(void *to, const void *from, size_t length)
{
	uint8_t *at = to;
	const uint8_t *source = from;

	if (at <= source)
		return memcpy(to, from, length);
	while (length--)
		at[length] = source[length];
	return to;
}

int memcmp(const void *a, const void *b, size_t length)
{
	const uint8_t *left = a, *right = b;

	for (; length; length--, left++, right++)
		if (*left != *right)
			return *left < *right ? -1 : 1;
	return 0;
}

int __popcountdi2(uint64_t value)
{
	int count = 0;

	for (; value; value &= value - 1)
		count++;
	return count;
}
