/* SPDX-License-Identifier: Apache-2.0 */
#include "core/load/pass_supply.h"

#include <string.h>
#include "core/base/fmt.h"
#include "core/board.h"
#include "core/fdt_reader.h"
#include "core/load/fdt_writer.h"

#define SUPPLY_BASE 0x8040

/* Voltage of the host's node in microvolt, 0: of no use. `name` of at most 31 characters, or as it was. */
static u32 voltage(struct fdt_reader *r, const char **name)
{
	u32 least = 0, most = 0;
	bool choice = false;

	while (fdt_reader_next(r) == FDT_PROPERTY) {
		if (r->len == 4 && strcmp(r->name, "regulator-min-microvolt") == 0) {
			least = fdt_be32(r->data);
		} else if (r->len == 4 && strcmp(r->name, "regulator-max-microvolt") == 0) {
			most = fdt_be32(r->data);
		} else if (strcmp(r->name, "compatible") == 0) {
			choice = fdt_has_string(r->data, r->len, "regulator-gpio");
		} else if (strcmp(r->name, "regulator-name") == 0 && r->len <= 32 && fdt_is_string(r->data, r->len)) {
			*name = (const char *)r->data;
		}
	}
	return least == most || choice ? most : 0;
}

static u32 phandle_of(const struct pass_fdt *f, u32 i, char *name, size_t size)
{
	char path[40];

	fmt_str(name, size, "passed-supply-%u", i);
	fmt_str(path, sizeof(path), "/%s", name);
	return fdt_writer_phandle(f->w, path, SUPPLY_BASE + i);
}

u32 pass_supply(struct pass_fdt *f, u32 phandle)
{
	const char *called = "passed";
	struct fdt_reader r;
	char name[32];
	u32 i = 0, uv;

	while (i < f->supply_count && f->supply[i].host != phandle) {
		i++;
	}
	if (i == f->supply_count) {
		if (i == PASS_FDT_SUPPLIES || board_phandle_open(f->g->board, phandle, &r) != 0) {
			return 0;
		}
		uv = voltage(&r, &called);
		if (uv == 0) {
			return 0;
		}
		f->supply[i].host = phandle;
		f->supply[i].microvolt = uv;
		f->supply[i].name = called;
		f->supply_count++;
	}
	return phandle_of(f, i, name, sizeof(name));
}

void pass_supply_nodes(struct pass_fdt *f)
{
	char name[32];

	for (u32 i = 0; i < f->supply_count; i++) {
		u32 phandle = phandle_of(f, i, name, sizeof(name)), uv = f->supply[i].microvolt;

		fdt_writer_begin(f->w, name);
		fdt_writer_str(f->w, "compatible", "regulator-fixed");
		fdt_writer_str(f->w, "regulator-name", f->supply[i].name);
		fdt_writer_u32(f->w, "regulator-min-microvolt", uv);
		fdt_writer_u32(f->w, "regulator-max-microvolt", uv);
		fdt_writer_bytes(f->w, "regulator-always-on", NULL, 0);
		fdt_writer_u32(f->w, "phandle", phandle);
		fdt_writer_end(f->w);
	}
}
