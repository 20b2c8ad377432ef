/* SPDX-License-Identifier: Apache-2.0 */
/* Device trees for tests: compiled from source by dtc, and a diag that keeps what it was told. */
#ifndef TESTS_UNIT_FDT_UTIL_H
#define TESTS_UNIT_FDT_UTIL_H

#include <stdlib.h>
#include "core/base/diag.h"
#include "tests/unit/test.h"

struct heard {
	struct diag d;
	char last[320];
};

static void hear(struct diag *d, enum diag_kind k, const char *line)
{
	struct heard *h = container_of(d, struct heard, d);

	(void)k;
	snprintf(h->last, sizeof(h->last), "%s", line);
}

static inline struct diag *listen(struct heard *h)
{
	memset(h, 0, sizeof(*h));
	h->d.emit = hear;
	return &h->d;
}

/* The compiled tree in an allocation of exactly its size, NULL on failure. To be freed. */
static inline unsigned char *dtc_pipe(const char *command, const char *source, size_t *size)
{
	size_t max = 1 << 20;
	unsigned char *buf, *exact = NULL;
	char tmp[] = "/tmp/quoin-dts-XXXXXX";
	char line[400];
	FILE *f;
	int fd;

	fflush(stdout);
	fd = mkstemp(tmp);
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL) {
		return NULL;
	}
	fputs(source != NULL ? source : "", f);
	fclose(f);
	snprintf(line, sizeof(line), command, tmp);
	f = popen(line, "r");
	buf = malloc(max);
	*size = f != NULL ? fread(buf, 1, max, f) : 0;
	if (f != NULL && pclose(f) == 0 && *size > 0) {
		exact = malloc(*size);
		memcpy(exact, buf, *size);
	}
	free(buf);
	remove(tmp);
	return exact;
}

static inline unsigned char *dtc_file(const char *path, size_t *size)
{
	char command[300];

	snprintf(command, sizeof(command), "dtc -q -I dts -O dtb %s # %%s", path);
	return dtc_pipe(command, NULL, size);
}

static inline unsigned char *dtc_text(const char *source, size_t *size)
{
	return dtc_pipe("dtc -q -q -I dts -O dtb %s", source, size);
}

/* As dtc_text(), for small trees: `root` is what stands between the braces of the root node. */
static inline unsigned char *dtc_root(const char *root, size_t *size)
{
	char source[8192];

	snprintf(source, sizeof(source), "/dts-v1/;\n/ {\n%s\n};\n", root);
	return dtc_text(source, size);
}

#endif
