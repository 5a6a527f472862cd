/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks, output, probes, TLB helpers. */
#include "runtime.h"

#include "asm.h"

_Static_assert(offsetof(struct trap, status) == TRAP_STATUS, "asm.h");
_Static_assert(offsetof(struct trap, xcontext) == TRAP_XCONTEXT, "asm.h");
_Static_assert(offsetof(struct trap, taken) == TRAP_TAKEN, "asm.h");
_Static_assert(sizeof(struct trap) == TRAP_SIZE, "asm.h");
_Static_assert(STATUS_HOME == STATUS_HOME_BITS, "asm.h");

uint32_t code_page[1024] __attribute__((aligned(4096)));
uint64_t code_window = CODE_LOW;

/* Unmapped addresses that no test touches: what unused TLB entries hold. */
#define UNUSED_PAGES CKSEG0(UINT64_C(0x1e000000))

static unsigned passed, failed;
static const char *about_text = "";
static uint64_t about_number[4];

void runtime_main(void);
void runtime_unexpected(const struct trap *trap);

/* ---- output ---- */

static void put(char c)
{
	while (!(*(volatile uint8_t *)UART_STATUS & 0x20))
		;
	*(volatile uint8_t *)UART_DATA = c;
}

void print(const char *text)
{
	for (; *text; text++)
		put(*text);
}

void print_hex(uint64_t value)
{
	print("0x");
	for (int shift = 60; shift >= 0; shift -= 4)
		if (value >> shift || !shift)
			put("0123456789abcdef"[value >> shift & 15]);
}

void print_dec(uint64_t value)
{
	if (value >= 10)
		print_dec(value / 10);
	put('0' + value % 10);
}

static void __attribute__((noreturn)) finish(void)
{
	print(program_name);
	print(": ");
	print_dec(passed);
	print(" passed, ");
	print_dec(failed);
	print(" failed\n");
	*(volatile uint32_t *)FINISH_REGISTER = FINISH_VALUE(failed);
	for (;;)
		__asm__ volatile("wait");
}

/* ---- checks ---- */

void about(const char *text, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	about_text = text;
	about_number[0] = a;
	about_number[1] = b;
	about_number[2] = c;
	about_number[3] = d;
}

bool check_eq(const char *what, uint64_t got, uint64_t want)
{
	const unsigned most_lines = 40;

	if (got == want) {
		passed++;
		return true;
	}
	if (++failed > most_lines)
		return false;
	print("FAIL ");
	print(about_text);
	for (unsigned i = 0; i < 4; i++) {
		put(' ');
		print_hex(about_number[i]);
	}
	print(": ");
	print(what);
	print(": is ");
	print_hex(got);
	print(", should be ");
	print_hex(want);
	put('\n');
	return false;
}

bool check(const char *what, bool good)
{
	return check_eq(what, good, true);
}

void runtime_unexpected(const struct trap *trap)
{
	print("FAIL ");
	print(about_text);
	print(": unexpected exception: cause ");
	print_hex(trap->cause);
	print(" epc ");
	print_hex(trap->epc);
	print(" badvaddr ");
	print_hex(trap->badvaddr);
	put('\n');
	failed++;
	finish();
}

void runtime_main(void)
{
	tlb_clear();
	test();
	finish();
}

/* ---- probes ---- */

uint64_t code_address(enum mode mode, unsigned index)
{
	return (mode == KERNEL ? (uint64_t)code_page : code_window) + 4 * index;
}

struct trap *run_code(enum mode mode, uint64_t status, const uint32_t *words, unsigned count,
		      uint64_t a0, uint64_t a1)
{
	for (unsigned i = 0; i < count; i++)
		code_page[i] = words[i];
	code_page[count] = SYSCALL;
	for (unsigned i = 0; i <= count; i += 8)
		__asm__ volatile("synci 0(%0)" ::"r"(&code_page[i]));
	__asm__ volatile("synci 0(%0)\n\tsync" ::"r"(&code_page[count]));
	return run(code_address(mode, 0), (status & ~(uint64_t)STATUS_KSU) | mode,
		   (uint64_t[]){a0, a1, 0, 0});
}

bool trap_is_end(const struct trap *trap, enum mode mode, unsigned count)
{
	return trap_code(trap) == EXC_SYS && trap->epc == code_address(mode, count);
}

void check_exception(const struct trap *trap, enum mode mode, unsigned index,
		     enum mips_exception code)
{
	check_eq("ExcCode", trap_code(trap), code);
	check_eq("EPC", trap->epc, code_address(mode, index));
	check_eq("Cause.BD", trap->cause & CAUSE_BD, 0);
	check_eq("Status.EXL", trap->status & STATUS_EXL, STATUS_EXL);
	check_eq("Status.KSU", trap->status & STATUS_KSU, mode);
	check_eq("vector", trap->vector, VECTOR_GENERAL);
}

/* ---- TLB ---- */

unsigned tlb_entries(void)
{
	return (cp0_get32(C0_CONFIG1) >> CONFIG1_MMU_SHIFT & 0x3f) + 1;
}

unsigned segment_bits(void)
{
	unsigned bits = 13;

	cp0_set(C0_ENTRYHI, UINT64_C(0x3fffffffffffe000));
	while (cp0_get(C0_ENTRYHI) >> bits & 1 && bits < 62)
		bits++;
	cp0_set(C0_ENTRYHI, 0);
	return bits;
}

void tlb_set(unsigned index, uint64_t entryhi, uint64_t lo0, uint64_t lo1, uint32_t page_mask)
{
	uint64_t asid = cp0_get(C0_ENTRYHI) & ENTRYHI_ASID;

	cp0_set(C0_INDEX, index);
	cp0_set(C0_ENTRYHI, entryhi);
	cp0_set(C0_ENTRYLO0, lo0);
	cp0_set(C0_ENTRYLO1, lo1);
	cp0_set(C0_PAGEMASK, page_mask);
	tlbwi();
	cp0_set(C0_PAGEMASK, 0);
	cp0_set(C0_ENTRYHI, asid);
}

void tlb_clear(void)
{
	uint64_t pa = (uint64_t)code_page - MIPS_CKSEG0;
	unsigned entries = tlb_entries();

	cp0_set(C0_WIRED, 0);
	for (unsigned i = 0; i < entries; i++)
		tlb_set(i, UNUSED_PAGES + ((uint64_t)i << 13), 0, 0, 0);
	tlb_set(0, CODE_LOW, entrylo(pa, LO_G | LO_V | LO_C), LO_G, 0);
	tlb_set(1, CODE_HIGH, entrylo(pa, LO_G | LO_V | LO_C), LO_G, 0);
	cp0_set(C0_WIRED, TLB_FREE);
}
