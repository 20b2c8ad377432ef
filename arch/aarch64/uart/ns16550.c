/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 16550 and what is made after it (TI PC16550D data sheet; DesignWare APB UART databook): 16 bytes each
 * way or more. Registers are 1, 2 or 4 bytes apart, as the device tree says.
 */
#include "arch/arch.h"
#include "arch_io.h"
#include "core/base/board.h"

#define DATA 0
#define IER 1
#define IIR 2
#define FCR 2
#define LCR 3
#define LSR 5
#define USR 31 /* DesignWare */

#define IER_RX BIT(0)
#define IER_TX BIT(1)
#define IIR_KIND 0x3f
#define IIR_TIMEOUT 0x0c
#define IIR_BUSY 0x07 /* DesignWare: LCR was written in the middle of something */
#define FCR_FIFO BIT(0)
#define LCR_DLAB BIT(7)
#define LSR_RX BIT(0)
#define LSR_TX_ROOM BIT(5)
#define LSR_TX_IDLE BIT(6)

static u32 shift = 2; /* there is one console */
static bool bytes;

static u32 get(pa_t base, u32 reg)
{
	pa_t at = base + ((pa_t)reg << shift);

	return bytes ? io_read8(at) : io_read32(at) & 0xff;
}

static void put(pa_t base, u32 reg, u32 val)
{
	pa_t at = base + ((pa_t)reg << shift);

	if (bytes) {
		io_write8(at, (u8)val);
	} else {
		io_write32(at, val);
	}
}

static int ns16550_init(pa_t base, const struct board_uart *u)
{
	if (u != NULL) {
		/* Binding "serial/8250": neighbours, a byte each, unless it says otherwise. */
		shift = u->reg_shift & 3;
		bytes = u->reg_io_width != 4;
	}
	put(base, LCR, get(base, LCR) & ~(u32)LCR_DLAB);
	put(base, IER, 0);
	put(base, FCR, FCR_FIFO);
	return 0;
}

static bool ns16550_putc(pa_t base, u8 c)
{
	if ((get(base, LSR) & LSR_TX_ROOM) == 0) {
		return false;
	}
	put(base, DATA, c);
	return true;
}

static int ns16550_getc(pa_t base)
{
	return (get(base, LSR) & LSR_RX) != 0 ? (int)get(base, DATA) : -1;
}

static void ns16550_irq_mask(pa_t base, bool rx, bool tx)
{
	put(base, IER, (rx ? IER_RX : 0) | (tx ? IER_TX : 0));
}

static void ns16550_irq_ack(pa_t base)
{
	u32 kind = get(base, IIR) & IIR_KIND;

	if (kind == IIR_BUSY) {
		(void)get(base, USR);
	} else if (kind == IIR_TIMEOUT && (get(base, LSR) & LSR_RX) == 0) {
		(void)get(base, DATA); /* some raise it for an empty FIFO, until that is read */
	}
}

static bool ns16550_busy(pa_t base)
{
	return (get(base, LSR) & LSR_TX_IDLE) == 0;
}

static const char *const compatible[] = {
	"ns16550a", "ns16550", "snps,dw-apb-uart", "nvidia,tegra20-uart", "ti,am654-uart", "mediatek,mt6577-uart",
	"nuvoton,npcm750-uart", NULL,
};

UART(ns16550) = {
	.compatible = compatible,
	.early_name = "ns16550",
	.init = ns16550_init,
	.putc = ns16550_putc,
	.getc = ns16550_getc,
	.irq_mask = ns16550_irq_mask,
	.irq_ack = ns16550_irq_ack,
	.busy = ns16550_busy,
};
