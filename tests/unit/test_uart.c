/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drivers of real UARTs against models of their registers, written from the manuals that the drivers cite:
 * most of them are in no board that QEMU has.
 */
#include "tests/unit/test.h"
#include "arch/arch.h"
#include "arch_io.h"
#include "core/base/board.h"

#define BASE 0x10000000UL

/* What the models have in common: FIFOs, and registers that hold what is written. */
static struct {
	u32 reg[64];            /* by offset / 4 */
	u8 tx[64], rx[64];
	u32 tx_count, rx_count, depth;
	u32 flags;              /* latched */
	bool error;             /* reception has stopped */
	u32 odd;                /* accesses of another width, or to what is not there */
} m;

static u32 pop(void)
{
	u32 c = m.rx[0];

	if (m.rx_count == 0) {
		m.odd++;
		return 0;
	}
	memmove(m.rx, m.rx + 1, --m.rx_count);
	return c;
}

static void push(u64 c)
{
	if (m.tx_count == m.depth) {
		m.odd++;
		return;
	}
	m.tx[m.tx_count++] = (u8)c;
}

static u64 plain(u32 off, bool write, u64 v)
{
	if (write) {
		m.reg[off / 4] = (u32)v;
	}
	return m.reg[off / 4];
}

/* ---- PL011 */

static u64 pl011(u32 off, u32 size, bool write, u64 v)
{
	m.odd += size != 4;
	switch (off) {
	case 0x00:
		return write ? (push(v), 0) : pop();
	case 0x18: /* FR: BUSY, RXFE, TXFF */
		return (m.tx_count != 0 ? 8 : 0) | (m.rx_count == 0 ? 16 : 0) | (m.tx_count == m.depth ? 32 : 0);
	default:
		return plain(off, write, v);
	}
}

static bool pl011_line(void)
{
	u32 raw = (m.rx_count != 0 ? 0x10 : 0) | (m.tx_count == 0 ? 0x20 : 0);

	return (m.reg[0x30 / 4] & 0x301) == 0x301 && (raw & m.reg[0x38 / 4]) != 0;
}

/* ---- Cadence: interrupts are latched */

static void cadence_latch(void)
{
	m.flags |= (m.rx_count != 0 && m.rx_count >= m.reg[0x20 / 4] ? 1 : 0) | (m.tx_count == 0 ? 8 : 0);
}

static u64 cadence(u32 off, u32 size, bool write, u64 v)
{
	m.odd += size != 4;
	cadence_latch();
	switch (off) {
	case 0x08:
		m.reg[0x10 / 4] |= write ? (u32)v : 0;
		return 0;
	case 0x0c:
		m.reg[0x10 / 4] &= write ? ~(u32)v : ~0U;
		return 0;
	case 0x14:
		m.flags &= write ? ~(u32)v : ~0U;
		return m.flags;
	case 0x2c: /* SR: RXEMPTY, TXEMPTY, TXFULL */
		return (m.rx_count == 0 ? 2 : 0) | (m.tx_count == 0 ? 8 : 0) | (m.tx_count == m.depth ? 16 : 0);
	case 0x30:
		return write ? (push(v), 0) : pop();
	default:
		return plain(off, write, v);
	}
}

static bool cadence_line(void)
{
	cadence_latch();
	return (m.reg[0] & 0x3c) == 0x14 && (m.flags & m.reg[0x10 / 4]) != 0;
}

/* ---- i.MX */

static u64 imx(u32 off, u32 size, bool write, u64 v)
{
	m.odd += size != 4;
	switch (off) {
	case 0x00:
		return write || m.rx_count == 0 ? 0 : 0x8000U | pop();
	case 0x40:
		return write ? (push(v), 0) : 0;
	case 0x98: /* USR2: TXDC, RDR */
		return (m.tx_count == 0 ? 8 : 0) | (m.rx_count != 0 ? 1 : 0);
	case 0xb4: /* UTS: TXFULL */
		return m.tx_count == m.depth ? 16 : 0;
	default:
		return plain(off, write, v);
	}
}

static bool imx_line(void)
{
	u32 ucr1 = m.reg[0x80 / 4], ucr2 = m.reg[0x84 / 4];

	return (ucr1 & 1) != 0 && (ucr2 & 7) == 7 &&
	       (((ucr1 & BIT(13)) != 0 && m.tx_count == 0) || ((m.reg[0x8c / 4] & 1) != 0 && m.rx_count != 0));
}

/* ---- SCIF: a flag goes when it was read as one and is written as zero, and comes again while its cause lasts */

static u32 scif_seen;

