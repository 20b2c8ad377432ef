/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renesas serial interface with FIFO (R-Car Gen3 manual, section SCIF): 16 bytes each way. Firmware
 * has set clock and baud rate. Flags are cleared by reading them as one and writing zero.
 */
#include "arch/arch.h"
#include "arch_io.h"

#define SCR 0x08
#define FTDR 0x0c /* 8 bits */
#define FSR 0x10
#define FRDR 0x14 /* 8 bits */
#define FCR 0x18
#define FDR 0x1c
#define LSR 0x24

#define SCR_TIE BIT(7)
#define SCR_RIE BIT(6)
#define SCR_TE BIT(5)
#define SCR_RE BIT(4)
#define SCR_REIE BIT(3)
#define SCR_TOIE BIT(2)
#define FSR_ER BIT(7)
#define FSR_TEND BIT(6)
#define FSR_TDFE BIT(5)
#define FSR_BRK BIT(4)
#define FSR_RDF BIT(1)
#define FSR_DR BIT(0)
#define FCR_RTRG BITS(7, 6)
#define FDR_TX BITS(12, 8)
#define FDR_RX BITS(4, 0)
#define LSR_ORER BIT(0)
#define DEPTH 16

/* Write zero to these flags and one to the others, which keeps them. */
static void clear(pa_t base, u32 flags)
{
	(void)io_read16(base + FSR);
	io_write16(base + FSR, (u16)~flags);
}

static int scif_init(pa_t base, const struct board_uart *u)
{
	u32 scr = io_read16(base + SCR);

	(void)u;
	scr &= ~(u32)(SCR_TIE | SCR_RIE | SCR_REIE | SCR_TOIE);
	io_write16(base + SCR, (u16)(scr | SCR_TE | SCR_RE));
	/* A receive interrupt for each byte. */
	io_write16(base + FCR, (u16)(io_read16(base + FCR) & ~FCR_RTRG));
	return 0;
}

static bool scif_putc(pa_t base, u8 c)
{
	if (field_get(FDR_TX, io_read16(base + FDR)) >= DEPTH) {
		return false;
	}
	io_write8(base + FTDR, c);
	clear(base, FSR_TDFE | FSR_TEND);
	return true;
}

static int scif_getc(pa_t base)
{
	u32 fsr = io_read16(base + FSR);
	int c;

	/* Errors and overruns stop reception until they are cleared. */
	if ((fsr & (FSR_ER | FSR_BRK)) != 0) {
		clear(base, FSR_ER | FSR_BRK);
	}
	if ((io_read16(base + LSR) & LSR_ORER) != 0) {
		io_write16(base + LSR, (u16)~LSR_ORER);
	}
	if (field_get(FDR_RX, io_read16(base + FDR)) == 0) {
		clear(base, FSR_RDF | FSR_DR);
		return -1;
	}
	c = io_read8(base + FRDR);
	clear(base, FSR_RDF | FSR_DR);
	return c;
}

static void scif_irq_mask(pa_t base, bool rx, bool tx)
{
	u32 scr = io_read16(base + SCR) & ~(u32)(SCR_TIE | SCR_RIE | SCR_REIE | SCR_TOIE);

	io_write16(base + SCR, (u16)(scr | (rx ? SCR_RIE | SCR_REIE : 0) | (tx ? SCR_TIE : 0)));
}

/* All flags are cleared where their cause is served. */
static void scif_irq_ack(pa_t base)
{
	(void)base;
}

static bool scif_busy(pa_t base)
{
	return (io_read16(base + FSR) & FSR_TEND) == 0;
}

static const char *const compatible[] = { "renesas,scif", NULL };

UART(scif) = {
	.compatible = compatible,
	.early_name = "scif",
	.init = scif_init,
	.putc = scif_putc,
	.getc = scif_getc,
	.irq_mask = scif_irq_mask,
	.irq_ack = scif_irq_ack,
	.busy = scif_busy,
};
