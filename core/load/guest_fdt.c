/* SPDX-License-Identifier: Apache-2.0 */
#include "core/load/guest_fdt.h"

#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/board.h"
#include "core/clock/clock.h"
#include "core/load/fdt_writer.h"
#include "core/load/pass_fdt.h"
#include "core/load/pci_fdt.h"
#include "core/vdev.h"
#include "core/vgic/vgic.h"

#define NODE_NAME_MAX 48

/* Other fixed clocks than the one of 24 MHz; who asks for more of them gets the last one. */
#define OWN_CLOCKS 4

/* Devicetree bindings "arm,gic" and "arm,gic-v3". */
#define IRQ_SPI        0
#define IRQ_PPI        1
#define IRQ_EDGE_RISE  1
#define IRQ_LEVEL_HIGH 4

struct fdt_node {
	struct fdt_writer *w;
	const struct board *board; /* or NULL */
	const struct vdev *dev;
	u32 clock; /* phandle */
	u32 hz[OWN_CLOCKS]; /* clocks that devices asked for, 0: none */
};

void fdt_node_str(struct fdt_node *n, const char *prop, const char *val)
{
	fdt_writer_str(n->w, prop, val);
}

void fdt_node_strs(struct fdt_node *n, const char *prop, const char *const *vals,
		   unsigned int count)
{
	fdt_writer_strs(n->w, prop, vals, count);
}

void fdt_node_u32s(struct fdt_node *n, const char *prop, const u32 *vals, unsigned int count)
{
	fdt_writer_u32s(n->w, prop, vals, count);
}

void fdt_node_flag(struct fdt_node *n, const char *prop)
{
	fdt_writer_bytes(n->w, prop, NULL, 0);
}

void fdt_node_reg(struct fdt_node *n)
{
	u64 reg[] = { n->dev->base, n->dev->size };

	fdt_writer_u64s(n->w, "reg", reg, 2);
}

void fdt_node_intr(struct fdt_node *n, bool level)
{
	u32 cells[] = { IRQ_SPI, n->dev->intid - 32, level ? IRQ_LEVEL_HIGH : IRQ_EDGE_RISE };

	if (n->dev->intid >= 32) {
		fdt_writer_u32s(n->w, "interrupts", cells, 3);
	}
}

u32 fdt_node_clock24m(struct fdt_node *n)
{
	return n->clock;
}

static void clock_path(u32 hz, char *buf, size_t size)
{
	fmt_str(buf, size, "/clock-%u", hz);
}

static u32 own_phandle(const struct fdt_node *n, u32 i)
{
	char path[NODE_NAME_MAX];

	clock_path(n->hz[i], path, sizeof(path));
	return fdt_writer_phandle(n->w, path, GUEST_FDT_PHANDLE_CLOCK + 1 + i);
}

u32 fdt_node_clock(struct fdt_node *n, u32 hz)
{
	u32 i = 0;

	while (i < OWN_CLOCKS - 1 && n->hz[i] != 0 && n->hz[i] != hz) {
		i++;
	}
	n->hz[i] = hz;
	return own_phandle(n, i);
}

void fdt_node_primecell(struct fdt_node *n, const char *compatible, const char *const *clock_names,
			const u32 *clocks, unsigned int count)
{
	const char *const both[] = { compatible, "arm,primecell" };

	fdt_node_strs(n, "compatible", both, ARRAY_SIZE(both));
	fdt_node_reg(n);
	fdt_node_intr(n, true);
	fdt_node_u32s(n, "clocks", clocks, count);
	fdt_node_strs(n, "clock-names", clock_names, count);
}

const struct board_clock *fdt_node_controller(struct fdt_node *n)
{
	if (n->board == NULL || n->board->clock.ops == NULL) {
		return NULL;
	}
	fdt_writer_u32(n->w, "phandle", pass_fdt_controller(n->w, n->dev->base));
	return &n->board->clock;
}

void fdt_node_begin(struct fdt_node *n, const char *name)
{
	fdt_writer_begin(n->w, name);
}

void fdt_node_end(struct fdt_node *n)
{
	fdt_writer_end(n->w);
}

