/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a capture: refused, or all of qtrace's commands get through it. */
#include <string.h>
#include "tools/qtrace/capture.c"
#include "tools/qtrace/json.c"
#include "tools/qtrace/list.c"
#include "tools/qtrace/summary.c"
#include "tools/qtrace/walk.c"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *sink;
	struct capture c;
	char why[200] = "";
	void *copy = malloc(size + 1); /* aligned, and its end is watched */

	if (sink == NULL) {
		sink = fopen("/dev/null", "w");
	}
	memcpy(copy, data, size);
	copy = realloc(copy, size == 0 ? 1 : size);
	if (capture_open(&c, copy, size, why, sizeof(why))) {
		qtrace_list(&c, -1, sink);
		qtrace_summary(&c, -1, sink);
		qtrace_summary(&c, 1, sink);
		qtrace_json(&c, sink);
	} else if (why[0] == '\0') {
		abort();
	}
	free(copy);
	return 0;
}
