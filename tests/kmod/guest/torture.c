// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Everything at once: a thread a CPU reads and writes its own word of every slot through its node's
 * view while random batches migrate, replicate and collapse them; in a second region slots share,
 * break, are zeroed and released, and a model says what each must show. The argument is the number
 * of operations. Each batch's statuses, and the nodes now and then, are checked.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "guest.h"

#define MOVED  384 /* slots written by the threads */
#define SLOTS  512
#define THREADS 4

struct writer {
	struct space *space;
	int number;
	volatile bool *stop;
	uint64_t seed, own[MOVED], writes, lost;
};

static void *write_slots(void *arg)
{
	struct writer *writer = arg;

	pin_to_cpu(writer->number % online_cpus());
	setpriority(PRIO_PROCESS, gettid(), 0);
	while (!*writer->stop) {
		unsigned int slot = random_next(&writer->seed) % MOVED;
		volatile uint64_t *at = word(writer->space, writer->number, slot, 16 * writer->number);

		writer->lost += *at != writer->own[slot];
		if (random_next(&writer->seed) % 4 == 0)
			*at = ++writer->own[slot], writer->writes++;
		if (random_next(&writer->seed) % 16 == 0)
			__builtin_ia32_pause(); /* lets QEMU turn to the next CPU */
	}
	return NULL;
}

/* What the slots of the second region show: a value that all their words hold. */
static uint64_t model[SLOTS];

static struct torture {
	struct space space;
	uint64_t seed, done, failed, busy, wrong, flushes, batches;
	uint64_t by_op[DISCO_OP_RELEASE + 1];
} t;

static struct disco_remap_entry move_entry(unsigned int slot)
{
	struct disco_remap_entry entry = { .slot = slot };

	entry.op = DISCO_OP_MIGRATE + random_next(&t.seed) % 3;
	if (entry.op == DISCO_OP_REPLICATE)
		entry.arg = 1 + random_next(&t.seed) % 15;
	else
		entry.node = random_next(&t.seed) % 4;
	return entry;
}

static struct disco_remap_entry content_entry(unsigned int slot)
{
	static const int ops[] = { DISCO_OP_SHARE, DISCO_OP_SHARE, DISCO_OP_BREAK, DISCO_OP_ZERO,
				   DISCO_OP_RELEASE, DISCO_OP_MIGRATE, DISCO_OP_REPLICATE };
	struct disco_remap_entry entry = { .slot = slot };

	entry.op = ops[random_next(&t.seed) % 7];
	if (entry.op == DISCO_OP_SHARE)
		entry.arg = MOVED + random_next(&t.seed) % (SLOTS - MOVED);
	else if (entry.op == DISCO_OP_REPLICATE)
		entry.arg = 1 + random_next(&t.seed) % 15;
	else if (entry.op == DISCO_OP_BREAK || entry.op == DISCO_OP_MIGRATE)
		entry.node = random_next(&t.seed) % 4;
	return entry;
}

static bool status_expected(const struct disco_remap_entry *entry)
{
	switch (entry->status) {
	case 0:
		return true;
	case -EBUSY:
		t.busy++;
		return true;
	case -ENODATA: /* an empty slot, or one with an empty other */
	case -EMLINK:
		return entry->slot >= MOVED;
	case -EINVAL:
		return entry->op == DISCO_OP_SHARE && entry->arg == entry->slot;
	default:
		return false;
	}
}

static void update_model(const struct disco_remap_entry *entry)
{
	if (entry->status || entry->slot < MOVED)
		return;
	if (entry->op == DISCO_OP_SHARE)
		model[entry->slot] = model[entry->arg];
	else if (entry->op == DISCO_OP_ZERO || entry->op == DISCO_OP_RELEASE)
		model[entry->slot] = 0;
}

static void write_some(void)
{
	int i, n;

	for (n = 0; n < 8; n++) {
		unsigned int slot = MOVED + random_next(&t.seed) % (SLOTS - MOVED);
		unsigned int view = random_next(&t.seed) % 4;

		model[slot] = random_next(&t.seed);
		for (i = 0; i < 512; i += 37)
			*word(&t.space, view, slot, i) = model[slot];
	}
}

