// SPDX-License-Identifier: GPL-2.0-or-later
/* The x86-64 encoder against capstone's disassembly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <capstone/capstone.h>
#include <cmocka.h>

#include "../../emu-mips/jit/emit_x64.h"

static uint8_t buffer[256];

static struct emitter start(void)
{
	memset(buffer, 0xcc, sizeof(buffer));
	return (struct emitter){.p = buffer, .end = buffer + sizeof(buffer)};
}

/* The one instruction in the buffer must read @expected, and be as long as what was emitted. */
static void expect(const struct emitter *e, const char *expected)
{
	cs_insn *insn;
	csh handle;
	char text[256] = "(does not disassemble)";
	size_t size = (size_t)(e->p - buffer);

	assert_int_equal(cs_open(CS_ARCH_X86, CS_MODE_64, &handle), CS_ERR_OK);
	if (cs_disasm(handle, buffer, size, 0, 1, &insn) == 1) {
		snprintf(text, sizeof(text), "%s %s", insn->mnemonic, insn->op_str);
		if (insn->size != size)
			strcat(text, " (wrong length)");
		cs_free(insn, 1);
	}
	cs_close(&handle);
	assert_string_equal(text, expected);
}

#define CHECK(expected, ...)                                                                       \
	do {                                                                                       \
		struct emitter emitter = start(), *e = &emitter;                                   \
                                                                                                   \
		__VA_ARGS__;                                                                       \
		expect(e, expected);                                                               \
	} while (0)

static void test_alu(void **state)
{
	(void)state;
	CHECK("add rax, r9", emit_alu_r_rm(e, true, ALU_ADD, RAX, op_reg(R9)));
	CHECK("sub r12d, dword ptr [rbp - 8]",
	      emit_alu_r_rm(e, false, ALU_SUB, R12, op_mem(RBP, -8)));
	CHECK("xor qword ptr [r13], rbx", emit_alu_rm_r(e, true, ALU_XOR, op_mem(R13, 0), RBX));
	CHECK("cmp rsi, -1", emit_alu_rm_i(e, true, ALU_CMP, op_reg(RSI), -1));
	CHECK("and r15, 0x1000", emit_alu_rm_i(e, true, ALU_AND, op_reg(R15), 0x1000));
	CHECK("or dword ptr [rsp + 0x20], 5",
	      emit_alu_rm_i(e, false, ALU_OR, op_mem(RSP, 0x20), 5));
	CHECK("cmp rdx, qword ptr [r14 + rcx + 8]",
	      emit_alu_r_rm(e, true, ALU_CMP, RDX, op_index(R14, RCX, 0, 8)));
	CHECK("cmp rax, qword ptr [rdx + r12*4]",
	      emit_alu_r_rm(e, true, ALU_CMP, RAX, op_index(RDX, R12, 2, 0)));
	CHECK("test r8, r8", emit_test_rr(e, true, R8, R8));
	CHECK("test dword ptr [rbp + 0x1000], 0x800000",
	      emit_test_rm_i(e, false, op_mem(RBP, 0x1000), 0x800000));
	CHECK("cmp byte ptr [rsp + 0x60], 0", emit_cmp8_rm_i(e, op_mem(RSP, 0x60), 0));
	CHECK("test byte ptr [r12], 3", emit_test8_rm_i(e, op_mem(R12, 0), 3));
}

static void test_moves(void **state)
{
	(void)state;
	CHECK("mov r10, qword ptr [rsp]", emit_mov_r_rm(e, true, R10, op_mem(RSP, 0)));
	CHECK("mov dword ptr [r12 + 0x80], eax", emit_mov_rm_r(e, false, op_mem(R12, 0x80), RAX));
	CHECK("mov ebx, 0x80000000", emit_mov_r_imm(e, RBX, 0x80000000));
	CHECK("mov r9, -0x80000000", emit_mov_r_imm(e, R9, UINT64_C(0xffffffff80000000)));
	CHECK("movabs rdi, 0x123456789abcdef0",
	      emit_mov_r_imm(e, RDI, UINT64_C(0x123456789abcdef0)));
	CHECK("mov qword ptr [rbp + 0x10], -2", emit_mov_rm_i(e, true, op_mem(RBP, 0x10), -2));
	CHECK("mov byte ptr [rsi], 1", emit_mov8_rm_i(e, op_mem(RSI, 0), 1));
	CHECK("movzx edi, sil", emit_load(e, LOAD_U8, RDI, op_reg(RSI)));
	CHECK("movsx r8, byte ptr [rax]", emit_load(e, LOAD_S8, R8, op_mem(RAX, 0)));
	CHECK("movzx eax, word ptr [rax + 2]", emit_load(e, LOAD_U16, RAX, op_mem(RAX, 2)));
	CHECK("movsx rax, r11w", emit_load(e, LOAD_S16, RAX, op_reg(R11)));
	CHECK("movsxd rbx, ebx", emit_load(e, LOAD_S32, RBX, op_reg(RBX)));
	CHECK("mov byte ptr [rax], sil", emit_store(e, 1, op_mem(RAX, 0), RSI));
	CHECK("mov word ptr [rax], r12w", emit_store(e, 2, op_mem(RAX, 0), R12));
	CHECK("mov qword ptr [r13 - 0x80], rcx", emit_store(e, 8, op_mem(R13, -0x80), RCX));
	CHECK("lea rax, [r12 + 0x7f]", emit_lea(e, true, RAX, op_mem(R12, 0x7f)));
}