static bool is_serial(const struct vdev *dev)
{
	return strcmp(dev->type->name, "pl011") == 0;
}

static bool has_node(const struct vdev *dev)
{
	return dev->type->fdt != NULL && dev->type->node != NULL &&
	       (dev->cfg == NULL || !dev->cfg->pci); /* the bus tells of those */
}

static void root_props(struct fdt_writer *w, const struct vm_config *cfg, u32 gic)
{
	char model[16 + VM_NAME_MAX];

	/* QNX guests recognise a VM by the first four characters. */
	fmt_str(model, sizeof(model), "QVM-Quoin %s", cfg->name);
	fdt_writer_str(w, "model", model);
	fdt_writer_str(w, "compatible", "quoin,vm");
	fdt_writer_u32(w, "#address-cells", 2);
	fdt_writer_u32(w, "#size-cells", 2);
	fdt_writer_u32(w, "interrupt-parent", gic);
}

static void chosen(struct fdt_writer *w, const struct guest_fdt *g, bool serial)
{
	u64 end = g->initrd.start + g->initrd.size;

	fdt_writer_begin(w, "chosen");
	fdt_writer_str(w, "bootargs", g->cfg->cmdline != NULL ? g->cfg->cmdline : "");
	if (serial) {
		fdt_writer_str(w, "stdout-path", "serial0");
	}
	if (g->initrd.size != 0) {
		fdt_writer_u64s(w, "linux,initrd-start", &g->initrd.start, 1);
		fdt_writer_u64s(w, "linux,initrd-end", &end, 1);
	}
	if (g->rng_seed != NULL) {
		fdt_writer_bytes(w, "rng-seed", g->rng_seed, g->rng_seed_len);
	}
	if (g->kaslr_seed != 0) {
		fdt_writer_u64s(w, "kaslr-seed", &g->kaslr_seed, 1);
	}
	fdt_writer_end(w);
}

static void device_name(const struct vdev *dev, char *buf, size_t size)
{
	fmt_str(buf, size, "%s@%lx", dev->type->node, dev->base);
}

/* True if there is a serial port. */
static bool aliases(struct fdt_writer *w, const struct guest_fdt *g)
{
	char name[NODE_NAME_MAX], path[NODE_NAME_MAX + 8], alias[16];
	u32 n = 0;

	for (const struct vdev *dev = g->devices; dev != NULL; dev = dev->next) {
		if (!has_node(dev) || !is_serial(dev)) {
			continue;
		}
		if (n == 0) {
			fdt_writer_begin(w, "aliases");
		}
		device_name(dev, name, sizeof(name));
		fmt_str(path, sizeof(path), "/vdevs/%s", name);
		fmt_str(alias, sizeof(alias), "serial%u", n++);
		fdt_writer_str(w, alias, path);
	}
	n += pass_fdt_aliases(w, g, n);
	if (n != 0) {
		fdt_writer_end(w);
	}
	return n != 0;
}

static void cpus(struct fdt_writer *w, const struct vm_config *cfg)
{
	char name[16];
	u32 i;

	fdt_writer_begin(w, "cpus");
	fdt_writer_u32(w, "#address-cells", 1);
	fdt_writer_u32(w, "#size-cells", 0);
	for (i = 0; i < cfg->cpu_count; i++) {
		fmt_str(name, sizeof(name), "cpu@%x", i);
		fdt_writer_begin(w, name);
		fdt_writer_str(w, "device_type", "cpu");
		fdt_writer_str(w, "compatible", "arm,armv8");
		fdt_writer_u32(w, "reg", i); /* vCPU n has MPIDR affinity 0.0.0.n */
		fdt_writer_str(w, "enable-method", "psci");
		fdt_writer_end(w);
	}
	fdt_writer_end(w);
}

/* A rom is not announced: a guest would take it for memory it can write. */
static void memory(struct fdt_writer *w, const struct vm_config *cfg)
{
	const struct cfg_mem *m;
	char name[NODE_NAME_MAX];
	u64 reg[2];

	for (m = cfg->mem; m != NULL; m = m->next) {
		if (m->rom) {
			continue;
		}
		fmt_str(name, sizeof(name), "memory@%lx", m->start);
		reg[0] = m->start;
		reg[1] = m->size;
		fdt_writer_begin(w, name);
		fdt_writer_str(w, "device_type", "memory");
		fdt_writer_u64s(w, "reg", reg, 2);
		fdt_writer_end(w);
	}
}

