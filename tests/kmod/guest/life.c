// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program may do to its mappings meanwhile: fork, mremap, mprotect, madvise, munmap, close. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

static void forked(struct space *space)
{
	int status;
	pid_t pid;

	*word(space, 0, 1, 0) = 5;
	pid = fork();
	if (!pid) {
		*word(space, 0, 1, 0) = 6; /* not mapped here: must end this process */
		_exit(0);
	}
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && *word(space, 0, 1, 0) == 5,
	      "a child does not inherit the mappings");
}

static void mappings(struct space *space)
{
	char *view = space->view[0];
	size_t size = space->slots * PAGE;

	check(mremap(view, size, 2 * size, MREMAP_MAYMOVE) == MAP_FAILED, "mremap cannot grow a view");
	check(mremap(view, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, view + (1ul << 36)) == MAP_FAILED &&
		      *word(space, 0, 1, 0) == 5,
	      "mremap cannot move a view");
	check(munmap(view + PAGE, PAGE) && errno == EINVAL, "a part of a view cannot be unmapped");
	check(mprotect(view + PAGE, PAGE, PROT_READ) && errno == EINVAL,
	      "a part of a view cannot be protected");
	check(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, space->fd, 0) == MAP_FAILED, "no private mapping");
	check(mmap(NULL, size, PROT_READ, MAP_SHARED, space->fd, 0) == MAP_FAILED && errno == EBUSY,
	      "a view is mapped once");
	check(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, space->fd, 1ull << 40) == MAP_FAILED,
	      "nothing is mapped beyond the file's parts");
	check(!madvise(view, size, MADV_DONTNEED) && *word(space, 0, 1, 0) == 5,
	      "madvise(DONTNEED) loses nothing");
}

/* The kernel lets a program undo VM_DONTCOPY: the child's copies of the entries pin the pages. */
static void forced_fork(struct space *space)
{
	int pipes[2], status, moved;
	char byte = 0;
	pid_t pid;

	*word(space, 0, 7, 0) = 70;
	remap_one(space, 8, DISCO_OP_RELEASE, 0, 0);
	if (madvise(space->view[0], space->slots * PAGE, MADV_DOFORK)) {
		check(errno == EINVAL, "this kernel refuses to undo VM_DONTCOPY");
		return;
	}
	if (pipe(pipes))
		die("pipe");
	pid = fork();
	if (!pid) {
		if (read(pipes[0], &byte, 1) != 1 || *word(space, 0, 7, 0) != 70)
			_exit(1);
		*word(space, 0, 8, 0) = 1; /* not entered yet: must end this process */
		_exit(0);
	}
	moved = remap_one(space, 7, DISCO_OP_MIGRATE, 2, 0);
	check(moved == -EBUSY, "a page that a child has in spite of all does not move");
	if (write(pipes[1], &byte, 1) != 1)
		die("write");
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS && *word(space, 1, 8, 0) == 0,
	      "and the child gets no page it does not have");
	check(!remap_one(space, 7, DISCO_OP_MIGRATE, 2, 0) && *word(space, 3, 7, 0) == 70,
	      "when the child is gone it moves");
	madvise(space->view[0], space->slots * PAGE, MADV_DONTFORK);
}

static sigjmp_buf jump;

static void on_fault(int number)
{
	siglongjmp(jump, number);
}

static void protection(struct space *space)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	size_t size = space->slots * PAGE;
	volatile bool stopped = false;

	sigaction(SIGSEGV, &action, NULL);
	remap_one(space, 1, DISCO_OP_MIGRATE, 1, 0);
	mprotect(space->view[2], size, PROT_READ);
	if (!sigsetjmp(jump, 1))
		*word(space, 2, 1, 0) = 9;
	else
		stopped = true;
	remap_one(space, 1, DISCO_OP_MIGRATE, 3, 0);
	if (!sigsetjmp(jump, 1))
		*word(space, 2, 1, 0) = 9, stopped = false;
	check(stopped && *word(space, 2, 1, 0) == 5, "a view made read-only stays so when pages move");
	mprotect(space->view[2], size, PROT_READ | PROT_WRITE);
	*word(space, 2, 1, 0) = 5;
	check(*word(space, 1, 1, 0) == 5, "and can be written again afterwards");
	signal(SIGSEGV, SIG_DFL);
}

