/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of buildfile entries: [+script uid=0 search=../guests:.] */
#ifndef TOOLS_MKIMAGE_ATTRS_H
#define TOOLS_MKIMAGE_ATTRS_H

#include "tools/mkimage/buildfile.h"
#include "tools/mkimage/scan.h"

struct attrs {
	bool script, optional, dupignore, compress;
	enum mk_type type;
	bool has_perms;
	u32 perms, uid, gid;
	u64 image;
	const char *search;  /* a:b, or NULL */
	bool boot;           /* [virtual=...] */
};

/* attrs_parse - the block at s ('['), into `a`. False having said why; s is then behind the line. */
bool attrs_parse(struct scan *s, struct attrs *a);

#endif
