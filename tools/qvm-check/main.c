/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qvm-check: would these VMs start, and what would they look like? The parser, the checks and
 * the placement are the monitor's own.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/board.h"
#include "core/console/console.h"
#include "tools/qvm-check/qvm_check.h"

#define MAX_BOARD_RAM 64

struct arguments {
	const char *board, *fdt;
	bool quiet;
	struct search search;
	struct check_vm *vms;
	u32 vm_count;
	u32 col; /* of the next word, as if one blank stood between words */
};

const char *argp_program_version = "qvm-check (Quoin)";

static const struct argp_option options[] = {
	{ "board", 'b', "DTB", 0, "Check against the board this device tree describes", 0 },
	{ "fdt", 'f', "OUT", 0, "Write the device tree the VM would get (one VM only)", 0 },
	{ "include", 'I', "DIR", 0, "Look for files under DIR too (also --root)", 0 },
	{ "root", 0, NULL, OPTION_ALIAS, NULL, 0 },
	{ "quiet", 'q', NULL, 0, "Errors and warnings only, no report", 0 },
	{ 0 },
};

static const char doc[] =
	"Checks VM descriptions and reports what each VM will look like.\v"
	"A word that ends in .qvmconf begins a VM; words behind it, and files named @FILE, go on "
	"describing it, as on a `qvm` line. Words that begin with '-' go behind '--'.\n\n"
	"With --board and no VM: what the monitor would find and use on that board.\n\n"
	"Exit status: 0, 1 after errors, 2 after a wrong command line.";

static bool is_config(const char *word)
{
	size_t n = strlen(word);

	return word[0] != '@' && n > 8 && strcmp(word + n - 8, ".qvmconf") == 0;
}

