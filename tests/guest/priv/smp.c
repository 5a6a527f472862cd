/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several CPUs: how they start, LL/SC between them, interrupts from one to another, TLBs of their
 * own, code written by one and run by another.
 */
#include "runtime.h"
#include "smp.h"

PROGRAM_NAME;

#if PLATFORM_IS_DISCO

#define ROUNDS	  2000
#define DATA_PAGE UINT64_C(0x00800000)

static volatile uint64_t started, finished, sum32, sum64, plain, turn, stored;
static volatile uint64_t result[SMP_MAX];
static unsigned cpus;

static void add(volatile uint64_t *word)
{
	uint64_t value;

	__asm__ volatile("1:	lld	%0, %1\n"
			 "	daddiu	%0, %0, 1\n"
			 "	scd	%0, %1\n"
			 "	beqz	%0, 1b\n"
			 "	nop\n"
			 : "=&r"(value), "+ZC"(*word)::"memory");
}

static void add32(volatile uint64_t *word)
{
	uint64_t value;

	__asm__ volatile("1:	ll	%0, %1\n"
			 "	addiu	%0, %0, 1\n"
			 "	sc	%0, %1\n"
			 "	beqz	%0, 1b\n"
			 "	nop\n"
			 : "=&r"(value), "+ZC"(*word)::"memory");
}

static void start_all(void (*function)(unsigned cpu))
{
	started = finished = 0;
	for (unsigned cpu = 1; cpu < cpus; cpu++) {
		about("start", cpu, 0, 0, 0);
		check("comes up", smp_start(cpu, function));
	}
}

static void wait_finished(void)
{
	check("all finish", smp_wait(&finished, cpus - 1));
}

/* ---- how a CPU starts ---- */

static volatile uint64_t hits[SMP_MAX];

/* Looks up what the entries of a TLB nobody has written hold: they match nothing. */
static void look_around(unsigned cpu)
{
	unsigned entries = tlb_entries();

	hits[cpu] = 0;
	for (unsigned i = 0; i < entries; i++) {
		cp0_set(C0_INDEX, i);
		tlbr();
		tlbp();
		hits[cpu] += !(cp0_get32(C0_INDEX) & INDEX_P);
	}
	result[cpu] = cp0_get32(C0_CONFIG1);
	add(&finished);
}

static void starting(void)
{
	start_all(look_around);
	wait_finished();
	for (unsigned cpu = 1; cpu < cpus; cpu++) {
		about("state after reset", cpu, 0, 0, 0);
		check_eq("Status.BEV", smp_cpu[cpu].status & STATUS_BEV, STATUS_BEV);
		check_eq("Status.ERL", smp_cpu[cpu].status & STATUS_ERL, STATUS_ERL);
		check_eq("EBase.CPUNum", smp_cpu[cpu].ebase & 0x3ff, cpu);
		check_eq("EBase", smp_cpu[cpu].ebase & ~UINT64_C(0x3ff),
			 UINT64_C(0xffffffff80000000));
		check_eq("CMGCRBase", smp_cpu[cpu].cmgcrbase << 4, MAP_GCR_BASE);
		check_eq("Config1", result[cpu], cp0_get32(C0_CONFIG1));
		check_eq("TLB entries that match", hits[cpu], 0);
	}
}

/* ---- LL/SC ---- */

static void count(unsigned cpu)
{
	(void)cpu;
	add(&started);
	while (started < cpus)
		;
	for (unsigned i = 0; i < ROUNDS; i++) {
		add(&sum64);
		add32(&sum32);
	}
	add(&finished);
}

static void counters(void)
{
	sum32 = sum64 = 0;
	start_all(count);
	add(&started);
	for (unsigned i = 0; i < ROUNDS; i++) {
		add(&sum64);
		add32(&sum32);
	}
	wait_finished();
	about("counter", cpus, 0, 0, 0);
	check_eq("lld, scd", sum64, (uint64_t)cpus * ROUNDS);
	check_eq("ll, sc", sum32, (uint64_t)cpus * ROUNDS);
}

/* A lock of LL/SC around a plain counter. */
static volatile uint64_t lock;

static void take(void)
{
	uint64_t value;

	__asm__ volatile("1:	lld	%0, %1\n"
			 "	bnez	%0, 1b\n"
			 "	li	%0, 1\n"
			 "	scd	%0, %1\n"
			 "	beqz	%0, 1b\n"
			 "	sync\n"
			 : "=&r"(value), "+ZC"(lock)::"memory");
}

static void release(void)
{
	__asm__ volatile("sync" ::: "memory");
	lock = 0;
}

static void count_locked(unsigned cpu)
{
	(void)cpu;
	for (unsigned i = 0; i < ROUNDS; i++) {
		take();
		plain = plain + 1;
		release();
	}
	add(&finished);
}

static void locks(void)
{
	plain = 0;
	start_all(count_locked);
	for (unsigned i = 0; i < ROUNDS; i++) {
		take();
		plain = plain + 1;
		release();
	}
	wait_finished();
	about("lock", cpus, 0, 0, 0);
	check_eq("sum", plain, (uint64_t)cpus * ROUNDS);
}

/* Another CPU's store between LL and SC makes SC fail, whatever it stores. */
static void answer_stores(unsigned cpu)
{
	for (uint64_t i = 1; i <= 50; i++) {
		while (turn != 2 * i - 1)
			;
		stored = i & 1 ? i : stored;
		__asm__ volatile("sync" ::: "memory");
		turn = 2 * i;
	}
	(void)cpu;
	add(&finished);
}

