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
#include "emu/misses.h"
#include "mips/arch.h"

#define KERNEL_START  UINT64_C(0x8000000000000000)
#define NAMES_OF_PAGE 3
#define UNMAPPED_MASK UINT64_C(0x1fffffff)

struct symbol {
	uint64_t address;
	uint64_t size;	  /* 0: not known */
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
	struct file kernel; /* all kernel functions, whatever their file */
	struct file
		physical; /* all that is in kernel segments, functions too, by physical address */
	struct code_page *pages;
	size_t page_count;
};

/* ---- Tables ---- */

static bool add_symbol(struct file *file, uint64_t address, uint64_t size, const char *name)
{
	if (file->count == file->room) {
		size_t room = file->room ? file->room * 2 : 1024;
		void *grown = realloc(file->symbols, room * sizeof(struct symbol));

		if (!grown)
			return false;
		file->symbols = grown;
		file->room = room;
	}
	file->symbols[file->count++] = (struct symbol){address, size, name};
	return true;
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->size < y->size ? -1 : x->size > y->size;
}

static int by_hash(const void *a, const void *b)
{
	const struct code_page *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* How many symbols are at or before @address. */
static size_t count_before(const struct file *file, uint64_t address)
{
	size_t low = 0, high = file->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (file->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The symbol that @address is in (without a size: the last one before), or NULL. */
static const struct symbol *find_symbol(const struct file *file, uint64_t address)
{
	size_t before = count_before(file, address);
	const struct symbol *symbol = before ? &file->symbols[before - 1] : NULL;

	if (!symbol || (symbol->size && address - symbol->address >= symbol->size))
		return NULL;
	return symbol;
}

/* ---- ELF ---- */

static const void *part(const struct file *file, uint64_t offset, uint64_t size)
{
	return offset <= file->size && size <= file->size - offset ? file->data + offset : NULL;
}

/* Where the loader puts what has kernel address @address: by the file's program headers, since a
 * mapped kernel's are not in the unmapped segments. */
static bool physical_address(const struct file *file, uint64_t address, uint64_t *pa)
{
	const Elf64_Ehdr *header = part(file, 0, sizeof(*header));
	const Elf64_Phdr *segments =
		part(file, header->e_phoff, (uint64_t)header->e_phnum * sizeof(*segments));

	for (unsigned n = 0; segments && n < header->e_phnum; n++) {
		uint64_t offset = address - segments[n].p_vaddr;

		if (segments[n].p_type != PT_LOAD || offset >= segments[n].p_memsz)
			continue;
		*pa = (segments[n].p_paddr + offset) & UNMAPPED_MASK;
		return true;
	}
	return false;
}

/* Functions, and labels of assembly in code. */
static bool is_code(const struct file *file, const Elf64_Sym *entry)
{
	const Elf64_Ehdr *header = part(file, 0, sizeof(*header));
	const Elf64_Shdr *sections =
		part(file, header->e_shoff, (uint64_t)header->e_shnum * sizeof(*sections));

	if (ELF64_ST_TYPE(entry->st_info) == STT_FUNC)
		return true;
	return ELF64_ST_TYPE(entry->st_info) == STT_NOTYPE && sections &&
	       entry->st_shndx < header->e_shnum &&
	       (sections[entry->st_shndx].sh_flags & SHF_EXECINSTR);
}

static bool add_entry(struct code_names *symbols, struct file *file, const Elf64_Sym *entry,
		      const char *name)
{
	bool kernel = entry->st_value >= KERNEL_START, code = is_code(file, entry);
	uint64_t pa;

	if (entry->st_shndx == SHN_UNDEF || !*name ||
	    (!code && ELF64_ST_TYPE(entry->st_info) != STT_OBJECT))
		return true;
	if (kernel && physical_address(file, entry->st_value, &pa) &&
	    !add_symbol(&symbols->physical, pa, entry->st_size, name))
		return false;
	return !code ||
	       add_symbol(kernel ? &symbols->kernel : file, entry->st_value, entry->st_size, name);
}

static bool add_section(struct code_names *symbols, struct file *file, const Elf64_Shdr *section,
			const Elf64_Shdr *strings)
{
	const Elf64_Sym *entries = part(file, section->sh_offset, section->sh_size);
	const char *names = part(file, strings->sh_offset, strings->sh_size);

	if (!entries || !names || !strings->sh_size || names[strings->sh_size - 1])
		return true;
	for (size_t n = 0; n < section->sh_size / sizeof(*entries); n++) {
		if (entries[n].st_name < strings->sh_size &&
		    !add_entry(symbols, file, &entries[n], names + entries[n].st_name))
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
	name = end + 3;
	name[strcspn(name, " \t\r")] = '\0';
	if (address - MIPS_CKSEG0 <= UNMAPPED_MASK &&
	    !add_symbol(&symbols->physical, address & UNMAPPED_MASK, 0, name))
		return false;
	if (!strchr("tTwW", end[1]))
		return true;
	return add_symbol(address >= KERNEL_START ? &symbols->kernel : file, address, 0, name);
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
	free(symbols->physical.symbols);
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
	if (symbols->physical.count)
		qsort(symbols->physical.symbols, symbols->physical.count, sizeof(struct symbol),
		      by_address);
	if (symbols->page_count)
		qsort(symbols->pages, symbols->page_count, sizeof(struct code_page), by_hash);
	return done ? DISCO_OK : DISCO_FAILED;
}

static const struct code_page *find_page(const struct code_names *symbols, uint64_t hash)
{
	struct code_page key = {.hash = hash};
	const struct code_page *found = NULL;

	if (symbols->page_count)
		found = bsearch(&key, symbols->pages, symbols->page_count, sizeof(key), by_hash);
	return found;
}

bool code_names_find(const struct code_names *symbols, uint64_t va, uint64_t hash,
		     struct code_name *name)
{
	const struct symbol *symbol;

	*name = (struct code_name){.address = va};
	if (!symbols)
		return false;
	if (va >= KERNEL_START) {
		symbol = find_symbol(&symbols->kernel, va);
	} else {
		const struct code_page *found = find_page(symbols, hash);
		const struct file *file;

		if (!found)
			return false;
		file = &symbols->files[found->file];
		name->file = file->name;
		name->address = found->address + va % MIPS_PAGE_SIZE;
		symbol = find_symbol(file, name->address);
	}
	if (symbol) {
		name->symbol = symbol->name;
		name->offset = name->address - symbol->address;
	}
	return name->file || symbol;
}

void code_name_write(const struct code_name *name, bool offset, char *text, size_t size)
{
	const char *file = name->file ? name->file : "", *colon = name->file ? ":" : "";

	if (!name->symbol && file[0] && !offset)
		snprintf(text, size, "%s", file);
	else if (!name->symbol)
		snprintf(text, size, "%s%s0x%" PRIx64, file, colon, name->address);
	else if (!offset || !name->offset)
		snprintf(text, size, "%s%s%s", file, colon, name->symbol);
	else
		snprintf(text, size, "%s%s%s+0x%" PRIx64, file, colon, name->symbol, name->offset);
}

bool code_names_page(const struct code_names *symbols, uint64_t pa, char *text, size_t size)
{
	const struct symbol *symbol;
	size_t at, names = 0;

	text[0] = '\0';
	if (!symbols)
		return false;
	at = count_before(&symbols->physical, pa - 1);
	/* What reaches into the page from before it. */
	if (at &&
	    pa - symbols->physical.symbols[at - 1].address < symbols->physical.symbols[at - 1].size)
		at--;
	for (; at < symbols->physical.count; at++) {
		symbol = &symbols->physical.symbols[at];
		if (symbol->address >= pa + MIPS_PAGE_SIZE)
			break;
		if (names++ < NAMES_OF_PAGE)
			snprintf(text + strlen(text), size - strlen(text), "%s%s",
				 *text ? ", " : "", symbol->name);
	}
	if (names > NAMES_OF_PAGE)
		snprintf(text + strlen(text), size - strlen(text), " and %zu more",
			 names - NAMES_OF_PAGE);
	return names;
}
