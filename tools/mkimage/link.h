/* SPDX-License-Identifier: Apache-2.0 */
/* From quoin.o and device objects to the monitor's flat binary. */
#ifndef TOOLS_MKIMAGE_LINK_H
#define TOOLS_MKIMAGE_LINK_H

#include "tools/mkimage/buildfile.h"

struct link_options {
	const char *monitor;  /* build/quoin.o */
	const char *vdev_dir; /* where vdev-NAME.o are */
	const char *lds;
	const char *cross; /* prefix of ld */
};

struct monitor {
	struct blob flat; /* from QUOIN_MONITOR_OFF of the image on */
	u32 entry;        /* offsets from the image's first byte */
	u64 bss_size;
	u64 build_id;
};

/*
 * link_load_vdevs - find, read and check the object of every device `bf` names; devices that were not
 * known to this program are from now on. Errors go to bf->diag.
 */
void link_load_vdevs(struct buildfile *bf, const struct link_options *o);

/*
 * link_monitor - link the monitor with the devices that were loaded; `elf` and `map` are the files
 * to write. False having reported why to bf->diag.
 */
bool link_monitor(const struct buildfile *bf, const struct link_options *o, const char *elf,
		  const char *map, struct monitor *m);

#endif
