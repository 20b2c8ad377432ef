/* SPDX-License-Identifier: Apache-2.0 */
/* What fuzz targets share. A broken promise ends the process: libFuzzer and smoke.c keep the input. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/diag.h"

#undef REQUIRE
#define REQUIRE(cond) \
	do { \
		if (!(cond)) { \
			abort(); \
		} \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A message is a line that says something: for struct diag. */
static inline void fuzz_emit(struct diag *d, enum diag_kind k, const char *line)
{
	(void)d;
	(void)k;
	REQUIRE(strlen(line) != 0 && strchr(line, '\n') == NULL);
}

#endif
