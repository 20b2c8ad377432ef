/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of flattened device trees (Devicetree Specification 0.4, chapter 5): one pass, no memory of its own. */
#ifndef RT_FDT_H
#define RT_FDT_H

#include "types.h"

#define FDT_MAX_PROPS	40

struct fdt_prop {
	const char *name;
	const u8 *value;
	u32 length;
};

struct fdt_node {
	const char *name;
	unsigned int depth;		/* the root is 0 */
	u32 address_cells;		/* of the parent: they rule this node's reg */
	u32 size_cells;
	unsigned int nr_props;
	struct fdt_prop props[FDT_MAX_PROPS];
};

/* True when there is a device tree at p. */
bool fdt_valid(const void *p);

/* Call visit for every node, parents first. Returns 0, or -1 when the tree is damaged. */
int fdt_walk(const void *fdt, void (*visit)(const struct fdt_node *node));

/* The property called name, or NULL. */
const struct fdt_prop *fdt_prop(const struct fdt_node *node, const char *name);

/* The property as a string, or "" when missing or not terminated. */
const char *fdt_string(const struct fdt_node *node, const char *name);

/* True when compatible (or any list of strings) holds the given one. */
bool fdt_is_compatible(const struct fdt_node *node, const char *compatible);

/* Cell number index of the property, 0 when there is none. */
u32 fdt_cell(const struct fdt_node *node, const char *name, unsigned int index);

/* Entry number index of reg. Returns false when reg has fewer. */
bool fdt_reg(const struct fdt_node *node, unsigned int index, u64 *address, u64 *size);

#endif
