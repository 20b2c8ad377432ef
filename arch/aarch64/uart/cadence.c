/* SPDX-License-Identifier: Apache-2.0 */
/* Cadence UART of Zynq and Zynq UltraScale+ (UG1085 chapter 21, UG1087 UART): 64 bytes each way. */
#include "arch/arch.h"
#include "arch_io.h"

#define CR 0x00
#define IER 0x08
#define IDR 0x0c
#define ISR 0x14
#define RXWM 0x20
#define SR 0x2c
#define FIFO 0x30

#define CR_RXEN BIT(2)
#define CR_RXDIS BIT(3)
#define CR_TXEN BIT(4)
#define CR_TXDIS BIT(5)
#define INT_RXTRIG BIT(0)
#define INT_TXEMPTY BIT(3)
#define INT_ALL 0x1fff
#define SR_RXEMPTY BIT(1)
#define SR_TXEMPTY BIT(3)
#define SR_TXFULL BIT(4)
#define SR_TACTIVE BIT(11)

static int cadence_init(pa_t base, const struct board_uart *u)
{
	u32 cr = io_read32(base + CR);

	(void)u;
	io_write32(base + IDR, INT_ALL);
	io_write32(base + ISR, INT_ALL);
	io_write32(base + RXWM, 1); /* an interrupt for each byte */
	io_write32(base + CR, (cr & ~(u32)(CR_RXDIS | CR_TXDIS)) | CR_RXEN | CR_TXEN);
	return 0;
}

static bool cadence_putc(pa_t base, u8 c)
{
	if ((io_read32(base + SR) & SR_TXFULL) != 0) {
		return false;
	}
	io_write32(base + FIFO, c);
	return true;
}

static int cadence_getc(pa_t base)
{
	if ((io_read32(base + SR) & SR_RXEMPTY) != 0) {
		return -1;
	}
	return (int)(io_read32(base + FIFO) & 0xff);
}

static void cadence_irq_mask(pa_t base, bool rx, bool tx)
{
	u32 on = (rx ? INT_RXTRIG : 0) | (tx ? INT_TXEMPTY : 0);

	io_write32(base + IDR, ~on & INT_ALL);
	io_write32(base + IER, on);
}

/* The status is latched: cleared first, then served, so that nothing in between is missed. */
static void cadence_irq_ack(pa_t base)
{
	io_write32(base + ISR, io_read32(base + ISR));
}

static bool cadence_busy(pa_t base)
{
	return (io_read32(base + SR) & (SR_TXEMPTY | SR_TACTIVE)) != SR_TXEMPTY;
}

static const char *const compatible[] = { "cdns,uart-r1p12", "cdns,uart-r1p8", "xlnx,xuartps", NULL };

UART(cadence) = {
	.compatible = compatible,
	.early_name = "cdns",
	.init = cadence_init,
	.putc = cadence_putc,
	.getc = cadence_getc,
	.irq_mask = cadence_irq_mask,
	.irq_ack = cadence_irq_ack,
	.busy = cadence_busy,
};
