/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's line editor: bytes of a terminal in, lines out. Shared by core/shell/ and its tests. */
#ifndef QUOIN_CORE_SHELL_EDIT_H
#define QUOIN_CORE_SHELL_EDIT_H

#include "core/base/types.h"

#define SHELL_LINE 72    /* bytes a line may have: with the prompt it fits a terminal of 80 columns */
#define SHELL_HISTORY 16 /* lines kept, a power of two */
#define SHELL_PROMPT "quoin> "

struct shell {
	void (*write)(struct shell *sh, const char *text, size_t n); /* may block; no lock is held */
	/* The `i`-th word that may stand at this place of a line (first: its first word), NULL behind the last. */
	const char *(*candidate)(bool first, u32 i);
	bool remote;     /* not at the console */
	bool left;       /* a remote one has said quit */
	u8 len, at;      /* of line: its length, the cursor */
	u8 escape;       /* where in an escape sequence the input stands */
	u8 parameter;    /* number in that sequence */
	bool after_cr;   /* a line feed now belongs to the line's end before it */
	u32 kept;        /* lines ever put into the history */
	u32 back;        /* how many lines ago the shown one was typed; 0: it is new */
	char line[SHELL_LINE + 1];
	char history[SHELL_HISTORY][SHELL_LINE + 1];
};

/*
 * edit_byte - one byte typed; true when it ends a line, which is in sh->line then, and edit_begin()
 * starts the next. Bytes that are neither text nor a known key change nothing. Thread context.
 */
bool edit_byte(struct shell *sh, u8 c);
/* edit_begin - a new, empty line. */
void edit_begin(struct shell *sh);

#endif
