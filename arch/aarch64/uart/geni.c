/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Qualcomm serial engine as a UART (binding "qcom,geni-se"; the engine runs commands: one sends a number of
 * bytes, another receives). A byte a command: slow, but it never waits. Firmware has set clock and format.
 */
#include "arch/arch.h"
#include "arch_io.h"

#define STATUS 0x40
#define RX_PACKING0 0x284
#define RX_PACKING1 0x288
#define TX_LENGTH 0x270
#define M_CMD 0x600
#define M_IRQ 0x610
#define M_IRQ_ON 0x614
#define M_IRQ_CLEAR 0x618
#define S_CMD 0x630
#define S_IRQ 0x640
#define S_IRQ_ON 0x644
#define S_IRQ_CLEAR 0x648
#define TX_FIFO 0x700
#define RX_FIFO 0x780
#define RX_STATUS 0x804
#define RX_MARK 0x810

#define STATUS_M_ACTIVE BIT(0)
#define STATUS_S_ACTIVE BIT(12)
#define CMD_START (1U << 27)   /* of either sequencer: send; receive */
#define IRQ_DONE BIT(0)
#define IRQ_RX (BIT(26) | BIT(27)) /* at the mark; the last of a pause */
#define RX_WORDS BITS(24, 0)
#define RX_LAST BIT(31)
#define RX_LAST_BYTES BITS(30, 28)
#define PACK_4_BYTES 0xf

static u32 word, left; /* what was read of the FIFO: it gives four bytes at once; there is one console */

static void geni_irq_mask(pa_t base, bool rx, bool tx)
{
	io_write32(base + S_IRQ_ON, rx ? IRQ_RX : 0);
	io_write32(base + M_IRQ_ON, (rx ? IRQ_RX : 0) | (tx ? IRQ_DONE : 0));
}

static int geni_init(pa_t base, const struct board_uart *u)
{
	(void)u;
	left = 0;
	geni_irq_mask(base, false, false);
	if ((io_read32(base + STATUS) & STATUS_S_ACTIVE) == 0) {
		io_write32(base + RX_PACKING0, PACK_4_BYTES);
		io_write32(base + RX_PACKING1, 0);
		io_write32(base + S_CMD, CMD_START);
	}
	io_write32(base + RX_MARK, 1);
	return 0;
}

static bool geni_putc(pa_t base, u8 c)
{
	if ((io_read32(base + STATUS) & STATUS_M_ACTIVE) != 0) {
		return false;
	}
	io_write32(base + M_IRQ_CLEAR, IRQ_DONE);
	io_write32(base + TX_LENGTH, 1);
	io_write32(base + M_CMD, CMD_START);
	io_write32(base + TX_FIFO, c);
	return true;
}

static int geni_getc(pa_t base)
{
	u32 status;
	int c;

	if (left == 0) {
		status = io_read32(base + RX_STATUS);
		if ((status & RX_WORDS) == 0) {
			return -1;
		}
		left = 4;
		if ((status & RX_WORDS) == 1 && (status & RX_LAST) != 0 && field_get(RX_LAST_BYTES, status) != 0) {
			left = MIN((u32)field_get(RX_LAST_BYTES, status), 4U);
		}
		word = io_read32(base + RX_FIFO);
	}
	c = (int)(word & 0xff);
	word >>= 8;
	left--;
	return c;
}

/* Latched: cleared first, then served. */
static void geni_irq_ack(pa_t base)
{
	io_write32(base + S_IRQ_CLEAR, io_read32(base + S_IRQ));
	io_write32(base + M_IRQ_CLEAR, io_read32(base + M_IRQ));
}

static bool geni_busy(pa_t base)
{
	return (io_read32(base + STATUS) & STATUS_M_ACTIVE) != 0;
}

static const char *const compatible[] = { "qcom,geni-debug-uart", "qcom,geni-uart", NULL };

UART(geni) = {
	.compatible = compatible,
	.early_name = "geni",
	.init = geni_init,
	.putc = geni_putc,
	.getc = geni_getc,
	.irq_mask = geni_irq_mask,
	.irq_ack = geni_irq_ack,
	.busy = geni_busy,
};
