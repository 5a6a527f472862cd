/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coprocessors as exceptions see them: CU1 and CU2, floating-point exceptions, in every mode. */
#include "runtime.h"

PROGRAM_NAME;

#define DATA_PAGE UINT64_C(0x00800000)
#define COP1(format, function, ft, fs, fd)                                                         \
	(0x44000000u | (uint32_t)(format) << 21 | (uint32_t)(ft) << 16 | (uint32_t)(fs) << 11 |    \
	 (uint32_t)(fd) << 6 | (uint32_t)(function))
#define S	      16
#define D	      17
#define MTC1(rt, fs)  COP1(4, 0, rt, fs, 0)
#define DMTC1(rt, fs) COP1(5, 0, rt, fs, 0)
#define CTC1(rt, fs)  COP1(6, 0, rt, fs, 0)
#define CFC1(rt, fs)  COP1(2, 0, rt, fs, 0)

static const enum mode modes[] = {KERNEL, SUPERVISOR, USER};

static const struct {
	const char *name;
	uint32_t word;
} rows[] = {
	{"mfc1", COP1(0, 0, V0, 2, 0)},
	{"dmfc1", COP1(1, 0, V0, 2, 0)},
	{"cfc1", CFC1(V0, 31)},
	{"mfhc1", COP1(3, 0, V0, 2, 0)},
	{"mtc1", MTC1(ZERO, 2)},
	{"dmtc1", DMTC1(ZERO, 2)},
	{"ctc1", CTC1(ZERO, 31)},
	{"mthc1", COP1(7, 0, ZERO, 2, 0)},
	{"add.s", COP1(S, 0, 2, 4, 6)},
	{"sub.d", COP1(D, 1, 2, 4, 6)},
	{"mul.s", COP1(S, 2, 2, 4, 6)},
	{"mov.d", COP1(D, 6, 0, 4, 6)},
	{"neg.s", COP1(S, 7, 0, 4, 6)},
	{"cvt.d.w", COP1(20, 0x21, 0, 2, 4)},
	{"cvt.s.l", COP1(21, 0x20, 0, 2, 4)},
	{"c.eq.s", COP1(S, 0x32, 2, 2, 0)},
	{"movf.s", COP1(S, 0x11, 0, 2, 4)},
	{"bc1f", 0x45000000u | 1},
	{"bc1t", 0x45010000u | 1},
	{"movf", R_TYPE(0x01, A0, 0, V0, 0)},
	{"movt", R_TYPE(0x01, A0, 1, V0, 0)},
	{"lwc1", LWC1(2, 0, A0)},
	{"ldc1", LDC1(2, 0, A0)},
	{"swc1", SWC1(2, 0, A0)},
	{"sdc1", SDC1(2, 0, A0)},
	{"lwxc1", 0x4c000000u | A0 << 21 | 2 << 6 | 0x00},
	{"ldxc1", 0x4c000000u | A0 << 21 | 2 << 6 | 0x01},
	{"swxc1", 0x4c000000u | A0 << 21 | 2 << 11 | 0x08},
	{"sdxc1", 0x4c000000u | A0 << 21 | 2 << 11 | 0x09},
	{"madd.s", 0x4c000000u | 2 << 21 | 4 << 16 | 6 << 11 | 8 << 6 | 0x20},
	{"msub.d", 0x4c000000u | 2 << 21 | 4 << 16 | 6 << 11 | 8 << 6 | 0x29},
};

static void unusable(void)
{
	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		for (unsigned m = 0; m < COUNT_OF(modes); m++) {
			/* what follows is harmless in a delay slot too */
			const uint32_t words[] = {rows[i].word, NOP, NOP};
			struct trap *trap;

			about(rows[i].name, modes[m], rows[i].word, 0, 0);
			trap = run_code(modes[m], STATUS_64BIT | STATUS_FR, words, 3, DATA_PAGE, 0);
			check_exception(trap, modes[m], 0, EXC_CPU);
			check_eq("Cause.CE", (trap->cause & CAUSE_CE) >> CAUSE_CE_SHIFT, 1);
			/* CU0 gives no right to coprocessor 1 */
			trap = run_code(modes[m], STATUS_64BIT | STATUS_FR | STATUS_CU0, words, 3,
					DATA_PAGE, 0);
			check_exception(trap, modes[m], 0, EXC_CPU);
			trap = run_code(modes[m], STATUS_64BIT | STATUS_FR | STATUS_CU1, words, 3,
					DATA_PAGE, 0);
			check("goes through with CU1", trap_is_end(trap, modes[m], 3));
		}
}