static void store_between(void)
{
	turn = 0;
	finished = 0;
	check("comes up", smp_start(1, answer_stores));
	for (uint64_t i = 1; i <= 50; i++) {
		uint64_t value, done = 1000;

		about("store by another CPU between lld and scd", i, 0, 0, 0);
		__asm__ volatile("	lld	%0, %2\n"
				 "	sd	%3, %4\n"
				 "1:	ld	%0, %4\n"
				 "	bne	%0, %5, 1b\n"
				 "	nop\n"
				 "	scd	%1, %2\n"
				 : "=&r"(value), "+&r"(done), "+m"(stored)
				 : "r"(2 * i - 1), "m"(turn), "r"(2 * i)
				 : "memory");
		check_eq("fails", done, 0);
		check("not stored", stored < 1000);
	}
	check("it finishes", smp_wait(&finished, 1));
}

/* ---- interrupts ---- */

static void wait_for_interrupts(unsigned cpu)
{
	add(&started);
	for (uint64_t i = 1; i <= 20; i++) {
		while (smp_cpu[cpu].interrupts < i) {
			cp0_set32(C0_STATUS, STATUS_HOME | STATUS_IE | 1 << (STATUS_IM_SHIFT + 2));
			if (smp_cpu[cpu].interrupts < i)
				__asm__ volatile("wait");
		}
		smp_interrupt(cpu, false);
		result[cpu] = i;
	}
	add(&finished);
}

static void interrupts(void)
{
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		smp_interrupt_setup(cpu);
		smp_cpu[cpu].interrupts = result[cpu] = 0;
	}
	start_all(wait_for_interrupts);
	check("all start", smp_wait(&started, cpus - 1));
	for (uint64_t i = 1; i <= 20; i++)
		for (unsigned cpu = 1; cpu < cpus; cpu++) {
			about("interrupt", cpu, i, 0, 0);
			smp_interrupt(cpu, true);
			check("arrives", smp_wait(&result[cpu], i));
			check_eq("once", smp_cpu[cpu].interrupts, i);
			check_eq("Cause", smp_cpu[cpu].interrupt_cause & 0x47c, 0x400);
		}
	wait_finished();
	about("interrupt to oneself", 0, 0, 0, 0);
	smp_interrupt(0, true);
	check_eq("Cause.IP2", cp0_get32(C0_CAUSE) & 0x400, 0x400);
	smp_interrupt(0, false);
	check_eq("Cause.IP2", cp0_get32(C0_CAUSE) & 0x400, 0);
}

/* ---- TLBs, code ---- */

static void map_own_page(unsigned cpu)
{
	uint64_t pa = FREE_RAM + 0x1000 * cpu;

	tlb_clear();
	tlb_set(TLB_FREE, DATA_PAGE, entrylo(pa, LO_V | LO_D | LO_G | LO_C), LO_G, 0);
	add(&started);
	while (started < cpus)
		;
	for (unsigned i = 0; i < 100; i++)
		add((volatile uint64_t *)DATA_PAGE);
	add(&finished);
}

static void own_tlbs(void)
{
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		*(volatile uint64_t *)CKSEG0(FREE_RAM + 0x1000 * cpu) = 1000 * cpu;
	start_all(map_own_page);
	map_own_page(0);
	check("all finish", smp_wait(&finished, cpus));
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		about("own TLB", cpu, 0, 0, 0);
		check_eq("memory", *(volatile uint64_t *)CKSEG0(FREE_RAM + 0x1000 * cpu),
			 1000 * cpu + 100);
	}
	tlb_clear();
}

static uint32_t shared_code[16] __attribute__((aligned(64)));

static void run_shared(unsigned cpu)
{
	uint64_t seen = 0;

	add(&started);
	for (uint64_t i = 1; i <= 30; i++) {
		while (turn < i)
			;
		__asm__ volatile("synci 0(%0)\n\tsync\n\t.set push\n\t.set noreorder\n"
				 "dla $2, 1f\n\tjr.hb $2\n\tnop\n1:\n\t.set pop" ::"r"(shared_code)
				 : "$2");
		seen = ((uint64_t(*)(void))shared_code)();
		result[cpu] += seen == i;
		add(&finished);
	}
}

static void shared_instructions(void)
{
	shared_code[0] = ORI(V0, ZERO, 0);
	shared_code[1] = JR(RA);
	shared_code[2] = NOP;
	turn = 0;
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		result[cpu] = 0;
	start_all(run_shared);
	check("all start", smp_wait(&started, cpus - 1));
	for (uint64_t i = 1; i <= 30; i++) {
		about("code of another CPU", i, 0, 0, 0);
		shared_code[0] = ORI(V0, ZERO, i);
		__asm__ volatile("synci 0(%0)\n\tsync" ::"r"(shared_code) : "memory");
		turn = i;
		check("all ran it", smp_wait(&finished, i * (cpus - 1)));
	}
	for (unsigned cpu = 1; cpu < cpus; cpu++) {
		about("code of another CPU", cpu, 0, 0, 0);
		check_eq("saw every version", result[cpu], 30);
	}
}

void test(void)
{
	cpus = smp_cpus();
	about("CPUs", cpus, 0, 0, 0);
	check("at least two", cpus >= 2);
	if (cpus < 2)
		return;
	for (unsigned round = 0; round < 3; round++) {
		starting();
		counters();
		locks();
		store_between();
		interrupts();
		own_tlbs();
		shared_instructions();
	}
}

#else

void test(void)
{
	check("one CPU here", true);
}

#endif
