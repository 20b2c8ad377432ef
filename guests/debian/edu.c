/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's teaching device `edu` (docs/specs/edu.rst there) from user space, by its resource file:
 *
 *   edu FUNCTION check         identity, liveness, a factorial, DMA to the device and back: QUOIN-EDU-OK
 *   edu FUNCTION irq UIO       as many interrupts as make a test, by /dev/uioN of uio_pci_generic: QUOIN-EDU-IRQ-OK
 *   edu FUNCTION peek ADDRESS  eight bytes of memory as the device reads them: QUOIN-EDU-PEEK 0x...
 *   edu FUNCTION poke ADDRESS VALUE   and as it writes them: QUOIN-EDU-POKE
 *
 * FUNCTION as /sys/bus/pci/devices names it, 0000:00:03.0; numbers in hexadecimal. The device starts with a DMA mask of
 * 28 bits: `-device edu,dma_mask=0xffffffffffff` lets it reach all memory.
 */
#include "../linux/sys.h"

enum { SYS_OPENAT = 56, SYS_PREAD = 67, SYS_PWRITE = 68, SYS_PPOLL = 73, SYS_NANOSLEEP = 101, SYS_MLOCK = 228 };
enum { O_RDWR = 2, O_SYNC = 04010000, PROT_RW = 3, MAP_SHARED = 1, POLLIN = 1 };
enum { COMMAND = 4, COMMAND_ON = 6, INTX_OFF = 1 << 10 }; /* PCI: memory and bus master */

enum {
	ID = 0x00, ALIVE = 0x04, FACTORIAL = 0x08, STATUS = 0x20, IRQ_RAISE = 0x60, IRQ_ACK = 0x64,
	DMA_SRC = 0x80, DMA_DST = 0x88, DMA_COUNT = 0x90, DMA_CMD = 0x98, BUFFER = 0x40000,
};
enum { BUSY = 1, RUN = 1, TO_MEMORY = 2 };

#define PAGE 4096UL
#define INTERRUPTS 50

static volatile unsigned char *bar;
static unsigned char buf[2 * PAGE] __attribute__((aligned(4096)));

static void __attribute__((noreturn)) fail(const char *what, u64 value)
{
	put("QUOIN-EDU-FAIL ");
	put(what);
	put(" ");
	put_number(value);
	put("\n");
	quit(1);
}

static u32 get(u32 off)
{
	return *(volatile u32 *)(bar + off);
}

static void set(u32 off, u32 value)
{
	__asm__ volatile("dsb sy" : : : "memory");
	*(volatile u32 *)(bar + off) = value;
}

static void set64(u32 off, u64 value)
{
	__asm__ volatile("dsb sy" : : : "memory");
	*(volatile u64 *)(bar + off) = value;
}

static void rest(long ns)
{
	long pause[2] = { 0, ns };

	call4(SYS_NANOSLEEP, (long)pause, 0, 0, 0);
}

static long open_file(const char *folder, const char *name, const char *file, long flags)
{
	char path[128];
	u32 n = 0;
	long fd;

	for (const char *part[] = { folder, name, file, 0 }, **p = part; *p; p++) {
		for (const char *c = *p; *c && n < sizeof(path) - 1; c++) {
			path[n++] = *c;
		}
	}
	path[n] = 0;
	fd = call4(SYS_OPENAT, -100, (long)path, flags, 0);
	if (fd < 0) {
		put(path);
		fail(": open: errno", (u64)-fd);
	}
	return fd;
}

/* Where a page of this process is in memory (Documentation/admin-guide/mm/pagemap.rst). */
static u64 physical(const void *p)
{
	long fd = open_file("/proc/self/pagemap", "", "", 0);
	u64 entry = 0, at = (u64)p;

	if (call4(SYS_PREAD, fd, (long)&entry, 8, (long)(at / PAGE * 8)) != 8 || !(entry >> 63)) {
		fail("pagemap says", entry);
	}
	return (entry & ((1UL << 55) - 1)) * PAGE + at % PAGE;
}

static void wait_idle(u32 off, u32 bit)
{
	for (int i = 0; get(off) & bit; i++) {
		if (i > 20000) {
			fail("busy for ever, register", off);
		}
		rest(1000000);
	}
}

static void dma(u64 from, u64 to, u64 count, u32 dir)
{
	set64(DMA_SRC, from);
	set64(DMA_DST, to);
	set64(DMA_COUNT, count);
	set64(DMA_CMD, RUN | dir);
	wait_idle(DMA_CMD, RUN);
	__asm__ volatile("dsb sy" : : : "memory");
}

