/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that get in each other's way: everything a shared memory must do right, with exact sums.
 * Counters by LL and SC, plain stores beside them, a list without locks whose nodes come back at
 * the same address, a lock made of loads, stores and SYNC alone, 64-bit words and doubles that must
 * not tear, and unaligned stores next to bytes of others.
 */
#include "splash.h"

PROGRAM_NAME;
struct option program_options[] = {
	{"rounds", 20000, 64, 100000000},
	{NULL, 0, 0, 0},
};

#define NODES	  7
#define OWN_BYTES 11 /* of each thread, so that words are shared */
#define TORN(x)	  ((uint64_t)(x) << 32 | (uint32_t)(x))

static uint64_t rounds;
static struct barrier together;
static uint64_t errors;

/* One line: two counters by LL and SC, and a word of each thread's that is only stored to. */
static struct {
	uint64_t wide __attribute__((aligned(CACHE_LINE)));
	uint32_t narrow, unused;
	uint16_t own[MAX_CPUS];
} counters;

static void count(unsigned thread)
{
	uint64_t first, last;

	share_of(thread, rounds, &first, &last);
	for (uint64_t i = first; i < last; i++) {
		fetch_add(&counters.wide, i);
		__atomic_fetch_add(&counters.narrow, 1, __ATOMIC_RELAXED);
		if (__atomic_load_n(&counters.own[thread], __ATOMIC_RELAXED) !=
		    (uint16_t)(i - first))
			fetch_add(&errors, 1);
		__atomic_store_n(&counters.own[thread], (uint16_t)(i - first + 1),
				 __ATOMIC_RELAXED);
	}
}

/* A lock, and what it protects. */
static struct lock mutex;
static struct {
	uint64_t sum __attribute__((aligned(CACHE_LINE)));
	double half;
} guarded;

static void exclude(unsigned thread)
{
	uint64_t first, last;

	share_of(thread, rounds, &first, &last);
	for (uint64_t i = first; i < last; i++) {
		lock(&mutex);
		guarded.sum += i;
		guarded.half += 0.5;
		unlock(&mutex);
	}
}

/* Peterson's lock of the threads 2n and 2n + 1: right only if SYNC orders a store before a load. */
static struct pair {
	uint32_t wants[2] __attribute__((aligned(CACHE_LINE)));
	uint32_t turn;
	uint64_t sum;
} pair[MAX_CPUS / 2];

static void sync(void)
{
	__asm__ volatile("sync" ::: "memory");
}

static void peterson(unsigned thread)
{
	struct pair *p = &pair[thread / 2];
	unsigned me = thread & 1;
	bool alone = (thread ^ 1) >= threads();
	volatile uint32_t *wants = p->wants, *turn = &p->turn;
	volatile uint64_t *sum = &p->sum;
	uint64_t first, last;

	share_of(thread, rounds, &first, &last);
	for (uint64_t i = first; i < last; i++) {
		wants[me] = 1;
		sync();
		*turn = !me;
		sync();
		while (!alone && wants[!me] && *turn == !me)
			;
		sync();
		*sum = *sum + i;
		sync();
		wants[me] = 0;
	}
}

/* A list without locks: pop reads a node's next between LL and SC, which is wrong if the SC takes a
 * list that changed and came back for one that did not. */
struct node {
	struct node *next __attribute__((aligned(16)));
	uint64_t taken;
};
static struct node node[NODES];
static struct node *top __attribute__((aligned(CACHE_LINE)));

static struct node *pop(void)
{
	struct node *first, *next;
	uint64_t done;

	do {
		__asm__ volatile("lld %0, %1" : "=r"(first) : "R"(top) : "memory");
		if (!first)
			return NULL;
		next = *(struct node *volatile *)&first->next;
		done = (uint64_t)next;
		__asm__ volatile("scd %0, %1" : "+r"(done), "+R"(top) : : "memory");
	} while (!done);
	sync();
	return first;
}

static void push(struct node *n)
{
	struct node *first;
	uint64_t done;

	do {
		first = *(struct node *volatile *)&top;
		n->next = first;
		sync();
		__asm__ volatile("lld %0, %1" : "=r"(done) : "R"(top) : "memory");
		if ((struct node *)done != first) {
			done = 0;
			continue;
		}
		done = (uint64_t)n;
		__asm__ volatile("scd %0, %1" : "+r"(done), "+R"(top) : : "memory");
	} while (!done);
}

