/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest with a PCI function of the machine, QEMU's `edu`, that breaks the rules in every way its virtual bus, ITS and
 * the SMMU have to bear. After each deed the function has to work: DMA into the device and back, an interrupt. With
 * honest=SECONDS it does that alone, for so long. only=NAME for one kind of deeds, skip=NAME for all others: config, bar,
 * message, dma, its, table.
 */
#include "phostile.h"

unsigned int failures;
u8 buffer[3 * PAGE] __attribute__((aligned(4096)));

static u32 bar_low;
static bool interrupts;

bool wild(unsigned int n, u64 *address)
{
	const u64 ram_end = board.memory[0].base + board.memory[0].size;
	const u64 list[] = {
		0, 0x40, 0x08000000, 0x08000040, 0x08020000, 0x08090040, 0x080a0000, 0x08080000 + GITS_TRANSLATER, 0x09000000,
		0x09050000, 0x0a000000, 0x10000000, 0x40000000, 0x40200000, 0x40210000, 0x41000000, 0x48000000, 0x50000000,
		0x60000000, 0x70000000, 0x7ffff000, 0x80000000, 0xffff0000, 0xfffff000, 0x100000000, 0x4010000000, 0x8000000000,
		0xffffffff000, 0xffffffffff000, 0xfffffffffffff000, ram_end, ram_end - 8, board.gicd, board.gicd + 0x40,
		board.gicr, board.uart, pci.ecam, pci.ecam + pci.ecam_size, pci.mem, its_base(), its_base() + 0x20000,
	};

	if (n >= ARRAY_SIZE(list)) {
		return false;
	}
	*address = list[n];
	return true;
}

bool set_message(u64 address, u32 data, bool on)
{
	unsigned int cap = pci_cap(edu, PCI_CAP_MSI);
	bool wide;

	if (!cap) {
		return false;
	}
	wide = pci_read(edu, cap) >> 23 & 1;
	mmio_write16(pci_at(edu, cap + 2), 0);
	pci_write(edu, cap + 4, (u32)address);
	if (wide) {
		pci_write(edu, cap + 8, (u32)(address >> 32));
	}
	mmio_write16(pci_at(edu, cap + (wide ? 12 : 8)), data);
	mmio_write16(pci_at(edu, cap + 2), on);
	return true;
}

void recover(void)
{
	pci_write(edu, PCI_COMMAND, 0);
	pci_write(edu, PCI_BAR, bar_low);
	pci_write(edu, PCI_COMMAND, PCI_MEM | PCI_MASTER);
	edu_regs = pci_bar(edu, 0);
	mmio_write32(edu_regs + EDU_ACK, ~0U);
	interrupts = its_base() && its_init() && its_map(edu, EVENT, LPI) && set_message(its_base() + GITS_TRANSLATER, EVENT, true);
	if (its_base() && !interrupts) {
		printf("the ITS does not answer\n");
		failures++;
	}
}

bool honest(void)
{
	unsigned int i;
	bool good = true;

	for (i = 0; i < PAGE; i++) {
		buffer[i] = (u8)(any() >> 5);
		buffer[PAGE + i] = 0;
	}
	cache_clean(buffer, sizeof(buffer));
	edu_dma((u64)buffer, PAGE, false);
	edu_dma((u64)buffer + PAGE, PAGE, true);
	if (memcmp(buffer, buffer + PAGE, PAGE) != 0) {
		printf("DMA brought other bytes\n");
		good = false;
	}
	mmio_write32(edu_regs + EDU_ALIVE, 0x5a5a1234);
	if (mmio_read32(edu_regs + EDU_ALIVE) != ~0x5a5a1234U) {
		printf("the function does not answer\n");
		good = false;
	}
	if (interrupts) {
		mmio_write32(edu_regs + EDU_RAISE, 1);
		if (!its_await(LPI, 5000)) {
			printf("no interrupt\n");
			good = false;
		}
		mmio_write32(edu_regs + EDU_ACK, ~0U);
	}
	return good;
}

void over(const char *what)
{
	static unsigned int deeds;
	bool good;

	recover();
	good = honest();
	failures += !good;
	printf("deed %u, %s: %s\n", ++deeds, what, good ? "works again" : "PHOSTILE-FAIL");
}

static void honest_work(u64 seconds)
{
	u64 end = timer_count() + seconds * timer_frequency(), rounds = 0;

	while (timer_count() < end && failures == 0) {
		failures += !honest();
		rounds++;
	}
	printf("PHONEST: %u failed, %lu rounds, interrupts %s\n", failures, rounds, interrupts ? "too" : "not");
}

void guest_main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} kinds[] = {
		{ "config", config_deeds }, { "bar", bar_deeds }, { "message", message_deeds }, { "its", its_deeds },
		{ "table", table_deeds }, { "dma", dma_deeds },
	};
	u64 seconds = board_arg_number("honest", 0);
	char only[16] = "", skip[16] = "";
	unsigned int i;

	mmu_on();
	gic_init();
	board_arg("only", only, sizeof(only));
	board_arg("skip", skip, sizeof(skip));
	if (!edu_init()) {
		printf("PHOSTILE: there is no edu (bus at 0x%lx, window 0x%lx), 1 failures\n", pci.ecam, pci.mem_size);
		return;
	}
	bar_low = pci_read(edu, PCI_BAR);
	recover();
	printf("edu is function 0x%x, registers at 0x%lx, ID 0x%x, interrupts %u\n", edu, edu_regs, mmio_read32(edu_regs), interrupts);
	if (seconds != 0) {
		honest_work(seconds);
		return;
	}
	over("nothing");
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if ((!only[0] || strcmp(only, kinds[i].name) == 0) && strcmp(skip, kinds[i].name) != 0) {
			kinds[i].run();
		}
	}
	printf("PHOSTILE: %u failures\n", failures);
}
