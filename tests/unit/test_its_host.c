/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the machine's ITS against registers that remember: what it refuses, what it asks for, which commands
 * come in which order, and a queue that stops.
 */
#include <errno.h>
#include "tests/unit/test.h"
#include "arch/host/host.h"
#include "core/base/board.h"
#include "core/base/memory.h"

#define arch_map(pa, size, kind) ((void)(pa), (void)(size), 0)

#define ITS_AT 0x8080000UL
#define RD(n) (0x80a0000UL + (n) * 0x20000UL)

static u64 regs[2][0x10200 / 8], rdreg[2][0x100 / 8];
static bool no_snoop, no_indirect, stuck_lpis, stalled, silent;
static u64 seen[4096][4];
static u32 seen_count;
static u64 mmio_read64(pa_t pa);
static void mmio_write64(pa_t pa, u64 v);

static u32 mmio_read32(pa_t pa)
{
	return (u32)(mmio_read64(pa & ~7UL) >> (pa & 4) * 8);
}

static void mmio_write32(pa_t pa, u32 v)
{
	u64 old = mmio_read64(pa & ~7UL);

	mmio_write64(pa & ~7UL, pa & 4 ? (old & 0xffffffffUL) | (u64)v << 32 : (old & ~0xffffffffUL) | v);
}

#include "arch/aarch64/gic/its_lpi.c"
#undef BASER_CACHED
#undef BASER_UNCACHED
#undef BASER_SHARED
#define set_base set_its_base
#include "arch/aarch64/gic/its.c"

pa_t gic_rd[MAX_CPUS];

bool gic_wait_clear(pa_t r, u32 bits)
{
	return (mmio_read32(r) & bits) == 0;
}

bool gic_silent(const char *frame, pa_t base, u32 a, u32 b)
{
	(void)frame, (void)base;
	return (a | b) == 0 || (a & b) == ~0u;
}

static u64 *cell(pa_t pa)
{
	if (pa >= ITS_AT && pa < ITS_AT + 0x10000) {
		return &regs[0][(pa - ITS_AT) / 8];
	}
	if (pa >= RD(0) && pa < RD(2) && (pa - RD(0)) % 0x20000 < 0x100) {
		return &rdreg[(pa - RD(0)) / 0x20000][(pa - RD(0)) % 0x20000 / 8];
	}
	test_fail(__FILE__, __LINE__, "an access to %#lx", pa);
	return &regs[1][0];
}

static u64 mmio_read64(pa_t pa)
{
	return *cell(pa);
}

static void run_queue(u64 to)
{
	u64 *creadr = &regs[0][GITS_CREADR / 8];
	const u8 *queue = pa_ptr(regs[0][GITS_CBASER / 8] & BITS(51, 12));

	while (*creadr != to && !silent) {
		if (stalled) {
			*creadr |= 1;
			return;
		}
		memcpy(seen[seen_count++ % 4096], queue + *creadr, 32);
		*creadr = (*creadr + 32) % KiB(4);
	}
}

static void mmio_write64(pa_t pa, u64 v)
{
	u64 *c = cell(pa), off = pa - ITS_AT;

	if (pa < RD(0) && off >= GITS_BASER && off < GITS_BASER + 64) {
		v = (v & ~(7UL << 56 | 31UL << 48)) | (*c & (7UL << 56 | 31UL << 48)); /* type, entry size: as they are */
		v &= no_indirect ? ~BASER_INDIRECT : ~0UL;
	}
	if ((pa < RD(0) && off >= GITS_CBASER && off < GITS_BASER + 64 && off != GITS_CWRITER && off != GITS_CREADR) ||
	    (pa >= RD(0) && (pa & 0xffff) >= GICR_PROPBASER)) {
		v &= no_snoop ? ~(3UL << 10) : ~0UL;
	}
	if (pa >= RD(0) && (pa & 0xffff) == GICR_CTLR && stuck_lpis) {
		v |= GICR_CTLR_LPIS;
	}
	*c = v;
	if (pa == ITS_AT + GITS_CTLR) {
		*c |= GITS_CTLR_QUIESCENT;
	} else if (pa == ITS_AT + GITS_CWRITER) {
		run_queue(v);
	}
}

