/* SPDX-License-Identifier: Apache-2.0 */
/* The device tree reader on trees made token by token: what it hands out, what it refuses and where. */
#include <stdlib.h>
#include "core/fdt_reader.h"
#include "tests/unit/test.h"

#define NODE  1
#define CLOSE 2
#define PROP  3
#define NOP   4
#define END   9
#define NAMES "first\0second\0" /* at 0 and 6 */
#define AT    56                /* of the structure block: header, one empty reservation */

static unsigned char *tree; /* of exactly its size: the strings first, so that overruns leave it */
static size_t total;
static struct fdt_reader r;

static void put32(unsigned char *p, uint32_t v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

/* A tree whose structure block is `words` (strings in it as big-endian words). 0 or the error. */
static const char *open_words(const uint32_t *words, size_t count)
{
	static const uint32_t version = 17, compatible = 16;
	const uint32_t strings = AT, structure = AT + 16;
	uint32_t header[10] = { 0xd00dfeed, 0, structure, strings, 40, version, compatible, 0, 13, 0 };
	size_t i;

	free(tree);
	total = structure + 4 * count;
	tree = calloc(1, total);
	header[1] = (uint32_t)total;
	header[9] = 4 * (uint32_t)count;
	for (i = 0; i < 10; i++) {
		put32(tree + 4 * i, header[i]);
	}
	memcpy(tree + strings, NAMES, 13);
	for (i = 0; i < count; i++) {
		put32(tree + structure + 4 * i, words[i]);
	}
	return fdt_reader_open(&r, tree, total) == 0 ? NULL : r.error;
}

/* Read to the end: NULL, or the error; *at is its offset in the structure block. */
static const char *read_all(uint32_t *at)
{
	enum fdt_item item;
	unsigned long sum = 0;
	uint32_t i;

	do {
		item = fdt_reader_next(&r);
		if (item == FDT_PROPERTY) {
			sum += strlen(r.name);
			for (i = 0; i < r.len; i++) {
				sum += r.data[i]; /* sanitizers see a value that leaves the tree */
			}
		} else if (item == FDT_NODE) {
			sum += strlen(r.name) + r.name_len;
		}
	} while (item != FDT_BAD && item != FDT_DONE);
	CHECK_EQ(fdt_reader_next(&r), FDT_BAD); /* nothing follows */
	*at = item == FDT_BAD ? r.error_at - r.struct_start : 0;
	return item == FDT_DONE ? NULL : sum != ~0UL ? r.error : "";
}

#define ROOT NODE, 0
#define A    0x61000000 /* "a" */

static void well_formed(void)
{
	static const uint32_t words[] = { NOP, ROOT, PROP, 0, 0, NOP, PROP, 5, 6, 0x01020304, 0x05000000,
					  NODE, A, CLOSE, NODE, 0x61626300, PROP, 4, 0, 0x2a, CLOSE, NOP,
					  CLOSE, NOP, END };

	REQUIRE(open_words(words, ARRAY_SIZE(words)) == NULL);
	REQUIRE(fdt_reader_next(&r) == FDT_NODE);
	CHECK_STR(r.name, "");
	CHECK_EQ(r.depth, 1);
	REQUIRE(fdt_reader_next(&r) == FDT_PROPERTY);
	CHECK_STR(r.name, "first");
	CHECK_EQ(r.len, 0);
	REQUIRE(fdt_reader_next(&r) == FDT_PROPERTY);
	CHECK_STR(r.name, "second");
	CHECK_EQ(r.len, 5);
	CHECK_EQ(r.data[4], 5);
	CHECK_EQ(fdt_be32(r.data), 0x01020304);
	REQUIRE(fdt_reader_next(&r) == FDT_NODE);
	CHECK_STR(r.name, "a");
	CHECK_EQ(r.name_len, 1);
	CHECK_EQ(r.depth, 2);
	REQUIRE(fdt_reader_next(&r) == FDT_NODE_CLOSE);
	CHECK_EQ(r.depth, 1);
	REQUIRE(fdt_reader_next(&r) == FDT_NODE);
	CHECK_STR(r.name, "abc");
	REQUIRE(fdt_reader_next(&r) == FDT_PROPERTY);
	CHECK_EQ(fdt_cells(r.data, 1), 0x2a);
	CHECK_EQ(fdt_reader_next(&r), FDT_NODE_CLOSE);
	CHECK_EQ(fdt_reader_next(&r), FDT_NODE_CLOSE);
	CHECK_EQ(fdt_reader_next(&r), FDT_DONE);
	CHECK_EQ(fdt_reader_size(&r), total);
}

static void malformed(void)
{
	static const struct {
		const char *error;
		uint32_t at;
		uint32_t words[14];
		size_t count;
	} table[] = {
		{ NULL, 0, { ROOT, CLOSE, END }, 4 },
		{ "structure block has no end token", 12, { ROOT, CLOSE }, 3 },
		{ "structure block has no end token", 8, { ROOT }, 2 },
		{ "structure block has no end token", 0, { 0 }, 0 },
		{ "ends inside a node", 8, { ROOT, END }, 3 },
		{ "ends inside a node", 0, { END }, 1 }, /* no root at all */
		{ "ends inside a node", 16, { ROOT, NODE, A, END }, 5 },
		{ "node ends that was never opened", 12, { ROOT, CLOSE, CLOSE, END }, 5 },
		{ "node ends that was never opened", 0, { CLOSE, END }, 2 },
		{ "second root node", 16, { ROOT, CLOSE, ROOT, CLOSE, END }, 7 },
		{ "unknown token in the structure block", 8, { ROOT, 5, CLOSE, END }, 5 },
		{ "unknown token in the structure block", 8, { ROOT, 0, CLOSE, END }, 5 },
		{ "property stands outside a node or behind a subnode", 4, { PROP, 0, 0, ROOT, CLOSE, END }, 7 },
		{ "property stands outside a node or behind a subnode", 24,
		  { ROOT, NODE, A, CLOSE, PROP, 0, 0, CLOSE, END }, 10 },
		{ "property stands outside a node or behind a subnode", 16,
		  { ROOT, CLOSE, PROP, 0, 0, END }, 7 },
		{ "property runs out of the structure block", 12, { ROOT, PROP }, 3 },
		{ "property runs out of the structure block", 12, { ROOT, PROP, 0 }, 4 },
		{ NULL, 0, { ROOT, PROP, 8, 0, 1, 2, CLOSE, END }, 9 },
		{ "property value runs out of the structure block", 12, { ROOT, PROP, 1, 0 }, 5 },
		{ "property value runs out of the structure block", 12, { ROOT, PROP, 5, 0, 1 }, 6 },
		{ "property value runs out of the structure block", 12, { ROOT, PROP, 17, 0, 1, 2, CLOSE, END }, 9 },
		{ "property value runs out of the structure block", 12,
		  { ROOT, PROP, 0xffffffff, 0, 1, 2, CLOSE, END }, 9 },
		{ "property value runs out of the structure block", 12,
		  { ROOT, PROP, 0xfffffff8, 0, 1, 2, CLOSE, END }, 9 },
		{ "structure block has no end token", 24, { ROOT, PROP, 4, 0, 1 }, 6 },
		{ NULL, 0, { ROOT, PROP, 0, 12, CLOSE, END }, 7 }, /* the empty name before the end */
		{ "property name lies outside the strings block", 16, { ROOT, PROP, 0, 13, CLOSE, END }, 7 },
		{ "property name lies outside the strings block", 16,
		  { ROOT, PROP, 0, 0xffffffff, CLOSE, END }, 7 },
		{ "node name runs out of the structure block", 12, { ROOT, NODE }, 3 },
		{ "node name runs out of the structure block", 12, { ROOT, NODE, 0x61616161 }, 4 },
		{ "node name runs out of the structure block", 12, { ROOT, NODE, 0x61616161, 0x61616161 }, 5 },
	};
	uint32_t at;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (open_words(table[i].words, table[i].count) != NULL) {
			test_fail(__FILE__, __LINE__, "row %zu does not open: %s", i, r.error);
			continue;
		}
		CHECK_STR(read_all(&at), table[i].error);
		if (at != table[i].at) {
			test_fail(__FILE__, __LINE__, "row %zu: error at %u, expected %u", i, at,
				  table[i].at);
		}
	}
}

