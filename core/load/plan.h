/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the parts of the planner; nobody else includes this. */
#ifndef QUOIN_CORE_LOAD_PLAN_H
#define QUOIN_CORE_LOAD_PLAN_H

#include "core/load/load.h"

#define LOAD_NAME_MAX 96

struct planner {
	struct load_plan *p;
	struct diag *d;
	int error; /* first failure, reported */
};

/* plan_fail - report "NAME text" at the line of `l` (NULL: of the VM); only the first counts. */
void plan_fail(struct planner *pl, int error, const struct cfg_load *l, const char *fmt, ...)
	__printf(4, 5);

/* plan_add - place a piece at piece->ipa: inside ram or rom, clear of all others. */
void plan_add(struct planner *pl, const struct load_piece *piece);

/*
 * plan_find - lowest free place of `size` bytes in the first ram that has one, `off` bytes above a
 * multiple of `align`, inside `window`. False: none. `margins`: keep clear of the pieces' margins.
 */
bool plan_find(const struct planner *pl, u64 size, u64 align, u64 off, struct range window,
	       bool margins, ipa_t *out);

/* plan_inside - true if the range lies in the VM's ram, or ram and rom, without a hole. */
bool plan_inside(const struct vm_config *cfg, u64 start, u64 size, bool rom_too);

/*
 * Image formats: plan the pieces of a file and say where it starts. With `place` false only what
 * has an address of its own (or l->has_addr) is placed; other files are left alone: false.
 */
bool plan_image(struct planner *pl, const struct cfg_load *l, const struct load_file *f, bool place,
		ipa_t *entry, struct range *extent);
bool plan_elf(struct planner *pl, const struct cfg_load *l, const struct load_file *f, bool place,
	      ipa_t *entry, struct range *extent);

/* Recognition by magic only. */
bool is_image(const struct load_file *f);
bool is_elf(const struct load_file *f);

#endif
