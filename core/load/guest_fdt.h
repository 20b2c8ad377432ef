/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device tree a VM is given: made from its configuration, with the user's
 * tree (`fdt load`) merged over it. See Linux Documentation/arch/arm64/booting.rst
 * and the bindings under Documentation/devicetree for what it must contain.
 */
#ifndef QUOIN_CORE_LOAD_GUEST_FDT_H
#define QUOIN_CORE_LOAD_GUEST_FDT_H

#include "core/base/diag.h"
#include "core/base/range.h"
#include "core/config/vm_config.h"

#define GUEST_FDT_LIMIT MiB(2) /* booting.rst: a tree is no larger than that */

/*
 * Phandles of the generated nodes unless the user's tree gives those nodes its
 * own: a user's tree refers to /intc and /clock-24m by its own labels, or by these.
 */
#define GUEST_FDT_PHANDLE_GIC   0x8001
#define GUEST_FDT_PHANDLE_CLOCK 0x8002
#define GUEST_FDT_PHANDLE_MSI   0x8010 /* the ITS or the v2m frame */
#define GUEST_FDT_PHANDLE_CPG   0x8011 /* a virtual clock and reset controller */

struct vdev;
struct board;

struct guest_fdt {
	const struct vm_config *cfg; /* checked: memory placed, the GIC's addresses set */
	const struct board *board;   /* whose tree passed devices are in; NULL: their nodes are left out */
	struct vdev *devices;        /* list by next; uses type, cfg, base, size and intid only */
	struct range initrd;         /* in the guest; size 0: none */
	const void *user;            /* tree to merge, passed fdt_writer_check(); NULL: none */
	const u8 *rng_seed;          /* NULL: the host has no randomness to give */
	u32 rng_seed_len;
	u64 kaslr_seed;              /* 0: none */
	bool pmu, pmu_interrupt;     /* performance monitors; their overflow interrupt */
};

/* guest_fdt_bound - bytes that are enough for the tree. Any context. */
size_t guest_fdt_bound(const struct guest_fdt *g);

/*
 * guest_fdt_build - write the tree into `buf` (aligned to 8). 0 and its size, or -ENOSPC, -E2BIG,
 * -EINVAL after one error on `d`. Boot or thread context.
 */
int guest_fdt_build(const struct guest_fdt *g, void *buf, size_t size, size_t *used,
		    struct diag *d) __must_check;

#endif