/* There is no coprocessor 2. */
static void coprocessor_2(void)
{
	static const uint32_t words[] = {0x48000000u, 0x4a000000u, 0xc8000000u,
					 0xd8000000u, 0xe8000000u, 0xf8000000u};

	for (unsigned i = 0; i < COUNT_OF(words); i++)
		for (unsigned m = 0; m < COUNT_OF(modes); m++) {
			struct trap *trap;

			about("coprocessor 2", modes[m], words[i], 0, 0);
			trap = run_code(modes[m], STATUS_64BIT, &words[i], 1, DATA_PAGE, 0);
			check_exception(trap, modes[m], 0, EXC_CPU);
			check_eq("Cause.CE", (trap->cause & CAUSE_CE) >> CAUSE_CE_SHIFT, 2);
		}
}

/* Enabled floating-point exceptions: FCSR's enable and cause bits, the destination unchanged. */
static void exceptions(void)
{
	static const struct {
		const char *name;
		uint64_t a, b; /* of div.d a / b */
		uint32_t bit;  /* V 16, Z 8, O 4, U 2, I 1 */
	} rows[] = {
		{"division by zero", UINT64_C(0x3ff0000000000000), 0, 8},
		{"invalid", 0, 0, 16},
		{"inexact", UINT64_C(0x3ff0000000000000), UINT64_C(0x4008000000000000), 1},
		{"overflow", UINT64_C(0x7fe0000000000000), UINT64_C(0x0010000000000000), 4 | 1},
		{"exact", UINT64_C(0x4010000000000000), UINT64_C(0x4000000000000000), 0},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		for (unsigned enable = 0; enable < 32; enable++)
			for (unsigned m = 0; m < COUNT_OF(modes); m++) {
				const uint32_t words[] = {
					DMTC1(A0, 2), DMTC1(A1, 4),
					DMTC1(A0, 6), ORI(T0, ZERO, enable << FCSR_ENABLE_SHIFT),
					CTC1(T0, 31), COP1(D, 3, 4, 2, 6), /* div.d $f6, $f2, $f4 */
				};
				const uint32_t after[] = {CFC1(V0, 31), COP1(1, 0, V1, 6, 0)};
				bool raised = enable & rows[i].bit;
				struct trap *trap;
				uint64_t fcsr;

				about(rows[i].name, enable, modes[m], 0, 0);
				trap = run_code(modes[m], STATUS_64BIT | STATUS_FR | STATUS_CU1,
						words, COUNT_OF(words), rows[i].a, rows[i].b);
				if (raised)
					check_exception(trap, modes[m], 5, EXC_FPE);
				else
					check("goes through",
					      trap_is_end(trap, modes[m], COUNT_OF(words)));
				trap = run_code(modes[m], STATUS_64BIT | STATUS_FR | STATUS_CU1,
						after, 2, 0, 0);
				fcsr = trap->gpr[V0];
				check_eq("FCSR cause", fcsr >> FCSR_CAUSE_SHIFT & 63, rows[i].bit);
				check_eq("FCSR flags", fcsr >> FCSR_FLAGS_SHIFT & 31,
					 raised ? 0 : rows[i].bit);
				if (raised)
					check_eq("destination unchanged", trap->gpr[V1], rows[i].a);
			}
}

/* CTC1 that sets a cause bit together with its enable raises the exception itself. */
static void control_write(void)
{
	static const uint32_t words[] = {CTC1(A0, 31), CTC1(ZERO, 31)};
	static const uint32_t clear = CTC1(ZERO, 31);

	for (unsigned cause = 0; cause < 64; cause++)
		for (unsigned enable = 0; enable < 32; enable++) {
			bool raised = cause & (enable | 32);
			struct trap *trap;

			about("CTC1", cause, enable, 0, 0);
			trap = run_code(USER, STATUS_64BIT | STATUS_FR | STATUS_CU1, words, 2,
					cause << FCSR_CAUSE_SHIFT | enable << FCSR_ENABLE_SHIFT, 0);
			if (raised)
				check_exception(trap, USER, 0, EXC_FPE);
			else
				check("goes through", trap_is_end(trap, USER, 2));
			run_code(USER, STATUS_64BIT | STATUS_FR | STATUS_CU1, &clear, 1, 0, 0);
		}
}

void test(void)
{
	tlb_set(TLB_FREE, DATA_PAGE, entrylo(FREE_RAM, LO_V | LO_D | LO_G | LO_C), LO_G, 0);
	unusable();
	if (!PLATFORM_IS_DISCO)
		return; /* QEMU 7.2: reserved instead of unusable, and exceptions that do not come
			 */
	coprocessor_2();
	exceptions();
	control_write();
}
