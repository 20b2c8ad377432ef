/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regulators of passed devices: a driver waits for ever for one that its node names and the guest does not have, and some
 * refuse a device without any. The guest gets a `regulator-fixed` of the same voltage: on, as the firmware left it.
 */
#ifndef QUOIN_CORE_LOAD_PASS_SUPPLY_H
#define QUOIN_CORE_LOAD_PASS_SUPPLY_H

#include "core/load/pass_fdt.h"

#define PASS_SUPPLY_SIZE 224 /* bytes a node of it takes at most */

/*
 * pass_supply - what stands in for the host's regulator `phandle`: its phandle in the guest. 0: nothing, it is no
 * regulator, none of one voltage, or one too many. A switch between two voltages (regulator-gpio) is at the higher one.
 * Thread context. Source: Linux bindings regulator/fixed-regulator, gpio-regulator.
 */
u32 pass_supply(struct pass_fdt *f, u32 phandle);
/* pass_supply_nodes - the nodes, below the root. */
void pass_supply_nodes(struct pass_fdt *f);

#endif
