/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration space: every function, offset and width; BARs everywhere; decoding on and off. */
#include "phostile.h"

static void read_all(unsigned int bdf)
{
	unsigned int off;

	probe_begin();
	for (off = 0; off < PAGE; off += 8) {
		u64 at = pci_at(bdf, off);

		mmio_read8(at + 1);
		mmio_read8(at + 7);
		mmio_read16(at + 2);
		mmio_read16(at + 1);
		mmio_read16(at + 3);
		mmio_read32(at + 4);
		mmio_read32(at + 2);
		mmio_read32(at + 7);
		mmio_read64(at);
		mmio_read64(at + 3);
	}
	probe_end();
}

static void write_all(unsigned int bdf, u64 pattern)
{
	unsigned int off;

	probe_begin();
	for (off = 0; off < PAGE; off++) {
		u64 at = pci_at(bdf, off), value = pattern ? pattern : any();

		switch (any() % 4) {
		case 0:
			mmio_write8(at, (u32)value);
			break;
		case 1:
			mmio_write16(at, (u32)value);
			break;
		case 2:
			mmio_write32(at, (u32)value);
			break;
		default:
			mmio_write64(at, value);
			break;
		}
	}
	probe_end();
}

static void every_function(void (*deed)(unsigned int bdf))
{
	unsigned int bdf;

	for (bdf = 0; bdf < PCI_FNS && pci_at(bdf, 0) < pci.ecam + pci.ecam_size; bdf++) {
		deed(bdf);
	}
}

static void ones(unsigned int bdf)
{
	write_all(bdf, ~0UL);
}

static void random_words(unsigned int bdf)
{
	write_all(bdf, 0);
}

/* Registers one may only read stay as they are. */
static void read_only(void)
{
	u32 before[16];
	unsigned int i;

	for (i = 0; i < 16; i++) {
		before[i] = pci_read(edu, i * 4);
	}
	random_words(edu);
	for (i = 0; i < 16; i++) {
		if ((i == 0 || i == 2 || i == 11 || i == 13) && pci_read(edu, i * 4) != before[i]) {
			printf("register 0x%x was 0x%x, is 0x%x\n", i * 4, before[i], pci_read(edu, i * 4));
			failures++;
		}
	}
}

/* Everything behind the bus's functions and behind the ECAM itself. */
static void outside(void)
{
	u64 p;

	probe_begin();
	for (p = pci.ecam + pci.ecam_size - PAGE; p < pci.ecam + pci.ecam_size + 0x10000; p += 64) {
		mmio_read32(p);
		mmio_write32(p, 0x7);
	}
	for (p = pci.mem; p < pci.mem + pci.mem_size; p += pci.mem_size / 4096) {
		mmio_read32(p);
	}
	probe_end();
}

static void capabilities(void)
{
	unsigned int n, round, at;

	for (round = 0; round < 200; round++) {
		at = pci_read(edu, PCI_CAP) & 0xfc;
		for (n = 0; at >= 0x40 && n < 48; n++) {
			u32 head = pci_read(edu, at);
			unsigned int i;

			for (i = 0; i < 24; i++) {
				mmio_write8(pci_at(edu, at + i), (u32)any());
			}
			mmio_write16(pci_at(edu, at + 2), round & 1 ? 0xffff : (u32)any());
			at = head >> 8 & 0xfc;
		}
	}
}

void config_deeds(void)
{
	every_function(read_all);
	over("configuration, every function read");
	read_only();
	over("configuration, what is read only");
	every_function(ones);
	over("configuration, ones everywhere");
	every_function(random_words);
	every_function(random_words);
	over("configuration, noise everywhere");
	capabilities();
	over("capabilities, noise");
	outside();
	over("outside of the bus");
}

static volatile bool stop;

static void touch(void *arg)
{
	(void)arg;
	while (!stop) {
		probe_begin();
		mmio_read32(edu_regs);
		mmio_write32(edu_regs + EDU_ALIVE, 1);
		probe_end();
	}
}

static void toggle(unsigned int times)
{
	while (times--) {
		pci_write(edu, PCI_COMMAND, times & 1 ? PCI_MEM | PCI_MASTER : 0);
	}
}

/* What must be where it is, whatever a BAR says. */
struct look {
	u32 gicd, uart;
	u64 ram;
};

static struct look look(void)
{
	static volatile u64 word = 0x1122334455667788;

	return (struct look){ mmio_read32(board.gicd + GICD_TYPER), mmio_read32(board.uart + 0xfe0), word };
}

static void bar_at(u64 address)
{
	struct look before = look(), after;

	pci_write(edu, PCI_COMMAND, 0);
	pci_write(edu, PCI_BAR, (u32)address);
	pci_write(edu, PCI_BAR + 4, (u32)(address >> 32));
	pci_write(edu, PCI_COMMAND, PCI_MEM);
	delay_us(2000);
	probe_begin();
	mmio_read32(pci_bar(edu, 0));
	probe_end();
	after = look();
	if (memcmp(&before, &after, sizeof(after)) != 0) {
		printf("a BAR at 0x%lx covers something\n", address);
		failures++;
	}
	pci_write(edu, PCI_COMMAND, 0);
}

void bar_deeds(void)
{
	unsigned int i;
	u64 address;

	for (i = 0; wild(i, &address); i++) {
		bar_at(address);
	}
	over("BARs over everything");
	bar_at((u64)&look);
	bar_at((u64)buffer);
	over("BARs over RAM");
	for (i = 0; i < 500; i++) {
		bar_at(any());
	}
	over("BARs anywhere");
	for (i = 0; i < 500; i++) {
		bar_at(pci.mem_pci + any() % pci.mem_size);
	}
	over("BARs all over the window");
	for (i = 0; i < 64; i++) {	/* moved while it decodes */
		pci_write(edu, PCI_COMMAND, PCI_MEM | PCI_MASTER);
		pci_write(edu, PCI_BAR, (u32)(pci.mem_pci + any() % pci.mem_size));
	}
	over("BARs moved while they decode");
	toggle(20000);
	over("decoding on and off");
	if (board.nr_cpus > 1) {
		stop = false;
		smp_start(1, touch, NULL);
		toggle(20000);
		for (i = 0; i < 2000; i++) {
			pci_write(edu, PCI_BAR, (u32)(pci.mem_pci + any() % pci.mem_size));
		}
		stop = true;
		smp_wait_off(1);
		over("decoding on and off under another CPU's feet");
	}
}