static void scif_raise(void)
{
	m.flags |= (m.tx_count < m.depth ? 0x20 : 0) | (m.tx_count == 0 ? 0x40 : 0) | (m.rx_count != 0 ? 0x02 : 0);
	m.flags &= m.tx_count != 0 ? ~0x40U : ~0U;
}

static u64 scif(u32 off, u32 size, bool write, u64 v)
{
	m.odd += size != (off == 0x0c || off == 0x14 ? 1 : 2);
	scif_raise();
	switch (off) {
	case 0x0c:
		return write ? (push(v), 0) : 0;
	case 0x10:
		if (write) {
			m.flags &= (u32)v | ~scif_seen;
			scif_seen = 0;
		} else {
			scif_seen = m.flags;
		}
		return m.flags;
	case 0x14:
		return m.error ? 0 : pop();
	case 0x1c: /* FDR: transmit count, receive count */
		return m.tx_count << 8 | (m.error ? 0 : m.rx_count);
	case 0x24: /* LSR: an overrun stops reception */
		m.error = m.error && !(write && (v & 1) == 0);
		return m.error;
	default:
		return plain(off, write, v);
	}
}

static bool scif_line(void)
{
	scif_raise();
	return (m.reg[2] & 0x30) == 0x30 && (((m.reg[2] & 0x80) != 0 && (m.flags & 0x20) != 0) ||
					     ((m.reg[2] & 0x40) != 0 && (m.flags & 0x03) != 0));
}

/* ---- 16550: `off` is a register's number */

static u64 ns16550_reg(u32 off, bool write, u64 v)
{
	if ((m.reg[3] & 0x80) != 0 && off < 2) {
		m.odd++; /* the divisor: the baud rate is firmware's */
	}
	switch (off) {
	case 0:
		return write ? (push(v), 0) : pop();
	case 2: /* IIR, FCR */
		return write ? 0 : 0xc1;
	case 5:
		return (m.rx_count != 0 ? 1 : 0) | (m.tx_count < m.depth ? 0x20 : 0) | (m.tx_count == 0 ? 0x40 : 0);
	default:
		return plain(off * 4, write, v);
	}
}

static u64 ns16550_bytes(u32 off, u32 size, bool write, u64 v)
{
	m.odd += size != 1;
	return ns16550_reg(off, write, v);
}

static u64 ns16550_words(u32 off, u32 size, bool write, u64 v)
{
	m.odd += size != 4 || off % 4 != 0;
	return ns16550_reg(off / 4, write, v);
}

static bool ns16550_line(void)
{
	return ((m.reg[1] & 1) != 0 && m.rx_count != 0) || ((m.reg[1] & 2) != 0 && m.tx_count == 0);
}

/* ---- Meson */

static u64 meson(u32 off, u32 size, bool write, u64 v)
{
	m.odd += size != 4;
	switch (off) {
	case 0x00:
		return write ? (push(v), 0) : 0;
	case 0x04:
		return pop();
	case 0x0c:
		return (m.rx_count == 0 ? BIT(20) : 0) | (m.tx_count == m.depth ? BIT(21) : 0) |
		       (m.tx_count == 0 ? BIT(22) : BIT(25));
	default:
		return plain(off, write, v);
	}
}

static bool meson_line(void)
{
	u32 c = m.reg[2], marks = m.reg[4];

	return ((c & BIT(27)) != 0 && m.rx_count >= (marks & 255)) ||
	       ((c & BIT(28)) != 0 && m.tx_count < (marks >> 8 & 255));
}

/* ---- Armada 3700 */

static u32 armada_stat(void)
{
	return (m.rx_count != 0 ? BIT(4) : 0) | (m.tx_count < m.depth ? BIT(5) : BIT(11)) | (m.tx_count == 0 ? BIT(6) : 0);
}

static u64 armada(u32 off, u32 size, bool write, u64 v)
{
	m.odd += size != 4;
	switch (off) {
	case 0x00:
		return pop();
	case 0x04:
		return write ? (push(v), 0) : 0;
	case 0x0c:
		return armada_stat();
	default:
		return plain(off, write, v);
	}
}

static bool armada_line(void)
{
	return (m.reg[2] & armada_stat() & (BIT(4) | BIT(5))) != 0;
}

/* ---- LPUART: without a FIFO; an overrun stops reception */

static u64 lpuart(u32 off, u32 size, bool write, u64 v)
{
	m.odd += size != 4;
	switch (off) {
	case 0x14:
		m.error = m.error && !(write && (v & BIT(19)) != 0);
		return (m.tx_count == 0 ? BIT(22) : 0) | (m.tx_count < m.depth ? BIT(23) : 0) |
		       (m.rx_count != 0 && !m.error ? BIT(21) : 0) | (m.error ? BIT(19) : 0);
	case 0x1c:
		return write ? (push(v), 0) : pop();
	default:
		return plain(off, write, v);
	}
}

