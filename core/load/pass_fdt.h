/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes of passed devices (pass dt:, pass rest) in the guest's tree, made from the host's: registers and interrupts
 * as the guest sees them, clocks and regulators as fixed ones, dma-coherent, and whatever properties and subnodes do not refer to
 * something the guest does not have. References to nodes that are passed to the same VM stay.
 */
#ifndef QUOIN_CORE_LOAD_PASS_FDT_H
#define QUOIN_CORE_LOAD_PASS_FDT_H

#include "core/load/guest_fdt.h"

struct fdt_writer;

#define PASS_FDT_CLOCKS 16
#define PASS_FDT_SUPPLIES 8

/* One tree in the making. */
struct pass_fdt {
	const struct guest_fdt *g;
	struct fdt_writer *w;
	u32 clock_24m; /* phandle of the clock there is anyway */
	u32 hz[PASS_FDT_CLOCKS]; /* other fixed clocks, in the order they were asked for; 0: the end */
	u32 supply_count;
	struct {
		u32 host, microvolt; /* phandle there */
		const char *name;
	} supply[PASS_FDT_SUPPLIES]; /* core/load/pass_supply.h */
};

/* pass_fdt_bound - bytes they add at most. Any context. */
size_t pass_fdt_bound(const struct guest_fdt *g);
/* pass_fdt_aliases - serialN from `first` on for passed UARTs, inside /aliases; opens the node if `first` is 0. How many. */
u32 pass_fdt_aliases(struct fdt_writer *w, const struct guest_fdt *g, u32 first);
/* pass_fdt_controller - phandle of the virtual clock and reset controller at `base`. */
u32 pass_fdt_controller(struct fdt_writer *w, ipa_t base);
/* pass_fdt_nodes - the nodes, below the root. Thread context. */
void pass_fdt_nodes(struct fdt_writer *w, const struct guest_fdt *g, u32 clock_24m);

#endif
