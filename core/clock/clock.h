/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock and reset controller of a chip, where the board has one that is driven (CLOCK() of arch/arch.h): clocks
 * that the monitor's own devices and passed ones need are on and stay on, resets between two lives of a VM, and what a
 * virtual controller (vdev/cpg-mssr.c) may do with the real one.
 *
 * Registers hold a module's bit each, so one word belongs to several owners. Invariants:
 * 1. They are only written here, read, changed and written back under one lock.
 * 2. A module that the monitor needs, or that devices of two VMs name, is nobody's: no guest stops or resets it.
 * On a board without a controller nothing is done and all sets are empty.
 */
#ifndef QUOIN_CORE_CLOCK_H
#define QUOIN_CORE_CLOCK_H

#include "core/base/board.h"
#include "core/base/types.h"

struct vm_config;
struct cfg_vdev;
struct src_pos;
struct diag;

static inline bool clock_has(const struct clock_set *s, u32 module)
{
	return module < CLOCK_MODULES && (s->word[module / 32] >> (module % 32) & 1) != 0;
}

/* clock_add - -1, as of module(): nothing. */
static inline void clock_add(struct clock_set *s, int module)
{
	if (module >= 0 && module < CLOCK_MODULES) {
		s->word[module / 32] |= 1U << (module % 32);
	}
}

void clock_join(struct clock_set *s, const struct clock_set *other);
bool clock_empty(const struct clock_set *s);

/* clock_driver - of a node with these compatibles, `len` bytes of strings; NULL: none, `which`: the one it knows. Any context. */
const struct clock_ops *clock_driver(const char *compatible, u32 len, const char **which);

/*
 * clock_kept - modules the monitor needs running: of its console (NULL: none), the GIC, IOMMUs and watchdogs it may have to
 * feed. Walks the tree, as board_device_walk(). Boot, thread or host.
 */
void clock_kept(const struct board *b, const struct board_uart *console, struct clock_set *out);
/* clock_vdev - the VM's virtual controller; NULL: it has none. Any context. */
const struct cfg_vdev *clock_vdev(const struct vm_config *cfg);
/* clock_listed - what its `modules` options list; where one is that is no list of modules, NULL: all are. Any context. */
const struct src_pos *clock_listed(const struct clock_ops *ops, const struct vm_config *cfg, struct clock_set *out);
/*
 * clock_of - what a VM's configuration names: modules whose clocks, and whose resets, its passed devices need or its
 * virtual controller's `modules` list. Any context.
 */
void clock_of(const struct clock_ops *ops, const struct vm_config *cfg, struct clock_set *clocks, struct clock_set *resets);

/* clock_init - map the controller, and have clock_kept() run; what does not is said. Boot, when registers can be mapped. */
void clock_init(const struct board *b, const struct board_uart *console);
/* clock_promise - a checked VM that may run; all of them before the first clock_owned(). Boot thread. */
void clock_promise(const struct vm_config *cfg);
/* clock_owned - modules that only this VM has: its guest may stop and reset them. After all promises. Any context. */
void clock_owned(const struct vm_config *cfg, struct clock_set *clocks, struct clock_set *resets);
/*
 * clock_hand_over - what the VM's devices need runs, at the rates that its tree gives, out of reset. 0, or -ETIMEDOUT
 * after one error on `d`. Before each life of the VM; no vCPU of it runs. Thread.
 * clock_quiet - modules that only this VM has are reset. Between two lives, the devices' DMA is cut off. Thread; sleeps.
 */
int clock_hand_over(const struct vm_config *cfg, struct diag *d) __must_check;
void clock_quiet(const struct vm_config *cfg);

/* ---- For the virtual controller. Any context. */

struct fdt_node;
/* fdt_node_controller - the real one, for the node of a virtual one; NULL: there is none. */
const struct board_clock *fdt_node_controller(struct fdt_node *n);
/* fdt_node_begin, fdt_node_end - a subnode, behind all properties. */
void fdt_node_begin(struct fdt_node *n, const char *name);
void fdt_node_end(struct fdt_node *n);

struct vdev;
/* clock_owned_by - clock_owned() of the device's VM. After all promises. */
void clock_owned_by(const struct vdev *d, struct clock_set *clocks, struct clock_set *resets);
/* clock_there - there is a real one. */
bool clock_there(void);
u32 clock_read(u32 off);
/* clock_update - change the bits in `mask` of a register; a mask of all ones does not read it. */
void clock_update(u32 off, u32 mask, u32 val);

#endif
