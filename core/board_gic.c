/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of the interrupt controller: its frames and its ITSs. */
#include "core/board_parse.h"

/* Registers that the GIC cannot do without, mapped in whole pages. */
static bool gic_frame(struct board_parser *p, u32 i, u64 least, const char *what, struct range *out)
{
	if (board_reg(p, i, out) && out->size >= least && IS_ALIGNED(out->start | out->size, PAGE_SIZE)) {
		return true;
	}
	board_fail(p, "no usable %s: expected 0x%lx bytes or more in whole pages as entry %u of reg", what, least, i);
	return false;
}

/* False: it is none, having said so. */
static bool gic_read(struct board_parser *p, u32 version)
{
	static const char *const names[] = { "GICC", "GICH (to host VMs)", "GICV (to host VMs)" };
	struct board_gic *g = &p->b->gic;
	struct range *frames[] = { &g->cpu, &g->hyp, &g->vcpu };
	u32 regions = version == 2 ? 0 : board_prop_u32(p, PROP_REDIST_REGIONS, 1);

	g->cells = board_prop_u32(p, PROP_INTERRUPT_CELLS, 3);
	if (g->cells < 3 || g->cells > 4) {
		board_fail(p, "#interrupt-cells is %u: expected 3 or 4", g->cells);
		return false;
	}
	if (version != 2 && (regions == 0 || regions > BOARD_MAX_GICR)) {
		board_fail(p, "#redistributor-regions is %u: expected 1 to %d", regions, BOARD_MAX_GICR);
		return false;
	}
	if (!gic_frame(p, 0, version == 2 ? KiB(4) : KiB(64), "distributor", &g->dist)) {
		return false;
	}
	for (; g->redist_count < regions; g->redist_count++) {
		if (!gic_frame(p, 1 + g->redist_count, KiB(128), "redistributors", &g->redist[g->redist_count])) {
			return false;
		}
	}
	/* Of a GICv3 they are for compatibility: it may lack them. */
	for (u32 i = 0; i < ARRAY_SIZE(frames); i++) {
		if (version == 2 ? !gic_frame(p, 1 + i, i == 1 ? KiB(4) : KiB(8), names[i], frames[i]) :
				   !board_reg(p, 1 + regions + i, frames[i])) {
			return version != 2;
		}
	}
	return true;
}

void board_gic_node(struct board_parser *p, u32 version)
{
	struct board_gic *g = &p->b->gic;

	if (g->version != 0) {
		return; /* one behind the first is not the CPUs' */
	}
	if (!gic_read(p, version)) {
		g->cells = g->redist_count = 0;
		return;
	}
	g->version = version;
	g->redist_stride = board_prop_number(p, PROP_REDIST_STRIDE);
	p->gic_node = p->frame[p->depth - 1].node;
	g->phandle = board_phandle(p);
	g->address_cells = board_prop_u32(p, PROP_ADDRESS_CELLS, 0);
	board_raw_irq_of(p, &p->maintenance);
	p->frame[p->depth - 1].kind = NODE_GIC;
}

void board_its_node(struct board_parser *p)
{
	struct board_gic *g = &p->b->gic;
	struct range x;

	if (g->its_count < BOARD_MAX_ITS && board_reg(p, 0, &x)) {
		p->its_node[g->its_count] = p->frame[p->depth - 1].node;
		g->its_phandle[g->its_count] = board_phandle(p);
		g->its[g->its_count++] = x;
	}
}
