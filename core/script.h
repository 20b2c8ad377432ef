/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start script of an image: which VMs to start, and what to do when the last has ended.
 *
 *   qvm @/vm/linux.qvmconf ram 256M     # one VM: files and words mixed, as on a command line
 *   on-idle poweroff                    # poweroff | wait | reset
 *
 * One command a line, its words cut as those of a qvmconf (core/config/lexer.h): `#` comments,
 * double quotes, a backslash at a line's end continues it. Lines of a QNX start script that mean
 * nothing here (procnto, slogger2, devc-*, NAME=value ...) give one warning each and are skipped;
 * attributes in front of a command and a trailing `&` are of no account.
 */
#ifndef QUOIN_CORE_SCRIPT_H
#define QUOIN_CORE_SCRIPT_H

#include "core/base/arena.h"
#include "core/base/diag.h"
#include "core/base/types.h"
#include "core/config/lexer.h"

/* Arena for one script: the monitor and mkimage use the same, so what mkimage took fits. */
#define SCRIPT_ARENA_SIZE KiB(32)

enum script_idle { IDLE_POWEROFF, IDLE_WAIT, IDLE_RESET };

struct script_vm {
	struct script_vm *next;
	struct src_pos pos;              /* of the word `qvm` */
	const struct config_word *words; /* what follows it */
	u32 word_count;                  /* at least 1 */
};

struct script {
	struct script_vm *vms; /* in the order of the text */
	u32 vm_count;
	enum script_idle on_idle; /* IDLE_POWEROFF unless the script says otherwise */
};

/*
 * script_parse - read `size` bytes of text whose first character is at `start` (for messages:
 * the script's own name, line 1, column 1, or a place in the buildfile). Everything is taken from
 * `arena`. 0, or -EINVAL having reported every error (`out` then holds the lines that are fine),
 * -ENOMEM if the arena is full (reported too). Boot context and host.
 */
int script_parse(const char *text, size_t size, const struct src_pos *start, struct arena *arena,
		 struct diag *d, struct script *out) __must_check;

#endif
