/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests that write anything anywhere on their PCI bus: configuration space of two functions of the host and a virtual
 * one, BARs, MSI-X tables, while the VM is started anew now and then. The host's functions stay where they are, send
 * nothing but to the doorbell, a third function is not touched, and stage 2 shows BARs and nothing else.
 *
 * Operations of eight bytes: what, where (4 bytes), value (3).
 */
#include "tests/unit/vpci_util.h"
#include "tests/fuzz/fuzz.h"

static u8 before[FAKE_FNS][4096];
static struct vpci_fn virtual_fn;
static bool level;

static enum mmio_result fn_access(struct vpci_fn *f, u32 bar, struct vcpu *v, struct mmio *m)
{
	(void)v;
	if (m->off + m->size > f->bar[bar].size) {
		abort();
	}
	return MMIO_DONE;
}

static const struct vpci_ops fn_ops = { .access = fn_access };

static void fresh_machine(void)
{
	struct vpci_fn *f = &virtual_fn;

	vpci_machine();
	test_cfg.logger_mask = 0;
	fake_device(0, 3 << 3);
	fake_device(1, 4 << 3);
	fake_device(2, 5 << 3);
	fakes[1].flr = false;
	fput(fakes[1].cfg + 0x84, 0, 4);
	if (pass_fake(0, 2 << 3) != 0 || pass_fake(1, 3 << 3) != 0) {
		fprintf(stderr, "%s\n", test_message);
		abort();
	}
	memset(f, 0, sizeof(*f));
	vpci_init(f, &fn_ops, "virtual", 0x10421af4, 0x01800001, 0x00021af4);
	f->intx = true;
	f->bar[0] = (struct vpci_bar){ .size = 4096, .wide = true };
	f->bar[2] = (struct vpci_bar){ .size = 512 };
	if (vpci_bar(f, 0) != 0 || vpci_bar(f, 2) != 0 || vpci_msix(f, 0, 5, 0, 0x100, 2, 0x80) != 0 ||
	    vpci_add(&test_vm, f) != 0) {
		abort();
	}
	pass_pci_reset(&test_vm);
	for (u32 i = 0; i < FAKE_FNS; i++) {
		memcpy(before[i], fakes[i].cfg, 4096);
	}
}

/* Registers the monitor may have written on behalf of the guest. */
static bool may_change(u32 off)
{
	return (off >= 4 && off < 6) || (off >= 0x52 && off < 0x66) || (off >= 0x72 && off < 0x74) ||
	       (off >= 0x88 && off < 0x8a) || (off >= 0x44 && off < 0x46);
}

static void check_host(u32 n)
{
	struct fake_fn *f = &fakes[n];

	for (u32 i = 0; i < 4096; i++) {
		if (f->cfg[i] != before[n][i] && (n > 1 || !may_change(i))) {
			fprintf(stderr, "function %u register 0x%x has changed\n", n, i);
			abort();
		}
	}
	if (n > 1) {
		return;
	}
	if ((fget(f->cfg + 4, 2) & ~(2UL | 4 | 0x400)) != 0 || (f->cfg[4] & 2) == 0 || (f->cfg[0x89] & 0x80) != (before[n][0x89] & 0x80) ||
	    ((f->cfg[0x52] & 1) != 0 && fget(f->cfg + 0x54, 8) != DOORBELL + 0x100000000) || (f->cfg[0x52] & 0x70) != 0) {
		abort();
	}
	for (u32 i = 0; i < 8; i++) {
		const u8 *e = f->mem[0] + 0x2000 + 16 * i;

		if ((e[12] & 1) == 0 && fget(e, 8) != DOORBELL + 0x100000000) {
			abort();
		}
	}
}

