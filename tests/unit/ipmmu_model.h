/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An IPMMU of R-Car Gen3 played register by register: IPMMU-MM with eight contexts and its walker for both formats of
 * tables, caches with 48 micro-TLBs each, masters behind them. Numbers stand here as the sources of the facts have
 * them, not by the driver's names. Every level remembers all it may: micro-TLBs, the caches' TLBs, the main one's; and
 * of memory only what was cleaned is seen.
 */
#ifndef TESTS_UNIT_IPMMU_MODEL_H
#define TESTS_UNIT_IPMMU_MODEL_H

#include <stdlib.h>
#include "tests/unit/test.h"
#include "arch/host/host.h"
#include "arch_io.h"

/* ---- Memory as a walker without snooping sees it: lines that were cleaned. */
#define LINES_SEEN 65536
static struct line {
	u64 at;
	u8 data[64];
} lines_seen[LINES_SEEN];

static struct line *line_of(u64 at)
{
	u32 h = (u32)(at / 64 * 2654435761u % LINES_SEEN);

	while (lines_seen[h].at != 0 && lines_seen[h].at != at) {
		h = (h + 1) % LINES_SEEN;
	}
	return &lines_seen[h];
}

static void model_clean(const void *p, size_t n)
{
	for (u64 from = (u64)p / 64 * 64; from < (u64)p + n; from += 64) {
		struct line *l = line_of(from);

		l->at = from;
		memcpy(l->data, (void *)from, 64);
	}
}

/* ---- The hardware */
enum { MM, DS0, DS1, HC, VP0, UNITS };
static const u64 unit_base[UNITS] = { 0xe67b0000, 0xe6740000, 0xe7740000, 0xe6570000, 0xfe990000 };
#define ENTRIES 64 /* more than a test touches before it looks whether they are forgotten */

struct tlb_entry {
	u64 page, e; /* e: what the walk has ended with, 0: nothing */
};

struct tlb {
	struct tlb_entry entry[ENTRIES];
	u32 next;
};

static struct {
	u32 prr;
	u32 reg[UNITS][0x1000 / 4];
	struct tlb utlb[UNITS][48], cache[UNITS][8], mm[8];
	u32 stuck;         /* bit n: FLUSH of context n never ends */
	u32 flush_takes, flushing[8]; /* reads until it does */
	u32 flushes[8], walks;
	u64 high;          /* what the machine's memory has above 40 bits; a chip's has nothing there */
	bool secgrp_fault;
} hw;

static u32 *hw_reg(u32 unit, u32 off)
{
	return &hw.reg[unit][off / 4];
}

static u32 utlb_at(u32 n)
{
	return n < 32 ? 0x300 + 16 * n : 0x600 + 16 * (n - 32);
}

static u64 hw_memory(u64 at)
{
	const struct line *l = line_of(at / 64 * 64);
	u64 v;

	if (l->at == 0) {
		return 0x00000a5a5a5a5003; /* what was there before: leads anywhere */
	}
	memcpy(&v, l->data + at % 64, 8);
	return v;
}

