/* SPDX-License-Identifier: Apache-2.0 */
/* Register access widths: bytes and words where the architecture has them (IHI 0069 12.1.3, IHI 0048 4.1.4). */
#include "check.h"

static void priorities(u32 first, const char *kind)
{
	u64 reg = gic_reg(GICD_IPRIORITYR, first, 8);
	unsigned int i;

	mmio_write32(reg, 0xc0a08060);
	for (i = 0; i < 4; i++) {
		check_eq(mmio_read8(reg + i), 0x60 + 0x20 * i, "%s: byte %u of a word of priorities", kind, i);
	}
	mmio_write8(reg + 1, 0x20);
	mmio_write8(reg + 3, 0x40);
	check_eq(mmio_read32(reg), 0x40a02060, "%s: bytes written, read as a word", kind);
	mmio_write32(reg, PRIORITY_DEFAULT * 0x01010101U);
}

static void targets(void)
{
	u64 reg = board.gicd + GICD_ITARGETSR + (spare_spi(0) & ~3U);
	u32 self = cpus[0].gic_target;

	if (mmio_read32(board.gicd + GICD_ITARGETSR) == 0) {
		printf("# one CPU: no target registers\n");
		return;
	}
	mmio_write32(reg, 0);
	mmio_write8(reg + 2, self);
	check_eq(mmio_read32(reg), self << 16, "targets: a byte written, read as a word");
	mmio_write32(reg, self * 0x01010101U);
	check_eq(mmio_read8(reg + 3), self, "targets: a word written, read as a byte");
	mmio_write32(board.gicd + GICD_ITARGETSR + 4, 0);
	check_eq(mmio_read8(board.gicd + GICD_ITARGETSR + 5), self, "targets: those of private ones are fixed");
}

void test_width(void)
{
	u32 typer = mmio_read32(board.gicd + GICD_TYPER);

	priorities(spare_spi(0) & ~3U, "SPI");
	priorities(20, "PPI");
	priorities(4, "SGI");
	if (board.gic_version == 2) {
		targets();
	} else {
		u64 gicr_typer = mmio_read64(this_cpu()->gicr + GICR_TYPER);

		check_eq(mmio_read32(this_cpu()->gicr + GICR_TYPER), gicr_typer & 0xffffffff,
			 "GICR_TYPER's lower word");
		check_eq(mmio_read32(this_cpu()->gicr + GICR_TYPER + 4), gicr_typer >> 32, "and its upper one");
		check_eq(mmio_read32(board.gicd + GICD_IPRIORITYR), 0, "GICD has no private interrupts' priorities");
		check_eq(mmio_read32(board.gicd + GICD_ISENABLER), 0, "nor their enables");
	}
	mmio_write32(board.gicd + GICD_TYPER, 0);
	check_eq(mmio_read32(board.gicd + GICD_TYPER), typer, "a read-only register stays");
	check_eq(mmio_read32(board.gicd + 0x40), 0, "a reserved register reads zero");
	mmio_write32(board.gicd + 0x40, ~0U);
	check_eq(mmio_read32(board.gicd + 0x40), 0, "also after a write");
}
