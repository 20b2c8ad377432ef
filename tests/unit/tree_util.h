/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of a finished device tree, for comparing. */
#ifndef TESTS_UNIT_TREE_UTIL_H
#define TESTS_UNIT_TREE_UTIL_H

#include <libfdt.h>
#include <stdio.h>

/* Cells as text, "1 2a 0"; "(none)": there is no such property. */
static inline const char *tree_cells(const void *tree, const char *path, const char *prop)
{
	static char text[400];
	int node = fdt_path_offset(tree, path), len = 0, i, n = 0;
	const fdt32_t *c = node < 0 ? NULL : fdt_getprop(tree, node, prop, &len);

	text[0] = '\0';
	for (i = 0; c != NULL && i < len / 4; i++) {
		n += snprintf(text + n, sizeof(text) - n, "%s%x", i != 0 ? " " : "", fdt32_ld(&c[i]));
	}
	return node < 0 ? "(no node)" : c == NULL ? "(none)" : text;
}

static inline const char *tree_string(const void *tree, const char *path, const char *prop)
{
	int node = fdt_path_offset(tree, path);

	return node < 0 ? NULL : fdt_getprop(tree, node, prop, NULL);
}

#endif
