/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dev/rtc.h"

#define RTC_TIME_LOW  0x0
#define RTC_TIME_HIGH 0x4

bool rtc_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value)
{
	struct rtc *rtc = opaque;
	uint64_t now;

	(void)cpu;
	if (size != 4)
		return false;
	*value = 0;
	if (offset == RTC_TIME_LOW) {
		now = rtc->now_ns(rtc->opaque) + rtc->offset;
		rtc->latched_high = (uint32_t)(now >> 32);
		*value = (uint32_t)now;
	} else if (offset == RTC_TIME_HIGH) {
		*value = rtc->latched_high;
	}
	return true;
}

/* The clock is set by writing the high half, then the low one. */
bool rtc_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	struct rtc *rtc = opaque;

	(void)cpu;
	if (size != 4)
		return false;
	if (offset == RTC_TIME_HIGH)
		rtc->written_high = (uint32_t)value;
	else if (offset == RTC_TIME_LOW)
		rtc->offset = ((uint64_t)rtc->written_high << 32 | (uint32_t)value) -
			      rtc->now_ns(rtc->opaque);
	return true;
}

void rtc_init(struct rtc *rtc, uint64_t (*now_ns)(void *opaque), void *opaque)
{
	*rtc = (struct rtc){.now_ns = now_ns, .opaque = opaque};
}
