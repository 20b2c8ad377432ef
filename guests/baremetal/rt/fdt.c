/* SPDX-License-Identifier: Apache-2.0 */
#include "fdt.h"

#include <string.h>

#define FDT_MAGIC	0xd00dfeed
#define FDT_BEGIN_NODE	1
#define FDT_END_NODE	2
#define FDT_PROP	3
#define FDT_NOP		4
#define FDT_END		9
#define MAX_DEPTH	12

struct fdt_cells {
	u32 address;
	u32 size;
};

static u32 be32(const void *p)
{
	const u8 *b = p;

	return (u32)b[0] << 24 | (u32)b[1] << 16 | (u32)b[2] << 8 | b[3];
}

bool fdt_valid(const void *p)
{
	return p && ((u64)p & 7) == 0 && be32(p) == FDT_MAGIC;
}

const struct fdt_prop *fdt_prop(const struct fdt_node *node, const char *name)
{
	unsigned int i;

	for (i = 0; i < node->nr_props; i++) {
		if (strcmp(node->props[i].name, name) == 0) {
			return &node->props[i];
		}
	}
	return NULL;
}

const char *fdt_string(const struct fdt_node *node, const char *name)
{
	const struct fdt_prop *prop = fdt_prop(node, name);

	if (!prop || prop->length == 0 || prop->value[prop->length - 1] != 0) {
		return "";
	}
	return (const char *)prop->value;
}

bool fdt_is_compatible(const struct fdt_node *node, const char *compatible)
{
	const struct fdt_prop *prop = fdt_prop(node, "compatible");
	const char *s, *end;

	if (!prop || prop->length == 0 || prop->value[prop->length - 1] != 0) {
		return false;
	}
	end = (const char *)prop->value + prop->length;
	for (s = (const char *)prop->value; s < end; s += strlen(s) + 1) {
		if (strcmp(s, compatible) == 0) {
			return true;
		}
	}
	return false;
}

u32 fdt_cell(const struct fdt_node *node, const char *name, unsigned int index)
{
	const struct fdt_prop *prop = fdt_prop(node, name);

	if (!prop || prop->length < (index + 1) * 4) {
		return 0;
	}
	return be32(prop->value + index * 4);
}

bool fdt_reg(const struct fdt_node *node, unsigned int index, u64 *address, u64 *size)
{
	const struct fdt_prop *prop = fdt_prop(node, "reg");
	u32 cells = node->address_cells + node->size_cells;
	const u8 *p;
	u32 i;

	if (!prop || cells == 0 || prop->length < (index + 1) * cells * 4) {
		return false;
	}
	p = prop->value + index * cells * 4;
	*address = 0;
	*size = 0;
	for (i = 0; i < node->address_cells; i++, p += 4) {
		*address = *address << 32 | be32(p);
	}
	for (i = 0; i < node->size_cells; i++, p += 4) {
		*size = *size << 32 | be32(p);
	}
	return true;
}

/* A node's properties come before its children: it is complete at the next begin or end. */
static void flush(struct fdt_node *node, struct fdt_cells *cells, bool *pending,
		  void (*visit)(const struct fdt_node *node))
{
	if (!*pending) {
		return;
	}
	*pending = false;
	cells[node->depth + 1].address = fdt_prop(node, "#address-cells") ?
		fdt_cell(node, "#address-cells", 0) : 2;
	cells[node->depth + 1].size = fdt_prop(node, "#size-cells") ? fdt_cell(node, "#size-cells", 0) : 1;
	visit(node);
}

int fdt_walk(const void *fdt, void (*visit)(const struct fdt_node *node))
{
	const u8 *base = fdt;
	const u8 *p = base + be32(base + 8);		/* off_dt_struct */
	const u8 *end = base + be32(base + 4);		/* totalsize */
	const char *strings = (const char *)base + be32(base + 12);
	struct fdt_cells cells[MAX_DEPTH + 2] = { { 2, 1 } };
	struct fdt_node node = { .nr_props = 0 };
	unsigned int depth = 0;
	bool pending = false;
	u32 length;

	while (p + 4 <= end) {
		switch (be32(p)) {
		case FDT_BEGIN_NODE:
			flush(&node, cells, &pending, visit);
			if (depth > MAX_DEPTH) {
				return -1;
			}
			node.name = (const char *)p + 4;
			node.depth = depth;
			node.address_cells = cells[depth].address;
			node.size_cells = cells[depth].size;
			node.nr_props = 0;
			pending = true;
			depth++;
			p += 4 + ((strlen(node.name) + 1 + 3) & ~3UL);
			break;
		case FDT_END_NODE:
			flush(&node, cells, &pending, visit);
			if (depth == 0) {
				return -1;
			}
			depth--;
			p += 4;
			break;
		case FDT_PROP:
			length = be32(p + 4);
			if (node.nr_props < FDT_MAX_PROPS) {
				node.props[node.nr_props++] = (struct fdt_prop){
					.name = strings + be32(p + 8), .value = p + 12, .length = length,
				};
			}
			p += 12 + ((length + 3) & ~3U);
			break;
		case FDT_NOP:
			p += 4;
			break;
		case FDT_END:
			return 0;
		default:
			return -1;
		}
	}
	return -1;
}
