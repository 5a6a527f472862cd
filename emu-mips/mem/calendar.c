// SPDX-License-Identifier: GPL-2.0-or-later
/* Slots of a home's time. All zero is an empty calendar. */
#include "calendar.h"

uint32_t calendar_book(struct calendar *calendar, uint32_t length, uint64_t now)
{
	uint64_t slot, number, start;

	if (!length)
		return 0;
	slot = now / length;
	number = slot / 64;
	for (uint64_t n = number; n < number + CALENDAR_WORDS; n++) {
		uint64_t free;
		unsigned bit;

		if (calendar->word[n % CALENDAR_WORDS].number > n)
			return 0; /* long ago: nobody remembers */
		if (calendar->word[n % CALENDAR_WORDS].number != n) {
			calendar->word[n % CALENDAR_WORDS].number = n;
			calendar->word[n % CALENDAR_WORDS].taken = 0;
		}
		free = ~calendar->word[n % CALENDAR_WORDS].taken;
		if (n == number)
			free &= UINT64_MAX << slot % 64;
		if (!free)
			continue;
		bit = (unsigned)__builtin_ctzll(free);
		calendar->word[n % CALENDAR_WORDS].taken |= UINT64_C(1) << bit;
		start = (n * 64 + bit) * length;
		return start > now ? (uint32_t)(start - now) : 0;
	}
	return CALENDAR_WORDS * 64 * length;
}
