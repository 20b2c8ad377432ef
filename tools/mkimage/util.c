/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mkimage/util.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct block {
	struct block *next;
	char data[] __aligned_to(16);
};

static struct block *blocks;

void *pool_alloc(size_t size)
{
	struct block *b = calloc(1, sizeof(*b) + size);

	if (b == NULL) {
		fprintf(stderr, "mkimage: error: out of memory\n");
		exit(1);
	}
	b->next = blocks;
	blocks = b;
	return b->data;
}

char *pool_strndup(const char *s, size_t n)
{
	return memcpy(pool_alloc(n + 1), s, n);
}

char *pool_printf(const char *fmt, ...)
{
	va_list ap;
	char *s, *p;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0) {
		fprintf(stderr, "mkimage: error: out of memory\n");
		exit(1);
	}
	s = pool_strndup(p, (size_t)n);
	free(p);
	return s;
}

void pool_free(void)
{
	while (blocks != NULL) {
		struct block *b = blocks;

		blocks = b->next;
		free(b);
	}
}

int file_read(const char *path, struct blob *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) != 0) {
		int err = errno;

		if (fd >= 0) {
			close(fd);
		}
		return -err;
	}
	out->data = (const u8 *)"";
	out->size = (u64)st.st_size;
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	}
	if (st.st_size != 0) {
		p = mmap(NULL, out->size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED) {
			int err = errno;

			close(fd);
			return -err;
		}
		out->data = p;
	}
	close(fd);
	return 0;
}

char *path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL) {
		return pool_printf(".");
	}
	return pool_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

char *path_join(const char *dir, const char *name)
{
	if (name[0] == '/' || strcmp(dir, ".") == 0) {
		return pool_strndup(name, strlen(name));
	}
	return pool_printf("%s/%s", dir, name);
}

bool path_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Fixed storage: a signal handler reads it. */
static struct {
	char temp[512], name[512];
} outputs[8];
static volatile sig_atomic_t output_count;

void output_discard(void)
{
	int i;

	for (i = 0; i < output_count; i++) {
		unlink(outputs[i].temp);
	}
	output_count = 0;
}

static void on_signal(int sig)
{
	output_discard();
	signal(sig, SIG_DFL);
	raise(sig);
}

void output_init(void)
{
	atexit(output_discard);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	signal(SIGPIPE, SIG_IGN);
}

char *output_begin(const char *path)
{
	int i = output_count;

	if (i == (int)ARRAY_SIZE(outputs) || strlen(path) + 32 > sizeof(outputs[i].temp)) {
		fprintf(stderr, "mkimage: error: the name of the output file is too long\n");
		exit(1);
	}
	snprintf(outputs[i].name, sizeof(outputs[i].name), "%s", path);
	snprintf(outputs[i].temp, sizeof(outputs[i].temp), "%s.%ld.tmp", path, (long)getpid());
	output_count = i + 1;
	return outputs[i].temp;
}

int output_commit(void)
{
	int i;

	for (i = 0; i < output_count; i++) {
		if (rename(outputs[i].temp, outputs[i].name) != 0) {
			int err = errno;

			fprintf(stderr, "%s: error: %s\n", outputs[i].name, strerror(err));
			return -err;
		}
	}
	output_count = 0;
	return 0;
}

/* A filter (in >= 0) has its say through its exit status: one error, and that is ours. */
static int start_and_wait(char *const argv[], int in, int out, u64 limit)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		return -errno;
	}
	if (pid == 0) {
		struct rlimit rl = { .rlim_cur = limit, .rlim_max = limit };

		if (in >= 0 && freopen("/dev/null", "w", stderr) == NULL) {
			_exit(126);
		}
		if ((in >= 0 && dup2(in, 0) < 0) || (out >= 0 && dup2(out, 1) < 0) ||
		    (limit != 0 && setrlimit(RLIMIT_FSIZE, &rl) != 0)) {
			_exit(126);
		}
		signal(SIGPIPE, SIG_DFL);
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return -errno;
		}
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		return -ENOENT;
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ) {
		return -EFBIG;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

int run(char *const argv[])
{
	return start_and_wait(argv, -1, -1, 0);
}

int run_filter(char *const argv[], struct blob in, u64 limit, struct blob *out)
{
	/* Files, not pipes: no deadlock with a program that writes while we do. */
	FILE *from = tmpfile(), *to = tmpfile();
	int ret = -EIO;

	if (from != NULL && to != NULL && fwrite(in.data, 1, in.size, from) == in.size &&
	    fflush(from) == 0 && fseek(from, 0, SEEK_SET) == 0) {
		ret = start_and_wait(argv, fileno(from), fileno(to), limit);
	}
	if (ret == 0) {
		struct stat st;
		void *p;

		ret = -EIO;
		if (fstat(fileno(to), &st) == 0) {
			out->size = (u64)st.st_size;
			out->data = (const u8 *)"";
			ret = 0;
			if (st.st_size != 0) {
				p = mmap(NULL, out->size, PROT_READ, MAP_PRIVATE, fileno(to), 0);
				ret = p == MAP_FAILED ? -errno : 0;
				out->data = p;
			}
		}
	}
	if (from != NULL) {
		fclose(from);
	}
	if (to != NULL) {
		fclose(to);
	}
	return ret;
}
