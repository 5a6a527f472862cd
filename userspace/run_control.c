// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Monitor calls from outside: a Unix socket that takes a command a line and answers each with some
 * lines, the last of which is "ok" or starts with "error: ". One client at a time.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "disco.h"
#include "run.h"

#define POLL_NS	   UINT64_C(4000000) /* simulated */
#define PAUSED_NS  10000000	     /* of real time, while no VM runs */
#define ANSWER_MAX 8192

struct answer {
	char text[ANSWER_MAX];
	size_t length;
};

static void __attribute__((format(printf, 2, 3)))
say(struct answer *answer, const char *format, ...)
{
	size_t left = sizeof(answer->text) - answer->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(answer->text + answer->length, left, format, arguments);
	va_end(arguments);
	if (length > 0)
		answer->length += (size_t)length < left ? (size_t)length : left - 1;
}

static struct vm_status status_of(const struct run *run, const struct run_vm *vm)
{
	struct vm_status status;

	vmm_vm_status(run->vmm, vm->number, &status);
	return status;
}

static bool give_status(struct run *run, struct run_vm *vm, struct answer *answer)
{
	static const char *const state[] = {"none",   "ready", "running",
					    "paused", "reset", "stopped"};

	(void)vm;
	for (unsigned n = 0; n < run->vms; n++) {
		struct vm_status status = status_of(run, &run->vm[n]);

		say(answer, "%s %s", run->vm[n].options->name, state[status.state]);
		if (status.state == VM_STOPPED)
			say(answer, ": %s", run_stop_name(status.stop));
		say(answer, "\n");
	}
	return true;
}

static bool pause_vm(struct run *run, struct run_vm *vm, struct answer *answer)
{
	if (!vmm_vm_pause(run->vmm, vm->number))
		return true;
	say(answer, "error: %s does not run\n", vm->options->name);
	return false;
}

static bool resume_vm(struct run *run, struct run_vm *vm, struct answer *answer)
{
	if (!vmm_vm_resume(run->vmm, vm->number))
		return true;
	say(answer, "error: %s is not paused\n", vm->options->name);
	return false;
}

static bool kill_vm(struct run *run, struct run_vm *vm, struct answer *answer)
{
	if (!vm->over) {
		run_kill(run, (unsigned)(vm - run->vm), VM_STOP_KILLED);
		return true;
	}
	say(answer, "error: %s is over already\n", vm->options->name);
	return false;
}

static bool quit(struct run *run, struct run_vm *vm, struct answer *answer)
{
	(void)vm;
	(void)answer;
	run->interrupted = true;
	machine_stop(run->machine, STOP_HOST, 0);
	return true;
}

static const struct {
	const char *name;
	bool needs_vm;
	bool (*run)(struct run *run, struct run_vm *vm, struct answer *answer);
} commands[] = {
	{"status", false, give_status}, {"pause", true, pause_vm}, {"resume", true, resume_vm},
	{"kill", true, kill_vm},	{"quit", false, quit},
};

static struct run_vm *find_vm(struct run *run, const char *name)
{
	for (unsigned n = 0; name && n < run->vms; n++)
		if (!strcmp(run->vm[n].options->name, name))
			return &run->vm[n];
	return NULL;
}

static void obey(struct run *run, char *line, struct answer *answer)
{
	char *state, *word = strtok_r(line, " \t\r", &state);
	char *name = word ? strtok_r(NULL, " \t\r", &state) : NULL;
	struct run_vm *vm = find_vm(run, name);

	if (!word)
		return;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(word, commands[i].name))
			continue;
		if (commands[i].needs_vm && !vm)
			say(answer, "error: %s needs the name of a VM, not '%s'\n", word,
			    name ? name : "");
		else if (commands[i].run(run, vm, answer))
			say(answer, "ok\n");
		return;
	}
	say(answer, "error: '%s': there are status, pause VM, resume VM, kill VM, quit\n", word);
}

static void drop_client(struct run_control *control)
{
	close(control->client);
	control->client = -1;
	control->length = 0;
}

/* Whole lines of what has come. */
static void obey_lines(struct run *run, struct run_control *control)
{
	char *end;

	control->line[control->length] = '\0';
	while (control->client >= 0 && (end = strchr(control->line, '\n'))) {
		struct answer answer = {.length = 0};

		*end = '\0';
		obey(run, control->line, &answer);
		control->length -= (size_t)(end + 1 - control->line);
		memmove(control->line, end + 1, control->length + 1);
		if (write(control->client, answer.text, answer.length) != (ssize_t)answer.length)
			drop_client(control);
	}
	if (control->length == sizeof(control->line) - 1)
		drop_client(control); /* a line without end */
}

static bool readable(int fd)
{
	struct pollfd poll_in = {.fd = fd, .events = POLLIN};

	return fd >= 0 && poll(&poll_in, 1, 0) > 0;
}

static void poll_control(void *opaque, uint64_t now)
{
	struct run *run = opaque;
	struct run_control *control = &run->control;
	ssize_t length;

	if (control->client < 0 && readable(control->listener))
		control->client =
			accept4(control->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (readable(control->client)) {
		length = read(control->client, control->line + control->length,
			      sizeof(control->line) - 1 - control->length);
		if (length > 0) {
			control->length += (size_t)length;
			obey_lines(run, control);
		} else {
			drop_client(control);
		}
	}
	event_at(run->machine, now + machine_cycles_from_ns(run->machine, POLL_NS), poll_control,
		 run);
}

/* Whether there is nothing to do but wait for a command. */
static bool all_paused(const struct run *run)
{
	bool paused = false;

	for (unsigned n = 0; n < run->vms; n++) {
		uint8_t state = (uint8_t)status_of(run, &run->vm[n]).state;

		if (state == VM_RUNNING)
			return false;
		paused |= state == VM_PAUSED;
	}
	return paused;
}

static struct run *idle_run;

/* Simulated time would fly while nothing runs. */
static void idle(struct machine *machine, uint64_t cycle)
{
	const struct timespec time = {.tv_nsec = PAUSED_NS};
	struct pollfd poll_in = {.fd = idle_run->control.client, .events = POLLIN};

	(void)machine;
	(void)cycle;
	if (poll_in.fd < 0)
		poll_in.fd = idle_run->control.listener;
	if (all_paused(idle_run))
		ppoll(&poll_in, 1, &time, NULL);
}

int run_control_open(struct run *run)
{
	struct run_control *control = &run->control;
	const char *path = run->options->control;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	control->listener = control->client = -1;
	if (!path)
		return DISCO_OK;
	if (strlen(path) >= sizeof(address.sun_path))
		return complain(DISCO_USAGE, "--control %s: the path is too long", path);
	strcpy(address.sun_path, path);
	unlink(path);
	control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (control->listener < 0 ||
	    bind(control->listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(control->listener, 1))
		return complain(DISCO_FAILED, "cannot listen on %s: %s", path, strerror(errno));
	idle_run = run;
	if (!run->machine->on_idle)
		run->machine->on_idle = idle;
	event_at(run->machine, 0, poll_control, run);
	return DISCO_OK;
}

void run_control_close(struct run *run)
{
	struct run_control *control = &run->control;

	if (control->client >= 0)
		drop_client(control);
	if (control->listener >= 0) {
		close(control->listener);
		unlink(run->options->control);
	}
}