static void list(unsigned thread)
{
	uint64_t first, last;

	share_of(thread, rounds, &first, &last);
	for (uint64_t i = first; i < last; i++) {
		struct node *one = pop(), *two = i & 1 ? pop() : NULL;

		if (one && __atomic_fetch_add(&one->taken, 1, __ATOMIC_RELAXED))
			fetch_add(&errors, 1); /* somebody else has it too */
		if (one) {
			__atomic_fetch_sub(&one->taken, 1, __ATOMIC_RELAXED);
			push(one);
		}
		if (two)
			push(two);
	}
}

/* Words that say the same in both halves whoever wrote them last. */
static volatile uint64_t torn[4] __attribute__((aligned(CACHE_LINE)));
static volatile double real[4] __attribute__((aligned(CACHE_LINE)));

static void tear(unsigned thread)
{
	uint64_t wrong = 0, first, last;

	share_of(thread, rounds, &first, &last);
	for (uint64_t i = first; i < last; i++) {
		uint64_t seen = torn[i & 3];
		double d = real[i & 3];

		wrong += seen != TORN(seen);
		/* thread + 1 and a fraction that says so again */
		wrong += d != 0 && d != (double)(int64_t)d * (1 + 0x1p-40);
		torn[i & 3] = TORN(i * 0x10001 + thread);
		real[i & 3] = (double)(int64_t)(thread + 1) * (1 + 0x1p-40);
	}
	fetch_add(&errors, wrong);
}

/* Bytes in a row, OWN_BYTES of each thread: unaligned stores reach to their very ends. */
struct odd {
	uint8_t byte;
	uint32_t word;
	uint32_t more;
	uint16_t half;
} __attribute__((packed));
_Static_assert(sizeof(struct odd) == OWN_BYTES, "what a thread owns");
static struct odd bytes[MAX_CPUS];

static void beside(unsigned thread)
{
	struct odd *own = &bytes[thread];
	uint64_t wrong = 0, first, last;

	share_of(thread, rounds, &first, &last);
	for (uint64_t i = first; i < last; i++) {
		uint64_t value = random_at(i);

		own->byte = (uint8_t)value;
		own->word = (uint32_t)value;
		own->more = (uint32_t)(value >> 32);
		own->half = (uint16_t)(value >> 16);
		__asm__ volatile("" ::: "memory");
		wrong += own->byte != (uint8_t)value || own->word != (uint32_t)value ||
			 own->more != (uint32_t)(value >> 32) ||
			 own->half != (uint16_t)(value >> 16);
		__asm__ volatile("" ::: "memory");
		/* SDL and SDR over word and more */
		__builtin_memcpy((uint8_t *)own + 1, &(uint64_t){~value}, 8);
		__asm__ volatile("" ::: "memory");
		wrong += own->byte != (uint8_t)value || own->word != (uint32_t)~value ||
			 own->more != (uint32_t)(~value >> 32) ||
			 own->half != (uint16_t)(value >> 16);
	}
	fetch_add(&errors, wrong);
}

static void work(unsigned thread)
{
	static void (*const parts[])(unsigned) = {count, exclude, peterson, list, tear, beside};

	for (unsigned n = 0; n < sizeof(parts) / sizeof(parts[0]); n++) {
		parts[n](thread);
		barrier(&together);
	}
}

/* Every node once, after all have been given back. */
static uint64_t check_list(void)
{
	uint64_t found = 0, wrong = 0;

	for (const struct node *n = top; n && found <= NODES; n = n->next) {
		found++;
		wrong += n->taken != 0;
	}
	return wrong + (found != NODES);
}

int main(void)
{
	uint64_t sum = 0, checksum = 0, all, wrong;

	rounds = option("rounds");
	all = rounds * (rounds - 1) / 2;
	for (unsigned n = 0; n < NODES; n++)
		push(&node[n]);
	measure_start();
	parallel(work);
	measure_end();
	for (unsigned n = 0; n < MAX_CPUS / 2; n++)
		sum += pair[n].sum;
	wrong = errors + (counters.wide != all) + (counters.narrow != (uint32_t)rounds) +
		(guarded.sum != all) + (guarded.half != (double)(int64_t)rounds / 2) +
		(sum != all) + check_list();
	checksum = checksum_add(checksum, counters.wide);
	checksum = checksum_add(checksum, counters.narrow);
	checksum = checksum_add(checksum, guarded.sum);
	checksum = checksum_add_double(checksum, guarded.half);
	checksum = checksum_add(checksum, sum);
	return report(checksum, wrong == 0, "rounds=%lu wrong=%lu", rounds, wrong);
}
