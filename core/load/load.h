/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting what a VM's configuration names into its memory: first a plan, which
 * is pure and made by the host tools too, then the copying, which can be
 * repeated from the same sources whenever the VM restarts.
 *
 * Rules of the plan:
 *  - The boot image is the `guest load`, else the first plain `load`; the boot
 *    vCPU starts at its entry point, or at the first byte of an unknown format.
 *  - What has an address (given, or in the file) is placed first, in the order
 *    of the text; then the rest: boot image, initrd, other blobs, device tree,
 *    each in the first free place of the first ram that has one.
 *  - Nothing overlaps anything, each image counted with its BSS. An unknown
 *    format does not tell its BSS: automatic placement leaves LOAD_RAW_MARGIN.
 */
#ifndef QUOIN_CORE_LOAD_LOAD_H
#define QUOIN_CORE_LOAD_LOAD_H

#include "core/base/diag.h"
#include "core/base/range.h"
#include "core/config/vm_config.h"
#include "core/load/guest_fdt.h"

#define LOAD_MAX_PIECES 48
#define LOAD_MAX_LINES  24
#define LOAD_RAW_MARGIN MiB(2)
#define LOAD_CHUNK      KiB(64) /* copied at a time, between two calls of yield() */

/* A blob, whole and readable for as long as the VM may restart. */
struct load_file {
	const u8 *data;
	u64 size;
	bool stays; /* in memory that may be mapped into a VM, if `data` is page aligned */
};

/* Where blobs come from: the image's archive, bootloader modules, files of the host. */
struct load_files {
	/* 0, or -E after one error at l->pos on `d`. */
	int (*open)(struct load_files *files, const struct cfg_load *l, struct load_file *out,
		    struct diag *d);
	void *arg;
};

enum load_format { FORMAT_RAW, FORMAT_IMAGE, FORMAT_ELF, FORMAT_DATA, FORMAT_INITRD, FORMAT_FDT };

/* One range of guest memory and what goes there. */
struct load_piece {
	const struct cfg_load *load; /* the line that asked for it; NULL: the device tree */
	enum load_format format;
	ipa_t ipa;
	const u8 *data;
	u64 copy;      /* bytes of data */
	u64 zero;      /* zeroed behind them */
	u64 space;     /* occupied: copy, zero and what the image says it will use */
	u64 margin;    /* kept free behind it by automatic placement if possible */
	u64 map;       /* leading bytes that can be mapped: page-aligned blob in a rom; 0: none */
};

struct load_plan {
	const struct vm_config *cfg;
	ipa_t entry;
	ipa_t fdt;     /* x0 of the boot vCPU */
	u64 fdt_space;
	struct range boot;   /* the boot image with its BSS */
	struct range initrd; /* size 0: none */
	u32 piece_count;
	struct load_piece piece[LOAD_MAX_PIECES];
	struct load_file file[LOAD_MAX_LINES]; /* per load line of the configuration */
	enum load_format format[LOAD_MAX_LINES];
};

/* Guest memory as the copier sees it. All callbacks in boot or thread context. */
struct guest_mem {
	/* Host address of guest memory at `ipa`, and how many bytes from there are contiguous. */
	void *(*ptr)(struct guest_mem *m, ipa_t ipa, u64 *run);
	/* Called after each write: clean to the point of coherency, drop stale instructions. */
	void (*written)(struct guest_mem *m, void *at, u64 size);
	/* NULL, or: map `size` bytes at `data` (whole pages) at `ipa`, return true; false: copy. */
	bool (*map)(struct guest_mem *m, ipa_t ipa, const void *data, u64 size);
	/* NULL, or called between chunks: a good moment to be preempted. */
	void (*yield)(struct guest_mem *m);
	void *arg;
};

/*
 * load_plan - decide where everything goes. Sets g->cfg, g->initrd and g->user;
 * g->devices and the seed's length must be set before. 0, or -E after one error
 * with its position on `d`. Boot or thread context, and the host tools.
 */
int load_plan(struct load_plan *p, const struct vm_config *cfg, struct load_files *files,
	      struct guest_fdt *g, struct diag *d) __must_check;

/* load_copy - copy and zero as planned. 0, or -EFAULT if guest memory is not as configured. */
int load_copy(const struct load_plan *p, struct guest_mem *mem, struct diag *d) __must_check;

/* load_fdt - build the device tree in place at p->fdt. 0, or -E after one error on `d`. */
int load_fdt(const struct load_plan *p, struct guest_mem *mem, const struct guest_fdt *g,
	     struct diag *d) __must_check;

/* load_piece_name - "'/guests/Image'", "module 2" or "device tree" for messages and reports. */
const char *load_piece_name(const struct cfg_load *l, char *buf, size_t size);

#endif
