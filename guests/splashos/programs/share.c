/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stress for memory that moves: in each phase some pages are written anew by one thread, some are
 * read only, some are written by all at once, and some go from the thread that wrote them to
 * another without a barrier in between. Every word that is read is checked.
 */
#include "splash.h"

PROGRAM_NAME;
struct option program_options[] = {
	{"pages", 48, 1, 4096},
	{"phases", 40, 1, 1ul << 20},
	{"rounds", 2, 1, 1000}, /* of reading in a phase */
	{NULL, 0, 0, 0},
};

#define WORDS	 (PAGE_SIZE / sizeof(uint64_t))
#define COUNTERS 64 /* the last words of a page, which all may add to */
#define VALUES	 (WORDS - COUNTERS)

enum role {
	WRITTEN,  /* by one thread, between barriers */
	READ,	  /* by all */
	READ_TOO, /* it is the commonest */
	ADDED,	  /* by all at once: the counters */
	HANDED,	  /* from one thread to the next, by a flag */
	ROLES,
};

static uint64_t *memory, pages;
static struct {
	uint64_t version __attribute__((aligned(CACHE_LINE)));
} * flag; /* of a page: the last version handed on */
static uint64_t wrong[MAX_CPUS];
static struct barrier step;

static uint64_t *page_at(uint64_t page)
{
	return memory + page * WORDS;
}

static enum role role_of(uint64_t page, uint64_t phase)
{
	return random_at(phase * pages + page) % ROLES;
}

static unsigned writer_of(uint64_t page, uint64_t phase)
{
	return (unsigned)(random_at(~(phase * pages + page)) % threads());
}

static uint64_t value_of(uint64_t page, uint64_t version, uint64_t word)
{
	return random_at(version << 40 ^ page << 10 ^ word);
}

static void write_page(uint64_t page, uint64_t version)
{
	uint64_t *words = page_at(page);

	for (uint64_t i = 0; i < VALUES; i++)
		words[i] = value_of(page, version, i);
}

/* Words that are not those of @version; a stride that is no line's touches all lines soon. */
static uint64_t check_page(uint64_t page, uint64_t version, uint64_t from)
{
	const volatile uint64_t *words = page_at(page);
	uint64_t bad = 0;

	for (uint64_t i = from % 3; i < VALUES; i += 3)
		bad += words[i] != value_of(page, version, i);
	return bad;
}

static void hand_on(unsigned thread, uint64_t page, uint64_t version)
{
	unsigned writer = writer_of(page, version);

	if (thread == writer) {
		write_page(page, version);
		__atomic_store_n(&flag[page].version, version, __ATOMIC_RELEASE);
	}
	if (thread != (writer + 1) % threads())
		return;
	while (__atomic_load_n(&flag[page].version, __ATOMIC_ACQUIRE) != version)
		;
	wrong[thread] += check_page(page, version, 0);
}

static void act(unsigned thread, uint64_t page, uint64_t phase)
{
	switch (role_of(page, phase)) {
	case WRITTEN:
		if (thread == writer_of(page, phase))
			write_page(page, phase);
		break;
	case ADDED:
		for (uint64_t i = 0; i < COUNTERS; i++)
			fetch_add(page_at(page) + VALUES + i, thread + 1);
		break;
	case HANDED:
		hand_on(thread, page, phase);
		break;
	default:
		break;
	}
}

/* The phase that wrote the page last. */
static uint64_t version_in(uint64_t page, uint64_t phase)
{
	while (phase && role_of(page, phase) != WRITTEN && role_of(page, phase) != HANDED)
		phase--;
	return phase;
}

static void work(unsigned thread)
{
	uint64_t rounds = option("rounds");

	for (uint64_t phase = 1; phase <= option("phases"); phase++) {
		/* In one order: who waits for a flag waits for no one who waits for another. */
		for (uint64_t page = 0; page < pages; page++)
			act(thread, page, phase);
		barrier(&step);
		for (uint64_t i = 0; i < rounds * pages; i++) {
			uint64_t page = (i + thread * pages / threads()) % pages;

			wrong[thread] += check_page(page, version_in(page, phase), i / pages);
		}
		barrier(&step);
	}
}

static void fill(unsigned thread)
{
	unsigned long first, last;

	share_of(thread, pages, &first, &last);
	for (unsigned long page = first; page < last; page++)
		write_page(page, 0);
}

static uint64_t check_counters(uint64_t *checksum)
{
	uint64_t bad = 0, each = (uint64_t)threads() * (threads() + 1) / 2;

	for (uint64_t page = 0; page < pages; page++) {
		uint64_t expected = 0;

		for (uint64_t phase = 1; phase <= option("phases"); phase++)
			expected += role_of(page, phase) == ADDED ? each : 0;
		for (uint64_t i = 0; i < COUNTERS; i++)
			bad += page_at(page)[VALUES + i] != expected;
		for (uint64_t i = 0; i < WORDS; i++)
			*checksum = checksum_add(*checksum, i < VALUES ? page_at(page)[i] : bad);
	}
	return bad;
}

int main(void)
{
	uint64_t checksum = 0, bad;

	pages = option("pages");
	memory = allocate(pages * PAGE_SIZE);
	flag = allocate(pages * sizeof(*flag));
	memset(flag, 0, pages * sizeof(*flag));
	initialise(fill);
	measure_start();
	parallel(work);
	measure_end();
	bad = check_counters(&checksum);
	for (unsigned t = 0; t < threads(); t++)
		bad += wrong[t];
	return report(checksum, !bad, "pages=%lu phases=%lu wrong=%lu", (unsigned long)pages,
		      option("phases"), (unsigned long)bad);
}
