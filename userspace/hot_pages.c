// SPDX-License-Identifier: GPL-2.0-or-later
/* Misses by page; see hot_pages.h. */
#include "hot_pages.h"

#include <inttypes.h>
#include <string.h>

#include "boot.h"
#include "emu/mem.h"
#include "profile_lines.h"

#define PAGES_SHOWN 16
#define CODE_SHOWN  4
#define NAME_SIZE   200

struct sum {
	uint64_t pages, cycles, cause[CAUSES], remote, writes;
};

struct hot_page {
	struct missed_page missed;
	struct sum sum;
};

struct hot_pages {
	unsigned nodes, count;
	struct hot_page page[PAGES_SHOWN];
};

static void add_node(struct sum *sum, const struct page_misses *node)
{
	sum->cycles += node->cycles;
	sum->remote += node->remote;
	sum->writes += node->writes;
	for (unsigned cause = 0; cause < CAUSES; cause++)
		sum->cause[cause] += node->cause[cause];
}

static uint64_t misses_of(const struct sum *sum)
{
	return report_misses(sum->cause);
}

static void add_page(void *opaque, const struct missed_page *missed)
{
	struct hot_pages *pages = opaque;
	struct sum sum = {.pages = 1};
	unsigned at = pages->count;

	for (unsigned n = 0; n < pages->nodes; n++)
		add_node(&sum, &missed->node[n]);
	if (at == PAGES_SHOWN && sum.cycles <= pages->page[at - 1].sum.cycles)
		return;
	if (at < PAGES_SHOWN)
		pages->count++;
	else
		at--;
	for (; at > 0 && pages->page[at - 1].sum.cycles < sum.cycles; at--)
		pages->page[at] = pages->page[at - 1];
	pages->page[at] = (struct hot_page){.missed = *missed, .sum = sum};
}

static struct hot_pages find(const struct machine *machine)
{
	struct hot_pages pages = {.nodes = machine->config.nodes};

	misses_visit_pages(machine, add_page, &pages);
	return pages;
}

/* ---- what is known of a page ---- */

/* Where its owner has it. */
static uint64_t address_of(const struct guest_names *names, const struct miss_page *page)
{
	if (names->vms && page->owner == MISS_OF_GUEST)
		return vmm_page_address(page->number).value;
	if (page->owner == MISS_OF_MACHINE)
		return ram_address((uint64_t)page->number * MIPS_PAGE_SIZE);
	return (uint64_t)page->number * MIPS_PAGE_SIZE;
}

static bool symbol_of(const struct guest_names *names, const struct miss_page *page, char *text,
		      size_t size)
{
	if (page->owner != (names->vms ? MISS_OF_GUEST : MISS_OF_MACHINE))
		return false;
	return code_names_page(names->code[page->guest], address_of(names, page), text, size);
}

/* Homes that nodes used last: of the page, and its replicas. A bit a node. */
static uint64_t homes_of(const struct hot_pages *pages, const struct missed_page *missed)
{
	uint64_t homes = 0;

	for (unsigned n = 0; n < pages->nodes; n++) {
		struct sum sum = {0};

		add_node(&sum, &missed->node[n]);
		if (misses_of(&sum))
			homes |= UINT64_C(1) << missed->node[n].home;
	}
	return homes;
}

/* Where the node found it that missed most. */
static unsigned home_of(const struct hot_pages *pages, const struct missed_page *missed)
{
	uint64_t most = 0;
	unsigned home = 0;

	for (unsigned n = 0; n < pages->nodes; n++) {
		struct sum sum = {0};

		add_node(&sum, &missed->node[n]);
		if (misses_of(&sum) > most) {
			most = misses_of(&sum);
			home = missed->node[n].home;
		}
	}
	return home;
}

struct code_adder {
	const struct guest_names *names;
	struct profile_lines lines;
};

static void add_code(void *opaque, const struct code_misses *code, uint64_t cycles)
{
	struct code_adder *adder = opaque;
	char name[NAME_SIZE];
	struct profile_line line = profile_line_of(adder->names, code, name, sizeof(name));

	line.cycles = cycles;
	profile_lines_add(&adder->lines, &line);
}

static struct profile_lines code_of(const struct machine *machine, const struct guest_names *names,
				    const struct miss_page *page)
{
	struct code_adder adder = {.names = names};

	misses_visit_page_code(machine, page, add_code, &adder);
	profile_lines_merge(&adder.lines);
	return adder.lines;
}

/* ---- text ---- */

