/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF executables: Linux's vmlinux, Debian's self-extracting vmlinuz, test programs. */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "board/elf_file.h"
#include "emu/mem.h"

#define KSEG_OFFSET  UINT64_C(0x1fffffff)
#define XKPHYS_PA    UINT64_C(0x07ffffffffffffff)
#define MAX_SEGMENTS 1024

/* What both classes of ELF say, in one width. */
struct header {
	uint64_t entry, program_headers;
	unsigned count, entry_size;
	bool is_64bit;
};

struct file {
	const char *name;
	const uint8_t *image;
	size_t size;
};

static int check_identity(const struct file *file, struct error *error)
{
	const uint8_t *id = file->image;

	if (file->size < EI_NIDENT || memcmp(id, ELFMAG, SELFMAG) != 0)
		return error_set(error, -ENOEXEC, "%s: not an ELF file", file->name);
	if (id[EI_DATA] != ELFDATA2LSB)
		return error_set(error, -ENOEXEC,
				 "%s: big-endian ELF file; the machine is "
				 "little-endian",
				 file->name);
	if (id[EI_CLASS] != ELFCLASS64 && id[EI_CLASS] != ELFCLASS32)
		return error_set(error, -ENOEXEC, "%s: unknown ELF class %u", file->name,
				 id[EI_CLASS]);
	if (file->size < (id[EI_CLASS] == ELFCLASS64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return error_set(error, -ENOEXEC, "%s: truncated ELF header (%zu bytes)",
				 file->name, file->size);
	return 0;
}

static int check_kind(const struct file *file, unsigned type, unsigned machine, struct error *error)
{
	if (machine != EM_MIPS)
		return error_set(error, -ENOEXEC, "%s: ELF file for processor %u, not MIPS",
				 file->name, machine);
	if (type != ET_EXEC)
		return error_set(error, -ENOEXEC,
				 "%s: ELF file is not an executable at a fixed address (type %u)",
				 file->name, type);
	return 0;
}

static int read_header(const struct file *file, struct header *out, struct error *error)
{
	int result = check_identity(file, error);
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	if (result)
		return result;
	out->is_64bit = file->image[EI_CLASS] == ELFCLASS64;
	if (out->is_64bit) {
		memcpy(&wide, file->image, sizeof(wide));
		out->entry = wide.e_entry;
		out->program_headers = wide.e_phoff;
		out->count = wide.e_phnum;
		out->entry_size = wide.e_phentsize;
		result = check_kind(file, wide.e_type, wide.e_machine, error);
	} else {
		memcpy(&narrow, file->image, sizeof(narrow));
		out->entry = (uint64_t)(int32_t)narrow.e_entry;
		out->program_headers = narrow.e_phoff;
		out->count = narrow.e_phnum;
		out->entry_size = narrow.e_phentsize;
		result = check_kind(file, narrow.e_type, narrow.e_machine, error);
	}
	if (result)
		return result;
	if (out->count == 0 || out->count > MAX_SEGMENTS ||
	    out->entry_size != (out->is_64bit ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
		return error_set(error, -ENOEXEC, "%s: %u program headers of %u bytes", file->name,
				 out->count, out->entry_size);
	if (out->program_headers > file->size ||
	    (uint64_t)out->count * out->entry_size > file->size - out->program_headers)
		return error_set(error, -ENOEXEC,
				 "%s: truncated: program headers end behind the "
				 "file's %zu bytes",
				 file->name, file->size);
	return 0;
}

static Elf64_Phdr read_segment(const struct file *file, const struct header *header, unsigned n)
{
	const uint8_t *at = file->image + header->program_headers + (size_t)n * header->entry_size;
	Elf64_Phdr wide;
	Elf32_Phdr narrow;

	if (header->is_64bit) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return (Elf64_Phdr){
		.p_type = narrow.p_type,
		.p_offset = narrow.p_offset,
		.p_vaddr = (uint64_t)(int32_t)narrow.p_vaddr,
		.p_paddr = (uint64_t)(int32_t)narrow.p_paddr,
		.p_filesz = narrow.p_filesz,
		.p_memsz = narrow.p_memsz,
	};
}

/* The physical address that an unmapped address stands for; low addresses stand for themselves. */
static uint64_t physical(uint64_t address)
{
	if (address >= MIPS_CKSEG0 && address < MIPS_CKSSEG)
		return address & KSEG_OFFSET;
	if (address >> 62 == 2)
		return address & XKPHYS_PA;
	return address;
}

static bool is_unmapped(uint64_t address)
{
	return (address >= MIPS_CKSEG0 && address < MIPS_CKSSEG) || address >> 62 == 2;
}

static int load_segment(struct machine *machine, const struct file *file, const Elf64_Phdr *segment,
			uint64_t pa, struct error *error)
{
	if (segment->p_filesz > segment->p_memsz)
		return error_set(error, -ENOEXEC,
				 "%s: segment at 0x%" PRIx64
				 " has more bytes in the file than in memory",
				 file->name, (uint64_t)segment->p_vaddr);
	if (segment->p_offset > file->size || segment->p_filesz > file->size - segment->p_offset)
		return error_set(error, -ENOEXEC,
				 "%s: truncated: segment at 0x%" PRIx64
				 " ends behind the file's %zu bytes",
				 file->name, (uint64_t)segment->p_vaddr, file->size);
	if (!ram_valid(machine, pa, segment->p_memsz))
		return error_set(error, -EFBIG,
				 "%s: segment at 0x%" PRIx64 " (physical 0x%" PRIx64 ", %" PRIu64
				 " bytes) is not in the machine's memory",
				 file->name, (uint64_t)segment->p_vaddr, pa,
				 (uint64_t)segment->p_memsz);
	ram_will_write(machine, pa, segment->p_memsz);
	memcpy(ram_pointer(machine, pa), file->image + segment->p_offset, segment->p_filesz);
	memset((uint8_t *)ram_pointer(machine, pa) + segment->p_filesz, 0,
	       segment->p_memsz - segment->p_filesz);
	return 0;
}

int elf_load(struct machine *machine, const char *name, const uint8_t *image, size_t size,
	     struct loaded *loaded, struct error *error)
{
	const struct file file = {name, image, size};
	struct header header;
	bool entry_loaded = false;
	int result = read_header(&file, &header, error);

	if (result)
		return result;
	*loaded = (struct loaded){.entry = header.entry};
	for (unsigned n = 0; n < header.count; n++) {
		Elf64_Phdr segment = read_segment(&file, &header, n);
		uint64_t pa = physical(segment.p_paddr);

		if (segment.p_type != PT_LOAD || !segment.p_memsz)
			continue;
		result = load_segment(machine, &file, &segment, pa, error);
		if (result)
			return result;
		loaded->mapped = loaded->mapped || !is_unmapped(segment.p_vaddr);
		if (header.entry - segment.p_vaddr < segment.p_filesz)
			entry_loaded = true;
		if (pa + segment.p_memsz > loaded->pa_end)
			loaded->pa_end = pa + segment.p_memsz;
	}
	if (!loaded->pa_end)
		return error_set(error, -ENOEXEC, "%s: no segment to load", name);
	if (!entry_loaded || header.entry % 4)
		return error_set(error, -ENOEXEC,
				 "%s: entry point 0x%" PRIx64 " is not in a loaded segment", name,
				 header.entry);
	return 0;
}