static const struct board board = { .gic = { .its_count = 1, .its = { { ITS_AT, 0x20000 } } } };

/* A machine of two CPUs whose ITS has 16 bits of DeviceID and tables of devices and collections. */
static void machine(void)
{
	host_init();
	host_uart_reset();
	memset(regs, 0, sizeof(regs));
	memset(rdreg, 0, sizeof(rdreg));
	memset(itss, 0, sizeof(itss));
	no_snoop = no_indirect = stuck_lpis = stalled = silent = false;
	seen_count = 0;
	state = 1;
	for (u32 i = 0; i < 2; i++) {
		gic_rd[i] = RD(i);
		rdreg[i][GICR_TYPER / 8] = GICR_TYPER_PLPIS | (u64)(i + 5) << 8;
	}
	regs[0][GITS_TYPER / 8] = 1 | 11UL << 4 | 15UL << 8 | 15UL << 13;
	regs[0][GITS_BASER / 8] = 1UL << 56 | 7UL << 48;
	regs[0][GITS_BASER / 8 + 2] = 4UL << 56 | 7UL << 48;
}

static void tables_are_made(void)
{
	u64 devices;

	machine();
	REQUIRE(its_start(&board, 0) == 0);
	CHECK_EQ(its_start(&board, 0), 0); /* no more to do */
	CHECK_EQ(its_start(&board, 1), -ENODEV);
	devices = regs[0][GITS_BASER / 8];
	CHECK_EQ(devices >> 62, 3); /* valid, of two levels */
	CHECK_EQ(devices & 0x3ff, 0); /* one page of 4K */
	CHECK_EQ(regs[0][GITS_BASER / 8 + 2] >> 62, 2);
	CHECK_EQ(regs[0][GITS_BASER / 8 + 1], 0);
	CHECK_EQ(regs[0][GITS_CBASER / 8] & 0xf0ff, 0);
	CHECK_EQ(regs[0][0] & 1, 1);
	for (u32 i = 0; i < 2; i++) {
		CHECK_EQ(rdreg[i][0] & 1, 1);
		CHECK_EQ(rdreg[i][GICR_PROPBASER / 8] & 0xfff, 13 | 7 << 7 | 1 << 10);
		CHECK_EQ(rdreg[i][GICR_PENDBASER / 8] & 0xf000, 0);
		CHECK_EQ(rdreg[i][GICR_PENDBASER / 8] >> 62, 1);
		CHECK_EQ(seen[2 * i][0], ITS_MAPC);
		CHECK_EQ(seen[2 * i][2], GITS_VALID | (i + 5UL) << 16 | i);
		CHECK_EQ(seen[2 * i + 1][0], ITS_SYNC);
	}
	CHECK_EQ(seen_count, 4);
}

