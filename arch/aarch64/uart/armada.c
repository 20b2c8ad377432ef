/* SPDX-License-Identifier: Apache-2.0 */
/* Marvell Armada 3700 UART (Armada 3720 functional specification, section UART): 32 bytes out, 64 in. */
#include "arch/arch.h"
#include "arch_io.h"

#define RX 0x00
#define TX 0x04
#define CTRL 0x08
#define STAT 0x0c

#define INT_RX BIT(4)  /* of CTRL: while STAT has the same */
#define INT_TX BIT(5)
#define STAT_RX BIT(4)
#define STAT_TX_IDLE BIT(6)
#define STAT_TX_FULL BIT(11)

static void armada_irq_mask(pa_t base, bool rx, bool tx)
{
	u32 ctrl = io_read32(base + CTRL) & ~(u32)(INT_RX | INT_TX);

	io_write32(base + CTRL, ctrl | (rx ? INT_RX : 0) | (tx ? INT_TX : 0));
}

static int armada_init(pa_t base, const struct board_uart *u)
{
	(void)u;
	armada_irq_mask(base, false, false);
	return 0;
}

static bool armada_putc(pa_t base, u8 c)
{
	if ((io_read32(base + STAT) & STAT_TX_FULL) != 0) {
		return false;
	}
	io_write32(base + TX, c);
	return true;
}

static int armada_getc(pa_t base)
{
	return (io_read32(base + STAT) & STAT_RX) != 0 ? (int)(io_read32(base + RX) & 0xff) : -1;
}

/* Ends when its cause is served. */
static void armada_irq_ack(pa_t base)
{
	(void)base;
}

static bool armada_busy(pa_t base)
{
	return (io_read32(base + STAT) & STAT_TX_IDLE) == 0;
}

static const char *const compatible[] = { "marvell,armada-3700-uart", NULL };

UART(armada) = {
	.compatible = compatible,
	.early_name = "armada",
	.init = armada_init,
	.putc = armada_putc,
	.getc = armada_getc,
	.irq_mask = armada_irq_mask,
	.irq_ack = armada_irq_ack,
	.busy = armada_busy,
};
