/* SPDX-License-Identifier: Apache-2.0 */
/* PL011 (DDI 0183): what a driver needs for polled input and output. */
#include "console.h"

#include <stdarg.h>

#include "cpu.h"

#define UARTDR		0x00
#define UARTFR		0x18
#define UARTLCR_H	0x2c
#define UARTCR		0x30
#define FR_RXFE		BIT(4)
#define FR_TXFF		BIT(5)
#define LCR_H_8N1_FIFO	0x70
#define CR_ENABLE	0x301	/* UARTEN, TXE, RXE */

/* From newlib; its <stdio.h> would declare a printf that ends in the C library. */
int vsniprintf(char *buffer, size_t size, const char *format, va_list args);

static u64 uart;

void console_init(u64 base)
{
	uart = base;
	if (uart) {
		mmio_write32(uart + UARTLCR_H, LCR_H_8N1_FIFO);
		mmio_write32(uart + UARTCR, CR_ENABLE);
	}
}

void console_putc(char c)
{
	if (!uart) {
		return;
	}
	while (mmio_read32(uart + UARTFR) & FR_TXFF) {
	}
	mmio_write32(uart + UARTDR, (u8)c);
}

int console_getc(void)
{
	if (!uart || (mmio_read32(uart + UARTFR) & FR_RXFE)) {
		return -1;
	}
	return (u8)mmio_read32(uart + UARTDR);
}

int printf(const char *format, ...)
{
	char line[512];
	va_list args;
	int length, i;

	va_start(args, format);
	length = vsniprintf(line, sizeof(line), format, args);
	va_end(args);
	for (i = 0; i < length && i < (int)sizeof(line) - 1; i++) {
		console_putc(line[i]);
	}
	return length;
}
