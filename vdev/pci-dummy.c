/* SPDX-License-Identifier: Apache-2.0 */
/* A PCI function that does nothing: for guests that look for one, and to keep a place on the bus. */
#include "core/vdev.h"
#include "core/pci/vpci.h"

struct dummy {
	struct vdev dev;
	struct vpci_fn fn;
};

static const struct vdev_option options[] = {
	{ .name = "vendor", .kind = VOPT_NUM, .max = 0xfffe, .help = "vendor ID; default 0x1c05" },
	{ .name = "device", .kind = VOPT_NUM, .max = 0xffff, .help = "device ID; default 0" },
	{ .name = "class", .kind = VOPT_NUM, .max = 0xffffff, .help = "class code; default 0xff0000, of no class" },
	{ .name = "revision", .kind = VOPT_NUM, .max = 0xff, .help = "revision; default 0" },
	{ .name = "subvendor", .kind = VOPT_NUM, .max = 0xffff, .help = "subsystem vendor ID; default 0" },
	{ .name = "subdevice", .kind = VOPT_NUM, .max = 0xffff, .help = "subsystem ID; default 0" },
	{ .name = NULL },
};

/* It has no BAR: nothing comes here. */
static enum mmio_result no_access(struct vpci_fn *f, u32 bar, struct vcpu *v, struct mmio *m)
{
	(void)f;
	(void)bar;
	(void)v;
	m->val = m->write ? m->val : ~0UL;
	return MMIO_DONE;
}

static const struct vpci_ops ops = { .access = no_access };

static const char *check(const struct cfg_vdev *v, const struct src_pos **at)
{
	(void)at;
	return v->pci ? NULL : "is on PCI only: expected loc pci:0:DEV[.FUNCTION], or no loc and no intr";
}

static u32 pair(struct vdev *d, const char *high, const char *low, u32 otherwise)
{
	return (u32)vdev_option_num(d, high, 0) << 16 | (u32)vdev_option_num(d, low, otherwise);
}

static int plug(struct vdev *d)
{
	struct vpci_fn *f = &((struct dummy *)d)->fn;
	int err;

	vpci_init(f, &ops, d->type->name, pair(d, "device", "vendor", 0x1c05),
		  (u32)vdev_option_num(d, "class", 0xff0000) << 8 | (u32)vdev_option_num(d, "revision", 0),
		  pair(d, "subdevice", "subvendor", 0));
	f->bdf = d->cfg->pci_bdf;
	err = vpci_add(d->vm, f);
	if (err != 0) {
		vdev_error(d, &d->cfg->pos, "cannot be put on the VM's PCI bus (%d)", err);
	}
	return err;
}

static void unplug(struct vdev *d)
{
	vpci_remove(&((struct dummy *)d)->fn);
}

VDEV(pci_dummy) = {
	.abi = VDEV_ABI,
	.name = "pci-dummy",
	.options = options,
	.state_size = sizeof(struct dummy),
	.pci = true,
	.check = check,
	.plug = plug,
	.unplug = unplug,
};
