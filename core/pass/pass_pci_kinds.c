/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions without a reset of PCI's own, as those inside a root complex often are: what stops them is in their
 * registers. Without it a device would go on with the rings of the VM's last life as soon as the next one lets it
 * read and write memory, before its driver gets to it.
 */
#include "core/pass/pass_pci_priv.h"
#include "core/sched.h"

#define VENDOR_INTEL 0x8086

/* Until the bits of `mask` are `want`; false: not within a second. */
static bool wait_for(pa_t at, u32 mask, u32 want)
{
	for (u32 i = 0; i < 200; i++) {
		if ((io_read32(at) & mask) == want) {
			return true;
		}
		thread_sleep_until(counter_now() + counter_hz / 200);
	}
	return false;
}

/* virtio 1.2 2.4 */
static bool reset_virtio(pa_t status)
{
	io_write8(status, 0);
	for (u32 i = 0; i < 200; i++) {
		if (io_read8(status) == 0) {
			return true;
		}
		thread_sleep_until(counter_now() + counter_hz / 200);
	}
	return false;
}

/* NVM Express 1.4 3.1.5, 3.1.6: CC.EN, CSTS.RDY */
static bool reset_nvme(pa_t regs)
{
	io_write32(regs + 0x14, io_read32(regs + 0x14) & ~1U);
	return wait_for(regs + 0x1c, 1, 0);
}

/* xHCI 1.2 5.3.1, 5.4.1, 5.4.2: CAPLENGTH, of words whatever it says; USBCMD.RS, .HCRST, USBSTS.HCH */
static bool reset_xhci(pa_t regs)
{
	pa_t command = regs + (io_read8(regs) & 0xfcU);

	io_write32(command, io_read32(command) & ~1U);
	if (!wait_for(command + 4, 1, 1)) {
		return false;
	}
	io_write32(command, 2);
	return wait_for(command, 2, 0);
}

/* AHCI 1.3.1 3.1.2: GHC.HR */
static bool reset_ahci(pa_t regs)
{
	io_write32(regs + 4, io_read32(regs + 4) | 1);
	return wait_for(regs + 4, 1, 0);
}

/* Intel 82574 datasheet 10.2.2.1, 10.2.4.6: CTRL.RST; interrupts off first */
static bool reset_intel_gigabit(pa_t regs)
{
	io_write32(regs + 0xd8, ~0U);
	io_write32(regs, io_read32(regs) | BIT(26));
	return wait_for(regs, BIT(26), 0);
}

static const struct {
	u32 class, vendor; /* base class, sub-class, interface; vendor 0: any */
	u32 least;         /* bytes of BAR 0 */
	bool (*reset)(pa_t regs);
} kinds[] = {
	{ 0x010802, 0, 0x40, reset_nvme },
	{ 0x0c0330, 0, 0x200, reset_xhci },
	{ 0x010601, 0, 0, reset_ahci }, /* its registers are BAR 5 */
	{ 0x020000, VENDOR_INTEL, 0x10000, reset_intel_gigabit },
};

static pa_t registers(const struct pass_fn *p, u32 i)
{
	const struct range *r = &p->dev->bar[kinds[i].reset == reset_ahci ? 5 : 0];

	if (kinds[i].class != p->saved[PCI_CLASS / 4] >> 8 || (kinds[i].vendor != 0 && kinds[i].vendor != p->dev->vendor)) {
		return 0;
	}
	return r->size != 0 && r->size >= kinds[i].least ? r->start : 0;
}

bool pass_pci_kind_known(const struct pass_fn *p)
{
	bool known = p->status != 0;

	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		known |= registers(p, i) != 0;
	}
	return known;
}

bool pass_pci_kind_reset(const struct pass_fn *p)
{
	if (p->status != 0) {
		return reset_virtio(p->status);
	}
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		pa_t regs = registers(p, i);

		if (regs != 0) {
			return kinds[i].reset(regs);
		}
	}
	return false;
}
