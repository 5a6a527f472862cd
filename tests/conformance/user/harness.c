// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a static n64 or o32 Linux program on one of our engines, as far as the conformance program
 * needs a system: user mode, one mapping, write and exit_group, exceptions told to the program
 * (user.h). The system is a monitor: it is called in place of the exception vectors.
 *
 * Usage: harness ENGINE PROGRAM ARGUMENT...
 *        harness --engines
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu/machine.h"
#include "emu/mem.h"
#include "user.h"

/* The program's memory: two pages of 16 MiB, one TLB entry, one after the other in RAM. */
#define PAGE	       (UINT64_C(16) << 20)
#define PROGRAM_PA     PAGE

/* Linux's ABIs: n64 and o32 system calls. */
#define N64_WRITE      5001
#define N64_EXIT_GROUP 5205
#define O32_WRITE      4004
#define O32_EXIT_GROUP 4246

struct system {
	struct cpu_monitor monitor;
	struct machine *machine;
	bool o32;
	uint64_t start; /* of the program's pages */
	struct state *trap_state;
	uint64_t trap_pc;
	bool exited;
	int exit_status;
};

static _Noreturn void fail(const char *text)
{
	fprintf(stderr, "harness: %s\n", text);
	exit(2);
}

/* Host address of [va, va + size) of the program. */
static void *user_pointer(struct system *system, uint64_t va, uint64_t size)
{
	if (va < system->start || va + size > system->start + 2 * PAGE || va + size < va)
		fail("the program uses an address it does not have");
	return system->machine->ram + PROGRAM_PA + (va - system->start);
}

static int64_t system_call(struct system *system, struct cpu *cpu)
{
	const uint64_t *argument = &cpu->gpr[4];

	switch (cpu->gpr[2]) {
	case SYSCALL_TRAPS:
		system->trap_state = user_pointer(system, argument[0], sizeof(struct state));
		system->trap_pc = argument[1];
		return 0;
	case N64_WRITE:
	case O32_WRITE:
		return write((int)argument[0], user_pointer(system, argument[1], argument[2]),
			     argument[2]);
	case N64_EXIT_GROUP:
	case O32_EXIT_GROUP:
		system->exited = true;
		system->exit_status = (int)argument[0];
		cpu->waiting = true;
		return 0;
	default:
		return -ENOSYS;
	}
}

static unsigned kind_of(enum mips_exception code)
{
	switch (code) {
	case EXC_RI:
	case EXC_CPU:
		return TRAP_ILLEGAL;
	case EXC_OV:
	case EXC_TR:
	case EXC_BP:
	case EXC_FPE:
		return TRAP_ARITH;
	case EXC_ADEL:
	case EXC_ADES:
	case EXC_TLBL:
	case EXC_TLBS:
		return TRAP_ADDRESS;
	default:
		return TRAP_OTHER;
	}
}

static void on_trap(struct cpu_monitor *monitor, struct cpu *cpu, enum mips_exception code,
		    bool tlb_refill)
{
	struct system *system = (struct system *)monitor;
	struct state *state = system->trap_state;
	uint64_t epc = cpu->cp0[CP0_EPC];

	(void)tlb_refill;
	cp0_write(cpu, 12, 0, cpu->cp0[CP0_STATUS] & ~(uint64_t)STATUS_EXL);
	cpu->in_delay_slot = false;
	if (code == EXC_SYS) {
		int64_t result = system_call(system, cpu);

		cpu->gpr[2] = (uint64_t)(result < 0 ? -result : result);
		cpu->gpr[7] = result < 0;
		cpu->pc = epc + 4;
		return;
	}
	if (!state) {
		fprintf(stderr, "harness: exception %d at %#lx, address %#lx\n", (int)code,
			(unsigned long)epc, (unsigned long)cpu->cp0[CP0_BADVADDR]);
		exit(2);
	}
	memcpy(state->gpr, cpu->gpr, sizeof(state->gpr));
	for (unsigned n = 0; n < 32; n += system->o32 ? 2 : 1)
		state->fpr[n] = cpu->fpr[n];
	state->hi = cpu->hi;
	state->lo = cpu->lo;
	state->fcsr = (uint64_t)(int64_t)(int32_t)cpu->fcr31;
	state->trap = kind_of(code);
	state->pc = epc;
	cpu->fcr31 = 0;
	cpu->pc = system->trap_pc;
}

static void load_segment(struct system *system, FILE *file, uint64_t va, uint64_t offset,
			 uint64_t file_size, uint64_t memory_size)
{
	if (fseek(file, (long)offset, SEEK_SET) != 0 ||
	    fread(user_pointer(system, va, memory_size), 1, file_size, file) != file_size)
		fail("the program is truncated");
}

