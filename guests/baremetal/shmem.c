/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two VMs and the memory they share through `vdev shmem`; both run this guest.
 *
 *   role=ping   sends messages=N (1000) messages, each answered by the other; SHMEM-PING-OK
 *   role=pong   answers; with reset=N it resets itself instead of answering message N, once; SHMEM-PONG-OK
 *
 * Nobody polls the data: a message is looked at after the other's notification, which comes by interrupt. The factory
 * page is written byte by byte, as drivers that use memcpy() do. SHMEM-FAIL says what is wrong.
 */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/fdt.h"
#include "rt/gic.h"
#include "rt/mmu.h"
#include "rt/psci.h"
#include "rt/smp.h"
#include "rt/timer.h"

#define SIGNATURE	0x4d534732474d5651UL
#define PAGES		4
#define WORDS		64

enum { F_ADDR = 0x08, F_VECTOR = 0x10, F_STATUS = 0x14, F_SIZE = 0x18, F_NAME = 0x1c, F_FIND = 0x3c };
enum { C_STATUS = 0x0, C_IDX = 0x4, C_NOTIFY = 0x8, C_DETACH = 0xc };
enum { OK, NO_MEMORY = 2, ILLEGAL_NAME = 4, NO_PERMISSION = 5, DOES_NOT_EXIST = 6 };

/* What lies in the region. Ordinary words only: it may be mapped as Device here. */
struct shared {
	volatile u64 life;	/* of pong */
	struct box {
		volatile u64 number;
		volatile u64 word[WORDS];
	} ping, pong;
};

static u64 factory, page;	/* the two pages with registers */
static u32 node_intid, self;
static struct shared *shared;
static volatile u32 attached, notified, interrupts;
static u64 failures;

static void expect(bool good, const char *what, u64 value)
{
	if (!good) {
		printf("SHMEM-FAIL %s 0x%lx\n", what, value);
		failures++;
	}
}

static u32 read32(u64 at)
{
	return *(volatile u32 *)at;
}

static void write32(u64 at, u32 value)
{
	*(volatile u32 *)at = value;
}

static u64 read_bytes(u64 at, unsigned int n)
{
	u64 value = 0;

	while (n-- > 0) {
		value = value << 8 | *(volatile u8 *)(at + n);
	}
	return value;
}

static void visit(const struct fdt_node *node)
{
	u64 size;

	if (fdt_is_compatible(node, "qvm,guest_shm") && fdt_reg(node, 0, &factory, &size)) {
		node_intid = fdt_cell(node, "interrupts", 1) + 32;
	}
}

static void news(u32 iar)
{
	u32 status = read32(page + C_STATUS);

	(void)iar;
	interrupts++;
	notified |= status & 0xffff;
	attached = status >> 16;
}

/* Sleep until one of `bits` has notified, or none of them is (`present`: one is) attached; false after 20 seconds. */
static bool await(u32 bits, bool present)
{
	u64 end = timer_count() + 20 * timer_frequency();

	irq_disable();
	while (!(notified & bits) && ((attached & bits) != 0) != present && timer_count() < end) {
		vtimer_arm(end);
		wfi();
		irq_enable();
		irq_disable();
	}
	irq_enable();
	return timer_count() < end;
}

static void alarm(u32 iar)
{
	(void)iar;
	vtimer_stop();
}

/* ---- The factory */

static u32 request(const char *name, u32 pages)
{
	unsigned int i;

	for (i = 0; i < 32; i++) {
		*(volatile u8 *)(factory + F_NAME + i) = (u8)*name;
		name += *name != '\0';
	}
	write32(factory + F_SIZE, pages);
	return read32(factory + F_STATUS);
}

static void refusals(void)
{
	u32 status;

	expect(read_bytes(factory, 8) == SIGNATURE, "signature", read_bytes(factory, 8));
	expect(*(volatile u64 *)factory == SIGNATURE, "signature in one read", *(volatile u64 *)factory);
	status = request("secret-thing", 1);
	expect(status == NO_PERMISSION, "a denied name:", status);
	status = request("0123456789abcdef0123456789abcdefg", 1);
	expect(status == ILLEGAL_NAME, "a name without end:", status);
	status = request("", 1);
	expect(status == ILLEGAL_NAME, "no name:", status);
	status = request("nobody-has-it", 0);
	expect(status == DOES_NOT_EXIST, "no such region:", status);
	status = request("vast", 0x80000000);
	expect(status == NO_MEMORY, "8 TiB:", status);
	write32(factory + F_FIND, 0);
	expect(read32(factory + F_STATUS) == DOES_NOT_EXIST, "find without a connection:", read32(factory + F_STATUS));
}

