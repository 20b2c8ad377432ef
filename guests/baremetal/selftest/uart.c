/* SPDX-License-Identifier: Apache-2.0 */
/* The PL011 (DDI 0183): identification, flags, interrupts. */
#include "check.h"

#define UARTDR		0x00
#define UARTFR		0x18
#define UARTIBRD	0x24
#define UARTLCR_H	0x2c
#define UARTIMSC	0x38
#define UARTRIS		0x3c
#define UARTMIS		0x40
#define UARTICR		0x44
#define FR_TXFF		BIT(5)
#define FR_TXFE		BIT(7)
#define INT_TX		BIT(5)

static void mask_hook(u32 intid)
{
	(void)intid;
	mmio_write32(board.uart + UARTIMSC, 0);
}

/* Printing a result transmits, so results are printed when all is done. */
static void interrupts(void)
{
	u64 uart = board.uart;
	bool raised, high, low, shown;
	u32 taken, more;

	log_begin();
	log_hook = mask_hook;
	gic_set_edge(board.uart_intid, false);
	gic_enable(board.uart_intid);
	mmio_write32(uart + UARTIMSC, INT_TX);
	mmio_write32(uart + UARTDR, '#');
	mmio_write32(uart + UARTDR, '\n');
	raised = wait_for(mmio_read32(uart + UARTRIS) & INT_TX);
	taken = log_drain();
	mmio_write32(uart + UARTIMSC, INT_TX);
	shown = mmio_read32(uart + UARTMIS) == INT_TX;
	high = wait_for(gic_is_pending(board.uart_intid));
	mmio_write32(uart + UARTICR, INT_TX);
	low = wait_for(!gic_is_pending(board.uart_intid));
	more = log_drain() - taken;
	mmio_write32(uart + UARTIMSC, 0);
	gic_disable(board.uart_intid);
	check(raised, "sending raises the transmit interrupt");
	check_eq(taken, 1, "the GIC delivers it once");
	check_eq(log_intid(0), board.uart_intid, "on the UART's INTID");
	check(shown, "MIS shows it when unmasked");
	check(high, "the line is high in the GIC");
	check(low, "and low once cleared");
	check_eq(more, 0, "then nothing more is taken");
	log_end();
}

void test_uart(void)
{
	static const u8 id[8] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	u64 uart = board.uart;
	unsigned int i, good = 0;
	u32 old;

	for (i = 0; i < 8; i++) {
		/* The upper half of byte 2 is the revision. */
		good += (mmio_read32(uart + 0xfe0 + i * 4) & (i == 2 ? 0x0f : 0xff)) == (i == 2 ? 4 : id[i]);
	}
	check_eq(good, 8, "peripheral and PrimeCell identification");
	old = mmio_read32(uart + UARTIBRD);
	mmio_write32(uart + UARTIBRD, 0x1a);
	check_eq(mmio_read32(uart + UARTIBRD), 0x1a, "a baud rate register reads back");
	mmio_write32(uart + UARTIBRD, old);
	check(mmio_read32(uart + UARTLCR_H) & 0x10, "FIFOs are on");
	check(wait_for(mmio_read32(uart + UARTFR) & FR_TXFE), "the transmitter empties");
	check_eq(mmio_read32(uart + UARTMIS), 0, "no interrupt while masked");
	mmio_write32(uart + UARTICR, 0x7ff);
	check_eq(mmio_read32(uart + UARTRIS) & INT_TX, 0, "ICR clears the transmit interrupt");

	interrupts();
}