static void firmware(struct fdt_writer *w)
{
	static const char *const compatible[] = { "arm,psci-1.0", "arm,psci-0.2" };

	fdt_writer_begin(w, "psci");
	fdt_writer_strs(w, "compatible", compatible, 2);
	fdt_writer_str(w, "method", "hvc");
	fdt_writer_end(w);
}

/* GICv2's PPI cells carry the mask of the CPUs they go to; GICv3's must not. */
static u32 ppi_flags(const struct vm_config *cfg)
{
	return cfg->gic.version == 2 ? ((1U << cfg->cpu_count) - 1) << 8 | IRQ_LEVEL_HIGH :
				       IRQ_LEVEL_HIGH;
}

static void timer(struct fdt_writer *w, const struct vm_config *cfg)
{
	static const u32 ppi[] = { 13, 14, 11, 10 }; /* secure, physical, virtual, hypervisor */
	u32 cells[3 * ARRAY_SIZE(ppi)], i;

	for (i = 0; i < ARRAY_SIZE(ppi); i++) {
		cells[3 * i] = IRQ_PPI;
		cells[3 * i + 1] = ppi[i];
		cells[3 * i + 2] = ppi_flags(cfg);
	}
	fdt_writer_begin(w, "timer");
	fdt_writer_str(w, "compatible", "arm,armv8-timer");
	fdt_writer_u32s(w, "interrupts", cells, ARRAY_SIZE(cells));
	fdt_writer_bytes(w, "always-on", NULL, 0);
	fdt_writer_end(w);
}

/* Binding "arm/pmu"; without interrupts it counts, but does not sample. */
static void pmu(struct fdt_writer *w, const struct guest_fdt *g)
{
	const u32 cells[] = { IRQ_PPI, VGIC_PMU - 16, ppi_flags(g->cfg) };

	fdt_writer_begin(w, "pmu");
	fdt_writer_str(w, "compatible", "arm,armv8-pmuv3");
	if (g->pmu_interrupt) {
		fdt_writer_u32s(w, "interrupts", cells, ARRAY_SIZE(cells));
	}
	fdt_writer_end(w);
}

static void gic_name(const struct vm_config *cfg, char *buf, size_t size)
{
	fmt_str(buf, size, "intc@%lx", cfg->gic.dist);
}

static void gic(struct fdt_writer *w, const struct vm_config *cfg, u32 phandle, u32 msi)
{
	static const char *const v2[] = { "arm,gic-400", "arm,cortex-a15-gic" };
	u64 reg[4] = { cfg->gic.dist, KiB(64), cfg->gic.gicr, KiB(128) * cfg->cpu_count };
	char name[NODE_NAME_MAX];

	gic_name(cfg, name, sizeof(name));
	fdt_writer_begin(w, name);
	if (cfg->gic.version == 2) {
		reg[1] = KiB(4);
		reg[2] = cfg->gic.gicc;
		reg[3] = KiB(8);
		fdt_writer_strs(w, "compatible", v2, 2);
	} else {
		fdt_writer_str(w, "compatible", "arm,gic-v3");
	}
	fdt_writer_u64s(w, "reg", reg, 4);
	fdt_writer_u32(w, "#interrupt-cells", 3);
	fdt_writer_bytes(w, "interrupt-controller", NULL, 0);
	fdt_writer_u32(w, "#address-cells", 2);
	fdt_writer_u32(w, "#size-cells", 2);
	fdt_writer_bytes(w, "ranges", NULL, 0);
	fdt_writer_u32(w, "phandle", phandle);
	pci_fdt_msi(w, cfg, msi);
	fdt_writer_end(w);
}

static void clock(struct fdt_writer *w, const char *name, u32 hz, u32 phandle)
{
	fdt_writer_begin(w, name);
	fdt_writer_str(w, "compatible", "fixed-clock");
	fdt_writer_u32(w, "#clock-cells", 0);
	fdt_writer_u32(w, "clock-frequency", hz);
	fdt_writer_str(w, "clock-output-names", hz == 24000000 ? "clk24mhz" : name);
	fdt_writer_u32(w, "phandle", phandle);
	fdt_writer_end(w);
}

