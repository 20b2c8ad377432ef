/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fmt.h"

#include "arch_fmt.h"

size_t fmt_vstr(char *buf, size_t size, const char *fmt, va_list ap)
{
	int n = arch_vsnprintf(buf, size, fmt, ap);

	if (n < 0) {
		buf[0] = '\0';
		return 0;
	}
	return MIN((size_t)n, size - 1);
}

size_t fmt_str(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = fmt_vstr(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
