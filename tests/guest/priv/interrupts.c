/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts: software and timer; IM, IE, EXL and ERL; the vector in compatibility and in vectored
 * mode; Count and Compare; WAIT.
 */
#include "runtime.h"

/* In a VM, which sees no Segmentation Control, reading Count takes the time of the monitor. */
static bool exact_time(void)
{
	return cp0_get32(C0_CONFIG3) & CONFIG3_SC;
}

static uint32_t __attribute__((unused)) few_ticks(void)
{
	return exact_time() ? 20 : 2000;
}

PROGRAM_NAME;

#define TIMER_BIT (UINT32_C(1) << 15)

static void clear_timer(void)
{
	cp0_set32(C0_COMPARE, cp0_get32(C0_COUNT) - 1);
}

static uint64_t pending(void)
{
	return cp0_get32(C0_CAUSE) >> CAUSE_IP_SHIFT & 0xff;
}

/* Runs three NOPs with Status = @status; returns whether an interrupt was taken, checking it. */
static bool takes(enum mode mode, uint64_t status, uint64_t vector)
{
	static const uint32_t words[] = {NOP, NOP, NOP};
	struct trap *trap = run_code(mode, status, words, COUNT_OF(words), 0, 0);

	if (trap_code(trap) != EXC_INT) {
		check("goes through", trap_is_end(trap, mode, COUNT_OF(words)));
		return false;
	}
	check_eq("EPC", trap->epc, code_address(mode, 0));
	check_eq("BD", trap->cause & CAUSE_BD, 0);
	check_eq("vector", trap->vector, vector);
	check_eq("Status", trap->status, (status & ~(uint64_t)STATUS_KSU) | mode | STATUS_EXL);
	return true;
}

/* Both software interrupts: every combination of IP, IM, IE in each mode, Cause.IV off and on. */
static void software(void)
{
	static const enum mode modes[] = {KERNEL, SUPERVISOR, USER};

	for (unsigned ip = 0; ip < 4; ip++)
		for (unsigned im = 0; im < 4; im++)
			for (unsigned other = 0; other < 4; other++) {
				bool ie = other & 1, iv = other >> 1;
				uint64_t status =
					STATUS_64BIT | im << STATUS_IM_SHIFT | (ie ? STATUS_IE : 0);

				cp0_set32(C0_CAUSE, ip << CAUSE_IP_SHIFT | (iv ? CAUSE_IV : 0));
				check_eq("Cause.IP", pending() & 3, ip);
				for (unsigned m = 0; m < 3; m++) {
					about("software interrupt", ip, im, other, modes[m]);
					check_eq("taken",
						 takes(modes[m], status,
						       iv ? VECTOR_INTERRUPT : VECTOR_GENERAL),
						 ie && (ip & im));
				}
			}
	cp0_set32(C0_CAUSE, 0);
}

/* Vectored: 0x200 + number * spacing, the highest pending and enabled number first. */
static void vectored(void)
{
	static const uint8_t spacing[] = {0, 1, 2, 4, 8, 16};

	cp0_set32(C0_COMPARE, cp0_get32(C0_COUNT) + 100000);
	while (!(pending() & 0x80))
		;
	for (unsigned s = 0; s < COUNT_OF(spacing); s++)
		for (unsigned ip = 0; ip < 4; ip++)
			for (unsigned im = 0; im < 8; im++) {
				/* im bit 2 stands for the timer's, which is pending */
				unsigned mask = (im & 3) | (im & 4 ? 0x80 : 0);
				unsigned active = (ip | 0x80) & mask;
				unsigned number = active & 0x80 ? 7 : active & 2 ? 1 : 0;

				about("vectored interrupt", spacing[s], ip, im, 0);
				cp0_set32(C0_INTCTL, spacing[s] << 5);
				cp0_set32(C0_CAUSE, ip << CAUSE_IP_SHIFT | CAUSE_IV);
				check_eq("taken",
					 takes(KERNEL,
					       STATUS_64BIT | STATUS_IE | mask << STATUS_IM_SHIFT,
					       VECTOR_INTERRUPT + number * spacing[s] * 32),
					 active != 0);
			}
	about("vectored, Cause.IV clear", 0, 0, 0, 0);
	cp0_set32(C0_CAUSE, 1 << CAUSE_IP_SHIFT);
	check("taken",
	      takes(KERNEL, STATUS_64BIT | STATUS_IE | 1 << STATUS_IM_SHIFT, VECTOR_GENERAL));
	cp0_set32(C0_CAUSE, 0);
	cp0_set32(C0_INTCTL, 0);
	clear_timer();
}

/* The instruction that enables an interrupt is followed by it at once (after the hazard barrier).
 */
