/* SPDX-License-Identifier: Apache-2.0 */
/* Whole register windows, every offset, every width. */
#include "hostile.h"

#define PAGE	0x1000UL

struct count {
	u64 accesses;
	u64 faults;
};

static struct count total;

static void read_window(u64 base, u64 size)
{
	u64 p;

	probe_begin();
	for (p = base; p < base + size; p += 8) {
		mmio_read8(p);
		mmio_read8(p + 1);
		mmio_read8(p + 2);
		mmio_read8(p + 3);
		mmio_read16(p);
		mmio_read16(p + 2);
		mmio_read32(p);
		mmio_read32(p + 4);
		mmio_read64(p);
	}
	total.faults += probe_end();
	total.accesses += size / 8 * 9;
}

static void write_window(u64 base, u64 size, u64 value)
{
	u64 p;

	probe_begin();
	for (p = base; p < base + size; p += 8) {
		mmio_write8(p, (u32)value);
		mmio_write8(p + 3, (u32)value);
		mmio_write16(p, (u32)value);
		mmio_write16(p + 2, (u32)value);
		mmio_write32(p, (u32)value);
		mmio_write32(p + 4, (u32)value);
		mmio_write64(p, value);
	}
	total.faults += probe_end();
	total.accesses += size / 8 * 7;
}

static void post_index_window(u64 base, u64 size)
{
	u64 p = base, n, value;

	probe_begin();
	for (n = 0; n < size / 4; n++) {
		u64 before = p;

		__asm__ volatile("ldr %w0, [%1], #4" : "=r"(value), "+r"(p) : : "memory");
		if (p == before) {
			p += 4;
		}
	}
	total.faults += probe_end();
	total.accesses += size / 4;
}

static void summary(void)
{
	printf("%lu accesses, %lu faults", total.accesses, total.faults);
	total = (struct count){ 0, 0 };
}

static u64 gicd_size(void)
{
	return board.gic_version == 3 ? 16 * PAGE : PAGE;
}

/* This CPU's redistributor and, where there is one, the end of the region. */
static u64 gicr_size(void)
{
	return board.nr_cpus * (u64)GICR_STRIDE;
}

static void gicd_read(void)
{
	read_window(board.gicd, gicd_size());
	summary();
}

static void gicd_post_index(void)
{
	post_index_window(board.gicd, gicd_size());
	summary();
}

static void gicd_write(void)
{
	write_window(board.gicd, gicd_size(), ~0UL);
	write_window(board.gicd, gicd_size(), 0);
	write_window(board.gicd, gicd_size(), 0x5555555555555555);
	gic_recover();
	summary();
}

static void cpu_interface_read(void)
{
	if (board.gic_version == 3) {
		read_window(board.gicr, gicr_size());
		post_index_window(board.gicr, gicr_size());
	} else {
		read_window(board.gicc, 2 * PAGE);
		post_index_window(board.gicc, 2 * PAGE);
	}
	gic_recover();
	summary();
}

static void cpu_interface_write(void)
{
	if (board.gic_version == 3) {
		write_window(board.gicr, gicr_size(), ~0UL);
		write_window(board.gicr, gicr_size(), 0);
		write_window(board.gicr, gicr_size(), 0xaaaaaaaaaaaaaaaa);
	} else {
		write_window(board.gicc, 2 * PAGE, ~0UL);
		write_window(board.gicc, 2 * PAGE, 0);
	}
	gic_recover();
	summary();
}

/* All of the data register but that of its first word: the rest would be printed. */
static void uart_window(void)
{
	read_window(board.uart, PAGE);
	write_window(board.uart + 8, PAGE - 8, ~0UL);
	write_window(board.uart + 8, PAGE - 8, 0);
	console_init(board.uart);
	summary();
}

static void holes(void)
{
	read_window(hole(), PAGE);
	write_window(hole(), PAGE, ~0UL);
	post_index_window(hole(), PAGE);
	summary();
}

const struct hostile_probe sweep_probes[] = {
	{ "sweep-holes", holes },
	{ "sweep-uart", uart_window },
	{ "sweep-cpu-interface-read", cpu_interface_read },
	{ "sweep-gicd-read", gicd_read },
	{ "sweep-gicd-post-index", gicd_post_index },
	{ "sweep-cpu-interface-write", cpu_interface_write },
	{ "sweep-gicd-write", gicd_write },
	{ NULL, NULL },
};
