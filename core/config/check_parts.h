/* SPDX-License-Identifier: Apache-2.0 */
/* The checker's insides, shared by core/config/check*.c only. */
#ifndef QUOIN_CORE_CONFIG_CHECK_PARTS_H
#define QUOIN_CORE_CONFIG_CHECK_PARTS_H

#include "core/config/check.h"
#include "core/config/parse.h"
#include "core/vdev.h"

struct check {
	struct vm_config *cfg;
	const struct board_limits *board;
	struct diag *diag;
	u32 first_error, room; /* room: entries cfg->window has */
	u64 limit;             /* first address a VM cannot have */
	bool full;             /* the arena; reported */
};

/* check_error - report; no more than CONFIG_MAX_ERRORS of them. */
void check_error(struct check *c, const struct src_pos *pos, const char *fmt, ...) __printf(3, 4);

/* check_alloc - from the VM's arena; NULL after having reported that it is full. */
void *check_alloc(struct check *c, size_t size);

/*
 * check_window - enter a range into the VM's map. `what` and, behind a blank, `name` (or NULL)
 * say what it is. A range that wraps or leaves the VM's address space is reported instead.
 */
void check_window(struct check *c, u64 start, u64 size, const char *what, const char *name,
		  const struct src_pos *pos, bool absent);

void check_cpus(struct check *c);   /* what `cluster` names; runmask */
void check_gic(struct check *c);
/* check_line - who of the VM has interrupt `line`, NULL: it is free; `skip`: but that one. */
const struct src_pos *check_line(const struct vm_config *cfg, u32 line, const struct src_pos *skip);
/* check_free_line - one from `from` on that nobody has or reserves, `count` in a row; 0: there are none. */
u32 check_free_line(const struct vm_config *cfg, u32 from, u32 count);
void check_passes(struct check *c); /* resolve what the text of `pass` says (check_pass.c) */
/* check_pass_device - fill entry `p` from a node; false: the arena is full, or no line is left for an implied entry. */
bool check_pass_device(struct check *c, struct cfg_pass *p, const struct board_device *dev);
/* check_dma_device - may a node be passed as far as its DMA goes? False: not; said, unless the entry is an implied one. */
bool check_dma_device(struct check *c, struct cfg_pass *p, const struct board_device *dev);
/* check_pass_function - fill `p` from p->fn, in the guest at `guest` (NULL: anywhere); false after an error, or open DMA. */
bool check_pass_function(struct check *c, struct cfg_pass *p, const struct cfg_fn *guest, const struct src_pos *pos);
/* check_begin - a checked VM once more. */
void check_begin(struct check *c, struct vm_config *cfg, const struct board_limits *board, struct diag *diag);
void check_pci(struct check *c);    /* the VM's PCI bus, when all else has its place */
void check_overlaps(struct check *c);
/* check_owner - of a VM's windows and interrupts none is the board's or the monitor's; false, said: one is. */
bool check_owner(struct check *c, const struct cfg_pass *p);
/* check_share - nothing passed to `vm` is passed to `other` (or earlier to itself). */
void check_share(const struct vm_config *vm, const struct vm_config *other, struct diag *diag);
/* check_clock_vdev - a virtual clock controller fits the board; check_share_modules - what it lists is no other VM's. */
void check_clock_vdev(struct check *c);
void check_share_modules(const struct vm_config *vm, const struct vm_config *other, const struct board_limits *board,
			 struct diag *diag);
/* check_free_place - an address at or above `at` where `size` bytes meet no window and no reservation. */
u64 check_free_place(struct check *c, u64 at, u64 size);
/* check_auto - location and interrupt of devices that may do without; all else has its place. */
void check_auto(struct check *c);
void check_vdevs(struct check *c);  /* locations, windows, names, interrupts */

#endif
