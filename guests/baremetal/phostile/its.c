/* SPDX-License-Identifier: Apache-2.0 */
/* The ITS and the redistributor's LPI tables (IHI 0069 5.3, 12.11, 12.19): registers, commands and addresses of all kinds. */
#include "phostile.h"

#define VALID	BIT(63)

static u64 its;
static u64 queue[ITS_QUEUE / 8] __attribute__((aligned(0x10000)));

static void sweep(u64 base, u64 size)
{
	u64 p;

	probe_begin();
	for (p = base; p < base + size; p += 4) {
		mmio_read8(p);
		mmio_read16(p + 1);
		mmio_read32(p);
		mmio_read64(p);
	}
	probe_end();
}

static void scribble(u64 base, u64 size)
{
	u64 p;

	probe_begin();
	for (p = base; p < base + size; p += 4) {
		mmio_write8(p + any() % 4, (u32)any());
		mmio_write16(p + any() % 4, (u32)any());
		mmio_write32(p, (u32)any());
		mmio_write64(p, any());
	}
	probe_end();
}

static void set_queue(u64 address, u64 pages)
{
	mmio_write32(its + GITS_CTLR, 0);
	mmio_write64(its + GITS_CBASER, VALID | (address & 0xffffffffff000UL) | (pages & 0xff));
	mmio_write64(its + GITS_CWRITER, 0);
	dsb();
	mmio_write32(its + GITS_CTLR, 1);
}

/* One command with each of its four words taken from `words`. */
static void command(const u64 *words)
{
	its_command(words[0], words[1], words[2], words[3]);
}

static void wild_commands(void)
{
	static const u8 codes[] = { ITS_MOVI, ITS_INT, ITS_CLEAR, ITS_SYNC, ITS_MAPD, ITS_MAPC, ITS_MAPTI, ITS_MAPI, ITS_INV,
				    ITS_INVALL, ITS_MOVALL, ITS_DISCARD, 0, 2, 6, 7, 0x10, 0x21, 0x2a, 0xff };
	static const u32 ids[] = { 0, 1, 0x7f, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0xffffffff };
	unsigned int c, i, j, n;
	u64 address, words[4];

	for (c = 0; c < ARRAY_SIZE(codes); c++) {
		for (i = 0; i < ARRAY_SIZE(ids); i++) {
			for (j = 0; j < ARRAY_SIZE(ids); j++) {
				words[0] = codes[c] | (u64)ids[i] << 32;
				words[1] = ids[j] | any() << 32;
				words[2] = any();
				words[3] = any();
				command(words);
				words[1] = ids[j] | (u64)ids[i] << 32;
				words[2] = VALID | ids[j];
				command(words);
			}
		}
		for (n = 0; wild(n, &address); n++) {
			words[0] = codes[c] | (u64)edu << 32;
			words[1] = codes[c] == ITS_MAPD ? 31 : EVENT | (u64)LPI << 32;
			words[2] = VALID | (address & 0xfffffffffff00UL);
			words[3] = address;
			command(words);
			words[2] = (address & 0xfffffffffff0000UL) | 0xffff;
			command(words);
		}
	}
}

static void queues(void)
{
	u64 address;
	unsigned int n, i;

	for (n = 0; wild(n, &address); n++) {
		set_queue(address, n & 1 ? 0xff : 0);
		for (i = 0; i < 8; i++) {
			mmio_write64(its + GITS_CWRITER, i & 1 ? any() : (i + 1) * 32);
			delay_us(100);
			mmio_read64(its + GITS_CREADR);
		}
	}
}

/* A queue that is longer than it is, whose end lies behind the end of memory. */
static void last_page(void)
{
	set_queue(board.memory[0].base + board.memory[0].size - PAGE, 0xff);
	mmio_write64(its + GITS_CWRITER, 0xfffe0);
	delay_us(20000);
}

static void noise(void)
{
	unsigned int round, i;

	for (round = 0; round < 60; round++) {
		for (i = 0; i < ITS_QUEUE / 8; i++) {
			queue[i] = any();
			if (i % 4 == 0 && round % 2) {
				queue[i] = (queue[i] & ~0xffUL) | (any() % 16);
			}
		}
		cache_clean(queue, sizeof(queue));
		set_queue((u64)queue, 0);
		mmio_write64(its + GITS_CWRITER, ITS_QUEUE - 32);
		delay_us(200);
		mmio_write64(its + GITS_CWRITER, (any() % 128) * 32);
		delay_us(200);
	}
}

static volatile bool stop;

