/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that marks nonsense: thousands of names, names that never end or cannot be printed, starts
 * without stops, stops without starts, every kind, all of the finisher's page but FINISH, and the
 * region that --warm waits for, over and over. It must come to its end, and nobody else notice.
 */
#include "runtime.h"

PROGRAM_NAME;

#define NAMES	 5000
#define ROUNDS	 4000
#define SWITCHES 300
#define REGISTER(offset) CKSEG1(MAP_FINISHER_BASE + (offset))
#define BOX(n)		 REGISTER(FINISHER_MAILBOX + (n) * FINISHER_MAILBOX_SIZE)

static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t random64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void put32(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

static void put_name(unsigned box, const char *name)
{
	for (unsigned n = 0; n < FINISHER_NAME_SIZE && name[n]; n++)
		*(volatile uint8_t *)(BOX(box) + n) = (uint8_t)name[n];
}

static void names(void)
{
	for (unsigned n = 0; n < NAMES; n++) {
		*(volatile uint64_t *)BOX(n % FINISHER_MAILBOXES) = random64();
		*(volatile uint64_t *)(BOX(n % FINISHER_MAILBOXES) + 24) = random64();
		put32(BOX(n % FINISHER_MAILBOXES) + FINISHER_KIND, (uint32_t)(random64() % 5));
	}
}

static void registers(void)
{
	for (unsigned n = 0; n < ROUNDS; n++) {
		uint64_t offset = random64() % (MAP_FINISHER_SIZE - FINISHER_MAILBOX);
		uint64_t address = REGISTER(FINISHER_MAILBOX + offset);
		uint64_t value = random64();

		switch (n % 6) {
		case 0:
			*(volatile uint8_t *)address = (uint8_t)value;
			break;
		case 1:
			*(volatile uint16_t *)(address & ~UINT64_C(1)) = (uint16_t)value;
			break;
		case 2:
			put32(address & ~UINT64_C(3), value % 8);
			break;
		case 3:
			*(volatile uint64_t *)(address & ~UINT64_C(7)) = value;
			break;
		case 4:
			put32(REGISTER(FINISHER_MARKER), (uint32_t)value);
			break;
		default:
			check("a mailbox reads as zero",
			      *(volatile uint32_t *)(address & ~UINT64_C(3)) == 0);
			check("a ticket is a mailbox",
			      *(volatile uint32_t *)REGISTER(FINISHER_TICKET) < FINISHER_MAILBOXES);
		}
	}
}

static void switches(void)
{
	for (unsigned n = 0; n < SWITCHES; n++) {
		put_name(0, "measured");
		put32(BOX(0) + FINISHER_KIND, MARK_STOP);
		put_name(1, "measured");
		put32(BOX(1) + FINISHER_KIND, n % 3 ? MARK_START : MARK_POINT);
		for (volatile unsigned pause = 0; pause < 1000; pause++)
			;
	}
}

void test(void)
{
	names();
	registers();
	switches();
	names();
	about("nonsense", 0, 0, 0, 0);
	check("comes to its end", true);
}
