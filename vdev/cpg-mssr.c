/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock and reset controller of R-Car Gen3 as one VM may see it (core/spec/cpg_mssr.h): for guests whose tree
 * names real clocks and resets.
 *
 * Of the modules that only this VM has, stop and reset bits are the real ones, and so is the SD clock of an SDHI. All other
 * bits are a picture: they begin as the real ones are, take what the guest writes and go nowhere. So a driver that
 * stops what it believes unused, as Linux does, sees it stopped, and nobody else does. Of the generator's
 * registers the guest reads the real ones and writes none; of the reset controller, 64 KiB behind, it reads the mode pins.
 *
 * Write protection is the monitor's to undo: what a guest writes to its registers is forgotten.
 */
#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/clock/clock.h"
#include "core/spec/cpg_mssr.h"
#include "core/vdev.h"

struct cpg {
	struct vdev dev; /* must be first */
	struct clock_set clocks, resets; /* the VM's own */
	u32 stop[CPG_WORDS], reset[CPG_WORDS], sd[ARRAY_SIZE(cpg_sdckcr)]; /* the picture of all others */
};

/* What else there is to be read: FRQCRB, CSI0CKCR, MSOCKCR, PLL1CR, PLL2CR, PLLECR, PLL0CR, PLL3CR, FRQCRC, PLL4CR,
 * RPCCKCR, RCKCR, CANFDCKCR, HDMICKCR. */
static const u16 readable[] = {
	0x004, 0x00c, 0x014, 0x028, 0x02c, 0x0d0, 0x0d8, 0x0dc, 0x0e0, 0x1f4, 0x238, 0x240, 0x244, 0x250,
};

static struct cpg *to_cpg(struct vdev *d)
{
	return (struct cpg *)d;
}

/* Which of a kind's registers is at `off`; -1: none. */
static int find(const u16 *table, u32 count, u64 off)
{
	for (u32 i = 0; i < count; i++) {
		if (table[i] == off) {
			return (int)i;
		}
	}
	return -1;
}

/* The VM's own bits as they are, all others from the picture. */
static u32 mixed(u32 off, u32 own, u32 picture)
{
	return (own != 0 ? clock_read(off) & own : 0) | (picture & ~own);
}

static u32 sd_own(const struct cpg *c, u32 i)
{
	return clock_has(&c->clocks, CPG_SD_MODULE(i)) ? ~0U : 0;
}

static u32 read(const struct cpg *c, u64 off)
{
	int i;

	if ((i = find(cpg_smstpcr, CPG_WORDS, off)) >= 0 || (i = find(cpg_mstpsr, CPG_WORDS, off)) >= 0) {
		return mixed((u32)off, c->clocks.word[i], c->stop[i]);
	}
	if ((i = find(cpg_srcr, CPG_WORDS, off)) >= 0) {
		return mixed((u32)off, c->resets.word[i], c->reset[i]);
	}
	if ((i = find(cpg_sdckcr, ARRAY_SIZE(cpg_sdckcr), off)) >= 0) {
		return mixed((u32)off, sd_own(c, (u32)i), c->sd[i]);
	}
	return off == CPG_MODEMR || find(readable, ARRAY_SIZE(readable), off) >= 0 ? clock_read((u32)off) : 0;
}

static void write(struct cpg *c, u64 off, u32 val)
{
	int i;

	if ((i = find(cpg_smstpcr, CPG_WORDS, off)) >= 0) {
		c->stop[i] = val;
		if (c->clocks.word[i] != 0) {
			clock_update((u32)off, c->clocks.word[i], val);
		}
	} else if ((i = find(cpg_srcr, CPG_WORDS, off)) >= 0) {
		c->reset[i] |= val;
		if ((val & c->resets.word[i]) != 0) {
			clock_update((u32)off, val & c->resets.word[i], val);
		}
	} else if (off >= CPG_SRSTCLR(0) && off < CPG_SRSTCLR(CPG_WORDS)) {
		i = (int)(off - CPG_SRSTCLR(0)) / 4;
		c->reset[i] &= ~val;
		if ((val & c->resets.word[i]) != 0) {
			clock_update((u32)off, ~0U, val & c->resets.word[i]);
		}
	} else if ((i = find(cpg_sdckcr, ARRAY_SIZE(cpg_sdckcr), off)) >= 0) {
		c->sd[i] = (c->sd[i] & ~CPG_SD_BITS) | (val & CPG_SD_BITS);
		if (sd_own(c, (u32)i) != 0) {
			clock_update((u32)off, CPG_SD_BITS, val);
		}
	}
}

