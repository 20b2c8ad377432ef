/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded formatting: one small formatter for EL2 and the host, as the C library's is several
 * times its size. It knows c d s u x and %%, the flags '-' '0' '#', a width, `l` and `z`, and the
 * precision of a string. A line the monitor can print is one the tests can print.
 */
#ifndef QUOIN_CORE_BASE_FMT_H
#define QUOIN_CORE_BASE_FMT_H

#include <stdarg.h>
#include "core/base/types.h"

/*
 * fmt_vstr, fmt_str - format into `buf` of `size` > 0 bytes, always NUL-terminated.
 * Return the length stored (never size or more, unlike snprintf). Any context.
 */
size_t fmt_vstr(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);
size_t fmt_str(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
/* str_ends - does `s` end with `tail`? Any context. */
bool str_ends(const char *s, const char *tail);

#endif
