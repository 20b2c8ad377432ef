/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buildfile: what goes into an image, in the syntax of QNX's mkifs.
 * docs/buildfile.md describes it; this file turns it into a list of files.
 */
#ifndef TOOLS_MKIMAGE_BUILDFILE_H
#define TOOLS_MKIMAGE_BUILDFILE_H

#include "core/base/diag.h"
#include "core/base/types.h"
#include "tools/mkimage/util.h"

struct vdev_type;

enum mk_type { MK_FILE, MK_LINK, MK_DIR, MK_FIFO };

/* One member of the archive. */
struct mk_file {
	struct mk_file *next;
	struct src_pos pos;
	const char *target; /* without leading '/' */
	enum mk_type type;
	const char *source;      /* host path, NULL for inline text */
	struct src_pos text_pos; /* where the first character of `data` stands on the host */
	struct blob data;
	const char *link; /* MK_LINK: where it leads, as written */
	u32 perms, uid, gid;
	bool script, config;
	bool missing; /* [+optional] and not there: not in the image, but may be named */
	bool kernel;  /* some VM loads it as something to run: unpacked if compressed */
	u64 off;      /* in the image */
	u32 crc;
};

struct mk_vdev {
	struct mk_vdev *next;
	struct src_pos pos;
	const char *name;               /* pl011 */
	const char *path;               /* its object, once it was found sound */
	const struct vdev_type **types; /* what that defines */
	u32 type_count;
};

/* A part of the monitor that is needed, and who was the first to need it. */
struct mk_part {
	struct mk_part *next;
	struct src_pos pos;
	const char *name;
};

struct buildfile {
	const char *path;
	struct diag *diag;
	const char *const *include; /* -I folders, NULL-terminated */
	bool has_boot, compress;
	u64 advice; /* [image=ADDR] */
	const char *options;
	struct mk_vdev *vdevs;
	struct mk_part *parts;
	struct mk_file *files;
	struct mk_file *script;
};

/*
 * buildfile_parse - read `text`, which is the buildfile `bf->path`; path, diag and include are
 * set by the caller. Sources are found and read. Errors are reported and counted by the diag.
 */
void buildfile_parse(struct buildfile *bf, struct blob text);

/* buildfile_find - a file of the image by path (links followed), NULL if there is none. */
struct mk_file *buildfile_find(const struct buildfile *bf, const char *path);

/* buildfile_exact - the same without following links. */
struct mk_file *buildfile_exact(const struct buildfile *bf, const char *path);

#endif
