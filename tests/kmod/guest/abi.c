// SPDX-License-Identifier: GPL-2.0-or-later
/* The interface: sizes, reserved fields, unknown calls, whose space it is, who may open it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

static int call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? errno : 0;
}

static void info(int fd)
{
	struct {
		struct disco_info info;
		uint64_t more;
	} big = { .info.size = sizeof(big) };
	struct disco_info info = { .size = sizeof(info) };

	check(!call(fd, DISCO_INFO, &info) && info.version == DISCO_ABI_VERSION && (info.nodes & 0xf) == 0xf &&
		      info.page_size == PAGE && (info.capabilities & DISCO_CAP_ONE_FLUSH),
	      "info: version, nodes, capabilities");
	info = (struct disco_info){ .size = sizeof(info) - 8 };
	check(call(fd, DISCO_INFO, &info) == EINVAL, "info: too small a structure");
	info = (struct disco_info){ .size = sizeof(info), .reserved[3] = 1 };
	check(call(fd, DISCO_INFO, &info) == EINVAL, "info: a reserved field set");
	info = (struct disco_info){ .size = sizeof(info), .flags = 1 };
	check(call(fd, DISCO_INFO, &info) == EINVAL, "info: an unknown flag");
	check(!call(fd, DISCO_INFO, &big), "info: a larger structure, the rest zero");
	big.info = (struct disco_info){ .size = sizeof(big) };
	big.more = 1;
	check(call(fd, DISCO_INFO, &big) == E2BIG, "info: a larger structure, the rest not zero");
	check(call(fd, DISCO_INFO, NULL) == EFAULT, "info: a bad address");
	check(call(fd, _IO(DISCO_IOC_TYPE, 99), &info) == ENOTTY, "an unknown call");
	check(call(fd, _IO('x', 2), &info) == ENOTTY, "a call of another type");
}

static void create(void)
{
	static const struct {
		const char *what;
		struct disco_space_create arg;
	} bad[] = {
		{ "no slots", { .views = 1 } },
		{ "too many slots", { .views = 1, .slots = 1ull << 40 } },
		{ "no views", { .slots = 1 } },
		{ "too many views", { .slots = 1, .views = 65 } },
		{ "a node that is not there", { .slots = 1, .views = 1, .view_node[0] = 9 } },
		{ "a node for a view beyond", { .slots = 1, .views = 1, .view_node[1] = 1 } },
		{ "an unknown flag", { .slots = 1, .views = 1, .flags = 1u << 31 } },
		{ "an odd ring", { .slots = 1, .views = 1, .ring_entries = 3 } },
		{ "a reserved field", { .slots = 1, .views = 1, .reserved[0] = 1 } },
	};
	struct disco_space_create arg;
	int fd = open("/dev/disco", O_RDWR | O_CLOEXEC);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		arg = bad[i].arg;
		arg.size = sizeof(arg);
		check(call(fd, DISCO_SPACE_CREATE, &arg) == EINVAL, "create: %s", bad[i].what);
	}
	check(call(fd, DISCO_REMAP, &arg) == ENODEV, "remap without a space");
	check(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV,
	      "mmap without a space");
	arg = (struct disco_space_create){ .size = sizeof(arg), .slots = 4, .views = 2 };
	check(!call(fd, DISCO_SPACE_CREATE, &arg) && arg.view_stride == 4 * PAGE, "create");
	check(call(fd, DISCO_SPACE_CREATE, &arg) == EEXIST, "create twice");
	close(fd);
}

static void remap_arguments(struct space *space)
{
	struct disco_remap_entry entry = { .op = DISCO_OP_ZERO };
	struct disco_remap arg = { .size = sizeof(arg), .entries = (uintptr_t)&entry, .count = 1 };
	struct disco_remap bad = arg;

	bad.count = 65537;
	check(call(space->fd, DISCO_REMAP, &bad) == EINVAL, "remap: too many entries");
	bad = arg;
	bad.done = 2;
	check(call(space->fd, DISCO_REMAP, &bad) == EINVAL, "remap: more done than there are");
	bad = arg;
	bad.entries = 8;
	check(call(space->fd, DISCO_REMAP, &bad) == EFAULT, "remap: a bad address");
	bad = arg;
	bad.count = 0;
	check(!call(space->fd, DISCO_REMAP, &bad), "remap: nothing");
	check(!call(space->fd, DISCO_REMAP, &arg) && arg.done == 1, "remap: one entry");
}

/* Another process that has the file, by fork, is not the owner. */
static void other_process(struct space *space)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct disco_remap_entry entry = { .op = DISCO_OP_ZERO };
		struct disco_remap arg = { .size = sizeof(arg), .entries = (uintptr_t)&entry, .count = 1 };
		bool refused = call(space->fd, DISCO_REMAP, &arg) == EPERM;

		refused &= mmap(NULL, PAGE, PROT_READ, MAP_SHARED, space->fd, 0) == MAP_FAILED &&
			   errno == EPERM;
		_exit(refused ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	check(WIFEXITED(status) && !WEXITSTATUS(status), "another process cannot reach the space");
}

static void unprivileged(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setgid(1000) || setuid(1000))
			_exit(2);
		_exit(open("/dev/disco", O_RDWR) < 0 && errno == EACCES ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	check(WIFEXITED(status) && !WEXITSTATUS(status), "an unprivileged user cannot open the device");
}

void test_abi(long arg)
{
	struct space space;
	struct stat stat_of;
	int fd = open("/dev/disco", O_RDWR | O_CLOEXEC);

	(void)arg;
	check(!stat("/dev/disco", &stat_of) && (stat_of.st_mode & 0777) == 0600, "/dev/disco has mode 0600");
	info(fd);
	close(fd);
	create();
	space_open(&space, 16, 4, 0, 0);
	space_map(&space, true);
	*word(&space, 0, 0, 0) = 1;
	remap_arguments(&space);
	other_process(&space);
	unprivileged();
	space_close(&space);
}
