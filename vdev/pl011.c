/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PL011 UART, revision r1p5 (ARM DDI 0183).
 *
 * Modelled: both FIFOs (32 deep, or one byte with FEN clear), all registers, levels and
 * interrupts, loopback of data and modem lines. Not modelled: the line (baud rate, parity and word
 * length are stored; IrDA bits too) and DMA requests (DMACR is stored).
 *
 * Time does not pass on this line: a byte written is gone at once if the backend takes it, and
 * stays in the transmit FIFO otherwise; the receive timeout elapses at once.
 *
 *   count of tx = what the backend refused     RIS.TX: set when data has left the FIFO and it is
 *                                              at its level or below; cleared above, and by ICR
 *   irq line    = (ris & imsc) != 0            RIS.RX: set by a byte that makes the FIFO reach its
 *                                              level; cleared below, and by ICR
 *
 * It starts as firmware leaves one: enabled (CR 0x301), so that an early console works as is.
 */
#include "vdev/pl011.h"

#include "core/base/fmt.h"
#include "vdev/primecell.h"

struct pl011 {
	struct vdev dev; /* must be first */
	u32 fr;          /* always up to date, read without the lock */
	u32 ris, imsc;
	u16 rsr, ilpr, ibrd, fbrd, lcr, cr, ifls, dmacr;
	u8 rx_first, rx_count, tx_first, tx_count;
	bool overrun;    /* the next byte received carries OE */
	u16 rx[DEPTH];
	u8 tx[DEPTH];
};

static struct pl011 *to_pl011(struct vdev *d)
{
	return (struct pl011 *)d;
}

static u32 depth(const struct pl011 *s)
{
	return (s->lcr & LCR_FEN) != 0 ? DEPTH : 1;
}

/* Bytes at which a FIFO reaches its level (DDI 0183 3.3.9): 1/8, 1/4, 1/2, 3/4, 7/8; reserved: 1/2. */
static u32 level(u32 select)
{
	static const u8 bytes[8] = { 4, 8, 16, 24, 28, 16, 16, 16 };

	return bytes[select & 7];
}

static u32 rx_level(const struct pl011 *s)
{
	return (s->lcr & LCR_FEN) != 0 ? level((u32)field_get(IFLS_RX, s->ifls)) : 1;
}

static u32 tx_level(const struct pl011 *s)
{
	return (s->lcr & LCR_FEN) != 0 ? level((u32)field_get(IFLS_TX, s->ifls)) : 0;
}

static bool can(const struct pl011 *s, u32 what)
{
	return (s->cr & (CR_UARTEN | what)) == (CR_UARTEN | what);
}

/* The other end is always there and ready; in loopback our own outputs are its. */
static u32 modem_lines(const struct pl011 *s)
{
	if ((s->cr & CR_LBE) == 0) {
		return FR_CTS | FR_DSR | FR_DCD;
	}
	return ((s->cr & CR_RTS) != 0 ? FR_CTS : 0) | ((s->cr & CR_DTR) != 0 ? FR_DSR : 0)
		| ((s->cr & CR_OUT1) != 0 ? FR_DCD : 0) | ((s->cr & CR_OUT2) != 0 ? FR_RI : 0);
}

/* After every change: flags from state, the interrupt line from what is raw and masked. */
static void update(struct pl011 *s)
{
	u32 fr = modem_lines(s);
	u32 changed = (fr ^ s->fr) & FR_MODEM;

	s->ris |= ((changed & FR_RI) != 0 ? INT_RI : 0) | ((changed & FR_CTS) != 0 ? INT_CTS : 0)
		| ((changed & FR_DCD) != 0 ? INT_DCD : 0) | ((changed & FR_DSR) != 0 ? INT_DSR : 0);
	fr |= s->tx_count == 0 ? FR_TXFE : FR_BUSY;
	fr |= s->tx_count >= depth(s) ? FR_TXFF : 0;
	fr |= s->rx_count == 0 ? FR_RXFE : 0;
	fr |= s->rx_count >= depth(s) ? FR_RXFF : 0;
	WRITE_ONCE(s->fr, fr);
	vdev_set_irq(&s->dev, (s->ris & s->imsc) != 0);
}

/* ---- Receive */

static void receive(struct pl011 *s, u32 byte)
{
	if (s->rx_count >= depth(s)) {
		s->overrun = true;
		s->rsr |= RSR_OE;
		s->ris |= INT_OE;
		return;
	}
	s->rx[(s->rx_first + s->rx_count) % DEPTH] = (u16)(byte | (s->overrun ? DR_OE : 0));
	s->rx_count++;
	s->overrun = false;
	s->ris |= INT_RT | (s->rx_count >= rx_level(s) ? INT_RX : 0);
	s->ris |= (byte & DR_BE) != 0 ? INT_BE : 0;
}

