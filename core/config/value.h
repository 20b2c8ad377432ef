/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and lists inside one word of the config language. Pure; any context. */
#ifndef QUOIN_CORE_CONFIG_VALUE_H
#define QUOIN_CORE_CONFIG_VALUE_H

#include "core/base/types.h"

/* A piece of a word. */
struct slice {
	const char *s;
	size_t n;
};

enum value_result { VALUE_OK, VALUE_BAD, VALUE_TOO_LARGE };

struct slice slice_of(const char *s);
bool slice_is(struct slice a, const char *word);

/* slice_cut - take what stands before the first `sep` off *rest (all of it if there is none). */
struct slice slice_cut(struct slice *rest, char sep);

/*
 * value_number - decimal, 0x hex or 0d decimal, then optionally K, M or G (times 2^10, 2^20,
 * 2^30, either case). No sign, no blanks.
 */
enum value_result value_number(struct slice text, u64 *out);

/* value_index - which of "a|b|c" `text` is, or -1. */
int value_index(struct slice text, const char *choices);

/* value_bool - on yes true 1: 1, off no false 0: 0, anything else -1. */
int value_bool(struct slice text);

/*
 * The word nearest to `word` by edits (one character added, dropped or changed) among those
 * tried: at most two edits apart, one for words under 5 characters. best.n == 0: none.
 */
struct nearest {
	struct slice word, best;
	u32 limit; /* edits a better one may have, plus one */
};

struct nearest nearest_to(const char *word);
void nearest_try(struct nearest *n, struct slice candidate);

#endif
