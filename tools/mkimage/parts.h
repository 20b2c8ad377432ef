/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the monitor that an image has only if it needs them: part-NAME.o and absent-NAME.o beside quoin.o. */
#ifndef TOOLS_MKIMAGE_PARTS_H
#define TOOLS_MKIMAGE_PARTS_H

#include "core/config/vm_config.h"
#include "tools/mkimage/buildfile.h"

#define PARTS_MAX 96

/*
 * parts_add - link the part of a word `part-NAME`, or all: `part-all`; of the drivers of a kind only the one of a word
 * `uart-NAME`, `iommu-NAME`, and others that are named. False if the word is not of that form.
 */
bool parts_add(struct buildfile *bf, const char *word, const struct src_pos *pos);
/* parts_need - link part `name`, which stays, for what stands at `pos`. parts_for_vm - what a checked VM needs. */
void parts_need(struct buildfile *bf, const char *name, const struct src_pos *pos);
void parts_for_vm(struct buildfile *bf, const struct vm_config *cfg);
/*
 * parts_objects - of every part there is in `dir` either the part or what stands in for it, to be linked; how many.
 * A part that was asked for and is not there is an error of bf->diag.
 */
u32 parts_objects(const struct buildfile *bf, const char *dir, char *path[PARTS_MAX]);

#endif
