// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads machine files: a table of the keys with their types and ranges, and the checker. */
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "disco.h"
#include "machine_file.h"

enum kind {
	KIND_NUMBER,
	KIND_SIZE,  /* text with a unit: "64M" */
	KIND_POWER, /* a number that is a power of two */
	KIND_POWER_SIZE,
	KIND_BOOL,
	KIND_TEXT,
	KIND_TOPOLOGY,
	KIND_REPLACEMENT,
	KIND_PLACEMENT, /* "contiguous" or "interleaved" */
};

/* What the file says, before it becomes a struct machine_config. */
struct raw {
	uint64_t nodes, clock_mhz, tlb_entries, quantum;
	bool segctl, xkseg_supervisor;
	struct machine_file *file;
};

struct key {
	const char *path; /* group.name */
	enum kind kind;
	bool required;
	uint64_t minimum, maximum;
	size_t offset; /* into struct raw, or into struct machine_file when in_file */
	bool in_file;
	uint64_t otherwise; /* the value when the key is missing */
};

#define RAW(field)   offsetof(struct raw, field), false
#define FILE_(field) offsetof(struct machine_file, field), true

/* clang-format off */
#define CACHE_KEYS(group, field, most, the_size, the_ways, the_line, the_hit, the_replacement)     \
	{group ".size", KIND_POWER_SIZE, false, 1024, most, FILE_(memory.field.size), the_size},   \
	{group ".ways", KIND_POWER, false, 1, 64, FILE_(memory.field.ways), the_ways},             \
	{group ".line", KIND_POWER, false, 16, 256, FILE_(memory.field.line), the_line},           \
	{group ".hit_cycles", KIND_NUMBER, false, 0, 1000, FILE_(memory.field.hit_cycles),         \
	 the_hit},                                                                                 \
	{group ".replacement", KIND_REPLACEMENT, false, 0, 0, FILE_(memory.field.replacement),     \
	 the_replacement}
/* clang-format on */

#define MIB	     (UINT64_C(1) << 20)
#define GIB	     (UINT64_C(1) << 30)
#define NS	     1000000

