// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPUs on several host threads. The calling thread and its helpers each run the CPUs of some nodes
 * within a quantum. Two phases take turns:
 *
 *  - together: each thread runs its CPUs to the end of the quantum, or up to an instruction that
 *    touches more than the CPU's own state and RAM (machine_alone());
 *  - alone: when all threads have come to rest, the calling thread lets the CPUs that asked for it
 *    run a little, one after the other.
 *
 * So device models, the monitor, events, code caches of others, and what they do to other CPUs
 * (interrupt lines, software TLBs, invalidation of code) never run beside anything else and need no
 * lock; an interrupt raised in a quantum is seen before the next phase of CPUs together. What runs
 * together shares RAM, by single host accesses, and LL/SC (emu/link.h).
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "board/turn.h"

/* Cycles a CPU goes on alone: accesses to devices come in bursts. */
#define ALONE_CYCLES	200
/* With less than this to go before the end of the quantum a CPU is not worth a phase. */
#define TOGETHER_CYCLES 1000
/* When in so many phases half of the helpers came late, CPUs take turns for a number of quanta that
 * doubles each time. */
#define WINDOW_PHASES	32
#define MIN_PAUSE	64
#define MAX_PAUSE	8192
/*
 * CPUs meet at the end of each quantum, which costs some microseconds, and translated code does
 * thousands of cycles in one. So quanta are longer than on one thread, and grow by an eighth as
 * long as no CPU asks to be alone, which it does to interrupt another; they shrink by a quarter
 * when a thread is late.
 */
#define MIN_QUANTUM	UINT64_C(20000)
#define MAX_QUANTUM	UINT64_C(100000)
/* CPUs of one thread take turns meanwhile: one that waits for another by spinning waits this long.
 */
#define TURN_CYCLES	5000
/* Looks at a signal before going to sleep: somewhat longer than a thread alone takes for a phase,
 * so that a helper that came late for one is there for the next. */
#define SPINS		6000

