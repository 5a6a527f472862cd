// SPDX-License-Identifier: GPL-2.0-or-later
/* `disco machine`: list, check and show machine files. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disco.h"
#include "machine_show.h"

#define MATRIX_NODES 16 /* wider ones are summed up by distance */

static void show_cache(const char *name, const struct cache_shape *cache)
{
	char size[32];

	format_size(cache->size, size, sizeof(size));
	printf("  %-4s %8s, %u-way %s, %3u-byte lines, %u cycles a hit\n", name, size,
	       (unsigned)cache->ways, replacement_names[cache->replacement], (unsigned)cache->line,
	       (unsigned)cache->hit_cycles);
}

static void show_matrix(const struct machine_file *file)
{
	unsigned nodes = file->config.nodes;

	printf("latency of a miss in ns, from node (row) to memory of node (column):\n     ");
	for (unsigned b = 0; b < nodes; b++)
		printf(" %5u", b);
	for (unsigned a = 0; a < nodes; a++) {
		printf("\n  %3u", a);
		for (unsigned b = 0; b < nodes; b++)
			printf(" %5u", (unsigned)machine_file_latency(file, a, b));
	}
	printf("\n");
}

static void show_distances(const struct machine_file *file)
{
	unsigned nodes = file->config.nodes;
	unsigned count[MACHINE_MAX_NODES] = {0};

	for (unsigned b = 0; b < nodes; b++)
		count[machine_file_hops(file, 0, b)]++;
	printf("latency of a miss from node 0:\n");
	for (unsigned hops = 0; hops < nodes; hops++)
		for (unsigned b = 0; count[hops] && b < nodes; b++)
			if (machine_file_hops(file, 0, b) == hops) {
				printf("  %2u hops: %5u ns (%u nodes)\n", hops,
				       (unsigned)machine_file_latency(file, 0, b), count[hops]);
				break;
			}
}

static void show(const struct machine_file *file)
{
	const struct machine_config *config = &file->config;
	const struct memory_shape *memory = &file->memory;
	char each[32], all[32];

	format_size(file->memory_per_node, each, sizeof(each));
	format_size(config->memory, all, sizeof(all));
	printf("machine %s%s%s\n", config->name, *file->description ? ": " : "", file->description);
	printf("  %u nodes of %u CPUs and %s; in all %u CPUs, %s, %s\n", config->nodes,
	       (unsigned)file->cpus_per_node, each, config->cpus, all,
	       memory->interleaved ? "pages interleaved" : "one range a node");
	printf("  processor: %u MHz, %u TLB entries, Segmentation Control %s, mapped-supervisor "
	       "XKSEG %s\n",
	       config->cpu.clock_mhz, config->cpu.tlb_entries, config->cpu.segctl ? "yes" : "no",
	       config->cpu.xkseg_bit ? "yes" : "no");
	show_cache("L1I", &memory->l1i);
	show_cache("L1D", &memory->l1d);
	show_cache("L2", &memory->l2);
	printf("  interconnect: %s; occupancy: directory %u ns, link %u ns a line\n",
	       topology_names[memory->topology], (unsigned)memory->directory_ns,
	       (unsigned)memory->link_ns);
	printf("  a page is hot after %u misses of one node\n", (unsigned)memory->hot_threshold);
	if (config->nodes <= MATRIX_NODES)
		show_matrix(file);
	else
		show_distances(file);
}

static int list(void)
{
	char *folder = data_path("machines");
	char pattern[4096];
	glob_t found;
	int status = DISCO_OK;

	if (!folder)
		return complain(DISCO_FAILED, "cannot find the machine files; set DISCO_DATA to "
					      "the folder that holds machines/");
	snprintf(pattern, sizeof(pattern), "%s/*.cfg", folder);
	free(folder);
	if (glob(pattern, 0, NULL, &found))
		return complain(DISCO_FAILED, "no machine files in %s", pattern);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct machine_file file;

		if (machine_file_read(found.gl_pathv[i], &file))
			printf("%-10s %s\n", file.config.name, file.description);
		else
			status = DISCO_USAGE;
	}
	globfree(&found);
	return status;
}

static int show_or_check(int argc, char **argv)
{
	bool is_show = !strcmp(argv[1], "show");
	const char *name = NULL, *svg = NULL;
	struct machine_file file;

	for (int i = 2; i < argc; i++) {
		if (is_show && !strcmp(argv[i], "--svg")) {
			if (!argv[++i])
				return complain(DISCO_USAGE, "option '--svg' needs a value");
			svg = argv[i];
		} else if (is_show && !strncmp(argv[i], "--svg=", 6)) {
			svg = argv[i] + 6;
		} else if (argv[i][0] == '-') {
			return complain(DISCO_USAGE,
					"unknown option '%s'; see `disco machine --help`", argv[i]);
		} else if (name) {
			return complain(DISCO_USAGE, "unexpected argument '%s'", argv[i]);
		} else {
			name = argv[i];
		}
	}
	if (!name)
		return complain(DISCO_USAGE, "machine %s: one machine file is needed", argv[1]);
	if (!machine_file_read(name, &file))
		return DISCO_USAGE;
	if (svg)
		return machine_show_svg(&file, svg);
	if (is_show)
		show(&file);
	return DISCO_OK;
}

int command_machine(int argc, char **argv)
{
	static const char *const actions[] = {"list", "show", "check", NULL};

	if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?"))) {
		printf("Usage: disco machine list\n"
		       "       disco machine show FILE     processors, caches, latencies\n"
		       "       disco machine show FILE --svg OUT   the same as a drawing; -: "
		       "standard output\n"
		       "       disco machine check FILE    complains about everything that is "
		       "wrong\n"
		       "FILE is a path, or the name of a machine file that comes along.\n");
		return DISCO_OK;
	}
	if (argc < 2)
		return complain(
			DISCO_USAGE,
			"machine: list, show or check is needed; see `disco machine --help`");
	if (!strcmp(argv[1], "list"))
		return argc == 2 ? list()
				 : complain(DISCO_USAGE, "unexpected argument '%s'", argv[2]);
	if (strcmp(argv[1], "show") && strcmp(argv[1], "check"))
		return complain_unknown("action", argv[1], actions);
	return show_or_check(argc, argv);
}
