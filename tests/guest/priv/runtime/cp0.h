/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CP0 registers and privileged instructions for C. Every write is followed by EHB. */
#ifndef CP0_H
#define CP0_H

#include <stdint.h>

#define read_cp0(number, select)                                                                   \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("dmfc0 %0, $" #number ", " #select : "=r"(value_)::"memory");     \
		value_;                                                                            \
	})

/* A 32-bit read: sign-extended */
#define read_cp0_32(number, select)                                                                \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("mfc0 %0, $" #number ", " #select : "=r"(value_)::"memory");      \
		value_;                                                                            \
	})

#define write_cp0(number, select, value)                                                           \
	__asm__ volatile("dmtc0 %0, $" #number ", " #select "\n\tehb" ::"r"((uint64_t)(value))     \
			 : "memory")

#define write_cp0_32(number, select, value)                                                        \
	__asm__ volatile("mtc0 %0, $" #number ", " #select "\n\tehb" ::"r"((uint64_t)(value))      \
			 : "memory")

/* number, select of each register, for the macros above through REG() */
#define C0_INDEX	      0, 0
#define C0_RANDOM	      1, 0
#define C0_ENTRYLO0	      2, 0
#define C0_ENTRYLO1	      3, 0
#define C0_CONTEXT	      4, 0
#define C0_USERLOCAL	      4, 2
#define C0_PAGEMASK	      5, 0
#define C0_SEGCTL0	      5, 2
#define C0_SEGCTL1	      5, 3
#define C0_SEGCTL2	      5, 4
#define C0_WIRED	      6, 0
#define C0_HWRENA	      7, 0
#define C0_BADVADDR	      8, 0
#define C0_COUNT	      9, 0
#define C0_ENTRYHI	      10, 0
#define C0_COMPARE	      11, 0
#define C0_STATUS	      12, 0
#define C0_INTCTL	      12, 1
#define C0_CAUSE	      13, 0
#define C0_EPC		      14, 0
#define C0_PRID		      15, 0
#define C0_EBASE	      15, 1
#define C0_CMGCRBASE	      15, 3
#define C0_CONFIG	      16, 0
#define C0_CONFIG1	      16, 1
#define C0_CONFIG2	      16, 2
#define C0_CONFIG3	      16, 3
#define C0_CONFIG4	      16, 4
#define C0_CONFIG5	      16, 5
#define C0_CONFIG6	      16, 6
#define C0_CONFIG7	      16, 7
#define C0_LLADDR	      17, 0
#define C0_XCONTEXT	      20, 0
#define C0_ERROREPC	      30, 0

#define cp0_get_(...)	      read_cp0(__VA_ARGS__)
#define cp0_get32_(...)	      read_cp0_32(__VA_ARGS__)
#define cp0_set_(...)	      write_cp0(__VA_ARGS__)
#define cp0_set32_(...)	      write_cp0_32(__VA_ARGS__)
#define cp0_get(reg)	      cp0_get_(reg)
#define cp0_get32(reg)	      cp0_get32_(reg)
#define cp0_set(reg, value)   cp0_set_(reg, value)
#define cp0_set32(reg, value) cp0_set32_(reg, value)

static inline void tlbwi(void)
{
	__asm__ volatile("tlbwi\n\tehb" ::: "memory");
}

static inline void tlbwr(void)
{
	__asm__ volatile("tlbwr\n\tehb" ::: "memory");
}

static inline void tlbr(void)
{
	__asm__ volatile("tlbr\n\tehb" ::: "memory");
}

static inline void tlbp(void)
{
	__asm__ volatile("tlbp\n\tehb" ::: "memory");
}

#endif
