/* SPDX-License-Identifier: Apache-2.0 */
/* IOMMUs and MSI frames of the board; bindings "arm,smmu-v3", "iommu", "arm,gic-v2m-frame". */
#include "core/board_parse.h"

#include <string.h>

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

void board_finish_iommus(struct board_parser *p)
{
	struct board *b = p->b;

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
