// SPDX-License-Identifier: GPL-2.0-or-later
/* The counters: each source, snapshot and reset, threshold, ring, eventfd, poll, loss, budget. */
#include <errno.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

#define SLOTS 256

static uint32_t *snapshot;
static struct disco_ring *ring;

static int configure(struct space *space, struct disco_count_config config)
{
	config.size = sizeof(config);
	return ioctl(space->fd, DISCO_COUNT_CONFIG, &config) ? errno : 0;
}

static struct disco_count_read read_counts(struct space *space, uint32_t flags)
{
	struct disco_count_read arg = { .size = sizeof(arg), .flags = flags, .slots = SLOTS };

	if (ioctl(space->fd, DISCO_COUNT_READ, &arg))
		die("read counters");
	return arg;
}

static uint32_t count_of(struct space *space, unsigned int slot, unsigned int view)
{
	return snapshot[slot * space->views + view];
}

static int feed(struct space *space, uint32_t slot, uint16_t view, uint32_t count)
{
	struct disco_feed_entry entry = { .slot = slot, .view = view, .count = count };
	struct disco_count_feed arg = { .size = sizeof(arg), .entries = (uintptr_t)&entry, .count = 1 };

	return ioctl(space->fd, DISCO_COUNT_FEED, &arg) ? errno : 0;
}

static void fed(struct space *space)
{
	check(feed(space, 1, 1, 1) == ENODATA, "feeding is refused before it is configured");
	check(!configure(space, (struct disco_count_config){ .sources = DISCO_COUNT_FEED_ALLOWED,
							     .eventfd = -1 }),
	      "configure feeding");
	snapshot = mmap(NULL, space->layout.counters_size, PROT_READ, MAP_SHARED, space->fd,
			space->layout.counters_offset);
	check(snapshot != MAP_FAILED, "map the snapshot");
	check(mmap(NULL, space->layout.counters_size, PROT_READ | PROT_WRITE, MAP_SHARED, space->fd,
		   space->layout.counters_offset) == MAP_FAILED,
	      "the snapshot is read-only");
	check(!feed(space, 7, 2, 40) && !feed(space, 7, 2, 2), "feed");
	check(count_of(space, 7, 2) == 0, "the snapshot changes only when read");
	read_counts(space, 0);
	check(count_of(space, 7, 2) == 42, "fed counts add up");
	read_counts(space, DISCO_COUNT_RESET);
	check(count_of(space, 7, 2) == 42, "the snapshot of a reset has the counts");
	read_counts(space, 0);
	check(count_of(space, 7, 2) == 0, "after it they are zero");
	feed(space, 7, 2, 0xffffffff);
	feed(space, 7, 2, 5);
	read_counts(space, DISCO_COUNT_RESET);
	check(count_of(space, 7, 2) == 0xffffffff, "counters saturate");
	check(feed(space, SLOTS, 0, 1) == EINVAL && feed(space, 0, 4, 1) == EINVAL, "bad slot, bad view");
}

static void hot(struct space *space)
{
	int eventfd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), i;
	struct pollfd poll_ = { .fd = space->fd, .events = POLLIN };
	uint64_t value = 0;

	ring = mmap(NULL, space->layout.ring_size, PROT_READ | PROT_WRITE, MAP_SHARED, space->fd,
		    space->layout.ring_offset);
	check(ring != MAP_FAILED && ring->mask == 15, "map the ring");
	check(!configure(space, (struct disco_count_config){ .sources = DISCO_COUNT_FEED_ALLOWED,
							     .eventfd = eventfd_, .threshold = 10 }),
	      "configure a threshold");
	feed(space, 3, 1, 9);
	check(poll(&poll_, 1, 0) == 0 && ring->head == 0, "below the threshold nothing is reported");
	feed(space, 3, 1, 1);
	feed(space, 3, 1, 50);
	check(poll(&poll_, 1, 1000) == 1 && ring->head == 1, "at the threshold a slot is, once");
	check(ring->entries[0].slot == 3 && ring->entries[0].view == 1 && ring->entries[0].count == 10 &&
		      ring->entries[0].source == DISCO_COUNT_FEED_ALLOWED,
	      "with its view, count and source");
	check(read(eventfd_, &value, 8) == 8 && value == 1, "the eventfd is signalled");
	ring->tail = ring->head;
	check(poll(&poll_, 1, 0) == 0, "an emptied ring does not poll");
	for (i = 0; i < 20; i++)
		feed(space, 20 + i, 0, 10);
	check(ring->head == 17 && ring->lost == 4 && read_counts(space, 0).ring_lost == 4,
	      "a full ring counts what it loses");
	ring->tail = 0xdeadbeef;
	feed(space, 60, 0, 10);
	check(ring->head <= 18, "a nonsense tail does no harm");
	ring->tail = ring->head;
	close(eventfd_);
	read_counts(space, DISCO_COUNT_RESET);
}

static void touch_for(struct space *space, int ms)
{
	uint64_t end = now_ns() + ms * 1000000ull;

	while (now_ns() < end) {
		(void)*word(space, 1, 100, 0);
		(void)*word(space, 2, 101, 0);
		usleep(1000);
	}
}

