/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ns16550a UART with 16-byte FIFOs, register shift 2. Output goes out at once; the line rate is
 * not modelled. Source: National Semiconductor PC16550D data sheet.
 */
#ifndef DEV_UART_H
#define DEV_UART_H

#include "dev/device.h"

#define UART_FIFO 16

struct uart {
	struct console_backend console;
	struct irq_line irq;
	uint8_t ier, lcr, mcr, scratch, fcr, dll, dlm, lsr_errors;
	bool thr_interrupt; /* transmitter-empty condition not yet acknowledged */
	uint8_t fifo[UART_FIFO];
	unsigned head, count;
	uint64_t bytes_out, bytes_in;
};

void uart_init(struct uart *uart, const struct console_backend *console,
	       const struct irq_line *irq);
bool uart_read(void *uart, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value);
bool uart_write(void *uart, unsigned cpu, uint64_t offset, unsigned size, uint64_t value);

/* Free places in the receive FIFO (0 in loopback mode). */
unsigned uart_room(const struct uart *uart);
/* A byte from outside; false when there is no room. */
bool uart_receive(struct uart *uart, uint8_t byte);

#endif