/* A number that threads wait for to change: a while on the processor, then asleep. */
struct signal {
	_Alignas(64) atomic_uint value;
	atomic_uint asleep;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

/* The CPUs of one thread; run by whichever thread claims them in a phase, since a helper may be
 * late where the host has other things to do. */
struct group {
	_Alignas(64) atomic_uint claimed; /* the phase */
	uint64_t late;			  /* times another thread had to run it */
};

struct helper {
	struct threads *threads;
	pthread_t thread;
	unsigned number; /* 1.. */
	bool started;
};

struct threads {
	struct machine *machine;
	unsigned count;
	uint64_t phases, alone;
	uint64_t quantum;
	unsigned pause, next_pause; /* quanta without helpers: left, and next time */
	unsigned window;	    /* phases in it */
	uint64_t late_before;	    /* the window */
	uint64_t end;		    /* of the quantum */
	atomic_bool quit;
	struct signal phase; /* its number */
	struct signal left;  /* groups that have not come to rest */
	struct group group[MACHINE_MAX_CPUS];
	struct helper helper[MACHINE_MAX_CPUS];
};

/* ---- signals ---- */

static void signal_init(struct signal *signal)
{
	pthread_mutex_init(&signal->lock, NULL);
	pthread_cond_init(&signal->changed, NULL);
}

static void signal_destroy(struct signal *signal)
{
	pthread_cond_destroy(&signal->changed);
	pthread_mutex_destroy(&signal->lock);
}

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

/* To be called after a change of the value. */
static void signal_changed(struct signal *signal)
{
	if (!atomic_load(&signal->asleep))
		return;
	pthread_mutex_lock(&signal->lock);
	pthread_cond_broadcast(&signal->changed);
	pthread_mutex_unlock(&signal->lock);
}

/* Waits until the value is @value (@equal) or is not. */
static void signal_wait(struct signal *signal, unsigned value, bool equal)
{
	for (unsigned n = 0; n < SPINS; n++) {
		if ((atomic_load(&signal->value) == value) == equal)
			return;
		relax();
	}
	pthread_mutex_lock(&signal->lock);
	atomic_fetch_add(&signal->asleep, 1);
	while ((atomic_load(&signal->value) == value) != equal)
		pthread_cond_wait(&signal->changed, &signal->lock);
	atomic_fetch_sub(&signal->asleep, 1);
	pthread_mutex_unlock(&signal->lock);
}

/* ---- together ---- */

static void run_group(struct threads *threads, unsigned number, bool late)
{
	struct machine *machine = threads->machine;
	uint64_t step = threads->count < machine->config.cpus ? TURN_CYCLES : threads->end;

	threads->group[number].late += late;
	for (uint64_t at = machine->now; at < threads->end;) {
		at = at + step < threads->end ? at + step : threads->end;
		for (unsigned n = 0; n < machine->config.cpus; n++)
			if (machine_thread_of(machine, n) == number)
				turn_run(machine->cpu[n], at, NULL);
	}
	if (atomic_fetch_sub(&threads->left.value, 1) == 1)
		signal_changed(&threads->left);
}

/* Runs the groups nobody has claimed yet in @phase, the own one first. A thread that comes late,
 * with the number of an earlier phase, finds them claimed. */
static void run_groups(struct threads *threads, unsigned own, unsigned phase)
{
	for (unsigned n = 0; n < threads->count; n++) {
		unsigned number = (own + n) % threads->count;
		unsigned before = phase - 1;

		if (atomic_compare_exchange_strong(&threads->group[number].claimed, &before, phase))
			run_group(threads, number, number != own);
	}
}

static void *help(void *opaque)
{
	struct helper *helper = opaque;
	struct threads *threads = helper->threads;
	unsigned phase = 0;

	for (;;) {
		signal_wait(&threads->phase, phase, false);
		phase = atomic_load(&threads->phase.value);
		if (threads->quit)
			return NULL;
		run_groups(threads, helper->number, phase);
	}
}

static void run_together(struct threads *threads)
{
	struct machine *machine = threads->machine;
	unsigned phase = atomic_load(&threads->phase.value) + 1;

	threads->phases++;
	machine->parallel = true;
	atomic_store(&threads->left.value, threads->count);
	atomic_store(&threads->phase.value, phase);
	signal_changed(&threads->phase);
	run_groups(threads, 0, phase);
	signal_wait(&threads->left, 0, true);
	machine->parallel = false;
}

/* ---- alone ---- */

static void run_alone(struct cpu *cpu, uint64_t end)
{
	struct machine *machine = cpu->machine;
	uint64_t soon = cpu->cycles + ALONE_CYCLES;

	machine->threads->alone++;
	cpu->wants_alone = false;
	if (machine->engine->alone)
		machine->engine->alone(cpu);
	machine->running = cpu;
	turn_run(cpu, soon < end ? soon : end, NULL);
	machine->running = NULL;
}

static void run_those_who_asked(struct threads *threads)
{
	struct machine *machine = threads->machine;

	for (unsigned n = 0; n < machine->config.cpus && !machine->stop; n++)
		if (machine->cpu[n]->wants_alone)
			run_alone(machine->cpu[n], threads->end);
}

/* ---- the quantum ---- */

/* Whether CPUs of two threads have something to do. */
static bool worth_a_phase(const struct threads *threads)
{
	const struct machine *machine = threads->machine;
	unsigned first = MACHINE_MAX_CPUS;

	for (unsigned n = 0; n < machine->config.cpus; n++) {
		const struct cpu *cpu = machine->cpu[n];
		unsigned thread = machine_thread_of(machine, n);

		if (!cpu->present || cpu->waiting || cpu->cycles + TOGETHER_CYCLES > threads->end)
			continue;
		if (first != MACHINE_MAX_CPUS && thread != first)
			return true;
		first = thread;
	}
	return false;
}

uint64_t threads_quantum(const struct machine *machine)
{
	uint64_t least = machine->config.quantum;

	return machine->threads->quantum > least ? machine->threads->quantum : least;
}

bool threads_pay(struct machine *machine, uint64_t end)
{
	struct threads *threads = machine->threads;

	if (threads->pause) {
		threads->pause--;
		return false;
	}
	threads->end = end;
	return worth_a_phase(threads);
}

static uint64_t count_late(const struct threads *threads)
{
	uint64_t late = 0;

	for (unsigned n = 0; n < threads->count; n++)
		late += threads->group[n].late;
	return late;
}

/* On a host that is busy with other things helpers cost more than they give. */
static void judge_helpers(struct threads *threads)
{
	uint64_t late;

	if (++threads->window < WINDOW_PHASES)
		return;
	late = count_late(threads);
	if (2 * (late - threads->late_before) > (uint64_t)WINDOW_PHASES * (threads->count - 1)) {
		threads->pause = threads->next_pause;
		if (threads->next_pause < MAX_PAUSE)
			threads->next_pause *= 2;
	} else {
		threads->next_pause = MIN_PAUSE;
	}
	threads->window = 0;
	threads->late_before = late;
}

void threads_run(struct machine *machine, uint64_t end)
{
	struct threads *threads = machine->threads;
	uint64_t alone = threads->alone, late = count_late(threads);

	threads->end = end;
	while (!machine->stop && worth_a_phase(threads)) {
		run_together(threads);
		judge_helpers(threads);
		run_those_who_asked(threads);
	}
	if (count_late(threads) != late)
		threads->quantum -= threads->quantum / 4;
	else
		threads->quantum += threads->quantum / 8;
	if (threads->alone != alone || threads->quantum < MIN_QUANTUM)
		threads->quantum = MIN_QUANTUM;
	else if (threads->quantum > MAX_QUANTUM)
		threads->quantum = MAX_QUANTUM;
	/* Where the machine has stopped meanwhile, they ask again when it goes on. */
	for (unsigned n = 0; n < machine->config.cpus; n++)
		machine->cpu[n]->wants_alone = false;
}

void machine_threads_stats(const struct machine *machine, struct machine_threads_stats *stats)
{
	const struct threads *threads = machine->threads;

	*stats = (struct machine_threads_stats){0};
	if (!threads)
		return;
	stats->phases = threads->phases;
	stats->alone = threads->alone;
	stats->late = count_late(threads);
}

/* ---- making ---- */

static int start_helper(struct helper *helper)
{
	sigset_t all, before;
	int result;

	/* Signals are for the thread that called. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&helper->thread, NULL, help, helper);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	helper->started = result == 0;
	return -result;
}

int threads_create(struct machine *machine, struct error *error)
{
	size_t size = (sizeof(struct threads) + 63) & ~(size_t)63;
	struct threads *threads = aligned_alloc(64, size);
	int result = 0;

	if (!threads)
		return error_set(error, -ENOMEM, "out of memory");
	memset(threads, 0, size);
	machine->threads = threads;
	threads->machine = machine;
	threads->count = machine->config.threads;
	threads->next_pause = MIN_PAUSE;
	threads->quantum = MIN_QUANTUM;
	signal_init(&threads->phase);
	signal_init(&threads->left);
	for (unsigned n = 1; n < threads->count && result == 0; n++) {
		threads->helper[n] = (struct helper){.threads = threads, .number = n};
		result = start_helper(&threads->helper[n]);
	}
	if (result)
		return error_set(error, result, "cannot start a host thread: %s",
				 strerror(-result));
	return 0;
}

void threads_destroy(struct machine *machine)
{
	struct threads *threads = machine->threads;

	if (!threads)
		return;
	threads->quit = true;
	atomic_fetch_add(&threads->phase.value, 1);
	signal_changed(&threads->phase);
	for (unsigned n = 1; n < threads->count; n++)
		if (threads->helper[n].started)
			pthread_join(threads->helper[n].thread, NULL);
	signal_destroy(&threads->phase);
	signal_destroy(&threads->left);
	free(threads);
	machine->threads = NULL;
}
