/* SPDX-License-Identifier: Apache-2.0 */
#include "core/board_soc.h"

#include "core/board.h"
#include "core/fdt_reader.h"

static const struct board_soc socs[] = {
	{
		/*
		 * R-Car H3. What TF-A protects (plat/renesas/rcar: rcar_def.h, platform_common.c), seen below 4 GiB and where
		 * the first channel's memory is in the 40-bit map: 0x4_0000_0000 is 0x4000_0000.
		 */
		.compatible = "renesas,r8a7795",
		.secure = { { 0x43f00000, 0x3f00000 }, { 0x403f00000, 0x3f00000 } },
		.alias = { 0x400000000, 0x80000000 },
		.irq = { 70, 97, 98, 102, 166, 171, 173 },
	},
};

const struct board_soc *board_soc_of(const struct board *b)
{
	for (u32 i = 0; i < ARRAY_SIZE(socs) && b->compatible_len != 0; i++) {
		if (fdt_has_string((const u8 *)b->compatible, b->compatible_len, socs[i].compatible)) {
			return &socs[i];
		}
	}
	return NULL;
}

static bool meets(const struct range *a, const struct range *b)
{
	return a->size != 0 && b->size != 0 && range_overlaps(a->start, a->size, b->start, b->size);
}

const char *board_soc_memory(const struct board *b, const struct range *r)
{
	const struct board_soc *soc = board_soc_of(b);

	for (u32 i = 0; soc != NULL && i < SOC_SECURE; i++) {
		if (meets(&soc->secure[i], r)) {
			return "the secure firmware's memory";
		}
	}
	return soc != NULL && meets(&soc->alias, r) ? "the board's low RAM at a second address" : NULL;
}

bool board_soc_irq(const struct board *b, u32 intid)
{
	const struct board_soc *soc = board_soc_of(b);

	for (u32 i = 0; soc != NULL && intid != 0 && i < SOC_IRQS; i++) {
		if (soc->irq[i] == intid) {
			return true;
		}
	}
	return false;
}

const struct range *board_soc_apply(struct board *b)
{
	const struct board_soc *soc = board_soc_of(b);

	for (u32 i = 0; soc != NULL && i <= SOC_SECURE; i++) {
		const struct range *r = i < SOC_SECURE ? &soc->secure[i] : &soc->alias;

		if (r->size != 0 && board_reserve(b, r->start, r->size, RESERVED_NO_MAP) != 0) {
			return r;
		}
	}
	return NULL;
}
