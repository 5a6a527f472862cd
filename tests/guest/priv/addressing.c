/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 64-bit operations and addresses by mode: PX and UX, wrapping of 32-bit user addresses. */
#include "runtime.h"

PROGRAM_NAME;

#define DATA_PAGE UINT64_C(0x00800000)

/* Instructions that need 64-bit operations. */
static const struct {
	const char *name;
	uint32_t word;
} rows[] = {
	{"daddu", DADDU(V0, A0, A1)},
	{"daddiu", DADDIU(V0, A0, 1)},
	{"daddi", DADDI(V0, A0, 1)},
	{"dadd", R_TYPE(0x2c, A0, A1, V0, 0)},
	{"dsub", R_TYPE(0x2e, A0, A1, V0, 0)},
	{"dsubu", R_TYPE(0x2f, A0, A1, V0, 0)},
	{"dsll", R_TYPE(0x38, 0, A0, V0, 3)},
	{"dsrl", R_TYPE(0x3a, 0, A0, V0, 3)},
	{"dsra", R_TYPE(0x3b, 0, A0, V0, 3)},
	{"dsll32", R_TYPE(0x3c, 0, A0, V0, 3)},
	{"dsrl32", R_TYPE(0x3e, 0, A0, V0, 3)},
	{"dsra32", R_TYPE(0x3f, 0, A0, V0, 3)},
	{"dsllv", R_TYPE(0x14, A1, A0, V0, 0)},
	{"dsrlv", R_TYPE(0x16, A1, A0, V0, 0)},
	{"dsrav", R_TYPE(0x17, A1, A0, V0, 0)},
	{"drotr", R_TYPE(0x3a, 1, A0, V0, 3)},
	{"drotrv", R_TYPE(0x16, A1, A0, V0, 1)},
	{"drotr32", R_TYPE(0x3e, 1, A0, V0, 3)},
	{"dmult", R_TYPE(0x1c, A0, A1, 0, 0)},
	{"dmultu", R_TYPE(0x1d, A0, A1, 0, 0)},
	{"ddiv", R_TYPE(0x1e, A0, A1, 0, 0)},
	{"ddivu", R_TYPE(0x1f, A0, A1, 0, 0)},
	{"dclz", 0x70000024u | A0 << 21 | V0 << 16 | V0 << 11},
	{"dclo", 0x70000025u | A0 << 21 | V0 << 16 | V0 << 11},
	{"dext", 0x7c000003u | A0 << 21 | V0 << 16 | 7 << 11},
	{"dextm", 0x7c000001u | A0 << 21 | V0 << 16 | 7 << 11},
	{"dextu", 0x7c000002u | A0 << 21 | V0 << 16 | 7 << 11},
	{"dins", 0x7c000007u | A0 << 21 | V0 << 16 | 7 << 11},
	{"dinsm", 0x7c000005u | A0 << 21 | V0 << 16 | 7 << 11},
	{"dinsu", 0x7c000006u | A0 << 21 | V0 << 16 | 7 << 11},
	{"dsbh", 0x7c0000a4u | A0 << 16 | V0 << 11},
	{"dshd", 0x7c000164u | A0 << 16 | V0 << 11},
	{"ld", LD(V0, 0, A2)},
	{"sd", SD(V0, 0, A2)},
	{"lwu", LWU(V0, 0, A2)},
	{"lld", LLD(V0, 0, A2)},
	{"ldl", I_TYPE(0x1a, A2, V0, 0)},
	{"ldr", I_TYPE(0x1b, A2, V0, 0)},
	{"sdl", I_TYPE(0x2c, A2, V0, 0)},
	{"sdr", I_TYPE(0x2d, A2, V0, 0)},
};

static void operations(void)
{
	static const enum mode modes[] = {KERNEL, SUPERVISOR, USER};

	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		for (unsigned bits = 0; bits < 8; bits++)
			for (unsigned m = 0; m < 3; m++) {
				/* bits: UX, PX, and KX together with SX */
				uint64_t status = (bits & 1 ? STATUS_UX : 0) |
						  (bits & 2 ? STATUS_PX : 0) |
						  (bits & 4 ? STATUS_KX | STATUS_SX : 0);
				uint32_t words[] = {I_TYPE(0x0f, 0, A2, DATA_PAGE >> 16),
						    rows[i].word};
				struct trap *trap;

				about(rows[i].name, modes[m], bits, 0, 0);
				trap = run_code(modes[m], status, words, 2, 1000, 7);
				if (modes[m] == USER && !(bits & 3))
					check_exception(trap, USER, 1, EXC_RI);
				else
					check("goes through", trap_is_end(trap, modes[m], 2));
			}
}

/* Without UX, base + offset of user addresses wraps to 32 bits. */
static void wrapping(void)
{
	static const struct {
		uint64_t base;
		int offset;
		uint64_t va; /* with UX clear */
	} rows[] = {
		{UINT64_C(0xffffffffffffff00), 0x100, 0},
		{UINT64_C(0xfffffffffffffff8), 0x10, 8},
		{UINT64_C(0x7ffffff8), 0x10, UINT64_C(0xffffffff80000008)},
		{UINT64_C(0x10), -0x20, UINT64_C(0xfffffffffffffff0)},
		{UINT64_C(0xffffffff80000000), -8, UINT64_C(0x7ffffff8)},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		for (unsigned ux = 0; ux < 2; ux++) {
			uint64_t va =
				ux ? rows[i].base + (uint64_t)(int64_t)rows[i].offset : rows[i].va;
			uint32_t word = LW(V0, rows[i].offset, A0);
			bool kernel_address = va >> 63 || va > UINT64_C(0xffffffffff);
			struct trap *trap;

			about("user address", rows[i].base, (unsigned)rows[i].offset, ux, 0);
			trap = run_code(USER, STATUS_PX | (ux ? STATUS_UX : 0), &word, 1,
					rows[i].base, 0);
			check_eq("ExcCode", trap_code(trap), kernel_address ? EXC_ADEL : EXC_TLBL);
			check_eq("BadVAddr", trap->badvaddr, va);
		}
}

void test(void)
{
	tlb_set(TLB_FREE, DATA_PAGE, entrylo(FREE_RAM, LO_V | LO_D | LO_G | LO_C), LO_G, 0);
	operations();
	wrapping();
}