/* A view comes and goes while another thread moves its pages. */
struct mover {
	struct space *space;
	volatile bool stop;
	long moves, failed;
};

static void *move(void *arg)
{
	struct mover *mover = arg;
	struct disco_remap_entry entry[64];
	int i, round = 0;

	while (!mover->stop) {
		for (i = 0; i < 64; i++)
			entry[i] = (struct disco_remap_entry){ .slot = i, .op = DISCO_OP_MIGRATE,
							       .node = round % 4 };
		if (remap(mover->space, entry, 64))
			mover->failed++;
		for (i = 0; i < 64; i++)
			if (entry[i].status && entry[i].status != -EBUSY)
				mover->failed++;
		mover->moves += 64;
		round++;
	}
	return NULL;
}

static void munmap_in_flight(struct space *space)
{
	struct mover mover = { .space = space };
	size_t size = space->slots * PAGE;
	pthread_t thread;
	bool good = true;
	uint64_t end = now_ns() + 3000000000ull;
	int slot, rounds = 0;

	for (slot = 0; slot < 64; slot++)
		*word(space, 0, slot, 3) = slot + 1;
	pthread_create(&thread, NULL, move, &mover);
	while (now_ns() < end) {
		for (slot = 0; slot < 64; slot++)
			good &= *word(space, 3, slot, 3) == (uint64_t)slot + 1;
		munmap(space->view[3], size);
		space->view[3] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, space->fd,
				      3 * space->layout.view_stride);
		good &= space->view[3] != MAP_FAILED;
		if (rounds % 4 == 0) {
			munmap(space->window, space->layout.window_size);
			space->window = mmap(NULL, space->layout.window_size, PROT_READ, MAP_SHARED,
					     space->fd, space->layout.window_offset);
		}
		rounds++;
	}
	mover.stop = true;
	pthread_join(thread, NULL);
	check(good && !mover.failed && mover.moves, "views and window come and go under moves (%d times, %ld moves)",
	      rounds, mover.moves);
}

static void on_alarm(int number)
{
	(void)number;
}

static void signals(struct space *space)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = 0 };
	static struct disco_remap_entry entry[65536];
	struct disco_remap arg = { .size = sizeof(arg), .entries = (uintptr_t)entry, .count = 65536 };
	timer_t timer;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	struct itimerspec spec = { { 0, 3000000 }, { 0, 3000000 } };
	int i, interrupted = 0, ret;
	bool good = true;

	sigaction(SIGALRM, &action, NULL);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &spec, NULL);
	for (i = 0; i < 65536; i++)
		entry[i] = (struct disco_remap_entry){ .slot = i % 64, .op = DISCO_OP_MIGRATE,
						       .node = (i / 64) % 4, .status = 1 };
	while ((ret = ioctl(space->fd, DISCO_REMAP, &arg)) && errno == EINTR)
		interrupted++;
	timer_delete(timer);
	for (i = 0; i < 65536; i++)
		good &= entry[i].status == 0;
	check(!ret && good && arg.done == 65536 && interrupted,
	      "a batch interrupted by signals (%d times) goes on where it was", interrupted);
}

/* The space lives while a mapping does, although the file is closed. */
static void closed(void)
{
	struct space space;

	space_open(&space, 16, 2, 0, 0);
	space_map(&space, true);
	*word(&space, 0, 1, 0) = 8;
	close(space.fd);
	check(*word(&space, 1, 1, 0) == 8, "the mappings outlive the file");
	munmap(space.view[0], 16 * PAGE);
	munmap(space.view[1], 16 * PAGE);
	munmap(space.window, space.layout.window_size);
}

void test_life(long arg)
{
	struct space space;

	(void)arg;
	space_open(&space, 64, 4, 0, 0);
	space_map(&space, true);
	forked(&space);
	mappings(&space);
	forced_fork(&space);
	protection(&space);
	munmap_in_flight(&space);
	signals(&space);
	space_close(&space);
	closed();
}