/* Loads an ELF file; its addresses begin in the first of the two pages. Returns the entry. */
#define LOAD(bits)                                                                                 \
	static uint64_t load##bits(struct system *system, FILE *file)                              \
	{                                                                                          \
		Elf##bits##_Ehdr header;                                                           \
		Elf##bits##_Phdr segment;                                                          \
                                                                                                   \
		rewind(file);                                                                      \
		if (fread(&header, sizeof(header), 1, file) != 1)                                  \
			fail("the program is truncated");                                          \
		system->start = header.e_entry & ~(2 * PAGE - 1);                                  \
		for (unsigned i = 0; i < header.e_phnum; i++) {                                    \
			if (fseek(file, (long)(header.e_phoff + i * sizeof(segment)), SEEK_SET) || \
			    fread(&segment, sizeof(segment), 1, file) != 1)                        \
				fail("the program is truncated");                                  \
			if (segment.p_type == PT_LOAD)                                             \
				load_segment(system, file, segment.p_vaddr, segment.p_offset,      \
					     segment.p_filesz, segment.p_memsz);                   \
		}                                                                                  \
		return header.e_entry;                                                             \
	}
LOAD(32)
LOAD(64)

static uint64_t load(struct system *system, const char *path)
{
	unsigned char identity[EI_NIDENT];
	FILE *file = fopen(path, "rb");
	uint64_t entry;

	if (!file || fread(identity, sizeof(identity), 1, file) != 1 ||
	    memcmp(identity, ELFMAG, SELFMAG) != 0)
		fail("the program is not an ELF file");
	system->o32 = identity[EI_CLASS] == ELFCLASS32;
	entry = system->o32 ? load32(system, file) : load64(system, file);
	fclose(file);
	return entry;
}

static void store_word(struct system *system, uint64_t va, unsigned index, uint64_t value)
{
	unsigned size = system->o32 ? 4 : 8;

	memcpy(user_pointer(system, va + index * size, size), &value, size);
}

/* argc, argv and the strings, as Linux lays them out. */
static void push_arguments(struct system *system, struct cpu *cpu, int count, char **arguments)
{
	uint64_t stack = system->start + 2 * PAGE - 65536, string = stack + 4096;

	store_word(system, stack, 0, (uint64_t)count);
	for (int i = 0; i < count; i++) {
		size_t size = strlen(arguments[i]) + 1;

		memcpy(user_pointer(system, string, size), arguments[i], size);
		store_word(system, stack, 1 + (unsigned)i, string);
		string += size;
	}
	store_word(system, stack, 1 + (unsigned)count, 0);
	cpu->gpr[29] = stack;
}

static void map_program(const struct system *system, struct cpu *cpu)
{
	const uint64_t flags = ENTRYLO_G | ENTRYLO_V | ENTRYLO_D | 3 << 3;

	cp0_write(cpu, 5, 0, (PAGE - 1) << 1 & PAGEMASK_MASK);
	cp0_write(cpu, 10, 0, system->start);
	cp0_write(cpu, 2, 0, PROGRAM_PA >> 6 | flags);
	cp0_write(cpu, 3, 0, (PROGRAM_PA + PAGE) >> 6 | flags);
	tlb_write(cpu, 0);
}

static const struct engine_ops *const engines[] = {
	&interpreter_engine,
	&translator_engine,
};

static const struct engine_ops *find_engine(const char *name)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (strcmp(name, engines[i]->name) == 0)
			return engines[i];
	fail("no such engine");
}

static int list_engines(void)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		puts(engines[i]->name);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct machine_config config = {
		.name = "conformance",
		.nodes = 1,
		.cpus = 1,
		.memory = UINT64_C(64) << 20,
		.quantum = 100000,
		.seed = 1,
		.cpu = {.tlb_entries = 64, .clock_mhz = 100},
	};
	struct system system = {.monitor = {.trap = on_trap}};
	const struct engine_ops *engine;
	struct error error;
	struct cpu *cpu;

	if (argc == 2 && strcmp(argv[1], "--engines") == 0)
		return list_engines();
	if (argc < 3)
		fail("usage: harness ENGINE PROGRAM ARGUMENT...");
	engine = find_engine(argv[1]);
	system.machine = machine_create(&config, engine, &error);
	if (!system.machine)
		fail(error.text);
	cpu = system.machine->cpu[0];
	cpu_reset(cpu);
	cpu->present = true;
	cpu->monitor = &system.monitor;
	cpu->pc = load(&system, argv[2]);
	map_program(&system, cpu);
	push_arguments(&system, cpu, argc - 2, argv + 2);
	cp0_write(cpu, 12, 0,
		  STATUS_KSU_U | STATUS_CU1 | (system.o32 ? 0 : STATUS_UX | STATUS_PX | STATUS_FR));
	system.machine->running = cpu;
	while (!system.exited)
		engine->run(cpu, cpu->cycles + config.quantum);
	machine_destroy(system.machine);
	return system.exit_status;
}
