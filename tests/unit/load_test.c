/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading a guest: ELF files good and bad, the initrd's place, the device tree as CPU 0 gets it. */
#include <elf.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "board_machine.h"

#define ENTRY UINT64_C(0xffffffff80100000)

static struct machine *machine;
static char kernel[] = "/tmp/disco-load-test-XXXXXX";
static char initrd[] = "/tmp/disco-load-test-XXXXXX";
static struct error error;

struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	uint32_t code[4];
};

/* A program of one segment that is all right. */
static struct image good_image(void)
{
	return (struct image){
		.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			   .e_type = ET_EXEC,
			   .e_machine = EM_MIPS,
			   .e_version = EV_CURRENT,
			   .e_entry = ENTRY,
			   .e_phoff = offsetof(struct image, segment),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 1},
		.segment = {.p_type = PT_LOAD,
			    .p_offset = offsetof(struct image, code),
			    .p_vaddr = ENTRY,
			    .p_paddr = ENTRY,
			    .p_filesz = 16,
			    .p_memsz = 0x2000},
		.code = {0x1000ffff, 0, 0x11223344, 0x55667788},
	};
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	if (size)
		assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

static int setup(void **state)
{
	(void)state;
	close(mkstemp(strcpy(kernel, "/tmp/disco-load-test-XXXXXX")));
	close(mkstemp(strcpy(initrd, "/tmp/disco-load-test-XXXXXX")));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_destroy(machine);
	machine = NULL;
	unlink(kernel);
	unlink(initrd);
	return 0;
}

static int load(const struct board_config *board, unsigned cpus, uint64_t memory)
{
	struct machine_config config = test_config(cpus);

	config.memory = memory;
	machine_destroy(machine);
	error.text[0] = 0;
	machine = machine_create(&config, &interpreter_engine, &error);
	assert_non_null(machine);
	return board_create(machine, board, &error);
}

static int load_image(const struct image *image, size_t size)
{
	const struct board_config board = {.kernel = kernel};

	write_file(kernel, image, size);
	return load(&board, 1, UINT64_C(64) << 20);
}

static void loads_and_starts(void **state)
{
	const struct image image = good_image();
	const struct cpu *cpu;

	(void)state;
	assert_int_equal(load_image(&image, sizeof(image)), 0);
	cpu = machine->cpu[0];
	assert_true(cpu->pc == ENTRY);
	assert_true(cpu->gpr[4] == UINT64_C(0xfffffffffffffffe));
	assert_true(cpu->gpr[5] >= MIPS_CKSEG0 && cpu->gpr[5] < MIPS_CKSEG1);
	assert_int_equal(*(uint32_t *)ram_pointer(machine, 0x100008), 0x11223344);
	assert_int_equal(*(uint32_t *)ram_pointer(machine, 0x100010), 0);
}

/* Refused with status and a sentence that holds @word. */
static void refused(const struct image *image, size_t size, const char *word)
{
	assert_true(load_image(image, size) < 0);
	if (!strstr(error.text, word))
		fail_msg("'%s' does not say '%s'", error.text, word);
	if (!strstr(error.text, kernel))
		fail_msg("'%s' does not name the file", error.text);
}

static void bad_files_are_refused(void **state)
{
	struct image image = good_image();

	(void)state;
	refused(&image, 0, "empty");
	refused(&image, 10, "not an ELF file");
	refused(&image, 40, "truncated");
	refused(&image, sizeof(Elf64_Ehdr) + 8, "truncated");
	refused(&image, sizeof(image) - 4, "truncated");
	image.header.e_ident[EI_DATA] = ELFDATA2MSB;
	refused(&image, sizeof(image), "big-endian");
	image = good_image();
	image.header.e_ident[EI_CLASS] = 7;
	refused(&image, sizeof(image), "class 7");
	image = good_image();
	image.header.e_machine = EM_X86_64;
	refused(&image, sizeof(image), "not MIPS");
	image = good_image();
	image.header.e_type = ET_DYN;
	refused(&image, sizeof(image), "not an executable");
	image = good_image();
	image.header.e_entry = ENTRY + 0x1000000;
	refused(&image, sizeof(image), "entry point");
	image.header.e_entry = ENTRY + 2;
	refused(&image, sizeof(image), "entry point");
	image = good_image();
	image.segment.p_type = PT_NOTE;
	refused(&image, sizeof(image), "no segment");
	image = good_image();
	image.segment.p_memsz = 8;
	refused(&image, sizeof(image), "more bytes in the file");
	image = good_image();
	image.segment.p_memsz = UINT64_C(1) << 40;
	refused(&image, sizeof(image), "memory");
	image = good_image();
	image.segment.p_paddr = UINT64_C(0xffffffff90000000); /* the device hole */
	refused(&image, sizeof(image), "memory");
	image = good_image();
	image.header.e_phoff = UINT64_MAX - 8;
	refused(&image, sizeof(image), "truncated");
	image = good_image();
	image.segment.p_offset = UINT64_MAX - 8;
	refused(&image, sizeof(image), "truncated");
	image = good_image();
	image.segment.p_memsz = (UINT64_C(63) << 20) - 0x1000;
	refused(&image, sizeof(image), "device tree");
}