static void devices(struct fdt_writer *w, const struct guest_fdt *g, u32 clock_phandle)
{
	struct fdt_node n = { .w = w, .board = g->board, .clock = clock_phandle };
	struct vdev *dev = g->devices;
	char name[NODE_NAME_MAX];

	fdt_writer_begin(w, "vdevs");
	fdt_writer_str(w, "compatible", "simple-bus");
	fdt_writer_u32(w, "#address-cells", 2);
	fdt_writer_u32(w, "#size-cells", 2);
	fdt_writer_bytes(w, "ranges", NULL, 0);
	for (; dev != NULL; dev = dev->next) {
		if (!has_node(dev)) {
			continue;
		}
		device_name(dev, name, sizeof(name));
		fdt_writer_begin(w, name);
		n.dev = dev;
		dev->type->fdt(dev, &n);
		fdt_writer_end(w);
	}
	fdt_writer_end(w);
	for (u32 i = 0; i < OWN_CLOCKS && n.hz[i] != 0; i++) {
		clock_path(n.hz[i], name, sizeof(name));
		clock(w, name + 1, n.hz[i], own_phandle(&n, i));
	}
}

size_t guest_fdt_bound(const struct guest_fdt *g)
{
	const struct vdev *dev;
	const struct cfg_mem *m;
	size_t n = KiB(4) + 256 * g->cfg->cpu_count + g->rng_seed_len + PCI_FDT_BOUND;

	for (dev = g->devices; dev != NULL; dev = dev->next) {
		n += KiB(1);
	}
	for (m = g->cfg->mem; m != NULL; m = m->next) {
		n += 128;
	}
	if (g->cfg->cmdline != NULL) {
		n += strlen(g->cfg->cmdline);
	}
	if (g->user != NULL) {
		n += fdt_writer_bound(g->user);
	}
	n += pass_fdt_bound(g);
	return MIN(ALIGN_UP(n, PAGE_SIZE), GUEST_FDT_LIMIT);
}

int guest_fdt_build(const struct guest_fdt *g, void *buf, size_t size, size_t *used,
		    struct diag *d)
{
	u32 gic_phandle, clock_phandle, msi_phandle;
	char path[2 * NODE_NAME_MAX] = "/";
	struct fdt_writer w;
	bool serial;
	int err;

	fdt_writer_open(&w, buf, size, g->user);
	gic_name(g->cfg, path + 1, NODE_NAME_MAX);
	gic_phandle = fdt_writer_phandle(&w, path, GUEST_FDT_PHANDLE_GIC);
	clock_phandle = fdt_writer_phandle(&w, "/clock-24m", GUEST_FDT_PHANDLE_CLOCK);
	pci_fdt_msi_path(g->cfg, path, sizeof(path));
	msi_phandle = fdt_writer_phandle(&w, path, GUEST_FDT_PHANDLE_MSI);
	fdt_writer_begin(&w, "");
	root_props(&w, g->cfg, gic_phandle);
	serial = aliases(&w, g);
	chosen(&w, g, serial);
	cpus(&w, g->cfg);
	memory(&w, g->cfg);
	firmware(&w);
	timer(&w, g->cfg);
	if (g->pmu) {
		pmu(&w, g);
	}
	gic(&w, g->cfg, gic_phandle, msi_phandle);
	clock(&w, "clock-24m", 24000000, clock_phandle);
	devices(&w, g, clock_phandle);
	pci_fdt_bus(&w, g->cfg, gic_phandle, msi_phandle);
	pass_fdt_nodes(&w, g, clock_phandle);
	fdt_writer_end(&w);
	err = fdt_writer_close(&w, used);
	if (err != 0) {
		diag_error(d, &g->cfg->pos, "the VM's device tree %s",
			   err == -ENOSPC ? "does not fit into its space of memory" :
			   err == -E2BIG  ? "has too many or too deep nodes to merge" :
					    "could not be merged with the one given by 'fdt load'");
	}
	return err;
}
