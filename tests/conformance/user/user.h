/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user-level conformance program: runs every user-level instruction of insn.def over random and
 * edge operands and prints a hash of all the state it leaves. It is a static Linux program without
 * libc, built for n64 and for o32; the same files run under qemu and under harness.c on our
 * engines.
 */
#ifndef CONFORMANCE_USER_H
#define CONFORMANCE_USER_H

/* Offsets into struct state, for run.S. */
#define STATE_HI      256
#define STATE_LO      264
#define STATE_FPR     272
#define STATE_FCSR    528
#define STATE_TRAP    536
#define STATE_PC      544
#define STATE_WORDS   69

/* The system call by which the program asks harness.c to be told of exceptions: a0 is the struct
 * state to fill, a1 where to continue. Linux does not know it, and gets signal handlers instead. */
#define SYSCALL_TRAPS 59990

/* Kinds of traps: what Linux makes different signals of, but not every exception apart. */
#define TRAP_NONE     0
#define TRAP_ILLEGAL  1 /* reserved instruction, coprocessor unusable */
#define TRAP_ARITH    2 /* overflow, trap, breakpoint, floating point */
#define TRAP_ADDRESS  3 /* address error, TLB */
#define TRAP_OTHER    4

/* The program as an o32 one: FR = 0, 32-bit addresses, no 64-bit operations. */
#if _MIPS_SIM == _ABIO32
#define O32 1
#else
#define O32 0
#endif

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* $26 and $27 belong to run.S and are neither loaded nor stored. */
struct state {
	uint64_t gpr[32];
	uint64_t hi, lo;
	uint64_t fpr[32];
	uint64_t fcsr;
	uint64_t trap; /* TRAP_* */
	uint64_t pc;   /* of the trap, as an offset into the code under test */
};
_Static_assert(sizeof(struct state) == 8 * STATE_WORDS, "run.S");

/* run.S */
#define CODE_WORDS 64
extern uint32_t code_under_test[CODE_WORDS];
extern struct state trap_state; /* filled when the code traps */
/* Loads all registers from @in, runs code_under_test, stores them into @out; 0, or 1 when it
 * trapped (@out is then trap_state's copy). The code ends with a jump to run_done. */
int run_code(const struct state *in, struct state *out);
extern const char run_done[], run_trapped[];
void save_fpu(struct state *state); /* FPRs and FCSR; clears FCSR */

/* os.c */
void os_catch_traps(void);
void print_string(const char *text);
void print_hex(uint64_t value, unsigned digits);
void print_decimal(unsigned value);
void print_flush(void);
_Noreturn void os_exit(int status);

/* random.c */
extern uint64_t random_state;
uint64_t random64(void);
unsigned random_below(unsigned limit);
uint64_t random_integer(void);
uint64_t random_double(void);
uint32_t random_single(void);

/* encode.c: what one test runs. */
struct test {
	unsigned row;	       /* of insn.def */
	uint32_t word;	       /* the instruction */
	unsigned words;	       /* of code_under_test, the final jump not counted */
	unsigned size;	       /* of its memory access, 0: none */
	unsigned base;	       /* address register, 0: none */
	unsigned index;	       /* index register of the address, 0: none */
	int64_t offset;	       /* of the address, from the base register */
	uint64_t jump_target;  /* in the base register of JR and JALR */
	unsigned float_format; /* 's', 'd', 'p', 'w', 'l': of the operands */
	int word_operands;     /* operands are sign-extended 32-bit numbers */
	int good_address;      /* no address that traps */
	unsigned control;      /* CTC1: number of the control register, else ~0 */
};

struct row {
	const char *name;
	uint32_t mask, match;
	uint8_t format, class;
	uint16_t flags;
};
extern const struct row rows[];
extern const unsigned row_count;

/* Whether row @row can be tested by comparing user programs. */
int row_tested(unsigned row);
/* Makes a random encoding of @row and the code around it. */
void encode(struct test *test, unsigned row);
/* Makes a random sequence of instructions. */
void encode_sequence(struct test *test);
#endif

#endif