static const struct key keys[] = {
	{"description", KIND_TEXT, false, 0, 127, FILE_(description), 0},
	{"nodes", KIND_NUMBER, true, 1, MACHINE_MAX_NODES, RAW(nodes), 0},
	{"cpus_per_node", KIND_NUMBER, true, 1, MACHINE_MAX_CPUS, FILE_(cpus_per_node), 0},
	{"memory_per_node", KIND_SIZE, true, MIB, 64 * GIB, FILE_(memory_per_node), 0},
	{"placement", KIND_PLACEMENT, false, 0, 0, FILE_(memory.interleaved), 0},
	{"quantum", KIND_NUMBER, false, 10, 1000000, RAW(quantum), 1000},
	{"processor.clock_mhz", KIND_NUMBER, false, 1, 10000, RAW(clock_mhz), 200},
	{"processor.tlb_entries", KIND_NUMBER, false, 16, TLB_MAX_ENTRIES, RAW(tlb_entries), 64},
	{"processor.segctl", KIND_BOOL, false, 0, 1, RAW(segctl), true},
	{"processor.xkseg_supervisor", KIND_BOOL, false, 0, 1, RAW(xkseg_supervisor), true},
	CACHE_KEYS("l1i", l1i, MIB, 32768, 2, 64, 0, REPLACE_FIFO),
	CACHE_KEYS("l1d", l1d, MIB, 32768, 2, 32, 0, REPLACE_FIFO),
	CACHE_KEYS("l2", l2, 256 * MIB, MIB, 2, 128, 10, REPLACE_LRU),
	{"latency.local_ns", KIND_NUMBER, false, 1, NS, FILE_(memory.local_ns), 300},
	{"latency.remote_ns", KIND_NUMBER, false, 1, NS, FILE_(memory.remote_ns), 900},
	{"latency.hop_ns", KIND_NUMBER, false, 0, NS, FILE_(memory.hop_ns), 0},
	{"latency.dirty_ns", KIND_NUMBER, false, 0, NS, FILE_(memory.dirty_ns), 0},
	{"latency.upgrade_ns", KIND_NUMBER, false, 0, NS, FILE_(memory.upgrade_ns), 0},
	{"occupancy.directory_ns", KIND_NUMBER, false, 0, NS, FILE_(memory.directory_ns), 0},
	{"occupancy.link_ns", KIND_NUMBER, false, 0, NS, FILE_(memory.link_ns), 0},
	{"interconnect.topology", KIND_TOPOLOGY, false, 0, 0, FILE_(memory.topology), 0},
	{"controller.hot_threshold", KIND_NUMBER, false, 1, NS, FILE_(memory.hot_threshold), 128},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static const char *const groups[] = {"processor", "l1i",	  "l1d",	"l2", "latency",
				     "occupancy", "interconnect", "controller", NULL};

const char *const topology_names[TOPOLOGIES + 1] = {"uniform", "ring", "mesh", "hypercube", NULL};
const char *const replacement_names[REPLACEMENTS + 1] = {"lru", "fifo", "random", NULL};
static const char *const placement_names[] = {"contiguous", "interleaved", NULL};

/* Where in the text the checker is, and whether anything was wrong. */
struct checker {
	const char *path;
	struct raw *raw;
	bool seen[KEYS];
	bool failed;
};

__attribute__((format(printf, 3, 4))) static void wrong(struct checker *checker, unsigned line,
							const char *format, ...)
{
	char text[400];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (line)
		complain(0, "%s:%u: %s", checker->path, line, text);
	else
		complain(0, "%s: %s", checker->path, text);
	checker->failed = true;
}

static void *target(const struct key *key, struct raw *raw)
{
	return (char *)(key->in_file ? (void *)raw->file : (void *)raw) + key->offset;
}

static void store_bool_or_number(const struct key *key, struct raw *raw, uint64_t value)
{
	if (key->kind == KIND_BOOL || key->kind == KIND_PLACEMENT)
		*(bool *)target(key, raw) = value;
	else if (key->kind != KIND_TEXT)
		*(uint64_t *)target(key, raw) = value;
}

static bool is_power(uint64_t value)
{
	return value && !(value & (value - 1));
}

static void check_range(struct checker *checker, const struct key *key, unsigned line,
			uint64_t value)
{
	bool size = key->kind == KIND_SIZE || key->kind == KIND_POWER_SIZE;
	bool power = key->kind == KIND_POWER || key->kind == KIND_POWER_SIZE;
	char low[32], high[32];

	if (value < key->minimum || value > key->maximum) {
		snprintf(low, sizeof(low), "%llu", (unsigned long long)key->minimum);
		snprintf(high, sizeof(high), "%llu", (unsigned long long)key->maximum);
		if (size) {
			format_size(key->minimum, low, sizeof(low));
			format_size(key->maximum, high, sizeof(high));
		}
		wrong(checker, line, "%s is out of range: %s to %s", key->path, low, high);
	} else if (power && !is_power(value)) {
		wrong(checker, line, "%s is not a power of two", key->path);
	} else if (key->kind == KIND_SIZE && value % 4096) {
		wrong(checker, line, "%s is not a multiple of 4 KiB", key->path);
	} else {
		store_bool_or_number(key, checker->raw, value);
	}
}

static void take_number(struct checker *checker, const struct key *key,
			const config_setting_t *setting, unsigned line)
{
	int type = config_setting_type(setting);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		wrong(checker, line, "%s: a whole number is needed", key->path);
	else if (config_setting_get_int64(setting) < 0)
		wrong(checker, line, "%s is negative", key->path);
	else
		check_range(checker, key, line, (uint64_t)config_setting_get_int64(setting));
}

static void take_name(struct checker *checker, const struct key *key, const char *text,
		      unsigned line, const char *const *names)
{
	char known[128] = "";

	for (unsigned i = 0; text && names[i]; i++)
		if (!strcmp(names[i], text)) {
			store_bool_or_number(key, checker->raw, i);
			return;
		}
	for (unsigned i = 0; names[i]; i++) {
		size_t used = strlen(known);

		snprintf(known + used, sizeof(known) - used, "%s\"%s\"", used ? ", " : "",
			 names[i]);
	}
	wrong(checker, line, "%s: one of %s is needed", key->path, known);
}

static void take_text(struct checker *checker, const struct key *key, const char *text,
		      unsigned line)
{
	uint64_t size;

	if (key->kind == KIND_TOPOLOGY)
		take_name(checker, key, text, line, topology_names);
	else if (key->kind == KIND_REPLACEMENT)
		take_name(checker, key, text, line, replacement_names);
	else if (key->kind == KIND_PLACEMENT)
		take_name(checker, key, text, line, placement_names);
	else if (key->kind == KIND_TEXT && (!text || strlen(text) > key->maximum))
		wrong(checker, line, "%s: text of at most %llu characters is needed", key->path,
		      (unsigned long long)key->maximum);
	else if (key->kind == KIND_TEXT)
		strcpy(target(key, checker->raw), text);
	else if (!text || !parse_size(text, &size) || !strpbrk(text, "kKmMgG"))
		wrong(checker, line, "%s: a size with a unit is needed, such as \"64M\"",
		      key->path);
	else
		check_range(checker, key, line, size);
}

static void take_value(struct checker *checker, const struct key *key,
		       const config_setting_t *setting)
{
	unsigned line = config_setting_source_line(setting);

	checker->seen[key - keys] = true;
	if (key->kind == KIND_NUMBER || key->kind == KIND_POWER)
		take_number(checker, key, setting, line);
	else if (key->kind != KIND_BOOL)
		take_text(checker, key, config_setting_get_string(setting), line);
	else if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		wrong(checker, line, "%s: true or false is needed", key->path);
	else
		store_bool_or_number(key, checker->raw, config_setting_get_bool(setting));
}

static void unknown_key(struct checker *checker, const char *path, const char *prefix,
			unsigned line)
{
	const char *names[KEYS + sizeof(groups) / sizeof(groups[0])];
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < KEYS; i++)
		if (!strncmp(keys[i].path, prefix, strlen(prefix)))
			names[n++] = keys[i].path;
	for (size_t i = 0; groups[i] && !*prefix; i++)
		names[n++] = groups[i];
	names[n] = NULL;
	near = nearest_name(path, names);
	if (near)
		wrong(checker, line, "unknown key '%s' (did you mean '%s'?)", path, near);
	else
		wrong(checker, line, "unknown key '%s'", path);
}

