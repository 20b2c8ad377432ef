/* SPDX-License-Identifier: Apache-2.0 */
/* vdev/pl011.c, register by register, as drivers of Linux and QNX and the manual (DDI 0183) use it. */
#include "tests/unit/test.h"
#include "tests/unit/vdev_util.h"
#include "core/console/console_state.h"

enum {
	DR = 0x00, RSR = 0x04, FR = 0x18, ILPR = 0x20, IBRD = 0x24, FBRD = 0x28, LCR = 0x2c, CR = 0x30,
	IFLS = 0x34, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44, DMACR = 0x48,
};

enum { RX = 0x10, TX = 0x20, RT = 0x40, BE = 0x200, OE = 0x400 };
enum { FEN = 0x10, ENABLED = 0x301, LBE = 0x80 };
enum { BUSY = 0x08, RXFE = 0x10, TXFF = 0x20, RXFF = 0x40, TXFE = 0x80 };

static struct rig *rig;

static u32 rd(u64 off)
{
	return (u32)rig_read(rig, off, 4);
}

static void wr(u64 off, u32 val)
{
	rig_write(rig, off, 4, val);
}

static bool line(void)
{
	return rig->vm.vdevs->line;
}

/* A fresh machine with one VM and a PL011 on the console, FIFOs on. */
static void start(void)
{
	host_init();
	host_uart_reset();
	memset(&console, 0, sizeof(console));
	console_use(&uart_host, 0x1000, 0);
	rig = rig_new("guest", "pl011");
	rig_option(rig, "hostdev", "-", 0);
	CHECK_EQ(rig_start(rig), 0);
	console_start();
	wr(LCR, FEN | 0x60);
}

static void stop(void)
{
	rig_free(rig);
	rig = NULL;
}

/* Bytes on the wire to the guest, as far as its device takes them. */
static void type(const char *text)
{
	host_uart_type(text);
	console_irq();
}

static void reset_values(void)
{
	host_init();
	rig = rig_new("guest", "vdev-pl011.so");
	REQUIRE(rig->vdev.type != NULL);
	CHECK_EQ(rig_start(rig), 0);
	CHECK_EQ(rd(FR) & 0xf8, TXFE | RXFE);
	CHECK_EQ(rd(FR) & 0x107, 0x7); /* the other end is ready, nobody rings */
	CHECK_EQ(rd(CR), ENABLED);
	CHECK_EQ(rd(IFLS), 0x12);
	CHECK_EQ(rd(LCR), 0);
	CHECK_EQ(rd(IMSC), 0);
	CHECK_EQ(rd(RIS), 0);
	CHECK_EQ(rd(MIS), 0);
	CHECK_EQ(rd(RSR), 0);
	CHECK_EQ(rd(IBRD), 0);
	CHECK(!line());
	stop();
}

static void identification(void)
{
	static const u8 id[8] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	start();
	for (u32 i = 0; i < 8; i++) {
		CHECK_EQ(rd(0xfe0 + 4 * i), id[i]);
		CHECK_EQ(rig_read(rig, 0xfe0 + 4 * i, 1), id[i]);
		wr(0xfe0 + 4 * i, 0);
		CHECK_EQ(rd(0xfe0 + 4 * i), id[i]);
	}
	stop();
}

static void stored_registers(void)
{
	static const struct {
		u32 off, bits;
	} reg[] = {
		{ ILPR, 0xff }, { IBRD, 0xffff }, { FBRD, 0x3f }, { LCR, 0xff }, { CR, 0xff87 },
		{ IFLS, 0x3f }, { IMSC, 0x7ff }, { DMACR, 0x7 },
	};

	start();
	for (u32 i = 0; i < ARRAY_SIZE(reg); i++) {
		wr(reg[i].off, 0xffffffff);
		CHECK_EQ(rd(reg[i].off), reg[i].bits);
		wr(reg[i].off, 0);
		CHECK_EQ(rd(reg[i].off), 0);
		/* A byte write changes its byte only. */
		wr(reg[i].off, 0xffffffff);
		rig_write(rig, reg[i].off, 1, 0);
		CHECK_EQ(rd(reg[i].off), reg[i].bits & ~0xffU);
		rig_write(rig, reg[i].off + 1, 1, 0);
		CHECK_EQ(rd(reg[i].off), 0);
		rig_write(rig, reg[i].off, 2, 0xffff);
		CHECK_EQ(rd(reg[i].off), reg[i].bits);
		CHECK_EQ(rig_read(rig, reg[i].off + 1, 1), reg[i].bits >> 8);
		CHECK_EQ(rig_read(rig, reg[i].off + 2, 2), 0);
		wr(reg[i].off, 0);
	}
	stop();
}

