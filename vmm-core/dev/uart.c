/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dev/uart.h"

enum uart_register {
	UART_RBR_THR_DLL,
	UART_IER_DLM,
	UART_IIR_FCR,
	UART_LCR,
	UART_MCR,
	UART_LSR,
	UART_MSR,
	UART_SCR,
};

#define IER_RX	      0x01
#define IER_THR	      0x02
#define IER_LINE      0x04
#define IER_ALL	      0x0f
#define IIR_NONE      0x01
#define IIR_THR	      0x02
#define IIR_RX	      0x04
#define IIR_LINE      0x06
#define IIR_TIMEOUT   0x0c
#define IIR_FIFOS     0xc0
#define FCR_ENABLE    0x01
#define FCR_CLEAR_RX  0x02
#define FCR_CLEAR_TX  0x04
#define LCR_DLAB      0x80
#define MCR_LOOPBACK  0x10
#define MCR_ALL	      0x1f
#define LSR_DATA      0x01
#define LSR_OVERRUN   0x02
#define LSR_THR_EMPTY 0x20
#define LSR_TX_EMPTY  0x40
#define MSR_CARRIER   0xb0 /* DCD, DSR, CTS */

static unsigned trigger_level(const struct uart *uart)
{
	static const uint8_t level[4] = {1, 4, 8, 14};

	return uart->fcr & FCR_ENABLE ? level[uart->fcr >> 6] : 1;
}

static uint8_t interrupt_identity(const struct uart *uart)
{
	if ((uart->ier & IER_LINE) && uart->lsr_errors)
		return IIR_LINE;
	if ((uart->ier & IER_RX) && uart->count)
		return uart->count >= trigger_level(uart) ? IIR_RX : IIR_TIMEOUT;
	if ((uart->ier & IER_THR) && uart->thr_interrupt)
		return IIR_THR;
	return IIR_NONE;
}

static void update(struct uart *uart)
{
	irq_line_set(&uart->irq, interrupt_identity(uart) != IIR_NONE);
}

static unsigned fifo_size(const struct uart *uart)
{
	return uart->fcr & FCR_ENABLE ? UART_FIFO : 1;
}

static void fifo_put(struct uart *uart, uint8_t byte)
{
	if (uart->count >= fifo_size(uart)) {
		uart->lsr_errors |= LSR_OVERRUN;
		return;
	}
	uart->fifo[(uart->head + uart->count++) % UART_FIFO] = byte;
}

static uint8_t fifo_get(struct uart *uart)
{
	uint8_t byte = uart->fifo[uart->head];

	if (!uart->count)
		return 0;
	uart->head = (uart->head + 1) % UART_FIFO;
	uart->count--;
	return byte;
}

unsigned uart_room(const struct uart *uart)
{
	return uart->mcr & MCR_LOOPBACK || uart->count >= fifo_size(uart)
		       ? 0
		       : fifo_size(uart) - uart->count;
}

bool uart_receive(struct uart *uart, uint8_t byte)
{
	if (!uart_room(uart))
		return false;
	fifo_put(uart, byte);
	uart->bytes_in++;
	update(uart);
	return true;
}

static void transmit(struct uart *uart, uint8_t byte)
{
	if (uart->mcr & MCR_LOOPBACK) {
		fifo_put(uart, byte);
	} else {
		uart->bytes_out++;
		if (uart->console.output)
			uart->console.output(uart->console.opaque, &byte, 1);
	}
	uart->thr_interrupt = true;
}

static void write_fcr(struct uart *uart, uint8_t value)
{
	if ((value ^ uart->fcr) & FCR_ENABLE || value & FCR_CLEAR_RX)
		uart->count = 0;
	if (value & FCR_CLEAR_TX)
		uart->thr_interrupt = true;
	uart->fcr = value & (FCR_ENABLE | 0xc8);
}

/* In loopback mode the modem outputs come back as the modem inputs. */
static uint8_t modem_status(const struct uart *uart)
{
	if (!(uart->mcr & MCR_LOOPBACK))
		return MSR_CARRIER;
	return (uint8_t)((uart->mcr & 0x02) << 3 | (uart->mcr & 0x01) << 5 |
			 (uart->mcr & 0x0c) << 4);
}

static uint8_t read_register(struct uart *uart, enum uart_register reg)
{
	uint8_t value;

	switch (reg) {
	case UART_RBR_THR_DLL:
		return uart->lcr & LCR_DLAB ? uart->dll : fifo_get(uart);
	case UART_IER_DLM:
		return uart->lcr & LCR_DLAB ? uart->dlm : uart->ier;
	case UART_IIR_FCR:
		value = interrupt_identity(uart);
		if (value == IIR_THR)
			uart->thr_interrupt = false;
		return value | (uart->fcr & FCR_ENABLE ? IIR_FIFOS : 0);
	case UART_LCR:
		return uart->lcr;
	case UART_MCR:
		return uart->mcr;
	case UART_LSR:
		value = uart->lsr_errors | LSR_THR_EMPTY | LSR_TX_EMPTY |
			(uart->count ? LSR_DATA : 0);
		uart->lsr_errors = 0;
		return value;
	case UART_MSR:
		return modem_status(uart);
	case UART_SCR:
		return uart->scratch;
	}
	return 0;
}

static void write_register(struct uart *uart, enum uart_register reg, uint8_t value)
{
	switch (reg) {
	case UART_RBR_THR_DLL:
		if (uart->lcr & LCR_DLAB)
			uart->dll = value;
		else
			transmit(uart, value);
		break;
	case UART_IER_DLM:
		if (uart->lcr & LCR_DLAB) {
			uart->dlm = value;
			break;
		}
		/* Enabling the transmitter interrupt while the transmitter is empty raises it. */
		if (value & ~uart->ier & IER_THR)
			uart->thr_interrupt = true;
		uart->ier = value & IER_ALL;
		break;
	case UART_IIR_FCR:
		write_fcr(uart, value);
		break;
	case UART_LCR:
		uart->lcr = value;
		break;
	case UART_MCR:
		uart->mcr = value & MCR_ALL;
		break;
	case UART_SCR:
		uart->scratch = value;
		break;
	case UART_LSR:
	case UART_MSR:
		break;
	}
}

bool uart_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value)
{
	struct uart *uart = opaque;

	(void)cpu;
	*value = 0;
	if (size > 4)
		return false;
	if (offset % 4 == 0)
		*value = read_register(uart, (enum uart_register)(offset / 4));
	update(uart);
	return true;
}

bool uart_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	struct uart *uart = opaque;

	(void)cpu;
	if (size > 4)
		return false;
	if (offset % 4 == 0)
		write_register(uart, (enum uart_register)(offset / 4), (uint8_t)value);
	update(uart);
	return true;
}

void uart_init(struct uart *uart, const struct console_backend *console, const struct irq_line *irq)
{
	*uart = (struct uart){.console = *console, .irq = *irq};
}
