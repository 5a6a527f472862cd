/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the first CPU's start to main(), and how a run ends. */
#include "dev/finisher.h"
#include "system.h"

#define COMMAND_LINE 1024

struct boot_info boot_info;

void finish(int status)
{
	memory_barrier();
	*device(MAP_FINISHER_BASE + FINISHER_FINISH) =
		status ? FINISHER_FAIL | (uint32_t)status << 16 : FINISHER_PASS;
	for (;;)
		__asm__ volatile("wait");
}

static void copy_command_line(char *to)
{
	const char *from = boot_info.command_line;
	unsigned length = 0;

	while (length < COMMAND_LINE - 1 && from[length]) {
		to[length] = from[length];
		length++;
	}
	if (from[length])
		fail("the command line has more than %d bytes", COMMAND_LINE - 1);
	to[length] = 0;
}

void splash_start(uint64_t tree)
{
	static char command_line[COMMAND_LINE];

	if (!devicetree_read(tree & 0x1fffffff, &boot_info))
		fail("no device tree at 0x%lx (UHI boot protocol: a1)", (unsigned long)tree);
	memory_setup();
	copy_command_line(command_line);
	options_setup(command_line);
	finish(main());
}

void splash_exception(uint64_t cause, uint64_t epc, uint64_t badvaddr, uint64_t ra)
{
	fail("exception %lu: cause 0x%lx epc 0x%lx badvaddr 0x%lx ra 0x%lx",
	     (unsigned long)((cause & CAUSE_EXC) >> CAUSE_EXC_SHIFT), (unsigned long)cause,
	     (unsigned long)epc, (unsigned long)badvaddr, (unsigned long)ra);
}
