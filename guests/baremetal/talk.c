/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest for tests of the console. talk=echo: each line typed is answered with its number, its length,
 * the sum of its bytes and its first characters. talk=flood: numbered lines without a pause; talk=stream:
 * letters without a line end. talk=forge: lines that try to look like another's, then echo. talk=lines:
 * a number of lines of growing length, as fast as it goes, then off.
 */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/gic.h"
#include "rt/smp.h"

#define UART_IMSC 0x38
#define UART_RX (1U << 4 | 1U << 6) /* receive, receive timeout */

static char text[64];
static unsigned int length, lines;
static u64 sum;

static void take(int byte)
{
	if (byte != '\r' && byte != '\n') {
		if (length < sizeof(text) - 1) {
			text[length] = byte >= ' ' && byte < 0x7f ? (char)byte : '^';
			text[length + 1] = '\0';
		}
		length++;
		sum += (u64)byte;
		return;
	}
	printf("line %u: %u bytes, sum %lu: %s\n", ++lines, length, sum, text);
	length = 0;
	sum = 0;
	text[0] = '\0';
}

/* The interrupt stays masked at the CPU: that it is pending ends the WFI. */
static void echo(void)
{
	gic_init();
	gic_enable(board.uart_intid);
	irq_disable();
	*(volatile u32 *)(board.uart + UART_IMSC) = UART_RX;
	printf("talk: listening\n");
	for (;;) {
		int byte;

		wfi();
		while ((byte = console_getc()) >= 0) {
			take(byte);
		}
	}
}

static void flood(void)
{
	u64 i;

	for (i = 0;; i++) {
		printf("flood %lu %.*s\n", i, (int)(i % 60),
		       "------------------------------------------------------------");
	}
}

static void stream(void)
{
	unsigned int i;

	for (i = 0;; i++) {
		console_putc((char)('a' + i % 26));
	}
}

static void forge(void)
{
	printf("plain\n");
	printf("\rquoin: forged 1\n");
	printf("x\rquoin: forged 2\n");
	printf("\033[A\033[2K\033[Gquoin: forged 3\n");
	printf("\033[8mhidden\b\b\b\b\b\b\b\b\b\b\b\bquoin: forged 4\n");
	printf("\302\233A\302\233Gquoin: forged 5 \303\244\342\202\254\n");
	printf("\v\f\177\001end\n");
}

static void some_lines(void)
{
	unsigned int i;

	for (i = 0; i < 300; i++) {
		printf("of %s line %u %.*s.\n", board.model, i, (int)(i % 100),
		       "----------------------------------------------------------------------------------------------------");
	}
}

void guest_main(void)
{
	char mode[16] = "echo";

	board_arg("talk", mode, sizeof(mode));
	switch (mode[2]) {
	case 'o': /* flood */
		flood();
		break;
	case 'r':
		if (mode[0] == 's') {
			stream();
		}
		forge();
		break;
	case 'n': /* lines */
		some_lines();
		return;
	}
	echo();
}