static void rewrite(void *arg)
{
	(void)arg;
	while (!stop) {
		queue[any() % (ITS_QUEUE / 8)] = any() % 16 | (u64)edu << 32;
		mmio_write64(its + GITS_CWRITER, (any() % 128) * 32);
	}
}

/* It never gets to the end: each round brings new work. */
static void flood(void)
{
	unsigned int i;

	set_queue((u64)queue, 0);
	if (board.nr_cpus > 1) {
		stop = false;
		smp_start(1, rewrite, NULL);
	}
	for (i = 0; i < 20000; i++) {
		mmio_write64(its + GITS_CWRITER, (i & 1 ? 127 : 0) * 32);
		if (i % 100 == 0) {
			mmio_write32(its + GITS_CTLR, i / 100 & 1);
		}
	}
	stop = true;
	if (board.nr_cpus > 1) {
		smp_wait_off(1);
	}
}

/* The tables, too, lie where they must not. */
static void tables(void)
{
	u64 address;
	unsigned int n, i;

	for (n = 0; wild(n, &address); n++) {
		mmio_write32(its + GITS_CTLR, 0);
		for (i = 0; i < 8; i++) {
			mmio_write64(its + GITS_BASER + i * 8, VALID | (address & 0xfffffffff000UL) | (n & 1 ? 0xff : 0) |
							       (n & 2 ? 1UL << 62 : 0) | (any() & 0x300));
		}
		mmio_write32(its + GITS_CTLR, 1);
		its_map(edu, EVENT, LPI);
		its_map(edu, EVENT + 7, LPI + 1000);
	}
}

static void by_hand(void)
{
	unsigned int i;

	probe_begin();
	for (i = 0; i < 1000; i++) {
		mmio_write32(its + GITS_TRANSLATER, (u32)any());
		mmio_write16(its + GITS_TRANSLATER, i);
		mmio_write64(its + GITS_TRANSLATER, any());
		mmio_read32(its + GITS_TRANSLATER);
	}
	probe_end();
}

/* As many devices, events and collections as fit, and some more. */
static void fill(void)
{
	unsigned int i;

	const u64 scratch = board.memory[0].base + board.memory[0].size - 0x400000;

	for (i = 0; i < 3000; i++) {
		its_command(ITS_MAPD | (u64)i << 32, 15, VALID | scratch, 0);
		its_command(ITS_MAPC, 0, VALID | i, 0);
		its_command(ITS_MAPTI | (u64)(i & 1 ? edu : i) << 32, i | (u64)(LPI_FIRST + i) << 32, i, 0);
	}
	for (i = 0; i < 40000; i += 7) {
		its_command(ITS_MAPTI | (u64)edu << 32, i | (u64)(LPI_FIRST + i) << 32, 0, 0);
		its_command(ITS_INT | (u64)edu << 32, i, 0, 0);
	}
}

void its_deeds(void)
{
	its = its_base();
	if (!its) {
		return;
	}
	sweep(its, 0x20000);
	over("ITS, every register read");
	scribble(its, 0x20000);
	over("ITS, noise in every register");
	by_hand();
	over("ITS, messages by hand");
	wild_commands();
	over("ITS, commands with wild arguments");
	fill();
	over("ITS, as much as fits and more");
	queues();
	over("ITS, queues everywhere");
	last_page();
	over("ITS, a queue behind the end");
	noise();
	over("ITS, noise as commands");
	flood();
	over("ITS, a queue that never ends");
	tables();
	over("ITS, tables everywhere");
}

/* LPI tables everywhere. Not every redistributor lets go of its tables: the last deed. */
void table_deeds(void)
{
	u64 gicr = this_cpu()->gicr, address;
	unsigned int n;

	if (!its_base()) {
		return;
	}
	for (n = 0; wild(n, &address); n++) {
		mmio_write32(gicr + GICR_CTLR, 0);
		mmio_write64(gicr + GICR_PROPBASER, (address & 0xffffffffff000UL) | (n & 1 ? 31 : 13));
		mmio_write64(gicr + GICR_PENDBASER, (address & 0xfffffffff0000UL) | (n & 2 ? BIT(62) : 0));
		mmio_write32(gicr + GICR_CTLR, GICR_ENABLE_LPIS);
		its_command(ITS_INVALL, 0, 0, 0);
		its_command(ITS_INV | (u64)edu << 32, EVENT, 0, 0);
		its_command(ITS_MAPTI | (u64)edu << 32, EVENT | (u64)LPI << 32, 0, 0);
		its_command(ITS_INT | (u64)edu << 32, EVENT, 0, 0);
	}
	mmio_write32(gicr + GICR_CTLR, 0);
	over("LPI tables everywhere");
}