static void scanned(struct space *space)
{
	struct disco_count_read counts;

	*word(space, 1, 100, 0) = *word(space, 2, 101, 0) = *word(space, 3, 102, 0) = 1;
	check(!configure(space, (struct disco_count_config){ .sources = DISCO_COUNT_SCAN, .eventfd = -1,
							     .period_ms = 20, .budget_us = 10000 }),
	      "configure scanning");
	touch_for(space, 200);
	read_counts(space, DISCO_COUNT_RESET);
	touch_for(space, 1500);
	counts = read_counts(space, DISCO_COUNT_RESET);
	say("# scan: %llu scans, %llu entries, %llu us; slot 100: %u, 101: %u, cold 102: %u\n",
	    (unsigned long long)counts.scans, (unsigned long long)counts.scanned,
	    (unsigned long long)counts.scan_ns / 1000, count_of(space, 100, 1), count_of(space, 101, 2),
	    count_of(space, 102, 3));
	check(counts.scans > 5 && counts.scanned > 0, "the accessed bits are scanned");
	check(count_of(space, 100, 1) > 5 && count_of(space, 101, 2) > 5, "a page in use counts in its view");
	check(count_of(space, 100, 0) == 0 && count_of(space, 100, 2) == 0, "and in no other");
	check(count_of(space, 102, 3) == 0, "a page not in use does not count");
}

static void hinted(struct space *space)
{
	struct disco_count_read counts;

	check(!configure(space, (struct disco_count_config){ .sources = DISCO_COUNT_HINT, .eventfd = -1,
							     .period_ms = 20, .budget_us = 10000,
							     .hint_slots = 64 }),
	      "configure hint faults");
	read_counts(space, DISCO_COUNT_RESET);
	touch_for(space, 1500);
	counts = read_counts(space, DISCO_COUNT_RESET);
	say("# hint: %llu faults; slot 100: %u, 101: %u, cold 102: %u\n", (unsigned long long)counts.hints,
	    count_of(space, 100, 1), count_of(space, 101, 2), count_of(space, 102, 3));
	check(counts.hints > 5 && count_of(space, 100, 1) > 2 && count_of(space, 101, 2) > 2,
	      "hint faults count in the view that touches");
	check(count_of(space, 102, 3) == 0 && count_of(space, 100, 3) == 0, "and in no other");
}

/* No processor event with addresses under emulation: the kernel's page fault event has them too. */
static void sampled(struct space *space)
{
	struct disco_count_read counts;
	int i;

	if (configure(space, (struct disco_count_config){ .sources = DISCO_COUNT_PMU, .eventfd = -1,
							  .pmu_type = PERF_TYPE_SOFTWARE,
							  .pmu_config = PERF_COUNT_SW_PAGE_FAULTS,
							  .pmu_period = 1 })) {
		check(false, "configure sampling: %s", strerror(errno));
		return;
	}
	read_counts(space, DISCO_COUNT_RESET);
	for (i = 0; i < 50; i++) {
		madvise(space->view[1] + 100 * PAGE, PAGE, MADV_DONTNEED);
		*word(space, 1, 100, 0) = i;
	}
	usleep(50000);
	counts = read_counts(space, DISCO_COUNT_RESET);
	say("# samples: %llu, lost %llu; slot 100: %u\n", (unsigned long long)counts.samples,
	    (unsigned long long)counts.samples_lost, count_of(space, 100, 1));
	check(count_of(space, 100, 1) >= 40 && count_of(space, 100, 2) == 0,
	      "samples with addresses count for slot and view");
	check(configure(space, (struct disco_count_config){ .sources = DISCO_COUNT_PMU, .eventfd = -1,
							    .pmu_type = 0x7fff, .pmu_period = 1 }) != 0,
	      "an event the machine does not have is an error");
	check(configure(space, (struct disco_count_config){ .sources = DISCO_COUNT_PMU, .eventfd = -1 }) ==
		      EINVAL,
	      "a sample period of zero is refused");
}

/* A large space and a small budget: scanning takes what it is given and comes round later. */
static void budget(void)
{
	struct disco_count_read counts = { .size = sizeof(counts) };
	struct space space;
	uint64_t start, used;
	int i;

	space_open(&space, 16384, 4, 0, 0);
	space_map(&space, true);
	for (i = 0; i < 16384; i += 4)
		*word(&space, i / 4 % 4, i, 0) = 1;
	configure(&space, (struct disco_count_config){ .sources = DISCO_COUNT_SCAN, .eventfd = -1,
						       .period_ms = 50, .budget_us = 500 });
	start = now_ns();
	sleep(2);
	used = now_ns() - start;
	ioctl(space.fd, DISCO_COUNT_READ, &counts);
	say("# budget 1 %%: %llu us of %llu us\n", (unsigned long long)counts.scan_ns / 1000,
	    (unsigned long long)used / 1000);
	check(counts.scan_ns && counts.scan_ns < used / 10, "scanning stays near its budget");
	space_close(&space);
}

void test_counts(long arg)
{
	struct space space;

	(void)arg;
	space_open(&space, SLOTS, 4, 0, 16);
	space_map(&space, true);
	check(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, space.fd, space.layout.counters_offset) == MAP_FAILED &&
		      errno == ENODATA,
	      "no snapshot before configuration");
	fed(&space);
	hot(&space);
	scanned(&space);
	hinted(&space);
	sampled(&space);
	check(configure(&space, (struct disco_count_config){ .sources = 1u << 9, .eventfd = -1 }) == EINVAL &&
		      configure(&space, (struct disco_count_config){ .eventfd = 12345 }) == EBADF,
	      "bad configurations are refused");
	check(!configure(&space, (struct disco_count_config){ .eventfd = -1 }), "counting stops");
	munmap(snapshot, space.layout.counters_size);
	munmap(ring, space.layout.ring_size);
	space_close(&space);
	budget();
}
