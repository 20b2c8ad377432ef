/* SPDX-License-Identifier: Apache-2.0 */
#include "edu.h"

#include "cpu.h"
#include "pci.h"
#include "timer.h"

unsigned int edu;
u64 edu_regs;

bool edu_init(void)
{
	if (!pci_init() || (edu = pci_find(PCI_EDU, 0)) == PCI_NONE || !pci_enable(edu)) {
		return false;
	}
	edu_regs = pci_bar(edu, 0);
	return true;
}

void edu_start(u64 address, u64 count, bool to_memory)
{
	dsb();
	mmio_write64(edu_regs + EDU_SRC, to_memory ? EDU_BUFFER : address);
	mmio_write64(edu_regs + EDU_DST, to_memory ? address : EDU_BUFFER);
	mmio_write64(edu_regs + EDU_COUNT, count);
	mmio_write64(edu_regs + EDU_CMD, 1 | (to_memory ? 2 : 0));
}

void edu_dma(u64 address, u64 count, bool to_memory)
{
	u64 end = timer_count() + 5 * timer_frequency();

	edu_start(address, count, to_memory);
	while ((mmio_read64(edu_regs + EDU_CMD) & 1) && timer_count() < end) {
	}
	dsb();
}
