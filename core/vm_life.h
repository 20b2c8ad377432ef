/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator, a policy or a device asks of a VM's life. A VM named in the start script exists
 * for as long as the machine runs: its life-cycle thread (core/vm_life.c) builds it, starts it, says
 * why it ended and waits for the next request.
 *
 *   DEAD --start--> NEW --> READY --> RUNNING <--pause/resume--> PAUSED
 *                                        | end: off, reset, killed, stopped, watchdog
 *   DEAD <--- ENDING --(policy: restart)-+--> READY          HELD: ended, kept for its dump
 *
 * Requests are for threads other than the VM's own. They return when the thing is done, 0, or -EBUSY /
 * -EALREADY / -EINVAL if the VM's state does not allow it, -EIO if it could not be started (its lines
 * in the log say why). A request that meets an end the guest made itself loses, and returns.
 */
#ifndef QUOIN_CORE_VM_LIFE_H
#define QUOIN_CORE_VM_LIFE_H

#include "core/vm.h"

/* vm_at - VM of the start script by number, 0..VM_MAX-1, or NULL. Any context. */
struct vm *vm_at(u32 index);
/* vm_by_name - by its name or by its number, from 1 as people count; NULL: there is none. Any context. */
struct vm *vm_by_name(const char *name);

/* vm_start - DEAD: built anew and started. -EALREADY; -EBUSY while it is held for its dump. */
int vm_start(struct vm *vm) __must_check;
/* vm_stop - ended by the operator, no policy restarts it; its memory is given back. Also out of HELD. */
int vm_stop(struct vm *vm) __must_check;
/* vm_abort - ended as by a crash, for `why`: its dump and its policy follow. Returns when it has ended. */
int vm_abort(struct vm *vm, const char *why) __must_check;
/* vm_restart - as PSCI SYSTEM_RESET does, whatever its policy; out of HELD and DEAD as well. */
int vm_restart(struct vm *vm) __must_check;
/*
 * vm_pause - no vCPU runs any more and the state of each is in memory when it returns. The clock the guest
 * sees and those of its devices stand still until vm_resume().
 */
int vm_pause(struct vm *vm) __must_check;
int vm_resume(struct vm *vm) __must_check;
/* vm_release - HELD: not wanted any more, its policy decides. */
int vm_release(struct vm *vm) __must_check;

/*
 * vm_inspect - until vm_inspect_end() the VM's vCPUs, devices and memory stay where they are (a running
 * guest runs on, a restart scrubs); false: it has none now. Keep it short. Thread context.
 */
bool vm_inspect(struct vm *vm) __must_check;
void vm_inspect_end(struct vm *vm);

/* vm_state_name, vm_end_name - a word for people; "" while it has not ended. Any context. */
const char *vm_state_name(const struct vm *vm);
const char *vm_end_name(const struct vm *vm);
/* vm_exit_code - as QNX's qvm would have exited: 0, 3, 4, 5, 6, 7, 64, 65, 96. Any context. */
u32 vm_exit_code(const struct vm *vm);

#endif
