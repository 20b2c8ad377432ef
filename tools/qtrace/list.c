/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trace.h"
#include "tools/qtrace/qtrace.h"

void qtrace_list(const struct capture *c, int vm, FILE *to)
{
	struct trace_event e;
	struct cursor k;
	u64 base = 0;
	u32 cpu;

	cursor_start(c, &k);
	for (bool first = true; next_event(c, &k, &e, &cpu); first = false) {
		char text[200];
		u64 ns;

		base = first ? e.time : base;
		if (vm >= 0 && (e.who == TRACE_NOBODY || e.who >> 4 != vm)) {
			continue;
		}
		ns = ticks_to_ns(c, e.time - base);
		trace_event_text(&c->h, &e, text, sizeof(text));
		fprintf(to, "%5lu.%09lu [%u] %s\n", ns / 1000000000, ns % 1000000000, cpu, text);
	}
}