static bool lpuart_line(void)
{
	u32 c = m.reg[6];

	return ((c & BIT(21)) != 0 && m.rx_count != 0 && !m.error) || ((c & BIT(23)) != 0 && m.tx_count < m.depth);
}

/* ---- GENI: a command sends as many bytes as were announced; received ones come in words */

static u32 take_word(u32 n)
{
	u32 v = 0;

	for (u32 i = 0; i < MIN(n, m.rx_count); i++) {
		v |= (u32)m.rx[i] << 8 * i;
	}
	for (u32 i = MIN(n, m.rx_count); i > 0; i--) {
		pop();
	}
	return v;
}

static u32 geni_announced;
static bool geni_sent;

static void geni_latch(void)
{
	m.flags |= (m.rx_count != 0 ? BIT(27) : 0) | (geni_sent && m.tx_count == 0 ? 1 : 0);
	geni_sent = geni_sent && m.tx_count != 0;
}

static u64 geni(u32 off, u32 size, bool write, u64 v)
{
	static u32 irq_on, length;

	m.odd += size != 4;
	geni_latch();
	switch (off) {
	case 0x40:
		return (m.tx_count != 0 || geni_announced != 0 ? 1 : 0);
	case 0x270:
		length = write ? (u32)v : length;
		return 0;
	case 0x600:
		m.odd += v != 1U << 27;
		geni_announced = length;
		return 0;
	case 0x610:
	case 0x640:
		return m.flags;
	case 0x614:
		irq_on = write ? (u32)v : irq_on;
		m.reg[0] = irq_on;
		return irq_on;
	case 0x618:
		m.flags &= ~(u32)v;
		return 0;
	case 0x700:
		m.odd += geni_announced == 0;
		geni_announced -= geni_announced != 0;
		geni_sent = true;
		push(v);
		return 0;
	case 0x780:
		return take_word(4);
	case 0x804: /* words; the last one is not full */
		return (m.rx_count + 3) / 4 | (m.rx_count % 4 != 0 ? BIT(31) | (m.rx_count % 4) << 28 : 0);
	default:
		return 0;
	}
}

static bool geni_line(void)
{
	geni_latch();
	return (m.flags & m.reg[0]) != 0;
}

/* ---- UARTDM */

static u64 uartdm(u32 off, u32 size, bool write, u64 v)
{
	static bool forced, ready;

	m.odd += size != 4;
	switch (off) {
	case 0x40:
		geni_announced = (u32)v;
		return 0;
	case 0x50:
		return (m.rx_count < 4 ? m.rx_count : 0) << 7;
	case 0xa4:
		return (m.rx_count >= 4 ? 1 : 0) | (m.tx_count == 0 ? 8 : 0);
	case 0xa8:
		forced = forced || v == 4U << 8;
		ready = ready && v != 3U << 8;
		return 0;
	case 0xb4:
		return 0;
	case 0x100:
		m.odd += geni_announced != 1;
		geni_announced = 0;
		push(v);
		return 0;
	case 0x140:
		m.odd += m.rx_count < 4 && !forced;
		forced = false;
		return take_word(4);
	case 0xb0:
		return plain(0, write, v);
	default:
		return 0;
	}
}

static bool uartdm_line(void)
{
	return ((m.reg[0] & 0x18) != 0 && m.rx_count != 0) || ((m.reg[0] & 0x80) != 0 && m.tx_count == 0);
}

/* ---- All of them */

static const struct model {
	const char *compatible, *early;
	u32 depth, shift, width;
	u64 (*access)(u32 off, u32 size, bool write, u64 v);
	bool (*line)(void);
	u32 off, val; /* a register that firmware has set */
} models[] = {
	{ "arm,pl011", "pl011", 16, 0, 0, pl011, pl011_line, 0x38, 0x7ff },
	{ "cdns,uart-r1p12", "cdns", 64, 0, 0, cadence, cadence_line, 0x00, 0x28 },
	{ "fsl,imx6q-uart", "imx", 32, 0, 0, imx, imx_line, 0x80, 0xf201 },
	{ "renesas,scif", "scif", 16, 0, 0, scif, scif_line, 0x08, 0xfe },
	{ "ns16550a", "ns16550", 16, 0, 1, ns16550_bytes, ns16550_line, 4, 0xf },
	{ "snps,dw-apb-uart", "ns16550", 64, 2, 4, ns16550_words, ns16550_line, 12, 0x83 },
	{ "marvell,armada-3700-uart", "armada", 32, 0, 0, armada, armada_line, 0x08, BIT(4) | BIT(5) },
	{ "fsl,imx7ulp-lpuart", "lpuart", 1, 0, 0, lpuart, lpuart_line, 0x18, 0xff << 20 },
	{ "qcom,geni-debug-uart", "geni", 1, 0, 0, geni, geni_line, 0, 0xffffffff },
	{ "qcom,msm-uartdm", "uartdm", 1, 0, 0, uartdm, uartdm_line, 0, 0xff },
	{ "amlogic,meson-gx-uart", "meson", 64, 0, 0, meson, meson_line, 0x08, BIT(27) | BIT(28) },
};

