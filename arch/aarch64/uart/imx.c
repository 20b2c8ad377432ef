/* SPDX-License-Identifier: Apache-2.0 */
/* NXP i.MX UART (i.MX 8M Plus reference manual, chapter UART): 32 bytes each way. */
#include "arch/arch.h"
#include "arch_io.h"

#define URXD 0x00
#define UTXD 0x40
#define UCR1 0x80
#define UCR2 0x84
#define UCR4 0x8c
#define USR2 0x98
#define UTS 0xb4

#define UCR1_UARTEN BIT(0)
#define UCR1_TRDYEN BIT(13)
#define UCR1_INTERRUPTS (BIT(5) | BIT(6) | BIT(9) | BIT(12) | UCR1_TRDYEN | BIT(14) | BIT(15))
#define UCR2_SRST BIT(0) /* 1: not in reset */
#define UCR2_RXEN BIT(1)
#define UCR2_TXEN BIT(2)
#define UCR2_ATEN BIT(3)
#define UCR2_IRTS BIT(14)
#define UCR2_ESCI BIT(15)
#define UCR4_DREN BIT(0)
#define UCR4_INTERRUPTS (UCR4_DREN | BIT(1) | BIT(2) | BIT(3) | BIT(7))
#define URXD_CHARRDY BIT(15)
#define USR2_TXDC BIT(3)
#define UTS_TXFULL BIT(4)

static int imx_init(pa_t base, const struct board_uart *u)
{
	u32 ucr1 = io_read32(base + UCR1), ucr2 = io_read32(base + UCR2);

	(void)u;
	io_write32(base + UCR4, io_read32(base + UCR4) & ~(u32)UCR4_INTERRUPTS);
	io_write32(base + UCR1, (ucr1 & ~(u32)UCR1_INTERRUPTS) | UCR1_UARTEN);
	ucr2 &= ~(u32)(UCR2_ATEN | UCR2_ESCI);
	io_write32(base + UCR2, ucr2 | UCR2_SRST | UCR2_RXEN | UCR2_TXEN | UCR2_IRTS);
	return 0;
}

static bool imx_putc(pa_t base, u8 c)
{
	if ((io_read32(base + UTS) & UTS_TXFULL) != 0) {
		return false;
	}
	io_write32(base + UTXD, c);
	return true;
}

static int imx_getc(pa_t base)
{
	u32 v = io_read32(base + URXD);

	return (v & URXD_CHARRDY) != 0 ? (int)(v & 0xff) : -1;
}

/* Both are levels: bytes are there, and the transmit FIFO is below its mark. */
static void imx_irq_mask(pa_t base, bool rx, bool tx)
{
	u32 ucr1 = io_read32(base + UCR1) & ~(u32)UCR1_TRDYEN;
	u32 ucr4 = io_read32(base + UCR4) & ~(u32)UCR4_DREN;

	io_write32(base + UCR1, ucr1 | (tx ? UCR1_TRDYEN : 0));
	io_write32(base + UCR4, ucr4 | (rx ? UCR4_DREN : 0));
}

static void imx_irq_ack(pa_t base)
{
	(void)base;
}

static bool imx_busy(pa_t base)
{
	return (io_read32(base + USR2) & USR2_TXDC) == 0;
}

static const char *const compatible[] = { "fsl,imx6q-uart", "fsl,imx21-uart", NULL };

UART(imx) = {
	.compatible = compatible,
	.early_name = "imx",
	.init = imx_init,
	.putc = imx_putc,
	.getc = imx_getc,
	.irq_mask = imx_irq_mask,
	.irq_ack = imx_irq_ack,
	.busy = imx_busy,
};