static u64 hw_io(pa_t pa, u32 size, bool write, u64 val)
{
	u32 unit = 0, off = pa & 0xfff, v = (u32)val, n = off / 0x40;

	host_set_time_ns(host_time_ns() + 200);
	CHECK_EQ(size, 4);
	if (pa == 0xfff00044) {
		CHECK(!write);
		return hw.prr;
	}
	while (unit < UNITS && unit_base[unit] != (pa & ~0xfffUL)) {
		unit++;
	}
	if (unit >= VP0) {
		test_fail(__FILE__, __LINE__, "%#lx is touched, which is off or nothing", pa);
		return 0;
	}
	if (off < 0x200 && off % 0x40 == 0x00) { /* IMCTR */
		if (!write) {
			u32 is = *hw_reg(unit, off);

			if (unit == MM && (is & 2) != 0 && (hw.stuck >> n & 1) == 0 && hw.flushing[n]-- == 0) {
				*hw_reg(unit, off) = is &= ~2u;
				memset(&hw.mm[n], 0, sizeof(hw.mm[n]));
			}
			return is;
		}
		CHECK(unit == MM || (v & ~7u) == 0);
		if (unit == MM && (v & 2) != 0) {
			CHECK((*hw_reg(unit, off) & 2) == 0); /* one at a time */
			hw.flushing[n] = hw.flush_takes;
			hw.flushes[n]++;
		} else if (unit != MM && (v & 2) != 0) {
			memset(&hw.cache[unit][n], 0, sizeof(hw.cache[unit][n]));
			for (u32 i = 0; i < 48; i++) { /* and those in front that name it: drivers rely on that */
				if ((*hw_reg(unit, utlb_at(i)) >> 4 & 15) == n) {
					memset(&hw.utlb[unit][i], 0, sizeof(struct tlb));
				}
			}
			v &= ~2u;
		}
		*hw_reg(unit, off) = v;
		return 0;
	}
	if (off < 0x200 && off % 0x40 == 0x20) { /* IMSTR: zeroes clear, ones do nothing */
		if (write) {
			*hw_reg(unit, off) &= v;
			if (*hw_reg(unit, off) == 0) {
				*hw_reg(unit, off + 0x10) = *hw_reg(unit, off + 0x14) = 0;
			}
		}
		return *hw_reg(unit, off);
	}
	if (write) {
		CHECK(unit == MM || off >= 0x300); /* of a context a cache has but IMCTR */
		if (off >= 0x300 && off < 0x500 && off % 16 == 0 && (v & 2) != 0) {
			memset(&hw.utlb[unit][(off - 0x300) / 16], 0, sizeof(struct tlb));
			v &= ~2u;
		} else if (off >= 0x600 && off < 0x700 && off % 16 == 0 && (v & 2) != 0) {
			memset(&hw.utlb[unit][32 + (off - 0x600) / 16], 0, sizeof(struct tlb));
			v &= ~2u;
		}
		*hw_reg(unit, off) = v;
	}
	return *hw_reg(unit, off);
}

/* ---- Masters */
enum went { MEMORY = 1, BYPASS, FAULT, SECURE_FAULT, NO_CONTEXT };

static struct tlb_entry *look_up(struct tlb *t, u64 page)
{
	for (u32 i = 0; i < ENTRIES; i++) {
		if (t->entry[i].e != 0 && t->entry[i].page == page) {
			return &t->entry[i];
		}
	}
	return NULL;
}

static void remember(struct tlb *t, u64 page, u64 e)
{
	t->entry[t->next++ % ENTRIES] = (struct tlb_entry){ page, e };
}

static enum went refuse(u32 ctx, u64 addr, u32 status)
{
	u32 at = ctx * 0x40;

	if (*hw_reg(MM, at + 0x20) == 0) { /* the first one stays */
		*hw_reg(MM, at + 0x20) = status;
		*hw_reg(MM, at + 0x30) = (u32)addr;
		*hw_reg(MM, at + 0x34) = (u32)(addr >> 32);
	}
	return FAULT;
}

#define PERM_R 1u
#define PERM_W 2u

/* The main one walks: an entry for a page with the access it allows in its low bits, 0: none there. */
static u64 walk_stage2(u32 ctx, u64 addr)
{
	u32 tcr = *hw_reg(MM, ctx * 0x40 + 0x08), in = 64 - (tcr & 0x1f);
	u64 table = hw.high | (u64)*hw_reg(MM, ctx * 0x40 + 0x14) << 32 | *hw_reg(MM, ctx * 0x40 + 0x10);

	CHECK((hw.prr & 0x7f00) == 0x5500 || (hw.prr & 0xff) >= 0x20);  /* others cannot */
	CHECK((*hw_reg(MM, ctx * 0x40) >> 29 & 1) == 1);                /* VA64 */
	CHECK_EQ(tcr >> 30, 3);                                         /* EAE, PMB */
	CHECK_EQ(tcr >> 6 & 3, 1);                                      /* start at level 1 */
	CHECK(in >= 33 && in <= 40);
	CHECK_EQ(table & (in == 40 ? 0x1fff : 0xfff), 0);
	if (addr >> in != 0) {
		return 0;
	}
	for (u32 level = 1; level <= 3; level++) {
		u64 e = hw_memory(table + (level == 1 ? addr >> 30 : addr >> (39 - 9 * level) & 511) * 8);
		u64 size = 1UL << (39 - 9 * level);

		if ((e & 1) == 0) {
			return 0;
		}
		if (level < 3 && (e & 2) != 0) {
			table = e & 0x0000fffffffff000;
			continue;
		}
		CHECK((e >> 10 & 1) == 1 && (level < 3 || (e & 2) != 0));
		return (((e & 0x0000fffffffff000) & ~(size - 1)) | (addr & (size - 1) & ~0xfffUL)) |
		       ((e >> 6 & 1) != 0 ? PERM_R : 0) | ((e >> 7 & 1) != 0 ? PERM_W : 0);
	}
	return 0;
}

