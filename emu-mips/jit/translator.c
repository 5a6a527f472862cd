// SPDX-License-Identifier: GPL-2.0-or-later
/* The translator as an engine: creation, the run loop, notice of writes to code. */
#include <cpuid.h>
#include <errno.h>
#include <stdlib.h>

#include "jit.h"

#define DEFAULT_CODE_CACHE ((size_t)512 * 1024 * 1024)

/* LZCNT: CPUID leaf 0x80000001, ECX bit 5. clang 14 does not know it by name. */
static bool host_has_lzcnt(void)
{
	unsigned eax, ebx, ecx = 0, edx;

	return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) != 0 && (ecx & 1u << 5) != 0;
}

static void translator_destroy(struct machine *machine)
{
	struct translator *jit = machine->engine_data;

	if (!jit)
		return;
	cache_destroy(jit);
	free(jit->folding);
	free(jit);
	machine->engine_data = NULL;
}

static size_t code_cache_size(const struct machine *machine)
{
	size_t size = machine->config.code_cache;

	return (size ? size : DEFAULT_CODE_CACHE) & ~(size_t)0xfffff;
}

static int translator_create(struct machine *machine, struct error *error)
{
	struct translator *jit = calloc(1, sizeof(*jit));
	int result;

	if (!jit)
		return error_set(error, -ENOMEM, "no memory for the translator");
	decode_init();
	interpreter_engine.create(machine, error);
	machine->engine_data = jit;
	jit->machine = machine;
	jit->profile = machine->config.profile;
	jit->has_bmi2 = __builtin_cpu_supports("bmi2");
	jit->has_lzcnt = host_has_lzcnt();
	jit->folding = calloc(1, sizeof(*jit->folding));
	if (!jit->folding)
		result = error_set(error, -ENOMEM, "no memory for the translator");
	else
		result = cache_create(jit, code_cache_size(machine), error);
	if (result == 0)
		result = runtime_create(jit, error);
	if (result < 0)
		translator_destroy(machine);
	return result;
}

/* As interpreter_run(): deadlines, interrupts and instructions in their exact order. */
static void translator_run(struct cpu *cpu, uint64_t quantum_end)
{
	struct translator *jit = cpu->machine->engine_data;

	for (;;) {
		const uint8_t *code;
		uint64_t limit;
		int64_t budget;

		cpu_deadlines(cpu, quantum_end);
		if (cpu->cycles >= quantum_end || cpu->waiting || cpu->machine->stop ||
		    cpu->machine->yield)
			return;
		if (cpu->interrupt_pending)
			cpu_take_interrupt(cpu);
		code = jit_continue(jit, cpu, &limit, &budget, ARRIVAL_MIDDLE);
		if (code)
			jit->enter(cpu, code, limit, budget);
		if (jit->single)
			return;
	}
}

static void translator_code_written(struct machine *machine, uint64_t pa, uint64_t length)
{
	const uint8_t *host = ram_pointer(machine, pa);

	if (host)
		cache_written(machine->engine_data, (uint64_t)(host - machine->ram), length);
}

const struct engine_ops translator_engine = {
	.name = "translator",
	.create = translator_create,
	.destroy = translator_destroy,
	.run = translator_run,
	.code_written = translator_code_written,
};
