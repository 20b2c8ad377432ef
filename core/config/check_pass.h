/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of the checks of `pass`, shared by core/config/check_pass*.c only. */
#ifndef QUOIN_CORE_CONFIG_CHECK_PASS_H
#define QUOIN_CORE_CONFIG_CHECK_PASS_H

#include "core/config/check_parts.h"

#define PASS_DEFAULT (PASS_R | PASS_W)

/* check_text - a copy that stays; check_attributes - the letters of a location as PASS_*, errors are said. */
const char *check_text(struct check *c, const char *s);
u32 check_attributes(struct check *c, const struct cfg_loc *l);

/* check_irq_set - fill an interrupt, `flags` as in struct board_irq; check_irq_flag - what the text's letter changes. */
void check_irq_set(struct pass_irq *q, u32 guest, u32 host, u32 flags, const struct src_pos *pos);
void check_irq_flag(struct check *c, struct pass_irq *q, const struct cfg_intr *in);
/* check_text_irqs - all `intr` of a pass of windows. */
void check_text_irqs(struct check *c, struct cfg_pass *p);

/*
 * May it be passed as far as its DMA goes: what is behind an entry's windows, or a function whose
 * place is known. Fills in streams. A board has to be there. False: not; said, unless the entry is an implied one.
 */
bool check_dma_windows(struct check *c, struct cfg_pass *p);
bool check_dma_function(struct check *c, struct cfg_pass *p);

struct clock_set;
/* check_refused - why no VM is given a device, and what instead; NULL: it may be. A board has to be there. */
const char *check_refused(const struct check *c, const struct board_device *d);
/* check_device_clocks - clocks of a node, and what modules they and its resets are; check_modules - the latter. False: no room. */
bool check_device_clocks(struct check *c, struct cfg_pass *p, const struct board_device *d);
bool check_modules(struct check *c, struct cfg_pass *p, const struct clock_set *clocks, const struct clock_set *resets);

/* check_pass_node - fill a `pass dt:`; check_neighbours - devices in one page go to a VM together. */
void check_pass_node(struct check *c, struct cfg_pass *p);
void check_neighbours(struct check *c);

/* check_split_functions - each `loc pci:` becomes an entry of its own. */
void check_split_functions(struct check *c, struct cfg_pass *p);

#endif
