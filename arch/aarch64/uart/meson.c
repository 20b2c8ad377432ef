/* SPDX-License-Identifier: Apache-2.0 */
/* Amlogic Meson UART (S905 data sheet, chapter UART): 64 bytes each way, of the always-on ones too. */
#include "arch/arch.h"
#include "arch_io.h"

#define WFIFO 0x00
#define RFIFO 0x04
#define CONTROL 0x08
#define STATUS 0x0c
#define MISC 0x10

#define CONTROL_TX BIT(12)
#define CONTROL_RX BIT(13)
#define CONTROL_CLEAR_ERROR BIT(24)
#define CONTROL_RX_INT BIT(27)
#define CONTROL_TX_INT BIT(28)
#define STATUS_ERRORS BITS(18, 16)
#define STATUS_RX_EMPTY BIT(20)
#define STATUS_TX_FULL BIT(21)
#define STATUS_TX_EMPTY BIT(22)
#define STATUS_TX_BUSY BIT(25)
#define MISC_RX_COUNT BITS(7, 0)  /* bytes that make an interrupt */
#define MISC_TX_COUNT BITS(15, 8) /* fewer bytes than that make one */

static int meson_init(pa_t base, const struct board_uart *u)
{
	u32 control = io_read32(base + CONTROL) & ~(u32)(CONTROL_RX_INT | CONTROL_TX_INT);

	(void)u;
	io_write32(base + CONTROL, control | CONTROL_TX | CONTROL_RX);
	io_write32(base + MISC, (io_read32(base + MISC) & ~(u32)(MISC_RX_COUNT | MISC_TX_COUNT)) | 1 | 32 << 8);
	return 0;
}

static bool meson_putc(pa_t base, u8 c)
{
	if ((io_read32(base + STATUS) & STATUS_TX_FULL) != 0) {
		return false;
	}
	io_write32(base + WFIFO, c);
	return true;
}

static int meson_getc(pa_t base)
{
	u32 status = io_read32(base + STATUS), control;

	if ((status & STATUS_ERRORS) != 0) {
		control = io_read32(base + CONTROL);
		io_write32(base + CONTROL, control | CONTROL_CLEAR_ERROR);
		io_write32(base + CONTROL, control & ~(u32)CONTROL_CLEAR_ERROR);
	}
	return (status & STATUS_RX_EMPTY) != 0 ? -1 : (int)(io_read32(base + RFIFO) & 0xff);
}

static void meson_irq_mask(pa_t base, bool rx, bool tx)
{
	u32 control = io_read32(base + CONTROL) & ~(u32)(CONTROL_RX_INT | CONTROL_TX_INT);

	io_write32(base + CONTROL, control | (rx ? CONTROL_RX_INT : 0) | (tx ? CONTROL_TX_INT : 0));
}

/* Ends when its cause is served. */
static void meson_irq_ack(pa_t base)
{
	(void)base;
}

static bool meson_busy(pa_t base)
{
	return (io_read32(base + STATUS) & (STATUS_TX_EMPTY | STATUS_TX_BUSY)) != STATUS_TX_EMPTY;
}

static const char *const compatible[] = { "amlogic,meson-gx-uart", "amlogic,meson-ao-uart", NULL };

UART(meson) = {
	.compatible = compatible,
	.early_name = "meson",
	.init = meson_init,
	.putc = meson_putc,
	.getc = meson_getc,
	.irq_mask = meson_irq_mask,
	.irq_ack = meson_irq_ack,
	.busy = meson_busy,
};
