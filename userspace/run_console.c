// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The VMs' consoles. On the terminal: all in one, lines marked with the VM's name when there are
 * several, the escape key Ctrl-A for what concerns VMs. Or each its own: a file, a pty, a Unix
 * socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "dev/finisher.h"
#include "disco.h"
#include "run.h"

#define ESCAPE	0x01 /* Ctrl-A */
#define POLL_NS UINT64_C(4000000)

static struct machine *signal_machine;
static volatile sig_atomic_t signals_seen;
static struct termios saved_terminal;
static int idle_input; /* what ends idle time early; -1: nothing */
static bool terminal_raw, typed, escape_seen, input_over;

static void restore_terminal(void)
{
	if (terminal_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved_terminal);
	terminal_raw = false;
}

static void on_signal(int number)
{
	if (signals_seen++ || !signal_machine) {
		restore_terminal();
		_exit(128 + number);
	}
	machine_stop(signal_machine, STOP_HOST, 0);
}

/* ---- output ---- */

static void watch_line(struct run_vm *vm)
{
	const char *words = strstr(vm->line, "Kernel panic - not syncing");

	if (words && !*vm->panic)
		snprintf(vm->panic, sizeof(vm->panic), "%.150s", words);
}

static void end_line(struct run_vm *vm)
{
	vm->line[vm->line_length] = '\0';
	vm->line_length = 0;
	watch_line(vm);
	if (vm->run->options->console == CONSOLE_TERMINAL && vm->run->vms > 1)
		printf("[%s] %s\n", vm->options->name, vm->line);
}

static void write_all(int fd, const uint8_t *data, size_t length)
{
	while (length) {
		ssize_t n = write(fd, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody reads a pty or a socket: lost, as on a serial line */
		data += n;
		length -= (size_t)n;
	}
}

void run_console_output(void *opaque, unsigned port, const uint8_t *data, size_t length)
{
	struct run_vm *vm = opaque;

	if (port)
		return;
	vm->console_bytes += length;
	for (size_t i = 0; i < length; i++) {
		if (data[i] == '\n')
			end_line(vm);
		else if (data[i] != '\r' && vm->line_length < sizeof(vm->line) - 1)
			vm->line[vm->line_length++] = (char)data[i];
	}
	if (vm->fd >= 0)
		write_all(vm->fd, data, length);
	else if (vm->run->options->console == CONSOLE_TERMINAL && vm->run->vms == 1)
		fwrite(data, 1, length, stdout);
}

void run_console_marker(void *opaque, unsigned cpu, uint32_t value)
{
	(void)cpu;
	if (value == FINISHER_MARK_CONSOLE)
		((struct run_vm *)opaque)->held = false;
}

/* ---- input ---- */

static void print_help(void)
{
	fputs("\r\ndisco: Ctrl-A h this help, x quit, s status, 1-9 input goes to that VM,\r\n"
	      "       k kill, p pause, r resume that VM, a send Ctrl-A to it\r\n",
	      stderr);
}

static void print_status(const struct run *run)
{
	static const char *const state[] = {"none",   "ready", "running",
					    "paused", "reset", "stopped"};
	struct vm_status status;

	for (unsigned n = 0; n < run->vms; n++) {
		vmm_vm_status(run->vmm, run->vm[n].number, &status);
		fprintf(stderr, "\r\ndisco: %c%u %-10s %s", n == run->selected ? '*' : ' ', n + 1,
			run->vm[n].options->name, state[status.state]);
	}
	fprintf(stderr, "\r\ndisco: %.3f s simulated\r\n",
		(double)machine_ns(run->machine, run->machine->now) / 1e9);
}

/* The key after the escape key; true: it goes to the guest. */
static bool escape_key(struct run *run, uint8_t key)
{
	unsigned number = run->vm[run->selected].number;

	if (key >= '1' && key <= '9' && key - '1' < (int)run->vms) {
		run->selected = key - '1';
		fprintf(stderr, "\r\ndisco: input goes to %s\r\n",
			run->vm[run->selected].options->name);
		return false;
	}
	switch (key) {
	case 'x':
	case 'q':
		run->interrupted = true;
		machine_stop(run->machine, STOP_HOST, 0);
		return false;
	case 'k':
		run_kill(run, run->selected, VM_STOP_KILLED);
		return false;
	case 'p':
		fputs(vmm_vm_pause(run->vmm, number) ? "\r\ndisco: it does not run\r\n"
						     : "\r\ndisco: paused\r\n",
		      stderr);
		return false;
	case 'r':
		fputs(vmm_vm_resume(run->vmm, number) ? "\r\ndisco: it is not paused\r\n"
						      : "\r\ndisco: resumed\r\n",
		      stderr);
		return false;
	case 's':
		print_status(run);
		return false;
	case 'a':
	case ESCAPE:
		return true;
	default:
		print_help();
		return false;
	}
}

static void queue_input(struct run_vm *vm, uint8_t byte)
{
	if (vm->pending_length < sizeof(vm->pending))
		vm->pending[vm->pending_length++] = byte;
}

static void take_typed(struct run *run, const uint8_t *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		uint8_t byte = data[i];

		if (typed && escape_seen) {
			escape_seen = false;
			if (!escape_key(run, byte))
				continue;
			byte = ESCAPE;
		} else if (typed && byte == ESCAPE) {
			escape_seen = true;
			continue;
		}
		queue_input(&run->vm[run->selected], byte);
	}
}

