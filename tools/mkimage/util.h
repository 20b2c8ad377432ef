/* SPDX-License-Identifier: Apache-2.0 */
/* Memory, files and programs for mkimage. Memory lives until pool_free(). */
#ifndef TOOLS_MKIMAGE_UTIL_H
#define TOOLS_MKIMAGE_UTIL_H

#include "core/base/types.h"

struct blob {
	const u8 *data;
	u64 size;
};

/* pool_alloc - zeroed memory; never fails (the tool says so and exits). */
void *pool_alloc(size_t size);
char *pool_strndup(const char *s, size_t n);
char *pool_printf(const char *fmt, ...) __printf(1, 2);
void pool_free(void);

/* file_read - all of a regular file. 0 or -errno (-EISDIR for a folder). */
int file_read(const char *path, struct blob *out) __must_check;

/* path_dir - the folder part of `path`, "." if it has none; path_base - what follows it. */
char *path_dir(const char *path);
const char *path_base(const char *path);
char *path_join(const char *dir, const char *name);
bool path_exists(const char *path);

/*
 * Output files are written under a temporary name beside the final one. output_commit() renames
 * them all; until then output_discard(), exit and signals remove them.
 */
void output_init(void);
char *output_begin(const char *path);
int output_commit(void) __must_check;
void output_discard(void);

/* run - start argv[0], wait. 0 if it exited with 0, else -ECHILD; -errno if it could not be started. */
int run(char *const argv[]) __must_check;

/*
 * run_filter - feed `in` to argv[0] and collect its output, at most `limit` bytes. 0 or as run();
 * -EFBIG if there was more.
 */
int run_filter(char *const argv[], struct blob in, u64 limit, struct blob *out) __must_check;

#endif
