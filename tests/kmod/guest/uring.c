// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Disk I/O straight into a space: io_uring with O_DIRECT on /dev/vda, whose 8-byte words hold their
 * own offset, while another thread tries to move the pages. With a longterm space also registered
 * buffers, where the kernel lets them.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guest.h"

#define SLOTS 64
#define DEPTH 16
#define DISK_PAGES 1024 /* the second half is for writing */

struct mover {
	struct space *space;
	volatile bool stop;
	uint64_t moved, busy, failed;
	bool copies;
};

static void *move(void *arg)
{
	struct mover *mover = arg;
	struct disco_remap_entry entry[SLOTS];
	uint64_t seed = 12345;
	int i;

	while (!mover->stop) {
		for (i = 0; i < SLOTS; i++) {
			bool copy = mover->copies && random_next(&seed) % 2;

			entry[i] = (struct disco_remap_entry){ .slot = i,
				.op = copy ? DISCO_OP_REPLICATE : DISCO_OP_MIGRATE,
				.node = copy ? 0 : random_next(&seed) % 4, .arg = copy ? 15 : 0 };
		}
		mover->failed += remap(mover->space, entry, SLOTS) != 0;
		for (i = 0; i < SLOTS; i++) {
			mover->moved += !entry[i].status;
			mover->busy += entry[i].status == -EBUSY;
			mover->failed += entry[i].status && entry[i].status != -EBUSY &&
					 entry[i].status != -ENODATA;
		}
	}
	return NULL;
}

static bool holds_page(struct space *space, unsigned int view, unsigned int slot, uint64_t page)
{
	int i;

	for (i = 0; i < 512; i++)
		if (*word(space, view, slot, i) != page * PAGE + i * 8)
			return false;
	return true;
}

struct request {
	unsigned int slot, view;
	uint64_t page;
	bool write;
};

static void prepare(struct io_uring *uring, struct space *space, int disk, struct request *request,
		    bool fixed)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(uring);
	char *at = space->view[request->view] + request->slot * PAGE;
	uint64_t offset = request->page * PAGE;

	if (request->write)
		io_uring_prep_write(sqe, disk, at, PAGE, offset + DISK_PAGES / 2 * PAGE);
	else if (fixed)
		io_uring_prep_read_fixed(sqe, disk, at, PAGE, offset, request->view);
	else
		io_uring_prep_read(sqe, disk, at, PAGE, offset);
	io_uring_sqe_set_data(sqe, request);
}

/* Rounds of DEPTH requests on different slots; each answer is checked through another view. */
static uint64_t run(struct space *space, struct io_uring *uring, int disk, int rounds, bool fixed)
{
	static struct request request[DEPTH];
	uint64_t seed = 99, wrong = 0;
	char *back = aligned_alloc(PAGE, PAGE);
	int round, i;

	for (round = 0; round < rounds; round++) {
		for (i = 0; i < DEPTH; i++) {
			request[i] = (struct request){ .slot = i * (SLOTS / DEPTH) + random_next(&seed) % 4,
						       .view = random_next(&seed) % 4,
						       .page = random_next(&seed) % (DISK_PAGES / 2) };
			prepare(uring, space, disk, &request[i], fixed);
		}
		io_uring_submit_and_wait(uring, DEPTH);
		for (i = 0; i < DEPTH; i++) {
			struct io_uring_cqe *cqe;
			struct request *done;

			io_uring_wait_cqe(uring, &cqe);
			done = io_uring_cqe_get_data(cqe);
			if (cqe->res != (int)PAGE && wrong++ < 3)
				say("# request: %d\n", cqe->res);
			io_uring_cqe_seen(uring, cqe);
			wrong += !holds_page(space, (done->view + 1) % 4, done->slot, done->page);
		}
		if (fixed || round % 4)
			continue;
		/* The slot that holds a page of the disk goes to the second half and is read back. */
		request[0].write = true;
		prepare(uring, space, disk, &request[0], false);
		io_uring_submit_and_wait(uring, 1);
		{
			struct io_uring_cqe *cqe;

			io_uring_wait_cqe(uring, &cqe);
			wrong += cqe->res != (int)PAGE;
			io_uring_cqe_seen(uring, cqe);
		}
		wrong += pread(disk, back, PAGE, (DISK_PAGES / 2 + request[0].page) * PAGE) != (ssize_t)PAGE;
		wrong += memcmp(back, space->view[2] + request[0].slot * PAGE, PAGE) != 0;
	}
	free(back);
	return wrong;
}

static void direct(int disk, uint32_t flags, bool copies, int rounds)
{
	struct mover mover = { .copies = copies };
	struct io_uring uring;
	struct iovec iov[4];
	struct space space;
	int node[SLOTS], slot;
	pthread_t thread;
	uint64_t wrong;
	int view, ret;

	space_open(&space, SLOTS, 4, flags, 0);
	space_map(&space, true);
	if (io_uring_queue_init(DEPTH, &uring, 0))
		die("io_uring");
	mover.space = &space;
	pthread_create(&thread, NULL, move, &mover);
	wrong = run(&space, &uring, disk, rounds, false);
	mover.stop = true;
	pthread_join(thread, NULL);
	say("# %s: %d requests, %llu moved, %llu busy\n", copies ? "replicated" : "longterm", rounds * DEPTH,
	    (unsigned long long)mover.moved, (unsigned long long)mover.busy);
	check(!wrong && !mover.failed && mover.moved, "O_DIRECT requests under moves: data right each time");

	for (view = 0; view < 4; view++)
		iov[view] = (struct iovec){ space.view[view], SLOTS * PAGE };
	ret = io_uring_register_buffers(&uring, iov, 4);
	if (ret) {
		say("# register buffers: %s\n", strerror(-ret));
		skip(copies ? "registered buffers of an ordinary space" : "registered buffers",
		     "this kernel refuses them");
	} else {
		for (slot = 0; slot < SLOTS; slot++)
			node[slot] = query_one(&space, slot).node;
		mover.stop = false;
		mover.busy = 0;
		pthread_create(&thread, NULL, move, &mover);
		wrong = run(&space, &uring, disk, rounds, true);
		mover.stop = true;
		pthread_join(thread, NULL);
		for (slot = 0; slot < SLOTS; slot++)
			wrong += query_one(&space, slot).node != node[slot];
		check(!wrong && !mover.failed && mover.busy,
		      "registered buffers: data right, no page moved (%llu refused)",
		      (unsigned long long)mover.busy);
	}
	io_uring_queue_exit(&uring);
	space_close(&space);
}

void test_uring(long rounds)
{
	int disk = open("/dev/vda", O_RDWR | O_DIRECT | O_CLOEXEC);

	if (disk < 0) {
		skip("io_uring", "no /dev/vda");
		return;
	}
	if (!rounds)
		rounds = 100;
	direct(disk, 0, true, rounds);
	direct(disk, DISCO_SPACE_LONGTERM, false, rounds);
	close(disk);
}
