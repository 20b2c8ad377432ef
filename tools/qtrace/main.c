/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tools/qtrace/qtrace.h"

#define FILE_MAX MiB(512)

struct arguments {
	const char *command, *file, *vm;
};

const char *argp_program_version = "qtrace (Quoin)";

static const struct argp_option options[] = {
	{ "vm", 'm', "NAME", 0, "list, summary: only what this VM does, by its name or number, from 1", 0 },
	{ 0 },
};

static const char doc[] =
	"What guests and CPUs did: a readable listing, a summary (exits by reason with their cost, time of "
	"each vCPU, scheduling), or JSON for Perfetto and chrome://tracing.\v"
	"`make trace` makes FILE out of a running machine.\n\n"
	"Exit status: 0, 1 if FILE is no good, 2 after a wrong command line.";

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'm':
		a->vm = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 1) {
			argp_error(state, "more than one file: %s", arg);
		}
		*(state->arg_num == 0 ? &a->command : &a->file) = arg;
		return 0;
	case ARGP_KEY_END:
		if (a->command == NULL || (strcmp(a->command, "list") != 0 && strcmp(a->command, "summary") != 0 &&
					   strcmp(a->command, "json") != 0)) {
			argp_error(state, "expected list, summary or json%s%s", a->command == NULL ? "" : ", not ",
				   a->command == NULL ? "" : a->command);
		}
		if (a->file == NULL) {
			argp_error(state, "no FILE");
		}
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void __noreturn fail(const char *file, const char *why)
{
	fprintf(stderr, "%s: error: %s\n", file, why);
	exit(1);
}

static void *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	char *data = NULL;
	size_t room = 0, n;

	if (f == NULL) {
		fail(path, strerror(errno));
	}
	*size = 0;
	do {
		if (*size == room) {
			room = room == 0 ? MiB(1) : 2 * room;
			data = room <= FILE_MAX ? realloc(data, room) : NULL;
		}
		if (data == NULL) {
			fail(path, "too large");
		}
		n = fread(data + *size, 1, room - *size, f);
		*size += n;
	} while (n != 0);
	if (ferror(f)) {
		fail(path, strerror(errno));
	}
	fclose(f);
	return data;
}

static int find_vm(const struct capture *c, const char *name)
{
	for (int i = 0; i < TRACE_VMS; i++) {
		char number[2] = { (char)('1' + i), '\0' };

		if (c->h.vm[i][0] != '\0' && (strcmp(name, c->h.vm[i]) == 0 || strcmp(name, number) == 0)) {
			return i;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	static const struct argp argp = { options, parse_option, "list|summary|json FILE", doc, NULL, NULL, NULL };
	struct arguments a = { NULL, NULL, NULL };
	struct capture *c = malloc(sizeof(*c));
	char why[200];
	size_t size;
	void *data;
	int vm = -1;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	data = read_file(a.file, &size);
	if (c == NULL || !capture_open(c, data, size, why, sizeof(why))) {
		fail(a.file, c == NULL ? "no memory" : why);
	}
	if (a.vm != NULL && (vm = find_vm(c, a.vm)) < 0) {
		fail(a.file, "no VM of that name or number was traced");
	}
	if (a.command[0] == 'l') {
		qtrace_list(c, vm, stdout);
	} else if (a.command[0] == 's') {
		qtrace_summary(c, vm, stdout);
	} else {
		qtrace_json(c, stdout);
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fail("output", strerror(errno));
	}
	free(data);
	free(c);
	return 0;
}