static void events_are_mapped(void)
{
	void *itt = NULL;
	const u64 *level1;

	machine();
	REQUIRE(its_start(&board, 0) == 0);
	level1 = pa_ptr(regs[0][GITS_BASER / 8] & BITS(47, 12));
	seen_count = 0;
	REQUIRE(its_map(0, 0x318, 5, 100, 1, &itt) == 0);
	CHECK_EQ(level1[1] >> 63, 1); /* 512 devices a page */
	CHECK_EQ(level1[0], 0);
	CHECK_EQ(seen_count, 1 + 5 + 2);
	CHECK_EQ(seen[0][0], ITS_MAPD | 0x318UL << 32);
	CHECK_EQ(seen[0][1], 2); /* 3 bits */
	CHECK_EQ(seen[0][2], GITS_VALID | ptr_pa(itt));
	CHECK_EQ(seen[5][0], ITS_MAPTI | 0x318UL << 32);
	CHECK_EQ(seen[5][1], 4 | (8192UL + 104) << 32);
	CHECK_EQ(seen[5][2], 1);
	CHECK_EQ(seen[6][0], ITS_INVALL);
	CHECK_EQ(seen[7][2], 6UL << 16);
	CHECK_EQ(properties[99] | properties[105] << 8, 0xa2a2);
	CHECK_EQ(properties[100] | properties[104] << 8, 0xa3a3);
	seen_count = 0;
	CHECK_EQ(its_move(0, 0x318, 3, 0), 0);
	CHECK_EQ(seen[0][0], ITS_MOVI | 0x318UL << 32);
	CHECK_EQ(seen[0][1], 3);
	CHECK_EQ(seen[0][2], 0);
	seen_count = 0;
	its_unmap(0, 0x318, 5, 100, itt);
	CHECK_EQ(seen_count, 5 + 1 + 2);
	CHECK_EQ(seen[5][0], ITS_MAPD | 0x318UL << 32);
	CHECK_EQ(seen[5][2], 0);
	CHECK_EQ(properties[100], 0xa2);
	CHECK_EQ(its_map(0, 0x10000, 1, 0, 0, &itt), -ENOSPC); /* beyond the DeviceIDs */
	CHECK_EQ(its_map(0, 1, 3, HOST_LPIS - 2, 0, &itt), -ENOSPC);
	/* More commands than the queue holds. */
	seen_count = 0;
	REQUIRE(its_map(0, 1, 2048, 0, 0, &itt) == 0);
	CHECK_EQ(seen_count, 2048 + 3);
	CHECK_EQ(seen[2048][1], 2047 | (8192UL + 2047) << 32);
}

static void other_implementations(void)
{
	void *itt;

	machine();
	no_snoop = no_indirect = true;
	REQUIRE(its_start(&board, 0) == 0);
	CHECK_EQ(regs[0][GITS_BASER / 8] >> 59, 0x11); /* valid, one level, not cached */
	CHECK_EQ(regs[0][GITS_BASER / 8] & 0xff, 127); /* 65536 of 8 bytes */
	CHECK_EQ(regs[0][GITS_CBASER / 8] >> 59, 0x11);
	CHECK_EQ(rdreg[0][GICR_PROPBASER / 8] & 0xfff, 13 | 1 << 7);
	CHECK_EQ(its_map(0, 0xffff, 1, 0, 0, &itt), 0);
	machine();
	regs[0][GITS_TYPER / 8] |= TYPER_PTA;
	REQUIRE(its_start(&board, 0) == 0);
	CHECK_EQ(seen[2][2], GITS_VALID | RD(1) | 1);
}

static void what_does_not_work_is_said(void)
{
	void *itt;

	machine();
	rdreg[1][0] = GICR_CTLR_LPIS;
	stuck_lpis = true;
	CHECK_EQ(its_start(&board, 0), -EBUSY);
	CHECK(strstr(host_uart.out, "firmware has left them on") != NULL);
	machine();
	rdreg[0][0] = GICR_CTLR_LPIS; /* these can be turned off */
	CHECK_EQ(its_start(&board, 0), 0);
	machine();
	rdreg[0][GICR_TYPER / 8] = 0;
	CHECK_EQ(its_start(&board, 0), -ENODEV);
	machine();
	REQUIRE(its_start(&board, 0) == 0);
	stalled = true;
	CHECK_EQ(its_move(0, 1, 0, 0), -EIO);
	CHECK(strstr(host_uart.out, "does not go on") != NULL);
	stalled = false;
	CHECK_EQ(its_map(0, 1, 1, 0, 0, &itt), -EIO); /* never again */
	CHECK_EQ(its_start(&board, 0), -EIO);
}

TEST_MAIN(RUN(tables_are_made), RUN(events_are_mapped), RUN(other_implementations), RUN(what_does_not_work_is_said))