static void print_owner(const struct guest_names *names, const struct miss_page *page, FILE *out)
{
	uint64_t address = address_of(names, page);
	const char *name = names->vm[page->guest];

	switch (page->owner) {
	case MISS_OF_GUEST:
		fprintf(out, "%s ppn 0x%" PRIx64, name ? name : "?", address >> MIPS_PAGE_SHIFT);
		break;
	case MISS_OF_REGISTERS:
		fprintf(out, "%s registers of vCPU %u", name ? name : "?", page->number);
		break;
	case MISS_OF_SHARED:
		fprintf(out, "shared %s page %u", names->shared[page->guest], page->number);
		break;
	default:
		fprintf(out, "%s0x%" PRIx64, names->vms ? "monitor " : "", address);
	}
}

static void print_nodes(const struct hot_pages *pages, const struct hot_page *page, FILE *out)
{
	fprintf(out, "%12s misses by node", "");
	for (unsigned n = 0; n < pages->nodes; n++) {
		struct sum sum = {0};

		add_node(&sum, &page->missed.node[n]);
		if (misses_of(&sum))
			fprintf(out, " %u:%" PRIu64 "%s", n, misses_of(&sum),
				sum.remote ? "r" : "");
	}
	fprintf(out, ", writes %" PRIu64 ", copies on", page->sum.writes);
	for (uint64_t left = homes_of(pages, &page->missed); left; left &= left - 1)
		fprintf(out, " %d", __builtin_ctzll(left));
}

static void print_page(const struct machine *machine, const struct guest_names *names,
		       const struct hot_pages *pages, const struct hot_page *page, FILE *out)
{
	struct profile_lines code = code_of(machine, names, &page->missed.page);
	char text[NAME_SIZE];

	fprintf(out, "%14" PRIu64 " %10" PRIu64 " %10" PRIu64, page->sum.cycles,
		misses_of(&page->sum) - page->sum.remote, page->sum.remote);
	for (unsigned cause = 0; cause < CAUSES; cause++)
		fprintf(out, " %13" PRIu64, page->sum.cause[cause]);
	fprintf(out, " %4u  ", home_of(pages, &page->missed));
	print_owner(names, &page->missed.page, out);
	if (symbol_of(names, &page->missed.page, text, sizeof(text)))
		fprintf(out, "  %s", text);
	else if (page->missed.mapped_at)
		fprintf(out, "  at 0x%" PRIx64, entryhi_address(page->missed.mapped_at));
	fputc('\n', out);
	print_nodes(pages, page, out);
	for (size_t n = 0; n < code.count && n < CODE_SHOWN; n++)
		fprintf(out, "%s %s %.0f%%", n ? "," : "; by", code.line[n].name,
			100.0 * (double)code.line[n].cycles /
				(double)(page->sum.cycles + !page->sum.cycles));
	fputc('\n', out);
	profile_lines_free(&code);
}

void hot_pages_text(const struct machine *machine, const struct guest_names *names, FILE *out)
{
	struct hot_pages pages = find(machine);

	if (!pages.count)
		return;
	fprintf(out, "\n%14s %10s %10s", "stall cycles", "local", "remote");
	for (unsigned cause = 0; cause < CAUSES; cause++)
		fprintf(out, " %13s", report_cause_names[cause]);
	fprintf(out, " %4s  page (r: some of the misses were remote)\n", "home");
	for (unsigned n = 0; n < pages.count; n++)
		print_page(machine, names, &pages, &pages.page[n], out);
}

/* ---- JSON ---- */

static void put_sum(json_t *object, const struct sum *sum)
{
	report_put_misses(object, sum->cycles, sum->cause, sum->remote, &sum->writes);
}

static const char *const owner_names[MISS_OWNERS] = {
	[MISS_OF_GUEST] = "vm",
	[MISS_OF_REGISTERS] = "registers",
	[MISS_OF_SHARED] = "shared memory",
};

static void put_owner(json_t *object, const struct guest_names *names, enum miss_owner owner,
		      unsigned guest)
{
	const char *machine = names->vms ? "monitor" : "machine";
	const char *name = owner == MISS_OF_SHARED ? names->shared[guest] : names->vm[guest];

	json_object_set_new(object, "owner",
			    json_string(owner == MISS_OF_MACHINE ? machine : owner_names[owner]));
	if (owner != MISS_OF_MACHINE)
		json_object_set_new(object, owner == MISS_OF_SHARED ? "shared_memory" : "vm",
				    json_string(name ? name : "?"));
}

