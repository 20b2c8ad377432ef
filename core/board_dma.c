/* SPDX-License-Identifier: Apache-2.0 */
/* IOMMUs and MSI frames of the board; bindings "arm,smmu-v3", "renesas,ipmmu-vmsa", "iommu", "arm,gic-v2m-frame". */
#include "core/board_parse.h"

#include <string.h>

#define IPMMU_ALWAYS_ON 32U /* this power area of R-Car Gen3 (dt-bindings/power/r8a7795-sysc.h and its like) */

/* R-Car Gen3: an IPMMU in a power area that may be off must not be touched, and neither knows what is behind it. */
static void ipmmu_node(struct board_parser *p, struct board_iommu *m)
{
	static const char *const known[] = {
		"renesas,ipmmu-r8a7795", "renesas,ipmmu-r8a7796", "renesas,ipmmu-r8a77961", "renesas,ipmmu-r8a77965",
		"renesas,ipmmu-r8a774a1", "renesas,ipmmu-r8a774b1", "renesas,ipmmu-r8a774e1",
	};

	for (u32 i = 0; i < ARRAY_SIZE(known) && m->cells == 1; i++) {
		if (board_compatible(p, known[i])) {
			m->kind = IOMMU_IPMMU;
		}
	}
	if (m->kind == IOMMU_IPMMU && board_has(p, PROP_POWER_DOMAINS) && (p->prop[PROP_POWER_DOMAINS].len != 8 ||
	    fdt_be32(p->prop[PROP_POWER_DOMAINS].data + 4) != IPMMU_ALWAYS_ON)) {
		m->kind = IOMMU_OTHER;
		m->reason = "in a power area that may be off";
	}
	p->ipmmu_main[m - p->b->iommu] = board_prop_u32(p, PROP_RENESAS_IPMMU_MAIN, 0);
}

void board_iommu_node(struct board_parser *p)
{
	struct board *b = p->b;
	struct board_iommu *m = &b->iommu[b->iommu_count];

	if (b->iommu_count == BOARD_MAX_IOMMUS) {
		board_warn(p, "more than %d IOMMUs: it is not used", BOARD_MAX_IOMMUS);
		return;
	}
	p->iommu_node[b->iommu_count] = p->frame[p->depth - 1].node;
	m->compatible = board_prop_string(p, PROP_COMPATIBLE);
	m->phandle = board_phandle(p);
	m->cells = MIN(board_prop_u32(p, PROP_IOMMU_CELLS, 0), 16U);
	m->coherent = p->frame[p->depth - 1].coherent;
	if (!board_reg(p, 0, &m->regs)) {
		m->regs.size = 0;
	} else if (board_compatible(p, "arm,smmu-v3") && m->cells == 1) {
		m->kind = IOMMU_SMMUV3;
	} else {
		ipmmu_node(p, m);
	}
	board_raw_irq_of(p, &p->iommu_irq[b->iommu_count]);
	if (board_has(p, PROP_INTERRUPT_NAMES)) {
		p->iommu_names[b->iommu_count].data = p->prop[PROP_INTERRUPT_NAMES].data;
		p->iommu_names[b->iommu_count].len = p->prop[PROP_INTERRUPT_NAMES].len;
	}
	b->iommu_count++;
}

/* Its SPIs in the tree win over MSI_TYPER (binding); both have to be given. */
void board_v2m_node(struct board_parser *p)
{
	struct board_gic *g = &p->b->gic;
	struct board_v2m *f = &g->v2m[g->v2m_count];
	u32 base = board_prop_u32(p, PROP_MSI_BASE_SPI, 0), count = board_prop_u32(p, PROP_MSI_NUM_SPIS, 0);

	if (g->v2m_count == BOARD_MAX_V2M || !board_reg(p, 0, &f->regs)) {
		return;
	}
	p->v2m_node[g->v2m_count] = p->frame[p->depth - 1].node;
	f->phandle = board_phandle(p);
	if (base >= 32 && base < 1020 && count != 0 && count <= 1020 - base) {
		f->base = base;
		f->count = count;
	}
	g->v2m_count++;
}

static void name_irq(struct board_iommu *m, const char *name, struct board_irq irq)
{
	bool all = strcmp(name, "combined") == 0;

	if (all || strcmp(name, "eventq") == 0) {
		m->eventq = irq;
	}
	if (all || strcmp(name, "gerror") == 0) {
		m->gerror = irq;
	}
	if (all || strcmp(name, "priq") == 0) {
		m->priq = irq;
	}
	if (all || strcmp(name, "cmdq-sync") == 0) {
		m->cmdq = irq;
	}
}

/* The main one of an IPMMU, by phandle; a cache without one cannot be used. */
static void finish_ipmmu(struct board_parser *p, u32 index)
{
	struct board *b = p->b;
	struct board_iommu *m = &b->iommu[index];

	m->main = index;
	if (p->ipmmu_main[index] == 0) {
		name_irq(m, "combined", board_irq_at(&b->gic, &p->iommu_irq[index], 0));
		return;
	}
	for (u32 i = 0; i < b->iommu_count; i++) {
		if (b->iommu[i].phandle == p->ipmmu_main[index] && b->iommu[i].kind == IOMMU_IPMMU && p->ipmmu_main[i] == 0) {
			m->main = i;
			return;
		}
	}
	m->kind = IOMMU_OTHER;
	m->reason = "without a main IPMMU that could be used";
}

void board_finish_iommus(struct board_parser *p)
{
	struct board *b = p->b;

	for (u32 i = 0; i < b->iommu_count; i++) {
		if (b->iommu[i].kind == IOMMU_IPMMU) {
			finish_ipmmu(p, i);
		}
	}

	for (u32 i = 0; i < b->iommu_count; i++) {
		const u8 *name = p->iommu_names[i].data, *end = name + p->iommu_names[i].len;

		if (b->iommu[i].kind != IOMMU_SMMUV3 || !fdt_is_string(name, p->iommu_names[i].len)) {
			continue;
		}
		for (u32 k = 0; name < end; k++, name += strlen((const char *)name) + 1) {
			name_irq(&b->iommu[i], (const char *)name,
				 board_irq_at(&b->gic, &p->iommu_irq[i], k));
		}
	}
}
