/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dev/finisher.h"

bool finisher_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value)
{
	struct finisher *finisher = opaque;

	(void)cpu;
	*value = 0;
	if (offset >= FINISHER_MAILBOX)
		return true;
	if (size != 4)
		return false;
	if (offset == FINISHER_ID)
		*value = FINISHER_MAGIC;
	else if (offset == FINISHER_TICKET)
		*value = finisher->ticket++ % FINISHER_MAILBOXES;
	return true;
}

/* ---- marks ---- */

static void mark(const struct finisher *finisher, unsigned cpu, enum mark_kind kind,
		 const char *name)
{
	if (finisher->mark)
		finisher->mark(finisher->opaque, cpu, kind, name);
}

static void mark_number(const struct finisher *finisher, unsigned cpu, uint32_t number)
{
	char name[12], *p = name + sizeof(name) - 1;

	*p = '\0';
	do {
		*--p = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	mark(finisher, cpu, MARK_POINT, p);
}

static void write_marker(const struct finisher *finisher, unsigned cpu, uint32_t value)
{
	if (finisher->marker)
		finisher->marker(finisher->opaque, cpu, value);
	switch (value) {
	case FINISHER_MARK_CONSOLE:
		mark(finisher, cpu, MARK_POINT, "console");
		break;
	case FINISHER_MARK_START:
		mark(finisher, cpu, MARK_START, "measured");
		break;
	case FINISHER_MARK_END:
		mark(finisher, cpu, MARK_STOP, "measured");
		break;
	default:
		mark_number(finisher, cpu, value);
	}
}

static void commit(struct finisher *finisher, unsigned cpu, char *box, uint64_t kind)
{
	char name[FINISHER_NAME_SIZE];
	unsigned length = 0;

	while (length < FINISHER_NAME_SIZE - 1 && box[length]) {
		name[length] = box[length] > ' ' && box[length] <= '~' ? box[length] : '?';
		length++;
	}
	if (!length)
		name[length++] = '?';
	name[length] = '\0';
	for (unsigned n = 0; n < FINISHER_NAME_SIZE; n++)
		box[n] = '\0';
	if (kind >= MARK_START && kind <= MARK_POINT)
		mark(finisher, cpu, (enum mark_kind)kind, name);
}

static void write_mailbox(struct finisher *finisher, unsigned cpu, uint64_t offset, unsigned size,
			  uint64_t value)
{
	uint64_t number = offset / FINISHER_MAILBOX_SIZE;
	char *box;

	if (number >= FINISHER_MAILBOXES)
		return;
	box = finisher->name[number];
	offset %= FINISHER_MAILBOX_SIZE;
	if (offset == FINISHER_KIND)
		commit(finisher, cpu, box, value);
	for (unsigned n = 0; n < size && offset + n < FINISHER_NAME_SIZE; n++)
		box[offset + n] = (char)(uint8_t)(value >> 8 * n);
}

/* ---- the end ---- */

static void write_finish(const struct finisher *finisher, uint64_t value)
{
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
}

bool finisher_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	struct finisher *finisher = opaque;

	if (offset >= FINISHER_MAILBOX) {
		write_mailbox(finisher, cpu, offset - FINISHER_MAILBOX, size, value);
		return true;
	}
	if (size != 4)
		return false;
	if (offset == FINISHER_MARKER)
		write_marker(finisher, cpu, (uint32_t)value);
	else if (offset == FINISHER_FINISH)
		write_finish(finisher, value);
	return true;
}
