/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console: ns16550a, polled; and print(). */
#include <stdarg.h>

#include "system.h"

#define UART_DATA   (0 << 2)
#define UART_STATUS (5 << 2)
#define UART_EMPTY  0x20

static struct lock console_lock;

static void put(char c)
{
	if (c == '\n')
		put('\r');
	while (!(*(volatile uint8_t *)device(MAP_UART_BASE + UART_STATUS) & UART_EMPTY))
		;
	*(volatile uint8_t *)device(MAP_UART_BASE + UART_DATA) = (uint8_t)c;
}

static void put_padded(const char *text, unsigned width)
{
	unsigned length = 0;

	while (text[length])
		length++;
	for (; width > length; width--)
		put(' ');
	while (*text)
		put(*text++);
}

static void put_number(uint64_t value, unsigned base, unsigned width, bool negative)
{
	char digits[24], *at = digits + sizeof(digits) - 1;

	*at = 0;
	do {
		*--at = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative)
		*--at = '-';
	put_padded(at, width);
}

static void put_fixed(double value, unsigned digits)
{
	uint64_t scale = 1;

	if (value < 0) {
		put('-');
		value = -value;
	}
	for (unsigned n = 0; n < digits; n++)
		scale *= 10;
	value = value * (double)(int64_t)scale + 0.5;
	if (!(value < 9e18)) {
		put_padded(value == value ? "huge" : "nan", 0);
		return;
	}
	put_number((uint64_t)(int64_t)value / scale, 10, 0, false);
	if (!digits)
		return;
	put('.');
	for (uint64_t rest = (uint64_t)(int64_t)value % scale; digits; digits--) {
		scale /= 10;
		put((char)('0' + rest / scale % 10));
	}
}

static void put_exponent(double value, unsigned digits)
{
	int exponent = 0;

	if (value < 0) {
		put('-');
		value = -value;
	}
	if (!(value < 1e300)) {
		put_padded(value == value ? "huge" : "nan", 0);
		return;
	}
	for (; value >= 10; exponent++)
		value /= 10;
	for (; value > 0 && value < 1; exponent--)
		value *= 10;
	put_fixed(value, digits);
	put('e');
	put_number((uint64_t)(exponent < 0 ? -exponent : exponent), 10, 0, exponent < 0);
}

static unsigned read_number(const char **format)
{
	unsigned number = 0;

	while (**format >= '0' && **format <= '9')
		number = number * 10 + (unsigned)(*(*format)++ - '0');
	return number;
}

static const char *put_argument(const char *format, va_list *arguments)
{
	unsigned width = read_number(&format), digits = 6;
	bool is_long = false;
	int64_t value;

	if (*format == '.') {
		format++;
		digits = read_number(&format);
	}
	if (*format == 'l') {
		format++;
		is_long = true;
	}
	switch (*format) {
	case 's':
		put_padded(va_arg(*arguments, const char *), width);
		break;
	case 'c':
		put((char)va_arg(*arguments, int));
		break;
	case 'd':
		value = is_long ? va_arg(*arguments, long) : va_arg(*arguments, int);
		put_number((uint64_t)(value < 0 ? -value : value), 10, width, value < 0);
		break;
	case 'u':
	case 'x':
		put_number(is_long ? va_arg(*arguments, unsigned long)
				   : va_arg(*arguments, unsigned int),
			   *format == 'x' ? 16 : 10, width, false);
		break;
	case 'f':
		put_fixed(va_arg(*arguments, double), digits);
		break;
	case 'e':
		put_exponent(va_arg(*arguments, double), digits);
		break;
	default:
		put(*format);
	}
	return format + 1;
}

void print_list(const char *format, va_list *arguments)
{
	while (*format) {
		if (*format == '%')
			format = put_argument(format + 1, arguments);
		else
			put(*format++);
	}
}

void print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	lock(&console_lock);
	print_list(format, &arguments);
	unlock(&console_lock);
	va_end(arguments);
}

/* Without the lock: whoever holds it may be the one that failed. */
void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put_padded(program_name, 0);
	put_padded(": ", 0);
	print_list(format, &arguments);
	put('\n');
	va_end(arguments);
	finish(1);
}