static void reservations(void)
{
	static const uint32_t words[] = { ROOT, CLOSE, END };
	uint64_t start, size;

	REQUIRE(open_words(words, ARRAY_SIZE(words)) == NULL);
	CHECK(!fdt_reader_reservation(&r, &start, &size));
	/* The block runs into what follows it: read up to the end of the tree and no further. */
	memset(tree + 40, 0x11, total - 40);
	r.rsv = 40;
	while (fdt_reader_reservation(&r, &start, &size)) {
		CHECK_EQ(start, 0x1111111111111111);
	}
	CHECK(r.rsv <= total && total - r.rsv < 16);
	CHECK(fdt_reader_size(&r) <= total);
}

static void strings(void)
{
	CHECK(fdt_has_string((const u8 *)"ab\0abc", 7, "abc"));
	CHECK(fdt_has_string((const u8 *)"ab\0abc", 7, "ab"));
	CHECK(!fdt_has_string((const u8 *)"ab\0abc", 7, "b"));
	CHECK(!fdt_has_string((const u8 *)"ab\0abc", 6, "ab")); /* not terminated: no strings */
	CHECK(!fdt_has_string((const u8 *)"", 0, ""));
	CHECK_EQ(fdt_cells((const u8 *)"\0\0\0\1\0\0\0\2", 0), 0);
}

TEST_MAIN(RUN(well_formed), RUN(malformed), RUN(reservations), RUN(strings))
