/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One SIGSEGV handler for all memfd spaces. A fault is synchronous: the faulting thread runs user
 * code, not ours, so the handler may take the space's mutex. What no space wants goes to the
 * handler that was there before.
 */
#include "fault.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define MAX_HANDLERS 64

struct registration {
	_Atomic(void *) opaque; /* NULL: free place */
	fault_handler *handler;
};

static struct registration registrations[MAX_HANDLERS];
static struct sigaction previous;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void pass_on(int number, siginfo_t *info, void *context)
{
	if (previous.sa_flags & SA_SIGINFO) {
		previous.sa_sigaction(number, info, context);
		return;
	}
	if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
		previous.sa_handler(number);
		return;
	}
	signal(number, SIG_DFL); /* the access is made again and ends the program */
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	for (unsigned i = 0; i < MAX_HANDLERS; i++) {
		void *opaque = atomic_load(&registrations[i].opaque);

		if (opaque && registrations[i].handler(opaque, info->si_addr)) {
			errno = saved;
			return;
		}
	}
	errno = saved;
	pass_on(number, info, context);
}

/* Installs our handler unless it is the present one. */
static int install(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
	struct sigaction present;

	if (sigaction(SIGSEGV, NULL, &present))
		return -errno;
	if ((present.sa_flags & SA_SIGINFO) && present.sa_sigaction == on_fault)
		return 0;
	sigemptyset(&action.sa_mask);
	return sigaction(SIGSEGV, &action, &previous) ? -errno : 0;
}

static int add(fault_handler *handler, void *opaque)
{
	for (unsigned i = 0; i < MAX_HANDLERS; i++) {
		if (!atomic_load(&registrations[i].opaque)) {
			registrations[i].handler = handler;
			atomic_store(&registrations[i].opaque, opaque);
			return 0;
		}
	}
	return -ENOSPC;
}

int fault_register(fault_handler *handler, void *opaque)
{
	int status;

	pthread_mutex_lock(&lock);
	status = install();
	if (!status)
		status = add(handler, opaque);
	pthread_mutex_unlock(&lock);
	return status;
}

void fault_unregister(void *opaque)
{
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < MAX_HANDLERS; i++) {
		if (atomic_load(&registrations[i].opaque) == opaque)
			atomic_store(&registrations[i].opaque, NULL);
	}
	pthread_mutex_unlock(&lock);
}
