// SPDX-License-Identifier: GPL-2.0-or-later
/* `disco machine show FILE --svg OUT`: the machine as a drawing: nodes and links, what a CPU sees
 * from its caches outwards, and the latencies between nodes. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "disco.h"
#include "machine_show.h"

#define WIDTH	     960
#define TOPOLOGY_TOP 70
#define TOPOLOGY     460 /* height and width of the drawing of the nodes */
#define MATRIX_NODES 16	 /* wider ones are summed up by distance */
#define PI	     3.14159265358979323846

struct point {
	double x, y;
};

static void put_text(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			/* XML 1.0 has no other control characters */
			fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
		}
}

static void label(FILE *out, double x, double y, unsigned size, const char *anchor,
		  const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%u\" text-anchor=\"%s\">", x, y, size,
		anchor);
	put_text(out, text);
	fputs("</text>\n", out);
}

static void box(FILE *out, double x, double y, double width, double height, const char *fill)
{
	fprintf(out,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"4\" fill=\"%s\" "
		"stroke=\"#445\"/>\n",
		x, y, width, height, fill);
}

static void line(FILE *out, struct point a, struct point b)
{
	fprintf(out,
		"<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#889\" "
		"stroke-width=\"2\"/>\n",
		a.x, a.y, b.x, b.y);
}

/* ---- nodes and links ---- */

static bool in_grid(const struct machine_file *file)
{
	return file->memory.topology == TOPOLOGY_MESH || file->config.nodes > MATRIX_NODES;
}

static unsigned grid_width(const struct machine_file *file)
{
	unsigned nodes = file->config.nodes;

	if (file->memory.topology == TOPOLOGY_MESH)
		return machine_file_mesh_width(nodes);
	return (unsigned)ceil(sqrt(nodes));
}

static struct point place(const struct machine_file *file, unsigned node)
{
	unsigned nodes = file->config.nodes, width = grid_width(file);
	unsigned row = node / width, column = node % width;
	double middle = TOPOLOGY / 2.0, radius = TOPOLOGY / 2.0 - 50, turn, step;

	if (nodes == 1)
		return (struct point){middle, TOPOLOGY_TOP + middle};
	if (in_grid(file)) {
		step = (double)TOPOLOGY / width;
		return (struct point){(column + 0.5) * step, TOPOLOGY_TOP + (row + 0.5) * step};
	}
	turn = 2 * PI * node / nodes - PI / 2;
	return (struct point){middle + radius * cos(turn),
			      TOPOLOGY_TOP + middle + radius * sin(turn)};
}

static void draw_links(const struct machine_file *file, FILE *out)
{
	unsigned nodes = file->config.nodes;
	struct point hub = {TOPOLOGY / 2.0, TOPOLOGY_TOP + TOPOLOGY / 2.0};

	if (file->memory.topology == TOPOLOGY_UNIFORM && !in_grid(file) && nodes > 1) {
		for (unsigned n = 0; n < nodes; n++)
			line(out, place(file, n), hub);
		box(out, hub.x - 60, hub.y - 18, 120, 36, "#fff");
		label(out, hub.x, hub.y + 5, 13, "middle", "interconnect");
		return;
	}
	for (unsigned a = 0; a < nodes && file->memory.topology != TOPOLOGY_UNIFORM; a++)
		for (unsigned b = a + 1; b < nodes; b++)
			if (machine_file_hops(file, a, b) == 1)
				line(out, place(file, a), place(file, b));
}

static void draw_nodes(const struct machine_file *file, FILE *out)
{
	bool small = file->config.nodes > MATRIX_NODES;
	double width = small ? 40 : 76, height = small ? 22 : 50;
	char size[32], text[64];

	format_size(file->memory_per_node, size, sizeof(size));
	for (unsigned n = 0; n < file->config.nodes; n++) {
		struct point at = place(file, n);

		box(out, at.x - width / 2, at.y - height / 2, width, height, "#dce8f6");
		snprintf(text, sizeof(text), small ? "%u" : "node %u", n);
		label(out, at.x, at.y + (small ? 4 : -8), 12, "middle", text);
		if (small)
			continue;
		snprintf(text, sizeof(text), "%u CPU%s", (unsigned)file->cpus_per_node,
			 file->cpus_per_node == 1 ? "" : "s");
		label(out, at.x, at.y + 6, 11, "middle", text);
		label(out, at.x, at.y + 20, 11, "middle", size);
	}
}

