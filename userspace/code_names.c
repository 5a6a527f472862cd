// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of guest code; see code_names.h. ELF: System V ABI, chapter 4 and 5. */
#include "code_names.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disco.h"
#include "mips/arch.h"

#define KERNEL_START UINT64_C(0x8000000000000000)

struct symbol {
	uint64_t address;
	const char *name; /* in the file's mapping, or its own */
};

struct file {
	char *name; /* without folders */
	const uint8_t *data;
	size_t size;
	struct symbol *symbols; /* sorted by address */
	size_t count, room;
};

/* A page of an executable segment. */
struct code_page {
	uint64_t hash;
	uint32_t file;
	uint64_t offset;  /* in the file */
	uint64_t address; /* by the file's program headers */
};

struct code_names {
	struct file *files;
	size_t file_count;
	struct file kernel; /* all kernel symbols, whatever their file */
	struct code_page *pages;
	size_t page_count;
};

/* ---- Tables ---- */

static bool add_symbol(struct file *file, uint64_t address, const char *name)
{
	if (file->count == file->room) {
		size_t room = file->room ? file->room * 2 : 1024;
		void *grown = realloc(file->symbols, room * sizeof(struct symbol));

		if (!grown)
			return false;
		file->symbols = grown;
		file->room = room;
	}
	file->symbols[file->count++] = (struct symbol){address, name};
	return true;
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static int by_hash(const void *a, const void *b)
{
	const struct code_page *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* The last symbol at or before @address, or NULL. */
static const struct symbol *find_symbol(const struct file *file, uint64_t address)
{
	size_t low = 0, high = file->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (file->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &file->symbols[low - 1] : NULL;
}

static uint64_t page_hash(const void *page)
{
	const uint64_t *words = page;
	uint64_t hash = 0;

	for (size_t n = 0; n < MIPS_PAGE_SIZE / sizeof(*words); n++)
		hash = (hash ^ words[n]) * UINT64_C(0x9e3779b97f4a7c15);
	return hash;
}

/* ---- ELF ---- */

static const void *part(const struct file *file, uint64_t offset, uint64_t size)
{
	return offset <= file->size && size <= file->size - offset ? file->data + offset : NULL;
}

static bool add_section(struct code_names *symbols, struct file *file, const Elf64_Shdr *section,
			const Elf64_Shdr *strings)
{
	const Elf64_Sym *entries = part(file, section->sh_offset, section->sh_size);
	const char *names = part(file, strings->sh_offset, strings->sh_size);

	if (!entries || !names || !strings->sh_size || names[strings->sh_size - 1])
		return true;
	for (size_t n = 0; n < section->sh_size / sizeof(*entries); n++) {
		const Elf64_Sym *entry = &entries[n];
		struct file *target = entry->st_value >= KERNEL_START ? &symbols->kernel : file;

		if (ELF64_ST_TYPE(entry->st_info) != STT_FUNC || entry->st_shndx == SHN_UNDEF ||
		    entry->st_name >= strings->sh_size)
			continue;
		if (!add_symbol(target, entry->st_value, names + entry->st_name))
			return false;
	}
	return true;
}

static bool add_sections(struct code_names *symbols, struct file *file, const Elf64_Ehdr *header)
{
	const Elf64_Shdr *sections =
		part(file, header->e_shoff, (uint64_t)header->e_shnum * sizeof(*sections));

	for (unsigned n = 0; sections && n < header->e_shnum; n++) {
		const Elf64_Shdr *section = &sections[n];
		bool table = section->sh_type == SHT_SYMTAB || section->sh_type == SHT_DYNSYM;

		if (table && section->sh_link < header->e_shnum &&
		    !add_section(symbols, file, section, &sections[section->sh_link]))
			return false;
	}
	return true;
}

static bool add_pages(struct code_names *symbols, const struct file *file,
		      const Elf64_Phdr *segment)
{
	uint64_t first = segment->p_offset & ~(MIPS_PAGE_SIZE - 1);
	uint64_t pages, end;

	if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) || segment->p_vaddr >> 63 ||
	    !part(file, segment->p_offset, segment->p_filesz))
		return true;
	end = segment->p_offset + segment->p_filesz;
	pages = (end - first) / MIPS_PAGE_SIZE;
	if (pages) {
		void *grown = realloc(symbols->pages,
				      (symbols->page_count + pages) * sizeof(struct code_page));

		if (!grown)
			return false;
		symbols->pages = grown;
	}
	for (uint64_t offset = first; offset + MIPS_PAGE_SIZE <= end; offset += MIPS_PAGE_SIZE)
		symbols->pages[symbols->page_count++] = (struct code_page){
			.hash = page_hash(file->data + offset),
			.file = (uint32_t)(file - symbols->files),
			.offset = offset,
			.address = segment->p_vaddr - segment->p_offset + offset,
		};
	return true;
}

static bool add_elf(struct code_names *symbols, struct file *file, const char *path, int quiet)
{
	const Elf64_Ehdr *header = part(file, 0, sizeof(*header));
	const Elf64_Phdr *segments;

	if (!header || header->e_ident[EI_CLASS] != ELFCLASS64 ||
	    header->e_ident[EI_DATA] != ELFDATA2LSB) {
		if (!quiet)
			complain(DISCO_FAILED, "%s: only little-endian ELF64 files have names here",
				 path);
		return quiet;
	}
	segments = part(file, header->e_phoff, (uint64_t)header->e_phnum * sizeof(*segments));
	for (unsigned n = 0; segments && n < header->e_phnum; n++) {
		if (!add_pages(symbols, file, &segments[n]))
			return false;
	}
	return add_sections(symbols, file, header);
}

/* ---- System.map, /proc/kallsyms: "address type name", perhaps a module behind ---- */

static bool add_line(struct code_names *symbols, struct file *file, char *line)
{
	char *end, *name;
	uint64_t address = strtoull(line, &end, 16);

	if (end == line || end[0] != ' ' || !end[1] || end[2] != ' ')
		return false;
	if (!strchr("tTwW", end[1]))
		return true;
	name = end + 3;
	name[strcspn(name, " \t\r")] = '\0';
	return add_symbol(address >= KERNEL_START ? &symbols->kernel : file, address, name);
}

static bool add_map(struct code_names *symbols, struct file *file, const char *path)
{
	char *text = malloc(file->size + 1), *line = text, *next;
	unsigned number = 1;

	if (!text)
		return false;
	memcpy(text, file->data, file->size);
	text[file->size] = '\0';
	munmap((void *)(uintptr_t)file->data, file->size);
	file->data = (const uint8_t *)text; /* names point into it */
	file->size = 0;
	for (; *line; line = next, number++) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (!add_line(symbols, file, line)) {
			complain(DISCO_FAILED,
				 "%s:%u: neither an ELF file nor \"ADDRESS TYPE NAME\", as "
				 "System.map and /proc/kallsyms have it",
				 path, number);
			return false;
		}
	}
	return true;
}