static bool readable(int fd)
{
	struct pollfd poll_in = {.fd = fd, .events = POLLIN};

	return poll(&poll_in, 1, 0) > 0 && (poll_in.revents & POLLIN);
}

static void poll_terminal(struct run *run)
{
	struct run_vm *vm = &run->vm[run->selected];
	uint8_t data[64];
	ssize_t length;

	if (input_over || (!typed && vm->held) || vm->pending_length > 0)
		return;
	if (!readable(STDIN_FILENO))
		return;
	length = read(STDIN_FILENO, data, sizeof(data));
	if (length > 0) {
		take_typed(run, data, (size_t)length);
	} else if (!length) {
		input_over = true;
		queue_input(vm, 0x04);
	}
}

static void poll_own(struct run_vm *vm)
{
	ssize_t length;

	if (vm->listener >= 0 && readable(vm->listener)) {
		if (vm->fd >= 0)
			close(vm->fd);
		vm->fd = accept4(vm->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	}
	if (vm->fd < 0 || vm->pending_length || !readable(vm->fd))
		return;
	length = read(vm->fd, vm->pending, sizeof(vm->pending));
	if (length > 0) {
		vm->pending_length = (size_t)length;
	} else if (vm->listener >= 0) {
		close(vm->fd);
		vm->fd = -1;
	}
}

static void give_input(struct run *run, struct run_vm *vm)
{
	size_t taken;

	if (!vm->pending_length || vm->over)
		return;
	taken = vmm_console_input(run->vmm, vm->number, 0, vm->pending, vm->pending_length);
	vm->pending_length -= taken;
	memmove(vm->pending, vm->pending + taken, vm->pending_length);
}

/* With panic=-1 a panic ends in a reset; without, the VM would spin for ever. */
static void end_panicked(struct run *run, struct run_vm *vm)
{
	if (!*vm->panic || vm->over)
		return;
	/* One that starts again after resets is left to it. */
	if (vm->restarts < vm->options->restarts && vm->options->restart == RESTART_RESET)
		return;
	run_kill(run, (unsigned)(vm - run->vm), VM_STOP_PANIC);
}

static void poll_consoles(void *opaque, uint64_t now)
{
	struct run *run = opaque;

	if (run->options->console == CONSOLE_TERMINAL) {
		poll_terminal(run);
		fflush(stdout);
	}
	for (unsigned n = 0; n < run->vms; n++) {
		if (run->options->console == CONSOLE_PTY || run->options->console == CONSOLE_UNIX)
			poll_own(&run->vm[n]);
		give_input(run, &run->vm[n]);
		end_panicked(run, &run->vm[n]);
	}
	event_at(run->machine, now + machine_cycles_from_ns(run->machine, POLL_NS), poll_consoles,
		 run);
}

/* All CPUs idle: near real time while somebody types. */
static void idle(struct machine *machine, uint64_t cycle)
{
	uint64_t ns = machine_ns(machine, cycle - machine->now);
	struct timespec time = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
	struct pollfd poll_in = {.fd = idle_input, .events = POLLIN};

	fflush(stdout);
	ppoll(&poll_in, 1, &time, NULL);
}

/* ---- open, start, close ---- */

static int open_file(struct run_vm *vm, const char *dir)
{
	snprintf(vm->path, sizeof(vm->path), "%s/%s.log", dir, vm->options->name);
	vm->fd = open(vm->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (vm->fd < 0)
		return complain(DISCO_FAILED, "cannot write %s: %s", vm->path, strerror(errno));
	return DISCO_OK;
}

static int open_pty(struct run_vm *vm)
{
	struct termios raw = {.c_cflag = CREAD | CLOCAL};
	int slave;

	/* Raw from the start: until somebody opens it, it would echo what the guest writes. */
	cfmakeraw(&raw);
	if (openpty(&vm->fd, &slave, vm->path, &raw, NULL))
		return complain(DISCO_FAILED, "no pseudo terminal: %s", strerror(errno));
	fcntl(vm->fd, F_SETFL, O_NONBLOCK);
	fprintf(stderr, "disco: VM %s: console on %s\n", vm->options->name, vm->path);
	return DISCO_OK;
}

static int open_socket(struct run_vm *vm, const char *dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(vm->path, sizeof(vm->path), "%s/%s.sock", dir, vm->options->name);
	memcpy(address.sun_path, vm->path, sizeof(address.sun_path));
	unlink(vm->path);
	vm->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (vm->listener < 0 || bind(vm->listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(vm->listener, 1))
		return complain(DISCO_FAILED, "cannot listen on %s: %s", vm->path, strerror(errno));
	return DISCO_OK;
}

int run_consoles_open(struct run *run)
{
	const struct run_options *options = run->options;
	int status = DISCO_OK;

	if (options->console_dir && mkdir(options->console_dir, 0777) && errno != EEXIST)
		return complain(DISCO_FAILED, "cannot make the folder %s: %s", options->console_dir,
				strerror(errno));
	for (unsigned n = 0; n < run->vms && !status; n++) {
		struct run_vm *vm = &run->vm[n];

		vm->held = vm->options->guest.guest != NULL;
		if (options->console == CONSOLE_FILES)
			status = open_file(vm, options->console_dir);
		else if (options->console == CONSOLE_PTY)
			status = open_pty(vm);
		else if (options->console == CONSOLE_UNIX)
			status = open_socket(vm, options->console_dir);
	}
	return status;
}

static void make_raw(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &saved_terminal))
		return;
	raw = saved_terminal;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		return;
	terminal_raw = true;
	atexit(restore_terminal);
	fputs("disco: Ctrl-A h for help, Ctrl-A x to quit\n", stderr);
}

/* Whether somebody may type: not when every VM has its command. */
static bool wants_input(const struct run *run)
{
	for (unsigned n = 0; n < run->vms; n++)
		if (!run->vm[n].options->guest.run)
			return run->options->console != CONSOLE_FILES;
	return false;
}

void run_consoles_start(struct run *run)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};

	signal_machine = run->machine;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	typed = isatty(STDIN_FILENO) && run->options->console == CONSOLE_TERMINAL;
	input_over = !typed && !wants_input(run);
	idle_input = run->options->console == CONSOLE_TERMINAL ? STDIN_FILENO : -1;
	if (typed)
		make_raw();
	if (wants_input(run))
		run->machine->on_idle = idle;
	event_at(run->machine, 0, poll_consoles, run);
}

void run_consoles_close(struct run *run)
{
	for (unsigned n = 0; n < run->vms; n++) {
		struct run_vm *vm = &run->vm[n];

		if (vm->line_length)
			end_line(vm);
		if (vm->fd >= 0)
			close(vm->fd);
		if (vm->listener >= 0) {
			close(vm->listener);
			unlink(vm->path);
		}
	}
	fflush(stdout);
	restore_terminal();
	signal_machine = NULL;
}
