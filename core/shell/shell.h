/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's shell: an EL2 thread of the lowest priority that reads lines from the console behind
 * the escape key. A command is one function, registered where it is written:
 *
 *   SHELL_COMMAND(vms, "vms", "", "list the VMs") { ... }
 */
#ifndef QUOIN_CORE_SHELL_SHELL_H
#define QUOIN_CORE_SHELL_SHELL_H

#include "core/base/types.h"

struct vm;
struct vcpu;
struct shell;

#define SHELL_ARGS 12

struct shell_command {
	const char *name;
	const char *args; /* their form, "VM [vCPU]": a word each, what may be left out begins with '['; "" for none */
	const char *help; /* one line */
	/* argv[0] is the command's name. 0, or -EINVAL: the form of the command is shown. Thread context. */
	int (*run)(struct shell *sh, u32 argc, const char *const *argv);
};

#define SHELL_COMMAND_(ident, name_, args_, help_) \
	static int shell_run_##ident(struct shell *sh, u32 argc, const char *const *argv); \
	static const struct shell_command shell_command_##ident = { \
		name_, args_, help_, shell_run_##ident }; \
	static int shell_run_##ident(struct shell *sh __maybe_unused, u32 argc __maybe_unused, \
				     const char *const *argv __maybe_unused)
#define SHELL_COMMAND(ident, name_, args_, help_) \
	static const struct shell_command shell_command_##ident; \
	static const struct shell_command *const shell_ref_##ident __used __section("quoin_cmds") = \
		&shell_command_##ident; \
	SHELL_COMMAND_(ident, name_, args_, help_)
/* SHELL_COMMAND_OF - of a part that not every image has: in those where that part reads shell_ref_ident. */
#define SHELL_COMMAND_OF(ident, name_, args_, help_) \
	extern const struct shell_command *const shell_ref_##ident; \
	static const struct shell_command shell_command_##ident; \
	const struct shell_command *const shell_ref_##ident __section("quoin_cmds." #ident) = \
		&shell_command_##ident; \
	SHELL_COMMAND_(ident, name_, args_, help_)

/* shell_print - formatted text for the operator (as core/base/fmt.h), ends its line itself. */
void shell_print(struct shell *sh, const char *fmt, ...) __printf(2, 3);
/* shell_vm - the VM an argument names, or NULL after having said which there are. */
struct vm *shell_vm(struct shell *sh, const char *arg);
/* shell_number - a number of the command line (0x..., decimal, K/M/G); false having said what is wrong. */
bool shell_number(struct shell *sh, const char *arg, u64 *out);

struct image;
struct board;
/* shell_start - start the thread; false without memory. Both stay. Boot context. */
bool shell_start(const struct image *img, const struct board *b);
/* shell_watch - its thread was woken to do something: let it not wait for ever. Any context, no lock held. */
void shell_watch(void);
/* shell_attended - the operator has the shell before him and typed something not long ago. Any context. */
#define SHELL_ATTENDED_S 30
bool shell_attended(void);
/* shell_candidate - for struct shell: a command, if it is the `first` word, or a VM. */
const char *shell_candidate(bool first, u32 i);
/* shell_execute - run one line of text, as if typed. Thread context; tests. */
void shell_execute(struct shell *sh, const char *line);

#endif