static void check_bus(void)
{
	const struct vpci *b = test_vm.vpci;

	for (u32 i = 0; i < b->decoded_count; i++) {
		const struct vpci_decoded *d = &b->decoded[i];
		struct s2_leaf leaf;

		if ((i > 0 && d[-1].at + d[-1].size > d->at) || d->f->bar[d->bar].at != d->at ||
		    !(range_contains(LOW, LOW_SIZE, d->at, d->size) || range_contains(HIGH, GiB(1), d->at, d->size))) {
			abort();
		}
		for (u64 off = 0; off < d->size; off += PAGE_SIZE) {
			bool there = s2_lookup(&test_vm.s2, d->at + off, &leaf);
			bool wanted = d->f->bar[d->bar].pa != 0 && !(d->bar == 0 && off >= 0x2000);

			if (there != wanted || (there && leaf.pa != d->f->bar[d->bar].pa + off)) {
				abort();
			}
		}
	}
}

static void restart(void)
{
	pass_pci_quiesce(&test_vm);
	vpci_reset(&test_vm);
	pass_pci_reset(&test_vm);
	for (u32 n = 0; n < 2; n++) {
		if ((fakes[n].cfg[4] & 4) != 0) {
			abort();
		}
	}
}

static void operation(const u8 *op)
{
	static const u8 fns[] = { 16, 24, 8, 32 };
	static const u8 regs[] = { 4, 0x10, 0x14, 0x18, 0x52, 0x54, 0x58, 0x5c, 0x72, 0x44, 0x88, 0x40 };
	u32 where = (u32)fget(op + 1, 4), val = (u32)fget(op + 5, 3), size = 1U << (op[0] >> 6 & 3);
	ipa_t cfg = cfg_of(fns[op[0] >> 4 & 3], 0), bar;

	switch (op[0] & 15) {
	case 0:
	case 1: /* any register */
		wr(cfg + ALIGN_DOWN(where & 0xfff, size), (u8)size, val | (u64)where << 16);
		break;
	case 2:
	case 3: /* one that matters */
		size = MIN(size, 4U);
		wr(cfg + ALIGN_DOWN(regs[where % ARRAY_SIZE(regs)], size), (u8)size, val);
		break;
	case 4: /* a BAR near the windows */
		bar = where & 4 ? (val << 4) & (LOW_SIZE * 2 - 1) : (val & 15) * 0x1000UL; /* often the same */
		wr(cfg + 0x10 + 8 * (where & 1), 4, (u32)(LOW + bar));
		wr(cfg + 0x14, 4, (where & 10) == 10 ? (u32)(HIGH >> 32) : 0);
		break;
	case 5:
		wr(cfg + 4, 2, val & 0x406);
		break;
	case 6:
	case 7: /* inside one, an entry of the table perhaps */
		bar = (rd(cfg + 0x10, 4) & ~0xfUL) | rd(cfg + 0x14, 4) << 32;
		if (size < 8) {
			size = 4;
		}
		wr(bar + 0x2000 + ALIGN_DOWN(where & 0x1fff, size) % 0x2000, (u8)size, where & 0x10000 ? DOORBELL : val & 0xff01);
		(void)rd(bar + ALIGN_DOWN(val & 0x3fff, size), (u8)size);
		break;
	case 8: /* anywhere in the windows */
		bar = (where & 1) != 0 ? LOW + (val & (LOW_SIZE - 1)) : HIGH + val;
		if (!(where & 2)) {
			(void)rd(ALIGN_DOWN(bar, size), (u8)size);
		} else {
			wr(ALIGN_DOWN(bar, size), (u8)size, where);
		}
		break;
	case 9:
		level = !level;
		vpci_intx(&virtual_fn, level);
		break;
	case 10:
		(void)vpci_msi(&virtual_fn, where % 8);
		break;
	case 11:
		restart();
		level = false;
		break;
	default:
		(void)rd(cfg + ALIGN_DOWN(where & 0xfff, size), (u8)size);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fresh_machine();
	for (size_t i = 0; i + 8 <= size && i < 8 * 400; i += 8) {
		operation(data + i);
		check_host(0);
		check_host(1);
		check_host(2);
		check_bus();
	}
	if (fakes[0].strays + fakes[1].strays + fakes[2].strays != 0) {
		abort();
	}
	vpci_remove(&virtual_fn);
	vpci_machine_end();
	return 0;
}