static void test_arithmetic(void **state)
{
	(void)state;
	CHECK("shl rbx, 0x20", emit_shift_i(e, true, SHIFT_SHL, op_reg(RBX), 32));
	CHECK("sar r11d, 3", emit_shift_i(e, false, SHIFT_SAR, op_reg(R11), 3));
	CHECK("ror eax, cl", emit_shift_cl(e, false, SHIFT_ROR, op_reg(RAX)));
	CHECK("rorx ecx, eax, 7", emit_rorx(e, false, RCX, op_reg(RAX), 7));
	CHECK("rorx r9, r12, 0x3f", emit_rorx(e, true, R9, op_reg(R12), 63));
	CHECK("lock cmpxchg qword ptr [rcx], rdx", emit_lock_cmpxchg(e, true, op_mem(RCX, 0), RDX));
	CHECK("lock cmpxchg dword ptr [rcx], r8d", emit_lock_cmpxchg(e, false, op_mem(RCX, 0), R8));
	CHECK("lock bts qword ptr [rdx], 0", emit_lock_bts(e, op_mem(RDX, 0), 0));
	CHECK("lock or dword ptr [rsp], 0", emit_fence(e));
	CHECK("neg rdx", emit_unary(e, true, UNARY_NEG, op_reg(RDX)));
	CHECK("idiv ecx", emit_unary(e, false, UNARY_IDIV, op_reg(RCX)));
	CHECK("mul qword ptr [rbp - 0x48]", emit_unary(e, true, UNARY_MUL, op_mem(RBP, -0x48)));
	CHECK("imul rax, r10", emit_imul_r_rm(e, true, RAX, op_reg(R10)));
	CHECK("bswap r9d", emit_bswap(e, false, R9));
	CHECK("lzcnt rax, r8", emit_lzcnt(e, true, RAX, op_reg(R8)));
	CHECK("setb al", emit_setcc(e, CC_B, op_reg(RAX)));
	CHECK("setg dil", emit_setcc(e, CC_G, op_reg(RDI)));
	CHECK("cmovne rbx, qword ptr [rbp]", emit_cmov(e, true, CC_NE, RBX, op_mem(RBP, 0)));
	CHECK("push r14", emit_push(e, R14));
	CHECK("pop rbp", emit_pop(e, RBP));
	CHECK("jmp qword ptr [rdx + rcx*4 + 8]", emit_jmp_rm(e, op_index(RDX, RCX, 2, 8)));
	CHECK("call rax", emit_call_rm(e, op_reg(RAX)));
	CHECK("je 0x100", emit_jcc_to(e, CC_E, buffer + 0x100));
	CHECK("jmp 0x40", emit_jmp_to(e, buffer + 0x40));
	CHECK("call 0x40", emit_call_to(e, buffer + 0x40));
}

static void test_sse(void **state)
{
	(void)state;
	CHECK("movsd xmm0, qword ptr [rbp + 0x200]", emit_sse_load(e, true, 0, op_mem(RBP, 0x200)));
	CHECK("movss dword ptr [rbp + 8], xmm1", emit_sse_store(e, false, op_mem(RBP, 8), 1));
	CHECK("addsd xmm0, xmm1", emit_sse_op(e, true, SSE_ADD, 0, op_reg((enum host_reg)1)));
	CHECK("divss xmm0, dword ptr [rbp]", emit_sse_op(e, false, SSE_DIV, 0, op_mem(RBP, 0)));
	CHECK("ucomisd xmm0, xmm1", emit_ucomis(e, true, 0, op_reg((enum host_reg)1)));
	CHECK("movq rax, xmm0", emit_movq_r_xmm(e, true, RAX, 0));
	CHECK("movd ecx, xmm1", emit_movq_r_xmm(e, false, RCX, 1));
	CHECK("movq xmm0, rax", emit_movq_xmm_r(e, true, 0, RAX));
	CHECK("cvtss2sd xmm0, xmm0", emit_cvt_float(e, true, 0, op_reg((enum host_reg)0)));
	CHECK("cvtsi2sd xmm0, qword ptr [rbp]",
	      emit_cvt_from_int(e, true, true, 0, op_mem(RBP, 0)));
	CHECK("cvttsd2si rax, xmm0", emit_cvt_to_int(e, true, true, true, RAX, 0));
	CHECK("cvtss2si eax, xmm0", emit_cvt_to_int(e, false, false, false, RAX, 0));
	CHECK("ldmxcsr dword ptr [rsp + 0x7c]", emit_ldmxcsr(e, op_mem(RSP, 0x7c)));
	CHECK("stmxcsr dword ptr [rsp + 0x7c]", emit_stmxcsr(e, op_mem(RSP, 0x7c)));
}

static void test_overflow(void **state)
{
	struct emitter e = {.p = buffer, .end = buffer + 8};

	(void)state;
	emit_alu_r_rm(&e, true, ALU_ADD, RAX, op_reg(R9));
	assert_true(e.overflow);
	assert_ptr_equal(e.p, buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alu),	   cmocka_unit_test(test_moves),
		cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_sse),
		cmocka_unit_test(test_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