static void check_model(unsigned int step)
{
	unsigned int slot;
	int i;

	for (slot = MOVED; slot < SLOTS; slot += step)
		for (i = 0; i < 512; i += 37)
			t.wrong += *word(&t.space, (slot + i) % 4, slot, i) != model[slot];
}

/* The kernel's own idea of where the pages are, through each view. */
static void check_nodes(void)
{
	unsigned int slot, view;

	for (slot = MOVED; slot < SLOTS; slot++) {
		struct disco_query_entry query = query_one(&t.space, slot);

		if (!query.flags)
			continue;
		for (view = 0; view < 4; view++) {
			int expect = query.replicas >> view & 1 ? (int)view : query.node;

			(void)*word(&t.space, view, slot, 0);
			t.wrong += node_of((void *)word(&t.space, view, slot, 0)) != expect;
		}
	}
}

static void batch(void)
{
	static struct disco_remap_entry entry[512];
	unsigned int i, count = 1 + random_next(&t.seed) % 512;
	unsigned int slot = random_next(&t.seed), step = random_next(&t.seed) | 1;
	bool any_order = random_next(&t.seed) % 8 == 0;

	if (random_next(&t.seed) % 4 == 0)
		count = 1 + count % 8;
	if (any_order)
		count = 1 + count % 32;
	/* Mostly each slot once, in the order of an odd step; now and then slots come twice. */
	for (i = 0; i < count; i++) {
		slot = any_order ? random_next(&t.seed) : slot + step;
		entry[i] = slot % SLOTS < MOVED ? move_entry(slot % SLOTS) : content_entry(slot % SLOTS);
	}
	if (remap(&t.space, entry, count))
		t.failed++;
	for (i = 0; i < count; i++) {
		if (!status_expected(&entry[i]) && t.failed++ < 5)
			say("# slot %u op %u node %u arg %llx: status %d\n", entry[i].slot, entry[i].op,
			    entry[i].node, (unsigned long long)entry[i].arg, entry[i].status);
		update_model(&entry[i]);
		t.by_op[entry[i].op]++;
	}
	t.done += count;
	t.flushes += t.space.flushes;
	t.batches++;
}

void test_torture(long operations)
{
	static struct writer writer[THREADS];
	volatile bool stop = false;
	pthread_t thread[THREADS];
	uint64_t writes = 0, lost = 0;
	int i;

	if (!operations)
		operations = 20000;
	t.seed = now_ns() | 1;
	say("# seed %llu\n", (unsigned long long)t.seed);
	space_open(&t.space, SLOTS, 4, 0, 0);
	space_map(&t.space, true);
	for (i = 0; i < MOVED; i++)
		*word(&t.space, 0, i, 511) = 1;
	if (setpriority(PRIO_PROCESS, gettid(), -10))
		die("setpriority");
	for (i = 0; i < THREADS; i++) {
		writer[i] = (struct writer){ .space = &t.space, .number = i, .stop = &stop,
					     .seed = t.seed + i + 1 };
		pthread_create(&thread[i], NULL, write_slots, &writer[i]);
	}
	while (t.done < (uint64_t)operations) {
		batch();
		write_some();
		check_model(5);
		if (t.batches % 64 == 0) {
			check_model(1);
			check_nodes();
		}
	}
	stop = true;
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		writes += writer[i].writes;
		lost += writer[i].lost;
	}
	check_model(1);
	check_nodes();
	say("# %llu operations in %llu batches, %llu flushes, %llu busy, %llu writes by threads\n",
	    (unsigned long long)t.done, (unsigned long long)t.batches, (unsigned long long)t.flushes,
	    (unsigned long long)t.busy, (unsigned long long)writes);
	for (i = 1; i <= DISCO_OP_RELEASE; i++)
		say("# operation %d: %llu\n", i, (unsigned long long)t.by_op[i]);
	check(t.done >= (uint64_t)operations && t.failed == 0, "%ld operations, every status as expected",
	      operations);
	check(lost == 0 && writes > 0, "no lost write, no stale read of the threads");
	check(t.wrong == 0, "every slot shows what the model says, and is where query says");
	space_close(&t.space);
}
