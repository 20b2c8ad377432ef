/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Qualcomm UARTDM 1.4 without its DMA (APQ8016E technical reference manual, 6.2.5): a number of bytes is
 * announced, then written; received bytes come four at once, fewer when told that no more will come.
 */
#include "arch/arch.h"
#include "arch_io.h"

#define DMRX 0x34
#define NCF_TX 0x40
#define RXFS 0x50
#define SR 0xa4
#define CR 0xa8
#define IMR 0xb0
#define ISR 0xb4
#define TF 0x100
#define RF 0x140

#define RXFS_BUFFER BITS(9, 7) /* bytes that are less than a word */
#define SR_RX_READY BIT(0)
#define SR_TX_EMPTY BIT(3)
#define SR_OVERRUN BIT(4)
#define CR_RX_TX (BIT(0) | BIT(2)) /* on */
#define CR_RESET_ERROR (3U << 4)
#define CR_RESET_STALE (8U << 4)
#define CR_RESET_TX_READY (3U << 8)
#define CR_FORCE_STALE (4U << 8)
#define INT_RX (BIT(3) | BIT(4)) /* stale, at the mark */
#define INT_TX_READY BIT(7)
#define DMRX_MANY 0xffffff

static u32 word, left; /* what was read of the FIFO; there is one console */

static void uartdm_irq_mask(pa_t base, bool rx, bool tx)
{
	io_write32(base + IMR, (rx ? INT_RX : 0) | (tx ? INT_TX_READY : 0));
}

static int uartdm_init(pa_t base, const struct board_uart *u)
{
	(void)u;
	left = 0;
	uartdm_irq_mask(base, false, false);
	io_write32(base + CR, CR_RX_TX);
	io_write32(base + DMRX, DMRX_MANY);
	return 0;
}

static bool uartdm_idle(pa_t base)
{
	return (io_read32(base + SR) & SR_TX_EMPTY) != 0 || (io_read32(base + ISR) & INT_TX_READY) != 0;
}

static bool uartdm_putc(pa_t base, u8 c)
{
	if (!uartdm_idle(base)) {
		return false;
	}
	io_write32(base + CR, CR_RESET_TX_READY);
	io_write32(base + NCF_TX, 1);
	io_write32(base + TF, c);
	return true;
}

static int uartdm_getc(pa_t base)
{
	u32 sr;
	int c;

	if (left == 0) {
		sr = io_read32(base + SR);
		if ((sr & SR_OVERRUN) != 0) {
			io_write32(base + CR, CR_RESET_ERROR);
		}
		left = 4;
		if ((sr & SR_RX_READY) == 0) {
			left = MIN((u32)field_get(RXFS_BUFFER, io_read32(base + RXFS)), 3U);
			if (left == 0) {
				return -1;
			}
			io_write32(base + CR, CR_FORCE_STALE); /* what there is goes into the FIFO */
		}
		word = io_read32(base + RF);
	}
	c = (int)(word & 0xff);
	word >>= 8;
	left--;
	return c;
}

/* A stale event ends a transfer: the next one is asked for. The others end when their cause is served. */
static void uartdm_irq_ack(pa_t base)
{
	io_write32(base + CR, CR_RESET_STALE);
	io_write32(base + DMRX, DMRX_MANY);
}

static bool uartdm_busy(pa_t base)
{
	return (io_read32(base + SR) & SR_TX_EMPTY) == 0;
}

static const char *const compatible[] = { "qcom,msm-uartdm", NULL };

UART(uartdm) = {
	.compatible = compatible,
	.early_name = "uartdm",
	.init = uartdm_init,
	.putc = uartdm_putc,
	.getc = uartdm_getc,
	.irq_mask = uartdm_irq_mask,
	.irq_ack = uartdm_irq_ack,
	.busy = uartdm_busy,
};
