// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * disco-mark start|stop|point NAME, in the guest: writes a mark to the finisher device
 * (dev/finisher.h). disco-mark pipe NAME FROM TO copies its input to its output, and marks the
 * start when FROM has come, then the stop when TO has: for programs that say where they are, and
 * without the time that making a process takes. Static and without a C library, so that it runs in
 * any root. It maps the device's page through /dev/mem, which the stock kernel allows root (no
 * STRICT_DEVMEM on MIPS); every write is one uncached store.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dev/address_map.h"
#include "dev/finisher.h"

/* Linux, n64 ABI: asm/unistd.h, asm/fcntl.h, asm/mman.h */
#define SYS_READ   5000
#define SYS_WRITE  5001
#define SYS_OPEN   5002
#define SYS_MMAP   5009
#define SYS_EXIT   5058
#define O_RDWR	   0x2
#define O_SYNC	   0x4010
#define PROT_RW	   0x3
#define MAP_SHARED 0x1
#define STDIN	   0
#define STDOUT	   1
#define STDERR	   2
#define EACCES	   13
#define EPERM	   1

#define TEXT_MAX   64 /* characters of a text that pipe looks for */

/* Negative errno on failure. */
static long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long v0 __asm__("$2") = number;
	register long a0 __asm__("$4") = a;
	register long a1 __asm__("$5") = b;
	register long a2 __asm__("$6") = c;
	register long a3 __asm__("$7") = d;
	register long a4 __asm__("$8") = e;
	register long a5 __asm__("$9") = f;

	__asm__ volatile("syscall"
			 : "+r"(v0), "+r"(a3)
			 : "r"(a0), "r"(a1), "r"(a2), "r"(a4), "r"(a5)
			 : "$1", "$3", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi",
			   "lo", "memory");
	return a3 ? -v0 : v0;
}

static size_t length_of(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static void say(const char *text)
{
	system_call(SYS_WRITE, STDERR, (long)text, (long)length_of(text), 0, 0, 0);
}

static int fail(const char *text, int status)
{
	say("disco-mark: ");
	say(text);
	say("\n");
	return status;
}

static bool good_name(const char *name)
{
	size_t length = length_of(name);

	for (size_t n = 0; n < length; n++)
		if (name[n] <= ' ' || name[n] > '~')
			return false;
	return length > 0 && length < FINISHER_NAME_SIZE;
}

static void write_mark(volatile uint8_t *device, enum mark_kind kind, const char *name)
{
	uint32_t ticket = *(volatile uint32_t *)(device + FINISHER_TICKET);
	volatile uint8_t *box = device + FINISHER_MAILBOX + ticket * FINISHER_MAILBOX_SIZE;

	for (size_t n = 0; name[n]; n++)
		box[FINISHER_NAME + n] = (uint8_t)name[n];
	*(volatile uint32_t *)(box + FINISHER_KIND) = kind;
}

static bool contains(const char *text, size_t length, const char *what)
{
	size_t n = length_of(what);

	for (size_t at = 0; at + n <= length; at++) {
		size_t same = 0;

		while (same < n && text[at + same] == what[same])
			same++;
		if (same == n)
			return true;
	}
	return false;
}

/* What a text may have had before the part just read stays in front of it: TEXT_MAX. */
static int pipe_through(volatile uint8_t *device, const char *name, const char *const text[2])
{
	static char buffer[TEXT_MAX + 4096];
	size_t kept = 0;
	unsigned next = 0;

	for (;;) {
		long got = system_call(SYS_READ, STDIN, (long)(buffer + kept), 4096, 0, 0, 0);
		size_t length = kept + (got > 0 ? (size_t)got : 0);

		if (got <= 0)
			return next == 2 ? 0 : fail("the input ended before both texts came", 1);
		while (next < 2 && contains(buffer, length, text[next]))
			write_mark(device, next++ ? MARK_STOP : MARK_START, name);
		for (long done = 0, n; done < got; done += n) {
			n = system_call(SYS_WRITE, STDOUT, (long)(buffer + kept + done), got - done,
					0, 0, 0);
			if (n <= 0)
				return fail("cannot write", 1);
		}
		kept = length < TEXT_MAX ? length : TEXT_MAX;
		for (size_t n = 0; n < kept; n++)
			buffer[n] = buffer[length - kept + n];
	}
}

int disco_mark(long argc, char **argv);
int disco_mark(long argc, char **argv)
{
	static const char *const kinds[] = {
		[MARK_START] = "start", [MARK_STOP] = "stop", [MARK_POINT] = "point"};
	bool piped = argc == 5 && equal(argv[1], "pipe");
	unsigned kind = MARK_START;
	long file, page;

	if (argc != 3 && !piped)
		return fail("usage: disco-mark start|stop|point NAME, or pipe NAME FROM TO", 2);
	while (!piped && kind <= MARK_POINT && !equal(argv[1], kinds[kind]))
		kind++;
	if (piped && (length_of(argv[3]) > TEXT_MAX || length_of(argv[4]) > TEXT_MAX))
		return fail("FROM and TO have at most 64 characters", 2);
	if (kind > MARK_POINT)
		return fail("start, stop or point is needed", 2);
	if (!good_name(argv[2]))
		return fail("a name has 1 to 31 printable characters without spaces", 2);
	file = system_call(SYS_OPEN, (long)"/dev/mem", O_RDWR | O_SYNC, 0, 0, 0, 0);
	if (file == -EACCES || file == -EPERM)
		return fail("/dev/mem: permission denied; marks are root's", 1);
	if (file < 0)
		return fail("/dev/mem cannot be opened", 1);
	page = system_call(SYS_MMAP, 0, MAP_FINISHER_SIZE, PROT_RW, MAP_SHARED, file,
			   MAP_FINISHER_BASE);
	if (page < 0)
		return fail("the kernel does not map the device", 1);
	if (*(volatile uint32_t *)(page + FINISHER_ID) != FINISHER_MAGIC)
		return fail("this is not Disco's machine", 1);
	if (piped)
		return pipe_through((volatile uint8_t *)page, argv[2],
				    (const char *const[]){argv[3], argv[4]});
	write_mark((volatile uint8_t *)page, (enum mark_kind)kind, argv[2]);
	return 0;
}

/* The kernel starts a program with argc and argv on the stack. */
__asm__(".globl __start\n"
	".ent __start\n"
	"__start:\n"
	"	ld	$4, 0($29)\n"
	"	daddiu	$5, $29, 8\n"
	"	jal	disco_mark\n"
	"	move	$4, $2\n"
	"	li	$2, 5058\n"
	"	syscall\n"
	".end __start\n");
