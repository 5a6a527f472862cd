// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The picture of `disco demo`: a block of cells for each node, a cell for each page of its memory
 * that missed, in the order of the first miss. The warmer a cell, the more second-level misses it
 * took lately; red ones were made by CPUs of other nodes, green ones by the node's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"
#include "demo.h"

#define ROWS	   4	     /* of cells, for each node */
#define MAX_CELLS  1024	     /* of a node */
#define MARGIN	   10	     /* columns before the cells */
#define LEAST_WIDE 60	     /* columns of the terminal */
#define LINE_NS	   200000000 /* simulated time between two lines of text */
#define LOOK_NS	   500000    /* simulated time between two looks at the clock */
#define FRAME_S	   0.08	     /* host time between two frames */
#define STEPS	   5	     /* of warmth */

struct cell {
	uint32_t local, remote; /* misses since the last frame */
	float heat, from_remote;
};

struct block {
	uint16_t *cell_of; /* by page of the node: 1 + its cell; 0: none yet */
	unsigned cells, pages;
	struct cell cell[MAX_CELLS];
};

struct demo_screen {
	struct machine *machine;
	const struct demo_pass *pass;
	FILE *text; /* NULL: the picture */
	uint32_t node_pages;
	uint64_t started, line_at, event;
	double frame_at;
	uint64_t local, remote; /* since the last frame or line */
	float shown_remote;	/* per cent, of the last frame with misses */
	struct block block[MACHINE_MAX_NODES];
};

static volatile bool entered;

static void put(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		return; /* the terminal has gone: nobody to tell */
}

void demo_terminal_enter(void)
{
	fflush(stdout);
	put("\033[?1049h\033[?25l\033[2J");
	entered = true;
}

void demo_terminal_leave(void)
{
	if (!entered)
		return;
	entered = false;
	put("\033[0m\033[?25h\033[?1049l");
}

static bool terminal_size(unsigned *rows, unsigned *columns)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return false;
	*rows = size.ws_row;
	*columns = size.ws_col;
	return true;
}

