/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/diag.h"

#include <stdarg.h>
#include "core/base/fmt.h"

void diag_report(struct diag *d, enum diag_kind k, const struct src_pos *pos, const char *fmt, ...)
{
	static const char *const word[] = { "error", "warning", "note" };
	char line[320];
	size_t n = 0;
	va_list ap;

	if (pos != NULL && pos->line != 0) {
		n = fmt_str(line, sizeof(line), "%s:%u:%u: %s: ", pos->file, pos->line, pos->col, word[k]);
	} else if (pos != NULL) {
		n = fmt_str(line, sizeof(line), "%s: %s: ", pos->file, word[k]);
	} else {
		n = fmt_str(line, sizeof(line), "%s: ", word[k]);
	}
	va_start(ap, fmt);
	fmt_vstr(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	if (k == DIAG_ERROR) {
		d->errors++;
	} else if (k == DIAG_WARNING) {
		d->warnings++;
	}
	d->emit(d, k, line);
}