static void access_widths(void)
{
	struct mmio wide = { .off = FR, .size = 8 }, odd = { .off = FR + 2, .size = 4 };
	struct mmio hole = { .off = 0x100, .size = 4, .val = 5 }, hole_w = { .off = 0x80, .size = 8, .write = true };

	start();
	CHECK_EQ(rig_access(rig, &wide), MMIO_ABORT);
	CHECK_EQ(rig_access(rig, &odd), MMIO_ABORT);
	CHECK_EQ(rig_access(rig, &hole), MMIO_DONE);
	CHECK_EQ(hole.val, 0);
	CHECK_EQ(rig_access(rig, &hole_w), MMIO_DONE);
	CHECK_EQ(rig->vm.vdevs->unknown, 2);
	CHECK_EQ(rig_read(rig, FR, 1), rd(FR) & 0xff);
	CHECK_EQ(rig_read(rig, FR, 2), rd(FR) & 0xffff);
	CHECK_EQ(rig_read(rig, FR + 1, 1), rd(FR) >> 8);
	wr(FR, 0); /* read only */
	CHECK_EQ(rd(FR) & 0xf8, TXFE | RXFE);
	wr(RIS, ~0U);
	wr(MIS, ~0U);
	CHECK_EQ(rd(RIS), 0);
	CHECK_EQ(rd(ICR), 0); /* write only */
	stop();
}

static void transmits_to_the_console(void)
{
	start();
	for (const char *s = "login: "; *s != '\0'; s++) {
		rig_write(rig, DR, 1, (u8)*s);
		CHECK_EQ(rd(FR) & (TXFE | TXFF | BUSY), TXFE);
	}
	CHECK_STR(host_uart.out, "login: ");
	wr(DR, 'x');
	CHECK_STR(host_uart.out, "login: x");
	stop();
}

static void transmit_interrupt_after_data_has_left(void)
{
	start();
	wr(IMSC, TX);
	CHECK_EQ(rd(RIS), 0); /* not before anything was written: 2.8.2 */
	CHECK(!line());
	wr(DR, 'a');
	CHECK_EQ(rd(RIS), TX);
	CHECK_EQ(rd(MIS), TX);
	CHECK(line());
	wr(ICR, TX);
	CHECK_EQ(rd(RIS), 0);
	CHECK(!line());
	wr(DR, 'b');
	CHECK(line());
	wr(IMSC, 0);
	CHECK(!line());
	CHECK_EQ(rd(RIS), TX);
	CHECK_EQ(rd(MIS), 0);
	stop();
}

/* The port of the VM is full, the UART takes nothing: the guest must see TXFF and lose nothing. */
static void backpressure(void)
{
	u32 sent = 0;

	start();
	host_uart.room = 0;
	wr(ICR, 0x7ff);
	while ((rd(FR) & TXFF) == 0 && sent < 10000) {
		wr(DR, 'a' + sent % 26);
		sent++;
	}
	/* The ring, the byte that the UART refused, and the FIFO. */
	CHECK_EQ(sent, CONSOLE_RING + 1 + 32);
	CHECK_EQ(rd(FR) & (TXFE | BUSY), BUSY);
	CHECK_EQ(rd(RIS), 0); /* filled above its level: the interrupt is gone */
	wr(IMSC, TX);
	CHECK(!line());
	wr(DR, '!'); /* into a full FIFO: lost */
	host_uart.room = ~0U;
	host_pass_ns(1000000000);
	CHECK(line());
	CHECK_EQ(rd(RIS), TX);
	CHECK_EQ(rd(FR) & (TXFE | TXFF | BUSY), TXFE);
	CHECK_EQ(host_uart.out_len, sent);
	for (u32 i = 0; i < host_uart.out_len; i++) {
		if (host_uart.out[i] != (char)('a' + i % 26)) {
			test_fail(__FILE__, __LINE__, "byte %u is %c", i, host_uart.out[i]);
			break;
		}
	}
	stop();
}