/* ---- The set ---- */

struct code_names *code_names_create(void)
{
	return calloc(1, sizeof(struct code_names));
}

static void free_file(struct file *file)
{
	if (file->size)
		munmap((void *)(uintptr_t)file->data, file->size);
	else
		free((void *)(uintptr_t)file->data);
	free(file->symbols);
	free(file->name);
}

void code_names_destroy(struct code_names *symbols)
{
	if (!symbols)
		return;
	for (size_t n = 0; n < symbols->file_count; n++)
		free_file(&symbols->files[n]);
	free(symbols->files);
	free(symbols->kernel.symbols);
	free(symbols->pages);
	free(symbols);
}

static bool map_file(const char *path, struct file *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *data = MAP_FAILED;

	if (fd < 0)
		return false;
	if (fstat(fd, &status) == 0 && status.st_size > 0)
		data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
		return false;
	file->data = data;
	file->size = (size_t)status.st_size;
	return true;
}

int code_names_add(struct code_names *symbols, const char *path, int quiet)
{
	const char *slash = strrchr(path, '/');
	struct file file = {0}, *added;
	bool done;

	if (!map_file(path, &file))
		return quiet ? DISCO_OK
			     : complain(DISCO_FAILED, "cannot read %s: %s", path, strerror(errno));
	file.name = strdup(slash ? slash + 1 : path);
	added = realloc(symbols->files, (symbols->file_count + 1) * sizeof(file));
	if (added)
		symbols->files = added;
	if (!added || !file.name) {
		free_file(&file);
		return complain(DISCO_FAILED, "no memory for the names in %s", path);
	}
	added += symbols->file_count++;
	*added = file;
	if (file.size > SELFMAG && memcmp(file.data, ELFMAG, SELFMAG) == 0)
		done = add_elf(symbols, added, path, quiet);
	else
		done = quiet || add_map(symbols, added, path);
	if (added->count)
		qsort(added->symbols, added->count, sizeof(struct symbol), by_address);
	if (symbols->kernel.count)
		qsort(symbols->kernel.symbols, symbols->kernel.count, sizeof(struct symbol),
		      by_address);
	if (symbols->page_count)
		qsort(symbols->pages, symbols->page_count, sizeof(struct code_page), by_hash);
	return done ? DISCO_OK : DISCO_FAILED;
}

static const struct code_page *find_page(const struct code_names *symbols, const void *page)
{
	struct code_page key = {.hash = page_hash(page)};
	const struct code_page *found = NULL;

	if (symbols->page_count)
		found = bsearch(&key, symbols->pages, symbols->page_count, sizeof(key), by_hash);
	if (found &&
	    memcmp(symbols->files[found->file].data + found->offset, page, MIPS_PAGE_SIZE) != 0)
		return NULL;
	return found;
}

static void write_name(char *text, size_t size, const struct symbol *symbol, uint64_t address)
{
	if (symbol->address == address)
		snprintf(text, size, "%s", symbol->name);
	else
		snprintf(text, size, "%s+0x%" PRIx64, symbol->name, address - symbol->address);
}

void code_names_name(const struct code_names *symbols, uint64_t va, const void *code, char *text,
		     size_t size)
{
	const uint8_t *page = (const uint8_t *)code - va % MIPS_PAGE_SIZE;
	const struct symbol *symbol;
	const struct code_page *found;
	const struct file *file;
	uint64_t address;

	text[0] = '\0';
	if (va >= KERNEL_START) {
		symbol = find_symbol(&symbols->kernel, va);
		if (symbol)
			write_name(text, size, symbol, va);
		return;
	}
	found = find_page(symbols, page);
	if (!found)
		return;
	file = &symbols->files[found->file];
	address = found->address + va % MIPS_PAGE_SIZE;
	symbol = find_symbol(file, address);
	snprintf(text, size, "%s:", file->name);
	if (symbol)
		write_name(text + strlen(text), size - strlen(text), symbol, address);
	else
		snprintf(text + strlen(text), size - strlen(text), "0x%" PRIx64, address);
}
