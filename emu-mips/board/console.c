/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Consoles: output to the owner's callback, input asked for at intervals of simulated time. */
#include <string.h>

#include "board/board.h"
#include "dev/address_map.h"

#define POLL_NS UINT64_C(4000000)

static void port_output(void *opaque, const uint8_t *data, size_t length)
{
	const struct port *port = opaque;
	const struct board_console *console = &port->board->console;

	if (console->output)
		console->output(console->opaque, port->number, data, length);
}

struct console_backend console_port(struct board *board, unsigned number)
{
	board->port[number] = (struct port){.board = board, .number = number};
	return (struct console_backend){.output = port_output, .opaque = &board->port[number]};
}

/* Gives the guest what was typed; returns how much it took. */
static size_t deliver(struct board *board, const struct port *port)
{
	size_t taken = 0;

	if (port->number == CONSOLE_PORT_VIRTIO)
		return virtio_console_receive(&board->virtio_console, port->input,
					      port->input_length);
	while (taken < port->input_length &&
	       uart_receive(&board->uart[port->number], port->input[taken]))
		taken++;
	return taken;
}

static void poll_port(struct board *board, struct port *port)
{
	const struct board_console *console = &board->console;
	size_t taken;

	if (!port->input_length)
		port->input_length = console->input(console->opaque, port->number, port->input,
						    sizeof(port->input));
	if (port->input_length > sizeof(port->input))
		port->input_length = sizeof(port->input);
	if (!port->input_length)
		return;
	taken = deliver(board, port);
	port->input_length -= taken;
	memmove(port->input, port->input + taken, port->input_length);
}

static void poll_input(void *opaque, uint64_t now)
{
	struct board *board = opaque;

	for (unsigned n = 0; n < BOARD_CONSOLES; n++)
		poll_port(board, &board->port[n]);
	event_at(board->machine, now + machine_cycles_from_ns(board->machine, POLL_NS), poll_input,
		 board);
}

static void on_idle(struct machine *machine, uint64_t cycle)
{
	const struct board_console *console = &machine->board->console;

	console->idle(console->opaque, machine_ns(machine, cycle - machine->now));
}

void console_start(struct board *board)
{
	if (board->console.input)
		event_at(board->machine, board->machine->now, poll_input, board);
	if (board->console.idle)
		board->machine->on_idle = on_idle;
}