static bool is_group(const char *name)
{
	for (size_t i = 0; groups[i]; i++)
		if (!strcmp(groups[i], name))
			return true;
	return false;
}

/* All settings of a group, or of the whole file with an empty prefix. */
static void check_settings(struct checker *checker, const config_setting_t *group,
			   const char *prefix)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		unsigned line = config_setting_source_line(setting);
		const char *name = config_setting_name(setting);
		char path[160];
		size_t k;

		snprintf(path, sizeof(path), "%s%s", prefix, name);
		if (!*prefix && is_group(name)) {
			strcat(path, ".");
			if (config_setting_is_group(setting))
				check_settings(checker, setting, path);
			else
				wrong(checker, line, "%s: a group { ... } is needed", name);
			continue;
		}
		for (k = 0; k < KEYS && strcmp(keys[k].path, path);)
			k++;
		if (k < KEYS)
			take_value(checker, &keys[k], setting);
		else
			unknown_key(checker, path, prefix, line);
	}
}

static void check_cache(struct checker *checker, const char *name, const struct cache_shape *cache)
{
	if (cache->size < cache->ways * cache->line)
		wrong(checker, 0, "%s: size is less than ways times line, %u bytes", name,
		      (unsigned)cache->ways * (unsigned)cache->line);
}

/* What depends on more than one key. */
static void check_whole(struct checker *checker)
{
	struct raw *raw = checker->raw;
	struct machine_file *file = raw->file;
	const struct memory_shape *memory = &file->memory;

	if (raw->nodes * file->cpus_per_node > MACHINE_MAX_CPUS)
		wrong(checker, 0, "nodes times cpus_per_node is %u, more than %d",
		      (unsigned)raw->nodes * (unsigned)file->cpus_per_node, MACHINE_MAX_CPUS);
	if (raw->nodes * file->memory_per_node < 64 * MIB ||
	    raw->nodes * file->memory_per_node > 64 * GIB)
		wrong(checker, 0, "nodes times memory_per_node is not in 64 MiB to 64 GiB");
	if (memory->topology == TOPOLOGY_HYPERCUBE && !is_power(raw->nodes))
		wrong(checker, 0, "a hypercube needs a power of two of nodes, not %llu",
		      (unsigned long long)raw->nodes);
	if (memory->remote_ns < memory->local_ns)
		wrong(checker, 0, "latency.remote_ns is less than latency.local_ns");
	if (memory->l2.line < memory->l1i.line || memory->l2.line < memory->l1d.line)
		wrong(checker, 0, "l2.line is less than the line of a first-level cache");
	check_cache(checker, "l1i", &memory->l1i);
	check_cache(checker, "l1d", &memory->l1d);
	check_cache(checker, "l2", &memory->l2);
}

