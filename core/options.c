/* SPDX-License-Identifier: Apache-2.0 */
#include "core/options.h"

#include <errno.h>
#include <string.h>
#include "core/trace.h"

static bool word_is(const char *w, size_t n, const char *name)
{
	return n == strlen(name) && memcmp(w, name, n) == 0;
}

static bool word_begins(const char *w, size_t n, const char *prefix)
{
	return n >= strlen(prefix) && memcmp(w, prefix, strlen(prefix)) == 0;
}

/* ^A to ^_, or none. */
static int take_escape(struct options *o, const char *v, size_t n)
{
	u32 key = n == 2 && v[0] == '^' ? (u32)v[1] : 0;

	if (word_is(v, n, "none")) {
		o->escape = -1;
		return 0;
	}
	if (key < 'A' || key > 'z' || (key > '_' && key < 'a')) {
		return -EINVAL;
	}
	o->escape = key & 0x1f;
	return 0;
}

/* 0, -EINVAL: bad value, -ENOENT: not one of ours. */
static int take(struct options *o, const char *w, size_t n)
{
	size_t v = 1;

	while (v < n && w[0] == '-' && w[v] == 'v') {
		v++;
	}
	if (n > 1 && v == n && w[0] == '-') {
		o->verbose += (unsigned int)(n - 1);
	} else if (word_is(w, n, "-c")) {
		o->check_crc = true;
	} else if (word_is(w, n, "bench")) {
		o->bench = true;
	} else if (word_is(w, n, "scrub=boot")) {
		o->scrub_boot = true;
	} else if (word_begins(w, n, "earlycon=")) {
		o->earlycon = w + 9;
	} else if (word_is(w, n, "mitigations=auto")) {
		o->mitigations = OPT_MITIGATIONS_AUTO;
	} else if (word_is(w, n, "mitigations=on")) {
		o->mitigations = OPT_MITIGATIONS_ON;
	} else if (word_is(w, n, "mitigations=off")) {
		o->mitigations = OPT_MITIGATIONS_OFF;
	} else if (word_is(w, n, "trace")) {
		o->trace = TRACE_DEFAULT_SIZE;
	} else if (word_begins(w, n, "trace=")) {
		o->trace = trace_size(w + 6, n - 6);
		return o->trace == 0 ? -EINVAL : 0;
	} else if (word_begins(w, n, "escape=")) {
		return take_escape(o, w + 7, n - 7);
	} else if (word_is(w, n, "watchdog=kick")) {
		o->watchdog = HOST_WDT_KICK;
	} else if (word_is(w, n, "watchdog=stop")) {
		o->watchdog = HOST_WDT_STOP;
	} else if (word_is(w, n, "watchdog=leave")) {
		o->watchdog = HOST_WDT_LEAVE;
	} else if (word_begins(w, n, "mitigations=") || word_begins(w, n, "scrub=") || word_begins(w, n, "watchdog=")) {
		return -EINVAL;
	} else {
		return -ENOENT;
	}
	return 0;
}

int options_parse(struct options *o, const char *text, const char *where, bool foreign, struct diag *d)
{
	struct src_pos pos = { where, 1, 1 };
	const char *w = text;
	int result = 0;

	while (*w != '\0') {
		size_t n = strcspn(w, " \t\n");
		int err = n == 0 ? 0 : take(o, w, n);

		pos.col = (u32)(w - text) + 1;
		if (err == -EINVAL) {
			diag_error(d, &pos, "bad value in '%.*s', expected mitigations=auto|on|off, scrub=boot, "
				   "escape=^X|none, watchdog=kick|stop|leave or trace=4K..32M",
				   (int)n, w);
			result = err;
		} else if (err == -ENOENT && !foreign) {
			diag_warning(d, &pos, "unknown option '%.*s', expected -v, -c, earlycon=, escape=, "
				     "mitigations=, scrub=, watchdog= or trace=",
				     (int)MIN(n, 64UL), w);
		}
		w += n;
		w += strspn(w, " \t\n");
	}
	return result;
}
