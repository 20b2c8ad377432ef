/* SPDX-License-Identifier: Apache-2.0 */
#include "core/config/value.h"

#include <string.h>

struct slice slice_of(const char *s)
{
	return (struct slice) { s, strlen(s) };
}

bool slice_is(struct slice a, const char *word)
{
	return strlen(word) == a.n && memcmp(a.s, word, a.n) == 0;
}

struct slice slice_cut(struct slice *rest, char sep)
{
	struct slice head = *rest;
	const char *at = rest->n != 0 ? memchr(rest->s, sep, rest->n) : NULL;

	if (at == NULL) {
		rest->s += rest->n;
		rest->n = 0;
		return head;
	}
	head.n = (size_t)(at - rest->s);
	rest->s += head.n + 1;
	rest->n -= head.n + 1;
	return head;
}

static u32 digit(char c)
{
	if (c >= '0' && c <= '9') {
		return (u32)(c - '0');
	}
	c |= 0x20; /* lower case */
	return c >= 'a' && c <= 'f' ? (u32)(c - 'a' + 10) : 99;
}

enum value_result value_number(struct slice t, u64 *out)
{
	u32 base = 10, shift = 0;
	bool large = false;
	u64 v = 0;

	if (t.n > 2 && t.s[0] == '0' && (t.s[1] | 0x20) == 'x') {
		base = 16;
	}
	if (base == 16 || (t.n > 2 && t.s[0] == '0' && (t.s[1] | 0x20) == 'd')) {
		t.s += 2;
		t.n -= 2;
	}
	if (t.n != 0) {
		const char *unit = strchr("kmg", t.s[t.n - 1] | 0x20); /* never NUL: bit 5 is set */

		if (unit != NULL) {
			shift = (u32)(unit[0] == 'k' ? 10 : unit[0] == 'm' ? 20 : 30);
			t.n--;
		}
	}
	if (t.n == 0) {
		return VALUE_BAD;
	}
	for (size_t i = 0; i < t.n; i++) {
		u32 d = digit(t.s[i]);

		if (d >= base) {
			return VALUE_BAD;
		}
		large |= __builtin_mul_overflow(v, (u64)base, &v) || __builtin_add_overflow(v, (u64)d, &v);
	}
	if (large || v > ~0UL >> shift) {
		return VALUE_TOO_LARGE;
	}
	*out = v << shift;
	return VALUE_OK;
}

int value_index(struct slice text, const char *choices)
{
	struct slice rest = slice_of(choices);

	for (int i = 0; rest.n != 0; i++) {
		struct slice one = slice_cut(&rest, '|');

		if (one.n == text.n && memcmp(one.s, text.s, one.n) == 0) {
			return i;
		}
	}
	return -1;
}

int value_bool(struct slice text)
{
	int i = value_index(text, "off|on|no|yes|false|true|0|1");

	return i < 0 ? -1 : i & 1;
}

struct nearest nearest_to(const char *word)
{
	struct nearest n = { .word = slice_of(word) };

	n.limit = n.word.n < 5 ? 2 : 3;
	return n;
}

void nearest_try(struct nearest *n, struct slice c)
{
	u8 row[24];
	struct slice w = n->word;

	if (c.n >= sizeof(row) || w.n >= sizeof(row)) {
		return;
	}
	for (size_t j = 0; j <= c.n; j++) {
		row[j] = (u8)j;
	}
	for (size_t i = 1; i <= w.n; i++) {
		u8 diagonal = row[0];

		row[0] = (u8)i;
		for (size_t j = 1; j <= c.n; j++) {
			u8 best = (u8)(diagonal + (w.s[i - 1] != c.s[j - 1]));

			best = MIN(best, (u8)(row[j] + 1));
			best = MIN(best, (u8)(row[j - 1] + 1));
			diagonal = row[j];
			row[j] = best;
		}
	}
	if (row[c.n] < n->limit) {
		n->limit = row[c.n];
		n->best = c;
	}
}
