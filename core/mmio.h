/* SPDX-License-Identifier: Apache-2.0 */
/* Emulated address windows of a VM and the decoding of guest accesses to them. */
#ifndef QUOIN_CORE_MMIO_H
#define QUOIN_CORE_MMIO_H

#include "core/vdev.h"

#define MMIO_MAX_WINDOWS 48

/* Handles one decoded access; `m->off` is relative to the window. Exit context. */
typedef enum mmio_result (*mmio_fn)(void *arg, struct vcpu *v, struct mmio *m);

/*
 * The same for aligned 32-bit accesses that never abort: value in, value out, nothing in memory. A
 * window that has them gets such accesses only there.
 */
typedef u32 (*mmio_read32_fn)(void *arg, struct vcpu *v, u64 off);
typedef void (*mmio_write32_fn)(void *arg, struct vcpu *v, u64 off, u32 val);

struct mmio_window {
	ipa_t base;
	u64 size;
	mmio_fn fn;
	void *arg;
	mmio_read32_fn read32;   /* both or none */
	mmio_write32_fn write32;
};

/* mmio_set_words - give the window at `base` its 32-bit handlers. Build time. */
void mmio_set_words(struct vm *vm, ipa_t base, mmio_read32_fn read32, mmio_write32_fn write32);

/* mmio_find - the window that holds `ipa`, or NULL. Exit context, own vCPU. */
struct mmio_window *mmio_find(struct vcpu *v, ipa_t ipa);

/*
 * mmio_access - one access of 1, 2, 4 or 8 bytes at `ipa`: the device there, or what the VM's
 * `unsupported reference` says of addresses that hold nothing. `*val` is zero-extended both ways.
 * MMIO_ABORT: the guest gets an external abort. Exit context, own vCPU.
 */
enum mmio_result mmio_access(struct vcpu *v, ipa_t ipa, unsigned int size, bool write, u64 *val);

/* mmio_extend - the low `size` bytes of `val` as a load puts them into a register. */
u64 mmio_extend(u64 val, unsigned int size, bool sign, bool to64);

/* exit_data_abort - a stage-2 data abort of the guest: emulate, inject or kill. Exit context. */
void exit_data_abort(struct vcpu *v, u64 esr);
void exit_instruction_abort(struct vcpu *v, u64 esr);

/*
 * emulate_access - the access at `ipa` whose syndrome does not describe it (ISV = 0): fetch the
 * instruction and do it. True: done, the PC may move. False: a form that is refused, or an access
 * that aborts. At most two device accesses. Exit context, own vCPU.
 */
bool emulate_access(struct vcpu *v, u64 esr, ipa_t ipa);

#endif