static json_t *nodes_json(const struct hot_pages *pages, const struct missed_page *missed)
{
	json_t *array = json_array();

	for (unsigned n = 0; n < pages->nodes; n++) {
		struct sum sum = {0};
		json_t *node;

		add_node(&sum, &missed->node[n]);
		if (!misses_of(&sum))
			continue;
		node = json_object();
		report_put(node, "node", n);
		report_put(node, "home", missed->node[n].home);
		put_sum(node, &sum);
		json_array_append_new(array, node);
	}
	return array;
}

static json_t *code_json(const struct machine *machine, const struct guest_names *names,
			 const struct miss_page *page)
{
	struct profile_lines code = code_of(machine, names, page);
	json_t *array = json_array();

	for (size_t n = 0; n < code.count && n < CODE_SHOWN; n++) {
		json_t *object = profile_line_json(names, &code.line[n]);

		report_put(object, "stall_cycles", code.line[n].cycles);
		json_array_append_new(array, object);
	}
	profile_lines_free(&code);
	return array;
}

static json_t *page_json(const struct machine *machine, const struct guest_names *names,
			 const struct hot_pages *pages, const struct hot_page *page)
{
	const struct miss_page *which = &page->missed.page;
	json_t *object = json_object(), *homes = json_array();
	char text[NAME_SIZE];

	put_owner(object, names, which->owner, which->guest);
	report_put(object, "physical_address", address_of(names, which));
	if (which->owner == MISS_OF_GUEST)
		report_put(object, "ppn", address_of(names, which) >> MIPS_PAGE_SHIFT);
	if (symbol_of(names, which, text, sizeof(text)))
		json_object_set_new(object, "symbol", json_string(text));
	if (page->missed.mapped_at)
		json_object_set_new(
			object, "virtual_address",
			json_sprintf("0x%" PRIx64, entryhi_address(page->missed.mapped_at)));
	report_put(object, "home", home_of(pages, &page->missed));
	for (uint64_t left = homes_of(pages, &page->missed); left; left &= left - 1)
		json_array_append_new(homes, json_integer(__builtin_ctzll(left)));
	json_object_set_new(object, "homes", homes);
	put_sum(object, &page->sum);
	json_object_set_new(object, "nodes", nodes_json(pages, &page->missed));
	if (machine->config.profile)
		json_object_set_new(object, "code", code_json(machine, names, which));
	return object;
}

json_t *hot_pages_json(const struct machine *machine, const struct guest_names *names)
{
	struct hot_pages pages = find(machine);
	json_t *array = json_array();

	for (unsigned n = 0; n < pages.count; n++)
		json_array_append_new(array, page_json(machine, names, &pages, &pages.page[n]));
	return array;
}

/* ---- sums ---- */

struct sums {
	unsigned nodes;
	struct sum all, node[MACHINE_MAX_NODES], owner[MISS_OWNERS][MISSES_MAX_GUESTS];
};

static void add_to_sums(void *opaque, const struct missed_page *missed)
{
	struct sums *sums = opaque;
	struct sum *owner = &sums->owner[missed->page.owner][missed->page.guest];

	sums->all.pages++;
	owner->pages++;
	for (unsigned n = 0; n < sums->nodes; n++) {
		add_node(&sums->all, &missed->node[n]);
		add_node(&sums->node[n], &missed->node[n]);
		add_node(owner, &missed->node[n]);
	}
}

json_t *page_sums_json(const struct machine *machine, const struct guest_names *names)
{
	struct sums sums = {.nodes = machine->config.nodes};
	json_t *object = json_object(), *nodes = json_array(), *owners = json_array(), *part;

	misses_visit_pages(machine, add_to_sums, &sums);
	report_put(object, "pages", sums.all.pages);
	put_sum(object, &sums.all);
	for (unsigned n = 0; n < sums.nodes; n++) {
		part = json_object();
		put_sum(part, &sums.node[n]);
		json_array_append_new(nodes, part);
	}
	for (unsigned owner = 0; owner < MISS_OWNERS; owner++) {
		for (unsigned guest = 0; guest < MISSES_MAX_GUESTS; guest++) {
			if (!sums.owner[owner][guest].pages)
				continue;
			part = json_object();
			put_owner(part, names, (enum miss_owner)owner, guest);
			report_put(part, "pages", sums.owner[owner][guest].pages);
			put_sum(part, &sums.owner[owner][guest]);
			json_array_append_new(owners, part);
		}
	}
	json_object_set_new(object, "nodes", nodes);
	json_object_set_new(object, "owners", owners);
	return object;
}
