/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "smp.h"

#include "runtime.h"

#if PLATFORM_IS_DISCO

#define GCR(offset)	  (*(volatile uint32_t *)CKSEG1(MAP_GCR_BASE + (offset)))
#define CPC(offset)	  (*(volatile uint32_t *)CKSEG1(MAP_CPC_BASE + (offset)))
#define GIC(offset)	  (*(volatile uint32_t *)CKSEG1(MAP_GIC_BASE + (offset)))

#define GCR_CONFIG	  0x0000
#define GCR_ACCESS	  0x0020
#define GCR_GIC_BASE	  0x0080
#define GCR_CPC_BASE	  0x0088
#define GCR_CL_OTHER	  0x2018
#define GCR_CO_COHERENCE  0x4008
#define GCR_CO_RESET_BASE 0x4020
#define CPC_CL_OTHER	  0x2010
#define CPC_CO_CMD	  0x4000
#define CPC_CO_STAT_CONF  0x4008
#define CPC_RESET	  4
#define CPC_STATE(status) ((status) >> 19 & 15)
#define CPC_STATE_U6	  7
#define GIC_POL(number)	  (0x100 + (number) / 32 * 4)
#define GIC_TRIG(number)  (0x180 + (number) / 32 * 4)
#define GIC_WEDGE	  0x280
#define GIC_SMASK(number) (0x380 + (number) / 32 * 4)
#define GIC_MAP_PIN(n)	  (0x500 + 4 * (n))
#define GIC_MAP_VP(n)	  (0x2000 + 0x20 * (n))
#define FIRST_SOURCE	  64

struct smp_cpu smp_cpu[SMP_MAX];
uint8_t smp_stack[SMP_MAX][4096] __attribute__((aligned(16)));
void (*volatile smp_function[SMP_MAX])(unsigned cpu);

void smp_entry(void);

unsigned smp_cpus(void)
{
	return (GCR(GCR_CONFIG) & 0xff) + 1;
}

bool smp_start(unsigned cpu, void (*function)(unsigned cpu))
{
	smp_function[cpu] = function;
	__asm__ volatile("sync" ::: "memory");
	GCR(GCR_CPC_BASE) = MAP_CPC_BASE | 1;
	GCR(GCR_GIC_BASE) = MAP_GIC_BASE | 1;
	GCR(GCR_CL_OTHER) = cpu << 16;
	GCR(GCR_CO_RESET_BASE) = (uint32_t)((uint64_t)smp_entry | 0x20000000);
	GCR(GCR_CO_COHERENCE) = 0;
	GCR(GCR_ACCESS) |= 1u << (cpu & 7);
	CPC(CPC_CL_OTHER) = cpu << 16;
	CPC(CPC_CO_CMD) = CPC_RESET;
	for (unsigned i = 0; i < 1000000; i++)
		if (CPC_STATE(CPC(CPC_CO_STAT_CONF)) == CPC_STATE_U6)
			return true;
	return false;
}

void smp_interrupt_setup(unsigned cpu)
{
	unsigned number = FIRST_SOURCE + cpu;

	GCR(GCR_GIC_BASE) = MAP_GIC_BASE | 1;
	GIC(GIC_POL(number)) |= 1u << (number % 32);
	GIC(GIC_TRIG(number)) |= 1u << (number % 32);
	GIC(GIC_MAP_PIN(number)) = 1u << 31;
	GIC(GIC_MAP_VP(number) + cpu / 32 * 4) = 1u << (cpu % 32);
	GIC(GIC_SMASK(number)) = 1u << (number % 32);
}

void smp_interrupt(unsigned cpu, bool raise)
{
	GIC(GIC_WEDGE) = (FIRST_SOURCE + cpu) | (raise ? 1u << 31 : 0);
}

bool smp_wait(volatile uint64_t *word, uint64_t value)
{
	for (unsigned i = 0; i < 100000000; i++)
		if (*word == value)
			return true;
	return false;
}

#endif