/* The interrupt comes as the FIFO sinks to its level, not when there is some room. */
static void transmit_level(void)
{
	static const u32 level[8] = { 4, 8, 16, 24, 28, 16, 16, 16 };

	start();
	for (u32 sel = 0; sel < 8; sel++) {
		u32 left;

		wr(IFLS, 0x10 | sel);
		host_uart.room = 0;
		wr(CR, ENABLED & ~0x100U); /* TXE off: what is written stays in the FIFO */
		wr(ICR, 0x7ff);
		for (left = 0; left < 32; left++) {
			CHECK_EQ(rd(FR) & TXFF, 0);
			wr(DR, 'x');
		}
		CHECK_EQ(rd(FR) & TXFF, TXFF);
		CHECK_EQ(rd(RIS), 0);
		host_uart.room = ~0U;
		wr(CR, ENABLED);
		CHECK_EQ(rd(RIS), TX);
		CHECK_EQ(rd(FR) & TXFE, TXFE);
		/* Rising through the level clears it. */
		wr(CR, ENABLED & ~0x100U);
		for (u32 i = 1; i <= 32; i++) {
			wr(DR, 'y');
			CHECK_EQ(rd(RIS), i <= level[sel] ? TX : 0);
		}
		wr(CR, ENABLED);
	}
	stop();
}

static void receives(void)
{
	start();
	wr(IMSC, RX | RT);
	CHECK(!line());
	type("a");
	CHECK_EQ(rd(FR) & (RXFE | RXFF), 0);
	CHECK_EQ(rd(RIS), RT); /* below the level, then the line is silent */
	CHECK(line());
	CHECK_EQ(rig_read(rig, DR, 1), 'a');
	CHECK_EQ(rd(RIS), 0);
	CHECK(!line());
	CHECK_EQ(rd(FR) & RXFE, RXFE);
	CHECK_EQ(rd(DR), 0); /* nothing there */
	/* A driver that clears the timeout but leaves bytes hears of them again. */
	type("bc");
	wr(ICR, RT);
	CHECK(!line());
	CHECK_EQ(rd(DR), 'b');
	CHECK(line());
	CHECK_EQ(rd(DR), 'c');
	CHECK(!line());
	stop();
}

static void receive_levels(void)
{
	static const u32 level[8] = { 4, 8, 16, 24, 28, 16, 16, 16 };

	start();
	for (u32 sel = 0; sel < 8; sel++) {
		wr(IFLS, sel << 3 | 2);
		wr(IMSC, RX);
		for (u32 i = 1; i <= 32; i++) {
			type("z");
			CHECK_EQ(rd(RIS) & RX, i >= level[sel] ? RX : 0);
			CHECK_EQ(line(), i >= level[sel]);
		}
		CHECK_EQ(rd(FR) & RXFF, RXFF);
		for (u32 i = 31; i + 1 > 0; i--) {
			CHECK_EQ(rd(DR), 'z');
			CHECK_EQ(rd(RIS) & RX, i >= level[sel] ? RX : 0);
		}
		CHECK_EQ(rd(RIS), 0);
	}
	/* Cleared by ICR although above the level; the next byte raises it again. */
	wr(IFLS, 0x00);
	type("12345");
	CHECK(line());
	wr(ICR, RX);
	CHECK(!line());
	type("6");
	CHECK(line());
	stop();
}

static void character_mode(void)
{
	start();
	wr(LCR, 0x60);
	wr(IMSC, RX);
	type("ab");
	CHECK_EQ(rd(FR) & RXFF, RXFF);
	CHECK_EQ(rd(RIS), RX | RT);
	CHECK(line());
	CHECK_EQ(rd(DR), 'a');
	host_pass_ns(1000000); /* the second one waited outside */
	CHECK_EQ(rd(DR), 'b');
	CHECK(!line());
	wr(DR, 'o');
	CHECK_EQ(rd(RIS), TX);
	stop();
}

static void long_input_is_not_lost(void)
{
	char text[301], got[301] = { 0 };
	u32 n = 0;

	for (u32 i = 0; i < 300; i++) {
		text[i] = (char)('0' + i % 10);
	}
	text[300] = '\0';
	start();
	type(text);
	for (u32 i = 0; i < 1000 && n < 300; i++) {
		while ((rd(FR) & RXFE) == 0 && n < 300) {
			got[n++] = (char)rd(DR);
		}
		console_irq();
		host_pass_ns(1000000);
	}
	CHECK_STR(got, text);
	stop();
}

static void input_waits_until_enabled(void)
{
	start();
	wr(CR, 0);
	type("hi");
	CHECK_EQ(rd(FR) & RXFE, RXFE);
	wr(CR, ENABLED);
	host_pass_ns(1000000);
	CHECK_EQ(rd(DR), 'h');
	CHECK_EQ(rd(DR), 'i');
	wr(CR, ENABLED & ~0x200U); /* RXE */
	type("x");
	CHECK_EQ(rd(FR) & RXFE, RXFE);
	stop();
}

