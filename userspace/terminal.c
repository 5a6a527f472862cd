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
#include "dev/finisher.h"
#include "disco.h"

#define ESCAPE	    0x01 /* Ctrl-A */
#define END_OF_FILE 0x04 /* Ctrl-D */

struct terminal {
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

struct terminal *terminal_open(const char *path, bool to_stderr, bool input, bool hold)
{
	struct terminal *terminal = calloc(1, sizeof(*terminal));

	if (!terminal) {
		complain(0, "out of memory");
		return NULL;
	}
	terminal->out = to_stderr ? STDERR_FILENO : STDOUT_FILENO;
	if (path)
		terminal->out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (terminal->out < 0) {
		complain(0, "cannot write the console to %s: %s", path, strerror(errno));
		free(terminal);
		return NULL;
	}
	terminal->in = input ? STDIN_FILENO : -1;
	terminal->typed = input && isatty(STDIN_FILENO);
	terminal->held = hold && !terminal->typed;
	return terminal;
}

static void flush(struct terminal *terminal)
{
	size_t done = 0;

	while (done < terminal->used && !terminal->write_error) {
		ssize_t n = write(terminal->out, terminal->buffer + done, terminal->used - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			poll(&(struct pollfd){.fd = terminal->out, .events = POLLOUT}, 1, 100);
		else if (errno != EINTR)
			terminal->write_error = errno;
	}
	terminal->used = 0;
}

/* The kernel's "Kernel panic - not syncing: ..." is the only sign of a panic there is: with
 * panic=-1 it then resets the machine, as reboot does. */
static void watch_line(struct terminal *terminal, uint8_t byte)
{
	const char *words;

	if (byte != '\n') {
		if (byte >= ' ' && terminal->line_length < sizeof(terminal->line) - 1)
			terminal->line[terminal->line_length++] = (char)byte;
		return;
	}
	terminal->line[terminal->line_length] = '\0';
	terminal->line_length = 0;
	words = strstr(terminal->line, "Kernel panic - not syncing");
	if (words && !*terminal->panic)
		strcpy(terminal->panic, words);
}

static void output(void *opaque, unsigned port, const uint8_t *data, size_t length)
{
	struct terminal *terminal = opaque;

	if (port)
		return;
	for (size_t i = 0; i < length; i++) {
		watch_line(terminal, data[i]);
		terminal->buffer[terminal->used++] = data[i];
		if (terminal->used == sizeof(terminal->buffer))
			flush(terminal);
	}
}

static void say_status(const struct terminal *terminal)
{
	uint64_t instructions;

	report_sum(terminal->machine, &instructions);
	fprintf(stderr, "\ndisco: %.3f s simulated, %llu instructions\n",
		(double)machine_ns(terminal->machine, terminal->machine->now) / 1e9,
		(unsigned long long)instructions);
}

/* The key after the escape key. Returns whether it goes to the guest. */
static bool escape_key(struct terminal *terminal, uint8_t key)
{
	switch (key) {
	case 'x':
	case 'q':
		machine_stop(terminal->machine, STOP_HOST, 0);
		return false;
	case 's':
		say_status(terminal);
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
static size_t filter_typed(struct terminal *terminal, uint8_t *data, size_t length)
{
	size_t kept = 0;

	for (size_t i = 0; i < length; i++) {
		uint8_t byte = data[i];

		if (terminal->escape) {
			terminal->escape = false;
			if (!escape_key(terminal, byte))
				continue;
			byte = ESCAPE;
		} else if (byte == ESCAPE) {
			terminal->escape = true;
			continue;
		}
		data[kept++] = byte;
	}
	return kept;
}

static size_t input(void *opaque, unsigned port, uint8_t *data, size_t size)
{
	struct terminal *terminal = opaque;
	struct pollfd poll_in = {.fd = terminal->in, .events = POLLIN};
	ssize_t length;

	if (port || !size)
		return 0;
	flush(terminal);
	if (terminal->in < 0 || terminal->held || poll(&poll_in, 1, 0) <= 0)
		return 0;
	length = read(terminal->in, data, size);
	if (length < 0)
		return 0;
	if (!length) { /* end of the input: end of file for the guest's shell */
		terminal->in = -1;
		data[0] = END_OF_FILE;
		return 1;
	}
	return terminal->typed ? filter_typed(terminal, data, (size_t)length) : (size_t)length;
}

static void idle(void *opaque, uint64_t ns)
{
	struct terminal *terminal = opaque;
	struct timespec time = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
	struct pollfd poll_in = {.fd = terminal->in, .events = POLLIN};

	flush(terminal);
	if (terminal->in >= 0 && !terminal->held)
		ppoll(&poll_in, 1, &time, NULL);
}

static void marker(void *opaque, unsigned cpu, uint32_t value)
{
	struct terminal *terminal = opaque;

	(void)cpu;
	if (value == FINISHER_MARK_CONSOLE)
		terminal->held = false;
}

void terminal_connect(struct terminal *terminal, struct board_console *board)
{
	*board = (struct board_console){
		.output = output,
		.input = input,
		.idle = terminal->in >= 0 ? idle : NULL,
		.marker = marker,
		.opaque = terminal,
	};
}

void terminal_start(struct terminal *terminal, struct machine *machine)
{
	terminal->machine = machine;
	signal_machine = machine;
	catch_signals();
	if (terminal->typed && make_raw())
		fputs("disco: Ctrl-A h for help, Ctrl-A x to quit\n", stderr);
}

const char *terminal_panic(const struct terminal *terminal)
{
	return *terminal->panic ? terminal->panic : NULL;
}

int terminal_close(struct terminal *terminal)
{
	int error;

	flush(terminal);
	restore_terminal();
	signal_machine = NULL;
	error = terminal->write_error;
	if (terminal->out > STDERR_FILENO && close(terminal->out) && !error)
		error = errno;
	free(terminal);
	if (error)
		return complain(DISCO_FAILED, "the console's output could not be written: %s",
				strerror(error));
	return DISCO_OK;
}