static u64 walk_stage1(u32 ctx, u64 addr, bool *secure)
{
	u32 tcr = *hw_reg(MM, ctx * 0x40 + 0x08);
	u64 table = hw.high | (u64)*hw_reg(MM, ctx * 0x40 + 0x14) << 32 | *hw_reg(MM, ctx * 0x40 + 0x10);

	CHECK((*hw_reg(MM, ctx * 0x40) >> 29 & 1) == 0);
	CHECK_EQ(tcr >> 30, 2);
	CHECK_EQ(tcr >> 6 & 3, 2);
	CHECK_EQ(tcr & 0x1f, 0);
	if (addr >> 32 != 0) {
		return 0;
	}
	for (u32 level = 1; level <= 3; level++) {
		u64 e = hw_memory(table + (level == 1 ? addr >> 30 : addr >> (39 - 9 * level) & 511) * 8);
		u64 size = 1UL << (39 - 9 * level);

		if ((e & 1) == 0) {
			return 0;
		}
		if (level < 3 && (e & 2) != 0) {
			*secure |= e >> 63 == 0; /* NSTable */
			table = e & 0x0000fffffffff000;
			continue;
		}
		*secure |= (e >> 5 & 1) == 0; /* NS */
		CHECK((e >> 10 & 1) == 1 && (e >> 6 & 1) == 1 && (level < 3 || (e & 2) != 0));
		CHECK_EQ(*hw_reg(MM, ctx * 0x40 + 0x28) >> 8 * (e >> 2 & 7) & 0xff, (e >> 2 & 7) == 0 ? 0xff : 0x04);
		return (((e & 0x0000fffffffff000) & ~(size - 1)) | (addr & (size - 1) & ~0xfffUL)) |
		       PERM_R | ((e >> 7 & 1) == 0 ? PERM_W : 0);
	}
	return 0;
}

/* A master behind micro-TLB n of a cache reads or writes; *pa is where it went. */
static enum went master(u32 unit, u32 n, u64 addr, bool write, u64 *pa)
{
	u32 uctr = *hw_reg(unit, utlb_at(n)), ctx = uctr >> 4 & 15;
	struct tlb_entry *t;
	bool secure = false;
	u64 e;

	*pa = addr;
	if ((uctr & 1) == 0) {
		return BYPASS;
	}
	if (((*hw_reg(unit, 0x500) | *hw_reg(MM, 0x500)) >> 28 & 1) != 0) {
		return SECURE_FAULT;
	}
	if (ctx > 7 || (*hw_reg(unit, ctx * 0x40) & 1) == 0 || (*hw_reg(MM, ctx * 0x40) & 1) == 0 || ctx == 0) {
		return NO_CONTEXT;
	}
	t = look_up(&hw.utlb[unit][n], addr >> 12);
	t = t != NULL ? t : look_up(&hw.cache[unit][ctx], addr >> 12);
	t = t != NULL ? t : look_up(&hw.mm[ctx], addr >> 12);
	if (t != NULL) {
		e = t->e;
	} else {
		hw.walks++;
		e = (*hw_reg(MM, 0x504) >> 3 & 1) != 0 ? walk_stage2(ctx, addr) : walk_stage1(ctx, addr, &secure);
		if (secure) {
			return SECURE_FAULT;
		}
	}
	if (e == 0) {
		return refuse(ctx, addr, 1);
	}
	remember(&hw.utlb[unit][n], addr >> 12, e);
	remember(&hw.cache[unit][ctx], addr >> 12, e);
	remember(&hw.mm[ctx], addr >> 12, e);
	if ((e & (write ? PERM_W : PERM_R)) == 0) {
		return refuse(ctx, addr, 2);
	}
	*pa = (e & ~0xfffUL) | (addr & 0xfff);
	return MEMORY;
}

/* Its interrupt, SPI 196, as the line is now. */
static bool hw_line(void)
{
	for (u32 n = 0; n < 8; n++) {
		if ((*hw_reg(MM, n * 0x40) & 4) != 0 && *hw_reg(MM, n * 0x40 + 0x20) != 0) {
			return true;
		}
	}
	return false;
}

#endif