static u64 get_dr(struct vdev *d, unsigned int i)
{
	struct pl011 *s = to_pl011(d);
	u32 v;

	(void)i;
	if (s->rx_count == 0) {
		return 0;
	}
	v = s->rx[s->rx_first];
	s->rx_first = (u8)((s->rx_first + 1) % DEPTH);
	s->rx_count--;
	s->rsr = (u16)((s->rsr & RSR_OE) | (v >> 8));
	if (s->rx_count < rx_level(s)) {
		s->ris &= ~INT_RX;
	}
	/* What stays behind times out again, should the guest have cleared that. */
	s->ris = s->rx_count == 0 ? s->ris & ~INT_RT : s->ris | INT_RT;
	update(s);
	vdev_input_more(d);
	return v;
}

static unsigned int input(struct vdev *d, const u8 *buf, unsigned int n)
{
	struct pl011 *s = to_pl011(d);
	unsigned int taken = 0;

	if (!can(s, CR_RXE) || (s->cr & CR_LBE) != 0) {
		return 0;
	}
	while (taken < n && s->rx_count < depth(s)) {
		receive(s, buf[taken++]);
	}
	update(s);
	return taken;
}

/* ---- Transmit */

/* Up to `n` bytes that stand in a row; how many are gone. */
static u32 send(struct pl011 *s, const u8 *bytes, u32 n)
{
	if (!can(s, CR_TXE)) {
		return 0;
	}
	if ((s->cr & CR_LBE) != 0) {
		for (u32 i = 0; i < n && can(s, CR_RXE); i++) {
			receive(s, bytes[i]);
		}
		return n;
	}
	return n == 1 ? vdev_putc(&s->dev, *bytes) : vdev_write(&s->dev, bytes, n);
}

/* Send what waits; data that has left and a FIFO at its level or below make the interrupt. */
static void drain(struct pl011 *s)
{
	u32 before = s->tx_count, sent = 1;

	while (s->tx_count != 0 && sent != 0) {
		sent = send(s, s->tx + s->tx_first, MIN(s->tx_count, DEPTH - (u32)s->tx_first));
		s->tx_first = (u8)((s->tx_first + sent) % DEPTH);
		s->tx_count -= (u8)sent;
	}
	if (s->tx_count != before && s->tx_count <= tx_level(s)) {
		s->ris |= INT_TX;
	}
}

static void set_dr(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct pl011 *s = to_pl011(d);

	(void)i;
	(void)mask;
	/* Into a full FIFO: lost, as the flags have told. */
	if (s->tx_count < depth(s)) {
		s->tx[(s->tx_first + s->tx_count) % DEPTH] = (u8)val;
		s->tx_count++;
		if (s->tx_count > tx_level(s)) {
			s->ris &= ~INT_TX;
		}
		drain(s);
	}
	update(s);
}

static void output_ready(struct vdev *d)
{
	struct pl011 *s = to_pl011(d);

	drain(s);
	update(s);
}

/* ---- Control */

static u64 merge(u64 old, u64 val, u64 mask)
{
	return (old & ~mask) | val;
}

#define GETTER(name, value) \
	static u64 get_##name(struct vdev *d, unsigned int i) \
	{ \
		const struct pl011 *s = to_pl011(d); \
		(void)i; \
		return (value); \
	}
GETTER(fr, READ_ONCE(s->fr))
GETTER(rsr, s->rsr)
GETTER(lcr, s->lcr)
GETTER(cr, s->cr)
GETTER(imsc, s->imsc)
GETTER(ris, s->ris)
GETTER(mis, s->ris & s->imsc)

static void set_ecr(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	(void)i;
	(void)val;
	(void)mask;
	to_pl011(d)->rsr = 0;
}

static void set_lcr(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct pl011 *s = to_pl011(d);
	u32 old = s->lcr;

	(void)i;
	s->lcr = (u16)(merge(old, val, mask) & 0xff);
	if ((old & ~s->lcr & LCR_FEN) != 0) {
		/* DDI 0183 3.3.8: clearing FEN flushes the transmit FIFO. Of input one byte has room. */
		s->tx_count = 0;
		s->rx_count = MIN(s->rx_count, 1);
	}
	if ((~old & s->lcr & LCR_BRK) != 0 && (s->cr & CR_LBE) != 0 && can(s, CR_RXE)) {
		receive(s, DR_BE);
	}
	update(s);
	vdev_input_more(d);
}