static const struct model *now;

static u64 machine(pa_t pa, u32 size, bool write, u64 v)
{
	return now->access((u32)(pa - BASE), size, write, v);
}

static const struct uart_ops *start(const struct model *model)
{
	struct board_uart u = {
		.compatible = model->compatible, .regs = { BASE, 0x1000 },
		.reg_shift = model->shift, .reg_io_width = model->width,
	};
	const struct uart_ops *ops = uart_by_compatible(model->compatible);

	memset(&m, 0, sizeof(m));
	m.depth = model->depth;
	m.reg[model->off / 4] = model->val;
	now = model;
	host_io = machine;
	return ops != NULL && ops->init(BASE, &u) == 0 ? ops : NULL;
}

#define EACH(x) for (const struct model *x = models; x < models + ARRAY_SIZE(models); x++)
#define SAY(x) ((x) || (test_fail(__FILE__, __LINE__, "%s: %s", now->compatible, #x), 0))

static void sends(void)
{
	EACH(x) {
		const struct uart_ops *ops = start(x);
		u32 n = 0;

		if (!SAY(ops != NULL)) {
			continue;
		}
		SAY(!ops->busy(BASE));
		while (n <= x->depth && ops->putc(BASE, (u8)('a' + n % 26))) {
			n++;
		}
		SAY(n == x->depth);
		SAY(m.tx_count == x->depth);
		SAY(m.tx[0] == 'a' && m.tx[x->depth - 1] == 'a' + (x->depth - 1) % 26);
		SAY(ops->busy(BASE));
		m.tx_count = 0;
		SAY(!ops->busy(BASE));
		SAY(ops->putc(BASE, 'z') && m.tx[0] == 'z');
		SAY(m.odd == 0);
	}
}

static void receives(void)
{
	EACH(x) {
		const struct uart_ops *ops = start(x);

		if (!SAY(ops != NULL)) {
			continue;
		}
		SAY(ops->getc(BASE) == -1);
		memcpy(m.rx, "x\xff\0y", 4);
		m.rx_count = 4;
		SAY(ops->getc(BASE) == 'x');
		SAY(ops->getc(BASE) == 0xff);
		SAY(ops->getc(BASE) == 0);
		SAY(ops->getc(BASE) == 'y');
		SAY(ops->getc(BASE) == -1);
		SAY(m.odd == 0);
	}
}

/* As the console serves its interrupt. */
static void interrupts(void)
{
	EACH(x) {
		const struct uart_ops *ops = start(x);

		if (!SAY(ops != NULL)) {
			continue;
		}
		SAY(!x->line()); /* whatever firmware had on */
		ops->irq_mask(BASE, true, false);
		SAY(!x->line());
		m.rx[0] = 'x';
		m.rx_count = 1;
		SAY(x->line());
		ops->irq_ack(BASE);
		SAY(x->line()); /* its cause lasts */
		SAY(ops->getc(BASE) == 'x' && ops->getc(BASE) == -1);
		ops->irq_ack(BASE);
		SAY(!x->line());

		SAY(ops->putc(BASE, 'a'));
		ops->irq_mask(BASE, true, true);
		m.tx_count = 0;
		SAY(x->line()); /* room */
		ops->irq_mask(BASE, true, false);
		ops->irq_ack(BASE);
		SAY(!x->line());
		ops->irq_mask(BASE, false, false);
		m.rx_count = 1;
		SAY(!x->line());
		SAY(m.odd == 0);
	}
}

static void scif_overrun(void)
{
	const struct uart_ops *ops = start(&models[3]);

	REQUIRE(ops != NULL);
	m.error = true;
	memcpy(m.rx, "go", 2);
	m.rx_count = 2;
	CHECK_EQ(ops->getc(BASE), 'g');
	CHECK_EQ(ops->getc(BASE), 'o');
	CHECK(!m.error);
}

static void names(void)
{
	EACH(x) {
		now = x;
		SAY(uart_by_early_name(x->early) == uart_by_compatible(x->compatible));
	}
	CHECK(uart_by_compatible("renesas") == NULL);
	CHECK(uart_by_early_name("scif2") == NULL);
}

TEST_MAIN(RUN(sends), RUN(receives), RUN(interrupts), RUN(scif_overrun), RUN(names))