static void check(void)
{
	unsigned char *first = buf, *second = buf + PAGE;
	u32 product = 1;

	if ((get(ID) & 0xff) != 0xed) {
		fail("another identity:", get(ID));
	}
	set(ALIVE, 0x12345678);
	if (get(ALIVE) != ~0x12345678U) {
		fail("not alive:", get(ALIVE));
	}
	for (u32 i = 2; i <= 10; i++) {
		product *= i;
	}
	set(FACTORIAL, 10);
	wait_idle(STATUS, BUSY);
	if (get(FACTORIAL) != product) {
		fail("10! is", get(FACTORIAL));
	}
	for (u32 i = 0; i < PAGE; i++) {
		first[i] = (unsigned char)(i * 7 + (i >> 8));
		second[i] = 0;
	}
	dma(physical(first), BUFFER, PAGE, 0);
	dma(BUFFER, physical(second), PAGE, TO_MEMORY);
	for (u32 i = 0; i < PAGE; i++) {
		if (first[i] != second[i]) {
			fail("DMA brought another byte at", i);
		}
	}
	put("QUOIN-EDU-OK\n");
}

/* uio_pci_generic masks INTx in the command register and counts; writing there unmasks it again. */
static void interrupts(long config, const char *name)
{
	long uio = open_file("/dev/", name, "", O_RDWR);
	struct pollfd {
		int fd;
		short events, revents;
	} p = { (int)uio, POLLIN, 0 };
	u32 before = 0, count;
	unsigned short command;

	for (u32 i = 0; i < INTERRUPTS; i++) {
		long limit[2] = { 20, 0 };

		call4(SYS_PREAD, config, (long)&command, 2, COMMAND);
		command &= (unsigned short)~INTX_OFF;
		call4(SYS_PWRITE, config, (long)&command, 2, COMMAND);
		set(IRQ_RAISE, 1U << (i % 8));
		if (call6(SYS_PPOLL, (long)&p, 1, (long)limit, 0, 0, 0) != 1) {
			fail("no interrupt behind number", i);
		}
		set(IRQ_ACK, ~0U);
		if (call4(SYS_READ, uio, (long)&count, 4, 0) != 4 || (i && count != before + 1)) {
			fail("interrupts counted:", count - before);
		}
		before = count;
	}
	put("QUOIN-EDU-IRQ-OK\n");
}

static u64 hex(const char *text)
{
	u64 n = 0;

	for (text += text[0] == '0' && text[1] == 'x' ? 2 : 0; *text; text++) {
		n = n * 16 + (u64)(*text <= '9' ? *text - '0' : (*text | 32) - 'a' + 10);
	}
	return n;
}

static void put_hex(u64 n)
{
	char digit[2] = { 0, 0 };

	put("0x");
	for (int i = 60; i >= 0; i -= 4) {
		digit[0] = "0123456789abcdef"[n >> i & 15];
		put(digit);
	}
}

void __attribute__((used, noreturn)) run(const long *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);
	unsigned short command = COMMAND_ON;
	u64 *word = (u64 *)buf;
	long config, fd;

	if (stack[0] < 3) {
		put("usage: edu FUNCTION check | irq UIO | peek ADDRESS | poke ADDRESS VALUE\n");
		quit(2);
	}
	config = open_file("/sys/bus/pci/devices/", argv[1], "/config", O_RDWR);
	call4(SYS_PWRITE, config, (long)&command, 2, COMMAND);
	fd = call6(SYS_MMAP, 0, 0x100000, PROT_RW, MAP_SHARED,
		open_file("/sys/bus/pci/devices/", argv[1], "/resource0", O_RDWR | O_SYNC), 0);
	if (fd < 0 && fd > -4096) {
		fail("mmap of resource0: errno", (u64)-fd);
	}
	bar = (unsigned char *)fd;
	word[0] = ~0UL;
	buf[PAGE] = 0;
	call4(SYS_MLOCK, (long)buf, sizeof(buf), 0, 0);
	if (argv[2][0] == 'c') {
		check();
	} else if (argv[2][0] == 'i' && stack[0] > 3) {
		interrupts(config, argv[3]);
	} else if (argv[2][1] == 'e' && stack[0] > 3) {
		dma(hex(argv[3]), BUFFER, 8, 0);
		dma(BUFFER, physical(buf), 8, TO_MEMORY);
		put("QUOIN-EDU-PEEK ");
		put_hex(word[0]);
		put("\n");
	} else if (argv[2][1] == 'o' && stack[0] > 4) {
		word[0] = hex(argv[4]);
		dma(physical(buf), BUFFER, 8, 0);
		dma(BUFFER, hex(argv[3]), 8, TO_MEMORY);
		put("QUOIN-EDU-POKE\n");
	}
	quit(0);
}

__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tb run\n");
