// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's serial console on the terminal (raw mode, escape key Ctrl-A) or in a file. Input that
 * is not typed (a pipe, a file) is held back until the guest says that it reads (a marker), because
 * a kernel that boots throws away what comes too early.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"
#include "disco.h"

#define ESCAPE	    0x01 /* Ctrl-A */
#define END_OF_FILE 0x04 /* Ctrl-D */

struct console {
	int out, in; /* in: -1 for none */
	bool typed;  /* in is a terminal, in raw mode */
	bool held;   /* waiting for the guest's marker */
	bool escape; /* the escape key was the last one */
	int write_error;
	struct machine *machine;
	size_t used;
	uint8_t buffer[4096];
	/* the line now being written, and the panic found in one */
	char line[160];
	size_t line_length;
	char panic[160];
};

/* For the signal handlers and the end of the process. */
static struct machine *signal_machine;
static volatile sig_atomic_t signals_seen;
static struct termios saved_terminal;
static volatile sig_atomic_t terminal_raw;

static void restore_terminal(void)
{
	if (terminal_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved_terminal);
	terminal_raw = 0;
}

static void on_signal(int number)
{
	if (signals_seen++ || !signal_machine) { /* asked twice: leave at once */
		restore_terminal();
		_exit(128 + number);
	}
	machine_stop(signal_machine, STOP_HOST, 0);
}

static void catch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static bool make_raw(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &saved_terminal))
		return false;
	raw = saved_terminal;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST; /* our own messages end lines plainly */
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		return false;
	terminal_raw = 1;
	atexit(restore_terminal);
	return true;
}

struct console *console_open(const char *path, bool to_stderr, bool input, bool hold)
{
	struct console *console = calloc(1, sizeof(*console));

	if (!console) {
		complain(0, "out of memory");
		return NULL;
	}
	console->out = to_stderr ? STDERR_FILENO : STDOUT_FILENO;
	if (path)
		console->out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (console->out < 0) {
		complain(0, "cannot write the console to %s: %s", path, strerror(errno));
		free(console);
		return NULL;
	}
	console->in = input ? STDIN_FILENO : -1;
	console->typed = input && isatty(STDIN_FILENO);
	console->held = hold && !console->typed;
	return console;
}

static void flush(struct console *console)
{
	size_t done = 0;

	while (done < console->used && !console->write_error) {
		ssize_t n = write(console->out, console->buffer + done, console->used - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			poll(&(struct pollfd){.fd = console->out, .events = POLLOUT}, 1, 100);
		else if (errno != EINTR)
			console->write_error = errno;
	}
	console->used = 0;
}

/* The kernel's "Kernel panic - not syncing: ..." is the only sign of a panic there is: with
 * panic=-1 it then resets the machine, as reboot does. */
static void watch_line(struct console *console, uint8_t byte)
{
	const char *words;

	if (byte != '\n') {
		if (byte >= ' ' && console->line_length < sizeof(console->line) - 1)
			console->line[console->line_length++] = (char)byte;
		return;
	}
	console->line[console->line_length] = '\0';
	console->line_length = 0;
	words = strstr(console->line, "Kernel panic - not syncing");
	if (words && !*console->panic)
		strcpy(console->panic, words);
}

static void output(void *opaque, unsigned port, const uint8_t *data, size_t length)
{
	struct console *console = opaque;

	if (port)
		return;
	for (size_t i = 0; i < length; i++) {
		watch_line(console, data[i]);
		console->buffer[console->used++] = data[i];
		if (console->used == sizeof(console->buffer))
			flush(console);
	}
}

static void say_status(const struct console *console)
{
	uint64_t instructions;

	report_sum(console->machine, &instructions);
	fprintf(stderr, "\ndisco: %.3f s simulated, %llu instructions\n",
		(double)machine_ns(console->machine, console->machine->now) / 1e9,
		(unsigned long long)instructions);
}

/* The key after the escape key. Returns whether it goes to the guest. */
static bool escape_key(struct console *console, uint8_t key)
{
	switch (key) {
	case 'x':
	case 'q':
		machine_stop(console->machine, STOP_HOST, 0);
		return false;
	case 's':
		say_status(console);
		return false;
	case 'a':
	case ESCAPE:
		return true;
	default:
		fputs("\ndisco: Ctrl-A h this help, x quit, s status, a send Ctrl-A to the guest\n",
		      stderr);
		return false;
	}
}

/* Takes the escape sequences out of what was typed; returns how many bytes are left. */
static size_t filter_typed(struct console *console, uint8_t *data, size_t length)
{
	size_t kept = 0;

	for (size_t i = 0; i < length; i++) {
		uint8_t byte = data[i];

		if (console->escape) {
			console->escape = false;
			if (!escape_key(console, byte))
				continue;
			byte = ESCAPE;
		} else if (byte == ESCAPE) {
			console->escape = true;
			continue;
		}
		data[kept++] = byte;
	}
	return kept;
}

static size_t input(void *opaque, unsigned port, uint8_t *data, size_t size)
{
	struct console *console = opaque;
	struct pollfd poll_in = {.fd = console->in, .events = POLLIN};
	ssize_t length;

	if (port || !size)
		return 0;
	flush(console);
	if (console->in < 0 || console->held || poll(&poll_in, 1, 0) <= 0)
		return 0;
	length = read(console->in, data, size);
	if (length < 0)
		return 0;
	if (!length) { /* end of the input: end of file for the guest's shell */
		console->in = -1;
		data[0] = END_OF_FILE;
		return 1;
	}
	return console->typed ? filter_typed(console, data, (size_t)length) : (size_t)length;
}

static void idle(void *opaque, uint64_t ns)
{
	struct console *console = opaque;
	struct timespec time = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
	struct pollfd poll_in = {.fd = console->in, .events = POLLIN};

	flush(console);
	if (console->in >= 0 && !console->held)
		ppoll(&poll_in, 1, &time, NULL);
}

static void marker(void *opaque, unsigned cpu, uint32_t value)
{
	struct console *console = opaque;

	(void)cpu;
	(void)value;
	console->held = false;
}

void console_connect(struct console *console, struct board_console *board)
{
	*board = (struct board_console){
		.output = output,
		.input = input,
		.idle = console->in >= 0 ? idle : NULL,
		.marker = marker,
		.opaque = console,
	};
}

void console_start(struct console *console, struct machine *machine)
{
	console->machine = machine;
	signal_machine = machine;
	catch_signals();
	if (console->typed && make_raw())
		fputs("disco: Ctrl-A h for help, Ctrl-A x to quit\n", stderr);
}

const char *console_panic(const struct console *console)
{
	return *console->panic ? console->panic : NULL;
}

int console_close(struct console *console)
{
	int error;

	flush(console);
	restore_terminal();
	signal_machine = NULL;
	error = console->write_error;
	if (console->out > STDERR_FILENO && close(console->out) && !error)
		error = errno;
	free(console);
	if (error)
		return complain(DISCO_FAILED, "the console's output could not be written: %s",
				strerror(error));
	return DISCO_OK;
}