static void connect(void)
{
	u32 status = request("lab", PAGES), vector = (u32)read_bytes(factory + F_VECTOR, 4);

	expect(status == OK, "attach:", status);
	page = read_bytes(factory + F_ADDR, 8);
	expect(page != 0 && page % 4096 == 0, "control page:", page);
	expect(read32(factory + F_SIZE) == PAGES, "pages:", read32(factory + F_SIZE));
	expect(vector == node_intid, "vector:", vector);
	if (failures != 0) {
		poweroff();
	}
	shared = (struct shared *)(page + 4096);
	self = read32(page + C_IDX);
	write32(factory + F_FIND, 0);
	expect(read32(factory + F_STATUS) == OK, "find:", read32(factory + F_STATUS));
	expect(read_bytes(factory + F_ADDR, 8) == page, "found elsewhere:", read_bytes(factory + F_ADDR, 8));
	expect(read_bytes(factory + F_NAME, 4) == 0x62616c, "name found:", read_bytes(factory + F_NAME, 4));
	news(0);
	irq_set_handler(vector, news);
	gic_enable(vector);
	irq_enable();
	expect(attached >> self & 1, "not among the attached:", attached);
}

static void leave(void)
{
	write32(page + C_DETACH, 1);
	write32(factory + F_FIND, 0);
	expect(read32(factory + F_STATUS) == DOES_NOT_EXIST, "find after the detach:", read32(factory + F_STATUS));
	expect(read32(page + C_IDX) == 0xffffffff, "control page after the detach:", read32(page + C_IDX));
	expect(*(volatile u64 *)shared == ~0UL, "data after the detach:", *(volatile u64 *)shared);
}

/* ---- Messages */

static u64 content(u64 number, unsigned int i, u64 salt)
{
	return (number * 0x9e3779b97f4a7c15UL + i) ^ salt;
}

static void put(struct box *b, u64 number, u64 salt)
{
	for (unsigned int i = 0; i < WORDS; i++) {
		b->word[i] = content(number, i, salt);
	}
	dsb();
	b->number = number;
	dsb();
	write32(page + C_NOTIFY, ~0U);
}

static void check(const struct box *b, u64 number, u64 salt)
{
	expect(b->number == number, "message number:", b->number);
	for (unsigned int i = 0; i < WORDS; i++) {
		expect(b->word[i] == content(number, i, salt), "message content:", b->word[i]);
	}
}

static void ping(void)
{
	u64 count = board_arg_number("messages", 1000), n;
	u32 others = 0xffff & ~(1U << self);
	unsigned int left = 0;

	expect(await(others, true), "nobody there", attached);
	for (n = 1; n <= count && failures == 0; n++) {
		put(&shared->ping, n, 0);
		expect(await(others, false), "no answer to message", n);
		if (!(notified & others)) {
			left++;
			expect(await(others, true), "it does not come back", attached);
			expect(left == shared->life, "lives:", shared->life);
			put(&shared->ping, n, 0);
			expect(await(others, false), "no answer after the return to message", n);
		}
		notified = 0;
		check(&shared->pong, n, ~0UL);
	}
	/* To oneself: the interrupt is one's own. */
	write32(page + C_NOTIFY, 1U << self);
	expect(await(1U << self, false), "no notification of oneself", notified);
	expect(interrupts >= count, "interrupts:", interrupts);
	leave();
	printf(failures != 0 ? "SHMEM-FAIL ping\n" : "SHMEM-PING-OK messages=%lu left=%u\n", n - 1, left);
}

static void pong(void)
{
	u64 reset = board_arg_number("reset", 0), n = 0;
	u32 others = 0xffff & ~(1U << self), status;

	expect(await(others, true), "nobody there", attached);
	while (failures == 0) {
		expect(await(others, false), "nothing comes any more, after message", n);
		if (!(notified & others)) {
			break; /* ping has left */
		}
		notified = 0;
		n = shared->ping.number;
		if (n == reset && shared->life == 0) {
			shared->life = 1;
			dsb();
			psci(PSCI_SYSTEM_RESET, 0, 0, 0);
		}
		check(&shared->ping, n, 0);
		put(&shared->pong, n, ~0UL);
	}
	leave();
	delay_us(100000); /* it has left, but the memory may not be given back yet */
	status = request("lab", 0);
	expect(status == DOES_NOT_EXIST, "attach to a region that is gone:", status);
	printf(failures != 0 ? "SHMEM-FAIL pong\n" : "SHMEM-PONG-OK last=%lu\n", n);
}

void guest_main(void)
{
	char role[8] = "ping";

	board_arg("role", role, sizeof(role));
	mmu_on();
	gic_init();
	irq_set_handler(board.vtimer_intid, alarm);
	gic_enable(board.vtimer_intid);
	if (fdt_walk(board.fdt, visit) != 0 || factory == 0) {
		printf("SHMEM-FAIL no qvm,guest_shm\n");
		poweroff();
	}
	/* A restarted VM gives the other the time to see that it was gone. */
	delay_us(100000);
	refusals();
	connect();
	if (role[1] == 'i') {
		ping();
	} else {
		pong();
	}
	poweroff();
}
