/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnostics about input text: `file:line:col: what is wrong`. The same code
 * serves the host tools and the monitor; who receives them is the caller's choice.
 */
#ifndef QUOIN_CORE_BASE_DIAG_H
#define QUOIN_CORE_BASE_DIAG_H

#include "core/base/types.h"

struct src_pos {
	const char *file;
	u32 line, col; /* from 1; line 0: the file as a whole */
};

enum diag_kind { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

struct diag {
	void (*emit)(struct diag *d, enum diag_kind k, const char *line); /* receives a full line */
	void *arg;
	u32 errors, warnings;
};

/* diag_report - format "file:line:col: error: text" and hand it on; counts it. Boot or thread context. */
void diag_report(struct diag *d, enum diag_kind k, const struct src_pos *pos, const char *fmt, ...)
	__printf(4, 5);

#define diag_error(d, pos, ...) diag_report(d, DIAG_ERROR, pos, __VA_ARGS__)
#define diag_warning(d, pos, ...) diag_report(d, DIAG_WARNING, pos, __VA_ARGS__)

#endif
