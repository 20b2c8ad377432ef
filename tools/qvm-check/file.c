/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the build machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/qvm-check/qvm_check.h"

int file_read(const char *path, const char **data, size_t *len)
{
	size_t room = 4096, n = 0, got;
	FILE *f = fopen(path, "rb");
	struct stat st;
	int err = 0;
	char *buf;

	if (f == NULL) {
		return -errno;
	}
	if (fstat(fileno(f), &st) != 0 || S_ISDIR(st.st_mode)) {
		fclose(f);
		return -EISDIR;
	}
	if (S_ISREG(st.st_mode)) {
		room += (size_t)st.st_size;
	}
	buf = malloc(room);
	while (buf != NULL && (got = fread(buf + n, 1, room - n, f)) > 0) {
		n += got;
		if (n == room) {
			char *larger = realloc(buf, room *= 2);

			if (larger == NULL) {
				free(buf);
			}
			buf = larger;
		}
	}
	if (buf == NULL) {
		err = -ENOMEM;
	} else if (ferror(f)) {
		err = -EIO;
		free(buf);
	}
	fclose(f);
	if (err == 0) {
		*data = buf;
		*len = n;
	}
	return err;
}

static int read_under(const char *dir, const char *path, const char **data, size_t *len)
{
	char *full;
	int err = -ENOMEM;

	if (asprintf(&full, "%s/%s", dir, path) >= 0) {
		err = file_read(full, data, len);
		free(full);
	}
	return err;
}

int file_find(const struct search *s, const char *path, const char **data, size_t *len)
{
	const char *slash = strrchr(path, '/');
	int err = file_read(path, data, len);

	for (u32 i = 0; i < s->count && err == -ENOENT; i++) {
		err = read_under(s->dir[i], path, data, len);
		if (err == -ENOENT && slash != NULL) {
			err = read_under(s->dir[i], slash + 1, data, len);
		}
	}
	return err;
}

int file_write(const char *path, const void *data, size_t len)
{
	mode_t mask = umask(0);
	char *temp;
	int fd, err = 0;
	ssize_t n;

	umask(mask);
	if (asprintf(&temp, "%s.XXXXXX", path) < 0) {
		return -ENOMEM;
	}
	fd = mkstemp(temp);
	if (fd < 0) {
		err = -errno;
		free(temp);
		return err;
	}
	for (size_t at = 0; at < len && err == 0; at += (size_t)n) {
		n = write(fd, (const char *)data + at, len - at);
		if (n < 0 && errno == EINTR) {
			n = 0;
		} else if (n <= 0) {
			err = n < 0 ? -errno : -EIO;
			break;
		}
	}
	if (err == 0 && fchmod(fd, 0666 & ~mask) != 0) {
		err = -errno;
	}
	if (close(fd) != 0 && err == 0) {
		err = -errno;
	}
	if (err == 0 && rename(temp, path) != 0) {
		err = -errno;
	}
	if (err != 0) {
		unlink(temp);
	}
	free(temp);
	return err;
}
