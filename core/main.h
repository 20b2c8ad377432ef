/* SPDX-License-Identifier: Apache-2.0 */
/* From the hardware layer's first C code into the monitor. */
#ifndef QUOIN_CORE_MAIN_H
#define QUOIN_CORE_MAIN_H

#include "core/base/types.h"

/* Where the loader put things. */
struct boot_info {
	pa_t fdt;   /* what x0 held */
	pa_t image; /* first byte of the image */
	pa_t bss;
	u64 bss_size;
	bool at_el2;
	bool monitor_ok;      /* CRC of the monitor, checked before anything wrote to .data */
};

/* quoin_main - bring the machine up and start what the image's script says. Boot CPU, EL2's own map on. */
void quoin_main(const struct boot_info *boot) __noreturn;

#endif