/* ---- from a CPU outwards ---- */

static double draw_cache(FILE *out, double x, double y, double width, const char *name,
			 const struct cache_shape *cache, const char *fill)
{
	char size[32], text[120];

	format_size(cache->size, size, sizeof(size));
	box(out, x, y, width, 44, fill);
	snprintf(text, sizeof(text), "%s %s", name, size);
	label(out, x + width / 2, y + 18, 13, "middle", text);
	snprintf(text, sizeof(text), "%u-way %s, %u-byte lines, +%u cycles", (unsigned)cache->ways,
		 replacement_names[cache->replacement], (unsigned)cache->line,
		 (unsigned)cache->hit_cycles);
	label(out, x + width / 2, y + 35, 10, "middle", text);
	return y + 54;
}

static void draw_levels(const struct machine_file *file, FILE *out)
{
	const struct memory_shape *memory = &file->memory;
	double x = TOPOLOGY + 30, width = WIDTH - TOPOLOGY - 50, y = TOPOLOGY_TOP + 10;
	char text[160];

	snprintf(text, sizeof(text), "CPU: %u MHz, %u TLB entries", file->config.cpu.clock_mhz,
		 file->config.cpu.tlb_entries);
	box(out, x, y, width, 30, "#fff");
	label(out, x + width / 2, y + 20, 13, "middle", text);
	y += 40;
	draw_cache(out, x, y, width / 2 - 5, "L1I", &memory->l1i, "#eaf4df");
	y = draw_cache(out, x + width / 2 + 5, y, width / 2 - 5, "L1D", &memory->l1d, "#eaf4df");
	y = draw_cache(out, x, y, width, "L2", &memory->l2, "#fdf3d0");
	box(out, x, y, width, 30, "#fbe0cc");
	snprintf(text, sizeof(text), "local memory: %u ns", (unsigned)memory->local_ns);
	label(out, x + width / 2, y + 20, 13, "middle", text);
	y += 40;
	box(out, x, y, width, 44, "#f6cfcf");
	snprintf(text, sizeof(text), "remote memory: %u ns, +%u ns a further hop",
		 (unsigned)memory->remote_ns, (unsigned)memory->hop_ns);
	label(out, x + width / 2, y + 18, 13, "middle", text);
	snprintf(text, sizeof(text), "dirty elsewhere +%u ns, upgrade %u ns",
		 (unsigned)memory->dirty_ns, (unsigned)memory->upgrade_ns);
	label(out, x + width / 2, y + 35, 11, "middle", text);
	y += 62;
	snprintf(text, sizeof(text), "a request occupies the directory %u ns, a line a link %u ns",
		 (unsigned)memory->directory_ns, (unsigned)memory->link_ns);
	label(out, x, y, 12, "start", text);
	snprintf(text, sizeof(text), "interconnect: %s; memory: %s",
		 topology_names[memory->topology],
		 memory->interleaved ? "pages go round the nodes" : "one range a node");
	label(out, x, y + 18, 12, "start", text);
	snprintf(text, sizeof(text), "a page is hot after %u misses of one node",
		 (unsigned)memory->hot_threshold);
	label(out, x, y + 36, 12, "start", text);
}

/* ---- latencies ---- */

static void draw_cell(const struct machine_file *file, FILE *out, double x, double y, double width,
		      uint64_t ns)
{
	const struct memory_shape *memory = &file->memory;
	double most = 1, warm;
	char fill[24], text[24];

	for (unsigned b = 0; b < file->config.nodes; b++)
		if ((double)machine_file_latency(file, 0, b) > most)
			most = (double)machine_file_latency(file, 0, b);
	warm = most > (double)memory->local_ns
		       ? (double)(ns - memory->local_ns) / (most - (double)memory->local_ns)
		       : 0;
	snprintf(fill, sizeof(fill), "#%02x%02x%02x", (unsigned)(220 + 30 * warm),
		 (unsigned)(240 - 90 * warm), (unsigned)(215 - 75 * warm));
	box(out, x, y, width, 24, fill);
	snprintf(text, sizeof(text), "%u", (unsigned)ns);
	label(out, x + width / 2, y + 17, 11, "middle", text);
}