static void add_word(struct arguments *a, char *word, struct argp_state *state)
{
	struct check_vm *vm;
	char *text = word;

	if (a->vm_count == 0 || is_config(word)) {
		if (a->vm_count == CHECK_MAX_VMS) {
			argp_error(state, "more than %d VMs", CHECK_MAX_VMS);
		}
		a->vms[a->vm_count++].words = calloc((size_t)state->argc + 1, sizeof(struct config_word));
	}
	vm = &a->vms[a->vm_count - 1];
	if (vm->words == NULL || (is_config(word) && asprintf(&text, "@%s", word) < 0)) {
		argp_failure(state, 1, ENOMEM, "%s", word);
		return;
	}
	vm->words[vm->word_count].text = text;
	vm->words[vm->word_count++].pos = (struct src_pos) { "command line", 1, a->col };
	a->col += (u32)strlen(word) + 1;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'b':
		a->board = arg;
		return 0;
	case 'f':
		a->fdt = arg;
		return 0;
	case 'q':
		a->quiet = true;
		return 0;
	case 'I':
		if (a->search.count == CHECK_MAX_DIRS) {
			argp_error(state, "more than %d folders", CHECK_MAX_DIRS);
		}
		a->search.dir[a->search.count++] = arg;
		return 0;
	case ARGP_KEY_ARG:
		add_word(a, arg, state);
		return 0;
	case ARGP_KEY_END:
		if (a->vm_count == 0 && a->board == NULL) {
			argp_error(state, "no VM and no board: expected a .qvmconf file or --board");
		}
		if (a->fdt != NULL && a->vm_count != 1) {
			argp_error(state, "--fdt is for one VM, not %u", a->vm_count);
		}
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void emit(struct diag *d, enum diag_kind k, const char *line)
{
	(void)d;
	fprintf(k == DIAG_NOTE ? stdout : stderr, "%s\n", line);
}

static int open_config(void *ctx, const char *path, const char **text, size_t *len)
{
	return file_find(ctx, path, text, len);
}

static struct board board; /* points into the tree */

static bool read_board(const char *path, struct range *ram, struct board_limits *limits,
		       struct diag *diag)
{
	struct src_pos pos = { path, 0, 0 };
	const char *data;
	size_t len;
	int err = file_read(path, &data, &len);

	if (err != 0) {
		diag_error(diag, &pos, "cannot read: %s", strerror(-err));
		return false;
	}
	if (board_parse(&board, data, len, diag) != 0) {
		return false;
	}
	board_limits_of(&board, ram, MAX_BOARD_RAM, limits);
	limits->console = board_console(&board, console_knows);
	return true;
}

static struct arena *new_arena(size_t size, struct diag *diag)
{
	struct arena *arena = malloc(sizeof(*arena) + size);

	if (arena == NULL) {
		diag_error(diag, NULL, "out of memory");
	} else {
		arena_init(arena, arena + 1, size);
	}
	return arena;
}

static bool read_vm(struct check_vm *vm, const struct search *search,
		    const struct board_limits *limits, struct diag *diag)
{
	struct config_source source = {
		.words = vm->words, .word_count = vm->word_count, .open = open_config,
		.ctx = (void *)search,
	};
	struct arena *arena = new_arena(CONFIG_ARENA_SIZE, diag);

	if (arena == NULL || config_parse(&vm->cfg, arena, &source, diag) != 0 || config_check(&vm->cfg, limits, diag) != 0) {
		return false;
	}
	if (!config_has_rest(&vm->cfg)) {
		return vm_place(vm, search, diag);
	}
	vm->cfg.arena = new_arena(CONFIG_REST_ARENA_SIZE, diag); /* what it has is known when all VMs are: placed then */
	return vm->cfg.arena != NULL;
}

static char refusal[200]; /* the one error of a tree, or "" */

static void keep(struct diag *d, enum diag_kind k, const char *line)
{
	if (k == DIAG_ERROR) {
		snprintf(refusal, sizeof(refusal), "%s", line);
	} else {
		emit(d, k, line);
	}
}

/* Report on a board. Where RAM is all that its tree lacks, firmware adds it. */
static bool only_board(const char *path)
{
	struct diag d = { .emit = keep };
	const char *data;
	size_t len;
	int err = file_read(path, &data, &len);
	struct board_limits limits;
	struct range ram[4];
	const char *why;
	bool whole;

	if (err != 0) {
		fprintf(stderr, "%s: error: cannot read: %s\n", path, strerror(-err));
		return false;
	}
	whole = board_parse(&board, data, len, &d) == 0;
	if (report_board(path, &board, whole)) {
		board_limits_of(&board, ram, ARRAY_SIZE(ram), &limits);
		limits.console = board_console(&board, console_knows);
		report_devices(&limits);
		if (fflush(stdout) == 0) {
			return true;
		}
	}
	why = strstr(refusal, "error: ");
	why = why != NULL ? why + 7 : "this board cannot run the monitor";
	/* What is wrong with a tree as a whole is said of it. */
	fprintf(stderr, "%s: error: %s%s\n", path,
		strncmp(why, "is ", 3) == 0 || strncmp(why, "has ", 4) == 0 ? "the device tree " : "", why);
	return false;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse_option, "[FILE.qvmconf [WORD...]...]", doc,
		NULL, NULL, NULL,
	};
	static struct check_vm vms[CHECK_MAX_VMS];
	static struct range ram[MAX_BOARD_RAM];
	const struct vm_config *cfgs[CHECK_MAX_VMS];
	struct arguments args = { .vms = vms, .col = 1 };
	struct board_limits limits, *limits_of_board = NULL;
	struct diag diag = { .emit = emit };
	bool ok = true;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &args);
	if (args.board != NULL && args.vm_count == 0) {
		return only_board(args.board) ? 0 : 1;
	}
	if (args.board != NULL) {
		if (!read_board(args.board, ram, &limits, &diag)) {
			return 1;
		}
		limits_of_board = &limits;
	}
	for (u32 i = 0; i < args.vm_count; i++) {
		cfgs[i] = &vms[i].cfg;
		vms[i].fdt.board = limits_of_board != NULL ? &board : NULL;
		ok &= read_vm(&vms[i], &args.search, limits_of_board, &diag); /* every VM's errors */
	}
	ok = ok && config_check_system(cfgs, args.vm_count, limits_of_board, &diag) == 0 &&
	     config_check_rest((struct vm_config *const *)cfgs, args.vm_count, limits_of_board, &diag) == 0 &&
	     config_check_links(cfgs, args.vm_count, &diag) == 0;
	for (u32 i = 0; ok && i < args.vm_count; i++) {
		ok = !config_has_rest(cfgs[i]) || vm_place(&vms[i], &args.search, &diag);
	}
	ok = ok &&
	     (args.fdt == NULL || vm_write_fdt(&vms[0], args.fdt, &diag));
	for (u32 i = 0; ok && i < args.vm_count; i++) {
		const char *path = vms[i].cfg.fdt_dump_file;

		if (path != NULL) {
			ok = vm_write_fdt(&vms[i], path, &diag);
			if (ok) {
				printf("FDT saved to '%s'\n", path);
			}
		}
	}
	if (!ok) {
		fprintf(stderr, "%u error%s, %u warning%s\n", diag.errors, diag.errors == 1 ? "" : "s",
			diag.warnings, diag.warnings == 1 ? "" : "s");
		return 1;
	}
	for (u32 i = 0; i < args.vm_count && !args.quiet; i++) {
		report_vm(&vms[i], limits_of_board);
	}
	if (!args.quiet) {
		report_shared(vms, args.vm_count);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
