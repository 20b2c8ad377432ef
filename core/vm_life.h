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
 * All of these are for thread context. They return when the thing is done, 0, or -EBUSY / -EALREADY /
 * -EINVAL if the VM's state does not allow it.
 */
#ifndef QUOIN_CORE_VM_LIFE_H
#define QUOIN_CORE_VM_LIFE_H

#include "core/vm.h"

/* vm_at - VM of the start script by number, 0..VM_MAX-1, or NULL. Any context. */
struct vm *vm_at(u32 index);
/* vm_by_name - by its name or by its number; NULL: there is none. */
struct vm *vm_by_name(const char *name);

int vm_start(struct vm *vm) __must_check;   /* DEAD: built anew and started */
int vm_stop(struct vm *vm) __must_check;    /* ended by the operator: its memory is given back */
int vm_restart(struct vm *vm) __must_check; /* as PSCI SYSTEM_RESET does; also out of HELD */
/* vm_pause - no vCPU runs any more and the state of each is in memory when it returns. */
int vm_pause(struct vm *vm) __must_check;
int vm_resume(struct vm *vm) __must_check;

/* vm_state_name, vm_end_name - a word for people. Any context. */
const char *vm_state_name(const struct vm *vm);
const char *vm_end_name(const struct vm *vm);
/* vm_exit_code - as QNX's qvm would have exited: 0, 3, 4, 5, 6, 7, 64, 65, 96. Any context. */
u32 vm_exit_code(const struct vm *vm);

#endif