/* Words only, as the real one. */
static enum mmio_result access(struct vdev *d, struct vcpu *v, struct mmio *m)
{
	(void)v;
	if (m->size != 4 || m->off % 4 != 0) {
		return MMIO_ABORT;
	}
	vdev_lock(d);
	if (m->write) {
		write(to_cpg(d), m->off, (u32)m->val);
	} else {
		m->val = read(to_cpg(d), m->off);
	}
	vdev_unlock(d);
	return MMIO_DONE;
}

static int create(struct vdev *d)
{
	if (!clock_there()) {
		vdev_error(d, &d->cfg->pos, "the board has no clock controller of that kind");
		return -ENODEV;
	}
	return 0;
}

static void reset(struct vdev *d)
{
	struct cpg *c = to_cpg(d);

	clock_owned_by(d, &c->clocks, &c->resets);
	for (u32 i = 0; i < CPG_WORDS; i++) {
		c->stop[i] = clock_read(cpg_mstpsr[i]);
		c->reset[i] = clock_read(cpg_srcr[i]);
	}
	for (u32 i = 0; i < ARRAY_SIZE(cpg_sdckcr); i++) {
		c->sd[i] = clock_read(cpg_sdckcr[i]);
	}
}

/* The mode pins' node is a part of it: drivers look for it by its compatible. */
static void fdt(struct vdev *d, struct fdt_node *n)
{
	static const char *const names[] = { "extal", "extalr" };
	const struct board_clock *b = fdt_node_controller(n);
	const u32 cells[] = { 2, 0, 1 };
	const u64 at = d->base + (CPG_MODEMR & ~0xfffU);
	const u32 rst[] = { (u32)(at >> 32), (u32)at, 0, 0x1000 };
	const u32 regs[] = { (u32)(d->base >> 32), (u32)d->base, 0, CPG_SIZE };
	u32 clocks[2];
	char name[32];

	if (b == NULL) {
		return;
	}
	clocks[0] = fdt_node_clock(n, b->input_hz);
	clocks[1] = fdt_node_clock(n, 32768);
	fdt_node_str(n, "compatible", b->compatible);
	fdt_node_u32s(n, "reg", regs, ARRAY_SIZE(regs));
	fdt_node_u32s(n, "clocks", clocks, ARRAY_SIZE(clocks));
	fdt_node_strs(n, "clock-names", names, ARRAY_SIZE(names));
	fdt_node_u32s(n, "#clock-cells", &cells[0], 1);
	fdt_node_u32s(n, "#power-domain-cells", &cells[1], 1);
	fdt_node_u32s(n, "#reset-cells", &cells[2], 1);
	fdt_node_u32s(n, "#address-cells", &cells[0], 1);
	fdt_node_u32s(n, "#size-cells", &cells[0], 1);
	fdt_node_flag(n, "ranges");
	fmt_str(name, sizeof(name), "reset-controller@%lx", at);
	fdt_node_begin(n, name);
	/* renesas,r8a7795-cpg-mssr has renesas,r8a7795-rst. */
	fmt_str(name, sizeof(name), "%.*s-rst", (int)strlen(b->compatible) - 9, b->compatible);
	fdt_node_str(n, "compatible", name);
	fdt_node_u32s(n, "reg", rst, ARRAY_SIZE(rst));
	fdt_node_end(n);
}

static void status(struct vdev *d, char *buf, size_t size)
{
	struct cpg *c = to_cpg(d);
	u32 own = 0, stopped = 0;

	for (u32 i = 0; i < CLOCK_MODULES; i++) {
		if (clock_has(&c->clocks, i)) {
			own++;
			stopped += clock_read(cpg_mstpsr[i / 32]) >> (i % 32) & 1;
		}
	}
	fmt_str(buf, size, "%u modules of its own, %u stopped", own, stopped);
}

static const char *check_list(const char *text)
{
	for (u32 n = 0, digits = 0;; text++) {
		if (*text >= '0' && *text <= '9' && digits < 4) {
			n = n * 10 + (u32)(*text - '0');
			digits++;
		} else if ((*text == ',' || *text == '\0') && digits != 0 && cpg_module(n) >= 0) {
			n = digits = 0;
			if (*text == '\0') {
				return NULL;
			}
		} else {
			return "expected numbers of modules (MSTP) as in the board's device tree: 314,812";
		}
	}
}

static const struct vdev_option options[] = {
	{ .name = "modules", .kind = VOPT_STRING, .repeat = true, .check = check_list,
	  .help = "N[,N...]: further modules the VM may stop and reset, beside those of its passed devices" },
	{ 0 },
};

VDEV(cpg_mssr) = {
	.abi = VDEV_ABI,
	.name = "cpg-mssr",
	.window = CPG_WINDOW,
	.loc = 0xe6150000,
	.options = options,
	.state_size = sizeof(struct cpg),
	.create = create,
	.reset = reset,
	.node = "clock-controller",
	.fdt = fdt,
	.access = access,
	.status = status,
};
