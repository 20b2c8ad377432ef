/* SPDX-License-Identifier: Apache-2.0 */
/* The console UART of the faked machine: a buffer tests read, or stderr for the tools. */
#include <stdio.h>
#include <string.h>
#include "arch/host/host.h"
#include "core/console/console.h"

struct host_uart host_uart = { .room = ~0U, .to_stderr = true };

void host_uart_reset(void)
{
	memset(&host_uart, 0, sizeof(host_uart));
	host_uart.room = ~0U;
}

void host_uart_type(const char *text)
{
	for (; *text != '\0'; text++) {
		host_uart.in[host_uart.in_head++ % sizeof(host_uart.in)] = (u8)*text;
	}
}

static int uart_init(pa_t base, const struct board_uart *u)
{
	(void)base;
	(void)u;
	return 0;
}

static bool uart_putc(pa_t base, u8 c)
{
	(void)base;
	if (host_uart.to_stderr) {
		fputc(c, stderr);
		return true;
	}
	if (host_uart.room == 0 || host_uart.out_len + 1 >= sizeof(host_uart.out)) {
		return false;
	}
	host_uart.room -= host_uart.room != ~0U ? 1 : 0;
	host_uart.out[host_uart.out_len++] = (char)c;
	return true;
}

static int uart_getc(pa_t base)
{
	(void)base;
	if (host_uart.in_head == host_uart.in_tail) {
		return -1;
	}
	return host_uart.in[host_uart.in_tail++ % sizeof(host_uart.in)];
}

static void uart_irq_mask(pa_t base, bool rx, bool tx)
{
	(void)base;
	host_uart.rx_irq = rx;
	host_uart.tx_irq = tx;
}

static void uart_irq_ack(pa_t base)
{
	(void)base;
}

static const char *const compatible[] = { "host,uart", NULL };

UART(host) = {
	.compatible = compatible,
	.early_name = "host",
	.init = uart_init,
	.putc = uart_putc,
	.getc = uart_getc,
	.irq_mask = uart_irq_mask,
	.irq_ack = uart_irq_ack,
};

/* So that messages of the tools are seen; a test that wants them calls host_uart_reset(). */
__attribute__((constructor)) static void use_stderr(void)
{
	console_use(&uart_host, 0, 0);
}