static void enabling(void)
{
	static const uint32_t by_ei[] = {EI(ZERO), EHB, NOP, NOP};
	static const uint32_t by_status[] = {MTC0(A0, 12, 0), EHB, NOP, NOP};
	static const uint32_t by_cause[] = {MTC0(A0, 13, 0), EHB, NOP, NOP};
	uint64_t status = STATUS_64BIT | 1 << STATUS_IM_SHIFT;
	struct trap *trap;

	about("enabled by EI", 0, 0, 0, 0);
	cp0_set32(C0_CAUSE, 1 << CAUSE_IP_SHIFT);
	trap = run_code(KERNEL, status, by_ei, 4, 0, 0);
	check_eq("ExcCode", trap_code(trap), EXC_INT);
	check("before the third instruction", trap->epc <= code_address(KERNEL, 2));
	about("enabled by MTC0 Status", 0, 0, 0, 0);
	trap = run_code(KERNEL, status, by_status, 4, status | STATUS_IE, 0);
	check_eq("ExcCode", trap_code(trap), EXC_INT);
	check("before the third instruction", trap->epc <= code_address(KERNEL, 2));
	cp0_set32(C0_CAUSE, 0);
	about("raised by MTC0 Cause", 0, 0, 0, 0);
	trap = run_code(KERNEL, status | STATUS_IE, by_cause, 4, 1 << CAUSE_IP_SHIFT, 0);
	check_eq("ExcCode", trap_code(trap), EXC_INT);
	check("before the third instruction", trap->epc <= code_address(KERNEL, 2));
	cp0_set32(C0_CAUSE, 0);
	about("EXL, ERL hold interrupts off", 0, 0, 0, 0);
	cp0_set32(C0_CAUSE, 1 << CAUSE_IP_SHIFT);
	for (unsigned i = 0; i < 2; i++) {
		static const uint32_t words[] = {MTC0(A0, 12, 0), EHB, NOP, MTC0(A1, 12, 0), EHB};

		trap = run_code(KERNEL, status, words, COUNT_OF(words),
				status | STATUS_IE | (i ? STATUS_ERL : STATUS_EXL), status);
		check("no interrupt", trap_is_end(trap, KERNEL, COUNT_OF(words)));
	}
	cp0_set32(C0_CAUSE, 0);
}

/* Compare is set inside the probe, a0 ticks from then; QEMU's time is the host's, and in a VM the
 * setting takes long: more there.
 */
#define ARM_TIMER MFC0(A1, 9, 0), ADDU(A1, A1, A0), MTC0(A1, 11, 0), EHB
#define TICKS(n)  ((n) << time_scale)
static unsigned time_scale;

/* Cause.TI and IP7 rise when Count reaches Compare, and fall when Compare is written. */
static void timer(void)
{
	static const uint32_t distance[] = {100, 500, 1000, 5000, 20000};
	static const uint32_t spin[] = {
		ARM_TIMER, MFC0(V1, 13, 0), DADDIU(V0, V0, 1), BEQ(ZERO, ZERO, -2), NOP,
	};

	for (unsigned i = 0; i < COUNT_OF(distance); i++) {
		struct trap *trap;
		uint32_t now, compare;

		about("timer", distance[i], 0, 0, 0);
		trap = run_code(KERNEL, STATUS_64BIT | STATUS_IE | TIMER_BIT, spin, COUNT_OF(spin),
				TICKS(distance[i]), 0);
		now = cp0_get32(C0_COUNT);
		compare = cp0_get32(C0_COMPARE);
		check_eq("ExcCode", trap_code(trap), EXC_INT);
		check_eq("Cause.TI before", trap->gpr[V1] & CAUSE_TI, 0);
		check_eq("Cause.IP7 before", trap->gpr[V1] & TIMER_BIT, 0);
		check("Count has reached Compare", (int32_t)(now - compare) >= 0);
		if (PLATFORM_IS_DISCO && exact_time())
			check("at once", now - compare < 100);
		check_eq("TI", trap->cause & CAUSE_TI, CAUSE_TI);
		check_eq("IP7", trap->cause & TIMER_BIT, TIMER_BIT);
		check_eq("still pending", pending() & 0x80, 0x80);
		clear_timer();
		check_eq("TI after writing Compare", cp0_get32(C0_CAUSE) & CAUSE_TI, 0);
		check_eq("IP7 after writing Compare", pending() & 0x80, 0);
	}
}

/* The timer hits every place of a loop, delay slots too: EPC and BD stay exact, nothing is lost or
 * done twice. */
static void timer_in_loop(void)
{
	static const uint32_t words[] = {
		MOVE(V0, ZERO),	   MOVE(V1, ZERO),    MOVE(T0, ZERO),	   ARM_TIMER,
		DADDIU(V0, V0, 1), DADDIU(V1, V1, 1), BEQ(ZERO, ZERO, -3), DADDIU(T0, T0, 1),
	};
	unsigned in_slot = 0;

	for (unsigned i = 0; i < 200; i++) {
		uint64_t v0, position;
		struct trap *trap;

		about("timer in a loop", i, 0, 0, 0);
		trap = run_code(USER, STATUS_64BIT | STATUS_CU0 | STATUS_IE | TIMER_BIT, words,
				COUNT_OF(words), TICKS(200) + i, 0);
		check_eq("ExcCode", trap_code(trap), EXC_INT);
		v0 = trap->gpr[V0];
		position = (trap->epc - code_address(USER, COUNT_OF(words) - 4)) / 4;
		if (trap->cause & CAUSE_BD) {
			check_eq("EPC is the branch", position, 2);
			in_slot++;
		}
		check("EPC in the loop", position < 4);
		check_eq("second counter", trap->gpr[V1], position == 1 ? v0 - 1 : v0);
		check_eq("counter of the slot", trap->gpr[T0], position == 0 ? v0 : v0 - 1);
		clear_timer();
	}
	if (PLATFORM_IS_DISCO && exact_time())
		check("some in the delay slot", in_slot > 10);
}

