/* SPDX-License-Identifier: Apache-2.0 */
/* The SCIF driver over plain memory: QEMU has no such UART that could run it. */
#include "tests/unit/test.h"
#include "arch/aarch64/uart/scif.c"

static u8 regs[0x40] __aligned_to(8);
static const pa_t base = (pa_t)regs;

static void put(u32 off, u16 v)
{
	memcpy(regs + off, &v, 2);
}

static u16 get(u32 off)
{
	u16 v;

	memcpy(&v, regs + off, 2);
	return v;
}

static void init_keeps_the_line(void)
{
	memset(regs, 0, sizeof(regs));
	put(SCR, 0xce | 0x32); /* all interrupts on, clock selection 2 */
	put(FCR, 0xf8);
	CHECK_EQ(uart_scif.init(base), 0);
	CHECK_EQ(get(SCR), 0x32);
	CHECK_EQ(get(FCR), 0x38); /* receive trigger 1 */
}

static void sends_while_there_is_room(void)
{
	memset(regs, 0, sizeof(regs));
	put(FDR, 15 << 8 | 3);
	CHECK(uart_scif.putc(base, 'k'));
	CHECK_EQ(regs[FTDR], 'k');
	CHECK_EQ(get(FSR), 0xff9f); /* TDFE and TEND cleared, the others kept */
	put(FDR, 16 << 8);
	CHECK(!uart_scif.putc(base, 'l'));
	CHECK_EQ(regs[FTDR], 'k');
	put(FSR, FSR_TEND);
	CHECK(!uart_scif.busy(base));
	put(FSR, FSR_TDFE);
	CHECK(uart_scif.busy(base));
}

static void receives(void)
{
	memset(regs, 0, sizeof(regs));
	CHECK_EQ(uart_scif.getc(base), -1);
	CHECK_EQ(get(FSR), 0xfffc); /* RDF and DR cleared: the interrupt goes */
	put(FDR, 1);
	regs[FRDR] = 0xe4;
	put(FSR, FSR_RDF);
	CHECK_EQ(uart_scif.getc(base), 0xe4);
	CHECK_EQ(get(FSR), 0xfffc);
	CHECK_EQ(get(LSR), 0);
	/* An overrun stops reception until it is cleared, errors as well. */
	put(LSR, LSR_ORER);
	put(FDR, 0);
	CHECK_EQ(uart_scif.getc(base), -1);
	CHECK_EQ(get(LSR), 0xfffe);
}

static void interrupts(void)
{
	memset(regs, 0, sizeof(regs));
	put(SCR, 0x30);
	uart_scif.irq_mask(base, true, false);
	CHECK_EQ(get(SCR), 0x78);
	uart_scif.irq_mask(base, true, true);
	CHECK_EQ(get(SCR), 0xf8);
	uart_scif.irq_mask(base, false, true);
	CHECK_EQ(get(SCR), 0xb0);
	uart_scif.irq_mask(base, false, false);
	CHECK_EQ(get(SCR), 0x30);
}

static void is_registered(void)
{
	CHECK(uart_by_compatible("renesas,scif") == &uart_scif);
	CHECK(uart_by_early_name("scif") == &uart_scif);
	CHECK(uart_by_compatible("renesas") == NULL);
	CHECK(uart_by_early_name("scif2") == NULL);
}

TEST_MAIN(RUN(init_keeps_the_line), RUN(sends_while_there_is_room), RUN(receives), RUN(interrupts),
	  RUN(is_registered))
