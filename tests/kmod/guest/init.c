// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Process 1 of the virtual machine: mounts, loads the modules in /modules in order, runs the tests
 * named on the command line (name or name=number, each in a process of its own), looks for leaks and
 * kernel messages, unloads the module and switches off. The last line is "guest: N passed, N failed".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

static struct results {
	int passed, failed, skipped;
} *results;

static const struct test {
	const char *name;
	void (*run)(long arg);
} tests[] = {
	{ "abi", test_abi },	       { "ops", test_ops },	{ "pins", test_pins },
	{ "life", test_life },	       { "limits", test_limits }, { "counts", test_counts },
	{ "stale", test_stale },       { "torture", test_torture }, { "fuzz", test_fuzz },
	{ "kill", test_kill },	       { "uring", test_uring },	{ "hotplug", test_hotplug },
	{ "nmap", test_nmap },	       { "bench", test_bench },       { "ipis", test_ipis },
};

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fflush(stdout);
}

bool check(bool good, const char *name, ...)
{
	char text[256];
	va_list args;

	va_start(args, name);
	vsnprintf(text, sizeof(text), name, args);
	va_end(args);
	__atomic_add_fetch(good ? &results->passed : &results->failed, 1, __ATOMIC_RELAXED);
	say("%s - %s\n", good ? "ok" : "not ok", text);
	return good;
}

void skip(const char *name, const char *reason)
{
	results->skipped++;
	say("ok - %s # SKIP %s\n", name, reason);
}

void die(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	check(false, "%s: %s", text, strerror(errno));
	_exit(1);
}

static void mount_all(void)
{
	static const char *const mounts[][2] = {
		{ "proc", "/proc" },	   { "sysfs", "/sys" },	    { "devtmpfs", "/dev" },
		{ "debugfs", "/sys/kernel/debug" }, { "tmpfs", "/tmp" },
		{ "cgroup2", "/sys/fs/cgroup" },
	};
	size_t i;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i][1], 0755);
		mount(mounts[i][0], mounts[i][1], mounts[i][0], 0, "");
	}
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The modules are named in the order they load: 00-name.ko, 01-name.ko. */
static void load_modules(void)
{
	struct dirent **names;
	int i, count = scandir("/modules", &names, NULL, by_name);

	for (i = 0; i < count; i++) {
		char path[300];
		int fd;

		if (names[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/modules/%s", names[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (syscall(SYS_finit_module, fd, "", 0))
			check(false, "load %s: %s", path, strerror(errno));
		close(fd);
	}
}

static long long used_pages(void)
{
	return file_number("/sys/kernel/debug/disco/stats", "pages_used");
}

/* Files and mappings go a moment after the process. */
static bool all_back(void)
{
	char spaces[64];
	int wait;

	for (wait = 0; wait < 100; wait++) {
		if (used_pages() == 0 &&
		    read_file("/sys/kernel/debug/disco/spaces", spaces, sizeof(spaces)) == 0)
			return true;
		usleep(50000);
	}
	return false;
}

static void run_test(const struct test *test, long arg)
{
	uint64_t start = now_ns();
	int status;
	pid_t pid = fork();

	if (!pid) {
		test->run(arg);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status))
		check(false, "%s: ended by signal %d", test->name, WTERMSIG(status));
	check(all_back(), "%s: all pages and spaces are back", test->name);
	say("# %s: %.1f s\n", test->name, (now_ns() - start) / 1e9);
}

static void run_named(const char *text)
{
	size_t i, length = strcspn(text, "=");
	long arg = text[length] ? atol(text + length + 1) : 0;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strlen(tests[i].name) == length && !strncmp(tests[i].name, text, length)) {
			run_test(&tests[i], arg);
			return;
		}
	}
	check(false, "there is a test '%s'", text);
}

/* Warnings and worse since loading, and reports of the debugging kernels; ours must be silent. */
static void check_dmesg(int fd)
{
	static const char *const bad[] = { "WARNING:", "BUG:", "BUG ", "KASAN", "Oops", "possible ",
					   "Bad page", "Bad rss", "leak", "inconsistent", "disco:",
					   "general protection", "unable to handle", "page_table_check" };
	int lines = 0;
	char line[2048];
	ssize_t n;
	size_t i;

	for (;;) {
		n = read(fd, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			break;
		line[n] = 0;
		if (strstr(line, "module verification failed") || strstr(line, "loading out-of-tree"))
			continue;
		for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			if (strstr(line, bad[i])) {
				say("# dmesg: %s", strchr(line, ';') + 1);
				lines++;
				break;
			}
		}
	}
	close(fd);
	check(lines == 0, "dmesg is clean");
}

static void check_kmemleak(void)
{
	char text[4096];

	if (access("/sys/kernel/debug/kmemleak", F_OK))
		return;
	write_file("/sys/kernel/debug/kmemleak", "scan");
	sleep(6);
	write_file("/sys/kernel/debug/kmemleak", "scan");
	read_file("/sys/kernel/debug/kmemleak", text, sizeof(text));
	check(!strstr(text, "disco"), "kmemleak finds nothing of disco's");
	if (strstr(text, "disco"))
		say("%s\n", text);
}

/* KUnit's results between markers, for the host to count. */
static void show_kunit(void)
{
	struct dirent **names;
	int i, count = scandir("/sys/kernel/debug/kunit", &names, NULL, by_name);
	static char text[65536];

	for (i = 0; i < count; i++) {
		char path[300];

		if (names[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/debug/kunit/%s/results", names[i]->d_name);
		if (read_file(path, text, sizeof(text)) > 0)
			say("KTAP-BEGIN\nKTAP version 1\n1..1\n%sKTAP-END\n", text);
	}
}

static void finish(void)
{
	say("guest: %d passed, %d failed, %d skipped\n", results->passed, results->failed,
	    results->skipped);
	sync();
	reboot(RB_POWER_OFF);
}

int main(int argc, char **argv)
{
	int i, kmsg;

	results = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!getenv("DISCO_MOUNTED")) { /* libnuma looks at /sys before main: begin again with it */
		mount_all();
		setenv("DISCO_MOUNTED", "1", 1);
		execv("/proc/self/exe", argv);
	}
	dup2(open("/dev/console", O_RDWR), 1);
	dup2(1, 2);
	signal(SIGPIPE, SIG_IGN);
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	lseek(kmsg, 0, SEEK_END);
	load_modules();
	say("# %ld CPUs\n", sysconf(_SC_NPROCESSORS_ONLN));
	for (i = 1; i < argc; i++)
		run_named(argv[i]);
	show_kunit();
	check_kmemleak();
	if (!access("/sys/module/disco", F_OK))
		check(!syscall(SYS_delete_module, "disco", O_NONBLOCK), "rmmod disco");
	if (!access("/sys/module/disco_kunit", F_OK))
		check(!syscall(SYS_delete_module, "disco_kunit", O_NONBLOCK), "rmmod disco_kunit");
	check_dmesg(kmsg);
	finish();
	return 0;
}