static void missing_files(void **state)
{
	const struct image image = good_image();
	struct board_config board = {.kernel = "/nonexistent/vmlinux"};

	(void)state;
	assert_true(load(&board, 1, UINT64_C(64) << 20) < 0);
	assert_non_null(strstr(error.text, "/nonexistent/vmlinux"));
	write_file(kernel, &image, sizeof(image));
	board.kernel = kernel;
	board.initrd = "/nonexistent/initrd";
	assert_true(load(&board, 1, UINT64_C(64) << 20) < 0);
	assert_non_null(strstr(error.text, "/nonexistent/initrd"));
	board.initrd = "/tmp";
	assert_true(load(&board, 1, UINT64_C(64) << 20) < 0);
	assert_non_null(strstr(error.text, "not a regular file"));
}

static void initrd_must_fit(void **state)
{
	const struct image image = good_image();
	const struct board_config board = {.kernel = kernel, .initrd = initrd};

	(void)state;
	write_file(kernel, &image, sizeof(image));
	write_file(initrd, "x", 1);
	assert_int_equal(truncate(initrd, 70 << 20), 0);
	assert_true(load(&board, 1, UINT64_C(64) << 20) < 0);
	assert_non_null(strstr(error.text, "do not fit"));
	/* Larger than what is below the device hole, but not than what is above. */
	assert_int_equal(truncate(initrd, 300 << 20), 0);
	assert_int_equal(load(&board, 1, UINT64_C(1) << 30), 0);
	assert_true(load(&board, 1, UINT64_C(512) << 20) < 0);
}

static const void *tree(void)
{
	return ram_pointer(machine, machine->cpu[0]->gpr[5] & 0x1fffffff);
}

static const void *property(const char *path, const char *name, int *length)
{
	int node = fdt_path_offset(tree(), path);

	if (node < 0)
		fail_msg("no node %s", path);
	return fdt_getprop(tree(), node, name, length);
}

static uint64_t number(const char *path, const char *name, unsigned index)
{
	int length;
	const fdt32_t *cells = property(path, name, &length);

	assert_non_null(cells);
	assert_true((int)(4 * index) < length);
	return fdt32_to_cpu(cells[index]);
}

static void describes_the_machine(void **state)
{
	const struct image image = good_image();
	const struct board_config board = {
		.kernel = kernel, .initrd = initrd, .append = "one two", .nics = 1};
	uint64_t start, end;
	int length;

	(void)state;
	write_file(kernel, &image, sizeof(image));
	write_file(initrd, "the initrd", 10);
	assert_int_equal(load(&board, 3, UINT64_C(6) << 30), 0);
	assert_int_equal(fdt_check_full(tree(), fdt_totalsize(tree())), 0);
	assert_string_equal(property("/chosen", "bootargs", &length), "one two");
	start = number("/chosen", "linux,initrd-start", 0) << 32 |
		number("/chosen", "linux,initrd-start", 1);
	end = number("/chosen", "linux,initrd-end", 0) << 32 |
	      number("/chosen", "linux,initrd-end", 1);
	assert_int_equal(end - start, 10);
	assert_memory_equal(ram_pointer(machine, start), "the initrd", 10);
	assert_int_equal(number("/memory@0", "reg", 3), 0x10000000);
	assert_int_equal(number("/memory@0", "reg", 5), 0x20000000);
	assert_int_equal(number("/memory@0", "reg", 6), 1); /* 6 GiB less 256 MiB, high word */
	assert_int_equal(number("/memory@0", "reg", 7), 0x70000000);
	assert_int_equal(number("/cpuclk", "clock-frequency", 0), 100000000);
	assert_int_equal(number("/cpus/cpu@2", "reg", 0), 2);
	assert_int_equal(number("/soc/interrupt-controller@1bdc0000", "reg", 0), MAP_GIC_BASE);
	assert_non_null(property("/soc/virtio@18010000", "interrupts", &length)); /* the NIC */
	assert_true(fdt_path_offset(tree(), "/soc/virtio@18000000") < 0);	  /* no disk */
	assert_true(fdt_path_offset(tree(), "/soc/interrupt-controller@1bdc0000/timer") >= 0);
}

/* A kernel that moves itself must not run into the initrd or out of memory. */
static void small_memory_turns_randomizing_off(void **state)
{
	const struct image image = good_image();
	const struct board_config board = {.kernel = kernel, .append = "quiet"};
	int length;

	(void)state;
	write_file(kernel, &image, sizeof(image));
	assert_int_equal(load(&board, 1, UINT64_C(64) << 20), 0);
	assert_string_equal(property("/chosen", "bootargs", &length), "quiet nokaslr");
}

static void long_command_lines(void **state)
{
	const struct image image = good_image();
	struct board_config board = {.kernel = kernel};
	char line[5000];
	int length;

	(void)state;
	write_file(kernel, &image, sizeof(image));
	memset(line, 'a', sizeof(line));
	line[4095] = 0;
	board.append = line;
	assert_int_equal(load(&board, 1, UINT64_C(128) << 20), 0);
	assert_string_equal(property("/chosen", "bootargs", &length), line);
	line[4095] = 'a';
	line[4096] = 0;
	assert_true(load(&board, 1, UINT64_C(128) << 20) < 0);
	assert_non_null(strstr(error.text, "command line"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(loads_and_starts, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_files_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_files, setup, teardown),
		cmocka_unit_test_setup_teardown(initrd_must_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(describes_the_machine, setup, teardown),
		cmocka_unit_test_setup_teardown(small_memory_turns_randomizing_off, setup,
						teardown),
		cmocka_unit_test_setup_teardown(long_command_lines, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
