/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fmt.h"

#include <string.h>

struct out {
	char *at, *end; /* end: where the NUL goes at the latest */
};

struct spec {
	bool left, zeros, alt;
	u32 width;
	size_t precision; /* of %s, at most */
};

static void put(struct out *o, char c)
{
	if (o->at < o->end) {
		*o->at++ = c;
	}
}

static void copy(struct out *o, const char *text, size_t n)
{
	n = MIN(n, (size_t)(o->end - o->at));
	memcpy(o->at, text, n);
	o->at += n;
}

static void fill(struct out *o, const struct spec *s, bool here, size_t n)
{
	for (; here && n < s->width; n++) {
		put(o, ' ');
	}
}

static void put_text(struct out *o, const struct spec *s, const char *text, size_t n)
{
	fill(o, s, !s->left, n);
	copy(o, text, n);
	fill(o, s, s->left, n);
}

/* `sign` is 0 or a '-' to put in front. */
static void put_number(struct out *o, const struct spec *s, u64 value, u32 base, char sign)
{
	char digits[40];
	char *const end = digits + sizeof(digits);
	bool prefix = s->alt && value != 0;
	size_t zeros = s->zeros && !s->left ? MIN(s->width, 32U) : 0;
	char *p = end;
	u64 v = value;

	do {
		*--p = "0123456789abcdef"[v % base];
		v /= base;
	} while (v != 0);
	while ((size_t)(end - p) + 2 * prefix + (sign != 0) < zeros) {
		*--p = '0';
	}
	if (prefix) {
		*--p = 'x';
		*--p = '0';
	}
	if (sign != 0) {
		*--p = sign;
	}
	put_text(o, s, p, (size_t)(end - p));
}

/* Reads what stands between '%' and the conversion's letters. */
static const char *read_spec(const char *fmt, struct spec *s, va_list *ap)
{
	*s = (struct spec) { .precision = INT32_MAX };
	for (;; fmt++) {
		if (*fmt == '-') {
			s->left = true;
		} else if (*fmt == '0') {
			s->zeros = true;
		} else if (*fmt == '#') {
			s->alt = true;
		} else {
			break;
		}
	}
	for (; *fmt >= '0' && *fmt <= '9'; fmt++) {
		s->width = s->width * 10 + (u32)(*fmt - '0');
	}
	if (*fmt == '.') {
		s->precision = 0;
		if (*++fmt == '*') {
			s->precision = va_arg(*ap, u32);
			fmt++;
		}
		for (; *fmt >= '0' && *fmt <= '9'; fmt++) {
			s->precision = s->precision * 10 + (size_t)(*fmt - '0');
		}
	}
	return fmt;
}

/* One conversion; returns what follows it. */
static const char *convert(struct out *o, const char *fmt, va_list *ap)
{
	struct spec s;
	const char *text;
	bool is_long;
	long n;

	fmt = read_spec(fmt, &s, ap);
	is_long = *fmt == 'l' || *fmt == 'z';
	fmt += is_long;
	switch (*fmt) {
	case 'd':
		n = is_long ? va_arg(*ap, long) : va_arg(*ap, int);
		put_number(o, &s, n < 0 ? 0 - (u64)n : (u64)n, 10, n < 0 ? '-' : 0);
		break;
	case 'u':
	case 'x':
		put_number(o, &s, is_long ? va_arg(*ap, u64) : va_arg(*ap, u32), *fmt == 'x' ? 16 : 10, 0);
		break;
	case 'c':
		put(o, (char)va_arg(*ap, int));
		break;
	case 's':
		text = va_arg(*ap, const char *);
		text = text != NULL ? text : ""; /* an empty slice, printed as %.*s */
		put_text(o, &s, text, strnlen(text, s.precision));
		break;
	default: /* "%%", or a letter the compiler's check let pass and this does not know */
		put(o, *fmt);
		return fmt + (*fmt != '\0');
	}
	return fmt + 1;
}

size_t fmt_vstr(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { .at = buf, .end = buf + size - 1 };
	va_list args;

	va_copy(args, ap); /* a parameter of this type may be an array: its address is of no use */
	while (*fmt != '\0') {
		const char *text = fmt;

		while (*fmt != '\0' && *fmt != '%') {
			fmt++;
		}
		copy(&o, text, (size_t)(fmt - text));
		if (*fmt != '\0') {
			fmt = convert(&o, fmt + 1, &args);
		}
	}
	va_end(args);
	*o.at = '\0';
	return (size_t)(o.at - buf);
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

bool str_ends(const char *s, const char *tail)
{
	size_t n = strlen(s), t = strlen(tail);

	return n >= t && strcmp(s + n - t, tail) == 0;
}