static void draw_matrix(const struct machine_file *file, FILE *out, double top)
{
	unsigned nodes = file->config.nodes;
	double width = (WIDTH - 100.0) / nodes;
	char text[24];

	if (width > 54)
		width = 54;
	label(out, 20, top, 14, "start",
	      "latency of a miss in ns, from node (row) to memory of node (column)");
	for (unsigned a = 0; a < nodes; a++) {
		snprintf(text, sizeof(text), "%u", a);
		label(out, 50, top + 47 + a * 26, 12, "end", text);
		label(out, 60 + (a + 0.5) * width, top + 22, 12, "middle", text);
		for (unsigned b = 0; b < nodes; b++)
			draw_cell(file, out, 60 + b * width, top + 30 + a * 26, width - 2,
				  machine_file_latency(file, a, b));
	}
}

static void draw_distances(const struct machine_file *file, FILE *out, double top)
{
	unsigned nodes = file->config.nodes, count[MACHINE_MAX_NODES] = {0}, row = 0;
	char text[80];

	label(out, 20, top, 14, "start", "latency of a miss from node 0");
	for (unsigned b = 0; b < nodes; b++)
		count[machine_file_hops(file, 0, b)]++;
	for (unsigned hops = 0; hops < nodes; hops++)
		for (unsigned b = 0; count[hops] && b < nodes; b++)
			if (machine_file_hops(file, 0, b) == hops) {
				draw_cell(file, out, 60, top + 14 + row * 26, 60,
					  machine_file_latency(file, 0, b));
				snprintf(text, sizeof(text), "%u hops: %u node%s", hops,
					 count[hops], count[hops] == 1 ? "" : "s");
				label(out, 130, top + 31 + row++ * 26, 12, "start", text);
				break;
			}
}

static unsigned latency_rows(const struct machine_file *file)
{
	unsigned most = 0;

	if (file->config.nodes <= MATRIX_NODES)
		return file->config.nodes;
	for (unsigned b = 0; b < file->config.nodes; b++)
		if (machine_file_hops(file, 0, b) > most)
			most = machine_file_hops(file, 0, b);
	return most + 1;
}

static void draw(const struct machine_file *file, FILE *out)
{
	double top = TOPOLOGY_TOP + TOPOLOGY + 40;
	char size[32], text[160];

	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "
		"xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" "
		"font-family=\"sans-serif\">\n<rect width=\"100%%\" height=\"100%%\" "
		"fill=\"#fff\"/>\n<title>",
		WIDTH, top + 60 + latency_rows(file) * 26);
	put_text(out, file->config.name);
	fputs("</title>\n", out);
	format_size(file->config.memory, size, sizeof(size));
	snprintf(text, sizeof(text), "%s: %u nodes, %u CPUs, %s", file->config.name,
		 file->config.nodes, file->config.cpus, size);
	label(out, 20, 28, 20, "start", text);
	label(out, 20, 50, 13, "start", file->description);
	draw_links(file, out);
	draw_nodes(file, out);
	draw_levels(file, out);
	if (file->config.nodes <= MATRIX_NODES)
		draw_matrix(file, out, top);
	else
		draw_distances(file, out, top);
	fputs("</svg>\n", out);
}

int machine_show_svg(const struct machine_file *file, const char *path)
{
	bool to_stdout = !strcmp(path, "-");
	FILE *out = to_stdout ? stdout : fopen(path, "w");
	bool failed;

	if (!out)
		return complain(DISCO_FAILED, "cannot write %s: %s", path, strerror(errno));
	draw(file, out);
	failed = ferror(out) != 0;
	failed |= (to_stdout ? fflush(out) : fclose(out)) != 0;
	if (failed)
		return complain(DISCO_FAILED, "cannot write %s: %s", path, strerror(errno));
	return DISCO_OK;
}
