/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Goldfish RTC: nanoseconds since 1970, without alarms. The time read first latches the high half.
 * Source: Linux drivers/rtc/rtc-goldfish.c. Registers: 0x0 TIME_LOW, 0x4 TIME_HIGH; the alarm's
 * (0x8-0x1c) read as zero and ignore writes.
 */
#ifndef DEV_RTC_H
#define DEV_RTC_H

#include "dev/device.h"

struct rtc {
	uint64_t (*now_ns)(void *opaque); /* since 1970, simulated */
	void *opaque;
	uint32_t latched_high;
	uint64_t offset; /* what setting the clock added */
	uint32_t written_high;
};

void rtc_init(struct rtc *rtc, uint64_t (*now_ns)(void *opaque), void *opaque);
bool rtc_read(void *rtc, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value);
bool rtc_write(void *rtc, unsigned cpu, uint64_t offset, unsigned size, uint64_t value);

#endif
