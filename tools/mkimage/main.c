/* SPDX-License-Identifier: Apache-2.0 */
/* mkimage: a buildfile in, a bootable image out; or, with -l, an image in, its description out. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/board.h"
#include "tools/mkimage/archive.h"
#include "tools/mkimage/link.h"
#include "tools/mkimage/list.h"
#include "tools/mkimage/vms.h"

#define INCLUDE_MAX 32

struct options {
	const char *file, *out, *board;
	const char *include[INCLUDE_MAX + 1];
	u32 include_count;
	struct link_options link;
	bool list, verbose;
};

#define BOARD_RAM_MAX 64

enum { OPT_MONITOR = 256, OPT_VDEV_DIR, OPT_LDS, OPT_CROSS };

static const struct argp_option option_table[] = {
	{ "output", 'o', "IMAGE", 0, "the image to write (default: NAME.img for NAME.build)", 0 },
	{ "include", 'I', "DIR", 0, "look for sources here, too", 0 },
	{ "board", 'b', "DTB", 0, "check the VMs against the board this device tree describes", 0 },
	{ "list", 'l', NULL, 0, "list and verify an image", 0 },
	{ "verbose", 'v', NULL, 0, "list the image that was written", 0 },
	{ "monitor", OPT_MONITOR, "FILE", 0, "the monitor (default: quoin.o beside the tools)", 0 },
	{ "vdev-dir", OPT_VDEV_DIR, "DIR", 0, "where vdev-NAME.o are (default: beside the monitor)", 0 },
	{ "lds", OPT_LDS, "FILE", 0, "linker script (default: arch/aarch64/quoin.lds)", 0 },
	{ "cross", OPT_CROSS, "PREFIX", 0, "of ld (default: $CROSS_COMPILE, then what is installed)", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		o->out = arg;
		break;
	case 'I':
		if (o->include_count == INCLUDE_MAX) {
			argp_error(state, "more than %d -I folders", INCLUDE_MAX);
		}
		o->include[o->include_count++] = arg;
		break;
	case 'b':
		o->board = arg;
		break;
	case 'l':
		o->list = true;
		break;
	case 'v':
		o->verbose = true;
		break;
	case OPT_MONITOR:
		o->link.monitor = arg;
		break;
	case OPT_VDEV_DIR:
		o->link.vdev_dir = arg;
		break;
	case OPT_LDS:
		o->link.lds = arg;
		break;
	case OPT_CROSS:
		o->link.cross = arg;
		break;
	case ARGP_KEY_ARG:
		if (o->file != NULL) {
			argp_error(state, "one file at a time");
		}
		o->file = arg;
		break;
	case ARGP_KEY_END:
		if (o->file == NULL) {
			argp_usage(state);
		}
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static bool in_path(const char *program)
{
	const char *p = getenv("PATH");

	while (p != NULL && *p != '\0') {
		size_t n = strcspn(p, ":");

		if (n != 0 && access(path_join(pool_strndup(p, n), program), X_OK) == 0) {
			return true;
		}
		p += n + (p[n] == ':');
	}
	return false;
}

/* This program is BUILD/tools/mkimage: the monitor and the sources are found from there. */
static void set_defaults(struct options *o)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *build = path_dir(path_dir(n > 0 ? pool_strndup(exe, (size_t)n) : "build/tools/mkimage"));
	const char *env = getenv("CROSS_COMPILE");

	if (o->link.monitor == NULL) {
		o->link.monitor = path_join(build, "quoin.o");
	}
	if (o->link.vdev_dir == NULL) {
		o->link.vdev_dir = path_dir(o->link.monitor);
	}
	if (o->link.lds == NULL) {
		o->link.lds = "arch/aarch64/quoin.lds";
		if (!path_exists(o->link.lds)) {
			o->link.lds = path_join(path_dir(build), o->link.lds);
		}
	}
	(void)setenv("GUESTS_DIR", path_join(build, "guests"), 0);
	if (o->link.cross == NULL) {
		o->link.cross = env != NULL && env[0] != '\0' ? env : in_path("aarch64-none-elf-ld") ?
				"aarch64-none-elf-" : "aarch64-linux-gnu-";
	}
}

