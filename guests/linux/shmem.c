/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory shared with another VM through `vdev shmem`, from user space by /dev/mem; the other side runs this program or
 * guests/baremetal/shmem.c.
 *
 *   shmem ADDRESS ping|pong REGION [MESSAGES]
 *
 * ADDRESS is the factory page's, in hexadecimal, as in the name of the node /vdevs/guest_shm@ADDRESS. `ping` sends
 * MESSAGES (1000) messages, each answered by `pong`. SHMEM-PING-OK, SHMEM-PONG-OK, or SHMEM-FAIL with what is wrong.
 *
 * /dev/mem has no interrupts: the status register is looked at instead, each look an exit to the hypervisor. What it
 * maps is Device memory: no unaligned and no wide vector accesses, so memcpy() and memset() of a C library are out.
 * Against a peer that maps the data cacheable, write and read as if they were registers, with barriers, as here.
 */
#include "sys.h"

#define SIGNATURE	0x4d534732474d5651UL
#define PAGE		4096UL
#define PAGES		4
#define WORDS		64

enum { SYS_OPENAT = 56, SYS_NANOSLEEP = 101, SYS_CLOCK_GETTIME = 113 };
enum { O_RDWR = 2, O_SYNC = 04010000, PROT_RW = 3, MAP_SHARED = 1, CLOCK_MONOTONIC = 1 };

/* The factory page makes connections, a connection is a control page with the shared pages behind it. */
enum { F_ADDR = 0x08, F_STATUS = 0x14, F_SIZE = 0x18, F_NAME = 0x1c };
enum { C_STATUS = 0x0, C_IDX = 0x4, C_NOTIFY = 0x8, C_DETACH = 0xc };

struct shared {
	volatile u64 life;
	struct box {
		volatile u64 number;
		volatile u64 word[WORDS];
	} ping, pong;
};

static int mem;
static volatile unsigned char *factory, *page;
static struct shared *shared;
static u32 self, notified, attached;

static void __attribute__((noreturn)) fail(const char *what, u64 value)
{
	put("SHMEM-FAIL ");
	put(what);
	put(" ");
	put_number(value);
	put("\n");
	quit(1);
}

static u32 read32(volatile unsigned char *base, u32 off)
{
	return *(volatile u32 *)(base + off);
}

static void write32(volatile unsigned char *base, u32 off, u32 value)
{
	__asm__ volatile("dsb sy" : : : "memory");
	*(volatile u32 *)(base + off) = value;
}

static void *map(u64 at, u64 size)
{
	long where = call6(SYS_MMAP, 0, (long)size, PROT_RW, MAP_SHARED, mem, (long)at);

	if (where < 0 && where > -4096) {
		fail("mmap of /dev/mem: errno", (u64)-where);
	}
	return (void *)where;
}

static u64 now_ms(void)
{
	u64 t[2];

	call4(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)t, 0, 0);
	return t[0] * 1000 + t[1] / 1000000;
}

/* Wait until one of `bits` has notified, or none of them is (`present`: one is) attached. */
static void await(u32 bits, int present)
{
	u64 end = now_ms() + 60000, looks = 0;

	for (;;) {
		u32 status = read32(page, C_STATUS); /* what it says of notifications it says once */

		notified |= status & 0xffff;
		attached = status >> 16;
		if ((notified & bits) || ((attached & bits) != 0) == present) {
			return;
		}
		if (now_ms() > end) {
			fail("nothing comes, attached are", attached);
		}
		if (++looks > 100) {
			long pause[2] = { 0, 100000 };

			call4(SYS_NANOSLEEP, (long)pause, 0, 0, 0);
		}
	}
}

static void connect(u64 at, const char *region)
{
	u64 control;
	u32 i, pages;

	mem = (int)call4(SYS_OPENAT, -100, (long)"/dev/mem", O_RDWR | O_SYNC, 0);
	if (mem < 0) {
		fail("cannot open /dev/mem: errno", (u64)-mem);
	}
	factory = map(at, PAGE);
	if (*(volatile u64 *)factory != SIGNATURE) {
		fail("no shmem device there, but", *(volatile u64 *)factory);
	}
	for (i = 0; i < 32; i++) {
		factory[F_NAME + i] = (unsigned char)*region;
		region += *region != 0;
	}
	/* Creates the region or attaches to it; the status is there for the next instruction. */
	write32(factory, F_SIZE, PAGES);
	if (read32(factory, F_STATUS) != 0) {
		fail("not attached, status", read32(factory, F_STATUS));
	}
	control = *(volatile u64 *)(factory + F_ADDR);
	pages = read32(factory, F_SIZE); /* of the first creator */
	if (pages * PAGE < sizeof(*shared)) {
		fail("the region is too small, pages:", pages);
	}
	page = map(control, PAGE * (1 + pages));
	shared = (struct shared *)(page + PAGE);
	self = read32(page, C_IDX);
}

static u64 content(u64 number, u64 i, u64 salt)
{
	return (number * 0x9e3779b97f4a7c15UL + i) ^ salt;
}

static void send(struct box *b, u64 number, u64 salt)
{
	for (u64 i = 0; i < WORDS; i++) {
		b->word[i] = content(number, i, salt);
	}
	__asm__ volatile("dsb sy" : : : "memory");
	b->number = number;
	write32(page, C_NOTIFY, ~0U); /* all others */
}

static void check(struct box *b, u64 number, u64 salt)
{
	if (b->number != number) {
		fail("message number", b->number);
	}
	for (u64 i = 0; i < WORDS; i++) {
		if (b->word[i] != content(number, i, salt)) {
			fail("content of message", number);
		}
	}
}

static u64 ping(u64 messages)
{
	u32 others = 0xffff & ~(1U << self);

	await(others, 1);
	for (u64 n = 1; n <= messages; n++) {
		send(&shared->ping, n, 0);
		await(others, 0);
		if (!(notified & others)) {
			fail("the other has left at message", n);
		}
		notified = 0;
		check(&shared->pong, n, ~0UL);
	}
	return messages;
}

static u64 pong(void)
{
	u32 others = 0xffff & ~(1U << self);
	u64 n = 0;

	await(others, 1);
	for (;;) {
		await(others, 0);
		if (!(notified & others)) {
			return n; /* ping has left */
		}
		notified = 0;
		n = shared->ping.number;
		check(&shared->ping, n, 0);
		send(&shared->pong, n, ~0UL);
	}
}

static u64 number(const char *text, u64 base)
{
	u64 n = 0;

	for (; *text; text++) {
		u64 digit = (u64)(*text <= '9' ? *text - '0' : (*text | 32) - 'a' + 10);

		if (digit >= base) {
			put("usage: shmem ADDRESS ping|pong REGION [MESSAGES]\n");
			quit(2);
		}
		n = n * base + digit;
	}
	return n;
}

void __attribute__((used)) run(const long *stack)
{
	char *const *argv = (char *const *)(stack + 1);
	u64 done;

	if (stack[0] < 4) {
		number("?", 10);
	}
	connect(number(argv[1], 16), argv[3]);
	done = argv[2][1] == 'i' ? ping(stack[0] > 4 ? number(argv[4], 10) : 1000) : pong();
	write32(page, C_DETACH, 1);
	put(argv[2][1] == 'i' ? "SHMEM-PING-OK messages=" : "SHMEM-PONG-OK last=");
	put_number(done);
	put("\n");
	quit(0);
}

/* The kernel leaves argc, argv and the environment on the stack. */
__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl run\n");
