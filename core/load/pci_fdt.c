/* SPDX-License-Identifier: Apache-2.0 */
/* Bindings "pci-host-ecam-generic" (host-generic-pci), IEEE 1275 PCI 2.2, "arm,gic-v2m-frame", "arm,gic-v3-its". */
#include "core/load/pci_fdt.h"

#include "core/base/fmt.h"
#include "core/config/check.h"

#define NAME_MAX_ 32
#define SPACE_MEM32 0x02000000
#define SPACE_MEM64 0x03000000
#define LEVEL_HIGH 4

static u32 high(u64 v)
{
	return (u32)(v >> 32);
}

/* INTA to INTD wherever the function is: the VM's bus has it show the pin of the line it uses (core/pci/vpci.h). */
static void interrupts(struct fdt_writer *w, const struct cfg_pci *p, u32 gic)
{
	static const u32 mask[] = { 0, 0, 0, 7 };
	u32 map[4 * 10], *m = map;

	for (u32 pin = 0; pin < 4; pin++) {
		const u32 e[] = { 0, 0, 0, pin + 1, gic, 0, 0, 0, p->intx[pin] - 32, LEVEL_HIGH };

		for (u32 i = 0; i < ARRAY_SIZE(e); i++) {
			*m++ = e[i];
		}
	}
	fdt_writer_u32(w, "#interrupt-cells", 1);
	fdt_writer_u32s(w, "interrupt-map-mask", mask, ARRAY_SIZE(mask));
	fdt_writer_u32s(w, "interrupt-map", map, ARRAY_SIZE(map));
}

void pci_fdt_bus(struct fdt_writer *w, const struct vm_config *cfg, u32 gic, u32 msi)
{
	const struct cfg_pci *p = &cfg->pci;
	const u64 reg[] = { p->ecam, CFG_PCI_ECAM_SIZE };
	const u32 buses[] = { 0, 0 }, map[] = { 0, msi, 0, 256 };
	const u32 ranges[] = {
		SPACE_MEM32, high(p->low), (u32)p->low, high(p->low), (u32)p->low, high(p->low_size), (u32)p->low_size,
		SPACE_MEM64, high(p->high), (u32)p->high, high(p->high), (u32)p->high, high(p->high_size),
		(u32)p->high_size,
	};
	char name[NAME_MAX_];

	if (!p->present) {
		return;
	}
	fmt_str(name, sizeof(name), "pcie@%lx", p->ecam);
	fdt_writer_begin(w, name);
	fdt_writer_str(w, "compatible", "pci-host-ecam-generic");
	fdt_writer_str(w, "device_type", "pci");
	fdt_writer_u64s(w, "reg", reg, ARRAY_SIZE(reg));
	fdt_writer_u32s(w, "bus-range", buses, ARRAY_SIZE(buses));
	fdt_writer_u32(w, "linux,pci-domain", 0);
	fdt_writer_u32(w, "#address-cells", 3);
	fdt_writer_u32(w, "#size-cells", 2);
	fdt_writer_u32s(w, "ranges", ranges, p->high_size != 0 ? 14 : 7);
	interrupts(w, p, gic);
	if (cfg->gic.has_its) {
		fdt_writer_u32s(w, "msi-map", map, ARRAY_SIZE(map));
	} else if (cfg->gic.has_v2m) {
		fdt_writer_u32(w, "msi-parent", msi);
	}
	if (p->coherent) {
		fdt_writer_bytes(w, "dma-coherent", NULL, 0);
	}
	fdt_writer_end(w);
}

static void msi_name(const struct vm_config *cfg, char *buf, size_t size)
{
	if (cfg->gic.has_its) {
		fmt_str(buf, size, "its@%lx", cfg->gic.its);
	} else {
		fmt_str(buf, size, "v2m@%lx", cfg->gic.v2m);
	}
}

void pci_fdt_msi_path(const struct vm_config *cfg, char *buf, size_t size)
{
	char name[NAME_MAX_];

	msi_name(cfg, name, sizeof(name));
	fmt_str(buf, size, "/intc@%lx/%s", cfg->gic.dist, name);
}

void pci_fdt_msi(struct fdt_writer *w, const struct vm_config *cfg, u32 msi)
{
	const struct cfg_gic *g = &cfg->gic;
	const u64 reg[] = { g->has_its ? g->its : g->v2m, g->has_its ? KiB(128) : KiB(4) };
	char name[NAME_MAX_];

	if (!g->has_its && !g->has_v2m) {
		return;
	}
	msi_name(cfg, name, sizeof(name));
	fdt_writer_begin(w, name);
	fdt_writer_str(w, "compatible", g->has_its ? "arm,gic-v3-its" : "arm,gic-v2m-frame");
	fdt_writer_bytes(w, "msi-controller", NULL, 0);
	if (g->has_its) {
		fdt_writer_u32(w, "#msi-cells", 1);
	}
	fdt_writer_u64s(w, "reg", reg, ARRAY_SIZE(reg));
	fdt_writer_u32(w, "phandle", msi);
	fdt_writer_end(w);
}
