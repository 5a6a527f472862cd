/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dev/finisher.h"

bool finisher_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value)
{
	(void)opaque;
	(void)cpu;
	if (size != 4)
		return false;
	*value = offset == FINISHER_ID ? FINISHER_MAGIC : 0;
	return true;
}

bool finisher_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	struct finisher *finisher = opaque;

	if (size != 4)
		return false;
	if (offset == FINISHER_MARKER && finisher->marker)
		finisher->marker(finisher->opaque, cpu, (uint32_t)value);
	if (offset != FINISHER_FINISH)
		return true;
	switch (value & 0xffff) {
	case FINISHER_PASS:
		finisher->finish(finisher->opaque, 0);
		break;
	case FINISHER_FAIL:
		finisher->finish(finisher->opaque, (int)(value >> 16 & 0xff));
		break;
	case FINISHER_RESET:
		finisher->reset(finisher->opaque);
		break;
	}
	return true;
}