static void wait_instruction(void)
{
	static const uint32_t words[] = {ARM_TIMER, WAIT, NOP, NOP};
	static const uint32_t pending_words[] = {WAIT, NOP, NOP};
	struct trap *trap;

	for (unsigned i = 0; i < 10; i++) {
		about("WAIT for the timer", i, 0, 0, 0);
		trap = run_code(KERNEL, STATUS_64BIT | STATUS_IE | TIMER_BIT, words,
				COUNT_OF(words), TICKS(1000) * (i + 1), 0);
		check_eq("ExcCode", trap_code(trap), EXC_INT);
		check_eq("EPC is after WAIT", trap->epc, code_address(KERNEL, 5));
		check("time has passed",
		      (int32_t)(cp0_get32(C0_COUNT) - cp0_get32(C0_COMPARE)) >= 0);
		clear_timer();
	}
	about("WAIT with a pending interrupt", 0, 0, 0, 0);
	cp0_set32(C0_CAUSE, 1 << CAUSE_IP_SHIFT);
	trap = run_code(KERNEL, STATUS_64BIT | STATUS_IE | 1 << STATUS_IM_SHIFT, pending_words, 3,
			0, 0);
	check_eq("ExcCode", trap_code(trap), EXC_INT);
	cp0_set32(C0_CAUSE, 0);
}

#if PLATFORM_IS_DISCO
/* Count goes on by one every two cycles; every instruction is a cycle. Cause.DC stops it. */
static void count_rate(void)
{
	uint32_t words[402];
	struct trap *trap;

	for (unsigned n = 0; n <= 400; n += 40) {
		about("Count", n, 0, 0, 0);
		words[0] = MFC0(V0, 9, 0);
		for (unsigned i = 1; i <= n; i++)
			words[i] = NOP;
		words[n + 1] = MFC0(V1, 9, 0);
		trap = run_code(KERNEL, STATUS_64BIT, words, n + 2, 0, 0);
		check("one every two instructions",
		      !exact_time() || trap->gpr[V1] - trap->gpr[V0] - n / 2 <= 1);
	}
	about("Count written", 0, 0, 0, 0);
	cp0_set32(C0_COUNT, 0x7ffffff0);
	check("goes on from there", (uint32_t)(cp0_get32(C0_COUNT) - 0x7ffffff0) < few_ticks());
	cp0_set32(C0_COUNT, 0xfffffff0);
	for (unsigned i = 0; i < 100; i++)
		__asm__ volatile("nop");
	check("wraps", cp0_get32(C0_COUNT) < 1000);
	about("Cause.DC", 0, 0, 0, 0);
	cp0_set32(C0_CAUSE, CAUSE_DC);
	{
		uint64_t stopped = cp0_get32(C0_COUNT);

		cp0_set32(C0_COMPARE, stopped + 50);
		for (unsigned i = 0; i < 200; i++)
			__asm__ volatile("nop");
		check_eq("stands still", cp0_get32(C0_COUNT), stopped);
		check_eq("no timer interrupt", pending() & 0x80, 0);
		cp0_set32(C0_COUNT, stopped + 10);
		check_eq("can be written", cp0_get32(C0_COUNT), stopped + 10);
		cp0_set32(C0_CAUSE, 0);
		check("goes on", cp0_get32(C0_COUNT) - stopped - 10 < few_ticks());
		for (unsigned i = 0; i < 200; i++)
			__asm__ volatile("nop");
		check_eq("timer interrupt", pending() & 0x80, 0x80);
		clear_timer();
	}
	about("Compare passed by writing Count", 0, 0, 0, 0);
	cp0_set32(C0_COMPARE, 0x1000);
	cp0_set32(C0_COUNT, 0x2000);
	for (unsigned i = 0; i < 200; i++)
		__asm__ volatile("nop");
	check_eq("no interrupt", pending() & 0x80, 0);
	cp0_set32(C0_COUNT, 0xff0);
	for (unsigned i = 0; i < 200; i++)
		__asm__ volatile("nop");
	check_eq("interrupt", pending() & 0x80, 0x80);
	clear_timer();
}
#endif

void test(void)
{
	time_scale = PLATFORM_IS_DISCO && exact_time() ? 0 : 7;
	clear_timer();
	software();
	vectored();
	enabling();
	timer();
	timer_in_loop();
	wait_instruction();
#if PLATFORM_IS_DISCO
	count_rate();
#endif
}