static void set_cr(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct pl011 *s = to_pl011(d);

	(void)i;
	s->cr = (u16)(merge(s->cr, val, mask) & CR_BITS);
	drain(s);
	update(s);
	vdev_input_more(d);
}

static void set_imsc(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct pl011 *s = to_pl011(d);

	(void)i;
	s->imsc = (u32)merge(s->imsc, val, mask) & INT_BITS;
	update(s);
}

static void set_icr(struct vdev *d, unsigned int i, u64 val, u64 mask)
{
	struct pl011 *s = to_pl011(d);

	(void)i;
	(void)mask;
	s->ris &= ~(u32)val;
	update(s);
}

/* Registers that only remember: row by offset, with the bits that exist. */
#define STORED(field, bits) \
	GETTER(field, s->field) \
	static void set_##field(struct vdev *d, unsigned int i, u64 val, u64 mask) \
	{ \
		(void)i; \
		to_pl011(d)->field = (u16)(merge(to_pl011(d)->field, val, mask) & (bits)); \
	}
STORED(ilpr, 0xff)
STORED(ibrd, 0xffff)
STORED(fbrd, 0x3f)
STORED(ifls, 0x3f)
STORED(dmacr, 0x7)

static u64 get_id(struct vdev *d, unsigned int i)
{
	(void)d;
	return primecell_id(0x00341011, i); /* PeriphID: part 0x011, ARM, revision 3 (r1p5) */
}

#define ANY (1 | 2 | 4)
#define REG(at, getter, setter) PRIMECELL_REG(at, ANY, getter, setter)

static const struct vreg regs[] = {
	REG(DR, get_dr, set_dr),
	REG(RSR, get_rsr, set_ecr),
	{ .off = FR, .end = FR + 4, .width = 4, .sizes = ANY, .polled = true, .get = get_fr },
	REG(ILPR, get_ilpr, set_ilpr),
	REG(IBRD, get_ibrd, set_ibrd),
	REG(FBRD, get_fbrd, set_fbrd),
	REG(LCR_H, get_lcr, set_lcr),
	REG(CR, get_cr, set_cr),
	REG(IFLS, get_ifls, set_ifls),
	REG(IMSC, get_imsc, set_imsc),
	REG(RIS, get_ris, NULL),
	REG(MIS, get_mis, NULL),
	REG(ICR, NULL, set_icr),
	REG(DMACR, get_dmacr, set_dmacr),
	PRIMECELL_ID(get_id),
};

/* ---- Life */

static int create(struct vdev *d)
{
	return vdev_connect(d);
}

static void reset(struct vdev *d)
{
	struct pl011 *s = to_pl011(d);

	s->ris = s->imsc = 0;
	s->rsr = s->ilpr = s->ibrd = s->fbrd = s->lcr = s->dmacr = 0;
	s->cr = CR_RESET;
	s->ifls = IFLS_RESET;
	s->rx_count = s->tx_count = 0;
	s->overrun = false;
	s->fr = modem_lines(s); /* no change of theirs to report */
	update(s);
}

static void fdt(struct vdev *d, struct fdt_node *n)
{
	static const char *const clock_names[] = { "uartclk", "apb_pclk" };
	u32 clock = fdt_node_clock24m(n);
	u32 clocks[2] = { clock, clock };

	(void)d;
	fdt_node_primecell(n, "arm,pl011", clock_names, clocks, ARRAY_SIZE(clocks));
}

static void status(struct vdev *d, char *buf, size_t size)
{
	const struct pl011 *s = to_pl011(d);

	fmt_str(buf, size, "cr %04x lcr %02x fr %03x ris %03x imsc %03x rx %u tx %u", s->cr, s->lcr,
		s->fr, s->ris, s->imsc, s->rx_count, s->tx_count);
}

static const struct vdev_option options[] = {
	VDEV_OPTION_HOSTDEV,
	VDEV_OPTION_BATCH,
	VDEV_OPTION_DELAYED,
	{ 0 },
};

VDEV(pl011) = {
	.abi = VDEV_ABI,
	.name = "pl011",
	.regs = regs,
	.reg_count = ARRAY_SIZE(regs),
	.window = 0x1000,
	.need_loc = true,
	.need_intr = true,
	.options = options,
	.state_size = sizeof(struct pl011),
	.create = create,
	.reset = reset,
	.node = "uart",
	.fdt = fdt,
	.input = input,
	.output_ready = output_ready,
	.status = status,
};