bool demo_screen_possible(void)
{
	const char *kind = getenv("TERM");
	unsigned rows, columns;

	return isatty(STDOUT_FILENO) && kind && *kind && strcmp(kind, "dumb") != 0 &&
	       terminal_size(&rows, &columns) && columns >= LEAST_WIDE && rows >= 4 * ROWS + 8;
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- counting ---- */

static void count(void *opaque, unsigned cpu, uint64_t offset, unsigned home, bool write)
{
	struct demo_screen *screen = opaque;
	struct block *block = &screen->block[home];
	uint32_t page = (uint32_t)(offset / 4096) % screen->node_pages;
	bool remote = screen->machine->cpu[cpu]->node != home;
	struct cell *cell;

	(void)write;
	screen->local += !remote;
	screen->remote += remote;
	if (!block->cell_of[page]) {
		if (block->cells == MAX_CELLS)
			return;
		block->cell_of[page] = (uint16_t)++block->cells;
	}
	cell = &block->cell[block->cell_of[page] - 1];
	cell->local += !remote;
	cell->remote += remote;
}

/* Lets cells cool, and warms those that missed. */
static void settle(struct demo_screen *screen)
{
	for (unsigned n = 0; n < screen->machine->config.nodes; n++) {
		struct block *block = &screen->block[n];

		block->pages = 0;
		for (unsigned i = 0; i < block->cells; i++) {
			struct cell *cell = &block->cell[i];
			uint32_t misses = cell->local + cell->remote;

			cell->heat = cell->heat * 0.6f + (float)misses * 0.4f;
			if (misses)
				cell->from_remote = (float)cell->remote / (float)misses;
			block->pages += misses > 0;
			cell->local = cell->remote = 0;
		}
	}
	if (screen->local + screen->remote)
		screen->shown_remote =
			100.0f * (float)screen->remote / (float)(screen->local + screen->remote);
	screen->local = screen->remote = 0;
}

/* ---- drawing ---- */

static double simulated_ms(const struct demo_screen *screen)
{
	if (!screen->started)
		return 0;
	return (double)machine_ns(screen->machine, screen->machine->now - screen->started) / 1e6;
}

static float hottest(const struct demo_screen *screen)
{
	float most = 1;

	for (unsigned n = 0; n < screen->machine->config.nodes; n++)
		for (unsigned i = 0; i < screen->block[n].cells; i++)
			if (screen->block[n].cell[i].heat > most)
				most = screen->block[n].cell[i].heat;
	return most;
}

static void draw_cell(FILE *out, const struct cell *cell, float most)
{
	/* xterm's 256 colours, dark to bright */
	static const unsigned char red[STEPS] = {52, 88, 124, 160, 196};
	static const unsigned char green[STEPS] = {22, 28, 34, 40, 46};
	static const unsigned char yellow[STEPS] = {58, 94, 136, 178, 220};
	unsigned step = (unsigned)(cell->heat / most * 2 * STEPS);
	const unsigned char *colours = yellow;

	if (cell->heat < 0.05f) {
		fputs("\033[48;5;234m ", out);
		return;
	}
	if (step >= STEPS)
		step = STEPS - 1;
	if (cell->from_remote > 0.65f)
		colours = red;
	else if (cell->from_remote < 0.35f)
		colours = green;
	fprintf(out, "\033[48;5;%um ", colours[step]);
}

static void draw_block(const struct demo_screen *screen, FILE *out, unsigned node, unsigned wide,
		       float most)
{
	const struct block *block = &screen->block[node];

	for (unsigned row = 0; row < ROWS; row++) {
		if (row == 0)
			fprintf(out, " \033[1mnode %-2u\033[0m  ", node);
		else if (row == 1)
			fprintf(out, " %4u pg  ", block->pages);
		else
			fprintf(out, "%*s", MARGIN - 1, "");
		for (unsigned i = row * wide; i < (row + 1) * wide; i++) {
			static const struct cell none;

			draw_cell(out, i < block->cells ? &block->cell[i] : &none, most);
		}
		fputs("\033[0m\033[K\r\n", out);
	}
	fputs("\033[K\r\n", out);
}

static void draw(struct demo_screen *screen)
{
	const struct vmm_numa_stats *moves = &screen->pass->moves;
	unsigned rows = 24, columns = 80, wide, nodes = screen->machine->config.nodes;
	float most = hottest(screen);

	terminal_size(&rows, &columns);
	wide = columns > MARGIN + 8 ? columns - MARGIN : 8;
	if (wide > MAX_CELLS / ROWS)
		wide = MAX_CELLS / ROWS;
	printf("\033[H\033[1m Disco: %s\033[0m\033[K\r\n"
	       " A cell is a page of a node's memory. \033[41m Red \033[0m misses come from other "
	       "nodes, \033[42m green \033[0m from its own.\033[K\r\n\033[K\r\n",
	       screen->pass->title);
	for (unsigned n = 0; n < nodes && 4 + (n + 1) * (ROWS + 1) < rows; n++)
		draw_block(screen, stdout, n, wide, most);
	printf(" %s %7.1f ms simulated   remote misses \033[1m%5.1f %%\033[0m   migrated %llu   "
	       "copied %llu\033[K\r\n\033[J",
	       screen->started ? "running" : "filling", simulated_ms(screen),
	       (double)screen->shown_remote, (unsigned long long)moves->migrations,
	       (unsigned long long)moves->replications);
	fflush(stdout);
}

static void print_line(const struct demo_screen *screen)
{
	const struct vmm_numa_stats *moves = &screen->pass->moves;

	fprintf(screen->text, "  %7.1f ms  remote misses %5.1f %%  pages in use on each node:",
		simulated_ms(screen), (double)screen->shown_remote);
	for (unsigned n = 0; n < screen->machine->config.nodes; n++)
		fprintf(screen->text, " %4u", screen->block[n].pages);
	fprintf(screen->text, "  migrated %llu, copied %llu\n",
		(unsigned long long)moves->migrations, (unsigned long long)moves->replications);
	fflush(screen->text);
}

static void look(void *opaque, uint64_t now)
{
	struct demo_screen *screen = opaque;

	screen->event =
		event_at(screen->machine, now + machine_cycles_from_ns(screen->machine, LOOK_NS),
			 look, screen);
	if (!screen->text) {
		double seconds = seconds_now();

		if (seconds < screen->frame_at)
			return;
		screen->frame_at = seconds + FRAME_S;
		settle(screen);
		draw(screen);
	} else if (screen->started && now >= screen->line_at) {
		screen->line_at = now + machine_cycles_from_ns(screen->machine, LINE_NS);
		settle(screen);
		print_line(screen);
	}
}

/* ---- open and close ---- */

struct demo_screen *demo_screen_open(struct machine *machine, const struct demo_pass *pass,
				     FILE *text)
{
	struct demo_screen *screen = calloc(1, sizeof(*screen));

	if (!screen)
		return NULL;
	screen->machine = machine;
	screen->pass = pass;
	screen->text = text;
	screen->node_pages = (uint32_t)(machine->config.memory / 4096 / machine->config.nodes);
	for (unsigned n = 0; n < machine->config.nodes; n++) {
		screen->block[n].cell_of = calloc(screen->node_pages, sizeof(uint16_t));
		if (!screen->block[n].cell_of) {
			demo_screen_close(screen);
			return NULL;
		}
	}
	machine->on_miss = count;
	machine->on_miss_opaque = screen;
	screen->event = event_at(machine, machine->now, look, screen);
	return screen;
}

void demo_screen_start(struct demo_screen *screen)
{
	screen->started = screen->machine->now;
	screen->line_at = screen->started + machine_cycles_from_ns(screen->machine, LINE_NS);
	settle(screen);
}

void demo_screen_end(struct demo_screen *screen)
{
	screen->machine->on_miss = NULL;
	if (screen->event)
		event_cancel(screen->machine, screen->event);
	screen->event = 0;
}

void demo_screen_close(struct demo_screen *screen)
{
	demo_screen_end(screen);
	for (unsigned n = 0; n < screen->machine->config.nodes; n++)
		free(screen->block[n].cell_of);
	free(screen);
}
