// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does a CPU ever use a page after it has moved? Readers on every CPU read two groups of slots in
 * turn; the main thread migrates one group and then the other, so that the pages one group left are
 * the pages the other moves to: a stale translation shows a slot with the other's content. With
 * arg 1 (the module built without the flush) stale reads must be seen, else this test is blind.
 */
#include <pthread.h>

#include "guest.h"

#define GROUP 64

struct reader {
	struct space *space;
	int cpu;
	volatile bool *stop;
	uint64_t reads, stale, lost;
};

static void *read_slots(void *arg)
{
	struct reader *reader = arg;
	unsigned int view = reader->cpu % reader->space->views;
	uint64_t own[2 * GROUP] = { 0 };
	int slot;

	pin_to_cpu(reader->cpu);
	while (!*reader->stop) {
		for (slot = 0; slot < 2 * GROUP; slot++) {
			volatile uint64_t *at = word(reader->space, view, slot, 0);

			reader->stale += at[0] != (uint64_t)slot + 1;
			reader->lost += at[8 + reader->cpu] != own[slot];
			at[8 + reader->cpu] = ++own[slot];
			reader->reads++;
		}
		__builtin_ia32_pause(); /* lets QEMU turn to the next CPU */
	}
	return NULL;
}

static void migrate_group(struct space *space, int group, int node)
{
	struct disco_remap_entry entry[GROUP];
	int i;

	for (i = 0; i < GROUP; i++)
		entry[i] = (struct disco_remap_entry){ .slot = group * GROUP + i,
						       .op = DISCO_OP_MIGRATE, .node = node };
	if (remap(space, entry, GROUP))
		die("migrate");
}

void test_stale(long blind)
{
	struct reader reader[16] = { 0 };
	volatile bool stop = false;
	uint64_t reads = 0, stale = 0, lost = 0, end;
	int cpu, cpus = online_cpus(), slot, round = 0;
	pthread_t thread[16];
	struct space space;

	space_open(&space, 2 * GROUP, 4, 0, 0);
	space_map(&space, true);
	for (slot = 0; slot < 2 * GROUP; slot++)
		*word(&space, 0, slot, 0) = slot + 1;
	for (cpu = 0; cpu < cpus; cpu++) {
		reader[cpu] = (struct reader){ .space = &space, .cpu = cpu, .stop = &stop };
		pthread_create(&thread[cpu], NULL, read_slots, &reader[cpu]);
	}
	/* On a busy host a flush takes long: enough rounds, whatever the time. */
	for (end = now_ns() + 5000000000ull; now_ns() < end || round < 20; round++) {
		migrate_group(&space, 0, 1 + round % 2);
		migrate_group(&space, 1, 1 + round % 2);
		migrate_group(&space, 0, 3);
		migrate_group(&space, 1, 3);
	}
	stop = true;
	for (cpu = 0; cpu < cpus; cpu++) {
		pthread_join(thread[cpu], NULL);
		reads += reader[cpu].reads;
		stale += reader[cpu].stale;
		lost += reader[cpu].lost;
	}
	say("# %d rounds, %llu reads, %llu stale, %llu lost writes\n", round, (unsigned long long)reads,
	    (unsigned long long)stale, (unsigned long long)lost);
	if (blind)
		check(stale + lost > 0, "without the flush this test sees stale translations");
	else
		check(stale == 0 && lost == 0 && reads > 1000, "no stale read, no lost write");
	space_close(&space);
}
