/* SPDX-License-Identifier: Apache-2.0 */
/* NXP LPUART with 32-bit registers (i.MX 8ULP reference manual, chapter LPUART). Firmware has set its FIFOs. */
#include "arch/arch.h"
#include "arch_io.h"

#define STAT 0x14
#define CTRL 0x18
#define DATA 0x1c

#define STAT_OVERRUN BIT(19)
#define STAT_RX BIT(21)
#define STAT_TX_IDLE BIT(22)
#define STAT_TX_ROOM BIT(23)
#define STAT_ERRORS BITS(19, 16) /* cleared by writing ones; an overrun stops reception */
#define CTRL_RE BIT(18)
#define CTRL_TE BIT(19)
#define CTRL_RIE BIT(21)
#define CTRL_TIE BIT(23)
#define CTRL_INTERRUPTS (BITS(27, 24) | BITS(23, 20))

static int lpuart_init(pa_t base, const struct board_uart *u)
{
	(void)u;
	io_write32(base + CTRL, (io_read32(base + CTRL) & ~(u32)CTRL_INTERRUPTS) | CTRL_RE | CTRL_TE);
	return 0;
}

static bool lpuart_putc(pa_t base, u8 c)
{
	if ((io_read32(base + STAT) & STAT_TX_ROOM) == 0) {
		return false;
	}
	io_write32(base + DATA, c);
	return true;
}

static int lpuart_getc(pa_t base)
{
	u32 stat = io_read32(base + STAT);

	if ((stat & STAT_ERRORS) != 0) {
		io_write32(base + STAT, stat & STAT_ERRORS);
	}
	return (stat & STAT_RX) != 0 ? (int)(io_read32(base + DATA) & 0xff) : -1;
}

static void lpuart_irq_mask(pa_t base, bool rx, bool tx)
{
	u32 ctrl = io_read32(base + CTRL) & ~(u32)CTRL_INTERRUPTS;

	io_write32(base + CTRL, ctrl | (rx ? CTRL_RIE : 0) | (tx ? CTRL_TIE : 0));
}

/* Ends when its cause is served. */
static void lpuart_irq_ack(pa_t base)
{
	(void)base;
}

static bool lpuart_busy(pa_t base)
{
	return (io_read32(base + STAT) & STAT_TX_IDLE) == 0;
}

static const char *const compatible[] = { "fsl,imx7ulp-lpuart", "fsl,imx8qxp-lpuart", NULL };

UART(lpuart) = {
	.compatible = compatible,
	.early_name = "lpuart",
	.init = lpuart_init,
	.putc = lpuart_putc,
	.getc = lpuart_getc,
	.irq_mask = lpuart_irq_mask,
	.irq_ack = lpuart_irq_ack,
	.busy = lpuart_busy,
};
