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

static void destroy_one(struct translator *jit)
{
	if (!jit)
		return;
	cache_destroy(jit);
	free(jit->folding);
	free(jit);
}

static void translator_destroy(struct machine *machine)
{
	struct translators *all = machine->engine_data;

	for (unsigned n = 0; all && n < all->count; n++)
		destroy_one(all->of[n]);
	free(all);
	machine->engine_data = NULL;
}

static size_t code_cache_size(const struct machine *machine)
{
	size_t size = machine->config.code_cache;

	return (size ? size : DEFAULT_CODE_CACHE) & ~(size_t)0xfffff;
}

static int create_one(struct machine *machine, struct translator **made, struct error *error)
{
	struct translator *jit = calloc(1, sizeof(*jit));
	int result;

	*made = jit;
	if (!jit)
		return error_set(error, -ENOMEM, "no memory for the translator");
	jit->machine = machine;
	jit->profile = machine->config.profile;
	jit->has_bmi2 = __builtin_cpu_supports("bmi2");
	jit->has_lzcnt = host_has_lzcnt();
	jit->folding = calloc(1, sizeof(*jit->folding));
	if (!jit->folding)
		return error_set(error, -ENOMEM, "no memory for the translator");
	result = cache_create(jit, code_cache_size(machine), error);
	return result < 0 ? result : runtime_create(jit, error);
}

static int translator_create(struct machine *machine, struct error *error)
{
	struct translators *all = calloc(1, sizeof(*all));
	int result = 0;

	if (!all)
		return error_set(error, -ENOMEM, "no memory for the translator");
	decode_init();
	interpreter_engine.create(machine, error);
	machine->engine_data = all;
	all->count = machine->config.threads ? machine->config.threads : 1;
	for (unsigned n = 0; n < all->count && result == 0; n++)
		result = create_one(machine, &all->of[n], error);
	for (unsigned n = 0; n < machine->config.cpus; n++)
		machine->cpu[n]->engine = all->of[machine_thread_of(machine, n)];
	if (result < 0)
		translator_destroy(machine);
	return result;
}

/* Whether first-level hits can be told from misses in translated code; if not (hits that cost
 * cycles), every access must ask the model, and an instruction is no longer a cycle, which
 * translated code counts down in advance. */
static bool has_rights(const struct cpu *cpu)
{
	return !cpu->fetch_lines.base || (cpu->fetch_lines.rights && cpu->data_lines.rights);
}

/* As interpreter_run(): deadlines, interrupts and instructions in their exact order. */
static void translator_run(struct cpu *cpu, uint64_t quantum_end)
{
	struct translator *jit = translator_of_cpu(cpu);

	if (!has_rights(cpu)) {
		interpreter_engine.run(cpu, quantum_end);
		return;
	}
	for (;;) {
		const uint8_t *code;
		uint64_t limit;
		int64_t budget;

		cpu_deadlines(cpu, quantum_end);
		if (cpu->cycles >= quantum_end || cpu->waiting || cpu->machine->stop ||
		    cpu->machine->yield || cpu->wants_alone)
			return;
		if (cpu->interrupt_pending)
			cpu_take_interrupt(cpu);
		code = jit_continue(jit, cpu, &limit, &budget, ARRIVAL_MIDDLE);
		if (code)
			jit->enter(cpu, code, limit, budget);
		if (jit->single) {
			/* The state compared is that of a run to this cycle. */
			cpu_deadlines(cpu, quantum_end);
			return;
		}
	}
}

/* With several caches a page stays marked until a write finds code of it in none. */
static void unmark_pages(struct machine *machine, uint64_t offset, uint64_t length)
{
	const struct translators *all = machine->engine_data;
	uint64_t last = (offset + length - 1) / MIPS_PAGE_SIZE;

	for (uint64_t page = offset / MIPS_PAGE_SIZE; page <= last; page++) {
		bool has_code = false;

		for (unsigned n = 0; n < all->count; n++)
			has_code |= cache_has_page(all->of[n], page);
		if (!has_code)
			page_clear_code(machine, ram_address_of(machine, page * MIPS_PAGE_SIZE));
	}
}

static void translator_code_written(struct machine *machine, uint64_t pa, uint64_t length)
{
	const struct translators *all = machine->engine_data;
	const uint8_t *host = ram_pointer(machine, pa);
	uint64_t offset;

	if (!host || !length)
		return;
	offset = (uint64_t)(host - machine->ram);
	for (unsigned n = 0; n < all->count; n++)
		cache_written(all->of[n], offset, length);
	if (all->count > 1)
		unmark_pages(machine, offset, length);
}

static void translator_alone(struct cpu *cpu)
{
	struct translator *jit = translator_of_cpu(cpu);

	for (unsigned n = 0; n < jit->wanted_count; n++)
		page_mark_code(jit->machine, ram_address_of(jit->machine, jit->wanted[n]));
	jit->wanted_count = 0;
}

/* Code for either model stays over a switch; what is compiled in are the sizes of lines. */
static void translator_memory_model_changed(struct machine *machine)
{
	const struct translators *all = machine->engine_data;
	const struct cpu *cpu = machine->cpu[0];

	if (!machine->ccnuma || !has_rights(cpu))
		return;
	for (unsigned n = 0; n < all->count; n++) {
		struct translator *jit = all->of[n];

		if (jit->data_shift && (jit->data_shift != cpu->data_lines.shift ||
					jit->fetch_shift != cpu->fetch_lines.shift))
			cache_flush(jit);
		jit->data_shift = cpu->data_lines.shift;
		jit->fetch_shift = cpu->fetch_lines.shift;
	}
}

const struct engine_ops translator_engine = {
	.name = "translator",
	.threads = true,
	.memory_model_changed = translator_memory_model_changed,
	.create = translator_create,
	.destroy = translator_destroy,
	.run = translator_run,
	.code_written = translator_code_written,
	.alone = translator_alone,
};
