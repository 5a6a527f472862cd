/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ends from which no guest comes back; "case=N" chooses one. */
#include "dev/address_map.h"
#include "smp.h"
#include "wild.h"

PROGRAM_NAME;

static void jump(uint64_t to, uint64_t status)
{
	run(to, status, (uint64_t[]){0, 0, 0, 0});
}

/* Makes the vectors be at @pa, through KSEG0. */
static void vectors_at(uint64_t pa)
{
	cp0_set32(C0_EBASE, CKSEG0(pa));
}

static void fill_vectors(uint32_t word)
{
	for (unsigned i = 0; i < 1024; i++)
		((volatile uint32_t *)CKSEG0(FREE_RAM))[i] = word;
	vectors_at(FREE_RAM);
}

static void wild_cpu(unsigned cpu)
{
	(void)cpu;
	jump(UINT64_C(0x9800007000000000), STATUS_64BIT);
}

static void exception(void)
{
	__asm__ volatile("syscall");
}

void test(void)
{
	uint64_t which = boot_number("case=");

	switch (which) {
	case 0: /* exception in the exception vector */
		fill_vectors(BREAK);
		exception();
		break;
	case 1: /* vectors where nothing is */
		vectors_at(UINT64_C(0x1d000000));
		exception();
		break;
	case 2: /* vectors on a device */
		vectors_at(MAP_UART_BASE & ~UINT64_C(0xfff));
		exception();
		break;
	case 3: /* the boot vectors, which are not there */
		cp0_set32(C0_STATUS, STATUS_HOME | STATUS_BEV);
		exception();
		break;
	case 4: /* jump to nowhere, nothing at the vectors either */
		vectors_at(UINT64_C(0x1d000000));
		jump(UINT64_C(0x9800007000000000), STATUS_64BIT);
		break;
	case 5: /* vectors full of ERET: the exception again and again */
		fill_vectors(ERET);
		exception();
		break;
	case 6: /* vectors full of zero: NOPs up to whatever comes */
		vectors_at(0x07000000);
		exception();
		break;
	case 7: /* vectors in a branch to itself */
		fill_vectors(0x1000ffff);
		exception();
		break;
	case 8: /* branch in the delay slot of a branch, at the vectors */
		fill_vectors(0x10000001);
		exception();
		break;
	case 9: /* into the last words of the address space */
		jump(UINT64_C(0xfffffffffffffffc), STATUS_64BIT);
		jump(UINT64_C(0xfffffffffffffffe), STATUS_64BIT | USER);
		vectors_at(FREE_RAM);
		jump(UINT64_C(0xfffffffffffffffc), STATUS_64BIT);
		break;
	case 10: /* over the end of RAM */
		for (uint64_t pa = FREE_RAM; pa < UINT64_C(0x10000000); pa += 4)
			*(volatile uint32_t *)CKSEG0(pa) = NOP;
		vectors_at(FREE_RAM);
		jump(CKSEG0(UINT64_C(0x10000000)) - 16, STATUS_64BIT);
		break;
	case 11: /* kseg0 mapped, and no TLB entry for it */
		cp0_set(C0_SEGCTL1, UINT64_C(0x00130012));
		exception();
		break;
	case 12: /* all CPUs at once */
		for (unsigned cpu = 1; cpu < smp_cpus(); cpu++)
			smp_start(cpu, wild_cpu);
		fill_vectors(BREAK);
		exception();
		break;
	case 13: /* timer interrupts faster than they can be taken */
		fill_vectors(ERET);
		cp0_set32(C0_COMPARE, cp0_get32(C0_COUNT) + 100);
		cp0_set32(C0_STATUS, STATUS_HOME | STATUS_IE | 0x8000);
		for (;;)
			;
		break;
	case 14: /* the UART's interrupt, without end */
		*(volatile uint32_t *)CKSEG1(MAP_UART_BASE + 4) = 15;
		smp_interrupt_setup(0);
		fill_vectors(ERET);
		smp_interrupt(0, true);
		cp0_set32(C0_STATUS, STATUS_HOME | STATUS_IE | 0xff00);
		for (;;)
			;
		break;
	case 15: /* LL, SC and CACHE on a device, then a wait that nothing ends */
		for (unsigned i = 0; i < 4; i++)
			run_code(KERNEL, STATUS_64BIT,
				 (uint32_t[]){LL(V0, 0, A0), SC(V0, 0, A0), LLD(V0, 0, A0),
					      SCD(V0, 0, A0), CACHE(0x15, 0, A0)},
				 5, CKSEG1(MAP_GIC_BASE + 0x500), 0);
		cp0_set32(C0_STATUS, STATUS_HOME);
		for (;;)
			__asm__ volatile("wait");
		break;
	case 16: /* powers itself down */
		*(volatile uint32_t *)CKSEG1(MAP_CPC_BASE + 0x2000) = 2;
		for (;;)
			;
		break;
	case 17: /* moves the GCRs over other devices */
		for (uint64_t pa = UINT64_C(0x10000000); pa < UINT64_C(0x20000000);
		     pa += UINT64_C(0x00ff8000)) {
			volatile uint32_t *gcr = (volatile uint32_t *)CKSEG1(
				(cp0_get32(C0_CMGCRBASE) << 4 & 0xffffffff));

			gcr[2] = (uint32_t)pa & 0xffff8000u;
			(void)*(volatile uint32_t *)CKSEG1(MAP_FINISHER_BASE + 8);
		}
		exception();
		break;
	}
}
