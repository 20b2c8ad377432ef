/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of the monitor itself: the words behind `quoin` in the image's boot
 * section, then those of /chosen/bootargs.
 */
#ifndef QUOIN_CORE_OPTIONS_H
#define QUOIN_CORE_OPTIONS_H

#include "core/base/diag.h"
#include "core/base/types.h"
#include "core/host/host_wdt.h"

enum option_mitigations { OPT_MITIGATIONS_AUTO, OPT_MITIGATIONS_ON, OPT_MITIGATIONS_OFF };

struct options {
	unsigned int verbose;   /* -v, -vv, ... */
	bool check_crc;         /* -c: payload CRCs too */
	bool bench;             /* bench: count EL2's instructions, tell when the last VM has ended */
	bool scrub_boot;        /* scrub=boot: RAM is zeroed before a VM gets it */
	const char *earlycon;   /* text behind earlycon=, ends at a blank or NUL; or NULL */
	enum option_mitigations mitigations;
	u64 trace;              /* trace[=SIZE]: from the start, rings of so many bytes; 0: not */
	unsigned int watchdog;  /* enum host_wdt_mode */
	int escape;             /* escape=^X: the key that chooses who has the console; -1: none; 0: not given */
};

/*
 * options_parse - take the words of `text` into *o, which keeps what it had; a later word wins.
 * Unknown words are a warning on `d` each, unless `foreign` (bootargs of a bootloader may carry
 * words for others). Returns 0, or -EINVAL if a known word has a bad value (reported). Boot and host.
 */
int options_parse(struct options *o, const char *text, const char *where, bool foreign, struct diag *d);

#endif