/* "image: ..." of core/image.c names no file: say which one it is. */
static void emit_list(struct diag *d, enum diag_kind k, const char *line)
{
	const char *path = d->arg;

	(void)k;
	if (strncmp(line, "image: ", 7) == 0) {
		fprintf(stderr, "%s: %s\n", path, line + 7);
	} else {
		fprintf(stderr, "%s\n", line);
	}
}

static void emit_build(struct diag *d, enum diag_kind k, const char *line)
{
	(void)k;
	fprintf(stderr, "%s\n", vms_place(d->arg, line));
}

/* NAME.img -> NAME.elf */
static char *sibling(const char *out, const char *suffix)
{
	const char *base = path_base(out), *dot = strrchr(base, '.');
	size_t n = dot != NULL && dot != base ? (size_t)(dot - out) : strlen(out);

	return pool_printf("%.*s%s", (int)n, out, suffix);
}

static char *default_out(const char *file)
{
	return sibling(path_base(file), ".img");
}

static bool compress_image(const char *image, const char *to, struct diag *d)
{
	const struct src_pos pos = { .file = to };
	char *gzip[] = { "gzip", "-9nc", NULL };
	struct blob in, out;
	FILE *f;
	int ret = file_read(image, &in);

	ret = ret != 0 ? ret : run_filter(gzip, in, GiB(8), &out);
	f = ret == 0 ? fopen(to, "wb") : NULL;
	if (f == NULL || fwrite(out.data, 1, out.size, f) != out.size || fclose(f) != 0) {
		diag_error(d, &pos, "cannot compress the image");
		return false;
	}
	return true;
}

static bool read_board(const char *path, struct board_limits *limits, struct diag *d)
{
	static struct range ram[BOARD_RAM_MAX];
	static struct board board; /* points into the tree, which stays */
	const struct src_pos pos = { .file = path };
	struct blob file;
	int ret = file_read(path, &file);

	if (ret != 0) {
		diag_error(d, &pos, "cannot read: %s", strerror(-ret));
		return false;
	}
	if (board_parse(&board, file.data, file.size, d) != 0) {
		return false;
	}
	board_limits_of(&board, ram, BOARD_RAM_MAX, limits);
	return true;
}

static bool build(const struct options *o, struct buildfile *bf)
{
	const struct src_pos pos = { .file = o->file };
	const char *out = o->out != NULL ? o->out : default_out(o->file);
	struct board_limits board;
	const char *image;
	struct monitor m;
	struct blob text;
	int ret = file_read(o->file, &text);

	if (ret != 0) {
		diag_error(bf->diag, &pos, "cannot read: %s", strerror(-ret));
		return false;
	}
	if (o->board != NULL && !read_board(o->board, &board, bf->diag)) {
		return false;
	}
	buildfile_parse(bf, text);
	link_load_vdevs(bf, &o->link);
	vms_check(bf, o->board != NULL ? &board : NULL);
	if (bf->diag->errors != 0) {
		return false;
	}
	image = output_begin(out);
	if (!link_monitor(bf, &o->link, output_begin(sibling(out, ".elf")),
			  output_begin(sibling(out, ".map")), &m) ||
	    !archive_write(bf, &m, image) ||
	    (bf->compress &&
	     !compress_image(image, output_begin(pool_printf("%s.gz", out)), bf->diag))) {
		return false;
	}
	if (output_commit() != 0) {
		return false;
	}
	return !o->verbose || list_image(out, stdout, bf->diag);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		option_table, parse_option, "FILE.build\n-l IMAGE",
		"Builds a bootable image out of a buildfile, or lists one. docs/buildfile.md describes the "
		"language.", NULL, NULL, NULL,
	};
	struct options o = { 0 };
	struct diag d = { .emit = emit_list };
	struct buildfile bf = { .diag = &d };
	bool ok;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	output_init();
	if (o.list) {
		d.arg = (void *)o.file;
		ok = list_image(o.file, stdout, &d);
	} else {
		set_defaults(&o);
		bf.path = o.file;
		bf.include = o.include;
		d.emit = emit_build;
		d.arg = &bf;
		ok = build(&o, &bf);
	}
	output_discard();
	pool_free();
	return ok ? 0 : 1;
}
