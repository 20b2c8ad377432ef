/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ARM PrimeCell UART (PL011, ARM DDI 0183) and the SBSA generic UART, its
 * subset. Firmware has set line parameters; they stay as they are.
 */
#include "arch/arch.h"
#include "arch_io.h"

#define DR 0x00
#define FR 0x18
#define LCR_H 0x2c
#define CR 0x30
#define IMSC 0x38
#define ICR 0x44

#define FR_BUSY BIT(3)
#define FR_RXFE BIT(4)
#define FR_TXFF BIT(5)
#define LCR_8N1_FIFO 0x70
#define CR_UARTEN BIT(0)
#define CR_TXE BIT(8)
#define CR_RXE BIT(9)
#define INT_RX BIT(4)
#define INT_TX BIT(5)
#define INT_RT BIT(6)
#define INT_ALL 0x7ff

static int pl011_init(pa_t base, const struct board_uart *u)
{
	u32 cr = io_read32(base + CR);

	(void)u;
	io_write32(base + IMSC, 0);
	io_write32(base + ICR, INT_ALL);
	/* An emulator without firmware has not turned it on; where it is on, nothing is written. */
	if ((cr & (CR_UARTEN | CR_TXE | CR_RXE)) != (CR_UARTEN | CR_TXE | CR_RXE)) {
		io_write32(base + LCR_H, LCR_8N1_FIFO);
		io_write32(base + CR, cr | CR_UARTEN | CR_TXE | CR_RXE);
	}
	return 0;
}

static bool pl011_putc(pa_t base, u8 c)
{
	if ((io_read32(base + FR) & FR_TXFF) != 0) {
		return false;
	}
	io_write32(base + DR, c);
	return true;
}

static int pl011_getc(pa_t base)
{
	if ((io_read32(base + FR) & FR_RXFE) != 0) {
		return -1;
	}
	return (int)(io_read32(base + DR) & 0xff);
}

/*
 * The transmit interrupt comes when the FIFO sinks through its level (DDI 0183 2.8.2): it is turned
 * on only when the FIFO was found full, so that it will.
 */
static void pl011_irq_mask(pa_t base, bool rx, bool tx)
{
	io_write32(base + IMSC, (rx ? INT_RX | INT_RT : 0) | (tx ? INT_TX : 0));
}

/* Receive interrupts go away when the FIFO is read; the others by the write. */
static void pl011_irq_ack(pa_t base)
{
	io_write32(base + ICR, INT_ALL & ~(INT_RX | INT_RT));
}

static bool pl011_busy(pa_t base)
{
	return (io_read32(base + FR) & FR_BUSY) != 0;
}

static const char *const compatible[] = { "arm,pl011", "arm,sbsa-uart", NULL };

UART(pl011) = {
	.compatible = compatible,
	.early_name = "pl011",
	.init = pl011_init,
	.putc = pl011_putc,
	.getc = pl011_getc,
	.irq_mask = pl011_irq_mask,
	.irq_ack = pl011_irq_ack,
	.busy = pl011_busy,
};
