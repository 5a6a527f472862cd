// SPDX-License-Identifier: GPL-2.0-or-later
/* What the program needs of the system: output, exit, traps as signals (Linux) or as exceptions
 * told by harness.c. Linux's n64 and o32 ABIs. */
#include "user.h"

#if _MIPS_SIM == _ABIO32
#define SYSCALL(n64, o32) (o32)
#else
#define SYSCALL(n64, o32) (n64)
#endif
#define SYSCALL_WRITE	    SYSCALL(5001, 4004)
#define SYSCALL_SIGACTION   SYSCALL(5013, 4194)
#define SYSCALL_SIGALTSTACK SYSCALL(5129, 4206)
#define SYSCALL_EXIT_GROUP  SYSCALL(5205, 4246)

#define SIGILL		    4
#define SIGTRAP		    5
#define SIGBUS		    10
#define SIGFPE		    8
#define SIGSEGV		    11

#define SA_ONSTACK	    0x08000000
#define SA_SIGINFO	    0x8
#define SA_RESTORER	    0x04000000
#define SA_NODEFER	    0x40000000

struct state trap_state;
void signal_return(void);

static long system_call(long number, long a, long b, long c, long d)
{
	register long v0 __asm__("$2") = number;
	register long a0 __asm__("$4") = a;
	register long a1 __asm__("$5") = b;
	register long a2 __asm__("$6") = c;
	register long a3 __asm__("$7") = d;

	__asm__ volatile("syscall"
			 : "+r"(v0), "+r"(a3)
			 : "r"(a0), "r"(a1), "r"(a2)
			 : "$1", "$3", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$24",
			   "$25", "hi", "lo", "memory");
	return a3 ? -v0 : v0;
}

/* The kernel's structures. */
struct signal_action {
	unsigned flags;
	void (*handler)(int signal, void *info, void *context);
	uint32_t mask[4];
};

struct signal_stack {
	void *base;
	unsigned long size;
	int flags;
};

struct signal_context {
	unsigned long flags;
	void *link;
	struct signal_stack stack;
#if _MIPS_SIM == _ABIO32
	uint32_t register_mask, status;
	uint64_t pc;
	uint64_t gpr[32];
	uint64_t fpr[32];
	uint32_t accumulator, fcsr, fir, used, dsp;
	uint64_t hi, lo;
#else
	uint64_t gpr[32];
	uint64_t fpr[32];
	uint64_t hi, hi1, hi2, hi3;
	uint64_t lo, lo1, lo2, lo3;
	uint64_t pc;
#endif
};

static void on_signal(int signal, void *info, void *opaque)
{
	struct signal_context *context = opaque;

	(void)info;
	save_fpu(&trap_state);
	for (int i = 0; i < 32; i++)
		trap_state.gpr[i] = context->gpr[i];
	trap_state.hi = context->hi;
	trap_state.lo = context->lo;
	trap_state.pc = context->pc;
	switch (signal) {
	case SIGILL:
		trap_state.trap = TRAP_ILLEGAL;
		break;
	case SIGFPE:
	case SIGTRAP:
		trap_state.trap = TRAP_ARITH;
		break;
	case SIGSEGV:
	case SIGBUS:
		trap_state.trap = TRAP_ADDRESS;
		break;
	default:
		trap_state.trap = TRAP_OTHER;
	}
	context->pc = (uint64_t)(uintptr_t)run_trapped;
}

void os_catch_traps(void)
{
	static const int signals[] = {SIGILL, SIGTRAP, SIGFPE, SIGBUS, SIGSEGV};
	static uint8_t stack_memory[65536] __attribute__((aligned(16)));
	struct signal_stack stack = {stack_memory, sizeof(stack_memory), 0};
	struct signal_action action = {SA_ONSTACK | SA_SIGINFO | SA_NODEFER, on_signal, {0}};

	if (system_call(SYSCALL_TRAPS, (long)&trap_state, (long)run_trapped, 0, 0) == 0)
		return;
	system_call(SYSCALL_SIGALTSTACK, (long)&stack, 0, 0, 0);
	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		system_call(SYSCALL_SIGACTION, signals[i], (long)&action, 0, 16);
}

static char output[4096];
static unsigned output_length;

void print_flush(void)
{
	unsigned done = 0;

	while (done < output_length) {
		long n = system_call(SYSCALL_WRITE, 1, (long)(output + done), output_length - done,
				     0);

		if (n <= 0)
			os_exit(1);
		done += (unsigned)n;
	}
	output_length = 0;
}

static void print_char(char c)
{
	if (output_length == sizeof(output))
		print_flush();
	output[output_length++] = c;
}

void print_string(const char *text)
{
	while (*text)
		print_char(*text++);
}

void print_hex(uint64_t value, unsigned digits)
{
	while (digits--)
		print_char("0123456789abcdef"[value >> 4 * digits & 15]);
}

void print_decimal(unsigned value)
{
	if (value >= 10)
		print_decimal(value / 10);
	print_char((char)('0' + value % 10));
}

_Noreturn void os_exit(int status)
{
	system_call(SYSCALL_EXIT_GROUP, status, 0, 0, 0);
	for (;;)
		;
}

/* gcc may call these. */
void *memset(void *to, int value, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);

void *memset(void *to, int value, size_t size)
{
	volatile uint8_t *p = to;

	while (size--)
		*p++ = (uint8_t)value;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	volatile uint8_t *p = to;
	const uint8_t *q = from;

	while (size--)
		*p++ = *q++;
	return to;
}