static void fill_config(const struct raw *raw, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct machine_file *file = raw->file;

	file->config = (struct machine_config){
		.nodes = (unsigned)raw->nodes,
		.cpus = (unsigned)(raw->nodes * file->cpus_per_node),
		.memory = raw->nodes * file->memory_per_node,
		.quantum = raw->quantum,
		.seed = 1,
		.cpu =
			{
				.tlb_entries = (unsigned)raw->tlb_entries,
				.clock_mhz = (unsigned)raw->clock_mhz,
				.segctl = raw->segctl,
				.xkseg_bit = raw->xkseg_supervisor,
			},
	};
	snprintf(file->config.name, sizeof(file->config.name), "%.*s", (int)strcspn(name, "."),
		 name);
}

static bool check_file(const char *path, const config_t *config, struct machine_file *file)
{
	struct raw raw = {.file = file};
	struct checker checker = {.path = path, .raw = &raw};

	for (size_t i = 0; i < KEYS; i++)
		store_bool_or_number(&keys[i], &raw, keys[i].otherwise);
	check_settings(&checker, config_root_setting(config), "");
	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].required && !checker.seen[i])
			wrong(&checker, 0, "the key '%s' is missing", keys[i].path);
	if (!checker.failed)
		check_whole(&checker);
	fill_config(&raw, path);
	return !checker.failed;
}

/* A path that exists or contains a slash is a path; else a name under machines/. */
static char *find_file(const char *name)
{
	char relative[300];

	if (strchr(name, '/') || !access(name, F_OK))
		return strdup(name);
	snprintf(relative, sizeof(relative), "machines/%.200s%s", name,
		 strstr(name, ".cfg") ? "" : ".cfg");
	return data_path(relative);
}

bool machine_file_read(const char *name, struct machine_file *file)
{
	char *path = find_file(name);
	config_t config;
	FILE *in;
	bool good = false;

	memset(file, 0, sizeof(*file));
	in = path ? fopen(path, "r") : NULL;
	if (!in) {
		complain(0,
			 "no machine file '%s'; `disco machine list` shows those that come along",
			 name);
		free(path);
		return false;
	}
	config_init(&config);
	if (config_read(&config, in))
		good = check_file(path, &config, file);
	else
		complain(0, "%s:%d: %s", path, config_error_line(&config),
			 config_error_text(&config));
	config_destroy(&config);
	fclose(in);
	free(path);
	return good;
}

/* ---- distances ---- */

static unsigned absolute(unsigned a, unsigned b)
{
	return a > b ? a - b : b - a;
}

unsigned machine_file_mesh_width(unsigned nodes)
{
	unsigned width = 1;

	for (unsigned w = 1; w * w <= nodes; w++)
		if (nodes % w == 0)
			width = nodes / w;
	return width;
}

unsigned machine_file_hops(const struct machine_file *file, unsigned a, unsigned b)
{
	unsigned nodes = file->config.nodes;
	unsigned straight = absolute(a, b);
	unsigned width;

	switch ((enum topology)file->memory.topology) {
	case TOPOLOGY_RING:
		return straight < nodes - straight ? straight : nodes - straight;
	case TOPOLOGY_MESH:
		width = machine_file_mesh_width(nodes);
		return absolute(a % width, b % width) + absolute(a / width, b / width);
	case TOPOLOGY_HYPERCUBE:
		return (unsigned)__builtin_popcount(a ^ b);
	default:
		return a != b;
	}
}

uint64_t machine_file_latency(const struct machine_file *file, unsigned a, unsigned b)
{
	const struct memory_shape *memory = &file->memory;
	unsigned hops = machine_file_hops(file, a, b);

	return hops ? memory->remote_ns + (hops - 1) * memory->hop_ns : memory->local_ns;
}
