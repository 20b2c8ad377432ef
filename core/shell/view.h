/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands read of things that change meanwhile: copies, made while the thing cannot go away.
 * What is printed is never read while something is held, as printing may take for ever.
 */
#ifndef QUOIN_CORE_SHELL_VIEW_H
#define QUOIN_CORE_SHELL_VIEW_H

#include "core/vm.h"

struct shell;
struct image;
struct board;

/*
 * view_open - a VM's vCPUs, devices and memory stay until view_close(); false: it has none now. Interrupts
 * are masked between, or a busy guest could keep this thread from giving the VM back: a few hundred
 * instructions at most. Thread context.
 */
bool view_open(struct vm *vm, u64 *flags) __must_check;
void view_close(struct vm *vm, u64 flags);

struct vcpu_view {
	const char *state;
	u8 prio;
	char alg;
	u32 cpu;
	u64 allowed, exits;
	u64 ran;    /* counter ticks on a CPU so far */
};

/* view_vcpu - false: the VM has no such vCPU now. Thread context. */
bool view_vcpu(struct vm *vm, u32 index, struct vcpu_view *out);

/*
 * Shares of time are of what passed since the last command that showed some, if that is a second ago
 * or longer: the first command that looks begins with share_begin().
 */
void share_begin(void);
/* share_vcpu, share_idle - per mille of a CPU: of one vCPU, of what CPU `cpu` was idle. */
u32 share_vcpu(u32 vm, u32 vcpu, u64 ran);
u32 share_idle(u32 cpu);

/* What the machine is made of; set by shell_start(). */
extern const struct image *shell_image;
extern const struct board *shell_board;

#endif