static void disabled_output_waits(void)
{
	start();
	wr(CR, 0x300);
	wr(DR, 'q');
	CHECK_EQ(rd(FR) & (TXFE | BUSY), BUSY);
	CHECK_STR(host_uart.out, "");
	wr(CR, ENABLED);
	CHECK_STR(host_uart.out, "q");
	CHECK_EQ(rd(FR) & (TXFE | BUSY), TXFE);
	/* Clearing FEN flushes what has not left (3.3.8). */
	wr(CR, 0);
	wr(DR, 'r');
	wr(LCR, 0);
	CHECK_EQ(rd(FR) & (TXFE | BUSY), TXFE);
	wr(CR, ENABLED);
	CHECK_STR(host_uart.out, "q");
	stop();
}

static void loopback(void)
{
	start();
	wr(CR, ENABLED | LBE);
	CHECK_EQ(rd(FR) & 0x107, 0);
	CHECK_EQ(rd(RIS) & 0xf, 0xe); /* CTS, DCD and DSR fell */
	wr(ICR, 0x7ff);
	for (u32 i = 0; i < 32; i++) {
		wr(DR, i);
	}
	CHECK_EQ(rd(FR) & (RXFF | TXFE), RXFF | TXFE);
	CHECK_EQ(rd(RIS), RX | RT | TX);
	CHECK_EQ(rd(RSR), 0);
	wr(DR, 0x55); /* no room: overrun */
	CHECK_EQ(rd(RIS), RX | RT | TX | OE);
	CHECK_EQ(rd(RSR), 8);
	for (u32 i = 0; i < 32; i++) {
		CHECK_EQ(rd(DR), i);
	}
	CHECK_EQ(rd(RSR), 8);
	wr(RSR, 0xff);
	CHECK_EQ(rd(RSR), 0);
	wr(DR, 0x66);
	CHECK_EQ(rd(DR), 0x866); /* the first one after the overrun says so */
	CHECK_EQ(rd(RSR), 8);
	wr(DR, 0x67);
	CHECK_EQ(rd(DR), 0x67);
	/* A break. */
	wr(RSR, 0);
	wr(LCR, FEN | 1);
	CHECK_EQ(rd(RIS) & BE, BE);
	CHECK_EQ(rd(DR), 0x400);
	CHECK_EQ(rd(RSR), 4);
	wr(LCR, FEN | 1 | 0x60); /* still on: no second break */
	CHECK_EQ(rd(FR) & RXFE, RXFE);
	wr(CR, ENABLED);
	wr(LCR, FEN);
	wr(LCR, FEN | 1); /* on the line, not in the loop */
	CHECK_EQ(rd(FR) & RXFE, RXFE);
	wr(CR, ENABLED | LBE);
	/* Modem outputs are our inputs: DTR, RTS, Out1, Out2. */
	wr(ICR, 0x7ff);
	wr(CR, ENABLED | LBE | 0x400);
	CHECK_EQ(rd(FR) & 0x107, 2);
	CHECK_EQ(rd(RIS), 8);
	wr(CR, ENABLED | LBE | 0x800);
	CHECK_EQ(rd(FR) & 0x107, 1);
	wr(CR, ENABLED | LBE | 0x1000);
	CHECK_EQ(rd(FR) & 0x107, 4);
	wr(CR, ENABLED | LBE | 0x2000);
	CHECK_EQ(rd(FR) & 0x107, 0x100);
	CHECK_EQ(rd(RIS), 0xf);
	CHECK_STR(host_uart.out, "");
	/* Typing waits meanwhile. */
	type("t");
	CHECK_EQ(rd(FR) & RXFE, RXFE);
	wr(CR, ENABLED);
	host_pass_ns(1000000);
	CHECK_EQ(rd(DR), 't');
	stop();
}

static void every_interrupt_is_masked_and_cleared_alone(void)
{
	start();
	wr(CR, ENABLED | LBE);
	wr(CR, ENABLED | LBE | 0x2000);
	for (u32 i = 0; i < 33; i++) {
		wr(DR, i);
	}
	wr(LCR, FEN | 1); /* overruns too: BE needs room */
	rd(DR);
	wr(LCR, FEN);
	wr(LCR, FEN | 1);
	CHECK_EQ(rd(RIS), 0x67f);
	for (u32 bit = 1; bit < 0x800; bit <<= 1) {
		wr(IMSC, bit);
		CHECK_EQ(rd(MIS), rd(RIS) & bit);
		CHECK_EQ(line(), (rd(RIS) & bit) != 0);
		wr(ICR, bit);
		CHECK_EQ(rd(RIS) & bit, 0);
		CHECK(!line());
	}
	CHECK_EQ(rd(RIS), 0);
	stop();
}

/* FIFOs on while a byte waits outside: it comes in without another one. */
static void room_by_mode(void)
{
	start();
	wr(LCR, 0);
	type("ab");
	CHECK_EQ(rd(FR) & RXFF, RXFF);
	wr(LCR, FEN);
	host_pass_ns(1000000);
	CHECK_EQ(rd(DR), 'a');
	CHECK_EQ(rd(DR), 'b');
	stop();
}

static void declaration(void)
{
	const struct vdev_type *t = vdev_find("pl011");
	u32 later = 0;

	CHECK(t->need_loc && t->need_intr);
	CHECK_EQ(t->window, 0x1000);
	CHECK_STR(t->node, "uart");
	for (const struct vdev_option *o = t->options; o->name != NULL; o++) {
		later += o->later;
		CHECK_EQ(o->repeat, strcmp(o->name, "hostdev") == 0);
	}
	CHECK_EQ(later, 0);
}

static void reset_forgets(void)
{
	start();
	wr(IMSC, 0x7ff);
	type("abc");
	wr(IBRD, 13);
	CHECK(line());
	vdevs_reset(&rig->vm);
	CHECK(!line());
	CHECK_EQ(rd(FR) & 0xf8, TXFE | RXFE);
	CHECK_EQ(rd(RIS), 0);
	CHECK_EQ(rd(IMSC), 0);
	CHECK_EQ(rd(IBRD), 0);
	CHECK_EQ(rd(CR), ENABLED);
	stop();
}

static void hostdev_directions(void)
{
	static const char *const silent[] = { "-", ">-", "<-", ">log", ">/tmp/log", "</answers" };
	static const char *const noted[] = { "/dev/ser1", "ptyp0", ">|gzip" };
	static const char *const bad[] = { "", "<", ">", "<|cat", "|cat", "><", ">>x" };

	host_init();
	host_uart_reset();
	memset(&console, 0, sizeof(console));
	console_use(&uart_host, 0x1000, 0);
	rig = rig_new("guest", "pl011");
	rig_option(rig, "hostdev", ">-", 0);
	CHECK_EQ(rig_start(rig), 0);
	console_start();
	wr(DR, 'o');
	CHECK_STR(host_uart.out, "o");
	type("i");
	CHECK_EQ(rd(FR) & RXFE, RXFE);
	rig_free(rig);

	rig = rig_new("guest", "pl011");
	rig_option(rig, "hostdev", "<-", 0);
	CHECK_EQ(rig_start(rig), 0);
	wr(DR, 'p');
	CHECK_EQ(rd(FR) & TXFE, TXFE);
	CHECK_STR(host_uart.out, "o");
	console_irq();
	CHECK_EQ(rd(DR), 'i');
	rig_free(rig);

	/* Nothing: output is dropped, never stuck. */
	rig = rig_new("guest", "pl011");
	CHECK_EQ(rig_start(rig), 0);
	for (u32 i = 0; i < 100; i++) {
		wr(DR, 'p');
	}
	CHECK_EQ(rd(FR) & TXFE, TXFE);
	CHECK_STR(host_uart.out, "o");
	stop();

	for (u32 i = 0; i < ARRAY_SIZE(silent); i++) {
		CHECK(vdev_check_hostdev(silent[i]) == NULL && vdev_note_hostdev(silent[i]) == NULL);
	}
	for (u32 i = 0; i < ARRAY_SIZE(noted); i++) {
		CHECK(vdev_check_hostdev(noted[i]) == NULL && vdev_note_hostdev(noted[i]) != NULL);
	}
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(vdev_check_hostdev(bad[i]) != NULL);
	}
	CHECK(vdev_check_delayed("forever") == NULL && vdev_check_delayed("30") == NULL);
	CHECK(vdev_check_delayed("") != NULL && vdev_check_delayed("3x") != NULL);
}

TEST_MAIN(RUN(reset_values), RUN(identification), RUN(stored_registers), RUN(access_widths),
	  RUN(transmits_to_the_console), RUN(transmit_interrupt_after_data_has_left),
	  RUN(backpressure), RUN(transmit_level), RUN(receives), RUN(receive_levels),
	  RUN(character_mode), RUN(long_input_is_not_lost), RUN(input_waits_until_enabled),
	  RUN(disabled_output_waits), RUN(loopback),
	  RUN(every_interrupt_is_masked_and_cleared_alone), RUN(room_by_mode), RUN(declaration), RUN(reset_forgets),
	  RUN(hostdev_directions))
